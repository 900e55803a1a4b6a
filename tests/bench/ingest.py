#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines of Postfix's log a second, beside `wc -l` and `grep -c` of the same
file, by the processor's time, for this machine is shared; and how long another
writer ever waits meanwhile.  First a log of which nothing follows, a tenth of
it ours and then all; then one in which every mail is a deferral that counts,
and one that delivers to all of those.

usage: ingest.py [MESSAGES]   (100k; six lines each)
"""
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

VERPCTL = os.path.abspath(os.environ.get("VERPCTL", "verpctl"))
RULES = os.environ["VERPD_RULES"]
SENT = "status=sent (250 2.0.0 Ok: queued as 9F3A01C2B4)"
FULL = ("status=deferred (host mx.far.example[198.51.100.4] said: 452 4.2.2 "
        "Mailbox full (in reply to RCPT TO command))")


def write_log(path, count, ours, hour, fate, dsn, delay):
    with open(path, "w", encoding="ascii") as out:
        for i in range(count):
            stamp = (f"2026-01-01T{hour + i // 360000:02}:{i // 6000 % 60:02}:"
                     f"{i // 100 % 60:02}Z mx postfix")
            queue_id = f"4j{hour:02}{i:010X}"
            sender = (f"news-{i % 7}@bounces.example.org" if i % 10 < ours
                      else f"staff{i % 50}@corp.example")
            out.write(
                f"{stamp}/smtpd[9]: connect from app.example[192.0.2.7]\n"
                f"{stamp}/smtpd[9]: {queue_id}: client=app.example"
                "[192.0.2.7]\n"
                f"{stamp}/cleanup[8]: {queue_id}: message-id=<{i}@c.example>\n"
                f"{stamp}/qmgr[7]: {queue_id}: from=<{sender}>, size=48000, "
                "nrcpt=1 (queue active)\n"
                f"{stamp}/smtp[6]: {queue_id}: to=<u{i}@d{i % 997}.example>, "
                f"relay=mx{i % 997}.far{i % 997}.example[198.51.100.4]:25, "
                f"delay={delay}, delays=0.1/0/0.1/0.2, dsn={dsn}, {fate}\n"
                f"{stamp}/qmgr[7]: {queue_id}: removed\n")


def cpu(*argv):
    """Seconds of the processor's that ARGV takes, the least of three."""
    best = None
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = (after.ru_utime + after.ru_stime - before.ru_utime -
                 before.ru_stime)
        best = spent if best is None else min(best, spent)
    return max(best, 1e-3)


class Waiter(threading.Thread):
    """Wants to write, all the time: how long may it not?"""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.over = False
        self.waits = []

    def run(self):
        store = sqlite3.connect(self.path, timeout=0, isolation_level=None)
        began = time.monotonic()
        while not self.over:
            try:
                store.execute("BEGIN IMMEDIATE")
                store.execute("ROLLBACK")
                self.waits.append(time.monotonic() - began)
                time.sleep(0.002)
                began = time.monotonic()
            except sqlite3.OperationalError:
                time.sleep(0.0005)


def ingest(conf, log, store):
    waiter = Waiter(store)
    waiter.start()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    done = subprocess.run([VERPCTL, "-c", conf, "ingest-log", log], check=True,
                          stdout=subprocess.PIPE, text=True)
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waiter.over = True
    waiter.join()
    waits = sorted(waiter.waits)
    return (after.ru_utime + after.ru_stime - before.ru_utime -
            before.ru_stime, wall, waits[-1], waits[len(waits) * 99 // 100],
            done.stdout.split(";")[1].strip())


def main():
    count = int((sys.argv[1] if len(sys.argv) > 1 else "100k")
                .replace("k", "000"))
    root = tempfile.mkdtemp(prefix="verpd-ingest-")
    conf, log, store = (os.path.join(root, name)
                        for name in ("verpd.conf", "mail.log", "verpd.db"))
    with open(conf, "w", encoding="ascii") as out:
        out.write(f'store = "{store}"\nkeys = "{root}/keys"\n'
                  f'rules = {{"{RULES}"}}\nlog = stderr\n'
                  'bounce_domains = {"bounces.example.org"}\n'
                  "feed_deferred_after = 1h\n")
    subprocess.run([VERPCTL, "-c", conf, "init"], check=True,
                   stdout=subprocess.DEVNULL)
    for name, hour, ours, fate, dsn, delay in (
            ("a tenth is ours", 1, 1, SENT, "2.0.0", "0.4"),
            ("all are ours", 2, 10, SENT, "2.0.0", "0.4"),
            ("all count", 3, 10, FULL, "4.2.2", "5000"),
            ("all change", 5, 10, SENT, "2.0.0", "0.4")):
        write_log(log, count, ours, hour, fate, dsn, delay)
        spent, wall, longest, most, said = ingest(conf, log, store)
        wc, grep = cpu("wc", "-l", log), cpu("grep", "-c", "status=", log)
        print(f"{name}: {count * 6 / spent:.0f} lines/s of CPU, "
              f"{count * 6 / wall:.0f} on the wall; wc -l {spent / wc:.0f} "
              f"times faster, grep -c {spent / grep:.1f}; a writer waits "
              f"{longest * 1000:.0f} ms at most, 99 % {most * 1000:.0f} ms "
              f"({said})", flush=True)
        os.remove(log)
        log += "x"
    subprocess.run([VERPCTL, "-c", conf, "verify"], check=True)
    shutil.rmtree(root)


main()
