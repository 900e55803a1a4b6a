#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verpctl selftest` says that a good site is well and leaves nothing behind,
and names the place that is broken, one by one."""
import contextlib
import json
import os
import re
import sqlite3
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

MAIN = "mynetworks = 127.0.0.0/8\n"
SITE = rig.Wired(main=MAIN).start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd
ALL = ("events", "recipients", "campaigns", "deliveries", "forged",
       "suppressions", "audit", "counters", "rule_hits")


def selftest(status, *options, site=SITE):
    """{place: row} of a selftest that must exit with STATUS."""
    done = site.verpctl("selftest", "--json", "--timeout", "15s", *options)
    tap.check_equal(done.returncode, status, f"{done.stdout}{done.stderr}")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["place"]: row for row in rows}


def traces(verpd=VERPD):
    """What the store has of anything."""
    tables = {row["name"] for row in verpd.query(
        "SELECT name FROM sqlite_master WHERE type = 'table'")}
    return {name: verpd.query(f"SELECT count(*) AS n FROM {name}")[0]["n"]
            for name in ALL if name in tables}


def broken(rows):
    return {place for place, row in rows.items() if row["state"] == "broken"}


def expect(*places, options=()):
    """These places are broken and no other; each says what to do; no mail
    is left in the queue."""
    rows = selftest(1, *options)
    tap.check_equal(broken(rows), set(places), rows)
    for place in places:
        tap.check(rows[place]["what"] and rows[place]["mend"], rows[place])
    tap.check_equal(POSTFIX.queue(), [])
    return rows


@contextlib.contextmanager
def changed(*changes):
    """Postfix with CHANGES of main.cf."""
    old = instance.lines_of(POSTFIX.file("main.cf"))
    for change in changes:
        POSTFIX.command("postconf", "-e", change)
    POSTFIX.reload()
    try:
        yield
    finally:
        POSTFIX.write("main.cf", old)
        POSTFIX.reload()


@contextlib.contextmanager
def moved(path):
    os.rename(path, path + ".gone")
    try:
        yield
    finally:
        os.rename(path + ".gone", path)


def test_well():
    """All places are well, also a second time; no trace."""
    before = traces()
    for _ in range(2):
        rows = selftest(0)
        tap.check_equal(set(rows), {"store", "map", "sign", "policy", "smtpd",
                                    "delivery"})
        tap.check_equal(broken(rows), set())
    tap.check_equal(traces(), before)
    tap.check_equal(POSTFIX.queue(), [])
    for listed in (("list",), ("list", "--events")):
        tap.check("invalid" not in VERPD.command(*listed).stdout, listed)
    tap.check(re.search(r"rcpt=<verpd-selftest\+\w+=verpd\.invalid\+\w+@.*>,"
                        " selftest", VERPD.log()), VERPD.log()[-2000:])


def whole(verpd):
    """Every table of the store, of which a selftest may change nothing."""
    return {row["name"]: verpd.query(f"SELECT * FROM {row['name']}")
            for row in verpd.query("SELECT name FROM sqlite_master"
                                   " WHERE type = 'table'")}


def mail_campaign(site):
    """A campaign of two, both lost: there are counts that could be wrong."""
    verpd = site.verpd
    with site.postfix.smtp() as session:
        for number in range(2):
            tap.check_equal(session.docmd(
                "MAIL", f"FROM:<news-42@{rig.DOMAIN}> XVERP=+=")[0], 250)
            session.rcpt(f"gone.{number}@far.example")
            session.data(messages.campaign())
    tap.wait_for("the bounces", lambda: len(verpd.events()) == 2)
    # what is in memory is written as it ends, the breaker's share as it begins
    verpd.stop()
    verpd.start()
    tap.wait_for("the breaker's counts", lambda: verpd.query(
        "SELECT * FROM counters WHERE kind = 'site' AND people = 2"))


def leaves_no_count(site):
    """Nothing in the store is other than before, once verpd has written all
    that it had in memory."""
    verpd = site.verpd
    mail_campaign(site)
    before = whole(verpd)
    tap.check_equal([(row["name"], row["accepted"])
                     for row in before["campaigns"]], [("news-42", 2)])
    for _ in range(2):
        tap.check_equal(broken(selftest(0, site=site)), set())
    verpd.stop()
    verpd.start()
    after = whole(verpd)
    for name, rows in before.items():
        tap.check_equal(after[name], rows, name)
    tap.check_equal(set(after), set(before))


def test_no_count():
    """No campaign's accepted mail, no breaker, no number of a stream."""
    site = rig.Wired(main=MAIN).start()
    try:
        leaves_no_count(site)
        site.verpd.verify()
    finally:
        site.stop()


def test_hashed():
    """The same where the store keeps addresses as hashes."""
    site = rig.Wired(main=MAIN, addresses="hashed").start()
    try:
        tap.check_equal(set(selftest(0, site=site)),
                        {"store", "map", "sign", "policy", "smtpd",
                         "delivery"})
        leaves_no_count(site)
        with open(site.verpd.store, "rb") as store:
            tap.check(b"verpd.invalid" not in store.read())
        site.verpd.verify()
    finally:
        site.stop()


def test_text():
    done = SITE.verpctl("selftest")
    tap.check_equal(done.returncode, 0, done.stdout)
    tap.check(re.search(r"^well: delivery: recorded after [\d.]+ s", done.stdout,
                        re.M), done.stdout)


def test_verpd_is_down():
    """systemd's sockets still listen: nobody answers."""
    VERPD.stop()
    try:
        expect("daemon", "map", "policy")
    finally:
        VERPD.start()


def test_socket_is_missing():
    with moved(POSTFIX.private("verpd")):
        rows = selftest(1)
        tap.check_equal(broken(rows) - {"daemon"}, {"socket"}, rows)


def test_map_is_missing():
    with moved(POSTFIX.private("verpd-map")):
        rows = selftest(1)
        tap.check("map" in broken(rows), rows)
        tap.check("policy" not in broken(rows), rows)


def test_policy_is_missing():
    with moved(POSTFIX.private("verpd-policy")):
        rows = selftest(1)
        tap.check("policy" in broken(rows), rows)
        tap.check("map" not in broken(rows), rows)


def test_transport_is_missing():
    old = instance.lines_of(POSTFIX.file("master.cf"))
    POSTFIX.command("postconf", "-MX", "verpd-lmtp/unix")
    try:
        expect("service")
    finally:
        POSTFIX.write("master.cf", old)


def test_no_transport_map():
    with changed("transport_maps="):
        expect("transport")


def test_domain_is_not_taken():
    with changed("relay_domains="):
        tap.check("domain" in broken(selftest(1)))


def test_forged_is_taken():
    """smtpd(8) asks nobody although the parameter that says so is there."""
    with changed("verpd_verify=$relay_recipient_maps",
                 "relay_recipient_maps=socketmap:unix:private/verpd-map:token,"
                 " inline:{@" + rig.DOMAIN + "=OK}"):
        expect("verify")


def test_postfix_is_down():
    POSTFIX.stop()
    try:
        rows = selftest(1)
        tap.check({"smtpd"} <= broken(rows), rows)
    finally:
        POSTFIX.start()


def test_delivery_is_deferred():
    """What nobody foresaw: Postfix's own words."""
    with changed("defer_transports=verpd-lmtp"):
        rows = expect("delivery")
        tap.check("deferred transport" in rows["delivery"]["what"], rows)


def test_keys_differ():
    """The file has other keys than verpd has read."""
    keys = VERPD.settings["keys"]
    old = instance.lines_of(keys)
    with open(keys, "w", encoding="ascii") as out:
        out.write("1:" + "A" * 43 + "=\n")
    try:
        rows = selftest(1)
        tap.check("keys" in broken(rows), rows)
        tap.check_equal(traces()["forged"], 0)
    finally:
        with open(keys, "w", encoding="ascii") as out:
            out.write(old)


def test_store_is_locked():
    lock = sqlite3.connect(VERPD.store, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        rows = expect("store")
        tap.check("locked" in rows["store"]["what"] or
                  "busy" in rows["store"]["what"], rows)
    finally:
        lock.execute("ROLLBACK")
        lock.close()


def test_verpd_cannot_read_its_file():
    """Root can, and selftest is root's."""
    os.chmod(VERPD.conf, 0o600)
    try:
        expect("files")
    finally:
        os.chmod(VERPD.conf, 0o644)


def test_store_is_read_only():
    """As on a file system that was mounted anew after an error."""
    os.chmod(VERPD.store, 0o440)
    try:
        expect("store-access")
    finally:
        os.chmod(VERPD.store, 0o640)


def test_could_not_look():
    """No Postfix there, no configuration: neither 0 nor 1."""
    tap.check(SITE.verpctl("selftest", "--postfix", "/nonexistent")
              .returncode not in (0, 1))
    done = VERPD.command("selftest", "--timeout", "soon")
    tap.check_equal(done.returncode, 64, done.stderr)


def test_pipe():
    """Without a daemon, by pipe(8)."""
    site = rig.Site("pipe", main=MAIN).start()
    try:
        before = traces(site.verpd)
        done = site.verpctl("selftest", "--json")
        tap.check_equal(done.returncode, 0, f"{done.stdout}{done.stderr}")
        tap.check_equal(traces(site.verpd), before)
        site.verpd.verify()
    finally:
        site.stop()


def test_keys_differ_without_maps():
    """With intake alone only the record of forged reports tells."""
    site = rig.Site(main=MAIN).start()
    try:
        tap.wait_for("verpd to have read its keys",
                     lambda: "listening" in site.verpd.log())
        with open(site.verpd.settings["keys"], "w", encoding="ascii") as out:
            out.write("1:" + "A" * 43 + "=\n")
        done = site.verpctl("selftest", "--json", "--timeout", "3s")
        row = json.loads(done.stdout.splitlines()[-1])
        tap.check_equal((done.returncode, row["place"], row["state"]),
                        (1, "keys", "broken"), done.stdout)
    finally:
        site.stop()


def test_well_again():
    tap.check_equal(broken(selftest(0)), set())


tap.run([function for name, function in list(globals().items())
         if name.startswith("test_")], VERPD.verify)
