#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# On a file system that can share blocks between files, merge shares them and does not write the
# data again. What is written to one of the files later does not change the other.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HOST=$SCRATCH/host
BASE=$HOST/base.vhdx
CHILD=$HOST/child.avhdx
FLAT=$HOST/flat.vhdx
MODEL=$SCRATCH/model

# fill FIRST COUNT: random MiB of the disk, and of the model
fill() {
	dd if=/dev/urandom of="$SCRATCH/data" bs=1M count="$2" status=none
	dd if="$SCRATCH/data" of="$DISK" bs=1M seek="$1" oflag=direct status=none
	dd if="$SCRATCH/data" of="$MODEL" bs=1M seek="$1" conv=notrunc status=none
}

# make: a parent with 64 MiB of data, and a child that changes and adds some; a tail of a few sectors
make() {
	rm -f "$HOST"/*
	truncate -s 256M "$MODEL"
	vhdxctl create -q --block-size=1M "$BASE" 256M
	attached "$1: the parent is attached" -n -w -o 2 "$BASE" || return
	fill 0 64
	detach "$INDEX"
	vhdxctl snapshot -q --keep-mode "$BASE" "$CHILD"
	attached "$1: the child is attached" -n -w -o 2 "$CHILD" "$BASE" || return
	fill 32 64
	fill 200 1
	dd if="$SCRATCH/data" of="$DISK" bs=512 count=3 seek=7 oflag=direct status=none
	dd if="$SCRATCH/data" of="$MODEL" bs=512 count=3 seek=7 conv=notrunc status=none
	detach "$INDEX"
}

# shows CLAIM FILE...
shows() {
	attached "$1: attached" -n "${@:2}" || return
	ok "$1" cmp "$MODEL" "$DISK"
	detach "$INDEX"
}

free_kib() { sync -f "$HOST"; df --output=avail -k "$HOST" | tail -n 1; }
shared() { filefrag -v "$1" | grep -c shared; }

# little CLAIM BEFORE: of the file system not more than a few MiB are used since then
little() {
	local used=$(($2 - $(free_kib)))
	diag "$1: $used KiB"
	ok "$1" test "$used" -lt 8192
}

into_parent() {
	local before
	make "into the parent" || return
	before=$(free_kib)
	ok "the child is merged, and kept" vhdxctl merge -q --keep --keep-mode "$CHILD"
	ok "the parent shares blocks with the child" test "$(shared "$BASE")" -gt 0
	little "a merge that shares blocks takes little room" "$before"
	shows "the parent shows what the chain has shown" "$BASE"
	is "$(vhdxctl check -q "$BASE" 2>&1)" "" "and is in order"
	sha256sum "$CHILD" >"$SCRATCH/sum"
	attached "the parent is attached for writing" -n -w -o 2 "$BASE" || return
	fill 40 16
	detach "$INDEX"
	shows "what is written to shared blocks is there" "$BASE"
	ok "the other file does not change by that" sha256sum --quiet -c "$SCRATCH/sum"
	rm "$CHILD"
	shows "the parent shows the same when the child is deleted" "$BASE"
}

into_new() {
	local before
	make "into a new image" || return
	before=$(free_kib)
	ok "the chain is merged into a new image" vhdxctl merge -q "$CHILD" --output "$FLAT"
	ok "it shares blocks with the chain" test "$(shared "$FLAT")" -gt 0
	little "a new image that shares blocks takes little room" "$before"
	shows "it shows what the chain has shown" "$FLAT"
	is "$(vhdxctl check -q "$FLAT" 2>&1)" "" "it is in order"
}

have filefrag mkfs.xfs || skip_all "no filefrag or mkfs.xfs"
truncate -s 800M "$SCRATCH/host.img"
mkdir -p "$HOST"
LOOP=$(losetup -f --show "$SCRATCH/host.img")
defer losetup -d "$LOOP"
must host_fs xfs "$LOOP" && must mount "$LOOP" "$HOST" || finish
defer umount "$HOST"
into_parent
into_new

finish
