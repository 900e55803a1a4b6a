#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Mail that stays in the queue for a while: greylisting that outlives it, and
the delay warnings on the way.  An instance of its own, which gives up after
seconds."""
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

SITE = rig.Site("sub-address", main=f"""
mydestination = {rig.DOMAIN}
alias_maps = inline:{{ {{b = postmaster}} }}
local_recipient_maps = $alias_maps
maximal_queue_lifetime = 6s
bounce_queue_lifetime = 6s
delay_warning_time = 2s
""", sub_address="b").start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd
BASE = f"b+news-43@{rig.DOMAIN}"


def test_expired_in_the_queue_is_soft():
    """Action: failed with a 4.x.x status."""
    addresses = {"grey.ana@far.example": "4.7.1",
                 "full4.bea@far.example": "4.2.2",
                 "away.cleo@far.example": "4.4.2"}
    POSTFIX.sendmail(BASE, list(addresses), messages.campaign(), xverp=True)
    for address, status in addresses.items():
        event, = tap.wait_for(
            "the last word on " + address, lambda address=address:
            [row for row in VERPD.events(address) if row["trust"] == "local"])
        tap.check_equal((event["class"], event["action"], event["status"]),
                        ("soft", "failed", status))
        done = VERPD.command("check", address)
        tap.check_equal(done.returncode, 0, address)


def test_delay_warnings_touch_nobody():
    """They come to the campaign's own address, several in one report."""
    POSTFIX.wait_log(rf"to=<b\+news-43@\S+,.*status=sent")
    for row in VERPD.events():
        if row["action"] == "delayed":
            tap.check_equal((row["class"], row["step"]), ("delayed", "none"))


def test_signed_sub_address():
    token = VERPD.mint("news-43", "dora@far.example")
    tap.check(token.startswith("b+"), token)
    POSTFIX.send_from_outside("", [token], messages.report(
        token, "dora@far.example"))
    event, = VERPD.wait_events("dora@far.example")
    tap.check_equal((event["class"], event["trust"]), ("hard", "signed"))


def test_other_sub_addresses_stay_away():
    """ab+x@ is somebody else's mail: ^ in the transport table."""
    POSTFIX.sendmail("joe@sender.example", [f"ab+x@{rig.DOMAIN}"],
                     messages.campaign())
    POSTFIX.wait_log(r"to=<ab\+x@")
    tap.check(not [row for row in VERPD.forged()
                   if row["address"].startswith("ab+")], VERPD.forged())


def test_nobody_there():
    """verpd stays away until the bounce expires: without 2bounce it would be
    gone now, with it a human has it."""
    token = VERPD.mint("news-43", "emil@far.example")
    VERPD.stop()
    VERPD.listener.close()
    os.unlink(VERPD.socket)
    POSTFIX.send_from_outside("", [token], messages.report(
        token, "emil@far.example"))
    POSTFIX.wait_log("status=expired, returned to sender")
    sender, recipient, text = tap.wait_for(
        "the postmaster's copy", lambda: [
            mail for mail in SITE.peer.accepted
            if mail[1].startswith("postmaster@")])[0]
    tap.check(sender.startswith("double-bounce@"), sender)
    tap.check_equal(recipient, "postmaster@sender.example")
    tap.check(token.encode() in text and b"User unknown" in text, text)


tap.run([test_expired_in_the_queue_is_soft, test_delay_warnings_touch_nobody,
         test_signed_sub_address, test_other_sub_addresses_stay_away,
         test_nobody_there],
        VERPD.verify)
