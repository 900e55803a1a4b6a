#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The success feed: what the sender tells, and Postfix's log.

usage: test_feed.py VERPCTL
"""
import gzip
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from datetime import datetime, timedelta, timezone

from rig import (DOMAIN, FULL, UNKNOWN_USER, VERPCTL, Site, report, tap)

NOW = datetime.now(timezone.utc).replace(microsecond=0)


def ask(site, sql):
    with sqlite3.connect(site.path("verpd.db")) as store:
        return store.execute(sql).fetchall()


def soft(site, address):
    """The soft bounces counted against ADDRESS."""
    rows = ask(site, f"SELECT soft FROM recipients WHERE address='{address}'")
    return len(rows[0][0].split()) if rows else 0


def bounce(site, address, diagnostic=FULL, campaign="news-1", number=1,
           **fields):
    site.deliver(report(address, diagnostic,
                        message_id=f"{number}.{campaign}@far.example",
                        **fields), site.mint(campaign, address))


def clean(site):
    site.run("verify")


def deliveries(site):
    return ask(site, "SELECT ifnull(sum(delivered), 0) FROM counters "
                     "WHERE kind = 'site'")[0][0]


class Log:
    """Lines of a Postfix's log, a message at a time."""

    def __init__(self, path, ago=0, host="mx"):
        self.path = path
        self.at = NOW - timedelta(seconds=ago)
        self.host = host
        self.number = 0

    def write(self, service, text):
        with open(self.path, "a", encoding="utf-8") as out:
            stamp = self.at.isoformat()
            out.write(f"{stamp} {self.host} postfix/{service}[7]: {text}\n")

    def begin(self, sender, queue_id=None):
        self.number += 1
        queue_id = queue_id or f"4jTest{self.number:06d}z"
        self.write("smtpd", f"{queue_id}: client=app.example[192.0.2.7]")
        self.write("cleanup", f"{queue_id}: message-id=<1@example.org>")
        self.write("qmgr", f"{queue_id}: from=<{sender}>, size=480, nrcpt=1 "
                           "(queue active)")
        return queue_id

    def attempt(self, queue_id, recipient, said="250 2.0.0 Ok: queued",
                status="sent", dsn="2.0.0", service="smtp", orig="",
                relay="mx.far.example[198.51.100.4]:25", delay="0.4"):
        orig = f"orig_to=<{orig}>, " if orig else ""
        self.write(service, f"{queue_id}: to=<{recipient}>, {orig}"
                            f"relay={relay}, delay={delay}, "
                            f"delays=0/0/0.2/0.2, dsn={dsn}, "
                            f"status={status} ({said})")

    def end(self, queue_id):
        self.write("qmgr", f"{queue_id}: removed")

    def sent(self, sender, recipient, **fields):
        queue_id = self.begin(sender)
        self.attempt(queue_id, recipient, **fields)
        self.end(queue_id)


def ingest(site, path, *argv, **options):
    row, = site.rows("ingest-log", path, *argv, **options)
    return row


# ---- what the sender tells ----


def test_delivered_resets():
    site = Site()
    for number in (1, 2):
        bounce(site, "ana@example.net", campaign=f"news-{number}")
    tap.check_equal(soft(site, "ana@example.net"), 2)
    later = (NOW + timedelta(hours=1)).isoformat()
    lines = (f"Ana@example.net\tnews-3\t{later}\t250 2.0.0 Ok\n"
             f"nobody@example.net\tnews-3\t{later}\t4jX2Pm6by1z1cFVP\n")
    dry, = site.rows("delivered", "--dry-run", input=lines)
    tap.check_equal((dry["changed"], dry["dry_run"]), (1, True))
    tap.check_equal(soft(site, "ana@example.net"), 2)
    row, = site.rows("delivered", input=lines)
    tap.check_equal((row["delivered"], row["changed"], row["bad"]), (2, 1, 0))
    tap.check_equal(soft(site, "ana@example.net"), 0)
    # an event where it changed something, a count where it did not
    tap.check_equal(ask(site, "SELECT count(*) FROM events "
                              "WHERE class = 'delivered'"), [(1,)])
    tap.check_equal(deliveries(site), 1)
    tap.check_equal(ask(site, "SELECT count(*) FROM recipients"), [(1,)])
    clean(site)
    before = ask(site, "SELECT * FROM counters")
    row, = site.rows("delivered", input=lines)
    tap.check_equal((row["changed"], row["known"]), (0, 2))
    tap.check_equal(ask(site, "SELECT * FROM counters"), before)
    clean(site)


def test_delivered_json():
    site = Site()
    bounce(site, "ana@example.net")
    at = int(NOW.timestamp()) + 3600
    lines = json.dumps({"address": "ana@example.net", "campaign": "news-1",
                        "time": at, "queue_id": "4jX2Pm6by1z1cFVP",
                        "response": "250 ok"})
    row, = site.rows("delivered", "-", input=lines)
    tap.check_equal((row["delivered"], row["changed"]), (1, 1))
    tap.check_equal(ask(site, "SELECT queue_id, client FROM events WHERE "
                              "class = 'delivered'"),
                    [("4jX2Pm6by1z1cFVP", "sender")])
    clean(site)


def test_delivered_file_in_parts():
    site = Site()
    with open(site.path("many"), "w", encoding="ascii") as out:
        print("address\tcampaign\ttime", file=out)
        for i in range(1000):
            print(f"u{i}@example.net\tnews-{i % 3}\t2026-01-01T00:00:00Z",
                  file=out)
    row, = site.rows("delivered", site.path("many"))
    tap.check_equal((row["delivered"], row["known"]), (1000, 0))
    with open(site.path("many"), "a", encoding="ascii") as out:
        print("more@example.net\tnews-1\t2026-01-01", file=out)
    row, = site.rows("delivered", site.path("many"))
    tap.check_equal((row["delivered"], row["known"]), (1001, 1000))
    tap.check_equal(deliveries(site), 1001)
    # the last part may have grown by less than a part, again and again
    for total in (1002, 1004, 1249, 1252, 1252):
        with open(site.path("many"), "a", encoding="ascii") as out:
            for i in range(deliveries(site), total):
                print(f"more{i}@example.net\tnews-1\t2026-01-01", file=out)
        before = deliveries(site)
        row, = site.rows("delivered", site.path("many"))
        tap.check_equal((row["delivered"], row["known"]), (total, before))
        tap.check_equal(deliveries(site), total)
    site.run("delivered", site.path("nothing"), status=66)


def test_delivered_json_times():
    """A number with a fraction is a time, what is none is not 'now'."""
    site = Site()
    bounce(site, "ana@example.net")
    early = NOW.timestamp() - 86400
    for time, bad in ((early + 0.75, 0), (None, 0), (1e300, 1), (-1.5, 1),
                      (True, 1), ([early], 1), ({"at": early}, 1)):
        line = json.dumps({"address": "ben@example.net", "time": time,
                           "campaign": "news-1"})
        row, = site.rows("delivered", input=line, status=65 if bad else 0)
        tap.check_equal((row["delivered"], row["bad"]), (1 - bad, bad))
    # one from before the bounce says nothing of it
    line = json.dumps({"address": "ana@example.net", "time": early + 0.5,
                       "campaign": "news-1"})
    row, = site.rows("delivered", input=line)
    tap.check_equal((row["delivered"], row["changed"]), (1, 0))
    clean(site)


def test_bad_lines():
    site = Site()
    ahead = (NOW + timedelta(days=3)).isoformat()
    lines = (b"a@example.net\tnews-1\t2026-01-01\n"
             b"no-address\tnews-1\t2026-01-01\n"
             b"b@example.net\tNo Campaign\t2026-01-01\n"
             b"b@example.net\tnews-1\tsoon\n"
             b"b@example.net\n"
             b"\n"
             b"{\"address\": \n"
             b"\xff\xfe@example.net\tnews-1\t2026-01-01\n"
             b"b@example.net\tnews-1\t" + ahead.encode() + b"\n" +
             b"x" * 40000 + b"\n"
             b"c@example.net\tnews-1\t\n")
    done = site.start("delivered", input=lines)
    tap.check_equal(done.returncode, 65, done.stderr)
    tap.check(b"2 delivered" in done.stdout, done.stdout)
    told = done.stderr.decode()
    for number in (2, 3, 4, 5, 7, 8, 9, 10):
        tap.check(f"line {number}: " in told, number, told)
    for number in (1, 6, 11):
        tap.check(f"line {number}: " not in told, number, told)
    done = site.start("delivered", input=b"x\n" * 50)
    tap.check_equal(done.stderr.count(b"line "), 20)
    tap.check(b"and 30 more" in done.stderr, done.stderr)


def test_who_writes_a_line_and_waits():
    site = Site()
    bounce(site, "ana@example.net")
    with subprocess.Popen([VERPCTL, "-c", site.conf, "delivered"],
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as teller:
        at = int(NOW.timestamp()) + 3600
        teller.stdin.write(f"ana@example.net\tnews-1\t{at}\n".encode())
        teller.stdin.flush()
        tap.wait_for("the line", lambda: soft(site, "ana@example.net") == 0)
        teller.stdin.close()
        tap.check_equal(teller.wait(timeout=20), 0)
    clean(site)


def test_stays():
    """A delivery lifts no hard hold, no complaint, nothing set by hand; and
    what is older than a bounce says nothing of it."""
    site = Site()
    bounce(site, "hard@example.net", UNKNOWN_USER)
    site.run("add", "hand@example.net", "--reason", "asked")
    bounce(site, "soft@example.net")
    old = (NOW - timedelta(hours=1)).isoformat()
    new = (NOW + timedelta(hours=1)).isoformat()
    row, = site.rows("delivered", input=f"""hard@example.net\tnews-1\t{new}
hand@example.net\tnews-1\t{new}
soft@example.net\tnews-1\t{old}
""")
    tap.check_equal(row["changed"], 0)
    site.run("check", "hard@example.net", status=1)
    site.run("check", "hand@example.net", status=1)
    tap.check_equal(soft(site, "soft@example.net"), 1)
    tap.check_equal(deliveries(site), 3)
    clean(site)


def test_success_reports():
    """The same by a delivery status notification."""
    for action in ("delivered", "relayed"):
        site = Site()
        bounce(site, "ana@example.net")
        bounce(site, "ana@example.net", "250 2.0.0 Ok", "news-2", 2,
               action=action, status="2.0.0")
        tap.check_equal(soft(site, "ana@example.net"), 0)
        events = ask(site, "SELECT count(*) FROM events")
        tap.check_equal((events, deliveries(site)), ([(2,)], 0))
        token = site.mint("news-3", "ana@example.net")
        text = report("ana@example.net", "250 2.0.0 Ok", "2.0.0", action,
                      message_id="3@far.example")
        for _ in range(2):
            site.deliver(text, token)
        tap.check_equal(ask(site, "SELECT count(*) FROM events"), events)
        tap.check_equal(deliveries(site), 1)
        clean(site)


# ---- Postfix's log ----


def test_log_senders():
    """Base address, readable and opaque token, alias, copy, other mail."""
    site = Site()
    names = ("base", "readable", "opaque", "alias", "stranger")
    for name in names:
        bounce(site, f"{name}@example.net")
    log = Log(site.path("mail.log"), ago=-3600)
    log.sent(f"news-7@{DOMAIN}", "Base@example.net")
    log.sent(site.mint("news-7", "readable@example.net", "--form", "readable"),
             "readable@example.net")
    log.sent(site.mint("news-7", "opaque@example.net", "--form", "opaque"),
             "opaque@example.net")
    log.sent(f"news-7@{DOMAIN}", "box17@store.example.net",
             orig="alias@example.net")
    log.sent("staff@corp.example", "stranger@example.net")
    log.sent("", "stranger@example.net")
    # a forged token is nobody's; an archive's copy is not the recipient's
    log.sent(f"b-{'a' * 29}@{DOMAIN}", "stranger@example.net")
    log.sent(site.mint("news-7", "readable@example.net", "--form", "readable"),
             "stranger@example.net")
    log.sent(site.mint("news-7", "opaque@example.net", "--form", "opaque"),
             "stranger@example.net")
    row = ingest(site, log.path)
    tap.check_equal((row["delivered"], row["changed"], row["in_queue"]),
                    (5, 4, 0), row)
    for name in names:
        tap.check_equal(soft(site, f"{name}@example.net"),
                        int(name == "stranger"), name)
    tap.check_equal(ask(site, "SELECT DISTINCT queue_id <> '', client, trust "
                              "FROM events WHERE class = 'delivered' "
                              "ORDER BY trust"),
                    [(1, "log", "local"), (1, "log", "signed")])
    clean(site)
    tap.check_equal(ingest(site, log.path)["lines"], 0)


def test_log_hops():
    """Only what has left this site has arrived."""
    site = Site(text='feed_inner_relays = {"127.0.0.1:10024", "filter.*"}\n')
    bounce(site, "ana@example.net")
    log = Log(site.path("mail.log"), ago=-3600)
    sender = f"news-7@{DOMAIN}"
    for fields in ({"relay": "127.0.0.1[127.0.0.1]:10024"},
                   {"relay": "filter.lan[10.0.0.3]:25"},
                   {"relay": "mail.example.org[192.0.2.1]:25"},
                   {"relay": "mx[/var/spool/x/lmtp]", "service": "lmtp"},
                   {"relay": "local", "service": "local"},
                   {"relay": "mx.far.example[198.51.100.4]:25",
                    "service": "pipe"},
                   {"status": "deliverable", "dsn": "2.1.5"}):
        log.sent(sender, "ana@example.net", **fields)
    row = ingest(site, log.path)
    tap.check_equal((row["delivered"], row["changed"]), (0, 0))
    tap.check_equal(row["handed_on"], 6)  # the last is not sent
    log.sent(sender, "ana@example.net", relay="127.0.0.1[127.0.0.1]:2525")
    row = ingest(site, log.path)
    tap.check_equal((row["delivered"], row["changed"]), (1, 1))
    clean(site)


def test_log_queue_id_used_again():
    site = Site()
    bounce(site, "ana@example.net")
    log = Log(site.path("mail.log"), ago=-3600)
    first = log.begin(f"news-7@{DOMAIN}", "9F3A01C2B4")
    log.end(first)
    log.attempt("9F3A01C2B4", "ana@example.net")  # of nobody any more
    log.begin("staff@corp.example", "9F3A01C2B4")
    log.attempt("9F3A01C2B4", "ana@example.net")
    tap.check_equal(ingest(site, log.path)["delivered"], 0)
    # and when the line that ended it was lost
    log.begin(f"news-7@{DOMAIN}", "9F3A01C2B5")
    log.begin("staff@corp.example", "9F3A01C2B5")
    log.attempt("9F3A01C2B5", "ana@example.net")
    tap.check_equal(ingest(site, log.path)["delivered"], 0)
    # a join that is open is not forgotten between two runs
    log.begin(f"news-7@{DOMAIN}", "9F3A01C2B6")
    tap.check_equal(ingest(site, log.path)["in_queue"], 1)
    log.attempt("9F3A01C2B6", "ana@example.net")
    tap.check_equal(ingest(site, log.path)["changed"], 1)
    log.end("9F3A01C2B6")
    ingest(site, log.path)
    tap.check_equal(ask(site, "SELECT count(*) FROM feed_joins"), [(0,)])
    clean(site)


def test_joins_end_after_a_day():
    site = Site()
    log = Log(site.path("mail.log"), ago=3 * 86400)
    log.begin(f"news-7@{DOMAIN}")
    tap.check_equal(ingest(site, log.path)["in_queue"], 1)
    log.at += timedelta(hours=25)
    log.begin(f"news-7@{DOMAIN}")
    tap.check_equal(ingest(site, log.path)["in_queue"], 1)
    tap.check_equal(ask(site, "SELECT count(*) FROM feed_joins"), [(1,)])


GREYLISTED = {"said": "host mx.far.example[198.51.100.4] said: 452 4.2.2 "
                      "Mailbox full (in reply to RCPT TO command)",
              "status": "deferred", "dsn": "4.2.2"}


def test_log_deferrals():
    """Only when configured; one an address and day, one a mail."""
    site = Site()
    log = Log(site.path("mail.log"), ago=3000)
    sender = f"news-7@{DOMAIN}"
    log.sent(sender, "ana@example.net", **GREYLISTED)
    row = ingest(site, log.path)
    tap.check_equal((row["deferred"], row["counted"]), (1, 0))
    tap.check_equal(ask(site, "SELECT count(*) FROM recipients"), [(0,)])
    site.configure("feed_deferred_after = 4h\n")
    for delay, status in (("100", "deferred"), ("14399", "SOFTBOUNCE"),
                          ("14400", "deferred"), ("14400", "deferred"),
                          ("20000", "SOFTBOUNCE")):
        log.sent(sender, "ana@example.net",
                 **{**GREYLISTED, "delay": delay, "status": status})
    row = ingest(site, log.path)
    tap.check_equal((row["deferred"], row["counted"]), (5, 1), row)
    tap.check_equal(soft(site, "ana@example.net"), 1)
    # of a server that means us, or of a filter of ours: nothing
    log.sent(sender, "bob@example.net", status="deferred", dsn="4.7.1",
             delay="20000", said="host mx.far.example[198.51.100.4] said: "
             "451 4.7.1 Service unavailable; Client host [192.0.2.1] blocked "
             "using bl.example (in reply to RCPT TO command)")
    log.sent(sender, "bob@example.net",
             **{**GREYLISTED, "delay": "20000",
                "relay": "127.0.0.1[127.0.0.1]:10024"})
    row = ingest(site, log.path)
    tap.check_equal((row["deferred"], row["counted"]), (1, 0), row)
    tap.check_equal(soft(site, "bob@example.net"), 0)
    # the report of the same mail takes no second step
    token = site.mint("news-8", "cora@example.net")
    log.sent(token, "cora@example.net", **{**GREYLISTED, "delay": "20000"})
    tap.check_equal(ingest(site, log.path)["counted"], 1)
    site.deliver(report("cora@example.net", FULL, "4.2.2"), token)
    tap.check_equal(soft(site, "cora@example.net"), 1)
    clean(site)


REFUSED = {"said": "host mx.far.example[198.51.100.4] said: 550 5.1.1 User "
                   "unknown (in reply to RCPT TO command)",
           "status": "bounced", "dsn": "5.1.1"}


def test_log_bounces():
    """Only when configured, and never beside the report."""
    site = Site()
    log = Log(site.path("mail.log"), ago=60)
    log.sent(f"news-7@{DOMAIN}", "ana@example.net", **REFUSED)
    row = ingest(site, log.path)
    tap.check_equal((row["bounced"], row["counted"]), (1, 0))
    site.run("check", "ana@example.net")
    site.configure("feed_bounces = yes\n")
    token = site.mint("news-7", "ana@example.net")
    log.sent(token, "ana@example.net", **REFUSED)
    row = ingest(site, log.path)
    tap.check_equal((row["bounced"], row["counted"]), (1, 1))
    site.run("check", "ana@example.net", status=1)
    site.deliver(report("ana@example.net", UNKNOWN_USER), token)
    tap.check_equal(ask(site, "SELECT step, client, smtp_code, remote_mta "
                              "FROM events ORDER BY id"),
                    [("hard", "log", 550, "mx.far.example"),
                     ("none", "192.0.2.1", 550, "mx.far.example")])
    clean(site)


def test_log_expired():
    site = Site(text="feed_bounces = yes\n")
    log = Log(site.path("mail.log"), ago=60)
    queue_id = log.begin(f"news-7@{DOMAIN}")
    for name in ("ana", "bob", "cora", "dora"):
        log.attempt(queue_id, f"{name}@example.net",
                    **{**GREYLISTED, "delay": "40"})
    tap.check_equal(ingest(site, log.path)["deferred"], 4)
    # taken up again, it is still the same message
    log.write("qmgr", f"{queue_id}: from=<news-7@{DOMAIN}>, size=480, "
                      "nrcpt=4 (queue active)")
    log.attempt(queue_id, "bob@example.net")
    log.attempt(queue_id, "cora@example.net", **REFUSED)
    tap.check_equal(ask(site, "SELECT count(*) FROM feed_waiting"), [(4,)])
    tap.check_equal(ingest(site, log.path)["delivered"], 1)
    tap.check_equal(ask(site, "SELECT count(*) FROM feed_waiting"), [(2,)])
    log.write("qmgr", f"{queue_id}: from=<news-7@{DOMAIN}>, status=expired, "
                      "returned to sender")
    log.end(queue_id)
    row = ingest(site, log.path)
    tap.check_equal((row["expired"], row["counted"]), (1, 2))
    tap.check_equal([soft(site, f"{name}@example.net")
                     for name in ("ana", "bob", "cora", "dora")],
                    [1, 0, 0, 1])
    site.run("check", "cora@example.net", status=1)
    tap.check_equal(ask(site, "SELECT (SELECT count(*) FROM feed_waiting) + "
                              "(SELECT count(*) FROM feed_joins)"), [(0,)])
    clean(site)


def test_classic_stamps():
    site = Site()
    bounce(site, "ana@example.net")
    log = Log(site.path("mail.log"))
    at = (NOW + timedelta(hours=1)).astimezone(
        timezone(timedelta(hours=-3)))
    with open(log.path, "w", encoding="ascii") as out:
        stamp = f"{at:%b} {at.day:2d} {at:%H:%M:%S}"
        for text in (f"qmgr[7]: 9F3A01C2B4: from=<news-7@{DOMAIN}>, size=1, "
                     "nrcpt=1 (queue active)",
                     "smtp[7]: 9F3A01C2B4: to=<ana@example.net>, "
                     "relay=mx.far.example[198.51.100.4]:25, delay=1, "
                     "delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)"):
            print(f"{stamp} mx postfix-out/campaign/{text}", file=out)
    row = ingest(site, log.path, env={**os.environ, "TZ": "XXX3"})
    tap.check_equal(row["changed"], 1)
    told = ask(site, "SELECT max(at) FROM events")[0][0]
    tap.check(abs(told - time.time()) <= 300, told, NOW)


# ---- where it stopped ----


def fill(log, count, first=0):
    for i in range(first, first + count):
        log.sent(f"news-{i % 3}@{DOMAIN}", f"u{i}@example.net")


def rotate_rename(path):
    os.rename(path, path + ".1")


def rotate_copy(path):
    shutil.copyfile(path, path + ".1")
    os.truncate(path, 0)


def rotate_dated(path):
    os.rename(path, path + "-20261121")


def rotate_gzip(path):
    with open(path, "rb") as plain, gzip.open(path + ".1.gz", "wb") as packed:
        packed.write(plain.read())
    os.remove(path)


def rotate_twice(path):
    os.rename(path, path + ".2")
    os.utime(path + ".2", (1, 1))
    fill(Log(path + ".1"), 7)
    os.utime(path + ".1", (2, 2))


def test_rotation():
    for rotate, between in ((rotate_rename, 0), (rotate_copy, 0),
                            (rotate_dated, 0), (rotate_gzip, 0),
                            (rotate_twice, 7)):
        site = Site()
        log = Log(site.path("mail.log"))
        fill(log, 20)
        tap.check_equal(ingest(site, log.path)["delivered"], 20)
        fill(log, 5)  # not read before it is gone
        rotate(log.path)
        fill(log, 3)
        done = site.start("ingest-log", log.path, "--json")
        row = json.loads(done.stdout)
        tap.check_equal(row["delivered"], 8 + between,
                        (rotate.__name__, done.stderr))
        tap.check_equal(done.stderr, b"")
        tap.check_equal(ingest(site, log.path)["lines"], 0)
        clean(site)


def test_rotated_and_empty():
    """The new file is there, and the logger still writes to the old one."""
    site = Site()
    log = Log(site.path("mail.log"))
    fill(log, 4)
    ingest(site, log.path)
    os.rename(log.path, log.path + ".1")
    open(log.path, "w", encoding="ascii").close()
    tap.check_equal(ingest(site, log.path)["lines"], 0)
    fill(Log(log.path + ".1"), 2)
    tap.check_equal(ingest(site, log.path)["delivered"], 2)
    fill(log, 3)
    tap.check_equal(ingest(site, log.path)["delivered"], 3)


def test_place_is_gone():
    site = Site()
    log = Log(site.path("mail.log"))
    fill(log, 4)
    ingest(site, log.path)
    os.remove(log.path)
    fill(log, 2, 50)
    done = site.start("ingest-log", log.path, "--json")
    tap.check_equal(json.loads(done.stdout)["delivered"], 2)
    tap.check(b"is gone" in done.stderr, done.stderr)
    os.remove(log.path)
    site.run("ingest-log", log.path, status=66)


def test_half_a_line():
    site = Site()
    log = Log(site.path("mail.log"))
    fill(log, 2)
    with open(log.path, encoding="ascii") as whole:
        text = whole.read()
    for cut in (len(text) - 1, len(text) - 20, 100):
        fresh = Site()
        path = fresh.path("mail.log")
        with open(path, "w", encoding="ascii") as part:
            part.write(text[:cut])
        first = ingest(fresh, path)
        with open(path, "a", encoding="ascii") as part:
            part.write(text[cut:])
        rest = ingest(fresh, path)
        tap.check_equal(first["lines"] + rest["lines"], text.count("\n"))
        tap.check_equal(first["delivered"] + rest["delivered"], 2)


def test_from_end_and_name():
    site = Site()
    log = Log(site.path("mail.log"))
    fill(log, 4)
    tap.check_equal(ingest(site, log.path, "--from-end")["lines"], 0)
    fill(log, 2)
    tap.check_equal(ingest(site, log.path)["delivered"], 2)
    row = ingest(site, log.path, "--name", "other")
    tap.check_equal((row["feed"], row["delivered"]), ("other", 6))
    dry = ingest(site, log.path, "--name", "third", "--dry-run")
    tap.check_equal(dry["delivered"], 6)
    tap.check_equal(ask(site, "SELECT count(*) FROM feeds"), [(2,)])
    for argv in (["--follow", "a", "b"], ["--name", "x", "a", "b"],
                 ["--follow", "--dry-run", "a"]):
        site.run("ingest-log", *argv, status=64)


def test_standard_input():
    site = Site()
    log = Log(site.path("mail.log"), ago=100)
    fill(log, 3)
    log.at += timedelta(seconds=10)
    fill(log, 2)
    with open(log.path, encoding="ascii") as whole:
        text = "-- Journal begins --\n" + whole.read()
    half = text.index("removed\n", len(text) // 2) + len("removed\n")
    row = ingest(site, "-", "--resume", input=text[:half])
    tap.check_equal(row["delivered"], 3)
    # the whole of it again, and more
    fill(log, 1)
    with open(log.path, encoding="ascii") as whole:
        text = "-- Journal begins --\n" + whole.read()
    for want in (3, 0):
        row = ingest(site, "-", "--resume", input=text)
        tap.check_equal(row["delivered"], want)
    tap.check_equal(deliveries(site), 6)
    clean(site)


def test_follow():
    site = Site()
    bounce(site, "u0@example.net")
    log = Log(site.path("mail.log"), ago=-3600)
    log.write("master", "daemon started")
    with subprocess.Popen([VERPCTL, "-c", site.conf, "ingest-log", "--follow",
                           "--json", log.path], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as follower:
        fill(log, 5)
        tap.wait_for("the first", lambda: deliveries(site) == 4)
        tap.check_equal(soft(site, "u0@example.net"), 0)
        for rotate in (rotate_rename, rotate_copy):
            before = deliveries(site)
            fill(log, 2)
            rotate(log.path)
            fill(log, 3)
            tap.wait_for(rotate.__name__,
                         lambda n=before + 5: deliveries(site) == n)
        follower.send_signal(signal.SIGTERM)
        out, err = follower.communicate(timeout=20)
    tap.check_equal((follower.returncode, err), (0, b""))
    tap.check_equal(json.loads(out)["delivered"], 15)
    clean(site)
    tap.check_equal(ingest(site, log.path)["lines"], 0)


def test_killed():
    """Killed at random, it ends with what it would have made undisturbed."""
    rng = random.Random(7)
    text = "feed_deferred_after = 1h\nfeed_bounces = yes\n"
    whole, killed = Site(text=text), Site(text=text)
    log = Log(whole.path("mail.log"), ago=7200)
    lines = []
    for i in range(20000):
        log.path = os.devnull
        queue_id = f"4jKill{i:07d}"
        stamp = log.at + timedelta(seconds=i // 4)
        head = f"{stamp.isoformat()} mx postfix"
        lines.append(f"{head}/qmgr[7]: {queue_id}: from=<news-{i % 5}@"
                     f"{DOMAIN}>, size=1, nrcpt=1 (queue active)")
        kind = rng.choices(("sent", "deferred", "bounced"), (90, 8, 2))[0]
        dsn, said = {"sent": ("2.0.0", "250 2.0.0 Ok"),
                     "deferred": ("4.2.2", GREYLISTED["said"]),
                     "bounced": ("5.1.1", REFUSED["said"])}[kind]
        lines.append(f"{head}/smtp[8]: {queue_id}: to=<u{i % 900}@"
                     "example.net>, relay=mx.far.example[198.51.100.4]:25, "
                     f"delay=5000, delays=0/0/0/0, dsn={dsn}, "
                     f"status={kind} ({said})")
        if rng.random() < 0.9:
            lines.append(f"{head}/qmgr[7]: {queue_id}: removed")
    for site in (whole, killed):
        with open(site.path("mail.log"), "w", encoding="ascii") as out:
            out.write("\n".join(lines) + "\n")
    ingest(whole, whole.path("mail.log"), "--name", "f")
    kills = 0
    for patience in range(30):
        with subprocess.Popen([VERPCTL, "-c", killed.conf, "ingest-log",
                               "--name", "f", killed.path("mail.log")],
                              stdout=subprocess.DEVNULL) as process:
            try:
                # a busy machine needs longer to get anywhere
                process.wait(timeout=rng.uniform(
                    0.02, 0.15 + 0.02 * patience))
                tap.check_equal(process.returncode, 0)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
    else:
        ingest(killed, killed.path("mail.log"), "--name", "f")
    tap.check(kills > 0)
    for sql in ("SELECT lines, delivered, changed, deferred, bounced, expired,"
                " counted, offset FROM feeds",
                "SELECT kind, name, hour, delivered FROM counters "
                "WHERE delivered > 0 ORDER BY 1, 2, 3",
                "SELECT r.address, e.at, e.class, e.step, e.queue_id FROM "
                "events e JOIN recipients r ON r.id = e.recipient_id "
                "ORDER BY e.id",
                "SELECT address, soft, rung FROM recipients ORDER BY address",
                "SELECT queue_id, at, campaign FROM feed_joins ORDER BY 1",
                "SELECT w.queue_id, r.address, w.at FROM feed_waiting w JOIN "
                "recipients r ON r.id = w.recipient_id ORDER BY 1, 2"):
        tap.check_equal(ask(killed, sql), ask(whole, sql), sql)
    print(f"# killed {kills} times")
    clean(whole)
    clean(killed)


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
