# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034  # variables are for the cases
#
# A backing device that hangs, fails or works on request; for cases that sourced guest.bash.

# device NAME MIB: sets DEVICE: a device-mapper device over a file of the scratch folder
device() {
	local name=$1 loop
	modprobe -q dm-mod
	modprobe -q dm-flakey
	truncate -s "$2M" "$SCRATCH/$name.raw"
	loop=$(losetup -f --show "$SCRATCH/$name.raw") || return
	defer losetup -d "$loop"
	eval "LOOP_$name=$loop SECTORS_$name=$(($2 * 2048))"
	dmsetup create --noudevsync "$name" --table "$(table_of "$name" linear)" || return
	defer dmsetup remove --noudevsync --force "$name"
	defer detach_all
	defer answer "$name"
	dmsetup mknodes "$name"
	DEVICE=/dev/mapper/$name
}

# image_on DEVICE MIB: a new image on it, of that many MiB
image_on() {
	rm -f "$SCRATCH/blank.vhdx"
	vhdxctl create -q --block-size=1M "$SCRATCH/blank.vhdx" "$2M" &&
		dd if="$SCRATCH/blank.vhdx" of="$1" bs=1M oflag=direct conv=fsync status=none
}

# table_of NAME linear|errors
table_of() {
	local loop=LOOP_$1 sectors=SECTORS_$1
	case $2 in
	linear) echo "0 ${!sectors} linear ${!loop} 0" ;;
	errors) echo "0 ${!sectors} flakey ${!loop} 0 0 10000 1 error_writes" ;;
	esac
}

# hang NAME: from now on, no request to it ends
hang() { dmsetup suspend --noudevsync --nolockfs --noflush "$1"; }

# answer NAME: the device completes its requests, those that wait and later ones
answer() { dmsetup resume --noudevsync "$1"; }

# turn NAME linear|errors: it works, or its writes fail; it must not hang
turn() {
	dmsetup suspend --noudevsync --nolockfs --noflush "$1" &&
		dmsetup load "$1" --table "$(table_of "$1" "$2")"
	dmsetup resume --noudevsync "$1"
}

# timely SECONDS COMMAND...: as the command, but 124 if it takes longer; it may go on then, as
# what sleeps in the kernel cannot always be ended. Its output is in OUTPUT.
timely() {
	local seconds=$(($1 * (1 + 3 * DEBUG))) pid tries
	shift
	"$@" >"$SCRATCH/timely" 2>&1 &
	pid=$!
	for ((tries = seconds * 10; tries > 0; tries--)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	OUTPUT=$(<"$SCRATCH/timely")
	if kill -0 $pid 2>/dev/null; then
		kill -9 $pid 2>/dev/null
		return 124
	fi
	wait $pid
}

# is_over PID: is there no such process any more?
is_over() { ! kill -0 "$1" 2>/dev/null || [ "$(sed -n 's/^State:.*\(.\) (.*/\1/p' "/proc/$1/status" 2>/dev/null)" = Z ]; }

# threads INDEX: kernel threads of that disk
threads() { ps -e -o comm= | grep "^vhdx$1/"; }
