# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Postfix of our own in a scratch directory: own configuration, queue and
data, a free port on the loopback.  The system's Postfix, running or not, is
never touched; only its programs are used."""
import os
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
import tap  # noqa: E402

HOSTNAME = "mail.sender.example"
RELOADED = "reload -- version"

# Small delays, so that hours of greylisting pass in seconds.
MAIN = {
    "compatibility_level": "3.6",
    "myhostname": HOSTNAME,
    "mydomain": "sender.example",
    "myorigin": "sender.example",
    "mydestination": "",
    "inet_interfaces": "127.0.0.1",
    "inet_protocols": "ipv4",
    "alias_maps": "",
    "alias_database": "",
    "disable_dns_lookups": "yes",
    "smtp_host_lookup": "native",
    "recipient_delimiter": "+",
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
    "queue_run_delay": "1s",
    "bounce_queue_lifetime": "1h",
    "maximal_queue_lifetime": "1h",
    "smtpd_authorized_xclient_hosts": "127.0.0.1",
    "smtpd_peername_lookup": "no",
    "message_size_limit": "209715200",
    "mailbox_size_limit": "0",
    "in_flow_delay": "0",
}

MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup  unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr    unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce  unix - - n - 0 bounce
defer   unix - - n - 0 bounce
trace   unix - - n - 0 bounce
verify  unix - - n - 1 verify
flush   unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp    unix - - n - - smtp
error   unix - - n - - error
retry   unix - - n - - error
discard unix - - n - - discard
local   unix - n n - - local
lmtp    unix - - n - - lmtp
anvil   unix - - n - 1 anvil
scache  unix - - n - 1 scache
showq   unix n - n - - showq
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def why_not():
    """Why no private Postfix can run here, or ""."""
    if os.geteuid() != 0:
        return "needs root"
    if not shutil.which("postfix"):
        return "needs Postfix"
    return ""


def lines_of(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def join_parameters(text):
    """main.cf TEXT as a list of (name, value), continuation lines joined."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0].isspace():
            found[-1] = (found[-1][0], found[-1][1] + " " + line.strip())
        else:
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip()))
    return found


class PrivatePostfix:
    def __init__(self, scratch, relay_port, main="", master=""):
        """Mail for domains that MAIN routes nowhere else goes to RELAY_PORT.
        MAIN and MASTER are further lines of main.cf and master.cf."""
        self.root = os.path.join(scratch, "postfix")
        self.etc = os.path.join(self.root, "etc")
        self.spool = os.path.join(self.root, "spool")
        self.log_file = os.path.join(self.root, "maillog")
        self.port = free_port()
        self.n_skipped = 0
        data = os.path.join(self.root, "data")
        for folder in (self.etc, self.spool, data):
            os.makedirs(folder)
        shutil.chown(data, "postfix")
        parameters = dict(MAIN)
        parameters.update({
            "queue_directory": self.spool,
            "data_directory": data,
            "maillog_file_prefixes": self.root,
            "maillog_file": self.log_file,
            "relayhost": f"[127.0.0.1]:{relay_port}",
        })
        parameters.update(join_parameters(main))
        self.write("main.cf", "".join(f"{name} = {value}\n" for name, value
                                      in parameters.items()))
        self.write("master.cf", MASTER.format(port=self.port) + master)

    def file(self, name):
        """Where main.cf or master.cf is."""
        return os.path.join(self.etc, name)

    def write(self, name, text):
        """Makes TEXT that file, at once: a program of Postfix's that starts
        just now reads the old one or the new one, never half of it."""
        path = self.file(name)
        with open(path + ".new", "w", encoding="utf-8") as out:
            out.write(text)
        os.replace(path + ".new", path)
        self.settle()

    def private(self, name):
        """Where the socket private/NAME of this instance is."""
        return os.path.join(self.spool, "private", name)

    def command(self, *argv, **options):
        program = argv[0]
        flag = "-C" if program == "sendmail" else "-c"
        done = subprocess.run([program, flag, self.etc, *argv[1:]],
                              text=True, capture_output=True, check=False,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                              **options)
        if program == "postconf":
            self.settle()
        return done

    def settle(self):
        """Postfix's programs wait until main.cf is two seconds old, lest
        somebody still writes: nobody does."""
        past = time.time() - 60
        os.utime(self.file("main.cf"), (past, past))

    def start(self):
        done = self.command("postfix", "start")
        tap.check(done.returncode == 0, "postfix start:", done.stderr,
                  self.log())
        tap.wait_for("Postfix to listen", self.is_listening)

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def configure(self, parameter):
        """Changes a NAME=VALUE of the running instance."""
        self.command("postconf", parameter)
        self.reload()

    def reload(self, seconds=5):
        """Has Postfix read its files, and waits until nothing answers by the
        old ones: master(8) is told and not waited for, and an smtpd(8) that
        is idle may take one more session before it hears of it.  What is
        still busy after SECONDS may end its work by the old ones."""
        old, n_read = self.children(), self.log().count(RELOADED)
        done = self.command("postfix", "reload")
        tap.check(done.returncode == 0, "postfix reload:", done.stderr)
        tap.wait_for("master(8) to read its files",
                     lambda: self.log().count(RELOADED) > n_read)
        end = time.monotonic() + seconds
        while old & self.children() and time.monotonic() < end:
            time.sleep(0.02)

    def children(self):
        """The processes that master(8) runs."""
        master, found = self.pid(), set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                text = lines_of(f"/proc/{pid}/stat")
            except OSError:  # it ended meanwhile
                continue
            if int(text.rpartition(")")[2].split()[1]) == master:
                found.add(int(pid))
        return found

    def pid(self):
        try:
            return int(lines_of(os.path.join(self.spool, "pid",
                                             "master.pid")))
        except (OSError, ValueError):
            return 0

    def stop(self):
        pid = self.pid()
        self.command("postfix", "stop")
        end = time.monotonic() + 10
        while pid and os.path.exists(f"/proc/{pid}"):
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.05)

    def sendmail(self, sender, recipients, message, xverp=False):
        """Submits MESSAGE as a program on this host does."""
        verp = ["-XV"] if xverp else []
        done = self.command("sendmail", *verp, "-f", sender, "-i", "--",
                            *recipients, input=message)
        tap.check(done.returncode == 0, "sendmail:", done.stderr)

    def smtp(self, client_address="", client_name=""):
        """An SMTP session from this host, or from CLIENT_ADDRESS."""
        session = smtplib.SMTP("127.0.0.1", self.port, timeout=60)
        session.ehlo("client.example")
        if client_address:
            code, text = session.docmd(
                "XCLIENT", f"ADDR={client_address} "
                f"NAME={client_name or '[UNAVAILABLE]'}")
            tap.check(code == 220, code, text)
            session.ehlo(client_name or "client.example")
        return session

    def send_from_outside(self, sender, recipients, message,
                          address="192.0.2.77", name="mx.far.example"):
        with self.smtp(address, name) as session:
            session.sendmail(sender, recipients, message)

    def log(self):
        try:
            return lines_of(self.log_file)
        except OSError:
            return ""

    def wait_log(self, pattern, seconds=30):
        return tap.wait_for(f"{pattern} in the mail log",
                            lambda: re.search(pattern, self.log()), seconds)

    def queue(self):
        """The queue ids of what is not delivered yet."""
        done = self.command("postqueue", "-j")
        return re.findall(r'"queue_id": "(\w+)"', done.stdout)

    def flush(self):
        self.command("postqueue", "-f")

    def wait_empty(self, seconds=60):
        tap.wait_for("the queue to empty", self.is_empty, seconds)

    def is_empty(self):
        """With back-offs of a second qmgr(8) may find a file that a delivery
        agent still holds ("skipped, still being delivered"); then it leaves
        it alone until it starts anew, which takes a reload and a trigger.
        Seen about once in a hundred losses."""
        skipped = self.log().count("skipped, still being delivered")
        if skipped > self.n_skipped:
            self.n_skipped = skipped
            self.command("postfix", "reload")
        if self.n_skipped:
            self.flush()
        return not self.queue()
