#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A store that is locked, full, read-only or does not sync: nobody is told 250
for what is not there, and what passes by itself needs no admin."""
import contextlib
import os
import signal
import sqlite3
import threading
import time

from daemon import Daemon, Site, report, run, seconds_since, tap

IOERR = 74


class Faults:
    """The disk under a daemon; see disk_faults.c."""

    def __init__(self, site):
        self.directory = site.root
        self.env = {"VERPD_FAULTS": site.root,
                    "LD_PRELOAD": os.environ["VERPD_DISK_FAULTS"],
                    "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def path(self, name):
        return os.path.join(self.directory, name)

    def set(self, name):
        with open(self.path(name), "w", encoding="ascii"):
            pass

    def clear(self, name):
        os.unlink(self.path(name))


def begin(**settings):
    site = Site(**settings)
    faults = Faults(site)
    return site, Daemon(site, env=faults.env), faults


def lock(site):
    db = sqlite3.connect(site.store, isolation_level=None, timeout=20)
    db.execute("BEGIN IMMEDIATE")
    return db


def test_locked_for_a_moment():
    site, daemon, _ = begin(busy_timeout="20s")
    db = lock(site)
    client = daemon.connect()
    client.begin_data(site.tokens[0])
    client.send(report(1) + b".\r\n")
    client.socket.settimeout(0.5)
    try:
        tap.check(False, "answered", client.line())
    except TimeoutError:
        pass
    client.socket.settimeout(20)
    db.execute("ROLLBACK")
    client.expect(250)
    tap.check_equal(site.count(), 1)
    daemon.stop()


def test_locked_for_long():
    """451 in time, for all that waited, not one after another; and 250 when
    the lock is gone."""
    site, daemon, _ = begin(busy_timeout="2s")
    db = lock(site)
    clients = [daemon.connect() for _ in range(10)]
    for client in clients:
        client.begin_data(*site.tokens[:2])
    start = time.monotonic()
    for number, client in enumerate(clients):
        client.send(report(number) + b".\r\n")
    for client in clients:
        tap.check(b"4.3.0" in client.expect(451, 451), "the code")
    tap.check(seconds_since(start) < 10, seconds_since(start))
    tap.check("deferred: " in daemon.log(), daemon.log())
    db.execute("ROLLBACK")
    db.close()
    tap.check_equal(site.count(), 0)
    for number, client in enumerate(clients):
        client.deliver(report(number), *site.tokens[:2])
    tap.check_equal(site.count(), 20)
    daemon.stop()


def test_those_who_hang_up_do_not_pile_up():
    """What they left is recorded, and there is no more of it than there may
    be connections."""
    site, daemon, _ = begin(busy_timeout="20s", connection_limit=3)
    db = lock(site)
    taken = 0
    for number in range(20):
        client = daemon.connect(hello=False)
        if client.reply().startswith(b"220"):
            client.say(b"LHLO a\r\n", 250)
            client.begin_data(site.tokens[0])
            client.send(report(number) + b".\r\n")
            taken += 1
        client.close()
    tap.check(3 <= taken <= 6, taken)
    db.execute("ROLLBACK")
    db.close()
    tap.wait_for("what was left to be recorded",
                 lambda: site.count() == taken)
    daemon.stop()


def test_full_disk():
    site, daemon, faults = begin()
    client = daemon.connect()
    client.deliver(report(0), site.tokens[0])
    faults.set("full")
    for number in range(1, 4):
        replies = client.deliver(report(number), *site.tokens[:2])
        tap.check_equal([reply[:9] for reply in replies],
                        [b"452 4.3.1"] * 2)
    faults.clear("full")
    for number in range(1, 4):
        client.deliver(report(number), *site.tokens[:2])
    tap.check_equal(site.count(), 7)
    client.quit()
    daemon.stop()


def test_readonly_disk():
    site, daemon, faults = begin()
    client = daemon.connect()
    client.deliver(report(0), site.tokens[0])
    faults.set("readonly")
    [reply] = client.deliver(report(1), site.tokens[0])
    tap.check_equal(reply[:9], b"451 4.3.0")
    faults.clear("readonly")
    [reply] = client.deliver(report(1), site.tokens[0])
    tap.check(b"stored" in reply, reply)
    tap.check_equal(site.count(), 2)
    daemon.stop()


def test_sync_that_fails():
    """Not one 250, and the process is gone at once: what it holds in memory
    may look recorded and not be."""
    site, daemon, faults = begin()
    clients = [daemon.connect() for _ in range(5)]
    clients[0].deliver(report(0), site.tokens[0])
    for client in clients:
        client.begin_data(site.tokens[0])
    faults.set("nosync")
    for number, client in enumerate(clients, 1):
        # it may be gone before the last of them has sent
        with contextlib.suppress(ConnectionError):
            client.send(report(number) + b".\r\n")
    for client in clients:
        # reset: it went before it had read what was sent
        with contextlib.suppress(ConnectionResetError):
            client.expect_end()
    daemon.wait(IOERR)
    tap.check("nothing more is acknowledged" in daemon.log(), daemon.log())
    tap.check_equal(daemon.log().count("event="), 1, "log lines")
    # not while it cannot be made sound either
    daemon = Daemon(site, env=faults.env, ready=False)
    daemon.wait(IOERR)
    faults.clear("nosync")
    daemon = Daemon(site, env=faults.env)
    client = daemon.connect()
    for number in range(1, 6):
        client.deliver(report(number), site.tokens[0])
    tap.check_equal(site.count(), 6)
    daemon.stop()


def load(daemon, site, offset, acknowledged):
    """Delivers until the daemon dies; what was answered 250 is noted."""
    number = offset
    try:
        client = daemon.connect()
        while True:
            [reply] = client.deliver(report(number), site.tokens[number % 20])
            if reply[:4] == b"250 ":
                acknowledged.append(number)
            number += 1
    except (OSError, AssertionError):
        pass


def test_kill_9_under_load():
    """Acknowledged is stored, and each once."""
    site = Site()
    acknowledged = []
    for round_ in range(8):
        daemon = Daemon(site)
        threads = [threading.Thread(target=load, args=(
            daemon, site, 100000 * round_ + 10000 * i, acknowledged))
            for i in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.15 + 0.03 * round_)
        daemon.signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
        daemon.wait(-signal.SIGKILL)
    tap.comment(f"{len(acknowledged)} acknowledged")
    tap.check(len(acknowledged) > 100, "too little load")
    stored = {int(row[0].split("@")[0][1:]): row[1] for row in site.query(
        "SELECT message_id, count(*) FROM events GROUP BY message_id")}
    tap.check(not set(acknowledged) - set(stored), "lost:",
              set(acknowledged) - set(stored))
    tap.check_equal(set(stored.values()), {1}, "events of each")
    daemon = Daemon(site)
    client = daemon.connect()
    for number in acknowledged[-50:]:
        [reply] = client.deliver(report(number), site.tokens[number % 20])
        tap.check_equal(reply, b"250 2.0.0 duplicate")
    daemon.stop()


run([test_locked_for_a_moment,
     test_locked_for_long,
     test_those_who_hang_up_do_not_pile_up,
     test_full_disk,
     test_readonly_disk,
     test_sync_that_fails,
     test_kill_9_under_load])
