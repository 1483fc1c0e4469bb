# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the instructions of a guest went: QEMU's trace of each, and the kernel's symbols."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

# QEMU's line for a block of code it runs, which here is one instruction: [cs_base/pc/flags...
EXECUTED = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)

KERNEL = 1 << 63
USER = "(user space: fio, libaio)"

# The kernel proper has no modules to tell its layers apart; names do, the first that fits.
LAYERS = [
    ("system calls, AIO", r"entry_|syscall|do_syscall|__x64_sys|aio_|io_submit|lookup_ioctx|read_events"
                          r"|io_getevents|exit_to_user|fget|fput|rw_verify|x64_sys_call|refill_req"),
    ("timers, interrupts", r"hrtimer|tick_|ktime|clockevents|irq|apic|timekeeping|timer|softirq|tsc"
                           r"|idle|cpuidle|rcu_core|run_timer"),
    ("scheduler, wake-ups", r"schedul|try_to_wake|wake|ttwu|queue_task|enqueue|dequeue|pick_|update_curr"
                            r"|select_task|switch_|finish_task|prepare_task|place_entity|entity|_rq"
                            r"|kthread|wait|preempt|sched|update_load|_fair|avg|resched|psi_|fpu"
                            r"|cfs|completion|vruntime|task_"),
    ("direct I/O of the file", r"iomap|dio|touch_atime|filemap|file_|kiocb|generic_file|inode|fsnotify"
                               r"|iov_iter|pin_user|gup|get_user_pages|folio|unpin"),
    ("block layer", r"blk|bio|bdev|sbitmap|elv_|plug|part_|disk_|rq_|submit_|block_|bvec|queue|mq_"),
    ("work queues", r"worker|work"),
    ("locks", r"_raw_|lock|mutex|rwsem|down_|up_|rcu_"),
    ("memory", r"kmem|slab|kmalloc|kfree|mempool|alloc|free_|mem|copy_|clear_page|xas_|xa_|radix|page"),
]
LAYERS = [(name, re.compile(pattern)) for name, pattern in LAYERS]


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
        if pattern.search(name):
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
