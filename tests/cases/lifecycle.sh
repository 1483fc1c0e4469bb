#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Attach, open and detach in every order: a disk in use is detached only by force. Nothing is left
# when a process dies half-way.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

GOOD=$IMAGES/good/states-mixed.vhdx
MODEL=$MODELS/good/states-mixed
FS=$SCRATCH/fs.vhdx
MOUNT=$SCRATCH/mnt

gone() { [ ! -e "$SYS" ]; }
present() { [ -e "$SYS" ]; }

# status_of COMMAND...: its exit STATUS, its OUTPUT, its COMPLAINT
status_of() {
	OUTPUT=$("$@" 2>"$SCRATCH/stderr")
	STATUS=$?
	COMPLAINT=$(<"$SCRATCH/stderr")
}

make_file_system() {
	local raw=$SCRATCH/fs.raw
	mkdir -p "$MOUNT" "$SCRATCH/tree"
	cp --sparse=always "$PRISTINE/good/states-mixed.vhdx" "$SCRATCH/tree/inner.vhdx"
	seq 100000 >"$SCRATCH/tree/numbers"
	truncate -s 64M "$raw"
	mke2fs -q -t ext2 -d "$SCRATCH/tree" "$raw"
	qemu-img convert -f raw -O vhdx -o subformat=dynamic,block_size=1M "$raw" "$FS"
	rm -rf "$raw" "$SCRATCH/tree"
}

# mounted [OPTION...]: attach FS by vhdxctl and mount it
mounted() {
	local device
	device=$(vhdxctl attach -r "$@" "$FS") || return
	use "${device#/dev/vhdx}"
	mount -o ro "$DISK" "$MOUNT"
	defer umount -l "$MOUNT"
}

numbers() {
	status_of vhdxctl attach -r -i 3 "$GOOD"
	is "$STATUS/$OUTPUT" 0//dev/vhdx3 "attach -i 3 makes /dev/vhdx3"
	status_of vhdxctl attach -r -i 3 "$GOOD"
	is "$STATUS" 5 "and a second time is refused with status 5"
	like "$COMPLAINT" 'number is taken' "saying that the number is taken"
	status_of vhdxctl attach -r "$GOOD"
	is "$STATUS/$OUTPUT" "0//dev/vhdx0" "P6: the same file again, read-only, gets the first free number"
	ok "detach of an image detaches all its disks" vhdxctl detach "$GOOD"
	ok "so that none is left" nothing_attached
}

while_mounted() {
	mounted
	status_of vhdxctl detach "$DISK"
	is "$STATUS" 5 "detach of a mounted disk is refused with status 5"
	like "$COMPLAINT" "$MOUNT" "naming the mount point"
	is "$(tail -n 1 "$MOUNT/numbers")" 100000 "and the file system goes on"
	ok "rmmod is refused meanwhile" not rmmod vhdx
	ok "detach --lazy succeeds" vhdxctl detach --lazy "$DISK"
	ok "the disk stays while it is mounted" present
	is "$(md5sum <"$MOUNT/numbers")" "$(seq 100000 | md5sum)" "and can be read"
	umount "$MOUNT"
	ok "it goes when it is unmounted" wait_for 10 gone
}

autoclear() {
	mounted --autoclear
	is "$(attr autoclear)" 1 "--autoclear shows in sysfs"
	umount "$MOUNT"
	ok "an autoclear disk goes when it is unmounted" wait_for 10 gone
	vhdxctl attach -r --autoclear "$FS" >/dev/null
	udevadm settle -t 10
	ok "an autoclear disk that was never mounted stays" present
	vhdxctl detach "$DISK"
}

nested() {
	local outer
	mounted
	outer=$INDEX
	attached "an image on a disk of ours is attached" "$MOUNT/inner.vhdx"
	ok "and reads right" blkcmp "$DISK" "$MODEL"
	ok "at random too" randread -n 200 -s "$SEED" "$DISK" "$MODEL"
	status_of vhdxctl detach "/dev/vhdx$outer"
	is "$STATUS" 5 "the outer one cannot be detached meanwhile"
	ok "the inner one can" detach "$INDEX"
	umount "$MOUNT"
	ok "then the outer one, too" detach "$outer"
}

# A slow device below, soon: reads will take 1.5 s.
make_slow() {
	local loop table
	modprobe -q dm-delay || return
	cp --sparse=always "$PRISTINE/good/fixed-1m.vhdx" "$SCRATCH/slow.vhdx"
	loop=$(losetup -f --show "$SCRATCH/slow.vhdx")
	defer losetup -d "$loop"
	table="0 $(blockdev --getsz "$loop") delay $loop 0"
	dmsetup create --noudevsync slow --table "$table 0" || return
	defer dmsetup remove --noudevsync --force slow
	FAST_TABLE="$table 0"
	SLOW_TABLE="$table 1500"
	SLOW=/dev/dm-$(dmsetup info -c --noheadings -o minor slow)
	wait_for 10 test -b "$SLOW"
}

slow_table() {
	dmsetup suspend --noudevsync slow
	dmsetup reload slow --table "$1"
	dmsetup resume --noudevsync slow
}

in_flight() { [ "$(awk '{ print $1 }' "$SYS/inflight")" -ge 16 ]; }

# force_in_flight HOW [OPTION]: 32 readers. What the slow device has already comes back right,
# all else ends at once.
force_in_flight() {
	local how=$1 reader start took
	shift
	slow_table "$FAST_TABLE"
	attached "$how: an image on a block device is attached" -n "$@" "$SLOW" || return
	udevadm settle -t 10
	slow_table "$SLOW_TABLE"
	randread -n 1000000 -s "$SEED" "$DISK" "$MODELS/good/fixed-1m" >"$SCRATCH/reads" 2>&1 &
	reader=$!
	ok "$how: reads are in flight" wait_for 20 in_flight
	status_of vhdxctl detach "$DISK"
	is "$STATUS" 5 "$how: detach is refused meanwhile"
	start=$SECONDS
	ok "$how: detach --force succeeds" vhdxctl detach --force "$DISK"
	took=$((SECONDS - start))
	ok "P7: $how: after no more than the reads under way take ($took s)" test "$took" -le $((15 + 20 * DEBUG))
	ok "$how: the disk is gone" gone
	ok "$how: the readers end" wait_for 20 not kill -0 $reader
	is "$(field "$(tail -n 1 "$SCRATCH/reads")" different)" 0 "P5: $how: none of them got wrong data"
	[ $# = 0 ] || like "$(tail -n 1 "$SCRATCH/reads")" 'errors=[1-9]' "$how: those that had to wait got EIO"
}

forced() {
	if make_slow; then
		force_in_flight "direct"
		force_in_flight "buffered" -b
	else
		skip "detach --force with reads in flight" "no dm-delay"
	fi
}

force_mounted() {
	mounted
	ok "detach --force of a mounted disk succeeds" vhdxctl detach --force "$DISK"
	ok "the disk is gone" wait_for 10 gone
	echo 3 >/proc/sys/vm/drop_caches
	ok "P7: what was not in memory gives EIO" not cat "$MOUNT/inner.vhdx"
	ok "its file is free again" eval ": >>'$FS'"
	attached "and can be attached again" "$FS"
	detach "$INDEX"
	umount "$MOUNT"
}

# reader: opens, reads and closes whatever is /dev/vhdx0 just now
reader() {
	while [ -e "$SCRATCH/go" ]; do
		dd if=/dev/vhdx0 of=/dev/null bs=64k count=4 iflag=direct status=none
		dd if=/dev/vhdx0 of=/dev/null bs=64k count=2 skip=30 status=none
	done 2>/dev/null
}

cycles() {
	local i failed=0 count=100
	: >"$SCRATCH/go"
	reader &
	for ((i = 0; i < count; i++)); do
		attach -i 0 "$GOOD" && detach 0 || failed=$((failed + 1))
	done
	rm "$SCRATCH/go"
	wait $!
	is "$failed" 0 "P7: $count times attach and detach while another process opens, reads and closes"
	: >"$SCRATCH/go"
	reader &
	for ((i = 0; i < count / 4; i++)); do
		attach -i 0 "$GOOD" && ioctl detach -f 0 >/dev/null || failed=$((failed + 1))
	done
	rm "$SCRATCH/go"
	wait $!
	is "$failed" 0 "P7: and by force"
}

statistics() {
	attached "for its statistics, a disk is attached" -n -i 2 "$GOOD" || return
	like "$(counter cache_pages)" '^[0-9]+$' "they are there"
	attached "and those of a disk with a lower number" -n -i 1 "$GOOD"
	is "$(grep -o '^vhdx[12]:' "$STATS" | xargs)" "vhdx1: vhdx2:" "before them"
	exec 7<"$STATS"
	ok "P7: it is detached while they are open" detach 2
	is "$(grep -o '^vhdx[12]:' <&7 | xargs)" vhdx1: "P7: and has none any more"
	detach 1
	ok "rmmod is refused while they are open" not rmmod vhdx
	exec 7<&-
}

unused() { [ "$(cat /sys/module/vhdx/refcnt)" = 0 ]; }

reload() {
	local i failed=0
	attach "$GOOD"
	ok "rmmod is refused while a disk is attached" not rmmod vhdx
	detach "$INDEX"
	for i in 1 2 3 4 5; do
		wait_for 10 unused
		rmmod vhdx && modprobe vhdx && attach "$GOOD" && detach "$INDEX" || failed=$((failed + 1))
	done
	is "$failed" 0 "the module can be unloaded and loaded again, five times"
}

parallel() {
	local i pids=() failed=0
	for i in {1..20}; do
		vhdxctl attach -r "$GOOD" >"$SCRATCH/out.$i" 2>/dev/null &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || failed=$((failed + 1))
	done
	is "$failed" 0 "20 parallel attaches succeed"
	is "$(cat "$SCRATCH"/out.* | sort -u | wc -l)" 20 "each gets a disk of its own"
	is "$(vhdxctl list -n | wc -l)" 20 "list shows them all"
	ok "detach -a detaches all" vhdxctl detach -a
	ok "none is left" nothing_attached
}

# What a disk must be, if there is one.
complete_or_none() {
	local line
	line=$(ioctl status -n 0) || return 0
	use "$(field "$line" index)"
	[ -b "$DISK" ] && [ -n "$(attr wwn)" ] && [ "$(blockdev --getsz "$DISK")" = 81920 ] &&
		blkcmp "$DISK" "$MODEL" >/dev/null
}

# steps_of COMMAND...: sets STEPS, the places to kill it at: all around its ioctl, and others
# far apart, where chance has them begin; with time, all there are.
steps_of() {
	local line last ioctl distance=$((LONG ? 1 : DEBUG ? 200 : 80))
	line=$(killat count "$@" 2>/dev/null | tail -n 1)
	last=$(field "$line" steps)
	ioctl=$(field "$line" ioctl)
	mapfile -t STEPS < <({
		seq $((1 + RANDOM % distance)) "$distance" "$last"
		seq $((ioctl - 1)) $((ioctl + 4))
	} | sort -nu)
	diag "$2 has $last steps, the ioctl is step $ioctl"
}

kill_attach() {
	local n killed=0 left=0 wrong=''
	steps_of vhdxctl attach -r "$GOOD"
	detach_all
	for n in "${STEPS[@]}"; do
		killat "$n" vhdxctl attach -r "$GOOD" >/dev/null 2>&1
		[ $? != 137 ] || killed=$((killed + 1))
		complete_or_none || wrong+=" $n"
		nothing_attached || left=$((left + 1))
		detach_all
	done
	diag "attach killed at $killed steps, $left of them left a disk"
	ok "attach was killed before and after its disk was there" test "$left" -gt 0 -a "$left" -lt "$killed"
	is "$wrong" "" "P7: attach that is killed leaves a complete disk or none, seed $SEED"
}

kill_detach() {
	local n killed=0 left=0 wrong=''
	attach "$GOOD"
	udevadm settle -t 10
	steps_of vhdxctl detach -a
	for n in "${STEPS[@]}"; do
		attach "$GOOD"
		udevadm settle -t 10
		killat "$n" vhdxctl detach -a >/dev/null 2>&1
		[ $? != 137 ] || killed=$((killed + 1))
		complete_or_none || wrong+=" $n"
		nothing_attached || left=$((left + 1))
		detach_all
	done
	diag "detach killed at $killed steps, $left of them left the disk"
	ok "detach was killed before and after its disk was gone" test "$left" -gt 0 -a "$left" -lt "$killed"
	is "$wrong" "" "P7: detach that is killed leaves a complete disk or none, seed $SEED"
}

# At any time, system call or not.
kill_later() {
	local delay wrong=''
	for delay in 0 1 2 3 5 8 13 21 34 55 89 144; do
		vhdxctl attach -r "$GOOD" >/dev/null 2>&1 &
		perl -e 'select undef, undef, undef, shift() / 1000' $delay
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		complete_or_none || wrong+=" $delay"
		detach_all
	done
	is "$wrong" "" "P7: and at any time"
}

make_file_system
numbers
while_mounted
autoclear
nested
forced
force_mounted
cycles
statistics
reload
parallel
kill_attach
kill_detach
kill_later
untouched "the image is as it was" good/states-mixed.vhdx

finish
