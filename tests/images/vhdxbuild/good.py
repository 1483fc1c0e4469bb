# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Images that must open and read exactly as their model says.

The docstring of each recipe is its note in the manifest. oracle="qemu" marks what
qemu-img compare is able to confirm.
"""

import random
import struct

from . import encode as e
from .encode import GIB, KIB, MIB, TIB
from .image import Bitmap, Block, Image, Item, Region, RegionTable
from .pattern import junk

GOOD = {}
ON_REQUEST = set()

BLOCK_SIZES_MIB = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def good(oracle="qemu", on_request=False):
    def register(recipe):
        name = recipe.__name__.replace("_", "-")
        add(name, recipe, recipe.__doc__, oracle)
        if on_request:
            ON_REQUEST.add(name)
        return recipe
    return register


def add(name, recipe, note, oracle):
    GOOD[name] = (lambda: recipe(name), note, oracle)


def ordinary(name, **more):
    """64 MiB with blocks here and there: the start of all images that are odd elsewhere."""
    image = Image(name, 64 * MIB, **more)
    image.present(0, 1, 31, 63)
    image.present(5, fill="full")
    return image


# -- geometry --

def chunk_borders(image):
    """Blocks at both sides of every chunk border, the last one, and a few others."""
    last = image.block_count - 1
    numbers = {0, 1, last}
    for border in range(image.ratio, image.block_count, image.ratio):
        numbers |= {border - 1, border}
    numbers |= {image.rng.randrange(image.block_count) for _ in range(4)}
    image.present(*numbers)
    return image.place()


def geometry_512(block_mib):
    def recipe(name):
        physical = 512 if block_mib in (1, 8, 64) else 4096
        return chunk_borders(Image(name, 9 * GIB + MIB + 512, block_mib * MIB, 512, physical))
    return recipe


def geometry_4k(block_mib):
    def recipe(name):
        return chunk_borders(Image(name, 65 * GIB + MIB + 4 * KIB, block_mib * MIB, 4096))
    return recipe


for _mib in BLOCK_SIZES_MIB:
    add(f"block-{_mib}m-512", geometry_512(_mib),
        "two chunks of 4 GiB and part of a third; short last block", "qemu")
    add(f"block-{_mib}m-4k", geometry_4k(_mib),
        "4 KiB sectors; two chunks of 32 GiB and part of a third; short last block", "none")


@good()
def disk_512b(name):
    """the smallest disk: one sector"""
    image = Image(name, 512)
    image.present(0)
    return image.place()


@good()
def disk_4096b(name):
    """eight sectors of 512 bytes"""
    image = Image(name, 4096, 2 * MIB)
    image.present(0)
    return image.place()


@good("none")
def disk_4096b_4k(name):
    """one sector of 4 KiB"""
    image = Image(name, 4096, 32 * MIB, 4096)
    image.present(0)
    return image.place()


@good()
def disk_1g(name):
    """1 GiB in 32 MiB blocks, as Windows makes it"""
    image = Image(name, GIB, 32 * MIB, creator="Microsoft Windows 10.0.19041.0")
    image.present(0, 1, 17, 31)
    return image.place()


@good()
def disk_exact_chunk(name):
    """exactly one chunk: the last entry is the last payload entry of the chunk"""
    image = Image(name, 4 * GIB, 32 * MIB)
    image.present(0, 127)
    return image.place()


@good()
def disk_chunk_and_sector(name):
    """one chunk and one sector more"""
    image = Image(name, 4 * GIB + 512, 32 * MIB)
    image.present(0, 127, 128)
    return image.place()


@good("none")
def disk_64t(name):
    """64 TiB in 1 MiB blocks: a BAT of 513 MiB"""
    image = Image(name, 64 * TIB, MIB)
    numbers = {0, 4095, 4096, image.block_count - 1}
    numbers |= {image.rng.randrange(image.block_count) for _ in range(60)}
    image.present(*numbers)
    return image.place()


@good("none")
def disk_64t_256m(name):
    """64 TiB in 256 MiB blocks"""
    image = Image(name, 64 * TIB, 256 * MIB, 512)
    image.present(0, 15, 16, image.block_count - 1)
    return image.place()


@good("none", on_request=True)
def huge_64t(name):
    """64 TiB in 1 MiB blocks, 10,000 of them present anywhere"""
    image = Image(name, 64 * TIB, MIB)
    numbers = image.rng.sample(range(image.block_count), 10000)
    image.present(*numbers, fill="page")
    image.block_order = lambda blocks: random.Random(1).sample(sorted(blocks), len(blocks))
    return image.place()


# -- fixed disks --

@good()
def fixed_1m(name):
    """fixed, all blocks there, in order"""
    image = Image(name, 16 * MIB, MIB, fixed=True)
    image.present(*range(16), fill="full")
    return image.place()


@good()
def fixed_reversed(name):
    """fixed, all blocks there, last one first: place is not computed from number"""
    image = Image(name, 24 * MIB, 2 * MIB, fixed=True)
    image.present(*range(12), fill="full")
    image.block_order = lambda blocks: sorted(blocks, reverse=True)
    return image.place()


@good()
def fixed_tail_full(name):
    """fixed, last block half used but whole in the file, junk behind the disk's end"""
    image = Image(name, 11 * MIB, 2 * MIB, fixed=True)
    image.present(*range(6), fill="full")
    return image.place()


@good()
def fixed_tail_cut(name):
    """fixed, the file ends where the disk ends, inside the last block, as QEMU does it"""
    image = fixed_tail_full(name)
    image.file_size = image.blocks[5].offset + image.used(5)
    return image


@good()
def fixed_tail_cut_512(name):
    """fixed, the file ends one sector into the last block, where the disk ends"""
    image = Image(name, 4 * MIB + 512, 2 * MIB, fixed=True)
    image.present(*range(3), fill="full")
    image.place()
    image.file_size = image.blocks[2].offset + 512
    return image


@good("none")
def fixed_4k(name):
    """fixed with 4 KiB sectors"""
    image = Image(name, 12 * MIB, 4 * MIB, 4096, fixed=True)
    image.present(*range(3), fill="full")
    return image.place()


@good()
def fixed_all_zero(name):
    """fixed, every entry ZERO though the file has full length, as QEMU does it"""
    image = Image(name, 8 * MIB, 2 * MIB, fixed=True)
    for number in range(4):
        image.blocks[number] = Block(e.ZERO)
    image.place()
    image.patches.append((image.end, junk(4 * KIB)))
    image.file_size = image.end + 8 * MIB
    return image


# -- states --

@good()
def states_all_absent(name):
    """nothing but NOT_PRESENT: an all zero BAT"""
    return Image(name, 256 * MIB, 2 * MIB).place()


@good()
def states_all_zero(name):
    """every entry ZERO"""
    image = Image(name, 256 * MIB, 2 * MIB)
    for number in range(image.block_count):
        image.blocks[number] = Block(e.ZERO)
    return image.place()


def every_state(image, states):
    for number in range(image.block_count):
        state = states[number % len(states)]
        image.blocks[number] = Block(state, fill="full")


@good()
def states_mixed(name):
    """NOT_PRESENT, UNDEFINED, ZERO, UNMAPPED and FULLY_PRESENT in turn"""
    image = Image(name, 40 * MIB, MIB)
    every_state(image, (e.NOT_PRESENT, e.PRESENT, e.UNDEFINED, e.ZERO, e.UNMAPPED))
    return image.place()


@good()
def states_draft_unmapped(name):
    """state 5, UNMAPPED in draft 0.95, reads as zeros"""
    image = Image(name, 20 * MIB, MIB)
    every_state(image, (e.UNMAPPED_DRAFT, e.PRESENT))
    return image.place()


@good()
def states_anchored(name):
    """UNDEFINED and UNMAPPED blocks that still point at their old contents: zeros"""
    image = Image(name, 24 * MIB, MIB)
    every_state(image, (e.PRESENT, e.UNDEFINED, e.UNMAPPED))
    for block in image.blocks.values():
        block.anchor = block.state != e.PRESENT
    return image.place()


@good()
def states_junk_offsets(name):
    """states whose offset means nothing, with offsets of all kinds: not looked at"""
    image = Image(name, 32 * MIB, MIB)
    image.present(0, 1, fill="full")
    image.place()
    there = image.blocks[0].offset
    offsets = (there, 0, MIB, image.bat_region.offset, 1 << 40, 0xFFFFFFFFFFF00000)
    for number in range(2, 32):
        state = (e.NOT_PRESENT, e.ZERO, e.UNMAPPED, e.UNDEFINED, e.UNMAPPED_DRAFT)[number % 5]
        image.bat[image.payload_index(number)] = offsets[number % 6] | state
    return image


@good()
def states_reserved_bits(name):
    """bits 3 to 19 of the entries set: ignored (rule 36)"""
    image = ordinary(name).place()
    for index in image.bat:
        image.bat[index] |= 0x000FFFF8
    return image


# -- where things are in the file --

@good()
def place_shuffled(name):
    """blocks in no order, junk between them"""
    image = Image(name, 96 * MIB, 2 * MIB)
    image.present(*range(0, 48, 2), fill="full")
    image.block_order = lambda blocks: random.Random(3).sample(sorted(blocks), len(blocks))
    image.gap = 3 * MIB
    return image.place()


def ordered(name, *order):
    image = ordinary(name)
    image.order = list(order)
    return image.place()


@good()
def place_bat_first(name):
    """BAT, then metadata, then log"""
    return ordered(name, "bat", "metadata", "log", "payload")


@good()
def place_payload_first(name):
    """the blocks before all regions, the log at the end of the file"""
    return ordered(name, "payload", "metadata", "bat", "log")


@good()
def place_bat_last(name):
    """the BAT at the very end, gaps everywhere"""
    return ordered(name, 5 * MIB, "log", MIB, "payload", 2 * MIB, "metadata", 7 * MIB, "bat")


@good()
def place_far(name):
    """blocks, BAT and log more than 1 TiB into the file"""
    return ordered(name, "metadata", TIB, "bat", TIB, "payload", TIB, "log")


# -- identifier and headers --

@good()
def creator_empty(name):
    """no creator"""
    image = ordinary(name, creator="")
    return image.place()


@good()
def creator_256_units(name):
    """a creator of 256 characters, no NUL behind it, half of them no valid UTF-16"""
    image = ordinary(name, creator=("é中\t\n" * 32).encode("utf-16-le") + b"\x00\xd8" * 128)
    return image.place()


@good()
def header_1_current(name):
    """header 1 has the larger sequence number"""
    image = ordinary(name).place()
    image.headers[0].sequence = 9
    return image


@good()
def header_1_damaged(name):
    """the checksum of header 1 is wrong"""
    image = ordinary(name).place()
    image.headers[0].damage = "checksum"
    image.headers[0].sequence = 1000
    return image


@good()
def header_2_damaged(name):
    """header 2 has no signature; header 1 is the older one"""
    image = ordinary(name).place()
    image.headers[1].damage = "signature"
    return image


@good()
def header_identical(name):
    """both headers byte for byte the same, as by disk2vhd"""
    image = ordinary(name, creator="d2v").place()
    image.headers[1].sequence = image.headers[0].sequence = 1
    return image


@good()
def header_sequence_max(name):
    """sequence numbers at the end of 64 bits, compared unsigned"""
    image = ordinary(name).place()
    image.headers[0].sequence = 0xFFFFFFFFFFFFFFFF
    image.headers[1].sequence = 0x7FFFFFFFFFFFFFFF
    return image


@good()
def header_stale_nonsense(name):
    """the older header says version 9, a dirty log, a log past the end: not looked at"""
    image = ordinary(name).place()
    old = image.headers[0]
    old.version, old.log_version, old.log_guid = 9, 3, image.guid()
    old.log_offset, old.log_length = 1 << 50, 4097
    return image


@good()
def header_reserved_noise(name):
    """the reserved part of the headers is not zero"""
    image = ordinary(name).place()
    for header in image.headers:
        header.reserved = junk(4016)
    return image


# -- log --

@good()
def log_stale_ring(name):
    """LogGuid is zero, the ring full of valid entries that would destroy the BAT"""
    image = ordinary(name).place()
    old = image.guid()
    for number in range(20):
        entry = e.log_entry(old, 100 + number, 0, image.file_size, image.file_size,
                            [(image.bat_region.offset, junk(4096))])
        image.log_entries.append((number * len(entry), entry))
    return image


@good("none")
def log_absent(name):
    """no log at all: length and LogGuid zero"""
    image = ordinary(name)
    image.order.remove("log")
    image.set_log(log_length=0)
    return image.place()


@good("none")
def log_version_unused(name):
    """LogVersion 7, but the log is empty: does not matter (rule 5)"""
    image = ordinary(name).place()
    image.set_log(log_version=7)
    return image


@good()
def log_8m(name):
    """a log of 8 MiB"""
    image = ordinary(name)
    image.set_log(log_length=8 * MIB)
    return image.place()


# -- region tables --

@good()
def region_not_required(name):
    """Required = 0 for BAT and metadata, as by QEMU"""
    image = ordinary(name, creator="QEMU v7.2.22").place()
    image.bat_region.flags = image.metadata_region.flags = 0
    return image


@good("none")
def region_1_damaged(name):
    """the checksum of region table 1 is wrong, and it would lead astray"""
    image = ordinary(name).place()
    wrong = [Region(e.BAT, MIB, 1, 40 * MIB), Region(e.METADATA, MIB, 1, 41 * MIB)]
    image.tables[0] = RegionTable(wrong, damage="checksum")
    return image


@good()
def region_2_damaged(name):
    """region table 2 has no signature"""
    image = ordinary(name).place()
    image.tables[1].damage = "signature"
    return image


@good()
def region_differ(name):
    """two valid region tables that differ: the first counts"""
    image = ordinary(name).place()
    wrong = [Region(e.BAT, MIB, 1, 40 * MIB), Region(e.METADATA, MIB, 1, 41 * MIB)]
    image.tables[1] = RegionTable(wrong)
    return image


@good()
def region_unknown_optional(name):
    """an unknown region, not required, between the others"""
    image = ordinary(name)
    extra = Region(image.guid(), 3 * MIB, 0)
    image.regions.insert(0, extra)
    image.order.insert(1, extra)
    image.place()
    image.patches.append((extra.offset, junk(4096)))
    return image


@good()
def region_beyond(name):
    """an unknown region, not required, beyond the end of the file, where the next blocks would go"""
    image = Image(name, 192 * MIB)
    image.present(0, 1, 31, 63, 191)
    image.place()
    image.regions.append(Region(image.guid(), 5 * MIB, 0, image.end + 120 * MIB))
    return image


@good()
def region_2047(name):
    """as many regions as a table holds; BAT and metadata are the last"""
    image = ordinary(name)
    extra = [Region(image.guid(), MIB, 0) for _ in range(2045)]
    image.regions[:] = extra + image.regions[::-1]
    image.order = ["log", *extra[::-1], "metadata", "bat", "payload"]
    return image.place()


@good()
def region_reserved_noise(name):
    """reserved field set, junk behind the last entry (both under the checksum)"""
    image = ordinary(name).place()
    for table in image.tables:
        table.reserved, table.behind = 1, junk(1000)
    return image


# -- metadata --

@good()
def metadata_reversed(name):
    """items and their entries in reverse order, not aligned, junk between them"""
    image = ordinary(name)
    image.items.reverse()
    at = MIB
    for item in image.items:
        at -= len(item.data) + 13
        item.offset = at
    image.place()
    image.patches.append((image.metadata_region.offset + 64 * KIB, junk(300 * KIB)))
    return image


@good("none")
def metadata_unknown_optional(name):
    """unknown items: user and system, empty, 1 MiB, one id as user and as system"""
    image = ordinary(name)
    image.metadata_region.length = 3 * MIB
    both = image.guid()
    image.items[1:1] = [
        Item(image.guid(), junk(77), 0),
        Item(image.guid(), b"", 0),
        Item(both, junk(5), e.USER),
        Item(both, junk(6), e.VIRTUAL_DISK),
        Item(e.DISK_SIZE, struct.pack("<Q", 512), e.USER),
        Item(image.guid(), junk(MIB), e.USER | e.VIRTUAL_DISK, 3 * MIB - MIB),
    ]
    return image.place()


@good()
def metadata_2047(name):
    """a full table: 1024 user and 1023 system entries"""
    image = ordinary(name)
    users = [Item(image.guid(), b"u", e.USER) for _ in range(1024)]
    systems = [Item(image.guid(), b"", 0) for _ in range(1018)]
    image.items = users + systems + image.items
    return image.place()


@good("none")
def metadata_known_useless(name):
    """CHS parameters and PMEM labels, required, known to Microsoft's own code"""
    image = ordinary(name)
    image.items += [Item(e.CHS_PARAMETERS, struct.pack("<II", 255, 63), e.REQUIRED),
                    Item(e.PMEM_LABELS, junk(128 * KIB), e.REQUIRED)]
    return image.place()


@good()
def metadata_odd_flags(name):
    """IsVirtualDisk the wrong way round on every item (rule 29)"""
    image = ordinary(name)
    for item in image.items:
        item.flags ^= e.VIRTUAL_DISK
    return image.place()


@good()
def metadata_reserved_noise(name):
    """reserved fields of table and entries set (rule 22)"""
    image = ordinary(name)
    image.metadata_reserved = 0xFFFF
    for item in image.items:
        item.reserved = 0xFFFFFFFF
    return image.place()


@good("none")
def locator_unneeded(name):
    """a parent locator, but HasParent is not set"""
    image = ordinary(name)
    image.items.append(Item(e.PARENT_LOCATOR, e.locator(PARENT_PAIRS), e.REQUIRED))
    return image.place()


PARENT_PAIRS = [
    ("parent_linkage", "{83ed0ec3-24c8-49a6-a959-5e4bf1288bfb}"),
    ("relative_path", ".\\base.vhdx"),
]


def differencing(name, pairs=None, **more):
    """The ordinary image, but as a child, and of block 5 its bitmap says that it is all there."""
    image = ordinary(name, parent=True, **more)
    locator = e.locator(PARENT_PAIRS if pairs is None else pairs)
    image.items.append(Item(e.PARENT_LOCATOR, locator, e.REQUIRED))
    image.blocks[5] = Block(e.PARTIAL, fill="full")
    slice_size = MIB // image.ratio
    image.bitmaps[0] = Bitmap(bytes(5 * slice_size) + b"\xff" * slice_size)
    return image


# -- sizes --

@good()
def file_size_odd(name):
    """the file is 512 bytes longer than whole MiB, as by disk2vhd"""
    image = ordinary(name).place()
    image.file_size += 512
    return image


@good()
def bat_larger(name):
    """a BAT of 3 MiB for 64 blocks, junk in its bitmap slot and behind its last entry"""
    image = ordinary(name)
    image.bat_region.length = 3 * MIB
    image.place()
    wrong = image.blocks[0].offset | e.PARTIAL
    for index in (64, 65, 4095, image.bitmap_index(0), image.bitmap_index(0) + 1, 3 * 131072 - 1):
        image.bat[index] = wrong
    return image


@good()
def bat_stale_bitmaps(name):
    """bitmap slots of a disk without parent hold junk (rule 39)"""
    image = chunk_borders(Image(name, 9 * GIB, 64 * MIB))
    image.bat[image.bitmap_index(0)] = image.blocks[0].offset | e.PRESENT
    image.bat[image.bitmap_index(1)] = 0xFFFFFFFFFFFFFFFF
    return image


@good()
def bat_exactly_full(name):
    """the disk's entries fill the BAT to its last 8 bytes"""
    image = Image(name, 131041 * MIB)
    assert image.bat_entries() * 8 == MIB
    image.present(0, 4095, 4096, 131040)
    return image.place()
