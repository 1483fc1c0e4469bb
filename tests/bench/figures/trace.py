# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Where the instructions of a guest went: QEMU's trace of each, and the kernel's symbols."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

# QEMU's line for a block of code it runs, which here is one instruction: [cs_base/pc/flags...
EXECUTED = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)

KERNEL = 1 << 63
USER = "(user space: fio, libaio)"

# The kernel proper has no modules that name its layers; the beginnings of names do.
LAYERS = [
    ("locks, RCU", "raw_|rcu_|mutex|rwsem|down_|up_read|up_write|osq_"),
    ("system calls, AIO", "entry_|syscall|do_syscall|x64_sys|aio_|io_submit|io_getevents|lookup_ioctx"
                          "|read_events|do_io_getevents|exit_to_user|fget|fput|rw_verify|refill_req"
                          "|put_reqs|get_reqs|asm_|iocb"),
    ("block layer", "blk|bio|bdev|blockdev|block_|sbitmap|elv_|part_|disk_|rq_|submit_bio|bvec|mq_"
                    "|get_max_io|dd_|update_io|punt"),
    ("direct I/O of the file", "iomap|dio|touch_atime|atime|filemap|file_|kiocb|generic_file|inode"
                               "|fsnotify|iov_iter|import_|pin_user|gup|get_user_pages|try_grab"
                               "|unpin|folio|zero_user"),
    ("timers, interrupts", "hrtimer|tick_|ktime|clockevents|irq|apic|timekeeping|timer|softirq"
                           "|do_softirq|handle_softirq|tsc|read_tsc|run_timer|sysvec|nohz"),
    ("scheduler, wake-ups", ".*(sched|wake|ttwu|queue|pick_|update_curr|select_task|switch_|prepare_task"
                            "|entity|_rq|kthread|wait|preempt|avg|_fair|psi_|completion"
                            "|vruntime|task_|idle|eevdf|lag|slice|cfs)"),
    ("memory", ".*(kmem|slab|kmalloc|kfree|mempool|alloc|free|mem|copy_|clear_|xas_|xa_|radix|page)"),
]
LAYERS = [(name, re.compile(f"_*({pattern})")) for name, pattern in LAYERS]


class Symbols:
    """Of /proc/kallsyms: the function that an address is in, and its module."""

    def __init__(self, path):
        found = []
        with open(path, encoding="ascii") as file:
            for line in file:
                address, kind, name, *module = line.split()
                if kind in "tTwW":
                    found.append((int(address, 16), name, module[0] if module else ""))
        found.sort(key=lambda symbol: symbol[0])
        self.addresses = [symbol[0] for symbol in found]
        self.symbols = found

    def find(self, pc):
        if pc < KERNEL:
            return pc, USER, "[user]"
        return self.symbols[max(bisect_right(self.addresses, pc) - 1, 0)]


@dataclass
class Function:
    name: str
    layer: str
    instructions: int = 0
    entered: int = 0


def layer_of(name, module):
    if module:
        return module
    for layer, pattern in LAYERS:
        if pattern.match(name):
            return layer
    return "other"


def executed(path):
    """How often the instruction at each address was executed."""
    counts = Counter()
    with open(path, "rb") as file:
        while piece := file.read(1 << 24):
            piece += file.readline()
            counts.update(EXECUTED.findall(piece))
    return {int(pc, 16): count for pc, count in counts.items()}


def functions(counts, symbols):
    found = {}
    for pc, count in counts.items():
        start, name, module = symbols.find(pc)
        key = name, module
        if key not in found:
            found[key] = Function(name, layer_of(name, module))
        found[key].instructions += count
        if pc == start:
            found[key].entered += count
    return sorted(found.values(), key=lambda function: -function.instructions)


def calls(found, name):
    return sum(function.entered for function in found if function.name == name)


def report(found, ios, top):
    total = sum(function.instructions for function in found)
    yield f"{total} instructions, {ios} I/Os: {total / ios:.0f} an I/O"
    layers = Counter()
    for function in found:
        layers[function.layer] += function.instructions
    yield ""
    yield f"{'by layer':<48} {'an I/O':>8} {'share':>7}"
    for layer, count in layers.most_common():
        yield f"{layer:<48} {count / ios:>8.0f} {count * 100 / total:>6.1f}%"
    yield ""
    yield f"{'by function':<48} {'an I/O':>8} {'share':>7} {'calls':>7}  layer"
    for function in found[:top]:
        yield (f"{function.name:<48} {function.instructions / ios:>8.0f} "
               f"{function.instructions * 100 / total:>6.1f}% {function.entered / ios:>7.2f}  "
               f"{function.layer}")
