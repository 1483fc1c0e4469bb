# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The encoders against bytes that other programs wrote: Windows, QEMU, or by hand."""

from uuid import UUID

from . import encode as e
from .crc32c import crc32c
from .encode import GIB, MIB
from .image import Header, Region, RegionTable

LINKAGE = UUID("83ed0ec3-24c8-49a6-a959-5e4bf1288bfb")


def stored(structure):
    return int.from_bytes(structure[4:8], "little")


def guid(text):
    return UUID(bytes_le=bytes.fromhex(text))


def windows_header():
    return e.header(Header(9, guid("bc9187b9d8455b44ade65cbe550f2290"),
                           guid("b89dbc8ffd2cb84596881c6fedbc7230"),
                           guid("3c74fce6ed81e84fbf54698ed57ba0b8"), log_offset=MIB))


def windows_region_table():
    return e.region_table(RegionTable([Region(e.BAT, MIB, 1, 3 * MIB),
                                       Region(e.METADATA, MIB, 1, 2 * MIB)]))


def qemu_region_table():
    return e.region_table(RegionTable([Region(e.BAT, MIB, 0, 2 * MIB),
                                       Region(e.METADATA, MIB, 0, 3 * MIB)]))


def log_entry():
    page = bytearray(4096)
    page[:8] = (8 * MIB | 6).to_bytes(8, "little")
    page[4088:] = (4 * GIB | 6).to_bytes(8, "little")
    return e.log_entry(UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), 0x200000001, 0,
                       8 * MIB, 4097 * MIB, [(2 * MIB, bytes(page)), (4 * GIB, MIB)])


def empty_log_entry():
    return e.log_entry(UUID("f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), 1, 0,
                       4 * MIB, 4 * MIB)


def locator():
    return e.locator([("parent_linkage", f"{{{LINKAGE}}}"),
                      ("relative_path", ".\\base.vhdx")])


CLAIMS = [
    ("crc of the digits is e3069283", lambda: crc32c(b"123456789") == 0xE3069283),
    ("crc of 32 zeros is 8a9136aa", lambda: crc32c(bytes(32)) == 0x8A9136AA),
    ("crc of 32 ff is 62a8ab43", lambda: crc32c(b"\xff" * 32) == 0x62A8AB43),
    ("crc of a zero page is 98f94189", lambda: crc32c(bytes(4096)) == 0x98F94189),
    ("header as by Windows", lambda: stored(windows_header()) == 0xEF9A95BF),
    ("region table as by Windows", lambda: stored(windows_region_table()) == 0xC66B8CAE),
    ("region table as by QEMU", lambda: stored(qemu_region_table()) == 0x2C6FCE83),
    ("log entry of two descriptors", lambda: stored(log_entry()) == 0x1BAFB010),
    ("log entry without descriptors", lambda: stored(empty_log_entry()) == 0xCA0E853F),
    ("locator of 196 bytes", lambda: locator()[:38].hex() ==
     "b7ef4ab09ed1814ab78925b8e944591300000200" "2c000000480000001c004c00"
     "94000000ae00" and len(locator()) == 196),
]


def self_check():
    """KTAP; 1 if a claim does not hold"""
    failed = 0
    print(f"KTAP version 1\n1..{len(CLAIMS)}")
    for number, (claim, holds) in enumerate(CLAIMS, 1):
        right = holds()
        failed |= not right
        print(f"{'ok' if right else 'not ok'} {number} - {claim}")
    return int(failed)
