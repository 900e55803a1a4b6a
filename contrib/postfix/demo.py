# SPDX-License-Identifier: LGPL-2.1-or-later
"""The story that contrib/postfix/demo tells; run that."""
import os
import re
import shlex
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..", "tests")
sys.path[:0] = [TESTS, os.path.join(TESTS, "postfix")]
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

BASE = f"news-42@{rig.DOMAIN}"
# recipient: (what the world does with the mail, class it must get)
CAMPAIGN = {
    "good.anna@example.org": ("accepts it", None),
    "gone.boris@example.org": ("550 5.1.1 User unknown", "hard"),
    "gone.clara@example.net": ("550 5.1.1 User unknown", "hard"),
    "full.david@example.org": ("552 5.2.2 Mailbox full", "soft"),
    "full4.elena@example.net": ("452 4.2.2 Mailbox full, until it expires",
                                "soft"),
    "grey.felix@example.net": ("451 4.7.1 Greylisted, until it expires",
                               "soft"),
    "blocked.gerda@example.org": ("554 5.7.1 our address is on a block list",
                                  "block"),
}
LATE = "late.henry@example.com"  # bounces hours later, from outside
VICTIM = "good.anna@example.org"  # somebody forges a bounce of hers


def say(text=""):
    print(text, flush=True)


def title(text):
    say(f"\n== {text}")


def shown(verpd, *argv, status=0):
    """Runs verpctl and shows the command and what it said."""
    say("$ verpctl " + shlex.join(argv))
    done = verpd.command(*argv)
    for line in (done.stdout + done.stderr).splitlines():
        say("  " + line)
    tap.check(status is None or done.returncode == status, "exit",
              done.returncode)
    say(f"  (exit {done.returncode})")


def send(postfix, verpd):
    title("A campaign goes out")
    say(f"$ sendmail -XV -f {BASE} -- " + " ".join(CAMPAIGN))
    say("  Postfix gives each recipient a return path of its own, such as")
    say(f"  news-42+gone.boris=example.org@{rig.DOMAIN}")
    postfix.sendmail(BASE, list(CAMPAIGN), messages.campaign(), xverp=True)
    say("$ verpctl token mint --campaign news-42 " + LATE)
    token = verpd.mint("news-42", LATE)
    say(f"  {token}")
    say("  A program that mints its own return paths uses this one: it is")
    say("  signed.  The mail was accepted, and bounces later, from outside:")
    postfix.send_from_outside("", [token], messages.report(
        token, LATE, reporter="mx.example.com",
        diagnostic="550 5.1.1 No such mailbox"),
        address="192.0.2.77", name="mx.example.com")
    forged = f"news-42+{VICTIM.replace('@', '=')}@{rig.DOMAIN}"
    say("  And somebody sends a bounce of a good address, made up:")
    say(f"  RCPT TO:<{forged}>")
    postfix.send_from_outside("", [forged], messages.report(
        forged, VICTIM, reporter=instance.HOSTNAME,
        fields=f"X-Postfix-Sender: rfc822; {BASE}\n"),
        address="192.0.2.66", name="evil.example")


def wait(verpd):
    title("The world answers (hours of greylisting pass in seconds here)")
    wanted = {address: wanted for address, (_, wanted) in CAMPAIGN.items()
              if wanted} | {LATE: "hard"}
    started = time.monotonic()
    for address in wanted:
        tap.wait_for("a verdict on " + address,
                     lambda address=address: verdict(verpd, address), 60)
    verpd.wait_forged(1)
    say(f"  all is told after {time.monotonic() - started:.0f} s")


def verdict(verpd, address):
    """The event that decides about ADDRESS: the last that is no delay."""
    events = [event for event in verpd.events(address)
              if event["class"] != "delayed"]
    return events[-1] if events else None


def judge(verpd):
    """Shows every recipient; returns how many were judged wrong."""
    title("What verpd made of it")
    wrong = 0
    say(f"  {'recipient':26} {'the world said':42} {'verdict':19} check")
    everybody = {**CAMPAIGN,
                 LATE: ("(later) 550 5.1.1 No such mailbox", "hard")}
    for address, (world, wanted) in everybody.items():
        event = verdict(verpd, address)
        got = event["class"] if event else None
        said = f"{event['class']} {event['reason']}" if event else "-"
        code = verpd.command("check", address).returncode
        answer = {0: "may send", 1: "suppressed"}.get(code, f"error {code}")
        is_right = got == wanted and code == (1 if wanted == "hard" else 0)
        wrong += not is_right
        say(f"  {address:26} {world:42} {said:19} {answer}"
            + ("" if is_right else f"   WRONG, wanted {wanted}"))
    row = verpd.forged()[0]
    say(f"\n  The forged bounce from {row['source']} was answered 250 and "
        f"recorded apart:\n  {row['why']}.  {VICTIM} is untouched.")
    return wrong


def wire(site):
    """The lines of postfix-config, shown and run."""
    title("Postfix asks verpd: sign, verify, enforce")
    say("$ verpctl postfix-config | sh")
    for line in site.commands():
        say("  " + (line if len(line) < 76 else line[:72] + "..."))
    site.wire()
    site.postfix.reload()


def said(site, sender, recipient, client=""):
    """What smtpd says to RCPT TO; shown."""
    with site.postfix.smtp(client, "evil.example" if client else "") as smtp:
        smtp.mail(sender)
        code, text = smtp.rcpt(recipient)
    say(f"  MAIL FROM:<{sender}>\n  RCPT TO:<{recipient}>\n"
        f"    {code} {text.decode()}")
    return code


def ask(site):
    """A signed return path leaves, a forged one is refused, and so is a
    recipient who is suppressed; returns how much of that went wrong."""
    wire(site)
    old = len(site.peer.accepted)
    say(f"$ sendmail -XV -f {BASE} -- {VICTIM}")
    site.postfix.sendmail(BASE, [VICTIM], messages.campaign(), xverp=True)
    tap.wait_for("the mail", lambda: len(site.peer.accepted) > old)
    path = site.peer.accepted[-1][0]
    say(f"  left, signed, from {path}")
    say("A bounce to that, and one to the same with a character changed:")
    at = path.index("@") - 1
    forged = path[:at] + ("a" if path[at] != "a" else "b") + path[at + 1:]
    right = [re.search(r"[+-][a-z2-7]{18,}@", path) is not None,
             said(site, "", path, "192.0.2.77") == 250,
             said(site, "", forged, "192.0.2.66") == 550]
    say("A program mails somebody who bounced before:")
    right.append(said(site, BASE, "gone.boris@example.org") == 550)
    say("$ verpctl selftest")
    done = site.verpctl("selftest")
    for line in (done.stdout + done.stderr).splitlines():
        say("  " + line)
    right.append(done.returncode == 0)
    return right.count(False)


def trace(postfix, verpd, address):
    title("One bounce, from log line to row")
    event = verdict(verpd, address)
    queue_id = event["queue_id"]
    lines = [line for line in postfix.log().splitlines()
             if f"{queue_id}: to=" in line or f": {queue_id}" in line
             and "notification" in line or re.search(
                 f"to=<{re.escape(address)}>.*status=bounced", line)]
    lines += [line for line in verpd.log().splitlines()
              if f"{queue_id}: to=" in line]
    for line in lines:
        say("  " + line)
    shown(verpd, "why", address)


def main():
    why_not = instance.why_not()
    if why_not:
        sys.exit(why_not)
    # Half a day of retries, in seconds.
    site = rig.Site(main="maximal_queue_lifetime = 8s\n"
                    "bounce_queue_lifetime = 8s\ndelay_warning_time = 2s\n")
    wrong = 1
    try:
        title("A site of its own")
        site.start()
        postfix, verpd = site.postfix, site.verpd
        say(f"  in {site.scratch}:")
        say(f"  postfix   pid {postfix.pid()}, SMTP on 127.0.0.1:"
            f"{postfix.port}, wired as contrib/postfix/{site.wiring} says")
        say(f"  verpd     pid {verpd.process.pid}, LMTP on "
            f"{os.path.relpath(verpd.socket, site.scratch)}")
        say(f"  the world port {site.peer.port}: accepts good.*, refuses "
            "gone.*, full.*, grey.*, blocked.*")
        send(postfix, verpd)
        wait(verpd)
        wrong = judge(verpd)
        trace(postfix, verpd, "gone.boris@example.org")
        title("What else an admin asks")
        shown(verpd, "why", "grey.felix@example.net")
        shown(verpd, "check", "gone.clara@example.net", status=1)
        shown(verpd, "check", "blocked.gerda@example.org")
        shown(verpd, "list")
        shown(verpd, "stats")
        shown(verpd, "verify")
        wrong += ask(site)
    except AssertionError as failure:
        wrong = 1
        say(f"\nFAILED: {failure}\n{site.verpd.log()}")
    finally:
        title("The end")
        site.stop()
        if os.environ.get("KEEP"):
            say(f"  everything is stopped; the files are in {site.scratch}")
        else:
            say("  everything is stopped and removed")
    say("  everything was as it should be" if not wrong
        else f"  {wrong} things are WRONG")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
