# SPDX-License-Identifier: BSL-1.0
"""What the files of journals say, read by the format of docs/journal.md alone."""
import os
import re
import struct

FIRST_PAGE = 4096
HEADER = struct.Struct("<8sII QIIII QQQ")  # of a segment
RECORD = struct.Struct("<IIQQIHH")
MARK_PLACES = (512, 1024, 1536)
MARK, WITNESS, SNAPSHOT_END = 0xff01, 0xff02, 0xff03
NAME = re.compile(r"^([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})\.journal$")


class Record:
    def __init__(self, offset, position, size, length, kind, flags):
        self.offset, self.position, self.size, self.length, self.kind, self.flags = offset, position, size, length, kind, flags


class Segment:
    """The records from the first page on, as far as their heads follow each other; checksums are not looked at."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.basename(path)
        self.epoch, self.writer, self.number = (int(part, 16) for part in NAME.match(self.name).groups())
        with open(path, "rb") as file:
            self.content = file.read()
        self.records = []
        self.acknowledged = 0
        head = HEADER.unpack_from(self.content) if len(self.content) >= FIRST_PAGE else (b"",)
        self.is_used = head[0] == b"weftjrnl"
        if not self.is_used:
            self.end = FIRST_PAGE
            return
        self.begins_snapshot = head[2] & 1 == 1
        self.first, self.acknowledged = head[8], head[9]
        for place in MARK_PLACES:
            mark = RECORD.unpack_from(self.content, place)
            if mark[5] == MARK:
                self.acknowledged = max(self.acknowledged, mark[3])
        self.walk()

    def walk(self):
        at, position = FIRST_PAGE, self.first
        while at + RECORD.size <= len(self.content):
            _, length, stands_at, acknowledged, epoch, kind, flags = RECORD.unpack_from(self.content, at)
            size = RECORD.size + (length + 7) // 8 * 8
            if stands_at != position or epoch != self.epoch or at + size > len(self.content):
                break
            self.records.append(Record(at, position, size, length, kind, flags))
            self.acknowledged = max(self.acknowledged, acknowledged)
            at += size
            position += size
        self.end = at

    def has_whole_snapshot(self):
        return self.is_used and self.begins_snapshot and any(r.kind == SNAPSHOT_END for r in self.records)


def live_journals(directory):
    """The used segments of each writer of the epoch that the next start reads, oldest first."""
    try:
        with open(os.path.join(directory, "epoch"), "rb") as file:
            live = struct.unpack_from("<I", file.read(), 16)[0]
    except FileNotFoundError:
        return []
    journals = {}
    for name in sorted(os.listdir(directory)):
        match = NAME.match(name)
        if match and int(match.group(1), 16) == live:
            segment = Segment(os.path.join(directory, name))
            if segment.is_used:
                journals.setdefault(segment.writer, []).append(segment)
    return list(journals.values())


def acknowledged(segments):
    """The position up to which something in the journal says that it had been acknowledged."""
    return max(segment.acknowledged for segment in segments)
