#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is kept, for how long, in which form, and copied where.

usage: test_privacy.py VERPCTL
"""
import os
import sqlite3
import stat
import subprocess
import threading

from rig import FULL, UNKNOWN_USER, VERPCTL, Site, report, tap

WHY = ["--reason", "asked for it", "--actor", "ana"]


def check_whole(site, *argv):
    tap.check("0 differences" in site.run("verify", *argv))


def hard(site, address, campaign="news-1", message_id=None, **options):
    token = site.mint(campaign, address, *options.pop("mint", []))
    site.deliver(report(address, UNKNOWN_USER,
                        message_id=message_id or address.replace("@", "-")),
                 token, **options)
    return token


def counts(site):
    return site.rows("stats")[0]


FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def later(site, when, *argv, status=0):
    """verpctl ARGV as it will be run at WHEN from now."""
    env = dict(os.environ, LD_PRELOAD=FAKETIME, FAKETIME=when,
               FAKETIME_DONT_FAKE_MONOTONIC="1",
               # a sanitizer wants to be loaded before all others
               ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") +
               ":verify_asan_link_order=0")
    return site.run(*argv, status=status, env=env)


# ---- retention ----

def test_purge():
    site = Site(text="event_retention = 1y\nreply_retention = 10d\n")
    hard(site, "ana@example.net")
    full = "452 4.2.2 The mailbox is full"
    token = site.mint("news-1", "bob@example.net")
    site.deliver(report("bob@example.net", full, status="4.2.2",
                        message_id="bob"), token)
    site.deliver("From: bob@example.net\nSubject: Out of office\n"
                 "Auto-Submitted: auto-replied\nMessage-Id: <a@b>\n\nAway.\n",
                 token)
    tap.check_equal(counts(site)["events"], 3)
    row, = site.rows("purge", "--dry-run")
    tap.check_equal(row["events"], 0)
    tap.check("deleted 1 events" in later(site, "+20d", "purge"))
    check_whole(site)
    # two years on bob's bounce counts for nothing; ana's still does
    tap.check("would delete 1 events" in
              later(site, "+2y", "purge", "--dry-run"))
    tap.check_equal(counts(site)["events"], 2)
    tap.check("deleted 1 events" in later(site, "+2y", "purge"))
    check_whole(site)
    site.run("check", "ana@example.net", status=1)
    tap.check("5.1.1" in site.run("why", "ana@example.net"))
    tap.check_equal([row["action"] for row in site.rows("audit")
                     if row["action"] == "purge"], ["purge", "purge"])
    site.run("purge", "--compact")
    check_whole(site)


def test_purge_recipients():
    """Addresses go when nothing names them, and no return path can."""
    site = Site(text="recipient_retention = 60d\ncomplaint_lifetime = 100d\n")

    def mint(when, address):
        return later(site, when, "token", "mint", "--campaign", "news-1",
                     address).strip()

    def known():
        with sqlite3.connect(site.path("verpd.db")) as db:
            return dict(db.execute("SELECT address, id FROM recipients"))

    for name in ("ana", "bob", "cy", "dan"):
        mint("+0d", f"{name}@example.net")
    hard(site, "cy@example.net")
    site.run("add", "dan@example.net", *WHY)
    site.run("release", "dan@example.net", *WHY)
    bob = mint("+50d", "bob@example.net")
    ids = known()
    tap.check_equal(len(ids), 4)
    tap.check(" 0 addresses" in later(site, "+155d", "purge"))
    tap.check(" 1 addresses" in later(site, "+170d", "purge", "--dry-run"))
    tap.check_equal(known(), ids)
    tap.check(" 1 addresses" in later(site, "+170d", "purge"))
    tap.check_equal(set(ids) - set(known()), {"ana@example.net"})
    tap.check("bob@example.net" in later(site, "+149d", "token", "decode",
                                         bob))
    check_whole(site)
    # an id is never given to somebody else
    mint("+170d", "eve@example.net")
    tap.check(known()["eve@example.net"] > max(ids.values()))
    tap.check(" 1 addresses" in later(site, "+220d", "purge"))
    tap.check("bob@example.net" not in known())
    tap.check_equal(later(site, "+220d", "token", "decode", bob).count("bob@"),
                    0)
    # by hand and what bounced stays, for ever if it must
    later(site, "+30y", "purge")
    tap.check_equal(set(known()), {"cy@example.net", "dan@example.net"})
    check_whole(site)
    site.configure("recipient_retention = 0\n")
    mint("+0d", "fay@example.net")
    tap.check(" 0 addresses" in later(site, "+30y", "purge"))


def test_purge_killed():
    """Ended midway, the same once more does the rest."""
    site = Site(text="event_retention = 1y\n")
    token = site.mint("news-1", "ana@example.net")
    hard(site, "ana@example.net")
    db = sqlite3.connect(site.path("verpd.db"))
    names = [column[1] for column in
             db.execute("PRAGMA table_info(events)")][1:]
    columns = ", ".join(names)
    values = ", ".join("at - 100000000 + n" if name == "at" else
                       "'auto-reply'" if name == "class" else
                       "'none'" if name == "step" else name
                       for name in names)
    with db:
        db.execute(f"INSERT INTO events ({columns}) WITH RECURSIVE c(n) AS"
                   " (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 60000)"
                   f" SELECT {values} FROM c, events WHERE events.id = 1")
        db.execute("DELETE FROM hours")
    db.close()
    tap.check(token)
    left = 60001
    for _ in range(3):
        purge = subprocess.Popen([VERPCTL, "-c", site.conf, "purge"],
                                 stdout=subprocess.DEVNULL)
        for _ in range(200):
            now = counts(site)["events"]
            if now < left or purge.poll() is not None:
                break
        purge.kill()
        purge.wait()
        check_whole(site)
        left = counts(site)["events"]
    tap.check(left < 60001, left)
    site.run("purge")
    tap.check_equal(counts(site)["events"], 1)
    check_whole(site)
    site.run("check", "ana@example.net", status=1)


def test_expiry_needs_no_cron():
    """A suppression that is over is over, though nobody cleaned it away."""
    site = Site()
    site.run("add", *WHY, "--until", "10d", "ana@example.net")
    site.run("add", *WHY, "--until", "10d", "--domain", "example.com")
    later(site, "+9d", "check", "ana@example.net", status=1)
    later(site, "+9d", "check", "x@example.com", status=1)
    later(site, "+11d", "check", "ana@example.net")
    later(site, "+11d", "check", "x@example.com")
    tap.check_equal(later(site, "+11d", "export", "--format", "plain"), "")
    tap.check("deleted 2 " in later(site, "+11d", "expire"))
    later(site, "+11d", "check", "ana@example.net")


# ---- erase ----

def traces(site, *needles):
    """What the store's files have of NEEDLES, spelt anyhow."""
    return {(name, needle) for name in os.listdir(site.root)
            if name.startswith("verpd.db")
            for needle in needles
            if needle.encode().lower() in
            open(site.path(name), "rb").read().lower()}


def erasable(site):
    """Ana, who bounced, unsubscribed, and whom others' rows name."""
    opaque = site.mint("news-1", "Ana.Z@Example.net", "--form", "opaque")
    token = site.mint("news-1", "Ana.Z@Example.net", "--form", "readable")
    site.deliver(report("Ana.Z@Example.net",
                        "550 5.1.1 <ana.z@example.net> User unknown"), token)
    # a forward of bob's to ana
    site.deliver(report("ana.z@example.net",
                        "452 4.2.2 <ana.z@example.net> is full",
                        status="4.2.2", message_id="fwd"),
                 site.mint("news-1", "bob@example.net"))
    site.deliver("From: ana.z@example.net\nSubject: Hm\n"
                 "Message-Id: <q@b>\n\nI am ana.z@example.net, what?\n",
                 site.mint("news-2", "ana.z@example.net"))
    site.deliver(report("ana.z@example.net", UNKNOWN_USER),
                 "news-1+ana.z=example.net+xxxx@" + "bounces.example.org")
    site.run("add", *WHY, "--stream", "marketing", "--until", "30d",
             "ana.z@example.net")
    site.run("add", "--reason", "friend of ANA.Z@example.net",
             "carla@example.net")
    # filler: pages split and move
    site.run("import", *WHY, "--cause", "hard", "-",
             input="".join(f"u{i}@example.net\n" for i in range(500)))
    return opaque


def test_erase():
    site = Site()
    opaque = erasable(site)
    tap.check(traces(site, "ana.z@example.net"))
    row, = site.rows("erase", "--reason", "ana.z@example.net asked",
                     "--actor", "dpo", "Ana.Z@example.net")
    tap.check_equal((row["changes"], row["suppressions_kept"]), (1, 0))
    tap.check(row["events"] >= 2 and row["named_by_others"] >= 2, row)
    check_whole(site)
    tap.check_equal(traces(site, "ana.z@example.net", "ana.z=example.net"),
                    set())
    site.run("check", "ana.z@example.net", status=0)
    tap.check("(erased)" in site.run("why", "bob@example.net"))
    last = [row for row in site.rows("audit") if row["action"] == "erase"]
    tap.check_equal([(row["actor"], row["reason"]) for row in last],
                    [("dpo", "(erased) asked")])
    # her old token means nobody, also when she comes back under a new id
    site.deliver(report("zoe@example.net", UNKNOWN_USER, message_id="zoe"),
                 opaque)
    site.run("add", *WHY, "--until", "1d", "ana.z@example.net")
    site.run("release", *WHY, "ana.z@example.net")
    site.deliver(report("ana.z@example.net", UNKNOWN_USER, message_id="z2"),
                 opaque)
    for address in "zoe@example.net", "ana.z@example.net":
        site.run("check", address, status=0)
    check_whole(site)


def test_erase_keeps_no_block_where_there_is_none():
    """Whoever believes that the block stays must not lose the address too."""
    site = Site()
    erasable(site)
    site.start("erase", *WHY, "--keep-block", "ana.z@example.net")  # the key
    full = site.mint("news-1", "eve@example.net", "--form", "readable")
    site.deliver(report("eve@example.net", FULL, status="4.2.2"), full)
    for address in "eve@example.net", "nobody@example.net":
        done = site.start("erase", *WHY, "--keep-block", address)
        tap.check_equal(done.returncode, 1, done.stderr)
        tap.check(b"is not suppressed" in done.stderr and
                  b"verpctl add it first" in done.stderr, done.stderr)
    tap.check("mailbox-full" in site.run("why", "eve@example.net"))
    site.run("add", *WHY, "eve@example.net")
    row, = site.rows("erase", *WHY, "--keep-block", "eve@example.net")
    tap.check_equal(row["suppressions_kept"], 1)
    site.run("check", "eve@example.net", status=1)
    check_whole(site)


def test_erase_keeps_block():
    site = Site()
    erasable(site)
    before = site.rows("check", "ana.z@example.net", status=1)[0]
    why = ["--reason", "asked", "--actor", "dpo"]
    # the key is there before anybody is blocked by it
    tap.check_equal(site.start("erase", *why, "--keep-block",
                               "ana.z@example.net").returncode, 75)
    tap.check_equal(stat.S_IMODE(os.stat(site.path("address.key")).st_mode),
                    0o640)
    row, = site.rows("erase", *why, "--keep-block", "ana.z@example.net")
    tap.check_equal(row["suppressions_kept"], 2)
    check_whole(site)
    tap.check_equal(traces(site, "ana.z@example.net", "ana.z=example.net"),
                    set())
    after = site.rows("check", "ANA.z@example.net", status=1)[0]
    for name in "cause", "since", "until":
        tap.check_equal(after.get(name), before.get(name))
    site.run("check", "anna.z@example.net", status=0)
    tap.check_equal(scrubbed(site, "Ana.Z@example.net\nnew@example.net\n"),
                    "new@example.net\n")
    # again is nothing, and a late bounce leaves no trace of the name
    row, = site.rows("erase", *why, "--keep-block", "ana.z@example.net")
    tap.check_equal(row["events"], 0)
    site.run("check", "ana.z@example.net", status=1)
    site.deliver(report("ana.z@example.net", "550 <ana.z@example.net> unknown",
                        message_id="late"),
                 site.mint("news-3", "ana.z@example.net",
                           "--form", "readable"))
    tap.check_equal(traces(site, "ana.z@example.net"), set())
    check_whole(site)
    # without the key there is no answer, rather than a wrong one
    os.rename(site.path("address.key"), site.path("elsewhere"))
    tap.check_equal(site.start("check", "ana.z@example.net").returncode, 2)
    os.rename(site.path("elsewhere"), site.path("address.key"))
    os.chmod(site.path("address.key"), 0o644)
    tap.check_equal(site.start("check", "ana.z@example.net").returncode, 2)


def scrubbed(site, text):
    return site.run("scrub", input=text)


# ---- hashed ----

def flow(site):
    """What ordinary days do, and what is answered at their end."""
    hard(site, "ana@example.net")
    hard(site, "opal@example.net", mint=["--form", "opaque"])
    site.deliver(report("bob@example.net",
                        "452 4.2.2 <bob@example.net> is full",
                        status="4.2.2", message_id="bob"),
                 site.mint("news-1", "bob@example.net"))
    site.run("import", *WHY, "--cause", "complaint", "-",
             input="carla@example.net\nDora@Example.net\n")
    site.run("add", *WHY, "eve@example.net")
    site.run("add", *WHY, "--domain", "bad.example")
    site.run("release", *WHY, "eve@example.net")
    site.run("delivered", "-", input="")
    names = ("ana opal bob carla dora eve nobody").split()
    answers = [site.start("check", f"{name}@example.net").returncode
               for name in names]
    answers.append(site.start("check", "x@bad.example").returncode)
    clean = site.run("scrub", input="".join(
        f"{name}@example.net\n" for name in names) + "x@bad.example\n")
    check_whole(site)
    stats = counts(site)
    return answers, clean, stats["suppressed"], stats["events"]


def test_hashed():
    plain = Site()
    site = Site(text='addresses = "hashed"\n')
    tap.check_equal(flow(site), flow(plain))
    tap.check_equal(traces(site, "@example.net", "=example.net"), set())
    listed = {row.get("address") or "" for row in site.rows("list")}
    tap.check(all(name.startswith(("#", "@bad.example", "bad.example"))
                  for name in listed if name), listed)
    tap.check("5.1.1" in site.run("why", "ana@example.net"))
    tap.check_equal(len(site.run("export", "--format", "plain").split()),
                    len(plain.run("export", "--format", "plain").split()))
    row, = site.rows("erase", *WHY, "--keep-block", "ana@example.net")
    tap.check_equal(row["suppressions_kept"], 1)
    site.run("check", "ana@example.net", status=1)
    check_whole(site)
    site.run("backup", site.path("copy.db"))
    check_whole(site, site.path("copy.db"))


def test_of_the_other_mode():
    hashed = Site(text='addresses = "hashed"\n')
    hashed.configure()
    said = hashed.start("check", "ana@example.net")
    tap.check_equal(said.returncode, 2)
    tap.check(b"keeps addresses as hashes" in said.stderr, said.stderr)
    plain = Site()
    plain.configure('addresses = "hashed"\n')
    said = plain.start("add", *WHY, "ana@example.net")
    tap.check_equal(said.returncode, 78)
    tap.check(b"keeps addresses as they are" in said.stderr, said.stderr)
    # another key
    hashed.configure('addresses = "hashed"\n')
    os.unlink(hashed.path("address.key"))
    tap.check_equal(hashed.start("check", "ana@example.net").returncode, 2)
    Site(text='addresses = "hashed"\n')


# ---- backup and restore ----

def test_backup():
    site = Site()
    hard(site, "ana@example.net")
    copy = site.path("copy.db")
    row, = site.rows("backup", copy)
    tap.check_equal(row["backup"], copy)
    tap.check_equal(stat.S_IMODE(os.stat(copy).st_mode), 0o640)
    check_whole(site, copy)
    # what comes later is not in it
    hard(site, "bob@example.net")
    db = sqlite3.connect(copy)
    tap.check_equal(db.execute("SELECT count(*) FROM events").fetchone(),
                    (1,))
    db.close()
    # nothing is beside it, and nothing takes its place unasked
    tap.check_equal([name for name in os.listdir(site.root)
                     if name.startswith("copy")], ["copy.db"])
    said = site.start("backup", copy)
    tap.check_equal(said.returncode, 73, said.stderr)
    tap.check(b"is there already" in said.stderr)
    site.run("backup", "--force", copy)
    check_whole(site, copy)
    tap.check_equal(site.start("backup", site.path("verpd.db"),
                               "--force").returncode, 73)
    tap.check_equal(site.start("backup", site.path("no/such/dir"))
                    .returncode, 73)
    check_whole(site)


def test_backup_is_no_store():
    """A copy that is merely put in place is refused by all that write."""
    site = Site()
    hard(site, "ana@example.net")
    site.run("backup", site.path("copy.db"))
    for name in os.listdir(site.root):
        if name.startswith("verpd.db"):
            os.unlink(site.path(name))
    os.rename(site.path("copy.db"), site.path("verpd.db"))
    said = site.start("add", *WHY, "bob@example.net")
    tap.check_equal(said.returncode, 78)
    tap.check(b"verpctl restore" in said.stderr, said.stderr)
    said = site.deliver(report("ana@example.net", UNKNOWN_USER),
                        "b-x@bounces.example.org", status=75)
    # but it can be asked
    site.run("check", "ana@example.net", status=1)


def test_backup_while_writing():
    """Writers go on, none fails, and the copy is of one moment."""
    site = Site()
    addresses = "".join(f"u{i}@example.net\n" for i in range(40000))
    site.run("import", *WHY, "--cause", "hard", "-", input=addresses)
    stop = threading.Event()
    done = []

    def write():
        while not stop.is_set():
            done.append(site.start("add", *WHY, f"w{len(done)}@example.net")
                        .returncode)

    thread = threading.Thread(target=write)
    thread.start()
    for i in range(3):
        site.run("backup", site.path(f"copy{i}.db"))
        check_whole(site, site.path(f"copy{i}.db"))
    stop.set()
    thread.join()
    tap.check(done and set(done) == {0}, done)
    check_whole(site)


def test_restore():
    """An old opaque token never means the stranger who has its id now."""
    site = Site()
    hard(site, "ana@example.net")
    site.run("backup", site.path("copy.db"))
    # bob's id is given out after the backup...
    bob = site.mint("news-1", "bob@example.net", "--form", "opaque")
    eve = site.mint("news-1", "eve@example.net", "--form", "readable")
    for argv in [], ["--dry-run"]:
        said = site.start("restore", *WHY, site.path("copy.db"), *argv)
        tap.check_equal(said.returncode, 73)
    tap.check(b"is there already" in said.stderr, said.stderr)
    for name in os.listdir(site.root):
        if name.startswith("verpd.db"):
            os.rename(site.path(name), site.path("old-" + name))
    for more in [], ["--dry-run"]:  # a store, and no backup
        site.run("restore", *WHY, *more, site.path("old-verpd.db"), status=65)
    tap.check("would make" in site.run("restore", *WHY, "--dry-run",
                                       site.path("copy.db")))
    tap.check(not os.path.exists(site.path("verpd.db")))
    row, = site.rows("restore", *WHY, site.path("copy.db"))
    tap.check_equal(row["store"], site.path("verpd.db"))
    check_whole(site)
    # ...and again to carla
    carla = site.mint("news-1", "carla@example.net", "--form", "opaque")
    tap.check(carla != bob)
    for address in "bob@example.net", "carla@example.net":
        site.deliver(report(address, UNKNOWN_USER, message_id=address), bob)
        site.run("check", "carla@example.net", status=0)
        site.run("check", "bob@example.net", status=0)
    site.run("check", "ana@example.net", status=1)
    # a readable one names its recipient
    site.deliver(report("eve@example.net", UNKNOWN_USER, message_id="eve"),
                 eve)
    site.run("check", "eve@example.net", status=1)
    site.deliver(report("carla@example.net", UNKNOWN_USER, message_id="c"),
                 carla)
    site.run("check", "carla@example.net", status=1)
    check_whole(site)
    db = sqlite3.connect(site.path("verpd.db"))
    tap.check_equal(db.execute("SELECT actor, reason FROM audit"
                               " WHERE action = 'restore'").fetchall(),
                    [("ana", "asked for it")])
    db.close()


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
