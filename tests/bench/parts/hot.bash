# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# The hot path, against all drivers: blocks that are present, metadata that is known.

HOT="randread-4k-1 randread-4k-32 randwrite-4k-32 read-128k-8 write-128k-8"
HOT_MORE="randwrite-4k-1 read-1m-4 write-1m-4"
ALL_DRIVERS=(vhdx inline thread loop raw nbd vhdimount null)

# same_files: RAW and IMAGE, with the same bytes in them
same_files() {
	RAW=$PLACE/disk.raw IMAGE=$PLACE/disk.vhdx
	raw_file "$RAW" $SIZE
	image_of "$RAW" "$IMAGE" $SIZE --block-size=1M
}

part_hot() {
	local driver
	same_files
	for driver in vhdx loop nbd vhdimount; do same_bytes $driver; done
	# by the clock it takes many rounds, and so less of the same
	[ "$MODE" != icount ] || HOT+=" $HOT_MORE"
	rounds side_by_side "$HOT" "${ALL_DRIVERS[@]}"
}

# What every commit is measured by, in a minute: once, since it is exact.
part_short() {
	same_files
	same_bytes vhdx 16
	rounds side_by_side "$HOT" vhdx inline thread loop raw
	clear_place
	rounds touch_round vhdx loop raw
}
