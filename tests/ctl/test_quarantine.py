#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl quarantine, unknown and rules stats: what nobody understood waits,
is looked at, and becomes something else.

usage: test_quarantine.py VERPCTL
"""
import os

from rig import UNKNOWN_USER, RULES, Site, report, tap

RULE = """[site.xyzzy]
match = xyzzy \\d+
reason = bad-mailbox
confidence = 0.95
example = xyzzy 17
"""
BY = ("--reason", "looked", "--actor", "eve")


def begin(text=""):
    site = Site()
    os.mkdir(site.path("rules.d"))
    site.configure(text)
    # the rules of the rig, and a directory of this site's own behind them
    with open(site.conf, encoding="utf-8") as conf:
        whole = conf.read()
    with open(site.conf, "w", encoding="utf-8") as conf:
        conf.write(whole.replace(
            f'rules = {{"{RULES}"}}',
            f'rules = {{"{RULES}", "{site.path("rules.d")}"}}'))
    return site


def learn(site, text=RULE):
    with open(site.path("rules.d/site.rules"), "w", encoding="utf-8") as out:
        out.write(text)


def take(site, address, diagnostic, campaign="news-1", **options):
    """Delivers a report; the id of its event."""
    site.deliver(report(address, diagnostic, status="", **options),
                 site.mint(campaign, address))
    return site.rows("list", "--events")[-1]["id"]


def check_verified(site):
    row, = site.rows("verify")
    tap.check_equal(row["findings"], [])


def waiting(site, *argv):
    return [row["id"] for row in site.rows("quarantine", "list", *argv)]


def test_list():
    site = begin()
    tap.check_equal(site.rows("quarantine", "list"), [])
    first = take(site, "ana@example.org", "xyzzy 17 of <ana@example.org>")
    take(site, "bob@example.org", UNKNOWN_USER)
    last = take(site, "eve@example.org", "plugh \x1b[2J", campaign="news-2")
    tap.check_equal(waiting(site), [first, last])
    row = site.rows("quarantine", "list")[0]
    tap.check_equal(
        (row["address"], row["campaign"], row["waits"], row["kept"],
         row["shape"], row["needs_review"]),
        ("ana@example.org", "news-1", "unknown", True,
         "xyzzy N of <ADDRESS>", True))
    for argv, found in ((["--campaign", "news-2"], [last]),
                        (["--shape", "xyzzy N"], [first]),
                        (["--shape", "17"], []),
                        (["--why", "unknown"], [first, last]),
                        (["--why", "unsure"], []),
                        (["--provider", "nobody"], []),
                        (["--since", "1d"], [first, last]),
                        (["--until", "1d"], []),
                        (["--limit", "1"], [first])):
        tap.check_equal(waiting(site, *argv), found, argv)
    said = site.run("quarantine", "list")
    tap.check("\x1b" not in said and "kept" in said, said)
    for argv in (["--why", "nonsense"], ["--since", "yesterday"], ["x"]):
        site.run("quarantine", "list", *argv, status=64)


def test_show():
    site = begin()
    event = take(site, "ana@example.org", "xyzzy 17\x1b[2J",
                 words="Something\x1b[2J went wrong.")
    calm = take(site, "bob@example.org", UNKNOWN_USER)
    said = site.run("quarantine", "show", str(event))
    tap.check("\x1b" not in said, said)
    for text in ("ana@example.org", "news-1", "unknown/unknown",
                 "Subject: Undelivered Mail", "went wrong.", "xyzzy 17"):
        tap.check(text in said, text, said)
    raw = site.start("quarantine", "show", "--raw", str(event))
    tap.check_equal(raw.returncode, 0, raw.stderr)
    tap.check(raw.stdout.startswith(b"From: MAILER-DAEMON@mx.far.example\n")
              and b"xyzzy 17\x1b[2J\n" in raw.stdout, raw.stdout)
    row, = site.rows("quarantine", "show", str(event))
    tap.check("went wrong." in row["text"] and "xyzzy" in row["message"], row)
    # what is shown can be judged
    judged, = site.rows("classify", "-", input=raw.stdout)
    tap.check_equal(judged["events"][0]["recipient"], "ana@example.org")
    for argv in ([str(calm)], ["4711"]):
        done = site.start("quarantine", "show", *argv)
        tap.check_equal((done.returncode, done.stdout), (1, b""), argv)
        tap.check(b"does not wait" in done.stderr, done.stderr)
    for argv in ([], ["x"], ["0"], ["-1"], ["1", "2"]):
        site.run("quarantine", "show", *argv, status=64)


def test_reclassify():
    site = begin()
    first = take(site, "ana@example.org", "xyzzy 17")
    other = take(site, "bob@example.org", "plugh")
    argv = ("quarantine", "reclassify", *BY)
    # nobody knows yet
    row, = site.rows(*argv, str(first), status=1)
    tap.check_equal((row["became"], row["event"]), ("left waiting", 0))
    learn(site)
    row, = site.rows(*argv, str(first), "--dry-run")
    tap.check_equal((row["became"], row["event"], row["rule"], row["step"],
                     row["hold_until"], row["dry_run"]),
                    ("reclassified", 0, "site.xyzzy", "hard", "forever",
                     True))
    tap.check_equal(waiting(site), [first, other])
    site.run("check", "ana@example.org")
    row, = site.rows(*argv, "--all")
    tap.check_equal((row["id"], row["became"], row["class"]),
                    (first, "reclassified", "hard"))
    tap.check_equal(waiting(site), [other])
    site.run("check", "ana@example.org", status=1)
    check_verified(site)
    # told in her story, by whom and why
    said = site.run("why", "ana@example.org")
    tap.check(f"reviewed since, as event {row['event']}" in said, said)
    tap.check(f'eve: "event {first} as {row["event"]}: looked"' in said, said)
    old, new = site.rows("list", "--events", "--campaign", "news-1",
                         "--class", "unknown"), row["event"]
    tap.check_equal([(event["reviewed"], event["reviewed_as"])
                     for event in old], [(True, new), (False, 0)])
    # not again
    done = site.start(*argv, str(first))
    tap.check_equal(done.returncode, 1, done.stderr)
    tap.check(b"does not wait" in done.stderr, done.stderr)
    site.run(*argv, "--all", status=1)
    tap.check_equal(site.rows("stats")[0]["needs_review"], 1)


def test_by_hand():
    site = begin()
    events = [take(site, f"{name}@example.org", "plugh")
              for name in ("ana", "bob", "eve")]
    site.run("quarantine", "reclassify", "--as", "bad-mailbox", *BY,
             str(events[0]))
    site.run("check", "ana@example.org", status=1)
    site.run("quarantine", "reclassify", "--as", "content", *BY,
             str(events[1]))
    site.run("check", "bob@example.org")
    site.run("quarantine", "reclassify", "--as", "unknown", *BY, "--all")
    tap.check_equal(waiting(site), [])
    tap.check_equal(site.rows("stats")[0]["kept_octets"], 0)
    # an empty quarantine is well
    site.run("quarantine", "reclassify", *BY, "--all")
    check_verified(site)
    for argv in (["--as", "nonsense", "1"], ["--as", "forged", "1"], [],
                 ["--all", "1"], ["--shape", "x", "1"], ["x"]):
        site.run("quarantine", "reclassify", *BY, *argv, status=64)
    site.run("quarantine", "reclassify", "1", status=64)


def test_drop():
    site = begin()
    first = take(site, "ana@example.org", "xyzzy 17")
    second = take(site, "bob@example.org", "plugh")
    site.run("quarantine", "drop", str(first), *BY, "--dry-run")
    tap.check_equal(waiting(site), [first, second])
    site.run("quarantine", "drop", str(first), *BY)
    tap.check_equal(waiting(site), [second])
    site.run("quarantine", "drop", str(first), *BY, status=1)
    said = site.run("why", "ana@example.org")
    tap.check("reviewed since: dropped" in said and
              f'eve: "event {first}: looked"' in said, said)
    site.run("quarantine", "drop", "--all", "--shape", "plugh", *BY)
    tap.check_equal(waiting(site), [])
    check_verified(site)


def test_not_kept():
    """The event waits on without its message; only a person can say."""
    site = begin("quarantine_size = 0\n")
    event = take(site, "ana@example.org", "xyzzy 17")
    learn(site)
    row, = site.rows("quarantine", "list")
    tap.check_equal((row["id"], row["kept"], row["text"]),
                    (event, False, "xyzzy 17"))
    site.run("quarantine", "show", str(event), status=1)
    row, = site.rows("quarantine", "reclassify", str(event), *BY, status=1)
    tap.check_equal(row["became"], "no longer kept")
    site.run("quarantine", "reclassify", str(event), "--as", "bad-mailbox",
             *BY)
    site.run("check", "ana@example.org", status=1)


def test_expire():
    site = begin()
    event = take(site, "ana@example.org", "xyzzy 17")
    tap.check_equal(site.rows("expire")[0]["messages"], 0)
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write("quarantine_size = 10\n")
    for argv in (["--dry-run"], []):
        tap.check_equal(site.rows("expire", *argv)[0]["messages"], 1)
    row, = site.rows("quarantine", "list")
    tap.check_equal((row["id"], row["kept"]), (event, False))
    check_verified(site)


def test_unknown():
    site = begin()
    tap.check_equal(site.rows("unknown"), [])
    for number in range(5):
        last = take(site, f"r{number}@example.org",
                    f"xyzzy {number} of <r{number}@example.org>")
    take(site, "ana@example.org", "plugh")
    take(site, "bob@example.org", UNKNOWN_USER)
    rows = site.rows("unknown", "--top")
    tap.check_equal([(row["count"], row["shape"]) for row in rows],
                    [(5, "xyzzy N of <ADDRESS>"), (1, "plugh")])
    tap.check_equal((rows[0]["example"], rows[0]["event"]),
                    ("xyzzy 4 of <r4@example.org>", last))
    tap.check_equal(len(site.rows("unknown", "--top", "1")), 1)
    tap.check_equal(len(site.rows("unknown", "--shape", "plugh")), 1)
    said = site.run("unknown")
    tap.check("6 of 6 events shown, of 2 shapes" in said, said)
    site.run("unknown", "--top", "0", status=64)
    site.run("unknown", "x", status=64)


def test_text_of_the_message():
    """Without a diagnostic, the shape is of what the message says."""
    site = begin()
    site.deliver("From: someone@example.org\nSubject: Re: news\n\n"
                 "Dear 42 friends,\nfrobozz.\n",
                 site.mint("news-1", "ana@example.org"))
    row, = site.rows("unknown")
    tap.check("dear N friends, frobozz." in row["shape"], row)


def test_rules_stats():
    site = begin()
    learn(site)
    tap.check(all(row["hits"] == 0 and row["last"] is None
                  for row in site.rows("rules", "stats")))
    for name in ("ana", "bob"):
        take(site, f"{name}@example.org", "xyzzy 17")
    take(site, "eve@example.org", UNKNOWN_USER)
    rows = site.rows("rules", "stats")
    tap.check_equal((rows[0]["id"], rows[0]["hits"], rows[0]["in_force"]),
                    ("site.xyzzy", 2, True))
    tap.check(rows[0]["last"] and rows[1]["hits"] == 1 and
              rows[-1]["hits"] == 0, rows[:3])
    listed = {row["id"]: row["hits"]
              for row in site.rows("rules", "list", "--hits")}
    tap.check_equal(listed["site.xyzzy"], 2)
    tap.check_equal(len(listed), len(rows))
    tap.check("hits" not in site.rows("rules", "list")[0])
    tap.check_equal(len(site.rows("rules", "stats", "--never")),
                    len(rows) - 2)
    site.run("rules", "list", "--hits")
    # told twice is no hit, and a rule that went keeps its count
    take(site, "ana@example.org", "xyzzy 17")
    learn(site, "")
    row, = [row for row in site.rows("rules", "stats")
            if row["id"] == "site.xyzzy"]
    tap.check_equal((row["hits"], row["in_force"]), (2, False))
    tap.check("not in force" in site.run("rules", "stats"))


tap.run([test_list, test_show, test_reclassify, test_by_hand, test_drop,
         test_not_kept, test_expire, test_unknown, test_text_of_the_message,
         test_rules_stats])
