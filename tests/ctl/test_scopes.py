#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Domains, the allow-list, the way back, and who did what.

usage: test_scopes.py VERPCTL
"""
import signal
import sqlite3
import subprocess
import time

from rig import FULL, UNKNOWN_USER, VERPCTL, Site, report, tap

BY = ("--reason", "asked", "--actor", "root")


def bounced(site, recipient, diagnostic=UNKNOWN_USER, campaign="news-1",
            number=1, **fields):
    token = site.mint(campaign, recipient)
    site.deliver(report(recipient, diagnostic,
                        message_id=f"{number}.{campaign}@far.example",
                        **fields), token)


def verified(site):
    tap.check("0 differences" in site.run("verify"))


def view(site, address, stream):
    """Whether mailers that read the view may write to ADDRESS."""
    with sqlite3.connect(site.path("verpd.db")) as db:
        rows = db.execute("SELECT 1 FROM suppressed WHERE address = ?"
                          " AND stream IN ('', ?)", (address, stream))
        return rows.fetchone() is None


def test_domain():
    site = Site()
    bounced(site, "ana@mx.example.org", FULL, status="4.2.2")
    site.run("add", "--domain", "Example.ORG", "--subdomains", "--until",
             "30d", "--note", "their host is on fire", *BY)
    for address in ("bob@example.org", "ana@mx.example.org"):
        row, = site.rows("check", address, status=1)
        tap.check_equal((row["cause"], row["domain"], row["note"]),
                        ("manual", "@.example.org", "their host is on fire"))
    tap.check(not view(site, "ana@mx.example.org", "transactional"))
    tap.check("their host is on fire" in
              site.run("why", "ana@mx.example.org"))
    site.run("check", "bob@ample.org")
    row, = site.rows("list")
    tap.check_equal((row["address"], row["cause"]),
                    ("@.example.org", "manual"))
    verified(site)
    site.run("release", "--domain", "example.org", "--dry-run", *BY)
    site.run("check", "bob@example.org", status=1)
    site.run("release", "--domain", "example.org", *BY)
    site.run("release", "--domain", "example.org", *BY, status=1)
    site.run("check", "bob@example.org")
    for domain in ("*.example.org", "@.example.org"):
        done = site.start("add", "--domain", domain, *BY)
        tap.check_equal(done.returncode, 65)
        tap.check(f'--domain: "{domain}" is not a domain; --subdomains is'
                  .encode() in done.stderr, done.stderr)
    tap.check("manual in all streams" in
              site.run("audit", "--action", "release"))
    verified(site)


def test_allow():
    site = Site()
    bounced(site, "ana@example.org")
    site.run("check", "ana@example.org", status=1)
    site.run("allow", "ana@example.org", "--stream", "transactional", *BY)
    site.run("check", "ana@example.org", status=1)
    row, = site.rows("check", "ana@example.org", "--stream", "transactional")
    tap.check_equal((row["set_aside"], row["set_aside_by"]),
                    ("hard", "allow ana@example.org"))
    tap.check(view(site, "ana@example.org", "transactional"))
    tap.check(not view(site, "ana@example.org", "marketing"))
    row, = site.rows("list", "--stream", "transactional")
    tap.check_equal(row["set_aside"], True)
    tap.check("set aside by allow" in site.run("why", "ana@example.org"))
    row, = site.rows("list", "--allowed")
    tap.check_equal(row["allow"], "ana@example.org")
    # a person's word stands, unless one stream says so
    site.run("add", "ana@example.org", *BY)
    site.run("check", "ana@example.org", "--stream", "transactional",
             status=1)
    site.run("allow", "--everyone", "--cause", "manual", *BY, status=64)
    site.run("allow", "--everyone", "--cause", "manual", "--stream",
             "transactional", *BY)
    site.run("check", "ana@example.org", "--stream", "transactional")
    verified(site)
    site.run("disallow", "--everyone", *BY)
    site.run("check", "ana@example.org", "--stream", "transactional",
             status=1)
    site.run("disallow", "ana@example.org", *BY)
    site.run("disallow", "ana@example.org", *BY, status=1)
    tap.check_equal(site.rows("list", "--allowed"), [])
    verified(site)


def test_usage():
    site = Site()
    for argv in (["add"], ["add", "--domain", "a.example", "b@a.example"],
                 ["add", "b@a.example", "--subdomains"], ["release"],
                 ["release", "--query"], ["allow"], ["revert"],
                 ["release", "b@a.example", "--since", "1d"],
                 ["allow", "b@a.example", "--cause", "manual"],
                 ["disallow", "b@a.example", "--everyone"],
                 ["disallow", "--domain", "a.example", "--everyone"],
                 ["revert", "--class", "nonsense"]):
        site.run(*argv, *BY, status=64)


def test_many():
    site = Site()
    addresses = [f"p{i}@example.org" for i in range(10000)]
    began = time.monotonic()
    done = site.start("add", "--file", "-", *BY, "--json",
                      input="# a comment\n\nnonsense\n" +
                      "\n".join(addresses))
    seconds = time.monotonic() - began
    tap.check_equal(done.returncode, 65)
    tap.check(b"input:3: " in done.stderr, done.stderr)
    tap.check(b'"suppressed":10000' in done.stdout, done.stdout)
    tap.check(seconds < 30, seconds)
    print(f"# 10000 addresses in {seconds:.1f} s")
    with open(site.path("list"), "w", encoding="ascii") as out:
        out.write("\n".join(addresses[:9000]))
    text = site.run("release", "--file", site.path("list"), *BY)
    tap.check("9000 suppressions lifted" in text, text)
    text = site.run("release", "--query", "--cause", "manual", *BY)
    tap.check("1000 suppressions lifted" in text, text)
    tap.check_equal(site.rows("list"), [])
    verified(site)


def test_odd_files():
    site = Site()
    # the mark that some editors put first is no part of an address
    site.run("add", "--file", "-", *BY,
             input=b"\xef\xbb\xbfana@example.org\r\nben@example.org\r\n")
    tap.check_equal([row["address"] for row in site.rows("list")],
                    ["ana@example.org", "ben@example.org"])
    site.run("release", "--file", "-", *BY,
             input=b"\xef\xbb\xbfana@example.org\n")
    site.run("check", "ana@example.org")
    # bad lines: the first hundred, and not all of a long one
    done = site.start("add", "--file", "-", *BY,
                      input=b"x" * 100000 + b"\n" + b"\033[31m@\n" * 500)
    said = done.stderr.decode().splitlines()
    tap.check_equal((done.returncode, len(said)), (65, 101), said[:3])
    tap.check(max(map(len, said)) < 400 and b"\033" not in done.stderr,
              said[:3])
    for verb in ("add", "release"):
        site.run(verb, "--file", site.path("nothing"), *BY, status=66)
    verified(site)


def test_appeal():
    site = Site()
    bounced(site, "ana@example.org")
    site.run("release", "ana@example.org", "--appeal", "she wrote to us", *BY)
    site.run("check", "ana@example.org")
    for argv in (["audit"], ["audit", "ana@example.org"],
                 ["why", "ana@example.org"]):
        text = site.run(*argv)
        tap.check("appeal: she wrote to us; asked" in text, text)
    verified(site)


def test_audit():
    site = Site()
    site.run("key", "rotate", *BY)
    site.run("add", "ana@example.org", *BY)
    site.run("add", "bob@example.org", "--reason", "x", "--actor", "eve")
    rows = site.rows("audit")
    tap.check_equal([(row["action"], row["address"], row["subject"],
                      row["actor"]) for row in rows],
                    [("key rotate", None, "key 1", "root"),
                     ("add", "ana@example.org", None, "root"),
                     ("add", "bob@example.org", None, "eve")])
    tap.check_equal(len(site.rows("audit", "--by", "root")), 2)
    tap.check_equal(len(site.rows("audit", "--action", "add")), 2)
    tap.check_equal(len(site.rows("audit", "bob@example.org")), 1)
    tap.check_equal(site.rows("audit", "--until", "2001-01-01"), [])
    done = site.start("audit", "--action", "nonsense")
    tap.check_equal((done.returncode, done.stdout), (64, b""))
    tap.check(b"only add, release, allow" in done.stderr, done.stderr)
    tap.check_equal(site.rows("audit", "--action", "campaign set"), [])
    tap.check_equal(len(site.rows("audit", "--since", "1d", "--limit",
                                  "1")), 1)


def test_add_tells_what_holds():
    site = Site()

    def add(*argv):
        row, = site.rows("add", *argv, *BY)
        return [row[name] and row[name][:10] for name in
                ("until", "asked_until", "outlasted_by", "outlasted_until")
                if name in row]

    bounced(site, "ana@example.org")
    tap.check_equal(add("ana@example.org", "--until", "2090-02-01"),
                    ["2090-02-01", "2090-02-01", "hard", "forever"])
    tap.check_equal(add("bob@example.org", "--until", "2090-02-01"),
                    ["2090-02-01", "2090-02-01", None, None])
    for dry in ((), ("--dry-run",)):
        tap.check_equal(add("bob@example.org", "--until", "2090-01-01", *dry),
                        ["2090-02-01", "2090-01-01", None, None])
        tap.check_equal(add("bob@example.org", "--until", "2090-01-01",
                            "--stream", "transactional", *dry),
                        ["2090-01-01", "2090-01-01", "manual", "2090-02-01"])
    text = site.run("add", "bob@example.org", "--until", "2090-01-01", *BY)
    tap.check("until 2090-02-01T00:00:00Z (asked: until 2090-01-01T" in text,
              text)
    add("--domain", "example.net", "--until", "2090-02-01")
    for dry in ((), ("--dry-run",)):
        tap.check_equal(add("--domain", "example.net", "--until",
                            "2090-01-01", *dry), ["2090-02-01", "2090-01-01"])
    row, = site.rows("list", "--cause", "manual", "--limit", "1")
    tap.check_equal(row["until"][:10], "2090-02-01")
    verified(site)


def test_times():
    site = Site()
    for text, why in (("99999999999999d", "beyond the year 9999"),
                      ("8000y", "beyond the year 9999"),
                      ("0d", "over already"), ("2001-01-01", "over already"),
                      ("", "is not a time"), ("1e3d", "is not a time"),
                      ("-1d", "is not a time"),
                      ("9" * 30 + "d", "is not a time")):
        for argv in (["add", "a@x.test"], ["allow", "a@x.test"],
                     ["add", "--domain", "x.test"]):
            done = site.start(*argv, f"--until={text}", *BY)
            tap.check_equal(done.returncode, 64, (argv, text))
            tap.check(b"--until: " in done.stderr and
                      why.encode() in done.stderr, done.stderr)
    tap.check_equal(site.rows("list"), [])
    for argv in (["revert", *BY], ["release", "--query", *BY], ["audit"],
                 ["list"], ["stats"], ["unknown"], ["quarantine", "list"],
                 ["quarantine", "drop", "--all", *BY]):
        for option in ("--since", "--until"):
            if argv == ["stats"] and option == "--until":
                continue
            done = site.start(*argv, f"{option}=nonsense")
            tap.check_equal(done.returncode, 64, argv)
            tap.check(f"{option}: \"nonsense\"".encode() in done.stderr,
                      argv, done.stderr)
    # from the beginning of time
    site.run("add", "a@x.test", *BY)
    tap.check_equal(len(site.rows("audit", "--since", "99999999999999d")), 1)
    site.run("release", "--query", "--since", "99999999999999d", *BY)


def test_limit():
    site = Site()
    site.run("allow", "--domain", "b.test", *BY)
    site.run("add", "--domain", "a.test", *BY)
    site.run("allow", "--domain", "c.test", *BY)
    site.run("add", "x@a.test", "y@a.test", *BY)
    for limit, allowed, held in ((1, 1, 1), (2, 2, 2), (3, 2, 3), (9, 2, 3),
                                 (0, 2, 3)):
        limit = ("--limit", str(limit))
        tap.check_equal(len(site.rows("list", *limit)), held, limit)
        tap.check_equal(len(site.rows("list", "--allowed", *limit)), allowed,
                        limit)
    for argv in (["list"], ["audit"], ["breaker", "show", "1"],
                 ["quarantine", "list"]):
        site.run(*argv, "--limit=-1", status=64)


def test_everyone():
    site = Site()
    site.run("add", "ana@example.org", *BY)
    text = site.run("allow", "--everyone", "--stream", "transactional",
                    "--cause", "manual", *BY)
    tap.check_equal(text, "everyone: allowed in transactional, for good; "
                    "sets aside: soft block held hard manual\n")
    for argv in (["list", "--allowed"], ["audit", "--action", "allow"]):
        tap.check(" everyone " in site.run(*argv), argv)
    tap.check("set aside by allow everyone" in
              site.run("check", "ana@example.org", "--stream",
                       "transactional"))
    row, = site.rows("list", "--allowed")
    tap.check_equal(row["allow"], "@")
    verified(site)
    tap.check_equal(site.run("disallow", "--everyone", *BY),
                    "everyone: 1 entry removed\n")


def test_release_query_of_events():
    site = Site()
    bounced(site, "ana@example.org")
    bounced(site, "bob@example.org", campaign="news-2")
    bounced(site, "eve@example.org", FULL, status="4.2.2", campaign="news-2")
    site.run("add", "dan@example.org", *BY)
    rule = site.rows("list", "--events", "--class", "hard")[0]["rule"]
    bounce = ("--campaign", "news-2", "--class", "hard", "--match-reason",
              "bad-mailbox", "--rule", rule[:3] + "*", "--provider", "*")
    # nothing fits; by hand is of no event; soft holds nobody yet
    for argv in (["--campaign", "x*"], ["--rule", "by-hand"],
                 ["--campaign", "*", "--cause", "manual"],
                 ["--class", "soft"], ["--provider", "nobody"],
                 [*bounce, "--since", "2090-01-01"],
                 [*bounce, "--cause", "block"]):
        for dry in ([], ["--dry-run"]):
            row, = site.rows("release", "--query", *argv, *dry, *BY, status=1)
            tap.check_equal((row["lifted"], row["by_class"]), (0, {}), argv)
    for argv in (["--class", "nonsense"], ["--match-reason", "nonsense"]):
        site.run("release", "--query", *argv, *BY, status=64)
    # what holds in all streams stays
    site.run("release", "--query", "--stream", "marketing", *BY, status=1)
    site.run("check", "ana@example.org", status=1)
    site.run("release", "bob@example.org", "--rule", "x", *BY, status=64)
    for dry in ([], ["--dry-run"]):
        row, = site.rows("release", "--query", *bounce, "--dry-run", *BY)
        tap.check_equal((row["lifted"], row["by_class"], row["by_rule"]),
                        (1, {"hard": 1}, {rule: 1}))
    site.run("check", "bob@example.org", status=1)
    text = site.run("release", "--query", *bounce, *BY)
    tap.check("1 suppressions lifted" in text and rule in text, text)
    site.run("check", "bob@example.org")
    for address in ("ana@example.org", "dan@example.org"):
        site.run("check", address, status=1)
    verified(site)


def test_revert():
    site = Site()
    bounced(site, "ana@example.org")
    bounced(site, "bob@example.org", campaign="news-2")
    site.run("add", "eve@example.org", *BY)
    row, = site.rows("revert", "--campaign", "news-1", "--dry-run", *BY)
    tap.check_equal((row["events"], row["freed"], row["holds_ended"],
                     row["by_class"]), (1, 1, 1, {"hard": 1}))
    site.run("check", "ana@example.org", status=1)
    row, = site.rows("revert", "--campaign", "news-1", "--class", "hard",
                     "--match-reason", "bad-mailbox", "--since", "1d", *BY)
    tap.check_equal((row["events"], row["dry_run"]), (1, False))
    site.run("check", "ana@example.org")
    for address in ("bob@example.org", "eve@example.org"):
        site.run("check", address, status=1)
    site.run("revert", "--campaign", "news-1", *BY, status=1)
    tap.check("taken back" in site.run("why", "ana@example.org"))
    row, = [row for row in site.rows("audit", "--action", "revert")
            if row["address"] is None]
    tap.check("--campaign news-1 --class hard" in row["detail"], row)
    verified(site)
    # the token may do again what was taken back
    bounced(site, "ana@example.org", number=2)
    site.run("check", "ana@example.org", status=1)
    verified(site)


def test_revert_is_killed():
    site = Site()
    for i in range(25):
        bounced(site, f"p{i}@example.org")
    with subprocess.Popen([VERPCTL, "-c", site.conf, "revert", "--class",
                           "hard", *BY], stdout=subprocess.DEVNULL) as child:
        time.sleep(0.02)
        child.send_signal(signal.SIGKILL)
    verified(site)
    done = site.start("revert", "--class", "hard", *BY)
    tap.check(done.returncode in (0, 1), done.stderr)
    tap.check_equal(site.rows("list"), [])
    verified(site)


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
