# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# For the tests of vhdxctl: the tool, a temporary directory, and a way to run the one and look
# at what came out.
#
#	VHDXCTL		the tool; default: userspace/build/vhdxctl of this tree
#	VHDX_SAMPLES	real images, xz-compressed, with their MANIFEST.tsv
set -u

CLI_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$CLI_HERE/../.." && pwd)
# shellcheck source=SCRIPTDIR/../lib/tap.sh disable=SC1091
. "$ROOT/tests/lib/tap.sh"

VHDXCTL=${VHDXCTL:-$ROOT/userspace/build/vhdxctl}
SAMPLES=${VHDX_SAMPLES:-$ROOT/../shared/images}
[ -x "$VHDXCTL" ] || skip_all "$VHDXCTL is not built"

TMP=$(mktemp -d "${TMPDIR:-/tmp}/vhdx-cli.XXXXXX")
trap 'rm -rf "$TMP"' EXIT
export LC_ALL=C.UTF-8

# run ARGUMENT...: sets status, out and err
status='' out='' err=''
run() {
	"$VHDXCTL" "$@" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	out=$(<"$TMP/.out")
	err=$(<"$TMP/.err")
}

# exits STATUS CLAIM: the last run ended like that
exits() {
	if [ "$status" = "$1" ]; then
		pass "$2"
	else
		not_ok "$2" "exit status $status, wanted $1"$'\n'"$out"$'\n'"$err"
	fi
}

# json FILTER: of the output of the last run; "invalid" if that is no single document
json() {
	jq -rs "if length == 1 then .[0] | $1 else error(\"not one document\") end" \
		"$TMP/.out" 2>/dev/null || echo invalid
}

# sample NAME: unpack a real image to $TMP/NAME; false if it is not there
sample() {
	[ -e "$TMP/$1" ] && return
	[ -r "$SAMPLES/$1.xz" ] || return
	# shellcheck disable=SC2216  # it does: /dev/stdin is its argument
	xz -dc "$SAMPLES/$1.xz" | cp --sparse=always /dev/stdin "$TMP/$1"
}

# poke FILE OFFSET BYTES: change an image; BYTES as for printf
poke() {
	# shellcheck disable=SC2059  # the bytes are a format
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# have COMMAND
have() {
	command -v "$1" >/dev/null
}
