# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpd and verpctl in a scratch directory, run as an ordinary user."""
import base64
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import tap  # noqa: E402

USER = "nobody"
SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DOMAIN = "bounces.sender.example"


def quote(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def setting(name, value):
    """One line of verpd.conf."""
    if isinstance(value, (list, tuple)):
        return f"{name} = {{{', '.join(map(quote, value))}}}\n"
    if isinstance(value, str):
        return f"{name} = {quote(value)}\n"
    return f"{name} = {value}\n"


class Verpd:
    """A daemon with its store, keys and configuration below SCRATCH/verpd.
    The programs are copied there, for USER may not reach the build."""

    def __init__(self, scratch, build, own_hosts, text="", user=USER,
                 **settings):
        self.root = os.path.join(scratch, "verpd")
        self.state = os.path.join(self.root, "state")
        self.bin = os.path.join(self.root, "bin")
        self.run = os.path.join(self.root, "run")
        for folder in (self.root, self.bin, self.state, self.run):
            os.makedirs(folder, exist_ok=True)
        for name in ("verpd", "verpctl"):
            shutil.copy(os.path.join(build, "src", name, name), self.bin)
        rules = os.path.join(self.root, "rules.d")
        shutil.copytree(os.path.join(SOURCE, "src", "rules.d"), rules,
                        ignore=shutil.ignore_patterns("meson.build"))
        self.user = user
        for folder in (self.state, self.run):
            shutil.chown(folder, user)
        self.store = os.path.join(self.state, "store.db")
        self.socket = os.path.join(self.run, "lmtp")
        self.conf = os.path.join(self.root, "verpd.conf")
        self.log_file = os.path.join(self.root, "log")
        self.process = self.listener = None
        self.services = {}  # name: socket, beside LMTP's
        keys = os.path.join(self.root, "keys")
        with open(keys, "w", encoding="ascii") as out:
            out.write("1:" + base64.b64encode(os.urandom(32)).decode() + "\n")
        os.chmod(keys, 0o600)
        shutil.chown(keys, user)
        self.settings = {
            "store": self.store,
            "keys": keys,
            "address_key": os.path.join(self.state, "address.key"),
            "rules": [rules],
            "bounce_domains": [DOMAIN],
            "own_hosts": [own_hosts],
            "listen": ["unix:" + self.socket],
            "listen_mode": "0666",
            "hostname": own_hosts,
            "log": "stderr",
            **settings,
        }
        self.text = text
        self.configure()

    def configure(self, **settings):
        """Writes verpd.conf with SETTINGS changed."""
        self.settings.update(settings)
        self.write(self.conf)

    def write(self, path, **settings):
        with open(path, "w", encoding="utf-8") as out:
            for name, value in {**self.settings, **settings}.items():
                out.write(setting(name, value))
            out.write(self.text)

    def command(self, *argv, conf=None, **options):
        options = {"text": True, "capture_output": True, "check": False,
                   "timeout": 120, **options}
        return subprocess.run(
            [os.path.join(self.bin, "verpctl"), "-c", conf or self.conf,
             *argv],
            user=self.user, group="nogroup", extra_groups=[], cwd=self.root,
            **options)

    def verpctl(self, *argv, status=0, **options):
        """Standard output of a verpctl that must exit with STATUS."""
        done = self.command(*argv, **options)
        tap.check(done.returncode == status, "verpctl", *argv,
                  f"exit {done.returncode}", done.stdout, done.stderr)
        return done.stdout

    def init(self):
        self.verpctl("init")

    def activate(self, path, owner, service=""):
        """Listens on PATH for OWNER as systemd does for verpd.socket; the
        daemon inherits it at each start.  SERVICE is map or policy; without
        it, LMTP."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        shutil.chown(path, owner)
        os.chmod(path, 0o600)
        listener.listen(128)
        if service:
            self.services[service] = listener
        else:
            self.socket, self.listener = path, listener

    def inherit(self, argv):
        """ARGV so that it inherits what activate() opened: the descriptors
        from 3 on, and LISTEN_PID the daemon's own (sd_listen_fds(3)); only a
        shell knows that number in time."""
        sockets = {"lmtp": self.listener, **self.services}
        given = [each.fileno() for each in sockets.values()]
        # first out of the way of those that 3, 4... will be
        moves = [f"{20 + i}<&{fd}" for i, fd in enumerate(given)]
        moves += [f"{3 + i}<&{20 + i} {20 + i}<&-"
                  for i in range(len(given))]
        return ["bash", "-c",
                f"LISTEN_FDS={len(given)} LISTEN_PID=$$ "
                f"LISTEN_FDNAMES={':'.join(sockets)}; "
                "export LISTEN_FDS LISTEN_PID LISTEN_FDNAMES; "
                f"exec {' '.join(moves)}; "
                'exec "$@"', "bash", *argv], {"pass_fds": given}

    def start(self, wait=True):
        argv = [os.path.join(self.bin, "verpd"), "-c", self.conf, "-f"]
        options = {}
        if self.listener:
            argv, options = self.inherit(argv)
        with open(self.log_file, "ab") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                argv, user=self.user, group="nogroup", extra_groups=[],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.root, **options)
        with open(os.path.join(self.root, "pid"), "w",
                  encoding="ascii") as out:
            out.write(str(self.process.pid))
        if wait:
            tap.wait_for("verpd to listen\n" + self.log(), self.is_listening)

    def is_listening(self):
        tap.check(self.process.poll() is None, "verpd has gone:", self.log())
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def kill(self, number=signal.SIGKILL):
        """Ends it with signal NUMBER and returns its exit status."""
        if not self.process:
            return None
        self.process.send_signal(number)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        self.process = None
        # GLib's complaints go there too, and none is a mail admin's matter
        tap.check("error: GLib" not in self.log(), self.log()[-2000:])
        return status

    def stop(self):
        return self.kill(signal.SIGTERM)

    def log(self):
        try:
            with open(self.log_file, encoding="utf-8") as text:
                return text.read()
        except OSError:
            return ""

    def memory(self, what="VmHWM"):
        """Most that was ever resident, in octets."""
        with open(f"/proc/{self.process.pid}/status",
                  encoding="ascii") as status:
            for line in status:
                if line.startswith(what + ":"):
                    return int(line.split()[1]) * 1024
        return 0

    def mint(self, campaign, recipient, domain=DOMAIN):
        """A signed return path in DOMAIN."""
        conf = self.conf
        if domain != DOMAIN:
            conf = os.path.join(self.root, domain + ".conf")
            self.write(conf, bounce_domains=[domain])
        return self.verpctl("token", "mint", "--campaign", campaign,
                            recipient, conf=conf).split()[-1]

    def mint_all(self, campaign, recipients):
        """Signed return paths for many, in their order."""
        lines = "".join(f"{campaign}\t{recipient}\n"
                        for recipient in recipients)
        answer = self.verpctl("token", "mint", input=lines)
        found = [line.split("\t")[-1] for line in answer.splitlines()]
        tap.check_equal(len(found), len(recipients), "tokens minted")
        return found

    def stats(self):
        return json.loads(self.verpctl("stats", "--json"))

    def query(self, sql, *values):
        """Rows of the store itself, as dictionaries."""
        store = sqlite3.connect(f"file:{self.store}?mode=ro", uri=True,
                                timeout=10)
        try:
            store.row_factory = sqlite3.Row
            return [dict(row) for row in store.execute(sql, values)]
        finally:
            store.close()

    def events(self, address=None):
        """All events, or those of one recipient, oldest first."""
        return self.query(
            "SELECT r.address, c.name AS campaign, e.* FROM events e"
            " JOIN recipients r ON r.id = e.recipient_id"
            " JOIN campaigns c ON c.id = e.campaign_id"
            " WHERE ?1 IS NULL OR r.address = ?1 ORDER BY e.id", address)

    def wait_events(self, address, count=1, seconds=30):
        """Those of ADDRESS, once there are COUNT."""
        try:
            tap.wait_for(f"{count} events of {address}",
                         lambda: len(self.events(address)) >= count, seconds)
        except AssertionError:
            tap.comment(self.log()[-2000:])
            raise
        return self.events(address)

    def forged(self):
        return self.query("SELECT * FROM forged ORDER BY id")

    def wait_forged(self, count, seconds=30):
        tap.wait_for(f"{count} forged reports",
                     lambda: sum(row["hits"] for row in self.forged())
                     >= count, seconds)
        return self.forged()

    def verify(self, _name=""):
        """The store is whole and every counter follows from the events."""
        self.verpctl("verify")


class Lmtp:
    """A client of LMTP on the socket PATH; replies are (code, text)."""

    def __init__(self, path, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()
        self.capabilities = self.say("LHLO client.example")[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def reply(self):
        text = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise EOFError(f"the server closed: {line!r}")
            text.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] != b"-":
                return int(line[:3]), "\n".join(text)

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()

    def send(self, sender, recipients, message, xforward=""):
        """One transaction; the replies after the dot, one a recipient.
        MESSAGE is octets, or an iterable of octets."""
        if xforward:
            tap.check_equal(self.say("XFORWARD " + xforward)[0], 250)
        code, text = self.say(f"MAIL FROM:<{sender}>")
        if code != 250:
            return [(code, text)]
        for recipient in recipients:
            code, text = self.say(f"RCPT TO:<{recipient}>")
            tap.check(code == 250, code, text)
        tap.check_equal(self.say("DATA")[0], 354)
        if isinstance(message, bytes):
            message = [message]
        for piece in message:
            self.socket.sendall(piece)
        self.socket.sendall(b"\r\n.\r\n")
        return [self.reply() for _ in recipients]


