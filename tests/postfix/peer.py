# SPDX-License-Identifier: LGPL-2.1-or-later
"""An SMTP server that refuses mail the way the world does: what it answers is
chosen by the recipient's local part, up to the first dot."""
import smtplib
import socketserver
import threading

# local part: (when, reply)
MANNERS = {
    "gone": ("rcpt", "550 5.1.1 <{rcpt}>: Recipient address rejected: "
                     "User unknown in virtual mailbox table"),
    "plain": ("rcpt", "550 No such user here"),
    "full": ("rcpt", "552 5.2.2 <{rcpt}>: Mailbox full, over quota"),
    "full4": ("rcpt", "452 4.2.2 <{rcpt}>: Mailbox full, over quota"),
    "grey": ("rcpt", "451 4.7.1 <{rcpt}>: Greylisted, please try again "
                     "later"),
    "blocked": ("rcpt", "554 5.7.1 Service unavailable; Client host "
                        "[192.0.2.25] blocked using bl.example"),
    "spam": ("dot", "554 5.7.1 Message rejected as spam"),
    "large": ("rcpt", "552 5.3.4 Message size exceeds fixed limit"),
    "moved": ("rcpt", "551 5.1.6 User has moved"),
    "away": ("close", ""),
}


class Session(socketserver.StreamRequestHandler):
    def say(self, *lines):
        last = len(lines) - 1
        for number, line in enumerate(lines):
            mark = " " if number == last else "-"
            self.wfile.write(f"{line[:3]}{mark}{line[4:]}\r\n".encode())
        self.wfile.flush()

    def handle(self):
        try:
            self.converse()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def converse(self):
        sender, recipients = "", []
        self.say("220 peer.example ESMTP")
        for line in self.rfile:
            verb, _, rest = line.decode("utf-8", "replace").strip() \
                .partition(" ")
            verb = verb.upper()
            path = rest.partition(":")[2].strip().split(">")[0].lstrip("<")
            if verb in ("EHLO", "HELO"):
                self.say("250 peer.example", "250 PIPELINING",
                         "250 ENHANCEDSTATUSCODES", "250 8BITMIME",
                         "250 SMTPUTF8")
            elif verb == "MAIL":
                sender, recipients = path, []
                self.say("250 2.1.0 Ok")
            elif verb == "RCPT":
                when, reply = self.manner(path)
                if when == "close":
                    return
                if when == "rcpt":
                    self.say(reply.format(rcpt=path))
                else:
                    recipients.append(path)
                    self.say("250 2.1.5 Ok")
            elif verb == "DATA":
                if not recipients:
                    self.say("554 5.5.1 No valid recipients")
                    continue
                self.say("354 Go on")
                self.take(sender, recipients)
                recipients = []
            elif verb in ("RSET", "NOOP"):
                recipients = [] if verb == "RSET" else recipients
                self.say("250 2.0.0 Ok")
            elif verb == "QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("502 5.5.2 Unknown")

    def manner(self, path):
        local = path.partition("@")[0].lower().strip('"')
        name = local.partition(".")[0]
        return MANNERS.get(name, ("", ""))

    def read_message(self):
        body = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            body.append(line[1:] if line.startswith(b".") else line)
        return b"".join(body)

    def take(self, sender, recipients):
        body = self.read_message()
        refusals = [reply for when, reply in map(self.manner, recipients)
                    if when == "dot"]
        if refusals:
            self.say(refusals[0])
            return
        with self.server.lock:
            for rcpt in recipients:
                self.server.accepted.append((sender, rcpt, body))
        self.say("250 2.0.0 Ok: queued")


class Peer(socketserver.ThreadingTCPServer):
    """Listens on a free port of the loopback; .accepted holds what it took
    as (sender, recipient, message)."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, session=Session):
        super().__init__(("127.0.0.1", 0), session)
        self.accepted, self.lock = [], threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stop(self):
        self.shutdown()
        self.server_close()


class FilterSession(Session):
    def manner(self, path):
        return "", ""

    def take(self, sender, recipients):
        with smtplib.SMTP("127.0.0.1", self.server.behind) as back:
            back.sendmail(sender, recipients, self.read_message())
        with self.server.lock:
            self.server.accepted.append((sender, recipients))
        self.say("250 2.0.0 Ok: handed back")


class Filter(Peer):
    """A content filter: what it takes it hands back to the port BEHIND."""

    def __init__(self, behind):
        self.behind = behind
        super().__init__(FilterSession)
