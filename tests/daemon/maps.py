#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Postfix asks over socketmap, and what it is told: quickly, and whatever
becomes of the store."""
import os
import signal
import socket
import sqlite3
import time

from daemon import Daemon, PATIENCE, Site, report, run, tap

XVERP = "news+user%d=example.org@bounces.test"


class Asker:
    """smtpd(8) or smtp(8): one connection, one question at a time."""

    def __init__(self, where):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(where)

    def read(self):
        got = b""
        while b":" not in got or len(got) < int(got.split(b":")[0]) + \
                got.index(b":") + 2:
            more = self.socket.recv(4096)
            if not more:
                return None
            got += more
        return got.split(b":", 1)[1][:-1].decode()

    def ask(self, name, key):
        question = f"{name} {key}".encode()
        self.socket.sendall(b"%d:%s," % (len(question), question))
        return self.read()

    def sign(self, number):
        return self.ask("sign", XVERP % number)


def begin(**settings):
    site = Site(**settings)
    where = os.path.join(site.root, "map")
    site.configure(map_listen=["unix:" + where])
    daemon = Daemon(site)
    return site, daemon, lambda: Asker(where)


def opaque(asker, number):
    """Signs until the id is there."""
    return tap.wait_for("an id", lambda: (
        lambda answer: answer if answer.startswith("OK b-") else None)(
            asker.sign(number)))


def test_token():
    site, _, connect = begin()
    asker = connect()
    good = site.tokens[0]
    bad = good.replace("+user0=", "+user1=")
    tap.check_equal(asker.ask("token", good), "OK OK")
    tap.check_equal(asker.ask("token", good.upper()), "OK OK")
    for address in (bad, XVERP % 0, "news@bounces.test", "@bounces.test",
                    good.replace("bounces.test", "elsewhere.test"), ""):
        tap.check_equal(asker.ask("token", address), "NOTFOUND ", address)


def test_sign():
    """Readable at once, opaque when the recipient has an id; what is signed is
    genuine, and no report is needed for any of it."""
    site, daemon, connect = begin()
    asker = connect()
    first = asker.sign(0)
    tap.check(first.startswith("OK news+user0=example.org+"), first)
    tap.check_equal(asker.ask("token", first[3:]), "OK OK")
    second = opaque(asker, 0)
    tap.check_equal(asker.ask("token", second[3:]), "OK OK")
    tap.check_equal(site.query("SELECT address FROM recipients"),
                    [("user0@example.org",)])
    lmtp = daemon.connect()
    tap.check(lmtp.deliver(report(1), second[3:])[0].startswith(b"250"))
    tap.check_equal(site.query("SELECT step FROM events"), [("hard",)])


def test_sign_nothing_else():
    site, _, connect = begin(campaigns=["news*"])
    asker = connect()
    for key in ("ana@example.org", "news@bounces.test", "@bounces.test",
                "news", "news+x@bounces.test", site.tokens[0],
                "other+ana=example.org@bounces.test",
                "news+ana=example.org@elsewhere.test"):
        tap.check_equal(asker.ask("sign", key), "NOTFOUND ", key)
    time.sleep(0.2)
    tap.check_equal(site.count("recipients"), 0)


def test_many_at_once():
    """A first mailing: every recipient gets its id behind."""
    site, _, connect = begin()
    asker = connect()
    for number in range(2000):
        tap.check(asker.sign(number).startswith("OK news+"), number)
    tap.wait_for("ids", lambda: site.count("recipients") == 2000)
    tap.check(opaque(asker, 1999))


def test_locked_store():
    """A writer in the way delays an id, and no answer."""
    site, _, connect = begin(busy_timeout="1s")
    asker = connect()
    known = opaque(asker, 0)
    db = sqlite3.connect(site.store, isolation_level=None, timeout=20)
    db.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    for number in range(1, 200):
        tap.check(asker.sign(number).startswith("OK news+"), number)
        tap.check_equal(asker.ask("token", site.tokens[0]), "OK OK")
    tap.check(asker.sign(0).startswith("OK b-"))
    tap.check(time.monotonic() - start < 1, time.monotonic() - start)
    db.execute("ROLLBACK")
    tap.check_equal(asker.ask("token", known[3:]), "OK OK")
    tap.check(opaque(asker, 200))


def test_store_is_gone():
    """Then keys alone answer; when it is back, so are ids."""
    site, daemon, connect = begin()
    tap.check(opaque(connect(), 0))
    aside = site.store + ".aside"
    # a connection of its own each time: nothing is to be remembered
    os.rename(site.store, aside)
    with open(site.store, "wb") as broken:
        broken.write(b"this is no database" * 100)
    daemon.stop()
    os.rename(aside, site.store)
    daemon = Daemon(site)
    asker = connect()
    tap.check(opaque(asker, 0))
    os.rename(site.store, aside)
    tap.check_equal(asker.ask("token", site.tokens[0]), "OK OK")
    tap.check(asker.sign(1).startswith("OK news+"))
    os.rename(aside, site.store)


def test_durable():
    """An id that no sync has covered is not used: a power loss would give it
    to somebody else.  One that another process synced itself waits for ours.
    """
    site, daemon, connect = begin()
    asker = connect()
    site.verpctl("add", "--actor", "a", "--reason", "r", "user7@example.org")
    tap.check(asker.sign(7).startswith("OK news+"), "not yet")
    tap.check(opaque(asker, 7))
    daemon.stop()


def test_broken_questions():
    _, _, connect = begin()
    asker = connect()
    tap.check(asker.ask("mint", "x").startswith("PERM "), "no such map")
    asker.socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    tap.check(asker.read().startswith("PERM "), "not a netstring")
    tap.check_equal(asker.read(), None)


def test_many_connections():
    """Postfix keeps one for each process; the oldest makes room."""
    site, _, connect = begin(map_connection_limit="50")
    first = connect()
    tap.check_equal(first.ask("token", site.tokens[0]), "OK OK")
    others = [connect() for _ in range(60)]
    for other in others[-40:]:
        tap.check_equal(other.ask("token", site.tokens[0]), "OK OK")
    tap.check_equal(first.read(), None)


def test_reload():
    """A new key signs from the next question on; the old one still proves."""
    site, daemon, connect = begin()
    asker = connect()
    old = asker.sign(0)[3:]
    site.verpctl("key", "rotate", "--actor", "a", "--reason", "r")
    daemon.signal(signal.SIGHUP)
    daemon.log_has("configuration reloaded")
    new = tap.wait_for("the new key",
                       lambda: (lambda s: s if s != old else None)(
                           asker.ask("sign", XVERP % 1)[3:]))
    for token in (old, new):
        tap.check_equal(asker.ask("token", token), "OK OK")


def test_while_stopping():
    """It answers as long as there is a message to record."""
    site, daemon, connect = begin()
    asker = connect()
    client = daemon.connect()
    db = sqlite3.connect(site.store, isolation_level=None, timeout=20)
    db.execute("BEGIN IMMEDIATE")
    client.begin_data(site.tokens[0])
    client.send(report(1) + b".\r\n")
    daemon.log_has("")
    time.sleep(0.2)
    daemon.signal(signal.SIGTERM)
    daemon.wait_notify("STOPPING=1")
    tap.check_equal(asker.ask("token", site.tokens[1]), "OK OK")
    db.execute("ROLLBACK")
    client.expect(250)
    daemon.wait(0)
    tap.check_equal(asker.read(), None)


run([function for name, function in list(globals().items())
     if name.startswith("test_")])
