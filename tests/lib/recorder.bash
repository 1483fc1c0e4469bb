# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034  # variables are for the cases
# shellcheck source=guest.bash
#
# For the cases that cut the power: devices whose writes are recorded. Source it after
# guest.bash.

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
