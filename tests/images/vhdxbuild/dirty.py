# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Good images with a log that must be replayed before anything else is true of them.

Their models say what is to be seen after replay. There is no oracle: QEMU 7.2 refuses to
open them for reading, and replays half of them wrongly.
"""

import struct

from . import encode as e
from .encode import KIB, MIB
from .good import GOOD, add, ordinary
from .image import Image
from .journal import SECTOR, Journal
from .pattern import junk

__all__ = ["GOOD"]


def dirty(recipe):
    name = "dirty-" + recipe.__name__.replace("_", "-")
    add(name, recipe, f"dirty: {recipe.__doc__}", "none")
    return recipe


def entry_page(image, block):
    """Where the page of the BAT with this block's entry is in the file."""
    at = image.bat_region.offset + 8 * image.payload_index(block)
    return at - at % SECTOR


def bat_pages(image):
    """All pages of the BAT that are not zero."""
    return sorted({image.bat_region.offset + 8 * index // SECTOR * SECTOR
                   for index in image.bat})


def wrong_page(image, block=0):
    """A page of the BAT with one block everywhere: a reader that uses it shows that block."""
    return struct.pack("<Q", image.blocks[block].offset | e.PRESENT) * (SECTOR // 8)


def old_page(image, blocks):
    """The first page of the BAT when it had these blocks only."""
    page = bytearray(SECTOR)
    for number in blocks:
        struct.pack_into("<Q", page, 8 * number, image.blocks[number].offset | e.PRESENT)
    return bytes(page)


def start(name, **more):
    """The ordinary image, the offset of its BAT, which has one page, and a page for it
    that is wrong."""
    image = ordinary(name, **more).place()
    return image, image.bat_region.offset, wrong_page(image)


def large(name, pages=4, **more):
    """A BAT of 256 pages: one block each in the first so many, the last entry as well."""
    image = Image(name, 131041 * MIB, **more)
    image.present(*range(5, 512 * pages, 512), image.block_count - 1, fill="page")
    return image.place()


# -- entries and their place in the ring --

@dirty
def one_entry(name):
    """one entry"""
    image, bat, _ = start(name)
    Journal(image).add(bat)
    return image


@dirty
def many_entries(name):
    """40 entries, sequence numbers beyond 32 bits on the way, all of them needed"""
    image, bat, _ = start(name)
    journal = Journal(image, 3, 0xFFFFFFF0)
    for n in range(39):
        journal.add((bat, old_page(image, sorted(image.blocks)[:n // 8])))
    journal.add(bat)
    return image


@dirty
def empty_entry(name):
    """an empty entry and nothing else, as after every clean open by Windows"""
    image, _, _ = start(name)
    Journal(image).add()
    return image


@dirty
def sequence_random(name):
    """sequence numbers of 63 bits, as by Windows; FlushedFileOffset 0"""
    image, bat, wrong = start(name)
    Journal(image, 0, 0x7CA264063FE55700).add(flushed=0).add((bat, wrong), flushed=0) \
        .add(bat, flushed=0)
    return image


@dirty
def wrapped(name):
    """entries before and behind the end of the ring, none across it"""
    image, bat, wrong = start(name)
    journal = Journal(image, 250)
    for _ in range(7):
        journal.add((bat, wrong))
    journal.add(bat)
    return image


@dirty
def wrapped_in_descriptors(name):
    """an entry whose first descriptor sector is the last sector of the ring"""
    image = large(name)
    zeros = [(320 * KIB + SECTOR * n, SECTOR) for n in range(130)]
    Journal(image, 255).add(*zeros, *bat_pages(image))
    return image


@dirty
def wrapped_in_data(name):
    """an entry with two data sectors before and three behind the end of the ring"""
    image = large(name)
    Journal(image, 251).add().add((320 * KIB, junk(SECTOR)), *bat_pages(image)[:4]) \
        .add(*bat_pages(image)[4:])
    return image


@dirty
def ends_at_end(name):
    """the newest entry ends exactly where the ring ends; an old one begins at its start"""
    image, bat, wrong = start(name)
    journal = Journal(image, 250, 100)
    Journal(image, 0, 40, journal.guid).add((bat, wrong)).add((bat, wrong), tail=-1)
    journal.add((bat, wrong)).add((bat, wrong)).add(bat)
    return image


@dirty
def stale_lap(name):
    """one newest entry, behind it the rest of an older lap that would spoil everything"""
    image, bat, wrong = start(name)
    old = Journal(image, 2, 1001)
    for _ in range(127):
        old.add((bat, wrong), tail=-1)
    assert old.at == 0
    old.add(bat, tail=-1)
    return image


@dirty
def tail_inside(name):
    """five entries, Tail in the third: the first two name places that are others' now"""
    image, bat, wrong = start(name)
    payload = image.blocks[5].offset
    journal = Journal(image, 200, 77)
    journal.add((payload, junk(SECTOR)), (bat, wrong)).add((payload, MIB))
    journal.add(bat, tail=2).add((512 * KIB, SECTOR), tail=2).add(tail=2)
    return image


@dirty
def torn(name):
    """the newest entry's data sector was half written: the state before it counts"""
    image, bat, wrong = start(name)
    Journal(image).add((bat, wrong)).add(bat).add((bat, wrong), torn=2048)
    return image


@dirty
def torn_wrapped(name):
    """as torn, and the torn entry lies across the end of the ring"""
    image, bat, wrong = start(name)
    Journal(image, 251).add((bat, wrong)).add(bat, tail=-1) \
        .add((bat, wrong), (bat, wrong), tail=-1, torn=3584)
    return image


@dirty
def two_sequences(name):
    """two complete sequences with the same LogGuid, the newer one at the end of the ring"""
    image, bat, wrong = start(name)
    newer = Journal(image, 200, 900)
    Journal(image, 10, 400, newer.guid).add((bat, wrong)).add((bat, wrong)).add((bat, wrong))
    newer.add(bat).add()
    return image


@dirty
def two_sequences_reversed(name):
    """two complete sequences with the same LogGuid, the newer one at the start of the ring"""
    image, bat, wrong = start(name)
    newer = Journal(image, 10, 900)
    Journal(image, 200, 400, newer.guid).add((bat, wrong)).add((bat, wrong)).add((bat, wrong))
    newer.add(bat).add()
    return image


@dirty
def foreign_entries(name):
    """entries of other sessions before, between and directly behind those that count"""
    image, bat, wrong = start(name)
    journal = Journal(image, 20, 50)
    other = image.guid()
    Journal(image, 0, 1 << 60, other).add((bat, wrong)).add((bat, wrong))
    Journal(image, 16, 48, other).add((bat, wrong)).add((bat, wrong))
    Journal(image, 60, 70, journal.guid).add((bat, wrong), tail=-1)
    Journal(image, 62, 48, other).add((bat, wrong), tail=-1)
    Journal(image, 64, 71, journal.guid).add((bat, wrong), tail=-1)
    journal.sequence = 80
    journal.add((bat, wrong)).add(bat)
    Journal(image, journal.at // SECTOR, 82, other).add((bat, wrong))
    return image


# -- sizes of entries and rings --

@dirty
def descriptors_126(name):
    """126 descriptors: as many as fit in one sector"""
    image = large(name, 125)
    assert len(bat_pages(image)) == 126
    Journal(image).add(*bat_pages(image))
    return image


@dirty
def descriptors_127(name):
    """127 descriptors: the last one alone in the second sector"""
    image = large(name, 126)
    assert len(bat_pages(image)) == 127
    Journal(image, 100).add(*bat_pages(image))
    return image


@dirty
def half_ring(name):
    """an entry of 142 of the ring's 256 sectors, across its end"""
    image = large(name, 139)
    assert len(bat_pages(image)) == 140
    Journal(image, 190, 5).add().add(*bat_pages(image))
    return image


@dirty
def whole_ring(name):
    """an entry as large as the ring"""
    image = large(name, 250)
    unused = [(512 * KIB + SECTOR * n, junk(SECTOR)) for n in range(3)]
    Journal(image, 99).add(*unused, *bat_pages(image))
    assert image.journal[0].length() == MIB
    return image


@dirty
def log_100m(name):
    """a log of 100 MiB, its entries across the end"""
    image = Image(name, 131041 * MIB)
    image.set_log(log_length=100 * MIB)
    image.present(*range(5, 512 * 60, 512), fill="page")
    image.place()
    journal = Journal(image, 25600 - 70, 0x1234567890)
    pages = bat_pages(image)
    for n, page in enumerate(pages):
        journal.add(page, (pages[(n + 1) % len(pages)], wrong_page(image, 5)))
    journal.add(pages[0])
    return image


# -- what is in them --

@dirty
def bat(name):
    """all pages of a BAT, at both sides of chunk borders, in several entries"""
    image = Image(name, 40 * 4096 * MIB)
    borders = range(4096, image.block_count, 4096)
    image.present(0, *(b for border in borders for b in (border - 1, border)), fill="page")
    image.place()
    journal = Journal(image, 200)
    pages = bat_pages(image)
    for at in range(0, len(pages), 7):
        journal.add(*pages[at:at + 7])
    return image


@dirty
def region_tables(name):
    """both region tables"""
    image, _, _ = start(name)
    Journal(image).add(*range(192 * KIB, 320 * KIB, SECTOR))
    return image


@dirty
def metadata(name):
    """the metadata table and all items"""
    image, _, _ = start(name)
    base = image.metadata_region.offset
    Journal(image).add(*range(base, base + 64 * KIB, SECTOR)).add(base + 64 * KIB)
    return image


@dirty
def everything(name):
    """region tables, metadata and BAT: in the file there is nothing but headers and payload"""
    image = ordinary(name, logical=4096)
    image.headers[0].sequence = 99
    image.place()
    base = image.metadata_region.offset
    Journal(image, 230).add(*range(192 * KIB, 256 * KIB, SECTOR)) \
        .add(*range(256 * KIB, 320 * KIB, SECTOR)) \
        .add(image.bat_region.offset, *range(base, base + 68 * KIB, SECTOR))
    return image


@dirty
def zeros(name):
    """zero descriptors: pages of a BAT that are junk in the file, one alone, many at once"""
    image = large(name, 2)
    first = image.bat_region.offset
    for page in (2, 4, 5, 99, 100):
        image.patches.append((first + page * SECTOR, wrong_page(image, 5)))
    Journal(image).add((first + 2 * SECTOR, SECTOR), (first + 99 * SECTOR, 2 * SECTOR),
                       (512 * KIB, 0)).add((first + 4 * SECTOR, 90 * SECTOR))
    return image


@dirty
def same_page(name):
    """several changes of one page, in one entry and in several: the last one counts"""
    image, bat, wrong = start(name)
    Journal(image).add((bat, wrong), (bat, junk(SECTOR))).add((bat, wrong)) \
        .add((bat, junk(SECTOR)), bat)
    return image


@dirty
def zero_then_page(name):
    """ranges that become zero, then pages in them, in one entry and in the next"""
    image = large(name)
    first = image.bat_region.offset
    Journal(image).add((first, MIB), first, first + SECTOR).add(*bat_pages(image)[2:])
    image.patches.append((first + 9 * SECTOR, wrong_page(image, 5)))
    return image


@dirty
def page_then_zero(name):
    """pages, then ranges around them that become zero, in one entry and in the next"""
    image = large(name)
    first = image.bat_region.offset
    wrong = wrong_page(image, 5)
    image.patches.append((first + 9 * SECTOR, wrong))
    Journal(image).add((first + 8 * SECTOR, wrong), (first + 9 * SECTOR, wrong)) \
        .add((first + 11 * SECTOR, wrong), (first + 7 * SECTOR, 5 * SECTOR)) \
        .add(*bat_pages(image))
    return image


# -- replay that makes the file longer --

def longer(name, fill):
    """The last block is new, and the file has yet to grow around it."""
    image = ordinary(name)
    image.present(63, fill=fill)
    image.place()
    return image, image.file_size


@dirty
def extended(name):
    """the last block lies beyond the end of the file: zeros"""
    image, last = longer(name, "none")
    image.file_size = image.blocks[63].offset
    Journal(image).add(last=image.file_size).add(image.bat_region.offset, last=last)
    return image


@dirty
def extended_in_block(name):
    """the file ends inside the last block, at a sector: zeros from there on"""
    image, last = longer(name, "head")
    image.file_size = image.blocks[63].offset + 129 * 512
    Journal(image).add(image.bat_region.offset, last=last)
    return image


@dirty
def extended_by_size(name):
    """the last block lies beyond the end of the file, and the entry has no changes"""
    image, last = longer(name, "none")
    image.file_size = image.blocks[63].offset
    Journal(image).add(last=last)
    return image


@dirty
def extended_bat(name):
    """metadata and BAT lie beyond the end of the file, all they hold is in the log"""
    image = ordinary(name)
    image.order = ["log", "payload", "metadata", "bat"]
    image.place()
    last, image.file_size = image.file_size, image.metadata_region.offset
    base = image.metadata_region.offset
    Journal(image, 254).add(base, base + 64 * KIB, image.bat_region.offset, last=last)
    return image


@dirty
def odd_size(name):
    """the file ends 512 bytes behind a whole MiB, with a logged page around its end"""
    image = ordinary(name)
    image.place()
    end = image.file_size
    image.file_size += 512
    Journal(image).add((end, junk(SECTOR)), image.bat_region.offset, flushed=end)
    return image
