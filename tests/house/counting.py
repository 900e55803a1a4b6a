#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The count at the end of tests/run: no failure is lost in it."""
import json
import os
import subprocess
import sys
import tempfile

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path.insert(0, TESTS)
import tap  # noqa: E402

# name: (what meson says, standard output, passed, failed, skipped)
CASES = {
    "each line is a case": ("OK", "1..2\nok 1 - a\nok 2 - b\n", 2, 0, 0),
    "not ok": ("FAIL", "1..2\nok 1 - a\nnot ok 2 - b\n", 1, 1, 0),
    "a skipped case": ("OK", "1..2\nok 1 a\nok 2 b # SKIP why\n", 1, 0, 1),
    "all skipped": ("SKIP", "1..0 # SKIP needs root\n", 0, 0, 1),
    "died half way": ("ERROR", "1..3\nok 1 - a\n", 1, 2, 0),
    "died before its plan": ("ERROR", "ok 1 - a\n", 1, 1, 0),
    "all ok, then a bad status": ("ERROR", "1..1\nok 1 - a\n", 1, 1, 0),
    "too slow": ("TIMEOUT", "", 0, 1, 0),
    "no TAP": ("OK", "hello\n", 1, 0, 0),
    "no TAP, failed": ("FAIL", "ok, goodbye\n", 0, 1, 0),
    "nothing at all": ("SKIP", "", 0, 0, 1),
}


def count(tests, notes=""):
    """The last line and the status."""
    lines, status = lines_of(tests, notes)
    return lines[-1], status


def lines_of(tests, notes=""):
    with tempfile.TemporaryDirectory() as folder:
        log, note = (os.path.join(folder, name) for name in ("log", "note"))
        with open(log, "w", encoding="utf-8") as out:
            for result, stdout in tests:
                out.write(json.dumps({"name": "t", "result": result,
                                      "stdout": stdout}) + "\n")
        with open(note, "w", encoding="utf-8") as out:
            out.write(notes)
        done = subprocess.run(
            [sys.executable, os.path.join(TESTS, "count.py"), note, log],
            capture_output=True, text=True, check=False)
    return done.stdout.splitlines(), done.returncode


def check_case(result, stdout, *counts):
    line, status = count([(result, stdout)])
    tap.check_equal(line, "%d passed, %d failed, %d skipped" % counts)
    tap.check_equal(status, 1 if counts[1] or not counts[0] else 0)


def check_sum():
    line, status = count([("OK", "1..1\nok 1\n"), ("SKIP", "")],
                         "passed\tfuzz_a\nfailed\tfuzz_b\n")
    tap.check_equal((line, status), ("2 passed, 1 failed, 1 skipped", 1))


def check_reasons():
    """What failed says why, at the end of a long log."""
    lines, _ = lines_of([("ERROR", "1..3\nok 1 - a\n# fine\nnot ok 2 - b\n"
                          "# got 1\nok 3 - c\n# 0.1 s\n"),
                         ("TIMEOUT", "ok 1 - z\n# slow\n")])
    tap.check_equal(lines[1:-1], ["failed: t: b", "    not ok 2 - b",
                                  "    # got 1", "failed: t: TIMEOUT",
                                  "    ok 1 - z", "    # slow"])


tap.run([(name, lambda case=case: check_case(*case))
         for name, case in CASES.items()]
        + [("several logs and notes", check_sum),
           ("why it failed", check_reasons)])
