#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers a second to what Postfix asks, and how long one takes: alone, and
while bounces pour in as fast as they are recorded.  All askers ask without a
pause, so a time is mostly that of those who are answered first.  Where others
use the machine, too, look at how much of the time the responder and the askers
waited for a processor: what they took longer for is not all verpd's.

usage: maps.py [COUNT [CONNECTIONS]]
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "daemon")]
import load  # noqa: E402
from daemon import Daemon, Site  # noqa: E402

PEOPLE = 2000


def waited(daemon):
    """How long the responder has waited for a processor, in seconds."""
    tasks = f"/proc/{daemon.process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/comm", encoding="ascii") as comm:
            if comm.read() != "responder\n":
                continue
        with open(f"{tasks}/{task}/schedstat", encoding="ascii") as stat:
            return int(stat.read().split()[1]) / 1e9
    raise LookupError("no responder")


def main():
    count, connections = load.arguments(50000, 8)
    site = Site(log_level="warning")
    maps, policy = (os.path.join(site.root, name)
                    for name in ("map", "policy"))
    site.configure(map_listen=["unix:" + maps],
                   policy_listen=["unix:" + policy])
    daemon = Daemon(site, quiet=True)
    people = [f"user{i}@example.org" for i in range(PEOPLE)]
    tokens = site.mint("bench", 500)
    recipients = load.write_lines(os.path.join(site.root, "recipients"),
                                  tokens)
    asked = {
        "token": (maps, (load.netstring("token", t) for t in tokens)),
        "sign": (maps, (load.netstring("sign", load.xverp("bench", p))
                        for p in people)),
        "policy": (policy, (load.policy(p) for p in people)),
    }
    asked = {name: (socket, load.questions(
        os.path.join(site.root, name + ".asked"), texts))
        for name, (socket, texts) in asked.items()}
    load.ask(*asked["sign"], count, connections)  # so that all have an id
    for is_loaded in (False, True):
        pouring = load.pour(site.socket, recipients) if is_loaded else None
        for name, (socket, path) in asked.items():
            start, before = time.monotonic(), waited(daemon)
            rate, p50, p99, asker = load.ask(socket, path, count, connections)
            took = time.monotonic() - start
            print(f"{name}{', bounces pouring in' if is_loaded else ''}: "
                  f"{rate}/s, p50 {p50} us, p99 {p99} us; waited for a "
                  f"processor: {(waited(daemon) - before) / took:.0%}, "
                  f"the askers {asker / 1e6 / took:.0%}", flush=True)
        if pouring:
            pouring.kill()
            pouring.wait()
    daemon.stop()


main()
