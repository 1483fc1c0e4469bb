# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""A result: what was measured, of what, where; kept as JSON."""

import json
from dataclasses import dataclass
from statistics import median

from .stats import figure, ratio

FORMAT = 1


@dataclass
class Row:
    """One work by one disk, in all rounds. A cost is instructions or nanoseconds an I/O."""
    where: str
    part: str
    work: str
    driver: str
    unit: str
    rounds: list
    resolution: float
    p50_us: float = 0.0
    p99_us: float = 0.0
    switches: float = 0.0               # by fio, of contexts, an I/O

    @property
    def key(self):
        return self.where, self.part, self.work, self.driver

    @property
    def figure(self):
        return figure(self.rounds, self.resolution)

    @property
    def spread(self):
        """Of all rounds; no less than what fio's clock leaves open."""
        return max((max(self.rounds) - min(self.rounds)) / median(self.rounds), self.resolution)

    def as_json(self):
        row = dict(vars(self))
        row.update(rounds=[round(value, 3) for value in self.rounds],
                   resolution=round(self.resolution, 5), min=round(min(self.rounds), 3),
                   median=round(median(self.rounds), 3), max=round(max(self.rounds), 3))
        if self.unit != "cost":
            del row["p50_us"], row["p99_us"], row["switches"]
        return row


def rows_of(measurements):
    """The rounds of each row, in order."""
    gathered = {}
    for one in measurements:
        key = one["where"], one["part"], one["work"], one["driver"], one["unit"]
        gathered.setdefault(key, []).append(one)
    for key, group in gathered.items():
        yield Row(*key, rounds=[one["value"] for one in group],
                  resolution=max(one["resolution"] for one in group),
                  p50_us=median(one.get("p50_us", 0) for one in group),
                  p99_us=median(one.get("p99_us", 0) for one in group),
                  switches=round(median(one.get("switches", 0) for one in group), 4))


class Result:
    def __init__(self, about, rows):
        self.about = about
        self.rows = {row.key: row for row in rows}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document.pop("format", None) != FORMAT:
            raise SystemExit(f"{path}: not a result of this benchmark")
        rows = [Row(**{name: row[name] for name in Row.__dataclass_fields__ if name in row})
                for row in document.pop("rows")]
        return cls(document, rows)

    def save(self, path, **more):
        document = {"format": FORMAT, **self.about, **more,
                    "rows": [row.as_json() for row in self.rows.values()]}
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, indent="\t")
            file.write("\n")

    @property
    def exact(self):
        return self.about["mode"] == "icount"

    def speed(self, row, against):
        """How many times as fast as the other driver at the same work, or None."""
        other = self.rows.get((row.where, row.part, row.work, against))
        if not other or row.unit != "cost":
            return None
        return ratio(other.rounds, row.rounds, row.resolution + other.resolution)
