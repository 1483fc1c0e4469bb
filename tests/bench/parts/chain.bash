# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# Reads through a chain of 32 files, each of which has some of the data, in blocks partially
# present; and of one file with the same disk in it.

CHAIN=32
CHAIN_SIZE=64				# in MiB

make_chain() {
	local n
	RAW=$PLACE/chain.raw
	raw_file "$RAW" $CHAIN_SIZE
	image_of "$RAW" "$PLACE/chain-1.vhdx" $CHAIN_SIZE --block-size=2M
	cp --sparse=always "$PLACE/chain-1.vhdx" "$PLACE/single.vhdx"
	IMAGE=$PLACE/chain-1.vhdx open vhdx
	for ((n = 2; n <= CHAIN; n++)); do
		vhdxctl snapshot -q "$DISK" "$PLACE/chain-$n.vhdx"
		fio --name=touch --filename="$DISK" --direct=1 --rw=randwrite --bs=4k --number_ios=150 \
			--randseed=$n --norandommap --minimal >/dev/null
	done
	close vhdx
}

# After every block was touched once. The parents are found beside the file.
chain_on() {
	local driver=$1 work
	IMAGE=$2 open readonly
	dd if="$DISK" of=/dev/null bs=1M iflag=direct status=none
	for work in randread-4k-1 randread-4k-32 read-128k-8; do
		SPAN=${CHAIN_SIZE}M work_on $work "$driver"
	done
	[ "$driver" = one ] || figure remembered "$driver" bytes "$(counter chain_bytes)"
	close readonly
}

chain_round() {
	chain_on one "$PLACE/single.vhdx"
	chain_on chain "$PLACE/chain-$CHAIN.vhdx"
}

part_chain() {
	make_chain
	rounds chain_round
}
