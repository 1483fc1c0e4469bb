#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P3, P4, P5, P6: no power cut while a child is written loses what was flushed. Sector bitmaps
# included: a sector shows what was flushed, or something newer; before it was ever written, what
# the parent shows; never what lay on the device. See powercut_write.sh.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

STATES=${VHDX_STATES:-$((LONG ? 100000 : DEBUG ? 200 : 1000))}
PARENT=$SCRATCH/parent.vhdx

# What the children leave alone: another run's data in part of the disk, of other block size
make_parent() {
	vhdxctl create -q --block-size 1M "$PARENT" "$SIZE"
	writable "$PARENT" || return
	writer -s $((SEED + 1)) -n 400 -t 4 -j "$SCRATCH/parent.journal" "$DISK" >/dev/null
	dd if="$DISK" of="$SCRATCH/parent.raw" bs=1M status=none
	detach "$INDEX"
}

# child_on_device NAME BLOCK-SIZE-IN-MIB
child_on_device() {
	local image=$SCRATCH/$1.vhdx
	INITIAL=$SCRATCH/$1.initial
	vhdxctl snapshot -q --keep-mode --block-size "$2M" "$PARENT" "$image"
	filled "$INITIAL" $((DEVICE << 20))
	dd if="$image" of="$INITIAL" bs=1M conv=notrunc status=none
	cp "$INITIAL" "$SCRATCH/$1.device"
	rm "$image"
}

# judged: about so many states as there is time for
judged() {
	local entries
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	judge -i "$INITIAL" -p "$SCRATCH/parent.raw" -j "$JOURNAL" -l "$RECORDING" -s "$SEED" \
		-e $((3 * entries / STATES + 1))
}

# cut_child NAME BLOCK-SIZE-IN-MIB WRITER-OPTION...
cut_child() {
	local name=$1 said
	child_on_device "$1" "$2"
	recorder "$name" "$SCRATCH/$name.device" || return
	said=$(vhdxctl attach --parent "$PARENT" "$DEV" 2>"$SCRATCH/stderr") ||
		{ not_ok "$name: attached" "$(<"$SCRATCH/stderr")"; return; }
	use "${said#/dev/vhdx}"
	writes "$name" "$DISK" -B $(($2 << 20)) "${@:3}"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	stop_recorder "$name"
	keep_recording
	[ -z "${VHDX_KEEP-}" ] || cp --sparse=always "$SCRATCH/parent.raw" "$VHDX_KEEP/$name.parent"
	if said=$(judged 2>&1); then
		pass "P3, P4, P5: $name: no cut loses anything, or shows what it should not"
		diag "$said"
	else
		not_ok "P3, P4, P5: $name: no cut loses anything, or shows what it should not" "$said"
	fi
	ok "$name: the image is in order" in_order "$SCRATCH/$name.device"
	rm -f "$SCRATCH/$name".*
}

modprobe vhdx
make_parent
before=$(sha256sum <"$PARENT")
cut_child child-small-writes 2 -t 4 -b 16384 -d 4 -z 4
if [ "$SLICE" = 0 ]; then
	cut_child child-mixed 2 -t 8 -d 12 -z 12
	cut_child child-whole-blocks 1 -t 4
	# all that is not used is freed by discards and on its way back
	DEVICE=69 cut_child child-full 1 -t 4 -d 25 -z 5 -f 2 -F 2 -b 65536
fi
# Nothing is freed before a flush, and a flush is slow when all threads wait: room for 12 blocks
[ "$LONG" = 0 ] || DEVICE=392 cut_child child-two-pages 32 -t 16 -d 2 -z 3 -b 65536
[ "$LONG" = 0 ] || cut_child child-crowd 2 -D hot -t 16 -d 10 -z 10 -f 8
is "$(sha256sum <"$PARENT")" "$before" "P6: the parent is as it was"

finish
