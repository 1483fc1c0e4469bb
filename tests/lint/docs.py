#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
"""Citations, in both directions: each number and each path that the tree cites is defined; each
file, function, word and claim that Documentation/ names exists.

    P4, rule 41, J5	cited in comments, tests and texts; defined in Documentation/
    ``kmod/main.c``	a path, from the top of the tree
    ``vhdx_map_load()``	a function that the tree defines or calls
    ``payload_overlap``	a word with an underscore, somewhere in the tree
    "P3: ..."		after the path of a test: a part of that file, but for line breaks
"""
import collections
import functools
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCS = "Documentation"
TREES = ("kmod", "userspace", "tests")
ENDINGS = "c|h|sh|bash|py|awk|rst|md|mk|rules"
# Numbers of reasons that are about files; the others are about requests, see uapi/vhdx.h
FILE_REASONS = range(100, 900)

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
HASH = re.compile(r"(?:^|\s)#[^\n]*")
PATH = re.compile(rf"(?<![\w./*$}}<\\-])((?:[\w-]+/)*[\w-][\w.-]*\.(?:{ENDINGS}))(?![\w/*-])")
RULES = re.compile(r"\brules?\s+(\d+(?:(?:,\s+|\s+and\s+|\s+to\s+|-)\d+)*)", re.I)
LITERAL = re.compile(r"``([^`]+)``")

# Files of the kernel's tree
FOREIGN = {"Documentation/userspace-api/ioctl/ioctl-number.rst"}


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


@functools.lru_cache(maxsize=None)
def files():
    """What git knows or would add; in a tree without git, all."""
    known = run("git", "ls-files", "--cached", "--others", "--exclude-standard").split("\n")
    if len(known) < 2:
        known = [os.path.relpath(os.path.join(folder, file), ROOT)
                 for folder, _, names in os.walk(ROOT) if "/build" not in folder
                 for file in names]
    return sorted(f for f in known if f and os.path.isfile(os.path.join(ROOT, f)))


@functools.lru_cache(maxsize=None)
def text(path):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        return ""


def flat(words):
    return re.sub(r"\s+", " ", words)


def in_tree(path):
    return path.split("/")[0] in TREES and "/results/" not in path


@functools.lru_cache(maxsize=None)
def prose(path):
    """Comments and strings of C, comments of scripts, all of a text; line numbers stay."""
    whole = text(path)
    if path.endswith((".c", ".h")):
        kept = [m.span() for m in COMMENT.finditer(whole)]
    elif path.endswith((".md", ".rst", "README", ".8")):
        return whole
    else:
        kept = [m.span() for m in HASH.finditer(whole)]
        kept += [m.span() for m in re.finditer(r'""".*?"""', whole, re.S)]
    marks = [c if c == "\n" else " " for c in whole]
    for start, end in kept:
        marks[start:end] = whole[start:end]
    return re.sub(r"\n([ \t]*(?:\*|//|#) )", lambda m: "\n" + " " * len(m[1]), "".join(marks))


def at(path, words, start):
    return f"{path}:{words.count(chr(10), 0, start) + 1}"


def cited_in():
    return [f for f in files() if in_tree(f) or f == "README.md" or f.startswith(DOCS)]


def headings(name, pattern):
    return set(re.findall(rf"^{pattern}\S*.*\n[-=]{{3,}}$", text(f"{DOCS}/{name}"), re.M))


# --- numbers ------------------------------------------------------------------

def promises():
    return headings("promises.rst", r"P(\d+):")


def undefined_promises():
    defined = promises()
    for path in cited_in():
        for m in re.finditer(r"(?<![\w/])P(\d{1,2})\b", text(path)):
            if m[1] not in defined:
                yield f"{at(path, text(path), m.start())}: P{m[1]}"


def unproved_promises():
    claims = "\n".join(text(f) for f in files() if f.startswith("tests/"))
    named = set(re.findall(r"\bP(\d+)\b", " ".join(re.findall(r'"(P\d+(?:, P\d+)*): ', claims))))
    for number in promises() - named:
        yield f"P{number}: no claim of a test names it"
    for body in re.split(r"^(?=P\d+: )", text(f"{DOCS}/promises.rst"), flags=re.M)[1:]:
        if "* ``tests/" not in body:
            yield f"{DOCS}/promises.rst: {body.splitlines()[0]}: no test is named"


def rules():
    return headings("format-rules.rst", r"Rule (\d+):")


def numbers(words):
    """The numbers of "4 to 7, 9 and 12"."""
    found = []
    for part in re.split(r",\s+|\s+and\s+", words):
        ends = [int(n) for n in re.split(r"\s+to\s+|-", part)]
        found += range(ends[0], ends[-1] + 1)
    return found


def undefined_rules():
    defined = rules()
    for path in cited_in():
        words = text(path) if path.startswith("tests/") else prose(path)
        for m in RULES.finditer(words):
            for number in numbers(m[1]):
                if str(number) not in defined:
                    yield f"{at(path, words, m.start())}: rule {number}"


def incomplete_rules():
    for body in re.split(r"^(?=Rule \d+: )", text(f"{DOCS}/format-rules.rst"), flags=re.M)[1:]:
        for field in ("MS-VHDX", "Checked", "Reasons", "Tests"):
            if f"\n:{field}: " not in body:
                yield f"{body.splitlines()[0]}: has no field {field}"


def undescribed_reasons():
    described = set(LITERAL.findall(text(f"{DOCS}/format-rules.rst")))
    source = text("kmod/format/reason.h")
    for number, name in re.findall(r"^\tx\((\d+), (\w+),", source, re.M):
        if int(number) in FILE_REASONS and name not in described:
            yield name
    for name in re.findall(r'^\tx\((\w+), "', source, re.M):
        if name not in described:
            yield f"warning {name}"


def labels():
    """Steps that Documentation/ defines: {label: path}"""
    return {m[1]: f for f in files() if f.startswith(DOCS)
            for m in re.finditer(r"^:([A-Z]\d): ", text(f), re.M)}


def undefined_labels():
    defined = labels()
    letters = "".join({label[0] for label in defined})
    for path in cited_in():
        words = prose(path)
        for m in re.finditer(rf"(?<![\w/.-])([{letters}]\d)\b(?!\.)", words):
            if m[1] not in defined:
                yield f"{at(path, words, m.start())}: {m[1]}"


def labels_apart():
    """Each step is in the list of a comment as well, and each such list is in Documentation/."""
    defined = labels()
    listed = {m[1]: f for f in files() if f.startswith("kmod/")
              for m in re.finditer(r"^ \*\t([A-Z]\d)  \S", text(f), re.M)}
    for label in sorted(set(defined) - set(listed)):
        yield f"{defined[label]}: {label} is in the list of no comment"
    for label in sorted(set(listed) - set(defined)):
        yield f"{listed[label]}: {label} is not in {DOCS}/"


# --- paths --------------------------------------------------------------------

@functools.lru_cache(maxsize=None)
def folders():
    return {os.path.dirname(f)[:n] for f in files() for n in range(len(f))
            if n == len(os.path.dirname(f)) or f[n:n + 1] == "/"}


@functools.lru_cache(maxsize=None)
def names():
    """{top: {name of a file there}}"""
    found = collections.defaultdict(set)
    for f in files():
        found[f.split("/")[0]].add(os.path.basename(f))
    return found


def exists(path, cited):
    """A path is from the top, from kmod/ or userspace/, or from a folder above; a name alone is
    of the same tree, in userspace/ of kmod/ as well, and else of any."""
    if cited in FOREIGN or "/build/" in cited:
        return True
    if "/" not in cited:
        tops = {"kmod": ["kmod"], "userspace": ["userspace", "kmod"]}
        return any(cited in names()[t] for t in tops.get(path.split("/")[0], list(names())))
    bases, folder = ["", "kmod", "userspace"], os.path.dirname(path)
    while folder:
        bases.append(folder)
        folder = os.path.dirname(folder)
    return any(os.path.normpath(os.path.join(b, cited)) in set_of_files() for b in bases)


@functools.lru_cache(maxsize=None)
def set_of_files():
    return set(files())


def missing_files():
    for path in cited_in():
        words = prose(path)
        for m in PATH.finditer(re.sub(r"\bshellcheck [^\n]*", lambda m: " " * len(m[0]), words)):
            if not exists(path, m[1]):
                yield f"{at(path, words, m.start())}: {m[1]}"


# --- what Documentation/ names -------------------------------------------------

def documents():
    return [f for f in files() if f.startswith(f"{DOCS}/") and f.endswith(".rst")]


def literals(path):
    for m in LITERAL.finditer(text(path)):
        yield at(path, text(path), m.start()), flat(m[1])


def unknown_paths():
    for path in documents():
        for where, literal in literals(path):
            words = literal.split()
            # a command: its last word is a case
            if "tests/run cases " in literal:
                words[-1] = f"tests/cases/{words[-1]}.sh"
            for name in re.findall(r"\bCASE=(\S+)", literal):
                if not any(re.fullmatch(rf"tests/(?:.*/)?{name}(?:\.\w+)?", f) for f in files()):
                    yield f"{where}: CASE={name}"
            for word in words:
                if re.fullmatch(r"(?:kmod|userspace|tests|Documentation)/[\w./-]*", word) and \
                   "/build/" not in word and word not in set_of_files() and \
                   word.rstrip("/") not in folders():
                    yield f"{where}: {word}"


@functools.lru_cache(maxsize=None)
def vocabulary():
    return set(re.findall(r"\w+", "\n".join(text(f) for f in files() if in_tree(f))))


@functools.lru_cache(maxsize=None)
def functions():
    code = "\n".join(COMMENT.sub("", STRING.sub('""', text(f))) for f in files()
                     if in_tree(f) and f.endswith((".c", ".h")))
    return set(re.findall(r"\b(\w+)(?=\()", code))


def unknown_functions():
    for path in documents():
        for where, word in literals(path):
            m = re.fullmatch(r"(?:->)?(\w+)\(\)", word)
            if m and m[1] not in functions() | ({m[1]} & vocabulary() if "->" in word else set()):
                yield f"{where}: {word}"


def unknown_words():
    for path in documents():
        for where, word in literals(path):
            if re.fullmatch(r"\w*_\w*", word) and word not in vocabulary():
                yield f"{where}: {word}"


def claims(path):
    """Yields (where, test, claim): quotes after the path of a test, in one paragraph."""
    for m in re.finditer(r"(?:(?!\n\n|\n[*:]).)*", text(path), re.S):
        test = None
        for token in re.finditer(r'``([^`]+)``|"([^"]+)"', m[0]):
            if token[1] and "/" in token[1]:
                test = token[1] if token[1].startswith("tests/") else None
            elif token[2] and test in set_of_files():
                yield at(path, text(path), m.start() + token.start()), test, flat(token[2])


def unknown_claims():
    for path in documents():
        for where, test, claim in claims(path):
            plain = flat(re.sub(r'"\s*\n\s*"|\\\n', "", text(test))).replace('\\"', '"')
            if claim not in plain:
                yield f'{where}: {test}: "{claim}"'


def bad_syntax():
    try:
        import docutils.core
        import docutils.parsers.rst
    except ImportError:
        return

    class Ignored(docutils.parsers.rst.Directive):
        has_content = True

        def run(self):
            return []

    docutils.parsers.rst.directives.register_directive("toctree", Ignored)
    for path in documents():
        errors = Errors()
        docutils.core.publish_string(text(path), source_path=path, writer_name="null",
                                     settings_overrides={"warning_stream": errors,
                                                         "report_level": 2})
        yield from errors.lines


class Errors:
    """A stream for docutils."""

    def __init__(self):
        self.lines = []

    def write(self, words):
        self.lines += [line for line in words.splitlines() if line.strip()]


CLAIMS = [
    ("each promise that is cited is defined", undefined_promises),
    ("each promise has a test that names it", unproved_promises),
    ("each rule of the format that is cited is defined", undefined_rules),
    ("each rule of the format says where it is checked, and by which test", incomplete_rules),
    ("each reason to refuse a file, and each warning, is in format-rules.rst", undescribed_reasons),
    ("each step of an order that is cited is defined", undefined_labels),
    ("Documentation/ has the steps that comments list, and no others", labels_apart),
    ("each file that is cited exists", missing_files),
    ("Documentation/ names files and folders that exist", unknown_paths),
    ("Documentation/ names functions that exist", unknown_functions),
    ("Documentation/ names words of the code that exist", unknown_words),
    ("Documentation/ names claims that the tests make", unknown_claims),
    ("Documentation/ is valid reStructuredText", bad_syntax),
]


def main():
    failed = 0
    print(f"KTAP version 1\n1..{len(CLAIMS)}")
    for number, (claim, check) in enumerate(CLAIMS, 1):
        found = sorted(set(check()))
        failed += bool(found)
        print(f"{'not ' if found else ''}ok {number} - {claim}")
        for line in found:
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
