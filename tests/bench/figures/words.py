# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""What parts and works are called in a table."""

PARTS = {
    "hot": "the hot path: dynamic image, 1 MiB blocks, all present",
    "short": "the hot path, in short",
    "touch": "first touch: a write into each of many blocks that are not there",
    "mixed": "reads and writes, while another program writes and flushes 500 times a second",
    "images": "kinds of images",
    "scale": "as depth, jobs and size grow",
    "parallel": "several programs at once",
    "huge": "random over 64 TiB with 1 MiB blocks, 512 MiB of block table",
    "attach": "attach and read a sector; memory that is gone then",
    "chain": "through a chain of 32 files, and of one",
}

PLACES = {"ram": "ext4 on a RAM disk", "virtio": "ext4 on a virtio disk", "native": "a folder"}

OPERATIONS = {
    "randread": "random read", "randwrite": "random write", "read": "sequential read",
    "write": "sequential write", "touch": "first touch", "mixed": "70/30 read/write",
    "cold": "random read, cold", "warm": "random read, warm", "fill": "first touch at random",
}

COLUMNS = ["vhdx", "dynamic-1M", "dynamic-32M", "fixed", "one", "chain", "inline", "thread", "loop", "raw",
           "nbd", "nbdplain", "vhdimount", "null"]

BASES = {"chain": "one"}        # what others are compared with, if not loop


def column(driver):
    return COLUMNS.index(driver)


def size(text):
    """4k, 1m, 64T as people write them."""
    return f"{text[:-1]} {text[-1].upper()}iB"


def work(name):
    first, *rest = name.split("-")
    if first == "time":
        return f"attach {size(rest[0])}, {'BAT written, ' if rest[1:] else ''}time"
    if first == "memory":
        return f"attach {size(rest[0])}, memory"
    if "loads" in rest:
        return f"pages read in, {first}, depth {rest[-1]}"
    if first not in OPERATIONS:
        return name
    words = f"{size(rest[0])} {OPERATIONS[first]}, depth {rest[1]}"
    return words + (f", {rest[2]} jobs" if len(rest) > 2 else "")
