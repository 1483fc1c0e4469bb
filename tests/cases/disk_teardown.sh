#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7: a disk ends once, whatever ends it and however often. No work, no thread, and nothing that a
# late ioctl could use is left of it.
#	VHDX_PARTS="autoclear early"	only these
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/hang.bash
. "$(dirname "$0")/../lib/hang.bash"

wanted() { [[ " ${VHDX_PARTS:-autoclear early readonly thread wake} " = *" $1 "* ]]; }

GOOD=$IMAGES/good/states-mixed.vhdx

gone() { [ ! -e "/sys/block/vhdx$1" ]; }

# exclusively DEVICE: open it as mount does, and close it
exclusively() {
	perl -MFcntl -e 'for (1 .. 200) {
		exit 0 if sysopen my $f, $ARGV[0], O_RDONLY | O_EXCL;
		select undef, undef, undef, 0.05;
	} exit 1' "$1"
}

# --- closed again while it is going ----------------------------------------------------------

# Another disk's partitions are scanned and do not end: in former times that held the table's lock,
# and with it the work that the first close had started. The second close started it once more.
autoclear() {
	local pid pid2
	image_on "$DEVICE" 64
	attach -n -w -o 2 -i 0 "$DEVICE"
	dd if=/dev/urandom of="$DISK" bs=1M count=4 oflag=direct status=none
	detach 0
	attach -i 0 "$DEVICE"
	attached "autoclear: attached" -n -a -i 7 "$GOOD" || return
	udevadm settle -t 10
	delay life_end 2000
	delay remove 2000
	hang hanging
	blockdev --rereadpt /dev/vhdx0 2>/dev/null &
	pid=$!
	sleep 1
	ioctl detach 0 >/dev/null &
	pid2=$!
	sleep 1
	ok "autoclear: it is opened exclusively and closed" exclusively /dev/vhdx7
	head -c 512 /dev/vhdx7 >/dev/null 2>&1
	head -c 512 /dev/vhdx7 >/dev/null 2>&1
	no_delays
	sleep 2
	answer hanging
	ok "P7: an autoclear disk that is opened again while it goes is removed once" wait_for 20 gone 7
	wait $pid $pid2
	ioctl detach -f 0 >/dev/null
	attached "autoclear: its number is free" -n -i 7 "$GOOD"
	detach 7
}

# --- closed for the last time before it is attached ------------------------------------------

early() {
	local pid
	delay make_added 2000
	ioctl attach -n -a -i 7 "$GOOD" >"$SCRATCH/attach" &
	pid=$!
	ok "early: the disk is announced" wait_for 10 test -b /dev/vhdx7
	ok "early: it is opened exclusively and closed" exclusively /dev/vhdx7
	wait $pid
	like "$(<"$SCRATCH/attach")" errno=0 "early: attach succeeds"
	no_delays
	ok "P7: an autoclear disk that was closed while it was being attached goes" wait_for 10 gone 7
}

# --- ioctls on a disk that is gone --------------------------------------------------------------

# BLKROSET, through a descriptor from before
readonly_after_force() {
	local how
	for how in -r -w; do
		if [ $how = -w ]; then
			cp --sparse=always "$PRISTINE/good/states-mixed.vhdx" "$SCRATCH/rw.vhdx"
			attach -n -w -o 2 -i 7 "$SCRATCH/rw.vhdx"
		else
			attach -n -i 7 "$GOOD"
		fi
		perl -e 'open F, "<", "/dev/vhdx7" or die;
			$! = 0; ioctl F, 0x125d, my $zero = pack "i", 0; print $! + 0, "\n";
			system "ioctl detach -f 7 >/dev/null"; print $? + 0, "\n";
			for (1 .. 50) { $! = 0; ioctl F, 0x125d, $zero = pack "i", 0; } print $! + 0, "\n"' \
			>"$SCRATCH/roset"
		if [ $how = -w ]; then
			is "$(paste -sd ' ' "$SCRATCH/roset")" "0 0 0" \
				"P7: BLKROSET of a killed disk does not look at its image, read-write"
		else
			is "$(paste -sd ' ' "$SCRATCH/roset")" "30 0 30" \
				"P7: BLKROSET of a killed disk does not look at its image, read-only"
		fi
	done
}

# --- a thread for each that was started ---------------------------------------------------------

thread() {
	image_on "$DEVICE" 64
	attached "thread: attached" -n -w -o 2 -i 0 "$DEVICE" || return
	dd if=/dev/urandom of="$DISK" bs=1M count=2 oflag=direct conv=fsync status=none
	turn hanging errors
	ok "thread: a snapshot whose parent cannot be written fails" not vhdxctl snapshot /dev/vhdx0 \
		"$SCRATCH/child.avhdx"
	ok "thread: the child is not left" not test -e "$SCRATCH/child.avhdx"
	wait_for 10 is_not_busy 0
	turn hanging linear
	ok "thread: the disk is gone" wait_for 10 gone 0
	is "$(threads 0)" "" "P7: no thread outlives a disk that a failed snapshot has made read-only"
	ok "P7: and the module can be unloaded" wait_for 10 rmmod vhdx
	sleep 1
	ok "thread: and loaded again" modprobe vhdx
}

# --- the command is over before its thread is woken -----------------------------------------------

# The first write of a session comes back from the journal. A read wakes the thread, which takes
# the write as well; the disk is gone before the journal has woken the thread.
wake() {
	local i pid
	for i in 1 2; do
		rm -f "$SCRATCH/wake.vhdx" "$SCRATCH/written"
		vhdxctl create -q --block-size=1M "$SCRATCH/wake.vhdx" 64M
		attached "wake: attached, $i" -n -w -o 2 -i 7 "$SCRATCH/wake.vhdx" || return
		echo 0 >"$SYS/vhdx/nowait_reads"
		udevadm settle -t 10
		delay queue_added 1500
		(
			dd if=/dev/urandom of=/dev/vhdx7 bs=64k count=1 oflag=direct status=none
			# the thread that is delayed now stays so; udev's reads are not to be
			delay queue_added 0
			: >"$SCRATCH/written"
			wait_for 30 is_not_busy 7
		) &
		pid=$!
		while [ ! -e "$SCRATCH/written" ]; do
			dd if=/dev/vhdx7 of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null
			sleep 0.1
		done
		wait $pid
		no_delays
	done
	ok "P7: a disk outlives the wake-up of its threads" wait_for 20 gone 7
}

device hanging 96 || { skip "P7" "no device mapper"; finish; exit; }
! wanted autoclear || autoclear
! wanted early || early
! wanted readonly || readonly_after_force
! wanted thread || thread
! wanted wake || wake

finish
