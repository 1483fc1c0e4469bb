# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Medians, and how far they can be trusted."""

from dataclasses import dataclass
from math import comb
from statistics import median

CONFIDENCE = 0.9


def interval(values):
    """Where the median of all possible rounds lies, nine times in ten.

    By counting, whatever the distribution: the median lies outside the k-th value from either
    end as seldom as a coin falls on one side all but k times. Few rounds: all of them.
    """
    values, n = sorted(values), len(values)
    for k in range((n - 1) // 2, 0, -1):
        outside = 2 * sum(comb(n, i) for i in range(k + 1)) / 2 ** n
        if 1 - outside >= CONFIDENCE:
            return values[k], values[n - 1 - k]
    return values[0], values[-1]


@dataclass
class Figure:
    """A median and where it may be in truth."""
    value: float
    low: float
    high: float

    @property
    def noise(self):
        return (self.high - self.low) / 2 / self.value if self.value else 0.0


def figure(values, resolution=0.0):
    """With a clock that may be a tick off at either end."""
    low, high = interval(values)
    return Figure(median(values), low * (1 - resolution), high * (1 + resolution))


def ratio(above, below, resolution=0.0):
    """Of two that were measured in the same rounds: round by round, as what slows one down
    slows down its neighbour."""
    return figure([a / b for a, b in zip(above, below)], resolution)
