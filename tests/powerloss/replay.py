# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays what recorder.c recorded up to a power cut, and builds a directory such
as might be found afterwards: what was synced is there; of what was not, any
part may be, in any order, in sectors of 512 octets."""
import collections
import struct

HEADER = struct.Struct("<cBHIQQ")
SECTOR = 512
MODES = ("none", "all", "some", "torn", "reordered")

Operation = collections.namedtuple("Operation", "kind name offset sync data")


def read(path):
    with open(path, "rb") as file:
        octets = file.read()
    operations, at = [], 0
    while at < len(octets):
        kind, name_len, _, data_len, offset, sync = HEADER.unpack_from(
            octets, at)
        at += HEADER.size
        name = octets[at:at + name_len].decode()
        at += name_len
        operations.append(Operation(kind.decode(), name, offset, sync,
                                    octets[at:at + data_len]))
        at += data_len
    return operations


def put(content, offset, data):
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset:offset + len(data)] = data


def apply(content, operation):
    if operation.kind == "W":
        put(content, operation.offset, operation.data)
    else:
        size = operation.offset
        del content[size:]
        content.extend(bytes(size - len(content)))


def apply_torn(content, operation, choose):
    if operation.kind == "T":
        return apply(content, operation)
    for at in range(0, len(operation.data), SECTOR):
        if choose() < 0.5:
            put(content, operation.offset + at,
                operation.data[at:at + SECTOR])


class Disk:
    """The directory while the record is played."""

    def __init__(self, files):
        self.durable = {name: bytearray(content)
                        for name, content in files.items()}
        self.pending = {name: [] for name in files}
        self.unnamed = set()  # created, the directory not synced since
        self.begun = {}  # syncs: the file, how much of what is pending
        self.acknowledged = set()

    def play(self, operation):
        kind, name = operation.kind, operation.name
        if kind == "A":
            self.acknowledged.update(operation.data.decode().split())
            return
        if name == "." and kind == "S":
            self.unnamed.clear()
        if name == "." or name.startswith("ack"):
            return
        if name not in self.durable:
            self.durable[name], self.pending[name] = bytearray(), []
            self.unnamed.add(name)
        if kind == "s":
            self.begun[operation.sync] = (name, len(self.pending[name]))
        elif kind in "SF":
            # After a sync that failed the kernel holds the pages for clean and
            # no later sync writes them: they can be read until the power goes,
            # and then are lost.
            self.settle(operation.sync, is_durable=kind == "S")
        elif kind in "WT":
            self.pending[name].append(operation)

    def settle(self, sync, is_durable):
        name, count = self.begun.pop(sync)
        if is_durable:
            for operation in self.pending[name][:count]:
                apply(self.durable[name], operation)
        del self.pending[name][:count]
        # Syncs of two processes may overlap.
        self.begun = {other: (of, max(0, begun - count) if of == name
                              else begun)
                      for other, (of, begun) in self.begun.items()}

    def cut(self, mode, choose):
        """The files after a power cut now."""
        files = {}
        for name, durable in self.durable.items():
            if name in self.unnamed and (mode == "none" or
                                         mode != "all" and choose() < 0.5):
                continue
            content = bytearray(durable)
            for operation in self.pending[name]:
                if mode == "none":
                    continue
                if mode in ("some", "reordered") and choose() < 0.5:
                    continue
                if mode in ("torn", "reordered"):
                    apply_torn(content, operation, choose)
                else:
                    apply(content, operation)
            files[name] = bytes(content)
        return files
