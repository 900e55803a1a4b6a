#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages a second that verpd records durably, beside Dovecot's LMTP, which
lays each into one of many sdbox mailboxes as durably: on the wall, and by what
a message takes of the processors, for others may share the machine.

The Dovecot is a private one: its own configuration, sockets and mail in a
scratch directory.

usage: dovecot.py [COUNT [ROUNDS [MAILBOXES]]]   (10k, 3, 500)
"""
import atexit
import os
import pwd
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "daemon")]
import load  # noqa: E402
from daemon import Daemon, Site, tap  # noqa: E402

WANTED = 6
LMTPD = "/usr/lib/dovecot/lmtp"
# lmtp(8) and what it asks; no log-in, so no name or password of anybody.
CONFIGURATION = """\
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
mail_location = sdbox:~/mail
first_valid_uid = 1
postmaster_address = postmaster@bench.test
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%n allow_all_users=yes
}}
service lmtp {{
  process_min_avail = {clients}
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    def __init__(self, mailboxes):
        self.root = tempfile.mkdtemp(prefix="verpd-dovecot-")
        os.chmod(self.root, 0o755)
        self.socket = os.path.join(self.root, "lmtp")
        mail = os.path.join(self.root, "mail")
        os.mkdir(mail)
        nobody = pwd.getpwnam("nobody")
        os.chown(mail, nobody.pw_uid, nobody.pw_gid)
        conf = os.path.join(self.root, "dovecot.conf")
        with open(conf, "w", encoding="ascii") as out:
            out.write(CONFIGURATION.format(
                root=self.root, user=nobody.pw_uid, group=nobody.pw_gid,
                clients=load.CLIENTS))
        self.recipients = load.write_lines(
            os.path.join(self.root, "recipients"),
            (f"user{i}@bench.test" for i in range(mailboxes)))
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["dovecot", "-F", "-c", conf])
        atexit.register(self.stop)
        tap.wait_for("Dovecot to listen", lambda: os.path.exists(self.socket))

    def stop(self):
        """The master ends all that it started."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.root)
        atexit.unregister(self.stop)


def missing():
    """What is not here, or ""."""
    if not shutil.which("dovecot") or not os.path.exists(LMTPD):
        return "Dovecot is missing: apt-get install dovecot-lmtpd"
    return "" if os.geteuid() == 0 else "a private Dovecot needs root"


def measure(server, socket, recipients, count, how):
    """Messages a second, and microseconds of processors for each."""
    began = load.family_cpu(server.process.pid)
    rate = load.deliver(socket, recipients, count, how)
    took = load.family_cpu(server.process.pid) - began
    return rate, took / count * 1e6


def main():
    count, rounds, mailboxes = load.arguments(10000, 3, 500)
    if missing():
        print(missing())
        return
    site = Site(log_level="warning")
    tokens = load.write_lines(os.path.join(site.root, "recipients"),
                              site.mint("bench", mailboxes))
    daemon, dovecot = Daemon(site, quiet=True), Dovecot(mailboxes)
    # so that every mailbox is there
    load.deliver(dovecot.socket, dovecot.recipients, mailboxes, "kept")
    for how, name in (("new", "connection per message"),
                      ("kept", "kept connections")):
        pairs = []
        for _ in range(rounds):
            theirs = measure(dovecot, dovecot.socket, dovecot.recipients,
                             count // 4, how)
            ours = measure(daemon, site.socket, tokens, count, how)
            pairs.append((ours, theirs))
            print("%s: verpd %.0f/s, %.0f us of processors; Dovecot %.0f/s, "
                  "%.0f us; %.1f times as fast, %.1f by processors"
                  % (name, *ours, *theirs, ours[0] / theirs[0],
                     theirs[1] / ours[1]), flush=True)
        print("%s, median: %.1f times as fast, %.1f by processors "
              "(wanted: at least %d); %s" %
              (name, statistics.median(o[0] / t[0] for o, t in pairs),
               statistics.median(t[1] / o[1] for o, t in pairs), WANTED,
               load.the_machine()), flush=True)
    dovecot.stop()
    daemon.stop()


main()
