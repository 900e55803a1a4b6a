# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the benches put upon a server: messages over LMTP and the questions
that Postfix asks, by the C programs beside this file ($BENCH_INTAKE and
$BENCH_MAPS); addresses without end; smtp-sink, to compare with."""
import atexit
import os
import pwd
import random
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import tap  # noqa: E402

CLIENTS = 20  # connections that Postfix opens to one destination
MESSAGE = os.path.join(HERE, "..", "messages", "postfix-user-unknown.eml")


def number(text):
    """What "20", "100k" or "10m" says."""
    return int(text.lower().replace("k", "000").replace("m", "000000"))


def arguments(*defaults):
    """The numbers of the command line, or else DEFAULTS."""
    given = [number(text) for text in sys.argv[1:]]
    return [*given, *defaults[len(given):]]


def the_machine():
    """How busy it is: others may share it."""
    return "load %.1f on %d processors" % (os.getloadavg()[0],
                                           len(os.sched_getaffinity(0)))


def ticks(pid, *fields):
    """Those FIELDS of proc(5)'s stat, as numbered there."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        words = stat.read().rpartition(")")[2].split()
    return [int(words[field - 3]) for field in fields]


def family_cpu(pid):
    """Seconds of processors that PID took and its children, those who ended
    and those who run: for others may share the machine, and seconds on the
    wall say little."""
    took = sum(ticks(pid, 14, 15, 16, 17))
    for child in filter(str.isdigit, os.listdir("/proc")):
        try:
            if ticks(child, 4) == [pid]:
                took += sum(ticks(child, 14, 15))
        except OSError:  # it ended meanwhile
            pass
    return took / os.sysconf("SC_CLK_TCK")


def addresses(seed, count):
    """COUNT addresses, all different, in no order, in some 2,000 domains."""
    dice = random.Random(seed)
    for i in range(count):
        bits = dice.getrandbits(48)
        yield (f"{('ana', 'bob', 'c.d', 'info')[bits & 3]}{bits >> 8:x}"
               f"{i:x}@{('mail', 'd')[bits >> 4 & 1]}{bits % 977}.example")


def write_lines(path, lines):
    with open(path, "w", encoding="ascii") as out:
        out.writelines(line + "\n" for line in lines)
    return path


# ---- messages ----

def deliver(socket, recipients, count, how, clients=CLIENTS):
    """COUNT messages to the recipients of that file in turn, with a connection
    for each if HOW is "new", not "kept"; how many a second were taken."""
    done = subprocess.run(
        [os.environ["BENCH_INTAKE"], socket, recipients, MESSAGE, str(count),
         str(clients), how], check=True, stdout=subprocess.PIPE, text=True)
    return float(done.stdout)


def pour(socket, recipients):
    """Messages without end, on kept connections: the process."""
    # pylint: disable-next=consider-using-with
    return subprocess.Popen(
        [os.environ["BENCH_INTAKE"], socket, recipients, MESSAGE,
         "100000000", str(CLIENTS), "kept"], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)


class Sink:
    """smtp-sink -L on a socket of its own, to which anybody may connect."""

    def __init__(self):
        if not shutil.which("smtp-sink"):
            sys.exit("smtp-sink is missing: apt-get install postfix")
        self.root = tempfile.mkdtemp(prefix="verpd-sink-")
        os.chmod(self.root, 0o755)
        self.socket = os.path.join(self.root, "sink")
        command = ["smtp-sink", "-L"]
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
            command += ["-u", "nobody"]
        self.process = subprocess.Popen([*command, "unix:" + self.socket,
                                         "100"])
        atexit.register(self.stop)
        tap.wait_for("smtp-sink", lambda: os.path.exists(self.socket))
        os.chmod(self.socket, 0o666)

    def stop(self):
        atexit.unregister(self.stop)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.root)


# ---- questions ----

def netstring(name, key):
    question = f"{name} {key}"
    return f"{len(question)}:{question},"


def policy(recipient, sender="news@bounces.test"):
    return ("request=smtpd_access_policy\nprotocol_state=RCPT\n"
            "protocol_name=ESMTP\nclient_address=127.0.0.1\n"
            f"sender={sender}\nrecipient={recipient}\n\n")


def xverp(campaign, recipient, domain="bounces.test"):
    """What Postfix makes of a campaign's sender."""
    return f"{campaign}+{recipient.replace('@', '=')}@{domain}"


def questions(path, texts):
    """They are asked in turn."""
    with open(path, "wb") as out:
        for text in texts:
            out.write(text.encode() + b"\0")
    return path


def ask(socket, path, count, connections):
    """COUNT questions of that file: answers a second, and how long half of
    them took and 99 in 100, and the askers waited for a processor, in
    microseconds."""
    done = subprocess.run(
        [os.environ["BENCH_MAPS"], socket, path, str(count),
         str(connections)], check=True, stdout=subprocess.PIPE, text=True)
    return [int(word) for word in done.stdout.split()]
