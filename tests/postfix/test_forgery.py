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
import peer  # noqa: E402
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
        for line in SITE.commands():
            POSTFIX.command("postconf", "-e", line.split("'")[1])
        POSTFIX.reload()
        tap.check_equal(rcpt(SITE, base, "kim@far.example",
                             "127.0.0.1")[0], 250)
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


FILTER = """\
127.0.0.1:{port} inet n - n - - smtpd
    -o content_filter=
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
"""
BOUNCE = f"""\
X-Postfix-Queue-ID: 4XYZ12abcd
X-Postfix-Sender: rfc822; news-42@{DOMAIN}
"""


class Filtered:
    """A site with a content filter, that hands all mail back over the
    loopback.  With IS_SAFE as postfix-config would have it."""

    def __init__(self, is_safe):
        back = instance.free_port()
        self.filter = peer.Filter(back)
        self.site = rig.Wired(main=MAIN + "content_filter = "
                              f"smtp:[127.0.0.1]:{self.filter.port}\n",
                              master=FILTER.format(port=back)).start()
        self.postfix, self.verpd = self.site.postfix, self.site.verpd
        name = f"127.0.0.1:{back}/inet/local_header_rewrite_clients"
        said = self.postfix.command("postconf", "-P", name).stdout
        tap.check_equal(said.strip(), name + " =")
        if not is_safe:
            self.postfix.command("postconf", "-PX", name)
            self.postfix.reload()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.stop()
        self.filter.stop()

    def send(self, sender, recipient, text):
        """As an outsider; it passes the filter."""
        before = len(self.filter.accepted)
        self.postfix.send_from_outside(sender, [recipient], text,
                                       "192.0.2.66", "evil.example")
        tap.wait_for("the filter", lambda: len(self.filter.accepted) > before)

    def counts(self):
        return [(event["address"], event["step"])
                for event in self.verpd.events() if event["step"] != "none"]


def forged_bounces(filtered, unsigned, forged):
    """What an outsider writes as this host's own bounce(8) would, to an
    unsigned return path and to one whose signature is wrong."""
    for number, address in enumerate((unsigned, forged), 1):
        tap.check_equal(rcpt(filtered.site, "", address)[0], 550)
    filtered.postfix.configure("relay_recipient_maps=")
    for number, address in enumerate((unsigned, forged), 1):
        filtered.send("", address, messages.report(
            address, "victim@far.example", reporter=instance.HOSTNAME,
            fields=BOUNCE))
        row = filtered.verpd.wait_forged(number)[-1]
        tap.check_equal(row["address"], address)


def campaign_senders(filtered, unsigned):
    """An outsider's mail from the return path of a victim, and of a campaign,
    to an address here whose target refuses: bounce(8) itself reports."""
    senders = (unsigned, f"news-42+gone.x=far.example@{DOMAIN}",
               f"news-42@{DOMAIN}")
    for sender in senders:
        tap.check_equal(rcpt(filtered.site, sender,
                             "refuses@sender.example")[0], 550, sender)
    filtered.postfix.configure("smtpd_sender_restrictions=")
    for number, sender in enumerate(senders[:2], 3):
        filtered.send(sender, "refuses@sender.example", messages.campaign())
        row = filtered.verpd.wait_forged(number)[-1]
        tap.check_equal(row["address"], sender)
    filtered.send(senders[2], "refuses@sender.example", messages.campaign())
    filtered.postfix.wait_empty()


def submit(filtered, recipient, options=" XVERP=+="):
    """As a campaign's own program, by SMTP; what it sent as is returned when
    it left the filter."""
    before = len(filtered.filter.accepted)
    with filtered.postfix.smtp() as session:
        code, text = session.docmd(
            "MAIL", f"FROM:<news-42@{DOMAIN}>{options}")
        tap.check_equal(code, 250, text)
        tap.check_equal(session.rcpt(recipient)[0], 250)
        tap.check_equal(session.data(messages.campaign())[0], 250)
    tap.wait_for("the filter",
                 lambda: len(filtered.filter.accepted) > before)
    return filtered.filter.accepted[-1][0]


def refused_in_session(filtered):
    """Campaign mail is signed on its way to the filter, so what is refused
    afterwards counts; once, and nothing goes round in a circle."""
    verpd, postfix = filtered.verpd, filtered.postfix
    n_forged = len(verpd.forged())
    seen = len(filtered.filter.accepted)
    path = submit(filtered, "gone.uma@far.example")
    tap.check(path.startswith("news-42+gone.uma=far.example+"), path)
    event, = verpd.wait_events("gone.uma@far.example")
    tap.check_equal((event["step"], event["trust"]), ("hard", "signed"))
    tap.check_equal(submit(filtered, "kim@far.example", ""),
                    f"news-42@{DOMAIN}")
    postfix.wait_empty()
    tap.check_equal(len(filtered.filter.accepted), seen + 2)
    # sendmail(1) passes smtpd(8) by: as doctor says, it is to pass the
    # filter, too, or to go by the transport that signs
    said = filtered.site.verpctl("doctor").stdout
    tap.check("campaign mail of sendmail(1) passes the filter" in said, said)
    tap.check("campaign mail by SMTP" not in said, said)
    line = "pickup/unix/content_filter="
    tap.check(f"postconf -Pe '{line}'" in said, said)
    base = f"news-42@{DOMAIN}"
    postfix.sendmail(base, ["gone.eva@far.example"], messages.campaign(),
                     xverp=True)
    verpd.wait_forged(n_forged + 1)
    for number, (value, trust) in enumerate((
            ("", "local"),
            (f"campscan:[127.0.0.1]:{filtered.filter.port}", "signed"))):
        postfix.command("postconf", "-Pe", line + value)
        postfix.reload()
        address = f"gone.ben{number}@far.example"
        postfix.sendmail(base, [address], messages.campaign(), xverp=True)
        event, = verpd.wait_events(address)
        tap.check_equal((event["step"], event["trust"]), ("hard", trust))
        said = filtered.site.verpctl("doctor").stdout
        tap.check("passes the filter" not in said, said)


def reinjected(is_safe):
    unsigned = f"news-42+victim=far.example@{DOMAIN}"
    with Filtered(is_safe) as filtered:
        verpd = filtered.verpd
        token = verpd.mint("news-42", "victim@far.example")
        at = token.index("@") - 1
        other = "a" if token[at] != "a" else "b"
        forged = token[:at] + other + token[at + 1:]
        forged_bounces(filtered, unsigned, forged)
        campaign_senders(filtered, unsigned)
        tap.check_equal(filtered.counts(), [])
        tap.check_equal(verpd.events("victim@far.example"), [])
        tap.check_equal(verpd.query("SELECT * FROM suppressions"), [])
        # and what is genuine counts there as anywhere
        filtered.send("", token, messages.report(token, "victim@far.example"))
        event, = verpd.wait_events("victim@far.example")
        tap.check_equal((event["step"], event["trust"]), ("hard", "signed"))
        filtered.postfix.sendmail(f"news-42@{DOMAIN}", ["ana@far.example"],
                                  messages.campaign(), xverp=True)
        tap.wait_for("the mail", lambda: filtered.site.peer.accepted)
        path = filtered.site.peer.accepted[-1][0]
        tap.check(path.startswith("news-42+ana=far.example+"), path)
        refused_in_session(filtered)
        verpd.verify()


def test_reinjection():
    """A filter hands mail back over the loopback, from where the campaigns'
    own programs send: forgeries that came in are recorded or refused, and
    none counts."""
    reinjected(True)


def test_reinjection_as_if_local():
    """The same where nobody told the reinjecting smtpd(8) that its mail is not
    of this host."""
    reinjected(False)


tap.run([test_replay, test_reflection, test_enforce_failure,
         test_sub_address, test_reinjection, test_reinjection_as_if_local],
        VERPD.verify)
