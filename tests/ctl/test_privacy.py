#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept, for how long, in which form, and copied where.

usage: test_privacy.py VERPCTL
"""
import os
import sqlite3
import stat
import subprocess
import threading

from rig import UNKNOWN_USER, VERPCTL, Site, report, tap

WHY = ["--reason", "asked for it", "--actor", "ana"]


def check_whole(site, *argv):
    tap.check("0 differences" in site.run("verify", *argv))


def hard(site, address, campaign="news-1", message_id=None, **options):
    token = site.mint(campaign, address, *options.pop("mint", []))
    site.deliver(report(address, UNKNOWN_USER,
                        message_id=message_id or address), token, **options)
    return token


def counts(site):
    return site.rows("stats")[0]


# ---- backup and restore ----

def test_backup():
    site = Site()
    hard(site, "ana@example.net")
    copy = site.path("copy.db")
    row, = site.rows("backup", copy)
    tap.check_equal(row["backup"], copy)
    tap.check_equal(stat.S_IMODE(os.stat(copy).st_mode), 0o640)
    check_whole(site, copy)
    # what comes later is not in it
    hard(site, "bob@example.net")
    db = sqlite3.connect(copy)
    tap.check_equal(db.execute("SELECT count(*) FROM events").fetchone(),
                    (1,))
    db.close()
    # nothing is beside it, and nothing takes its place unasked
    tap.check_equal([name for name in os.listdir(site.root)
                     if name.startswith("copy")], ["copy.db"])
    said = site.start("backup", copy)
    tap.check_equal(said.returncode, 78, said.stderr)
    tap.check(b"is there already" in said.stderr)
    site.run("backup", "--force", copy)
    check_whole(site, copy)
    tap.check_equal(site.start("backup", site.path("verpd.db"),
                               "--force").returncode, 78)
    tap.check_equal(site.start("backup", site.path("no/such/dir"))
                    .returncode, 78)
    check_whole(site)


def test_backup_is_no_store():
    """A copy that is merely put in place is refused by all that write."""
    site = Site()
    hard(site, "ana@example.net")
    site.run("backup", site.path("copy.db"))
    for name in os.listdir(site.root):
        if name.startswith("verpd.db"):
            os.unlink(site.path(name))
    os.rename(site.path("copy.db"), site.path("verpd.db"))
    said = site.start("add", *WHY, "bob@example.net")
    tap.check_equal(said.returncode, 78)
    tap.check(b"verpctl restore" in said.stderr, said.stderr)
    said = site.deliver(report("ana@example.net", UNKNOWN_USER),
                        "b-x@bounces.example.org", status=75)
    # but it can be asked
    site.run("check", "ana@example.net", status=1)


def test_backup_while_writing():
    """Writers go on, none fails, and the copy is of one moment."""
    site = Site()
    addresses = "".join(f"u{i}@example.net\n" for i in range(40000))
    site.run("import", *WHY, "--cause", "hard", "-", input=addresses)
    stop = threading.Event()
    done = []

    def write():
        while not stop.is_set():
            done.append(site.start("add", *WHY, f"w{len(done)}@example.net")
                        .returncode)

    thread = threading.Thread(target=write)
    thread.start()
    for i in range(3):
        site.run("backup", site.path(f"copy{i}.db"))
        check_whole(site, site.path(f"copy{i}.db"))
    stop.set()
    thread.join()
    tap.check(done and set(done) == {0}, done)
    check_whole(site)


def test_restore():
    """An old opaque token never means the stranger who has its id now."""
    site = Site()
    hard(site, "ana@example.net")
    site.run("backup", site.path("copy.db"))
    # bob's id is given out after the backup...
    bob = site.mint("news-1", "bob@example.net", "--form", "opaque")
    eve = site.mint("news-1", "eve@example.net", "--form", "readable")
    said = site.start("restore", *WHY, site.path("copy.db"))
    tap.check_equal(said.returncode, 78)
    tap.check(b"is there already" in said.stderr, said.stderr)
    for name in os.listdir(site.root):
        if name.startswith("verpd.db"):
            os.rename(site.path(name), site.path("old-" + name))
    tap.check_equal(site.start("restore", *WHY, site.path("old-verpd.db"))
                    .returncode, 78)
    row, = site.rows("restore", *WHY, site.path("copy.db"))
    tap.check_equal(row["store"], site.path("verpd.db"))
    check_whole(site)
    # ...and again to carla
    carla = site.mint("news-1", "carla@example.net", "--form", "opaque")
    tap.check(carla != bob)
    for address in "bob@example.net", "carla@example.net":
        site.deliver(report(address, UNKNOWN_USER, message_id=address), bob)
        site.run("check", "carla@example.net", status=0)
        site.run("check", "bob@example.net", status=0)
    site.run("check", "ana@example.net", status=1)
    # a readable one names its recipient
    site.deliver(report("eve@example.net", UNKNOWN_USER, message_id="eve"),
                 eve)
    site.run("check", "eve@example.net", status=1)
    site.deliver(report("carla@example.net", UNKNOWN_USER, message_id="c"),
                 carla)
    site.run("check", "carla@example.net", status=1)
    check_whole(site)
    db = sqlite3.connect(site.path("verpd.db"))
    tap.check_equal(db.execute("SELECT actor, reason FROM audit"
                               " WHERE action = 'restore'").fetchall(),
                    [("ana", "asked for it")])
    db.close()


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
