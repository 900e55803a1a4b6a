#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libverpd shows the world: the headers, the symbols and libverpd(3) name
the same functions; each header compiles alone as C and C++; the library,
installed, is found by pkg-config and runs the page's example.

usage: surface.py BUILD SOURCE LIBRARY SANITIZERS COMPILER...
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import tap  # noqa: E402

BUILD, SOURCE, LIBRARY = (os.path.abspath(path) for path in sys.argv[1:4])
SANITIZERS, COMPILER = sys.argv[4], sys.argv[5:]
del sys.argv[1:]
INCLUDE = os.path.join(SOURCE, "include")
HEADERS = sorted(glob.glob(os.path.join(INCLUDE, "verpd", "*.h")))
PAGE = os.path.join(SOURCE, "man", "libverpd.3")
KEY = "0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def run(*argv, **options):
    done = subprocess.run(argv, text=True, capture_output=True, check=False,
                          **options)
    tap.check(done.returncode == 0, argv, done.stdout, done.stderr)
    return done.stdout


def tool(name):
    path = shutil.which(name)
    if not path:
        raise tap.Skip("no " + name)
    return path


def squeeze(prototype):
    return re.sub(r"\s*([*(),])\s*", r"\1", " ".join(prototype.split()))


def code_of(header):
    return re.sub(r"/\*.*?\*/", "", read(header), flags=re.S)


def declared():
    """name: prototype, of the functions that the headers declare"""
    found = {}
    for header in HEADERS:
        for prototype in re.findall(r"VP_API\s+(?!_)([^;#]*?\))\s*;",
                                    code_of(header)):
            name = re.search(r"(\w+)\s*\(", prototype).group(1)
            found[name] = squeeze(prototype)
    tap.check(len(found) > 15, found)
    return found


def test_symbols():
    rows = run(tool("nm"), "-D", "--defined-only", LIBRARY).splitlines()
    exported = {row.split()[2].split("@")[0] for row in rows
                if row.split()[1] != "A"}
    tap.check_equal(exported, set(declared()))


def test_functions_are_marked():
    """A function that is declared without VP_API would not be exported."""
    for header in HEADERS:
        for line in re.findall(r"^[^\n]*\bvp_\w+\(", code_of(header), re.M):
            tap.check(line.startswith("VP_API "), header, line)


def check_header(header, language, compiler):
    name = "verpd/" + os.path.basename(header)
    with tempfile.TemporaryDirectory() as directory:
        unit = os.path.join(directory, "unit")
        with open(unit, "w", encoding="ascii") as text:
            # twice: it must not mind
            text.write(f"#include <{name}>\n#include <{name}>\nint unit;\n")
        run(*compiler, "-x", language,
            "-std=" + ("c99" if language == "c" else "c++11"), "-Wall",
            "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I", INCLUDE,
            unit)


def check_c(header):
    check_header(header, "c", COMPILER)


def check_cxx(header):
    check_header(header, "c++", [tool("g++")])


def test_headers_are_plain_c():
    for header in HEADERS:
        for name in re.findall(r"#\s*include\s*[<\"](.*?)[>\"]", read(header)):
            tap.check(name in ("stddef.h", "stdint.h")
                      or name.startswith("verpd/"), header, name)
        tap.check(not re.search(r"\bg(char|int|boolean|pointer|size)\b|\bG[A-Z]",
                                code_of(header)), header)


def test_page_has_every_prototype():
    lines = read(PAGE).splitlines()
    found, type_, name, arguments = {}, "", "", []
    for line in lines:
        macro, _, rest = line.partition(" ")
        if macro == ".Ft":
            type_ = rest
        elif macro == ".Fo":
            name, arguments = rest, []
        elif macro == ".Fa" and name:
            arguments.append(rest.strip('"'))
        elif macro == ".Fc":
            found[name] = squeeze(f"{type_} {name}({', '.join(arguments)})")
            name = ""
    tap.check_equal(found, declared())


def test_page_tells_of_every_function():
    text = read(PAGE)
    tap.check_equal(set(re.findall(r"^\.Fn (\w+)", text, re.M)),
                    set(declared()), ".Fn")
    tap.check_equal(set(re.findall(r"^\.Nm (vp_\w+)", text, re.M)),
                    set(declared()), ".Nm")


def test_page_tells_of_every_value():
    text = read(PAGE)
    for header in HEADERS:
        for body in re.findall(r"\benum \w+ \{(.*?)\}", code_of(header), re.S):
            for name in re.findall(r"\bVP_\w+", body):
                named = re.match(r"VP_(?:CLASS|REASON|KIND)_(.*)", name)
                word = named.group(1).lower().replace("_", "-") if named \
                    else name
                if name != "VP_KIND_NONE":
                    tap.check(re.search(rf"\b{word}\b", text), name)


def test_page_tells_of_every_member():
    text = read(PAGE)
    for header in HEADERS:
        for name, body in re.findall(r"\bstruct (\w+) \{(.*?)\n\}",
                                     code_of(header), re.S):
            for member in re.findall(r"(\w+)(?:\[\w+\])?;", body):
                tap.check(re.search(rf"^\.(It )?Fa .*\b{member}\b", text, re.M)
                          or f"{name}.{member}" == "vp_error.text", member)


def example():
    text = run(tool("mandoc"), "-T", "utf8", PAGE)
    text = re.sub(".\b", "", text)
    start = text.index("/* usage:")
    start = text.rindex("\n", 0, start) + 1
    end = text.index("\n", text.index("return 0;", start))
    end = text.index("}", end) + 1
    return textwrap.dedent(text[start:end]) + "\n"


def pkg_config(root, *arguments):
    found = glob.glob(root + "/**/pkgconfig/verpd.pc", recursive=True)
    tap.check_equal(len(found), 1)
    return run(tool("pkg-config"), *arguments, "verpd",
               env={**os.environ, "PKG_CONFIG_PATH": os.path.dirname(found[0]),
                    "PKG_CONFIG_SYSROOT_DIR": root}).split()


def test_example_runs_on_the_installed_library():
    program = example()
    with tempfile.TemporaryDirectory() as work:
        root = os.path.join(work, "root")
        run(tool("meson"), "install", "-C", BUILD, "--no-rebuild", "--quiet",
            "--destdir", root)
        installed = glob.glob(root + "/**/include/verpd/*.h", recursive=True)
        tap.check_equal({os.path.basename(path) for path in installed},
                        {os.path.basename(path) for path in HEADERS})
        unit = os.path.join(work, "bounce.c")
        with open(unit, "w", encoding="utf-8") as text:
            text.write(program)
        flags = [] if SANITIZERS == "none" else ["-fsanitize=" + SANITIZERS]
        bounce = os.path.join(work, "bounce")
        run(*COMPILER, *flags, "-Wall", "-Wextra", "-Werror", "-o", bounce,
            unit, *pkg_config(root, "--cflags", "--libs"))
        keys = os.path.join(work, "keys")
        with open(keys, "w", encoding="ascii") as text:
            text.write(KEY)
        os.chmod(keys, 0o600)
        library = os.path.dirname(glob.glob(root + "/**/libverpd.so.0",
                                            recursive=True)[0])
        rules = pkg_config(root, "--variable=rulesdir")[0]
        rules = root + rules.removeprefix(root)
        path = os.path.join(SOURCE, "tests/messages/postfix-several.eml")
        with open(path, "rb") as message:
            said = run(bounce, keys, "ana@example.org", rules, stdin=message,
                       env={**os.environ, "LD_LIBRARY_PATH": library})
        lines = said.splitlines()
        tap.check_equal(len(lines), 5, said)
        tap.check(re.fullmatch(
            r"news-42\+ana=example\.org\+e[a-h][a-z2-7]{16}@bounces\.example: "
            r"success, ana@example\.org of news-42", lines[0]), said)
        tap.check_equal(lines[1], "bounce")
        for line, start in zip(lines[2:], (
                "ana@example.org: hard, bad-mailbox (0.9",
                "ben@example.net: soft, mailbox-full (0.",
                "cleo@nowhere.test: hard, bad-domain (0.")):
            tap.check(line.startswith(start), line, start)


tap.run([test_symbols, test_functions_are_marked, test_headers_are_plain_c]
        + [(f"{os.path.basename(header)} alone as {language}",
            lambda header=header, check=check: check(header))
           for header in HEADERS
           for language, check in (("C", check_c), ("C++", check_cxx))]
        + [test_page_has_every_prototype, test_page_tells_of_every_function,
           test_page_tells_of_every_value, test_page_tells_of_every_member,
           test_example_runs_on_the_installed_library])
