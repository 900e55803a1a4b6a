#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an admin does to a running daemon, or suffers: files that are broken or
changed under it, a store that is not there, a disk that is full."""
import atexit
import os
import shutil
import signal
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


def small_disk(size):
    """A daemon whose store is alone on a small file system."""
    small = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example",
                         busy_timeout="1s")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}",
                           "tmpfs", small.state], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise tap.Skip("cannot mount a tmpfs: " + done.stderr.strip())
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


VERPD.init()
VERPD.start()
tap.run([value for name, value in list(globals().items())
         if name.startswith("test_")], VERPD.verify)
