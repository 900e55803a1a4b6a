#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same job through pipe(8), one process a recipient: what it records, and
that whatever goes wrong keeps the bounce in the queue."""
import os
import re
import sqlite3
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

SITE = rig.Site("pipe", busy_timeout="1s").start()
POSTFIX, VERPD, DOMAIN = SITE.postfix, SITE.verpd, rig.DOMAIN
BASE = f"news-45@{DOMAIN}"


def deliver(stdin, recipient, client="192.0.2.9", sender="", **options):
    """verpctl deliver as pipe(8) calls it."""
    return VERPD.command(
        "deliver", "--sender", sender, "--recipient", recipient,
        "--original-recipient", recipient, "--client-address", client,
        "--queue-id", "4XYZ12", input=stdin, **options)


def xverp(victim):
    return f"news-45+{victim.replace('@', '=')}@{DOMAIN}"


def test_local_bounces_count():
    manners = {"gone.ana@far.example": "hard", "full.bea@far.example": "soft",
               "blocked.cleo@far.example": "block"}
    POSTFIX.sendmail(BASE, list(manners), messages.campaign(), xverp=True)
    for address, wanted in manners.items():
        event, = VERPD.wait_events(address)
        tap.check_equal((event["class"], event["trust"], event["client"]),
                        (wanted, "local", "local"), address)
        POSTFIX.wait_log(re.escape(
            f"{event['queue_id']}: to=<{xverp(address)}>"))
    POSTFIX.wait_empty()


def test_mixed_recipients():
    good = ["dora@far.example", "emil@far.example"]
    tokens = [VERPD.mint("news-45", address) for address in good]
    unsigned = xverp("fritz@far.example")
    POSTFIX.send_from_outside("", [tokens[0], unsigned, tokens[1]],
                              messages.report(tokens[0], good[0]))
    for address in good:
        event, = VERPD.wait_events(address)
        tap.check_equal((event["class"], event["trust"], event["client"]),
                        ("hard", "signed", "192.0.2.77"), address)
    row, = VERPD.wait_forged(1)
    tap.check_equal(row["address"], unsigned)
    tap.check_equal(VERPD.events("fritz@far.example"), [])


def test_report_that_imitates_bounce8():
    """All but the birthplace is right: it has a client address."""
    victim = "gina@far.example"
    before = len(VERPD.forged())
    POSTFIX.send_from_outside("", [xverp(victim)], messages.report(
        xverp(victim), victim, reporter=instance.HOSTNAME,
        fields=f"X-Postfix-Sender: rfc822; {BASE}\n"))
    VERPD.wait_forged(before + 1)
    tap.check_equal(VERPD.events(victim), [])


def test_duplicate_exits_0():
    token = VERPD.mint("news-45", "hugo@far.example")
    text = messages.report(token, "hugo@far.example")
    for _ in range(3):
        done = deliver(text, token)
        tap.check_equal(done.returncode, 0, done.stderr)
    tap.check_equal(len(VERPD.events("hugo@far.example")), 1)


def check_temporary(done):
    """75, and a first line of output that pipe(8) turns into 4.x.x."""
    tap.check_equal(done.returncode, 75, done.stdout + done.stderr)
    tap.check((done.stdout + done.stderr).startswith("4."), done.stdout,
              done.stderr)


def test_own_faults_are_temporary():
    token = VERPD.mint("news-45", "ida@far.example")
    text = messages.report(token, "ida@far.example")
    with open(VERPD.conf, encoding="utf-8") as conf:
        saved = conf.read()
    keys = VERPD.settings["keys"]
    try:
        for broken in (saved + "no_such_name = 1\n", saved + "store = {\n",
                       saved.replace(VERPD.store, VERPD.store + "-not")):
            with open(VERPD.conf, "w", encoding="utf-8") as conf:
                conf.write(broken)
            check_temporary(deliver(text, token))
    finally:
        VERPD.configure()
    check_temporary(VERPD.command("deliver", input=text))
    check_temporary(VERPD.command("deliver", "--no-such-option",
                                  input=text))
    check_temporary(VERPD.command("deliver", "--recipient", token,
                                  conf="/nonexistent/verpd.conf",
                                  input=text))
    os.rename(keys, keys + ".away")
    try:
        check_temporary(deliver(text, token))
    finally:
        os.rename(keys + ".away", keys)
    tap.check_equal(VERPD.events("ida@far.example"), [])
    tap.check_equal(deliver(text, token).returncode, 0)
    tap.check_equal(len(VERPD.events("ida@far.example")), 1)


def test_locked_store():
    """Postfix keeps it, and delivers when the lock is gone."""
    address = "jan@far.example"
    token = VERPD.mint("news-45", address)
    lock = sqlite3.connect(VERPD.store, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        done = deliver(messages.report(token, address), token)
        check_temporary(done)
        POSTFIX.send_from_outside("", [token],
                                  messages.report(token, address))
        POSTFIX.wait_log(r"verpd-pipe, .*dsn=4\.3\.0, status=deferred")
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    POSTFIX.flush()
    event, = VERPD.wait_events(address)
    tap.check_equal(event["class"], "hard")
    POSTFIX.wait_empty()


def test_wiring_gone():
    """Whatever is wrong with the program, soft_bounce keeps the bounce."""
    address = "kim@far.example"
    token = VERPD.mint("news-45", address)
    program = os.path.join(VERPD.bin, "verpctl")
    os.rename(program, program + ".away")
    try:
        with open(program, "w", encoding="ascii") as script:
            script.write("#!/bin/sh\ncat >/dev/null\nexit 69\n")
        os.chmod(program, 0o755)
        POSTFIX.send_from_outside("", [token],
                                  messages.report(token, address))
        POSTFIX.wait_log("status=SOFTBOUNCE")
        tap.check(POSTFIX.queue(), "still in the queue")
    finally:
        os.rename(program + ".away", program)
    POSTFIX.flush()
    VERPD.wait_events(address)
    POSTFIX.wait_empty()


def test_any_message_exits_0():
    token = VERPD.mint("news-45", "lea@far.example")
    for message in (b"", b"\n", b"Subject: x\n", b"\0\0\0", b"\xff" * 9000,
                    b"From x Mon\n\nbody\n"):
        done = VERPD.command(
            "deliver", "--sender", "", "--recipient", token,
            "--original-recipient", token, "--client-address", "192.0.2.9",
            "--queue-id", "4XYZ13", input=message, text=False)
        tap.check_equal(done.returncode, 0, done.stderr)
    for event in VERPD.events("lea@far.example"):
        tap.check_equal(event["class"], "unknown")


def test_slow_input_times_out():
    """Its own alarm, long before that of pipe(8), which would lose mail."""
    conf = os.path.join(VERPD.root, "short.conf")
    VERPD.write(conf, deliver_timeout="1s")
    token = VERPD.mint("news-45", "mia@far.example")
    reader, writer = os.pipe()
    try:
        done = VERPD.command("deliver", "--recipient", token, conf=conf,
                             stdin=reader, timeout=20)
    finally:
        os.close(reader)
        os.close(writer)
    check_temporary(done)


tap.run([test_local_bounces_count, test_mixed_recipients,
         test_report_that_imitates_bounce8, test_duplicate_exits_0,
         test_own_faults_are_temporary, test_locked_store, test_wiring_gone,
         test_any_message_exits_0, test_slow_input_times_out], VERPD.verify)
