#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P8: QEMU, 7-Zip and libvhdi read what this driver writes, in the form in which Windows leaves
# it. That form covers headers, regions and entries.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

IMAGE=$SCRATCH/image.vhdx
JOURNAL=$SCRATCH/journal
RAW=$SCRATCH/raw
OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 2000 : DEBUG ? 60 : 200))}
mkdir -p "$SCRATCH/libvhdi"

by_qemu() { qemu-img convert -f vhdx -O raw "$IMAGE" "$RAW"; }
by_7zip() { 7z e -tvhdx -so "$IMAGE" >"$RAW"; }

# A file in FUSE
by_libvhdi() {
	local rc
	vhdimount "$IMAGE" "$SCRATCH/libvhdi" || return
	cp "$SCRATCH/libvhdi/vhdi1" "$RAW"
	rc=$?
	umount "$SCRATCH/libvhdi"
	return $rc
}

# read_by READER CLAIM
read_by() {
	rm -f "$RAW"
	ok "P8: $2 reads it" "$1"
	is "$(sha256sum <"$RAW")" "$SUM" "P8: $2 shows the same"
}

tells_its_size() { vhdiinfo "$IMAGE" | grep -q "Media size.*($SIZE bytes)"; }

# check NAME LOGICAL-SECTOR-SIZE BLOCK-SIZE: IMAGE, when it was written
check() {
	local name=$1
	attached "$name: attached" -n -w -o 2 "$IMAGE" || return
	SIZE=$(blockdev --getsize64 "$DISK")
	ok "$name: written" writer -s "$SEED" -n "$OPERATIONS" -t 4 -d 8 -z 8 -B "$3" -j "$JOURNAL" "$DISK"
	SUM=$(dd if="$DISK" bs=1M iflag=direct status=none | sha256sum)
	detach "$INDEX"
	ok "P8: $name: is as Windows leaves one" /usr/bin/python3 "$ROOT/tests/lib/aswindows.py" "$IMAGE"
	# these know sectors of 512 bytes only
	if [ "$2" = 512 ]; then
		ok "P8: $name: QEMU finds nothing wrong" qemu-img check -q "$IMAGE"
		read_by by_qemu "$name: QEMU"
	fi
	read_by by_7zip "$name: 7-Zip"
	ok "P8: $name: libvhdi knows its size" tells_its_size
	read_by by_libvhdi "$name: libvhdi"
	rm -f "$RAW"
}

# made NAME LOGICAL-SECTOR-SIZE BLOCK-SIZE-IN-MIB TYPE SIZE
made() {
	vhdxctl create -q --force --type="$4" --block-size="$3M" --logical-sector-size="$2" "$IMAGE" "$5"
	check "$1" "$2" $(($3 << 20))
}

# With little time, some
try() { ! sliced "$1" 3 || made "$@"; }

# Those of others become ours: what QEMU made has no required regions.
by_another() {
	rm -f "$IMAGE"
	qemu-img create -q -f vhdx -o subformat=dynamic,block_size=2M "$IMAGE" 24M
	attached "made by QEMU: attached" -n -w -o 2 "$IMAGE" || return
	ok "made by QEMU: written" writer -s "$SEED" -n "$OPERATIONS" -d 8 -z 8 -B 2097152 -j "$JOURNAL" "$DISK"
	SUM=$(dd if="$DISK" bs=1M iflag=direct status=none | sha256sum)
	detach "$INDEX"
	read_by by_qemu "made by QEMU: QEMU"
	read_by by_7zip "made by QEMU: 7-Zip"
}

modprobe -q fuse
have qemu-img 7z vhdiinfo vhdimount || skip_all "not all of QEMU, 7-Zip and libvhdi are here"
try "blocks of 1 MiB" 512 1 dynamic 24M
try "large blocks" 512 32 dynamic 72M
try "fixed" 512 2 fixed 16M
try "sectors of 4 KiB" 4096 1 dynamic 24M
by_another

# It can say no: a header that names a log
cp "$IMAGE" "$SCRATCH/bad.vhdx"
printf x | dd of="$SCRATCH/bad.vhdx" bs=1 seek=$((65536 + 50)) conv=notrunc status=none
ok "a header that is different is noticed" not /usr/bin/python3 "$ROOT/tests/lib/aswindows.py" "$SCRATCH/bad.vhdx"

finish
