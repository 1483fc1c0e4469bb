# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034 # some is for the other files
#
# Where the data lies: ext4 on a RAM disk, which all kernels' ext4 can do direct I/O on
# (tmpfs learned it late), ext4 on a virtio disk, or a folder of this machine.

PLACE=/run/vhdx-bench			# where it is mounted

# No lazy initialisation behind the benchmark's back, and few inodes: the RAM disk is much
# larger than the memory, for files with holes.
make_ext4() {
	mke2fs -q -F -t ext4 -m 0 -N 4096 -E nodiscard,lazy_itable_init=1 "$1"
	mkdir -p "$PLACE"
	mount -o noinit_itable "$1" "$PLACE"
}

place_ram() {
	modprobe brd rd_nr=1 rd_size=$((64 << 20))
	make_ext4 /dev/ram0
}

place_virtio() { make_ext4 /dev/vda; }

# Of this machine's files none is touched: a folder in a place for large ones.
place_native() { PLACE=$(mktemp -d "${VHDX_BENCH_DIR:-/var/tmp}/vhdx-bench.XXXXXX"); }

# leave: what is mounted, or the folder, and all in it
leave() {
	WHERE=''
	[ "$MODE" != native ] || { rm -rf "$PLACE"; return; }
	umount "$PLACE"
	[ ! -e /dev/ram0 ] || wait_until remove_ram
}

# Not while udev looks at it
remove_ram() { modprobe -r brd 2>/dev/null; }

# place NAME
place() {
	WHERE=$1
	"place_$1"
}

clear_place() { find "$PLACE" -mindepth 1 -maxdepth 1 -type f -delete; }

# --- the same bytes in a raw file and in an image -------------------------------------

# random_bytes MIB: a piece of chance, turned a little further each time; chance is dear
# where instructions are counted.
random_bytes() {
	local seed=$PLACE/seed i
	head -c 16M /dev/urandom >"$seed"
	for ((i = 0; i < $1 / 16; i++)); do
		tail -c +$((i * 4099 + 1)) "$seed"
		head -c $((i * 4099)) "$seed"
	done
	rm "$seed"
}

# raw_file FILE MIB: all of it written
raw_file() { random_bytes "$2" | dd of="$1" bs=1M iflag=fullblock oflag=direct status=none; }

# fill_image FILE RAW: every block present
fill_image() {
	IMAGE=$1 open vhdx
	dd if="$2" of="$DISK" bs=1M oflag=direct status=none
	close vhdx
}

# image_of RAW FILE MIB OPTION...: an image made that way, with what is in the raw file
image_of() {
	local raw=$1 file=$2 size=$3
	shift 3
	vhdxctl create -q "$@" "$file" "${size}M" >/dev/null
	fill_image "$file" "$raw"
}

# same_bytes DRIVER: what the disk shows is what is in the raw file
same_bytes() {
	open "$1"
	cmp -n $((${2:-$SIZE} << 20)) "$DISK" "$RAW" || die "$1 does not show what is in the raw file"
	close "$1"
}
