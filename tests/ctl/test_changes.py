# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may be changed in a message, and nobody dies of it.

Each message of tests/messages, and of the shared corpus where there is one, is
judged as it is and again after each of the changes below.  Some must not make
an address hard that was not: a legal footer, a subject that talks of bounces,
names that are words.  Others must not save one that was: letters in another
case, blanks of another kind, digits of another width.  Nothing of the corpus is
copied but into a directory that is removed.

Of the shared corpus a part is taken for each change, always the same; all of
it with VERPD_ALL=1 in the environment."""
import json
import os
import re
import zlib

import rig
from rig import tap

SHARED = os.environ.get("VERPD_SHARED") or os.path.join(rig.SOURCE, "..",
                                                        "shared")
OWN = os.path.join(rig.SOURCE, "tests", "messages")
PART = 1 if os.environ.get("VERPD_ALL") else 6  # one of so many
BATCH = 1000  # files in a call
SITE = rig.Site(init=False)


# ---- reading a message, as little as is needed ----

def halves(raw):
    """Header and body, the empty line with the header."""
    match = re.search(rb"\r?\n\r?\n|\r\r", raw)
    return (raw[:match.end()], raw[match.end():]) if match else (raw, b"")


def line_end(raw):
    return b"\r\n" if b"\r\n" in raw else b"\n" if b"\n" in raw else b"\r"


def boundary(header):
    found = re.search(rb'boundary\s*=\s*("([^"\r\n]+)"|[^\s;"]+)', header,
                      re.IGNORECASE)
    return found and (found.group(2) or found.group(1))


def text_span(raw):
    """Where the words of the first part, or of the message, are; None: they
    are encoded, or are no words."""
    header, body = halves(raw)
    start, end = len(header), len(raw)
    mark = boundary(header)
    if mark:
        lines = [found.start() for found in
                 re.finditer(rb"(?m)^--" + re.escape(mark), raw)
                 if found.start() >= start]
        if len(lines) < 2:
            return None
        inner, _ = halves(raw[lines[0]:lines[1]])
        header, start, end = inner, lines[0] + len(inner), lines[1]
    if re.search(rb"(?i)content-transfer-encoding:\s*(base64|x-uu)", header):
        return None
    if re.search(rb"(?i)content-type:(?!\s*text/plain)", header):
        return None
    return (start, end) if raw[start:end].strip() else None


def words_of(reply):
    """What was said, where it stands in one piece; longer than a code."""
    return reply.encode() if len(reply) > 12 else None


# ---- changes that must not make anybody hard ----

FOOTERS = {
    "legal footer": "This message is for the person named in it. If the "
    "address is unknown to you, or such a user does not exist at your company, "
    "delete it.",
    "footer of old numbers": "Please note that our old fax number and our old "
    "postal address are no longer in use.",
    "ticket numbers": "Ticket 5.1.1, release 5.2.1, ref. 550-5.1.1-77",
    "versions and dates": "MailGate 5.1.1 (build 2019.5.1), host 5.1.1.25, 550 "
    "Main Street",
    "footer of unknown names": "Requests of unknown users cannot be answered; "
    "shops that closed in 2019 do not exist any more.",
}


LEGAL = ("This e-mail and any attachment are confidential and meant for the "
         "addressee alone. If the recipient is unknown to you or does not "
         "exist, or you have received it in error, please notify the sender "
         "and delete it. Opinions are those of the author.")


def with_footer(text, mark="-- "):
    def change(raw, _):
        span = text_span(raw)
        if span is None:
            return None
        end = line_end(raw)
        return (raw[:span[1]].rstrip(b"\r\n") + end + end + mark.encode() +
                end + text.encode() + end + end + raw[span[1]:])
    return change


def with_header(line):
    def change(raw, _):
        if raw.startswith(b"From "):
            return None
        return line.encode() + line_end(raw) + raw
    return change


def with_subject(raw, _):
    """The subject of what came back: the last in the message."""
    header, body = halves(raw)
    if b"message/rfc822" not in body and b"rfc822-headers" not in body:
        return None
    found = list(re.finditer(rb"(?m)^Subject:[^\r\n]*", body))
    if not found:
        return None
    last = found[-1]
    return (header + body[:last.start()] +
            b"Subject: 550 5.1.1 User unknown: mailbox does not exist" +
            body[last.end():])


def with_returned_words(raw, _):
    """The mail that came back speaks of bounces."""
    header, body = halves(raw)
    mark = boundary(header)
    if not mark or not re.search(rb"(?i)content-type:\s*message/rfc822", body):
        return None
    close = body.rfind(b"--" + mark + b"--")
    opened = re.search(rb"(?i)content-type:\s*message/rfc822", body).end()
    if close < opened or re.search(rb"(?m)^--" + re.escape(mark),
                                   body[opened:close]):
        return None
    end = line_end(raw)
    words = (b"> 550 5.1.1 <x@example.net>: User unknown",
             b"> The address does not exist, says your bank.",
             b"Diagnostic-Code: smtp; 550 5.1.1 no such user")
    return (header + body[:close].rstrip(b"\r\n") + end + end +
            end.join(words) + end + end + body[close:])


def address_in(raw, event):
    name = (event["recipient"] or "").encode()
    if name.count(b"@") != 1 or len(name) < 6 or event["provider"]:
        return None
    return name if re.search(rb"(?i)(?<![\w.+-])" + re.escape(name), raw) \
        else None


def renamed(local, domain):
    """Everybody who did not get it has another name."""
    def change(raw, events):
        for event in events:
            name = address_in(raw, event)
            if name is None:
                return None
            at = name.index(b"@")
            new = ((local.encode() if local else name[:at]) + b"@" +
                   (domain.encode() + b"." if domain else b"") + name[at + 1:])
            raw = re.sub(rb"(?i)(?<![\w.+-])" + re.escape(name), lambda _: new,
                         raw)
        return raw
    return change


def redomained(words):
    """The recipients' domains begin with WORDS, wherever they are named."""
    def change(raw, events):
        names = [address_in(raw, event) for event in events]
        if not names or None in names:
            return None
        for domain in {name.split(b"@")[1].lower() for name in names}:
            raw = re.sub(rb"(?i)(?<![\w.-])((?:[\w-]+\.)*)" +
                         re.escape(domain) + rb"(?![\w-])",
                         lambda found, domain=domain: found.group(1) +
                         words.encode() + b"." + domain, raw)
        return raw
    return change


def with_sender(raw, events):
    """Who sent it has a name that says something."""
    header, _ = halves(raw)
    found = re.search(rb"(?im)^To:[^\r\n]*?([\w.+=-]+@[\w.-]+)", header)
    if not found or any(found.group(1).lower() in
                        (event["recipient"] or "").lower().encode()
                        for event in events):
        return None
    return raw.replace(found.group(1),
                       b"user-unknown@no-such-mailbox.example")


def folded(raw, _):
    """The diagnostic wrapped where it may be."""
    end = line_end(raw)

    def wrap(found):
        return found.group(1) + re.sub(rb" ", end + b"\t ", found.group(2))
    new = re.sub(rb"(?im)^(diagnostic-code:\s*\S+;?)([^\r\n]*)", wrap, raw)
    return new if new != raw else None


def speaks_utf8(raw):
    """No part says that it is in another charset."""
    return not re.search(rb"(?i)charset=\"?(?!utf-?8|us-ascii|ascii)|"
                         rb"\x1b\$[@B]", raw)


def in_diagnostic(how):
    """A change of the reply itself, wherever it stands in one piece."""
    def change(raw, events):
        done = False
        for event in events:
            said = words_of(event["diagnostic"])
            if said is None or raw.count(said) == 0:
                continue
            new = how(event["diagnostic"]).encode()
            if not new.isascii() and not speaks_utf8(raw):
                return None
            raw = raw.replace(said, new)
            done = True
        return raw if done else None
    return change


def with_tail(text):
    return in_diagnostic(lambda said: said + text)


HARMLESS = {
    **{name: with_footer(text) for name, text in FOOTERS.items()},
    "legal note without a mark": with_footer(LEGAL, ""),
    "legal note in capitals": with_footer(LEGAL.upper(), ""),
    "header of a version": with_header("X-Mailer: MailGate 5.1.1"),
    "header of a list": with_header("X-Note: 550 5.1.1 user unknown"),
    "subject of what came back": with_subject,
    "words of what came back": with_returned_words,
    "recipient called user-unknown": renamed("user-unknown", ""),
    "recipient called nobody": renamed("nobody", ""),
    "recipient called does.not.exist": renamed("does.not.exist", ""),
    "recipient's domain of words": renamed("", "no-such-user.unknown"),
    "domain of words": redomained("user-unknown.does-not-exist"),
    "sender's name of words": with_sender,
    "folded diagnostic": folded,
    "id behind the reply": with_tail(" [id 5.1.1-20261122]"),
    "address behind the reply": with_tail(" [5.1.1.25]"),
    "version behind the reply": with_tail(" (MailGate 5.1.1b)"),
}


# ---- changes that must not save anybody ----

def swap_case(said):
    """Letters alone: names and codes keep theirs by being none."""
    return said.swapcase()


def wide_digits(said):
    return re.sub(r"[0-9]", lambda digit: chr(ord(digit.group()) + 0xfee0),
                  said)


def wide(said):
    """Letters and digits, as Japanese keyboards have them."""
    return re.sub(r"[A-Za-z0-9]", lambda found:
                  chr(ord(found.group()) + 0xfee0), said)


def as_html(raw, _):
    """The same words in HTML, some of them as entities."""
    header, body = halves(raw)
    if boundary(header) or text_span(raw) is None or \
            b"quoted-printable" in header.lower():
        return None
    if re.search(rb"(?im)^content-type:(?!\s*text/plain)", header):
        return None
    if not body.isascii() or not speaks_utf8(raw):
        return None
    header = re.sub(rb"(?im)^content-type:[^\r\n]*(\r?\n[ \t][^\r\n]*)*\r?\n",
                    b"", header)
    end = line_end(raw)
    text = body.replace(b"&", b"&amp;").replace(b"<", b"&lt;")
    text = text.replace(b">", b"&gt;").replace(b"'", b"&#39;")
    text = text.replace(b" unk", b"&nbsp;&#117;nk")
    return (header.rstrip(b"\r\n") + end + b"Content-Type: text/html" + end +
            end + b"<html><body><pre>" + end + text + b"</pre></body></html>" +
            end)


FATAL = {
    "letters in the other case": in_diagnostic(swap_case),
    "small letters": in_diagnostic(str.lower),
    "capitals": in_diagnostic(str.upper),
    "two blanks": in_diagnostic(lambda said: said.replace(" ", "  ")),
    "tabs": in_diagnostic(lambda said: said.replace(" ", "\t")),
    "blanks that do not break": in_diagnostic(
        lambda said: said.replace(" ", "\u00a0")),
    "typographic blanks": in_diagnostic(
        lambda said: said.replace(" ", "\u2009")),
    "typographic quotes": in_diagnostic(
        lambda said: said.replace("'", "\u2019").replace('"', "\u201d")),
    "typographic hyphens": in_diagnostic(
        lambda said: re.sub(r"(?<=[A-Za-z])-(?=[A-Za-z])", "\u2010", said)),
    "wide digits": in_diagnostic(wide_digits),
    "wide letters": in_diagnostic(wide),
    "HTML": as_html,
    **{name: HARMLESS[name] for name in (
        "legal footer", "footer of old numbers", "ticket numbers",
        "versions and dates", "subject of what came back",
        "words of what came back", "recipient called nobody",
        "sender's name of words", "folded diagnostic")},
    "recipient called spam": renamed("spam.quota.full", ""),
    "recipient's domain of later": renamed("", "temporarily.blocked"),
    "domain of later": redomained("spam-policy.try-again-later"),
}


# ---- judging ----

def classify(paths):
    """What is said of each file, in order."""
    said = []
    for i in range(0, len(paths), BATCH):
        out = SITE.start("classify", "--json", *paths[i:i + BATCH]).stdout
        said += [json.loads(line) for line in out.splitlines()]
    return [event_list["events"] for event_list in said]


def sources():
    """Paths of messages and the part of them that is taken."""
    own = sorted(name for name in os.listdir(OWN) if name.endswith(".eml"))
    found = [(os.path.join(OWN, name), 1) for name in own]
    labels = os.path.join(SHARED, "corpus", "labels.jsonl")
    if os.path.exists(labels):
        with open(labels, encoding="utf-8") as rows:
            for row in map(json.loads, rows):
                path = os.path.join(SHARED, "corpus", row["corpus"],
                                    row["file"])
                if os.path.exists(path):
                    found.append((path, PART))
    return found


class Message:
    def __init__(self, path, part):
        self.path, self.part = path, part
        with open(path, "rb") as inp:
            self.raw = inp.read()
        self.events = []

    def is_taken(self, change):
        name = os.path.basename(self.path) + change
        return zlib.crc32(name.encode()) % self.part == 0

    def hard(self):
        return is_hard(self.events)


def is_hard(events):
    return [event["class"] == "hard" for event in events]


MESSAGES = [Message(path, part) for path, part in sources()]
for message, events in zip(MESSAGES, classify([m.path for m in MESSAGES])):
    message.events = events


def judge_changed(name, change, wanted):
    """(message, before, after) of all that WANTED takes."""
    taken = []
    folder = SITE.path("changed")
    os.makedirs(folder, exist_ok=True)
    for message in MESSAGES:
        if not message.is_taken(name) or not wanted(message):
            continue
        raw = change(message.raw, message.events)
        if raw is not None and raw != message.raw:
            path = os.path.join(folder, f"{len(taken)}.eml")
            with open(path, "wb") as out:
                out.write(raw)
            taken.append((message, path))
    after = classify([path for _, path in taken])
    tap.comment(f"{len(taken)} messages")
    return [(message, events) for (message, _), events in zip(taken, after)]


def shown(message, events):
    return [f"{message.path}: " + ", ".join(
        f"{event['recipient']} {event['class']}/{event['reason']} "
        f"by {event['rule']}" for event in events)]


def must_not_kill(name):
    def test():
        wrong = []
        for message, events in judge_changed(
                name, HARMLESS[name], lambda m: not any(m.hard())):
            if any(is_hard(events)):
                wrong += shown(message, events)
        tap.check(not wrong, *wrong)
    return f"does not kill: {name}", test


def must_not_save(name):
    def test():
        wrong = []
        for message, events in judge_changed(
                name, FATAL[name], lambda m: m.events and all(m.hard())):
            if not events or not all(is_hard(events)):
                wrong += shown(message, events)
        tap.check(not wrong, *wrong)
    return f"does not save: {name}", test


if __name__ == "__main__":
    tap.run([must_not_kill(name) for name in HARMLESS] +
            [must_not_save(name) for name in FATAL])
