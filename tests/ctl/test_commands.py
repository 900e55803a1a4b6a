#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command but deliver and token: what it does, says and exits with.

usage: test_commands.py VERPCTL
"""
import json
import os
import pty
import re
import shutil
import sqlite3
import stat
import subprocess

from rig import (DOMAIN, FULL, RULES, SOURCE, UNKNOWN_USER, VERPCTL, Site,
                 report, tap)


def bounced(site, recipient, diagnostic, campaign="news-1", number=1,
            **fields):
    """One report for RECIPIENT, taken."""
    token = site.mint(campaign, recipient)
    site.deliver(report(recipient, diagnostic,
                        message_id=f"{number}.{campaign}@far.example",
                        **fields), token)


def test_no_command():
    done = subprocess.run([VERPCTL], capture_output=True, check=False)
    tap.check_equal(done.returncode, 64)
    tap.check(b"usage: verpctl" in done.stderr, done.stderr)
    tap.check_equal(done.stdout, b"")


def test_version_and_help():
    site = Site(init=False)
    tap.check(re.match(r"verpctl \d+\.\d+", site.run("--version")))
    for argv in (["help"], ["--help"], ["-h"]):
        tap.check("token mint" in site.run(*argv))
    tap.check("--campaign=NAME" in site.run("help", "token", "mint"))
    tap.check("token verify" in site.run("help", "token"))
    tap.check_equal(site.run("token", "--help"), site.run("help", "token"))
    tap.check_equal(site.run("help", "list"), site.run("list", "--help"))
    site.run("help", "nonsense", status=64)


def test_usage():
    site = Site(init=False)
    for argv in (["nonsense"], ["token"], ["token", "nonsense"], ["key"],
                 ["--nonsense", "stats"], ["stats", "--nonsense"],
                 ["stats", "argument"], ["why"], ["list", "--cause", "x"],
                 ["list", "--class", "x"], ["list", "--since", "x"],
                 ["list", "--forged", "--events"],
                 ["list", "--cause", "hard", "--events"],
                 ["add", "a@example.org"], ["release", "a@example.org"],
                 ["add", "a@example.org", "--reason", ""],
                 ["add", "a@example.org", "--reason", "x", "--until", "x"],
                 ["add", "a@example.org", "--reason", "x",
                  "--until", "2001-01-01"],
                 ["release", "a@example.org", "--reason", "x",
                  "--cause", "x"],
                 ["config", "-n", "-d"], ["rules", "test"],
                 ["rules", "test", "x", "--stage", "x"],
                 ["rules", "list", "--reason", "x"],
                 ["stats", "--since", "x"]):
        done = site.start(*argv)
        tap.check_equal(done.returncode, 64, argv)
        tap.check(done.stderr.startswith(b"verpctl") or
                  b"usage" in done.stderr, argv, done.stderr)
        tap.check_equal(done.stdout, b"", argv)


def test_unknown_names():
    """...are told with those that there are."""
    site = Site()
    for argv, kind, name in (
            (["list", "--cause", "bounced"], "cause", "complaint"),
            (["list", "--class", "bounced"], "class", "auto-reply"),
            (["export", "--cause", "bounced"], "cause", "hard"),
            (["rules", "list", "--reason", "bounced"], "reason",
             "bad-mailbox"),
            (["revert", "--class", "bounced", "--reason", "x"], "class",
             "soft")):
        said = site.start(*argv)
        tap.check_equal(said.returncode, 64, argv)
        tap.check(f'there is no {kind} "bounced", only '.encode()
                  in said.stderr and name.encode() in said.stderr,
                  said.stderr)


def test_doctor_without_the_address_key():
    """...finds what keeps every command from its answer."""
    site = Site(text="addresses = hashed\n")
    text = site.run("doctor", "--no-postfix")
    tap.check(re.search(r"^note: daemon: ", text, re.M), text)
    os.rename(site.path("address.key"), site.path("elsewhere"))
    row, = [row for row in site.rows("doctor", "--no-postfix", status=1)
            if row["check"] == "store"]
    tap.check("address.key is missing" in row["what"], row)
    tap.check_equal(row["mend"], "")


def test_no_configuration():
    site = Site(init=False)
    os.remove(site.conf)
    for argv in (["stats"], ["why", "a@example.org"], ["config"],
                 ["config", "check"], ["key", "list"],
                 ["token", "mint", "--campaign", "a", "b@c.example"]):
        done = site.start(*argv)
        tap.check_equal(done.returncode, 78, argv)
        tap.check(site.conf.encode() in done.stderr + done.stdout, argv)
    site.run("check", "a@example.org", status=2)


def test_init():
    site = Site(init=False)
    text = site.run("init")
    tap.check(site.path("verpd.db") in text and site.path("keys") in text)
    mode = os.stat(site.path("keys")).st_mode
    tap.check_equal(stat.S_IMODE(mode), 0o640)
    before = open(site.path("keys"), encoding="ascii").read()
    site.run("init", status=73)
    tap.check_equal(open(site.path("keys"), encoding="ascii").read(), before)
    os.remove(site.path("verpd.db"))
    row, = site.rows("init")
    tap.check_equal(row["keys_made"], False)


def test_no_store_but_a_file():
    """What stands in the way is named, with what is to be done."""
    site = Site()
    for octets, what, mend in (
            (b"", "is empty, or not a store", "rm {0} && verpctl init"),
            (os.urandom(8192), "is empty, or not a store",
             "systemctl stop verpd.socket verpd; move {0}* away; "
             "verpctl restore BACKUP --reason WHY")):
        path = site.path("verpd.db")
        for name in os.listdir(site.root):
            if name.startswith("verpd.db"):
                os.remove(site.path(name))
        with open(path, "wb") as out:
            out.write(octets)
        os.chmod(path, 0o640)
        said = site.start("init")
        tap.check_equal(said.returncode, 73)
        tap.check(what.encode() in said.stderr, said.stderr)
        rows = [row for row in site.rows("doctor", "--no-postfix", status=1)
                if row["check"] == "store"]
        tap.check_equal([row["mend"] for row in rows], [mend.format(path)],
                        rows)


def test_no_store():
    site = Site(init=False)
    site.run("key", "new")
    for argv in (["stats"], ["list"], ["verify"], ["expire"],
                 ["why", "a@example.org"]):
        site.run(*argv, status=78)
    site.run("check", "a@example.org", status=2)
    row, = [row for row in site.rows("config", "check", status=78)
            if not row["good"]]
    tap.check_equal(row["what"], "store")


def test_config():
    site = Site(init=False)
    changed = site.run("config", "-n")
    tap.check(f'bounce_domains = {{"{DOMAIN}"}}\n' in changed, changed)
    tap.check("batch" not in changed, changed)
    tap.check("batch = 256\n" in site.run("config"))
    tap.check("bounce_domains = {}\n" in site.run("config", "-d"))
    # what is printed is a configuration that says the same
    again = Site(init=False)
    with open(again.conf, "w", encoding="utf-8") as out:
        out.write(changed)
    tap.check_equal(again.run("config", "-n"), changed)
    with open(again.conf, "w", encoding="utf-8") as out:
        out.write(site.run("config", "--sample"))
    tap.check_equal(again.run("config", "-n"), "")
    again.run("config", "check", status=78)


def test_config_check():
    site = Site()
    tap.check_equal(len(site.run("config", "check").splitlines()), 5)
    for text, wrong in (
            ("batch = 0\n", r"verpd\.conf:\d+: batch: 0 is not between"),
            ("nonsense = 1\n", r"verpd\.conf:\d+: no such option"),
            ("pattern x { regex = '(' }\n", r"verpd\.conf:\d+: "),
            ("pattern x { regex = 'abc' }\n", r"verpd\.conf:\d+: "),
            ("pattern nonsense { }\n", r"verpd\.conf:\d+: ")):
        site.configure(text)
        said = site.run("config", "check", status=78)
        tap.check(re.search(wrong, said), text, said)
    site.configure()
    os.chmod(site.path("keys"), 0o644)
    tap.check("BAD   keys" in site.run("config", "check", status=78))
    os.chmod(site.path("keys"), 0o640)
    with open(site.path("keys"), "a", encoding="ascii") as out:
        out.write("nonsense\n")
    tap.check(re.search(r"BAD +keys .*keys:\d+: ",
                        site.run("config", "check", status=78)))


def test_what_is_missing_says_how_to_get_it():
    site = Site()
    os.remove(site.path("keys"))
    said = site.run("config", "check", status=78)
    tap.check("keys: open: No such file or directory; verpctl key new makes"
              in said, said)
    os.remove(site.path("verpd.db"))
    tap.check("verpctl init makes one" in
              site.run("config", "check", status=78))
    with open(site.conf, encoding="utf-8") as text:
        elsewhere = text.read().replace("/verpd.db", "/none/verpd.db")
    with open(site.conf, "w", encoding="utf-8") as out:
        out.write(elsewhere)
    done = site.start("init")
    tap.check_equal(done.returncode, 78)
    tap.check(b"/none: there is no such directory; make it" in done.stderr,
              done.stderr)
    os.remove(site.conf)
    tap.check("verpctl config --sample prints one" in
              site.run("config", "check", status=78))


def test_wrong_user():
    """Who is refused a file is told whom to be."""
    if os.geteuid() != 0:
        return
    site = Site()
    try:
        done = site.start("stats", user=65534, group=65534, extra_groups=[])
    except PermissionError:  # the program is out of reach as well
        return
    tap.check_equal(done.returncode, 78, done.stderr)
    tap.check(b"Permission denied\nTry it as root" in done.stderr,
              done.stderr)
    tap.check(b"Try it" not in site.start("check", "nonsense").stderr)


def test_config_check_rules():
    site = Site()
    folder = site.path("rules.d")
    os.mkdir(folder)
    with open(site.path("verpd.conf"), encoding="utf-8") as text:
        conf = text.read().replace(RULES, folder)
    with open(site.path("verpd.conf"), "w", encoding="utf-8") as out:
        out.write(conf)
    tap.check("there are no *.rules" in
              site.run("config", "check", status=78))
    with open(os.path.join(folder, "a.rules"), "w", encoding="utf-8") as out:
        out.write("\n\nthis is no rule at all {{{\n")
    tap.check(re.search(r"a\.rules:\d+: ",
                        site.run("config", "check", status=78)))


def test_keys():
    site = Site(init=False)
    printed = site.run("key", "new", "--print")
    tap.check(re.fullmatch(r"0:[A-Za-z0-9+/]{43}=\n", printed), "the key")
    tap.check(not os.path.exists(site.path("keys")), "nothing is written")
    site.run("key", "new")
    site.run("key", "new", status=73)
    os.chmod(site.path("keys"), 0o600)
    with open(site.path("keys"), encoding="ascii") as keys:
        first = keys.read()
    old = site.run("token", "mint", "--form", "readable", "--campaign", "a",
                   "b@c.example").strip()
    row, = site.rows("key", "rotate", "--dry-run")
    tap.check_equal((row["signs"], row["dry_run"]), (1, True))
    with open(site.path("keys"), encoding="ascii") as keys:
        tap.check(keys.read() == first, "a dry run writes nothing")
    said = site.run("key", "rotate", "--actor", "eve", "--reason", "monthly")
    with open(site.path("keys"), encoding="ascii") as keys:
        text = keys.read()
    lines = [line for line in text.splitlines() if line[0] != "#"]
    tap.check([line[:2] for line in lines] == ["1:", "0:"], "the order")
    tap.check("by eve: monthly" in text, "the comment")
    tap.check(lines[0][2:] not in said, "the key is not told")
    tap.check_equal(stat.S_IMODE(os.stat(site.path("keys")).st_mode), 0o600)
    tap.check_equal(site.rows("key", "list"),
                    [{"id": 1, "signs": True}, {"id": 0, "signs": False}])
    site.run("token", "verify", old)
    tap.check("key" in site.run("token", "decode", old))
    for _ in range(30):
        site.run("key", "rotate")
    tap.check_equal(len(site.rows("key", "list")), 32)
    site.run("key", "rotate", status=78)
    tap.check_equal(os.listdir(site.root).count("keys"), 1)
    tap.check(not [name for name in os.listdir(site.root)
                   if name.startswith("keys.")], "no file is left behind")


def test_keys_open_to_others():
    site = Site()
    os.chmod(site.path("keys"), 0o644)
    done = site.start("key", "list")
    tap.check_equal(done.returncode, 78)
    tap.check(b"open to others" in done.stderr, done.stderr)


def test_classify():
    site = Site(init=False)
    with open(site.path("a.eml"), "w", encoding="utf-8") as out:
        out.write(report("ana@example.org", UNKNOWN_USER))
    with open(site.path("b.eml"), "w", encoding="utf-8") as out:
        out.write("Subject: lunch?\n\nAt noon.\n")
    open(site.path("empty.eml"), "wb").close()
    rows = site.rows("classify", site.path("a.eml"), site.path("b.eml"),
                     site.path("empty.eml"), "--root", site.root)
    tap.check_equal([row["file"] for row in rows],
                    ["a.eml", "b.eml", "empty.eml"])
    tap.check_equal([row["kind"] for row in rows],
                    ["bounce", "not-a-report", "not-a-report"])
    tap.check_equal([len(row["events"]) for row in rows], [1, 0, 0])
    event = rows[0]["events"][0]
    tap.check_equal({key: event[key] for key in
                     ("recipient", "status", "smtp_code", "action", "class",
                      "reason", "diagnostic")},
                    {"recipient": "ana@example.org", "status": "5.1.1",
                     "smtp_code": "550", "action": "failed", "class": "hard",
                     "reason": "bad-mailbox", "diagnostic": UNKNOWN_USER})
    tap.check(0.7 < event["confidence"] <= 1 and event["rule"], event)
    tap.check_equal(sorted(event), sorted(
        ["recipient", "alias", "status", "smtp_code", "action", "class",
         "reason", "rule", "confidence", "provider", "diagnostic"]))


def test_classify_explain():
    site = Site(init=False)
    message = report("ana@example.org", UNKNOWN_USER)
    row, = site.rows("classify", "--explain", "-", input=message)
    tap.check_equal([part["type"] for part in row["parts"]],
                    ["multipart/report", "text/plain",
                     "message/delivery-status"])
    evidence = row["events"][0]["evidence"]
    tap.check_equal(sum(one["winner"] for one in evidence), 1, evidence)
    text = site.run("classify", "--explain", "-", input=message)
    tap.check(re.search(r"^    -> 0\.\d+ hard ", text, re.M), text)
    tap.check("message/delivery-status" in text and "octet" in text, text)


def test_classify_needs_nothing():
    """No store, no configuration: rules alone."""
    done = subprocess.run(
        [VERPCTL, "classify", "--json", "--rules", RULES, "-"],
        input=report("ana@example.org", FULL, status="4.2.2").encode(),
        capture_output=True, check=False)
    tap.check_equal(done.returncode, 0, done.stderr)
    tap.check(b'"reason":"mailbox-full"' in done.stdout, done.stdout)


def test_classify_many():
    site = Site(init=False)
    folder = site.path("mail")
    os.makedirs(os.path.join(folder, "deep"))
    for i in range(300):
        name = f"deep/{i:03}.eml" if i % 2 else f"{i:03}.eml"
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(report(f"u{i}@example.org", UNKNOWN_USER))
    rows = site.rows("classify", "--root", site.root, folder)
    tap.check_equal(len(rows), 300)
    tap.check_equal(rows[0]["file"], "mail/000.eml")
    done = site.start("classify", folder + "/none.eml", folder + "/000.eml")
    tap.check_equal(done.returncode, 66)
    tap.check(b"000.eml: bounce" in done.stdout, "the other is told")


def test_rules():
    site = Site(init=False)
    row, = site.rows("rules", "test", "452 4.2.2 Mailbox full")
    tap.check_equal(row["events"][0]["reason"], "mailbox-full")
    site.run("rules", "test", "xyzzy", status=1)
    with open(site.path("a.eml"), "w", encoding="utf-8") as out:
        out.write(report("ana@example.org", UNKNOWN_USER))
    tap.check("hard/bad-mailbox" in
              site.run("rules", "test", "--file", site.path("a.eml")))
    site.run("rules", "test", "--file", site.path("none"), status=66)
    rules = site.rows("rules", "list")
    tap.check(len(rules) > 20, len(rules))
    hard = site.rows("rules", "list", "--reason", "bad-mailbox")
    tap.check(0 < len(hard) < len(rules))
    tap.check_equal({row["reason"] for row in hard}, {"bad-mailbox"})
    site.run("rules", "lint")


def test_rules_lint_finds():
    site = Site(init=False)
    shutil.copytree(RULES, site.path("rules"),
                    ignore=shutil.ignore_patterns("meson.build"))
    bad = site.path("bad.rules")
    with open(bad, "w", encoding="utf-8") as out:
        out.write("nonsense without an end\n")
    done = site.start("rules", "lint", bad)
    tap.check_equal(done.returncode, 78, done.stdout)
    tap.check(b"bad.rules:1" in done.stderr, done.stderr)
    os.mkdir(site.path("none"))
    site.run("rules", "lint", "--rules", site.path("none"), status=78)


def test_rules_of_the_build_tree():
    # Nothing is installed, and nobody said where the rules are.
    site = Site(init=False)
    with open(site.path("verpd.conf"), "w", encoding="utf-8") as out:
        out.write('bounce_domains = {"bounces.test"}\n')
    listed = site.run("rules", "list")
    tap.check("action.delivered" in listed, listed[:200])


def test_check_and_why():
    site = Site()
    site.run("check", "ana@example.org")
    site.run("why", "ana@example.org", status=1)
    bounced(site, "Ana@Example.ORG", UNKNOWN_USER)
    row, = site.rows("check", "ana@example.org", status=1)
    tap.check_equal((row["may_send"], row["cause"], row["until"]),
                    (False, "hard", "forever"))
    site.run("check", "ANA@example.org", "--stream", "transactional",
             status=1)
    site.run("check", "bob@example.org")
    for wrong in (["check", "nonsense"], ["check"],
                  ["check", "a@example.org", "--stream", "No Such"],
                  ["check", "a@example.org", "--stream", "transactoinal"],
                  ["check", "a@example.org", "--nonsense"]):
        site.run(*wrong, status=2)
    site.run("why", "nonsense", status=65)
    site.run("why", "ana@example.org", "--stream", "nonsense", status=64)
    site.run("add", "bob@example.org", "--stream", "nonsense", "--reason",
             "x", status=64)
    text = site.run("why", "ana@example.org")
    for part in ("hard/bad-mailbox", "5.1.1", "news-1 (marketing)",
                 "User unknown", "=> suppressed for good",
                 "now   marketing: SUPPRESSED, hard",
                 "next  nothing, until someone releases it"):
        tap.check(part in text, part, text)


def test_why_of_one_who_never_bounced():
    site = Site()
    site.mint("news-1", "ana@example.org")
    text = site.run("why", "ana@example.org")
    tap.check("\n\nnothing came back" in text and "\n\n\n" not in text, text)


def test_why_nothing_was_counted():
    site = Site()
    bounced(site, "ana@example.org", "450 4.2.0 Greylisted", status="4.2.0",
            action="delayed")
    for number in (2, 3):
        bounced(site, "ana@example.org", FULL, status="4.2.2", number=number)
    said = re.findall("=> (.*)", site.run("why", "ana@example.org"))
    tap.check_equal(said[0], "recorded only: delivery is still being tried")
    tap.check("counted before" in said[2], said)


def test_why_in_order():
    """Events and changes by hand stand in the order they took effect."""
    site = Site()
    bounced(site, "ana@example.org", FULL, "news-1", status="4.2.2")
    site.run("release", "ana@example.org", "--reason", "first", status=1)
    bounced(site, "ana@example.org", FULL, "news-2", status="4.2.2")
    site.run("add", "ana@example.org", "--reason", "second", "--stream",
             "transactional")
    bounced(site, "ana@example.org", UNKNOWN_USER, "news-3")
    rows = site.rows("why", "ana@example.org")
    tap.check_equal([row.get("reason") for row in rows[:5]],
                    ["mailbox-full", "first", "mailbox-full", "second",
                     "bad-mailbox"])
    tap.check_equal([row["type"] for row in rows],
                    ["event", "change", "event", "change", "event",
                     "state", "state"])
    # the release had the count begin anew
    tap.check_equal(rows[2]["effect"], "soft bounce 1 of 5")
    tap.check_equal({row["stream"]: row["cause"] for row in rows[5:]},
                    {"marketing": "hard", "transactional": "manual"})
    row, = [row for row in site.rows("why", "ana@example.org", "--stream",
                                     "marketing") if row["type"] == "state"]
    tap.check_equal(row["stream"], "marketing")
    site.run("verify")


def test_why_tells_next():
    site = Site(text="policy { soft_limit = 3 soft_days = 1 }\n")
    bounced(site, "ana@example.org", FULL, "news-1", status="4.2.2")
    text = site.run("why", "ana@example.org")
    tap.check("soft 1\n" in text, text)
    tap.check("count 1 of 3 soft bounces, on 1 of 1 day, within 30d" in text,
              text)
    tap.check("next  2 more soft bounces would suppress it (1w); one more hard"
              " bounce suppresses it for good" in text, text)
    bounced(site, "ana@example.org", FULL, "news-2", status="4.2.2")
    text = site.run("why", "ana@example.org")
    tap.check(re.search(r"next  one more soft bounce within (29|30) days"
                        r" suppresses it for 1w \(until 2", text), text)
    row = [row for row in site.rows("why", "ana@example.org")
           if row["type"] == "state"][0]
    soft = row["counters"][0]
    tap.check_equal((row["standing"], soft["count"], soft["limit"],
                     soft["more"], soft["would_hold"], soft["rungs"]),
                    ("soft 2", 2, 3, 1, 7 * 86400, 4))
    for number in (2, 3):
        bounced(site, "ana@example.org", FULL, f"news-{number}",
                status="4.2.2")
    text = site.run("why", "ana@example.org")
    tap.check("=> enough soft bounces, rung 1: suppressed until 2" in text,
              text)
    tap.check("next  it ends by itself" in text, text)


BLOCK = "550 5.7.1 Service unavailable; client host [192.0.2.1] blocked using" \
    " zen.example"


def test_one_block_of_a_token():
    """A second report of one mail makes no second block."""
    site = Site(text="policy { block_hold = 7d }\n"
                     "stream \"news\" { campaigns = {\"open-*\"} "
                     "ignore = {soft, block} }\n")
    bounced(site, "ana@example.org", BLOCK, status="5.7.1")
    site.run("check", "ana@example.org", status=1)
    # a stream that asked for it is not kept back
    site.run("check", "ana@example.org", "--stream", "news")
    text = site.run("why", "ana@example.org")
    tap.check("now   news: may be mailed: block is set aside by the stream; "
              "paused" in text, text)
    tap.check("now   marketing: SUPPRESSED, block, since" in text, text)
    site.run("release", "ana@example.org", "--reason", "our address is clean")
    bounced(site, "ana@example.org", BLOCK, status="5.7.1", number=2)
    site.run("check", "ana@example.org")
    bounced(site, "ana@example.org", BLOCK, "news-2", status="5.7.1")
    site.run("check", "ana@example.org", status=1)
    site.run("verify")


def test_policy_of_the_site():
    """Its rules count, are told of, and known by their mistakes."""
    site = Site(text="policy \"full\" { reason = {mailbox-full} limit = 2\n"
                     " days = 1\n ladder = {3d, forever} }\n")
    tap.check("policy \"full\" {\n\treason = {\"mailbox-full\"}\n"
              "\tlimit = 2\n\tdays = 1\n\tladder = {3d, forever}\n}\n"
              in site.run("config", "-n"))
    bounced(site, "ana@example.org", FULL, "news-1", status="4.2.2")
    text = site.run("why", "ana@example.org")
    tap.check("=> soft bounce 1 of 2, by policy full" in text, text)
    bounced(site, "ana@example.org", FULL, "news-2", status="4.2.2")
    text = site.run("why", "ana@example.org")
    tap.check("rung 1 of 2 (policy full)" in text, text)
    tap.check(re.search("; paused\n", text), text)
    tap.check("then one more soft bounce within" in text, text)
    row = json.loads(site.run("check", "ana@example.org", "--json", status=1))
    tap.check_equal(row["not_before"], row["until"])
    site.run("verify")
    site = Site(text="\npolicy \"x\" { class = {soft} "
                     "provider = {\"nowhere\"} }\n")
    said = site.start("config", "check").stdout.decode()
    tap.check(re.search(r"^BAD +rules .*verpd.conf:\d+: the rules know no "
                        "provider \"nowhere\"", said, re.M), said)


def test_retry_advice():
    """When another mail has a chance."""
    site = Site(text="provider \"yahoo\" { retry = {2h, 6h} }\n")
    later = "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred"
    bounced(site, "ana@yahoo.com", later, status="4.7.0")
    row, = site.rows("check", "ana@yahoo.com")
    tap.check_equal((row["may_send"], row["retry_provider"]), (True, "yahoo"))
    tap.check(row["not_before"] > "2026", row)
    text = site.run("check", "ana@yahoo.com")
    tap.check(re.search("not before 2[^ ]+: [a-z]+ at yahoo, 1 in a row", text),
              text)
    bounced(site, "bo@example.org", UNKNOWN_USER)
    row = json.loads(site.run("check", "bo@example.org", "--json", status=1))
    tap.check_equal((row["not_before"], row["retry_reason"]),
                    ("forever", None))
    row, = site.rows("check", "cy@example.org")
    tap.check_equal(row["not_before"], None)


def test_doubtful_hard_bounce():
    """One who is known to lie is asked twice."""
    site = Site()
    bounced(site, "ana@example.org", "550 5.4.1 Recipient address rejected: "
            "Access denied. AS(201806281) [x.prod.protection.outlook.com]",
            status="5.4.1")
    site.run("check", "ana@example.org")
    text = site.run("why", "ana@example.org")
    tap.check("=> hard 1 of 2, to be confirmed on another day" in text, text)
    tap.check(re.search("one more hard bounce on another day within (89|90) "
                        "days suppresses it for good; one that is beyond doubt "
                        "does so at once", text), text)
    bounced(site, "ana@example.org", UNKNOWN_USER, "news-2")
    site.run("check", "ana@example.org", status=1)
    site.run("verify")


def on_terminal(site, *argv):
    """The lines that a person sees."""
    reader, terminal = pty.openpty()
    site.start(*argv, capture_output=False, stdout=terminal)
    os.close(terminal)
    text = b""
    try:
        while part := os.read(reader, 65536):
            text += part
    except OSError:  # what a terminal says at its end
        pass
    os.close(reader)
    return text.decode().split("\r\n")


def test_list():
    site = Site()
    bounced(site, "ana@example.org", UNKNOWN_USER)
    bounced(site, "bob@example.org", "xyzzy", "news-2", status="5.0.0")
    site.run("add", "eve@example.org", "--reason", "asked", "--until", "30d")
    tap.check_equal([row["address"] for row in site.rows("list")],
                    ["ana@example.org", "eve@example.org"])
    row, = site.rows("list", "--cause", "manual")
    tap.check_equal(row["note"], "asked")
    tap.check_equal(len(site.rows("list", "--limit", "1")), 1)
    tap.check_equal(len(site.rows("list", "--events")), 2)
    row, = site.rows("list", "--class", "hard")
    tap.check_equal(row["address"], "ana@example.org")
    row, = site.rows("list", "--campaign", "news-2")
    tap.check_equal(row["campaign"], "news-2")
    tap.check(all(row["needs_review"] for row in
                  site.rows("list", "--review")))
    tap.check_equal(site.rows("list", "--events", "--until", "2001-01-01"),
                    [])
    tap.check_equal(len(site.rows("list", "--events", "--since", "1d")), 2)
    site.deliver(report("ana@example.org", UNKNOWN_USER),
                 f"b-nonsense@{DOMAIN}")
    row, = site.rows("list", "--forged")
    tap.check_equal(row["source"], "192.0.2.1")
    for argv, last in ((["list"], "ana@"), (["list", "--events"], "ana@"),
                       (["list", "--forged"], "b-nonsense@")):
        tap.check(site.run(*argv).count("\n") >= 1, argv)
        heading, row = on_terminal(site, *argv)[:2]
        tap.check_equal(heading.index("ADDRESS"), row.index(last),
                        f"{heading}\n{row}")


def test_check_tells_what_is_set_aside():
    site = Site()
    bounced(site, "ana@example.org", UNKNOWN_USER)
    row, = site.rows("check", "ana@example.org", status=1)
    tap.check_equal((row["cause"], row["set_aside"], row["domain"]),
                    ("hard", None, None))
    row, = site.rows("check", "bob@example.org")
    tap.check_equal((row["may_send"], row["cause"]), (True, None))


def test_add_and_release():
    site = Site()
    site.run("add", "Eve@example.org", "--reason", "asked", "--dry-run")
    site.run("check", "eve@example.org")
    site.run("add", "Eve@example.org", "two@example.org", "--reason", "asked",
             "--actor", "olga", "--stream", "transactional")
    site.run("check", "eve@example.org")
    site.run("check", "eve@example.org", "--stream", "transactional",
             status=1)
    tap.check('olga: "asked"' in site.run("why", "eve@example.org"))
    row, = site.rows("release", "eve@example.org", "--reason", "x",
                     "--dry-run")
    tap.check_equal(row["lifted"], 1)
    site.run("release", "eve@example.org", "--reason", "x", "--cause", "hard",
             status=1)
    row, = site.rows("release", "eve@example.org", "--reason", "x")
    tap.check_equal(row["lifted"], 1)
    site.run("check", "eve@example.org", "--stream", "transactional")
    site.run("release", "nobody@example.org", "--reason", "x", status=1)
    site.run("add", "nonsense", "ok@example.org", "--reason", "x", status=65)
    site.run("check", "ok@example.org", status=1)
    site.run("verify")


def test_default_actor():
    site = Site()
    environment = {**os.environ, "SUDO_USER": "olga"}
    site.run("add", "eve@example.org", "--reason", "asked", env=environment)
    row = [row for row in site.rows("why", "eve@example.org")
           if row["type"] == "change"][0]
    tap.check_equal(row["actor"], "olga")


def test_expire_stats_verify():
    site = Site()
    bounced(site, "ana@example.org", UNKNOWN_USER)
    row, = site.rows("stats")
    tap.check_equal((row["events"], row["by_class"]["hard"],
                     row["suppressed"]["hard"]), (1, 1, 1))
    tap.check("hard" in site.run("stats"))
    row, = site.rows("expire", "--dry-run")
    tap.check_equal((row["suppressions"], row["dry_run"]), (0, True))
    site.run("expire", "--reason", "nightly")
    row, = site.rows("verify")
    tap.check_equal(row["findings"], [])
    store = sqlite3.connect(site.path("verpd.db"))
    store.execute("DELETE FROM suppressions")
    store.commit()
    store.close()
    row, = site.rows("verify", status=1)
    tap.check(row["findings"], row)


def test_terminal():
    """What a stranger wrote does not reach the terminal as it is."""
    site = Site()
    # CSI in C0 and C1, a title, a new line, right-to-left override
    evil = "550 5.1.1 User unknown \x1b[2J \u009b2J \x1b]0;x\x07 \u202eabc"
    bounced(site, "ana@example.org", evil)
    with open(site.path("a.eml"), "w", encoding="utf-8") as out:
        out.write(report("ana@example.org", evil))
    name = site.path("a\x1b[2J.eml")
    shutil.copy(site.path("a.eml"), name)
    for argv in (["why", "ana@example.org"], ["list", "--events"],
                 ["classify", name], ["classify", "--explain", name],
                 ["rules", "test", evil], ["token", "decode", "\x1b[2J@x"]):
        for json in ([], ["--json"]):
            done = site.start(*argv, *json)
            text = done.stdout.decode() + done.stderr.decode()
            for one in "\x1b\u009b\x07\u202e\r":
                tap.check(one not in text, argv, json, ascii(text))


def test_output_full():
    site = Site()
    with open("/dev/full", "wb") as full:
        done = subprocess.run([VERPCTL, "-c", site.conf, "config"],
                              stdout=full, stderr=subprocess.PIPE,
                              check=False)
    tap.check_equal(done.returncode, 74, done.stderr)


ODD = ("", " ", "@", b"\xff\xfe@x.test", "x" * 5000, "a\x1b[31mb", "--nonsense",
       "99999999999999999999")


def commands():
    site = Site(init=False)
    names = [re.split("  +", line)[1] for line in site.run("help").splitlines()
             if re.match("  [a-z]", line)]
    tap.check("token mint" in names and "verify" in names, names)
    # these look at a Postfix, or wait for one
    return [name.split() for name in names if name not in
            ("help", "doctor", "selftest", "postfix-config", "deliver")]


def check_told(done, argv):
    """The status is one that the page knows, and it is not silent."""
    tap.check(done.returncode in (0, 1, 2, 64, 65, 66, 73), argv,
              done.returncode, done.stderr)
    tap.check(done.returncode in (0, 1) or done.stderr, argv, "is silent")
    for text in (done.stdout, done.stderr):
        text.decode()
        tap.check(b"\x1b" not in text, argv, text)


def test_odd_arguments():
    for argv in commands():
        site = Site()
        for odd in ODD:
            for more in ([], ["--reason", "x"]):
                check_told(site.start(*argv, *more, odd, cwd=site.root),
                           (argv, odd))


def test_without_store():
    """No command makes one by the way, or answers without."""
    for argv in commands():
        if argv[0] in ("init", "key", "config", "rules", "classify", "token",
                       "verify", "restore"):
            continue
        site = Site(init=False)
        site.run("key", "new")
        for more in ([], ["/dev/null"], ["--reason", "x"],
                     ["--reason", "x", "1"], ["--reason", "x", "a@b.test"],
                     ["--reason", "x", "/dev/null"]):
            done = site.start(*argv, *more)
            tap.check(done.returncode in (64, 65, 78) or argv == ["check"],
                      argv, more, done.returncode, done.stderr)
            tap.check(done.stderr, argv, more)
        tap.check(not os.path.exists(site.path("verpd.db")), argv)


def test_files_that_are_not_there():
    site = Site()
    for argv, status in ((["verify", "nothing"], 66),
                         (["verify", "."], 66),
                         (["restore", "nothing", "--reason", "x"], 66),
                         (["restore", ".", "--reason", "x"], 66),
                         (["rules", "lint", "nothing"], 66),
                         (["backup", "."], 73),
                         (["backup", "verpd.conf"], 73),
                         (["backup", "nothing/there"], 73)):
        done = site.start(*argv, cwd=site.root)
        tap.check_equal(done.returncode, status, (argv, done.stderr))
    site.run("add", "a@b.test", "--reason", " ", status=64)


tap.check(os.path.isdir(SOURCE))
tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
