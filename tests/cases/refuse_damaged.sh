#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each damaged image is refused with its own reason, or its damaged block is. Kernel and tool say
# so in the same words, and nothing else suffers.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

declare -A NUMBER CLASS TEXT

read_reasons() {
	local number name class text
	while read -r number name class text; do
		NUMBER[$name]=$number
		CLASS[$name]=$class
		TEXT[$name]=$text
	done < <(sed -nE 's/^\tx\(([0-9]+), ([a-z0-9_]+), ([A-Z0-9_]+), "(.*)"\).*/\1 \2 \3 \4/p' \
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

# refused FILE REASON CLAIM: a log that is only dirty is refused if replay is forbidden
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
	# the tool looks for parents, and finds them
	[ "$2" != parent_missing ] || return 0
	tool=$(vhdxctl attach -r ${tool_option:+"$tool_option"} --dry-run "$1" 2>&1)
	# of what is no VHDX the tool says what it is
	if [[ $2 = file_* ]]; then
		like "$tool" "^vhdxctl: $(quote "$1"): (is|begins|file:) .*; " "$3: the tool says what is there, and what to do"
		return
	fi
	is "${tool:0:$((${#1} + 11)) + $(said "$LINE" | wc -m) - 1}" \
		"vhdxctl: $1: $(said "$LINE")" "$3: the tool says the same"
}

# parents_of NAME COUNT: sets PARENTS, and OPTIONS as the tool wants them
parents_of() {
	local number
	PARENTS=() OPTIONS=()
	for ((number = 1; number <= $2; number++)); do
		PARENTS+=("$IMAGES/bad/parents/$1.$number.vhdx")
		OPTIONS+=(--parent "$IMAGES/bad/parents/$1.$number.vhdx")
	done
}

# chain_refused NAME: with all its parents, which the tool may mention, too. As many as are
# too many cannot even be handed to the kernel.
chain_refused() {
	local file=$IMAGES/bad/$1.vhdx
	if [ "$1" != parent_depth ]; then
		if attach "$file" "${PARENTS[@]}"; then
			not_ok "P2: $1 is refused" "it was attached"
			detach "$INDEX"
			return
		fi
		is "$(field "$LINE" errno)/$(field "$LINE" reason)" "$(errno_of "$1")/${NUMBER[$1]}" \
			"P2: $1 is refused for its reason"
	fi
	vhdxctl attach -q -r --dry-run "${OPTIONS[@]}" "$file" >/dev/null 2>&1
	case $?/$1 in
	7/* | 1/parent_depth) pass "$1: the tool refuses it, too" ;;
	*) not_ok "$1: the tool refuses it, too" ;;
	esac
}

# found NAME: the kernel reads it if its parent is given; the tool, which looks for the parent,
# refuses it
found() {
	attached "$1: is attached over its parent" -n "$IMAGES/bad/$1.vhdx" "${PARENTS[@]}" || return
	ok "$1: all of it can be read" reads bs=1M iflag=direct
	detach "$INDEX"
	like "$(vhdxctl info "$IMAGES/bad/$1.vhdx" 2>&1)" "$(quote "${TEXT[$1]}")" \
		"$1: the tool names its reason"
}

# eio OPTION...: the read fails with EIO and nothing else
eio() { [[ $(reads "$@") = *'Input/output error' ]]; }

# one_block REASON OFFSET: its block size is 1 MiB, its model the image builder's pattern
one_block() {
	local name=$1 block=$(($2 >> 20)) line text
	if ! attach -n "$IMAGES/bad/$name.vhdx" "${PARENTS[@]}"; then
		not_ok "P7: $name: the image is attached" "$LINE"
		return
	fi
	log_mark
	is "$(attr bad_reads)" 0 "$name: no bad read yet"
	ok "P2: $name: the block gives EIO" eio bs=4k count=1 skip=$((block * 256)) iflag=direct
	is "$(attr bad_reads)" 1 "$name: one bad read is counted"
	line=$(log_since "$NAME: sector ")
	like "$line" "^\[[ 0-9.]*\](\[[ TC0-9]*\])? vhdx: $NAME: sector $((block * 2048)): [^"$'\n'"]* \[$name\]\$" \
		"$name: the kernel says which sector and why, in one line"
	text=${line##*: sector $((block * 2048)): }
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

# two_blocks REASON: each is fine by itself, but they share space. They can be read; to write
# to one would change the other.
two_blocks() {
	local name=$1
	attached "$name: can be read" -n "$IMAGES/bad/$name.vhdx" || return
	ok "$name: all of it" reads bs=1M iflag=direct
	is "$(attr bad_reads)" 0 "$name: no bad read"
	detach "$INDEX"
	attach -n -w -o 2 "$IMAGES/bad/$name.vhdx"
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EUCLEAN/512 "P7: $name: cannot be attached for writing"
	like "$(vhdxctl check "$IMAGES/bad/$name.vhdx" 2>&1)" "${name^^}" "$name: the tool says the same of it"
}

zoo() {
	local name kind offset parents files=()
	while IFS=$'\t' read -r name kind offset parents; do
		files+=("bad/$name.vhdx")
		parents_of "$name" "$parents"
		files+=("${PARENTS[@]#"$IMAGES/"}")
		case $kind-$parents in
		open-0) refused "$IMAGES/bad/$name.vhdx" "$name" "$name" ;;
		open-*) chain_refused "$name" ;;
		find-*) found "$name" ;;
		esac
		[ "$parents" = 0 ] || [ "$name" = parent_depth ] ||
			refused "$IMAGES/bad/$name.vhdx" parent_missing "$name, without its parent,"
		case $kind in
		block) one_block "$name" "$offset" ;;
		check) two_blocks "$name" ;;
		esac
	done < <(table "$IMAGES/bad/BAD.tsv")
	untouched "all bad images are as they were" "${files[@]}"
}

# Every length at which something ends, and some beside them; the good image has all it needs
# in 9 MiB. Refused, or attached with blocks that are not there giving EIO.
truncated() {
	local file=$SCRATCH/cut.vhdx length wrong='' verdict
	cp --sparse=always "$PRISTINE/good/creator-empty.vhdx" "$file"
	for length in 9437183 5242880 4194304 4194303 3149824 3145728 2097152 1048577 1048576 \
		1048575 266240 262144 200704 196608 131072 65536 65535 512 511 1 0; do
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

# random_bytes SIZE TIMES: whatever stands in a file, there is a reason
random_bytes() {
	local file=$SCRATCH/random wrong='' i
	for ((i = 1; i <= $2; i++)); do
		random_file "$((SEED + i))" "$1" >"$file"
		[ "$i" -le 2 ] || printf vhdxfile | dd of="$file" conv=notrunc status=none
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
random_file() {
	perl -e 'srand(shift); my $n = shift; my $s = pack("L*", map { rand(2**32) } 1 .. 65536);
		while ($n > 0) { print substr($s, 0, $n); $n -= length($s); substr($s, 0, 4) = pack("L", rand(2**32)) }' "$1" "$2"
}

damaged() {
	local file=$SCRATCH/damaged.vhdx output
	cp --sparse=always "$PRISTINE/good/creator-empty.vhdx" "$file"
	if output=$(damage "$file" $((LONG ? 5000 : DEBUG || SLICE ? 100 : 300)) "$SEED"); then
		pass "P7: an image damaged anywhere costs an error at most"
	else
		not_ok "P7: an image damaged anywhere costs an error at most"
	fi
	diag "$output"
	ok "and it is right again" cmp "$file" "$PRISTINE/good/creator-empty.vhdx"
}

# An item may have no bytes: nothing is read then, and the locator is refused for what it is.
empty_item() {
	local file=$SCRATCH/empty_item.vhdx
	cp --sparse=always "$PRISTINE/bad/locator_short.vhdx" "$file"
	# offset and length in the last entry of the metadata table
	dd if=/dev/zero of="$file" bs=8 seek=$((0x2000d0 / 8)) count=1 conv=notrunc status=none
	refused "$file" locator_short "a parent locator of length 0"
}

# in_a_run TEXT INDEX PLACE: entry INDEX of a table of 64 blocks in order says PLACE, in MiB
in_a_run() {
	local file=$SCRATCH/run.vhdx at
	cp --sparse=always "$SCRATCH/in_order.vhdx" "$file"
	perl -e 'print pack("Q<", $ARGV[0] << 20 | 6)' "$3" |
		dd of="$file" bs=8 seek=$((BAT / 8 + $2)) conv=notrunc status=none
	if attach -n -w -o 2 "$file"; then
		echo " entry $2 at $3 MiB: attached"
		detach "$INDEX"
		return
	fi
	at=$(printf '%#x' $((BAT + 8 * $4)))
	[[ $(field "$LINE" reason)/$LINE = ${NUMBER[$1]}/*"$at"* ]] || echo " entry $2 at $3 MiB: not $1 at $at: $LINE"
}

# Entries in order are checked together, and a wrong one among them is found all the same.
runs() {
	local index wrong='' first
	vhdxctl create -q --type=fixed --block-size=1M "$SCRATCH/in_order.vhdx" 64M
	BAT=$(vhdxctl info -J --headers "$SCRATCH/in_order.vhdx" |
		jq -r 'first(.. | objects | select(.name? == "bat")) | .offset')
	first=$(($(stat -c %s "$SCRATCH/in_order.vhdx") / 1048576 - 64))
	attached "blocks in order: attached for writing" -n -w -o 2 "$SCRATCH/in_order.vhdx" || return
	detach "$INDEX"
	for index in 0 1 2 31 32 33 62 63; do
		wrong+=$(in_a_run payload_past_eof "$index" $((first + 64)) "$index")
		wrong+=$(in_a_run payload_overlap "$index" $((BAT >> 20)) "$index")
		[ "$index" = 0 ] || wrong+=$(in_a_run block_overlap "$index" "$first" "$index")
		[ "$index" = 63 ] || wrong+=$(in_a_run block_overlap "$index" $((first + 63)) 63)
	done
	is "$wrong" "" "P7: a wrong entry in a table in order is named"
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
empty_item
runs
other_kinds
truncated
random_bytes 1048575 2
random_bytes 3145728 6
damaged

finish
