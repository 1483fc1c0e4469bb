#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each script is clean for shellcheck, and none has a mark of unfinished work.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1

# What git knows or would add; a tree without git has no clutter to leave out.
files() { git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f; }

shell_scripts() {
	files | while read -r file; do
		[ -f "$file" ] && head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*(ba)?sh' &&
			echo "$file"
	done
	files | grep -E '\.(bash|sh)$'
}

unchecked() { shell_scripts | sort -u | xargs -r shellcheck -x -P SCRIPTDIR --severity=warning; }

unfinished() {
	files | grep -v '^tests/lint/' |
		xargs -r -d '\n' grep -nIwE 'TODO|FIXME|XXX|HACK' 2>/dev/null
}

claim() {
	local text=$1 output
	output=$($2)
	is "$output" "" "$text"
}

claim 'shellcheck has nothing to say' unchecked
claim 'no mark of unfinished work' unfinished
done_testing
