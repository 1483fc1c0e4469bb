# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Chains that must open and read exactly as their model says.

The docstring of each recipe is its note in the manifest, which also says whether libvhdi can
confirm what the chain shows. A recipe calls c.child() for the top
layer and those below it, and c.base() at last; see layers.py.
"""

from . import encode as e
from .encode import GIB, KIB, MIB, NULL
from .image import Bitmap
from .journal import SECTOR, Journal
from .layers import (Chain, bat_pages, bitmap_pages, everything, log_all, log_in_turn, states,
                     windows_pairs)
from .pattern import junk
from .sectors import all_but, inverse, random_runs

CHAINS = {}

# What libvhdi reads otherwise or not at all: it reads the parent for blocks in the states that
# mask it, and does not read it where there is no bitmap; it wants parents as long as their
# children, GUIDs as Windows writes them, and an absolute or volume path; it replays no log.
# Disks of many GiB take it too long.
NOT_BY_LIBVHDI = {
    "states-over-data", "states-over-states", "states-anchored", "states-junk-offsets",
    "bits-stale", "bitmap-absent", "bitmap-unneeded", "child-empty", "child-fixed-flag",
    "depth-32-empty", "parent-shorter", "parent-shorter-empty", "parent-one-sector",
    "middle-shorter", "linkage-second", "linkage-upper-case", "linkage-no-braces",
    "path-relative", "path-relative-up", "bat-without-last-bitmap", "chunks-512", "chunks-1m",
    "chunks-4k", "chunks-without-bitmap",
}

ALL_STATES = (e.NOT_PRESENT, e.UNDEFINED, e.ZERO, e.UNMAPPED, e.UNMAPPED_DRAFT, e.PRESENT,
              e.PARTIAL)


def add(name, note, recipe, **more):
    def make():
        c = Chain(name, **more)
        recipe(c)
        return c.finish()
    by_others = name not in NOT_BY_LIBVHDI and not name.startswith("dirty-")
    CHAINS[name] = (make, note, "libvhdi" if by_others else "none")


def chain(recipe):
    add(recipe.__name__.replace("_", "-"), recipe.__doc__, recipe)
    return recipe


def chain_4k(recipe):
    add(recipe.__name__.replace("_", "-"), recipe.__doc__, recipe, logical=4096)
    return recipe


def mixed(layer, mean=40):
    """Partial blocks with runs of chance, every fifth block whole, every sixth not there."""
    for number in range(layer.block_count):
        total = layer.used(number) // layer.logical
        if number % 5 == 4:
            layer.present(number)
        elif number % 6 != 5:
            layer.partial(number, random_runs(layer.rng, total, mean))
    return layer


# -- states --

@chain
def states_over_data(c):
    """every state of a block over a parent with data"""
    states(c.child(14 * MIB, MIB), ALL_STATES)
    everything(c.base(14 * MIB, MIB), "full")


@chain
def states_over_states(c):
    """every state over every state, over a base with data"""
    states(c.child(49 * MIB, MIB), ALL_STATES)
    states(c.child(49 * MIB, MIB), [state for state in ALL_STATES for _ in ALL_STATES])
    everything(c.base(49 * MIB, MIB))


@chain
def states_over_nothing(c):
    """every state over a base without any block"""
    states(c.child(14 * MIB, MIB), ALL_STATES)
    c.base(14 * MIB, MIB)


@chain
def states_over_absent(c):
    """partial blocks over a base whose blocks are in every state but partial"""
    for number in range(c.child(18 * MIB, MIB).block_count):
        c.top.partial(number, [(number, 5), (2000, 48)])
    states(c.base(18 * MIB, MIB), ALL_STATES[:-1])


@chain
def states_anchored(c):
    """UNDEFINED and UNMAPPED blocks that still point at their old contents: zeros"""
    top = c.child(12 * MIB, MIB)
    states(top, (e.UNDEFINED, e.UNMAPPED, e.PARTIAL))
    for block in top.blocks.values():
        block.anchor = block.state != e.PARTIAL
    everything(c.base(12 * MIB, MIB))


@chain
def states_junk_offsets(c):
    """blocks that are not present, with offsets of all kinds: not looked at"""
    top = c.child(16 * MIB, MIB)
    states(top, (e.PRESENT, e.NOT_PRESENT, e.ZERO, e.UNMAPPED))

    def spoil(layer):
        there = layer.blocks[0].offset
        for number in range(16):
            if number % 4:
                offset = (there, layer.bat_region.offset, 0xFFFFFFFFFFF00000)[number % 3]
                layer.bat[number] = offset | layer.blocks[number].state

    top.dirty = spoil
    everything(c.base(16 * MIB, MIB))


@chain
def child_empty(c):
    """a child without any block, as it is when it is made"""
    c.child(9 * MIB + 512)
    everything(c.base(9 * MIB + 512))


@chain
def child_whole(c):
    """a child that hides all of its parent"""
    everything(c.child(9 * MIB))
    everything(c.base(9 * MIB))


@chain
def child_fixed_flag(c):
    """LeaveBlocksAllocated in a child: means nothing there"""
    mixed(c.child(10 * MIB, fixed=True))
    everything(c.base(10 * MIB))


# -- bits of a bitmap --

EDGES = (0, 1, 6, 7, 8, 9, 15, 16, 31, 32, 63, 64, 65, 127, 128, 1023, 1024, 2040, 2046, 2047)


@chain
def bits_one(c):
    """partial blocks with one sector: the first and the last of bytes, words, slices"""
    top = c.child(len(EDGES) * MIB, MIB)
    for number, sector in enumerate(EDGES):
        top.partial(number, [(sector, 1)])
    everything(c.base(len(EDGES) * MIB, MIB), "full")


@chain
def bits_all_but_one(c):
    """partial blocks that lack one sector: the first and the last of bytes, words, slices"""
    top = c.child(len(EDGES) * MIB, MIB)
    for number, sector in enumerate(EDGES):
        top.partial(number, all_but(sector, 2048))
    everything(c.base(len(EDGES) * MIB, MIB), "full")


@chain
def bits_pages(c):
    """32 MiB blocks, two pages of bits each: the border between the pages, and of the blocks"""
    patterns = [
        [(0, 1)], [(65535, 1)], [(32767, 1)], [(32768, 1)], [(32767, 2)], [(32700, 136)],
        [(0, 32768)], [(32768, 32768)], all_but(32767, 65536), all_but(32768, 65536),
        [(1, 65534)], [(0, 65536)], [], [(63, 2), (32704, 128), (65472, 64)],
    ]
    top = c.child(len(patterns) * 32 * MIB, 32 * MIB)
    for number, runs in enumerate(patterns):
        top.partial(number, runs, "edges")
    base = c.base(len(patterns) * 32 * MIB, 32 * MIB)
    everything(base)
    base.blocks[5].fill = "full"


@chain
def bits_lengths(c):
    """runs of 1 to 90 sectors, set and clear in turn, at every place of a word"""
    top = c.child(16 * MIB, MIB)
    for number in range(16):
        runs, at, length = [], number * 5, 1
        while at + length <= 2048:
            runs.append((at, length))
            at += 2 * length + number % 2
            length = length % 90 + 1
        top.partial(number, runs if number % 3 else inverse(runs, 2048))
    everything(c.base(16 * MIB, MIB), "full")


@chain
def bits_chance(c):
    """sectors that chance has chosen, from every second to hundreds in a row"""
    top = c.child(12 * MIB, MIB)
    for number in range(12):
        top.partial(number, random_runs(top.rng, 2048, (1, 2, 5, 30, 200, 900)[number % 6]))
    everything(c.base(12 * MIB, MIB), "full")


@chain
def bits_stale(c):
    """bits of all kinds for blocks that are not partial: they are not read"""
    top = c.child(36 * MIB, MIB)
    states(top, (e.PRESENT, e.NOT_PRESENT, e.ZERO, e.UNMAPPED, e.UNDEFINED, e.PARTIAL))
    slices = (bytes(256), b"\xff" * 256, bytes(range(256)))
    for number in range(36):
        if number % 6 != 5:
            top.slices[number] = slices[number % 7 % 3]
    # blocks that are none any more
    for number in (36, 37, 4095):
        top.slices[number] = b"\xff" * 256
    everything(c.base(36 * MIB, MIB))


@chain
def bits_none_all(c):
    """partial blocks without a sector, and with all of them"""
    top = c.child(8 * MIB, MIB)
    for number in range(8):
        top.partial(number, [(0, 2048)] if number % 2 else [])
    everything(c.base(8 * MIB, MIB))


@chain
def bitmap_absent(c):
    """no bitmap where no block is partial"""
    states(c.child(12 * MIB, MIB), ALL_STATES[:-1])
    everything(c.base(12 * MIB, MIB))


@chain
def bitmap_unneeded(c):
    """a bitmap full of ones though no block is partial"""
    states(c.child(12 * MIB, MIB), ALL_STATES[:-1])
    c.top.bitmaps[0] = Bitmap(b"\xff" * MIB)
    everything(c.base(12 * MIB, MIB))


@chain
def bitmap_first(c):
    """bitmaps before all blocks in the file"""
    for layer in (c.child(9 * MIB, MIB), c.child(9 * MIB, MIB)):
        layer.order = ["bitmaps", "log", "metadata", "bat", "payload"]
        mixed(layer)
    everything(c.base(9 * MIB, MIB))


# -- chunks --

def chunk_blocks(layer, without=()):
    """Partial blocks at both sides of each chunk border and at the end"""
    borders = range(layer.ratio, layer.block_count, layer.ratio)
    numbers = {0, layer.block_count - 1, *borders, *(border - 1 for border in borders)}
    for number in sorted(numbers):
        total = layer.used(number) // layer.logical
        if number // layer.ratio not in without:
            layer.partial(number, [(0, min(3, total))] + ([(total - 5, 4)] if total > 9 else []))
    return layer


def under(layer, top):
    """Data below all blocks of the top, ZERO elsewhere"""
    states(layer, (e.ZERO,))
    for number in top.blocks:
        layer.present(number * top.block_size // layer.block_size)


@chain
def chunks_512(c):
    """three chunks of 4 GiB, partial blocks at their borders"""
    chunk_blocks(c.child(9 * GIB + MIB + 512, 64 * MIB))
    under(c.base(9 * GIB + MIB + 512, 256 * MIB), c.top)


@chain
def chunks_1m(c):
    """three chunks in blocks of 1 MiB: the bitmap entries lie far apart"""
    chunk_blocks(c.child(9 * GIB + MIB + 512, MIB))
    under(c.base(9 * GIB + MIB + 512, 128 * MIB), c.top)


@chain
def chunks_without_bitmap(c):
    """four chunks, the second and the last without a bitmap"""
    top = chunk_blocks(c.child(16 * GIB, 32 * MIB), without=(1, 3))
    top.present(200, 500)
    under(c.base(16 * GIB, 256 * MIB), c.top)


@chain_4k
def chunks_4k(c):
    """4 KiB sectors: three chunks of 32 GiB"""
    chunk_blocks(c.child(65 * GIB + MIB + 4 * KIB, 256 * MIB))
    under(c.base(65 * GIB + MIB + 4 * KIB, 128 * MIB), c.top)


@chain
def bat_without_last_bitmap(c):
    """the BAT ends before the last chunk's bitmap entry: it is not needed"""
    top = c.child(131041 * MIB, MIB)
    top.bat_region.length = MIB
    top.present(0, 131040)
    top.partial(4000, [(5, 9)])
    base = c.base(131041 * MIB, 256 * MIB)
    base.present(0, 15, base.block_count - 1)


# -- sizes --

@chain
def parent_shorter(c):
    """the parent ends in the middle of a block, junk behind its end: zeros"""
    mixed(c.child(21 * MIB + 512, MIB))
    everything(c.base(10 * MIB + 1536, 4 * MIB), "full")


@chain
def parent_shorter_empty(c):
    """a child without blocks, its parent ends before it"""
    c.child(21 * MIB, MIB)
    everything(c.base(5 * MIB + 512, 2 * MIB), "full")


@chain
def parent_longer(c):
    """the parent is longer: its end is not shown"""
    mixed(c.child(10 * MIB + 512, 2 * MIB))
    everything(c.base(31 * MIB, MIB))


@chain
def parent_one_sector(c):
    """a parent of one sector"""
    mixed(c.child(6 * MIB, MIB), 8).partial(0, [(1, 7)])
    everything(c.base(512, MIB))


@chain
def middle_shorter(c):
    """the file in the middle ends early: what lies below its end is not seen through it"""
    c.child(24 * MIB, 2 * MIB).partial(3, [(0, 100), (3000, 1096)])
    c.child(9 * MIB + 512, MIB).partial(2, [(17, 1)])
    everything(c.base(24 * MIB, 4 * MIB), "full")


@chain
def last_block_short(c):
    """the last block is partial and short: bits behind the disk's end"""
    for size in (MIB, 4 * MIB):
        layer = c.child(16 * MIB + 37 * 512, size)
        last = layer.block_count - 1
        layer.partial(last, [(0, 1), (20, layer.used(last) // 512 - 20)])
    everything(c.base(16 * MIB + 37 * 512, 32 * MIB), "full")


@chain
def last_block_one_sector(c):
    """the last block is one sector, in the parent's file: the bit is clear, those behind it set"""
    c.child(4 * MIB + 512, 2 * MIB).partial(2, [])
    everything(c.base(4 * MIB + 512, 2 * MIB), "full")


def sizes_of_blocks(*sizes):
    def recipe(c):
        disk_size = (9 if len(sizes) > 3 else 18) * MIB + 3584
        for size in sizes[:-1]:
            mixed(c.child(disk_size, size * MIB))
        everything(c.base(disk_size, sizes[-1] * MIB))
    return recipe


for _sizes in ((1, 256), (256, 1), (2, 256, 1), (32, 1, 8), (1, 2, 4, 8, 16, 32, 64, 128, 256),
               (256, 128, 64, 32, 16, 8, 4, 2, 1)):
    add("blocks-" + "-".join(map(str, _sizes)), "blocks of so many MiB, the child's first",
        sizes_of_blocks(*_sizes))


@chain_4k
def sectors_4k(c):
    """4 KiB sectors: a bit for each of them"""
    for size in (MIB, 32 * MIB, 2 * MIB):
        mixed(c.child(11 * MIB + 4 * KIB, size), 9)
    everything(c.base(11 * MIB + 4 * KIB, 4 * MIB))


@chain_4k
def sectors_4k_bits(c):
    """4 KiB sectors, slices of 32 bytes: one sector, and all but one"""
    edges = (0, 7, 8, 63, 64, 127, 128, 254, 255)
    top = c.child(2 * len(edges) * MIB, MIB)
    for number, sector in enumerate(edges):
        top.partial(2 * number, [(sector, 1)])
        top.partial(2 * number + 1, all_but(sector, 256))
    everything(c.base(2 * len(edges) * MIB, 8 * MIB), "full")


# -- kinds of bases --

@chain
def base_fixed(c):
    """a fixed base"""
    mixed(c.child(16 * MIB, 2 * MIB))
    everything(c.base(16 * MIB, MIB, fixed=True), "full")


@chain
def base_fixed_cut(c):
    """a fixed base that ends where its disk ends, inside the last block"""
    mixed(c.child(11 * MIB, 2 * MIB))
    base = everything(c.base(11 * MIB, 2 * MIB, fixed=True), "full")

    def shorten(layer):
        layer.file_size = layer.blocks[5].offset + layer.used(5)

    base.dirty = shorten


@chain
def base_draft_states(c):
    """a base with UNMAPPED of draft 0.95, and bitmap entries that mean nothing there"""
    mixed(c.child(12 * MIB, MIB))
    base = c.base(12 * MIB, MIB)
    states(base, (e.UNMAPPED_DRAFT, e.PRESENT, e.PRESENT))

    def spoil(layer):
        layer.bat[layer.bitmap_index(0)] = layer.blocks[1].offset | e.PARTIAL

    base.dirty = spoil


# -- logs --

@chain
def dirty_top(c):
    """the child's log has pages of its BAT and its bitmap"""
    mixed(c.child(20 * MIB, MIB)).dirty = log_all
    everything(c.base(20 * MIB, MIB))


@chain
def dirty_middle(c):
    """the log of the file in the middle has pages of its BAT and its bitmap"""
    mixed(c.child(20 * MIB, 2 * MIB))
    mixed(c.child(20 * MIB, MIB)).dirty = log_all
    everything(c.base(20 * MIB, 8 * MIB))


@chain
def dirty_base(c):
    """the base's log has its BAT"""
    mixed(c.child(20 * MIB, MIB))
    everything(c.base(20 * MIB, MIB)).dirty = log_all


@chain
def dirty_all(c):
    """every file has a log to be replayed, with several entries for each page"""
    for size in (1, 4, 2):
        mixed(c.child(20 * MIB, size * MIB)).dirty = log_in_turn
    everything(c.base(20 * MIB, MIB)).dirty = log_in_turn


@chain
def dirty_chunks(c):
    """pages of three bitmaps in the log"""
    chunk_blocks(c.child(9 * GIB + MIB + 512, MIB)).dirty = log_all
    under(c.base(9 * GIB + MIB + 512, 128 * MIB), c.top)


def fresh(layer):
    """The entry that links the bitmap makes it zero first; in the file it is junk."""
    bitmap = layer.bitmaps[0].offset
    pages = bitmap_pages(layer)
    for page in range(bitmap, bitmap + MIB, SECTOR):
        if page not in pages or page == bitmap + SECTOR:
            layer.patches.append((page, b"\xff" * SECTOR))
    Journal(layer, 9).add((bitmap, MIB), bitmap, *bat_pages(layer))


@chain
def dirty_fresh_bitmap(c):
    """a new bitmap: made zero by the entry that links it, and one of its pages written"""
    top = c.child(20 * MIB, MIB)
    for number in range(16):
        top.partial(number, random_runs(top.rng, 2048, 50))
    # their bits are all clear, and only the log knows
    top.partial(17, [])
    top.partial(19, [])
    top.dirty = fresh
    everything(c.base(20 * MIB, MIB))


def extended(layer):
    """The bitmap is the last thing in the file, which ends before it."""
    last, layer.file_size = layer.file_size, layer.bitmaps[0].offset
    Journal(layer, 9).add(*bat_pages(layer), *bitmap_pages(layer), flushed=layer.file_size,
                          last=last)


@chain
def dirty_extended(c):
    """the bitmap lies beyond the end of the file: its pages are in the log, the others zero"""
    top = c.child(20 * MIB, MIB)
    for number in range(20):
        top.partial(number, random_runs(top.rng, 2048, 50))
    top.dirty = extended
    everything(c.base(20 * MIB, MIB))


def old_bits(layer):
    """The BAT is that of the file; the bits there are from before the newest entries."""
    journal = Journal(layer, 77, 1000)
    for page in bitmap_pages(layer):
        layer.patches.append((page, junk(SECTOR)))
        with_all = (page, b"\xff" * SECTOR)
        journal.add(with_all).add(with_all, (page, bytes(layer.bitmaps[0].data[:SECTOR])))


@chain
def dirty_bits(c):
    """only the bitmap is in the log, every bit set before its last change"""
    top = c.child(14 * MIB, MIB)
    for number in range(14):
        top.partial(number, random_runs(top.rng, 2048, 20))
    top.dirty = old_bits
    everything(c.base(14 * MIB, MIB))


# -- depth --

def deep(count):
    def recipe(c):
        for number in range(count - 1):
            layer = c.child(6 * MIB + 512, (1, 2, 4)[number % 3] * MIB)
            for block in range(layer.block_count):
                total = layer.used(block) // 512
                if total > 20 and (block + number) % 4:
                    layer.partial(block, random_runs(layer.rng, total, total / 10))
        everything(c.base(6 * MIB + 512, MIB))
    return recipe


for _count in range(1, 9):
    add(f"depth-{_count}", "so many files, partial blocks in each", deep(_count))


@chain
def depth_32(c):
    """32 files, partial blocks everywhere, each file with sectors that only it has"""
    for number in range(31):
        layer = c.child(8 * MIB, (1, 2)[number % 2] * MIB)
        for block in range(layer.block_count):
            total = layer.block_size // 512
            own = (number * 64 + block * 11) % (total - 64)
            layer.partial(block, [(own, 60)])
    everything(c.base(8 * MIB, 4 * MIB), "full")


@chain
def depth_32_empty(c):
    """32 files, only the base has anything"""
    for _ in range(31):
        c.child(8 * MIB, 2 * MIB)
    everything(c.base(8 * MIB, 2 * MIB))


# -- how the parent is named --

def linked(name, note, pairs):
    def recipe(c):
        for size in (2, 1):
            mixed(c.child(8 * MIB, size * MIB)).pairs = pairs
        everything(c.base(8 * MIB, MIB))
    add(name, note, recipe)


def replaced(key, value):
    """The pairs of Windows, one of them different, or missing if it is None"""
    def pairs(child, parent):
        out = []
        for k, v in windows_pairs(child, parent):
            v = value(child, parent) if k == key else v
            if v is not None:
                out.append((k, v))
        return out
    return pairs


def guid_of(parent):
    return str(parent.header().data_write)


def during_merge(child, parent):
    """parent_linkage is what the parent was, the second one what it is."""
    return [("parent_linkage", f"{{{child.guid()}}}"), *windows_pairs(child, parent)[1:4],
            ("parent_linkage2", f"{{{guid_of(parent)}}}")]


linked("linkage-second", "the parent is the one of parent_linkage2, as during a merge",
       during_merge)
linked("linkage-upper-case", "the GUID in upper case",
       replaced("parent_linkage", lambda child, parent: "{" + guid_of(parent).upper() + "}"))
linked("linkage-no-braces", "the GUID without braces",
       replaced("parent_linkage", lambda child, parent: guid_of(parent)))
linked("linkage-alone", "no parent_linkage2 at all",
       replaced("parent_linkage2", lambda child, parent: None))
linked("path-relative", "only a relative path",
       lambda child, parent: [("parent_linkage", f"{{{guid_of(parent)}}}"),
                              ("relative_path", f".\\{parent.file}")])
linked("path-relative-up", "a relative path through the folder above, and case of its own",
       lambda child, parent: [("parent_linkage", f"{{{guid_of(parent)}}}"),
                              ("relative_path", f"..\\CHAINS\\.\\{parent.file.upper()}")])
linked("path-absolute", "only an absolute path with a drive",
       lambda child, parent: [("absolute_win32_path", f"D:\\Hyper-V\\{parent.file}"),
                              ("parent_linkage", f"{{{guid_of(parent)}}}")])
linked("path-absolute-long", "only an absolute path with its prefix",
       lambda child, parent: [("absolute_win32_path", f"\\\\?\\D:\\Hyper-V\\{parent.file}"),
                              ("parent_linkage", f"{{{guid_of(parent)}}}")])
linked("path-share", "only a path on a share",
       lambda child, parent: [("absolute_win32_path", f"\\\\server\\share\\{parent.file}"),
                              ("parent_linkage", f"{{{guid_of(parent)}}}")])
linked("path-volume", "only a volume path",
       lambda child, parent: [("volume_path", windows_pairs(child, parent)[3][1]),
                              ("parent_linkage", f"{{{guid_of(parent)}}}")])
linked("path-stale", "paths that lead nowhere but for the file's name",
       lambda child, parent: [("parent_linkage", f"{{{guid_of(parent)}}}"),
                              ("absolute_win32_path", f"E:\\gone\\{parent.file}"),
                              ("relative_path", f"..\\..\\gone\\{parent.file}")])


@chain
def headers_differ(c):
    """the parents' older headers have another DataWriteGuid, as by QEMU: not looked at"""
    mixed(c.child(8 * MIB))
    for layer in (mixed(c.child(8 * MIB, MIB)), everything(c.base(8 * MIB))):
        layer.headers[0].data_write = layer.guid()


@chain
def headers_swapped(c):
    """header 1 is the current one of every file, header 2 has a null DataWriteGuid"""
    for layer in (mixed(c.child(8 * MIB)), mixed(c.child(8 * MIB, MIB)),
                  everything(c.base(8 * MIB))):
        layer.headers[0].sequence, layer.headers[1].sequence = 9, 8
        layer.headers[1].data_write = NULL


@chain
def physical_differ(c):
    """physical sector sizes differ: the child's counts"""
    mixed(c.child(8 * MIB, physical=512))
    mixed(c.child(8 * MIB, physical=4096))
    everything(c.base(8 * MIB, physical=512))
