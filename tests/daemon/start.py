#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starting: what verpd refuses, with which status, and what systemd hands it.
"""
import os
import re
import signal
import socket
import stat
import subprocess

from daemon import Client, Daemon, Site, VERPD, report, run, tap

USAGE, NOPERM, CONFIG, TEMPFAIL = 64, 77, 78, 75


def refused(status, what, *options, site=None):
    """Runs verpd, which must leave with STATUS and say WHAT."""
    conf = ["-c", site.conf] if site else []
    done = subprocess.run([VERPD, "-f", *conf, *options], text=True,
                          capture_output=True, check=False, timeout=60)
    tap.check_equal(done.returncode, status, done.stderr)
    tap.check(what in done.stderr, f'"{what}" is not in', done.stderr)


def test_options():
    refused(USAGE, "Unknown option", "--what")
    refused(USAGE, "Unexpected argument", "now")
    done = subprocess.run([VERPD, "-V"], text=True, capture_output=True,
                          check=True)
    tap.check(done.stdout.startswith("verpd "), done.stdout)
    done = subprocess.run([VERPD, "--help"], text=True, capture_output=True,
                          check=True)
    options = re.findall(r"(?:-(\w), )?--([a-z-]+)", done.stdout)
    tap.check(len(options) >= 7, options)
    page = os.path.join(os.path.dirname(__file__), "..", "..", "man",
                        "verpd.8")
    with open(page, encoding="utf-8") as lines:
        described = [line for line in lines if line.startswith(".It Fl")]
    for short, long in options:
        tap.check(any(f"Fl Fl {long} " in line.replace("\n", " ") and
                      (not short or f".It Fl {short} ," in line)
                      for line in described), f"--{long} is not in verpd(8)")


def test_root_is_refused():
    if os.geteuid() != 0:
        raise tap.Skip("not root")
    refused(NOPERM, "not as root", site=Site())


def test_check_only():
    site = Site()
    done = subprocess.run([VERPD, "-n", "-c", site.conf], text=True,
                          capture_output=True, check=True)
    tap.check_equal(done.stdout, f"{site.conf}: all right\n")
    with open(site.conf, "a", encoding="utf-8") as conf:
        conf.write("what = 1\n")
    refused(CONFIG, f"{site.conf}:", "-n", site=site)
    refused(CONFIG, "/no/such/file", "-n", "-c", "/no/such/file")


def test_bad_configurations():
    for settings, what in (
            ({"keys": "/no/such/keys"}, "/no/such/keys"),
            ({"store": "/no/such/store"}, "/no/such/store"),
            ({"listen_group": "no such group"}, "listen_group names"),
            ({"listen": ["inet:127.0.0.1:25"]}, "25"),
            ({"listen": ["inet:0.0.0.0:2424"]}, "allow_remote"),
            ({"listen": ["unix:/no/such/dir/lmtp"]}, "/no/such/dir/lmtp")):
        site = Site()
        site.configure(**settings)
        refused(CONFIG, what, "--allow-root", site=site)


def test_second_daemon_on_the_same_store():
    site = Site()
    first = Daemon(site)
    site.configure(listen=["unix:" + site.socket + "2"])
    refused(CONFIG, "another daemon", "--allow-root", site=site)
    tap.check(not os.path.exists(site.socket + "2"), "it listened")
    client = first.connect()
    client.deliver(report(1), site.tokens[0])
    client.quit()
    first.stop()
    Daemon(site).stop()


def test_second_daemon_on_the_same_socket():
    site, other = Site(), Site()
    first = Daemon(site)
    other.configure(listen=["unix:" + site.socket])
    refused(TEMPFAIL, "another process is listening", "--allow-root",
            site=other)
    first.connect().quit()
    first.stop()


def test_socket_of_a_killed_daemon_is_replaced():
    site = Site()
    daemon = Daemon(site)
    client = daemon.connect()
    client.deliver(report(1), site.tokens[0])
    daemon.signal(signal.SIGKILL)
    daemon.wait(-signal.SIGKILL)
    tap.check(os.path.exists(site.socket), "it was removed")
    daemon = Daemon(site)
    client = daemon.connect()
    [reply] = client.deliver(report(1), site.tokens[0])
    tap.check_equal(reply, b"250 2.0.0 duplicate")
    daemon.stop()


def test_mode_of_the_socket():
    site = Site(listen_mode="0606")
    daemon = Daemon(site)
    tap.check_equal(stat.S_IMODE(os.stat(site.socket).st_mode), 0o606)
    daemon.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_inet():
    port = free_port()
    site = Site(listen=[f"inet:127.0.0.1:{port}"])
    daemon = Daemon(site)
    client = Client(("127.0.0.1", port))
    client.deliver(report(1), site.tokens[0])
    client.quit()
    daemon.stop()
    # at once again, though connections of the last one still fade
    Daemon(site).stop()


def test_sockets_from_systemd():
    """LISTEN_FDS; the configured addresses are not used then."""
    site = Site()
    path = os.path.join(site.root, "activated")
    local = socket.socket(socket.AF_UNIX)
    local.bind(path)
    local.listen()
    inet = socket.socket()
    inet.bind(("127.0.0.1", 0))
    inet.listen()
    # connected before there is a daemon: nobody is turned away
    early = Client(path, hello=False)
    script = ('export LISTEN_PID=$$ LISTEN_FDS=2; '
              f'exec 3<&{local.fileno()} 4<&{inet.fileno()}; exec "$@"')
    daemon = Daemon(site, argv0=["bash", "-c", script, "bash"],
                    pass_fds=(local.fileno(), inet.fileno()))
    early.expect(220)
    early.close()
    for where in (path, inet.getsockname()):
        client = Client(where)
        client.deliver(report(1), site.tokens[0])
        client.quit()
    tap.check(not os.path.exists(site.socket), "listens elsewhere, too")
    daemon.stop()
    tap.check(os.path.exists(path), "removed what is not its own")


def test_readiness():
    site = Site()
    daemon = Daemon(site, ready=False)
    got = daemon.wait_notify("READY=1")
    tap.check("STATUS=listening on unix:" + site.socket in got, got)
    # ready means ready
    daemon.connect().quit()
    daemon.stop()


run([test_options,
     test_root_is_refused,
     test_check_only,
     test_bad_configurations,
     test_second_daemon_on_the_same_store,
     test_second_daemon_on_the_same_socket,
     test_socket_of_a_killed_daemon_is_replaced,
     test_mode_of_the_socket,
     test_inet,
     test_sockets_from_systemd,
     test_readiness])
