#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Postfix asks verpd: what a program sends with XVERP leaves with signed
return paths, what comes back is refused unless it is genuine, and nobody
gets a signature that is not a campaign."""
import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

DOMAIN = rig.DOMAIN
BASE = f"news-42@{DOMAIN}"

MAIN = """
virtual_alias_maps = inline:{{forward@sender.example=staff@far.example}}
virtual_alias_domains = sender.example
mynetworks = 127.0.0.0/8
"""


PLACE = tempfile.mkdtemp(prefix="paused-")
atexit.register(shutil.rmtree, PLACE, ignore_errors=True)
os.chmod(PLACE, 0o777)
SITE = rig.Wired(main=MAIN, text=f'pause_map = "{PLACE}/map"\n'
                 'stream "transactional" '
                 '{ campaigns = {"receipt*"} }\n').start()


def left_with(recipient, sent=1):
    """The return paths that mail for RECIPIENT left with, oldest first."""
    def found():
        with SITE.peer.lock:
            return [sender for sender, rcpt, _ in SITE.peer.accepted
                    if rcpt == recipient]
    tap.wait_for(f"{sent} messages for {recipient}",
                 lambda: len(found()) >= sent)
    return found()


def send(recipient, base=BASE):
    SITE.postfix.sendmail(base, [recipient], messages.campaign(), xverp=True)


def reply_to(address, client="192.0.2.77"):
    """What smtpd says to a bounce for ADDRESS from outside."""
    with SITE.postfix.smtp(client, "mx.far.example") as session:
        session.mail("")
        return session.rcpt(address)


def test_sendmail():
    """`sendmail -XV`: signed, readable first and opaque the second time; the
    remote's bounce to it is recorded as proven."""
    send("ana@far.example")
    first, = left_with("ana@far.example")
    tap.check(first.startswith("news-42+ana=far.example+"), first)
    send("ana@far.example")
    second = left_with("ana@far.example", 2)[1]
    tap.check(re.match(r"b-[a-z2-7]+@", second), second)
    for number, address in enumerate((first, second), 1):
        SITE.postfix.send_from_outside("", [address], messages.report(
            address, "ana@far.example", status="4.2.2",
            diagnostic="452 4.2.2 mailbox full"))
        event = SITE.verpd.wait_events("ana@far.example", number)[-1]
        tap.check_equal((event["class"], event["trust"], event["campaign"]),
                        ("soft", "signed", "news-42"))


def test_smtp():
    """SMTP with XVERP."""
    with SITE.postfix.smtp() as session:
        code, text = session.docmd("MAIL", f"FROM:<{BASE}> XVERP=+=")
        tap.check_equal(code, 250, text)
        session.rcpt("ben@far.example")
        session.data(messages.campaign())
    path, = left_with("ben@far.example")
    tap.check(path.startswith("news-42+ben=far.example+"), path)


def test_dots():
    """Addresses as docomo gave them out: signed at once, in quotes, opaque the
    second time; what the remote refuses in session, and what it reports
    later, counts for the same person, and enforce knows him."""
    address = "uma..x.@far.example"
    wire = '"uma..x."@far.example'
    send(address)
    first, = left_with(wire)
    tap.check(first.startswith('"news-42+uma..x.=far.example+'), first)
    tap.check_equal(reply_to(first)[0], 250)
    tap.check_equal(reply_to(first.replace("..", "."))[0], 550)
    send(wire)
    second = left_with(wire, 2)[1]
    tap.check(re.match(r"b-[a-z2-7]+@", second), second)
    for number, (path, named) in enumerate(((first, address),
                                            (second, wire)), 1):
        SITE.postfix.send_from_outside("", [path], messages.report(
            path, named, status="4.2.2", diagnostic="452 4.2.2 full"))
        event = SITE.verpd.wait_events(address, number)[-1]
        tap.check_equal((event["class"], event["trust"]), ("soft", "signed"))
    send("gone..y@far.example")
    event, = SITE.verpd.wait_events("gone..y@far.example")
    tap.check_equal((event["class"], event["trust"]), ("hard", "local"))
    with SITE.postfix.smtp() as session:
        session.mail(BASE)
        tap.wait_for("enforce", lambda: session.rcpt(
            '"gone..y"@far.example')[0] == 550)


def test_one_character():
    send("eva@far.example")
    path, = left_with("eva@far.example")
    tap.check_equal(reply_to(path)[0], 250)
    at = path.index("@") - 1
    wrong = path[:at] + ("a" if path[at] != "a" else "b") + path[at + 1:]
    code, text = reply_to(wrong)
    tap.check_equal((code, b"5.1.1" in text), (550, True), text)
    for address in (BASE, f"news-42+eva=far.example@{DOMAIN}",
                    f"nobody@{DOMAIN}"):
        tap.check_equal(reply_to(address)[0], 550, address)


def test_refused_in_session():
    """Postfix's own bounce goes to the XVERP address, unsigned, and counts."""
    send("gone.uma@far.example")
    event, = SITE.verpd.wait_events("gone.uma@far.example")
    tap.check_equal((event["class"], event["trust"]), ("hard", "local"))


def test_suppressed():
    """Refused at submission, with the reason, in its stream; passes in another
    stream and for staff."""
    SITE.verpd.verpctl("add", "--actor", "a", "--reason", "r", "--stream",
                       "marketing", "stop@far.example")
    with SITE.postfix.smtp() as session:
        session.mail(BASE)
        code, text = session.rcpt("stop@far.example")
        tap.check_equal((code, b"suppressed by verpd: manual" in text),
                        (550, True), text)
        tap.check_equal(session.rcpt("go@far.example")[0], 250)
    for sender in (f"receipt-1@{DOMAIN}", "staff@sender.example"):
        with SITE.postfix.smtp() as session:
            session.mail(sender)
            tap.check_equal(session.rcpt("stop@far.example")[0], 250, sender)


def resume(name):
    """As root does, whose postsuper(1) is."""
    done = subprocess.run(
        [os.path.join(SITE.verpd.bin, "verpctl"), "-c", SITE.verpd.conf,
         "campaign", "resume", name, "--actor", "a", "--reason", "mended",
         "--run", "--postfix", SITE.postfix.etc], text=True,
        capture_output=True, check=False, timeout=60)
    tap.check_equal(done.returncode, 0, done.stdout + done.stderr)


def held():
    """The queue ids of mail that is held."""
    listing = SITE.postfix.command("postqueue", "-j").stdout
    return [json.loads(line)["queue_id"] for line in listing.splitlines()
            if json.loads(line)["queue_name"] == "hold"]


def test_paused():
    """Held while the campaign is paused, other mail flows, and all of it
    leaves after resume."""
    SITE.verpd.verpctl("campaign", "pause", "news-43", "--actor", "a",
                       "--reason", "wrong prices")
    base = f"news-43@{DOMAIN}"

    def is_held():
        with SITE.postfix.smtp() as session:
            session.docmd("MAIL", f"FROM:<{base}> XVERP=+=")
            session.rcpt("held@far.example")
            session.data(messages.campaign())
        return held()
    tap.wait_for("a held message", is_held)
    SITE.postfix.sendmail("ana@sender.example", ["beside@far.example"],
                          messages.campaign())
    left_with("beside@far.example")
    queue_ids = held()
    tap.check(queue_ids)
    resume("news-43")
    SITE.postfix.flush()
    path = left_with("held@far.example")[0]
    tap.check(path.startswith("news-43+held=far.example+"), path)
    tap.check_equal(held(), [])


def test_paused_for_sendmail():
    """sendmail(1) passes smtpd by: the table of paused campaigns has its mail
    wait, for this campaign alone."""
    SITE.verpd.verpctl("campaign", "pause", "news-44", "--actor", "a",
                       "--reason", "wrong prices")
    SITE.postfix.reload()
    send("waits@far.example", f"news-44@{DOMAIN}")
    send("flows@far.example")
    left_with("flows@far.example")
    tap.wait_for("the delay", lambda: "campaign news-44 is paused" in
                 SITE.postfix.command("postqueue", "-j").stdout)
    with SITE.peer.lock:
        tap.check(not [1 for _, rcpt, _ in SITE.peer.accepted
                       if rcpt == "waits@far.example"])
    resume("news-44")
    SITE.postfix.flush()
    left_with("waits@far.example")


def test_own_refusal_is_no_bounce():
    """sendmail(1) passes smtpd by; `route` refuses in Postfix, whose report on
    that is recorded and counts for nothing."""
    SITE.verpd.verpctl("add", "--actor", "a", "--reason", "r",
                       "route@far.example")
    old = SITE.postfix.command("postconf", "-h", "transport_maps").stdout
    SITE.postfix.configure("transport_maps=" + old.strip() +
                           ", socketmap:unix:private/verpd-map:route")
    try:
        send("route@far.example")
        event, = SITE.verpd.wait_events("route@far.example")
        tap.check_equal((event["rule"], event["trust"], event["step"]),
                        ("verpd.own-refusal", "record", "none"))
    finally:
        SITE.postfix.configure("transport_maps=" + old.strip())


def test_other_mail():
    """Everybody else's mail leaves as it came."""
    for sender in ("ana@sender.example", f"ana@mail.{DOMAIN}"):
        SITE.postfix.sendmail(sender, ["plain-" + sender[:3]
                                       + str(len(sender)) + "@far.example"],
                              messages.campaign())
        path, = left_with("plain-ana" + str(len(sender)) + "@far.example")
        tap.check_equal(path, sender)


def test_outsider_may_not_send_as_us():
    with SITE.postfix.smtp("192.0.2.66", "evil.example") as session:
        session.mail(f"news-42+victim=far.example@{DOMAIN}")
        code, text = session.rcpt("forward@sender.example")
        tap.check_equal(code, 550, text)


def test_no_signing_oracle():
    """An outsider's mail that is forwarded back to him, with our addresses in
    every header that a generic map rewrites: no signed token leaves."""
    wanted = f"news-42+victim=far.example@{DOMAIN}"
    text = (f"From: {wanted}\nTo: {wanted}\nCc: {wanted}\n"
            f"Reply-To: {wanted}\nSender: {wanted}\nErrors-To: {wanted}\n"
            f"Return-Receipt-To: {wanted}\nMessage-ID: <oracle@evil.example>\n"
            f"Subject: forward me\n\n{wanted}\n")
    SITE.postfix.send_from_outside("evil@evil.example",
                                   ["forward@sender.example"], text,
                                   "192.0.2.66", "evil.example")
    left_with("staff@far.example")
    with SITE.peer.lock:
        (sender, _, body), = [got for got in SITE.peer.accepted
                              if got[1] == "staff@far.example"]
    tap.check_equal(sender, "evil@evil.example")
    signed = re.compile(rb"[+][a-z2-7]{18}@|\bb-[a-z2-7]{20,}@")
    tap.check(not signed.search(body), body)
    tap.check_equal(body.count(wanted.encode()), 8, body)


def test_verpd_is_down():
    """Only campaign mail waits, bounces are deferred; all flows again."""
    SITE.verpd.stop()
    send("kim@far.example")
    SITE.postfix.sendmail("ana@sender.example", ["other@far.example"],
                          messages.campaign())
    tap.check_equal(left_with("other@far.example"), ["ana@sender.example"])
    SITE.verpd.start()
    SITE.postfix.flush()
    path, = left_with("kim@far.example")
    tap.check(path.startswith("news-42+kim=far.example+"), path)
    SITE.postfix.wait_empty()


tap.run([function for name, function in list(globals().items())
         if name.startswith("test_")], SITE.verpd.verify)
