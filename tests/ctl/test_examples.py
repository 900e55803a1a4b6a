#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that README.md, contrib/postfix/README and the manual pages
show do as they stand, in the order they are shown.  Those that need a Postfix
are tried by tests/postfix.

usage: test_examples.py VERPCTL
"""
import os
import re
import subprocess
import textwrap

from rig import SOURCE, UNKNOWN_USER, VERPCTL, Site, report, tap

# Commands around ours, and what stands for them here.
STUBS = {
    "verpctl": 'exec "$VERPCTL" -c "$CONF" "$@"',
    "sudo": 'shift 2; exec "$@"',  # -u verpd
    "systemctl": "true",
    "send": "cat >/dev/null",
    "journalctl": "true",
}
# There is no Postfix here to ask.
NEEDS_POSTFIX = re.compile(r"verpctl (postfix-config|doctor|selftest)\b|"
                           r"verpctl init && |--run\b|\$\(verpctl")
# Where other than 0 is the answer: nothing like that is in this store.
ANSWERS = {
    "verpctl quarantine reclassify": {0, 1},
    "verpctl revert": {1},
    "verpctl allow --everyone": {0},
}


def blocks(name):
    """What FILE shows as it is to be typed."""
    with open(os.path.join(SOURCE, name), encoding="utf-8") as lines:
        text = lines.read()
    if name.startswith("man/"):
        return [block.replace("\\e", "\\").replace("\\(aq", "'") for block in
                re.findall(r"^\.Bd [^\n]*\n(.*?)^\.Ed", text, re.M | re.S)]
    return [textwrap.dedent(block) for block in
            re.findall(r"(?:^    .*\n|^\n)+", text, re.M)]


def commands(name):
    """Each command of ours, whole."""
    found = []
    for block in blocks(name):
        whole = []
        for line in block.splitlines():
            goes_on = whole and re.search(r"(\\|&&|\|)$", whole[-1])
            if goes_on:
                whole[-1] += "\n" + line
            else:
                whole.append(re.sub(r"^[#$] ", "", line))
        found += [line for line in whole
                  if re.search(r"(^|[|&] *\n? *|^sudo -u \w+ )verpctl [a-z]",
                               line)]
    return found


def site_of_examples():
    """A store in which something happened, and the files that are named."""
    site = Site(text='stream "password-reset" { campaigns = {"reset"} }\n')
    for number, (recipient, diagnostic, status) in enumerate((
            ("ana@example.org", UNKNOWN_USER, "5.1.1"),
            ("ben@example.org", "550 5.5.0 The wombat is on leave", "5.5.0"))):
        site.deliver(report(recipient, diagnostic, status=status,
                            message_id=f"{number}@far.example"),
                     site.mint("news-42", recipient))
    for name, text in {
            "suppression_bounces.csv": "status,reason,email,created\n"
            "5.1.1,550 5.1.1 unknown,eva@example.org,1443651125\n",
            "subscribers.csv": "email\nana@example.org\n",
            "addresses": "ana@example.org\n",
            "yesterday.tsv": "ana@example.org\tnews-42\t\n",
            "mail.log": "",
            "bounce.eml": report("ana@example.org", UNKNOWN_USER)}.items():
        with open(site.path(name), "w", encoding="utf-8") as out:
            out.write(text)
    for folder in ("backups", "bin"):
        os.mkdir(site.path(folder))
    for name, text in STUBS.items():
        path = os.path.join(site.path("bin"), name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
    # made by the first that keeps a block; then verpd is restarted
    site.start("erase", "--keep-block", "--reason", "x", "x@example.org")
    return site


def local(site, command):
    """COMMAND with the paths and the numbers of this site."""
    review, = site.rows("list", "--review")
    for old, new in (("/var/backups", site.path("backups")),
                     ("/var/lib/verpd", site.root),
                     ("/var/log", site.root), ("4711", str(review["id"]))):
        if old != "4711" or "quarantine" in command:
            command = command.replace(old, new)
    return command


def run(site, command):
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=site.root, check=False,
        capture_output=True, text=True, timeout=60, input="",
        env={**os.environ, "VERPCTL": VERPCTL, "CONF": site.conf,
             "address": "eva@example.org",
             "PATH": site.path("bin") + ":" + os.environ["PATH"]})
    wanted = next((status for begin, status in ANSWERS.items()
                   if command.startswith(begin)), {0})
    if command.startswith("sudo"):  # the answer is the exit status
        wanted = {0, 1}
    tap.check(done.returncode in wanted, command, done.returncode, done.stdout,
              done.stderr)


def check_page(name, least):
    shown = [command for command in commands(name)
             if not NEEDS_POSTFIX.search(command)]
    tap.check(len(shown) >= least, name, shown)
    site = site_of_examples()
    for command in shown:
        if "verpctl init" in command or "verpctl restore" in command:
            # what is there is moved away first, as the page says
            os.makedirs(site.path("old"), exist_ok=True)
            for file in os.listdir(site.root):
                if file.startswith("verpd.db"):
                    os.rename(site.path(file),
                              os.path.join(site.path("old"), file))
            run(site, command.replace("/var/lib/verpd", site.root)
                .replace("/var/backups", site.path("backups")))
            if "verpctl init" in command:  # and back
                for file in os.listdir(site.path("old")):
                    os.rename(os.path.join(site.path("old"), file),
                              site.path(file))
        else:
            run(site, local(site, command))


PAGES = {"README.md": 11, "contrib/postfix/README": 2, "man/verpctl.8": 24,
         "man/verpd-policy.7": 2, "man/verpd.8": 1}
tap.run([("examples of " + name, lambda name=name, least=least:
          check_page(name, least)) for name, least in PAGES.items()])
