#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Bounces a second that Postfix drains out of its queue into verpd, which
records each durably, beside the same Postfix and the same bounces into
`smtp-sink -L`, which discards them: on the wall, and by what Postfix and the other side
together take of the processors.  In pairs, one right after the other, for
others may share the machine.

The Postfix is a private one, wired as contrib/postfix says, with one transport
for both.  The bounces are on hold while they come in, all are let go at once,
and the clock runs until the queue is empty.

usage: drain.py [COUNT [PAIRS]]   (2k, 3)
"""
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "postfix")]
import instance  # noqa: E402
import load  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

WANTED = 0.95
PATIENCE = 300
ELSEWHERE = "sink.sender.example"
# Nothing but what is let go wakes qmgr(8).
MAIN = f"""
relay_domains = {rig.DOMAIN} {ELSEWHERE}
queue_run_delay = 1h
minimal_backoff_time = 1h
maximal_backoff_time = 1h
"""
# bench_intake says LHLO, and only where it delivers.
MASTER = """
load unix n - n - - smtpd
    -o { smtpd_command_filter = regexp:{ {/^LHLO/ EHLO bench.test} } }
    -o { smtpd_recipient_restrictions = check_client_access static:HOLD, permit }
"""


def has_file(folder):
    """Looks no further than to the first: it is asked often."""
    with os.scandir(folder) as found:
        return any(entry.is_file() or has_file(entry.path)
                   for entry in found)


class Queue:
    def __init__(self, postfix):
        self.postfix = postfix

    def has(self, *names):
        """Whether a message is in one of those queues."""
        return any(has_file(os.path.join(self.postfix.spool, name))
                   for name in names)

    def is_empty(self):
        """Twice those that a message moves on to while we look."""
        return not self.has("incoming", "active", "deferred", "incoming",
                            "active")

    def fill(self, recipients, count):
        load.deliver(os.path.join(self.postfix.spool, "public", "load"),
                     recipients, count, "kept")

    def drain(self, receiver):
        """Seconds, and those of the processors for Postfix and for the process
        RECEIVER."""
        done = self.postfix.command("postsuper", "-H", "ALL")
        tap.check_equal(done.returncode, 0, done.stderr)
        tap.check(not self.has("hold", "active", "incoming"),
                  "a queue that began to drain by itself")
        families = self.postfix.pid(), receiver
        before = [load.family_cpu(pid) for pid in families]
        began = time.monotonic()
        self.postfix.flush()
        tap.wait_for("the queue to empty\n" + self.postfix.log()[-2000:],
                     self.is_empty, PATIENCE, every=0.02)
        took = time.monotonic() - began
        return [took, *(load.family_cpu(pid) - cpu
                        for pid, cpu in zip(families, before))]


class Side:
    """One of the two that the bounces go to."""

    def __init__(self, name, process, recipients):
        self.name, self.process, self.recipients = name, process, recipients

    def drain(self, queue, count):
        """Messages a second, and microseconds for each as drain() has it."""
        queue.fill(self.recipients, count)
        wall, *cpus = queue.drain(self.process.pid)
        return [count / wall, *(cpu / count * 1e6 for cpu in cpus)]


def main():
    count, pairs = load.arguments(2000, 3)
    if instance.why_not():
        print(instance.why_not().replace("needs Postfix", "Postfix is "
                                         "missing: apt-get install postfix"))
        return
    sink = load.Sink()
    site = rig.Site(main=MAIN, master=MASTER, log_level="warning")
    site.transport(f"{rig.DOMAIN} verpd-lmtp:unix:private/verpd\n"
                   f"{ELSEWHERE} verpd-lmtp:unix:{sink.socket}\n")
    site.start()
    tokens = site.verpd.mint_all(
        "bench", [f"user{i}@far.example" for i in range(500)])
    ours = Side("verpd", site.verpd.process, load.write_lines(
        os.path.join(site.scratch, "tokens"), tokens))
    theirs = Side("smtp-sink -L", sink.process, load.write_lines(
        os.path.join(site.scratch, "others"),
        [token.partition("@")[0] + "@" + ELSEWHERE for token in tokens]))
    queue, wall, cpu = Queue(site.postfix), [], []
    for i in range(pairs):
        took = {}
        for side in ((ours, theirs), (theirs, ours))[i % 2]:
            took[side] = side.drain(queue, count)
            print("%s %.0f/s, us of processors: Postfix %.0f, it %.0f" %
                  (side.name, *took[side]), flush=True)
        wall.append(took[ours][0] / took[theirs][0])
        cpu.append(sum(took[theirs][1:]) / sum(took[ours][1:]))
        print("ratio %.2f, by processors %.2f" % (wall[-1], cpu[-1]),
              flush=True)
    site.verpd.stop()
    [row] = site.verpd.query("SELECT count(*) AS n FROM deliveries")
    tap.check_equal(row["n"], count * pairs, "messages recorded")
    print("ratio, median: %.2f, by processors %.2f (wanted: at least %.2f); "
          "%s" % (statistics.median(wall), statistics.median(cpu), WANTED,
                  load.the_machine()))
    sink.stop()
    site.stop()


main()
