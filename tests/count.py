#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts test cases in meson's testlog.json files, each TAP line a case.

usage: count.py NOTES [TESTLOG...]

NOTES holds "passed|failed|skipped TAB what" lines of the caller's own.  Names
every failure, with what it said, and every skip, then prints "N passed, N
failed, N skipped"; exits 1 if anything failed.
"""
import json
import re
import sys

LINE = re.compile(r"^(not ok|ok)(?=\s|$)(?:\s+(\d+))?(?:\s*-?\s*([^#]*))?"
                  r"(?:#\s*(\w+)\s*(.*))?")
PLAN = re.compile(r"^1\.\.(\d+)\s*(?:#\s*(?:SKIP|skip)\S*\s*(.*))?")
N_MOST, N_LAST = 60, 15  # lines


def count_tap(text):
    """Yields (outcome, what) for each case in TEXT; none if it is not TAP."""
    planned, seen = None, 0
    for line in text.splitlines():
        plan = PLAN.match(line)
        if plan:
            planned = int(plan.group(1))
            if planned == 0:
                yield "skipped", plan.group(2) or "no case"
            continue
        case = LINE.match(line)
        if not case:
            continue
        seen += 1
        verdict, _, name, directive, reason = case.groups()
        directive = (directive or "").lower()
        name = (name or "").strip()
        if directive.startswith("skip"):
            yield "skipped", f"{name} ({reason})"
        elif directive == "todo" or verdict == "ok":
            yield "passed", name
        else:
            yield "failed", name
    for _ in range(seen, planned or 0):
        yield "failed", "a planned case that never ran"


def count_test(test):
    """Yields (outcome, what) for each case of one entry of a testlog."""
    cases = list(count_tap(test.get("stdout") or ""))
    yield from cases
    is_bad = test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL")
    if is_bad and not any(outcome == "failed" for outcome, _ in cases):
        yield "failed", test["result"]
    elif not cases:
        yield ("skipped" if test["result"] == "SKIP" else "passed"), ""


def complaints(test):
    """The lines of a failed TEST that say why: those behind each "not ok" and
    the last that it wrote; never too many to read."""
    found, is_bad = [], False
    for line in (test.get("stdout") or "").splitlines():
        case = LINE.match(line)
        if case:
            is_bad = case.group(1) == "not ok"
        if is_bad:
            found.append(line)
    last = (test.get("stdout") or "").splitlines()[-N_LAST:]
    error = (test.get("stderr") or "").splitlines()[-N_LAST:]
    return (found[:N_MOST] or last) + error


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}

    def add(outcome, what):
        counts[outcome] += 1
        if outcome != "passed":
            print(f"{outcome}: {what}")

    print()
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                cases = list(count_test(test))
                for outcome, what in cases:
                    add(outcome, f"{test['name']}: {what}")
                if any(outcome == "failed" for outcome, _ in cases):
                    for said in complaints(test):
                        print("    " + said)
    with open(sys.argv[1], encoding="utf-8") as notes:
        for line in notes:
            add(*line.rstrip("\n").split("\t", 1))
    print("{passed} passed, {failed} failed, {skipped} skipped"
          .format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
