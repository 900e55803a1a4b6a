#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What many recipients in the store cost, each suppressed for a bounce of half
a year ago: intake into it beside intake into an empty one, on the wall and by
the processors, with every file read before and with none (as after a start of
the machine); what Postfix asks; `verpctl check`; and memory, when a hundred
sessions have all that they may at once.

usage: large.py [RECIPIENTS [COUNT [PAIRS]]]   (100k, 5k, 3)

10m takes some minutes, 6 GB of disk and 2 GB of memory to fill.
"""
import os
import random
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "daemon")]
import load  # noqa: E402
import rows  # noqa: E402
from daemon import Daemon, Site, VERPCTL, tap  # noqa: E402

WANTED = 0.6
LIMIT_MB = 64
CONNECTIONS = 8
CHECKS = 20


class Store:
    """A site and the return paths that bounce there, to other people in each
    round."""

    def __init__(self, people, **settings):
        self.site = Site(log_level="warning", **settings)
        self.people = people

    def tokens(self, first, count):
        return load.write_lines(
            os.path.join(self.site.root, "recipients"),
            self.site.mint_for("new", self.people[first:first + count]))

    def intake(self, first, count):
        """Messages a second, and microseconds of processors for each."""
        recipients = self.tokens(first, count)
        daemon = Daemon(self.site, quiet=True)
        began = daemon.cpu()
        rate = load.deliver(self.site.socket, recipients, count, "kept")
        cpu = (daemon.cpu() - began) / count * 1e6
        daemon.stop()
        return rate, cpu

    def forget(self):
        """Nothing of its files is in memory."""
        with open(self.site.store, "rb") as store:
            os.fsync(store.fileno())
            os.posix_fadvise(store.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def compare(large, people, count, pairs):
    both = []
    for i in range(pairs + 1):
        empty = Store(people)
        if i == pairs:
            large.forget()
        theirs = empty.intake(i * count, count)
        ours = large.intake(i * count, count)
        if i < pairs:
            both.append((ours, theirs))
        print("%sintake: %.0f/s, %.0f us of processors; into an empty store "
              "%.0f/s, %.0f us; ratio %.2f, by processors %.2f" %
              ("nothing read before, " if i == pairs else "", *ours, *theirs,
               ours[0] / theirs[0], theirs[1] / ours[1]), flush=True)
    print("intake beside an empty store, median: %.2f, by processors %.2f "
          "(wanted: at least %.1f); %s" %
          (statistics.median(o[0] / t[0] for o, t in both),
           statistics.median(t[1] / o[1] for o, t in both), WANTED,
           load.the_machine()), flush=True)


def learn(daemon, site, strangers):
    """Asks until it knows by heart who is suppressed: until the thread that
    reads them has nothing to do for two seconds.  In bounded time."""
    path = load.questions(os.path.join(site.root, "learn"),
                          map(load.policy, strangers[:100]))
    took = []
    while len(took) < 1200 and (len(took) < 20 or took[-1] > took[-20]):
        load.ask(os.path.join(site.root, "policy"), path, 100, 1)
        took.append(daemon.thread_ticks("watcher"))
        time.sleep(0.1)


def ask_all(site, people, strangers, count):
    """What Postfix asks, of people who are in the store and of others."""
    def asked(name, texts):
        return load.questions(os.path.join(site.root, name + ".asked"), texts)
    maps, policy = (os.path.join(site.root, name)
                    for name in ("map", "policy"))
    for name, socket, path in (
            ("policy, suppressed", policy,
             asked("known", map(load.policy, people))),
            ("policy, free", policy,
             asked("free", map(load.policy, strangers))),
            ("token", maps, asked("token", (load.netstring("token", token)
             for token in site.mint_for("new", people[:500])))),
            ("sign", maps, asked("sign", (
                load.netstring("sign", load.xverp("new", person))
                for person in people)))):
        load.ask(socket, path, len(people), CONNECTIONS)  # to be ready
        print("%s: %d/s, p50 %d us, p99 %d us" %
              (name, *load.ask(socket, path, count, CONNECTIONS)[:3]),
              flush=True)


def check(site, people):
    """Each is suppressed, and check says so."""
    began, walls = resource.getrusage(resource.RUSAGE_CHILDREN), []
    for person in people[:CHECKS]:
        start = time.monotonic()
        done = subprocess.run([VERPCTL, "-c", site.conf, "check", person],
                              stdout=subprocess.DEVNULL, check=False)
        walls.append(time.monotonic() - start)
        tap.check_equal(done.returncode, 1, person)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    print("verpctl check: %.1f ms, %.1f of processors" %
          (statistics.median(walls) * 1000,
           (ended.ru_utime - began.ru_utime + ended.ru_stime -
            began.ru_stime) / CHECKS * 1000), flush=True)


def megabytes(daemon):
    return "%.1f MB resident, %.1f of them its own, at most %.1f" % tuple(
        daemon.resident(what) / (1 << 20)
        for what in ("VmRSS", "RssAnon", "VmHWM"))


def memory(large, people, strangers, count):
    """All that it can be asked to do, and then a crowd."""
    site = large.site
    site.configure(connection_limit=100, **{
        name + "_listen": ["unix:" + os.path.join(site.root, name)]
        for name in ("map", "policy")})
    daemon = Daemon(site, quiet=True)
    print("memory, just started:", megabytes(daemon), flush=True)
    learn(daemon, site, strangers)
    ask_all(site, people, strangers, count)
    print("memory, when all that is suppressed is known:", megabytes(daemon),
          flush=True)
    load.deliver(site.socket, large.tokens(0, count), count, "kept")
    print("memory, after intake:", megabytes(daemon), flush=True)
    for _ in range(2):
        daemon.crowd(site.tokens[0])
    print("memory, a hundred full sessions: %s (wanted: less than %d)" %
          (megabytes(daemon), LIMIT_MB), flush=True)
    check(site, people)
    daemon.stop()


def main():
    size, count, pairs = load.arguments(100000, 5000, 3)
    chosen = set(random.Random(2).sample(
        range(size), min(size, (pairs + 1) * count)))
    people = [person for i, person in enumerate(load.addresses(1, size))
              if i in chosen]
    random.Random(3).shuffle(people)
    large = Store(people)
    began = time.monotonic()
    rows.fill(large.site.store, load.addresses(1, size), "old")
    print("%d recipients, %d MB, filled in %.0f s; %s" %
          (size, os.path.getsize(large.site.store) >> 20,
           time.monotonic() - began, load.the_machine()), flush=True)
    compare(large, people, count, pairs)
    memory(large, people, list(load.addresses(4, len(people))), count)


main()
