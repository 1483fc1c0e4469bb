#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7: a write of data that fails costs that write; a failed write of log or metadata ends all
# writing. So do a failed write of the header and a failed flush. What was flushed before is
# there.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

MIB=2048				# sectors
SIZE=96					# of the device, in MiB

# table FIRST-MIB NR-MIB: a device on which that part fails; without, all is well
table_with() {
	local first=$(($1 * MIB)) nr=$(($2 * MIB)) all=$((SIZE * MIB))
	[ "$first" = 0 ] || echo "0 $first linear $LOOP 0"
	[ "$nr" = 0 ] || echo "$first $nr error"
	[ "$((first + nr))" = "$all" ] ||
		echo "$((first + nr)) $((all - first - nr)) linear $LOOP $((first + nr))"
}

switch_to() {
	table_with "$@" | dmsetup reload failing && dmsetup suspend failing && dmsetup resume failing
}

block() { dd if="$1" of="$DISK" bs=4k count=1 seek=$(($2 * 256)) oflag=direct conv=notrunc status=none; }
holds() { cmp -n 4096 "$1" "$DISK" 0 $(($2 << 20)); }

# A fresh image on the device, with one block written and flushed; another written only.
begin() {
	rm -f "$SCRATCH/device"
	vhdxctl create -q --block-size=1M "$SCRATCH/device" 64M >/dev/null
	truncate -s ${SIZE}M "$SCRATCH/device"
	LOOP=$(losetup -f --show "$SCRATCH/device")
	table_with 0 0 | dmsetup create --noudevsync failing
	dmsetup mknodes failing
	attached "$1: attached" -n -w -o 2 /dev/mapper/failing || return
	block "$SCRATCH/a" 0
	ok "$1: a block is flushed" sync "$DISK"
	block "$SCRATCH/a" 1
}

# The device is well again: the next one finds what was flushed.
end() {
	switch_to 0 0
	attached "$1: attached again" -n -w -o 2 /dev/mapper/failing || return
	ok "P3: $1: what was flushed is there" holds "$SCRATCH/a" 0
	ok "$1: and it can be written" block "$SCRATCH/b" 2
	ok "$1: and flushed" sync "$DISK"
	detach "$INDEX"
	vhdxctl check -q "$SCRATCH/device" >/dev/null
	like $? '^[03]$' "P8: $1: the image is in order"
	wait_for 10 dmsetup remove --noudevsync failing
	losetup -d "$LOOP"
}

# ends_writing NAME REASON FIRST-MIB NR-MIB
ends_writing() {
	begin "$1" || return
	switch_to "$3" "$4"
	ok "P3: $1: a flush fails" not sync "$DISK"
	is "$(cat "$SYS/ro")" 1 "$1: the disk is read-only now"
	is "$(attr read_only_reason)" "$2" "$1: and sysfs says why"
	like "$(log_since "$NAME: $2")" 'disk is read-only from now on' "$1: and the kernel's log"
	ok "$1: nothing more is written" not block "$SCRATCH/b" 3
	ok "P3: $1: nor flushed" not sync "$DISK"
	[ "$4" = $SIZE ] || ok "$1: what is there can be read" holds "$SCRATCH/a" 0
	unwritten "$1"
	end "$1"
}

# Detaching says what may be lost, and there is no disk any more.
unwritten() {
	wait_for 10 is_not_busy "$INDEX"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EIO/918 "P3: $1: detaching says that something may be lost"
	ok "P7: $1: it is detached" nothing_attached
}

# Data that were never flushed cannot be flushed when the disk goes, and no flush has reported it.
detach_fails() {
	begin "detach" || return
	switch_to 0 $SIZE
	unwritten "detach"
	end "detach"
}

# Beyond what is used yet: blocks that are not there
data_fails() {
	begin "data" || return
	switch_to 6 $((SIZE - 6))
	like "$(LC_ALL=C block "$SCRATCH/b" 40 2>&1)" 'Input/output error' \
		"P7: data: a write fails as the device does"
	ok "data: other blocks are written" block "$SCRATCH/b" 0
	is "$(cat "$SYS/ro")/$(attr read_only_reason)" 0/- "P7: data: the disk stays writable"
	ok "data: a flush works" sync "$DISK"
	switch_to 0 0
	ok "P7: data: so does the write, when the device does" block "$SCRATCH/b" 40
	block "$SCRATCH/a" 0
	sync "$DISK"
	ok "data: and it is there" holds "$SCRATCH/b" 40
	detach "$INDEX"
	end "data"
}

log_mark
tr '\0' a </dev/zero | head -c 4096 >"$SCRATCH/a"
tr '\0' b </dev/zero | head -c 4096 >"$SCRATCH/b"
data_fails
ends_writing "the log" "cannot write the log" 1 1
ends_writing "all of it" "cannot write the log" 0 $SIZE
detach_fails

# The first write of a session needs the header.
begin "the header"
detach "$INDEX"
attached "the header: attached once more" -n -w -o 2 /dev/mapper/failing
switch_to 0 1
ok "P7: the header: the first write fails" not block "$SCRATCH/b" 0
is "$(attr read_only_reason)" "cannot write the header" "the header: and sysfs says why"
ok "P7: the header: it is detached" detach "$INDEX"
end "the header"

finish
