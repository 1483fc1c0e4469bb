#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P9: a backing file that hangs stops its own disk and nothing else. Each wait on behalf of a disk
# can be ended, by a signal and by detach --force.
#	VHDX_PARTS="scan attach"	only these
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/hang.bash
. "$(dirname "$0")/../lib/hang.bash"

wanted() { [[ " ${VHDX_PARTS:-scan attach detach snapshot readers waits} " = *" $1 "* ]]; }

PENDING=940				# reasons
MEANWHILE=941

# fresh CLAIM: on the device, an image whose first sector is there to be read
fresh() {
	ok "$1: there is an image" image_on "$DEVICE" 64
	attached "$1: and it can be written" -n -w -o 2 -i 0 "$DEVICE" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=4 oflag=direct status=none
	detach 0
}

# others CLAIM: nothing else is in the way of other disks
others() {
	timely 5 ioctl status -n 0
	ok "P9: $1: status answers" test $? -lt 2
	ok "P9: $1: list answers" timely 5 vhdxctl list
	ok "P9: $1: another image is attached" timely 5 ioctl attach -n -i 5 "$SCRATCH/other.vhdx"
	ok "P9: $1: and read" timely 5 dd if=/dev/vhdx5 of=/dev/null bs=64k count=1 iflag=direct
	ok "P9: $1: and detached" timely 12 detach 5
}

# forced CLAIM: detach --force of disk 0, whose device hangs
forced() {
	timely 20 ioctl detach -f 0
	like "$OUTPUT" "errno=EINPROGRESS reason=$PENDING" "P9: $1: detach --force returns, and says what is left to be done"
	ok "P7: $1: its number is taken still" not timely 5 ioctl attach -n -i 0 "$SCRATCH/other.vhdx"
	ok "P7: $1: rmmod is refused" not rmmod vhdx
}

# revived CLAIM: the device answers, and all is as if it had never hung
revived() {
	no_delays
	answer hanging
	ok "P9: $1: when the device answers, the disk goes" wait_for 20 test ! -e /sys/block/vhdx0
	ok "P9: $1: and its number is free" wait_for 20 free_number
	is "$(threads 0)" "" "P7: $1: no thread of it is left"
}

free_number() { ioctl attach -n -i 0 "$SCRATCH/other.vhdx" && detach 0; }
hangs() { [ "$(sed -n 's/^State:.*\(.\) (.*/\1/p' "/proc/$1/status")" = D ]; }

# --- a scan for partitions hangs, with open_mutex held -------------------------------------

scan() {
	local reader
	fresh scan || return
	attached "scan: attached" -i 0 "$DEVICE" || return
	udevadm settle -t 10
	exec 7</dev/vhdx0
	hang hanging
	blockdev --rereadpt /dev/vhdx0 2>/dev/null &
	reader=$!
	ok "scan: a scan for partitions hangs" wait_for 10 hangs $reader
	timely 5 ioctl detach 0
	like "$OUTPUT" errno=EBUSY "P9: scan: detach says that it is open"
	others scan
	forced scan
	timely 5 eval "head -c 4096 <&7 | wc -c"
	is "$OUTPUT" 0 "P9: scan: a process that has it open reads nothing any more"
	exec 7<&-
	others "scan, killed"
	revived scan
	ok "P9: scan: so does the scan" wait_for 10 is_over $reader
}

# --- attach hangs --------------------------------------------------------------------------

attach_hangs() {
	local pid
	fresh attach || return
	delay make_opened $((2000 * (1 + 4 * DEBUG)))
	ioctl attach -i 0 "$DEVICE" >"$SCRATCH/attach" &
	pid=$!
	sleep $((1 + DEBUG))
	hang hanging
	ok "attach: hangs in its scan for partitions" wait_for 20 test -e /sys/block/vhdx0/queue
	sleep 3
	ok "attach: and does not end" not is_over $pid
	others attach
	forced attach
	ok "P9: attach: it is ended by detach --force" wait_for 5 is_over $pid
	like "$(<"$SCRATCH/attach")" "errno=ENODEV reason=$MEANWHILE" "P9: attach: and says so"
	revived attach
	hang hanging
	ioctl attach -i 0 "$DEVICE" >"$SCRATCH/attach" &
	pid=$!
	sleep 2
	ok "attach: hangs in reading the header" not is_over $pid
	others "attach, the header"
	kill -9 $pid
	ok "P9: attach: it is ended by a signal" wait_for 8 is_over $pid
	revived "attach, killed"
}

# --- detach hangs ----------------------------------------------------------------------------

detach_hangs() {
	local pid
	fresh detach || return
	attached "detach: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=8 seek=8 oflag=direct status=none
	udevadm settle -t 10
	hang hanging
	ioctl detach 0 >/dev/null &
	pid=$!
	sleep 2
	ok "detach: hangs in ending the session" not is_over $pid
	others detach
	kill -9 $pid
	ok "P9: detach: it is ended by a signal" wait_for 8 is_over $pid
	forced detach
	revived detach
	attach -n -i 0 "$DEVICE"
	ok "P3: detach: and the image is in order" dd if="$DISK" of=/dev/null bs=1M count=16 status=none
	detach 0
}

# --- a snapshot hangs --------------------------------------------------------------------------

snapshot_hangs() {
	local pid writer reader
	fresh snapshot || return
	attached "snapshot: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	rm -f "$SCRATCH/child.avhdx"
	dd if=/dev/urandom of=/dev/vhdx0 bs=1M count=4 seek=8 oflag=direct status=none
	udevadm settle -t 10
	delay swap_held 2000
	vhdxctl snapshot /dev/vhdx0 "$SCRATCH/child.avhdx" >"$SCRATCH/snapshot" 2>&1 &
	pid=$!
	sleep $((1 + DEBUG))
	dd if=/dev/urandom of=/dev/vhdx0 bs=4k count=1 oflag=direct status=none 2>/dev/null &
	writer=$!
	hang hanging
	sleep 3
	others snapshot
	timely 5 cat /sys/block/vhdx0/vhdx/{backing_file,data_write_guid} "$STATS"
	ok "P9: snapshot: sysfs and debugfs answer" test $? = 0
	answer hanging
	wait $pid
	is $? 0 "snapshot: is made in the end"
	wait $writer
	is $? 0 "snapshot: and what waited is written"
	no_delays
	hang hanging
	dd if=/dev/vhdx0 of=/dev/null bs=4k count=1 skip=2048 iflag=direct 2>/dev/null &
	reader=$!
	sleep 1
	rm -f "$SCRATCH/child2.avhdx"
	vhdxctl snapshot /dev/vhdx0 "$SCRATCH/child2.avhdx" >"$SCRATCH/snapshot" 2>&1 &
	pid=$!
	sleep 2
	ok "snapshot: waits for a read that hangs" not is_over $pid
	others "snapshot, waiting"
	forced snapshot
	ok "P9: snapshot: it is ended by detach --force" wait_for 5 is_over $pid
	like "$(<"$SCRATCH/snapshot")" "detached by force" "P9: snapshot: and says so"
	revived snapshot
	ok "P9: snapshot: the read ends" wait_for 10 is_over $reader
}

# --- a reader of sysfs or debugfs hangs ---------------------------------------------------------

# A page of a file whose device hangs. It is not a page of the device: lockdep has one class for the
# pages of all block devices, and the kernel makes folders of debugfs while a disk is being changed.
pages_that_hang() {
	mke2fs -q -t ext4 -F "$DEVICE" 64M && mkdir -p "$SCRATCH/pages" &&
		mount "$DEVICE" "$SCRATCH/pages" && defer umount -l "$SCRATCH/pages" &&
		dd if=/dev/urandom of="$SCRATCH/pages/file" bs=1M count=8 conv=fsync status=none &&
		echo 3 >/proc/sys/vm/drop_caches
}

# read_into FILE PAGE: into memory that hangs; the reader is in READERS
read_into() {
	python3 -c 'if True:
		import mmap, os, sys
		page = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 4096, mmap.MAP_PRIVATE,
			mmap.PROT_READ | mmap.PROT_WRITE, offset=1048576 * (1 + int(sys.argv[3])))
		open(sys.argv[2], "rb", buffering=0).readinto(page)' "$SCRATCH/pages/file" "$1" "$2" &
	READERS+=($!)
}

# list_into FOLDER PAGE: the same with the names in a folder
list_into() {
	python3 -c 'if True:
		import ctypes, mmap, os, sys
		page = mmap.mmap(os.open(sys.argv[1], os.O_RDONLY), 4096, mmap.MAP_PRIVATE,
			mmap.PROT_READ | mmap.PROT_WRITE, offset=1048576 * (1 + int(sys.argv[3])))
		ctypes.CDLL(None).getdents64(os.open(sys.argv[2], os.O_RDONLY),
			ctypes.byref(ctypes.c_char.from_buffer(page)), ctypes.c_size_t(4096))' \
		"$SCRATCH/pages/file" "$1" "$2" &
	READERS+=($!)
}

# The disk's own file answers: only the readers' memory does not.
readers_hang() {
	local file reader READERS=()
	must pages_that_hang || return
	attached "readers: attached" -n -i 6 "$SCRATCH/other.vhdx" || return
	hang hanging
	for file in "$STATS" "$SYS/vhdx/backing_file"; do
		read_into "$file" ${#READERS[@]}
		ok "readers: one of $file hangs" wait_for 10 hangs "${READERS[-1]}"
	done
	for file in /sys/kernel/debug/vhdx "$SYS/vhdx"; do
		list_into "$file" ${#READERS[@]}
		ok "readers: one that lists $file hangs" wait_for 10 hangs "${READERS[-1]}"
	done
	ok "P9: readers: their disk is detached" timely 12 detach 6
	others readers
	answer hanging
	for reader in "${READERS[@]}"; do
		ok "readers: they end" wait_for 10 is_over "$reader"
	done
	umount "$SCRATCH/pages"
}

# --- commands that wait for a thread that hangs -----------------------------------------------

# started CLAIM ARGUMENT...: dd in the background; its number is in READER
started() {
	dd status=none "${@:2}" 2>/dev/null &
	READER=$!
	WAITING+=("$READER:$1")
}

# all_end CLAIM: all that was started
all_end() {
	local waiting
	for waiting in "${WAITING[@]}"; do
		ok "P9: $1: ${waiting#*:} ends when the disk is killed" wait_for 10 is_over "${waiting%%:*}"
	done
	WAITING=()
}

# A session has not begun: the journal's thread hangs in its first header.
first_writes() {
	local i WAITING=()
	fresh "first writes" || return
	attached "first writes: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	udevadm settle -t 10
	hang hanging
	for ((i = 0; i < 8; i++)); do
		started "the first write of block $((20 + i))" if=/dev/zero of=/dev/vhdx0 bs=64k count=1 \
			seek=$(((20 + i) * 16)) oflag=direct
	done
	sleep $((2 + DEBUG))
	ok "first writes: they wait for the session" not is_over "$READER"
	forced "first writes"
	all_end "first writes"
	revived "first writes"
}

# A session has begun: one write hangs in the file, and others wait for it, or for the journal.
later_writes() {
	local stuck WAITING=()
	fresh "later writes" || return
	attached "later writes: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	dd if=/dev/urandom of=/dev/vhdx0 bs=64k count=1 seek=160 oflag=direct status=none
	udevadm settle -t 10
	hang hanging
	dd if=/dev/zero of=/dev/vhdx0 bs=4k count=1 seek=$((10 * 256)) oflag=direct status=none 2>/dev/null &
	stuck=$!
	started "a write that waits for space" if=/dev/zero of=/dev/vhdx0 bs=4k count=1 seek=$((30 * 256)) oflag=direct
	sleep $((1 + DEBUG))
	started "a write of the same block" if=/dev/zero of=/dev/vhdx0 bs=4k count=1 seek=$((30 * 256 + 8)) oflag=direct
	started "a flush" if=/dev/null of=/dev/vhdx0 conv=notrunc,fsync
	sleep $((2 + DEBUG))
	ok "later writes: the flush waits for the journal" not is_over "$READER"
	forced "later writes"
	all_end "later writes"
	ok "later writes: what is in the file waits for it" not is_over $stuck
	revived "later writes"
	ok "later writes: and ends with it" wait_for 10 is_over $stuck
}

# A page of the BAT that nothing has read yet
page_loads() {
	local WAITING=()
	vhdxctl create -q --block-size=1M "$SCRATCH/wide.vhdx" 2T
	dd if="$SCRATCH/wide.vhdx" of="$DEVICE" bs=1M oflag=direct conv=fsync status=none
	attached "page loads: attached" -n -o 2 -i 0 "$DEVICE" || return
	udevadm settle -t 10
	hang hanging
	started "a read that waits for a page of the BAT" if=/dev/vhdx0 of=/dev/null bs=4k count=1 \
		skip=$((1 << 28)) iflag=direct
	started "another of the same page" if=/dev/vhdx0 of=/dev/null bs=4k count=1 \
		skip=$(((1 << 28) + 16)) iflag=direct
	sleep $((2 + DEBUG))
	ok "page loads: they wait" not is_over "$READER"
	forced "page loads"
	all_end "page loads"
	revived "page loads"
}

# zeros_everywhere: a block of each page of the BAT is made zeros, without space; nothing is flushed,
# as fallocate(1) does at its end
zeros_everywhere() {
	python3 - <<-'END'
		import ctypes, os
		libc = ctypes.CDLL(None, use_errno=True)
		fd = os.open("/dev/vhdx0", os.O_RDWR)
		for i in range(1, 100):
		    if libc.fallocate(fd, 3, ctypes.c_long(i << 29), ctypes.c_long(1 << 20)):
		        raise SystemExit(os.strerror(ctypes.get_errno()))
	END
}

# The journal has no room for another page of the BAT. An I/O scheduler takes the memory of a command
# with it when the disk goes; that shows under KASAN, or with VM_APPEND=init_on_free=1.
journal_is_full() {
	local i WAITING=()
	vhdxctl create -q --block-size=1M "$SCRATCH/pages.vhdx" 200G
	dd if="$SCRATCH/pages.vhdx" of="$DEVICE" bs=1M oflag=direct conv=fsync status=none
	attached "full journal: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	modprobe -q mq-deadline
	echo mq-deadline >/sys/block/vhdx0/queue/scheduler
	udevadm settle -t 10
	for ((i = 0; i < 100; i++)); do
		dd if=/dev/vhdx0 of=/dev/null bs=4k count=1 skip=$((i << 17)) iflag=direct status=none
	done
	fallocate -p -l 1M /dev/vhdx0
	delay reserve_queued $((6000 * (1 + DEBUG)))
	hang hanging
	zeros_everywhere 2>/dev/null &
	READER=$!
	WAITING+=("$READER:a command that the journal has no room for")
	sleep $((4 * (1 + DEBUG)))
	ok "full journal: a command waits for room" not is_over "$READER"
	forced "full journal"
	all_end "full journal"
	revived "full journal"
}

# A discard of many blocks is one command.
long_discard() {
	local WAITING=()
	vhdxctl create -q --block-size=1M "$SCRATCH/long.vhdx" 64M
	attached "long discard: attached" -n -w -o 2 -i 0 "$SCRATCH/long.vhdx" || return
	dd if=/dev/urandom of=/dev/vhdx0 bs=1M count=60 oflag=direct status=none
	udevadm settle -t 10
	delay discard_block 1000
	blkdiscard /dev/vhdx0 2>/dev/null &
	READER=$!
	WAITING+=("$READER:a discard of 60 blocks")
	sleep 3
	ok "long discard: it takes long" not is_over "$READER"
	timely 20 ioctl detach -f 0
	all_end "long discard"
	ok "P9: long discard: the disk goes" wait_for 20 test ! -e /sys/block/vhdx0
	no_delays
}

# slowly MS: writes to what SLOW is made of take so long each from now on
slowly() {
	dmsetup suspend --noudevsync slow
	dmsetup reload --noudevsync slow --table "0 $SLOW_SECTORS delay $SLOW 0 0 $SLOW 0 $1"
	dmsetup resume --noudevsync slow
}

# slow_host: a file system that can neither allocate nor zero at once; sets SLOW, SLOW_SECTORS
slow_host() {
	modprobe -q dm-delay
	truncate -s 200M "$SCRATCH/slow" && mkdir -p "$SCRATCH/slowly" || return
	SLOW=$(losetup -f --show "$SCRATCH/slow") && defer losetup -d "$SLOW"
	SLOW_SECTORS=$(blockdev --getsz "$SLOW")
	dmsetup create --noudevsync slow --table "0 $SLOW_SECTORS delay $SLOW 0 0 $SLOW 0 0" || return
	defer dmsetup remove --noudevsync --force slow
	dmsetup mknodes slow
	mke2fs -q -t ext4 -O ^extent,^64bit,^has_journal /dev/mapper/slow &&
		mount /dev/mapper/slow "$SCRATCH/slowly" && defer umount -l "$SCRATCH/slowly"
}

# killed_slowly NAME COMMAND...: it takes a minute, in many writes of which each is over soon
killed_slowly() {
	local WAITING=()
	slowly 200
	"${@:2}" 2>/dev/null &
	READER=$!
	WAITING+=("$READER:$1")
	sleep 2
	ok "$1: it takes long" not is_over "$READER"
	timely 20 ioctl detach -f 0
	all_end "$1"
	ok "P9: $1: the disk goes" wait_for 20 test ! -e /sys/block/vhdx0
	slowly 0
}

# What takes many writes to the file ends with the one that is under way.
slow_writes() {
	local image=$SCRATCH/slowly/image.vhdx
	slow_host || { skip "P9: slow writes" "no dm-delay"; return; }
	vhdxctl create -q --block-size=64M "$image" 512M
	sync -f "$image"
	attached "slow log: attached" -n -w -o 2 -i 0 "$image" || return
	killed_slowly "slow log" dd if=/dev/zero of=/dev/vhdx0 bs=4k count=1 oflag=direct status=none
	must eval "vhdxctl attach -q --no-partscan --holes=no -i 0 '$image' >/dev/null" || return
	dd if=/dev/urandom of=/dev/vhdx0 bs=1M count=64 oflag=direct conv=fsync status=none
	sync -f "$image"
	killed_slowly "slow zeros" fallocate --zero-range -o 0 -l 63M /dev/vhdx0
	umount "$SCRATCH/slowly"
	dmsetup remove --noudevsync slow
}

vhdxctl create -q "$SCRATCH/other.vhdx" 40M
device hanging 96 || { skip "P9" "no device mapper"; finish; exit; }
! wanted scan || scan
! wanted attach || attach_hangs
! wanted detach || detach_hangs
! wanted snapshot || snapshot_hangs
! wanted readers || readers_hang
if wanted waits; then
	first_writes
	later_writes
	page_loads
	journal_is_full
	long_discard
	slow_writes
fi

finish
