#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""verpctl deliver exits 0 or 75, whatever happens, and 0 only for what is
stored.

usage: test_deliver.py VERPCTL
"""
import os
import resource
import signal
import sqlite3
import subprocess

from rig import (DOMAIN, FULL, RULES, UNKNOWN_USER, VERPCTL, Site, report,
                 tap)

MESSAGE = report("ana@example.org", UNKNOWN_USER)


def events(site):
    return site.rows("stats")[0]["events"]


def fails(site, *argv, **options):
    """verpctl ARGV exits 75 and says 4.x.x on its first line."""
    options.setdefault("input", MESSAGE)
    done = site.start(*argv, **options)
    tap.check_equal(done.returncode, 75, (argv, done.stdout, done.stderr))
    tap.check(done.stdout.startswith(b"4.") and b"\n" in done.stdout, argv,
              done.stdout, done.stderr)
    return done.stdout.decode()


def test_stores():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    tap.check_equal(site.deliver(MESSAGE, token, "--queue-id", "4XYZ1"), "")
    event, = site.rows("list", "--events")
    tap.check_equal((event["queue_id"], event["client"], event["trust"],
                     event["class"]), ("4XYZ1", "192.0.2.1", "signed",
                                       "hard"))
    story = site.run("why", "ana@example.org")
    tap.check("0.95 sure" in story and ", return path signed\n" in story,
              story)
    # the same again, under another queue id and with one more Received:
    again = "Received: from x by y; Thu, 1 Jan 2026 00:00:00 +0000\n"
    site.deliver(again + MESSAGE, token, "--queue-id", "4XYZ2")
    tap.check_equal(events(site), 1)
    site.deliver(MESSAGE.replace("\n", "\r\n"), token)
    tap.check_equal(events(site), 1)


def test_null_sender():
    """MAILER-DAEMON is what pipe(8) writes without null_sender=."""
    for sender, hard in (("", 1), ("<>", 1), ("MAILER-DAEMON", 1),
                         ("mailer-daemon@mx.far.example", 0),
                         ("eve@example.org", 0)):
        site = Site()
        token = site.mint("news-1", "ana@example.org")
        site.run("deliver", "--sender", sender, "--recipient", token,
                 "--client-address", "192.0.2.1", input=MESSAGE)
        tap.check_equal(site.rows("stats")[0]["suppressed"]["hard"], hard,
                        sender)


def test_local():
    """Given and empty is local; left out it is not."""
    local = MESSAGE.replace("dns; mx.far.example\n\n", "dns; mail.example.org"
                            "\nX-Postfix-Sender: rfc822; "
                            f"news-1@{DOMAIN}\n\n", 1)
    token = f"news-1+ana=example.org@{DOMAIN}"
    for argv, trusted in (([], 0), (["--client-address", ""], 1),
                          (["--client-address="], 1),
                          (["--client-address", "127.0.0.1"], 0)):
        site = Site(text='pattern "postfix" { }\n')
        site.run("deliver", "--sender=", "--recipient", token, *argv,
                 input=local)
        tap.check_equal(events(site), trusted,
                        (argv, site.run("list", "--forged")))


def test_several_recipients():
    site = Site()
    tokens = [site.mint("news-1", f"{name}@example.org")
              for name in ("ana", "bob", "eve")]
    message = MESSAGE.replace(
        "\n\n--b--", "\n\n" + "\n".join(
            f"Final-Recipient: rfc822; {name}@example.org\n"
            f"Action: failed\nStatus: 4.2.2\nDiagnostic-Code: smtp; {FULL}\n"
            for name in ("bob", "eve")) + "\n--b--")
    site.run("deliver", "--sender=", *[f"--recipient={token}"
                                       for token in tokens],
             *[f"--original-recipient={token}" for token in tokens],
             "--client-address=192.0.2.1", input=message)
    tap.check_equal([row["class"] for row in site.rows("list", "--events")],
                    ["hard", "soft", "soft"])
    said = fails(site, "deliver", "--sender", "", "--recipient", *tokens)
    tap.check("--recipient=${recipient}" in said, said)
    fails(site, "deliver", "--recipient", tokens[0], "--recipient", tokens[1],
          "--original-recipient", tokens[0])


def test_odd_messages():
    """Nothing that can be mailed is refused."""
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    for number, message in enumerate((
            b"", b"\n", b"\0\0\0", b"\xff\xfe\x80", b"Subject: x",
            b"Subject: x\n\n" + b"x" * 3_000_000,
            b"From \xe4\n\n.\n.\n", bytes(range(256)) * 100)):
        site.deliver(message, token)
        tap.check(events(site) >= 1, number)
    tap.check_equal(site.rows("stats")[0]["suppressed"]["hard"], 0)
    site.run("verify")


def test_octets_in_arguments():
    """pipe(8) passes what the client wrote, in no locale."""
    site = Site()
    environment = {"LANG": "C", "PATH": os.environ["PATH"]}
    for address in (b"\xff\xfe@" + DOMAIN.encode(),
                    "zo\u00eb@".encode() + DOMAIN.encode(),
                    b"-x@" + DOMAIN.encode(), b"--help@" + DOMAIN.encode(),
                    b"\x1b[2J@" + DOMAIN.encode()):
        done = subprocess.run(
            [VERPCTL, "-c", site.conf, "deliver", "--sender", b"\xe4@x",
             b"--recipient", address, "--client-address", "192.0.2.1"],
            input=MESSAGE.encode(), env=environment, capture_output=True,
            check=False)
        tap.check_equal(done.returncode, 0, (address, done.stdout))
    tap.check_equal(len(site.rows("list", "--forged")), 5)


def test_bad_options():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    for argv in (["deliver"], ["deliver", "--nonsense"],
                 ["deliver", "--sender"], ["deliver", "--recipient"],
                 ["deliver", "--recipient", token, "argument"],
                 ["deliver", "--recipient", token, "--help"],
                 ["deliver", "--help", "--nonsense"],
                 ["--nonsense", "deliver", "--recipient", token],
                 ["--nonsense", "x", "deliver"], ["delivr", "deliver"],
                 ["deliver", "-c"], ["deliver", "-c", "/nonexistent",
                                     "--recipient", token]):
        done = site.start(*argv, input=MESSAGE)
        tap.check_equal(done.returncode, 75, (argv, done.stdout))
    tap.check_equal(events(site), 0)
    # for one who reads
    site.run("deliver", "--help")
    site.run("help", "deliver")


def test_configuration():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    argv = ["deliver", "--sender=", "--recipient", token]
    for text in ("nonsense = 1\n", "batch = {", 'bounce_domains = {"x"}\n'):
        site.configure(text)
        tap.check("verpd.conf" in fails(site, *argv), text)
    site.configure()
    os.rename(site.path("keys"), site.path("keys.away"))
    fails(site, *argv)
    os.rename(site.path("keys.away"), site.path("keys"))
    os.chmod(site.path("keys"), 0o666)
    fails(site, *argv)
    os.chmod(site.path("keys"), 0o640)
    os.rename(site.path("verpd.db"), site.path("away"))
    fails(site, *argv)
    os.rename(site.path("away"), site.path("verpd.db"))
    fails(site, "deliver", "--recipient", "someone@elsewhere.example")
    tap.check_equal(events(site), 0)
    os.remove(site.conf)
    fails(site, *argv)


def test_rules():
    """The shipped rules serve unnamed; a bad one of the site's is told, even
    where no message needs it."""
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    with open(site.conf, encoding="utf-8") as conf:
        text = conf.read()
    named = f'rules = {{"{RULES}"}}\n'
    with open(site.conf, "w", encoding="utf-8") as conf:
        conf.write(text.replace(named, ""))
    site.run("deliver", "--sender=", "--recipient", token, input=MESSAGE)
    tap.check_equal([(event["class"], event["rule"])
                     for event in site.rows("why", "ana@example.org")
                     if event.get("class")][:1],
                    [("hard", "phrase.unknown-user-status")])
    os.mkdir(site.path("rules.d"))
    with open(site.path("rules.d/site.rules"), "w", encoding="utf-8") as bad:
        bad.write("[a]\nmatch = never said (\nreason = content\n"
                  "confidence = 0.9\n")
    with open(site.conf, "w", encoding="utf-8") as conf:
        conf.write(text.replace(
            named, named.replace("}", f', "{site.path("rules.d")}"}}')))
    said = fails(site, "deliver", "--sender=", "--recipient", token)
    tap.check("site.rules:2: " in said, said)


def test_locked():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    argv = ["deliver", "--sender=", "--recipient", token]
    store = sqlite3.connect(site.path("verpd.db"), isolation_level=None)
    store.execute("BEGIN IMMEDIATE")
    try:
        fails(site, *argv)
    finally:
        store.close()
    tap.check_equal(events(site), 0)
    site.run(*argv, input=MESSAGE)
    tap.check_equal(events(site), 1)


def test_broken_store():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    with open(site.path("verpd.db"), "r+b") as store:
        store.write(b"nonsense" * 1000)
    fails(site, "deliver", "--sender=", "--recipient", token)


def test_descriptors():
    """No standard input, output or error."""
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    words = f"{VERPCTL} -c {site.conf} deliver --sender= --recipient {token}"
    for closing, status in (("<&-", 75), ("<&- >&-", 75),
                            ("<&- >&- 2>&-", 75), ("<.", 75),
                            ("</dev/null >&- 2>&-", 0)):
        done = subprocess.run(["sh", "-c", f"{words} {closing}"],
                              cwd=site.root, capture_output=True,
                              check=False)
        tap.check_equal(done.returncode, status, closing)
    done = subprocess.run(["sh", "-c", f"{words} --nonsense >/dev/full"],
                          check=False, input=b"")
    tap.check_equal(done.returncode, 75)


def waiting(site, *argv):
    """A delivery that waits for the rest of its message."""
    # pylint: disable-next=consider-using-with
    process = subprocess.Popen(
        [VERPCTL, "-c", site.conf, "deliver", "--sender=", *argv],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"Subject: x\n")
    process.stdin.flush()

    def has_read():
        """Its handlers are there before it reads."""
        with open(f"/proc/{process.pid}/wchan", encoding="ascii") as text:
            return "pipe" in text.read()
    try:
        tap.wait_for("it to read", has_read, seconds=5)
    except AssertionError:
        pass  # not every kernel tells
    return process


def test_signals():
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT,
                   signal.SIGQUIT, signal.SIGALRM, signal.SIGABRT,
                   signal.SIGSEGV, signal.SIGUSR1, signal.SIGXCPU):
        process = waiting(site, "--recipient", token)
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
        tap.check_equal(process.returncode, 75, (number, said))
        tap.check(said.startswith(b"4.3.0 "), number, said)
    process = waiting(site, "--recipient", token)
    process.send_signal(signal.SIGPIPE)
    process.communicate(timeout=30)
    tap.check_equal(process.returncode, 0, "SIGPIPE is nothing to us")


def test_alarm():
    """It gives up before pipe(8) does, also where others ignore alarms."""
    site = Site(text="deliver_timeout = 1s\n")
    token = site.mint("news-1", "ana@example.org")
    process = waiting(site, "--recipient", token)
    said = process.stdout.read()
    tap.check_equal(process.wait(30), 75)
    tap.check_equal(said, b"4.3.0 deliver_timeout is over\n")
    process.stdin.close()
    process.stdout.close()


def test_memory():
    """No memory is temporary."""
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    seen = set()
    for megabytes in (*range(8, 26), 28, 32, 40, 48, 64):
        size = megabytes * 1024 * 1024
        done = subprocess.run(
            [VERPCTL, "-c", site.conf, "deliver", "--sender=", "--recipient",
             token], input=MESSAGE.encode(), capture_output=True, check=False,
            preexec_fn=lambda size=size: resource.setrlimit(
                resource.RLIMIT_AS, (size, size)))
        if done.returncode == 127 or any(
                word in done.stderr for word in (b"shared librar",
                                                 b"Sanitizer")):
            continue  # it did not get as far as our first line
        tap.check(done.returncode in (0, 75) or done.returncode < 0,
                  megabytes, done.returncode, done.stderr)
        seen.add(done.returncode)
    tap.comment(sorted(seen))


def test_file_size():
    """A disk that is full."""
    site = Site()
    token = site.mint("news-1", "ana@example.org")
    size = os.path.getsize(site.path("verpd.db")) // 2
    done = subprocess.run(
        [VERPCTL, "-c", site.conf, "deliver", "--sender=", "--recipient",
         token], input=MESSAGE.encode(), capture_output=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE,
                                              (1000, 1000)))
    tap.check_equal(done.returncode, 75,
                    (size, done.stdout, done.stderr))
    tap.check_equal(events(site), 0)


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
