#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Entries of the BAT of a VHDX image, shown and changed.

usage: bat.py FILE [INDEX=STATE[@MIB]]...

Gives entries another state, and another place if one is given; then prints those that are not
zero, as INDEX:STATE@MIB.
"""
import struct
import sys
import uuid

BAT = uuid.UUID("2DC27766-F623-4200-9D64-115E9BFD4A08")
ENTRIES = 512


def bat_offset(file):
    file.seek(192 << 10)
    table = file.read(64 << 10)
    for i in range(struct.unpack_from("<I", table, 8)[0]):
        if uuid.UUID(bytes_le=table[16 + 32 * i:32 + 32 * i]) == BAT:
            return struct.unpack_from("<Q", table, 32 + 32 * i)[0]
    sys.exit("no BAT")


def change(entries, what):
    index, state = what.split("=")
    state, _, mib = state.partition("@")
    place = int(mib) << 20 if mib else entries[int(index)] & ~0xfffff
    entries[int(index)] = place | int(state)


def main():
    with open(sys.argv[1], "r+b" if sys.argv[2:] else "rb") as file:
        offset = bat_offset(file)
        file.seek(offset)
        entries = list(struct.unpack(f"<{ENTRIES}Q", file.read(ENTRIES * 8)))
        for what in sys.argv[2:]:
            change(entries, what)
        if sys.argv[2:]:
            file.seek(offset)
            file.write(struct.pack(f"<{ENTRIES}Q", *entries))
    print(*(f"{i}:{entry & 7}@{entry >> 20}" for i, entry in enumerate(entries) if entry))


main()
