#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7, P9: while the host file system is frozen writes wait, reads do not, and each wait can be
# ended.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HOST=$SCRATCH/host
IMAGE=$HOST/image.vhdx
OTHER=$SCRATCH/other.vhdx
SIZE=32				# MiB that are written to; the first half is before
FAR=120000			# and beyond this MiB, where no block is yet
SECONDS_GIVEN=$((DEBUG ? 60 : 15))
mkdir -p "$HOST"

frozen() { fsfreeze -f "$HOST"; }
thawed() { fsfreeze -u "$HOST" 2>/dev/null; }

host() {
	local loop
	truncate -s 300M "$SCRATCH/host.img"
	mke2fs -q -t ext4 "$SCRATCH/host.img" && loop=$(losetup -f --show "$SCRATCH/host.img") || return
	defer losetup -d "$loop"
	mount "$loop" "$HOST" && defer umount -l "$HOST" && defer fsfreeze -u "$HOST"
}

image() {
	vhdxctl create -q --block-size=1M "$IMAGE" 600G
	vhdxctl create -q --block-size=1M "$OTHER" 8M
	attach -w -n -o 2 "$IMAGE" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=$((SIZE / 2)) oflag=direct conv=fsync status=none
}

# piece N: a MiB of the data, to where it belongs, in the background
piece() {
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 skip="$1" seek="$1" oflag=direct conv=notrunc status=none 2>/dev/null &
	WRITERS+=($!)
}

# far: to a block whose entry lies far from all others
far() {
	FAR=$((FAR + 40000))
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 seek=$FAR oflag=direct conv=notrunc status=none 2>/dev/null &
	WRITERS+=($!)
}

# writers FIRST LAST: more than there are threads, to blocks that are present and to others
writers() {
	local i
	WRITERS=()
	far
	for ((i = $1; i <= $2; i++)); do piece $i; done
}

waiting() { [ "$(awk '{ print $2 }' "$SYS/inflight")" -ge 8 ]; }

# read_back MIB COUNT: directly
read_back() {
	cmp -s <(timeout -k 5 $SECONDS_GIVEN dd if="$DISK" bs=1M skip="$1" count="$2" iflag=direct status=none) \
		<(dd if="$SCRATCH/data" bs=1M skip="$1" count="$2" status=none)
}

ended() { local pid; for pid; do ! kill -0 "$pid" 2>/dev/null || return 1; done; }

# reads_go_on INLINE: reads go from the submitter, or through a thread
reads_go_on() {
	echo "$1" >"$SYS/vhdx/nowait_reads"
	frozen
	writers 8 24
	ok "nowait_reads=$1: writes wait for the thaw" wait_for 20 waiting
	ok "P9: nowait_reads=$1: blocks that were written are read while others wait to be" read_back 0 8
	ok "nowait_reads=$1: so are those that are absent" timeout -k 5 $SECONDS_GIVEN \
		dd if="$DISK" of=/dev/null bs=1M skip=28 count=4 iflag=direct status=none
	ok "P9: nowait_reads=$1: another disk is attached meanwhile" timeout -k 5 $SECONDS_GIVEN \
		vhdxctl attach -q -i 7 "$OTHER"
	ok "and written to" timeout -k 5 $SECONDS_GIVEN dd if="$SCRATCH/data" of=/dev/vhdx7 bs=1M count=4 oflag=direct status=none
	ok "and detached" timeout -k 5 $SECONDS_GIVEN vhdxctl detach /dev/vhdx7
	thawed
	ok "nowait_reads=$1: after the thaw the writes end" wait_for 20 ended "${WRITERS[@]}"
	ok "and what they wrote is there" read_back 8 16
}

# A flush and a commit find the file system frozen.
flush_ends() {
	local pid
	frozen
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 skip=30 seek=30 oflag=direct conv=notrunc,fsync status=none &
	pid=$!
	sleep 1
	ok "a write and its flush wait for the thaw" kill -0 $pid
	thawed
	ok "and end after it" wait_for 20 ended $pid
}

# Metadata that is changed for the first time has to be given room, which a frozen file system
# cannot do: such writes keep no reads waiting either.
room_waits() {
	local image=$HOST/large.vhdx at
	vhdxctl create -q --block-size=1M "$image" 4T
	attached "a large disk is attached" -w -n -o 2 "$image" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 oflag=direct conv=fsync status=none
	echo 0 >"$SYS/vhdx/nowait_reads"
	frozen
	WRITERS=()
	# each in another MiB of the table of blocks
	for at in {1..12}; do
		dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 seek=$((at * 200 << 10)) oflag=direct conv=notrunc status=none &
		WRITERS+=($!)
	done
	ok "writes whose metadata needs room wait for the thaw" wait_for 20 waiting
	ok "P9: and keep no reads waiting" read_back 0 1
	thawed
	ok "after the thaw they end" wait_for 20 ended "${WRITERS[@]}"
	ok "P3: and are flushed" sync "$DISK"
	detach "$INDEX"
	ok "P3: the image is clean" vhdxctl check -q "$image"
	rm "$image"
}

free() { vhdxctl attach -q --dry-run "$IMAGE"; }

# forced: the freeze goes on
forced() {
	local took=$SECONDS STATUS=0
	frozen
	writers 2 31
	ok "writes wait" wait_for 20 waiting
	# it says so if something may be lost
	timeout -k 5 $((SECONDS_GIVEN * 2)) vhdxctl detach --force "$DISK" 2>"$SCRATCH/stderr" || STATUS=$?
	diag "after $((SECONDS - took)) s, status $STATUS: $(<"$SCRATCH/stderr")"
	ok "P9: detach --force ends while the host file system is frozen" test "$STATUS" -lt 124
	ok "and the disk is gone" test ! -e "$SYS"
	ok "P9: the writers end" wait_for 20 ended "${WRITERS[@]}"
	ok "others are attached" timeout -k 5 $SECONDS_GIVEN vhdxctl attach -q -i 7 "$OTHER"
	vhdxctl detach -q /dev/vhdx7
	thawed
	ok "the file is free again" wait_for 30 free
	attached "and attached again" -w -n -o 2 "$IMAGE" || return
	ok "P3: what was flushed before is there" read_back 0 2
	detach "$INDEX"
	ok "P3: and the image is clean" vhdxctl check -q "$IMAGE"
}

number_is_free() { ioctl attach -n -i "$1" "$OTHER" && detach "$1"; }

# given_up CLAIM: a detach by force ends what waits, and the number is free before the thaw
given_up() {
	ioctl detach -f "$INDEX" >/dev/null
	ok "P9: $1: detach --force ends it while the host is frozen" wait_for 20 number_is_free "$INDEX"
}

# The end of a session waits, which a plain detach has begun.
detach_waits() {
	local pid
	attached "a session to be ended" -w -n -o 2 "$IMAGE" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 skip=4 seek=4 oflag=direct conv=notrunc status=none
	udevadm settle -t 10
	frozen
	detach "$INDEX" &
	pid=$!
	sleep 2
	ok "a detach waits for the thaw" not ended $pid
	given_up "a detach that waits"
	ok "P9: the process that detached ends" wait_for 20 ended $pid
	thawed
}

# So does the replay that an attach begins with: the log has been left by the detach above.
attach_waits() {
	local pid
	frozen
	ioctl attach -w -n -o 2 -i "$INDEX" "$IMAGE" >/dev/null &
	pid=$!
	sleep 2
	ok "an attach waits for the thaw" not ended $pid
	given_up "an attach that waits"
	ok "P9: the process that attached ends" wait_for 20 ended $pid
	thawed
	attached "after the thaw it is attached" -w -n -o 2 "$IMAGE" || return
	ok "P3: what was flushed is there" read_back 0 2
	detach "$INDEX"
	ok "P8: and the image is clean" vhdxctl check -q "$IMAGE"
}

# A snapshot finds the host frozen before it holds I/O.
snapshot_waits() {
	local pid
	attached "a disk for a snapshot" -w -n -o 2 "$IMAGE" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 skip=5 seek=5 oflag=direct conv=notrunc status=none
	udevadm settle -t 10
	frozen
	vhdxctl snapshot "$DISK" "$SCRATCH/child.avhdx" >"$SCRATCH/snapshot" 2>&1 &
	pid=$!
	sleep 2
	ok "a snapshot waits for the thaw" not ended $pid
	ok "P9: and holds no I/O meanwhile" read_back 0 2
	given_up "a snapshot that waits"
	ok "P9: the process that made the snapshot ends" wait_for 20 ended $pid
	thawed
	rm -f "$SCRATCH/child.avhdx"
}

# The host is frozen when the child has taken over: what the old file does not use is given back.
give_back_waits() {
	local pid
	attached "a disk with space to give back" -w -n -o 2 "$IMAGE" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=8 skip=16 seek=16 oflag=direct conv=notrunc,fsync status=none
	blkdiscard -o 17M -l 4M "$DISK"
	udevadm settle -t 10
	delay swap_done $((3000 * (1 + DEBUG)))
	# else it would wait for the thaw itself, to change the mode of the old file
	vhdxctl snapshot --keep-mode "$DISK" "$SCRATCH/child.avhdx" >"$SCRATCH/snapshot" 2>&1 &
	pid=$!
	wait_for 20 in_child
	frozen
	delay swap_done 0
	sleep $((4 * (1 + DEBUG)))
	ok "P9: giving space back holds no I/O" read_back 0 2
	given_up "giving space back after a snapshot"
	ok "P9: the process whose snapshot gave space back ends" wait_for 20 ended $pid
	ok "P3: the child is kept" test -e "$SCRATCH/child.avhdx"
	thawed
	ok "P3: it is attached after the thaw" wait_for 20 child_is_attached
	diag "$(<"$SCRATCH/snapshot") $(<"$SCRATCH/stderr")"
	ok "P3: and shows what was flushed" read_back 0 2
	detach "$INDEX"
	rm -f "$SCRATCH/child.avhdx"
}

in_child() { [[ $(<"$SYS/vhdx/backing_file") = */child.avhdx ]]; }
child_is_attached() { vhdxctl attach -q -i "$INDEX" --parent-dir "$HOST" "$SCRATCH/child.avhdx" 2>"$SCRATCH/stderr"; }

# Nothing in user space waits any more: the system may be suspended while the kernel still does.
suspends() {
	local pid
	if ! [ -w /sys/power/pm_test ]; then
		skip "suspend" "this kernel cannot try it"
		return
	fi
	vhdxctl create -q --block-size=1M "$HOST/third.vhdx" 8M
	attached "a disk that is detached while the host is frozen" -w -n -o 2 "$HOST/third.vhdx" || return
	dd if="$SCRATCH/data" of="$DISK" bs=1M count=1 oflag=direct conv=notrunc status=none
	udevadm settle -t 10
	frozen
	ioctl detach "$INDEX" >/dev/null &
	pid=$!
	sleep 1
	kill -9 $pid
	wait_for 10 ended $pid
	echo freezer >/sys/power/pm_test
	ok "P9: the system is suspended while a detach waits for the thaw" eval 'echo freeze >/sys/power/state'
	echo none >/sys/power/pm_test
	thawed
	ok "and the disk goes after the thaw" wait_for 20 number_is_free "$INDEX"
}

host || { not_ok "a file system for an image" ""; finish; exit; }
head -c ${SIZE}M /dev/urandom >"$SCRATCH/data"
room_waits
image || { not_ok "a disk in a file system of its own" "$LINE"; finish; exit; }
reads_go_on 0
reads_go_on 1
flush_ends
forced
detach_waits
attach_waits
snapshot_waits
give_back_waits
suspends

finish
