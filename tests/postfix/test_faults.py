#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The daemon when something of its own is broken: it answers 451 or 452 and
stores nothing, and recovers by itself."""
import atexit
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if os.geteuid() != 0:
    tap.skip_all("needs root, to run verpd as another user")

VERPD = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example",
                     busy_timeout="1s")
atexit.register(VERPD.kill)


def deliver(address, on=VERPD, token=""):
    """The answer to one report on ADDRESS."""
    token = token or on.mint("news-47", address)
    with daemon.Lmtp(on.socket) as session:
        reply, = session.send("", [token], messages.wire(messages.report(
            token, address)))
    return reply


def check_stored(address, on=VERPD):
    code, text = deliver(address, on)
    tap.check_equal(code, 250, text)
    tap.check_equal(len(on.events(address)), 1)


def test_stored():
    check_stored("ana@far.example")


def test_second_daemon_refuses():
    done = subprocess.run(
        [os.path.join(VERPD.bin, "verpd"), "-c", VERPD.conf, "-f"],
        user=VERPD.user, group="nogroup", extra_groups=[], timeout=30,
        capture_output=True, text=True, check=False)
    tap.check(done.returncode != 0, "it started")
    tap.check(done.stderr.strip(), "it said nothing")
    check_stored("bea@far.example")


def test_root_is_refused():
    done = subprocess.run(
        [os.path.join(VERPD.bin, "verpd"), "-c", VERPD.conf, "-f"],
        timeout=30, capture_output=True, text=True, check=False)
    tap.check(done.returncode != 0 and "root" in done.stderr, done.stderr)


def test_broken_configuration_on_hangup():
    """It keeps the old one and says why, with file and line."""
    before = len(VERPD.log())
    with open(VERPD.conf, "a", encoding="utf-8") as conf:
        conf.write("no_such_name = 1\n")
    with open(VERPD.conf, encoding="utf-8") as conf:
        line = len(conf.readlines())
    VERPD.process.send_signal(signal.SIGHUP)
    tap.wait_for("the complaint", lambda: f"verpd.conf:{line}" in
                 VERPD.log()[before:])
    tap.check("no_such_name" in VERPD.log()[before:], VERPD.log()[before:])
    VERPD.configure()
    check_stored("cleo@far.example")


def test_broken_rules_and_keys_on_hangup():
    for path, text in ((VERPD.settings["keys"], "1:short\n"),
                       (os.path.join(VERPD.settings["rules"][0],
                                     "99-broken.rules"), "nonsense {{{\n")):
        before = len(VERPD.log())
        saved = None
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                saved = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        VERPD.process.send_signal(signal.SIGHUP)
        tap.wait_for("the complaint", lambda path=path, before=before:
                     os.path.basename(path) in VERPD.log()[before:])
        if saved is None:
            os.unlink(path)
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(saved)
        check_stored(f"dora-{os.path.basename(path)}@far.example")


def reload(text):
    """Puts TEXT into the configuration and waits until it is in force."""
    VERPD.text = text
    VERPD.configure()
    before = len(VERPD.log())
    VERPD.process.send_signal(signal.SIGHUP)
    tap.wait_for("the reload", lambda: "reload" in
                 VERPD.log()[before:].lower())


def test_good_configuration_on_hangup():
    """A new policy counts from the next message on."""
    reload("policy {\n\thard_hold = no\n}\n")
    check_stored("emil@far.example")
    tap.check_equal(VERPD.command("check", "emil@far.example").returncode, 0)
    reload("")
    check_stored("fritz@far.example")
    tap.check_equal(VERPD.command("check", "fritz@far.example").returncode, 1)


def test_locked_store():
    token = VERPD.mint("news-47", "gina@far.example")
    lock = sqlite3.connect(VERPD.store, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        code, text = deliver("gina@far.example", token=token)
        tap.check_equal((code, text[:5]), (451, "4.3.0"), text)
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    tap.check_equal(VERPD.events("gina@far.example"), [])
    check_stored("gina@far.example")


def test_lock_that_is_soon_gone():
    """Within busy_timeout the client only waits."""
    token = VERPD.mint("news-47", "hugo@far.example")
    lock = sqlite3.connect(VERPD.store, isolation_level=None,
                           check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    with daemon.Lmtp(VERPD.socket) as session:
        session.say("MAIL FROM:<>")
        session.say(f"RCPT TO:<{token}>")
        session.say("DATA")
        session.socket.sendall(messages.wire(messages.report(
            token, "hugo@far.example")) + b"\r\n.\r\n")
        lock.execute("ROLLBACK")
        lock.close()
        tap.check_equal(session.reply()[0], 250)


def small_disk(size):
    """A daemon whose store is alone on a small file system."""
    small = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example",
                         busy_timeout="1s")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}",
                           "tmpfs", small.state], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise tap.Skip("cannot mount a tmpfs: " + done.stderr.strip())
    atexit.register(subprocess.run, ["umount", "-l", small.state],
                    check=False)
    atexit.register(small.kill)
    shutil.chown(small.state, small.user)
    small.init()
    small.start()
    return small


def test_full_disk():
    small = small_disk("2m")
    addresses = [f"r{number:04d}@far.example" for number in range(40)]
    tokens = small.mint_all("news-48", addresses)
    check_stored("first@far.example", small)
    filler = os.path.join(small.state, "filler")
    with open(filler, "wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(4096))
        except OSError:
            pass
    codes = {}
    for address, token in zip(addresses, tokens):
        code, text = deliver(address, small, token)
        codes[address] = code
        tap.check(code in (250, 452) and
                  text.startswith("2." if code == 250 else "4.3.1"),
                  code, text)
    tap.check(452 in codes.values(), "the disk was never full")
    acknowledged = [name for name, code in codes.items() if code == 250]
    os.unlink(filler)
    for name in acknowledged:
        tap.check_equal(len(small.events(name)), 1, name)
    for address, token in zip(addresses, tokens):
        code, text = deliver(address, small, token)
        tap.check_equal(code, 250, text)
        tap.check_equal(small.events(address)[0]["class"], "hard")
    small.verify()
    tap.check_equal(small.process.poll(), None, "still the same process")


def test_store_that_is_gone():
    """No store is not an empty store: never make one unasked."""
    gone = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example")
    done = subprocess.run(
        [os.path.join(gone.bin, "verpd"), "-c", gone.conf, "-f"],
        user=gone.user, group="nogroup", extra_groups=[], timeout=30,
        capture_output=True, text=True, check=False)
    tap.check(done.returncode != 0, "it started")
    tap.check("init" in done.stderr or gone.store in done.stderr,
              done.stderr)
    tap.check(not os.path.exists(gone.store), "it made a store")


def test_sigterm_finishes_what_it_has():
    token = VERPD.mint("news-47", "jan@far.example")
    idle = daemon.Lmtp(VERPD.socket)
    inside = daemon.Lmtp(VERPD.socket)
    inside.say("MAIL FROM:<>")
    inside.say(f"RCPT TO:<{token}>")
    inside.say("DATA")
    inside.socket.sendall(b"Subject: half\r\n")
    tap.check_equal(VERPD.stop(), 0, "exit status")
    tap.check_equal(idle.reply()[0], 421)
    try:
        code, text = inside.reply()
        tap.check(400 <= code < 500, code, text)
    except (EOFError, OSError):
        pass
    VERPD.start()
    check_stored("jan@far.example")


VERPD.init()
VERPD.start()
tap.run([value for name, value in list(globals().items())
         if name.startswith("test_")], VERPD.verify)
