# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""What this driver is meant to reach, and whether it does.

By the clock, a target is met if it is reached beyond the noise; of instructions, which are
exact, the figure itself counts. A few rounds by the clock say nothing of noise.
"""

from dataclasses import dataclass

from . import words
from .stats import Figure, figure, ratio

READ_1, READ_32 = "randread-4k-1", "randread-4k-32"
WRITES = "randwrite-4k-1", "randwrite-4k-32"
LARGE = "read-128k-8", "write-128k-8", "read-1m-4", "write-1m-4"
SMALL = READ_1, READ_32, "randwrite-4k-32"
DEEP = READ_32, "randwrite-4k-32", "randread-4k-32-2", "randwrite-4k-32-2"
SLOW = "nbd", "vhdimount"
BY_CLOCK = "wall", "native"
FEW = 5


@dataclass
class Verdict:
    text: str
    bound: float
    at_most: bool
    measured: Figure
    met: bool | None            # None: too few rounds
    unit: str = "x"

    def as_json(self):
        return {"target": self.text, "at_most" if self.at_most else "at_least": self.bound,
                "measured": round(self.measured.value, 4), "low": round(self.measured.low, 4),
                "high": round(self.measured.high, 4), "met": self.met}


class Judge:
    """Collects verdicts on one result; what was not measured has none."""

    def __init__(self, result):
        self.result = result
        self.verdicts = []

    def judge(self, text, bound, measured, at_most=False, unit="x"):
        if measured is None:
            return
        if not self.result.exact and self.result.about["rounds"] < FEW:
            met = None
        elif at_most:
            met = (measured.value if self.result.exact else measured.high) <= bound
        else:
            met = (measured.value if self.result.exact else measured.low) >= bound
        self.verdicts.append(Verdict(text, bound, at_most, measured, met, unit))

    def rows(self, part=None, work=None, driver="vhdx"):
        return [row for row in self.result.rows.values()
                if part in (None, row.part) and work in (None, row.work) and row.driver == driver]

    def speed(self, part, work, against, least, driver="vhdx", note=""):
        for row in self.rows(part, work, driver):
            place = f" ({row.where})" if not self.result.exact else ""
            self.judge(f"{words.work(work)}, against {against}{note}{place}", least,
                       self.result.speed(row, against))

    def least_speed(self, against, least, only=None):
        """Of all rows the worst."""
        found = [(speed, row) for row in self.rows()
                 if (not only or row.work.startswith(only))
                 and (speed := self.result.speed(row, against))]
        if found:
            speed, row = min(found, key=lambda pair: pair[0].value)
            what = "random reads" if only else "each row"
            self.judge(f"{what} against {against}; least: {words.work(row.work)}", least, speed)


def hot_path(judge):
    for part in ("hot", "short"):
        judge.speed(part, READ_1, "loop", 1.25)
        judge.speed(part, READ_32, "loop", 1.10)
        judge.speed(part, READ_1, "raw", 0.80)
        judge.speed(part, READ_32, "raw", 0.75)
        for work in WRITES + LARGE:
            judge.speed(part, work, "loop", 1.0)


def by_the_clock(judge):
    for part in ("hot", "parallel"):
        for work in DEEP:
            judge.speed(part, work, "loop", 1.0)


def others(judge):
    for driver in SLOW:
        judge.least_speed(driver, 1.0)
        judge.least_speed(driver, 4.0, only="randread")


def first_touch(judge):
    for part in ("touch", "short"):
        judge.speed(part, "touch-4k-32", "loop", 0.8)
        judge.speed(part, "touch-4k-32", "nbd", 20)
        judge.speed(part, "touch-4k-32", "nbdplain", 20)


def small_blocks(judge):
    for work in SMALL:
        for small in judge.rows("images", work, "dynamic-1M"):
            for large in judge.rows("images", work, "dynamic-32M"):
                judge.judge(f"{words.work(work)}: 1 MiB blocks against 32 MiB", 1.03,
                            ratio(small.rounds, large.rounds,
                                  small.resolution + large.resolution), at_most=True)


def metadata(judge):
    for state, bound in (("cold", 1), ("warm", 0)):
        for depth in (1, 32):
            for row in judge.rows("huge", f"{state}-loads-{depth}"):
                judge.judge(f"pages read in for a read over 64 TiB, {state}, depth {depth}", bound,
                            figure(row.rounds), at_most=True, unit="")


def attaching(judge):
    for small in judge.rows("attach", "time-1G"):
        for large in judge.rows("attach", "time-64T"):
            judge.judge("attach 64 TiB against 1 GiB, time", 1.1,
                        ratio(large.rounds, small.rounds), at_most=True)
    for name, text in (("16T-dense", "zeros, 16 TiB"), ("4T-full", "all present, 4 TiB")):
        for small in judge.rows("attach", "time-1G"):
            for dense in judge.rows("attach", f"time-{name}"):
                for table in judge.rows("attach", f"time-{name}", "raw"):
                    scan = [a - b for a, b in zip(dense.rounds, small.rounds)]
                    judge.judge(f"scan of a written BAT ({text}), against reading it", 1.3,
                                ratio(scan, table.rounds), at_most=True)
    for small in judge.rows("attach", "memory-1G"):
        for large in judge.rows("attach", "memory-64T"):
            more = [a - b for a, b in zip(large.rounds, small.rounds)]
            judge.judge("attach 64 TiB, memory more than for 1 GiB, KiB", 256, figure(more),
                        at_most=True, unit="")


def chains(judge):
    for work in (READ_1, READ_32):
        judge.speed("chain", work, "one", 0.9, driver="chain")


def verdicts(result):
    judge = Judge(result)
    if result.about["mode"] in BY_CLOCK:
        by_the_clock(judge)
    else:
        hot_path(judge)
        small_blocks(judge)
        attaching(judge)
        chains(judge)
    first_touch(judge)
    metadata(judge)
    others(judge)
    return judge.verdicts
