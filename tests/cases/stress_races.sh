#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P7, P9: attach, open, detach, snapshot and rmmod race each other, and everything ends in order.
# Chance mixes them, with delays in every window, on devices that hang, fail and freeze. It costs
# errors; nothing is left, and every image is in order. Before that, each step of a live snapshot
# fails on its own.
#	VHDX_PARTS="steps storm"	only these; with little time some of the steps, by the seed
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/hang.bash
. "$(dirname "$0")/../lib/hang.bash"

wanted() { [[ " ${VHDX_PARTS:-steps storm} " = *" $1 "* ]]; }

STORM=$((LONG ? 300 : DEBUG ? 60 : SLICE ? 20 : 45))	# seconds
POINTS=(life_end remove remove_closed make_opened make_added kill swap_held swap_done)

gone() { [ ! -e "/sys/block/vhdx$1" ]; }

# --- a snapshot fails ---------------------------------------------------------------------------

# begin: a fresh image, attached, with one block written and flushed, and another one only written
begin() {
	turn parent linear
	rm -f "$SCRATCH"/*.avhdx
	image_on "$PARENT" 64
	attached "$1: attached" -n -w -o 2 -i 0 "$PARENT" || return
	dd if="$SCRATCH/data" of="$DISK" bs=64k count=1 oflag=direct conv=fsync status=none
	dd if="$SCRATCH/data" of="$DISK" bs=64k count=1 seek=160 oflag=direct status=none
	udevadm settle -t 10
}

holds() { dd if="$DISK" bs=64k count=1 iflag=direct status=none | cmp -s - "$SCRATCH/data"; }

# after NAME: of the disk, nothing is left but an image that is in order
after() {
	no_delays
	wait_for 10 is_not_busy 0
	like "$LINE" "errno=(0|EIO|ENODEV) " "P7: $1: the disk can be detached"
	turn parent linear
	ok "P7: $1: it is gone" wait_for 20 gone 0
	is "$(threads 0)" "" "P7: $1: no thread of it is left"
	attached "P3: $1: its image can be attached again" -n -w -o 2 -i 0 "$PARENT" || return
	ok "P3: $1: and has what was flushed" holds
	detach 0
	vhdxctl check -q "$SCRATCH/parent.raw" >/dev/null
	like $? '^[03]$' "P8: $1: it is in order"
}

# child: the one that vhdxctl would make; L2 refuses what is no child
no_child() {
	begin "no child" || return
	truncate -s 8M "$SCRATCH/no.avhdx"
	ok "no child: the snapshot fails" not ioctl snapshot 0 "$SCRATCH/no.avhdx"
	ok "P7: no child: the disk goes on" dd if="$SCRATCH/data" of="$DISK" bs=64k count=1 seek=320 oflag=direct conv=fsync status=none
	after "no child"
}

commit_fails() {
	begin "commit" || return
	turn parent errors
	ok "commit: the snapshot fails" not vhdxctl snapshot "$DISK" "$SCRATCH/c.avhdx"
	ok "P7: commit: there is no child" not test -e "$SCRATCH/c.avhdx"
	like "$(attr read_only_reason)" "^cannot (write the log|flush the file)" "P7: commit: the disk is read-only, with a reason"
	ok "P7: commit: and can be read" holds
	after commit
}

# held NAME COMMAND...: a snapshot is begun, and the command done while I/O is held at that point
held() {
	local point=$1
	shift
	delay "$point" $((2000 * (1 + DEBUG)))
	vhdxctl snapshot "$DISK" "$SCRATCH/c.avhdx" >"$SCRATCH/snapshot" 2>&1 &
	PID=$!
	sleep $((1 + DEBUG))
	"$@"
	wait_for 20 is_over $PID
	wait $PID
	STATUS=$?
	no_delays
}

session_fails() {
	begin "session" || return
	held swap_held turn parent errors
	ok "session: the snapshot fails" test $STATUS != 0
	ok "P7: session: there is no child" not test -e "$SCRATCH/c.avhdx"
	like "$(attr read_only_reason)" "^cannot end the session" "P7: session: the disk is read-only, with a reason"
	ok "P7: session: and can be read" holds
	ok "P7: session: BLKROSET does not change that" not blockdev --setrw "$DISK"
	after session
}

killed() {
	begin "killed, $1" || return
	held "$1" ioctl detach -f 0
	ok "P9: killed, $1: the snapshot is ended" test $STATUS != 0
	[ "$1" != swap_done ] || ok "P10: killed, $1: the child is kept, since the disk is in it" test -s "$SCRATCH/c.avhdx"
	ok "P7: killed, $1: the disk is gone" wait_for 20 gone 0
	rm -f "$SCRATCH"/*.avhdx
	after "killed, $1"
}

kill_caller() { kill -9 "$PID"; }

# The disk is in its file still, or in the child.
caller_killed() {
	begin "caller killed" || return
	held swap_held kill_caller
	ok "P7: caller killed: the disk goes on" wait_for 10 holds
	wait_for 20 detach 0
	rm -f "$SCRATCH"/*.avhdx
	after "caller killed"
}

steps() {
	local step
	for step in no_child commit_fails session_fails "killed swap_held" "killed swap_done" caller_killed; do
		! sliced "$step" 2 || $step
	done
}

# --- the storm ------------------------------------------------------------------------------------

some() { local list=("$@"); echo "${list[RANDOM % $#]}"; }
nap() { sleep "0.$((RANDOM % 4))$((RANDOM % 10))"; }
blowing() { [ -e "$SCRATCH/blowing" ]; }

# disks INDEX IMAGE: they come and go
disks() {
	local how
	while blowing; do
		# shellcheck disable=SC2046 # words
		ioctl attach $(some -n -a "-n -a" "") -w -o 2 -i "$1" "$2"
		case $((RANDOM % 4)) in 0) ;; *) nap ;; esac
		how=$(some "" "" -l -f)
		# shellcheck disable=SC2086 # or none
		ioctl detach $how "$1"
		case $((RANDOM % 3)) in 0) ioctl detach -f "$1" ;; esac
	done
}

# openers INDEX: whatever opens and closes a disk
openers() {
	local node=/dev/vhdx$1
	while blowing; do
		case $((RANDOM % 8)) in
		0) perl -MFcntl -e 'sysopen my $f, $ARGV[0], O_RDONLY | O_EXCL' "$node" ;;
		1) perl -MFcntl -e 'sysopen my $f, $ARGV[0], O_RDONLY | O_EXCL;
			sysopen my $g, $ARGV[0], O_RDONLY' "$node" ;;
		2) blockdev --rereadpt "$node" ;;
		3) blockdev "$(some --setro --setrw --flushbufs --getsz)" "$node" ;;
		4) dd if="$node" of=/dev/null bs=64k count=4 iflag=direct ;;
		5) [ ! -b "$node" ] || dd if=/dev/urandom of="$node" bs=64k count=$((1 + RANDOM % 16)) \
			seek=$((RANDOM % 600)) oflag=direct conv="nocreat,notrunc$(some "" ,fsync)" ;;
		6) udevadm trigger -s block; cat "/sys/block/vhdx$1"/vhdx/* "$STATS" ;;
		7) ioctl status -n 0; vhdxctl list ;;
		esac
	done
}

# snapshots INDEX: of an image that is made anew each time
snapshots() {
	local i how
	while blowing; do
		rm -f "$SCRATCH"/snap*.avhdx
		rm -f "$SCRATCH/snap.vhdx"
		vhdxctl create -q --block-size=1M "$SCRATCH/snap.vhdx" 16M
		ioctl attach -n -w -o 2 -i "$1" "$SCRATCH/snap.vhdx"
		for i in 1 2 3; do
			! vhdxctl snapshot "/dev/vhdx$1" "$SCRATCH/snap$i.avhdx" || echo >>"$SCRATCH/snapped"
		done
		how=$(some "" -f -l)
		# shellcheck disable=SC2086 # or none
		ioctl detach $how "$1"
	done
}

# weather: of the devices and of the host's file system
weather() {
	local name
	while blowing; do
		name=$(some one two host)
		case $((RANDOM % 4)) in
		0 | 1) hang "$name"; nap; nap; answer "$name" ;;
		2) [ "$name" = host ] || { turn "$name" errors; nap; turn "$name" linear; } ;;
		3) fsfreeze -f "$SCRATCH/mnt"; nap; nap; fsfreeze -u "$SCRATCH/mnt" ;;
		esac
		nap
	done
	answer one
	answer two
	answer host
	turn one linear
	turn two linear
}

windows() {
	while blowing; do
		delay "$(some "${POINTS[@]}")" $((RANDOM % 300))
		delay queue_added $((RANDOM % 3))
		nap
	done
}

unloading() {
	while blowing; do
		nap
		nap
		! rmmod vhdx || echo >>"$SCRATCH/unloaded"
		modprobe vhdx
	done
}

in_order() {
	local file=$1
	attach -n -w -o 2 -i 0 "$file" || { diag "$file: $LINE"; return 1; }
	dd if="$DISK" of=/dev/null bs=1M status=none
	detach 0 || { diag "$file: $LINE"; return 1; }
	vhdxctl check -q "${2-$file}" >/dev/null
	case $? in 0 | 3) ;; *) return 1 ;; esac
}

storm() {
	local one=/dev/mapper/one two=/dev/mapper/two three=$SCRATCH/mnt/three.vhdx
	local pids=() pid left='' actor
	must device one 80 && must device two 80 && must device host 160 || return
	mke2fs -q -t ext4 /dev/mapper/host
	mkdir "$SCRATCH/mnt"
	must mount /dev/mapper/host "$SCRATCH/mnt" || return
	defer umount "$SCRATCH/mnt"
	image_on $one 48
	image_on $two 48
	vhdxctl create -q --block-size=1M "$three" 48M
	: >"$SCRATCH/blowing"
	for actor in "disks 1 $one" "disks 2 $two" "disks 3 $three" "openers 1" \
		"openers 2" "openers 3" "openers 1" "snapshots 4" "openers 4" weather windows unloading; do
		RANDOM=$((SEED + ${#pids[@]}))
		$actor >/dev/null 2>&1 &
		pids+=($!)
	done
	sleep "$STORM"
	rm "$SCRATCH/blowing"
	for pid in "${pids[@]}"; do
		wait_for 60 is_over "$pid" || left+=" $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done
	is "$left" "" "P9: every process of the storm ends, seed $SEED"
	no_delays
	modprobe vhdx
	detach_all
	ok "P7: every disk goes" wait_for 60 eval 'gone 1 && gone 2 && gone 3 && gone 4'
	ok "P7: and the module with the last of them" wait_for 20 rmmod vhdx
	is "$(threads '[0-9]*')" "" "P7: no thread is left"
	modprobe vhdx
	ok "P4: the image on the first device is in order" in_order $one "$SCRATCH/one.raw"
	ok "P4: and that on the second" in_order $two "$SCRATCH/two.raw"
	ok "P4: and that in the file system" in_order "$three"
	diag "$(cat "$SCRATCH/snapped" 2>/dev/null | wc -l) snapshots made, unloaded $(cat "$SCRATCH/unloaded" 2>/dev/null | wc -l) times"
}

head -c 65536 /dev/urandom >"$SCRATCH/data"
device parent 96 || { skip "P7" "no device mapper"; finish; exit; }
PARENT=$DEVICE
! wanted steps || steps
! wanted storm || storm

finish
