#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 under load: what was acknowledged is stored, and each once.

Eight clients hand in reports as fast as they are taken while the daemon is
killed and started over and over; like Postfix, they hand in again whatever
was not acknowledged."""
import os
import queue
import random
import sys
import threading
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if os.geteuid() != 0:
    tap.skip_all("needs root, to run verpd as another user")

KILLS, CLIENTS, SECONDS = 20, 8, 120
VERPD = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example",
                     log_level="warning")


class Load:
    """CLIENTS threads and what they know; a token is its own recipient."""

    def __init__(self):
        self.todo, self.acknowledged = queue.Queue(), set()
        self.attempts, self.lock = {}, threading.Lock()
        self.is_over = threading.Event()
        self.fed = 0
        self.threads = [threading.Thread(target=self.work, daemon=True)
                        for _ in range(CLIENTS)]

    def feed(self, count):
        """COUNT more recipients, with signed addresses."""
        addresses = [f"r{number:06d}@far.example"
                     for number in range(self.fed, self.fed + count)]
        self.fed += count
        for address, token in zip(addresses, VERPD.mint_all("news-46",
                                                            addresses)):
            self.todo.put((address, token, messages.wire(messages.report(
                token, address, name="crash-" + address.partition("@")[0]))))

    def work(self):
        session = None
        while not self.is_over.is_set():
            try:
                item = self.todo.get(timeout=0.1)
            except queue.Empty:
                continue
            address, token, text = item
            with self.lock:
                self.attempts[address] = self.attempts.get(address, 0) + 1
            try:
                session = session or daemon.Lmtp(VERPD.socket, 20)
                (code, reply), = session.send("", [token], text)
                tap.check(code < 500, code, reply)
                if code == 250:
                    with self.lock:
                        self.acknowledged.add(address)
                else:
                    self.todo.put(item)
            except (OSError, EOFError):
                self.todo.put(item)
                session = None
                time.sleep(0.02)

    def finish(self):
        """Waits until everything fed is acknowledged."""
        tap.wait_for("the last acknowledgement",
                     lambda: len(self.acknowledged) == self.fed, 60)
        self.is_over.set()
        for thread in self.threads:
            thread.join(20)


def test_kill_9_under_load():
    random.seed(46)
    load = Load()
    load.feed(1000)
    VERPD.start()
    for thread in load.threads:
        thread.start()
    end = time.monotonic() + SECONDS
    lost_in_flight = 0
    for _ in range(KILLS):
        time.sleep(random.uniform(0.05, 0.3))
        if load.todo.qsize() < 200:
            load.feed(500)
        seen = len(load.acknowledged)
        VERPD.kill()
        tap.check(time.monotonic() < end, "too slow")
        VERPD.start()
        lost_in_flight += len(load.acknowledged) > seen
    load.finish()
    counts = {row["address"]: row["n"] for row in VERPD.query(
        "SELECT r.address, count(*) AS n FROM events e JOIN recipients r"
        " ON r.id = e.recipient_id GROUP BY r.address")}
    again = sum(n > 1 for n in load.attempts.values())
    tap.comment(f"{load.fed} reports, {KILLS} kills, {again} handed in again")
    lost = [name for name in load.acknowledged if name not in counts]
    tap.check(not lost, "acknowledged but not stored:", lost[:10])
    double = [name for name, n in counts.items() if n != 1]
    tap.check(not double, "stored more than once:", double[:10])
    tap.check(again > 0, "no kill hit a message: this proves nothing")
    tap.check_equal(VERPD.query("PRAGMA integrity_check"),
                    [{"integrity_check": "ok"}])
    # so many at once from one host may well open its circuit breaker
    steps = VERPD.query("SELECT count(*) AS n FROM events"
                        " WHERE step IN ('hard', 'held')")[0]["n"]
    tap.check_equal(steps, load.fed, "hard steps")


def test_kill_9_leaves_every_suppression():
    rows = VERPD.query("SELECT count(*) AS n FROM suppressions")
    events = VERPD.query("SELECT count(*) AS n FROM events")
    tap.check_equal(rows, events)


VERPD.init()
try:
    tap.run([test_kill_9_under_load, test_kill_9_leaves_every_suppression],
            VERPD.verify)
finally:
    VERPD.kill()
