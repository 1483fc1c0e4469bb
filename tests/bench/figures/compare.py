# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Find what became dearer by more than the noise and more than the limit."""

from dataclasses import dataclass

from . import words
from .stats import Figure, ratio

OTHER_DRIVERS = {"loop", "raw", "nbd", "nbdplain", "vhdimount", "null"}


@dataclass
class Change:
    row: object
    old: Figure
    new: Figure

    @property
    def share(self):
        return self.new.value / self.old.value - 1

    @property
    def noise(self):
        return self.old.noise + self.new.noise

    def verdict(self, limit):
        if self.row.driver in OTHER_DRIVERS:
            return ""
        if self.share > limit and self.new.low > self.old.high:
            return "REGRESSION"
        return "better" if self.share < -limit and self.new.high < self.old.low else ""


def absolute(_, row):
    return row.figure


def relative_to(driver):
    """The cost in units of what another driver pays in the same run: kernel, compiler and fio
    are in both."""
    def figure_of(result, row):
        other = result.rows.get((row.where, row.part, row.work, driver))
        if not other or row.driver in OTHER_DRIVERS:
            return None
        return ratio(row.rounds, other.rounds, row.resolution + other.resolution)
    return figure_of


def changes(old, new, figure_of):
    """(changes, rows of ours that are gone)"""
    found, gone = [], []
    for key, row in old.rows.items():
        if row.unit != "cost" or (before := figure_of(old, row)) is None:
            continue
        if key in new.rows and (now := figure_of(new, new.rows[key])):
            found.append(Change(row, before, now))
        elif row.driver not in OTHER_DRIVERS:
            gone.append(row)
    return found, gone


def dearer(found, limit):
    return {change.row.key for change in found if change.verdict(limit) == "REGRESSION"}


def number(value, in_loops):
    return f"{value:.4f}" if in_loops else f"{value:.0f}"


def table(found, limit, in_loops):
    yield f"{'':<38} {'driver':<12} {'old':>9} {'new':>9} {'change':>8} {'noise':>7}"
    for change in found:
        row = change.row
        yield (f"{words.work(row.work):<38} {row.driver:<12} "
               f"{number(change.old.value, in_loops):>9} {number(change.new.value, in_loops):>9} "
               f"{change.share * 100:>+7.1f}% {change.noise * 100:>6.1f}%  "
               + change.verdict(limit)).rstrip()
