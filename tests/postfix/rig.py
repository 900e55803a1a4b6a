# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole site in a scratch directory: a private Postfix wired as one of
contrib/postfix says, a peer that refuses mail, and verpd."""
import atexit
import os
import re
import select
import shlex
import socket
import subprocess
import tempfile
import threading

import daemon
import instance
import peer
import tap

BUILD = os.path.abspath(os.environ.get("VERPD_BUILD", os.path.join(
    daemon.SOURCE, "build")))
CONTRIB = os.path.join(daemon.SOURCE, "contrib", "postfix")
DOMAIN = daemon.DOMAIN


# Waits for the end of standard input, that is, of us, however it comes: a
# test that is killed for being slow leaves no Postfix behind.
JANITOR = """
cat >/dev/null
[ -d "$1/postfix/spool" ] && postfix -c "$1/postfix/etc" stop >/dev/null 2>&1
pid=$(cat "$1/verpd/pid" 2>/dev/null) &&
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = verpd ] && kill -9 "$pid"
mountpoint -q "$1/verpd/state" && umount -l "$1/verpd/state"
[ -n "$KEEP" ] || rm -rf "$1"
"""


def scratch():
    """A directory that goes when the program does, with all that runs in it;
    with KEEP in the environment the files stay."""
    path = tempfile.mkdtemp(prefix="verpd-")
    os.chmod(path, 0o755)  # Postfix and verpd are other users
    # pylint: disable-next=consider-using-with
    janitor = subprocess.Popen(["bash", "-c", JANITOR, "janitor", path],
                               stdin=subprocess.PIPE, start_new_session=True,
                               env={"KEEP": "", **os.environ})
    atexit.register(janitor.communicate)
    return path


def is_sanitized():
    """Whether BUILD is one whose memory says nothing."""
    with open(os.path.join(BUILD, "compile_commands.json"),
              encoding="utf-8") as commands:
        return "-fsanitize=" in commands.read(200000)


class Site:
    """Wiring is a directory of contrib/postfix; its pieces are used as they
    are, but for names and paths."""
    options = []  # of `verpctl postfix-config`

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
        self.transport(self.piece("transport"))
        atexit.register(self.stop)

    def transport(self, text):
        """Makes TEXT the transport table."""
        name = re.search(r"(?:texthash|regexp):/etc/postfix/([\w.-]+)",
                         self.piece("main.cf", False)).group(1)
        with open(os.path.join(self.postfix.etc, name), "w",
                  encoding="utf-8") as out:
            out.write(text)

    def piece(self, name, is_here=True):
        """A piece of contrib/postfix, with the names of this site if
        IS_HERE."""
        with open(os.path.join(CONTRIB, self.wiring, name),
                  encoding="utf-8") as text:
            piece = text.read()
        return self.localize(piece) if is_here else piece

    def localize(self, piece):
        """PIECE with the names of this site."""
        for old, new in {
                "bounces.example.com": DOMAIN,
            "bounces.example.org": DOMAIN,
                "example\\.com": DOMAIN.replace(".", "\\."),
                "/etc/postfix": os.path.join(self.scratch, "postfix", "etc"),
                "user=verpd": "user=" + self.verpd.user,
        }.items():
            piece = piece.replace(old, new)
        # wherever it will be installed
        return re.sub(r"/[\w/]+/verpctl deliver", f"{self.verpd.bin}"
                      f"/verpctl -c {self.verpd.conf} deliver", piece)

    def start(self):
        self.verpd.init()
        self.postfix.start()
        if self.wiring != "pipe":
            self.verpd.activate(self.postfix.private("verpd"), "postfix")
            for service in ("map", "policy"):
                self.verpd.activate(
                    self.postfix.private("verpd-" + service), "postfix",
                    service)
            self.verpd.start()
        return self

    def stop(self):
        self.postfix.stop()
        self.verpd.kill()
        self.peer.stop()
        atexit.unregister(self.stop)

    def verpctl(self, command, *options):
        """As root does, for private/ is closed to others; with the Postfix of
        this site."""
        return subprocess.run(
            [os.path.join(self.verpd.bin, "verpctl"), "-c", self.verpd.conf,
             command, "--postfix", self.postfix.etc, *options],
            text=True, capture_output=True, check=False, timeout=60)

    def config(self, *options):
        """What is printed, for this site."""
        done = self.verpctl("postfix-config", *self.options, *options)
        tap.check_equal((done.returncode, done.stderr), (0, ""))
        return self.localize(done.stdout)

    def commands(self):
        """The postconf(1) commands that are to be run."""
        return [line for line in self.config().splitlines()
                if line.startswith("postconf ")]

    def wire(self):
        """Does what is printed."""
        if "--fragments" in self.options:
            self.insert(self.config())
            return
        # what verpd writes as it starts changes what is printed
        tap.wait_for("nothing more to do", lambda: not self.wire_once())

    def wire_once(self):
        """Runs the commands, and tells how many there were."""
        lines = self.commands()
        for line in lines:
            flag, assignment = shlex.split(line)[1:]
            done = self.postfix.command("postconf", flag, assignment)
            tap.check_equal((done.returncode, done.stderr), (0, ""), line)
        return len(lines)

    def insert(self, text):
        """Puts fragments where their comments say."""
        main, master = text.split("### master.cf")
        parameters = dict(instance.join_parameters(
            instance.lines_of(self.postfix.file("main.cf"))))
        parameters.update(instance.join_parameters(main))
        self.postfix.write("main.cf", "".join(
            f"{name} = {value}\n" for name, value in parameters.items()))
        services = instance.lines_of(self.postfix.file("master.cf"))
        below = re.compile(r"# last below the service of (\S+)/(\S+)/\S+:\n"
                           r"(    -o .*\n)")
        for name, kind, option in below.findall(master):
            services, found = re.subn(
                rf"(?m)^{re.escape(name)} +{kind} .*\n(?:[ \t].*\n)*",
                lambda block, option=option: block[0] + option, services)
            tap.check_equal(found, 1, name)
        self.postfix.write("master.cf", services + below.sub("", master))


class Wired(Site):
    """A site wired by what `verpctl postfix-config` prints for it, given
    OPTIONS: as commands, or as fragments if they say so."""

    def __init__(self, *args, options=(), **settings):
        self.options = list(options)
        super().__init__(*args, **settings)

    def piece(self, name, is_here=True):
        return ""

    def transport(self, text):
        """It stands in main.cf."""

    def start(self):
        super().start()
        self.wire()
        self.postfix.reload()
        return self


class Loss:
    """A proxy before the LMTP socket BEHIND that loses answers: as often as
    lose() says it lets the server take a message, waits for its answer, and
    hangs up instead of passing it on."""

    def __init__(self, path, behind):
        self.behind, self.losses, self.after_loss = behind, 0, None
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(32)
        threading.Thread(target=self.accept, daemon=True).start()

    def lose(self, count, after_loss=None):
        self.losses, self.after_loss = count, after_loss

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
                sent = (sent + data)[-11:]
                server.sendall(data)
            if server in ready:
                data = server.recv(65536)
                # Postfix sends QUIT behind the dot without waiting.
                if data[:3] == b"250" and self.is_lost(sent):
                    return
                if not data:
                    return
                client.sendall(data)
                sent = b""

    def is_lost(self, sent):
        with self.lock:
            if self.losses == 0 or b"\r\n.\r\n" not in sent:
                return False
            if self.after_loss:
                self.after_loss()
            self.losses -= 1
            return True
