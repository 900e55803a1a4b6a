#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages name every command, option and parameter, and no other.

usage: test_pages.py VERPCTL VERPD
"""
import os
import pathlib
import re
import subprocess
import sys

VERPD = os.path.abspath(sys.argv[2])
del sys.argv[2]

# pylint: disable-next=wrong-import-position
from rig import SOURCE, Site, tap  # noqa: E402

SITE = Site(init=False)
COMMON = {"config", "help"}
CHANGE = {"actor", "reason", "dry-run"}


def page(name):
    path = os.path.join(SOURCE, "man", name)
    if not os.path.exists(path):
        raise tap.Skip(f"no {name} yet")
    with open(path, encoding="utf-8") as text:
        return text.read().splitlines()


def options_of_help(text):
    """Long names, and {long: short}."""
    found = re.findall(r"^  (?:-(\w), )?--([a-z][a-z-]*)", text, re.M)
    return ({name for _, name in found},
            {name: short for short, name in found if short})


def commands_of_help():
    text = SITE.run("help").split("\n\n")[1]
    return [line[2:25].strip() for line in text.splitlines()]


def items(line):
    """The options that one .It line is about: (short or None, long)."""
    longs = re.findall(r"Fl Fl ([a-z][a-z-]*)", line)
    shorts = re.findall(r"(?<!Fl )Fl ([a-z])\b(?! Fl)", line)
    return [(shorts[0] if shorts else None, longs[0])] + [
        (None, name) for name in longs[1:]] if longs else []


def commands_of_page():
    """{command: {"options": {...}, "short": {...}, "flags": {...}}}"""
    found, current = {}, None
    known = sorted(commands_of_help(), key=len, reverse=True)
    for line in page("verpctl.8"):
        if line.startswith(".It Cm "):
            words = line[len(".It Cm "):]
            current = next((name for name in known
                            if re.match(name + r"\b", words)), words)
            flags = re.search(r"Bq Ar ([a-z , ]+)", line)
            found[current] = {
                "options": set(), "short": {},
                "flags": set(flags.group(1).split(" , ")) if flags else set()}
            for name in re.findall(r"(?:Op|\|) Fl Fl ([a-z-]+)", line):
                found[current]["options"].add(name)
        elif line.startswith(".It Fl ") and current:
            for short, name in items(line):
                found[current]["options"].add(name)
                if short:
                    found[current]["short"][name] = short
        elif line.startswith(".Fl Fl rules") and current:
            found[current]["options"].add("rules")
        elif line.startswith(".Sh "):
            current = None
    return found


def test_commands():
    """init, config, ... are all there, and nothing that is not."""
    wanted = set(commands_of_help()) - {"help"}
    tap.check(len(wanted) > 15, wanted)
    tap.check_equal(set(commands_of_page()), wanted)


def check_options(name):
    help_text = SITE.run("help", *name.split())
    options, short = options_of_help(help_text)
    said = commands_of_page()[name]
    wanted = options - COMMON
    if "json" in said["flags"]:
        tap.check("json" in options, "--json is promised")
        wanted.discard("json")
    if "change" in said["flags"]:
        tap.check(CHANGE <= options, "--actor and others are promised")
        wanted -= CHANGE
    tap.check_equal(said["options"], wanted, name)
    tap.check_equal(said["short"], {key: value for key, value in short.items()
                                    if key in wanted}, name)
    tap.check(COMMON <= options, help_text)


def test_common_options():
    text = "\n".join(page("verpctl.8"))
    part = text[text.index(".Sh OPTIONS"):text.index(".Sh COMMANDS")]
    tap.check_equal({name for line in part.splitlines()
                     for _, name in items(line) if line[:4] == ".It "},
                    COMMON | CHANGE | {"json", "version"})


def test_exit_statuses():
    """Those that this suite sees are all told."""
    text = "\n".join(page("verpctl.8"))
    part = text[text.index(".Sh EXIT STATUS"):]
    tap.check_equal(re.findall(r"^\.It (\d+)", part, re.M),
                    "0 1 2 64 65 66 73 74 75 78".split())


def parameters(text):
    """{(section, name): value} of a sample, with its # taken off."""
    found, section = {}, ""
    for line in text.splitlines():
        line = re.sub(r"^(\s*)#(?! )", r"\1", line)
        opened = re.match(r"(\w+)( \".*\")? \{", line)
        value = re.match(r"\s*(\w+) = (.*)", line)
        if opened:
            section = opened.group(1) + (" name" if opened.group(2) else "")
        elif line.startswith("}"):
            section = ""
        elif value:
            found[section, value.group(1)] = value.group(2)
    return found


def parameters_of_page():
    found, section = {}, ""
    for line in page("verpd.conf.5"):
        if line.startswith((".Ss ", ".Sh ")):
            named = re.match(r"\.Ss Section (\w+)( \\\(dqname)?", line)
            section = (named.group(1) + (" name" if named.group(2) else "")
                       if named else "")
        value = re.match(r"\.It Va (\w+) No = (.*)", line)
        if value:
            found[section, value.group(1)] = value.group(2).replace(
                r"\(dq", '"')
    return found


def test_parameters():
    """Every parameter is there, in its section."""
    wanted = parameters(SITE.run("config", "--sample"))
    tap.check(len(wanted) > 35, len(wanted))
    tap.check_equal(sorted(parameters_of_page()), sorted(wanted))


def test_defaults():
    """...with its default, where that is the same everywhere."""
    said = parameters_of_page()
    for key, value in parameters(SITE.run("config", "-d")).items():
        if key[1] in ("store", "keys", "rules"):
            tap.check(said[key].startswith(("\"/", "{\"/")), key)
        elif key[1] not in ("own_hosts", "hostname"):
            tap.check_equal(said[key], value, key)


def displays(name):
    """What the displays of a page show."""
    found = re.findall(r"^\.Bd [^\n]*\n(.*?)^\.Ed", "\n".join(page(name)),
                       re.M | re.S)
    return [text.replace(r"\e", "\\") for text in found]


def files_of_site():
    with open(SITE.conf, encoding="utf-8") as text:
        return [line for line in text
                if line.startswith(("store", "keys", "rules"))]


def test_examples_of_policies():
    """Each recipe is a configuration as it stands."""
    shown = [text for text in displays("verpd-policy.7")
             if not text.startswith("verpctl ")]
    tap.check(len(shown) > 5, shown)
    path = SITE.path("recipe.conf")
    for recipe in shown:
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(files_of_site() + [recipe]))
        said = SITE.start("-c", path, "config", "check").stdout.decode()
        tap.check(re.search("^ok +settings", said, re.M), recipe + said)
        tap.check(re.search("^ok +rules", said, re.M), recipe + said)


def test_examples_of_settings():
    shown = displays("verpd.conf.5")
    tap.check(len(shown) > 1, shown)
    path = SITE.path("shown.conf")
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(files_of_site() + shown))
    said = SITE.start("-c", path, "config", "check").stdout.decode()
    tap.check(re.search("^ok +settings", said, re.M), said)
    SITE.run("-c", path, "key", "new")
    tap.check_equal(SITE.run("-c", path, "token", "decode", "--json",
                             "b.news.ana=example.org@bounces.example.org")
                    .count('"pattern":"shop"'), 1)


def test_examples_of_rules():
    path = SITE.path("shown.rules")
    shown = [text for text in displays("verpd-rules.5")
             if text.startswith("[")]
    tap.check(len(shown) > 2, shown)
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(shown))
    tap.check(" 0 findings" in SITE.run("rules", "lint", path))


def test_lists_of_words():
    source = (pathlib.Path(__file__).parents[2] /
              "src/core/wordbook.c").read_text(encoding="utf-8")
    lists = set(re.findall(r'\[WORDS_[A-Z_]+\] =\s*\{\s*"([a-z-]+)"', source))
    tap.check(len(lists) > 30, lists)
    said = {name for line in page("verpd-rules.5")
            if line.startswith((".It Ic", ".Ic"))
            for name in line.replace(",", " ").split()[1:]}
    tap.check(lists <= said, lists - said)


def test_verpd():
    text = "\n".join(page("verpd.8"))
    done = subprocess.run([VERPD, "--help"], capture_output=True, text=True,
                          check=False)
    tap.check_equal(done.returncode, 0, done.stderr)
    options, _ = options_of_help(done.stdout)
    tap.check(options, done.stdout)
    tap.check(done.stdout.startswith("usage: verpd [OPTION...]\n") and
              done.stdout.isascii(), done.stdout)
    said = {name for line in text.splitlines() if line.startswith(".It Fl")
            for _, name in items(line)}
    tap.check_equal(said, options)


def test_changes_by_restart():
    """SIGHUP in verpd(8) tells what reload.c warns of, and no other."""
    source = (pathlib.Path(SOURCE) / "src/verpd/reload.c").read_text(
        encoding="utf-8")
    warned = re.findall(r'\{ "([a-z_]+)",', source)
    tap.check(len(warned) > 10, warned)
    text = "\n".join(page("verpd.8"))
    part = text[text.index(".It Dv SIGHUP"):text.index(".It Dv SIGKILL")]
    tap.check_equal(sorted(re.findall(r"^\.Va (\w+)", part, re.M)),
                    sorted(warned))


def test_readme():
    with open(os.path.join(SOURCE, "README.md"), encoding="utf-8") as lines:
        said = re.search(r"verpctl doctor +# (\d+) things", lines.read())
    looked_at = SITE.run("doctor", "--list").splitlines()
    tap.check_equal(int(said.group(1)), len(looked_at))


tap.run([test_commands, test_common_options, test_exit_statuses,
         test_parameters, test_defaults, test_examples_of_policies,
         test_examples_of_settings, test_examples_of_rules,
          test_lists_of_words, test_verpd, test_changes_by_restart,
          test_readme]
        + [("options of " + name, lambda name=name: check_options(name))
           for name in commands_of_help() if name != "help"])
