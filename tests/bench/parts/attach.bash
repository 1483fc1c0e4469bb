# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034 # some is for the other files
#
# From nothing to a disk that can be read, and the memory that is gone then: by size. The same for
# images whose BAT is written, beside a program that reads this BAT.

ATTACH_SIZES="1G 1T 64T"
ATTACH_TABLES="16T-dense 4T-full"

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

# bat_of IMAGE: offset and length of its BAT, in MiB
bat_of() {
	vhdxctl info -J --headers "$1" |
		jq -r 'first(.. | objects | select(.name? == "bat")) | "\(.offset / 1048576) \(.length / 1048576)"'
}

# Images of which the BAT is not a hole: zeros, and each block present, one after the other.
make_dense() {
	local at mib
	vhdxctl create -q --block-size=1M "$PLACE/16T-dense.vhdx" 16T
	read -r at mib < <(bat_of "$PLACE/16T-dense.vhdx")
	dd if=/dev/zero of="$PLACE/16T-dense.vhdx" bs=1M seek="$at" count="$mib" conv=notrunc,fsync \
		status=none
}

make_full() {
	local at mib
	vhdxctl create -q --block-size=1M "$PLACE/4T-full.vhdx" 4T
	read -r at mib < <(bat_of "$PLACE/4T-full.vhdx")
	truncate -s "$((at + mib + (4 << 20)))M" "$PLACE/4T-full.vhdx"
	python3 - "$PLACE/4T-full.vhdx" "$at" "$mib" <<-'PYTHON'
		import sys
		from array import array
		at, place = int(sys.argv[2]), int(sys.argv[2]) + int(sys.argv[3])
		with open(sys.argv[1], "r+b") as image:
		    image.seek(at << 20)
		    for first in range(place, place + (4 << 20), 4096):
		        image.write(array("Q", range(first << 20 | 6, (first + 4096) << 20, 1 << 20)))
		        image.write(bytes(8))           # of the sector bitmap block
	PYTHON
	sync -f "$PLACE"
}

# table_time NAME: a program reads the same BAT
table_time() {
	local start us i at mib least=999999999
	read -r at mib < <(bat_of "$IMAGE")
	for ((i = 0; i < 5; i++)); do
		start=$(microseconds)
		dd if="$IMAGE" of=/dev/null bs=1M skip="$at" count="$mib" iflag=direct status=none
		us=$(($(microseconds) - start))
		least=$((us < least ? us : least))
	done
	figure "time-$1" raw ms "$(awk -v us=$least 'BEGIN { print us / 1000 }')"
}

attach_tables() {
	local name
	for name in $ATTACH_TABLES; do
		IMAGE=$PLACE/$name.vhdx
		attach_time "$name" vhdx
		table_time "$name"
	done
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
	attach_tables
}

part_attach() {
	local size
	for size in $ATTACH_SIZES; do
		vhdxctl create -q --block-size=1M "$PLACE/$size.vhdx" "$size" >/dev/null
		[ "$size" = 64T ] || truncate -s "$size" "$PLACE/$size.raw"
	done
	make_dense
	make_full
	rounds attach_round
	# more rounds, as other things come and go in memory; last, as it empties the page cache
	VHDX_BENCH_ROUNDS=5 rounds each_size attach_memory
}
