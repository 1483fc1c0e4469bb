#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7: swap and dirty pages on a disk are written when memory is short, without a hang or a wrong
# byte.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

GROUP=/sys/fs/cgroup/vhdx-test
POINT=$SCRATCH/mount
mkdir -p "$POINT"

# disk NAME SIZE BLOCK-SIZE: attached; sets DISK
disk() {
	vhdxctl create -q --block-size="$3" "$SCRATCH/$1.vhdx" "$2"
	attached "$1: attached" -n -w -o 2 "$SCRATCH/$1.vhdx"
}

undo_disk() {
	ok "$1: detached" detach "$2"
	ok "P8: $1: vhdxctl check" vhdxctl check -q "$SCRATCH/$1.vhdx"
	rm -f "$SCRATCH/$1.vhdx"
}

# limited MIB COMMAND...: it may have so much memory; groups of the same size are one
limited() {
	local group=$GROUP/$1
	mkdir -p "$group" && echo "$1M" >"$group/memory.max" || return
	(echo "$BASHPID" >"$group/cgroup.procs" && shift && exec "$@")
}

# MiB written to the disk; not every kernel counts pages
swapped() { awk '{ print int($7 / 2048) }' "/sys/block/vhdx$SWAP/stat"; }

# pressure CLAIM SECONDS LIMIT MIB: a process that needs MIB gets LIMIT, and there is swap
pressure() {
	local before rc
	before=$(swapped)
	LINE=$(limited "$3" timeout "$2" memhog -s "$SEED" -r 2 "$4" 2>&1)
	rc=$?
	diag "$LINE, $(($(swapped) - before)) MiB swapped out"
	is $rc 0 "P7: $1: what was swapped out came back, in less than $2 s"
	ok "$1: there was something" test $(($(swapped) - before)) -gt $(($4 / 4))
}

# Buffered writes in a group that cannot hold their dirty pages
dirty_pages() {
	local mib=$1
	ok "P7: $2: $mib MiB are written by processes that may have 24 MiB" limited 24 timeout 600 \
		fio --name=dirty --directory="$POINT" --rw=randwrite --bsrange=4k-128k --size="${mib}M" \
		--ioengine=psync --numjobs=2 --verify=crc32c --do_verify=1 --verify_fatal=1 \
		--randseed="$SEED" --verify_state_save=0 --end_fsync=1 --minimal
}

swap_on_a_disk() {
	disk swap 1G 1M || return
	SWAP=$INDEX
	ok "swap: made" mkswap -q "$DISK"
	ok "swap: in use" swapon "$DISK"
	defer swapoff "$DISK"
	pressure "swap on a disk" 600 $((LONG ? 64 : 32)) $((LONG ? 512 : 64))
}

# Both at a time, in the one and the other
all_at_once() {
	local hog
	disk files 1G 32M || return
	ok "files: ext4 made" mke2fs -q -t ext4 "$DISK"
	mount "$DISK" "$POINT"
	dirty_pages $((LONG ? 128 : 16)) "writers alone"
	limited $((LONG ? 64 : 32)) timeout 900 memhog -s "$SEED" -r $((LONG ? 4 : 1)) $((LONG ? 400 : 64)) >"$SCRATCH/hog" 2>&1 &
	hog=$!
	dirty_pages $((LONG ? 128 : 16)) "writers beside a process that swaps"
	wait $hog
	is $? 0 "P7: a process that swaps beside the writers gets its data back ($(<"$SCRATCH/hog"))"
	umount "$POINT"
	ok "files: nothing is wrong with it" e2fsck -fn "$DISK"
	undo_disk files "$INDEX"
}

# All memory there is: the kernel itself, the host's file system and ours are short of it.
whole_machine() {
	local mib
	mib=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
	LINE=$(timeout 1800 memhog -s "$SEED" -r 1 $((mib + 256)) 2>&1)
	is $? 0 "P7: 256 MiB more than the machine has ($LINE)"
}

grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip_all "no memory control group"
have mkswap swapon swapoff || skip_all "no swap"
mkdir -p "$GROUP"
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
echo +memory >"$GROUP/cgroup.subtree_control"
defer find "$GROUP" -depth -type d -exec rmdir {} +
swap_on_a_disk
all_at_once
[ "$LONG" = 0 ] || whole_machine
ok "swap: given up" swapoff "/dev/vhdx$SWAP"
undo_disk swap "$SWAP"

finish
