# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034 # some is for the other files
#
# The drivers that are compared. open_DRIVER makes DISK of IMAGE or of RAW, close_DRIVER ends it.
#
#	vhdx		this driver, as it comes
#	inline, thread	the same, reads submitted by the submitter of the I/O, or by the queue's thread
#	loop		on the raw file, with direct I/O
#	raw		the raw file itself, with direct I/O: no block device at all
#	nbd		qemu-nbd on the same image, with the options that make it fast
#	nbdplain	qemu-nbd as most use it, with none
#	vhdimount	libvhdi's FUSE file system on the same image; reads only
#	null		a disk that does nothing: the cost of the request alone

FUSE=/run/vhdx-bench-fuse

open_vhdx() {
	DISK=$(vhdxctl attach -q --no-partscan "$IMAGE")
	[ "$(attr dio)" = 1 ] || die "vhdx has no direct I/O here"
}
close_vhdx() { vhdxctl detach "$DISK"; }

open_readonly() { DISK=$(vhdxctl attach -q -r --no-partscan "$IMAGE"); }
close_readonly() { close_vhdx; }

# attr NAME: of a disk of this driver
attr() { cat "/sys/block/${DISK#/dev/}/vhdx/$1"; }

# counter NAME: one of the disk's statistics
counter() {
	awk -v disk="${DISK#/dev/}:" -v name="$1" '/:$/ { its = $1 == disk } its && $1 == name { print $2 }' \
		/sys/kernel/debug/vhdx/stats
}

can_choose_submitter() { [ -e /sys/module/vhdx/parameters/nowait_reads ]; }
open_inline() { open_vhdx; echo 1 >"/sys/block/${DISK#/dev/}/vhdx/nowait_reads"; }
close_inline() { close_vhdx; }
open_thread() { open_vhdx; echo 0 >"/sys/block/${DISK#/dev/}/vhdx/nowait_reads"; }
close_thread() { close_vhdx; }

open_loop() {
	DISK=$(losetup -f --show --direct-io=on "$RAW")
	[ "$(<"/sys/block/${DISK#/dev/}/loop/dio")" = 1 ] || die "loop has no direct I/O here"
}
close_loop() { losetup -d "$DISK"; }

open_raw() { DISK=$RAW; }
close_raw() { :; }

# free_nbd: an nbd device that is not in use
free_nbd() {
	local dir
	for dir in /sys/block/nbd*; do
		[ -e "$dir/pid" ] || { echo "/dev/${dir##*/}"; return; }
	done
	die "no free nbd device"
}

# connect_nbd OPTION...
connect_nbd() {
	DISK=$(free_nbd)
	qemu-nbd -f vhdx "$@" -c "$DISK" "$IMAGE"
	wait_until nbd_there
}

open_nbd() { connect_nbd --cache=none --aio=native --discard=unmap; }
close_nbd() {
	qemu-nbd -d "$DISK" >/dev/null
	wait_until nbd_gone
}

open_nbdplain() { connect_nbd; }
close_nbdplain() { close_nbd; }

nbd_there() { [ "$(blockdev --getsize64 "$DISK")" != 0 ]; }
nbd_gone() { [ ! -e "/sys/block/${DISK#/dev/}/pid" ] && ! pgrep -f "qemu-nbd.* $DISK " >/dev/null; }

open_vhdimount() {
	mkdir -p "$FUSE"
	vhdimount "$IMAGE" "$FUSE" >/dev/null
	DISK=$FUSE/vhdi1
}
close_vhdimount() {
	umount "$FUSE"
	wait_until not pgrep vhdimount
}

open_null() { DISK=/dev/nullb0; }
close_null() { :; }

# A direct write costs more if another driver left pages of the file in the page cache. They are
# dropped first.
forget() {
	local file
	for file in "$RAW" "$IMAGE"; do
		[ ! -e "$file" ] || dd if="$file" iflag=nocache count=0 of=/dev/null status=none
	done
}

OPENED=''				# the driver that is open, to be closed if the script ends

open() {
	forget
	"open_$1"
	OPENED=$1
}

close() {
	OPENED=''
	"close_$1"
}

not() { ! "$@" >/dev/null; }

# wait_until COMMAND...: for minutes, as a guest's clock that counts instructions runs on while
# all of them wait for a file of the machine's
wait_until() {
	local i
	for ((i = 0; i < 10000; i++)); do
		! "$@" || return 0
		sleep 0.02
	done
	die "waited in vain: $*"
}

load_modules() {
	modprobe vhdx || die "no module vhdx"
	modprobe loop
	modprobe nbd max_part=0
	modprobe fuse
	# nothing that could cost: no completion by timer or interrupt, no queue to wait for
	[ -e /dev/nullb0 ] || modprobe null_blk nr_devices=1 gb=4 bs=512 queue_mode=2 irqmode=0 \
		hw_queue_depth=256 submit_queues="$(nproc)"
}
