#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What clients cannot make verpd do: wait for ever, run out of descriptors,
spin, grow."""
import os
import resource
import time

from daemon import Daemon, Site, report, run, seconds_since, tap

IS_SANITIZED = "VERPD_SANITIZED" in os.environ


def begin(preexec_fn=None, **settings):
    site = Site(**settings)
    return site, Daemon(site, preexec_fn=preexec_fn)


def test_too_many_connections_are_told_so():
    _, daemon = begin(connection_limit=3)
    clients = [daemon.connect() for _ in range(3)]
    for _ in range(5):
        refused = daemon.connect(hello=False)
        refused.expect(421)
        refused.expect_end()
    for client in clients:
        client.say(b"NOOP\r\n", 250)
    clients[0].quit()
    tap.wait_for("room for one more", lambda: one_more(daemon))
    daemon.stop()


def one_more(daemon):
    client = daemon.connect(hello=False)
    return client.reply().startswith(b"220")


def test_slow_clients_make_way():
    """As many as there may be, one octet a second: others are still served."""
    site, daemon = begin(connection_limit=4)
    slow = [daemon.connect() for _ in range(4)]
    start = time.monotonic()
    served = False
    while not served and seconds_since(start) < 60:
        for client in slow:
            try:
                client.send(b"N")
            except OSError:
                pass  # this one had to go
        client = daemon.connect(hello=False)
        served = client.reply().startswith(b"220")
        if served:
            client.say(b"LHLO a\r\n", 250)
            client.deliver(report(1), site.tokens[0])
        client.close()
        time.sleep(0 if served else 1)
    tap.check(served, "nobody else was served")
    tap.check(seconds_since(start) > 5, "did not give them any time")
    daemon.stop()


def test_time_outs():
    site, daemon = begin(command_timeout="1s", data_timeout="2s",
                         session_timeout="4s")
    idle = daemon.connect()
    inside = daemon.connect()
    inside.begin_data(site.tokens[0])
    start = time.monotonic()
    tap.check(b"4.4.2" in idle.expect(421), "idle")
    idle.expect_end()
    first = seconds_since(start)
    tap.check(b"4.4.2" in inside.expect(421), "inside a message")
    inside.close()
    second = seconds_since(start)
    tap.check(0.9 < first < second, first, second)
    tap.check_equal(site.count(), 0)
    # commands all the time, and never a message
    busy = daemon.connect()
    start = time.monotonic()
    line = b"250"
    while line.startswith(b"250") and seconds_since(start) < 30:
        try:
            busy.send(b"NOOP\r\n")
        except BrokenPipeError:
            pass  # closed, and the reason is still to be read
        line = busy.reply()
        time.sleep(0.1)
    tap.check(line.startswith(b"421 4.4.2"), line)
    tap.check(seconds_since(start) > 3.5, seconds_since(start))
    daemon.stop()


def test_client_that_reads_nothing():
    _, daemon = begin(command_timeout="1s", data_timeout="1s",
                      session_timeout="600s")
    client = daemon.connect()
    client.socket.settimeout(2)
    sent = 0
    try:
        while sent < 50 << 20:
            client.send(b"LHLO a\r\n" * 1000)
            sent += 8000
    except OSError:
        pass  # it stopped reading, then it closed
    tap.check(sent < 10 << 20, f"it took {sent} octets")
    if not IS_SANITIZED:
        tap.check(daemon.resident() < 32 << 20, daemon.resident())
    client.close()
    daemon.connect().quit()
    daemon.stop()


def few_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))


def test_few_descriptors():
    site, daemon = begin(preexec_fn=few_descriptors)
    tap.check("file descriptors" in daemon.log(), daemon.log())
    clients, refused = [], 0
    for _ in range(200):
        client = daemon.connect(hello=False)
        clients.append(client)
        code = client.reply()[:3]
        tap.check(code in (b"220", b"421"), code)
        refused += code == b"421"
    tap.check(100 < refused < 200, refused)
    served = clients[0]
    served.say(b"LHLO a\r\n", 250)
    [reply] = served.deliver(report(1), site.tokens[0])
    tap.check(reply.startswith(b"250"), reply)
    before = daemon.cpu()
    time.sleep(1)
    tap.check(daemon.cpu() - before < 0.3, "it spins")
    for client in clients:
        client.close()
    tap.wait_for("room again", lambda: one_more(daemon))
    daemon.stop()


def test_no_descriptor_at_all():
    """accept(2) fails; verpd waits instead of asking again and again."""
    _, daemon = begin()
    in_use = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    old = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE,
                     (in_use, old[1]))
    client = daemon.connect(hello=False)
    daemon.log_has("cannot accept")
    before = daemon.cpu()
    time.sleep(1.5)
    tap.check(daemon.cpu() - before < 0.3, "it spins")
    tap.check(daemon.log().count("cannot accept") <= 4, daemon.log())
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, old)
    client.expect(220)
    client.close()
    daemon.stop()


def test_memory_of_a_hundred_sessions():
    site, daemon = begin(connection_limit=100)
    at_rest = daemon.resident()
    for _ in range(2):
        daemon.crowd(site.tokens[0])
    tap.comment(f"{at_rest >> 10} KiB, then {daemon.resident() >> 10} KiB")
    if not IS_SANITIZED:
        tap.check(daemon.resident() < 64 << 20, daemon.resident())
    daemon.stop()


run([test_too_many_connections_are_told_so,
     test_slow_clients_make_way,
     test_time_outs,
     test_client_that_reads_nothing,
     test_few_descriptors,
     test_no_descriptor_at_all,
     test_memory_of_a_hundred_sessions])
