# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The reasons of kmod/format/reason.h, which is where their one list is."""

import re
from pathlib import Path

REASON_H = Path(__file__).resolve().parents[3] / "kmod" / "format" / "reason.h"

ROW = re.compile(r'^\s*x\((\d+), (\w+), ([A-Z_]+), "', re.MULTILINE)

# What an image can never show: trouble of the caller, of others, of the disk below.
NOT_OF_IMAGES = {"IO", "ARGUMENT", "BUSY"}


def all_reasons():
    """[(number, name, class)] in the order of the header"""
    rows = [(int(number), name, kind) for number, name, kind
            in ROW.findall(REASON_H.read_text())]
    if len(rows) < 50:
        raise SystemExit(f"{REASON_H}: only {len(rows)} reasons found; has its form changed?")
    return rows


def image_reasons():
    return [name for _, name, kind in all_reasons()
            if kind not in NOT_OF_IMAGES and not name.startswith(("attach_", "detach_"))]
