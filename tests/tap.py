# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test Anything Protocol for the Python tests: a test is a function, a failed
assertion or any exception fails it, Skip skips it."""
import sys
import time
import traceback


class Skip(Exception):
    """Raised by a test that cannot run here; the text says why."""


def comment(text):
    for line in str(text).splitlines():
        print("#", line, flush=True)


def skip_all(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(0)


def check(claim, *about):
    """Fails the test unless CLAIM; ABOUT is what was seen instead."""
    if not claim:
        raise AssertionError("\n".join(str(item) for item in about))


def check_equal(got, wanted, what=""):
    check(got == wanted, what, f"got    {got!r}", f"wanted {wanted!r}")


def wait_for(what, probe, seconds=30, every=0.05):
    """Calls PROBE until its answer is true and returns that; what does not
    come within SECONDS fails the test."""
    end = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(every)


def run(tests, after=None):
    """Runs TESTS, (name, function) pairs or functions, and exits.  AFTER is
    called with each test's name when it is over and may fail it too."""
    cases = [case if isinstance(case, tuple) else
             (case.__name__.removeprefix("test_").replace("_", " "), case)
             for case in tests]
    wanted = sys.argv[1:]
    if wanted:
        cases = [case for case in cases
                 if any(word in case[0] for word in wanted)]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(cases, 1):
        started = time.monotonic()
        try:
            function()
            if after:
                after(name)
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except Exception:  # a test may fail in any way at all
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            comment(traceback.format_exc())
        comment(f"{time.monotonic() - started:.1f} s")
    sys.exit(1 if failed else 0)
