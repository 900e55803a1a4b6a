#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verpctl scrub` of many candidates against many suppressed addresses, beside
`sort | comm`, which needs the suppressed as a file and loses the order.  Seconds
on the wall and of processors (a shared machine shows in the first), the peak of
memory, and the ratio.  Both must keep the same addresses.

usage: scrub.py [CANDIDATES [SUPPRESSED [ROUNDS]]]   (1M, 10M, 3)
"""
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import load  # noqa: E402
import rows  # noqa: E402

VERPCTL = os.path.abspath(os.environ.get("VERPCTL", "verpctl"))
RULES = os.environ.get("VERPD_RULES", "")
LIMIT_MB = 400  # of memory


class Site:
    def __init__(self, root):
        self.root = root
        self.conf = self.path("verpd.conf")
        with open(self.conf, "w", encoding="ascii") as out:
            out.write(f"""store = "{self.path('verpd.db')}"
keys = "{self.path('keys')}"
rules = {{"{RULES}"}}
bounce_domains = {{"bounces.example.org"}}
hostname = "mail.example.org"
default_stream = "marketing"
""")
        subprocess.run([VERPCTL, "-c", self.conf, "init"], check=True,
                       stdout=subprocess.DEVNULL)

    def path(self, name):
        return os.path.join(self.root, name)


def candidates(root, count, suppressed):
    """One in ten is suppressed; in no order."""
    hits = min(count // 10, suppressed)
    lines = list(load.addresses(2, count - hits))
    every = max(suppressed // max(hits, 1), 1)
    lines += [line for i, line in enumerate(load.addresses(1, suppressed))
              if i % every == 0][:hits]
    random.Random(3).shuffle(lines)
    load.write_lines(os.path.join(root, "candidates"), lines)


MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
subprocess.run(["bash", "-c", sys.argv[1]], check=True,
               stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.monotonic() - began, used.ru_utime + used.ru_stime,
      used.ru_maxrss / 1024)
"""


def measure(command, root):
    """(seconds on the wall, of processors, peak in MB) of a shell COMMAND.  In
    an interpreter of its own: a child's peak begins with its parent's size."""
    done = subprocess.run([sys.executable, "-c", MEASURE, command], cwd=root,
                          env={**os.environ, "LC_ALL": "C"}, check=True,
                          capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def main():
    count, suppressed, rounds = load.arguments(1000000, 10000000, 3)
    root = tempfile.mkdtemp(prefix="verpd-bench-")
    try:
        site = Site(root)
        load.write_lines(site.path("suppressed"),
                         load.addresses(1, suppressed))
        candidates(root, count, suppressed)
        rows.fill(site.path("verpd.db"), load.addresses(1, suppressed))
        print(f"{count} candidates, {suppressed} suppressed, in seconds on "
              "the wall, seconds of processors, and MB at the peak",
              flush=True)
        ours = f"'{VERPCTL}' -c '{site.conf}' scrub <candidates >clean"
        theirs = ("sort candidates >a & sort suppressed >b && wait &&"
                  " comm -23 a b >common")
        both = []
        for _ in range(rounds):
            scrub, comm = measure(ours, root), measure(theirs, root)
            both.append((scrub, comm))
            print("scrub %6.2f %6.2f %5.0f    sort|comm %6.2f %6.2f %5.0f"
                  "    %.2f times as fast, %.2f by processors"
                  % (*scrub, *comm, comm[0] / scrub[0], comm[1] / scrub[1]),
                  flush=True)
        subprocess.run(["bash", "-c", "cmp <(LC_ALL=C sort clean) common"],
                       cwd=root, check=True)
        best = max(comm[0] / scrub[0] for scrub, comm in both)
        peak = max(scrub[2] for scrub, _ in both)
        print(f"best {best:.2f} times as fast, peak {peak:.0f} MB (at most "
              f"{LIMIT_MB})")
        return 0 if best >= 1 and peak < LIMIT_MB else 1
    finally:
        shutil.rmtree(root)


sys.exit(main())
