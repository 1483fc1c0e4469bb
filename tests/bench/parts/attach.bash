# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034 # some is for the other files
#
# From nothing to a disk that can be read, and the memory that is gone then: by size. The same for
# an image whose BAT is written, with zeros, beside a program that reads this BAT.

ATTACH_SIZES="1G 1T 64T"

# Memory that is neither used, nor a copy of what is in files, when udev's helpers are gone.
free_memory() {
	udevadm settle
	sleep 4
	sync
	echo 3 >/proc/sys/vm/drop_caches
	awk '/^(MemFree|Buffers|Cached|SReclaimable):/ { free += $2 } END { print free }' /proc/meminfo
}

# The shortest of some times: programs and udev are in it, which take what they take.
attach_time() {
	local start us i least=999999999
	for ((i = 0; i < 5; i++)); do
		start=$(microseconds)
		open "$2"
		dd if="$DISK" of=/dev/null bs=4k count=1 iflag=direct status=none
		us=$(($(microseconds) - start))
		close "$2"
		least=$((us < least ? us : least))
	done
	figure "time-$1" "$2" ms "$(awk -v us=$least 'BEGIN { print us / 1000 }')"
}

# dense_table: makes an image of which the BAT is not a hole; sets TABLE, where dd finds that
DENSE=16T
dense_table() {
	local offset length
	vhdxctl create -q --block-size=1M "$PLACE/dense.vhdx" "$DENSE"
	read -r offset length < <(vhdxctl info -J --headers "$PLACE/dense.vhdx" |
		jq -r 'first(.. | objects | select(.name? == "bat")) | "\(.offset) \(.length)"')
	TABLE=("skip=$((offset >> 20))" "count=$((length >> 20))")
	dd if=/dev/zero of="$PLACE/dense.vhdx" bs=1M seek=$((offset >> 20)) count=$((length >> 20)) \
		conv=notrunc,fsync status=none
}

attach_dense() {
	local start us i least=999999999
	IMAGE=$PLACE/dense.vhdx
	attach_time "$DENSE-dense" vhdx
	for ((i = 0; i < 5; i++)); do
		start=$(microseconds)
		dd if="$IMAGE" of=/dev/null bs=1M "${TABLE[@]}" iflag=direct status=none
		us=$(($(microseconds) - start))
		least=$((us < least ? us : least))
	done
	figure "time-$DENSE-dense" raw ms "$(awk -v us=$least 'BEGIN { print us / 1000 }')"
}

attach_memory() {
	local before
	before=$(free_memory)
	open "$2"
	figure "memory-$1" "$2" KiB $((before - $(free_memory)))
	close "$2"
}

# Loop has no place to put 64 TiB of holes: ext4 ends at 16.
# each_size COMMAND: for all sizes and disks
each_size() {
	local size driver
	for size in $ATTACH_SIZES; do
		IMAGE=$PLACE/$size.vhdx RAW=$PLACE/$size.raw
		for driver in vhdx loop nbd; do
			[ "$driver-$size" = loop-64T ] || "$1" "$size" "$driver"
		done
	done
}

# The programs are in memory when the clock runs.
warm_up() {
	open "$2"
	close "$2"
}

attach_round() {
	[ "$ROUND" != 1 ] || each_size warm_up
	each_size attach_time
	attach_dense
}

part_attach() {
	local size
	for size in $ATTACH_SIZES; do
		vhdxctl create -q --block-size=1M "$PLACE/$size.vhdx" "$size" >/dev/null
		[ "$size" = 64T ] || truncate -s "$size" "$PLACE/$size.raw"
	done
	dense_table
	rounds attach_round
	# more rounds, as other things come and go in memory; last, as it empties the page cache
	VHDX_BENCH_ROUNDS=5 rounds each_size attach_memory
}
