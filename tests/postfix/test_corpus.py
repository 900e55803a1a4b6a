#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Delivery reports that a real Postfix wrote in some fifty failures, handed
in again over LMTP: each must be judged as a careful postmaster would.  The
messages are not part of this tree; VERPD_SHARED says where they are."""
import atexit
import email
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

SHARED = os.environ.get("VERPD_SHARED") or os.path.join(daemon.SOURCE, "..",
                                                        "shared")
CORPUS = os.path.join(SHARED, "corpus", "postfix")
if not os.path.isdir(CORPUS):
    tap.skip_all(f"no corpus in {SHARED}")
if os.geteuid() != 0:
    tap.skip_all("needs root, to run verpd as another user")

# The scenario is the end of the file's name.  Where two answers stand, a
# careful postmaster could give either; what matters is which ones are missing.
EXPECTED = [
    # a 4.x.x that outlived the queue: the recipient may be fine tomorrow
    (r"-(421|full4|refuse)(\.2)?$|t-full4=|-retry$|-dropdot$|\+rr=", "soft"),
    # TLS between two servers: no fault of the recipient's
    (r"-(bad|need)tls$", "soft block"),
    # refused or deferred for who we are
    (r"-g421$", "soft block"),
    (r"-g554$|-(d-)?spam", "block"),
    # full and too large: 552 or 5.x.x, and soft all the same
    (r"-(d-)?full$|t-full=|-(d-)?size", "soft"),
    (r"-(d-)?mismatch", "soft unknown"),
    # nobody there, by code or by words alone
    # the same after the whole message was heard: who takes the recipient and
    # then knows no such user may well be a filter
    (r"-d-(noenh|ctl|latin1)", "hard soft unknown"),
    (r"-noenh|-(d-)?outlook-nouser|\+aaaa", "hard"),
    (r"-failfull$|-failhdrs$|-local$|-pipe67$", "hard"),
    # no such domain
    (r"^lmtptest", "hard"),
    (r"-nx$", "hard soft"),
    # codes that mean nothing, or three at once
    (r"-(d-)?weird", "unknown soft block"),
    (r"-multi", "soft unknown hard"),
    # a program's own words with 5.7.1
    (r"-pipe1$", "block soft unknown"),
    (r"-succ(local)?$|-bv$", "delivered"),
    (r"-grey$|^owner$", "delayed"),
    # several recipients: the token's own is the first
    (r"^plain", "hard"),
    # copies to the postmaster have a sender: whatever they are, see NO_HARM
    (r"^postmaster", "unknown auto-reply soft hard"),
]
# A report with a sender, or one of Action: delayed, suppresses nobody.
NO_HARM = r"^postmaster|-grey$|^owner$"

VERPD = daemon.Verpd(rig.scratch(), rig.BUILD, "mail.sender.example")
atexit.register(VERPD.kill)


def read_recipients(text):
    """Those of the top report; the first is whom the token is for."""
    for part in email.message_from_bytes(text).walk():
        if part.get_content_type() in ("message/delivery-status",
                                       "message/global-delivery-status"):
            found = re.findall(r"^Final-Recipient:\s*[^;\s]+;\s*(\S+)",
                               part.as_string(), re.M)
            if found:
                return found
    return ["nobody@far.example"]


def hand_in(name):
    with open(os.path.join(CORPUS, name), "rb") as file:
        text = file.read()
    recipient = read_recipients(text)[0]
    campaign = "c-" + re.sub(r"[^a-z0-9]", "-", name.lower())[-24:]
    token = VERPD.mint(campaign, recipient)
    sender = senders.get(name, "")
    with daemon.Lmtp(VERPD.socket) as session:
        (code, reply), = session.send(sender, [token], messages.wire(text))
    tap.check_equal(code, 250, reply)
    stem = name.removesuffix(".eml")
    wanted = next(classes for pattern, classes in EXPECTED
                  if re.search(pattern, re.sub(r"-0123456789abcdef$", "",
                                               stem)))
    events = [event for event in VERPD.events()
              if event["campaign"] == campaign]
    if wanted == "delivered":
        # to somebody without a bounce: it is counted, and no event
        tap.check("counted class=delivered" in reply, reply)
        tap.check_equal((events, VERPD.query(
            "SELECT sum(delivered) AS n FROM counters WHERE kind = 'campaign'"
            " AND name = ?", campaign)[0]["n"]), ([], 1))
        return
    tap.check(events, "no event")
    for event in events:
        tap.check(event["class"] in wanted.split(), "wanted", wanted, event)
        tap.check_equal(event["address"], recipient.lower())
        if re.search(NO_HARM, stem):
            tap.check(event["step"] != "hard" and not event["hold_until"],
                      event)


def read_senders():
    """File name to envelope sender, from the index."""
    found = {}
    with open(os.path.join(CORPUS, "INDEX.tsv"), encoding="utf-8") as index:
        for line in index:
            name, _, rest = line.partition("\t")
            sender = re.match(r"MAIL FROM:<([^>]*)>", rest)
            found[name] = sender.group(1) if sender else ""
    return found


senders = read_senders()
VERPD.init()
VERPD.start()
tap.run([(name, lambda name=name: hand_in(name))
         for name in sorted(os.listdir(CORPUS)) if name.endswith(".eml")],
        VERPD.verify)
