#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A campaign that is paused by itself stays also when it is sent by
sendmail(1): Postfix sees the new table without anybody's doing."""
import os
import sys
import time

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
MAPS = "sender_dependent_default_transport_maps"
TEXT = """
breaker { minimum = 1000000 first = 1000000
    pause_minimum = 20
    pause_hits = 2
    pause_hard = 0.2
}
"""
# verpd looks at the table every 10 s, and so does trivial-rewrite(8)
SOON = 45


class Paused(rig.Wired):
    """A site whose table is verpd's own directory's."""

    def __init__(self):
        super().__init__()
        self.map = os.path.join(self.verpd.state, "paused")
        self.verpd.text = f'pause_map = "{self.map}"\n' + TEXT
        self.verpd.configure()

    def value(self):
        return self.postfix.command("postconf", "-h", MAPS).stdout.strip()

    def reloads(self):
        return self.postfix.log().count("reload -- version")


SITE = Paused().start()
if "cdb" not in SITE.postfix.command("postconf", "-m").stdout.split():
    tap.skip_all("needs postfix-cdb")


def left(recipient):
    with SITE.peer.lock:
        return [sender for sender, rcpt, _ in SITE.peer.accepted
                if rcpt == recipient]


def send(recipient, base=BASE):
    SITE.postfix.sendmail(base, [recipient], messages.campaign(), xverp=True)


def waits(recipient):
    """Whether the queue says that mail for RECIPIENT waits for its
    campaign."""
    return any(recipient in line and "campaign news-42 is paused" in line
               for line in SITE.postfix.command(
                   "postqueue", "-j").stdout.splitlines())


def test_named():
    """The type that is seen to change is named; one that was named before is
    replaced."""
    tap.check(SITE.value().startswith(f"cdb:{SITE.map}, "), SITE.value())
    wired = SITE.value()
    SITE.postfix.command("postconf", f"{MAPS} = hash:/x, "
                         + wired.replace("cdb:", "texthash:"))
    line, = SITE.commands()
    tap.check(f"={'cdb:' + SITE.map}, hash:/x, inline:" in line and
              "texthash:" not in line, line)
    SITE.postfix.command("postconf", f"{MAPS} = {wired}")
    tap.check_equal(SITE.commands(), [])


def test_not_there():
    """A table that is not there would stop all mail, so it is not named; nor
    is one of a type that this Postfix has not."""
    map_, cdb = SITE.map, SITE.map + ".cdb"
    for setting in (map_ + "-not", "lmdb:" + map_):
        SITE.verpd.text = f'pause_map = "{setting}"\n' + TEXT
        SITE.verpd.configure()
        said = SITE.verpctl("postfix-config", "--all").stdout
        tap.check("pause_map is not named" in said, said)
        tap.check("cdb:" not in said.replace(SITE.value(), ""), said)
    os.rename(cdb, cdb + "-away")
    SITE.verpd.text = f'pause_map = "texthash:{map_}"\n' + TEXT
    SITE.verpd.configure()
    said = SITE.verpctl("postfix-config").stdout
    os.rename(cdb + "-away", cdb)
    tap.check(f"texthash:{map_}, " in said, said)
    tap.check("goes on after a pause" in said, said)
    SITE.verpd.text = f'pause_map = "{map_}"\n' + TEXT
    SITE.verpd.configure()


def test_by_itself():
    """Paused by threshold: within seconds the campaign's mail stays, other
    mail flows, and after resume all of it flows; nobody reloads Postfix."""
    reloads = SITE.reloads()
    now = int(time.time())
    SITE.verpd.verpctl("delivered", input="".join(
        f"ok{i}@far.example\tnews-42\t{now}\n" for i in range(25)))
    send("before@far.example")
    tap.wait_for("mail of the campaign", lambda: left("before@far.example"))
    for i in range(6):
        send(f"gone.{i}@far.example")
    tap.wait_for("the pause", lambda: "news-42" in SITE.verpd.verpctl(
        "campaign", "list", "--paused"), SOON)
    began, sent = time.monotonic(), []

    def has_stayed():
        """One more every second: which leaves, and which stays?"""
        sent.append(f"after{len(sent)}@far.example")
        send(sent[-1])
        SITE.postfix.sendmail("ana@sender.example", [f"other-{sent[-1]}"],
                              messages.campaign())
        tap.wait_for("its fate", lambda: left(sent[-1]) or waits(sent[-1]))
        if waits(sent[-1]):
            return True
        time.sleep(1)
        return False
    tap.wait_for("mail to stay", has_stayed, SOON)
    print(f"# stays after {time.monotonic() - began:.1f} s")
    for address in sent:
        tap.wait_for("other mail", lambda: left("other-" + address))
    send("news-43@far.example", f"news-43@{DOMAIN}")
    tap.wait_for("other campaigns", lambda: left("news-43@far.example"))
    tap.check(not left(sent[-1]))

    SITE.verpd.verpctl("campaign", "resume", "news-42", "--actor", "a",
                       "--reason", "mended")
    tap.wait_for("its mail", lambda: left(sent[-1]), SOON)
    SITE.postfix.wait_empty()
    tap.check_equal(SITE.reloads(), reloads)
    tap.check("not found in" not in SITE.postfix.log())


def test_litter():
    """What a writer that was killed leaves beside is nothing to Postfix, and
    verpd replaces what is damaged, whoever's it is."""
    litter = SITE.map + ".cdb.Ab3dEf"
    with open(litter, "wb") as out:
        out.write(b"half")
    with open(SITE.map + ".cdb", "rb") as table:
        whole = table.read()

    def is_whole():
        if not os.path.exists(SITE.map + ".cdb"):
            return False
        with open(SITE.map + ".cdb", "rb") as table:
            return table.read() == whole
    with open(SITE.map + ".new", "wb") as out:
        out.write(whole[:100])
    os.rename(SITE.map + ".new", SITE.map + ".cdb")
    tap.wait_for("the table", is_whole, SOON)
    SITE.postfix.reload()
    SITE.postfix.sendmail("ana@sender.example", ["last@far.example"],
                          messages.campaign())
    tap.wait_for("other mail", lambda: left("last@far.example"), 90)
    os.unlink(litter)


tap.run([function for name, function in list(globals().items())
         if name.startswith("test_")], SITE.verpd.verify)
