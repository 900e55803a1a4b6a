#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl export --postfix: tables that a Postfix reads by itself, with the
answers of `check`.

usage: test_tables.py VERPCTL
"""
import os
import re
import sqlite3
import threading

from rig import Site, tap

BY = ("--reason", "r", "--actor", "eve")
REFUSAL = "5.7.1 suppressed by verpd: see verpctl why"
ACTION = "550 " + REFUSAL


def begin():
    site = Site()
    site.run("add", *BY, "--stream", "marketing", "Dead@Example.ORG",
             "gone@example.org", "o'neil@example.org")
    site.run("add", *BY, "--stream", "transactional", "other@example.org")
    return site


def export(site, kind, *options, **more):
    return site.run("export", "--postfix", kind, "--output",
                    site.path("table"), *options, **more)


def texthash(site):
    with open(site.path("table"), encoding="utf-8") as text:
        return dict(re.fullmatch(r'((?:"[^"]*"|\S)+) (.*)\n', line).groups()
                    for line in text if not line.startswith("#"))


def names(site, stream):
    return sorted(site.run("export", "--format", "plain", "--stream",
                           stream).split())


def test_texthash():
    site = begin()
    said = export(site, "texthash")
    tap.check(f"\nverpd_table = texthash:{site.path('table')}\n" in said, said)
    tap.check("check_recipient_access $verpd_suppressed, ..." in said, said)
    tap.check_equal(sorted(texthash(site)), names(site, "marketing"))
    tap.check_equal(set(texthash(site).values()), {ACTION})
    for address in texthash(site):
        site.run("check", address, status=1)
    export(site, "texthash", "--stream", "transactional")
    tap.check_equal(list(texthash(site)), ["other@example.org"])


def test_domains():
    """A key is there where it says otherwise than what would decide
    without."""
    site = begin()
    site.run("add", *BY, "--domain", "example.org")
    site.run("add", *BY, "--domain", "below.test", "--subdomains")
    site.run("add", *BY, "--domain", "inner.below.test")
    site.run("add", *BY, "ana@b\u00fccher.test")
    site.run("allow", "--reason", "r", "eva@below.test", "--stream",
             "marketing", "--cause", "manual")
    site.run("allow", "--reason", "r", "eva@elsewhere.test")
    site.run("allow", "--reason", "r", "--domain", "free.below.test",
             "--stream", "marketing", "--cause", "manual")
    export(site, "texthash")
    tap.check_equal(texthash(site), {
        "example.org": ACTION, "below.test": ACTION, ".below.test": ACTION,
        "eva@below.test": "DUNNO", "free.below.test": "DUNNO",
        "ana@xn--bcher-kva.test": ACTION, "ana@b\u00fccher.test": ACTION})
    said = export(site, "texthash", "--as", "transport")
    tap.check(said.endswith(f"\ntransport_maps = ..., "
                            f"texthash:{site.path('table')}\n"), said)
    tap.check_equal(texthash(site)["eva@below.test"], ":")
    tap.check_equal(texthash(site)[".below.test"],
                    "error:" + REFUSAL)
    # what Postfix reports of it is no bounce
    said = site.run("rules", "test", REFUSAL)
    tap.check("verpd.own-refusal" in said, said)


def test_sqlite():
    """Beside and renamed, without a log of its own, and how it is asked."""
    site = begin()
    for _ in range(2):
        said = export(site, "sqlite")
    path = site.path("table")
    tap.check(f"sqlite:{path}.cf\n" in said, said)
    with open(path + ".cf", encoding="utf-8") as text:
        query = text.read()
    tap.check(f"\ndbpath = {path}\nquery = SELECT value FROM lookup WHERE key "
              "= '%s'\n" in query, query)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tap.check_equal(db.execute("PRAGMA journal_mode").fetchall(),
                    [("delete",)])
    tap.check_equal(sorted(row[0] for row in db.execute(
        "SELECT key FROM lookup")), names(site, "marketing"))
    tap.check_equal(db.execute("SELECT DISTINCT value FROM lookup").fetchall(),
                    [(ACTION,)])
    db.close()
    tap.check_equal(sorted(name for name in os.listdir(site.root)
                           if name.startswith("table")),
                    ["table", "table.cf"])


def test_without_postfix():
    """Every type is made here, on a host that knows no Postfix; whoever reads
    meanwhile has a whole table."""
    for kind, ending in (("cdb", ".cdb"), ("lmdb", ".lmdb"),
                         ("texthash", ""), ("sqlite", "")):
        site = begin()
        path = site.path("table" + ending)
        env = {"PATH": "/nonexistent"}
        export(site, kind, env=env)
        sizes, is_over = set(), threading.Event()

        def watch(path=path, sizes=sizes, is_over=is_over):
            while not is_over.is_set():
                sizes.add(os.stat(path).st_size)
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            wanted = {os.stat(path).st_size}
            for _ in range(3):
                site.run("add", *BY, *(f"u{i}@{len(wanted)}.test"
                                       for i in range(50)))
                export(site, kind, env=env)
                wanted.add(os.stat(path).st_size)
        finally:
            is_over.set()
            watcher.join()
        tap.check(sizes <= wanted, kind, sizes, wanted)
        with open(path, "rb") as table:
            tap.check(b"o'neil@example.org" in table.read(), kind)


def test_unfit():
    """What a line of text cannot say; a hash says nothing to Postfix."""
    site = begin()
    site.run("add", *BY, "#1@example.org", '"c d"@example.org')
    done = site.start("export", "--postfix", "texthash", "--output",
                      site.path("table"))
    tap.check(b"1 addresses that the list cannot hold" in done.stderr,
              done.stderr)
    tap.check('"c d"@example.org' in texthash(site))
    done = site.start("export", "--postfix", "cdb", "--output",
                      site.path("table"))
    tap.check_equal(done.stderr, b"")
    with open(site.path("table.cdb"), "rb") as table:
        tap.check(b"#1@example.org" in table.read())
    site = Site(text='addresses = "hashed"\n')
    done = site.start("export", "--postfix", "cdb", "--output",
                      site.path("table"))
    tap.check_equal(done.returncode, 64, done.stderr)
    tap.check(b"keeps addresses as hashes" in done.stderr, done.stderr)


def test_usage():
    site = begin()
    for words in (("--postfix", "hash", "--output", "/x"),
                  ("--postfix", "cdb"), ("--output", "/x"),
                  ("--postfix", "cdb", "--output", "x"),
                  ("--postfix", "cdb", "--output", "/x y"),
                  ("--postfix", "cdb", "--output", "/x", "--as", "mail"),
                  ("--as", "transport"),
                  ("--postfix", "cdb", "--output", "/x", "--format", "csv")):
        site.run("export", *words, status=64)
    site.run("export", "--postfix", "cdb", "--output", "/nonexistent/x",
             status=75)


def test_erased():
    """Of who was erased but for the block Postfix cannot ask."""
    site = begin()
    for _ in "the key", "the erasure":
        site.start("erase", "--keep-block", *BY, "gone@example.org")
    for kind in "texthash", "cdb":
        done = site.start("export", "--postfix", kind, "--output",
                          site.path("table"))
        tap.check_equal(done.returncode, 0, done.stderr)
        tap.check(b"1 addresses that the list cannot hold, or of which only a "
                  b"hash was kept" in done.stderr, done.stderr)
    tap.check_equal(sorted(texthash(site)),
                    ["dead@example.org", "o'neil@example.org"])


tap.run([test_texthash, test_domains, test_sqlite, test_without_postfix,
         test_unfit, test_erased,
         test_usage])
