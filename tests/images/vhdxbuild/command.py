# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The commands of tests/images/build."""

import sys
from pathlib import Path

from .bad import BAD
from .chain import CHAINS
from .dirty import GOOD
from .good import ON_REQUEST
from .model import Disk, Model, compare
from .randomchain import random_chain
from .reasons import image_reasons
from .vectors import self_check

GOOD_HEADING = ("name", "virtual_size", "block_size", "logical", "physical", "type", "notes",
                "oracle")
CHAIN_HEADING = ("name", "files", "virtual_size", "block_size", "logical", "physical", "type",
                 "notes", "oracle")
BAD_HEADING = ("name", "kind", "offset", "parents")


def choose(known, names, default):
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no such image: {' '.join(unknown)}")
    return names or default


def write_table(path, heading, rows):
    """Rows of a directory's table; those of images made earlier stay."""
    table = {}
    if path.exists():
        for line in path.read_text().splitlines()[1:]:
            table[line.split("\t")[0]] = line
    for row in rows:
        table[row[0]] = "\t".join(map(str, row))
    path.write_text("\n".join(["\t".join(heading), *table.values(), ""]))


def build_good(directory, names):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in choose(GOOD, names, [n for n in GOOD if n not in ON_REQUEST]):
        recipe, note, oracle = GOOD[name]
        image = recipe()
        stem = str(directory / name)
        model = Model(stem, image.disk_size)
        image.write(stem + ".vhdx", model.add)
        model.close()
        rows.append((name, image.disk_size, image.block_size, image.logical,
                     image.physical, "fixed" if image.fixed else "dynamic", note, oracle))
    write_table(directory / "MANIFEST.tsv", GOOD_HEADING, rows)


def build_chain(directory, name, chain, note, oracle="none"):
    """Returns its row of the table."""
    top, stem = chain.top, str(directory / name)
    model = Model(stem, top.disk_size)
    chain.write(directory, model.add)
    model.close()
    kind = "differencing" if top.parent else "fixed" if top.fixed else "dynamic"
    return (name, len(chain.layers), top.disk_size, top.block_size, top.logical, top.physical,
            kind, note, oracle)


def build_chains(directory, names):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in choose(CHAINS, names, list(CHAINS)):
        recipe, note, oracle = CHAINS[name]
        rows.append(build_chain(directory, name, recipe(), note, oracle))
    write_table(directory / "MANIFEST.tsv", CHAIN_HEADING, rows)


def build_random_chains(directory, seed, count):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rows = [build_chain(directory, f"random-{n}", *random_chain(n))
            for n in range(seed, seed + count)]
    write_table(directory / "MANIFEST.tsv", CHAIN_HEADING, rows)


def write_parents(directory, name, image, parents):
    """In a folder of their own; a parent that is the image itself is another name for it."""
    folder = directory / "parents"
    folder.mkdir(exist_ok=True)
    for number, parent in enumerate(parents, 1):
        path = folder / f"{name}.{number}.vhdx"
        path.unlink(missing_ok=True)
        if parent is image:
            path.hardlink_to(directory / f"{name}.vhdx")
        else:
            parent.write(path)


def build_bad(directory, names):
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in choose(BAD, names, list(BAD)):
        recipe, kind, block = BAD[name]
        image, *parents = recipe()
        image.write(directory / f"{name}.vhdx")
        write_parents(directory, name, image, parents)
        rows.append((name, kind, "-" if block is None else block * image.block_size,
                     len(parents)))
    write_table(directory / "BAD.tsv", BAD_HEADING, rows)


def list_missing():
    reasons = image_reasons()
    missing = [name for name in reasons if name not in BAD]
    unknown = [name for name in BAD if name not in reasons]
    for name in missing:
        print(f"{name}: no bad image shows this reason")
    for name in unknown:
        print(f"{name}: a bad image, but no reason of reason.h")
    return 1 if missing or unknown else 0


def main(usage, arguments):
    match arguments:
        case ["good", directory, *names]:
            build_good(directory, names)
        case ["bad", directory, *names]:
            build_bad(directory, names)
        case ["chains", directory, *names]:
            build_chains(directory, names)
        case ["random-chain", directory, seed]:
            build_random_chains(directory, int(seed), 1)
        case ["random-chain", directory, seed, count]:
            build_random_chains(directory, int(seed), int(count))
        case ["compare", disk, stem]:
            return 1 if compare(Disk(disk), stem) else 0
        case ["list"]:
            print(*(f"good {name}" for name in GOOD), *(f"bad {name}" for name in BAD),
                  *(f"chain {name}" for name in CHAINS), sep="\n")
        case ["self-check"]:
            return self_check()
        case ["list-missing"]:
            return list_missing()
        case _:
            print(usage, file=sys.stderr)
            return 2
    return 0
