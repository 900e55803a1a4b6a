#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl campaign: paused by hand or because too much comes back, resumed
with the mail that Postfix holds.

usage: test_campaign.py VERPCTL
"""
import os
import stat
import time

from rig import DOMAIN, UNKNOWN_USER, Site, report, tap

BY = ("--reason", "the list is old", "--actor", "eve")
SMALL = """
breaker { minimum = 1000000 first = 1000000
    pause_minimum = 20
    pause_hits = 2
    pause_hard = 0.2
}
"""


def only(rows):
    tap.check_equal(len(rows), 1, rows)
    return rows[0]


def check_verified(site):
    tap.check_equal(only(site.rows("verify"))["findings"], [])


def refuse(site, n, start=0, campaign="news-1"):
    for i in range(start, start + n):
        address = f"p{i}@h{i}.example"
        site.deliver(report(address, UNKNOWN_USER,
                            message_id=f"{i}@mx.far.example"),
                     site.mint(campaign, address))
    site.run("expire")


def delivered(site, n, campaign="news-1"):
    """N that arrived, which is what there is where smtpd(8) counts nobody."""
    site.run("delivered", input="".join(
        f"ok{i}@far.example\t{campaign}\t{int(time.time())}\n"
        for i in range(n)))


def test_by_hand():
    site = Site()
    tap.check_equal(site.rows("campaign", "list"), [])
    site.run("campaign", "pause", "news-1", status=64)
    row = only(site.rows("campaign", "pause", "news-1", "--dry-run", *BY))
    tap.check_equal((row["paused"], row["dry_run"]), (True, True))
    tap.check_equal(site.rows("campaign", "list"), [])
    site.run("campaign", "pause", "news-1", *BY)
    site.run("campaign", "pause", "news-1", *BY, status=1)
    row = only(site.rows("campaign", "list", "--paused"))
    tap.check_equal((row["campaign"], row["stream"], row["paused_by"],
                     row["paused_why"], row["is_paused"]),
                    ("news-1", "marketing", "eve", "the list is old", True))
    said = site.run("campaign", "list")
    tap.check("PAUSED since" in said and "eve: the list is old" in said, said)
    # of what people do nobody is told
    site.run("alert", "check")
    site.run("campaign", "resume", "news-1", *BY, "--postfix", "/nonexistent")
    site.run("campaign", "resume", "news-1", *BY, "--postfix", "/nonexistent",
             status=1)
    tap.check_equal(site.rows("campaign", "list", "--paused"), [])
    tap.check_equal([(row["action"], row["subject"], row["actor"])
                     for row in site.rows("audit")],
                    [("campaign pause", "campaign news-1", "eve"),
                     ("campaign resume", "campaign news-1", "eve")])
    site.run("campaign", "pause", "No Name", *BY, status=64)
    site.run("campaign", "show", "nobody", status=66)
    check_verified(site)


def test_by_itself():
    site = Site(text=SMALL)
    delivered(site, 30)
    refuse(site, 5)
    site.run("alert", "check")
    refuse(site, 1, 5)
    row = only(site.rows("campaign", "list", "--paused"))
    tap.check_equal((row["paused_by"], row["paused_why"]),
                    ("verpd", "6 of 30 bounced hard (20.00 %, 20 % pause)"))
    said = site.run("alert", "check", status=1)
    tap.check("campaign news-1 is paused since" in said, said)
    tap.check_equal(only(site.rows("alert", "check", status=1))["state"],
                    "paused")
    rows = site.rows("campaign", "show", "news-1")
    tap.check_equal(sum(row.get("hard", 0) for row in rows), 6)
    # of what came before a person let it go on nothing pauses it again
    site.run("campaign", "resume", "news-1", *BY, "--postfix", "/nonexistent")
    refuse(site, 1, 6)
    site.run("alert", "check")
    check_verified(site)


def test_never_by_itself():
    for text, setting in ((SMALL, ("--auto-pause", "no")),
                          (SMALL.replace("{", "{ pause_campaigns = no", 1),
                           ("--auto-pause", "yes"))):
        site = Site(text=text)
        site.run("campaign", "set", "news-1", *setting, *BY)
        delivered(site, 20)
        refuse(site, 10)
        site.run("alert", "check")
        # but a person may
        site.run("campaign", "pause", "news-1", *BY)
        check_verified(site)


def test_stream():
    """Its own, until a bounce was judged in another."""
    site = Site()
    site.run("campaign", "set", "news-1", *BY, status=64)
    site.run("campaign", "set", "news-1", "--stream", "nosuch", *BY, status=64)
    site.run("campaign", "set", "news-1", "--stream", "transactional", *BY)
    tap.check_equal(only(site.rows("campaign", "list"))["stream"],
                    "transactional")
    site.run("campaign", "set", "news-1", "--stream", "marketing", *BY)
    refuse(site, 1)
    site.run("campaign", "set", "news-1", "--stream", "transactional", *BY,
             status=65)
    site.run("campaign", "set", "news-1", "--stream", "marketing",
             "--auto-pause", "no", *BY)
    check_verified(site)


def in_cdb(path, text):
    with open(path, "rb") as table:
        return text.encode() in table.read()


def test_map():
    """A table for Postfix, always whole, and there from the first pause on; by
    its path alone, a cdb beside the text."""
    site = Site()
    path = site.path("paused")
    site.configure(f'pause_map = "{path}"\n')
    said = site.run("campaign", "pause", "news-1", *BY)
    tap.check("within 10 s" in said and said.endswith("postfix reload\n"),
              said)
    tap.check(in_cdb(path + ".cdb", f"news-1@{DOMAIN}retry:4.7.1 campaign "
                     "news-1 is paused"))
    tap.check_equal(stat.S_IMODE(os.stat(path + ".cdb").st_mode), 0o644)
    with open(path, encoding="ascii") as text:
        tap.check_equal(text.read().splitlines()[1:],
                        [f"news-1@{DOMAIN} retry:4.7.1 campaign news-1 is "
                         "paused"])
    tap.check_equal(stat.S_IMODE(os.stat(path).st_mode), 0o644)
    site.run("campaign", "resume", "news-1", *BY, "--postfix", "/nonexistent")
    tap.check(not in_cdb(path + ".cdb", "news-1@"))
    with open(path, encoding="ascii") as text:
        tap.check_equal(text.read().splitlines()[1:], [])
    site.configure(f'pause_map = "{path}"\nsub_address = "b"\n')
    site.run("campaign", "pause", "news-2", *BY)
    with open(path, encoding="ascii") as text:
        tap.check(f"\nb+news-2@{DOMAIN} retry:" in text.read())


def test_map_types():
    """Of the type that is named, and no other."""
    for kind, ending in (("cdb", ".cdb"), ("lmdb", ".lmdb"),
                         ("texthash", "")):
        site = Site()
        path = site.path("paused")
        site.configure(f'pause_map = "{kind}:{path}"\n')
        said = site.run("campaign", "pause", "news-1", *BY)
        tap.check_equal("postfix reload" in said, kind == "texthash")
        tap.check(in_cdb(path + ending, f"news-1@{DOMAIN}"), kind)
        tap.check_equal([name for name in os.listdir(site.root)
                         if name.startswith("paused")], ["paused" + ending])
    for wrong in ("sqlite:/x", "hash:/x", "cdb:x", "cdb:", "cdb:/a b"):
        site.configure(f'pause_map = "{wrong}"\n')
        site.run("config", "check", status=78)


tap.run([function for name, function in list(globals().items())
         if name.startswith("test_")])
