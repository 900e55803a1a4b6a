#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every wiring that `verpctl postfix-config` prints: a domain of its own or a
sub-address, LMTP or pipe, which of sign, verify and enforce, as commands or as
fragments.  All are accepted without a word by Postfix and by doctor; through
some of them mail goes, bounces come, and forgeries do not."""
import itertools
import json
import os
import shlex
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

DOMAIN = rig.DOMAIN
PLACES = ("sign", "verify", "enforce")
MAIN = """
mynetworks = 127.0.0.0/8
maximal_queue_lifetime = 5d
bounce_queue_lifetime = 5d
"""
SUB_ADDRESS = f"mydestination = {DOMAIN}\nlocal_recipient_maps =\n"
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
    -o content_filter=
submission inet n - n - - smtpd
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
"""


def options(is_pipe=False, places=PLACES, as_fragments=False):
    return (["--places", ",".join(("intake",) + tuple(places))]
            + ["--pipe"] * is_pipe + ["--fragments"] * as_fragments)


def site_of(sub_address="", master="", **wish):
    main = MAIN + (SUB_ADDRESS if sub_address else "")
    return rig.Wired(main=main, master=master, options=options(**wish),
                     sub_address=sub_address, map_connection_limit=1000)


def is_silent(site, about):
    """Postfix has nothing to say of it, and doctor neither."""
    for argv in (("postconf", "-n"), ("postconf", "-M"), ("postfix", "check")):
        done = site.postfix.command(*argv)
        tap.check_equal((done.returncode, done.stderr), (0, ""), about)
    done = site.verpctl("doctor")
    tap.check(done.returncode == 0 and "nothing wrong" in done.stdout, about,
              done.stdout, done.stderr)


def test_all():
    """The whole matrix, each from the same beginnings."""
    wishes = list(itertools.product(
        (False, True), [places for n in range(4)
                        for places in itertools.combinations(PLACES, n)],
        (False, True)))
    for sub_address in ("", "b"):
        site = site_of(sub_address, MASTER.format(port=instance.free_port()))
        begin = {name: instance.lines_of(site.postfix.file(name))
                 for name in ("main.cf", "master.cf")}
        site.start()
        for is_pipe, places, as_fragments in wishes:
            for name, text in begin.items():
                site.postfix.write(name, text)
            site.options = options(is_pipe, places, as_fragments)
            about = (sub_address, *site.options)
            site.wire()
            is_silent(site, about)
            # all is in place, whichever way it came there
            site.options = options(is_pipe, places)
            tap.check_equal(site.commands(), [], about)
        site.stop()


class Mail:
    """What a campaign and its readers do at a SITE that is wired in PLACES."""

    def __init__(self, site, places):
        self.site, self.places = site, places
        self.verpd, self.postfix = site.verpd, site.postfix
        sub = site.verpd.settings.get("sub_address", "")
        self.base = (sub + "+" if sub else "") + f"news-42@{DOMAIN}"

    def xverp(self, recipient):
        name, domain = self.base.split("@")
        return f"{name}+{recipient.replace('@', '=')}@{domain}"

    def asked(self, sender, recipient, client="192.0.2.77"):
        with self.postfix.smtp(client, "mx.far.example") as session:
            session.mail(sender)
            return session.rcpt(recipient)

    def send(self, recipient):
        self.postfix.sendmail(self.base, [recipient], messages.campaign(),
                              xverp=True)

    def leaves(self):
        """Signed where that is wired; a return path for bounces."""
        self.send("ana@far.example")
        tap.wait_for("the mail", lambda: self.site.peer.accepted)
        path = self.site.peer.accepted[-1][0]
        if "sign" not in self.places:
            tap.check_equal(path, self.xverp("ana@far.example"))
            return self.verpd.mint("news-42", "ana@far.example")
        tap.check(path.startswith(self.xverp("ana@far.example")
                                  .split("@")[0] + "+"), path)
        return path

    def comes_back(self, path):
        self.postfix.send_from_outside("", [path], messages.report(
            path, "ana@far.example"))
        event, = self.verpd.wait_events("ana@far.example")
        tap.check_equal((event["step"], event["trust"]), ("hard", "signed"))
        self.send("gone.uma@far.example")
        event, = self.verpd.wait_events("gone.uma@far.example")
        tap.check_equal((event["step"], event["trust"]), ("hard", "local"))

    def forged(self, path):
        """Unsigned, and one character changed."""
        at = path.index("@") - 1
        other = "a" if path[at] != "a" else "b"
        for address in (self.xverp("ben@far.example"),
                        path[:at] + other + path[at + 1:]):
            code, text = self.asked("", address)
            tap.check_equal(code // 100, 5 if "verify" in self.places else 2,
                            text)
            if "verify" not in self.places:
                count = len(self.verpd.forged())
                self.postfix.send_from_outside("", [address], messages.report(
                    address, "ben@far.example"))
                self.verpd.wait_forged(count + 1)
        tap.check_equal(self.verpd.events("ben@far.example"), [])

    def suppressed(self):
        code, text = self.asked(self.base, "ana@far.example", "127.0.0.1")
        tap.check_equal(code, 550 if "enforce" in self.places else 250, text)
        tap.check_equal(self.asked("staff@sender.example", "ana@far.example",
                                   "127.0.0.1")[0], 250)


def is_mended(site):
    """doctor knows how bounces come here though no table says so."""
    site.postfix.command("postconf", "-e", "transport_maps=")
    rows = [json.loads(line) for line in
            site.verpctl("doctor", "--json").stdout.splitlines()]
    tap.check_equal([row["check"] for row in rows], ["transport"])
    words = shlex.split(rows[0]["mend"])
    site.postfix.command(*words)
    is_silent(site, words)


def flow_test(name, sub_address="", **wish):
    def test():
        site = site_of(sub_address, **wish).start()
        is_silent(site, name)
        mail = Mail(site, wish.get("places", PLACES))
        path = mail.leaves()
        mail.forged(path)
        mail.comes_back(path)
        mail.suppressed()
        done = site.verpctl("selftest")
        tap.check_equal(done.returncode, 0, done.stdout)
        site.postfix.wait_empty()
        relays = "pipe" if wish.get("is_pipe") else "lmtp"
        tap.check(f"postfix/verpd/{relays}[" in site.postfix.log())
        is_mended(site)
        site.verpd.verify()
        site.stop()
    return name, test


tap.run([
    test_all,
    flow_test("pipe, own domain", is_pipe=True),
    flow_test("pipe, sub-address", "b", is_pipe=True),
    flow_test("LMTP, sub-address", "b"),
    flow_test("pipe, sub-address, fragments", "b", is_pipe=True,
              as_fragments=True),
    flow_test("LMTP, own domain, fragments", as_fragments=True),
    flow_test("sign alone", places=("sign",)),
    flow_test("verify alone", places=("verify",)),
    flow_test("enforce alone", places=("enforce",)),
    flow_test("verify alone, sub-address", "b", places=("verify",)),
])
