#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages a second that verpd records durably, beside `smtp-sink -L`, which
discards them: as a ratio, for this machine is shared and seconds say little.

usage: intake.py [COUNT [ROUNDS]]
"""
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from daemon import Daemon, Site, tap  # noqa: E402

CLIENTS = "20"  # what Postfix opens to one destination
MESSAGE = os.path.join(HERE, "..", "messages", "postfix-user-unknown.eml")


def rate(socket, recipients, count, how):
    done = subprocess.run([os.environ["BENCH_INTAKE"], socket, recipients,
                           MESSAGE, str(count), CLIENTS, how], check=True,
                          capture_output=True, text=True)
    return float(done.stdout)


class Sink:
    """smtp-sink -L on a socket of its own."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="verpd-sink-")
        self.socket = os.path.join(self.root, "sink")
        command = ["smtp-sink", "-L"]
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
            command += ["-u", "nobody"]
        self.process = subprocess.Popen([*command, "unix:" + self.socket,
                                         "100"])
        tap.wait_for("smtp-sink", lambda: os.path.exists(self.socket))

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.root)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    if not shutil.which("smtp-sink"):
        sys.exit("smtp-sink is missing: apt-get install postfix")
    site = Site(log_level="warning")
    recipients = os.path.join(site.root, "recipients")
    with open(recipients, "w", encoding="ascii") as out:
        print(*site.mint("bench", 500), sep="\n", file=out)
    daemon, sink = Daemon(site, quiet=True), Sink()
    for how, name in (("new", "connection per message"),
                      ("kept", "kept connections")):
        ours, theirs = [], []
        began = daemon.cpu()
        for _ in range(rounds):
            theirs.append(rate(sink.socket, recipients, count, how))
            ours.append(rate(site.socket, recipients, count, how))
        print(f"{name}: verpd {max(ours):.0f}/s, smtp-sink -L "
              f"{max(theirs):.0f}/s, ratio {max(ours) / max(theirs):.2f}, "
              f"{(daemon.cpu() - began) / count / rounds * 1e6:.0f} us CPU")
    sink.stop()
    daemon.stop()


main()
