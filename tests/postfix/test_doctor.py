#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`verpctl doctor` says nothing of a good site, and names each thing that is
spoilt in it, one by one, with a line that mends it."""
import contextlib
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import time

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import instance  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

MAIN = """
mynetworks = 127.0.0.0/8
maximal_queue_lifetime = 5d
bounce_queue_lifetime = 5d
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
    -o content_filter=
submission inet n - n - - smtpd
    -o smtpd_recipient_restrictions=permit_mynetworks,reject
"""

SITE = rig.Wired(main=MAIN, master=MASTER.format(port=instance.free_port()),
                 map_connection_limit=1000).start()
POSTFIX, VERPD = SITE.postfix, SITE.verpd


def findings(*options):
    """(level, check, mend) of each finding."""
    done = SITE.verpctl("doctor", "--json", *options)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    tap.check_equal(done.returncode,
                    int(any(row["level"] != "note" for row in rows)),
                    f"{done.stdout}{done.stderr}")
    return rows


def shown(rows):
    return "\n".join(f"{row['level']} {row['check']}: {row['what']}"
                     for row in rows)


@contextlib.contextmanager
def files_kept(*paths):
    """Whatever is done to PATHS is undone."""
    kept = {}
    for path in paths:
        with open(path, "rb") as file:
            kept[path] = (file.read(), os.stat(path))
    try:
        yield
    finally:
        for path, (octets, stat) in kept.items():
            with open(path, "wb") as file:
                file.write(octets)
            os.chmod(path, stat.st_mode)
            os.chown(path, stat.st_uid, stat.st_gid)
        POSTFIX.settle()


def cf(name):
    return os.path.join(POSTFIX.etc, name)


def expect(check, mends=False):
    """CHECK and nothing else is found; if MENDS, its command, run, makes the
    site good again."""
    rows = findings()
    tap.check_equal({row["check"] for row in rows}, {check}, shown(rows))
    if not mends:
        return
    for row in rows:
        words = shlex.split(row["mend"])
        tap.check_equal(words[0], "postconf", row)
        done = POSTFIX.command(words[0], *words[1:])
        tap.check_equal(done.returncode, 0, done.stderr)
    rows = findings()
    tap.check(not rows, shown(rows))


def main_cf(check, *changes, mends=True):
    """A test: CHECK is found after CHANGES of main.cf."""
    def test():
        with files_kept(cf("main.cf"), cf("master.cf")):
            for change in changes:
                POSTFIX.command("postconf", "-e", change)
            expect(check, mends)
    return f"main.cf: {changes[0]}", test


def master_cf(check, pattern, replacement, mends=True):
    """The same after a substitution in master.cf."""
    def test():
        with files_kept(cf("main.cf"), cf("master.cf")):
            with open(cf("master.cf"), encoding="utf-8") as text:
                old = text.read()
            new = re.sub(pattern, replacement, old)
            tap.check(new != old, pattern)
            with open(cf("master.cf"), "w", encoding="utf-8") as text:
                text.write(new)
            expect(check, mends)
    return f"master.cf: {pattern} -> {replacement!r}", test


def verpd_conf(check, **settings):
    def test():
        with files_kept(VERPD.conf):
            VERPD.write(VERPD.conf, **settings)
            expect(check)
    return f"verpd.conf: {settings}", test


def file_test(check, name, spoil):
    """SPOIL() is a context in which CHECK is found."""
    def test():
        with spoil():
            expect(check)
    return name, test


def keys():
    return VERPD.settings["keys"]


@contextlib.contextmanager
def mode(path, bits):
    old = os.stat(path).st_mode
    os.chmod(path, bits)
    try:
        yield
    finally:
        os.chmod(path, old)


@contextlib.contextmanager
def owner(path, uid):
    old = os.stat(path)
    os.chown(path, uid, old.st_gid)
    try:
        yield
    finally:
        os.chown(path, old.st_uid, old.st_gid)


@contextlib.contextmanager
def gone(path):
    os.rename(path, path + ".aside")
    try:
        yield
    finally:
        os.rename(path + ".aside", path)


@contextlib.contextmanager
def stopped():
    VERPD.stop()
    # nobody accepts what systemd holds open: that is no answer
    try:
        yield
    finally:
        VERPD.start()


@contextlib.contextmanager
def event_of_the_future():
    token = VERPD.mint("news-42", "ana@far.example")
    with daemon.Lmtp(VERPD.socket) as client:
        del client, token
    store = sqlite3.connect(VERPD.store, isolation_level=None, timeout=20)
    ahead = int(time.time()) + 30 * 86400
    store.execute("INSERT INTO campaigns (name, stream, created)"
                  " VALUES ('x', 'marketing', 1)")
    store.execute("INSERT INTO recipients (address, original, created)"
                  " VALUES ('x@x.test', '', 1)")
    columns = [row[1] for row in store.execute("PRAGMA table_info(events)")]
    numbers = {row[1] for row in store.execute("PRAGMA table_info(events)")
               if row[2] in ("INTEGER", "REAL")}
    values = {name: 0 if name in numbers else "" for name in columns}
    values.update(at=ahead, id=None, recipient_id=1, campaign_id=1,
                  step="none", trust="record", **{"class": "unknown"},
                  reason="unknown")
    store.execute(
        f"INSERT INTO events ({', '.join(columns)})"
        f" VALUES ({', '.join('?' * len(columns))})",
        [values[name] for name in columns])
    store.execute("INSERT INTO hours VALUES (?, 1)", [ahead // 3600])
    try:
        yield
    finally:
        for table in ("events", "recipients", "campaigns", "hours"):
            store.execute(f"DELETE FROM {table}")
        store.close()


def test_good_site():
    rows = findings()
    tap.check(not rows, shown(rows))
    done = SITE.verpctl("doctor")
    tap.check("nothing wrong" in done.stdout, done.stdout)
    # where systemd listens, only Postfix knows
    rows = findings("--no-postfix")
    tap.check({row["level"] for row in rows} <= {"note"}, shown(rows))


def test_list():
    """Every check is in the manual page."""
    rows = [json.loads(line) for line in
            SITE.verpctl("doctor", "--list", "--json").stdout.splitlines()]
    with open(os.path.join(daemon.SOURCE, "man", "verpctl.8"),
              encoding="utf-8") as page:
        text = page.read()
    for row in rows:
        tap.check(f".It Sy {row['check']}\n" in text, row["check"])
    tap.check(len(rows) >= 20, len(rows))


def test_mail_of_others():
    """A relayed domain that our relay_recipient_maps would refuse."""
    with files_kept(cf("main.cf")):
        POSTFIX.command("postconf", "-e",
                        f"relay_domains = {rig.DOMAIN}, other.example")
        expect("verifying", True)


SENDERS = "sender_dependent_default_transport_maps"


def pause_test(name, value, mends=False, setting="", there=True):
    """A test: main.cf has SENDERS as VALUE, where STATIC stands for what it
    has now, MAP for the table of paused campaigns, and TEXT for the one that
    Postfix reads once.  SETTING is the type before the path; None: none is
    set."""
    def test():
        path = os.path.join(VERPD.state, "paused")
        old = POSTFIX.command("postconf", "-h", SENDERS).stdout.strip()
        if there:
            with open(path, "w", encoding="ascii") as out:
                out.write("# none\n")
            POSTFIX.command("postmap", "cdb:" + path)
        try:
            with files_kept(cf("main.cf"), VERPD.conf):
                if setting is not None:
                    VERPD.write(VERPD.conf, pause_map=setting + path)
                POSTFIX.command("postconf", "-e", f"{SENDERS} = " + value
                                .replace("STATIC", old)
                                .replace("MAP", "cdb:" + path)
                                .replace("TEXT", "texthash:" + path))
                if name:
                    expect("pause-map", mends)
                else:
                    tap.check(not findings(), shown(findings()))
        finally:
            for file in (path, path + ".cdb") if there else ():
                os.unlink(file)
    return f"pause_map: {name or 'good'}", test


def test_pause_map_for_proxymap():
    """proxymap(8) alone reads it as Postfix's user."""
    path = os.path.join(VERPD.state, "paused")
    with open(path, "w", encoding="ascii") as out:
        out.write("# none\n")
    POSTFIX.command("postmap", "cdb:" + path)
    os.chmod(path + ".cdb", 0o600)
    try:
        with files_kept(cf("main.cf"), VERPD.conf):
            VERPD.write(VERPD.conf, pause_map=path)
            old = POSTFIX.command("postconf", "-h", SENDERS).stdout.strip()
            POSTFIX.command("postconf", "-e", f"{SENDERS} = "
                            f"proxy:cdb:{path}, {old}")
            expect("pause-map", True)
    finally:
        os.unlink(path)
        os.unlink(path + ".cdb")


def test_without_postfix():
    done = SITE.verpctl("doctor", "--postfix", "/nonexistent")
    tap.check_equal(done.returncode, 78, done.stderr)


def private(name):
    return POSTFIX.private(name)


def test_copied_store():
    """The directory is verpd's: not it, but the copy, is to change hands."""
    with owner(VERPD.store, 0), owner(VERPD.store + "-wal", -1), \
            owner(VERPD.store + "-shm", -1):  # which SQLite gives away, too
        rows = findings()
        tap.check_equal([row["check"] for row in rows], ["store-access"],
                        shown(rows))
        tap.check_equal(rows[0]["mend"], f"chown --reference={VERPD.state}"
                        f" {VERPD.store}")


CASES = [
    main_cf("domain", "relay_domains ="),
    main_cf("transport", "transport_maps ="),
    main_cf("transport", "transport_maps = hash:/nonexistent/table",
            mends=False),
    main_cf("service", f"transport_maps = inline:{{{rig.DOMAIN}="
            "lmtp:unix:private/verpd}"),
    main_cf("service", f"transport_maps = inline:{{{rig.DOMAIN}="
            "nobody:unix:private/verpd}", mends=False),
    main_cf("soft-bounce", "soft_bounce = yes"),
    main_cf("notify", "notify_classes = resource, software"),
    main_cf("notify", f"2bounce_notice_recipient = me@{rig.DOMAIN}"),
    main_cf("own-hosts", "myhostname = other.example", mends=False),
    main_cf("newline", "smtpd_forbid_bare_newline = no"),
    main_cf("smtputf8", "smtputf8_enable = no"),
    main_cf("lifetimes", "maximal_queue_lifetime = 20d", mends=False),
    main_cf("verp", "default_verp_delimiters = -="),
    main_cf("verp", "disable_verp_bounces = yes"),
    main_cf("verp", "smtpd_authorized_verp_clients ="),
    main_cf("verp", "smtpd_authorized_verp_clients = 0.0.0.0/0"),
    main_cf("generic", "smtp_generic_maps = "
            "socketmap:unix:private/verpd-map:sign"),
    main_cf("signing", "sender_dependent_default_transport_maps ="),
    main_cf("signing", "sender_dependent_default_transport_maps = "
            f"inline:{{@{rig.DOMAIN}=smtp:}}"),
    main_cf("outsiders", "smtpd_sender_restrictions = permit_mynetworks"),
    master_cf("service", r"-o soft_bounce=yes\n\s*", ""),
    master_cf("service", r"-o lmtp_send_xforward_command=yes\n\s*", ""),
    master_cf("timeouts", "(-o soft_bounce=yes)",
              r"\1\n    -o lmtp_data_done_timeout=10s"),
    master_cf("processes", r"(verpd-lmtp +unix .*)20( +lmtp)", r"\g<1>500\2"),
    master_cf("reinjection", r"\s+-o local_header_rewrite_clients=", ""),
    master_cf("signing", r"(?m)^campout ", "campin ", mends=False),
    master_cf("signing", r"-o smtp_generic_maps=\S+\s+", ""),
    pause_test("", "MAP, STATIC"),
    pause_test("named and not there", "MAP, STATIC", there=False),
    pause_test("another's, not there", "MAP, STATIC", there=False,
               setting=None, mends=True),
    pause_test("not named", "STATIC", mends=True),
    pause_test("neither there nor named", "STATIC", there=False),
    pause_test("read once", "TEXT, STATIC", mends=True),
    pause_test("read once by its setting", "TEXT, STATIC",
               setting="texthash:"),
    pause_test("of a type that Postfix lacks", "STATIC", setting="lmdb:"),
    pause_test("behind a table of patterns",
               "regexp:{{/@bounces/ campout:}}, MAP", mends=True),
    pause_test("", "STATIC, MAP"),  # which has no patterns
    main_cf("lifetimes", "bounce_queue_lifetime = 2h"),
    main_cf("rewriting", "masquerade_domains = sender.example"),
    main_cf("rewriting", "masquerade_domains = !x.sender.example, "
            "sender.example"),
    main_cf("rewriting", "virtual_alias_maps = "
            f"inline:{{@{rig.DOMAIN}=box@sender.example}}", mends=False),
    main_cf("rewriting", "sender_canonical_maps = "
            "regexp:{{/^.*@bounces/ box@sender.example}}", mends=False),
    main_cf("bypass", f"transport_maps = inline:{{{rig.DOMAIN}="
            "verpd-lmtp:unix:private/verpd, *=smtp:[127.0.0.1]}",
            mends=False),
    main_cf("bypass", f"transport_maps = inline:{{{rig.DOMAIN}="
            "verpd-lmtp:unix:private/verpd, gmail.com=smtp:}", mends=False),
    main_cf("deferred", "defer_transports = campout, retry"),
    main_cf("filter", "content_filter = smtp:[127.0.0.1]:10024"),
    main_cf("filter", "content_filter = retry:", mends=False),
    main_cf("filter", "verpd_scan = check_sender_access "
            "regexp:{{/^x@/ FILTER campscan:[127.0.0.1]:10024}}",
            "smtpd_recipient_restrictions = $verpd_scan, $verpd_enforce"),
    main_cf("deferred", "defer_transports = verpd-lmtp"),
    main_cf("enforcing", "smtpd_recipient_restrictions = permit"),
    main_cf("enforcing", "smtpd_restriction_classes ="),
    main_cf("enforcing", "verpd_enforce = "
            "check_policy_service unix:private/verpd-policy"),
    main_cf("enforcing", "verpd_enforce = check_sender_access "
            "inline:{old.example=verpd_policy}"),
    master_cf("enforcing", r"(submission[^|]*recipient_restrictions=)"
              r"\$verpd_enforce,", r"\1"),
    main_cf("verifying", "relay_recipient_maps = "
            "socketmap:unix:private/verpd-map:token, "
            f"inline:{{@{rig.DOMAIN}=OK}}"),
    main_cf("verifying", "relay_recipient_maps = "
            "socketmap:unix:private/verpd-map:token, static:OK"),
    main_cf("verifying", "smtpd_reject_unlisted_recipient = no"),
    verpd_conf("signing", map_listen=["unix:" + private("verpd-map")]),
    verpd_conf("own-hosts", own_hosts=["elsewhere.example"]),
    verpd_conf("lifetimes", bounce_lifetime="1d"),
    verpd_conf("processes", map_connection_limit=10),
    verpd_conf("processes", connection_limit=10),
    verpd_conf("size", message_size_limit="1m"),
    verpd_conf("rules", rules=["/nonexistent"]),
    file_test("files", "verpd.conf closed to verpd",
              lambda: mode(VERPD.conf, 0o600)),
    file_test("files", "a rules file closed to verpd",
              lambda: mode(os.path.join(VERPD.settings["rules"][0],
                                        "90-code.rules"), 0o600)),
    file_test("keys", "keys open to all", lambda: mode(keys(), 0o644)),
    file_test("keys", "keys of somebody else", lambda: owner(keys(), 0)),
    file_test("keys", "no keys", lambda: gone(keys())),
    file_test("store-access", "store open to all",
              lambda: mode(VERPD.store, 0o644)),
    file_test("store-access", "log of another user",
              lambda: owner(VERPD.store + "-wal", 0)),
    file_test("store-access", "directory of another user",
              lambda: owner(VERPD.state, 0)),
    ("store that root put into its place", test_copied_store),
    file_test("clock", "an event of next month", event_of_the_future),
    file_test("daemon", "verpd is down", stopped),
    file_test("socket", "socket closed to Postfix",
              lambda: mode(private("verpd"), 0o000)),
    file_test("map-sockets", "map socket closed to Postfix",
              lambda: mode(private("verpd-map"), 0o000)),
    file_test("map-sockets", "policy socket closed to Postfix",
              lambda: mode(private("verpd-policy"), 0o000)),
]



def test_good_variants():
    """What looks like these faults and is none."""
    for change in ("masquerade_domains = !bounces.sender.example, "
                   "sender.example",
                   "masquerade_domains = other.example",
                   f"virtual_alias_maps = inline:{{@{rig.DOMAIN}="
                   f"@{rig.DOMAIN}}}",
                   f"transport_maps = inline:{{{rig.DOMAIN}=verpd-lmtp:"
                   "unix:private/verpd, *=:[127.0.0.1]}",
                   "defer_transports = uucp"):
        with files_kept(cf("main.cf")):
            POSTFIX.command("postconf", "-e", change)
            rows = findings()
            tap.check(not rows, change, shown(rows))


tap.run([test_good_site, test_list, *CASES, test_mail_of_others,
         test_pause_map_for_proxymap, test_good_variants,
         test_without_postfix])
