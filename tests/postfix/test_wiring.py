#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lines of main.cf and master.cf that README.md and the manual pages show
do as they stand: bounces go through each.  Those of contrib/postfix are
what all other tests here are wired with."""
import os
import re
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import daemon  # noqa: E402
import instance  # noqa: E402
import messages  # noqa: E402
import rig  # noqa: E402
import tap  # noqa: E402

if instance.why_not():
    tap.skip_all(instance.why_not())

MAIN = re.compile(r"^(relay_domains|transport_maps|notify_classes) *=")
MASTER = re.compile(r"^verpd-(lmtp|pipe) unix\b")


def shown(page):
    """What PAGE shows of main.cf, and of master.cf."""
    with open(os.path.join(daemon.SOURCE, page), encoding="utf-8") as text:
        lines = [re.sub(r"^    ", "", line) if page.endswith(".md") else line
                 for line in text.read().splitlines()]
    found, into = {"main.cf": [], "master.cf": []}, None
    for line in lines:
        if MAIN.match(line):
            into = "main.cf"
        elif MASTER.match(line):
            into = "master.cf"
        elif not line[:1].isspace():
            into = None
        if into:
            found[into].append(line)
    return {name: "".join(line + "\n" for line in rows)
            for name, rows in found.items()}


class Shown(rig.Site):
    """A site wired by what PAGE shows, and the lines EXTRA of main.cf."""

    def __init__(self, page, wiring="own-domain", extra=""):
        self.shown = shown(page)
        tap.check("verpd-" in self.shown["master.cf"], page, self.shown)
        self.shown["main.cf"] += extra
        super().__init__(wiring)

    def piece(self, name, is_here=True):
        return self.localize(self.shown.get(name, ""))

    def transport(self, text):
        """It stands in main.cf."""


def bounce(site):
    site.start()
    site.postfix.sendmail(f"news-42@{rig.DOMAIN}", ["gone.ana@far.example"],
                          messages.campaign(), xverp=True)
    event, = site.verpd.wait_events("gone.ana@far.example")
    tap.check_equal((event["class"], event["trust"]), ("hard", "local"))
    tap.check(event["queue_id"], "the queue id is told")
    both = ["ben@far.example", "eva@far.example"]
    tokens = [site.verpd.mint("news-42", address) for address in both]
    site.postfix.send_from_outside("", tokens, messages.report(
        tokens[0], both[0]))
    for address in both:
        site.verpd.wait_events(address)
    site.postfix.wait_empty()
    site.stop()


def test_readme():
    bounce(Shown("README.md"))


def test_verpd_8():
    bounce(Shown("man/verpd.8"))


def test_verpctl_8():
    bounce(Shown("man/verpctl.8", "pipe", f"""\
relay_domains = {rig.DOMAIN}
transport_maps = inline:{{{rig.DOMAIN}=verpd-pipe:}}
"""))


def test_contrib_is_in_place():
    """Whoever copied the pieces is not told to add to transport_maps."""
    for wiring, options, settings in (
            ("own-domain", [], {}), ("pipe", ["--pipe"], {}),
            ("sub-address", [], {"sub_address": "b"})):
        site = rig.Site(wiring, **settings)
        site.start()
        site.options = ["--places", "intake", *options]
        printed = site.config()
        tap.check("postconf" in printed or "in place" in printed, printed)
        tap.check("transport_maps" not in printed, wiring, printed)
        # ...unless they lead elsewhere
        site.postfix.command("postconf", "-e", "transport_maps =")
        tap.check("transport_maps" in site.config(), wiring)
        site.stop()


tap.run([test_readme, test_verpd_8, test_verpctl_8,
         test_contrib_is_in_place])
