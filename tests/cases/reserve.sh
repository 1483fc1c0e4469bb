#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Metadata that is changed has room in the log, without the journal running in circles.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HOST=$SCRATCH/host
IMAGE=$HOST/image.vhdx

# --- circles -----------------------------------------------------------------------

flushes_of() { awk '{ print $16 }' "/sys/block/$1/stat"; }

# delay_writes MS: of data; flushes are fast
delay_writes() { echo "0 $SECTORS delay $LOOP 0 0 $LOOP 0 $1 $LOOP 0 0"; }

# More writes at a time, each with a page of the sector bitmap of its own, than an entry of the
# log has room for: some of them wait until there is room.
circle() {
	local before commits flushes
	modprobe -q dm-delay || { skip "circle: many reservers" "no dm-delay"; return; }
	truncate -s 2G "$SCRATCH/host.img"
	LOOP=$(losetup -f --show "$SCRATCH/host.img")
	defer losetup -d "$LOOP"
	SECTORS=$(blockdev --getsz "$LOOP")
	delay_writes 0 | dmsetup create --noudevsync slow
	defer dmsetup remove --noudevsync slow
	dmsetup mknodes slow
	mke2fs -q -F -t ext4 -E lazy_itable_init=0 -O '^has_journal' /dev/mapper/slow
	mkdir -p "$HOST"
	mount /dev/mapper/slow "$HOST"
	defer umount "$HOST"
	vhdxctl create -q --block-size=1M "$SCRATCH/base.vhdx" 8G
	vhdxctl snapshot -q --keep-mode --block-size=1M "$SCRATCH/base.vhdx" "$IMAGE"
	attached "circle: attached" -n -w -o 2 "$IMAGE" "$SCRATCH/base.vhdx" || return
	# so that all blocks are there in part, and only their bits are to be set
	fio --name=first --filename="$DISK" --direct=1 --ioengine=libaio --iodepth=64 --rw=write:16380k \
		--bs=4k --size=8g --number_ios=500 --minimal >/dev/null
	sync "$DISK"
	delay_writes 100 | dmsetup reload slow
	dmsetup suspend --nolockfs --noudevsync slow && dmsetup resume --noudevsync slow
	before=$(flushes_of "${LOOP#/dev/}")
	commits=$(attr journal_commits)
	# beside them, writes that need no metadata: a flush that is too many has something to do
	fio --filename="$DISK" --direct=1 --ioengine=libaio --bs=4k --size=8g --rw=write:16380k --minimal \
		--name=bits --offset=4k --iodepth=128 --number_ios=500 \
		--name=present --iodepth=32 --number_ios=400 --rate_iops=200 >/dev/null
	flushes=$(($(flushes_of "${LOOP#/dev/}") - before))
	commits=$(($(attr journal_commits) - commits))
	diag "circle: $commits entries in the log, $flushes flushes"
	ok "circle: there were writes that had to wait for room" test "$commits" -gt 3
	ok "with more pages reserved than fit into an entry, each flush is one of a commit" \
		test "$flushes" -le $((2 * commits + 4))
	delay_writes 0 | dmsetup reload slow
	dmsetup suspend --nolockfs --noudevsync slow && dmsetup resume --noudevsync slow
	detach "$INDEX"
	like "$(vhdxctl check "$IMAGE" 2>&1; echo "rc $?")" 'rc 0$' "P8: circle: the image is in order"
}

circle

finish
