#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dialogues with a running verpd: what tests/unit/test_session.c shows without
sockets holds with them, and what is said 250 is in the store."""
import os
import random

from daemon import Daemon, Site, report, run, tap


def begin(**settings):
    site = Site(**settings)
    return site, Daemon(site)


def whole(site, number):
    return (b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n%s.\r\n" %
            (site.tokens[0].encode(), report(number)))


def test_one_message_is_stored_and_logged():
    site, daemon = begin()
    client = daemon.connect()
    client.say(b"XFORWARD NAME=mail.example.org ADDR=192.0.2.1\r\n"
               b"XFORWARD PROTO=ESMTP IDENT=4XYZ12 SOURCE=REMOTE\r\n",
               250, 250)
    [reply] = client.deliver(report(1), site.tokens[0])
    tap.check(reply.startswith(b"250 2.0.0 stored id=1"), reply)
    tap.check_equal(site.count(), 1)
    tap.check("4XYZ12: to=<user0@example.org>, campaign=news" in daemon.log(),
              daemon.log())
    client.quit()
    daemon.stop()


def test_told_twice_changes_nothing():
    site, daemon = begin()
    client = daemon.connect()
    client.deliver(report(1), site.tokens[0])
    for _ in range(3):
        [reply] = client.deliver(report(1), site.tokens[0])
        tap.check_equal(reply, b"250 2.0.0 duplicate")
    tap.check_equal(site.count(), 1)
    daemon.stop()


def test_everything_in_one_write():
    site, daemon = begin()
    client = daemon.connect(hello=False)
    client.send(b"LHLO a\r\n" + whole(site, 1) + whole(site, 2) +
                b"QUIT\r\n")
    client.expect(220, 250, 250, 250, 354, 250, 250, 250, 354, 250, 221)
    client.expect_end()
    tap.check_equal(site.count(), 2)
    daemon.stop()


def test_octet_by_octet():
    site, daemon = begin()
    client = daemon.connect(hello=False)
    for octet in b"LHLO a\r\n" + whole(site, 1) + b"QUIT\r\n":
        client.send(bytes([octet]))
    client.expect(220, 250, 250, 250, 354, 250, 221)
    client.expect_end()
    tap.check_equal(site.count(), 1)
    daemon.stop()


def test_half_closed_client_gets_its_replies():
    site, daemon = begin()
    client = daemon.connect(hello=False)
    client.send(b"LHLO a\r\n" + whole(site, 1))
    client.socket.shutdown(1)
    client.expect(220, 250, 250, 250, 354, 250)
    client.expect_end()
    daemon.stop()


def test_client_that_does_not_wait_for_the_reply():
    site, daemon = begin()
    for _ in range(20):
        client = daemon.connect()
        client.send(whole(site, 1))
        client.close()
    client = daemon.connect()
    client.deliver(report(1), site.tokens[0])
    tap.check_equal(site.count(), 1)
    daemon.stop()


def test_one_reply_for_each_recipient():
    site, daemon = begin()
    client = daemon.connect()
    replies = client.deliver(report(1), *site.tokens[:3], "x@bounces.test",
                             site.tokens[0])
    tap.check_equal([reply[:3] for reply in replies], [b"250"] * 5)
    tap.check(b"forged" in replies[3], replies[3])
    tap.check(b"duplicate" in replies[4], replies[4])
    daemon.stop()


def test_other_domains_wait_in_the_queue():
    site, daemon = begin()
    client = daemon.connect()
    client.say(b"MAIL FROM:<>\r\nRCPT TO:<x@other.test>\r\nDATA\r\nRSET\r\n",
               250, 451, 503, 250)
    # what virtual aliases made of it: ORCPT still says whose it is
    client.say(b"MAIL FROM:<>\r\nRCPT TO:<x@other.test> ORCPT=rfc822;%s\r\n"
               % site.tokens[0].replace("+", "+2B").replace("=", "+3D")
               .encode(), 250, 250)
    client.say(b"DATA\r\n", 354)
    reply = client.say(report(1) + b".\r\n", 250)
    tap.check(b"stored" in reply, reply)
    for _ in range(100):
        client.say(b"MAIL FROM:<>\r\nRCPT TO:<x@other.test>\r\nRSET\r\n",
                   250, 451, 250)
    tap.check_equal(daemon.log().count("not of our bounce_domains"), 1,
                    "warnings")
    daemon.stop()


def test_pipelined_garbage():
    _, daemon = begin()
    other = daemon.connect()
    for seed in range(20):
        client = daemon.connect(hello=False)
        noise = random.Random(seed).randbytes(30000)
        try:
            client.send(noise + b"\r\n" * 12)
            while client.line():
                pass
        except (ConnectionError, OSError):
            pass  # cut off, as it should be
        client.close()
    other.say(b"NOOP\r\n", 250)
    daemon.stop()


def test_malformed_messages_are_taken():
    site, daemon = begin()
    client = daemon.connect()
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n"
                    b"--b%d\r\n" % (i, i) for i in range(1000))
    for message in (
            b"", b"\r\n", b"Subject: only headers\r\n",
            b"Subject: x\r\n\r\n\0\0\0\xff\xfe\r\n",
            report(1)[:300] + b"\r\n", report(1)[:500] + b"\r\n", deep,
            b"X: y\r\n" * 20000, b"x" * 5000000 + b"\r\n",
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" +
            b"--b\r\n\r\n\r\n" * 10000):
        [reply] = client.deliver(message, site.tokens[0])
        tap.check_equal(reply[:4], b"250 ", reply)
    client.quit()
    daemon.stop()


def test_what_waits_is_kept():
    """A message nobody understood, cut down; and the hits of rules: with the
    first message at once, the rest when the daemon stops."""
    site, daemon = begin()
    client = daemon.connect()
    client.deliver(report(1), site.tokens[0])
    client.deliver(report(2), site.tokens[1])
    tap.check_equal(site.count("quarantine"), 0)
    tap.check_equal(site.query("SELECT max(hits) FROM rule_hits"),
                    [(1,)])
    client.deliver(b"Subject: xyzzy\r\nARC-Seal: 1\r\n\r\nplugh\r\n",
                   site.tokens[2])
    tap.check_equal(site.query("SELECT message FROM quarantine"),
                    [(b"Subject: xyzzy\n\nplugh\n",)])
    client.quit()
    daemon.stop()
    tap.check_equal(site.query("SELECT max(hits) FROM rule_hits"),
                    [(2,)])
    site.verpctl("verify")


def test_a_hundred_megabytes():
    site, daemon = begin()
    client = daemon.connect()
    client.begin_data(site.tokens[0])
    client.send(report(1))
    piece = b"x" * 998 + b"\r\n"
    for _ in range(100):
        client.send(piece * 1000)
    [reply] = [client.say(b".\r\n", 250)]
    tap.check(b"stored" in reply, reply)
    tap.check_equal(site.count(), 1)
    if "VERPD_SANITIZED" not in os.environ:
        tap.check(daemon.resident() < 64 << 20, daemon.resident())
    daemon.stop()


run([test_one_message_is_stored_and_logged,
     test_told_twice_changes_nothing,
     test_everything_in_one_write,
     test_octet_by_octet,
     test_half_closed_client_gets_its_replies,
     test_client_that_does_not_wait_for_the_reply,
     test_one_reply_for_each_recipient,
     test_other_domains_wait_in_the_queue,
     test_pipelined_garbage,
     test_malformed_messages_are_taken,
     test_what_waits_is_kept,
     test_a_hundred_megabytes])
