# SPDX-License-Identifier: LGPL-2.1-or-later
"""A verpd of one's own: scratch directory, configuration, keys, store, and a
client that speaks LMTP to it octet by octet if need be.

The programs are found through $VERPD and $VERPCTL, the rules through
$VERPD_RULES."""
import atexit
import glob
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import tap  # noqa: E402

VERPD = os.environ["VERPD"]
VERPCTL = os.environ["VERPCTL"]
PATIENCE = 30 * float(os.environ.get("VERPD_PATIENCE", "1"))

REPORT = b"""\
From: MAILER-DAEMON@mx.test (Mail Delivery System)\r
Message-Id: <%(id)s@mx.test>\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
This is the mail system at host mx.test.\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.test\r
\r
Final-Recipient: rfc822; %(to)s\r
Action: failed\r
Status: 5.1.1\r
Remote-MTA: dns; mail.example.org\r
Diagnostic-Code: smtp; 550 5.1.1 <%(to)s>: user unknown\r
\r
--b--\r
"""


def report(number, to="user0@example.org"):
    return REPORT % {b"id": b"r%d" % number, b"to": to.encode()}


class Site:
    """A directory with everything one daemon needs."""

    def __init__(self, **settings):
        self.root = tempfile.mkdtemp(prefix="verpd-test-")
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        os.chmod(self.root, 0o755)
        self.conf = os.path.join(self.root, "verpd.conf")
        self.socket = os.path.join(self.root, "lmtp")
        self.store = os.path.join(self.root, "verpd.db")
        self.settings = {
            "bounce_domains": ["bounces.test"],
            "own_hosts": ["mx.test"],
            "hostname": "mx.test",
            "store": self.store,
            "keys": os.path.join(self.root, "keys"),
            "address_key": os.path.join(self.root, "address.key"),
            "rules": [os.environ["VERPD_RULES"]],
            "listen": ["unix:" + self.socket],
        }
        self.configure(**settings)
        self.verpctl("init")
        self.tokens = self.mint("news", 20)

    def configure(self, **settings):
        self.settings.update(settings)
        with open(self.conf, "w", encoding="utf-8") as conf:
            for name, value in self.settings.items():
                if isinstance(value, list):
                    value = "{" + ", ".join(f'"{v}"' for v in value) + "}"
                    print(f"{name} = {value}", file=conf)
                else:
                    print(f'{name} = "{value}"', file=conf)

    def verpctl(self, *words, **options):
        done = subprocess.run([VERPCTL, "-c", self.conf, *words], text=True,
                              capture_output=True, check=False, **options)
        tap.check_equal(done.returncode, 0,
                        f"verpctl {words[0]}: {done.stderr}")
        return done.stdout

    def mint(self, campaign, number):
        """Return paths for user0@example.org and so on."""
        return self.mint_for(campaign, [f"user{i}@example.org"
                                        for i in range(number)])

    def mint_for(self, campaign, people):
        lines = self.verpctl(
            "token", "mint", "--form", "readable", "--campaign", campaign,
            input="".join(person + "\n" for person in people)).splitlines()
        tap.check_equal(len(lines), len(people), "tokens minted")
        return [line.split()[-1] for line in lines]

    def query(self, sql):
        db = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True,
                             timeout=PATIENCE)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def count(self, table="events"):
        return self.query(f"SELECT count(*) FROM {table}")[0][0]


class Daemon:
    """A verpd that runs; ends with the test at the latest."""

    running = []

    def __init__(self, site, *options, ready=True, env=None, pass_fds=(),
                 preexec_fn=None, argv0=None, quiet=False):
        self.site = site
        self.log_path = os.path.join(site.root, "log")
        self.notify_path = os.path.join(site.root, "notify")
        if os.path.exists(self.notify_path):
            os.unlink(self.notify_path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        self.notify.settimeout(PATIENCE)
        environment = dict(os.environ, NOTIFY_SOCKET=self.notify_path,
                           **(env or {}))
        self.log_start = os.path.getsize(self.log_path) \
            if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*(argv0 or []), VERPD, "-f", *([] if quiet else ["-v"]),
                 "--allow-root", "-c", site.conf, *options],
                stderr=log, stdin=subprocess.DEVNULL, env=environment,
                pass_fds=pass_fds, preexec_fn=preexec_fn)
        Daemon.running.append(self)
        if ready:
            self.wait_notify("READY=1")

    def wait_notify(self, what):
        while True:
            try:
                got = self.notify.recv(4096).decode()
            except socket.timeout as late:
                raise AssertionError(f"no {what}\n{self.log()}") from late
            if got.startswith(what):
                return got

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            log.seek(self.log_start)
            return log.read()

    def log_has(self, text):
        return tap.wait_for(f'"{text}" in the log', lambda: text in self.log(),
                            PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, status=0):
        try:
            got = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"still running\n{self.log()}") from late
        tap.check_equal(got, status, f"exit status\n{self.log()}")
        self.notify.close()
        Daemon.running.remove(self)

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait()

    def connect(self, hello=True):
        return Client(self.site.socket, hello)

    def resident(self, what="VmHWM"):
        """The most that ever was, or another line of proc(5)'s status, in
        octets."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as s:
            for line in s:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no " + what)

    def thread_ticks(self, name):
        """What the thread NAME took of the processors, as proc(5) counts."""
        for stat in glob.glob(f"/proc/{self.process.pid}/task/*/stat"):
            with open(stat, encoding="ascii") as s:
                head, _, fields = s.read().rpartition(")")
            if head.endswith("(" + name):
                return sum(map(int, fields.split()[11:13]))
        raise AssertionError("no thread " + name)

    def crowd(self, token):
        """A hundred sessions, each with a full message and a long envelope,
        all at once."""
        recipient = "x" * 900 + "@bounces.test"
        piece = b"A" * 76 + b"\r\n"
        message = (b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
                   b"Content-Transfer-Encoding: base64\r\n\r\n"
                   + piece * 4000)
        clients = [self.connect() for _ in range(100)]
        for client in clients:
            client.begin_data(token, *[recipient] * 70)
            client.send(message)
        for client in clients:
            client.send(b".\r\n")
        for client in clients:
            client.expect(*[250] * 71)
            client.quit()

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as s:
            fields = s.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kill_all():
    for daemon in list(Daemon.running):
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.wait()
        Daemon.running.remove(daemon)


atexit.register(kill_all)


class Client:
    """One LMTP session."""

    def __init__(self, where, hello=True):
        if isinstance(where, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.connect(where)
        self.buffer = b""
        if hello:
            self.expect(220)
            self.say(b"LHLO client.test\r\n", 250)

    def send(self, octets):
        self.socket.sendall(octets)

    def line(self):
        """The next line without its end; b"" at the end of the session."""
        while b"\n" not in self.buffer:
            got = self.socket.recv(65536)
            if not got:
                tap.check_equal(self.buffer, b"", "half a line")
                return b""
            self.buffer += got
        line, self.buffer = self.buffer.split(b"\n", 1)
        tap.check(line.endswith(b"\r"), "a line without CR", line)
        return line[:-1]

    def reply(self):
        """The text of the next reply, its last line."""
        line = self.line()
        while line[3:4] == b"-":
            line = self.line()
        return line

    def expect(self, *codes):
        """Reads a reply for each of CODES; the last one's text."""
        text = b""
        for code in codes:
            text = self.reply()
            tap.check_equal(text[:3], str(code).encode(), text)
        return text

    def expect_end(self):
        tap.check_equal(self.line(), b"", "the end of the session")
        self.close()

    def say(self, octets, *codes):
        self.send(octets)
        return self.expect(*codes)

    def envelope(self, *recipients, sender=""):
        self.say(b"MAIL FROM:<%s>\r\n" % sender.encode(), 250)
        for recipient in recipients:
            self.say(b"RCPT TO:<%s>\r\n" % recipient.encode(), 250)

    def begin_data(self, *recipients):
        self.envelope(*recipients)
        self.say(b"DATA\r\n", 354)

    def deliver(self, message, *recipients):
        """Sends a whole message; the texts of its replies."""
        self.begin_data(*recipients)
        self.send(message + b".\r\n")
        return [self.reply() for _ in recipients]

    def quit(self):
        self.say(b"QUIT\r\n", 221)
        self.expect_end()

    def close(self):
        self.socket.close()


def seconds_since(start):
    return time.monotonic() - start


def run(tests):
    """tap.run(), and no daemon outlives its test; that none left a sanitizer's
    report behind is a test of each."""
    def after(_name):
        logs = [daemon.log() for daemon in Daemon.running]
        kill_all()
        for log in logs:
            tap.check("Sanitizer: " not in log
                      and "runtime error: " not in log, log)
    tap.run(tests, after)
