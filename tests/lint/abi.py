#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The interfaces of the module are those that Documentation/ABI and Documentation/ioctl.rst have.

Names are compared in both directions. The tables of structures are compiled against
kmod/uapi/vhdx.h. Prints TAP: one claim a comparison.
"""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ABI = "Documentation/ABI/testing/"
FIELDS = ["What", "Date", "KernelVersion", "Contact", "Description"]


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def sources():
    return "\n".join(read(path) for path in sorted(
        glob.glob("kmod/**/*.c", root_dir=ROOT, recursive=True)) if not path.endswith(".mod.c"))


def entries(name):
    """The entries of a file: for each What, the text up to the next one."""
    parts = re.split(r"^What:[ \t]*(.*)\n", read(ABI + name), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def documented(name, prefix):
    """The names behind @prefix. A What with another prefix is shown as it is, and so is wrong."""
    return {what.removeprefix(prefix) for what in entries(name)}


def differences(code, text):
    return ([f"not documented: {name}" for name in sorted(code - text)] +
            [f"not in the code: {name}" for name in sorted(text - code)])


def attributes():
    code = set(re.findall(r"&vhdx_attr_(\w+)\.attr", read("kmod/device/sysfs.c")))
    return differences(code, documented("sysfs-block-vhdx", "/sys/block/vhdx<N>/vhdx/"))


def unused():
    """An attribute without a line in the manual, or that no test reads"""
    manual = read("userspace/man/vhdxctl.8").replace("\\-", "-")
    tests = "\n".join(read(path) for pattern in ("cases", "lib", "cli")
                      for path in sorted(glob.glob(f"tests/{pattern}/*.*sh", root_dir=ROOT)))
    code = re.findall(r"&vhdx_attr_(\w+)\.attr", read("kmod/device/sysfs.c"))
    return [f"not in {where}: {name}" for name in code
            for where, text in (("the manual page", manual), ("a test", tests))
            if not re.search(rf"\b{name}\b", text)]


def modes():
    """(RO) or (RW), as the attribute is"""
    writable = set(re.findall(r"__ATTR\((\w+), 0644", read("kmod/device/sysfs.c")))
    prefix = "/sys/block/vhdx<N>/vhdx/"
    return [f"{what}: its description begins with neither (RO) nor (RW), or the wrong one"
            for what, text in entries("sysfs-block-vhdx").items()
            if f"({'RW' if what.removeprefix(prefix) in writable else 'RO'})" not in
            text.partition("Description:")[2].strip()[:4]]


def parameters():
    code = set(re.findall(r"^module_param(?:_cb|_named)?\((\w+)", sources(), re.M))
    return differences(code, documented("sysfs-module-vhdx", "/sys/module/vhdx/parameters/"))


def debugfs():
    code = set(re.findall(r'debugfs_create_(?!dir)\w+\("(\w+)"', sources()))
    text = {re.sub(r".*/", "", name)
            for name in documented("debugfs-vhdx", "/sys/kernel/debug/vhdx/")}
    return differences(code, text)


def counters():
    code = set(re.findall(r'seq_printf\(seq, "(\w+) %', read("kmod/device/debugfs.c")))
    text = next(t for what, t in entries("debugfs-vhdx").items() if what.endswith("/stats"))
    return differences(code, set(re.findall(r"^\t\t([a-z]+_[a-z]+)  ", text, re.M)))


def ioctls():
    header = read("kmod/uapi/vhdx.h")
    code = re.findall(r"^#define (VHDX_IOC_\w+)\s+_IOWR\(VHDX_IOC_TYPE, (\w+), struct (\w+)\)",
                      header, re.M)
    kind = re.search(r"^#define VHDX_IOC_TYPE\s+(\w+)", header, re.M)[1]
    node = re.search(r'^#define VHDX_CONTROL_NODE\s+"(.*)"', header, re.M)[1]
    text = entries("ioctl-vhdx")
    wrong = differences({node} | {f"{node} {name}" for name, _, _ in code}, set(text))
    served = set(re.findall(r"case _IOC_NR\((VHDX_IOC_\w+)\)", read("kmod/device/control.c")))
    wrong += [f"not served by control.c: {n}" for n in sorted({c[0] for c in code} - served)]
    for name, number, struct in code:
        if f"_IOWR({kind}, {number}, struct {struct})" not in text.get(f"{node} {name}", ""):
            wrong.append(f"{name}: another number or structure in the entry")
        if not re.search(rf"^``{name}``\s+{number}\s", read("Documentation/ioctl.rst"), re.M):
            wrong.append(f"{name}: another number in ioctl.rst")
    return wrong


def constants():
    text = read("Documentation/ioctl.rst")
    code = re.findall(r"^#define (VHDX_(?!IOC_|CONTROL|RELEASE)\w+)\s", read("kmod/uapi/vhdx.h"), re.M)
    return [f"not in ioctl.rst: {name}" for name in code if not re.search(rf"\b{name}\b", text)]


def reasons():
    """Those of attaching, detaching and snapshots; those of the format have their own text."""
    text = read("Documentation/ioctl.rst")
    code = re.findall(r"^\tx\((9\d\d), (\w+),", read("kmod/format/reason.h"), re.M)
    return [f"not in ioctl.rst: {number} {name}" for number, name in code
            if not re.search(rf"^\w+ .*\b{number}\b", text, re.M)]


def structures():
    """The tables of ioctl.rst as assertions of C"""
    lines = ["#include <stddef.h>", '#include "uapi/vhdx.h"']
    sizes = dict(re.findall(r"^#define VHDX_(\w+)_MIN_SIZE\s+(\d+)", read("kmod/uapi/vhdx.h"), re.M))
    wrong = []
    for section in re.split(r"\n(?=VHDX_IOC_\w+\n=+\n)", read("Documentation/ioctl.rst"))[1:]:
        ioctl = section.split("\n", 1)[0].removeprefix("VHDX_IOC_")
        struct = f"struct vhdx_ioc_{ioctl.lower()}"
        rows = re.findall(r"^(\d+)\s+(\d+)\s+[a-z, ]+ ``(\w+)``", section, re.M)
        for offset, size, field in rows:
            lines.append(f'_Static_assert(offsetof({struct}, {field}) == {offset} && '
                         f'sizeof((({struct} *)0)->{field}) == {size}, "{struct}.{field}");')
        end = int(rows[-1][0]) + int(rows[-1][1])
        lines.append(f'_Static_assert(sizeof({struct}) == {end}, "{struct}: a missing member");')
        total = sum(int(size) for _, size, _ in rows)
        if total != end:
            wrong.append(f"{struct}: its table has {total} of {end} bytes")
        if f"``VHDX_{ioctl}_MIN_SIZE`` ({sizes[ioctl]})" not in re.sub(r"\s+", " ", section):
            wrong.append(f"{struct}: another smallest size")
    result = subprocess.run(["cc", "-std=gnu11", "-fsyntax-only", "-iquote", "kmod", "-x", "c", "-"],
                            input="\n".join(lines) + "\n", cwd=ROOT, text=True,
                            stderr=subprocess.PIPE, check=False)
    return wrong + [line for line in result.stderr.split("\n") if "error" in line]


def texts():
    """What a reason in sysfs can say"""
    opening = read("kmod/backing/open.c")
    code = set(re.findall(r'\treturn "(.*)";', opening))
    code |= set(re.findall(r'vhdx_journal_fail\(journal,\s*"(.*)",', sources()))
    code |= set(re.findall(r'READ_ONLY \?\s+"(.*?)"', read("kmod/device/sysfs.c")))
    tables = re.findall(r"^\t\t=+\n(.*?)\n\t\t=+$", read(ABI + "sysfs-block-vhdx"), re.M | re.S)
    return differences(code, {line.strip() for table in tables for line in table.split("\n")})


def incomplete():
    wrong = []
    for path in sorted(glob.glob(ABI + "*", root_dir=ROOT)):
        for what, text in entries(os.path.basename(path)).items():
            wrong += [f"{what}: no {field}" for field in FIELDS[1:]
                      if not re.search(rf"^{field}:", text, re.M)]
    return wrong


CLAIMS = [
    (incomplete, "each entry of Documentation/ABI has all fields"),
    (attributes, "each attribute of a disk has an entry, and the other way round"),
    (unused, "each attribute of a disk is in the manual, and read by a test"),
    (modes, "an entry says whether the attribute can be written to"),
    (texts, "each reason that an attribute can show is in its entry"),
    (parameters, "each module parameter has an entry"),
    (debugfs, "each debugfs file has an entry"),
    (counters, "each counter of the statistics is described"),
    (ioctls, "each ioctl has an entry with its number and structure"),
    (structures, "the tables of ioctl.rst are the structures of uapi/vhdx.h"),
    (constants, "each constant of uapi/vhdx.h is described"),
    (reasons, "each reason of attach, detach and snapshot is described"),
]


def main():
    failed = 0
    print(f"KTAP version 1\n1..{len(CLAIMS)}")
    for number, (check, claim) in enumerate(CLAIMS, 1):
        wrong = check()
        failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {claim}")
        for line in wrong:
            print("#", line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
