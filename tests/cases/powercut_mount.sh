#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P3, P4, P5: states that power cuts leave can be attached, and the file systems in them recover.
# Every file that was synced is there.
#	VHDX_CRASHES=N		states of a disk, a quarter of a file system
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 1500 : DEBUG ? 150 : 400))}
COUNT=${VHDX_CRASHES:-$((LONG ? 200 : DEBUG || SLICE ? 4 : 12))}
POINT=$SCRATCH/mount
mkdir -p "$POINT"

# made_state NUMBER: sets AFTER and BEFORE, the marks around it
made_state() {
	local marks
	marks=$(makestate -i "$INITIAL" -l "$RECORDING" -s "$SEED" "$1" "$SCRATCH/state") &&
		read -r AFTER BEFORE <<<"$marks"
}

# Every other one in memory only, the others for writing, which replays into the file; so do all
# if file systems are to recover.
attach_state() {
	if [ $((TRIED % 2)) = 0 ] && [ "$1" != recovers ]; then
		attach -n "$SCRATCH/state"
	else
		attach -n -w -o 2 "$SCRATCH/state"
	fi
}

# each_state CLAIM COMMAND: it finds nothing wrong with any of so many
each_state() {
	local entries state wrong=0
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	REPLAYED=0
	for ((TRIED = 0; TRIED < COUNT; TRIED++)); do
		state=$(random_state "$entries")
		if made_state "$state" && attach_state "$2"; then
			[ "$(attr replayed)" = 0 ] || REPLAYED=$((REPLAYED + 1))
			"$2" >"$SCRATCH/said" 2>&1 && detach "$INDEX" && in_order "$SCRATCH/state" && continue
		else
			echo "not attached: $LINE" >"$SCRATCH/said"
		fi
		wrong=$((wrong + 1))
		diag "state $state, between marks $AFTER and $BEFORE: $(tail -n 20 "$SCRATCH/said")"
		umount "$POINT" 2>/dev/null
		detach_all
	done
	diag "$COUNT states of $entries cuts attached, $REPLAYED with a log to replay, seed $SEED"
	is "$wrong" 0 "P3, P4, P5: $1"
}

finish_recording() {
	detach "$INDEX" || not_ok "$1: detached" "$LINE"
	stop_recorder "$1"
	keep_recording
}

# --- a disk ---------------------------------------------------------------------

shows_what_it_may() { verify -c "$AFTER:$BEFORE" "$DISK" "$JOURNAL"; }

disk() {
	local SIZE=16M DEVICE=44
	image_on_device "$1" dynamic 1
	recorder "$1" "$SCRATCH/$1.device" && writable "$DEV" || return
	writes "$1" "$DISK" "${@:2}"
	finish_recording "$1"
	each_state "$1: nothing is lost" shows_what_it_may
	attach -n "$INITIAL"
	ok "$1: a disk that lost all of it would be noticed" not verify -e "$DISK" "$JOURNAL"
	detach "$INDEX"
	rm -f "$SCRATCH/$1".*
}

# --- a file system --------------------------------------------------------------

make_fs() {
	case $1 in
	ext4) mke2fs -q -t ext4 "$DISK" ;;
	*) "mkfs.$1" -q "$DISK" ;;
	esac
}

check_fs() {
	case $1 in
	ext4) e2fsck -fn "$DISK" ;;
	xfs) xfs_repair -n "$DISK" ;;
	btrfs) btrfs check --readonly "$DISK" ;;
	esac
}

# One file after the other is written, synced, and marked in the recording; others come and go.
synced_files() {
	local i
	for ((i = 1; i <= FILES; i++)); do
		cp "$ROOT/kmod"/*.h "$POINT/" 2>/dev/null
		head -c $((RANDOM * 4 + 1)) /dev/urandom >"$POINT/file$i"
		sync "$POINT/file$i"
		dmsetup message "$1" 0 mark "writer-$i"
		md5sum "$POINT/file$i" >>"$SCRATCH/sums"
		rm -f "$POINT"/*.h
		[ $((i % 8)) != 0 ] || fstrim "$POINT"
	done
}

recovers() {
	mount "$DISK" "$POINT" || [ "$AFTER" = 0 ] || return
	if mountpoint -q "$POINT"; then
		[ "$AFTER" = 0 ] || head -n "$AFTER" "$SCRATCH/sums" | md5sum --quiet -c - || return
		umount "$POINT" || return
		check_fs "$KIND"
	fi
}

# file_system KIND SIZE-IN-MIB DEVICE-IN-MIB
file_system() {
	local KIND=$1 SIZE=$2M DEVICE=$3 FILES=$((LONG ? 60 : 16)) JOURNAL=$SCRATCH/sums
	modprobe -q "$1"
	have "mkfs.$1" || { skip "$1" "no mkfs.$1"; return; }
	rm -f "$SCRATCH/sums"
	image_on_device "$1" dynamic 1
	recorder "$1" "$SCRATCH/$1.device" && writable "$DEV" || return
	ok "$1: made" make_fs "$1"
	ok "$1: mounted" mount "$DISK" "$POINT"
	synced_files "$1"
	umount "$POINT"
	finish_recording "$1"
	each_state "$1: recovers, with all of $FILES files that were synced" recovers
	rm -f "$SCRATCH/$1".*
}

modprobe -q dm-log-writes || skip_all "no dm-log-writes"
disk attached -t 4 -u 50
[ "$LONG" = 0 ] || disk attached-flushes -t 8 -f 25 -F 15 -d 8 -z 8 -b 16384
COUNT=$((COUNT / 4 + 1))
file_system ext4 64 90
if [ "$LONG" = 1 ]; then
	file_system xfs 320 200
	file_system btrfs 128 180
fi

finish
