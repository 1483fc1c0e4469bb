# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""What the guest wrote down: one JSON document after the other, each a measurement."""

import json


def documents(text):
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        document, at = decoder.raw_decode(text, at)
        yield document


def of_fio(answer):
    """Nanoseconds for an I/O, how exactly they are known, and what fio says of latency.

    fio's clock has milliseconds: a figure is known to one part in the run time. Of several
    jobs the first counts, the others are its surroundings.
    """
    job = answer["jobs"][0]
    if job["error"]:
        raise SystemExit(f"fio met errors: {job['error']}")
    directions = [job["read"], job["write"]]
    total = sum(direction["total_ios"] for direction in directions)
    runtime = max(direction["runtime"] for direction in directions)
    latest = max(directions, key=lambda direction: direction["total_ios"])
    percentiles = latest["clat_ns"].get("percentile", {})
    return {"value": runtime * 1e6 / total, "resolution": 1 / runtime,
            "p50_us": percentiles.get("50.000000", 0) / 1000,
            "switches": job["ctx"] / total,
            "p99_us": percentiles.get("99.000000", 0) / 1000}


def measurements(text):
    """(about, measurements); of the latter each has its part, where, work, driver and round."""
    about, found = {}, []
    for document in documents(text):
        if "about" in document:
            about = document["about"]
        elif "fio" in document:
            answer = document.pop("fio")
            document.update(of_fio(answer), unit="cost")
            found.append(document)
        else:
            found.append(document | document.pop("figure") | {"resolution": 0})
    return about, found
