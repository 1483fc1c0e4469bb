# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""A log that must be replayed: what is in it is missing from the file.

A recipe adds entries to a Journal; Image.write() fills them in at last, when the file is as
it shall be after replay, and then spoils in the file what only the log may know.
"""

import os
from dataclasses import dataclass

from . import encode as e
from .pattern import junk

SECTOR = 4096
FIRST_SECTOR, OTHER_SECTORS = 126, 128      # descriptors that fit in


@dataclass
class Entry:
    offset: int                 # in the ring
    guid: object
    sequence: int
    tail: int                   # in the ring
    flushed: int
    last: int
    changes: tuple              # as for Journal.add()
    torn: int                   # bytes of its last sector that were never written

    def length(self):
        count = len(self.changes)
        area = 1 + max(0, -(-(count - FIRST_SECTOR) // OTHER_SECTORS))
        data = sum(not isinstance(c, tuple) or isinstance(c[1], bytes) for c in self.changes)
        return (area + data) * SECTOR


class Journal:
    """Entries one behind the other in the ring of an image that has its place()."""

    def __init__(self, image, sector=0, sequence=1, guid=None):
        self.image = image
        self.ring = image.header().log_length
        self.at = sector * SECTOR
        self.sequence = sequence
        self.entries = []
        self.guid = guid
        if guid is None:
            self.guid = image.guid()
            image.set_log(log_guid=self.guid)

    def add(self, *changes, tail=0, flushed=None, last=None, torn=0):
        """Append an entry.

        A change is a page's offset in the file: that page is in the log, as it shall be, and
        junk in the file; or (offset, bytes): a page; or (offset, length): zeros.
        `tail` is the number of an entry of this journal, or -1 for this entry itself.
        """
        size = self.image.file_size
        entry = Entry(self.at, self.guid, self.sequence, 0,
                      size if flushed is None else flushed,
                      size if last is None else last, changes, torn)
        assert entry.length() <= self.ring
        self.entries.append(entry)
        entry.tail = self.entries[tail].offset
        self.image.journal.append(entry)
        self.sequence += 1
        self.at = (self.at + entry.length()) % self.ring
        return self


def resolve(f, entry):
    """The changes with the pages that shall be in the file filled in."""
    return [(c, os.pread(f.fileno(), SECTOR, c).ljust(SECTOR, b"\0"))
            if isinstance(c, int) else c for c in entry.changes]


def write_journal(f, image):
    log = image.header()
    encoded = [(entry, e.log_entry(entry.guid, entry.sequence, entry.tail, entry.flushed,
                                   entry.last, resolve(f, entry)))
               for entry in image.journal]
    for entry in image.journal:
        for change in entry.changes:
            if isinstance(change, int):
                os.pwrite(f.fileno(), junk(SECTOR), change)
    for entry, data in encoded:
        assert len(data) == entry.length()
        if entry.torn:
            data = data[:-entry.torn] + junk(entry.torn)
        for at in range(0, len(data), SECTOR):
            place = (entry.offset + at) % log.log_length
            os.pwrite(f.fileno(), data[at:at + SECTOR], log.log_offset + place)
