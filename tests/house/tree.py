#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree is as it is meant to be: man pages lint, C is formatted, the top
level has no strangers, every file says its licence.

usage: tree.py SOURCE
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import tap  # noqa: E402

source = os.path.abspath(sys.argv[1])
del sys.argv[1]
TOP = set(""".ci .clang-format .clang-tidy .gitignore COPYING README.md contrib
include man meson.build meson_options.txt src tests""".split())


def files():
    """What git tracks and is there, or everything where there is no git."""
    done = subprocess.run(["git", "-C", source, "ls-files", "-z"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise tap.Skip("not a git checkout: " + done.stderr.strip())
    return [name for name in done.stdout.split("\0")
            if name and os.path.exists(os.path.join(source, name))]


def check_top_level():
    tap.check_equal({name.split("/")[0] for name in files()} - TOP, set(),
                    "strangers at the top level")
    tap.check_equal({name.split("/")[1] for name in files()
                     if name.startswith("contrib/")}
                    - {"meson.build", "postfix"}, set(),
                    "strangers in contrib")


def check_licence():
    for name in files():
        if not re.search(r"(\.[ch]|\.py|\.sh|/run|/demo)$", name):
            continue
        with open(os.path.join(source, name), encoding="utf-8",
                  errors="replace") as text:
            head = text.read(300)
        tap.check("SPDX-License-Identifier: LGPL-2.1-or-later" in head, name)


def check_format():
    tool = shutil.which("clang-format")
    if not tool:
        raise tap.Skip("no clang-format")
    done = subprocess.run([tool, "--version"], capture_output=True, text=True,
                          check=True)
    if " 14." not in done.stdout:
        raise tap.Skip("needs clang-format 14: " + done.stdout.strip())
    names = [name for name in files()
             if re.match(r"(src|include|tests)/.*\.[ch]$", name)]
    done = subprocess.run([tool, "--dry-run", "-Werror", *names], cwd=source,
                          capture_output=True, text=True, check=False)
    tap.check(done.returncode == 0, done.stderr[-4000:])


def check_page(name):
    tool = shutil.which("mandoc")
    if not tool:
        raise tap.Skip("no mandoc")
    done = subprocess.run([tool, "-T", "lint", "-W", "warning", name],
                          cwd=source, capture_output=True, text=True,
                          check=False)
    tap.check(done.returncode == 0 and not done.stdout,
              done.stdout, done.stderr)


def check_scripts():
    """Every script with a #! line is executable and starts as its language."""
    for name in files():
        path = os.path.join(source, name)
        if not os.path.isfile(path):
            continue  # a link to a directory
        with open(path, "rb") as text:
            first = text.readline(80)
        if not first.startswith(b"#!"):
            continue
        tap.check(os.access(path, os.X_OK), name, "is not executable")
        if b"sh" in first:
            done = subprocess.run(["bash", "-n", path], capture_output=True,
                                  text=True, check=False)
            tap.check(done.returncode == 0, done.stderr)


def check_rule_ids():
    """A second rule of one id would silently take the first one's place."""
    ids = []
    for name in files():
        if not re.fullmatch(r"src/rules\.d/.*\.rules", name):
            continue
        with open(os.path.join(source, name), encoding="utf-8") as text:
            ids += re.findall(r"^\[(.+)\]", text.read(), re.MULTILINE)
    tap.check(len(ids) > 100, "too few rules found:", len(ids))
    twice = {name for name in ids if ids.count(name) > 1}
    tap.check_equal(twice, set(), "shipped twice")


man = os.path.join(source, "man")
pages = sorted(name for name in os.listdir(man)
               if re.search(r"\.[1-8]$", name))
tap.run([("top level", check_top_level),
         ("licence of every file", check_licence),
         ("C is formatted", check_format),
         ("scripts are executable", check_scripts),
         ("ids of rules are unique", check_rule_ids)]
        + [(name + " lints", lambda name=name:
            check_page(os.path.join("man", name))) for name in pages])
