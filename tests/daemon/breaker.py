#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A receiver that refuses many at once: the daemon says so, and the last of
them need no message after them to be looked back at."""
import daemon
from daemon import Daemon, Site, report, tap

REFUSED = 120


def test_opens_by_itself():
    site = Site()
    verpd = Daemon(site)
    client = verpd.connect()
    for number, token in enumerate(site.mint("news", REFUSED)):
        client.deliver(report(number, f"user{number}@example.org"), token)
    verpd.log_has("circuit breaker open: host example.org: ")
    tap.wait_for("all held", lambda: site.query(
        "SELECT cause, count(*) FROM suppressions GROUP BY cause")
        == [("held", REFUSED)], daemon.PATIENCE)
    tap.check_equal(verpd.log().count("circuit breaker open"), 1)
    verpd.stop()
    site.verpctl("verify")


daemon.run([test_opens_by_itself])
