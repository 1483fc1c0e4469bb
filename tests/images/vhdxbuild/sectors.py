# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Ranges: sectors of a block as (first, count), bytes of a disk as (start, end); always
sorted and disjoint."""


def inverse(runs, total):
    """The sectors of a block that are not in the runs."""
    out, at = [], 0
    for first, count in runs:
        if first > at:
            out.append((at, first - at))
        at = first + count
    if at < total:
        out.append((at, total - at))
    return out


def all_but(sector, total):
    return inverse([(sector, 1)], total)


def random_runs(rng, total, mean):
    """Set and clear runs in turn, of chance lengths; perhaps everything, perhaps nothing."""
    out, at, is_set = [], 0, rng.random() < 0.5
    while at < total:
        count = min(total - at, 1 + int(rng.expovariate(1 / mean)))
        if is_set:
            out.append((at, count))
        is_set = not is_set
        at += count
    return out


def set_bits(runs, size):
    """The slice of a bitmap, of so many bytes, with these bits set: the first sector is the
    least significant bit of the first byte."""
    bits = 0
    for first, count in runs:
        bits |= ((1 << count) - 1) << first
    return bits.to_bytes(size, "little")


def intersect(a, b):
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        start, end = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if start < end:
            out.append((start, end))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return out


def subtract(a, b):
    out, j = [], 0
    for start, end in a:
        while j < len(b) and b[j][1] <= start:
            j += 1
        at, k = start, j
        while k < len(b) and b[k][0] < end:
            if b[k][0] > at:
                out.append((at, b[k][0]))
            at = max(at, b[k][1])
            k += 1
        if at < end:
            out.append((at, end))
    return out


def cut(pieces, ranges):
    """Of (offset, bytes), sorted, what lies in the ranges."""
    out, j = [], 0
    for offset, data in pieces:
        end = offset + len(data)
        while j < len(ranges) and ranges[j][1] <= offset:
            j += 1
        k = j
        while k < len(ranges) and ranges[k][0] < end:
            start, stop = max(ranges[k][0], offset), min(ranges[k][1], end)
            out.append((start, data[start - offset:stop - offset]))
            k += 1
    return out
