# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many rows at once, written past the program into a scratch store that nobody
has open: an import would take longer than all that is measured."""
import sqlite3

CAUSES = ("hard", "hard", "hard", "complaint", "manual")
CACHE_KB = 1500000  # addresses come in no order, and so do pages of the index


def fill(store, people, campaign=""):
    """Makes PEOPLE known and suppresses each; if there is a CAMPAIGN, each by
    a hard bounce of it."""
    db = sqlite3.connect(store)
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    with db:
        db.executemany(
            "INSERT INTO recipients (address, original, created)"
            " VALUES (?, '', 1)", ((address,) for address in people))
        if campaign:
            fill_events(db, campaign)
        db.execute(
            "INSERT INTO suppressions (recipient_id, stream, cause,"
            " since, until, event_id, note) SELECT id, '', CASE id % 5"
            + "".join(f" WHEN {i} THEN '{cause}'"
                      for i, cause in enumerate(CAUSES))
            + " END, 1, NULL, NULL, '' FROM recipients ORDER BY id")
    db.execute("PRAGMA journal_mode = WAL")
    db.close()


def fill_events(db, campaign):
    """A hard bounce for each recipient there is, half a year ago."""
    at = "CAST(strftime('%s', 'now', '-180 days') AS INTEGER)"
    row = {
        "at": at, "recipient_id": "recipients.id",
        "campaign_id": "campaigns.id", "token_day": at + " / 86400",
        "trust": "'signed'", "class": "'hard'", "reason": "'bad-mailbox'",
        "confidence": "0.95", "rule": "'status.5.1.1'",
        "source": "'diagnostic'", "matched": "'User unknown'",
        "status": "'5.1.1'", "smtp_code": "550", "action": "'failed'",
        "provider": "''", "remote_mta": "'mx1.mail.example'",
        "diagnostic": "'smtp; 550 5.1.1 <' || address || '>: User unknown'",
        "via": "''", "message_id": "hex(randomblob(12)) || '@mx1.example'",
        "queue_id": "hex(randomblob(6))", "client": "'192.0.2.17'",
        "step": "'hard'", "is_disabled": "0",
        "hold_until": "9223372036854775807", "rung": "0",
        "needs_review": "0", "is_counted": "1",
    }
    db.execute(
        "INSERT INTO campaigns (name, stream, created) VALUES (?, ?, 1)",
        (campaign, campaign))
    db.execute(
        f"INSERT INTO events ({', '.join(row)})"
        f" SELECT {', '.join(row.values())} FROM recipients, campaigns"
        " WHERE campaigns.name = ? ORDER BY recipients.id", (campaign,))
    # so that they are taken for counted, and nothing looks at them anew
    db.execute("UPDATE counted SET upto = (SELECT max(id) FROM events)")
