# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# KTAP for bash: source this before anything else, call ok, is and so on, end with done_testing.
# Each test is a claim that holds, said in a few words. Diagnostics stand behind '#'.

# The plan comes first: ktap runs the script and waits for the plan.
if [ -z "${KTAP-}" ]; then
	exec "$(dirname "${BASH_SOURCE[0]}")/ktap" "$BASH" "$0" "$@"
fi
unset KTAP

TAP_COUNT=0
TAP_FAILED=0

# A claim of a command that does not exist, a misspelled one, would be lost without a message.
# bash calls this in a subshell, so a signal notifies the script itself.
command_not_found_handle() {
	echo "$1: command not found" >&2
	kill -USR1 $$
	return 127
}
trap 'not_ok "each command of the test exists"' USR1

# diag TEXT...: what helps to understand a result; prove shows only stderr
diag() {
	if [ -n "${HARNESS_ACTIVE-}" ]; then
		printf '%s\n' "$*" | sed 's/^/# /' >&2
	else
		printf '%s\n' "$*" | sed 's/^/# /'
	fi
}

pass() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1"
}

# not_ok CLAIM [DIAGNOSTICS]
not_ok() {
	TAP_COUNT=$((TAP_COUNT + 1))
	TAP_FAILED=$((TAP_FAILED + 1))
	echo "not ok $TAP_COUNT - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# ok CLAIM COMMAND...: the command succeeds
ok() {
	local claim=$1 output

	shift
	if output=$("$@" 2>&1); then
		pass "$claim"
	else
		not_ok "$claim" "failed: $*"$'\n'"$output"
	fi
}

# must COMMAND...: makes no claim, but the claims that follow need it. If it fails, so does the test.
must() {
	"$@" || {
		not_ok "prepared: $*"
		return 1
	}
}

# is GOT WANTED CLAIM
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		not_ok "$3" "got:    $1"$'\n'"wanted: $2"
	fi
}

# like GOT PATTERN CLAIM: GOT matches an extended regular expression somewhere
like() {
	if [[ $1 =~ $2 ]]; then
		pass "$3"
	else
		not_ok "$3" "got:    $1"$'\n'"wanted: $2"
	fi
}

# skip CLAIM REASON
skip() {
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "ok $TAP_COUNT - $1 # SKIP $2"
}

# skip_all REASON: before any test
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing() {
	echo "1..$TAP_COUNT"
	[ "$TAP_FAILED" -eq 0 ]
	exit
}
