#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""import, export and scrub: what they do, say and exit with.

usage: test_lists.py VERPCTL
"""
import csv
import io
import json
import os
import pty
import random
import sqlite3
import subprocess
import threading

from rig import VERPCTL, Site, tap

WHY = ["--reason", "moved here", "--actor", "ana"]


def check_whole(site):
    tap.check("0 differences" in site.run("verify"))


def imported(site, text, *argv, status=0):
    """The counts of an import of TEXT."""
    rows = site.rows("import", *WHY, *argv, "-", input=text, status=status)
    check_whole(site)
    return {name: n for name, n in rows[0].items()
            if isinstance(n, int) and n > 0 and name != "dry_run"}


def suppressions(site):
    return {(row["address"], row["stream"], row["cause"], row["since"],
             row["until"], row["note"]) for row in site.rows("list",
                                                             "--expired")}


def scrubbed(site, text, *argv, status=0):
    done = site.start("scrub", *argv, input=text)
    tap.check_equal(done.returncode, status, done.stderr)
    return done.stdout, done.stderr.decode()


SENDGRID = """status,reason,email,created
5.1.1,"550 5.1.1 No, such user",Ana@Example.org,1443651125
4.2.2,452 4.2.2 mailbox full,bob@example.org,1443651125
5.7.1,550 5.7.1 blocked,carla@example.org,1443651125
5.1.1,none,nonsense,1443651125
"""


def test_import():
    site = Site()
    want = {"added": 1, "soft": 2, "bad": 1}
    tap.check_equal(imported(site, SENDGRID, status=65), want)
    want = {"unchanged": 1, "soft": 2, "bad": 1}
    tap.check_equal(imported(site, SENDGRID, status=65), want)
    row, = site.rows("list")
    tap.check_equal((row["address"], row["cause"], row["stream"],
                     row["since"], row["note"], row["event"]),
                    ("ana@example.org", "hard", "", "2015-09-30T22:12:05Z",
                     "550 5.1.1 No, such user", 0))
    site.run("check", "ana@example.org", "--stream", "transactional",
             status=1)
    story = site.run("why", "ana@example.org")
    tap.check("ana: \"moved here: 550 5.1.1 No, such user\"" in story, story)


def test_import_says_what_is_wrong():
    site = Site()
    done = site.start("import", *WHY, "-", input=SENDGRID)
    tap.check(b"standard input:5: address \"nonsense\": there is no @"
              in done.stderr, done.stderr)
    tap.check(b"- (sendgrid): 1 added, 2 soft" in done.stdout, done.stdout)
    tap.check(b"1 bad lines; 1 hard" in done.stdout, done.stdout)
    for argv in (["--format", "x"], ["--cause", "x"], ["--stream", "x"],
                 ["--cause", "hard", "--stream", "transactional"]):
        site.run("import", *WHY, *argv, "-", status=64)
    site.run("import", "-", status=64)
    site.run("import", *WHY, site.path("nothing"), status=66)
    done = site.start("import", *WHY, "-",
                      input="a@x.test\n".encode("utf-16"))
    tap.check_equal(done.returncode, 65)
    tap.check(b"UTF-16" in done.stderr, done.stderr)
    # a list that may be of complaints or of unsubscriptions
    text = "email,created\na@x.test,1443651125\n"
    done = site.start("import", *WHY, "-", input=text)
    tap.check_equal(done.returncode, 64)
    tap.check(b"--cause" in done.stderr, done.stderr)
    tap.check_equal(imported(site, text, "--cause", "complaint"),
                    {"added": 1})
    path = site.path("unsubscribes.csv")
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    site.run("import", *WHY, path)
    tap.check_equal({row["cause"] for row in site.rows("list")},
                    {"hard", "complaint", "unsubscribe"})


CUT_OFF = {
    "a.json": '[{"email":"a@x.test"},\n{"email":"b@x.test"},\n',
    "b.json": '{"items":[{"email":"a@x.test"}\n, {"email":"b@x.test"}]',
    "c.jsonl": '{"email":"a@x.test"}\n{"email":"b@x.test"}\n{"email":"c@',
    "d.csv": 'email,note\na@x.test,1\nb@x.test,2\nc@x.test,"the',
}


def test_cut_off():
    site = Site()
    for name, text in CUT_OFF.items():
        with open(site.path(name), "w", encoding="ascii") as out:
            out.write(text)
        done = site.start("import", *WHY, "--strict", site.path(name))
        tap.check_equal((done.returncode, done.stdout), (65, b""), name)
        tap.check_equal(site.rows("list"), [], name)
    for name, text in CUT_OFF.items():
        done = site.start("import", *WHY, site.path(name))
        line = text.count("\n") + (not text.endswith("\n"))
        tap.check_equal(done.returncode, 65, name)
        tap.check(f"{name}:{line}: ".encode() in done.stderr, name,
                  done.stderr)
        tap.check(b", 1 bad line" in done.stdout, name, done.stdout)
        tap.check_equal(len(site.rows("list")), 2, name)
    # an array of nothing is a whole one
    tap.check_equal(imported(site, "[]"), {})


def test_what_is_not_utf8():
    """import, scrub and add read an address alike."""
    site = Site()
    names = b'"J\xf6rg" <Joerg@x.test>\n'
    for text, status in ((names, 0), (b"j\xf6rg@x.test\n", 65),
                         (b"a@m\xfcller.test\n", 65),
                         (b"a@x.test\0b\n", 65),
                         ("a@m\u00fcller.test\n".encode(), 0)):
        for argv in (["import", *WHY, "-"], ["scrub", "--format", "plain"],
                     ["add", *WHY, "--file", "-", "--stream", "marketing"]):
            done = site.start(*argv, input=text)
            tap.check_equal(done.returncode, status,
                            (argv, text, done.stderr))
            tap.check(status == 0 or b"input:1: address" in done.stderr,
                      done.stderr)
    tap.check_equal({(row["address"], row["original"])
                     for row in site.rows("list")},
                    {("joerg@x.test", "Joerg@x.test"),
                     ("a@xn--mller-kva.test", "a@m\u00fcller.test")})
    tap.check_equal(scrubbed(site, b"email,name\nnew@x.test,J\xf6rg\n"),
                    (b"email,name\nnew@x.test,J\xf6rg\n", "verpctl scrub: "
                     "marketing: 1 records, 1 kept, 0 rejected, 0 bad\n"))


def test_what_cannot_be_read():
    site = Site()
    commands = (["import", *WHY], ["scrub"], ["add", *WHY, "--file"],
                ["release", *WHY, "--file"], ["delivered"], ["ingest-log"],
                ["classify"], ["rules", "test", "-f"])
    for argv in commands:
        for name in (site.root, site.path("nothing"), "/proc/self/mem"):
            if argv == ["classify"] and name == site.root:
                continue   # stands for all files in it
            done = site.start(*argv, name)
            tap.check(done.returncode == 66 or
                      name == "/proc/self/mem" and done.returncode in (66, 75),
                      argv, name, done.returncode, done.stderr)
            tap.check(name.encode() + b": " in done.stderr, done.stderr)
    for argv in commands[:-1] + (["token", "mint", "--campaign", "a"],):
        place = os.open(site.root, os.O_RDONLY)
        done = site.start(*argv, *([] if argv[0] == "token" else ["-"]),
                          stdin=place)
        os.close(place)
        tap.check_equal(done.returncode, 66, (argv, done.stderr))


def test_long_lines():
    site = Site()
    long = "x" * 70000
    for argv in (["add", *WHY, "--file", "-"], ["import", *WHY, "-"],
                 ["scrub"]):
        done = site.start(*argv, input=f"a@x.test\n{long}\nb@x.test\n{long}")
        tap.check_equal(done.returncode, 65, (argv, done.stderr))
        for line in (2, 4):
            tap.check(f"input:{line}: too long".encode() in done.stderr,
                      done.stderr)
    tap.check_equal(len(site.rows("list")), 2)


def test_strict():
    site = Site()
    path = site.path("list.csv")
    with open(path, "w", encoding="ascii") as out:
        out.write(SENDGRID)
    for name, options in ((path, {}), ("-", {"input": SENDGRID})):
        done = site.start("import", *WHY, "--strict", name, **options)
        tap.check_equal(done.returncode, 65)
        tap.check(b"line 5 is bad" in done.stderr, done.stderr)
        tap.check_equal(site.rows("list"), [])
    done = site.start("scrub", "--strict", path)
    tap.check_equal(done.returncode, 65)


def test_dry_run():
    site = Site()
    tap.check_equal(imported(site, SENDGRID, "--dry-run", status=65),
                    {"added": 1, "soft": 2, "bad": 1})
    tap.check_equal(site.rows("list"), [])
    # what stands there twice is counted as it would be
    text = ("x;cause;since;address;until\n"
            + "".join(f";{cause};2020-01-01;{name}@x.test;{until}\n"
                      for name, cause, until in (
                          ("a", "hard", "2090-01-01"),
                          ("b", "hard", "forever"),
                          ("a", "complaint", "forever"),
                          ("a", "hard", "2091-01-01"),
                          ("B", "hard", "forever"),
                          ("a", "hard", "2091-01-01"))))
    for argv in (["--dry-run"], []):
        tap.check_equal(imported(site, text, "--format", "verpd", *argv),
                        {"added": 3, "lengthened": 1, "unchanged": 2})


def test_streams():
    site = Site()
    text = "mail;type\na@x.test;opt-out\nb@x.test;hard\nc@x.test;manual\n"
    imported(site, text)
    imported(site, text, "--stream", "transactional")
    tap.check_equal({row[:3] for row in suppressions(site)},
                    {("a@x.test", "marketing", "unsubscribe"),
                     ("a@x.test", "transactional", "unsubscribe"),
                     ("b@x.test", "", "hard"), ("c@x.test", "", "manual"),
                     ("c@x.test", "transactional", "manual")})


def test_released():
    """Last month's list does not undo what was decided since."""
    site = Site()
    imported(site, SENDGRID, status=65)
    site.run("release", "ana@example.org", "--reason", "lives")
    want = {"released": 1, "soft": 2, "bad": 1}
    tap.check_equal(imported(site, SENDGRID, status=65), want)
    site.run("check", "ana@example.org")
    imported(site, SENDGRID, "--again", status=65)
    site.run("check", "ana@example.org", status=1)


def test_round_trip():
    site, other, third = Site(), Site(), Site()
    site.run("add", "+ana@example.org", "=1+1@example.org",
             "--reason", "=HYPERLINK(\"x\")")
    site.run("add", "'bob@example.org", "--reason", "a, b\n\"c\"",
             "--until", "30d", "--stream", "transactional")
    imported(site, "mail;type;date;reason\ncé@x.test;opt-out;2015-09-30;x\n"
             "d@x.test;complaint;2015-09-30;y\n")
    imported(site, json.dumps({
        "address": "e@x.test", "stream": "", "cause": "soft",
        "since": "2015-09-30T22:12:05Z", "until": "2099-01-01T00:00:00Z",
        "note": "  two  blanks"}))
    sheet = site.run("export")
    tap.check("\n\"'+ana@example.org\",,manual," in sheet, sheet)
    for line in csv.reader(io.StringIO(sheet)):
        for value in line:
            tap.check(value[:1] not in tuple("=+-@\t\r"), value)
    imported(other, sheet)
    tap.check_equal(suppressions(other), suppressions(site))
    imported(third, site.run("export", "--format", "jsonl"))
    tap.check_equal(suppressions(third), suppressions(site))
    tap.check_equal(third.run("export", "--format", "jsonl"),
                    other.run("export", "--format", "jsonl"))
    tap.check_equal(imported(site, sheet), {"unchanged": 6})
    plain = other.run("export", "--format", "plain")
    tap.check_equal(len(plain.splitlines()), 6)
    tap.check_equal(imported(other, plain, "--cause", "block"), {"added": 6})


def test_export_filters():
    site = Site()
    imported(site, "mail;type\na@x.test;opt-out\nb@x.test;complaint\n"
             "c@x.test;hard\n")
    site.run("add", "d@x.test", "--reason", "x", "--until", "1s")
    with sqlite3.connect(site.path("verpd.db")) as db:
        db.execute("UPDATE suppressions SET since = 1, until = 2"
                   " WHERE cause = 'manual'")
    db.close()

    def plain(*argv):
        return site.run("export", "--format", "plain", *argv).split()
    tap.check_equal(plain(), ["a@x.test", "b@x.test", "c@x.test"])
    # complaints do not count there
    tap.check_equal(plain("--stream", "transactional"), ["c@x.test"])
    tap.check_equal(plain("--stream", "marketing"),
                    ["a@x.test", "b@x.test", "c@x.test"])
    tap.check_equal(plain("--cause", "complaint"), ["b@x.test"])
    tap.check_equal(len(site.run("export").splitlines()), 4)
    tap.check_equal(len(site.run("export", "--include-expired")
                        .splitlines()), 5)
    site.run("export", "--format", "x", status=64)
    site.run("export", "--cause", "x", status=64)
    site.run("export", "--stream", "x", status=64)
    site.run("export", "--format", "plain", "--include-expired", status=64)


SUPPRESSED = "mail;type\nana@x.test;hard\nbob@x.test;complaint\n" \
    "cleo@x.test;opt-out\n"


def test_scrub():
    site = Site()
    imported(site, SUPPRESSED)
    rejected = site.path("rejected")
    cases = [
        # plain, with everything that is no address left as it is
        (b"\xef\xbb\xbfdan@x.test\r\n# who\nANA@X.test\n\n<eve@x.test> \n"
         b"bob@x.test",
         b"\xef\xbb\xbfdan@x.test\r\n# who\n\n<eve@x.test> \n"),
        # by the name of the column
        (b"id;E-Mail;other\n1;dan@x.test;ana@x.test\n2;ana@x.test;\"x\ny\"\n"
         b"3;eve@x.test;\"x\n\"\"y\"\n",
         b"id;E-Mail;other\n1;dan@x.test;ana@x.test\n3;eve@x.test;\"x\n"
         b"\"\"y\"\n"),
        # by what is in it
        (b"1,Dan <dan@x.test>\n2,\"B\xe9 <bob@x.test>\"\n",
         b"1,Dan <dan@x.test>\n"),
        (b"a\tb\n1\tdan@x.test\n2\tbob@x.test\n",
         b"a\tb\n1\tdan@x.test\n"),
        (b'{"n":1,"email":"dan@x.test"}\n{"email":"\\u0061na@x.test"}\n',
         b'{"n":1,"email":"dan@x.test"}\n'),
    ]
    for text, kept in cases:
        tap.check_equal(scrubbed(site, text)[0], kept)
    said = scrubbed(site, cases[0][0], "--rejected", rejected)[1]
    tap.check("marketing: 4 records, 2 kept, 2 rejected (1 hard, "
              "1 complaint), 0 bad" in said, said)
    with open(rejected, "rb") as lines:
        tap.check_equal(lines.read(), b"hard\t3\tANA@X.test\n"
                        b"complaint\t6\tbob@x.test\n")
    text = cases[1][0]
    tap.check_equal(scrubbed(site, text, "--column", "3", status=65)[0],
                    b"id;E-Mail;other\n")
    tap.check_equal(scrubbed(site, text, "--column", "other", status=65)[0],
                    b"id;E-Mail;other\n")
    out, said = scrubbed(site, b"bob@x.test\ncleo@x.test\nana@x.test\n",
                         "--stream", "transactional")
    tap.check_equal(out, b"bob@x.test\ncleo@x.test\n")
    tap.check("2 kept, 1 rejected (1 hard)" in said, said)
    with open(site.path("list"), "wb") as out:
        out.write(cases[0][0])
    tap.check_equal(site.start("scrub", site.path("list")).stdout,
                    cases[0][1])


def test_scrub_bad_lines():
    site = Site()
    rejected = site.path("rejected")
    out, said = scrubbed(site, b"dan@x.test\nnonsense\n\"a b@\n", "--rejected",
                         rejected, status=65)
    tap.check_equal(out, b"dan@x.test\n")
    tap.check("standard input:2: " in said and "standard input:3: " in said,
              said)
    tap.check("1 kept, 0 rejected, 2 bad" in said, said)
    with open(rejected, "rb") as lines:
        tap.check_equal(lines.read(), b"bad\t2\tnonsense\nbad\t3\t\"a b@\n")
    for argv in (["--stream", "x"], ["--format", "x"], ["--column", ""],
                 ["a", "b"]):
        site.run("scrub", *argv, status=64)
    site.run("scrub", "--rejected", site.path("no/such"), status=73)
    # not a bad line of each: their readers take the output with 65
    done = site.start("scrub", "--column", "adress",
                      input="id,address\n1,a@x.test\n")
    tap.check_equal((done.returncode, done.stdout), (64, b""))
    tap.check(b"no such column, only id, address" in done.stderr, done.stderr)
    site.run("scrub", site.path("nothing"), status=66)


def test_full_disk():
    """Output that cannot be written is no success."""
    site = Site()
    with open("/dev/full", "wb") as full:
        for argv in (["scrub"], ["export"]):
            done = subprocess.run([VERPCTL, "-c", site.conf, *argv],
                                  input=b"dan@x.test\n" * 50000, stdout=full,
                                  stderr=subprocess.PIPE, check=False)
            tap.check_equal((argv, done.returncode), (argv, 74))


def random_address(dice):
    form = dice.choice(["ana{}", "Bob{}", "c.d{}", "e+f{}", "\"x y{}\"",
                        ".g..{}.", "é{}"])
    return (form.format(dice.randrange(60)) + "@"
            + dice.choice(["x.test", "Y.test", "bücher.test"]))


def test_scrub_agrees_with_check():
    """Of a random list over a random store: line by line what check says, by
    look-ups (a short list) and from memory (a long one)."""
    dice = random.Random(20261122)
    site = Site()
    for cause, stream in (("hard", ""), ("complaint", ""),
                          ("unsubscribe", "marketing"),
                          ("unsubscribe", "transactional"), ("manual", ""),
                          ("manual", "transactional"), ("soft", "")):
        text = "".join(json.dumps({
            "address": random_address(dice), "stream": stream,
            "cause": cause, "since": "2015-09-30",
            "until": dice.choice(["forever", "2099-01-01", "2016-01-01"]),
            "note": ""}) + "\n" for _ in range(40))
        imported(site, text)
    # the rest of the store is large, so that a short list is looked up
    imported(site, "".join(f"other{i}@z.test\n" for i in range(2000)))
    addresses = sorted({random_address(dice) for _ in range(80)})
    compare(site, addresses, dice)
    # now with what stands above recipients
    with sqlite3.connect(site.path("verpd.db")) as db:
        rows = [("suppress", None, "y.test", 0, "", "", None),
                ("suppress", None, "test", 1, "transactional", "", None),
                ("suppress", None, "x.test", 1, "", "", 2),
                ("allow", None, "xn--bcher-kva.test", 0, "marketing",
                 "complaint manual", None),
                ("allow", None, "y.test", 0, "", "", None),
                *(("allow", recipient, "", 0, "", "", None)
                  for recipient in range(1, 200, 3))]
        db.executemany(
            "INSERT INTO entries (kind, recipient_id, domain, subdomains,"
            " stream, overrides, since, until, note)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, ?, '')", rows)
    db.close()
    compare(site, addresses, dice)


def compare(site, addresses, dice):
    """scrub with check, in two streams, in both of its ways; and export."""
    for stream in ("marketing", "transactional"):
        may = {}
        for address in addresses:
            done = site.start("check", address, "--stream", stream, "--json")
            tap.check(done.returncode in (0, 1), address, done.stderr)
            may[address] = json.loads(done.stdout)
        exported = site.run("export", "--format", "plain", "--stream",
                            stream).splitlines()
        for address in addresses:
            answer = may[address]
            # what a domain's entry alone keeps back has no row of its own
            if answer["may_send"] or answer["domain"] is None:
                tap.check_equal(answer["address"] in exported,
                                not answer["may_send"], answer)
        for times in (1, 40):
            sheet = "id,mail\n"
            want, why = sheet, []
            for _ in range(times):
                for address in addresses:
                    quoted = '"' + address.replace('"', '""') + '"'
                    line = f"{dice.randrange(9)},{quoted}\n"
                    sheet += line
                    if may[address]["may_send"]:
                        want += line
                    else:
                        why.append(may[address]["cause"])
            out, _ = scrubbed(site, sheet, "--stream", stream, "--rejected",
                              site.path("rejected"))
            tap.check_equal(out.decode(), want)
            with open(site.path("rejected"), encoding="utf-8") as lines:
                tap.check_equal([line.split("\t")[0] for line in lines], why)
            tap.check(0 < len(why) <= times * len(addresses))


def test_large_lists():
    """Several transactions, read while it is written, and progress on a
    terminal."""
    site = Site()
    text = "".join(f"u{i:06}@x{i % 7}.test\n" for i in range(60000))
    path = site.path("list")
    with open(path, "w", encoding="ascii") as out:
        out.write(text)
    failures = []

    def ask():
        for i in range(5):
            done = site.start("add", f"mine{i}@x.test", "--reason", "x")
            if done.returncode != 0:
                failures.append(done.stderr)
    thread = threading.Thread(target=ask)
    thread.start()
    leader, follower = pty.openpty()
    done = site.start("import", *WHY, "--cause", "hard", path,
                      capture_output=False, stdout=subprocess.PIPE,
                      stderr=follower)
    os.close(follower)
    tap.check_equal(done.returncode, 0)
    seen = b""
    while True:
        try:
            some = os.read(leader, 65536)
        except OSError:
            break
        if not some:
            break
        seen += some
    os.close(leader)
    thread.join()
    tap.check_equal(failures, [])
    tap.check(b"%" in seen or seen == b"", seen)
    check_whole(site)
    tap.check_equal(len(site.run("export", "--format", "plain")
                        .splitlines()), 60005)
    tap.check_equal(scrubbed(site, text + "new@x.test\n")[0],
                    b"new@x.test\n")


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
