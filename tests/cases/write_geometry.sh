#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Images of every geometry can be written, and other readers still read them. They show what was
# written, and what was there before.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 3000 : DEBUG ? 60 : 250))}
SMALL=$((1 << 30))			# disks up to this are read whole, and as others read them
[ "$LONG" = 0 ] || SMALL=$((10 << 30))
AREA=$((256 << 20))			# of a larger one this is written

# writable FILE: attached for writing; sets DISK
writable() {
	local device
	device=$(vhdxctl attach "$1" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

# What chance has of a large disk, sets WHERE and WHOLE; half of the time its end
choose_area() {
	local size=$1 block=$2 blocks=$(($1 / $2)) start
	WHERE=() WHOLE=()
	[ "$size" -gt "$SMALL" ] || return 0
	start=$((blocks * (RANDOM % 100) / 100))
	start=$((start * block))
	[ $((RANDOM % 2)) = 0 ] || start=$(((size - AREA) / block * block))
	WHERE=(-a "$start:$AREA") WHOLE=(-t)
}

# written NAME BLOCK-SIZE: by four threads; what is there is right
written() {
	local said
	if ! said=$(writer -s "$SEED" -n "$OPERATIONS" -t 4 -d 8 -z 8 -B "$2" "${WHERE[@]}" \
		-j "$SCRATCH/journal" "$DISK" 2>&1); then
		not_ok "$1: is written" "$said"
		return 1
	fi
	ok "$1: shows what was written, and what was there before" \
		verify "${WHOLE[@]}" "$DISK" "$SCRATCH/journal" "$MODELS/good/$1"
}

# no_worse NAME FILE: space that was leaked before may still be leaked
no_worse() {
	local before
	vhdxctl check -q "$PRISTINE/good/$1.vhdx" >/dev/null
	before=$?
	vhdxctl check -q "$2"
	case $? in 0 | "$before") ;; *) return 1 ;; esac
}

# by_others NAME SIZE ORACLE: an image that other programs understand, too
by_others() {
	local file=$SCRATCH/$1.vhdx
	ok "$1: vhdxctl finds nothing wrong" no_worse "$1" "$file"
	[ "$3" = qemu ] || return 0
	ok "$1: nor does QEMU" qemu-img check -q "$file"
	[ "$2" -le "$SMALL" ] || return 0
	qemu-img convert -f vhdx -O raw "$file" "$SCRATCH/raw"
	truncate -s "$2" "$SCRATCH/raw"
	ok "$1: which reads the same" verify "$SCRATCH/raw" "$SCRATCH/journal" "$MODELS/good/$1"
	rm -f "$SCRATCH/raw"
}

# What can be read, but has nothing to write with
cannot_be_written() {
	case $1 in
	log-absent) like "$(<"$SCRATCH/stderr")" 'no log.*use -r' "P7: $1: is refused" ;;
	header-sequence-max) like "$(<"$SCRATCH/stderr")" 'sequence number.*use -r' "P7: $1: is refused" ;;
	*) not_ok "$1: is attached for writing" "$(<"$SCRATCH/stderr")" ;;
	esac
	ok "P1: $1: and left alone" cmp "$SCRATCH/$1.vhdx" "$PRISTINE/good/$1.vhdx"
}

# check NAME SIZE BLOCK-SIZE ORACLE
check() {
	local file=$SCRATCH/$1.vhdx
	cp --sparse=always "$PRISTINE/good/$1.vhdx" "$file"
	choose_area "$2" "$3"
	if ! writable "$file"; then
		cannot_be_written "$1"
		return
	fi
	written "$1" "$3"
	if detach "$INDEX"; then
		by_others "$1" "$2" "$4"
	else
		not_ok "$1: is detached" "$LINE"
	fi
	rm -f "$file"
}

# Attached again: what was written is in the file, not only in memory.
again() {
	local file=$SCRATCH/again.vhdx
	vhdxctl create -q --block-size 1M "$file" 64M
	choose_area $((64 << 20)) 1048576
	writable "$file" || return
	writer -s "$SEED" -n "$OPERATIONS" -t 8 -d 8 -z 8 -j "$SCRATCH/journal" "$DISK" >/dev/null 2>&1
	detach "$INDEX"
	writable "$file" && ok "what was written is there after it was attached again" \
		verify "$DISK" "$SCRATCH/journal"
	detach "$INDEX"
}

can_write() {
	vhdxctl create -q --block-size 1M "$SCRATCH/try.vhdx" 1M
	writable "$SCRATCH/try.vhdx" && detach "$INDEX"
}

can_write || skip_all "attach for writing does not work: $(tail -n 1 "$SCRATCH/stderr")"
again
while IFS=$'\t' read -r name size block _ _ _ _ oracle; do
	[ "$name" = huge-64t ] || ! sliced "$name" 24 || check "$name" "$size" "$block" "$oracle"
done < <(table "$IMAGES/good/MANIFEST.tsv")

finish
