# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# Reads and writes while another program flushes what it wrote, again and again. The figure is
# that of the first; what the second does is given, so that all disks flush alike.

mixed_on() {
	local driver=$1 jobs
	open "$driver"
	read -r -a jobs < <(echo --rw=randrw --rwmixread=70 --bs=4k --iodepth=32 --exitall \
		"$(amount "$driver" 4k 1)" --name=flusher --filename="$DISK" --direct=1 \
		--ioengine=libaio --norandommap --size="${SIZE}M" --rw=randwrite --bs=4k --iodepth=1 \
		--fdatasync=1 --rate_iops=500 --time_based --runtime=600s)
	fio_on mixed-4k-32 "$driver" "${jobs[@]}"
	close "$driver"
}

mixed_round() {
	local driver
	for driver in $(turn "$@"); do mixed_on "$driver"; done
}

part_mixed() {
	same_files
	rounds mixed_round vhdx loop raw nbd
}
