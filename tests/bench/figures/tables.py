# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""A result as text: what was reached, what was measured, of what."""

from . import words

CELL = 22
LABEL = 36


def percent(share):
    return f"{share * 100:.0f}%" if share >= 0.095 else f"{share * 100:.1f}%"


def rate(per_second):
    return f"{per_second / 1000:.1f}k" if per_second >= 1000 else f"{per_second:.0f}"


# --- heading -------------------------------------------------------------------

UNITS = {
    "icount": "instructions an I/O",
    "wall": "I/Os a second, in a guest",
    "native": "I/Os a second, on this machine",
}


def heading(about):
    machine, of, guest = about["machine"], about["of"], about["guest"]
    yield f"vhdx {of['vhdx']} on Linux {of['kernel']}: {UNITS[about['mode']]}"
    yield ""
    yield (f"machine   {machine['cpu']}, {machine['cpus']} processors, "
           f"{machine['memory_mib']} MiB, load {machine['load']}")
    if about["mode"] != "native":
        yield (f"guest     QEMU {of['qemu']}, {guest['accelerator']}, {guest['cpus']} processors, "
               f"{guest['memory_mib']} MiB")
    yield f"versions  fio {of['fio']}, qemu-nbd {of['qemu-nbd']}, libvhdi {of['libvhdi']}"
    yield f"taken     {about['taken']}, {about['rounds']} rounds, interleaved"


def legend(about):
    yield ""
    if about["mode"] == "icount":
        yield "A cell: instructions an I/O, spread of all rounds, speed against loop (more is faster)."
    else:
        yield "A cell: I/Os a second, spread of all rounds, speed against loop (more is faster)."
    yield "The median of all rounds; spread is (largest - smallest) / median. A speed is the median of"
    yield "those of the single rounds, and its ± half of what holds the true one 9 times in 10."


# --- targets -------------------------------------------------------------------

WORDS = {True: "met", False: "MISSED", None: "too few rounds"}


def target_line(verdict):
    bound = ("<= " if verdict.at_most else ">= ") + f"{verdict.bound:g}{verdict.unit}"
    measured = f"{verdict.measured.value:.2f}{verdict.unit}"
    noise = f"±{percent(verdict.measured.noise)}" if verdict.unit else ""
    return (f"{verdict.text:<68} {bound:>8} {measured:>9} {noise:>6}  "
            + WORDS[verdict.met])


def targets(verdicts):
    if not verdicts:
        return
    yield ""
    yield f"{'TARGET':<68} {'':>8} {'measured':>9}"
    for verdict in verdicts:
        yield target_line(verdict)
    met = sum(verdict.met is True for verdict in verdicts)
    yield f"{met} of {len(verdicts)} met"


# --- tables ---------------------------------------------------------------------

def number(row, exact):
    value = row.figure.value
    if row.unit != "cost":
        return f"{value:.4g} {row.unit}"
    return f"{value:.0f}" if exact else rate(1e9 / value)


def cell(result, row, base):
    if row is None:
        return ""
    text = number(row, result.exact)
    if row.unit != "cost":
        return text
    text += f" ±{percent(row.spread)}" if result.exact or len(row.rounds) > 1 else ""
    speed = result.speed(row, base)
    return text + (f" {speed.value:5.2f}x" if speed else "")


def table(result, where, part):
    rows = [row for row in result.rows.values() if (row.where, row.part) == (where, part)]
    works = list(dict.fromkeys(row.work for row in rows))
    drivers = sorted({row.driver for row in rows}, key=words.column)
    base = words.BASES.get(part, "loop")
    yield ""
    yield f"{words.PARTS.get(part, part)} ({words.PLACES[where]})"
    yield f"{'':<{LABEL}}" + "".join(f"{name:>{CELL}}" for name in drivers)
    for work in works:
        cells = (cell(result, result.rows.get((where, part, work, name)), base) for name in drivers)
        yield (f"{words.work(work):<{LABEL}}"
               + "".join(f"{text:>{CELL}}" for text in cells)).rstrip()


def text(result, verdicts):
    lines = [*heading(result.about), *targets(verdicts), *legend(result.about)]
    for where, part in dict.fromkeys((row.where, row.part) for row in result.rows.values()):
        lines += table(result, where, part)
    return "\n".join(lines) + "\n"
