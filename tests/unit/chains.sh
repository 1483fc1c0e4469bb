#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# Each chain with a name, and many made by chance, reads as its model says. chains.sh [SEEDS
# [FIRST]]: so many by chance, from the seed FIRST on. The same seed is the same chain, so that
# one that fails can be made again: tests/images/build random-chain DIR SEED. VHDX_READCHAIN is
# the program that reads.
[ -n "${KTAP-}" ] || exec "$(dirname "$0")/../lib/ktap" "$0" "$@"
set -u

build=$(cd "$(dirname "$0")" && pwd)/../images/build
seeds=${1:-40}
first=${2:-1}
batch=20			# as many as are on the disk at a time

work=$(mktemp -d "${TMPDIR:-/tmp}/vhdx-chains.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

number=0
status=0

# read_all: what was just built, and forget it
read_all() {
	if [ "$1" != 0 ]; then
		number=$((number + 1))
		echo "not ok $number - the chains are built"
		status=1
		return
	fi
	set -- "$work"/now/*.raw
	"$VHDX_READCHAIN" -s "$first" -n "$number" "$@" || status=1
	number=$((number + $#))
	rm -rf "$work/now"
}

# shellcheck disable=SC2046 # words
set -- $("$build" list | sed -n 's/^chain //p')
while [ $# -gt 0 ]; do
	names=
	count=0
	while [ $# -gt 0 ] && [ $count -lt $batch ]; do
		names="$names $1"
		count=$((count + 1))
		shift
	done
	# shellcheck disable=SC2086 # words
	"$build" chains "$work/now" $names
	read_all $?
done

at=$first
end=$((first + seeds))
while [ $at -lt $end ]; do
	count=$((end - at < batch ? end - at : batch))
	"$build" random-chain "$work/now" "$at" "$count"
	read_all $?
	at=$((at + count))
done

echo "1..$number"
exit $status
