#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Disks on other block devices have the limits of these, and no disk is written through itself.
# The same on file systems. Direct I/O works at any address that a disk promises.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

queue() { cat "/sys/block/$1/queue/$2"; }

# image FILE SIZE [OPTION...]
image() { vhdxctl create -q --block-size=1M "${@:3}" "$1" "$2"; }

# loop SIZE: sets NODE
loop() {
	local file
	file=$(mktemp "$SCRATCH/loop.XXXXXX")
	truncate -s "$1" "$file"
	NODE=$(losetup -f --show "$file") || return
	defer losetup -d "$NODE"
}

# mapped NAME TABLE: a device mapper's device; sets NODE
mapped() {
	modprobe -q dm-mod
	must dmsetup create --noudevsync "$1" --table "$2" || return
	defer dmsetup remove --noudevsync --force "$1"
	NODE=/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")
	wait_for 10 test -b "$NODE"
}

# linear NAME DEVICE
linear() { mapped "$1" "0 $(blockdev --getsz "$2") linear $2 0"; }

# crypt NAME DEVICE
crypt() {
	modprobe -q dm-crypt
	mapped "$1" "0 $(blockdev --getsz "$2") crypt cipher_null-ecb - 0 $2 0 1 sector_size:4096"
}

# mounted DEVICE [NAME]: with a new file system; sets WHERE
mounted() {
	WHERE=$SCRATCH/on-${1##*/}
	mkdir -p "$WHERE"
	host_fs ext4 "$1" && mount "$1" "$WHERE" || return
	defer umount -l "$WHERE"
}

overlay() {
	mkdir -p "$1"/{lower,upper,work,merged}
	modprobe -q overlay
	must mount -t overlay -o "lowerdir=$1/lower,upperdir=$1/upper,workdir=$1/work" overlay "$1/merged" || return
	defer umount -l "$1/merged"
}

# --- what is right on every stack ------------------------------------------------------

ODD=$'512 0\n1024 0\n2048 0'
REFUSED=$'512 EINVAL\n1024 EINVAL\n2048 EINVAL'

# right CLAIM FILE [ODD]: attached for writing, all of it
right() {
	attached "$1: attached" -n -w -o 2 "$2" || return
	diag "$1: dio $(attr dio) $(attr dio_reason), dma_alignment $(queue "$NAME" dma_alignment)"
	dd if=/dev/urandom of="$SCRATCH/data" bs=1M count=3 status=none
	ok "$1: is written directly" dd if="$SCRATCH/data" of="$DISK" bs=1M oflag=direct status=none
	echo 1 >/proc/sys/vm/drop_caches
	ok "$1: shows what was written" cmp -n $((3 << 20)) "$SCRATCH/data" "$DISK"
	is "$(misaligned -w "$DISK")" "${3-$ODD}" "$1: direct I/O at odd addresses"
	is "$(queue "$NAME" optimal_io_size)" 0 "$1: no stripe is made up"
	ok "$1: detached" detach "$INDEX"
	is "$(vhdxctl check -q "$2" 2>&1)" "" "$1: the image is clean"
}

# The device below takes pages only: the disk says so, and file systems on it find out.
on_large_sectors() {
	local below promised
	loop 64M
	crypt crypt "$NODE" || { skip "dm-crypt" "no dm-crypt"; return; }
	below=$NODE
	promised=$(queue "${below##*/}" dma_alignment)
	image "$SCRATCH/4k.vhdx" 16M --type=fixed --logical-sector-size=4096
	dd if="$SCRATCH/4k.vhdx" of="$below" bs=1M oflag=direct status=none
	attached "dm-crypt: attached" -n -w -o 2 "$below" || return
	is "$(attr dio)" 1 "dm-crypt: I/O is direct"
	is "$(queue "$NAME" dma_alignment)" "$promised" \
		"dm-crypt: the disk wants memory aligned as the device below does"
	detach "$INDEX"
	right "dm-crypt" "$below" "$([ "$promised" = 511 ] && echo "$ODD" || echo "$REFUSED")"
	image "$SCRATCH/512.vhdx" 16M --type=fixed --logical-sector-size=512
	dd if="$SCRATCH/512.vhdx" of="$below" bs=1M oflag=direct status=none
	right "dm-crypt, small sectors" "$below"
	mounted "$below" || return
	image "$WHERE/a.vhdx" 16M --logical-sector-size=4096
	right "ext4 on dm-crypt" "$WHERE/a.vhdx" "$([ "$promised" = 511 ] && echo "$ODD" || echo "$REFUSED")"
}

on_every_stack() {
	loop 128M
	mounted "$NODE" && image "$WHERE/a.vhdx" 16M && right "ext4 on loop" "$WHERE/a.vhdx"
	loop 128M
	linear lin "$NODE" && mounted "$NODE" && image "$WHERE/a.vhdx" 16M && right "ext4 on dm-linear" "$WHERE/a.vhdx"
	overlay "$SCRATCH/right" && image "$SCRATCH/right/merged/a.vhdx" 16M &&
		right "overlayfs" "$SCRATCH/right/merged/a.vhdx"
	right "its upper directory" "$SCRATCH/right/upper/a.vhdx"
	image "$SCRATCH/outer.vhdx" 128M
	attached "outer: attached" -n -w -o 2 "$SCRATCH/outer.vhdx"
	mounted "$DISK" && image "$WHERE/a.vhdx" 16M && right "ext4 on another disk" "$WHERE/a.vhdx"
	on_raid
	cleanup_mounts
}

on_raid() {
	local one
	have mdadm || { skip "md" "no mdadm"; return; }
	loop 64M
	one=$NODE
	loop 64M
	mdadm --create /dev/md127 --run --level=1 --raid-devices=2 --metadata=1.2 "$one" "$NODE" || return
	defer mdadm --stop /dev/md127
	mounted /dev/md127 && image "$WHERE/a.vhdx" 16M && right "ext4 on md" "$WHERE/a.vhdx"
}

cleanup_mounts() {
	local i
	for ((i = ${#DEFERRED[@]} - 1; i >= 0; i--)); do
		eval "${DEFERRED[i]}" >/dev/null 2>&1
	done
	DEFERRED=()
	detach_all
}

# --- one file by two names -----------------------------------------------------------

refused_as() {
	local claim=$1 reason=$2
	shift 2
	if attach "$@"; then
		not_ok "$claim" "it was attached"
		detach "$INDEX"
	else
		is "$(field "$LINE" errno)/$(field "$LINE" reason)" "$reason" "$claim"
	fi
}

# A file in an overlay and the same in its upper directory have two inodes.
through_overlay() {
	local at=$SCRATCH/two first
	overlay "$at" || return
	image "$at/merged/a.vhdx" 16M
	attached "P6: overlay: attached for writing" -n -w -o 2 "$at/merged/a.vhdx" || return
	first=$INDEX
	refused_as "P6: its file in the upper directory is attached already" EBUSY/915 -n -w -o 2 "$at/upper/a.vhdx"
	refused_as "P6: and so it is for reading" EBUSY/915 -n "$at/upper/a.vhdx"
	detach "$first"
	attached "P6: the upper directory: attached for reading" -n "$at/upper/a.vhdx"
	first=$INDEX
	ok "P6: it cannot be opened for writing through the overlay" not ioctl attach -n -w -o 2 "$at/merged/a.vhdx"
	detach "$first"
	attached "P6: overlay: attached for reading" -n "$at/merged/a.vhdx"
	first=$INDEX
	ok "P6: nothing else writes to the file in the upper directory" not dd if=/dev/null of="$at/upper/a.vhdx" \
		conv=notrunc status=none
	detach "$first"
	copied_up "$at"
	twice_in_a_chain "$at"
}

# Changing an inode's mode copies a file of the lower directory to the upper one.
copied_up() {
	local at=$1 first
	umount "$at/merged"
	mv "$at/upper/a.vhdx" "$at/lower/a.vhdx"
	overlay "$at"
	attached "P6: the lower directory, through the overlay: attached for reading" -n "$at/merged/a.vhdx"
	first=$INDEX
	chmod 600 "$at/merged/a.vhdx"
	refused_as "P6: not for writing once it was copied up" EBUSY/919 -n -w -o 2 "$at/upper/a.vhdx"
	detach "$first"
}

twice_in_a_chain() {
	refused_as "P6: not twice in one chain" EOPNOTSUPP/706 -n "$1/merged/a.vhdx" "$1/upper/a.vhdx"
}

# --- a disk that would be written to through itself ---------------------------------

# begin: a disk of its own to build on
begin() {
	image "$SCRATCH/base.vhdx" 256M
	attached "$1: attached" -n -w -o 2 "$SCRATCH/base.vhdx" || return
	BASE=$INDEX BASE_DISK=$DISK
}

# on_itself CLAIM [DIRECTORY]: no child there. The tool is only run if the kernel refuses it, too.
on_itself() {
	local said where=${2-$WHERE}
	dd if=/dev/urandom of="$where/child.vhdx" bs=1M count=1 conv=fsync status=none
	sync
	LINE=$(timeout 30 ioctl snapshot "$BASE" "$where/child.vhdx")
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EINVAL/922 "$1: no snapshot goes there, says the kernel" || return
	rm "$where/child.vhdx"
	said=$(timeout 30 vhdxctl snapshot -q "$BASE_DISK" "$where/child.vhdx" 2>&1)
	is $? 1 "$1: nor does the tool try"
	like "$said" "on the disk itself" "$1: it says why"
	ok "$1: it leaves no file" not test -e "$where/child.vhdx"
	ok "$1: the disk goes on" dd if=/dev/zero of="$where/file" bs=1M count=2 conv=fsync status=none
}

cycles() {
	begin "cycle" || return
	mounted "$BASE_DISK" && on_itself "a file system on the disk"
	cycle_overlay
	cycle_files "$SCRATCH/on-vhdx$BASE"
	cleanup_mounts
	cycle_devices
}

cycle_overlay() {
	overlay "$WHERE/overlay" && on_itself "an overlay on the disk" "$WHERE/overlay/merged"
}

# Files on the disk that hold other devices
cycle_files() {
	local inner
	truncate -s 64M "$1/loop"
	NODE=$(losetup -f --show "$1/loop")
	defer losetup -d "$NODE"
	mounted "$NODE" && on_itself "a loop device on a file on the disk"
	image "$1/inner.vhdx" 64M
	attached "inner: attached" -n -w -o 2 "$1/inner.vhdx"
	inner=$INDEX
	mounted "$DISK" && on_itself "another disk, of a file on the disk"
	umount "$WHERE"
	linear inner "/dev/vhdx$inner" && mounted "$NODE" && on_itself "dm-linear on another disk, of a file on the disk"
}

cycle_devices() {
	local stack
	for stack in linear crypt crypt_linear loop_of; do
		begin "$stack" || return
		other_stack elsewhere || return
		"$stack" stack "$BASE_DISK" && mounted "$NODE" && on_itself "$stack on the disk"
		elsewhere "$stack" "$OTHER"
		cleanup_mounts
	done
}

crypt_linear() { linear "$1-below" "$2" && crypt "$1" "$NODE"; }

loop_of() {
	NODE=$(losetup -f --show "$2")
	defer losetup -d "$NODE"
}

# other_stack NAME: a file system on a device that has nothing to do with the disk; sets OTHER, and
# NODE of what is below. A disk that goes on in a file there is detached before the device is removed.
other_stack() {
	local below
	loop 64M
	below=$NODE
	linear "$1" "$below" && mounted "$NODE" || return
	defer detach_all
	NODE=$below OTHER=$WHERE
}

# elsewhere CLAIM DIRECTORY
elsewhere() {
	ok "$1: a child on another stack is fine" timeout 60 vhdxctl snapshot -q --keep-mode "$BASE_DISK" "$2/child.avhdx"
	is "$(cat "/sys/block/vhdx$BASE/vhdx/backing_file")" "$2/child.avhdx" "$1: and the disk goes on in it"
}

# On a stack, the disk is stopped to see if the device goes on. On this one each read takes 400 ms.
slow_elsewhere() {
	local held sectors below opened
	modprobe -q dm-delay
	begin "slow stack" || return
	other_stack slow || return
	below=$NODE sectors=$(blockdev --getsz "$NODE")
	dmsetup load slow --table "0 $sectors delay $below 0 400" ||
		{ skip "slow stack" "no dm-delay"; return; }
	dmsetup suspend --noudevsync --nolockfs slow
	dmsetup resume --noudevsync slow
	# a disk that nothing has open need not be stopped
	exec {opened}<"$BASE_DISK"
	held=$(timeout 100 vhdxctl -v snapshot --keep-mode "$BASE_DISK" "$OTHER/child.avhdx" 2>&1)
	is $? 0 "slow stack: a child on it is fine"
	exec {opened}<&-
	held=$(sed -n 's/.*held for \([0-9]*\).*/\1/p' <<<"$held")
	ok "slow stack: the time that I/O was held has this in it ($held ms)" test "$held" -ge 400
}

on_large_sectors
cleanup_mounts
on_every_stack
through_overlay
cleanup_mounts
slow_elsewhere
cleanup_mounts
cycles

finish
