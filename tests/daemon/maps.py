#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Postfix asks over socketmap, and what it is told: quickly, and whatever
becomes of the store."""
import contextlib
import multiprocessing
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


class Policy(Asker):
    """smtpd(8) asking the policy service."""

    def ask(self, sender, recipient, state="RCPT"):
        self.socket.sendall(
            f"request=smtpd_access_policy\nprotocol_state={state}\n"
            f"client_address=127.0.0.1\nsender={sender}\n"
            f"recipient={recipient}\n\n".encode())
        got = b""
        while not got.endswith(b"\n\n"):
            got += self.socket.recv(4096)
        return got.decode().removeprefix("action=").rstrip("\n")


def begin(site=None, **settings):
    site = site or Site(**settings)
    site.map = os.path.join(site.root, "map")
    site.policy = os.path.join(site.root, "policy")
    listen = (f'map_listen = {{"unix:{site.map}"}}\n'
              f'policy_listen = {{"unix:{site.policy}"}}\n')
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write(listen)
    daemon = Daemon(site)
    return site, daemon, lambda: Asker(site.map)


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


def test_sign_after_long():
    """A new use is noted; where the last was so long ago that the id may be
    forgotten soon, before it is signed with again."""
    site, _, connect = begin()
    asker = connect()
    opaque(asker, 0)

    def age(days):
        with sqlite3.connect(site.store) as db:
            db.execute("UPDATE recipients SET created = 0, used ="
                       f" CAST(strftime('%s', 'now') AS INTEGER) - {days} * 86400")

    def is_noted():
        return site.query("SELECT used > strftime('%s', 'now') - 86400"
                          " FROM recipients") == [(1,)]

    age(40)
    tap.check(asker.sign(0).startswith("OK b-"))
    tap.wait_for("the use to be noted", is_noted)
    age(800)
    tap.check(asker.sign(0).startswith("OK news+"))
    tap.wait_for("the use to be noted", is_noted)
    opaque(asker, 0)


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


def test_suppressed():
    """An access(5) action for each stream, a transport for mail that smtpd(8)
    never sees."""
    site, _, connect = begin()
    asker = connect()
    site.verpctl("add", "--actor", "a", "--reason", "r", "--stream",
                 "marketing", "dead@example.org")
    for name in ("suppressed", "suppressed.marketing"):
        answer = asker.ask(name, "Dead@Example.ORG")
        tap.check(answer.startswith(
            "OK 550 5.7.1 suppressed by verpd: manual since 20"), answer)
    answer = asker.ask("route", "dead@example.org")
    tap.check(answer.startswith("OK error:5.7.1 suppressed by verpd: "),
              answer)
    for name, key in (("suppressed.transactional", "dead@example.org"),
                      ("suppressed", "alive@example.org"),
                      ("suppressed", "@example.org"),
                      ("suppressed", "dead@"), ("suppressed", "example.org"),
                      ("route.transactional", "dead@example.org")):
        tap.check_equal(asker.ask(name, key), "NOTFOUND ", name)
    tap.check(asker.ask("suppressedx", "a@b.test").startswith("PERM "))


def test_policy():
    site, daemon, connect = begin()
    site.verpctl("add", "--actor", "a", "--reason", "r", "--stream",
                 "marketing", "dead@example.org")
    asker = Policy(site.policy)
    refused = asker.ask("news@bounces.test", "dead@example.org")
    tap.check(refused.startswith("550 5.7.1 suppressed by verpd: manual"),
              refused)
    for sender in ("news+x=y.test@bounces.test", site.tokens[0]):
        tap.check(asker.ask(sender, "dead@example.org").startswith("550 "),
                  sender)
    for sender, recipient, state in (
            ("news@bounces.test", "alive@example.org", "RCPT"),
            ("news@bounces.test", "dead@example.org", "DATA"),
            ("staff@example.org", "dead@example.org", "RCPT"),
            ("", "dead@example.org", "RCPT"),
            ("news@elsewhere.test", "dead@example.org", "RCPT")):
        tap.check_equal(asker.ask(sender, recipient, state), "DUNNO", sender)
    tap.check_equal(Asker(site.map).ask("token", site.tokens[0]), "OK OK")
    del daemon, connect


def test_policy_by_stream():
    site = Site()
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write('stream "transactional" { campaigns = {"receipt*"} }\n')
    site, daemon, _ = begin(site=site)
    site.verpctl("add", "--actor", "a", "--reason", "r", "--stream",
                 "marketing", "dead@example.org")
    asker = Policy(site.policy)
    tap.check(asker.ask("news@bounces.test", "dead@example.org")
              .startswith("550 "))
    tap.check_equal(asker.ask("receipt-1@bounces.test", "dead@example.org"),
                    "DUNNO")
    del daemon


# What other processes write is known so late, at most, and a moment for a
# machine that is busy: after it a look into the store answers.
STALE = 0.1


class Knower(Policy):
    """Asks so often that all it hears is from memory."""

    def is_suppressed(self, address):
        return self.ask("news@bounces.test", address).startswith("550 ")

    def knows(self, what, address, wanted):
        """Asks until it is WANTED, and how long that took."""
        start = time.monotonic()
        while self.is_suppressed(address) != wanted:
            tap.check(time.monotonic() - start < PATIENCE, what)
            time.sleep(0.002)
        return time.monotonic() - start

    def warm(self):
        """Until the set is there: then nothing of this one is read."""
        for _ in range(100):
            tap.check(not self.is_suppressed("nobody@elsewhere.test"))
            time.sleep(0.005)


def by_hand(site, *words):
    site.verpctl(*words[:1], "--actor", "a", "--reason", "r", *words[1:])


def set_of_others(**settings):
    """What another process lays down or lifts counts within the bound: single
    ones, lists, domains; for the policy service and the map."""
    site, _, connect = begin(**settings)
    asker, maps = Knower(site.policy), connect()
    people = os.path.join(site.root, "people")
    with open(people, "w", encoding="ascii") as out:
        for number in range(3000):
            print(f"p{number}@list.test", file=out)
    asker.warm()
    for words, address, wanted in (
            (("add", "dead@example.org"), "dead@example.org", True),
            (("release", "dead@example.org"), "dead@example.org", False),
            (("add", "dead@example.org"), "dead@example.org", True),
            (("import", people), "p2999@list.test", True),
            (("add", "--domain", "domain.test", "--subdomains"),
             "ana@a.b.domain.test", True),
            (("release", "--domain", "domain.test"),
             "ana@a.b.domain.test", False)):
        by_hand(site, *words)
        took = asker.knows(words, address, wanted)
        tap.check(took < STALE * PATIENCE / 10, f"{words}: {took}")
        print(f"# {words[0]} {'; '.join(words[1:])[-20:]}: {took:.3f} s")
        tap.check_equal(maps.ask("suppressed", address)[:3],
                        "OK " if wanted else "NOT", words)
        asker.warm()
    tap.check(not asker.is_suppressed("p3000@list.test"))
    tap.check(asker.is_suppressed("p0@list.test"))


def test_set_of_others():
    set_of_others()


def test_set_ends():
    """What is over is over at once: the store says so, not the set."""
    site, _, _ = begin()
    asker = Knower(site.policy)
    asker.warm()
    by_hand(site, "add", "--until", time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3)),
            "dead@example.org")
    asker.knows("the hold", "dead@example.org", True)
    asker.warm()
    asker.knows("its end", "dead@example.org", False)


def set_of_bounces(**settings):
    """A bounce that was acknowledged counts with the next question."""
    site, daemon, _ = begin(**settings)
    asker = Knower(site.policy)
    lmtp = daemon.connect()
    asker.warm()
    for number in range(20):
        to = f"user{number}@example.org"
        tap.check(not asker.is_suppressed(to))
        tap.check(lmtp.deliver(report(number, to), site.tokens[number])[0]
                  .startswith(b"250"))
        tap.check(asker.is_suppressed(to), to)


def test_set_of_bounces():
    set_of_bounces()


@contextlib.contextmanager
def crowd(connect):
    """Others ask all the while, so that the responder never rests."""
    n = 20
    question = f"sign {XVERP % 99}".encode()
    questions = b"%d:%s," % (len(question), question) * n

    def ask(asker):
        while True:
            asker.socket.sendall(questions)
            got = b""
            while got.count(b":OK ") < n:
                got += asker.socket.recv(65536)

    others = [multiprocessing.Process(target=ask, args=[connect()])
              for _ in range(4)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.join()


def test_look():
    """Questions that follow each other closely look at one moment of the store:
    none before the last bounce that was acknowledged."""
    site, daemon, connect = begin()
    asker, lmtp = Knower(site.policy), daemon.connect()
    opaque(connect(), 99)
    with crowd(connect):
        for number, token in enumerate(site.tokens):
            to = f"user{number}@example.org"
            tap.check(lmtp.deliver(report(number, to), token)[0]
                      .startswith(b"250"))
            tap.check(asker.is_suppressed(to), to)
        by_hand(site, "erase", "user0@example.org")
        signed = connect().sign(0)
        tap.check(signed.startswith("OK news+user0="), signed)


def test_look_ends():
    """Nobody asks any more, so nobody reads: the log can be cut off."""
    site, daemon, connect = begin()
    asker = connect()
    opaque(asker, 0)
    db = sqlite3.connect(site.store, isolation_level=None)
    start = time.monotonic()
    for number in range(6):
        asker.sign(0)
        db.execute("REPLACE INTO meta VALUES ('test', ?)", [b'%d' % number])
        tap.wait_for("nobody to read", lambda: db.execute(
            "PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    # the second's tick ends it, too
    tap.check(time.monotonic() - start < 5, time.monotonic() - start)
    db.close()
    del daemon


def test_set_without_a_store():
    """What cannot be brought up to date is no answer."""
    site, daemon, _ = begin()
    asker = Knower(site.policy)
    asker.warm()
    rename_table(site, "recipients", "elsewhere")
    tap.wait_for("the failure", lambda: asker.ask(
        "news@bounces.test", "ana@example.org").startswith("451 4.3.0"))
    rename_table(site, "elsewhere", "recipients")
    tap.wait_for("the store", lambda: asker.ask(
        "news@bounces.test", "ana@example.org") == "DUNNO")
    del daemon


def rename_table(site, old, new):
    """What cannot be read any more: the file itself stays open."""
    db = sqlite3.connect(site.store, isolation_level=None, timeout=20)
    db.execute("PRAGMA legacy_alter_table = ON")
    db.execute(f"ALTER TABLE {old} RENAME TO {new}")
    db.close()


def test_policy_without_a_store():
    """Campaign mail waits, or goes out, as set; other mail goes out."""
    for setting, wanted in (("defer", "451 4.3.0 "), ("accept", "DUNNO")):
        site, daemon, _ = begin(enforce_failure=setting)
        rename_table(site, "campaigns", "elsewhere")
        asker = Policy(site.policy)
        answer = asker.ask("news@bounces.test", "ana@example.org")
        tap.check(answer.startswith(wanted), answer)
        tap.check_equal(asker.ask("a@b.test", "ana@example.org"), "DUNNO")
        rename_table(site, "elsewhere", "campaigns")
        tap.wait_for("the store", lambda: asker.ask(
            "news@bounces.test", "ana@example.org") == "DUNNO")
        daemon.stop()


def test_paused():
    """Known within a second, held or deferred as set, with the reason; who is
    suppressed is refused all the same, and no other campaign waits."""
    for action, wanted in (("hold", "HOLD campaign news is paused: wrong ?"),
                           ("defer", "451 4.7.1 campaign news is paused: "
                            "wrong ?")):
        site, daemon, _ = begin(pause_action=action)
        site.verpctl("add", "--actor", "a", "--reason", "r",
                     "dead@example.org")
        asker = Policy(site.policy)

        def ask(sender="news@bounces.test", recipient="ana@example.org"):
            return asker.ask(sender, recipient)

        tap.check_equal(ask(), "DUNNO")
        site.verpctl("campaign", "pause", "--actor", "a", "--reason",
                     "wrong \n", "news")
        tap.wait_for("the pause", lambda: ask() != "DUNNO")
        for sender in ("news@bounces.test", "news+x=y.test@bounces.test",
                       site.tokens[0]):
            tap.check_equal(ask(sender), wanted)
        tap.check_equal(ask("other@bounces.test"), "DUNNO")
        tap.check_equal(ask("staff@example.org"), "DUNNO")
        tap.check(ask(recipient="dead@example.org").startswith("550 "))
        # from memory, whatever becomes of the store
        aside = site.store + ".aside"
        os.rename(site.store, aside)
        tap.check_equal(ask(), wanted)
        os.rename(aside, site.store)
        site.verpctl("campaign", "resume", "--actor", "a", "--reason", "r",
                     "--postfix", "/nonexistent", "news")
        tap.wait_for("the end of it", lambda: ask() == "DUNNO")
        daemon.stop()


def accepted(site, name="news"):
    return site.query("SELECT ifnull(sum(accepted), 0) FROM campaigns "
                      f"WHERE name = '{name}'")[0][0]


def test_accepted():
    """Each recipient that is let through is counted, soon; what is left when
    the daemon stops is not lost."""
    site, daemon, _ = begin()
    site.verpctl("add", "--actor", "a", "--reason", "r", "dead@example.org")
    asker = Policy(site.policy)
    for number in range(30):
        asker.ask("news@bounces.test", f"user{number}@example.org")
    asker.ask("news@bounces.test", "dead@example.org")
    asker.ask("staff@example.org", "ana@example.org")
    asker.ask("news@bounces.test", "ana@example.org", "DATA")
    tap.wait_for("the count", lambda: accepted(site) == 30)
    asker.ask("news@bounces.test", "late@example.org")
    daemon.stop()
    tap.check_equal(accepted(site), 31)
    tap.check_equal(site.query("SELECT sum(accepted) FROM counters WHERE "
                               "kind = 'campaign' AND name = 'news'"),
                    [(31,)])


def test_accepted_while_locked():
    """Nobody waits for the count, and it is complete in the end."""
    site, daemon, _ = begin(busy_timeout="1s")
    asker = Policy(site.policy)
    db = sqlite3.connect(site.store, isolation_level=None, timeout=20)
    db.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    for number in range(200):
        tap.check_equal(asker.ask("news@bounces.test",
                                  f"user{number}@example.org"), "DUNNO")
    tap.check(time.monotonic() - start < 5, time.monotonic() - start)
    daemon.log_has("put off: ")
    db.execute("ROLLBACK")
    tap.wait_for("the count", lambda: accepted(site) == 200)


def test_pause_map():
    """The table for Postfix is there from the start on, and follows."""
    site = Site()
    path = os.path.join(site.root, "paused")
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write(f'pause_map = "{path}"\n')
    site, daemon, _ = begin(site=site)

    def text():
        if not os.path.exists(path):
            return None
        with open(path, encoding="ascii") as table:
            return table.read()
    tap.wait_for("the table", text)
    tap.check_equal(text().count("\n"), 1)
    site.verpctl("campaign", "pause", "--actor", "a", "--reason", "r", "news")
    tap.check("\nnews@bounces.test retry:4.7.1 " in text(), text())
    del daemon


def priorities(daemon):
    """{name: nice} of its threads, of those with one name the last; an analyst
    that had no work yet goes as its maker does."""
    found = {}
    tasks = f"/proc/{daemon.process.pid}/task"
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/stat", encoding="ascii") as stat:
            head, _, tail = stat.read().rpartition(") ")
            name, nice = head.partition("(")[2], int(tail.split()[16])
            found[name] = max(nice, found.get(name, nice))
    return found


def test_priorities():
    """Who answers goes before all that record, classify and take in."""
    site, daemon, connect = begin()
    lmtp = daemon.connect()
    tap.check(lmtp.deliver(report(1), site.tokens[0])[0].startswith(b"250"))
    connect().sign(0)  # a thread has its name once it runs
    found = priorities(daemon)
    own = found.pop("responder")
    tap.check_equal(own, os.nice(0))
    for name in ("verpd", "recorder"):
        tap.check(found[name] >= min(own + 10, 19), found)
    tap.check(any(nice > own for name, nice in found.items()
                  if name.startswith("pool-") and "spawn" not in name), found)


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


if __name__ == "__main__":
    run([function for name, function in list(globals().items())
         if name.startswith("test_")])
