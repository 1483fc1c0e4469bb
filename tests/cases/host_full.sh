#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# On a full host, what discards have freed is used before a write fails. It goes back to the host
# by itself.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HOST=$SCRATCH/host

# writable FILE [OPTION...]: sets DISK
writable() {
	local device
	device=$(vhdxctl attach --no-partscan "${@:2}" "$1" 2>"$SCRATCH/stderr") ||
		{ not_ok "attached" "$(<"$SCRATCH/stderr")"; return 1; }
	use "${device#/dev/vhdx}"
}

# put MIB [DD-OPTION...]: 4 KiB into a block of 1 MiB
put() {
	dd if=/dev/urandom of="$DISK" bs=4k count=1 seek=$(($1 << 8)) oflag=direct conv=notrunc \
		status=none "${@:2}" 2>"$SCRATCH/stderr"
}

# put_block MIB [DD-OPTION...]: all of it
put_block() {
	dd if=/dev/urandom of="$DISK" bs=1M count=1 seek="$1" oflag=direct conv=notrunc \
		status=none "${@:2}" 2>"$SCRATCH/stderr"
}

discard() { blkdiscard -o "$1M" -l "$2M" "$DISK"; }

# fill FROM: until there is no room; sets FULL, the first block for which there is none
fill() {
	for ((FULL = $1; FULL < $1 + 200; FULL++)); do
		"$WRITE" "$FULL" || break
	done
	like "$(<"$SCRATCH/stderr")" 'No space' "$NAME_OF: it is full"
	sync "$DISK"
}

# What else is on the host takes what room there is.
crumbs() {
	dd if=/dev/zero bs=64k oflag=direct,append conv=notrunc of="$HOST/rest" status=none 2>/dev/null
	dd if=/dev/zero bs=4k oflag=append conv=notrunc of="$HOST/crumbs" status=none 2>/dev/null
	sync -f "$HOST"
}

# make_room FIRST N: N blocks are discarded, and nothing else gives room
make_room() {
	[ "$WRITE" = put ] || crumbs
	discard "$1" "$2"
}

# each_way FIRST: present blocks are discarded from there on, each time for another way to write
each_way() {
	make_room "$1" $((1 + MORE))
	ok "$NAME_OF: a write right after a discard finds room" "$WRITE" $((FULL + 1))
	make_room $(($1 + 3)) $((1 + MORE))
	ok "$NAME_OF: so does a synced one" "$WRITE" $((FULL + 3)) oflag=direct,dsync
	make_room $(($1 + 6)) $((1 + MORE))
	ok "$NAME_OF: so do zeros that take space" \
		fallocate --zero-range -o $((FULL + 5))M -l 1M "$DISK"
	make_room $(($1 + 9)) $((2 + MORE))
	ok "$NAME_OF: so does a write of several blocks" \
		dd if=/dev/urandom of="$DISK" bs=1M count=2 seek=$((FULL + 6)) oflag=direct \
		conv=notrunc status=none
}

# no_room_at_all: when nothing was freed, a write fails, and soon
no_room_at_all() {
	while "$WRITE" $((FULL + 10)); do FULL=$((FULL + 1)); done
	ok "$NAME_OF: without a discard there is none" not timeout 20 dd if=/dev/zero of="$DISK" \
		bs=1M count=1 seek=$((FULL + 20)) oflag=direct conv=notrunc status=none
	ok "$NAME_OF: what is there can be read" dd if="$DISK" of=/dev/null bs=1M count=8 \
		iflag=direct status=none
}

clean() {
	vhdxctl check -q "$1" >/dev/null
	case $? in 0 | 3) ;; *) return 1 ;; esac
}

# --- a device that is full ----------------------------------------------------------

on_a_device() {
	local NAME_OF=device WRITE=put MORE=0 loop
	vhdxctl create -q --block-size=1M "$SCRATCH/image.vhdx" 256M
	head -c 32M /dev/zero | tr '\0' '\245' >"$SCRATCH/device"
	dd if="$SCRATCH/image.vhdx" of="$SCRATCH/device" conv=notrunc status=none
	loop=$(losetup -f --show "$SCRATCH/device") && defer losetup -d "$loop"
	writable "$loop" || return
	fill 0
	each_way 0
	no_room_at_all
	detach "$INDEX"
	ok "device: the image is in order" clean "$SCRATCH/device"
}

# A child needs a sector bitmap block for its first partial write, and marks its sectors.
child_on_a_device() {
	local NAME_OF=child WRITE=put MORE=0 loop
	vhdxctl create -q --block-size=1M "$SCRATCH/base.vhdx" 256M
	vhdxctl snapshot -q --keep-mode --block-size=1M "$SCRATCH/base.vhdx" "$SCRATCH/child.avhdx"
	head -c 32M /dev/zero | tr '\0' '\245' >"$SCRATCH/device"
	dd if="$SCRATCH/child.avhdx" of="$SCRATCH/device" conv=notrunc status=none
	loop=$(losetup -f --show "$SCRATCH/device") && defer losetup -d "$loop"
	writable "$loop" --parent-dir "$SCRATCH" || return
	WRITE=put_block fill 0
	discard 0 2
	ok "child: a first partial write, with a new sector bitmap, finds room" put $((FULL + 20))
	each_way 3
	detach "$INDEX"
}

# A device with room for just what is needed: no unit of it is lost between blocks and sector bitmap
# blocks, which are smaller.
just_enough() {
	local NAME_OF="just enough" loop i pids=() failed=0 image=$SCRATCH/just.avhdx
	vhdxctl create -q --block-size=32M "$SCRATCH/wide.vhdx" 16G
	vhdxctl snapshot -q --keep-mode --block-size=32M "$SCRATCH/wide.vhdx" "$image"
	# a chunk is 4 GiB: four sector bitmap blocks, and two payload blocks for each
	truncate -s $(($(stat -c %s "$image") + (4 + 8 * 32 << 20))) "$image"
	loop=$(losetup -f --show "$image") && defer losetup -d "$loop"
	writable "$loop" --parent-dir "$SCRATCH" || return
	for ((i = 0; i < 8; i++)); do
		put $((i % 4 * 4096 + i / 4 * 64)) & pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || failed=$((failed + 1)); done
	is $failed 0 "$NAME_OF: eight first writes at once, in four chunks, find room"
	ok "$NAME_OF: for one more there is none" not put 128
	detach "$INDEX"
}

# A sector bitmap block does not take what a payload block fits in, if there is a unit to spare.
unit_to_spare() {
	local NAME_OF="unit to spare" loop image=$SCRATCH/spare.avhdx
	vhdxctl create -q --block-size=32M "$SCRATCH/broad.vhdx" 16G
	vhdxctl snapshot -q --keep-mode --block-size=32M "$SCRATCH/broad.vhdx" "$image"
	truncate -s $(($(stat -c %s "$image") + (2 + 2 * 32 << 20))) "$image"
	loop=$(losetup -f --show "$image") && defer losetup -d "$loop"
	writable "$loop" --parent-dir "$SCRATCH" || return
	ok "$NAME_OF: two blocks of a chunk" eval 'put 0 && put 32'
	discard 0 32
	sync "$DISK"
	sleep 2
	ok "$NAME_OF: the freed block's place is for a block of another chunk" put 4096
	ok "$NAME_OF: and then all is used" not put 8192
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$loop"
}

# The unit to spare is a bad place of the device. What is before it is found all the same.
bad_unit_to_spare() {
	local NAME_OF="bad unit to spare" loop image=$SCRATCH/badspare.avhdx first
	vhdxctl create -q --block-size=32M "$SCRATCH/broad2.vhdx" 16G
	vhdxctl snapshot -q --keep-mode --block-size=32M "$SCRATCH/broad2.vhdx" "$image"
	first=$(($(stat -c %s "$image") >> 20))
	truncate -s $((first + 1 + 3 * 32 + 33))M "$image"
	loop=$(losetup -f --show "$image") && defer losetup -d "$loop"
	writable "$loop" --parent-dir "$SCRATCH" || return
	ok "$NAME_OF: three blocks" eval 'put 0 && put 32 && put 64'
	discard 0 64
	detach "$INDEX"
	modprobe -q dm-mod
	dmsetup create --noudevsync badspare <<-TABLE || { skip "$NAME_OF" "no device mapper"; return; }
		0 $((first + 97 << 11)) linear $loop 0
		$((first + 97 << 11)) 2048 error
		$((first + 98 << 11)) $((32 << 11)) linear $loop $((first + 98 << 11))
	TABLE
	defer dmsetup remove --noudevsync --force badspare
	dmsetup mknodes badspare
	writable /dev/mapper/badspare --parent-dir "$SCRATCH" || return
	ok "$NAME_OF: a block of another chunk finds the free block's place" put 4096
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean /dev/mapper/badspare
	dmsetup remove --noudevsync badspare
}

# --- a file system that is full -------------------------------------------------------

# on_a_file_system KIND [ATTACH-OPTION...]
on_a_file_system() {
	local NAME_OF="$*" WRITE=put_block MORE=1
	truncate -s 0 "$SCRATCH/fs" && truncate -s 340M "$SCRATCH/fs" && mkdir -p "$HOST"
	if ! host_fs "$1" "$SCRATCH/fs" >/dev/null 2>&1 || ! mount -o loop "$SCRATCH/fs" "$HOST"; then
		skip "$NAME_OF" "no such file system here"
		return
	fi
	defer umount -l "$HOST"
	vhdxctl create -q --block-size=1M "$HOST/image.vhdx" 512M
	writable "$HOST/image.vhdx" "${@:2}" || return
	for ((FULL = 0; FULL < 40; FULL++)); do put_block "$FULL"; done
	sync "$DISK"
	crumbs
	fill 40
	each_way 0
	# in a block that is present, where a discard has left a hole
	blkdiscard -o $((20 << 20)) -l $((512 << 10)) "$DISK"
	make_room 21 2
	ok "$NAME_OF: so does a write into a hole of a present block" \
		dd if=/dev/urandom of="$DISK" bs=512k count=1 seek=40 oflag=direct conv=notrunc status=none
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$HOST/image.vhdx"
	umount "$HOST"
}

# nearly_full SIZE ROOM: an image of a disk of that size, with a block, on ext4 that has so much room
nearly_full() {
	truncate -s 0 "$SCRATCH/fs" && truncate -s 64M "$SCRATCH/fs" && mkdir -p "$HOST"
	if ! mke2fs -q -t ext4 -m 0 "$SCRATCH/fs" || ! mount -o loop "$SCRATCH/fs" "$HOST"; then
		not_ok "$NAME_OF: ext4" "not made, or not mounted"
		return 1
	fi
	defer umount -l "$HOST"
	vhdxctl create -q --block-size=1M "$HOST/image.vhdx" "$1"
	writable "$HOST/image.vhdx" || return
	put 0
	sync "$DISK"
	crumbs
	truncate -s "-$2" "$HOST/rest"
	sync -f "$HOST"
}

# A file system allocates a part of what it has no room for. What it has allocated is not lost.
trapped_room() {
	local NAME_OF="trapped room" i failed=0
	nearly_full 512M 120k || return
	ok "$NAME_OF: there is no room for a block of 1 MiB" not put_block 1
	for ((i = 0; i < 15; i++)); do put $((2 + i)) || failed=$((failed + 1)); done
	is $failed 0 "$NAME_OF: what it tried to take is there for 15 writes of 4 KiB"
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$HOST/image.vhdx"
	umount "$HOST"
}

# room_kib: on the host
room_kib() { df -k --output=avail "$HOST" | tail -n 1; }

# Metadata in a part of the file that was a hole needs a page, and takes no more if room is scarce.
pages_only() {
	local NAME_OF="pages only" before
	nearly_full 1T 900k || return
	before=$(room_kib)
	ok "$NAME_OF: the first entry in a MiB of the BAT finds room" put 204800
	ok "$NAME_OF: so does the next one" put 400000
	ok "$NAME_OF: and they leave most of it ($before KiB before, $(room_kib) KiB after)" \
		test "$(room_kib)" -gt $((before / 2))
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$HOST/image.vhdx"
	umount "$HOST"
}

# Blocks that are mostly holes, which nothing is to become: what is dropped takes no room.
no_new_holes() {
	local NAME_OF="--holes=no" i before
	truncate -s 0 "$SCRATCH/fs" && truncate -s 64M "$SCRATCH/fs" && mkdir -p "$HOST"
	mke2fs -q -t ext4 -m 0 "$SCRATCH/fs" && mount -o loop "$SCRATCH/fs" "$HOST" || return
	defer umount -l "$HOST"
	vhdxctl create -q --block-size=1M "$HOST/image.vhdx" 512M
	writable "$HOST/image.vhdx" --holes=no || return
	for ((i = 0; i < 40; i++)); do put "$i"; done
	sync "$DISK"
	before=$(room_kib)
	ok "$NAME_OF: a part of a block is made zeros" fallocate -p -o 0 -l 512K "$DISK"
	discard 1 39
	sync "$DISK"
	sleep 3
	sync -f "$HOST"
	ok "$NAME_OF: a discard takes no room of the host ($before KiB before, $(room_kib) KiB after)" \
		test "$(room_kib)" -ge $((before - 256))
	ok "$NAME_OF: what was dropped reads as zeros" cmp -n $((40 << 20)) "$DISK" /dev/zero
	ok "$NAME_OF: and is used again" eval 'put 50 && put 51'
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$HOST/image.vhdx"
	umount "$HOST"
}

# A place of a device that takes no writes keeps no others from being used.
bad_place() {
	local NAME_OF="bad place" image=$SCRATCH/bad.vhdx loop first i failed=0
	vhdxctl create -q --block-size=1M "$image" 256M
	first=$(($(stat -c %s "$image") >> 20))
	truncate -s $((first + 64))M "$image"
	loop=$(losetup -f --show "$image") && defer losetup -d "$loop"
	modprobe -q dm-mod
	dmsetup create --noudevsync bad <<-TABLE || { skip "$NAME_OF" "no device mapper"; return; }
		0 $((first + 2 << 11)) linear $loop 0
		$((first + 2 << 11)) 2048 error
		$((first + 3 << 11)) $((61 << 11)) linear $loop $((first + 3 << 11))
	TABLE
	defer dmsetup remove --noudevsync --force bad
	dmsetup mknodes bad
	writable /dev/mapper/bad || return
	for ((i = 0; i < 60; i++)); do put "$i" || failed=$((failed + 1)); done
	is $failed 0 "$NAME_OF: first writes find the MiB that are good"
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean /dev/mapper/bad
	dmsetup remove --noudevsync bad
}

# A discard's space is waited for, if what else is free is a bad place.
bad_place_and_discard() {
	local NAME_OF="bad place, full" image=$SCRATCH/badfull.vhdx loop first i
	vhdxctl create -q --block-size=1M "$image" 256M
	first=$(($(stat -c %s "$image") >> 20))
	truncate -s $((first + 32))M "$image"
	loop=$(losetup -f --show "$image") && defer losetup -d "$loop"
	modprobe -q dm-mod
	dmsetup create --noudevsync badfull <<-TABLE || { skip "$NAME_OF" "no device mapper"; return; }
		0 $((first + 2 << 11)) linear $loop 0
		$((first + 2 << 11)) 2048 error
		$((first + 3 << 11)) $((29 << 11)) linear $loop $((first + 3 << 11))
	TABLE
	defer dmsetup remove --noudevsync --force badfull
	dmsetup mknodes badfull
	writable /dev/mapper/badfull || return
	for ((i = 0; i < 40; i++)); do put "$i" || break; done
	is "$i" 31 "$NAME_OF: all the MiB that are good are used"
	sync "$DISK"
	discard 0 2
	ok "$NAME_OF: a write right after a discard finds room" put 50
	ok "$NAME_OF: so does another" put 51
	ok "$NAME_OF: and then there is none" not put 52
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean /dev/mapper/badfull
	dmsetup remove --noudevsync badfull
}

# All that is ready, or becomes it, is whole blocks' places. The unit to spare is not ready yet.
unit_while_recycling() {
	local NAME_OF="unit while space is recycled" image=$SCRATCH/while.avhdx start took
	vhdxctl create -q --block-size=4M "$SCRATCH/while.vhdx" 16G
	vhdxctl snapshot -q --keep-mode --block-size=4M "$SCRATCH/while.vhdx" "$image"
	truncate -s +3M "$image"
	writable "$image" --parent-dir "$SCRATCH" || return
	dd if=/dev/urandom of="$DISK" bs=4M count=15 oflag=direct conv=notrunc,fsync status=none
	delay recycle 4000
	discard 0 40
	sync "$DISK"
	sleep 1
	start=${EPOCHREALTIME/./}
	ok "$NAME_OF: a first write to a chunk" put 5000
	took=$((${EPOCHREALTIME/./} - start))
	ok "$NAME_OF: it waits for one piece, not for more ($took us)" test $took -lt 6000000
	delay recycle 0
	detach "$INDEX"
	ok "$NAME_OF: the image is in order" clean "$image"
}

# --- the host gets it back --------------------------------------------------------------

kib() { echo $(($(stat -c %b "$1") / 2)); }

less_than() { [ "$(kib "$1")" -lt "$2" ]; }

# within SECONDS COMMAND...: as wait_for, and a debug kernel has no more time
within() {
	local tries=$(($1 * 20))
	shift
	while ! "$@"; do
		[ $((tries--)) -gt 0 ] || return 1
		sleep 0.05
	done
}

fstrim_shows() {
	local image=$SCRATCH/trimmed.vhdx before
	vhdxctl create -q --block-size=1M "$image" 128M
	writable "$image" || return
	must mkfs.ext4 -q "$DISK" && mkdir -p "$SCRATCH/mount" && must mount "$DISK" "$SCRATCH/mount" || return
	defer umount -l "$SCRATCH/mount"
	dd if=/dev/urandom of="$SCRATCH/mount/large" bs=1M count=40 status=none
	sync
	rm "$SCRATCH/mount/large"
	sync
	before=$(kib "$image")
	fstrim "$SCRATCH/mount"
	ok "what fstrim discards goes back to the host, without a sync (from $before KiB)" \
		within 4 less_than "$image" $((before - 36 * 1024))
	umount "$SCRATCH/mount"
	detach "$INDEX"
}

# Discarded, made durable, discarded again while the first lot is on its way back
all_of_it_goes_back() {
	local image=$SCRATCH/lots.vhdx before
	vhdxctl create -q --block-size=1M "$image" 64M
	writable "$image" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=20 oflag=direct conv=fsync status=none
	before=$(kib "$image")
	delay recycle 1500
	discard 0 4
	sync "$DISK"
	sleep 0.2
	discard 4 16
	sync "$DISK"
	delay recycle 0
	ok "what is discarded while the last lot goes back follows it, without another sync" \
		within 6 less_than "$image" $((before - 19 * 1024))
	detach "$INDEX"
}

# An idle disk is left alone.
nothing_for_nothing() {
	local image=$SCRATCH/idle.vhdx commits
	vhdxctl create -q --block-size=1M "$image" 64M
	writable "$image" || return
	put 1
	sync "$DISK"
	discard 1 1
	sleep 3
	commits=$(counter journal_commits)
	sleep 7
	is "$(counter journal_commits)" "$commits" "once it is back there are no more commits"
	detach "$INDEX"
	ok "the image is in order" vhdxctl check -q "$image"
}

# While the second of the last discard has not passed
detached_at_once() {
	local image=$SCRATCH/once.vhdx
	vhdxctl create -q --block-size=1M "$image" 64M
	writable "$image" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=40 oflag=direct conv=fsync status=none
	discard 2 30
	detach "$INDEX" || not_ok "detached" "$LINE"
	ok "what is discarded just before detach goes back as well ($(kib "$image") KiB)" \
		less_than "$image" $((15 * 1024))
	ok "and the image is in order" vhdxctl check -q "$image"
}

on_a_device
child_on_a_device
just_enough
unit_to_spare
bad_unit_to_spare
trapped_room
pages_only
no_new_holes
bad_place
bad_place_and_discard
unit_while_recycling
on_a_file_system ext4
on_a_file_system ext4 --direct-io=off
sliced xfs 2 && on_a_file_system xfs
fstrim_shows
all_of_it_goes_back
nothing_for_nothing
detached_at_once

finish
