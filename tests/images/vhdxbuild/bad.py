# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""One image for each reason to refuse one: everything in it is right but that.

Each recipe has the name of its reason. Its kind is
  open	 the image is refused as a whole, with the parents it comes with, if any;
  block	 the image opens, one block of it cannot be read: the one at `offset`;
  find	 the image opens and reads; only the search for its parent refuses it;
  check	 the image opens and reads; only vhdxctl check finds it, comparing entries.

A recipe gives the image, or the image and its parents, the child first.
"""

import struct

from . import encode as e
from .encode import KIB, MIB, TIB
from .good import PARENT_PAIRS, differencing, ordinary
from .image import Image, Item, Region
from .journal import SECTOR, Journal
from .pattern import junk

BAD = {}


def as_list(made):
    return made if isinstance(made, list) else [made]


def bad(kind="open", block=None):
    def register(recipe):
        name = recipe.__name__
        BAD[name] = (lambda: as_list(recipe(name)), kind, block)
        return recipe
    return register


# -- file type identifier --

@bad()
def file_too_small(name):
    image = ordinary(name).place()
    image.file_size = MIB - 512
    return image


@bad()
def file_signature(name):
    image = ordinary(name).place()
    image.signature = b"vhdxfilE"
    return image


@bad()
def file_is_vhd1(name):
    """A dynamic VHD: its footer, and the copy of it at the beginning."""
    image = ordinary(name).place()
    image.signature = b"conectix"
    footer = struct.pack(">8sIIQI4sI4sQQIII", b"conectix", 2, 0x10000, 512, 0, b"test",
                         0x10000, b"Wi2k", 64 * MIB, 64 * MIB, 0x07C01004, 3, 0)
    footer += image.guid().bytes + b"\0"
    footer = bytearray(footer.ljust(512, b"\0"))
    struct.pack_into(">I", footer, 64, ~sum(footer) & 0xFFFFFFFF)
    image.patches = [(0, bytes(footer)), (image.file_size, bytes(footer))]
    image.file_size += 512
    return image


# -- headers --

@bad()
def header_none_valid(name):
    image = ordinary(name).place()
    image.headers[0].damage = "checksum"
    image.headers[1].damage = "signature"
    return image


@bad()
def header_tie(name):
    image = ordinary(name).place()
    image.headers[0].sequence = image.headers[1].sequence
    image.headers[0].data_write = image.guid()
    return image


@bad()
def header_version(name):
    image = ordinary(name).place()
    image.headers[1].version = 2
    return image


# -- log --

def dirty(name):
    """A log with one empty entry: nothing in it, and still it must be replayed."""
    image = ordinary(name).place()
    Journal(image).add()
    return image


@bad()
def log_version(name):
    image = dirty(name)
    image.set_log(log_version=1)
    return image


@bad()
def log_misaligned(name):
    image = ordinary(name)
    image.order.insert(1, MIB)
    image.place()
    image.set_log(log_offset=MIB + 4096)
    return image


@bad()
def log_in_header_section(name):
    image = ordinary(name).place()
    image.set_log(log_offset=0)
    return image


@bad()
def log_past_eof(name):
    image = ordinary(name).place()
    image.set_log(log_offset=image.file_size)
    return image


@bad()
def log_missing(name):
    image = dirty(name)
    image.set_log(log_length=0)
    image.journal = []
    return image


@bad()
def log_dirty(name):
    """Refused only if replay is forbidden."""
    return dirty(name)


def logged(name, *changes, **more):
    """A log with an entry that is all right by itself, then one with these changes."""
    image = ordinary(name).place()
    Journal(image, 7).add(image.bat_region.offset).add(*changes, **more)
    return image


@bad()
def log_too_large(name):
    image = ordinary(name)
    image.set_log(log_length=1025 * MIB)
    image.place()
    Journal(image).add(image.bat_region.offset)
    return image


@bad()
def log_no_sequence(name):
    """A newest entry whose Tail is nowhere; before it a torn one, then one of another log."""
    image = ordinary(name).place()
    journal = Journal(image, 20, 5)
    Journal(image, 10, 1, image.guid()).add((512 * KIB, junk(SECTOR)))
    journal.add((512 * KIB, junk(SECTOR)), torn=512).add((512 * KIB, junk(SECTOR)), tail=0)
    return image


@bad()
def log_file_truncated(name):
    image = ordinary(name).place()
    Journal(image).add(flushed=image.file_size + 512, last=image.file_size + MIB)
    return image


@bad()
def log_file_size(name):
    image = ordinary(name).place()
    Journal(image).add(last=256 * TIB + MIB)
    return image


@bad()
def log_target_protected(name):
    return logged(name, (128 * KIB, junk(SECTOR)))


@bad()
def log_target_range(name):
    image = ordinary(name).place()
    Journal(image, 7).add(image.bat_region.offset).add((image.file_size, SECTOR))
    return image


@bad()
def log_too_many_changes(name):
    return logged(name, *(((512 + n % 100 * 4) * KIB, SECTOR) for n in range(4097)))


@bad("block", 5)
def log_payload_changed(name):
    """The last page of a block, so that no part of the block can be read up to its end."""
    image = ordinary(name).place()
    Journal(image).add((image.blocks[5].offset + MIB - SECTOR, junk(SECTOR)))
    return image


# -- region table --

@bad()
def region_none_valid(name):
    image = ordinary(name).place()
    image.tables[0].damage = "signature"
    image.tables[1].damage = "checksum"
    return image


@bad()
def region_count(name):
    image = ordinary(name).place()
    for table in image.tables:
        table.count = 2048
    return image


def with_region(name, guid=None, length=MIB, flags=0):
    """An additional region that is all right, until the caller changes it."""
    image = ordinary(name)
    extra = Region(guid or image.guid(), length, flags)
    image.regions.append(extra)
    image.order.append(extra)
    return image.place(), extra


@bad()
def region_duplicate(name):
    return with_region(name, e.BAT, flags=1)[0]


@bad()
def region_misaligned(name):
    image, extra = with_region(name)
    extra.offset += 64 * KIB
    image.file_size += MIB
    return image


@bad()
def region_in_header_section(name):
    image, extra = with_region(name)
    extra.offset = 0
    return image


@bad()
def region_empty(name):
    return with_region(name, length=0)[0]


@bad()
def region_range(name):
    image, extra = with_region(name, length=2 * MIB)
    extra.offset = (1 << 63) - MIB
    return image


@bad()
def region_overlap(name):
    image, extra = with_region(name)
    extra.offset = image.header().log_offset
    return image


@bad()
def region_past_eof(name):
    image = ordinary(name).place()
    image.bat_region.offset = image.file_size
    return image


@bad()
def region_unknown_required(name):
    return with_region(name, flags=1)[0]


@bad()
def region_bat_missing(name):
    image = ordinary(name).place()
    image.regions.remove(image.bat_region)
    return image


@bad()
def region_metadata_missing(name):
    image = ordinary(name).place()
    image.regions.remove(image.metadata_region)
    return image


# -- metadata table --

@bad()
def metadata_signature(name):
    image = ordinary(name).place()
    image.metadata_signature = b"Metadata"
    return image


@bad()
def metadata_count(name):
    image = ordinary(name).place()
    image.item_count = 2048
    return image


@bad()
def metadata_user_count(name):
    image = ordinary(name)
    image.items += [Item(image.guid(), b"u", e.USER) for _ in range(1025)]
    return image.place()


def with_item(name, data=b"test", flags=0, guid=None, **more):
    """An additional item that is valid, unless the caller gives other values."""
    image = ordinary(name)
    image.metadata_region.length = 4 * MIB
    extra = Item(image.guid() if guid is None else guid, data, flags, **more)
    image.items.append(extra)
    return image.place()


@bad()
def metadata_null_id(name):
    return with_item(name, guid=e.NULL)


@bad()
def metadata_duplicate(name):
    return with_item(name, bytes(16), e.REQUIRED | e.VIRTUAL_DISK, e.DISK_ID)


@bad()
def metadata_item_size(name):
    return with_item(name, length=MIB + 1, offset=MIB)


@bad()
def metadata_item_offset(name):
    return with_item(name, offset=64 * KIB - 4)


@bad()
def metadata_item_outside(name):
    return with_item(name, offset=4 * MIB - 3)


@bad()
def metadata_item_overlap(name):
    image = ordinary(name).place()
    size = image.item(e.DISK_SIZE)
    image.items.append(Item(image.guid(), b"", 0, size.offset + 7, 64))
    return image


@bad()
def metadata_unknown_required(name):
    return with_item(name, flags=e.REQUIRED)


@bad()
def metadata_incomplete_file(name):
    return with_item(name, b"", e.REQUIRED, e.INCOMPLETE_FILE)


@bad()
def metadata_item_missing(name):
    image = ordinary(name).place()
    image.items.remove(image.item(e.DISK_ID))
    return image


@bad()
def metadata_item_length(name):
    image = ordinary(name)
    image.item(e.DISK_SIZE).data += bytes(4)
    return image.place()


# -- known items --

def with_value(name, guid, data):
    image = ordinary(name).place()
    image.item(guid).data = data
    return image


@bad()
def block_size(name):
    return with_value(name, e.FILE_PARAMETERS, struct.pack("<II", 3 * MIB, 0))


@bad()
def parameters_reserved(name):
    return with_value(name, e.FILE_PARAMETERS, struct.pack("<II", MIB, 4))


@bad()
def logical_sector_size(name):
    return with_value(name, e.LOGICAL_SECTOR_SIZE, struct.pack("<I", 1024))


@bad()
def physical_sector_size(name):
    return with_value(name, e.PHYSICAL_SECTOR_SIZE, struct.pack("<I", 8192))


@bad()
def disk_size_zero(name):
    return with_value(name, e.DISK_SIZE, bytes(8))


@bad()
def disk_size_unaligned(name):
    return with_value(name, e.DISK_SIZE, struct.pack("<Q", 64 * MIB - 256))


@bad()
def disk_size_too_large(name):
    image = Image(name, 64 * TIB + 512, 256 * MIB)
    image.present(0)
    return image.place()


@bad()
def locator_missing(name):
    image = differencing(name)
    image.items.remove(image.item(e.PARENT_LOCATOR))
    return image.place()


@bad()
def bat_too_small(name):
    """One block more than the entries of 1 MiB can hold."""
    image = Image(name, 131042 * MIB)
    image.present(0)
    image.bat_region.length = MIB
    return image.place()


# -- BAT entries --

WRONG = 5                       # the block they are about; it was present and right


def with_entry(name, entry):
    image = ordinary(name).place()
    image.bat[image.payload_index(WRONG)] = entry(image)
    return image


@bad("block", WRONG)
def payload_state(name):
    return with_entry(name, lambda image: image.blocks[WRONG].offset | e.RESERVED)


@bad("block", WRONG)
def payload_partial_without_parent(name):
    return with_entry(name, lambda image: image.blocks[WRONG].offset | e.PARTIAL)


@bad("block", WRONG)
def payload_in_header_section(name):
    return with_entry(name, lambda image: 0 | e.PRESENT)


@bad("block", WRONG)
def payload_past_eof(name):
    return with_entry(name, lambda image: image.file_size | e.PRESENT)


@bad("block", WRONG)
def payload_overlap(name):
    return with_entry(name, lambda image: image.metadata_region.offset | e.PRESENT)


def linked(name, parent, number=0, **more):
    """A child of that parent, the locators naming the files of `build bad`"""
    folder = "" if number else "parents\\"
    return differencing(name, [
        ("parent_linkage", f"{{{parent.header().data_write}}}"),
        ("relative_path", f".\\{folder}{name.split('.')[0]}.{number + 1}.vhdx"),
    ], **more)


def with_parent(name, **more):
    """A child and its parent, in order until the caller changes something."""
    parent = ordinary(f"{name}.1", **more).place()
    return linked(name, parent).place(), parent


def with_bitmap(name, entry):
    image, parent = with_parent(name)
    image.bat[image.bitmap_index(0)] = entry(image)
    return [image, parent]


@bad("block", WRONG)
def payload_partial_without_bitmap(name):
    return with_bitmap(name, lambda image: e.NOT_PRESENT)


@bad("block", WRONG)
def bitmap_state(name):
    return with_bitmap(name, lambda image: image.bitmaps[0].offset | e.UNMAPPED)


@bad("block", WRONG)
def bitmap_in_header_section(name):
    return with_bitmap(name, lambda image: 0 | e.PRESENT)


@bad("block", WRONG)
def bitmap_past_eof(name):
    return with_bitmap(name, lambda image: image.file_size | e.PRESENT)


@bad("block", WRONG)
def bitmap_overlap(name):
    return with_bitmap(name, lambda image: image.header().log_offset | e.PRESENT)


# -- entries that are right by themselves --

@bad("check", WRONG)
def payload_duplicate(name):
    return with_entry(name, lambda image: image.blocks[1].offset | e.PRESENT)


@bad("check", WRONG)
def block_overlap(name):
    """The second half of the last block in the file, and 1 MiB behind it."""
    image = Image(name, 64 * MIB, 2 * MIB)
    image.present(0, 3)
    image.place()
    image.bat[image.payload_index(WRONG)] = (image.blocks[3].offset + MIB) | e.PRESENT
    image.file_size += MIB
    return image


# -- parent locator --

def with_locator(name, change):
    """A right locator, as bytes, after a change."""
    image = differencing(name)
    item = image.item(e.PARENT_LOCATOR)
    item.data = bytes(change(bytearray(item.data)))
    return image.place()


def with_pairs(name, pairs):
    return differencing(name, pairs).place()


@bad()
def locator_short(name):
    return with_locator(name, lambda raw: raw[:20 + 12 + 11])


@bad()
def locator_type(name):
    return with_locator(name, lambda raw: bytes(16) + raw[16:])


@bad()
def locator_empty(name):
    return with_pairs(name, [])


@bad()
def locator_text_range(name):
    return with_locator(name, lambda raw: raw[:-2])


@bad()
def locator_text(name):
    return with_pairs(name, [*PARENT_PAIRS, ("volume_path", b"a\0\x00\xd8b\0")])


@bad()
def locator_duplicate(name):
    return with_pairs(name, PARENT_PAIRS + PARENT_PAIRS[1:])


@bad()
def locator_linkage(name):
    return with_pairs(name, PARENT_PAIRS[1:])


@bad("find")
def locator_no_path(name):
    parent = ordinary(f"{name}.1").place()
    pairs = [("parent_linkage", f"{{{parent.header().data_write}}}")]
    return [with_pairs(name, pairs), parent]


@bad()
def locator_count(name):
    return with_pairs(name, PARENT_PAIRS + [(f"key{n}", "value") for n in range(255)])


@bad()
def locator_too_long(name):
    """In order, but that junk follows."""
    return with_locator(name, lambda raw: raw.ljust(64 * KIB + 1, b"\0"))


# -- chains --

@bad()
def parent_missing(name):
    return differencing(name).place()


@bad()
def parent_mismatch(name):
    """All but the current header's DataWriteGuid is what the child was made of."""
    image, parent = with_parent(name)
    was = parent.header().data_write
    for header in parent.headers:
        header.file_write = was
    parent.header().data_write = parent.guid()
    parent.item(e.DISK_ID).data = was.bytes_le
    return [image, parent]


@bad()
def parent_sector_size(name):
    return list(with_parent(name, logical=4096))


@bad()
def parent_duplicate(name):
    """The child is its own parent, too; otherwise the chain would be in order."""
    base = ordinary(f"{name}.2").place()
    image = linked(name, base)
    own, of_base = (f"{{{layer.header().data_write}}}" for layer in (image, base))
    image.item(e.PARENT_LOCATOR).data = e.locator([
        ("parent_linkage", own), ("parent_linkage2", of_base),
        ("relative_path", f".\\parents\\{name}.1.vhdx")])
    image.place()
    return [image, image, base]


@bad()
def parent_depth(name):
    """257 files, each in order."""
    layers = [ordinary(f"{name}.256").place()]
    for number in reversed(range(256)):
        layer = linked(f"{name}.{number}" if number else name, layers[-1], number)
        layer.blocks, layer.bitmaps = {}, {}
        layers.append(layer.place())
    return layers[::-1]
