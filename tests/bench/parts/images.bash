# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# Images of different kinds: what a block's size and the type of an image cost.

IMAGE_KINDS="dynamic-1M dynamic-32M fixed"

make_kinds() {
	local kind type size
	RAW=$PLACE/disk.raw
	raw_file "$RAW" $SIZE
	for kind in $IMAGE_KINDS; do
		IFS=- read -r type size <<<"$kind"
		image_of "$RAW" "$PLACE/$kind.vhdx" $SIZE --type="$type" ${size:+--block-size=$size}
	done
}

kinds_round() {
	local work kind
	for work in randread-4k-1 randread-4k-32 randwrite-4k-32 read-128k-8 write-128k-8; do
		for kind in $IMAGE_KINDS; do
			IMAGE=$PLACE/$kind.vhdx open vhdx
			work_on "$work" "$kind"
			close vhdx
		done
		measure "$work" loop
	done
}

part_images() {
	make_kinds
	rounds kinds_round
}
