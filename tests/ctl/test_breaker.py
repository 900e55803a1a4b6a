#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl breaker and alert: a receiver that refuses many is not believed, and
a person says what it was.

usage: test_breaker.py VERPCTL
"""
from rig import UNKNOWN_USER, Site, report, tap

SMALL = """
breaker {
    minimum = 3
    first = 3
    campaign_minimum = 3
}
"""
BY = ("--reason", "their status page", "--actor", "eve")


def refuse(site, n, start=0, campaign="news-1", **options):
    """So many hard bounces of one host."""
    for i in range(start, start + n):
        address = f"p{i}@far.example"
        site.deliver(report(address, options.get("said", UNKNOWN_USER),
                            options.get("status", "5.1.1"),
                            message_id=f"{i}@mx.far.example"),
                     site.mint(campaign, address))
    site.run("expire")


def begin(n=5, text=SMALL):
    site = Site(text=text)
    refuse(site, n)
    return site


def causes(site):
    return sorted({row["cause"] for row in site.rows("list")})


def check_verified(site):
    row, = site.rows("verify")
    tap.check_equal(row["findings"], [])


def only(rows):
    tap.check_equal(len(rows), 1, rows)
    return rows[0]


def test_opens_and_looks_back():
    site = begin()
    row = only(site.rows("breaker", "list"))
    tap.check_equal((row["kind"], row["name"], row["state"], row["held"],
                     row["looks_back"]),
                    ("host", "far.example", "open", 5, False))
    tap.check_equal(causes(site), ["held"])
    # and what comes now is held at once
    refuse(site, 1, 5)
    tap.check_equal(only(site.rows("breaker", "list"))["held"], 6)
    event = site.rows("list", "--events")[-1]
    tap.check_equal(event["step"], "held", event)
    said = site.run("why", "p5@far.example")
    tap.check("held until" in said and "circuit breaker 1" in said, said)
    said = site.run("why", "p0@far.example")
    tap.check("held instead" in said, said)
    site.run("check", "p5@far.example", status=1)
    check_verified(site)


def test_alert():
    site = Site(text=SMALL)
    tap.check_equal(site.run("alert", "check"), "nothing to tell\n")
    tap.check_equal(site.rows("alert", "check"), [])
    refuse(site, 5)
    said = site.run("alert", "check", status=1)
    tap.check("host far.example" in said and "5 held" in said, said)
    tap.check_equal(only(site.rows("alert", "check", status=1))["name"],
                    "far.example")
    stats = only(site.rows("stats"))
    tap.check_equal((stats["breakers_open"], stats["suppressed"]["held"]),
                    (1, 5))


def test_confirm():
    site = begin()
    tap.check("5 would be" in site.run("breaker", "confirm", "far.example",
                                       "--dry-run", *BY), "dry run")
    tap.check_equal(causes(site), ["held"])
    row = only(site.rows("breaker", "confirm", "far.example", *BY))
    tap.check_equal((row["settled"], row["fate"]), (5, "confirmed"))
    tap.check_equal(causes(site), ["hard"])
    tap.check_equal(site.rows("breaker", "list"), [])
    row = only(site.rows("breaker", "list", "--all"))
    tap.check_equal((row["state"], row["closed_by"], row["held"]),
                    ("confirmed", "eve", 0))
    tap.check_equal(len(site.rows("list", "--events")), 10)
    site.run("breaker", "confirm", "1", *BY, status=1)
    check_verified(site)


def test_drop():
    site = begin()
    site.run("breaker", "drop", "host far.example", *BY, "--dry-run")
    tap.check_equal(causes(site), ["held"])
    row = only(site.rows("breaker", "drop", "host far.example", *BY))
    tap.check_equal((row["settled"], row["fate"]), (5, "dropped"))
    tap.check_equal(site.rows("list"), [])
    site.run("check", "p0@far.example")
    # it is open still, and holds what comes
    refuse(site, 1, 9)
    tap.check_equal(causes(site), ["held"])
    check_verified(site)


def test_close():
    site = begin()
    site.run("breaker", "close", "1", "--dry-run", *BY)
    site.run("alert", "check", status=1)
    site.run("breaker", "close", "1", *BY)
    site.run("breaker", "close", "1", *BY, status=1)
    site.run("alert", "check")
    tap.check_equal(causes(site), ["held"])
    # believed again: what came before is no evidence any more
    refuse(site, 1, 20)
    tap.check_equal(causes(site), ["hard", "held"])
    check_verified(site)


def test_released_by_hand():
    site = begin()
    site.run("release", "p0@far.example", "--reason", "she wrote")
    site.run("check", "p0@far.example")
    tap.check_equal(only(site.rows("breaker", "list"))["held"], 4)
    site.run("breaker", "confirm", "1", *BY)
    site.run("check", "p0@far.example")
    check_verified(site)


def test_show():
    site = begin()
    rows = site.rows("breaker", "show", "far.example", "--limit", "2")
    kinds = [row.get("type", "breaker") for row in rows]
    tap.check_equal((kinds[0], kinds.count("held")), ("breaker", 2))
    tap.check_equal(sum(row["refused"] for row in rows
                        if row.get("type") == "hour"), 5)
    site.run("breaker", "show", "nobody", status=66)


def test_off():
    site = begin(text=SMALL.replace("{", "{ enabled = no", 1))
    tap.check_equal(causes(site), ["hard"])
    tap.check_equal(site.rows("breaker", "list"), [])


def test_campaign():
    site = Site(text=SMALL)
    refuse(site, 5, said="550 5.7.1 Message rejected as spam by content "
           "filter", status="5.7.1")
    row = only(site.rows("breaker", "list"))
    tap.check_equal((row["kind"], row["name"], row["state"]),
                    ("campaign", "news-1", "marked"))
    said = site.run("alert", "check", status=1)
    tap.check("marked for pause" in said, said)
    site.run("breaker", "confirm", "news-1", *BY, status=64)
    site.run("breaker", "close", "news-1", *BY)
    site.run("alert", "check")
    check_verified(site)


def test_needs_reason():
    site = begin()
    for command in ("confirm", "drop", "close"):
        site.run("breaker", command, "1", status=64)
    site.run("breaker", "drop", "7", *BY, status=66)


tap.run([test_opens_and_looks_back, test_alert, test_confirm, test_drop,
         test_close, test_released_by_hand, test_show, test_off, test_campaign,
         test_needs_reason])
