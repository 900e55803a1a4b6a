#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an attacker could try, against a Postfix wired by postfix-config; and
the same wiring below a sub-address."""
import os
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
MAIN = """
mynetworks = 127.0.0.0/8
virtual_alias_domains = sender.example
virtual_alias_maps = inline:{{refuses@sender.example=gone.x@far.example}}
"""
SITE = rig.Wired(main=MAIN).start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd


def rcpt(site, sender, address, client="192.0.2.66"):
    """What smtpd says to an outsider."""
    with site.postfix.smtp(client, "evil.example") as session:
        session.mail(sender)
        return session.rcpt(address)


def test_replay():
    """One genuine report with a hundred Message-Ids is one step."""
    token = VERPD.mint("news-42", "ana@far.example")
    for number in range(100):
        POSTFIX.send_from_outside("", [token], messages.report(
            token, "ana@far.example", status="4.2.2",
            diagnostic="452 4.2.2 mailbox full", name=f"replay{number}"))
    events = VERPD.wait_events("ana@far.example", 100, 60)
    tap.check_equal([event["step"] for event in events].count("soft"), 1)
    tap.check_equal(VERPD.command("check", "ana@far.example").returncode, 0)


def test_reflection():
    """Mail from a victim's XVERP address to one who refuses: refused; and
    where nobody checks senders, the report is forged and counts for
    nothing."""
    victim = f"news-42+victim=far.example@{DOMAIN}"
    tap.check_equal(rcpt(SITE, victim, "refuses@sender.example")[0], 550)
    old = POSTFIX.command("postconf", "-h",
                          "smtpd_sender_restrictions").stdout.strip()
    POSTFIX.configure("smtpd_sender_restrictions=")
    try:
        POSTFIX.send_from_outside(victim, ["refuses@sender.example"],
                                  messages.campaign(), "192.0.2.66",
                                  "evil.example")
        row = VERPD.wait_forged(1)[-1]
        tap.check_equal(row["address"], victim)
        tap.check_equal(VERPD.events("victim@far.example"), [])
    finally:
        POSTFIX.configure("smtpd_sender_restrictions=" + old)


def test_enforce_failure():
    """verpd is stopped: campaign mail is deferred, or accepted if so set."""
    VERPD.stop()
    try:
        base = f"news-42@{DOMAIN}"
        code, text = rcpt(SITE, base, "kim@far.example", "127.0.0.1")
        tap.check_equal(code, 451, text)
        with open(VERPD.conf, "a", encoding="utf-8") as conf:
            conf.write('enforce_failure = "accept"\n')
        for line in SITE.config():
            POSTFIX.command("postconf", "-e", line.split("'")[1])
        POSTFIX.command("postfix", "reload")
        tap.wait_for("campaign mail to be accepted",
                     lambda: rcpt(SITE, base, "kim@far.example",
                                  "127.0.0.1")[0] == 250)
    finally:
        VERPD.start()
    tap.check_equal(rcpt(SITE, base, "kim@far.example", "127.0.0.1")[0], 250)


def test_sub_address():
    """Signed, verified and enforced below b+."""
    site = rig.Wired(main="mynetworks = 127.0.0.0/8\n"
                     f"mydestination = {DOMAIN}\nlocal_recipient_maps =\n",
                     sub_address="b").start()
    try:
        base = f"b+news-42@{DOMAIN}"
        site.postfix.sendmail(base, ["ana@far.example"], messages.campaign(),
                              xverp=True)
        tap.wait_for("the mail", lambda: site.peer.accepted)
        path = site.peer.accepted[0][0]
        tap.check(path.startswith("b+news-42+ana=far.example+"), path)
        tap.check_equal(rcpt(site, "", path)[0], 250)
        at = path.index("@") - 1
        wrong = path[:at] + ("a" if path[at] != "a" else "b") + path[at + 1:]
        tap.check(rcpt(site, "", wrong)[0] in (550, 554), wrong)
        site.verpd.verpctl("add", "--actor", "a", "--reason", "r",
                           "stop@far.example")
        code, text = rcpt(site, base, "stop@far.example", "127.0.0.1")
        tap.check_equal((code, b"suppressed by verpd" in text), (550, True),
                        text)
        done = site.verpctl("selftest")
        tap.check_equal(done.returncode, 0, done.stdout)
        site.verpd.verify()
    finally:
        site.stop()


tap.run([test_replay, test_reflection, test_enforce_failure,
         test_sub_address], VERPD.verify)
