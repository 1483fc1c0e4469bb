# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034 # some is for the other files
#
# Random reads over 64 TiB, of blocks that are there: with a block table of 512 MiB, nearly
# every read wants a page of it that no other one did. How many are read in is counted.

HUGE_READS=3000

# The seed is fio_on's: the reads go where the writes went.
huge_work() {
	SPAN=64T fio_on "$1" vhdx --rw="$2" --bs=4k --iodepth="$3" --number_ios=$HUGE_READS
}

# loads WORK COMMAND...: pages read in meanwhile, for each read
loads() {
	local work=$1 before
	before=$(counter cache_loads)
	shift
	"$@"
	figure "$work" vhdx loads/read "$(awk -v n=$(($(counter cache_loads) - before)) \
		-v reads=$HUGE_READS 'BEGIN { print n / reads }')"
}

huge_round() {
	local depth
	for depth in 1 32; do
		open vhdx
		loads cold-loads-$depth huge_work cold-4k-$depth randread $depth
		loads warm-loads-$depth huge_work warm-4k-$depth randread $depth
		close vhdx
	done
}

part_huge() {
	IMAGE=$PLACE/huge.vhdx
	vhdxctl create -q --block-size=1M "$IMAGE" 64T >/dev/null
	ROUND=0
	open vhdx
	huge_work fill-4k-32 randwrite 32
	close vhdx
	rounds huge_round
}
