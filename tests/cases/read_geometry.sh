#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Images of every geometry read right. They are read in sequence, at random, through the page
# cache, mapped, and with many reads at a time.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

# Small disks are read whole; of large ones all data, the ends of the zeros and samples of
# them, but for one that chance chooses. With time, all whole.
WHOLE=$((1 << 30))
[ "$LONG" = 0 ] || WHOLE=$((200 << 30))
READS=$((LONG ? 2000 : DEBUG ? 40 : 100))

whole_or_samples() {
	if [ "$1" = "$CHOSEN" ] || [ "$2" -le "$WHOLE" ]; then
		ok "$1: every byte" blkcmp -s "$SEED" "$DISK" "$MODELS/good/$1"
	else
		ok "$1: all data, samples of the zeros" blkcmp -q -s "$SEED" "$DISK" "$MODELS/good/$1"
	fi
}

# at_random NAME BLOCK-SIZE: with little time only where geometry is what is odd
at_random() {
	case $LONG-$1 in
	1-* | 0-block-* | 0-disk-* | 0-fixed-* | 0-place-shuffled | 0-states-mixed | 0-dirty-extended) ;;
	*) return ;;
	esac
	local options=(-s "$SEED" -B "$2") model=$MODELS/good/$1 around=-r
	# what is read around a page may grow with the blocks
	[ "$2" -gt 4194304 ] || around=
	ok "$1: random reads of one sector to 1 MiB, 32 at a time" \
		randread "${options[@]}" -n "$READS" "$DISK" "$model"
	ok "$1: random reads through the page cache" \
		randread "${options[@]}" -m buffered -n $((READS / 2)) -b 131072 "$DISK" "$model"
	ok "$1: random reads of mapped pages" \
		randread "${options[@]}" -m mmap -n $((READS / 4)) -b 32768 -t 4 ${around:+"$around"} "$DISK" "$model"
}

queue() { cat "$SYS/queue/$1"; }

# shows NAME SIZE BLOCK LOGICAL PHYSICAL TYPE
shows() {
	local physical=$5
	[ "$physical" -ge "$4" ] || physical=$4
	is "$(blockdev --getsize64 "$DISK") $(attr block_size) $(attr type) $(queue logical_block_size) $(queue physical_block_size)" \
		"$2 $3 $6 $4 $physical" "$1: size, block size, type and sector sizes"
}

check() {
	if ! attach "$IMAGES/good/$1.vhdx"; then
		not_ok "$1 is attached" "$LINE"
		return
	fi
	shows "$@"
	whole_or_samples "$1" "$2"
	at_random "$1" "$3"
	detach "$INDEX" || not_ok "$1 is detached" "$LINE"
}

# Errors of any request make fio fail.
storm() {
	local sector
	attach "$IMAGES/good/$1.vhdx"
	sector=$(queue logical_block_size)
	ok "$1: fio, three jobs of queue depth 32, unaligned to blocks" \
		fio --name=storm --filename="$DISK" --readonly --rw=randread --direct=1 \
		--ioengine=libaio --iodepth=32 --numjobs=3 --thread --norandommap \
		--bsrange="$sector-1M" --blockalign="$sector" --randseed="$SEED" \
		--number_ios=$((LONG ? 20000 : DEBUG ? 300 : 1000)) --group_reporting --minimal
	detach "$INDEX"
}

choose() {
	local names
	mapfile -t names < <(table "$IMAGES/good/MANIFEST.tsv" | awk -F '\t' '$2 < 10 * 2^30 && $2 > 2^30 { print $1 }')
	CHOSEN=${names[SEED % ${#names[@]}]}
	diag "read whole by chance, seed $SEED: $CHOSEN"
}

choose
files=()
while IFS=$'\t' read -r name size block logical physical type _; do
	files+=("good/$name.vhdx")
	{ [ "$name" = huge-64t ] || ! sliced "$name" 4; } || check "$name" "$size" "$block" "$logical" "$physical" "$type"
done < <(table "$IMAGES/good/MANIFEST.tsv")
for name in block-1m-512 block-32m-4k place-shuffled disk-64t; do
	! sliced "$name" 4 || storm "$name"
done
untouched "all images are as they were" "${files[@]}"

finish
