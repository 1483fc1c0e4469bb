#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# checkpatch --strict accepts every C source, but for what checkpatch-exceptions lists.
#   tests/lint/checkpatch.sh [FILE...]	default: all C sources that git knows
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
# shellcheck source=../vm/lib.bash
. "$root/tests/vm/lib.bash"
cd "$root" || exit 1

checkpatch=$VM_CACHE/kernels/scripts-6.12/checkpatch.pl
exceptions=tests/lint/checkpatch-exceptions
[ -e "$checkpatch" ] || skip_all "checkpatch.pl is missing: tests/vm/kernel scripts fetches it"
whole=$([ $# = 0 ] && echo yes)
[ $# -gt 0 ] || mapfile -t -d '' files < <(git ls-files -z -- '*.c' '*.h' 2>/dev/null)
[ $# = 0 ] || files=("$@")
[ ${#files[@]} -gt 0 ] || skip_all 'no C sources that git knows'

# Each line: FILE:LINE: LEVEL:TYPE: TEXT. A cache of names would be written into the tree.
complaints() {
	printf '%s\0' "${files[@]}" | xargs -0 -n 40 -P "$(nproc)" perl "$checkpatch" \
		--no-tree --no-summary --file --terse --strict --show-types --max-line-length=100 \
		2>&1 | sort
	rm -f .checkpatch-camelcase.*
}

# An exception is TYPE PATTERN REASON; prints what is left, and the exceptions that nothing needs.
judge() {
	python3 - "$exceptions" "${whole:-no}" 3<&0 <<-'PYTHON'
		import fnmatch, os, re, sys
		rules = [line.split(None, 2) for line in open(sys.argv[1], encoding="utf-8")
		         if line.strip() and not line.startswith("#")]
		used = set()
		for line in os.fdopen(3, encoding="utf-8", errors="replace"):
		    match = re.match(r"([^:]+):\d+: \w+:(\w+):", line)
		    hits = [i for i, rule in enumerate(rules) if match and rule[0] == match[2]
		            and fnmatch.fnmatch(match[1], rule[1])]
		    used.update(hits)
		    if not hits:
		        print(line, end="")
		for i, rule in enumerate(rules):
		    if len(rule) < 3:
		        print(f"{sys.argv[1]}: no reason: {' '.join(rule)}")
		    elif i not in used and sys.argv[2] == "yes":
		        print(f"{sys.argv[1]}: not needed: {rule[0]} {rule[1]}")
	PYTHON
}

is "$(complaints | judge)" '' 'checkpatch complains of nothing but the exceptions'
done_testing
