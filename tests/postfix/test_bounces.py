#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes back through a real Postfix over LMTP: bounces it writes itself,
bounces from outside to signed addresses, and everything that only looks like
either and so must count for nothing."""
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

DOMAIN, HOST = rig.DOMAIN, instance.HOSTNAME
BASE = f"news-42@{DOMAIN}"
# Forwardings as any site has them, and a catch-all behind which the address
# the mail came to is lost but for ORCPT.
SITE = rig.Site(main=f"""
virtual_alias_domains = alias.example
virtual_alias_maps = regexp:{{
    {{/^fwd@alias\\.example$$/ gone.friend@far.example}}
    {{/^victim@alias\\.example$$/ gone.victim@victims.example}}
    {{/@orcpt\\.example$$/ collect@{DOMAIN}}} }}
relay_domains = {DOMAIN}, orcpt.example
""", bounce_domains=[DOMAIN, "orcpt.example"]).start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd


def xverp(recipient, base="news-42", domain=DOMAIN):
    return f"{base}+{recipient.replace('@', '=')}@{domain}"


def forged_by(action, count=1):
    """The forged rows that ACTION adds; it must add COUNT and no event."""
    before, events = VERPD.forged(), VERPD.events()
    action()
    hits = sum(row["hits"] for row in before)
    rows = VERPD.wait_forged(hits + count)
    POSTFIX.wait_empty()
    tap.check_equal(VERPD.events(), events, "events")
    return rows[len(before):]


def may_mail(address):
    return VERPD.command("check", address).returncode == 0


def own_report(victim, **changes):
    """A report as this host's bounce(8) would write it."""
    facts = {"reporter": HOST,
             "fields": f"X-Postfix-Sender: rfc822; {BASE}\n", **changes}
    return messages.report(xverp(victim), victim, **facts)


def test_local_bounces_count():
    manners = {
        "gone.ana@far.example": ("hard", "bad-mailbox"),
        "plain.bea@far.example": ("hard", "bad-mailbox"),
        "full.cleo@far.example": ("soft", "mailbox-full"),
        "large.dora@far.example": ("soft", "too-big"),
        "blocked.emil@far.example": ("block", "blocked"),
        "spam.fritz@far.example": ("block", "content"),
    }
    POSTFIX.sendmail(BASE, [*manners, "good.gina@far.example"],
                     messages.campaign(), xverp=True)
    for address, wanted in manners.items():
        event, = VERPD.wait_events(address)
        tap.check_equal((event["class"], event["reason"]), wanted, event)
        tap.check_equal(event["trust"], "local", address)
        tap.check_equal(event["campaign"], "news-42", address)
        tap.check_equal(event["client"], "local", address)
        POSTFIX.wait_log(re.escape(
            f"{event['queue_id']}: to=<{xverp(address)}>"))
        tap.check_equal(may_mail(address), wanted[0] != "hard", address)
    POSTFIX.wait_empty()
    tap.check(may_mail("good.gina@far.example"), "the good address")
    tap.check_equal(VERPD.events("good.gina@far.example"), [])
    tap.check_equal(VERPD.forged(), [])


def test_local_bounces_to_odd_addresses():
    """XVERP joins with "+" and "=", which addresses may hold as well."""
    for given, folded in (
            ("gone.ana+list@far.example", "gone.ana+list@far.example"),
            ("gone.a=b@far.example", "gone.a=b@far.example"),
            ("gone.o'neill@far.example", "gone.o'neill@far.example"),
            ("gone.a-b_c/d{e}@far.example", "gone.a-b_c/d{e}@far.example"),
            ("Gone.Upper@Far.Example", "gone.upper@far.example"),
            ("gone." + "x" * 55 + "@far.example",
             "gone." + "x" * 55 + "@far.example"),
            ("gone.jos\u00e9@far.example", "gone.jos\u00e9@far.example"),
            ("gone.idn@xn--bcher-kva.example",
             "gone.idn@xn--bcher-kva.example")):
        POSTFIX.sendmail(BASE, [given], messages.campaign(), xverp=True)
        event, = VERPD.wait_events(folded, 1, 10)
        tap.check_equal((event["class"], event["trust"]), ("hard", "local"))
        tap.check(not may_mail(given), given)


def test_queue_id_is_in_both_logs():
    POSTFIX.sendmail(BASE, ["gone.hugo@far.example"], messages.campaign(),
                     xverp=True)
    event, = VERPD.wait_events("gone.hugo@far.example")
    for log in (POSTFIX.log, VERPD.log):
        tap.wait_for("the log line", lambda log=log:
                     f"{event['queue_id']}: to=<" in log())


def test_no_xverp_no_recipient():
    """A bounce to the campaign's own address names nobody it may touch."""
    POSTFIX.sendmail(BASE, ["gone.ida@far.example"], messages.campaign())
    POSTFIX.wait_log(r"to=<news-42@bounces\S+,.*status=sent")
    tap.check(may_mail("gone.ida@far.example"), "ida is not suppressed")


def test_signed_from_outside():
    token = VERPD.mint("news-42", "late.jan@far.example")
    POSTFIX.send_from_outside("", [token], messages.report(
        token, "late.jan@far.example"))
    event, = VERPD.wait_events("late.jan@far.example")
    tap.check_equal((event["class"], event["trust"], event["client"]),
                    ("hard", "signed", "192.0.2.77"))
    tap.check(not may_mail("late.jan@far.example"), "jan is suppressed")


def test_signed_in_capitals():
    token = VERPD.mint("news-42", "late.kim@far.example")
    local, _, domain = token.partition("@")
    POSTFIX.send_from_outside("", [f"{local.upper()}@{domain}"],
                              messages.report(token, "late.kim@far.example"))
    event, = VERPD.wait_events("late.kim@far.example")
    tap.check_equal(event["trust"], "signed")


def test_forwarded_mailbox():
    """The token names the recipient; where it really failed is `via`."""
    token = VERPD.mint("news-42", "lea@far.example")
    POSTFIX.send_from_outside("", [token], messages.report(
        token, "other@elsewhere.example"))
    event, = VERPD.wait_events("lea@far.example")
    tap.check_equal(event["via"], "other@elsewhere.example")
    tap.check(may_mail("other@elsewhere.example"), "the other is untouched")
    tap.check_equal(VERPD.events("other@elsewhere.example"), [])


def test_mixed_recipients():
    good = ["mia@far.example", "ned@far.example"]
    tokens = [VERPD.mint("news-42", address) for address in good]
    name, at, rest = VERPD.mint("news-42", "olga@far.example").partition("@")
    broken = name[:-1] + ("a" if name[-1] != "a" else "b") + at + rest
    row, = forged_in_company(tokens, broken)
    tap.check_equal(row["address"].lower(), broken)
    for address in good:
        event, = VERPD.wait_events(address)
        tap.check_equal(event["class"], "hard")
    tap.check_equal(VERPD.events("olga@far.example"), [])


def forged_in_company(tokens, broken):
    before = len(VERPD.forged())
    POSTFIX.send_from_outside("", [tokens[0], broken, tokens[1]],
                              messages.report(tokens[0], "mia@far.example"))
    POSTFIX.wait_empty()
    return VERPD.forged()[before:]


def test_forged_from_outside():
    victim = "paul@far.example"
    row, = forged_by(lambda: POSTFIX.send_from_outside(
        "", [xverp(victim)], own_report(victim)))
    tap.check_equal(row["source"], "192.0.2.77")
    tap.check(may_mail(victim), "the victim is untouched")


def test_forged_through_the_loopback():
    """A local relay or content filter hands mail back by SMTP: Postfix says
    SOURCE=LOCAL, but with an address."""
    victim = "quinn@far.example"

    def reinject():
        with POSTFIX.smtp() as session:
            session.sendmail("", [xverp(victim)], own_report(victim))
    row, = forged_by(reinject)
    tap.check_equal(row["source"], "127.0.0.1")
    tap.check(may_mail(victim), "the victim is untouched")


def test_forged_through_sendmail():
    """A content filter that hands mail back by sendmail(1): pickup(8) knows no
    address, and all that tells is a Received field."""
    victim = "sue@far.example"
    row, = forged_by(lambda: POSTFIX.sendmail(
        "", [xverp(victim)],
        "Received: from mx.far.example (mx.far.example [192.0.2.77])\n"
        f"\tby {HOST} (Postfix) with ESMTP id 4AB;\n"
        "\tSat, 21 Nov 2026 19:32:00 +0000 (UTC)\n"
        + own_report(victim)))
    tap.check_equal(row["source"], "local")
    tap.check(may_mail(victim), "the victim is untouched")


def test_reflected_by_a_forwarding():
    """An outsider sends *from* the victim's address to one that forwards to
    a server that refuses: bounce(8) itself writes to the victim's address."""
    victim = "rosa@far.example"
    forged_by(lambda: POSTFIX.send_from_outside(
        xverp(victim), ["fwd@alias.example"], messages.campaign()))
    tap.check(may_mail(victim), "the victim is untouched")


def test_reflected_by_the_victim_itself():
    """The same with the victim's own mailbox behind the forwarding, so that
    even Final-Recipient is right."""
    victim = "gone.victim@victims.example"
    forged_by(lambda: POSTFIX.send_from_outside(
        xverp(victim), ["victim@alias.example"], messages.campaign()))
    tap.check(may_mail(victim), "the victim is untouched")


def test_xverp_is_not_for_outsiders():
    with POSTFIX.smtp("192.0.2.77", "mx.far.example") as session:
        code, text = session.docmd(f"MAIL FROM:<{BASE}> XVERP")
        tap.check(code >= 500, code, text)


def test_local_program_with_a_sender():
    victim = "sven@far.example"
    forged_by(lambda: POSTFIX.sendmail(
        "joe@sender.example", [xverp(victim)], own_report(victim)))
    tap.check(may_mail(victim), "the victim is untouched")


def test_local_program_with_a_foreign_report():
    """A fetchmail or a mailing list manager reinjects what came from
    outside."""
    for changes in ({"reporter": "mx.far.example"},
                    {"fields": ""},
                    {"fields": "X-Postfix-Sender: rfc822; "
                     f"{xverp('tina@far.example')}\n"},
                    {"fields": "X-Postfix-Sender: rfc822; "
                     f"other@{DOMAIN}\n"}):
        forged_by(lambda changes=changes: POSTFIX.sendmail(
            "", [xverp("tina@far.example")],
            own_report("tina@far.example", **changes)))
    tap.check(may_mail("tina@far.example"), "the victim is untouched")


def test_local_report_on_another():
    forged_by(lambda: POSTFIX.sendmail(
        "", [xverp("uma@far.example")], messages.report(
            xverp("uma@far.example"), "vera@far.example", reporter=HOST,
            fields=f"X-Postfix-Sender: rfc822; {BASE}\n")))
    for address in ("uma@far.example", "vera@far.example"):
        tap.check(may_mail(address), address)


def test_token_from_orcpt():
    """A virtual alias rewrites the recipient; the original is in ORCPT."""
    token = VERPD.mint("news-42", "will@far.example", "orcpt.example")
    tap.check(token.endswith("@orcpt.example"), token)
    POSTFIX.send_from_outside("", [token], messages.report(
        token, "will@far.example"))
    event, = VERPD.wait_events("will@far.example")
    tap.check_equal((event["class"], event["trust"]), ("hard", "signed"))
    tap.check(POSTFIX.wait_log(f"to=<collect@{DOMAIN}>, orig_to=<{token}>"),
              "it came by the alias")


def test_reply_to_a_signed_address():
    """A valid token, a sender, no report: an answer, never a bounce."""
    token = VERPD.mint("news-42", "xena@far.example")
    POSTFIX.send_from_outside("xena@far.example", [token], messages.campaign(
        "Re: Issue 42"))
    event, = VERPD.wait_events("xena@far.example")
    tap.check(event["class"] not in ("hard", "soft", "forged"), event)
    tap.check(may_mail("xena@far.example"), "she wrote to us")


def test_one_step_for_one_token():
    """However many reports: one hard step, one soft step."""
    token = VERPD.mint("news-42", "yan@far.example")
    for status, text in (("4.2.2", "452 4.2.2 Mailbox full"),) * 3:
        POSTFIX.send_from_outside("", [token], messages.report(
            token, "yan@far.example", status, text))
    events = VERPD.wait_events("yan@far.example", 3)
    tap.check_equal([event["class"] for event in events], ["soft"] * 3)
    tap.check_equal(sorted(event["step"] for event in events),
                    ["none", "none", "soft"])


if __name__ == "__main__":
    tap.run([value for name, value in list(globals().items())
             if name.startswith("test_")], VERPD.verify)
