#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Malformed mail of every kind is taken with 250 and recorded as unknown: a
refusal would lose it.  It never ends the daemon, and memory stays small."""
import atexit
import os
import sys
import threading
import time
import zlib

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if os.geteuid() != 0:
    tap.skip_all("needs root, to run verpd as another user")

MOST = 64 * 1024 * 1024
VERPD = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example")
atexit.register(VERPD.kill)
# The reason is in the machine-readable part alone.
REPORT = messages.report("x@y.example", "nobody@far.example").replace(
    "<nobody@far.example>: 550 5.1.1 User unknown\n", "")
STATUS = REPORT.index("Reporting-MTA:")


def nested(depth):
    """DEPTH multiparts, each in the one before."""
    yield b"MIME-Version: 1.0\r\n"
    for level in range(depth):
        yield (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n'
               b"--b%d\r\n" % (level, level))
    yield b"Content-Type: text/plain\r\n\r\ndeep\r\n"
    for level in reversed(range(depth)):
        yield b"--b%d--\r\n" % level


def nested_messages(depth):
    for _ in range(depth):
        yield b"Content-Type: message/rfc822\r\n\r\n"
    yield b"Subject: deep\r\n\r\ndeep\r\n"


def many_parts(count):
    yield (b'MIME-Version: 1.0\r\nContent-Type: multipart/report; '
           b'report-type=delivery-status; boundary="b"\r\n\r\n')
    for _ in range(count):
        yield b"--b\r\nContent-Type: message/delivery-status\r\n\r\nx\r\n"


def repeat(piece, size, head=b"Subject: large\r\n\r\n"):
    """About SIZE octets."""
    block = piece * (65536 // len(piece) + 1)
    yield head
    for _ in range(size // len(block) + 1):
        yield block


MESSAGES = {
    "empty": [b""],
    "an empty line": [b"\r\n"],
    "headers only": [b"From: a@b.example\r\nSubject: x"],
    "no headers": [b"\r\njust text"],
    "no colon in the header": [b"this is no header\r\nnor is this\r\n\r\nx"],
    "NUL": [b"Subject: a\0b\r\n\r\nc\0d\0\0\r\n", bytes(5000)],
    "NUL alone": [bytes(100)],
    "8-bit": [bytes(range(128, 256)) * 40],
    "8-bit header": ["Subject: caf\u00e9 \u2603\r\n\r\n".encode(),
                     b"\xff\xfe\xfd"],
    "bare CR": [b"Subject: x\r\rbody\rbody\r"],
    "bare LF": [b"Subject: x\n\nbody\n.\nmore\n"],
    "a line of 1 MB": [b"Subject: x\r\n\r\n", b"a" * 1000000],
    "a header of 1 MB": [b"Subject: ", b"a" * 1000000, b"\r\n\r\nx"],
    "20,000 headers": [b"X-A: b\r\n" * 20000, b"\r\nbody"],
    "report cut in its header": [messages.wire(REPORT[:200])],
    "report cut before its status": [messages.wire(REPORT[:STATUS])],
    "base64 that is none": [messages.wire(REPORT[:STATUS].replace(
        "Content-Type: message/delivery-status",
        "Content-Type: message/delivery-status\n"
        "Content-Transfer-Encoding: base64") + "!!!! not base64 ****")],
    "report of another kind": [messages.wire(REPORT[:STATUS].replace(
        "report-type=delivery-status", "report-type=nonsense"))],
    "1,000 multiparts deep": list(nested(1000)),
    "1,000 messages deep": list(nested_messages(1000)),
    "10,000 parts": list(many_parts(10000)),
    "RFC 2231 bomb": [b"Content-Type: text/plain;\r\n"] + [
        b" a*%d*=utf-8''%%41%%42;\r\n" % n for n in range(5000)] + [b"\r\nx"],
    "encoded words": [b"Subject:", b" =?utf-8?q?=C3?=" * 5000,
                      b"\r\n\r\nx"],
    "addresses": [b"To: ", b"<" * 50000, b"a@b.example",
                  b">" * 50000, b"\r\n\r\nx"],
    "comments": [b"Content-Type: ", b"(" * 50000, b"\r\n\r\nx"],
    "dots": [b"..\r\n" * 1000],
}


def hand_in(name, pieces, sender=""):
    address = f"r{zlib.crc32(name.encode())}@far.example"
    token = VERPD.mint("news-49", address)
    started = time.monotonic()
    with daemon.Lmtp(VERPD.socket, 120) as session:
        (code, text), = session.send(sender, [token], pieces)
    tap.check_equal(code, 250, text)
    event, = VERPD.events(address)
    tap.check_equal(event["class"], "unknown", event)
    tap.check_equal(VERPD.command("check", address).returncode, 0)
    return time.monotonic() - started


def check_memory(_name=""):
    most = VERPD.memory()
    tap.comment(f"at most {most / 1048576:.1f} MB resident")
    if not rig.is_sanitized():
        tap.check(most < MOST, f"{most} octets resident")


def test_100_megabytes():
    seconds = hand_in("100 MB", repeat(b"Lorem ipsum dolor sit amet\r\n",
                                       100 * 1024 * 1024))
    tap.comment(f"{seconds:.1f} s")


def test_100_megabytes_in_a_line():
    hand_in("line", repeat(b"a", 100 * 1024 * 1024))


def test_100_megabytes_of_header():
    hand_in("header", repeat(b"X-Header: value\r\n", 100 * 1024 * 1024, b""))


def test_100_megabytes_times_eight():
    """Memory is bounded for each session, so for all of them."""
    failed = []

    def one(number):
        try:
            hand_in(f"parallel {number}", repeat(b"x\r\n", 20 * 1024 * 1024))
        except Exception as error:  # reported by the test's own thread
            failed.append(error)
    threads = [threading.Thread(target=one, args=(number,))
               for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.check(not failed, *failed)


def test_report_after_the_bound():
    """A report whose status lies behind the first 256 KB is unknown, and one
    whose returned message is large is not."""
    token = VERPD.mint("news-49", "large@far.example")
    text = messages.report(token, "large@far.example")
    end = text.rindex("--=_")
    text = text[:end] + "X-Long: " + "x" * 900 + "\n" + text[end:]
    head, tail = text[:end], text[end:]
    with daemon.Lmtp(VERPD.socket, 120) as session:
        (code, reply), = session.send("", [token], [
            messages.wire(head), b"\r\n",
            b"line of a large returned message\r\n" * 100000,
            messages.wire(tail)])
    tap.check_equal(code, 250, reply)
    event, = VERPD.events("large@far.example")
    tap.check_equal(event["class"], "hard")


VERPD.init()
VERPD.start()
tap.run([(name, lambda name=name, pieces=pieces: hand_in(name, pieces))
         for name, pieces in MESSAGES.items()]
        + [test_report_after_the_bound, test_100_megabytes,
           test_100_megabytes_in_a_line, test_100_megabytes_of_header,
           test_100_megabytes_times_eight,
           ("memory stays below 64 MB", check_memory)], VERPD.verify)
