#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Answers a second to what Postfix asks, and how long one takes: alone, and
while bounces pour in as fast as they are recorded.

usage: maps.py [COUNT [CONNECTIONS]]
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from daemon import Daemon, Site  # noqa: E402

MESSAGE = os.path.join(HERE, "..", "messages", "postfix-user-unknown.eml")
PEOPLE = 2000


def netstring(name, key):
    question = f"{name} {key}"
    return f"{len(question)}:{question},"


def policy(recipient):
    return ("request=smtpd_access_policy\nprotocol_state=RCPT\n"
            "protocol_name=ESMTP\nclient_address=127.0.0.1\n"
            f"sender=news@bounces.test\nrecipient={recipient}\n\n")


class Bench:
    def __init__(self, count, connections):
        self.count, self.connections = count, connections
        self.site = Site(log_level="warning")
        self.map = os.path.join(self.site.root, "map")
        self.policy = os.path.join(self.site.root, "policy")
        self.site.configure(map_listen=["unix:" + self.map],
                            policy_listen=["unix:" + self.policy])
        self.people = [f"user{i}@example.org" for i in range(PEOPLE)]
        self.tokens = self.site.mint("bench", 500)

    def questions(self, name, texts):
        path = os.path.join(self.site.root, name)
        with open(path, "wb") as out:
            for text in texts:
                out.write(text.encode() + b"\0")
        return path

    def ask(self, socket, path, count=None):
        done = subprocess.run(
            [os.environ["BENCH_MAPS"], socket, path,
             str(count or self.count), str(self.connections)], check=True,
            capture_output=True, text=True)
        return [int(word) for word in done.stdout.split()]

    def pour(self):
        """Bounces without end, on kept connections."""
        path = os.path.join(self.site.root, "recipients")
        with open(path, "w", encoding="ascii") as out:
            print(*self.tokens, sep="\n", file=out)
        return subprocess.Popen(
            [os.environ["BENCH_INTAKE"], self.site.socket, path, MESSAGE,
             "100000000", "20", "kept"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)


def main():
    bench = Bench(int(sys.argv[1]) if len(sys.argv) > 1 else 50000,
                  int(sys.argv[2]) if len(sys.argv) > 2 else 8)
    daemon = Daemon(bench.site, quiet=True)
    xverp = [f"bench+{p.replace('@', '=')}@bounces.test"
             for p in bench.people]
    asked = {
        "token": (bench.map, bench.questions(
            "token", (netstring("token", t) for t in bench.tokens))),
        "sign": (bench.map, bench.questions(
            "sign", (netstring("sign", x) for x in xverp))),
        "policy": (bench.policy, bench.questions(
            "ask", (policy(p) for p in bench.people))),
    }
    bench.ask(*asked["sign"])  # so that all have an id
    for load in (False, True):
        pouring = bench.pour() if load else None
        for name, (socket, path) in asked.items():
            rate, p50, p99 = bench.ask(socket, path)
            print(f"{name}{', bounces pouring in' if load else ''}: "
                  f"{rate}/s, p50 {p50} us, p99 {p99} us", flush=True)
        if pouring:
            pouring.kill()
            pouring.wait()
    daemon.stop()


main()
