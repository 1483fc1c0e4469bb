#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad images: each one is refused, or its one block is, with its own reason, by kernel and
# tool in the same words; nothing else suffers.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

declare -A NUMBER CLASS

read_reasons() {
	local number name class
	while read -r number name class; do
		NUMBER[$name]=$number
		CLASS[$name]=$class
	done < <(sed -nE 's/^\tx\(([0-9]+), ([a-z0-9_]+), ([A-Z0-9_]+), .*/\1 \2 \3/p' \
		"$ROOT/kmod/format/reason.h")
}

# errno_of REASON
errno_of() {
	case ${CLASS[$1]} in
	NOT_VHDX) echo EINVAL ;;
	CORRUPT | TRUNCATED) echo EUCLEAN ;;
	UNSUPPORTED | PARENT) echo EOPNOTSUPP ;;
	REPLAY) echo EROFS ;;
	esac
}

# refused FILE REASON CLAIM: a log that is only dirty is refused if that is asked for
refused() {
	local tool kernel_option='' tool_option=''
	if [ "$2" = log_dirty ]; then
		kernel_option=-R tool_option=--replay=refuse
	fi
	if attach ${kernel_option:+"$kernel_option"} "$1"; then
		not_ok "P2: $3 is refused" "it was attached"
		detach "$INDEX"
		return
	fi
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" "$(errno_of "$2")/${NUMBER[$2]}" \
		"P2: $3 is refused for its reason"
	tool=$(vhdxctl attach -r ${tool_option:+"$tool_option"} --dry-run "$1" 2>&1)
	is "${tool:0:$((${#1} + 11)) + $(said "$LINE" | wc -m) - 1}" \
		"vhdxctl: $1: $(said "$LINE")" "$3: the tool says the same"
}

# eio OPTION...: the read fails with EIO and nothing else
eio() { [[ $(reads "$@") = *'Input/output error' ]]; }

# one_block REASON OFFSET: its block size is 1 MiB, its model the image builder's pattern
one_block() {
	local name=$1 block=$(($2 >> 20)) lines text
	if ! attach -n "$IMAGES/bad/$name.vhdx"; then
		not_ok "P7: $name: the image is attached" "$LINE"
		return
	fi
	log_mark
	is "$(attr bad_reads)" 0 "$name: no bad read yet"
	ok "P2: $name: the block gives EIO" eio bs=4k count=1 skip=$((block * 256)) iflag=direct
	is "$(attr bad_reads)" 1 "$name: one bad read is counted"
	lines=$(log_since "$NAME: sector ")
	like "$lines" "^\[[ 0-9.]*\](\[[ TC0-9]*\])? vhdx: $NAME: sector $((block * 2048)): [^"$'\n'"]* \[$name\]\$" \
		"$name: the kernel says which sector and why, in one line"
	text=${lines##*: sector $((block * 2048)): }
	like "$(vhdxctl info --blocks "$IMAGES/bad/$name.vhdx" 2>&1)" \
		"vhdx: $(quote "${text% \[*}")" "$name: as the tool does"
	ok "$name: its last sector gives EIO" eio bs=512 count=1 skip=$((block * 2048 + 2047)) iflag=direct
	ok "$name: through the page cache as well" eio bs=4k count=1 skip=$((block * 256 + 7))
	ok "$name: a read into the block gives EIO" eio bs=1M count=1 skip=$(($2 - 4096)) iflag=direct,skip_bytes
	ok "P7: $name: the sector before it can be read" reads bs=512 count=1 skip=$((block * 2048 - 1)) iflag=direct
	ok "P7: $name: the sector behind it can be read" reads bs=512 count=1 skip=$((block * 2048 + 2048)) iflag=direct
	others_are_right "$name" "$block"
	detach "$INDEX"
}

# The contents of a bad image's other blocks are those of a good one's: the ordinary image.
others_are_right() {
	local before after
	ok "P7: $1: all blocks before it can be read" reads bs=1M count="$2" iflag=direct
	ok "P7: $1: all blocks behind it can be read" reads bs=1M skip=$(($2 + 1)) iflag=direct
	before=$(dd if="$DISK" bs=512 count=1 iflag=direct status=none | od -An -tu8 -N 8)
	after=$(dd if="$DISK" bs=512 count=1 skip=$((31 * 2048)) iflag=direct status=none | od -An -tu8 -N 8)
	is "${before// /}/${after// /}" "0/$((31 * 2048))" "$1: sectors of other blocks say their own number"
}

zoo() {
	local name kind offset files=()
	while IFS=$'\t' read -r name kind offset; do
		files+=("bad/$name.vhdx")
		case $kind in
		open) refused "$IMAGES/bad/$name.vhdx" "$name" "$name" ;;
		decode) refused "$IMAGES/bad/$name.vhdx" parent_unsupported "$name, in a child," ;;
		block) one_block "$name" "$offset" ;;
		esac
	done < <(table "$IMAGES/bad/BAD.tsv")
	untouched "all bad images are as they were" "${files[@]}"
}

# Every length at which something ends, and one byte to either side; the good image has all
# it needs in 9 MiB. Refused, or attached with blocks that are not there giving EIO.
truncated() {
	local file=$SCRATCH/cut.vhdx length wrong='' verdict
	for length in 0 1 511 512 65535 65536 131072 196608 200704 262144 266240 \
		1048575 1048576 1048577 2097152 3145728 3149824 4194303 4194304 5242880 9437183; do
		rm -f "$file"
		cp --sparse=always "$PRISTINE/good/creator-empty.vhdx" "$file"
		truncate -s "$length" "$file"
		verdict=$(truncated_verdict "$file")
		case $verdict in
		refused) [ "$length" -lt 4194304 ] || wrong+=" $length: refused" ;;
		blocks) [ "$length" -ge 4194304 ] || wrong+=" $length: attached" ;;
		*) wrong+=" $length: $verdict" ;;
		esac
	done
	is "$wrong" "" "P7: a file cut at any length is refused, or its blocks behind the end give EIO"
}

truncated_verdict() {
	local rc
	if ! attach -n "$1"; then
		case $(field "$LINE" errno) in
		EINVAL | EUCLEAN) [ "$(field "$LINE" reason)" != 0 ] && echo refused && return ;;
		esac
		echo "$LINE"
		return
	fi
	reads bs=1M iflag=direct >/dev/null
	rc=$?
	[ $rc != 0 ] && [ "$(attr bad_reads)" -gt 0 ] && echo blocks || echo "no EIO ($rc)"
	detach "$INDEX"
}

# random_bytes SIZE: whatever stands in a file, there is a reason
random_bytes() {
	local file=$SCRATCH/random wrong='' i
	for i in {1..12}; do
		openssl_free_random "$((SEED + i))" "$1" >"$file"
		[ "$i" -le 4 ] || printf vhdxfile | dd of="$file" conv=notrunc status=none
		if attach "$file"; then
			wrong+=" $i: attached"
			detach "$INDEX"
		elif [ "$(field "$LINE" reason)" = 0 ]; then
			wrong+=" $i: $LINE"
		fi
	done
	is "$wrong" "" "P7: $1 random bytes are refused with a reason, seed $SEED"
}

# Bytes that depend on the seed only.
openssl_free_random() {
	perl -e 'srand(shift); my $n = shift; my $s = pack("L*", map { rand(2**32) } 1 .. 65536);
		while ($n > 0) { print substr($s, 0, $n); $n -= length($s); substr($s, 0, 4) = pack("L", rand(2**32)) }' "$1" "$2"
}

# damage: one word of a good image, anywhere in its metadata, is another: no crash, no hang
damaged() {
	local file=$SCRATCH/damaged.vhdx i at attached=0 count=$((LONG ? 2000 : DEBUG ? 30 : 60))
	cp --sparse=always "$PRISTINE/good/creator-empty.vhdx" "$file"
	for ((i = 0; i < count; i++)); do
		at=$((RANDOM % 4 * 1048576 + RANDOM % 2 * 65536 + RANDOM % 2 * 131072 + RANDOM % 128 * 4))
		damaged_once "$file" "$at" && attached=$((attached + 1))
	done
	pass "P7: $count damaged images cost an error at most, seed $SEED ($attached were attached)"
}

damaged_once() {
	local saved=$SCRATCH/word rc=1
	dd if="$1" of="$saved" bs=4 count=1 skip=$(($2 / 4)) status=none
	printf '%b' "\\x$(printf %x $((RANDOM % 256)))\\x$(printf %x $((RANDOM % 256)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	if attach -n "$1"; then
		reads bs=64k count=40 iflag=direct >/dev/null
		reads bs=64k count=1 skip=100 iflag=direct >/dev/null
		detach "$INDEX"
		rc=0
	fi
	dd if="$saved" of="$1" bs=4 seek=$(($2 / 4)) conv=notrunc status=none
	return $rc
}

other_kinds() {
	: >"$SCRATCH/empty"
	refused "$SCRATCH/empty" file_too_small "an empty file"
	truncate -s 2M "$SCRATCH/hole"
	refused "$SCRATCH/hole" file_signature "a file that is a hole"
	attach "$SCRATCH"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EINVAL/901 "P7: a directory is refused"
	attach /dev/null
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EINVAL/901 "P7: a character device is refused"
}

read_reasons
zoo
other_kinds
truncated
random_bytes 1048575
random_bytes 3145728
damaged

finish
