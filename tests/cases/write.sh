#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# What is written is there, other readers see the same, and the image is in order. Nothing is
# written before the first write; there is one writer at a time; a log is replayed first.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

IMAGE=$SCRATCH/image.vhdx

# fresh NAME: a copy of a good image
fresh() {
	rm -f "$IMAGE"
	cp --sparse=always "$PRISTINE/good/$1.vhdx" "$IMAGE"
}

# writable CLAIM [OPTION...]: IMAGE is attached for writing
writable() {
	local claim=$1
	shift
	attached "$claim" -n -w -o 2 "$@" "$IMAGE"
}

# in_order NAME: what is to be said of an image after detaching
in_order() {
	local output
	output=$(vhdxctl check "$IMAGE" 2>&1)
	case $? in
	0) pass "P8: $1: vhdxctl check" ;;
	*) like "$output" "errors: 0, leaks: ${LEAKS:-0}, warnings: 0" "P8: $1: vhdxctl check" ;;
	esac
	[ "$SECTOR" != 512 ] || ok "P8: $1: qemu-img check" qemu-img check "$IMAGE"
	attached "P3: $1: it has no log to be replayed" -R "$IMAGE" && detach "$INDEX"
}

SECTOR=512

idle() {
	local name before
	for name in creator-empty place-shuffled states-mixed fixed-32m block-256m-4k; do
		[ -e "$PRISTINE/good/$name.vhdx" ] || continue
		fresh "$name"
		sync "$IMAGE"
		before=$(stat -c '%s %b %Y %Z' "$IMAGE")
		writable "$name: attached for writing" || continue
		is "$(cat "$SYS/ro") $(attr read_only_reason)" "0 -" "$name: it is writable"
		dd if="$DISK" of=/dev/null bs=1M count=8 iflag=direct status=none
		ok "$name: a flush of nothing" blockdev --flushbufs "$DISK"
		sync "$DISK"
		detach "$INDEX"
		ok "P1: $name: attached for writing, read, flushed, detached: not a byte is changed" \
			cmp "$IMAGE" "$PRISTINE/good/$name.vhdx"
		is "$(stat -c '%s %b %Y %Z' "$IMAGE")" "$before" "P1: $name: nor its size or times"
	done
}

# verified NAME: random writes that say what they are, read back; then by others
verified() {
	local name=$1 sum size LEAKS=
	fresh "$name"
	# the leaked space of an image stays so, unless it is needed
	! vhdxctl check "$IMAGE" 2>&1 | grep -q 'leaks: [1-9]' || LEAKS='[0-9]+'
	writable "$name: attached for writing" || return
	SECTOR=$(cat "$SYS/queue/logical_block_size")
	size=$(blockdev --getsize64 "$DISK")
	ok "$name: 4 jobs, depth 32, overlapping blocks: what was written is read, seed $SEED" \
		fio --name=verify --filename="$DISK" --direct=1 --rw=randwrite --ioengine=libaio \
		--iodepth=32 --numjobs=4 --thread --bsrange="$SECTOR-256k" --blockalign="$SECTOR" \
		--offset_increment=25% --size=25% --io_size=$((LONG ? 128 : DEBUG ? 4 : 12))M \
		--randseed="$SEED" --verify=crc32c --verify_fatal=1 --verify_state_save=0 --group_reporting --minimal
	is "$(attr bad_reads)" 0 "$name: no bad entries"
	if [ "$size" -gt $((1 << 30)) ]; then
		detach "$INDEX"
		in_order "$name"
		return
	fi
	sum=$(dd if="$DISK" bs=1M iflag=direct status=none | sha256sum)
	detach "$INDEX"
	in_order "$name"
	[ "$SECTOR" != 512 ] || is "$(qemu-img dd -f vhdx -O raw bs=1M if="$IMAGE" of="$SCRATCH/raw" >/dev/null 2>&1
		truncate -s "$size" "$SCRATCH/raw"; sha256sum <"$SCRATCH/raw")" "$sum" "P8: $name: qemu-img reads the same"
	rm -f "$SCRATCH/raw"
	attached "$name: attached again" "$IMAGE" || return
	is "$(dd if="$DISK" bs=1M iflag=direct status=none | sha256sum)" "$sum" "P3: $name: and so do we"
	detach "$INDEX"
}

one_writer() {
	fresh creator-empty
	writable "attached for writing" || return
	attach -w -o 2 "$IMAGE"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EBUSY/915 "P6: a second writer is refused"
	ln "$IMAGE" "$SCRATCH/other-name.vhdx"
	attach -w -o 2 "$SCRATCH/other-name.vhdx"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EBUSY/915 "P6: by another name as well"
	rm "$SCRATCH/other-name.vhdx"
	attach "$IMAGE"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EBUSY/915 "P6: and so is a reader"
	use 0
	ok "P6: vhdxctl replay refuses it" not vhdxctl replay "$IMAGE"
	ok "P6: vhdxctl check --repair refuses it" not vhdxctl check --repair=all "$IMAGE"
	detach "$INDEX"
	attached "P6: a reader is there" "$IMAGE" || return
	attach -w -o 0 "$IMAGE"
	is "$(field "$LINE" reason)" 914 "a file that is not open for writing is refused"
	ok "P6: with a reader it cannot be opened for writing" not vhdxctl attach "$IMAGE"
	detach 0
	use 0
	LINE=$(vhdxctl attach "$IMAGE")
	is "$LINE" /dev/vhdx0 "vhdxctl attach attaches for writing"
	ok "P6: the tool's lock keeps QEMU away" not qemu-io -f vhdx -c 'write 0 512' "$IMAGE"
	ok "vhdxctl detach" vhdxctl detach "$LINE"
}

# A log is replayed into the file, whatever is then done with it.
replayed() {
	local name i=0
	for name in $(table "$PRISTINE/good/MANIFEST.tsv" | cut -f 1 | grep '^dirty-'); do
		# with little time each run another quarter of them
		[ "$LONG" = 1 ] || [ $(((i++ + SEED) % 4)) = 0 ] || continue
		fresh "$name"
		writable "P2: $name: attached for writing" || continue
		ok "P2: $name: shows what it should" blkcmp -q -s "$SEED" "$DISK" "$MODELS/good/$name"
		ok "$name: some entries were replayed" test "$(attr replayed)" -gt 0
		is "$(attr replayed_to)" file "$name: into the file"
		detach "$INDEX"
		SECTOR=4096 in_order "$name"
		attach "$IMAGE"
		ok "P2: $name: and so it does without a log" blkcmp -q -s "$SEED" "$DISK" "$MODELS/good/$name"
		detach "$INDEX"
	done
}

allocated() { echo $(($(stat -c %b "$IMAGE") * 512)); }
zeros() { cmp -n "$2" -i "$1:0" "$DISK" /dev/zero; }
ones() { tr '\0' '\377' </dev/zero | dd of="$DISK" bs=1M iflag=fullblock oflag=direct conv=notrunc status=none "$@"; }

discarded() {
	local before
	rm -f "$IMAGE"
	vhdxctl create -q --block-size=2M "$IMAGE" 64M >/dev/null
	writable "an empty image is attached" || return
	ones count=32
	sync "$DISK"
	before=$(allocated)
	ok "blkdiscard of whole blocks" blkdiscard -o 4M -l 8M "$DISK"
	ok "P5: they read as zeros" zeros 4194304 8388608
	ok "P4: the block before is untouched" cmp -n 4194304 "$DISK" <(tr '\0' '\377' </dev/zero)
	ok "part of a block" blkdiscard -o 16384K -l 64K "$DISK"
	ok "P5: it reads as zeros" zeros 16777216 65536
	ok "write-zeroes across blocks" fallocate -p -o 18M -l 5M "$DISK"
	ok "P5: they read as zeros" zeros 18874368 5242880
	ok "write-zeroes that keeps the space" blkdiscard -z -o 26M -l 2M "$DISK"
	ok "P5: it reads as zeros" zeros 27262976 2097152
	sync "$DISK"
	ok "their space is given back" wait_for 20 test_allocated_below $((before - (12 << 20)))
	ones count=4 seek=2
	ok "freed space is used again" zeros 16777216 65536
	detach "$INDEX"
	SECTOR=512 in_order "discarded"
	like "$(vhdxctl map --state "$IMAGE")" UNMAPPED "P8: discarded blocks are UNMAPPED"
	like "$(vhdxctl map --state "$IMAGE")" "18874368 +4194304 ZERO" "P8: zeroed blocks are ZERO"
	like "$(vhdxctl map --state "$IMAGE")" "23068672 +10485760 FULLY_PRESENT" "P8: unless space is to be kept"
	ok "the file's unused end is gone" test "$(stat -c %s "$IMAGE")" -lt $((64 << 20))
}

test_allocated_below() { [ "$(allocated)" -lt "$1" ]; }

# The file was full of something else before: blocks that are written in part show zeros there.
stale() {
	local i
	rm -f "$IMAGE"
	vhdxctl create -q --block-size=1M "$IMAGE" 64M >/dev/null
	tr '\0' '\252' </dev/zero | dd of="$IMAGE" bs=1M seek=$(($(stat -c %s "$IMAGE") >> 20)) count=40 \
		iflag=fullblock conv=notrunc status=none
	writable "an image with junk behind its end" || return
	for i in {0..39}; do
		dd if=/dev/urandom of="$DISK" bs=4k count=1 seek=$((i * 256 + i)) oflag=direct status=none
	done
	ok "P5: what was in the file before is never seen" not grep -q -P '\xAA{64}' "$DISK"
	detach "$INDEX"
	SECTOR=512 in_order "stale"
}

# A region that is not known has its place beyond the end of the file: blocks are put around it.
around_region() {
	local at
	fresh region-beyond
	at=$(($(stat -c %s "$IMAGE") + (120 << 20)))
	writable "an image with an unknown region beyond its end is attached" || return
	ones count=192
	detach "$INDEX"
	ok "the file has grown over it" test "$(stat -c %s "$IMAGE")" -gt $((at + (5 << 20)))
	ok "no block was put into it" cmp -n $((5 << 20)) -i "$at:0" "$IMAGE" /dev/zero
	SECTOR=512 in_order "around a region"
}

full_host() {
	local host=$SCRATCH/host
	mkdir -p "$host"
	mount -t tmpfs -o size=24M none "$host"
	defer umount "$host"
	vhdxctl create -q --block-size=1M "$host/image.vhdx" 64M >/dev/null
	attached "on a small host: attached" -n -w -o 2 "$host/image.vhdx" || return
	ok "P7: a write for which there is no room fails" not ones count=40
	is "$(cat "$SYS/ro")" 0 "P7: the disk stays writable"
	ok "P7: a flush works" sync "$DISK"
	ok "P7: a block that is there can still be written" ones count=1
	mount -o remount,size=100M "$host"
	ok "P7: with more room, so can the others" ones count=64
	ok "P7: and flushed" sync "$DISK"
	detach "$INDEX"
	IMAGE=$host/image.vhdx SECTOR=512 in_order "full host"
}

flushes_of() { awk '{ print $16 }' "/sys/block/$1/stat"; }

# An image that is a whole block device: what is flushed can be counted there.
flush_counts() {
	local loop name before i
	rm -f "$SCRATCH/device"
	vhdxctl create -q --block-size=1M "$SCRATCH/device" 64M >/dev/null
	truncate -s 128M "$SCRATCH/device"
	loop=$(losetup -f --show "$SCRATCH/device")
	defer losetup -d "$loop"
	name=${loop#/dev/}
	attached "a block device: attached" -n -w -o 2 "$loop" || return
	ones count=1
	sync "$DISK"
	before=$(flushes_of "$name")
	for i in 2 3 4 5; do ones bs=4k count=1 seek=$((i * 256)); done
	is "$(($(flushes_of "$name") - before))" 0 "no flush for writes that allocate"
	before=$(flushes_of "$name")
	sync "$DISK"
	ok "two at most for a flush that has metadata" test "$(($(flushes_of "$name") - before))" -le 2
	ones bs=4k count=1 seek=1280
	before=$(flushes_of "$name")
	sync "$DISK"
	is "$(($(flushes_of "$name") - before))" 1 "one for a flush that has none"
	before=$(flushes_of "$name")
	sync "$DISK"
	is "$(($(flushes_of "$name") - before))" 0 "none if nothing was written"
	detach "$INDEX"
}

idle
names=(block-1m-512 block-2m-4k place-shuffled states-mixed)
[ "$LONG" = 0 ] || mapfile -t names < <(table "$PRISTINE/good/MANIFEST.tsv" | cut -f 1 |
	grep -v '^dirty-\|^huge-')
for name in "${names[@]}"; do
	[ ! -e "$PRISTINE/good/$name.vhdx" ] || verified "$name"
done
one_writer
replayed
discarded
stale
around_region
full_host
flush_counts

finish
