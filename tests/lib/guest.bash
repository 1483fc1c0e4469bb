# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034  # variables are for the cases
# shellcheck source=tap.sh
#
# For the cases that run in a guest: where things are, attaching and detaching without
# vhdxctl, cleaning up, the kernel's log of this case. Source it, end with finish.
#
#	IMAGES		images to use, on ext4
#	PRISTINE	the same, read-only: what they must still be like afterwards
#	MODELS		what good/ and samples/ must show
#	SCRATCH		an empty folder of this case, on ext4
#	DISKS/carried	what goes from guest to guest, if there is such a thing
#	LONG		1 if there is time
#	SEED		where chance begins
#	SLICE		1 if there is little time: see sliced
#	DEBUG		1 in a kernel full of checks, where everything is many times slower
#
# VHDX_MODULE="nowait_reads=0" gives the module parameters.
set -u

GUEST_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$GUEST_HERE/../.." && pwd)
. "$GUEST_HERE/tap.sh"

DISKS=${VHDX_DISKS:-/run/vhdx}
[ -d "$DISKS/used" ] || skip_all "runs in a guest only, by tests/cases/suite"
CASE=$(basename "$0" .sh)
IMAGES=$DISKS/used
PRISTINE=$DISKS/pristine
MODELS=$DISKS/models
SCRATCH=$DISKS/scratch/$CASE
LONG=${VHDX_LONG:-0}
SEED=${VHDX_SEED:-1}
SLICE=${VHDX_SLICE:-0}
DEBUG=0
case $(uname -r) in *-vhdx-*) DEBUG=1 ;; esac
RANDOM=$SEED

# --- cleaning up ----------------------------------------------------------------

DEFERRED=()
PARAMETERS=''		# of the module, when the case began
FINISHED=''		# cleaned up already

# defer COMMAND...: do it at the end, last deferred first
defer() {
	DEFERRED+=("${*@Q}")
}

cleanup() {
	local i
	for ((i = ${#DEFERRED[@]} - 1; i >= 0; i--)); do
		eval "${DEFERRED[i]}" >/dev/null 2>&1
	done
	DEFERRED=()
	no_delays
	end_processes
	unmount_scratch
	[ ! -e /dev/vhdx-control ] || detach_all
	remove_devices
	restore_parameters
	# of a disk that was gone when something wrote to its name
	find /dev -maxdepth 1 -name 'vhdx[0-9]*' -type f -delete
	rm -rf "$SCRATCH"
}

# Errors of disks that should be gone are ignored.
detach_all() {
	local line at=0
	while line=$(ioctl status -n "$at"); do
		at=$(field "$line" index)
		ioctl detach -f "$at" >/dev/null
		at=$((at + 1))
	done
}

# tests/cases/guest has timeout begin a process group for each case.
end_processes() {
	local pid
	[ "$(<"/proc/$PPID/comm")" = timeout ] || return 0
	for pid in $(pgrep -g 0); do
		case $pid in "$$" | "$PPID") continue ;; esac
		kill -9 "$pid" 2>/dev/null && swept "process $pid"
	done
}

# The latest first: one may be on another
unmount_scratch() {
	local device
	awk -v scratch="$SCRATCH/" 'index($2, scratch) == 1 { print $2 }' /proc/mounts | tac |
		while read -r at; do
			umount -l "$(printf %b "$at")" 2>/dev/null && swept "mount $at"
		done
	for device in $(awk '$1 ~ "^/dev/" { print $1 }' /proc/swaps); do
		swapoff "$device" 2>/dev/null && swept "swap $device"
	done
}

# Those of device mapper may be on each other: what cannot go yet goes in a later round.
remove_devices() {
	local name round
	for round in 1 2 3; do
		for name in $(mapped); do
			dmsetup remove --noudevsync --force "$name" >/dev/null 2>&1 && swept "device $name"
		done
	done
	for name in $(loops); do
		losetup -d "$name" 2>/dev/null && swept "loop device $name"
	done
}

mapped() { dmsetup ls 2>/dev/null | awk '$1 != "No" { print $1 }'; }
loops() { losetup -l -n -O NAME; }

# The parameters of the module that can be changed, "NAME VALUE" each; delays are no_delays'.
parameters() {
	local file
	for file in /sys/module/vhdx/parameters/*; do
		[ ! -w "$file" ] || [ "${file##*/}" = delay ] || echo "${file##*/} $(<"$file")"
	done
}

restore_parameters() {
	local name value
	[ -n "$PARAMETERS" ] && [ -d /sys/module/vhdx/parameters ] || return 0
	comm -23 <(sort <<<"$PARAMETERS") <(parameters | sort) | while read -r name value; do
		echo "$value" 2>/dev/null >"/sys/module/vhdx/parameters/$name" && swept "parameter $name"
	done
}

# swept WHAT: the case has not cleaned it up itself
swept() { diag "left by the case, removed: $1"; }

# remains: what could not be removed, and would be there for the next case
remains() {
	mapped
	loops
	awk -v scratch="$SCRATCH/" 'index($2, scratch) == 1 { print $2 }' /proc/mounts
	awk '$1 ~ "^/dev/" { print $1 }' /proc/swaps
	diff <(cd "$PRISTINE" && find . | sort) <(cd "$IMAGES" && find . | sort)
}

nothing_remains() { [ -z "$(remains)" ]; }

# sliced NAME N: shall it be tried? With little time one in N is, by the seed.
sliced() {
	[ "$SLICE" = 0 ] || [ $((($(cksum <<<"$1" | cut -d ' ' -f 1) + SEED) % $2)) = 0 ]
}

no_delays() {
	local point
	sed 's/:.*//' /sys/module/vhdx/parameters/delay 2>/dev/null | while read -r point; do
		delay "$point" 0
	done
}

# --- the kernel's log -----------------------------------------------------------

MARK=0

# log_mark: from now on, log_since is about what comes
log_mark() {
	MARK=$((MARK + 1))
	echo "vhdx-test: $CASE $$ mark $MARK" >/dev/kmsg
}

# log_since [PATTERN]: the kernel's lines since the last mark
log_since() {
	dmesg | sed -n "/vhdx-test: $CASE $$ mark $MARK\$/,\$p" | sed 1d | grep -E "${1-}"
}

# What is a complaint is known to the rig.
splats() {
	local STAMP SPLAT=
	eval "$(grep -E '^(STAMP|SPLAT)\+?=' "$ROOT/tests/vm/boot")"
	dmesg | sed -n "/vhdx-test: $CASE $$ start\$/,\$p" | awk -f "$ROOT/tests/vm/ours.awk" | grep -E -A 40 "$STAMP$SPLAT"
}

# --- events ---------------------------------------------------------------------

# wait_for SECONDS COMMAND...: until it succeeds; in the debug kernel, longer
wait_for() {
	local tries=$(($1 * 20 * (1 + 4 * DEBUG)))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

not() { ! "$@"; }

# --- windows --------------------------------------------------------------------

# delay POINT MS: a point of kmod/delay.h takes that long from now on; 0 ends it
delay() { echo "$1:$2" >/sys/module/vhdx/parameters/delay; }

# --- disks ----------------------------------------------------------------------

# field LINE NAME: of "name=value name=value"
field() {
	local line=" $1"
	line=${line#* "$2"=}
	echo "${line%% *}"
}

# said LINE: the message, which is the rest of the line
said() { echo "${1#*message=}"; }

# quote TEXT: as a regular expression that matches only that
quote() { sed 's/[][(){}.*+?|^$\\]/\\&/g' <<<"$1"; }

STATS=/sys/kernel/debug/vhdx/stats

# use INDEX: sets INDEX, NAME, DISK, SYS
use() {
	INDEX=$1
	NAME=vhdx$1
	DISK=/dev/$NAME
	SYS=/sys/block/$NAME
}

# attach [OPTION...] FILE: by ioctl, without waiting for udev; sets LINE as well
attach() {
	LINE=$(ioctl attach "$@" 2>&1) || return
	use "$(field "$LINE" index)"
}

# attached CLAIM [OPTION...] FILE: attach works. Not through ok, which runs in a subshell.
attached() {
	local claim=$1
	shift
	if attach "$@"; then
		pass "$claim"
	else
		not_ok "$claim" "$LINE"
		return 1
	fi
}

is_not_busy() {
	LINE=$(ioctl detach "$@")
	[ "$(field "$LINE" errno)" != EBUSY ]
}

# detach [OPTION] INDEX: udev may be looking at it just now. What fails for good is not tried again.
detach() {
	wait_for 10 is_not_busy "$@" && [ "$(field "$LINE" errno)" = 0 ]
}

attr() { cat "$SYS/vhdx/$1"; }

# counter NAME: one of the disk's statistics
counter() {
	awk -v disk="$NAME:" -v name="$1" '/:$/ { its = $1 == disk } its && $1 == name { print $2 }' "$STATS"
}

# untouched CLAIM NAME...: P1, the whole of it
untouched() {
	local claim=$1
	shift
	ok "P1: $claim" samefiles "$IMAGES" "$PRISTINE" "$@"
}

# reads OPTION...: dd from DISK; what the kernel said of it in LC_ALL=C words
reads() { dd if="$DISK" of=/dev/null status=none "$@" 2>&1; }

# table FILE: the rows of a table, fields separated by tabs
table() { tail -n +2 "$1"; }

# host_fs KIND FILE-OR-DEVICE: a new file system to keep images in
host_fs() {
	modprobe -q "$1"
	case $1 in
	ext4) mke2fs -q -t ext4 -b 4096 "$2" ;;
	*) "mkfs.$1" -q -f "$2" ;;
	esac
}

# have PROGRAM...: all of them
have() {
	local name
	for name; do
		command -v "$name" >/dev/null || return
	done
}

# drive NAME: the device that tests/cases/suite gave that serial number, or nothing
drive() {
	local file
	for file in /sys/block/vd*/serial; do
		[ "$(<"$file")" != "$1" ] || echo "/dev/$(basename "$(dirname "$file")")"
	done
}

# --- the case -------------------------------------------------------------------

nothing_attached() { [ "$(field "$(ioctl status -n 0)" errno)" = ENODEV ]; }

# No image has changed, whatever the case has done with it. Contents have been compared by the
# cases that are about them; with time, here as well. What an earlier case has changed is in
# DISKS/changed: it is a failure of that case alone.
images_unchanged() {
	local files found quick=-q also=
	touch "$DISKS/changed"
	[ "$LONG" = 0 ] || quick='' also=', nor its contents'
	mapfile -t files < <(cd "$PRISTINE" && find . -name '*.vhdx')
	found=$(samefiles ${quick:+"$quick"} "$IMAGES" "$PRISTINE" "${files[@]}" 2>&1 |
		grep -vxFf "$DISKS/changed")
	is "$found" "" "P1: none of ${#files[@]} images has changed its size or its times$also"
	[ -z "$found" ] || echo "$found" >>"$DISKS/changed"
}

finish() {
	local found
	cleanup
	FINISHED=1
	ok "nothing is left attached" wait_for 10 nothing_attached
	wait_for 10 nothing_remains
	is "$(remains)" "" "nothing is left for the next case"
	images_unchanged
	found=$(splats)
	is "$found" "" "P7: the kernel does not complain"
	done_testing
}

ended() {
	[ -n "$FINISHED" ] || cleanup
	echo "vhdx-test: $CASE $$ end" >/dev/kmsg
}

trap ended EXIT
trap 'exit 143' TERM INT
echo "vhdx-test: $CASE $$ start" >/dev/kmsg
mkdir -p "$SCRATCH"
# shellcheck disable=SC2086 # words
modprobe vhdx ${VHDX_MODULE-} || { echo "Bail out! no module"; exit 1; }
PARAMETERS=$(parameters)
