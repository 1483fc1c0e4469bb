#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# No order of locks can deadlock when disk and image are on file systems of the same kind. The
# locks of both have one class, so that lockdep (in the debug kernel) finds such an order. The
# locks that submitters hold are looked at as well: kmod/request/nowait.c says which they may be.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

LOWER=$SCRATCH/lower
UPPER=$SCRATCH/upper
HELD=/sys/kernel/debug/vhdx/held_locks
mkdir -p "$LOWER" "$UPPER"
mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug

# make KIND DEVICE: with small blocks, so that an extent tree soon has leaves
make() {
	modprobe -q "$1"
	case $1 in
	ext4) mke2fs -q -t ext4 -b 1024 -m 0 -E lazy_itable_init=0 "$2" ;;
	xfs) mkfs.xfs -q -f -b size=1024 "$2" ;;
	btrfs) mkfs.btrfs -q -f "$2" ;;
	vfat) mkfs.vfat "$2" >/dev/null ;;
	ntfs3) mkfs.ntfs -q -f "$2" ;;
	esac
}

forget() { sync; echo 3 >/proc/sys/vm/drop_caches; }

# lower KIND: the file system that will hold the image
lower() {
	local loop
	truncate -s 700M "$SCRATCH/lower.img"
	loop=$(losetup -f --show "$SCRATCH/lower.img") || return
	defer losetup -d "$loop"
	make "$1" "$loop" && mount "$loop" "$LOWER" && defer umount -l "$LOWER"
}

lower_gone() {
	umount "$LOWER"
	losetup -j "$SCRATCH/lower.img" | cut -d : -f 1 | xargs -r losetup -d
	rm -f "$SCRATCH/lower.img"
}

# filled KIND: an image with that file system and a file of many extents, in a fragmented file below
filled() {
	vhdxctl create -q --block-size=1M "$SCRATCH/flat.vhdx" 400M
	attach -w -n -o 2 "$SCRATCH/flat.vhdx" || return
	make "$1" "$DISK" && mount "$DISK" "$UPPER" || return
	fragment "$UPPER/pieces" 600 1024
	head -c 3M /dev/urandom >"$UPPER/data"
	cp "$UPPER/data" "$SCRATCH/data"
	umount "$UPPER"
	detach "$INDEX" || return
	fragment -c "$SCRATCH/flat.vhdx" "$LOWER/image.vhdx" "$LOWER/other"
	rm "$SCRATCH/flat.vhdx" "$LOWER/other"
}

# read_only_options KIND: to mount without writing
read_only_options() {
	case $1 in
	ext4) echo ro,noload ;;
	xfs) echo ro,norecovery ;;
	*) echo ro ;;
	esac
}

# cold KIND: extents of both file systems are not in memory. The extents of a file are read
# with i_data_sem (ext4) or the inode lock (XFS) held.
cold() {
	local i wrong=''
	attached "$1 on $1: attached read-only" -n "$LOWER/image.vhdx" || return
	for ((i = 0; i < (DEBUG ? 1 : 3); i++)); do
		mount -o "$(read_only_options "$1")" "$DISK" "$UPPER" || { wrong+=" not mounted"; break; }
		forget
		filefrag -v "$UPPER/pieces" >"$SCRATCH/extents" || wrong+=" filefrag"
		[ "$(grep -c '^ *[0-9]*: ' "$SCRATCH/extents")" -ge 600 ] || wrong+=" $(grep -c : "$SCRATCH/extents") extents"
		forget
		cmp "$UPPER/data" "$SCRATCH/data" || wrong+=" data"
		umount "$UPPER"
	done
	is "$wrong" "" "$1 on $1: extents of a file are listed while none is in memory ($i times)"
	detach "$INDEX"
}

# loaded KIND: everything at once, with caches dropped meanwhile
loaded() {
	local pids=() pid rc=0 i
	attached "$1 on $1: attached for writing" -w -n -o 2 "$LOWER/image.vhdx" || return
	mount "$DISK" "$UPPER" || { not_ok "$1 on $1: mounted"; return; }
	fio --name=load --directory="$UPPER" --size=8m --rw=randrw --bs=1k-16k --ioengine=psync --numjobs=2 \
		--fsync=64 --io_size=$((DEBUG ? 2 : 8))m --randseed="$SEED" --minimal >/dev/null &
	pids+=($!)
	(for ((i = 0; i < 4; i++)); do fragment "$UPPER/more$i" 200 1024 && filefrag "$UPPER"/more* "$UPPER/pieces" || exit 1; done) >/dev/null &
	pids+=($!)
	(for ((i = 0; i < 6; i++)); do dd if=/dev/zero of="$UPPER/pieces" bs=100 count=20 seek=$((RANDOM % 900)) conv=notrunc status=none || exit 1; done) &
	pids+=($!)
	for ((i = 0; i < 4; i++)); do
		echo 3 >/proc/sys/vm/drop_caches
		sleep 1
	done
	for pid in "${pids[@]}"; do wait "$pid" || rc=1; done
	ok "$1 on $1: extents are listed, pieces written and caches dropped at once" test "$rc" = 0
	cmp "$UPPER/data" "$SCRATCH/data" || rc=2
	is "$rc" 0 "$1 on $1: what was not written to is as it was"
	umount "$UPPER"
	detach "$INDEX"
}

on_itself() {
	lower "$1" && filled "$1" || { not_ok "$1 on $1: made" "$LINE"; return; }
	cold "$1"
	loaded "$1"
	lower_gone
}

# --- what submitters hold -----------------------------------------------------------------

# What nowait.c says may be held around a read of data, by the name that the lock has:
#	i_rwsem			of a file that is read directly, or written in part; by kind
#	invalidate_lock		around read-ahead and page faults
#	mmap_lock, vm_lock	a page fault
#	sb_writers		a file of which a part is written, read before
#	s_umount		around mounting: a super block is read
#	srcu, rcu		the block layer's own, around ->queue_rq()
ALLOWED='^(&?sb->s_type->i_mutex_key|&(ei|ip)->i_rwsem|&inode->i_rwsem|(&)?mapping\.invalidate_lock|mapping\.invalidate_lock'
ALLOWED+='|&?mm->mmap_lock|&?vma->vm_lock->lock|vm_lock|sb_writers|(&type->s_umount_key)'
ALLOWED+='|&?set->srcu|&?q->srcu|&?hctx->srcu|rcu_read_lock|&?image->users|&?disk->open_mutex|&?bdev->bd_holder_lock)'

# held: what is held now, without counts
held() { sed 's/^[0-9]* //' "$HELD" | sort -u; }

# work KIND: reads of every kind that file systems do
work() {
	local i
	cp -r "$ROOT/kmod/format" "$UPPER/tree"
	for ((i = 0; i < (LONG ? 4 : 1); i++)); do
		forget
		tar -C "$UPPER" -cf - . | cat >/dev/null
		forget
		fio --name=mixed --directory="$UPPER" --size=1m --rw=randrw --bsrange=512-16k --blockalign=512 --ioengine=psync \
			--io_size=512k --randseed="$SEED" --minimal >/dev/null
		forget
		fio --name=mapped --directory="$UPPER" --size=1m --rw=randrw --bs=4k --ioengine=mmap --io_size=512k \
			--randseed="$SEED" --minimal >/dev/null
		forget
		fio --name=direct --directory="$UPPER" --size=1m --rw=randrw --bs=4k --direct=1 --ioengine=libaio \
			--iodepth=8 --io_size=512k --randseed="$SEED" --minimal >/dev/null
		forget
		# ntfs3 copies extents to user space with a lock held that a page fault needs
		[ "$1" = ntfs3 ] || filefrag -v "$UPPER"/*.0 >/dev/null 2>&1
		truncate -s 1111 "$UPPER"/tree/*.c
		mv "$UPPER/tree" "$UPPER/tree$i" && cp -r "$UPPER/tree$i" "$UPPER/tree"
		rm -r "$UPPER/tree$i"
	done
}

# holders KIND: what is held above, by that file system
holders() {
	local after
	vhdxctl create -q --block-size=1M "$SCRATCH/holders.vhdx" 400M
	attached "$1: a disk" -w -n -o 2 "$SCRATCH/holders.vhdx" || return
	if ! make "$1" "$DISK" || ! mount -t "$1" "$DISK" "$UPPER"; then
		skip "locks held by $1" "it is not in this kernel"
	else
		work "$1"
		umount "$UPPER"
		after=$(held | grep -vE "$ALLOWED")
		is "$after" "" "$1: submitters of reads that are served at once hold nothing but what is listed"
		diag "held so far: $(held | tr '\n' ';')"
	fi
	detach "$INDEX"
	rm -f "$SCRATCH/holders.vhdx"
}

on_itself ext4
on_itself xfs
if [ -e $HELD ]; then
	for kind in ext4 xfs btrfs vfat ntfs3; do
		! sliced $kind 3 || holders $kind
	done
	ok "the record has locks that were held" grep -q . $HELD
else
	skip "what submitters hold" "no lockdep in this kernel"
fi

finish
