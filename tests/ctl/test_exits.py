#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every command exits with when something is wrong, held against EXIT
STATUS of verpctl(8).

usage: test_exits.py VERPCTL
"""
import os
import re
import shutil
import sqlite3
import subprocess

from rig import VERPCTL, Site, tap

WHY = "--reason r --actor a"
GOOD = Site()
GOOD.run("add", "z@x.test", *WHY.split())
GOOD.run("backup", GOOD.path("backup"))
with sqlite3.connect(GOOD.path("verpd.db")) as _db:
    _db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
for _name, _text in (("list", "b@x.test\n"), ("log", ""),
                     ("sent", "a@x.test\tnews\t2026-11-22\n")):
    with open(GOOD.path(_name), "w", encoding="utf-8") as _out:
        _out.write(_text)

# How a command is with the store: W writes to it, R reads it, - needs none.
COMMANDS = {
    "config -d": "-", "config check": "?",
    "token mint --campaign n --form readable a@x.test": "-",
    "token decode n@bounces.example.org": "-",
    "token verify n@bounces.example.org": "-",
    "key list": "-", "key rotate --actor a": "-", "rules lint": "-",
    "rules test x": "-", "rules list": "-", "rules stats": "R",
    "classify list": "-",
    "token mint --campaign n --form opaque a@x.test": "W",
    "quarantine list": "R", "quarantine show 1": "R",
    f"quarantine reclassify 1 {WHY}": "W", f"quarantine drop 1 {WHY}": "W",
    "unknown": "R", "check a@x.test": "R", "why a@x.test": "R", "list": "R",
    f"add a@x.test {WHY}": "W", f"release a@x.test {WHY}": "W",
    f"allow a@x.test {WHY}": "W", f"disallow a@x.test {WHY}": "W",
    f"revert --since 2020-01-01 {WHY}": "W", "audit": "R",
    f"import list --cause manual {WHY}": "W", "export": "R",
    "scrub list": "R", "campaign list": "R", "campaign show n": "R",
    f"campaign pause n {WHY}": "W", f"campaign resume n {WHY}": "W",
    f"campaign set n --stream marketing {WHY}": "W", "breaker list": "R",
    "breaker show 1": "R", f"breaker confirm 1 {WHY}": "W",
    f"breaker drop 1 {WHY}": "W", f"breaker close 1 {WHY}": "W",
    "alert check": "R", "expire --actor a": "W", "delivered sent": "W",
    "ingest-log log": "W", "stats": "R", "purge --actor a": "W",
    f"erase a@x.test {WHY}": "W", "backup copy": "R", "verify": "R",
    "verify backup": "?", "deliver --sender x --client-address 192.0.2.1"
    " --recipient n@bounces.example.org": "W",
    # these are about the store itself, and tried below
    "init": "?", f"restore backup {WHY}": "?",
    # these ask Postfix or the daemon
    "doctor": "?", "selftest": "?", "postfix-config": "?", "key new": "?",
}
SITE = Site(init=False)


def fresh():
    """The site as GOOD is."""
    shutil.rmtree(SITE.root)
    os.makedirs(SITE.root)
    SITE.configure()
    for name in ("verpd.db", "keys", "list", "log", "sent", "backup"):
        shutil.copy(GOOD.path(name), SITE.path(name))


def each(kinds):
    for line, kind in COMMANDS.items():
        if kind in kinds:
            fresh()
            yield line


def check(line, status, words=b"", **options):
    done = SITE.start(*line.split(), cwd=SITE.root, **options)
    name = line.split()[0]
    if name == "check" and status > 1:
        status = 2
    if name == "deliver" and status > 0:
        status = 75
    tap.check_equal(done.returncode, status, (line, done.stderr))
    said = done.stdout if name == "deliver" and done.stdout else done.stderr
    tap.check(words in said, line, said)


def spoil(how):
    path = SITE.path("verpd.db")
    if how == "absent":
        os.unlink(path)
    elif how == "junk":
        with open(path, "wb") as out:
            out.write(b"bounces: 12, and this is no database. " * 300)
    elif how == "empty":
        os.truncate(path, 0)
    elif how == "damaged":
        with open(path, "r+b") as out:
            out.seek(4096)
            out.write(b"Z" * (os.path.getsize(path) - 4096))
    elif how == "newer":
        db = sqlite3.connect(path)
        db.execute("PRAGMA user_version = 1000")
        db.commit()
        db.close()


def test_all_commands_are_here():
    said = SITE.run("help")
    names = re.findall(r"^  ([a-z][a-z-]*(?: [a-z]+)?)  ", said, re.M)
    tap.check(len(names) > 50, names)
    for name in names:
        tap.check(name == "help" or any(
            re.match(f"{name}( |$)", line) for line in COMMANDS), name)


def test_usage():
    """64: whatever stands on the command line and should not."""
    for line in each("RW-?"):
        check(line + " --nonsense", 64)


def test_store():
    """78: somebody has to see to it; and what needs none works."""
    for how, words in (("absent", b"no store there"),
                       ("junk", b"not a store of verpd"),
                       ("empty", b"is empty, not a store"),
                       ("damaged", b""), ("newer", b"newer")):
        for line in each("RW"):
            spoil(how)
            check(line, 78, words)
    for line in each("-"):
        spoil("absent")
        check(line, 1 if line.split()[1] in ("verify", "test") else 0)


def test_locked():
    """75: again later.  Who only reads is not kept waiting."""
    for line in each("W"):
        db = sqlite3.connect(SITE.path("verpd.db"), isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE meta SET value = value")
        check(line, 75)
        db.close()


def test_nobody():
    """66: no file, breaker or campaign of that name; 1 where the answer is
    that nothing is known."""
    for name in "nothing", "no/thing", ".":
        for line in (f"import {name} --cause manual {WHY}", f"scrub {name}",
                     f"add --file {name} {WHY}", f"delivered {name}",
                     f"release --file {name} {WHY}", f"ingest-log {name}",
                     f"rules lint {name}", f"verify {name}",
                     f"restore {name} {WHY}"):
            fresh()
            check(line, 66, b"directory" if name == "." else name.encode())
    for line in ("campaign show x", "breaker show x",
                 f"breaker confirm x {WHY}", f"breaker drop x {WHY}",
                 f"breaker close x {WHY}"):
        check(line, 66, b"x")
    for line in ("why x@x.test", f"release x@x.test {WHY}",
                 f"disallow x@x.test {WHY}", "quarantine show 77",
                 f"quarantine drop 77 {WHY}"):
        check(line, 1)
    for line in "check x@x.test", f"erase x@x.test {WHY}", "audit x@x.test":
        check(line, 0)


def test_address():
    """65, and 2 of check."""
    for line in ("check a@b@c", "why a@b@c", f"add a@b@c {WHY}", "audit a@b@c",
                 f"release a@b@c {WHY}", f"allow a@b@c {WHY}",
                 f"disallow a@b@c {WHY}", f"erase a@b@c {WHY}",
                 "token mint --campaign n a@b@c"):
        fresh()
        check(line, 65, b"a second @")


def test_restore():
    """What is no backup is input that cannot be read."""
    for how, words in (("junk", b"not a store of verpd"),
                       ("empty", b""), ("newer", b"newer verpd")):
        for more in "", " --dry-run":
            fresh()
            spoil(how)
            os.rename(SITE.path("verpd.db"), SITE.path("bad"))
            check(f"restore bad {WHY}{more}", 65, words)
            tap.check(not os.path.exists(SITE.path("verpd.db")), how)
        check("verify bad", 65)
    fresh()
    check(f"restore backup {WHY}", 73, b"is there already")
    check(f"restore backup {WHY} --dry-run", 73, b"is there already")
    check("init", 73, b"is there already")
    check("backup list", 73, b"is there already")
    check("backup no/such", 73)
    check("scrub list --rejected no/such", 73)
    fresh()
    spoil("absent")
    check(f"restore backup {WHY} --dry-run", 0)
    check(f"restore backup {WHY}", 0)


def test_wrong_user():
    """78, and whom to try as."""
    if os.geteuid() != 0:
        return
    for line in each("RW"):
        os.chmod(SITE.root, 0o755)
        os.chmod(SITE.path("verpd.db"), 0o600)
        if line.split()[0] == "deliver":
            check(line, 75, user="nobody")
        else:
            check(line, 78, b"Try it as root", user="nobody")


def test_full_output():
    """74: what was said is lost."""
    for line in each("RW-"):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [VERPCTL, "-c", SITE.conf, *line.split()], cwd=SITE.root,
                input=b"", stdout=full, stderr=subprocess.PIPE, check=False)
        usual = {"check": [2], "deliver": [0]}.get(line.split()[0],
                                                   [0, 1, 66, 74])
        tap.check(done.returncode in usual, line, done)
        tap.check(done.returncode != 0 or not done.stderr, line, done)
    for line in "list", "export", "scrub list", "stats", "key list":
        fresh()
        with open("/dev/full", "wb") as full:
            check(line, 74, capture_output=False, stdout=full,
                  stderr=subprocess.PIPE)


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
