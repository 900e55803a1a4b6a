#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is an address at every door of verpctl, and what is none.

usage: test_addresses.py VERPCTL
"""
from rig import Site, tap

WHY = ["--reason", "moved here", "--actor", "ana"]

# all the ways to write one address; the first is how it is kept
SAME = [
    ["ana@x.test", "Ana@X.TEST", "<ana@x.test>", '"ana"@x.test',
     "ana@x.test."],
    # docomo and au gave them out
    [".a..b.@docomo.test", '".a..b."@Docomo.test', ".A..B.@docomo.test"],
    ['"a b"@x.test', '"a\\ b"@x.test', '"A B"@x.test'],
    ['"a@b"@x.test', '"a\\@b"@x.test'],
    ["jos\u00e9@x.test", "jose\u0301@x.test", "JOS\u00c9@x.test"],
    ["ana@xn--bcher-kva.test", "ana@b\u00fccher.test",
     "ana@B\u00dcCHER.test"],
    ["ana@[192.0.2.1]", "ana@[192.0.2.1]"],
    ["ana@[ipv6:2001:db8::1]", "ana@[IPv6:2001:DB8:0:0::1]"],
    ["l" * 70 + "@x.test", "L" * 70 + "@x.test"],
]
NONE = [
    ("a@b@x.test", "a second @ is in it, not in quotes"),
    ("a@@x.test", "a second @ is in it, not in quotes"),
    ("a b@x.test", "a blank is in it, not in quotes"),
    ('"a b@x.test', "the quotes do not end"),
    ("a(b)@x.test", 'a "(" is in it, not in quotes'),
    ("a@x..test", "what follows the @ is not a domain"),
    ("a@.test", "what follows the @ is not a domain"),
    ("a@" + "d" * 252 + ".test", "domain longer than 255 octets"),
    ("l" * 1100 + "@x.test", "address longer than 1024 octets"),
    ("@x.test", "nothing stands before the @"),
]


def test_all_spellings_are_one():
    """Held by one spelling, found and let go by any other; in lists, too."""
    for number, words in enumerate(SAME):
        site = Site()
        lines = "\n".join(words) + "\n"
        site.run("add", *WHY, words[number % len(words)])
        row, = site.rows("list")
        tap.check_equal(row["address"], words[0])
        for word in words:
            site.run("check", word, status=1)
        tap.check_equal(site.run("scrub", input="free@x.test\n" + lines),
                        "free@x.test\n")
        site.run("release", *WHY, words[-number % len(words)])
        tap.check_equal(site.rows("list"), [])
        site = Site()  # in the old one they were let go by hand
        site.rows("import", *WHY, "--cause", "manual", "-", input=lines)
        tap.check_equal([row["address"] for row in site.rows("list")],
                        [words[0]])
        exported = site.run("export", "--format", "plain")
        tap.check_equal(exported, words[0] + "\n")
        tap.check("0 differences" in site.run("verify"))


def test_what_is_none():
    """Each door says which one is none, and why; lists with the line."""
    site = Site()
    for wrong, why in NONE:
        for argv in (["add", *WHY], ["check"], ["why"],
                     ["release", *WHY], ["token", "mint", "--campaign", "n"]):
            done = site.start(*argv, wrong)
            tap.check(done.returncode not in (0, 1), argv, wrong)
            tap.check(why in done.stderr.decode(), argv, wrong, done.stderr)
        for argv in (["import", *WHY, "-"], ["scrub"],
                     ["add", *WHY, "--file", "-"]):
            text = "ok@x.test\n" + wrong + "\n"
            done = site.start(*argv, input=text)
            said = done.stderr.decode()
            tap.check_equal(done.returncode, 65, (argv, wrong, said))
            shown = wrong if len(wrong) < 100 else wrong[:90]
            for words in ("standard input:2: address \"", shown, why):
                tap.check(words in said, argv, words, said)
            tap.check(wrong not in done.stdout.decode().split("\n"), argv,
                      wrong)
        site.run("release", *WHY, "ok@x.test")
    tap.check_equal(site.rows("list"), [])


def test_return_paths():
    """The readable form bears them, in quotes where it must; Postfix's own
    form names them, whichever way it is quoted."""
    site = Site()
    for words in SAME[:2]:
        token = site.run("token", "mint", "--form",
                         "readable", "--campaign", "n", words[-1]).strip()
        tap.check_equal(token[0] == '"', ".." in words[0], token)
        for address in (token, '"' + token.split("@")[0].strip('"') + "\"@"
                        + token.split("@")[1]):
            said = site.run("token", "decode", address)
            tap.check(words[0] in said and "genuine" in said, said)
    for unsigned, address in (
            ('"n+.a..b.=docomo.test"', ".a..b.@docomo.test"),
            ("n+.a..b.=docomo.test", ".a..b.@docomo.test"),
            ('"n+a@b=x.test"', '"a@b"@x.test'),
            ("n+a=b=x.test", "a=b@x.test")):
        said = site.run("token", "decode", f"{unsigned}@bounces.example.org")
        tap.check(address in said, unsigned, said)


tap.run([case for name, case in list(globals().items())
         if name.startswith("test_")])
