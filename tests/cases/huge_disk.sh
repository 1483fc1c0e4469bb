#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A disk of 64 TiB costs what is used of it. It is attached as fast as a small one; its BAT is
# never in memory as a whole, and the part that is gives way to other needs.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HUGE=$IMAGES/good/huge-64t.vhdx
SMALL=$IMAGES/good/disk-1g.vhdx
MODEL=$MODELS/good/huge-64t

now_us() { echo "${EPOCHREALTIME/./}"; }

# one_attach FILE: sets TOOK, in microseconds
one_attach() {
	local start
	start=$(now_us)
	attach -n "$1"
	TOOK=$(($(now_us) - start))
	detach "$INDEX"
}

# In turns, so that whatever else the machine does hits both; the best of each counts.
as_fast() {
	local i huge=999999999 small=999999999 runs=$((DEBUG || SLICE ? 5 : 15))
	for ((i = 0; i < runs; i++)); do
		one_attach "$SMALL"
		[ "$TOOK" -ge "$small" ] || small=$TOOK
		one_attach "$HUGE"
		[ "$TOOK" -ge "$huge" ] || huge=$TOOK
	done
	diag "attach, best of $runs: 64 TiB $huge us, 1 GiB $small us"
	ok "64 TiB attach in at most twice the time of 1 GiB" test "$huge" -le $((2 * small))
}

# KiB that the kernel has for itself, page cache apart.
kernel_memory() {
	awk '/^(Slab|PageTables|KernelStack|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

settle_memory() {
	udevadm settle -t 10
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# Noise only ever adds: the least of three counts.
little_memory() {
	local i before delta least=999999
	for i in 1 2 3; do
		settle_memory
		before=$(kernel_memory)
		attach "$HUGE"
		udevadm settle -t 10
		delta=$(($(kernel_memory) - before))
		[ "$delta" -ge "$least" ] || least=$delta
		detach "$INDEX"
	done
	diag "attached 64 TiB: $least KiB of kernel memory more"
	ok "attaching 64 TiB takes less than 2 MiB of kernel memory" test "$least" -lt 2048
}

pages_below() { [ "$(counter cache_pages)" -lt "$1" ]; }

sectors() {
	ok "$1: one sector in each of 10,000 random blocks is right" \
		randread -x -s "$SEED" "$DISK" "$MODEL"
}

drop_slab() { echo 2 >/proc/sys/vm/drop_caches; }

# Two rounds of the shrinker: what was used since the last look is spared once.
drop_pages() {
	drop_slab
	drop_slab
	pages_below "$1"
}

# Wants a little more memory than there is, and is killed for it: until then the kernel
# takes back all that it can.
press() {
	local kib i
	for i in 1 2 3 4; do
		kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
		(
			echo 1000 >/proc/self/oom_score_adj
			exec dd if=/dev/zero of=/dev/null bs=$((kib / 1024 + 200))M count=1 status=none
		) 2>/dev/null
		pages_below "$1" && return
	done
	return 1
}

memory_comes_back() {
	local full
	attach "$HUGE"
	ok "a fresh disk has hardly any pages of its BAT in memory" pages_below 16
	sectors "cold"
	full=$(counter cache_pages)
	diag "$full pages of the BAT in memory"
	ok "its pages are in memory now" test "$full" -gt 5000
	sectors "from memory"
	ok "they go when slab is dropped" wait_for 10 drop_pages $((full / 20))
	diag "$(counter cache_pages) pages left"
	sectors "cold again"
	full=$(counter cache_pages)
	ok "they go when memory is wanted elsewhere" press $((full * 3 / 4))
	diag "$full pages before, $(counter cache_pages) after"
	sectors "after that"
	ok "random reads anywhere" randread -s "$SEED" -n 300 -b 65536 "$DISK" "$MODEL"
	detach "$INDEX"
}

limited() {
	local param=/sys/module/vhdx/parameters/cache_mb old
	old=$(cat $param)
	defer eval "echo $old >$param"
	echo 1 >$param
	attach "$HUGE"
	sectors "with 1 MiB of cache"
	diag "cache_mb=1: $(counter cache_pages) pages, $(counter cache_loads) loads"
	ok "the cache keeps to its limit" pages_below $((256 + 64))
	detach "$INDEX"
	echo "$old" >$param
}

# Objects that a page of metadata is kept in, of all disks and of others
pages_of_kernel() { awk '$1 == "kmalloc-4k" { print $2 }' /proc/slabinfo; }

# A chain of four files reads as many tables.
one_budget() {
	local param=/sys/module/vhdx/parameters/cache_mb old before pages files=("$HUGE") i
	old=$(cat $param)
	defer eval "echo $old >$param"
	echo 1 >$param
	for i in 1 2 3; do
		vhdxctl snapshot -q --keep-mode --block-size=1M "${files[0]}" "$SCRATCH/$i.avhdx"
		files=("$SCRATCH/$i.avhdx" "${files[@]}")
	done
	settle_memory
	before=$(pages_of_kernel)
	attached "a chain of four files: attached" -n "${files[@]}"
	sectors "of four files, with 1 MiB of cache"
	pages=$(($(pages_of_kernel) - before))
	diag "cache_mb=1: $(counter cache_pages) pages, $pages objects of 4 KiB"
	if [ "$DEBUG" = 1 ]; then
		skip "cache_mb is for the disk, not for each of its files" "KASAN keeps what was freed"
	else
		ok "cache_mb is for the disk, not for each of its files" test "$pages" -lt 600
	fi
	ok "cache_pages counts those of all files" test "$(counter cache_pages)" -gt 200 -a "$(counter cache_pages)" -lt 320
	detach "$INDEX"
	echo "$old" >$param
}

# A file may be far longer than what its disk can use: that costs nothing.
sparse_file() {
	local file=$SCRATCH/tmpfs/a.vhdx size before more
	mkdir -p "$SCRATCH/tmpfs"
	mount -t tmpfs tmpfs "$SCRATCH/tmpfs"
	defer umount -l "$SCRATCH/tmpfs"
	vhdxctl create -q --block-size=1M "$file" 1G
	for size in 1P 17P; do
		truncate -s "$size" "$file"
		settle_memory
		before=$(kernel_memory)
		attached "a disk of 1 GiB in a file of $size: attached for writing" -n -w -o 2 "$file" || continue
		more=$(($(kernel_memory) - before))
		diag "$size: $more KiB of kernel memory more"
		ok "it takes less than 8 MiB of kernel memory" test "$more" -lt 8192
		dd if=/dev/urandom of="$SCRATCH/data" bs=1M count=4 status=none
		ok "it is written" dd if="$SCRATCH/data" of="$DISK" bs=1M oflag=direct status=none
		ok "and read" cmp -n $((4 << 20)) "$SCRATCH/data" "$DISK"
		ok "and detached" detach "$INDEX"
		is "$(vhdxctl check -q "$file" 2>&1)" "" "the image is clean"
		ok "what is behind its blocks was given back" test "$(stat -c %s "$file")" -lt $((2 << 30))
	done
	far_out "$file"
}

# far_out FILE: one block at 64 TiB
far_out() {
	truncate -s 100T "$1"
	/usr/bin/python3 "$ROOT/tests/lib/bat.py" "$1" 0=6@$((64 << 20)) >/dev/null
	attach -n -w -o 2 "$1"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EOPNOTSUPP/930 "a block far behind where all would have room is not written to"
	attached "it can be read" -n "$1" && detach "$INDEX"
}

# A program may have written the BAT of a new image, with zeros. To attach it for writing is to read
# that: 1 MiB at a time, which a device may split.
dense_table() {
	local host file node offset length before reads
	host=$SCRATCH/dense file=$SCRATCH/dense/a.vhdx
	truncate -s 400M "$SCRATCH/host"
	node=$(losetup -f --show "$SCRATCH/host")
	defer losetup -d "$node"
	mkdir -p "$host"
	must host_fs ext4 "$node" && must mount "$node" "$host" || return
	defer umount "$host"
	vhdxctl create -q --block-size=1M "$file" 16T
	read -r offset length < <(bat_of "$file")
	dd if=/dev/zero of="$file" bs=1M seek=$((offset >> 20)) count=$((length >> 20)) conv=notrunc,fsync status=none
	settle_memory
	before=$(reads_of "$node")
	attached "a disk with a written BAT: attached for writing" -n -w -o 2 "$file" || return
	reads=$(($(reads_of "$node") - before))
	diag "$((length >> 20)) MiB of BAT: $reads reads"
	ok "its BAT is read in large requests" test "$reads" -lt $((8 * (length >> 20)))
	ok "it is detached" detach "$INDEX"
}

reads_of() { awk '{ print $1 }' "/sys/block/${1#/dev/}/stat"; }

# bat_of FILE: offset and length of its BAT region
bat_of() {
	vhdxctl info -J --headers "$1" |
		jq -r 'first(.. | objects | select(.name? == "bat")) | "\(.offset) \(.length)"'
}

as_fast
little_memory
dense_table
one_budget
memory_comes_back
limited
sparse_file
untouched "the image is as it was" good/huge-64t.vhdx

finish
