# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""One VHDX file in parts that can be changed before it is written.

The way of every image: make an Image, say which blocks it has, place() everything in the
file, change what shall be odd or wrong, write(). Checksums are computed while writing,
so whatever was changed, they are right unless `damage` says otherwise.
"""

import os
import random
import struct
import zlib
from dataclasses import dataclass
from uuid import UUID

from . import encode as e
from .encode import KIB, MIB
from .journal import write_journal
from .pattern import Pattern, junk, runs
from .sectors import inverse, set_bits

ITEMS_OFFSET = 64 * KIB


@dataclass
class Header:
    sequence: int
    file_write: UUID
    data_write: UUID
    log_guid: UUID = e.NULL
    log_version: int = 0
    version: int = 1
    log_length: int = MIB
    log_offset: int = 0
    damage: str = ""            # "signature" or "checksum"
    reserved: bytes = b""


@dataclass(eq=False)
class Region:
    guid: UUID
    length: int
    flags: int = 1
    offset: int = 0


@dataclass
class RegionTable:
    regions: list
    count: int = None           # if it shall be a lie
    reserved: int = 0
    behind: bytes = b""         # after the last entry
    damage: str = ""


@dataclass
class Item:
    guid: UUID
    data: bytes
    flags: int
    offset: int = None
    length: int = None
    reserved: int = 0


@dataclass
class Block:
    state: int
    offset: int = None          # None: place() finds room if the state needs it
    fill: str = "edges"         # see pattern.runs()
    anchor: bool = False        # UNDEFINED or UNMAPPED, with its old contents kept
    sectors: list = None        # PARTIAL: those that are here, (first, count); None: all


@dataclass
class Bitmap:
    data: bytes = b""
    state: int = e.PRESENT
    offset: int = None


class Image:
    def __init__(self, name, disk_size, block_size=MIB, logical=512, physical=4096, *,
                 fixed=False, parent=False, creator="vhdx test images"):
        self.name = name
        self.seed = zlib.crc32(name.encode())
        self.rng = random.Random(self.seed)
        self.disk_size, self.block_size = disk_size, block_size
        self.logical, self.physical = logical, physical
        self.fixed, self.parent = fixed, parent
        self.disk_id = self.guid()

        self.signature, self.creator = b"vhdxfile", creator
        guids = {"file_write": self.guid(), "data_write": self.guid()}
        self.headers = [Header(7, **guids), Header(8, **guids)]
        self.log_entries = []       # (offset in the ring, bytes)
        self.journal = []           # journal.Entry, in the order in which they are written

        self.bat_region = Region(e.BAT, -(-self.bat_entries() * 8 // MIB) * MIB)
        self.metadata_region = Region(e.METADATA, MIB)
        self.regions = [self.bat_region, self.metadata_region]
        self.tables = [RegionTable(self.regions), RegionTable(self.regions)]

        self.items = [
            Item(e.FILE_PARAMETERS, struct.pack("<II", block_size, fixed | parent << 1),
                 e.REQUIRED),
            Item(e.DISK_SIZE, struct.pack("<Q", disk_size), e.REQUIRED | e.VIRTUAL_DISK),
            Item(e.LOGICAL_SECTOR_SIZE, struct.pack("<I", logical),
                 e.REQUIRED | e.VIRTUAL_DISK),
            Item(e.PHYSICAL_SECTOR_SIZE, struct.pack("<I", physical),
                 e.REQUIRED | e.VIRTUAL_DISK),
            Item(e.DISK_ID, self.disk_id.bytes_le, e.REQUIRED | e.VIRTUAL_DISK),
        ]
        self.item_count = None      # if it shall be a lie
        self.metadata_signature = b"metadata"
        self.metadata_reserved = 0

        self.blocks = {}            # number -> Block
        self.bitmaps = {}           # chunk -> Bitmap; made by place() if there are sectors
        self.slices = {}            # block number -> bytes: bits that must not be read
        self.bat = {}               # index -> entry; filled in by place()
        self.order = ["log", "metadata", "bat", "payload"]
        self.block_order = sorted   # of the block numbers, in the file
        self.gap = 0                # bytes of junk before each block
        self.patches = []           # (offset in the file, bytes), written last
        self.file_size = None

    def guid(self):
        return UUID(bytes=self.rng.randbytes(16))

    # -- geometry (2.5) --

    @property
    def ratio(self):
        return (1 << 23) * self.logical // self.block_size

    @property
    def block_count(self):
        return -(-self.disk_size // self.block_size)

    @property
    def chunk_count(self):
        return -(-self.block_count // self.ratio)

    def bat_entries(self):
        if self.parent:
            return self.chunk_count * (self.ratio + 1)
        return self.block_count + (self.block_count - 1) // self.ratio

    def payload_index(self, block):
        return block + block // self.ratio

    def bitmap_index(self, chunk):
        return (chunk + 1) * self.ratio + chunk

    def used(self, block):
        """Bytes of a block that belong to the disk."""
        return min(self.block_size, self.disk_size - block * self.block_size)

    # -- saying what is in it --

    def present(self, *numbers, fill="edges"):
        for number in numbers:
            assert 0 <= number < self.block_count, number
            self.blocks[number] = Block(e.PRESENT, fill=fill)

    def partial(self, number, sectors, fill="full"):
        assert 0 <= number < self.block_count, number
        self.blocks[number] = Block(e.PARTIAL, fill=fill, sectors=sectors)

    def item(self, guid):
        return next(i for i in self.items if i.guid == guid)

    def header(self):
        """The one that counts."""
        return max(self.headers, key=lambda h: (not h.damage, h.sequence))

    def set_log(self, **fields):
        for h in self.headers:
            for key, value in fields.items():
                setattr(h, key, value)

    # -- placing --

    def place(self):
        """Give everything that has no offset yet one, in self.order, and fill the BAT."""
        self._place_items()
        self._make_bitmaps()
        self.end = MIB
        for what in self.order:
            if what == "log":
                self.set_log(log_offset=self.end)
                self.end += self.headers[0].log_length
            elif what == "payload":
                self._place_blocks()
                self._place_bitmaps()
            elif what == "bitmaps":
                self._place_bitmaps()
            elif isinstance(what, int):
                self.end += what
            else:
                region = {"bat": self.bat_region,
                          "metadata": self.metadata_region}.get(what, what)
                region.offset = self.end
                self.end += region.length
        if self.file_size is None:
            self.file_size = self.end
        return self

    def _place_items(self):
        at = ITEMS_OFFSET
        for item in self.items:
            if item.length is None:
                item.length = len(item.data)
            if item.offset is None:
                item.offset = at if item.length else 0
                at += item.length

    def _place_blocks(self):
        for number in self.block_order(self.blocks):
            block = self.blocks[number]
            if block.offset is None:
                block.offset = 0
                if block.state in (e.PRESENT, e.PARTIAL) or block.anchor:
                    block.offset = self._take(self.block_size)
            self.bat[self.payload_index(number)] = block.offset | block.state

    # Blocks that are there only in part need a bitmap; bits of other blocks may be in it, too.
    def _make_bitmaps(self):
        size = MIB // self.ratio
        slices = dict(self.slices)
        for number, block in self.blocks.items():
            if block.state != e.PARTIAL or block.sectors is None:
                continue
            beyond = (self.block_size - self.used(number)) // self.logical
            stale = [(8 * size - beyond, beyond)] if beyond else []
            slices[number] = set_bits(block.sectors + stale, size)
        for number, data in slices.items():
            bitmap = self.bitmaps.setdefault(number // self.ratio, Bitmap(bytearray(MIB)))
            at = number % self.ratio * size
            bitmap.data[at:at + len(data)] = data

    def _place_bitmaps(self):
        for chunk, bitmap in self.bitmaps.items():
            if bitmap.offset is None:
                bitmap.offset = self._take(MIB)
            self.bat[self.bitmap_index(chunk)] = bitmap.offset | bitmap.state

    def _take(self, length):
        for at in range(self.end, self.end + self.gap, MIB):
            self.patches.append((at, junk(4 * KIB)))
        offset = self.end + self.gap
        self.end = offset + length
        return offset

    # -- writing --

    def write(self, path, model=None):
        """Write the file; model(offset, bytes) gets what the guest must see."""
        with open(path, "w+b", buffering=0) as f:
            self._write_payload(f, model or (lambda offset, data: None))
            for chunk in self.bitmaps.values():
                put(f, chunk.offset, chunk.data)
            self._write_bat(f)
            self._write_metadata(f)
            log = self.header()
            for at, data in self.log_entries:
                put(f, log.log_offset + at, data)
            for offset, table in zip(e.TABLE_OFFSETS, self.tables):
                put(f, offset, e.region_table(table))
            for offset, header in zip(e.HEADER_OFFSETS, self.headers):
                put(f, offset, e.header(header))
            put(f, 0, e.identifier(self.creator, self.signature))
            write_journal(f, self)
            for offset, data in self.patches:
                put(f, offset, data)
            f.truncate(self.file_size)

    def _write_payload(self, f, model):
        pattern = Pattern(self.seed)
        for number, block in sorted(self.blocks.items()):
            used = self.used(number)
            if block.anchor:
                put(f, block.offset, junk(64 * KIB))
            if block.state not in (e.PRESENT, e.PARTIAL):
                continue
            pieces = []
            for start, length in self._here(number, block):
                for at, piece in runs(length, block.fill, self.rng):
                    data = pattern.bytes(number * self.block_size + start + at, piece)
                    pieces.append((start + at, data))
                    model(number * self.block_size + start + at, data)
            put_all(f, block.offset, sorted(pieces + self._absent(number, block)))
            if used < self.block_size:
                put(f, block.offset + used, junk(min(self.block_size - used, 64 * KIB)))

    def _here(self, number, block):
        """What of a block is in this file: (offset in the block, length)"""
        used = self.used(number)
        if block.sectors is None:
            return [(0, used)]
        return [(first * self.logical, count * self.logical) for first, count in block.sectors]

    def _absent(self, number, block):
        """Junk in the file where the sectors are the parent's: all of it, or both ends."""
        if block.sectors is None:
            return []
        out, edge = [], 32 * KIB
        for first, count in inverse(block.sectors, self.used(number) // self.logical):
            start, length = first * self.logical, count * self.logical
            if length <= 2 * edge:
                out.append((start, junk(length)))
            else:
                out += [(start, junk(edge)), (start + length - edge, junk(edge))]
        return out

    def own(self):
        """Ranges of the disk for which no parent is read, as (start, end)"""
        if not self.parent:
            return [(0, self.disk_size)]
        out = []
        for number, block in sorted(self.blocks.items()):
            base = number * self.block_size
            if block.state == e.PARTIAL:
                out += [(base + at, base + at + length)
                        for at, length in self._here(number, block)]
            elif block.state != e.NOT_PRESENT:
                out.append((base, base + self.used(number)))
        return out

    def _write_bat(self, f):
        run, start = [], 0
        for index, entry in sorted(self.bat.items()):
            if index != start + len(run):
                put(f, self.bat_region.offset + 8 * start, b"".join(run))
                run, start = [], index
            run.append(struct.pack("<Q", entry))
        put(f, self.bat_region.offset + 8 * start, b"".join(run))

    def _write_metadata(self, f):
        base = self.metadata_region.offset
        put(f, base, e.metadata_table(self.items, self.item_count,
                                      self.metadata_signature, self.metadata_reserved))
        for item in self.items:
            if item.offset >= ITEMS_OFFSET:
                put(f, base + item.offset, item.data)


def put_all(f, offset, pieces):
    """Write pieces, sorted; those that touch, at once."""
    joined, start, end = [], 0, None
    for at, data in pieces:
        if at != end:
            put(f, offset + start, b"".join(joined))
            joined, start = [], at
        joined.append(data)
        end = at + len(data)
    put(f, offset + start, b"".join(joined))


def put(f, offset, data):
    """Write, but leave pages of zeros as the holes they are."""
    page = 4096
    if not any(data):
        return
    if len(data) <= page:
        os.pwrite(f.fileno(), data, offset)
        return
    at = 0
    while at < len(data):
        # up to the next page border of the file, then whole pages
        end = min(len(data), at + page - (offset + at) % page)
        piece = data[at:end]
        while end < len(data) and any(piece) and any(data[end:end + page]):
            end = min(end + page, len(data))
        if any(piece):
            os.pwrite(f.fileno(), data[at:end], offset + at)
        at = end
