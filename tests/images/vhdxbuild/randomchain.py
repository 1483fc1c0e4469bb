# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""A chain that chance has made: the same for the same seed."""

import random

from . import encode as e
from .chain import during_merge
from .encode import MIB
from .image import Block
from .journal import SECTOR, Journal
from .layers import Chain, bat_pages, bitmap_pages
from .sectors import random_runs

BLOCK_MIB = (1, 1, 1, 2, 2, 2, 4, 8, 32, 256)
CHILD_STATES = (e.NOT_PRESENT,) * 5 + (e.PARTIAL,) * 9 + (e.PRESENT,) * 3 + (
    e.ZERO, e.ZERO, e.UNMAPPED, e.UNMAPPED, e.UNDEFINED, e.UNMAPPED_DRAFT)
BASE_STATES = (e.PRESENT,) * 8 + (e.NOT_PRESENT, e.NOT_PRESENT, e.ZERO, e.UNMAPPED)
LARGEST_RING = 240              # sectors of it that may be used


def random_size(rng, logical):
    """Mostly some MiB, now and then no whole number of them, now and then tiny."""
    size = rng.randrange(1, 13) * MIB
    chance = rng.random()
    if chance < 0.1:
        return logical * rng.randrange(1, 100)
    if chance < 0.6:
        size += rng.randrange(MIB // logical) * logical
    return size


def random_blocks(rng, layer):
    states = CHILD_STATES if layer.parent else BASE_STATES
    mean = rng.choice((1, 3, 10, 60, 300))
    for number in range(layer.block_count):
        state = rng.choice(states)
        fill = rng.choice(("full", "edges", "edges", "page"))
        if state == e.PARTIAL:
            total = layer.used(number) // layer.logical
            layer.partial(number, random_runs(rng, total, mean), fill)
        else:
            layer.blocks[number] = Block(state, fill=fill)
            layer.blocks[number].anchor = state in (e.UNDEFINED, e.UNMAPPED) and \
                rng.random() < 0.3
            if layer.parent and rng.random() < 0.2:
                layer.slices[number] = rng.randbytes(MIB // layer.ratio)


def random_places(rng, layer):
    """Another order in the file, another current header"""
    if rng.random() < 0.3:
        layer.order = rng.sample(["log", "metadata", "bat", "payload", "bitmaps"], 5)
    if rng.random() < 0.3:
        layer.block_order = lambda blocks: rng.sample(sorted(blocks), len(blocks))
    if rng.random() < 0.3:
        layer.headers[0].data_write = layer.guid()
    if rng.random() < 0.2:
        layer.headers.reverse()


def random_log(rng):
    """What to put into a log: some of the pages, in some entries, wrong ones before them"""
    def fill(layer):
        pages = bat_pages(layer) + bitmap_pages(layer)
        pages = rng.sample(pages, rng.randrange(1, len(pages) + 1))[:LARGEST_RING // 6]
        journal = Journal(layer, rng.randrange(256), rng.randrange(1, 1 << 62))
        while pages:
            count = rng.randrange(1, len(pages) + 1)
            part, pages = pages[:count], pages[count:]
            if rng.random() < 0.4:
                wrong = rng.choice((b"\xff", b"\x06", b"\0")) * SECTOR
                journal.add(*((page, wrong) for page in part))
            if rng.random() < 0.3:
                journal.add(*((page, SECTOR) for page in part))
            journal.add(*part)
        if rng.random() < 0.3:
            journal.add()
    return fill


def random_chain(seed):
    """The chain of a seed, and what it is about"""
    rng = random.Random(seed)
    logical = 4096 if rng.random() < 0.25 else 512
    c = Chain(f"random-{seed}", logical)
    files = rng.randrange(1, 9)
    usual = size = random_size(rng, logical)
    for number in range(files):
        block_size = rng.choice(BLOCK_MIB) * MIB
        if number == files - 1:
            layer = c.base(size, block_size, fixed=rng.random() < 0.3)
        else:
            layer = c.child(size, block_size, physical=rng.choice((512, 4096)))
            if rng.random() < 0.2:
                layer.pairs = during_merge
        random_blocks(rng, layer)
        random_places(rng, layer)
        if layer.blocks and rng.random() < 0.3:
            layer.dirty = random_log(rng)
        size = usual if rng.random() < 0.7 else random_size(rng, logical)
    c.finish()
    logs = sum(layer.dirty is not None for layer in c.layers)
    return c, f"seed {seed}; {logs} files with a log to be replayed"
