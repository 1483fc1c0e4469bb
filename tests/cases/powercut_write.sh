#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P3, P4, P5: no power cut while an image is written loses what was flushed. The writes to the
# device under the image are recorded, states that a power cut may leave are made of them, and each
# is compared with what the writer knows to be flushed. Variables: VHDX_STATES, how many states;
# VHDX_LOADS, the names of loads (see devices()), such as "random full-ring"; VHDX_OPERATIONS;
# VHDX_KEEP, where recordings are kept (tests/lib/recorder.bash).
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

STATES=${VHDX_STATES:-$((LONG ? 100000 : DEBUG ? 200 : 1500))}

# judged OPTION...: about so many states as there is time for
judged() {
	local entries
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -s "$SEED" -e $((3 * entries / STATES + 1)) "$@"
}

# nothing_lost NAME OPTION...
nothing_lost() {
	local name=$1 said
	shift
	if said=$(judged "$@" 2>&1); then
		pass "P3, P4, P5: $name: no cut loses anything"
		diag "$said"
	else
		not_ok "P3, P4, P5: $name: no cut loses anything" "$said"
	fi
}

# --- the judge ------------------------------------------------------------------

# A linear map over the blocks of a fixed image, which lie in order at its end: what a driver
# of such an image has to do, and nothing that can go wrong.
fixed_image() {
	INITIAL=$SCRATCH/simple.initial
	vhdxctl create -q --type fixed --block-size 1M "$INITIAL" 16M
	cp "$INITIAL" "$SCRATCH/simple.device"
	FIRST=$(($(stat -c %s "$INITIAL") / 512 - (16 << 11)))
}

# The last writes of data, which no later ones replace, oldest first
data_entries() {
	judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -L | awk '$2 == "payload" { print $1 }' | tail -n "$1"
}

# What the judge must see: writes that got lost, or in each other's place, flushes that were none.
judge_sees() {
	local last i drop=() swap=()
	mapfile -t last < <(data_entries 20)
	for i in {0..9}; do
		drop+=(-T "drop:${last[i + 10]}")
		swap+=(-T "swap:${last[i]}:${last[i + 10]}")
	done
	ok "the judge sees that writes never arrived" not judged "${drop[@]}"
	ok "and that some are in each other's place" not judged "${swap[@]}"
	ok "and flushes that do nothing" not judged -T unflush:all
}

control() {
	local blocks
	fixed_image
	recorder simple "$SCRATCH/simple.device" || return
	must dmsetup create --noudevsync blocks --table "0 $((16 << 11)) linear $DEV $FIRST" || return
	blocks=/dev/dm-$(dmsetup info -c --noheadings -o minor blocks)
	wait_for 10 test -b "$blocks"
	writes simple "$blocks" -d 0 -b 65536
	wait_for 20 dmsetup remove --noudevsync blocks
	stop_recorder simple
	keep_recording
	nothing_lost "a linear map over a fixed image"
	judge_sees
}

# --- our disks ------------------------------------------------------------------

wanted() { [ -z "${VHDX_LOADS-}" ] || [[ " $VHDX_LOADS " = *" $1 "* ]]; }

# recorded NAME WRITER-OPTION...: all that happens to INITIAL from attaching to detaching
recorded() {
	local name=$1
	recorder "$name" "$SCRATCH/$name.device" || return
	if ! writable "$DEV"; then
		not_ok "$name: attached" "$(<"$SCRATCH/stderr")"
		return 1
	fi
	REPLAYED=$(attr replayed)
	writes "$name" "$DISK" "${@:2}"
	# the journal does not know what was there before
	[ "$REPLAYED" != 0 ] || ok "$name: what it wrote is there" verify -t "$DISK" "$JOURNAL"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	stop_recorder "$name"
	keep_recording
	nothing_lost "$name"
	ok "$name: the image is in order" in_order "$SCRATCH/$name.device"
}

# cut_device NAME TYPE BLOCK-SIZE-IN-MIB WRITER-OPTION...: the image on a device as such
cut_device() {
	wanted "$1" || return
	image_on_device "$1" "$2" "$3"
	recorded "$1" -B $(($3 << 20)) "${@:4}"
}

# cut_again NAME STATE WRITER-OPTION...: begins with what a cut of the last recording left, so
# that a log is replayed first, under the recorder
cut_again() {
	local name=$1 before=$INITIAL
	INITIAL=$SCRATCH/$name.initial
	makestate -i "$before" -l "$RECORDING" -s "$SEED" "$2" "$INITIAL" >/dev/null
	cp "$INITIAL" "$SCRATCH/$name.device"
	recorded "$name" -s $((SEED + ${#name})) "${@:3}"
	ok "$name: there was a log to replay (of $REPLAYED entries)" test "$REPLAYED" -gt 0
}

forget() { rm -f "$SCRATCH"/*.{initial,device,journal,recording}; }

# --- what happens to the log ----------------------------------------------------

# The log's writes, a flush a line: the first's offset, how many bytes
log_writes() {
	judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -L | awk '
		$2 == "log" { if (!sum || $3 < first) first = $3; sum += $4 }
		/flush/ && sum { printf "%d %d\n", first, sum; sum = 0 }'
}

# Far back means: begins anew.
log_rounds() { log_writes | awk '$1 < last - 262144 { n++ } { last = $1 } END { print n + 0 }'; }
largest_entry() { log_writes | awk '$2 > max { max = $2 } END { print max / 4096 }'; }

entries() { makestate -i "$INITIAL" -l "$RECORDING"; }

# must_replay FILE
must_replay() { ! vhdxctl attach -q --dry-run --replay=refuse "$1" >/dev/null 2>&1; }

# The latest of some states before the writer in which the log was still being replayed
attach_state() {
	local mark quarter
	mark=$(judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -L | awk '$2 == "mark" { print $1; exit }')
	for quarter in 3 2 1; do
		makestate -i "$INITIAL" -l "$RECORDING" -s "$SEED" $((mark * quarter / 4)).1 "$SCRATCH/try" >/dev/null
		! must_replay "$SCRATCH/try" || break
	done
	rm -f "$SCRATCH/try"
	echo $((mark * quarter / 4)).1
}

# As long as attach without -r is refused there is nothing to cut.
can_write() {
	vhdxctl create -q --block-size 1M "$SCRATCH/try.vhdx" 1M
	writable "$SCRATCH/try.vhdx" && detach "$INDEX"
}

# Metadata in nearly each of many small commits
ring_wraps() {
	cut_device ring-wrap dynamic 1 -t 2 -f 25 -F 15 -d 20 -z 10 -b 8192 || return
	[ "$OPERATIONS" -lt 1000 ] ||
		ok "ring-wrap: the log begins anew (it did $(log_rounds) times)" test "$(log_rounds)" -gt 0
}

# So many pages of metadata, and no flush, that a write which changes one more has to wait
ring_is_full() {
	local SIZE=64G DEVICE=160
	cut_device full-ring dynamic 1 -n 400 -t 16 -f 0 -F 0 -d 0 -z 80 -u 100 -b 16384 || return
	# a commit begins when there is no room, and a page of the last command may not be dirty yet
	ok "full-ring: an entry takes a quarter of the log, or a page less (it took $(largest_entry) sectors)" \
		test "$(largest_entry)" -ge 63 -a "$(largest_entry)" -le 64
}

# All that is not used is freed by discards and on its way back: writes wait for that.
device_is_full() {
	local DEVICE=68
	cut_device full-device dynamic 1 -t 4 -d 25 -z 5 -f 2 -F 2 -b 65536
}

# An image that was cut off is attached, and cut off again; and once more while that is replayed.
attaches() {
	cut_again found "$(($(entries) * 2 / 3)).1" -n $((OPERATIONS / 4)) -t 4 -u 100
	cut_again found-replaying "$(attach_state)" -n $((OPERATIONS / 4)) -t 4
}

# The kernel writes pages when it likes to, while others change them.
through_the_page_cache() {
	ATTACH=(--direct-io=off)
	cut_device buffered dynamic 1 -t 4
	forget
	cut_device buffered-fixed fixed 1 -t 4
	forget
	ATTACH=()
}

devices() {
	cut_device first-touch dynamic 1 -D first -t 8 -d 0 -z 0 -b 16384
	forget
	cut_device random dynamic 1 -t 4
	forget
	cut_device crowd dynamic 2 -D hot -t 16 -d 10 -z 10 -f 8 -b 131072
	forget
	cut_device full-of-flushes dynamic 1 -t 4 -f 25 -F 15 -d 5 -b 16384 && attaches
	forget
	cut_device fixed fixed 1 -t 4
	forget
	through_the_page_cache
	ring_wraps
	forget
	ring_is_full
	forget
	device_is_full
	forget
	[ "$LONG" = 0 ] || cut_device large-blocks dynamic 8 -t 32 -d 6 -z 6
	forget
}

# --- in files -------------------------------------------------------------------

# judge_file NAME NUMBER: one state of the file system, as the next mount finds it
judge_file() {
	local name=$1 marks after before rc
	marks=$(makestate -i "$SCRATCH/$name.fs-initial" -l "$RECORDING" -s "$SEED" "$2" "$SCRATCH/$name.state") || return
	read -r after before <<<"$marks"
	mount -o loop "$SCRATCH/$name.state" "$SCRATCH/$name.look" || return
	judge -i "$INITIAL" -j "$JOURNAL" -x "$SCRATCH/$name.look/image.vhdx" -a "$after" -b "$before"
	rc=$?
	umount "$SCRATCH/$name.look"
	return $rc
}

judge_files() {
	local name=$1 entries count=$((STATES < 12000 ? STATES / 60 + 1 : 200)) i state wrong=''
	entries=$(makestate -i "$SCRATCH/$name.fs-initial" -l "$RECORDING")
	for ((i = 0; i < count; i++)); do
		state=$(random_state "$entries")
		judge_file "$name" "$state" >"$SCRATCH/judge" 2>&1 && continue
		wrong+=" $state"
		diag "state $state: $(<"$SCRATCH/judge")"
	done
	is "$wrong" "" "P3, P4: $name: none of $count cuts loses anything, seed $SEED"
}

# cut_file FILESYSTEM WRITER-OPTION...: the image in a file that grows
cut_file() {
	local name=$1 where=$SCRATCH/$1.mount
	mkdir -p "$where" "$SCRATCH/$name.look"
	INITIAL=$SCRATCH/$name.vhdx
	vhdxctl create -q --block-size 1M "$INITIAL" $SIZE
	truncate -s 400M "$SCRATCH/$name.device"
	if ! host_fs "$name" "$SCRATCH/$name.device" >/dev/null 2>&1 ||
	   ! mount -o loop "$SCRATCH/$name.device" "$where"; then
		skip "$name" "no such file system here"
		return
	fi
	cp "$INITIAL" "$where/image.vhdx"
	umount "$where"
	cp --sparse=always "$SCRATCH/$name.device" "$SCRATCH/$name.fs-initial"
	recorder "$name" "$SCRATCH/$name.device" && mount "$DEV" "$where" || return
	defer umount -l "$where"
	writable "$where/image.vhdx" || { not_ok "$name: attached" "$(<"$SCRATCH/stderr")"; return; }
	writes "$name" "$DISK" -B 1048576 "${@:2}"
	ok "$name: what it wrote is there" verify "$DISK" "$JOURNAL"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	umount "$where"
	stop_recorder "$name"
	judge_files "$name"
	rm -f "$SCRATCH/$name".*
}

modprobe -q dm-log-writes || skip_all "no dm-log-writes"
wanted simple && control
if can_write; then
	devices
	wanted ext4 && cut_file ext4 -t 4 -b 65536
	wanted xfs && cut_file xfs -t 4 -b 65536
else
	skip "our disks" "attach for writing does not work: $(tail -n 1 "$SCRATCH/stderr")"
fi

finish
