#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What verp-token(7) shows its reader is true: the script of its EXAMPLES,
taken from the page as a terminal prints it, mints the vectors that test_token
checks token_mint_readable() against, and the page prints those vectors.

usage: recipe.py SOURCE
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import tap  # noqa: E402

source = os.path.abspath(sys.argv[1])
del sys.argv[1]
DOMAIN = "bounces.example"


def page():
    mandoc = shutil.which("mandoc")
    if not mandoc:
        tap.skip_all("no mandoc")
    text = subprocess.run(
        [mandoc, "-T", "utf8", os.path.join(source, "man", "verp-token.7")],
        capture_output=True, text=True, check=True).stdout
    return re.sub(".\b", "", text)


def script(text):
    """From the #! line to where the indentation ends."""
    lines = text[text.index("#!/usr/bin/env python3"):].splitlines()
    indent = next(len(line) - len(line.lstrip())
                  for line in lines if "import " in line)
    body = [" " * indent + lines[0]]
    for line in lines[1:]:
        if line and not line.startswith(" " * indent):
            break
        body.append(line)
    return textwrap.dedent("\n".join(body)) + "\n"


def vectors():
    path = os.path.join(source, "tests", "unit", "token-vectors.tsv")
    with open(path, encoding="utf-8") as rows:
        return [row.rstrip("\n").split("\t") for row in rows
                if not row.startswith("#")]


PAGE = page()
SCRIPT = script(PAGE)
VECTORS = vectors()
READABLE = [row for row in VECTORS if row[0] == "readable"]


def functions():
    names = {"__name__": "mint"}
    exec(compile(SCRIPT, "verp-token.7", "exec"), names)
    return names


def test_page_prints_every_vector():
    tap.check(len(VECTORS) >= 8, VECTORS)
    for row in VECTORS:
        for word in (row[1], row[7]):
            tap.check(word in PAGE, "not in verp-token(7):", word)


def test_script_mints_every_vector():
    mint = functions()["mint"]
    tap.check(len(READABLE) >= 5, READABLE)
    for _, key, kind, sub, now, campaign, recipient, address in READABLE:
        tap.check_equal(mint(key, DOMAIN, campaign, recipient, kind,
                             "" if sub == "-" else sub, int(now)), address)


def test_script_refuses_what_cannot_be_written():
    mint = functions()["mint"]
    for campaign, recipient in (
            ("News", "ana@example.org"), ("a+b", "ana@example.org"),
            ("a..b", "ana@example.org"), ("n", "a!b@example.org"),
            ("n", "a%b@example.org"), ("n", '"a b"@example.org'),
            ("n", "jos\u00e9@example.org"), ("n", "a@example..org"),
            ("n", "ana@[192.0.2.1]"), ("n", "ana@exa=mple.org"),
            ("n", "ana"), ("n", "@example.org"), ("n", "a" * 40 + "@x.org")):
        try:
            address = mint(READABLE[0][1], DOMAIN, campaign, recipient)
        except ValueError:
            continue
        tap.check(False, "minted", campaign, recipient, address)


def test_script_reads_a_keys_file():
    with tempfile.TemporaryDirectory() as directory:
        keys = os.path.join(directory, "keys")
        with open(keys, "w", encoding="ascii") as text:
            text.write(f"# first signs\n\n{READABLE[0][1]}  # new\n"
                       f"{READABLE[3][1]}\n")
        with open(os.path.join(directory, "mint.py"), "w",
                  encoding="utf-8") as text:
            text.write(SCRIPT)
        done = subprocess.run(
            [sys.executable, "mint.py", keys, DOMAIN, "news-42",
             "ana@example.org"], cwd=directory, capture_output=True, text=True,
            check=True)
    tap.check(re.fullmatch(
        r"news-42\+ana=example\.org\+e[a-h][a-z2-7]{16}@bounces\.example\n",
        done.stdout), done.stdout)


tap.run([test_page_prints_every_vector, test_script_mints_every_vector,
         test_script_refuses_what_cannot_be_written,
         test_script_reads_a_keys_file])
