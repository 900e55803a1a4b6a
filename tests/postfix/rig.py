# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole site in a scratch directory: a private Postfix wired as one of
contrib/postfix says, a peer that refuses mail, and verpd."""
import atexit
import os
import re
import select
import shutil
import socket
import tempfile
import threading

import daemon
import instance
import peer

BUILD = os.path.abspath(os.environ.get("VERPD_BUILD", os.path.join(
    daemon.SOURCE, "build")))
CONTRIB = os.path.join(daemon.SOURCE, "contrib", "postfix")
DOMAIN = daemon.DOMAIN


def scratch():
    """A directory that goes when the program does, unless KEEP is set."""
    path = tempfile.mkdtemp(prefix="verpd-")
    os.chmod(path, 0o755)  # Postfix and verpd are other users
    if not os.environ.get("KEEP"):
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def is_sanitized():
    """Whether BUILD is one whose memory says nothing."""
    with open(os.path.join(BUILD, "compile_commands.json"),
              encoding="utf-8") as commands:
        return "-fsanitize=" in commands.read(200000)


class Site:
    """Wiring is a directory of contrib/postfix; its pieces are used as they
    are, but for names and paths."""

    def __init__(self, wiring="own-domain", main="", master="", text="",
                 **settings):
        self.scratch = scratch()
        self.wiring = wiring
        self.peer = peer.Peer()
        self.verpd = daemon.Verpd(self.scratch, BUILD, instance.HOSTNAME,
                                  text, **settings)
        self.postfix = instance.PrivatePostfix(
            self.scratch, self.peer.port, self.piece("main.cf") + main,
            self.piece("master.cf") + master)
        table = re.search(r"(?:texthash|regexp):/etc/postfix/([\w.-]+)",
                          self.piece("main.cf", False)).group(1)
        with open(os.path.join(self.postfix.etc, table), "w",
                  encoding="utf-8") as out:
            out.write(self.piece("transport"))
        atexit.register(self.stop)

    def piece(self, name, is_here=True):
        """A piece of contrib/postfix, with the names of this site if
        IS_HERE."""
        with open(os.path.join(CONTRIB, self.wiring, name),
                  encoding="utf-8") as text:
            piece = text.read()
        if not is_here:
            return piece
        for old, new in {
                "bounces.example.com": DOMAIN,
                "example\\.com": DOMAIN.replace(".", "\\."),
                "/etc/postfix": os.path.join(self.scratch, "postfix", "etc"),
                "/usr/sbin/verpctl deliver":
                    f"{self.verpd.bin}/verpctl -c {self.verpd.conf} deliver",
                "user=verpd": "user=" + self.verpd.user,
        }.items():
            piece = piece.replace(old, new)
        return piece

    def start(self):
        self.verpd.init()
        self.postfix.start()
        if self.wiring != "pipe":
            self.verpd.activate(self.postfix.private("verpd"), "postfix")
            self.verpd.start()
        return self

    def stop(self):
        self.postfix.stop()
        self.verpd.kill()
        self.peer.stop()
        atexit.unregister(self.stop)


class Loss:
    """A proxy before the LMTP socket PATH that loses replies: while .losses
    is more than 0 it lets the server take a message, waits for its answer,
    and hangs up instead of passing it on.  .taken counts those."""

    def __init__(self, path, behind):
        self.behind, self.losses, self.taken = behind, 0, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(32)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.relay, args=(client,),
                             daemon=True).start()

    def relay(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.behind)
        with client, server:
            self.pass_on(client, server)

    def pass_on(self, client, server):
        sent = b""
        while True:
            ready = select.select([client, server], [], [])[0]
            if client in ready:
                data = client.recv(65536)
                if not data:
                    return
                sent = (sent + data)[-5:]
                server.sendall(data)
            if server in ready:
                data = server.recv(65536)
                if not data:
                    return
                if self.losses > 0 and sent.endswith(b"\r\n.\r\n"):
                    self.losses -= 1
                    self.taken += 1
                    return
                client.sendall(data)
