# SPDX-License-Identifier: LGPL-2.1-or-later
"""A verpctl with a configuration, keys, rules and store of its own."""
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests"))
import tap  # noqa: E402

VERPCTL = os.path.abspath(sys.argv[1])
del sys.argv[1]
RULES = os.environ.get("VERPD_RULES") or os.path.join(SOURCE, "src",
                                                      "rules.d")
DOMAIN = "bounces.example.org"


class Site:
    """A configuration in a directory of its own, removed at the end."""

    def __init__(self, init=True, text=""):
        self.root = tempfile.mkdtemp(prefix="verpctl-")
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.conf = self.path("verpd.conf")
        self.configure(text)
        if init:
            self.run("init")

    def path(self, name):
        return os.path.join(self.root, name)

    def configure(self, text=""):
        with open(self.conf, "w", encoding="utf-8") as out:
            out.write(f"""
store = "{self.path('verpd.db')}"
keys = "{self.path('keys')}"
address_key = "{self.path('address.key')}"
rules = {{"{RULES}"}}
bounce_domains = {{"{DOMAIN}"}}
hostname = "mail.example.org"
own_hosts = {{"mail.example.org"}}
log = stderr
busy_timeout = 1s
stream "transactional" {{
    campaigns = {{"receipt-*"}}
    complaint_exempt = yes
}}
{text}""")

    def start(self, *argv, **options):
        """What became of verpctl ARGV, whatever it was."""
        options = {"capture_output": True, "check": False, "timeout": 60,
                   "input": b"", **options}
        if "stdin" in options:
            del options["input"]
        if isinstance(options.get("input"), str):
            options["input"] = options["input"].encode()
        # what this shell ignores, the program would ignore, too
        return subprocess.run([VERPCTL, "-c", self.conf, *argv],
                              restore_signals=True, **options)

    def run(self, *argv, status=0, **options):
        """Standard output of a verpctl that must exit with STATUS."""
        done = self.start(*argv, **options)
        tap.check(done.returncode == status, "verpctl", *argv,
                  f"exits {done.returncode}, not {status}",
                  done.stdout[:2000], done.stderr[:2000])
        return done.stdout.decode()

    def rows(self, *argv, **options):
        """The same with --json, parsed."""
        return [json.loads(line) for line in
                self.run(*argv, "--json", **options).splitlines()]

    def mint(self, campaign, recipient, *argv):
        return self.run("token", "mint", "--campaign", campaign, *argv,
                        recipient).strip()

    def deliver(self, message, token, *argv, status=0, **options):
        return self.run("deliver", "--sender", "", "--recipient", token,
                        "--client-address", "192.0.2.1", *argv,
                        status=status, input=message, **options)


def report(recipient, diagnostic, status="5.1.1", action="failed",
           message_id="1@mx.far.example", words="It did not work."):
    """A delivery status notification in LF lines, as pipe(8) gives it."""
    return f"""From: MAILER-DAEMON@mx.far.example
Subject: Undelivered Mail Returned to Sender
Message-Id: <{message_id}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="b"

--b
Content-Type: text/plain

{words}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.far.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.far.example
Diagnostic-Code: smtp; {diagnostic}

--b--
"""


UNKNOWN_USER = "550 5.1.1 User unknown"
FULL = "452 4.2.2 The mailbox is full"
