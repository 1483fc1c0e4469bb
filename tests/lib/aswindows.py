#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Is a VHDX file that was closed by its writer as Windows leaves one? Prints what is not (P8).

usage: aswindows.py FILE

Without the code it tests. Both headers bring the same news,
there is no log; both region tables are equal and all that is in them is required; what a block is
not present for has no offset; nothing is in reserved bits; no two blocks meet; the file has whole MiB.
"""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "images"))
from vhdxbuild import encode  # noqa: E402
from vhdxbuild.crc32c import crc32c  # noqa: E402

MIB = 1 << 20
KIB = 1 << 10
FULLY_PRESENT = 6


class File:
    """The file, and what was found wrong with it."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.size = os.path.getsize(path)
        self.wrong = []

    def at(self, offset, length):
        self.file.seek(offset)
        return self.file.read(length)

    def claim(self, holds, text):
        if not holds:
            self.wrong.append(text)


def checksum_is_right(data):
    return crc32c(data[:4] + bytes(4) + data[8:]) == struct.unpack_from("<I", data, 4)[0]


def look_at_headers(f):
    """Returns where the log is."""
    one, two = f.at(64 * KIB, 4096), f.at(128 * KIB, 4096)
    for header, name in (one, "header 1"), (two, "header 2"):
        f.claim(header[:4] == b"head" and checksum_is_right(header), f"{name} is not valid")
        f.claim(header[48:64] == bytes(16), f"{name} names a log")
        f.claim(header[16:32] != bytes(16) and header[32:48] != bytes(16), f"{name} lacks a GUID")
        f.claim(struct.unpack_from("<HH", header, 64) == (0, 1), f"{name} has other versions")
        f.claim(not any(header[80:]), f"{name} has something in reserved bytes")
    numbers = [struct.unpack_from("<Q", header, 8)[0] for header in (one, two)]
    f.claim(abs(numbers[0] - numbers[1]) == 1, f"the headers' numbers are {numbers}")
    f.claim(one[16:] == two[16:], "the headers are not of the same news")
    length, offset = struct.unpack_from("<IQ", one, 68)
    return offset, length


def look_at_regions(f):
    """Returns the regions by GUID."""
    one, two = f.at(192 * KIB, 64 * KIB), f.at(256 * KIB, 64 * KIB)
    f.claim(one == two, "the region tables differ")
    f.claim(one[:4] == b"regi" and checksum_is_right(one), "the region table is not valid")
    count = struct.unpack_from("<I", one, 8)[0]
    f.claim(count == 2 and not any(one[16 + count * 32:]), "there is more than two regions")
    regions = {}
    for i in range(count):
        guid, offset, length, flags = struct.unpack_from("<16sQII", one, 16 + i * 32)
        f.claim(flags == 1, f"region {i} has flags {flags}")
        f.claim(offset % MIB == 0 and length % MIB == 0, f"region {i} is not of whole MiB")
        regions[guid] = offset, length
    return regions


def metadata_items(f, region):
    offset, _ = region
    table = f.at(offset, 64 * KIB)
    items = {}
    for i in range(struct.unpack_from("<H", table, 10)[0]):
        guid, at, length = struct.unpack_from("<16sII", table, 32 + i * 32)
        items[guid] = f.at(offset + at, length)
    return items


def look_at_block(f, index, entry, used):
    """A payload block's entry; adds the MiB that it uses."""
    state, reserved, offset = entry & 7, entry >> 3 & (1 << 17) - 1, entry >> 20 << 20
    f.claim(not reserved, f"block {index}: reserved bits")
    f.claim(state in (0, 2, 3, FULLY_PRESENT), f"block {index}: state {state}")
    if state != FULLY_PRESENT:
        f.claim(not offset, f"block {index}: state {state} with an offset")
        return
    units = range(offset // MIB, (offset + used["block"]) // MIB)
    f.claim(not used["units"].intersection(units), f"block {index} meets something")
    f.claim(offset + used["block"] <= f.size, f"block {index} is beyond the end")
    used["units"].update(units)


def look_at_bat(f, regions, log):
    items = metadata_items(f, regions[encode.METADATA.bytes_le])
    block = struct.unpack_from("<I", items[encode.FILE_PARAMETERS.bytes_le])[0]
    size = struct.unpack("<Q", items[encode.DISK_SIZE.bytes_le])[0]
    ratio = (struct.unpack("<I", items[encode.LOGICAL_SECTOR_SIZE.bytes_le])[0] << 23) // block
    used = {"block": block, "units": {0}}
    for offset, length in list(regions.values()) + [log]:
        used["units"].update(range(offset // MIB, (offset + length) // MIB))
    offset, length = regions[encode.BAT.bytes_le]
    entries = struct.unpack(f"<{length // 8}Q", f.at(offset, length))
    blocks = -(-size // block)
    last = blocks + (blocks - 1) // ratio
    for i, entry in enumerate(entries):
        if i % (ratio + 1) == ratio or i >= last:
            f.claim(not entry, f"entry {i}, not of a block, is {entry:#x}")
        else:
            look_at_block(f, i - i // (ratio + 1), entry, used)


def main():
    f = File(sys.argv[1])
    f.claim(f.size % MIB == 0, "the file is not of whole MiB")
    log = look_at_headers(f)
    look_at_bat(f, look_at_regions(f), log)
    print("\n".join(f.wrong[:20]), end="")
    return 1 if f.wrong else 0


sys.exit(main())
