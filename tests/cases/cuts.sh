#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# P3, P4, P5: the power may go at any time. What is written under an image is recorded, all
# states that a power cut may leave are made of that, and each is judged by what the
# writer above knows to be flushed.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

SIZE=64M
DEVICE=136				# in MiB; there is room for what is freed and not yet free
# For less: VHDX_OPERATIONS, VHDX_STATES; VHDX_KEEP=DIR of the checkout is where recordings go.
OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 6000 : DEBUG ? 300 : 1200))}
STATES=${VHDX_STATES:-$((LONG ? 100000 : DEBUG ? 200 : 1500))}

# A device is never new: what is free on it has this in it.
filled() { head -c "$2" /dev/zero | tr '\0' '\245' >"$1"; }

# writes NAME DISK OPTION...: with a JOURNAL
writes() {
	local name=$1 disk=$2 said
	shift 2
	JOURNAL=$SCRATCH/$name.journal
	if said=$(writer -s "$SEED" -n "$OPERATIONS" -m "dm:$name" -j "$JOURNAL" "$@" "$disk" 2>&1); then
		pass "$name: a writer"
		diag "$said"
	else
		not_ok "$name: a writer" "$said"
	fi
}

# judged OPTION...: about so many states as there is time for
judged() {
	local entries
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -s "$SEED" -e $((3 * entries / STATES + 1)) "$@"
}

# For whoever wants to look at it elsewhere
keep_recording() {
	[ -z "${VHDX_KEEP-}" ] || cp --sparse=always "$INITIAL" "$JOURNAL" "$RECORDING" "$VHDX_KEEP"
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
	dmsetup create --noudevsync blocks --table "0 $((16 << 11)) linear $DEV $FIRST" || return
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

# writable FILE: attached for writing; sets DISK
writable() {
	local device
	device=$(vhdxctl attach "$1" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

# image_on_device NAME TYPE BLOCK-SIZE-IN-MIB
image_on_device() {
	local image=$SCRATCH/$1.vhdx
	INITIAL=$SCRATCH/$1.initial
	vhdxctl create -q --type "$2" --block-size "$3M" "$image" "$SIZE"
	filled "$INITIAL" $((DEVICE << 20))
	dd if="$image" of="$INITIAL" bs=1M conv=notrunc status=none
	cp "$INITIAL" "$SCRATCH/$1.device"
	rm "$image"
}

# What is not used of a device is not given back: to the tool, leaks (3).
in_order() {
	vhdxctl check -q "$1" >/dev/null
	case $? in 0 | 3) ;; *) return 1 ;; esac
}

# cut_device NAME TYPE BLOCK-SIZE-IN-MIB WRITER-OPTION...: the image on a device as such
cut_device() {
	local name=$1
	image_on_device "$1" "$2" "$3"
	recorder "$name" "$SCRATCH/$name.device" || return
	if ! writable "$DEV"; then
		not_ok "$name: attached" "$(<"$SCRATCH/stderr")"
		return
	fi
	writes "$name" "$DISK" -B $(($3 << 20)) "${@:4}"
	ok "$name: what it wrote is there" verify "$DISK" "$JOURNAL"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	stop_recorder "$name"
	keep_recording
	nothing_lost "$name"
	ok "$name: the image is in order" in_order "$SCRATCH/$name.device"
	rm -f "$SCRATCH/$name".*
}

# As long as attach without -r is refused there is nothing to cut.
can_write() {
	vhdxctl create -q --block-size 1M "$SCRATCH/try.vhdx" 1M
	writable "$SCRATCH/try.vhdx" && detach "$INDEX"
}

devices() {
	cut_device first-touch dynamic 1 -D first -t 8 -d 0 -z 0 -b 16384
	cut_device random dynamic 1 -t 4
	cut_device crowd dynamic 2 -D hot -t 16 -d 10 -z 10 -f 8 -b 131072
	cut_device full-of-flushes dynamic 1 -t 4 -f 25 -F 15 -d 5 -b 16384
	cut_device fixed fixed 1 -t 4
	[ "$LONG" = 0 ] || cut_device large-blocks dynamic 8 -t 32 -d 6 -z 6
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
	local name=$1 entries count=$((LONG ? 200 : DEBUG ? 8 : 24)) i state wrong=''
	entries=$(makestate -i "$SCRATCH/$name.fs-initial" -l "$RECORDING")
	for ((i = 0; i < count; i++)); do
		state=$((RANDOM * 32768 % entries + RANDOM % entries))
		state=$((state % entries)).$((i % 3))
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
	modprobe -q "$name"
	INITIAL=$SCRATCH/$name.vhdx
	vhdxctl create -q --block-size 1M "$INITIAL" $SIZE
	truncate -s 400M "$SCRATCH/$name.device"
	if ! make_fs "$name" "$SCRATCH/$name.device" >/dev/null 2>&1 ||
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

make_fs() {
	case $1 in
	ext4) mke2fs -q -t ext4 -b 4096 "$2" ;;
	xfs) mkfs.xfs -q -f "$2" ;;
	esac
}

modprobe -q dm-log-writes || skip_all "no dm-log-writes"
control
if can_write; then
	devices
	cut_file ext4 -t 4 -b 65536
	cut_file xfs -t 4 -b 65536
else
	skip "our disks" "attach for writing does not work: $(tail -n 1 "$SCRATCH/stderr")"
fi

finish
