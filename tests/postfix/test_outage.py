#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpd is stopped, or cannot read its store: what waits and what flows at each
of the four places, that nothing is lost, and that all of it goes on by itself,
by the retries of the queues alone, once it is back."""
import contextlib
import os
import re
import sqlite3
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

DOMAIN = rig.DOMAIN
BASE = f"news-42@{DOMAIN}"
MAIN = """
mynetworks = 127.0.0.0/8
relay_domains = relayed.example
"""
MAPPED = """
127.0.0.1:{port} inet n - n - - smtpd
    -o smtpd_recipient_restrictions=$map_restrictions
"""
RESTRICTIONS = """
map_restrictions = check_recipient_access
    socketmap:unix:private/verpd-map:suppressed, permit_mynetworks, reject
"""


class Outage:
    """A site, and before it another Postfix with a queue of its own, which is
    the program that sends and the remote server that reports."""

    def __init__(self, *places, failure="defer"):
        self.port = instance.free_port()
        self.site = rig.Wired(
            main=MAIN + RESTRICTIONS, master=MAPPED.format(port=self.port),
            options=["--places", ",".join(("intake",) + places)],
            enforce_failure=failure).start()
        self.verpd, self.postfix = self.site.verpd, self.site.postfix
        self.remote = instance.PrivatePostfix(
            os.path.join(self.site.scratch, "remote"), self.postfix.port,
            "myhostname = mx.far.example\n")

    def __enter__(self):
        self.remote.start()
        return self

    def __exit__(self, *_):
        self.remote.stop()
        self.site.stop()

    def sockets(self):
        return [self.postfix.private(name)
                for name in ("verpd", "verpd-map", "verpd-policy")]

    def down(self):
        """As after systemctl stop verpd.socket verpd."""
        self.verpd.stop()
        for path in self.sockets():
            os.rename(path, path + ".down")

    def up(self):
        for path in self.sockets():
            os.rename(path + ".down", path)
        self.verpd.start()

    def sent(self, recipient):
        """The return paths that mail for RECIPIENT left with."""
        with self.site.peer.lock:
            return [sender for sender, rcpt, _ in self.site.peer.accepted
                    if rcpt == recipient]

    def wait_sent(self, recipient, seconds=30):
        tap.wait_for(f"mail for {recipient}", lambda: self.sent(recipient),
                     seconds)
        path, = self.sent(recipient)
        return path

    def asked(self, recipient, port=0, sender=BASE):
        """What smtpd says of mail from SENDER."""
        self.postfix.port, port = port or self.postfix.port, self.postfix.port
        try:
            with self.postfix.smtp() as session:
                session.mail(sender)
                code, text = session.rcpt(recipient)
        finally:
            self.postfix.port = port
        return code, text.decode()


def campaign(postfix, recipient):
    postfix.sendmail(BASE, [recipient], messages.campaign(), xverp=True)


def staff(postfix, recipient):
    postfix.sendmail("ana@sender.example", [recipient], messages.campaign())


def bounce(postfix, token, recipient):
    postfix.sendmail("<>", [token], messages.report(token, recipient))


def reasons(postfix):
    """Why messages wait."""
    return re.findall(r'"delay_reason": "([^"]*)"',
                      postfix.command("postqueue", "-j").stdout)


def wait_reason(postfix, wanted):
    tap.wait_for(wanted, lambda: any(wanted in reason
                                     for reason in reasons(postfix)))


def test_stopped():
    """Campaign mail waits, where it is submitted or where it leaves; bounces
    wait, at the remote server or here; other mail flows."""
    with Outage("sign", "verify", "enforce") as outage:
        verpd, postfix, remote = outage.verpd, outage.postfix, outage.remote
        away, here = verpd.mint_all("news-42", ["eva@far.example",
                                                "ben@far.example"])
        outage.down()
        campaign(remote, "kim@far.example")
        bounce(remote, away, "eva@far.example")
        staff(remote, "staff.1@far.example")
        campaign(postfix, "uma@far.example")
        bounce(postfix, here, "ben@far.example")
        staff(postfix, "staff.2@far.example")
        tap.check_equal(outage.asked("x@relayed.example",
                                     sender="ana@far.example")[0], 250)
        for recipient in ("staff.1@far.example", "staff.2@far.example"):
            tap.check_equal(outage.wait_sent(recipient), "ana@sender.example")
        wait_reason(remote, "rejected: verpd does not answer")
        wait_reason(remote, "451 4.3.0 ")
        tap.wait_for("the bounce to be deferred",
                     lambda: "relay=none, delay=" in postfix.log()
                     and re.search(f"to=<{re.escape(here)}>.*status=deferred",
                                   postfix.log()))
        tap.check_equal(len(postfix.queue()), 2)
        tap.check_equal(len(remote.queue()), 2)
        tap.check_equal(verpd.events(), [])
        start = time.monotonic()
        outage.up()
        # nobody flushes a queue (but see is_empty()); master(8) lets campout,
        # which could not ask, rest for a minute
        remote.wait_empty(100)
        postfix.wait_empty(100)
        for name in ("kim", "uma"):
            path = outage.wait_sent(f"{name}@far.example")
            tap.check(path.startswith(f"news-42+{name}=far.example+"), path)
        tap.comment(f"all came {time.monotonic() - start:.1f} s after start")
        verpd.wait_events("eva@far.example")
        tap.check_equal(sorted(event["address"] for event in verpd.events()),
                        ["ben@far.example", "eva@far.example"])
        verpd.verify()


class Alone(rig.Wired):
    """A site where nobody holds verpd's sockets for it: they are gone when it
    is."""

    def start(self):
        self.verpd.init()
        self.postfix.start()
        self.verpd.start()
        self.wire()
        self.postfix.reload()
        return self


def test_own_sockets():
    """smtp(8) dies of a question that nobody takes, and master(8) starts no
    other one for a while: by default a minute."""
    site = Alone(options=["--places", "intake,sign"], map_listen=[
        f"inet:127.0.0.1:{instance.free_port()}"]).start()
    verpd, postfix = site.verpd, site.postfix
    verpd.stop()
    campaign(postfix, "uma@far.example")
    postfix.wait_log("campout/smtp.*fatal: smtp_generic_maps")
    postfix.wait_log("bad command startup -- throttling")
    staff(postfix, "staff@far.example")
    tap.wait_for("other mail to leave", lambda: len(postfix.queue()) == 1)
    verpd.start()
    start = time.monotonic()
    postfix.wait_empty()
    took = time.monotonic() - start
    tap.comment(f"{took:.1f} s after start")
    tap.check(took < 30, f"{took:.1f} s after start")
    path = [sender for sender, rcpt, _ in site.peer.accepted
            if rcpt == "uma@far.example"]
    tap.check(path[0].startswith("news-42+uma=far.example+"), path)
    site.stop()


def test_stopped_and_open():
    """With enforce_failure = accept campaign mail goes out unasked; as soon as
    verpd is back it is asked again."""
    with Outage("verify", "enforce", failure="accept") as outage:
        verpd, remote = outage.verpd, outage.remote
        verpd.verpctl("add", "--actor", "a", "--reason", "r",
                      "stop@far.example")
        token = verpd.mint("news-42", "eva@far.example")
        tap.check_equal(outage.asked("stop@far.example")[0], 550)
        outage.down()
        tap.check_equal(outage.asked("stop@far.example")[0], 250)
        campaign(remote, "kim@far.example")
        tap.check_equal(outage.wait_sent("kim@far.example"),
                        f"news-42+kim=far.example@{DOMAIN}")
        bounce(remote, token, "eva@far.example")
        wait_reason(remote, "451 4.3.0 ")
        # a map that nobody answers is Postfix's own matter: it waits
        tap.check_equal(outage.asked("kim@far.example", outage.port)[0], 451)
        outage.up()
        tap.check_equal(outage.asked("stop@far.example")[0], 550)
        tap.check_equal(outage.asked("stop@far.example", outage.port)[0], 550)
        remote.wait_empty()
        event, = verpd.wait_events("eva@far.example")
        tap.check_equal(event["trust"], "signed")
        verpd.verify()


@contextlib.contextmanager
def store_broken(verpd):
    """Whoever asks after recipients fails."""
    store = sqlite3.connect(verpd.store, isolation_level=None, timeout=20)
    store.execute("ALTER TABLE recipients RENAME TO elsewhere")
    try:
        yield
    finally:
        store.execute("ALTER TABLE elsewhere RENAME TO recipients")
        store.close()


def store_test(failure, wanted):
    """verpd runs and its store does not: the policy service and `suppressed`
    do as set, bounces wait, `token` answers from its keys."""
    def test():
        with Outage("verify", "enforce", failure=failure) as outage:
            verpd = outage.verpd
            verpd.verpctl("add", "--actor", "a", "--reason", "r",
                          "stop@far.example")
            token = verpd.mint("news-42", "eva@far.example")
            for port in (0, outage.port):
                tap.check_equal(outage.asked("stop@far.example", port)[0], 550)
            with store_broken(verpd):
                for port in (0, outage.port):
                    code, text = outage.asked("stop@far.example", port)
                    tap.check_equal(code, wanted, text)
                tap.check_equal(outage.asked("stop@far.example", 0,
                                             "ana@sender.example")[0], 250)
                code, text = outage.asked(token, 0, "")
                tap.check_equal(code, 250, text)
                bounce(outage.remote, token, "eva@far.example")
                tap.wait_for("the bounce to be deferred", lambda: re.search(
                    f"to=<{re.escape(token)}>.*status=deferred",
                    outage.postfix.log()))
            outage.postfix.wait_empty()
            verpd.wait_events("eva@far.example")
            for port in (0, outage.port):
                tap.wait_for("answers", lambda port=port: outage.asked(
                    "stop@far.example", port)[0] == 550)
            verpd.verify()
    return f"no store, {failure}", test


tap.run([test_stopped, test_own_sockets, test_stopped_and_open, store_test("defer", 451),
         store_test("accept", 250)])
