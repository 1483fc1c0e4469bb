# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Chains: images on top of each other, the child first, and what the top one shows.

A recipe calls child() for each image that has a parent, from the top down, then base(). The
parents are linked when all are there; what is put into logs comes last, by dirty functions.
"""

from . import encode as e
from .encode import MIB
from .image import Block, Image, Item
from .journal import SECTOR, Journal
from .sectors import cut, intersect, subtract

WINDOWS = "windows"


def windows_pairs(child, parent):
    """The five pairs of Hyper-V, in its order"""
    volume = "\\\\?\\Volume{26a21bda-a627-11d7-9931-806e6f6e6963}"
    return [("parent_linkage", f"{{{parent.header().data_write}}}"),
            ("absolute_win32_path", f"C:\\disks\\{parent.file}"),
            ("relative_path", f".\\{parent.file}"),
            ("volume_path", f"{volume}\\disks\\{parent.file}"),
            ("parent_linkage2", f"{{{e.NULL}}}")]


class Chain:
    def __init__(self, name, logical=512):
        self.name, self.logical = name, logical
        self.layers = []

    def _add(self, disk_size, block_size, **more):
        number = len(self.layers)
        layer = Image(f"{self.name}.{number}", disk_size, block_size, self.logical, **more)
        layer.file = f"{layer.name}.vhdx"
        layer.pairs = windows_pairs
        layer.dirty = None
        self.layers.append(layer)
        return layer

    def child(self, disk_size, block_size=2 * MIB, **more):
        return self._add(disk_size, block_size, parent=True, **more)

    def base(self, disk_size, block_size=2 * MIB, **more):
        return self._add(disk_size, block_size, **more)

    @property
    def top(self):
        return self.layers[0]

    def finish(self):
        base = self.layers[-1]
        for child, parent in zip(self.layers, self.layers[1:]):
            child.item(e.DISK_ID).data = base.disk_id.bytes_le
            child.items.append(Item(e.PARENT_LOCATOR, e.locator(child.pairs(child, parent)),
                                    e.REQUIRED))
        for layer in self.layers:
            layer.place()
            if layer.dirty:
                layer.dirty(layer)
        return self

    def write(self, directory, model=None):
        """Write all files; model(offset, bytes) gets what the guest must see, in order."""
        hidden, seen = [(0, self.top.disk_size)], []
        for layer in self.layers:
            pieces = []
            layer.write(directory / layer.file, lambda *piece: pieces.append(piece))
            # where a parent has ended, none below it is read
            hidden = intersect(hidden, [(0, layer.disk_size)])
            own = layer.own()
            seen += cut(sorted(pieces), intersect(hidden, own))
            hidden = subtract(hidden, own)
        if model:
            for offset, data in join(sorted(seen)):
                model(offset, data)


def join(pieces):
    """Pieces that touch become one, up to some MiB."""
    joined, start, end = [], 0, None
    for offset, data in pieces:
        if offset != end or offset - start > MIB:
            if joined:
                yield start, b"".join(joined)
            joined, start = [], offset
        joined.append(data)
        end = offset + len(data)
    if joined:
        yield start, b"".join(joined)


# -- what a layer has --

def states(layer, cycle, fill="edges"):
    """Block n in the n-th state, over and over; partial blocks have every third sector."""
    for number in range(layer.block_count):
        state = cycle[number % len(cycle)]
        if state == e.PARTIAL:
            thirds = range(number % 3, layer.used(number) // layer.logical, 3)
            layer.partial(number, [(first, 1) for first in thirds])
        else:
            layer.blocks[number] = Block(state, fill=fill)


def everything(layer, fill="edges"):
    layer.present(*range(layer.block_count), fill=fill)
    return layer


# -- what a log has --

def bat_pages(layer):
    return sorted({layer.bat_region.offset + 8 * index // SECTOR * SECTOR
                   for index in layer.bat})


def bitmap_pages(layer):
    """The pages with bits that count."""
    size = MIB // layer.ratio
    out = set()
    for number, block in layer.blocks.items():
        if block.state != e.PARTIAL:
            continue
        bitmap = layer.bitmaps[number // layer.ratio].offset
        at = number % layer.ratio * size
        out |= {bitmap + page * SECTOR for page in range(at // SECTOR, (at + size - 1) // SECTOR + 1)}
    return sorted(out)


def log_all(layer):
    """BAT and bitmaps, in one entry"""
    Journal(layer, 250).add(*bat_pages(layer), *bitmap_pages(layer))


def log_in_turn(layer):
    """An entry for each page, the same page wrong in the entry before"""
    journal = Journal(layer, 200, 0xFFFFFFFE)
    for page in bat_pages(layer) + bitmap_pages(layer):
        journal.add((page, bytes([0x55]) * SECTOR)).add(page)
