#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# Images that Windows, QEMU and disk2vhd wrote have the right sizes and contents in the core. They
# are not part of the project; VHDX_SAMPLES is a directory of NAME.xz files and a MANIFEST.tsv.
# VHDX_PEEK is the program that looks at one. VHDX_SAMPLES_LIMIT is the size of the largest disk
# whose contents are hashed: 2 GiB, as there are many zeros.
[ -n "${KTAP-}" ] || exec "$(dirname "$0")/../lib/ktap" "$0" "$@"
set -u

here=$(cd "$(dirname "$0")" && pwd)
samples=${VHDX_SAMPLES:-$here/../../../shared/images}
manifest=$samples/MANIFEST.tsv
if [ ! -r "$manifest" ]; then
	echo "1..0 # SKIP no real images: set VHDX_SAMPLES to a directory of them"
	echo "samples: SKIPPED, no real images found; set VHDX_SAMPLES" >&2
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/vhdx-samples.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

number=0
status=0
limit=${VHDX_SAMPLES_LIMIT:-2147483648}

report() {
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		sed 's/^/#   /' "$work/peek"
		status=1
	fi
}

# What the core must say of a sample, in the order in which peek says it
expectation() {
	echo 'reason none'
	printf '%s %s\n' virtual_size "$size" block_size "$block" logical_sector "$logical" \
		physical_sector "$physical" kind "$kind"
}

# The manifest's notes say whose child a sample is.
find_parent() {
	parent=$(echo "$rest" | sed -n 's/.*child of \([^ ;]*\).*/\1/p')
	[ -z "$parent" ] || xz -dc "$samples/$parent.xz" >"$work/parent"
}

echo "1..$(($(wc -l <"$manifest") - 1))"
{
	read -r _
	while read -r name _ _ size kind logical physical block dirty rest; do
		xz -dc "$samples/$name.xz" >"$work/image"	# sparse
		expectation >"$work/expected"
		find_parent
		raw=
		what="$name has its $kind geometry"
		# hashing many GiB of zeros takes minutes
		if [ "$size" -le "$limit" ]; then
			raw=$work/raw
			what="$name has its $kind geometry and contents"
		fi
		[ "$dirty" = yes ] && what="$what, after replay"
		[ -n "$parent" ] && what="$what, over its parent"
		"$VHDX_PEEK" "$work/image" "${raw:--}" ${parent:+"$work/parent"} \
			>"$work/peek" 2>&1 &&
			grep -Ev '^(warning|fault) ' "$work/peek" | cmp -s - "$work/expected"
		result=$?
		if [ -n "$raw" ] && [ $result = 0 ]; then
			# the content hash is the field of 64 digits; creators have blanks
			wanted=$(echo "$rest" | grep -oE '[0-9a-f]{64}')
			sha256sum <"$raw" | grep -q "^$wanted " || {
				result=1
				echo "contents differ" >>"$work/peek"
			}
		fi
		report "$what" $result
		rm -f "$work/image" "$work/raw"
	done
	exit $status
} <"$manifest"
