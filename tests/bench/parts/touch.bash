# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# First touch: one small write into each block, none of which is there yet.

TOUCH_SIZE=8192				# in MiB, and so in blocks

# touches DRIVER: by the clock, fewer for a driver that flushes at each of them
touches() {
	case $MODE-$1 in
	icount-*) echo $((TOUCH_SIZE / $(share_of "$1"))) ;;
	*-nbd*) echo $((TOUCH_SIZE / 64)) ;;
	*) echo $TOUCH_SIZE ;;
	esac
}

# A new file for each measurement.
touch_round() {
	local driver
	RAW=$PLACE/new.raw IMAGE=$PLACE/new.vhdx
	for driver in $(turn "$@"); do
		rm -f "$RAW" "$IMAGE"
		truncate -s ${TOUCH_SIZE}M "$RAW"
		vhdxctl create -q --block-size=1M "$IMAGE" ${TOUCH_SIZE}M >/dev/null
		open "$driver"
		SPAN=${TOUCH_SIZE}M fio_on touch-4k-32 "$driver" --rw=write:1020k --bs=4k --iodepth=32 \
			--number_ios="$(touches "$driver")"
		close "$driver"
	done
}

part_touch() { rounds touch_round vhdx loop raw nbd nbdplain; }
