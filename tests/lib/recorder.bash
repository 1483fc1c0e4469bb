# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034  # variables are for the cases
# shellcheck source=guest.bash
#
# For the cases that cut the power: devices whose writes are recorded, images on them and the
# writers to these. Source it after guest.bash.
#
#	SIZE		of a disk
#	DEVICE		of the device under it, in MiB: there must be room for what is freed and
#			not yet free
#	OPERATIONS	of a writer
#	INITIAL		what was on the device at first
#	RECORDING	of all that was written to it
#	JOURNAL		of the writer
#	ATTACH		options of vhdxctl attach
SIZE=64M
DEVICE=136
ATTACH=()
# For less: VHDX_OPERATIONS; VHDX_KEEP=DIR of the checkout is where recordings go.
OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 6000 : DEBUG ? 300 : 1200))}

# recorder NAME FILE: a device over FILE whose writes are recorded; sets DEV and RECORDING. The
# recorder does not know in which order a synced write and a plain one came; so there is a loop
# device on top of it, which has flushes only.
recorder() {
	local loop log
	RECORDING=$SCRATCH/$1.recording
	truncate -s 3G "$RECORDING"
	loop=$(losetup -f --show "$2") && defer losetup -d "$loop"
	log=$(losetup -f --show "$RECORDING") && defer losetup -d "$log"
	dmsetup create --noudevsync "$1" --table "0 $(blockdev --getsz "$loop") log-writes $loop $log" || return
	defer dmsetup remove --noudevsync --force "$1"
	dmsetup mknodes "$1"
	DEV=$(losetup -f --show --direct-io=on "/dev/mapper/$1") || return
	defer losetup -d "$DEV"
}

# The end of a recording is written when its device goes.
stop_recorder() {
	wait_for 20 losetup -d "$DEV"
	wait_for 20 dmsetup remove --noudevsync "$1"
	sync
}

# --- writers and images ----------------------------------------------------------

# writable FILE: attached for writing; sets DISK
writable() {
	local device
	device=$(vhdxctl attach "${ATTACH[@]}" "$1" 2>"$SCRATCH/stderr") || return
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

# keep_recording: in the folder VHDX_KEEP, for use outside the guest
keep_recording() {
	[ -n "${VHDX_KEEP-}" ] || return 0
	mkdir -p "$VHDX_KEEP"
	cp --sparse=always "$INITIAL" "$JOURNAL" "$RECORDING" "$VHDX_KEEP"
}

# random_state ENTRIES: the name of a state of such a recording
random_state() { echo $(((RANDOM * 32768 + RANDOM) % $1)).$((RANDOM % 3)); }
