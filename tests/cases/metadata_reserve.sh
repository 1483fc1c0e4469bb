#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Changed metadata has room in the file and in the log before a write counts as durable. The
# journal does not run in circles for it.
#	VHDX_PARTS="full shared circle"	only these
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

wanted() { [ -z "${VHDX_PARTS-}" ] || [[ " $VHDX_PARTS " = *" $1 "* ]]; }

HOST=$SCRATCH/host
IMAGE=$HOST/image.vhdx

# host KIND SIZE [OPTION...]: a file system of its own for IMAGE
host() {
	rm -f "$SCRATCH/host.img"
	truncate -s "$2" "$SCRATCH/host.img"
	mkdir -p "$HOST"
	modprobe -q "$1"
	"mkfs.$1" -q "${@:3}" "$SCRATCH/host.img" >/dev/null 2>&1 &&
		mount -o loop "$SCRATCH/host.img" "$HOST"
}

# Nothing is left: not a block, nor what the file system keeps for itself in memory
fill() {
	dd if=/dev/zero of="$HOST/fill" bs=1M status=none 2>/dev/null
	sync -f "$HOST/fill"
	dd if=/dev/zero of="$HOST/fill.2" bs=4k oflag=direct status=none 2>/dev/null
	sync -f "$HOST"
}

# A block of 4 KiB that says where it is, so far into the disk: in GiB
stamp() { yes "block at $1 GiB" | head -c 4096; }
put() { stamp "$1" | dd of="$DISK" bs=4k seek=$(($1 << 18)) iflag=fullblock oflag=direct conv=notrunc status=none 2>/dev/null; }
holds() { stamp "$1" | cmp -s -n 4096 - <(dd if="$DISK" bs=4k count=1 skip=$(($1 << 18)) iflag=direct status=none); }

# --- a full host -------------------------------------------------------------------

# all_there NAME GIB...: what was flushed is, in a disk that can be attached at once
all_there() {
	local at wrong=''
	attached "P3: $1: it can be attached again, with the host as full as it is" -n -w -o 2 "$IMAGE" || return
	is "$(attr replayed)" 0 "$1: without a log to be replayed"
	for at in "${@:2}"; do holds "$at" || wrong+=" $at"; done
	is "$wrong" "" "P3: $1: what was flushed is there"
	detach "$INDEX"
}

# Each of these writes changes another page of a BAT of 40 MiB, which is a hole.
full_host() {
	local at done_at=()
	host ext4 64M -m 0 || { not_ok "full: a host" ""; return; }
	vhdxctl create -q --block-size=1M "$IMAGE" 40T
	attached "full: attached" -n -w -o 2 "$IMAGE" || return
	for at in 1000 3000 5000 9000 9001; do put "$at" && done_at+=("$at"); done
	is "${#done_at[@]}" 5 "full: blocks are written while there is room"
	fill
	log_mark
	ok "P7: full: a write whose metadata has no room fails" not put 20000
	like "$(LC_ALL=C; stamp 20001 | dd of="$DISK" bs=4k seek=$((20001 << 18)) iflag=fullblock oflag=direct conv=notrunc status=none 2>&1)" \
		'No space left' "full: because there is no space"
	is "$(cat "$SYS/ro")" 0 "P7: full: the disk stays writable"
	ok "P7: full: what is there can be written" put 9000
	ok "P7: full: and flushed" sync "$DISK"
	ok "P7: full: it is detached, all of it being home" detach "$INDEX"
	[ -z "$(log_since 'disk is read-only from now on')" ] || not_ok "full: nothing is said to have failed" "$(log_since 'disk is read-only from now on')"
	all_there full "${done_at[@]}"
	rm -f "$HOST"/fill*
	sync -f "$HOST"
	attached "full: attached, with room" -n -w -o 2 "$IMAGE" || return
	ok "full: with room the write works" put 20000
	detach "$INDEX"
	like "$(vhdxctl check "$IMAGE" 2>&1; echo "rc $?")" 'rc 0$' "P8: full: the image is in order"
	umount "$HOST"
}

# --- shared blocks -----------------------------------------------------------------

# The image's blocks are those of a copy as well: to overwrite them takes new ones.
shared() {
	local at done_at=()
	host xfs 320M -m reflink=1 || { skip "shared: a host" "no xfs"; return; }
	vhdxctl create -q --block-size=1M "$IMAGE" 4T
	attached "shared: attached" -n -w -o 2 "$IMAGE" || return
	for at in 0 1 600 1200; do put "$at" && done_at+=("$at"); done
	detach "$INDEX"
	cp --reflink=always "$IMAGE" "$HOST/copy.vhdx"
	sync -f "$HOST"
	attached "shared: attached again" -n -w -o 2 "$IMAGE" || return
	ok "shared: one block is discarded" blkdiscard -o 0 -l 1M "$DISK"
	ok "shared: one is written" put 2
	sync "$DISK"
	fill
	for at in 3 600 601 1200 1201; do put "$at" && done_at+=("$at"); done
	diag "shared: on the full host ${#done_at[@]} writes worked: ${done_at[*]}"
	is "$(cat "$SYS/ro")" 0 "P7: shared: the disk stays writable"
	ok "P7: shared: a flush works" sync "$DISK"
	ok "P7: shared: it is detached, all of it being home" detach "$INDEX"
	all_there shared 1 2 600
	ok "P6: shared: the copy is in order" vhdxctl check -q "$HOST/copy.vhdx"
	rm -f "$HOST"/fill*
	umount "$HOST"
}

# --- as safe as it is --------------------------------------------------------------

# What cannot be brought home is in the log, and that is what is said.
safe_in_the_log() {
	local loop
	vhdxctl create -q --block-size=1M "$SCRATCH/device" 64M
	truncate -s 96M "$SCRATCH/device"
	loop=$(losetup -f --show "$SCRATCH/device")
	defer losetup -d "$loop"
	dmsetup create --noudevsync home --table "0 $((96 << 11)) linear $loop 0"
	defer dmsetup remove --noudevsync home
	dmsetup mknodes home
	attached "safe: attached" -n -w -o 2 /dev/mapper/home || return
	put 0
	sync "$DISK"
	# all but headers and log
	{
		echo "0 $((2 << 11)) linear $loop 0"
		echo "$((2 << 11)) $((94 << 11)) error"
	} | dmsetup reload home
	dmsetup suspend home && dmsetup resume home
	log_mark
	wait_for 10 is_not_busy "$INDEX"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EIO/928 \
		"P3: safe: if pages cannot be written to their places, detach says that all is safe in the log"
	like "$(said "$LINE")" 'all written data is safe' "safe: in these words"
	like "$(log_since 'vhdx')" 'all data is safe in the log' "safe: and so does the kernel's log"
	echo "0 $((96 << 11)) linear $loop 0" | dmsetup reload home
	dmsetup suspend home && dmsetup resume home
	attached "P3: safe: it is attached again" -n -w -o 2 /dev/mapper/home || return
	ok "safe: the log was replayed" test "$(attr replayed)" -gt 0
	ok "P3: safe: and what was written is there" holds 0
	detach "$INDEX"
}

# --- circles -----------------------------------------------------------------------

flushes_of() { awk '{ print $16 }' "/sys/block/$1/stat"; }

# delay_writes MS: of data; flushes are fast
delay_writes() { echo "0 $SECTORS delay $LOOP 0 0 $LOOP 0 $1 $LOOP 0 0"; }

# More writes at a time, each with a page of the sector bitmap of its own, than an entry of the
# log has room for: some of them wait until there is room.
circle() {
	local before commits flushes
	modprobe -q dm-delay || { skip "circle: many reservers" "no dm-delay"; return; }
	# in memory: a flush takes no time, so that nothing but the journal limits how many there are
	mkdir -p "$SCRATCH/memory"
	mount -t tmpfs none "$SCRATCH/memory"
	defer umount "$SCRATCH/memory"
	truncate -s 2G "$SCRATCH/memory/host.img"
	LOOP=$(losetup -f --show "$SCRATCH/memory/host.img")
	defer losetup -d "$LOOP"
	SECTORS=$(blockdev --getsz "$LOOP")
	delay_writes 0 | dmsetup create --noudevsync slow
	defer dmsetup remove --noudevsync slow
	dmsetup mknodes slow
	mke2fs -q -F -t ext4 -E lazy_itable_init=0 -O '^has_journal' /dev/mapper/slow
	mkdir -p "$HOST"
	mount /dev/mapper/slow "$HOST"
	defer umount "$HOST"
	vhdxctl create -q --block-size=1M "$SCRATCH/base.vhdx" 8G
	vhdxctl snapshot -q --keep-mode --block-size=1M "$SCRATCH/base.vhdx" "$IMAGE"
	attached "circle: attached" -n -w -o 2 "$IMAGE" "$SCRATCH/base.vhdx" || return
	# so that all blocks are there in part, and only their bits are to be set
	fio --name=first --filename="$DISK" --direct=1 --ioengine=libaio --iodepth=64 --rw=write:16380k \
		--bs=4k --size=8g --number_ios=500 --minimal >/dev/null
	sync "$DISK"
	delay_writes 100 | dmsetup reload slow
	dmsetup suspend --nolockfs --noudevsync slow && dmsetup resume --noudevsync slow
	before=$(flushes_of "${LOOP#/dev/}")
	commits=$(counter journal_commits)
	# beside them, writes that need no metadata: a flush that is too many has something to do
	fio --filename="$DISK" --direct=1 --ioengine=libaio --bs=4k --size=8g --rw=write:16380k --minimal \
		--name=bits --offset=4k --iodepth=128 --number_ios=500 \
		--name=present --iodepth=32 --number_ios=400 --rate_iops=200 >/dev/null
	flushes=$(($(flushes_of "${LOOP#/dev/}") - before))
	commits=$(($(counter journal_commits) - commits))
	diag "circle: $commits entries in the log, $flushes flushes"
	ok "circle: there were writes that had to wait for room" test "$commits" -gt 3
	ok "with more pages reserved than fit into an entry, each flush is one of a commit" \
		test "$flushes" -le $((2 * commits + 4))
	delay_writes 0 | dmsetup reload slow
	dmsetup suspend --nolockfs --noudevsync slow && dmsetup resume --noudevsync slow
	detach "$INDEX"
	like "$(vhdxctl check "$IMAGE" 2>&1; echo "rc $?")" 'rc 0$' "P8: circle: the image is in order"
}

wanted full && full_host
wanted shared && shared
wanted safe && safe_in_the_log
wanted circle && circle

finish
