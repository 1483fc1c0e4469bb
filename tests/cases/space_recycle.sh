#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Freed space is zeroed before it is used again, and neither writers nor detach wait for all of
# it. Nor does a live snapshot.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

PIECE=400		# a piece takes so many milliseconds more
BLOCKS=$((DEBUG ? 60 : 200))

writable() {
	local device
	device=$(vhdxctl attach --no-partscan "${@:2}" "$1" 2>"$SCRATCH/stderr") ||
		{ not_ok "attached" "$(<"$SCRATCH/stderr")"; return 1; }
	use "${device#/dev/vhdx}"
}

# ms COMMAND...: sets TOOK; its output is in LINE
ms() {
	local start=${EPOCHREALTIME/./}
	LINE=$("$@" 2>&1)
	local status=$?
	TOOK=$(((${EPOCHREALTIME/./} - start) / 1000))
	return $status
}

# at_most MS CLAIM: TOOK
at_most() {
	if [ "$TOOK" -le "$1" ]; then
		pass "$2 ($TOOK ms)"
	else
		not_ok "$2" "it took $TOOK ms, wanted at most $1 ms: $LINE"
	fi
}

put() {
	dd if=/dev/urandom of="$DISK" bs=4k count=1 seek=$(($1 << 8)) oflag=direct conv=notrunc \
		status=none
}

# Every second block: no piece is longer
discard_every_second() {
	local block
	for ((block = 0; block < BLOCKS; block += 2)); do
		blkdiscard -o "${block}M" -l 1M "$DISK" || return
	done
	sync "$DISK"
}

# being_recycled IMAGE [OPTION...]: what was discarded takes BLOCKS / 2 pieces
being_recycled() {
	writable "$@" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=$BLOCKS oflag=direct conv=fsync status=none
	delay recycle $PIECE
	discard_every_second
}

# image FILE
image() {
	rm -f "$1"
	vhdxctl create -q --block-size=1M "$1" 1G
}

# full_device FILE: with room for the image and BLOCKS, and nothing else; sets LOOP
full_device() {
	image "$1"
	truncate -s "+${BLOCKS}M" "$1"
	LOOP=$(losetup -f --show "$1") && defer losetup -d "$LOOP"
}

writers_are_served() {
	local i worst=0
	full_device "$SCRATCH/write.vhdx" && being_recycled "$LOOP" || return
	for i in {1..6}; do
		ms put $((BLOCKS + i))
		[ "$TOOK" -le "$worst" ] || worst=$TOOK
	done
	TOOK=$worst
	at_most $((PIECE * 2 + 500 + DEBUG * 2000)) "a writer waits for no more than a piece or two"
	delay recycle 0
	detach "$INDEX"
	ok "the image is in order" in_order "$SCRATCH/write.vhdx"
}

detach_is_quick() {
	image "$SCRATCH/detach.vhdx" && being_recycled "$SCRATCH/detach.vhdx" || return
	ms detach "$INDEX"
	at_most $((PIECE * 3 + 1000 + DEBUG * 4000)) "nor does detach wait for all that was freed"
	delay recycle 0
	ok "and the image is in order" vhdxctl check -q "$SCRATCH/detach.vhdx"
}

held() { sed -n 's/.*held for \([0-9]*\)[0-9.]* ms.*/\1/p' <<<"$1"; }

# snapshots NAME [OPTION...]
snapshots() {
	local image=$SCRATCH/$1.vhdx child=$SCRATCH/$1-child.avhdx before
	image "$image" && being_recycled "$image" "${@:2}" || return
	put 1
	before=$(dd if="$DISK" bs=1M count=$((BLOCKS + 1)) iflag=direct status=none | sha256sum)
	LINE=$(vhdxctl -v snapshot "$DISK" "$child" 2>&1) || not_ok "$1: a snapshot" "$LINE"
	delay recycle 0
	TOOK=$(held "$LINE")
	at_most $((PIECE * 2 + 400 + DEBUG * 4000)) "$1: a live snapshot holds I/O for no longer, and prints how long"
	is "$(dd if="$DISK" bs=1M count=$((BLOCKS + 1)) iflag=direct status=none | sha256sum)" "$before" \
		"$1: it shows the same afterwards"
	put 0
	detach "$INDEX"
	ok "$1: both files are in order" in_order "$image" "$child"
}

in_order() {
	local file
	for file; do
		vhdxctl check -q "$file" >/dev/null
		case $? in 0 | 3) ;; *) return 1 ;; esac
	done
}

# What a snapshot leaves of freed space in the parent goes back to the host all the same.
parent_gives_back() {
	local image=$SCRATCH/parent.vhdx
	vhdxctl create -q --block-size=1M "$image" 256M
	writable "$image" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=60 oflag=direct conv=fsync status=none
	blkdiscard -o 10M -l 50M "$DISK"
	vhdxctl -q snapshot "$DISK" "$SCRATCH/parent-child.avhdx"
	ok "what was freed just before a snapshot goes back to the host ($(($(stat -c %b "$image") / 2)) KiB)" \
		test $(($(stat -c %b "$image") / 2)) -lt $((18 * 1024))
	detach "$INDEX"
	ok "and the parent is in order, and no longer than needed" vhdxctl check -q "$image"
}

writers_are_served
detach_is_quick
snapshots holes
snapshots zeros --holes=no
parent_gives_back

finish
