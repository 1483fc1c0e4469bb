#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Nothing else is put at the place that the entry of an absent block still names. An entry in
# state UNMAPPED or UNDEFINED may name one, and the space stays reserved for as long as it does.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

IMAGE=$SCRATCH/image.vhdx

writable() {
	local device
	device=$(vhdxctl attach --no-partscan "$1" 2>"$SCRATCH/stderr") ||
		{ not_ok "attached" "$(<"$SCRATCH/stderr")"; return 1; }
	use "${device#/dev/vhdx}"
}

bat() { /usr/bin/python3 "$ROOT/tests/lib/bat.py" "$@"; }

# text BLOCK: a KiB of text with the number of the block
text() { yes "block $1" | head -c 1024; }

# put BLOCK...: that, and zeros behind it, in the first 4 KiB
put() {
	local block
	for block; do
		text "$block" | dd of="$DISK" bs=4k count=1 seek=$((block << 8)) conv=sync,notrunc \
			oflag=direct iflag=fullblock status=none || return
	done
}

# shows BLOCK: that, and nothing else in all of it
shows() {
	{ text "$1"; head -c $(((1 << 20) - 1024)) /dev/zero; } >"$SCRATCH/wanted"
	dd if="$DISK" of="$SCRATCH/got" bs=1M count=1 skip="$1" iflag=direct status=none
	cmp "$SCRATCH/wanted" "$SCRATCH/got"
}

zeros() { cmp -n $((1 << 20)) <(dd if="$DISK" bs=1M count=1 skip="$1" iflag=direct status=none) /dev/zero; }

# place BLOCK: STATE@MIB
place() { bat "$IMAGE" | tr ' ' '\n' | sed -n "s/^$1://p"; }

# no_two: no two entries name one place
no_two() {
	local twice
	twice=$(bat "$IMAGE" | tr ' ' '\n' | sed -n 's/.*@//p' | grep -v '^0$' | sort | uniq -d)
	[ -z "$twice" ] || { echo "named twice: $twice MiB in $(bat "$IMAGE")"; return 1; }
}

# image [BLOCK...]: those are written
image() {
	rm -f "$IMAGE"
	vhdxctl create -q --block-size=1M "$IMAGE" 64M
	writable "$IMAGE" || return
	put "$@"
	detach "$INDEX"
}

kept() {
	local unmapped undefined
	image 0 1 2 3
	bat "$IMAGE" 1=3 2=1 >/dev/null
	unmapped=$(place 1) undefined=$(place 2)
	writable "$IMAGE" || return
	ok "an absent block reads as zeros" zeros 1
	put 10 11 12
	detach "$INDEX"
	is "$(place 1) $(place 2)" "$unmapped $undefined" "entries that are not changed go on naming places"
	ok "and nothing else is put there" no_two
	ok "the image is in order" vhdxctl check -q "$IMAGE"
}

dropped() {
	image 0 1 2 3 4 5 6
	bat "$IMAGE" 1=3 2=1 3=3 4=1 5=3 >/dev/null
	writable "$IMAGE" || return
	put 1 2
	blkdiscard -o 3M -l 1M "$DISK"
	blkdiscard -z -o 4M -l 1M "$DISK"
	fallocate --punch-hole -o 5M -l 1M "$DISK"
	sync "$DISK"
	sleep 2
	put 20 21 22 23 24 25
	for block in 0 1 2 6 20 21 22 23 24 25; do
		ok "block $block has its data, and zeros around them" shows $block
	done
	ok "a block that was discarded reads as zeros" zeros 3
	ok "one that was zeroed likewise" zeros 4
	detach "$INDEX"
	is "$(place 3)" "3@0" "a discard drops the former place"
	is "$(place 5)" "2@0" "so do zeros"
	ok "no place is named twice" no_two
	ok "the image is in order" vhdxctl check -q "$IMAGE"
}

# What two have named is not used again while it is attached.
in_order() {
	vhdxctl check -q "$1" >/dev/null
	case $? in 0 | 3) ;; *) return 1 ;; esac
}

# Images like that should not be; other programs may have left them.
named_twice() {
	local block
	image 0 1 2 3
	block=$(place 0)
	# 1 and 2 had one place, 5 had what is block 0's, 6 what is behind the end
	bat "$IMAGE" 1=3 "2=3@$(place 1 | cut -d @ -f 2)" "5=3@${block#*@}" 6=3@40 7=3@60000000 >/dev/null
	writable "$IMAGE" || return
	put 1 10 2 11 5 12 6 7 13
	sync "$DISK"
	sleep 2
	put 14 15 16 17
	for block in 0 1 2 3 5 6 7 10 11 12 13 14 15 16 17; do
		ok "former places that two name: block $block has its own data" shows $block
	done
	detach "$INDEX"
	ok "no place is named twice any more" no_two
	ok "the image is in order again, but for a leak" in_order "$IMAGE"
}

# A block finds room where it was, if there is no other.
on_a_full_device() {
	local loop block
	image 0 1 2 3
	bat "$IMAGE" 1=3 2=1 >/dev/null
	loop=$(losetup -f --show "$IMAGE") && defer losetup -d "$loop"
	writable "$loop" || return
	ok "on a full device an absent block finds room in its former place" put 1
	ok "and another one" put 2
	ok "not one that had none" not put 9
	for block in 0 1 2 3; do
		ok "full device: block $block has its data" shows $block
	done
	detach "$INDEX"
	ok "full device: no place is named twice" no_two
}

# Zeros in a part of such a block: another reader of the image may show what is at the place.
zeroed_in_part() {
	image 0 1 2
	bat "$IMAGE" 1=1 2=3 >/dev/null
	writable "$IMAGE" || return
	fallocate --punch-hole -o 1M -l 4K "$DISK"
	fallocate --punch-hole -o 2M -l 4K "$DISK"
	ok "a block of which a part was zeroed reads as zeros" zeros 1
	detach "$INDEX"
	is "$(place 1) $(place 2)" "2@0 2@0" "P5: zeros in a part of an absent block: its entry names no place"
	ok "zeroed in part: the image is in order" vhdxctl check -q "$IMAGE"
}

kept
dropped
zeroed_in_part
named_twice
on_a_full_device

finish
