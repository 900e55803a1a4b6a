# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power cuts at random points while a daemon and a command write to one store:
nothing acknowledged may be lost, nothing may be there twice, and the store has
to open and recount.  Each condition that makes this true is taken away once,
and the loss must be seen.

usage: powerloss.py LOAD RECORDER [WORD...]"""
import collections
import fcntl
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import replay  # noqa: E402
import tap     # noqa: E402

LOAD, RECORDER = sys.argv[1:3]
del sys.argv[1:3]

MESSAGES = 330  # enough frames for checkpoints
POINTS = 400
PROOF_POINTS = 60
SECONDS = 50
SYNC_FAILED = 2  # exit status of load


class Store:
    """A store in a directory of its own, and the record of what becomes of
    it."""

    def __init__(self, top):
        self.directory = pathlib.Path(top, "store")
        self.directory.mkdir()
        self.path = self.directory / "s.db"
        self.log = pathlib.Path(top, "log")
        subprocess.run([LOAD, "create", self.path], check=True)
        self.before = {file.name: file.read_bytes()
                       for file in self.directory.iterdir()}

    def start(self, verb, *arguments, count=MESSAGES, **environment):
        return subprocess.Popen(
            [LOAD, verb, str(self.path), str(count), *arguments],
            stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, LD_PRELOAD=RECORDER,
                     POWERLOSS_DIR=str(self.directory),
                     POWERLOSS_LOG=str(self.log), **environment))

    def run(self, *arguments, status=0, **options):
        finish(self.start(*arguments, **options), status)

    def wait_for_log(self):
        """Until the daemon has opened the store."""
        tap.wait_for("the write-ahead log",
                     lambda: pathlib.Path(f"{self.path}-wal").exists())


def finish(process, status=0):
    _, errors = process.communicate(timeout=SECONDS)
    tap.check_equal(process.returncode, status, errors)


def check(files, acknowledged, where):
    """What is wrong with these files, as a list of words."""
    for name, content in files.items():
        pathlib.Path(where, name).write_bytes(content)
    found = subprocess.run([LOAD, "check", f"{where}/s.db"], text=True,
                           capture_output=True, timeout=SECONDS)
    for file in pathlib.Path(where).iterdir():
        file.unlink()
    if found.returncode != 0:
        return ["damaged: " + found.stderr.strip()]
    times = collections.Counter(found.stdout.split())
    wrong = [f"message {number} is there {count} times"
             for number, count in times.items() if count != 1]
    lost = acknowledged - set(times)
    if lost:
        wrong.append(f"{len(lost)} acknowledged messages or ids lost")
    return wrong


def somewhere(operations, points, share=0.0, choose=random.Random(1)):
    """POINTS places after that SHARE of the record, and its end."""
    first = int(share * len(operations))
    return [choose.randrange(first, len(operations))
            for _ in range(points - 1)] + [len(operations) - 1]


def after_failure(operations, points):
    """The places right after the failed sync, and some of those that follow."""
    first = next(at for at, operation in enumerate(operations)
                 if operation.kind == "F")
    after = list(range(first, len(operations)))
    return (after[:points // 2] +
            somewhere(operations, points // 2, first / len(operations)))


def acknowledgements(operations, name):
    return [at for at, operation in enumerate(operations)
            if operation.kind == "A" and operation.name == name]


def cut(store, choose_places, *arguments):
    """Cuts the power at the places that CHOOSE_PLACES gives; what was wrong,
    by place."""
    operations = replay.read(store.log)
    places = sorted(choose_places(operations, *arguments))
    choose = random.Random(1)
    disk, wrong, played = replay.Disk(store.before), [], 0
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as where:
        for place in places:
            for operation in operations[played:place + 1]:
                disk.play(operation)
            played = place + 1
            mode = choose.choice(replay.MODES)
            wrong += [f"at {place} of {len(operations)} ({mode}): {what}"
                      for what in check(disk.cut(mode, choose.random),
                                        disk.acknowledged, where)]
    tap.comment(f"{len(operations)} operations, {len(places)} cuts, "
                f"{len(disk.acknowledged)} acknowledged, "
                f"{len(wrong)} times something wrong")
    return wrong


def in_store(function):
    def test():
        with tempfile.TemporaryDirectory(prefix="verpd-powerloss-") as top:
            function(Store(top))
    test.__name__ = function.__name__
    return test


def check_nothing_wrong(wrong):
    tap.check(not wrong, *wrong[:10])


def check_seen(wrong):
    """Of a run with a condition taken away."""
    tap.check(wrong, "nothing was lost: this test would not see it")


@in_store
def test_daemon_and_pipe(store):
    daemon = store.start("daemon")
    store.wait_for_log()
    pipe = store.start("pipe")
    finish(daemon)
    finish(pipe)
    check_nothing_wrong(cut(store, somewhere, POINTS))


@in_store
def test_proof_daemon_without_sync(store):
    store.run("daemon", "no-sync")
    check_seen(cut(store, somewhere, PROOF_POINTS))


@in_store
def test_proof_duplicates_without_sync(store):
    daemon = store.start("daemon")
    store.wait_for_log()
    pipe = store.start("pipe", "no-sync")
    finish(daemon)
    finish(pipe)
    check_seen(cut(store, acknowledgements, "ack-pipe"))


@in_store
def test_proof_checkpoint_without_sync(store):
    store.run("daemon", "no-sync-in-checkpoint")
    check_seen(cut(store, somewhere, PROOF_POINTS, 0.5))


@in_store
def test_proof_disk_that_lies(store):
    store.run("daemon", POWERLOSS_LIE="1")
    check_seen(cut(store, somewhere, PROOF_POINTS))


@in_store
def test_proof_id_without_sync(store):
    store.run("daemon", "any-id")
    check_seen(cut(store, acknowledgements, "ack-signer"))


def acknowledged(store, who):
    file = store.directory / f"ack-{who}"
    return set(file.read_text().split()) if file.exists() else set()


def lose_a_sync(store, name, number):
    """The daemon meets a sync that fails, and must leave at once."""
    store.run("daemon", status=SYNC_FAILED,
              POWERLOSS_FAIL_SYNC=f"{name}:{number}")
    operations = replay.read(store.log)
    failed = [at for at, operation in enumerate(operations)
              if operation.kind == "F"]
    tap.check_equal(len(failed), 1, "failed syncs")
    later = {operation.kind for operation in operations[failed[0] + 1:]}
    tap.check("A" not in later, "acknowledged after a sync that failed")
    return len(acknowledged(store, "daemon"))


@in_store
def test_sync_of_log_fails(store):
    # Of the log: the header, then one a batch.
    acked = lose_a_sync(store, "s.db-wal", 20)
    tap.check(0 < acked < MESSAGES, acked)
    # Another daemon is told of everything again.  What it finds in the log
    # can be read, but was never written: it must not pass for a duplicate.
    store.run("daemon")
    tap.check_equal(acknowledged(store, "daemon"),
                    set(map(str, range(1, MESSAGES + 1))))
    check_nothing_wrong(cut(store, after_failure, POINTS))


@in_store
def test_sync_in_checkpoint_fails(store):
    # Of the database: once when opened, if there is a log; then checkpoints.
    acked = lose_a_sync(store, "s.db", 1)
    tap.check(0 < acked < MESSAGES, acked)
    store.run("daemon")
    check_nothing_wrong(cut(store, after_failure, POINTS))


@in_store
def test_sync_of_young_log_fails(store):
    # A log just begun holds few pages; the database is full of others.  If
    # recovery moved what was never synced into it, and the power went before
    # the log was gone, that short log would be played over newer pages.
    store.run("daemon")
    lose_a_sync(store, "s.db-wal", 4)
    store.run("daemon")
    check_nothing_wrong(cut(store, after_failure, POINTS))


@in_store
def test_recovery_fails(store):
    store.run("daemon", status=SYNC_FAILED,
              POWERLOSS_FAIL_SYNC="s.db-wal:20")
    before = acknowledged(store, "daemon")
    store.run("daemon", status=SYNC_FAILED, POWERLOSS_FAIL_SYNC="s.db:1")
    tap.check_equal(acknowledged(store, "daemon"), before,
                    "acknowledged without recovery")
    store.run("daemon")
    check_nothing_wrong(cut(store, after_failure, POINTS))


@in_store
def test_command_after_lost_sync(store):
    lose_a_sync(store, "s.db-wal", 20)
    known = stored(store)
    tap.check(known > len(acknowledged(store, "daemon")),
              "nothing was left unacknowledged")
    store.run("pipe", count=known)
    check_nothing_wrong(cut(store, after_failure, POINTS))
    check_nothing_wrong(cut(store, acknowledgements, "ack-pipe"))


@in_store
def test_proof_command_without_recovery(store):
    lose_a_sync(store, "s.db-wal", 20)
    known = stored(store)
    # With the daemon's lock held it believes that one is there to recover.
    with open(f"{store.path}.lock", "r+b") as lock:
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK,
                    struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        store.run("pipe", count=known)
    check_seen(cut(store, acknowledgements, "ack-pipe"))


def stored(store):
    """How many messages can be read, in a copy."""
    with tempfile.TemporaryDirectory() as copy:
        for suffix in "", "-wal":
            shutil.copy(f"{store.path}{suffix}", copy)
        found = subprocess.run([LOAD, "check", f"{copy}/s.db"], check=True,
                               capture_output=True)
    return sum(word.isdigit() for word in found.stdout.decode().split())


tap.run([test_daemon_and_pipe, test_proof_daemon_without_sync,
         test_proof_duplicates_without_sync,
         test_proof_checkpoint_without_sync, test_proof_id_without_sync,
         test_proof_disk_that_lies,
         test_sync_of_log_fails, test_sync_of_young_log_fails,
         test_sync_in_checkpoint_fails,
         test_recovery_fails, test_command_after_lost_sync,
         test_proof_command_without_recovery])
