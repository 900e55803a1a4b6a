#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl export --postfix: tables that a Postfix reads by itself, with the
answers of `check`.

usage: test_tables.py VERPCTL
"""
import os
import shutil
import sqlite3
import subprocess

from rig import Site, tap

BY = ("--reason", "r", "--actor", "eve")
ACTION = "550 5.7.1 suppressed by verpd"


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
        return dict(line.rstrip("\n").split("\t") for line in text
                    if not line.startswith("#"))


def names(site, stream):
    return sorted(site.run("export", "--format", "plain", "--stream",
                           stream).split())


def test_texthash():
    site = begin()
    said = export(site, "texthash")
    tap.check(f"check_recipient_access texthash:{site.path('table')}" in said,
              said)
    tap.check_equal(sorted(texthash(site)), names(site, "marketing"))
    tap.check_equal(set(texthash(site).values()), {ACTION})
    for address in texthash(site):
        site.run("check", address, status=1)
    export(site, "texthash", "--stream", "transactional")
    tap.check_equal(list(texthash(site)), ["other@example.org"])
    if shutil.which("postmap", path="/usr/sbin:/usr/bin"):
        etc = site.path("etc")
        os.mkdir(etc)
        with open(os.path.join(etc, "main.cf"), "w", encoding="ascii") as out:
            out.write("compatibility_level = 3.6\n")
        done = subprocess.run(
            ["postmap", "-c", etc, "-q", "other@example.org",
             "texthash:" + site.path("table")], capture_output=True,
            text=True, check=False, timeout=60,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        tap.check_equal(done.stdout.strip(), ACTION, done.stderr)


def test_sqlite():
    """Beside and renamed, without a log of its own; blind to case."""
    site = begin()
    for _ in range(2):
        said = export(site, "sqlite")
    tap.check("query = SELECT action FROM pf_suppress WHERE addr = '%s'"
              in said, said)
    db = sqlite3.connect(f"file:{site.path('table')}?mode=ro", uri=True)
    tap.check_equal(db.execute("PRAGMA journal_mode").fetchall(),
                    [("delete",)])
    tap.check_equal(sorted(row[0] for row in db.execute(
        "SELECT addr FROM pf_suppress")), names(site, "marketing"))
    tap.check_equal(db.execute("SELECT action FROM pf_suppress WHERE addr = "
                               "'DEAD@example.org'").fetchall(), [(ACTION,)])
    db.close()
    tap.check_equal([name for name in os.listdir(site.root)
                     if name.startswith("table")], ["table"])


def test_no_such_type():
    """What postmap(1) cannot make is said in its words, and nothing is left."""
    site = begin()
    done = site.start("export", "--postfix", "cdb", "--output",
                      site.path("table"), env={
                          "PATH": os.environ["PATH"],
                          "MAIL_CONFIG": site.path("nowhere")})
    tap.check(done.returncode != 0 and done.stderr, done)
    tap.check_equal([name for name in os.listdir(site.root)
                     if name.startswith("table")], [])


def test_usage():
    site = begin()
    for words in (("--postfix", "hash", "--output", "/x"),
                  ("--postfix", "cdb"), ("--output", "/x"),
                  ("--postfix", "cdb", "--output", "x"),
                  ("--postfix", "cdb", "--output", "/x", "--format", "csv")):
        site.run("export", *words, status=64)
    site.run("add", *BY, "--domain", "example.net")
    done = site.start("export", "--postfix", "texthash", "--output",
                      site.path("table"))
    tap.check(b"1 whole domains are not in the table" in done.stderr,
              done.stderr)


tap.run([test_texthash, test_sqlite, test_no_such_type, test_usage])
