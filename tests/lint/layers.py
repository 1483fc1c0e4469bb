#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""The structure of the tree: which folder uses which, by includes and by calls.

The folders of kmod/ and userspace/ are layers. A file uses only its own layer and those
below it; the files of one layer do not use each other in a circle.

    layers.py		print TAP: one claim a rule, and the arrows between layers
    layers.py arrows	print each arrow between two files
    layers.py prefixes	print each public symbol that bears another file's prefix
    layers.py undocumented [TREE]
			print each function called from another layer that has no kernel-doc
"""
import collections
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# From the bottom up. A file at the top of a tree is a layer of its own.
LAYERS = {
    "kmod": "uapi format compat delay waiter backing meta image request device main".split(),
    "userspace": "lib attached image info check edit repair merge cmd vhdxctl".split(),
}

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"", re.S)
DEFINITION = re.compile(
    r"^(?!static\b|typedef\b|extern\b|#)[a-zA-Z_][\w \t*]*?\b(\w+)\([^;{}]*?\)\s*\n\{", re.M)
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)

# Components that share a file with the one it is named after
ALSO = {
    "kmod/format/bat.c": ["block"],
    "kmod/format/header.c": ["identifier"],
    "kmod/format/metadata.c": ["item"],
    "kmod/format/reason.c": ["fault", "warning"],
    "kmod/format/region.c": ["layout"],
    "kmod/meta/cache.c": ["page"],
    "kmod/meta/journal_change.c": ["edit"],
    "userspace/image/fault.c": ["fail"],
    "userspace/lib/alloc.c": ["xasprintf", "xcalloc", "xrealloc", "xstrdup"],
    "userspace/lib/interrupt.c": ["interrupted"],
    "userspace/lib/message.c": ["debug", "exit_of_errno", "fail", "note", "warn"],
    "userspace/lib/reason.c": ["fail"],
    "userspace/vhdxctl.c": ["main"],
}


class Tree:
    """The sources of kmod/ or userspace/: their text, includes, symbols and arrows."""

    def __init__(self, name):
        self.name = name
        self.text = {}
        self.includes = {}
        self.owner = {}
        self.documented = set()
        top = os.path.join(ROOT, name)
        for folder, dirs, files in os.walk(top):
            dirs[:] = [d for d in dirs if d != "build"]
            for file in files:
                if file.endswith((".c", ".h")) and not file.endswith(".mod.c"):
                    self.read(os.path.relpath(os.path.join(folder, file), top))
        for path, text in self.text.items():
            if path.endswith(".c"):
                for match in DEFINITION.finditer(text):
                    self.owner[match[1]] = path
        self.calls = {path: self.called(path) for path in self.text if path.endswith(".c")}

    def read(self, path):
        with open(os.path.join(ROOT, self.name, path), encoding="utf-8") as file:
            text = file.read()
        self.includes[path] = [self.resolve(path, i) for i in INCLUDE.findall(text)]
        self.documented |= set(re.findall(r"/\*\*\n \* (\w+)\(\) - ", text))
        self.text[path] = COMMENT.sub(" ", text)

    def resolve(self, path, include):
        """The path of an include from the top of the tree; None: of another tree."""
        beside = os.path.join(os.path.dirname(path), include)
        for candidate in (beside, include):
            if os.path.exists(os.path.join(ROOT, self.name, candidate)):
                return os.path.normpath(candidate)
        return None

    def called(self, path):
        return {self.owner[w]: w for w in self.callees(path)}

    def callees(self, path):
        """The public functions of other files that a file calls, or takes the address of."""
        words = set(re.findall(r"\b[a-z_]\w+\b(?=\s*[(,;)}\]])", self.text[path]))
        local = set(re.findall(r"^static[\w \t*]*?\b(\w+)\(", self.text[path], re.M))
        return {w for w in words - local if w in self.owner and self.owner[w] != path}

    def layer(self, path):
        return path.split("/")[0] if "/" in path else path.rsplit(".", 1)[0]

    def rank(self, path):
        return LAYERS[self.name].index(self.layer(path))

    def unplaced(self):
        return sorted(p for p in self.text if self.layer(p) not in LAYERS[self.name])

    def arrows(self):
        """Yields (from, to, why) for each include and each call."""
        for path, includes in self.includes.items():
            for include in includes:
                if include:
                    yield path, include, "includes"
        for path, calls in self.calls.items():
            for callee, symbol in calls.items():
                yield path, callee, symbol + "()"

    def upward(self):
        return sorted(f"{self.name}/{a}: {why} {b}" for a, b, why in self.arrows()
                      if self.rank(a) < self.rank(b))

    def internal(self):
        return sorted(f"{self.name}/{a}: includes {b}" for a, b, why in self.arrows()
                      if b.endswith("_internal.h") and os.path.dirname(a) != os.path.dirname(b))

    def circles(self):
        """The files of which each uses the others, by calls."""
        graph = collections.defaultdict(set)
        for path, calls in self.calls.items():
            graph[path] |= set(calls)
        return [" ".join(sorted(c)) for c in components(graph) if len(c) > 1]

    def table(self):
        count = collections.Counter()
        for a, b, why in self.arrows():
            if self.layer(a) != self.layer(b):
                count[self.layer(a), self.layer(b), why == "includes"] += 1
        pairs = sorted({k[:2] for k in count}, key=lambda p: [-LAYERS[self.name].index(x) for x in p])
        return [f"{self.name}: {a} -> {b}: {count[a, b, True]} includes, {count[a, b, False]} calls"
                for a, b in pairs]

    def readmes(self):
        """Each layer's README names what the layer uses, and what uses it."""
        uses = collections.defaultdict(set)
        for a, b, _ in self.arrows():
            if self.layer(a) != self.layer(b):
                uses[self.layer(a)].add(self.layer(b))
        order = LAYERS[self.name][::-1]
        wrong = []
        for layer in order:
            if not os.path.isdir(os.path.join(ROOT, self.name, layer)):
                continue
            path = os.path.join(ROOT, self.name, layer, "README")
            text = open(path, encoding="utf-8").read() if os.path.exists(path) else ""
            for line in ("Uses: " + (" ".join(x for x in order if x in uses[layer]) or "-"),
                         "Used by: " + (" ".join(x for x in order if layer in uses[x]) or "-")):
                if line + "\n" not in text:
                    wrong.append(f"{self.name}/{layer}/README lacks: {line}")
        return wrong

    def undocumented(self):
        """The functions that other layers call, and that no kernel-doc comment describes.

        The verbs of the tool are alike; cmd/cmd.h describes them together.
        """
        crossing = {symbol for path in self.calls for symbol in self.callees(path)
                    if self.layer(self.owner[symbol]) != self.layer(path)}
        return sorted(f"{self.name}/{self.owner[symbol]}: {symbol}()"
                      for symbol in crossing - self.documented
                      if not symbol.startswith("cmd_"))

    def prefixes(self):
        """A public symbol bears the name of its file, or of the component its file is part of."""
        wrong = []
        for symbol, path in sorted(self.owner.items(), key=lambda i: (i[1], i[0])):
            bare = symbol[5:] if symbol.startswith("vhdx_") else symbol
            stem = os.path.basename(path)[:-2]
            folder = os.path.dirname(path)
            names = {stem, folder, stem.split("_")[0], *ALSO.get(f"{self.name}/{path}", [])}
            if not any(re.match(rf"{n}s?(_|$)", bare) for n in names if n):
                wrong.append(f"{self.name}/{path}: {symbol}()")
        return wrong


def components(graph):
    """Tarjan's strongly connected components."""
    index, low, stack, on, out = {}, {}, [], set(), []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        on.add(v)
        for w in graph[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in on:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            part = []
            while True:
                w = stack.pop()
                on.discard(w)
                part.append(w)
                if w == v:
                    break
            out.append(part)

    for v in list(graph):
        if v not in index:
            visit(v)
    return out


def main():
    trees = [Tree(name) for name in LAYERS]
    if sys.argv[1:] == ["arrows"]:
        for t in trees:
            for a, b, why in sorted(t.arrows()):
                print(f"{t.name}/{a} -> {b} {why}")
        return 0
    if sys.argv[1:] == ["prefixes"]:
        for t in trees:
            print("\n".join(t.prefixes()))
        return 0
    if sys.argv[1:2] == ["undocumented"]:
        for t in trees:
            if t.name in (sys.argv[2:] or LAYERS):
                print("".join(f"{line}\n" for line in t.undocumented()), end="")
        return 0
    claims = []
    for t in trees:
        claims += [
            (f"{t.name}: each file is in the folder of a layer", t.unplaced()),
            (f"{t.name}: no include and no call points upwards", t.upward() if not t.unplaced() else []),
            (f"{t.name}: no files use each other in a circle", t.circles()),
            (f"{t.name}: the README of each layer says what it uses, and what uses it", t.readmes()),
            (f"{t.name}: an internal header stays inside its folder", t.internal()),
            (f"{t.name}: a public symbol bears the name of its file or folder", t.prefixes()),
        ]
    print(f"KTAP version 1\n1..{len(claims)}")
    failed = 0
    for number, (text, found) in enumerate(claims, 1):
        failed += bool(found)
        print(f"{'not ' if found else ''}ok {number} - {text}")
        for line in found:
            print(f"# {line}")
    for t in trees:
        for line in t.table():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
