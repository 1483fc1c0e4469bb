#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A disk shows the same on every kind of backing, and an error where its file cannot be read. The
# backings are file systems, block devices, and files behind overlays.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

SOURCE=$PRISTINE/good/creator-empty.vhdx
MODEL=$MODELS/good/creator-empty
MIB=2048				# in sectors

mode() { echo "$(attr dio) $(attr dio_reason)"; }

# right CLAIM FILE [OPTION...]: attached, all of it right, in whatever way it is read
right() {
	local claim=$1 file=$2
	shift 2
	if ! attach "$@" "$file"; then
		not_ok "$claim: is attached" "$LINE"
		return
	fi
	MODE=$(mode) INLINE=$(attr nowait_reason)
	diag "$claim: dio $MODE; inline $INLINE"
	ok "$claim: every byte" blkcmp "$DISK" "$MODEL"
	ok "$claim: random reads" randread -n $((DEBUG ? 50 : 200)) -s "$SEED" "$DISK" "$MODEL"
	ok "$claim: through the page cache" randread -m buffered -n 100 -s "$SEED" -b 65536 "$DISK" "$MODEL"
	detach "$INDEX"
}

# on FILESYSTEM [LOSETUP-OPTION...]: a fresh one on a loop device; sets WHERE
on() {
	local fs=$1 file=$SCRATCH/$1.img loop
	shift
	WHERE=$SCRATCH/$fs
	mkdir -p "$WHERE"
	truncate -s 400M "$file"
	loop=$(losetup -f --show "$@" "$file") || return
	defer losetup -d "$loop"
	host_fs "$fs" "$loop" >/dev/null 2>&1 && mount -t "$fs" "$loop" "$WHERE" || return
	defer umount -l "$WHERE"
	cp --sparse=always "$SOURCE" "$WHERE/image.vhdx"
	sync
}

# others FILESYSTEM REASON: of what is read by threads only
others() {
	on "$1" || { skip "$1" "no such file system here"; return; }
	right "$1" "$WHERE/image.vhdx"
	is "$INLINE" "$2" "$1: nowait_reason says whether the submitter reads"
}

file_systems() {
	right "ext4" "$IMAGES/good/creator-empty.vhdx"
	is "$MODE $INLINE" "1 - -" "ext4 is read directly, and by the submitter"
	right "ext4, buffered" "$IMAGES/good/creator-empty.vhdx" -b
	is "$MODE" "0 buffered I/O was requested" "ext4 is not read directly if buffered I/O is requested"
	others xfs -
	others btrfs "file system is not known to be safe for nowait I/O"
	memory_file_systems
}

memory_file_systems() {
	mkdir -p "$SCRATCH/tmpfs" "$SCRATCH/merged"
	mount -t tmpfs tmpfs "$SCRATCH/tmpfs"
	defer umount -l "$SCRATCH/tmpfs"
	cp --sparse=always "$SOURCE" "$SCRATCH/tmpfs/image.vhdx"
	right tmpfs "$SCRATCH/tmpfs/image.vhdx"
	mkdir -p "$SCRATCH"/tmpfs/{lower,upper,work}
	mv "$SCRATCH/tmpfs/image.vhdx" "$SCRATCH/tmpfs/lower/"
	mount -t overlay -o "lowerdir=$SCRATCH/tmpfs/lower,upperdir=$SCRATCH/tmpfs/upper,workdir=$SCRATCH/tmpfs/work" \
		overlay "$SCRATCH/merged" || { skip overlay "no overlay"; return; }
	defer umount -l "$SCRATCH/merged"
	right overlay "$SCRATCH/merged/image.vhdx"
}

by_tool() {
	local device
	device=$(vhdxctl attach -r --direct-io=off "$IMAGES/good/creator-empty.vhdx")
	use "${device#/dev/vhdx}"
	is "$(mode)" "0 buffered I/O was requested" "vhdxctl attach --direct-io=off does that"
	vhdxctl detach "$DISK"
}

block_device() {
	local loop
	cp --sparse=always "$SOURCE" "$SCRATCH/raw.vhdx"
	loop=$(losetup -f --show "$SCRATCH/raw.vhdx")
	defer losetup -d "$loop"
	right "a block device" "$loop"
	is "$MODE $INLINE" "1 - -" "a block device is read directly, and by the submitter"
}

# Sectors of 512 bytes on a device of 4096: a direct read is longer than the request.
large_sectors() {
	if ! on ext4 -b 4096; then
		skip "an image on large sectors" "no such loop device"
		return
	fi
	right "512 on 4096" "$WHERE/image.vhdx"
	like "$MODE" "^0 .*larger sectors" "an image of small sectors on large ones is read through the page cache"
	cp --sparse=always "$PRISTINE/good/fixed-4k.vhdx" "$WHERE/4k.vhdx"
	MODEL=$MODELS/good/fixed-4k
	right "4096 on 4096" "$WHERE/4k.vhdx"
	is "$MODE" "1 -" "one of large sectors is read directly"
	MODEL=$MODELS/good/creator-empty
}

# --- data that change while they are written ---------------------------------------

# changing CLAIM FILE [OPTION...]: some, all over the disk; sets MODE
changing() {
	attached "$1: attached for writing" -n -w -o 2 "${@:3}" "$2" || return
	MODE=$(mode)
	diag "$1: dio $MODE"
	ok "$1: data that change meanwhile are written" unstable "$DISK"
	sync
	echo 3 >/proc/sys/vm/drop_caches
	ok "P3: $1: and can be read" reads iflag=direct bs=1M
	detach "$INDEX"
}

# older OF-WHICH NUMBER: is this kernel?
older() { [ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" != "$1" ]; }

# btrfs sums up what it is given, and then writes it; since Linux 6.15 it takes a copy before.
summed_up() {
	local where=$SCRATCH/btrfs wanted='1 -'
	mountpoint -q "$where" || { skip "data that change on btrfs" "no btrfs"; return; }
	! older 6.15 || wanted='0 data may change in flight, but the file system checksums it'
	cp --sparse=always "$SOURCE" "$where/summed.vhdx"
	changing "btrfs" "$where/summed.vhdx"
	is "$MODE" "$wanted" "btrfs: whether it is written directly"
	touch "$where/plain.vhdx"
	chattr +C "$where/plain.vhdx"
	cp --sparse=always "$SOURCE" "$where/plain.vhdx"
	changing "btrfs without sums" "$where/plain.vhdx"
	is "$MODE" "1 -" "btrfs without sums: is written directly"
}

# Whether the disk requires stable pages of file systems on it
stable_writes() { cat "/sys/block/vhdx$INDEX/queue/stable_writes"; }

# stable_writes_of CLAIM VALUE FILE [OPTION...]
stable_writes_of() {
	attached "$1: attached for writing" -n -w -o 2 "${@:4}" "$3" || return
	is "$(stable_writes)" "$2" "$1: whether data must stay as they are while they are written"
	detach "$INDEX"
}

# As RAID with parity or a target with digests does; here a device that only says so
stable_below() {
	local loop where=$SCRATCH/stable
	cp --sparse=always "$SOURCE" "$SCRATCH/stable.vhdx"
	loop=$(losetup -f --show "$SCRATCH/stable.vhdx")
	defer losetup -d "$loop"
	stable_writes_of "a device" 0 "$loop"
	echo 1 >"/sys/block/${loop##*/}/queue/stable_writes"
	stable_writes_of "a device that sums up" 1 "$loop"
	stable_writes_of "the same, buffered" 0 "$loop" -b
	truncate -s 100M "$SCRATCH/stable.vhdx"
	losetup -c "$loop"
	goes_on_in "$loop"
	mkdir -p "$where"
	host_fs ext4 "$loop" && mount "$loop" "$where" || { not_ok "a file system on it: mounted"; return; }
	defer umount -l "$where"
	cp --sparse=always "$SOURCE" "$where/image.vhdx"
	stable_writes_of "a file system on it" 1 "$where/image.vhdx"
}

# goes_on_in DEVICE: a disk that does not require stable pages goes on in a child on a device that
# requires them
goes_on_in() {
	local image=$SCRATCH/goes-on.vhdx
	vhdxctl create -q --block-size=1M "$image" 32M
	vhdxctl snapshot -q --keep-mode --block-size=1M "$image" "$SCRATCH/goes-on.child"
	dd if="$SCRATCH/goes-on.child" of="$1" bs=1M conv=fsync status=none
	attached "goes on: attached for writing" -n -w -o 2 "$image" || return
	is "$(mode)" "1 -" "goes on: directly at first"
	LINE=$(ioctl snapshot "$INDEX" "$1")
	is $? 0 "goes on: in a child on a device that sums up ($LINE)"
	is "$(mode)" "0 data may change in flight, but the backing device checksums it" \
		"goes on: through the page cache then"
	ok "goes on: is written" unstable "$DISK"
	ok "goes on: and read" reads iflag=direct bs=1M
	detach "$INDEX"
}

# --- errors below ----------------------------------------------------------------

# faulty_table [START SECTORS]: the loop device, with errors there
faulty_table() {
	local size
	size=$(blockdev --getsz "$LOOP")
	if [ $# = 0 ]; then
		echo "0 $size linear $LOOP 0"
		return
	fi
	echo "0 $1 linear $LOOP 0"
	echo "$1 $2 error"
	echo "$(($1 + $2)) $((size - $1 - $2)) linear $LOOP $(($1 + $2))"
}

faulty_set() {
	dmsetup suspend --noudevsync faulty
	faulty_table "$@" | dmsetup reload faulty
	dmsetup resume --noudevsync faulty
}

faulty_start() {
	cp --sparse=always "$SOURCE" "$SCRATCH/faulty.vhdx"
	LOOP=$(losetup -f --show "$SCRATCH/faulty.vhdx")
	defer losetup -d "$LOOP"
	faulty_table | dmsetup create --noudevsync faulty || return
	defer dmsetup remove --noudevsync --force faulty
	FAULTY=/dev/dm-$(dmsetup info -c --noheadings -o minor faulty)
	wait_for 10 test -b "$FAULTY"
}

eio() { [[ $(reads iflag=direct "$@") = *'Input/output error' ]]; }

# The image has its BAT at 3 MiB and its blocks 0, 1, 5, 31, 63 from 4 MiB on.
errors_below() {
	local options
	if ! faulty_start; then
		skip "errors below" "no device mapper"
		return
	fi
	for options in '' -b; do
		errors_in_payload "${options:+buffered, }" ${options:+"$options"}
		errors_in_bat "${options:+buffered, }" ${options:+"$options"}
	done
	errors_at_attach
}

errors_in_payload() {
	local how=$1
	shift
	faulty_set $((4 * MIB + MIB)) $MIB
	attach -n "$@" "$FAULTY"
	drop_caches
	ok "P7: ${how}an unreadable block gives EIO" eio bs=4k count=1 skip=256
	ok "${how}and only that one" reads bs=1M count=1 iflag=direct
	ok "${how}nor does it spread" reads bs=1M skip=2 iflag=direct
	faulty_set
	ok "${how}it reads right when the error goes away" blkcmp "$DISK" "$MODEL"
	detach "$INDEX"
}

drop_caches() {
	blockdev --flushbufs "$FAULTY"
	echo 3 >/proc/sys/vm/drop_caches
}

errors_in_bat() {
	local how=$1
	shift
	faulty_set $((3 * MIB)) $MIB
	attach -n "$@" "$FAULTY"
	drop_caches
	ok "P2: ${how}an unreadable BAT gives EIO, not zeros" eio bs=4k count=1
	ok "${how}for absent blocks too" eio bs=4k count=1 skip=2560
	is "$(counter cache_pages)" 0 "${how}nothing of it is kept"
	faulty_set
	ok "${how}it reads right when the error goes away" blkcmp "$DISK" "$MODEL"
	detach "$INDEX"
}

errors_at_attach() {
	faulty_set $((2 * MIB)) $MIB
	blockdev --flushbufs "$FAULTY"
	attach "$FAULTY"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EIO/801 "P7: unreadable metadata: attach fails with EIO"
	faulty_set
	attached "and succeeds when the error goes away" "$FAULTY"
	detach "$INDEX"
}

# Files are protected from that; a device can shrink.
shrunk() {
	local loop
	cp --sparse=always "$SOURCE" "$SCRATCH/shrunk.vhdx"
	loop=$(losetup -f --show "$SCRATCH/shrunk.vhdx")
	defer losetup -d "$loop"
	attach -n "$loop"
	truncate -s $((8 * 1024 * 1024)) "$SCRATCH/shrunk.vhdx"
	losetup -c "$loop"
	ok "P5: a block that was cut off behind our back gives EIO, not zeros" eio bs=4k count=1 skip=$((63 * 256))
	ok "P7: the others can be read" reads bs=1M count=32 iflag=direct
	detach "$INDEX"
	attach -n -b "$loop"
	ok "P5: and so it does buffered" eio bs=4k count=1 skip=$((63 * 256))
	detach "$INDEX"
}

file_systems
summed_up
stable_below
by_tool
block_device
large_sectors
errors_below
shrunk
untouched "the image is as it was" good/creator-empty.vhdx

finish
