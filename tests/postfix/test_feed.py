#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The log of a real Postfix as the success feed: what it delivered clears what
soft bounces began, and what it bounced counts once, as its report said."""
import json
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
# the world is on this host, too
SITE = rig.Site(feed_inner_relays=["10.0.0.1"], feed_bounces="yes").start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd


def soft(address):
    rows = VERPD.query("SELECT soft FROM recipients WHERE address = ?",
                       address)
    return len(rows[0]["soft"].split())


def bounce(address, count=1):
    """A full mailbox, told from outside."""
    token = VERPD.mint(f"news-{count}", address)
    POSTFIX.send_from_outside("", [token], messages.report(
        token, address, diagnostic="452 4.2.2 Mailbox full", status="4.2.2"))
    VERPD.wait_events(address, count)


def ingest():
    path = os.path.join(VERPD.root, "mail.log")
    with open(path, "w", encoding="utf-8") as out:
        out.write(POSTFIX.log())
    row, = VERPD.verpctl("ingest-log", "--json", path).splitlines()
    return json.loads(row)


def test_delivered():
    """By the base address, which Postfix expands, and by a token."""
    for name in ("ben", "eva"):
        bounce(f"{name}@far.example")
        bounce(f"{name}@far.example", 2)
        tap.check_equal(soft(f"{name}@far.example"), 2)
    POSTFIX.sendmail(f"news-42@{DOMAIN}", ["ben@far.example"],
                     messages.campaign(), xverp=True)
    POSTFIX.sendmail(VERPD.mint("news-42", "eva@far.example"),
                     ["eva@far.example"], messages.campaign())
    for name in ("ben", "eva"):
        POSTFIX.wait_log(f"to=<{name}@far.example>.*status=sent")
    POSTFIX.wait_empty()
    row = ingest()
    tap.check_equal((row["delivered"], row["changed"]), (2, 2))
    for name in ("ben", "eva"):
        tap.check_equal(soft(f"{name}@far.example"), 0)
        events = VERPD.events(f"{name}@far.example")
        tap.check_equal(events[-1]["class"], "delivered")
        tap.check_equal(events[-1]["remote_mta"], "127.0.0.1")
    tap.check_equal(ingest()["lines"], 0)
    VERPD.verify()


def test_bounced():
    """Its own report, and the log of it: one step."""
    address = "gone.ana@far.example"
    POSTFIX.sendmail(f"news-43@{DOMAIN}", [address], messages.campaign(),
                     xverp=True)
    VERPD.wait_events(address)
    POSTFIX.wait_empty()
    tap.check_equal(ingest()["bounced"], 1)
    steps = sorted(event["step"] for event in VERPD.events(address))
    tap.check_equal(steps, ["hard", "none"])
    report, log = VERPD.events(address)
    for what in ("class", "reason", "status", "smtp_code", "rule",
                 "token_day", "remote_mta", "provider", "trust"):
        tap.check_equal(log[what], report[what], what)
    VERPD.verify()


tap.run([test_delivered, test_bounced])
