#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages a second that verpd records durably, beside `smtp-sink -L`, which
discards them: as a ratio, for this machine is shared and seconds say little.

usage: intake.py [COUNT [ROUNDS]]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "daemon")]
import load  # noqa: E402
from daemon import Daemon, Site  # noqa: E402


def main():
    count, rounds = load.arguments(20000, 3)
    site = Site(log_level="warning")
    recipients = load.write_lines(os.path.join(site.root, "recipients"),
                                  site.mint("bench", 500))
    sink, daemon = load.Sink(), Daemon(site, quiet=True)
    for how, name in (("new", "connection per message"),
                      ("kept", "kept connections")):
        ours, theirs = [], []
        began = daemon.cpu()
        for _ in range(rounds):
            theirs.append(load.deliver(sink.socket, recipients, count, how))
            ours.append(load.deliver(site.socket, recipients, count, how))
        print(f"{name}: verpd {max(ours):.0f}/s, smtp-sink -L "
              f"{max(theirs):.0f}/s, ratio {max(ours) / max(theirs):.2f}, "
              f"{(daemon.cpu() - began) / count / rounds * 1e6:.0f} us CPU")
    sink.stop()
    daemon.stop()


main()
