#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGTERM and SIGHUP in every state of a session."""
import os
import signal
import sqlite3
import time

from daemon import Daemon, Site, report, run, seconds_since, tap


def begin(**settings):
    site = Site(**settings)
    return site, Daemon(site)


def lock(site):
    """Holds the store so that nothing can be recorded."""
    db = sqlite3.connect(site.store, isolation_level=None,
                         timeout=20)
    db.execute("BEGIN IMMEDIATE")
    return db


def test_sigterm_without_clients():
    site, daemon = begin()
    start = time.monotonic()
    daemon.signal(signal.SIGTERM)
    daemon.wait_notify("STOPPING=1")
    daemon.wait(0)
    tap.check(seconds_since(start) < 2, seconds_since(start))
    tap.check(not os.path.exists(site.socket), "the socket is left")


def test_sigint_is_the_same():
    _, daemon = begin()
    daemon.signal(signal.SIGINT)
    daemon.wait(0)


def test_sigterm_idle():
    _, daemon = begin()
    new = daemon.connect(hello=False)
    new.expect(220)
    idle = daemon.connect()
    daemon.signal(signal.SIGTERM)
    for client in (new, idle):
        tap.check(b"4.3.2" in client.expect(421), "idle")
        client.expect_end()
    daemon.wait(0)


def test_sigterm_in_a_transaction():
    site, daemon = begin()
    client = daemon.connect()
    client.envelope(*site.tokens[:2])
    daemon.signal(signal.SIGTERM)
    client.expect(421)
    client.expect_end()
    daemon.wait(0)
    tap.check_equal(site.count(), 0)


def test_sigterm_inside_a_message():
    site, daemon = begin()
    client = daemon.connect()
    client.begin_data(site.tokens[0])
    client.send(report(1)[:200])
    other = daemon.connect()  # so the first 200 octets were read, too
    daemon.signal(signal.SIGTERM)
    client.expect(421)
    client.send(report(1)[200:] + b".\r\n")
    client.expect_end()
    other.close()
    daemon.wait(0)
    tap.check_equal(site.count(), 0)


def test_sigterm_between_dot_and_reply():
    """What was received whole is recorded and answered first."""
    site, daemon = begin(busy_timeout="20s")
    db = lock(site)
    client = daemon.connect()
    client.begin_data(site.tokens[0])
    client.send(report(1) + b".\r\nNOOP\r\n")
    idle = daemon.connect()
    daemon.signal(signal.SIGTERM)
    idle.expect(421)
    db.execute("ROLLBACK")
    tap.check(b"stored" in client.expect(250), "the reply")
    client.expect(421)
    client.expect_end()
    daemon.wait(0)
    tap.check_equal(site.count(), 1)


def test_sigterm_gives_up_in_time():
    """The store stays locked: nobody is told 250, and it is over in 30 s."""
    site, daemon = begin(busy_timeout="50s", deliver_timeout="60s")
    db = lock(site)
    client = daemon.connect()
    client.begin_data(site.tokens[0])
    client.send(report(1) + b".\r\n")
    daemon.connect().quit()
    start = time.monotonic()
    daemon.signal(signal.SIGTERM)
    daemon.signal(signal.SIGTERM)
    client.expect_end()
    daemon.wait(0)
    tap.check(20 < seconds_since(start) < 30, seconds_since(start))
    db.execute("ROLLBACK")
    db.close()
    tap.check_equal(site.count(), 0)


def test_sighup_changes_what_it_can():
    site, daemon = begin()
    old = daemon.connect()
    tap.check_equal(old.deliver(report(1), site.tokens[0])[0][:3], b"250")
    site.configure(hostname="new.test", bounce_domains=["other.test"],
                   batch="7", map_listen=["inet:127.0.0.1:1"],
                   policy_listen=["inet:127.0.0.1:2"], addresses="hashed",
                   address_key="/nowhere", map_connection_limit="7",
                   allow_remote="yes", pause_map="/nowhere/paused")
    daemon.signal(signal.SIGHUP)
    daemon.wait_notify("RELOADING=1\nMONOTONIC_USEC=")
    daemon.wait_notify("READY=1")
    for name in ("batch", "map_listen", "policy_listen", "addresses",
                 "address_key", "map_connection_limit", "allow_remote",
                 "pause_map"):
        tap.check(f"warning: {name} has changed, and only a restart"
                  in daemon.log(), name, daemon.log())
    tap.check("warning: listen has changed" not in daemon.log(), daemon.log())
    new = daemon.connect(hello=False)
    tap.check(new.expect(220).startswith(b"220 new.test "), "greeting")
    # also for who is here already
    old.say(b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\n" % site.tokens[0].encode(),
            250, 451)
    daemon.stop()


def test_sighup_with_a_broken_configuration():
    site, daemon = begin()
    for name, broken in (("unknown name", "no_such_thing = 1\n"),
                         ("no end", 'bounce_domains = {"x')):
        with open(site.conf, "a", encoding="utf-8") as conf:
            conf.write(broken)
        daemon.signal(signal.SIGHUP)
        daemon.wait_notify("RELOADING=1")
        daemon.wait_notify("READY=1")
        tap.check("error: not reloaded, the old configuration stays: " +
                  site.conf + ":" in daemon.log(), name, daemon.log())
        site.configure()
        client = daemon.connect()
        client.deliver(report(1), site.tokens[0])
        client.quit()
    os.rename(site.settings["keys"], site.settings["keys"] + ".old")
    daemon.signal(signal.SIGHUP)
    daemon.wait_notify("RELOADING=1")
    daemon.wait_notify("READY=1")
    tap.check("error: not reloaded, the old configuration stays: " +
              site.settings["keys"] in daemon.log(), daemon.log())
    client = daemon.connect()
    client.deliver(report(2), site.tokens[0])
    tap.check_equal(site.count(), 2)
    daemon.stop()


def test_sighup_under_load():
    """Messages that are on their way keep what they were judged by."""
    site, daemon = begin()
    clients = [daemon.connect() for _ in range(10)]
    for number in range(30):
        for client in clients:
            client.begin_data(site.tokens[number % 20])
        for at, client in enumerate(clients):
            client.send(report(number * 10 + at) + b".\r\n")
        daemon.signal(signal.SIGHUP)
        for client in clients:
            client.expect(250)
        daemon.wait_notify("RELOADING=1")
        daemon.wait_notify("READY=1")
    tap.check_equal(site.count(), 300)
    for client in clients:
        client.quit()
    daemon.stop()


run([test_sigterm_without_clients,
     test_sigint_is_the_same,
     test_sigterm_idle,
     test_sigterm_in_a_transaction,
     test_sigterm_inside_a_message,
     test_sigterm_between_dot_and_reply,
     test_sigterm_gives_up_in_time,
     test_sighup_changes_what_it_can,
     test_sighup_with_a_broken_configuration,
     test_sighup_under_load])
