#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same report told again, as Postfix does when an answer was lost or an
admin requeues: being told twice changes nothing."""
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

SITE = rig.Site()
PROXY = rig.Loss(os.path.join(SITE.scratch, "lossy"),
                 SITE.postfix.private("verpd"))
SITE.transport(f"{rig.DOMAIN} verpd-lmtp:unix:{SITE.scratch}/lossy\n")
SITE.start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd


def send(recipients, text):
    POSTFIX.send_from_outside("", recipients, text)


def deliveries():
    """How often Postfix handed over mail, by what the store counted."""
    rows = VERPD.query("SELECT sum(hits) AS hits FROM deliveries")
    return rows[0]["hits"] or 0


def lose(count, addresses, after_loss=None):
    """Sends one report to the tokens of ADDRESSES and loses COUNT answers."""
    before = deliveries()
    tokens = [VERPD.mint("news-44", address) for address in addresses]
    PROXY.lose(count, after_loss)
    send(tokens, messages.report(tokens[0], addresses[0]))
    POSTFIX.wait_empty()
    tap.check_equal(PROXY.losses, 0, "answers that were not lost")
    for address in addresses:
        events = VERPD.events(address)
        tap.check_equal([event["class"] for event in events], ["hard"],
                        address)
    tap.check_equal(deliveries() - before,
                    (count + 1) * len(addresses), "deliveries seen")


def test_three_times_one_event():
    lose(2, ["ana@far.example"])
    tap.check("may be sent more than once" in POSTFIX.log(), POSTFIX.log())


def test_two_tokens_three_times():
    lose(2, ["bea@far.example", "cleo@far.example"])


def test_killed_after_the_commit():
    """The daemon is gone before Postfix hears of it, and comes back."""
    def crash():
        VERPD.kill()
        VERPD.start()
    lose(1, ["dora@far.example"], crash)


def test_replay_of_two_tokens():
    """Not a retry but the same report mailed once more."""
    addresses = ["emma@far.example", "fay@far.example"]
    tokens = [VERPD.mint("news-44", address) for address in addresses]
    text = messages.report(tokens[0], addresses[0])
    for _ in range(2):
        send(tokens, text)
        POSTFIX.wait_empty()
    for address in addresses:
        tap.check_equal(len(VERPD.events(address)), 1, address)


def test_requeued():
    """postsuper -r: another queue id and one more Received: header."""
    seen = deliveries()
    token = VERPD.mint("news-44", "gail@far.example")

    def keep_waiting():
        """While a delivery waits for us, so nothing to wait for here."""
        POSTFIX.command("postconf", "defer_transports=verpd-lmtp")
        POSTFIX.command("postfix", "reload")
    PROXY.lose(1, keep_waiting)
    send([token], messages.report(token, "gail@far.example"))
    tap.wait_for("the answer to be lost", lambda: PROXY.losses == 0)
    before = tap.wait_for("the message to wait", POSTFIX.queue)
    tap.check_equal(len(VERPD.wait_events("gail@far.example")), 1)
    done = POSTFIX.command("postsuper", "-r", "ALL")
    tap.check_equal(done.returncode, 0, done.stderr)
    POSTFIX.configure("defer_transports=")
    POSTFIX.flush()
    POSTFIX.wait_empty()
    tap.check(f"orig_id={before[0]}" in POSTFIX.log(), POSTFIX.log())
    tap.check_equal(len(VERPD.events("gail@far.example")), 1)
    tap.check_equal(deliveries() - seen, 2, "it came twice")


def test_two_reports_two_events():
    """What differs is not the same: another report for the same token."""
    token = VERPD.mint("news-44", "hope@far.example")
    for _ in range(2):
        send([token], messages.report(token, "hope@far.example"))
    tap.check_equal(len(VERPD.wait_events("hope@far.example", 2)), 2)


tap.run([test_three_times_one_event, test_two_tokens_three_times,
         test_killed_after_the_commit, test_replay_of_two_tokens,
         test_requeued, test_two_reports_two_events], VERPD.verify)
