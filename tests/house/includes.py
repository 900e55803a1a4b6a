#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An #include of a higher floor does not compile, one of a lower does.

usage: includes.py BUILD SOURCE
"""
import json
import os
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import tap  # noqa: E402

# What each floor may see besides itself.
SEES = {
    "base": "",
    "core": "base",
    "mail": "base core",
    "lib": "base core mail",
    "lists": "base core",
    "store": "base core",
    "lmtp": "base",
    "maps": "base core",
    "deliver": "base core mail store",
    "host": "base core mail store lmtp deliver",
    "verpd": "base core mail store lmtp maps deliver host",
    "verpctl": "base core mail lists store lmtp deliver host",
}

build, source = (os.path.abspath(path) for path in sys.argv[1:3])
del sys.argv[1:3]


def headers_of(floor):
    folder = os.path.join(source, "src", floor)
    return sorted(name for name in os.listdir(folder) if name.endswith(".h"))


def commands():
    """One compiler command line for each floor, as argv without a file."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as database:
        entries = json.load(database)
    found = {}
    for entry in entries:
        path = os.path.normpath(os.path.join(entry["directory"],
                                             entry["file"]))
        folder, name = os.path.split(os.path.relpath(path, source))
        top, _, floor = folder.partition(os.sep)
        if top != "src" or floor not in SEES or not name.endswith(".c"):
            continue
        argv, words = [], iter(shlex.split(entry["command"]))
        for word in words:
            if word in ("-o", "-MF", "-MQ", "-MT"):
                next(words)
            elif word not in ("-c", "-MD", entry["file"]):
                argv.append(word)
        found[floor] = argv
    return found


COMMANDS = commands()


def compiles(floor, header):
    """(whether it does, what the compiler said)"""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as unit:
        # A translation unit must not be empty (ISO C).
        unit.write(f'#include "{header}"\nint house(void);\n'
                   "int house(void)\n{\n\treturn 0;\n}\n")
        unit.flush()
        done = subprocess.run(
            COMMANDS[floor] + ["-fsyntax-only", unit.name], cwd=build,
            text=True, capture_output=True, check=False)
    return done.returncode == 0, done.stderr


def check_pair(floor, other):
    for header in headers_of(other):
        good, said = compiles(floor, header)
        if other == floor or other in SEES[floor].split():
            tap.check(good, f"src/{floor} cannot include {header}:", said)
        else:
            tap.check(not good, f"src/{floor} can include {header} of "
                      f"src/{other}")
            tap.check("No such file" in said or "file not found" in said,
                      f"src/{floor} does not see {header}, but fails by",
                      said)


def check_no_path():
    """A path in an #include would climb past the include directories."""
    for folder, _, names in os.walk(os.path.join(source, "src")):
        for name in names:
            path = os.path.join(folder, name)
            if not name.endswith((".c", ".h")):
                continue
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    tap.check(not (line.startswith('#include "')
                                   and "/" in line), path, line)


def check_every_floor_is_listed():
    folders = {name for name in os.listdir(os.path.join(source, "src"))
               if os.path.isdir(os.path.join(source, "src", name))
               and any(file.endswith(".c") for file in
                       os.listdir(os.path.join(source, "src", name)))}
    tap.check_equal(folders, set(SEES), "floors")
    tap.check_equal(set(COMMANDS), set(SEES), "floors that are compiled")


cases = [("every floor is listed", check_every_floor_is_listed),
         ("no path in an #include", check_no_path)]
for one in SEES:
    for two in SEES:
        if headers_of(two):
            may = one == two or two in SEES[one].split()
            cases.append((f"{one} {'sees' if may else 'does not see'} {two}",
                          lambda one=one, two=two: check_pair(one, two)))
tap.run(cases)
