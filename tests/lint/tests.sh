#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each test says what it proves, and tests/README.md and tests/run name each case, folder and step.
#   tests/lint/tests.sh table	prints the table of cases for tests/README.md
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LIST=''

# promises CASE: of its claims, by number
promises() {
	sed '/^#/d' "$root/tests/cases/$1.sh" | grep -oE '["[:space:]]P[0-9]+(, P[0-9]+)*: ' |
		grep -oE 'P[0-9]+' | sort -Vu | paste -sd ' '
}

table() {
	local name text
	sed -nE 's,^cases/(\S+) +(.*),\1\t\2,p' <<<"$LIST" | while IFS=$'\t' read -r name text; do
		text=$(sed -E 's/^P[0-9]+(, P[0-9]+)*: (.)/\u\2/; s/^Vhdxctl/vhdxctl/' <<<"$text")
		echo "| \`$name\` | $text | $(promises "$name") |"
	done
}

if [ "${1-}" = table ]; then
	LIST=$("$root/tests/run" list)
	table
	exit
fi

. "$root/tests/lib/tap.sh"
cd "$root" || exit 1
LIST=$(tests/run list)

without_text() { grep -E '^[a-z]+/' <<<"$LIST" | awk 'NF < 3'; }

# Descriptions that a terminal breaks
long_texts() { grep -E '^[a-z]+/' <<<"$LIST" | awk 'length > 132'; }

rows_apart() { diff <(table) <(sed -nE '/^\| `[a-z_]+` \|/p' tests/README.md); }

folders_without_row() {
	local folder
	for folder in tests/*/; do
		[ "$folder" = tests/build/ ] || grep -q "^| \`${folder#tests/}\`" tests/README.md ||
			echo "$folder"
	done
}

cases_not_dealt() {
	local file name
	for file in tests/cases/*.sh; do
		name=${file##*/}
		sed -n '/^cases_of()/,/^}/p; /^HOURS=/p' tests/run | grep -qw "${name%.sh}" ||
			echo "$name"
	done
}

cases_that_are_not() {
	local name
	for name in $(sed -n '/^cases_of()/,/^}/p' tests/run | grep -oE '\b[a-z]+_[a-z_]+\b' |
		grep -vx cases_of) $(sed -nE "s/^(HOURS|KCSAN_CASES)='(.*)'/\2/p" tests/run | tr '|' ' '); do
		[ -e "tests/cases/$name.sh" ] || echo "$name"
	done
}

steps_without_text() {
	local name
	for name in $(grep -oE '^\s*step "?[a-z$]\S*' tests/run | sed -E 's/\s*step "?//; s/"$//' |
		grep -vE '^\$(mode|\{case)|^module-debug$'); do
		grep -qE "^		${name%%-\$*}[-	]" tests/run || echo "$name"
	done
}

# script COMMAND: a test of two claims with that between them. Prints what prove makes of it.
script() {
	local file
	file=$(mktemp "${TMPDIR:-/tmp}/vhdx-lint.XXXXXX")
	printf '. %s/tests/lib/tap.sh\npass one\n%s\npass two\ndone_testing\n' "$root" "$1" >"$file"
	env -u KTAP prove -e bash "$file" >/dev/null 2>&1 && echo green || echo red
	rm -f "$file"
}

is "$(script true)" green 'a test whose claims hold passes'
is "$(script 'no-such-claim one two')" red 'a test with a command that does not exist fails'
is "$(script 'ok three eval "x=\\$(no-such-command); true"')" red 'in a subshell, too'

claim() {
	local text=$1 output
	output=$($2)
	is "$output" "" "$text"
}

claim 'each test says in its heading what it proves' without_text
claim 'and in one line' long_texts
claim 'tests/README.md has the table that "tests/lint/tests.sh table" prints' rows_apart
claim 'tests/README.md says what is in each folder' folders_without_row
claim 'tests/run deals out each case' cases_not_dealt
claim 'tests/run names no case that does not exist' cases_that_are_not
claim 'tests/run list has each step' steps_without_text
done_testing
