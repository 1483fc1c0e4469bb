# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""What a guest must see of an image, kept beside it.

NAME.raw	the whole disk as a sparse file; not for disks larger than a file may be
NAME.extents	lines "offset length": where the disk has data, zeros everywhere else; the
		last line is the size of the disk and 0
NAME.packed	the data of those extents, one after the other; only without NAME.raw
"""

import os

from .encode import MIB, TIB
from .image import put

# ext4 ends at 16 TiB
RAW_LIMIT = 8 * TIB


class Model:
    def __init__(self, stem, disk_size):
        self.extents = []
        self.disk_size = disk_size
        self.packed = disk_size > RAW_LIMIT
        self.stem = stem
        for suffix in (".raw", ".packed", ".extents"):
            if os.path.exists(stem + suffix):
                os.unlink(stem + suffix)
        self.file = open(stem + (".packed" if self.packed else ".raw"), "wb", buffering=0)
        if not self.packed:
            self.file.truncate(disk_size)

    def add(self, offset, data):
        if self.packed:
            self.file.write(data)
        else:
            put(self.file, offset, data)
        self.extents.append((offset, len(data)))

    def close(self):
        self.file.close()
        with open(self.stem + ".extents", "w") as f:
            for offset, length in [*self.extents, (self.disk_size, 0)]:
                f.write(f"{offset} {length}\n")


def compare(disk, stem):
    """Complain about every difference; return how many there were.

    All data is compared; of the zeros between, the first and last MiB of each stretch.
    """
    with open(stem + ".extents") as f:
        extents = [tuple(map(int, line.split())) for line in f]
    packed = not os.path.exists(stem + ".raw")
    model = open(stem + (".packed" if packed else ".raw"), "rb", buffering=0)
    wrong = 0
    size = extents[-1][0]
    if disk.size != size:
        print(f"{stem}: disk of {disk.size} bytes instead of {size}")
        return 1

    def check(offset, length, wanted):
        nonlocal wrong
        got = disk.read_at(offset, length)
        if got == wanted:
            return
        wrong += 1
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), len(got))
        print(f"{stem}: byte {offset + at} of the disk is not what it should be")

    packed_at = end = 0
    for offset, length in extents:
        gap = offset - end
        if gap > 0:
            edge = min(gap, MIB)
            check(end, edge, bytes(edge))
            check(offset - edge, edge, bytes(edge))
        for at in range(0, length, MIB):
            piece = min(MIB, length - at)
            where = packed_at + at if packed else offset + at
            check(offset + at, piece, os.pread(model.fileno(), piece, where))
        packed_at += length
        end = offset + length
    model.close()
    return wrong


class Disk:
    """A block device or a raw file."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDONLY)
        self.size = os.lseek(self.fd, 0, os.SEEK_END)

    def read_at(self, offset, length):
        return os.pread(self.fd, length, offset)
