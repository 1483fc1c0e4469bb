# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""What stands in the blocks: every 512 bytes say which sector of which disk they are."""

import random
import struct

SECTOR = 512


class Pattern:
    """Contents of one disk: sector number, seed, then noise that depends on the seed."""

    def __init__(self, seed):
        self.seed = seed
        self.noise = random.Random(seed).randbytes(SECTOR - 16)

    def bytes(self, offset, length):
        """The disk's bytes at a virtual offset; both are multiples of 512."""
        first = offset // SECTOR
        noise, seed = self.noise, self.seed
        return b"".join(struct.pack("<QQ", sector, seed) + noise
                        for sector in range(first, first + length // SECTOR))


def junk(length):
    """Bytes that no disk may ever show."""
    return (b"JUNK, do not read" * (length // 17 + 1))[:length]


def runs(used, fill, rng):
    """Which parts of a block get contents: (offset, length), sorted, disjoint.

    "full" is all; "edges" is the beginning, the end and a few pages in between;
    "page" is one page anywhere; "head" is 64.5 KiB at the beginning; "none" is nothing.
    """
    if fill == "none":
        return []
    if fill == "head":
        return [(0, 129 * SECTOR)]
    if fill == "full" or used <= 256 << 10:
        return [(0, used)]
    pages = -(-used // 4096)
    if fill == "page":
        wanted = {rng.randrange(pages)}
    else:
        wanted = set(range(16)) | set(range(pages - 16, pages))
        wanted.update(rng.randrange(pages) for _ in range(8))
    out = []
    for page in sorted(wanted):
        start, end = page * 4096, min(page * 4096 + 4096, used)
        if out and sum(out[-1]) == start:
            out[-1] = (out[-1][0], end - out[-1][0])
        else:
            out.append((start, end - start))
    return out
