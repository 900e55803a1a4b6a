#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl export --postfix: a Postfix that reads the table answers as `check`
does, for stores made at random; and sees that it was replaced."""
import itertools
import os
import random
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import instance  # noqa: E402
import messages  # noqa: E402
import peer  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

BY = ("--reason", "r", "--actor", "eve")
STREAMS = ("marketing", "transactional")
TEXT = ('stream "transactional" { campaigns = {"receipt*"} '
        'complaint_exempt = yes }\n')
REFUSED = "550 5.7.1 suppressed by verpd: see verpctl why"
ROUTED = "error:5.7.1 suppressed by verpd: see verpctl why"
DOMAINS = ["a.test", "b.a.test", "c.b.a.test", "d.c.b.a.test", "x.test",
           "a.test.example", "xn--bcher-kva.test"]
# of more labels than there are patterns for where nothing needs more
DEEP = "9.8.7.6.5.4.3.2.x.test"
DOMAINS.append(DEEP)
# besides those, some of which nothing is ever said
ASKED = DOMAINS + ["z.a.test", "z.b.a.test", "z.y.c.b.a.test", "za.test",
                   "1.2.3.4.5.6.7.x.test", "test", "other.example",
                   ".".join("abcdefghijkl") + ".b.a.test", f"1.2.{DEEP}"]
LOCALS = ["ana", "ana+x", "ana+x+y", "bob", "o'neil", '"c d"', "b.o.b",
          "a-b", "stra\u00dfe", '"f@g"']
DOTS = '".d..e."'  # which smtpd(8) asks without quotes, too

SCRATCH = rig.scratch()
WORLD = peer.Peer()
POSTFIX = instance.PrivatePostfix(SCRATCH, WORLD.port)
TYPES = [kind for kind in ("cdb", "lmdb", "texthash", "sqlite")
         if kind in POSTFIX.command("postconf", "-m").stdout.split()]
print("# with", *TYPES)


class Store:
    """A verpd that never runs."""

    count = itertools.count()

    def __init__(self):
        self.verpd = daemon.Verpd(
            os.path.join(SCRATCH, f"store{next(self.count)}"), rig.BUILD,
            instance.HOSTNAME, TEXT)
        self.verpd.init()
        self.run = self.verpd.verpctl

    def export(self, kind, name, *argv):
        """Exports; the path, and what main.cf is to have, in a line each."""
        path = os.path.join(self.verpd.state, name)
        said = self.run("export", "--postfix", kind, "--output", path, *argv)
        return path, re.sub(r"\n(?=\s)", " ", said).splitlines()[1:]

    def may_send(self, address, stream):
        done = self.verpd.command("check", "--stream", stream, address)
        tap.check(done.returncode in (0, 1), done)
        return done.returncode == 0


def configure(lines):
    """main.cf has LINES; what check_recipient_access asks, as postmap(1)
    wants it."""
    tap.check("$verpd_suppressed, ..." in lines[-1], lines)
    done = POSTFIX.command("postconf", "-e", *lines[:-1], lines[-1].replace(
        "...", "permit_mynetworks, reject"))
    tap.check_equal(done.returncode, 0, done.stderr)
    return POSTFIX.command("postconf", "-xh",
                           "verpd_suppressed").stdout.strip()


def ask(table, keys):
    """What each of KEYS is in TABLE."""
    done = POSTFIX.command("postmap", "-q", "-", table,
                           input="".join(key + "\n" for key in keys))
    tap.check(done.returncode in (0, 1) and not done.stderr, done)
    return dict(line.split("\t") for line in done.stdout.splitlines())


def walk(address):
    """What transport(5) is asked for, without a recipient_delimiter."""
    domain = address.rpartition("@")[2]
    labels = domain.split(".")
    return [address, domain, *("." + ".".join(labels[i:])
                               for i in range(1, len(labels)))]


def ask_transport(table, addresses):
    """What becomes of each of ADDRESSES that does not pass."""
    found = ask(table, sorted({key for address in addresses
                               for key in walk(address)}))
    first = {address: next((found[key] for key in walk(address)
                            if key in found), ":") for address in addresses}
    return {address: value for address, value in first.items()
            if value != ":"}


def some_of(chance, what):
    return [one for one in what if chance.random() < 0.5]


def fill(store, chance):
    """Anything that is said of anybody, in some streams."""
    def stream():
        return chance.choice([(), *(("--stream", name) for name in STREAMS)])

    def address():
        return f"{chance.choice(LOCALS)}@{chance.choice(DOMAINS)}"
    for domain in some_of(chance, DOMAINS):
        store.run("add", "--domain", domain, *stream(), *BY,
                  *some_of(chance, ["--subdomains"]))
    for domain in some_of(chance, DOMAINS):
        one = ("--cause", "manual", "--stream", chance.choice(STREAMS))
        store.run("allow", "--domain", domain, *BY,
                  *some_of(chance, ["--subdomains"]),
                  *chance.choice([one, stream()]))
    for _ in range(chance.randrange(6)):
        store.run("allow", address(), *BY, *chance.choice(
            [("--cause", "manual", "--stream", chance.choice(STREAMS)),
             stream()]))
    rows = ["address,stream,cause,since,until,note"]
    for _ in range(12):
        cause = chance.choice(["manual", "hard", "soft", "complaint",
                               "unsubscribe"])
        name = chance.choice(["", *STREAMS])
        if cause == "unsubscribe":
            name = chance.choice(STREAMS)
        elif cause != "manual":
            name = ""
        rows.append('"' + address().replace('"', '""')
                    + f'",{name},{cause},2026-01-01T00:00:00Z,forever,')
    store.run("import", *BY, "-",
              input="\n".join(rows) + "\n")


def test_as_check():
    """Every type, both uses, both streams, addresses known and unknown."""
    for seed in range(int(os.environ.get("VERPD_STORES", "3"))):
        chance = random.Random(seed)
        store = Store()
        fill(store, chance)
        asked = [f"{local}@{domain}" for local in LOCALS for domain in ASKED]
        for stream in STREAMS:
            some = chance.sample(asked, 50)
            wanted = {a for a in some if not store.may_send(a, stream)}
            print(f"# store {seed}, {stream}: {len(wanted)} of {len(some)}")
            for kind in TYPES:
                _, lines = store.export(kind, kind, "--stream", stream)
                answers = ask(configure(lines), some)
                tap.check_equal(set(answers), wanted,
                                f"seed {seed} {stream} {kind}")
                tap.check_equal(set(answers.values()) - {REFUSED}, set())
                _, lines = store.export(kind, kind + "-route", "--as",
                                        "transport", "--stream", stream)
                answers = ask_transport(lines[-1].split(", ")[-1], some)
                tap.check_equal(set(answers), wanted,
                                f"seed {seed} {stream} {kind} transport")
                tap.check_equal(set(answers.values()) - {ROUTED}, set())


def rcpt(addresses):
    """Those of ADDRESSES that smtpd(8) refuses."""
    refused = set()
    with POSTFIX.smtp() as session:
        session.mail("a@sender.example", ["SMTPUTF8"])
        for address in addresses:
            code, text = session.rcpt(address)
            tap.check(code == 250 or b"suppressed by verpd" in text, text)
            if code != 250:
                refused.add(address)
    return refused


def test_smtpd():
    """smtpd(8) itself, that knows sub-addresses and takes parents for
    domains; each type, and what is exported anew counts from the next session
    on, but for those that the page says are read once."""
    addresses = [f"{local}@{domain}" for local in LOCALS + [DOTS]
                 for domain in ASKED + ["b\u00fccher.test"]]
    POSTFIX.command("postconf", "-e", "recipient_delimiter = +",
                    "smtpd_error_sleep_time = 0",
                    "smtpd_soft_error_limit = 10000",
                    "smtpd_hard_error_limit = 10000")
    # as Debian has it
    POSTFIX.command("postconf", "-F",
                    f"127.0.0.1:{POSTFIX.port}/inet/chroot=y")
    POSTFIX.start()
    for kind in TYPES:
        chance = random.Random(kind)
        store = Store()
        fill(store, chance)
        store.run("add", f"{DOTS}@x.test", '"f@g"@x.test', *BY)
        _, lines = store.export(kind, "table")
        configure(lines)
        POSTFIX.reload()
        wanted = {a for a in addresses if not store.may_send(a, STREAMS[0])}
        tap.check_equal(rcpt(addresses), wanted, kind)
        store.run("add", "--domain", "other.example", *BY)
        store.export(kind, "table")
        again = wanted | {a for a in addresses
                          if a.endswith("@other.example")}
        if kind in ("cdb", "lmdb"):
            tap.wait_for(f"{kind} to be read", lambda a=again:
                         rcpt(addresses) == a)
        else:
            tap.check_equal(rcpt(addresses), wanted, kind)
            POSTFIX.reload()
            tap.wait_for(f"{kind} to be read", lambda a=again:
                         rcpt(addresses) == a)
    tap.check("verpctl why," not in POSTFIX.log())


def test_transport():
    """sendmail(1) passes smtpd(8) by: its mail is returned."""
    store = Store()
    store.run("add", "--domain", "a.test", *BY)
    store.run("allow", "ana@a.test", "--cause", "manual", "--stream",
              "marketing", *BY)
    store.run("add", '"c d"@b.test', "..e.@b.test", '"f@g"@b.test', *BY)
    _, lines = store.export("cdb", "route", "--as", "transport")
    tap.check("recipient_delimiter" in lines[0], lines)
    POSTFIX.configure(lines[-1].replace("..., ", ""))
    POSTFIX.sendmail("ana@sender.example", ["ana@a.test", "bob@a.test",
                                            "bob@z.a.test", '"c d"@b.test',
                                            '"..e."@b.test', '"f@g"@b.test',
                                            '"c e"@b.test'],
                     messages.campaign())
    POSTFIX.wait_log(r"to=<bob@a.test>.*status=bounced \(suppressed by verpd")
    for local in ("c d", "..e.", "f@g"):
        POSTFIX.wait_log(f'to=<"{local}"@b.test>.*status=bounced '
                         r'\(suppressed by verpd')
    for address in ("ana@a.test", "bob@z.a.test", '"c e"@b.test'):
        POSTFIX.wait_log(f"to=<{address}>.*status=sent")
    POSTFIX.stop()
    WORLD.stop()


if "cdb" not in TYPES:
    tap.skip_all("needs postfix-cdb")
tap.run([function for name, function in list(globals().items())
         if name.startswith("test_")])
