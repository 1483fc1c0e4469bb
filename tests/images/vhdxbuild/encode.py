# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The structures of a VHDX file as bytes. Section numbers are those of MS-VHDX."""

import struct
from uuid import UUID

from .crc32c import stamp

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
TIB = 1 << 40

HEADER_OFFSETS = (64 * KIB, 128 * KIB)
TABLE_OFFSETS = (192 * KIB, 256 * KIB)

NULL = UUID(int=0)
BAT = UUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
METADATA = UUID("8B7CA206-4790-4B9A-B8FE-575F050F886E")

FILE_PARAMETERS = UUID("CAA16737-FA36-4D43-B3B6-33F0AA44E76B")
DISK_SIZE = UUID("2FA54224-CD1B-4876-B211-5DBED83BF4B8")
DISK_ID = UUID("BECA12AB-B2E6-4523-93EF-C309E000C746")
LOGICAL_SECTOR_SIZE = UUID("8141BF1D-A96F-4709-BA47-F233A8FAAB5F")
PHYSICAL_SECTOR_SIZE = UUID("CDA348C7-445D-4471-9CC9-E9885251C556")
PARENT_LOCATOR = UUID("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C")
CHS_PARAMETERS = UUID("DA02D7BC-3D3A-423C-AC88-2A36AB21479B")
INCOMPLETE_FILE = UUID("71CC85F0-1B69-4E28-9558-C3BF83AE75D3")
PMEM_LABELS = UUID("10E1AE8A-4B7E-4169-A40F-CD70DE928393")

LOCATOR_TYPE = UUID("B04AEFB7-D19E-4A81-B789-25B8E9445913")

# Flags of a metadata item
USER, VIRTUAL_DISK, REQUIRED = 1, 2, 4

# States of a BAT entry
(NOT_PRESENT, UNDEFINED, ZERO, UNMAPPED, RESERVED, UNMAPPED_DRAFT,
 PRESENT, PARTIAL) = range(8)


def identifier(creator, signature=b"vhdxfile"):
    """2.2.1; creator is text or raw bytes, at most 512 of them"""
    if isinstance(creator, str):
        creator = creator.encode("utf-16-le")
    assert len(creator) <= 512
    return signature + creator


def header(h):
    """2.2.2; h is an image.Header"""
    signature = b"hxad" if h.damage == "signature" else b"head"
    fixed = struct.pack("<4sIQ16s16s16sHHIQ", signature, 0, h.sequence,
                        h.file_write.bytes_le, h.data_write.bytes_le,
                        h.log_guid.bytes_le, h.log_version, h.version,
                        h.log_length, h.log_offset)
    fixed += h.reserved
    return stamp(fixed.ljust(4096, b"\0"), h.damage == "checksum")


def region_table(t):
    """2.2.3; t is an image.RegionTable"""
    signature = b"rexi" if t.damage == "signature" else b"regi"
    count = len(t.regions) if t.count is None else t.count
    out = struct.pack("<4sIII", signature, 0, count, t.reserved)
    for r in t.regions:
        out += struct.pack("<16sQII", r.guid.bytes_le, r.offset, r.length, r.flags)
    out += t.behind
    return stamp(out[:64 * KIB].ljust(64 * KIB, b"\0"), t.damage == "checksum")


def metadata_table(items, count=None, signature=b"metadata", reserved=0):
    """2.6.1"""
    out = struct.pack("<8sHH20s", signature, reserved,
                      len(items) if count is None else count, bytes(20))
    for i in items:
        out += struct.pack("<16sIIII", i.guid.bytes_le, i.offset, i.length,
                           i.flags, i.reserved)
    return out


def locator(pairs, kind=LOCATOR_TYPE, count=None):
    """2.6.2.6; pairs of key and value, each text or raw bytes"""
    raw = [[x.encode("utf-16-le") if isinstance(x, str) else x for x in pair]
           for pair in pairs]
    entries, texts = b"", b""
    base = 20 + 12 * len(raw)
    for key, value in raw:
        at = base + len(texts)
        entries += struct.pack("<IIHH", at, at + len(key), len(key), len(value))
        texts += key + value
    return struct.pack("<16sHH", kind.bytes_le, 0,
                       len(raw) if count is None else count) + entries + texts


def log_entry(guid, sequence, tail, flushed, last, changes=()):
    """2.3.1; changes: (offset, 4 KiB of bytes) for data, (offset, length) for zeros"""
    descriptors, sectors = b"", b""
    for offset, what in changes:
        if isinstance(what, int):
            descriptors += struct.pack("<4sIQQQ", b"zero", 0, what, offset, sequence)
            continue
        descriptors += struct.pack("<4s4s8sQQ", b"desc", what[4092:], what[:8],
                                   offset, sequence)
        sectors += struct.pack("<4sI4084sI", b"data", sequence >> 32,
                               what[8:4092], sequence & 0xFFFFFFFF)
    area = -(-(64 + len(descriptors)) // 4096) * 4096
    head = struct.pack("<4sIIIQII16sQQ", b"loge", 0, area + len(sectors), tail,
                       sequence, len(changes), 0, guid.bytes_le, flushed, last)
    return stamp((head + descriptors).ljust(area, b"\0") + sectors)
