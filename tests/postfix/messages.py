# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages of our own making: a campaign's mail, and reports on it."""
import email.utils
import uuid

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@{reporter}>
To: {to}
Subject: Undelivered Mail Returned to Sender
Date: {date}
Message-ID: <{id}@{reporter}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="=_{id}"

This is a MIME-encapsulated message.

--=_{id}
Content-Type: text/plain; charset=utf-8

This is the mail system at host {reporter}.

<{recipient}>: {diagnostic}

--=_{id}
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporter}
{fields}Arrival-Date: {date}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.far.example
Diagnostic-Code: smtp; {diagnostic}

--=_{id}
Content-Type: text/rfc822-headers

From: Newsletter <news@sender.example>
To: {recipient}
Subject: Issue 42
Message-ID: <issue-42.{id}@sender.example>

--=_{id}--
"""

CAMPAIGN = """\
From: Newsletter <news@sender.example>
To: reader@example.org
Subject: {subject}
Message-ID: <{id}@sender.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Dear reader, this is our newsletter.
"""


def report(to, recipient, status="5.1.1",
           diagnostic="550 5.1.1 User unknown", action="failed",
           reporter="mx.far.example", fields="", name=""):
    """A delivery report on RECIPIENT, as text with LF lines."""
    return REPORT.format(
        to=to, recipient=recipient, status=status, diagnostic=diagnostic,
        action=action, reporter=reporter, fields=fields,
        date=email.utils.formatdate(), id=name or uuid.uuid4().hex)


def campaign(subject="Issue 42"):
    return CAMPAIGN.format(subject=subject, id=uuid.uuid4().hex)


def wire(text):
    """TEXT as LMTP's DATA wants it."""
    lines = text.encode() if isinstance(text, str) else text
    return b"\r\n".join(
        b"." + line if line.startswith(b".") else line
        for line in lines.replace(b"\r\n", b"\n").split(b"\n"))
