#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A daemon whose store keeps addresses as hashes: it takes reports, signs and
refuses as ever, and whom somebody erased it goes on refusing."""
import base64
import os

from daemon import Site, report, run, tap
from maps import Policy, begin, opaque, set_of_bounces, set_of_others


def files(site):
    return b"".join(open(os.path.join(site.root, name), "rb").read()
                    for name in os.listdir(site.root)
                    if name.startswith("verpd.db")).lower()


def refused(site, user):
    answer = Policy(site.policy).ask("news@bounces.test",
                                     f"{user}@example.org")
    return not answer.startswith("DUNNO")


def test_hashed():
    site, daemon, connect = begin(addresses="hashed")
    asker = connect()
    lmtp = daemon.connect()
    # by a readable return path, and by an opaque one: the id stands for a hash
    tap.check(lmtp.deliver(report(1), site.tokens[0])[0].startswith(b"250"))
    token = opaque(asker, 3)
    tap.check(lmtp.deliver(report(2, "User3@example.org"),
                           token[3:])[0].startswith(b"250"))
    tap.check_equal(site.query("SELECT step, via FROM events"),
                    [("hard", ""), ("hard", "")])
    for user, wanted in ("user0", True), ("user3", True), ("user4", False):
        tap.check_equal(refused(site, user), wanted, user)
    tap.check_equal(asker.ask("suppressed", "user0@example.org")[:3], "OK ")
    tap.check(b"@example.org" not in files(site))
    tap.check("0 differences" in site.verpctl("verify"))
    site.verpctl("backup", os.path.join(site.root, "copy"))


def test_erased_meanwhile():
    """The key is there, and a running daemon goes on refusing."""
    site = Site()
    key = site.settings["address_key"]
    with open(key, "wb") as out:
        out.write(base64.b64encode(os.urandom(32)))
    os.chmod(key, 0o640)
    site, daemon, _ = begin(site)
    lmtp = daemon.connect()
    tap.check(lmtp.deliver(report(1), site.tokens[0])[0].startswith(b"250"))
    tap.check(refused(site, "user0"))
    site.verpctl("erase", "--keep-block", "--reason", "asked",
                 "user0@example.org")
    tap.check(refused(site, "user0"))
    # a late report leaves no name behind, and its token is spent or not: it is
    # refused as before
    tap.check(lmtp.deliver(report(2), site.tokens[0])[0].startswith(b"250"))
    tap.check(refused(site, "user0"))
    tap.check_equal(site.query("SELECT count(*) FROM recipients WHERE"
                               " address = 'user0@example.org'"), [(0,)])
    tap.check("0 differences" in site.verpctl("verify"))


def test_set():
    """What is known from memory is of hashes then: verpctl lays down and lifts,
    bounces come, and it counts as soon as where addresses are plain."""
    set_of_others(addresses="hashed")
    set_of_bounces(addresses="hashed")


if __name__ == "__main__":
    run([test_hashed, test_erased_meanwhile, test_set])
