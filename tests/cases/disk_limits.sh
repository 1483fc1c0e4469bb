#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The limits, the attributes and the partitions of a disk are right, and there when attach
# returns.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

queue() { cat "$SYS/queue/$1"; }

# limits NAME BLOCK LOGICAL PHYSICAL SIZE
limits() {
	attach "$IMAGES/good/$1.vhdx"
	is "$(blockdev --getss "$DISK")/$(blockdev --getpbsz "$DISK")" "$3/$4" "$1: sector sizes"
	is "$(blockdev --getsize64 "$DISK")" "$5" "$1: size"
	is "$(queue optimal_io_size)" 0 "$1: no size of a request is better than another"
	is "$(queue chunk_sectors)" "$(($2 / 512))" "$1: requests do not cross blocks"
	is "$(attr block_size)" "$2" "$1: block size in sysfs"
	is "$(queue rotational)$(queue add_random)" 00 "$1: it does not rotate"
	is "$(cat "$SYS/removable")" 0 "$1: is not removable"
	detach "$INDEX"
}

# mkfs.ext4 takes an optimal size for the stripe of a RAID and spreads its tables by it.
no_stripe() {
	vhdxctl create -q --block-size="$1" "$SCRATCH/$1.vhdx" 1G
	attach -n -w -o 2 "$SCRATCH/$1.vhdx"
	like "$(mke2fs -n -v -t ext4 -b 4096 "$DISK" 2>&1)" 'Stride=0 blocks, Stripe width=0 blocks' \
		"blocks of $1: mkfs.ext4 finds no RAID"
	detach "$INDEX"
}

# Any limit that is written to makes the kernel compute read-ahead again.
read_ahead_stays() {
	local before
	attach "$IMAGES/good/$1.vhdx"
	before=$(queue read_ahead_kb)
	is "$before" 2048 "$1: 2 MiB are read ahead"
	ok "$1: a limit can be set" eval "echo 512 >$SYS/queue/max_sectors_kb"
	ok "$1: read-ahead does not grow when a limit is set" test "$(queue read_ahead_kb)" -le "$before"
	detach "$INDEX"
}

# with_table LABEL: an image of 64 MiB with two partitions
make_partitioned() {
	local raw=$SCRATCH/$1.raw
	truncate -s 64M "$raw"
	sfdisk -q "$raw" <<-TABLE
		label: $1
		2048,20480
		,20480
	TABLE
	mke2fs -q -t ext2 -U 0f0e0d0c-0b0a-4908-8706-05040302010"$2" -L "part$2" -E offset=1048576 "$raw" 10M
	qemu-img convert -f raw -O vhdx -o subformat=dynamic,block_size=1M "$raw" "$SCRATCH/$1.vhdx"
	rm "$raw"
}

partitions() {
	local device
	make_partitioned "$1" "$2"
	device=$(vhdxctl attach -r "$SCRATCH/$1.vhdx")
	use "${device#/dev/vhdx}"
	ok "$1: partitions are there when attach returns" test -b "${DISK}p1" -a -b "${DISK}p2"
	ok "$1: the link by UUID is there too" test -b "/dev/disk/by-uuid/0f0e0d0c-0b0a-4908-8706-05040302010$2"
	ok "$1: and the link by label" test -b "/dev/disk/by-label/part$2"
	is "$(blkid -o value -s TYPE "${DISK}p1")" ext2 "$1: the file system is found"
	ok "$1: sfdisk can list it" sfdisk -l "$DISK"
	like "$(sfdisk -g "$DISK" 2>&1)" '255 heads, 63 sectors' "$1: it has a geometry, for old tools"
	ok "$1: detach takes the partitions along" vhdxctl detach "$DISK"
	ok "$1: and the links" not test -e "/dev/disk/by-label/part$2"
	attached "$1: attach without a partition scan" -n "$SCRATCH/$1.vhdx"
	ok "$1: finds none" not test -e "${DISK}p1"
	is "$(attr partscan)" 0 "$1: and sysfs says so"
	ok "$1: partx adds them all the same" partx -a "$DISK"
	ok "$1: both are there" wait_for 5 test -b "${DISK}p1" -a -b "${DISK}p2"
	ok "$1: partx takes them away again" wait_for 10 partx -d "$DISK"
	detach "$INDEX"
	parted_makes_one "$1"
}

# parted writes the table and adds the partitions to the kernel's.
parted_makes_one() {
	cp --sparse=always "$SCRATCH/$1.vhdx" "$SCRATCH/parted.vhdx"
	attached "$1: attach for parted without a partition scan" -n -w -o 2 "$SCRATCH/parted.vhdx"
	ok "$1: parted makes a partition" parted -s "$DISK" mkpart primary 40MiB 50MiB
	ok "$1: which is there" wait_for 5 test -b "${DISK}p3"
	wait_for 10 is_not_busy "$INDEX"
}

identity() {
	local id
	attach "$IMAGES/good/disk-1g.vhdx"
	id=$(attr disk_id)
	like "$id" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' "the disk id is a GUID"
	is "$(vhdxctl info -J "$IMAGES/good/disk-1g.vhdx" | jq -r '.image["disk-id"]')" "$id" "the disk id is the one that vhdxctl info prints"
	is "$(attr wwn)" "0x60022480${id:6:2}${id:4:2}${id:2:2}${id:0:2}${id:11:2}${id:9:2}${id:24:12}" \
		"the WWN is what Hyper-V shows its guests"
	is "$(stat -c %t "$DISK")" 103 "the disk uses the extended major 259"
	ok "the link by WWN is there" wait_for 5 test -b "/dev/disk/by-id/wwn-$(attr wwn)"
	like "$(attr data_write_guid)" '^[0-9a-f-]{36}$' "the data write GUID is a GUID"
	is "$(attr backing_file)" "$IMAGES/good/disk-1g.vhdx" "sysfs names the file"
	is "$(attr type)/$(attr dio)/$(attr dio_reason)/$(attr autoclear)" dynamic/1/-/0 "type, direct I/O, autoclear"
	detach "$INDEX"
}

sectors_read() { awk '{ print $3 }' "$SYS/stat"; }

# Reading ahead by blocks of 256 MiB would fill the memory for one page.
little_readahead() {
	local before
	attach -n "$IMAGES/good/block-256m-512.vhdx"
	udevadm settle -t 10
	before=$(sectors_read)
	randread -m mmap -n 1 -t 1 -b 512 -s "$SEED" "$DISK" "$MODELS/good/block-256m-512" >/dev/null
	ok "one mapped page costs at most 4 MiB of reading, whatever the block size" \
		test $(($(sectors_read) - before)) -le 8192
	detach "$INDEX"
}

# sysfs can be read by every user. An ordinary user sees all that root sees but the file's inode.
as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

without_root() {
	local wanted
	attach "$IMAGES/good/disk-1g.vhdx"
	wait_for 10 test -b "/dev/disk/by-id/wwn-$(attr wwn)"
	wanted="$DISK 1G 1 dynamic"
	like "$(as_user vhdxctl list -n -o NAME,SIZE,RO,TYPE,BACK-FILE | tr -s ' ')" \
		"^$wanted $IMAGES/good/disk-1g.vhdx" "list needs no root"
	is "$(as_user vhdxctl list -J --output-all | jq -r '.vhdx[0]["disk-id"]')" "$(attr disk_id)" \
		"list --json needs no root"
	cp --sparse=always "$PRISTINE/good/disk-1g.vhdx" "$SCRATCH/image.vhdx"
	ok "info of an image needs no root" as_user vhdxctl info "$SCRATCH/image.vhdx"
	is "$(as_user vhdxctl detach "$DISK" >/dev/null 2>&1; echo $?)" 2 "detach does: status 2"
	is "$(as_user vhdxctl attach -r "$SCRATCH/image.vhdx" >/dev/null 2>&1; echo $?)" 2 "attach does: status 2"
	detach "$INDEX"
}

limits block-1m-512 $((1 << 20)) 512 512 $((9 * 1024 ** 3 + 1024 ** 2 + 512))
limits block-256m-4k $((256 << 20)) 4096 4096 $((65 * 1024 ** 3 + 1024 ** 2 + 4096))
limits disk-512b $((1 << 20)) 512 4096 512
limits disk-64t $((1 << 20)) 512 4096 $((64 * 1024 ** 4))
no_stripe 1M
no_stripe 256M
read_ahead_stays block-1m-512
read_ahead_stays block-256m-4k
partitions gpt 1
partitions dos 2
identity
little_readahead
without_root

finish
