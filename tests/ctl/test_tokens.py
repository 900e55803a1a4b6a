#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl token: one by one and in bulk.

usage: test_tokens.py VERPCTL
"""
import os
import sqlite3
import subprocess

from rig import DOMAIN, VERPCTL, Site, tap

SITE = Site()


def test_opaque_by_default():
    token = SITE.mint("news-1", "Ana@example.org")
    tap.check(token.startswith("b-") and token.endswith("@" + DOMAIN), token)
    row, = SITE.rows("token", "decode", token)
    tap.check_equal((row["check"], row["form"], row["kind"], row["campaign"],
                     row["recipient"], row["current"]),
                    ("genuine", "opaque", "bounce", "news-1",
                     "ana@example.org", True))
    # the same ids again
    tap.check_equal(SITE.mint("news-1", "ana@EXAMPLE.org"), token)


def test_readable():
    token = SITE.mint("news-1", "ana@example.org", "--form", "readable")
    tap.check(token.startswith("news-1+ana=example.org+"), token)
    row, = SITE.rows("token", "decode", token.upper())
    tap.check_equal((row["check"], row["form"]), ("genuine", "readable"))


def test_readable_needs_no_store():
    site = Site(init=False)
    site.run("key", "new")
    token = site.mint("a", "b@c.example", "--form", "readable")
    site.run("token", "verify", token)
    tap.check(not os.path.exists(site.path("verpd.db")))
    site.run("token", "mint", "--campaign", "a", "b@c.example", status=78)


def test_auto():
    short = SITE.mint("a", "b@c.example", "--form", "auto")
    tap.check(short.startswith("a+b=c.example+"), short)
    long = SITE.mint("a", "x" * 60 + "@example.org", "--form", "auto")
    tap.check(long.startswith("b-"), long)
    SITE.run("token", "mint", "--campaign", "a", "--form", "readable",
             "x" * 60 + "@example.org", status=65)


def test_unsubscribe():
    for form in ("opaque", "readable"):
        token = SITE.mint("a", "b@c.example", "--kind", "unsubscribe",
                          "--form", form)
        row, = SITE.rows("token", "decode", token)
        tap.check_equal((row["check"], row["kind"]),
                        ("genuine", "unsubscribe"), token)


def test_usage():
    for argv in (["--form", "nonsense"], ["--kind", "nonsense"], []):
        SITE.run("token", "mint", *argv, "a@b.example", status=64)
    SITE.run("token", "mint", "--campaign", "Not Good", "a@b.example",
             status=65)


def test_batch():
    lines = [f"c-{i % 7}\tuser{i}@example.org" for i in range(2500)]
    text = SITE.run("token", "mint", input="\n".join(lines) + "\n")
    rows = [line.split("\t") for line in text.splitlines()]
    tap.check_equal(["\t".join(row[:2]) for row in rows], lines)
    tap.check_equal(len({row[2] for row in rows}), 2500)
    back = SITE.run("token", "decode",
                    input="".join(row[2] + "\n" for row in rows))
    for row, line in zip(rows, back.splitlines()):
        columns = line.split("\t")
        tap.check_equal((columns[1], columns[3], columns[4], columns[5]),
                        ("genuine", "opaque", row[0], row[1]))
    SITE.run("token", "verify",
             input="".join(row[2] + "\n" for row in rows))


def test_batch_of_addresses():
    text = SITE.run("token", "mint", "--campaign", "a",
                    input="x@example.org\r\ny@example.org\tmore\n\n"
                          "z@example.org")
    tap.check_equal([line.split("\t")[0] for line in text.splitlines()],
                    ["x@example.org", "y@example.org", "z@example.org"])
    rows = SITE.rows("token", "mint", "--campaign", "a",
                     input="x@example.org\ny@example.org\n")
    tap.check_equal([row["recipient"] for row in rows],
                    ["x@example.org", "y@example.org"])


def test_batch_errors():
    done = SITE.start("token", "mint", input="a\tx@example.org\nnonsense\n"
                      "a\tnonsense\nA B\tx@example.org\nb\ty@example.org\n")
    tap.check_equal(done.returncode, 65)
    tap.check_equal(len(done.stdout.splitlines()), 2, done.stdout)
    said = done.stderr.decode().splitlines()
    tap.check_equal([line.split(": ")[1] for line in said],
                    ["line 2", "line 3", "line 4"])
    good = "a\tx@example.org\n"
    for long in ("a\t" + "x" * 10000, "x" * 300000, " " * 5000 + "a\tb@c.test",
                 "a\tx@example.org\0y"):
        for text in (good + long, good + long + "\n" + good):
            done = SITE.start("token", "mint", input=text)
            tap.check_equal(done.returncode, 65, done.stderr)
            tap.check(b"line 2: longer" in done.stderr, done.stderr)
            tap.check_equal(len(done.stdout.splitlines()), text.count(good))


def test_verify():
    good = SITE.mint("a", "b@c.example")
    text = SITE.run("token", "verify", good, "x" + good,
                    "someone@elsewhere.example", status=1)
    tap.check_equal([line.split("\t")[1] for line in text.splitlines()][0::2],
                    ["genuine", "not-ours"])
    bad = good.replace("b-", "b-a", 1)
    SITE.run("token", "verify", bad, status=1)
    SITE.run("token", "verify", input=good + "\n" + bad + "\n", status=1)


def test_another_store():
    """An opaque token of one store is none of another's."""
    other = Site(init=False)
    token = SITE.mint("a", "b@c.example")
    with open(SITE.path("keys"), encoding="ascii") as keys:
        text = keys.read()
    descriptor = os.open(other.path("keys"), os.O_CREAT | os.O_WRONLY, 0o640)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)
    other.run("init")
    other.mint("a", "b@c.example")
    other.run("token", "verify", token, status=1)


def test_coprocess():
    """An answer comes as soon as the line is there."""
    with subprocess.Popen([VERPCTL, "-c", SITE.conf, "token", "mint",
                           "--campaign", "a"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        for number in range(3):
            process.stdin.write(f"co{number}@example.org\n")
            process.stdin.flush()
            line = process.stdout.readline()
            tap.check(line.startswith(f"co{number}@example.org\tb-"), line)
            # and nobody else has to wait meanwhile
            SITE.run("add", f"co{number}@example.org", "--reason", "x")
        process.stdin.close()
        tap.check_equal(process.wait(30), 0)


def test_locked():
    store = sqlite3.connect(SITE.path("verpd.db"), isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    try:
        done = SITE.start("token", "mint", "--campaign", "a",
                          "new@example.org")
        tap.check_equal(done.returncode, 75, done.stderr)
        tap.check_equal(done.stdout, b"", "nothing that is not stored")
    finally:
        store.close()


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
