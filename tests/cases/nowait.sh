#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7: reads submitted in the context of the caller do not hang and read right, whatever the caller
# holds. The same holds for whatever the file system below does. kmod/request/nowait.c lists the
# hazards.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

FULL=$SCRATCH/full.vhdx			# a disk all of which is there
SIZE=$((SLICE ? 16 : 40))		# MiB of that
READS=$((LONG ? 20000 : DEBUG ? 200 : SLICE ? 400 : 1500))
NAME=states-mixed
[ -e "$IMAGES/good/$NAME.vhdx" ] || skip_all "no image $NAME"
IMAGE=$IMAGES/good/$NAME.vhdx
MODEL=$MODELS/good/$NAME

# counts: how many reads went which way so far
counts() { echo "$(counter reads_nowait) $(counter reads_queued)"; }

# since INLINE QUEUED: the same from then on; sets INLINE, QUEUED
since() {
	INLINE=$(($(counter reads_nowait) - $1))
	QUEUED=$(($(counter reads_queued) - $2))
}

# right CLAIM: random reads, many at a time
right() { ok "$1" randread -s "$SEED" -n $((READS / 4)) "$DISK" "$MODEL"; }

# in_time SECONDS PROGRAM...: it comes back
in_time() { timeout -k 5 "$1" "${@:2}"; }

# storm ENGINE [OPTION...]: any error makes fio fail
storm() {
	in_time 300 fio --name=storm --filename="$DISK" --readonly --rw=randread --direct=1 --ioengine="$1" \
		--numjobs=3 --thread --norandommap --bsrange=4k-256k --blockalign=4k \
		--randseed="$SEED" --number_ios=$((READS / 2)) --group_reporting --minimal "${@:2}"
}

# A disk every block of which is there, and what it must show
full_disk() {
	vhdxctl create -q --block-size=1M "$FULL" ${SIZE}M
	attached "a disk to fill" -w -n -o 2 "$FULL" || return
	head -c ${SIZE}M /dev/urandom >"$SCRATCH/full.raw"
	dd if="$SCRATCH/full.raw" of="$DISK" bs=1M oflag=direct status=none
	detach "$INDEX"
}

every_byte() { cmp "$DISK" "$SCRATCH/full.raw"; }

# --- the switch -------------------------------------------------------------------------

# counted CLAIM: reads of a disk that is full; sets INLINE, QUEUED
counted() {
	local before
	read -r -a before < <(counts)
	ok "$1" storm libaio --iodepth=16 --bs=4k
	since "${before[@]}"
	ok "and all is right" every_byte
	diag "$INLINE reads went from the submitter, $QUEUED through a thread"
}

switch() {
	attached "attached" -n "$FULL" || return
	is "$(attr nowait_reads) $(attr nowait_reason)" "1 -" "ext4 is read from the submitter, by default"
	counted "reads from the submitter"
	ok "most of them were" test "$INLINE" -gt $((QUEUED * 4))
	echo 0 >"$SYS/vhdx/nowait_reads"
	counted "switched off, by threads"
	is "$INLINE" 0 "all of them were"
	echo 1 >"$SYS/vhdx/nowait_reads"
	counted "switched on again"
	ok "most of them are" test "$INLINE" -gt $((QUEUED * 4))
	ok "the switch takes nothing else" not eval "echo perhaps 2>/dev/null >'$SYS/vhdx/nowait_reads'"
	detach "$INDEX"
	attached "attached buffered" -n -b "$FULL" || return
	is "$(attr nowait_reason)" "I/O is buffered" "what can wait in any read is left to threads"
	counted "through the page cache"
	is "$INLINE" 0 "none was from the submitter"
	detach "$INDEX"
}

# --- submitters -------------------------------------------------------------------------

submitters() {
	attached "attached" "$IMAGE" || return
	ok "aio, queue depth 32" storm libaio --iodepth=32
	ok "io_uring, queue depth 32" storm io_uring --iodepth=32
	ok "one read at a time, without a plug" storm psync
	ok "mapped pages and read-ahead" in_time 300 randread -m mmap -s "$SEED" -n $((READS / 4)) "$DISK" "$MODEL"
	right "and all is right"
	detach "$INDEX"
}

# What is submitted while a stacked driver submits something is hidden while it waits.
stacked() {
	local half
	attached "attached" "$IMAGE" || return
	half=$(($(blockdev --getsz "$DISK") / 2 & ~7))
	dmsetup create --noudevsync inline --table "0 $half linear $DISK 0
$half $(($(blockdev --getsz "$DISK") - half)) linear $DISK $half" && dmsetup mknodes inline
	ok "through a device mapper, across its pieces" in_time 300 randread -s "$SEED" \
		-n $((READS / 4)) /dev/mapper/inline "$MODEL"
	wait_for 20 dmsetup remove --noudevsync inline
	detach "$INDEX"
}

# --- what is below ----------------------------------------------------------------------

# host FILE SIZE: an ext4 on a loop device; sets WHERE
host() {
	local loop
	WHERE=$SCRATCH/${1##*/}.mount
	mkdir -p "$WHERE"
	truncate -s "$2" "$1"
	mke2fs -q -t ext4 -b 1024 -m 0 "$1" && loop=$(losetup -f --show --direct-io=on "$1") &&
		defer losetup -d "$loop" && mount -o noinit_itable "$loop" "$WHERE" && defer umount -l "$WHERE"
}

# fragmented FILE COPY: a copy with so many extents that their tree has leaves
fragmented() {
	local at size
	size=$(stat -c %s "$1")
	for ((at = 0; at < size; at += 131072)); do
		dd if="$1" of="$2" bs=64k count=1 skip=$((at / 65536)) seek=$((at / 65536)) conv=notrunc status=none
		dd if="$1" of="$2.other" bs=64k count=1 skip=$((at / 65536)) conv=notrunc oflag=append status=none
		sync "$2"
	done
	for ((at = 65536; at < size; at += 131072)); do
		dd if="$1" of="$2" bs=64k count=1 skip=$((at / 65536)) seek=$((at / 65536)) conv=notrunc status=none
	done
	sync "$2"
}

forget() { sync; echo 3 >/proc/sys/vm/drop_caches; }

# The first read finds no piece of the file's extent tree in memory, from a task that has a list
# of bios open: it waits for another bio, which must not end up on that list.
cold_extents() {
	local wrong='' i offset
	host "$SCRATCH/cold" 256M || { not_ok "a host file system" "$LINE"; return; }
	fragmented "$FULL" "$WHERE/image.vhdx"
	diag "$(filefrag "$WHERE/image.vhdx" 2>/dev/null | sed 's/.*: //')"
	for ((i = 0; i < (DEBUG ? 8 : 20); i++)); do
		attach -n "$WHERE/image.vhdx" || { wrong+=" not attached"; break; }
		forget
		offset=$(((RANDOM * 32768 + RANDOM) % (SIZE * 256)))
		in_time 60 dd if="$DISK" bs=4k count=1 skip=$offset iflag=direct status=none >"$SCRATCH/read" &&
			cmp -s "$SCRATCH/read" <(dd if="$SCRATCH/full.raw" bs=4k count=1 skip=$offset status=none) ||
			wrong+=" $offset"
		detach "$INDEX"
	done
	is "$wrong" "" "cold extents: single reads of a file whose extents are not in memory ($i)"
	frozen
}

# Reads do not wait for a frozen file system.
frozen() {
	attached "attached to be read frozen" -n "$WHERE/image.vhdx" || return
	fsfreeze -f "$WHERE"
	ok "the file system below is frozen: all can be read" every_byte
	fsfreeze -u "$WHERE"
	detach "$INDEX"
}

# null_device NAME ATTRIBUTE=VALUE...: a device in memory; sets DEVICE
null_device() {
	local config=/sys/kernel/config/nullb/$1 setting
	modprobe -q null_blk nr_devices=0 && { mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config; }
	mkdir "$config" 2>/dev/null || return
	defer rmdir "$config"
	defer eval "echo 0 >$config/power"
	for setting in size=128 memory_backed=1 irqmode=2 "${@:2}"; do
		echo "${setting#*=}" >"$config/${setting%%=*}" || return
	done
	echo 1 >"$config/power" || return
	DEVICE=/dev/nullb$(<"$config/index")
	[ -b "$DEVICE" ] || DEVICE=/dev/$1
}

# One request at a time below: a submitter that must not wait gets EAGAIN.
no_tags() {
	local before
	null_device one-tag hw_queue_depth=1 completion_nsec=200000 || { skip "a device with one tag" "no null_blk"; return; }
	dd if="$FULL" of="$DEVICE" bs=1M oflag=direct status=none
	attached "one tag below: attached" -n "$DEVICE" || return
	read -r -a before < <(counts)
	ok "one tag below: aio, queue depth 32" storm libaio --iodepth=32
	ok "one tag below: every byte" every_byte
	since "${before[@]}"
	diag "$INLINE reads went from the submitter, $QUEUED through a thread"
	detach "$INDEX"
}

# microseconds DEVICE [OPTION...]: how long a read takes, on average
microseconds() {
	in_time 120 fio --name=slow --filename="$1" --readonly --rw=randread --direct=1 --bs=4k --number_ios=50 \
		--ioengine=io_uring --output-format=json "${@:2}" | jq '.jobs[0].read.clat_ns.mean / 1000 | floor'
}

# What is not polled for takes 20 ms to end.
polled() {
	local parameter=/sys/module/vhdx/parameters/poll_queues before
	attached "attached without queues for polling" -n "$FULL" || return
	is "$(<"/sys/block/$NAME/queue/io_poll")" 0 "by default there is no polling"
	detach "$INDEX"
	null_device polled poll_queues=1 completion_nsec=20000000 || { skip "polling" "no null_blk that can be polled"; return; }
	dd if="$FULL" of="$DEVICE" bs=1M oflag=direct status=none
	before=$(<$parameter)
	defer eval "echo $before >$parameter"
	echo 1 >$parameter
	! too_old_to_poll || return
	polled_on "$DEVICE" "a device"
	mke2fs -q -t ext4 "$DEVICE" && mkdir -p "$SCRATCH/polled" && mount -o noinit_itable "$DEVICE" "$SCRATCH/polled" || {
		not_ok "polled: a host file system"
		return
	}
	defer umount -l "$SCRATCH/polled"
	cp "$FULL" "$SCRATCH/polled/image.vhdx" && sync
	polled_on "$SCRATCH/polled/image.vhdx" "a file on ext4"
}

# polls OPTION...
polls() {
	in_time 300 fio --name=polls --filename="$DISK" --direct=1 --ioengine=io_uring --hipri --iodepth=16 --thread \
		--bssplit=4k/50:64k/30:256k/20 --blockalign=4k --randseed="$SEED" --verify_state_save=0 --minimal "$@"
}

# The module does not poll on older kernels: it ignores the option.
too_old_to_poll() {
	[[ $(uname -r) =~ ^6\.([0-9]|1[01])\. ]] || return
	attached "attached with queues for polling, on an old kernel" -n "$FULL" || return
	is "$(<"/sys/block/$NAME/queue/io_poll")" 0 "which has none"
	detach "$INDEX"
}

# polled_on IMAGE WHERE
polled_on() {
	local polled waited
	attached "polled, $2: attached" -w -n -o 2 "$1" || return
	is "$(<"/sys/block/$NAME/queue/io_poll")" 1 "polled, $2: it can be"
	ok "polled, $2: every byte, without" every_byte
	waited=$(microseconds "$DISK")
	polled=$(microseconds "$DISK" --hipri)
	ok "polled, $2: $polled us a read, $waited us without" test "${polled:-99999}" -lt $((waited / 2))
	ok "polled, $2: many at a time" polls --readonly --rw=randread --numjobs=3 --number_ios=$((READS / 2))
	ok "polled, $2: what is written, by threads, is read" polls --rw=randwrite --io_size=4m --verify=crc32c
	detach "$INDEX"
}

# --- file systems above -----------------------------------------------------------------

# Reads of metadata with a transaction open, and of data while others are written
above() {
	local point=$SCRATCH/above i
	mkdir -p "$point"
	vhdxctl create -q --block-size=1M "$SCRATCH/above.vhdx" 96M
	attached "a disk for ext4" -w -o 2 "$SCRATCH/above.vhdx" || return
	mke2fs -q -t ext4 "$DISK" && mount "$DISK" "$point" || { not_ok "ext4 on a disk: mounted"; return; }
	for ((i = 0; i < 4; i++)); do
		cp -r "$ROOT/kmod" "$point/$i"
		forget
		rm -r "$point/$i"/*.c
		tar -C "$point" -cf /dev/null . && mv "$point/$i" "$point/was-$i"
	done
	ok "inside transactions: what was written is there" diff -r "$ROOT/kmod/format" "$point/was-0/format" \
		--exclude='*.o' --exclude='.*'
	nested "$point"
	umount "$point"
	ok "nothing is wrong with it" e2fsck -fn "$DISK"
	detach "$INDEX"
}

# nested POINT: a file system on an image on a file system on an image; sets what it changed back
nested() {
	local outer=$INDEX inner
	vhdxctl create -q --block-size=1M "$1/inner.vhdx" 24M
	attached "an image on the image's file system" -w -o 2 "$1/inner.vhdx" || return
	inner=$INDEX
	mkdir -p "$SCRATCH/inner"
	mke2fs -q -t ext4 "$DISK" && mount "$DISK" "$SCRATCH/inner" || { not_ok "two deep: mounted"; return; }
	head -c 6M /dev/urandom >"$SCRATCH/data"
	cp "$SCRATCH/data" "$SCRATCH/inner/"
	forget
	stack_watched in_time 120 fio --name=nested --filename="$SCRATCH/inner/data" --readonly --rw=randread --direct=1 \
		--ioengine=libaio --iodepth=16 --bs=4k --number_ios=$((READS / 4)) --minimal
	ok "two deep: direct reads" test "$RC" = 0
	forget
	ok "two deep: all is there" cmp "$SCRATCH/inner/data" "$SCRATCH/data"
	umount "$SCRATCH/inner"
	use "$inner"
	detach "$INDEX"
	use "$outer"
}

# stack_watched COMMAND...: how deep the stack was at most; sets RC
stack_watched() {
	local tracing=/sys/kernel/tracing size
	mountpoint -q $tracing || mount -t tracefs none $tracing
	if [ ! -e $tracing/stack_max_size ] || [ $DEBUG = 1 ]; then
		"$@" >/dev/null
		RC=$?
		return
	fi
	echo 0 >$tracing/stack_max_size
	echo 1 >/proc/sys/kernel/stack_tracer_enabled
	"$@" >/dev/null
	RC=$?
	echo 0 >/proc/sys/kernel/stack_tracer_enabled
	size=$(<$tracing/stack_max_size)
	diag "the deepest stack of any task meanwhile: $size bytes, $(grep -c vhdx_queue_rq $tracing/stack_trace) times through a disk of ours"
	ok "two deep: no stack came near 16 KiB" test "$size" -lt 12288
}

# --- the end ----------------------------------------------------------------------------

# Detached by force in the middle of it, again and again
forced() {
	local i wrong='' pid
	for ((i = 0; i < (LONG ? 40 : DEBUG ? 4 : 8); i++)); do
		attach -n "$IMAGE" || { wrong+=" $LINE"; break; }
		storm libaio --iodepth=32 --number_ios=1000000 >/dev/null 2>&1 &
		pid=$!
		sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
		detach -f "$INDEX" || wrong+=" $i: $LINE"
		wait_for 30 not kill -0 $pid || { wrong+=" $i: fio hangs"; kill -9 $pid; }
		wait $pid 2>/dev/null
	done
	is "$wrong" "" "detached by force in the middle of reads ($i times)"
}

full_disk
switch
submitters
stacked
cold_extents
no_tags
polled
above
forced

finish
