#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A chain reads as its model says, and a write goes to its first file only. No parent is changed,
# or can be changed meanwhile.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

READS=$((LONG ? 1000 : DEBUG ? 30 : 80))
OPERATIONS=${VHDX_OPERATIONS:-$((LONG ? 2000 : DEBUG ? 60 : 250))}
SMALL=$((1 << 30))			# disks up to this are read whole, and written

# --- names --------------------------------------------------------------------------

# files_of DIR NAME COUNT: sets FILES, of one of the folders of IMAGES, the child first
files_of() {
	local number
	FILES=()
	for ((number = 0; number < $3; number++)); do
		FILES+=("$IMAGES/$1/$2.$number.vhdx")
	done
}

# field_of DIR NAME COLUMN
field_of() { awk -F '\t' -v name="$2" -v n="$3" '$1 == name { print $n }' "$IMAGES/$1/MANIFEST.tsv"; }

# use_chain NAME: of the named ones
use_chain() { files_of chains "$1" "$(field_of chains "$1" 2)"; }

# with_parents FILE...: sets ARGUMENTS, as vhdxctl wants them
with_parents() {
	local child=$1 file
	shift
	ARGUMENTS=()
	for file; do
		ARGUMENTS+=(--parent "$file")
	done
	ARGUMENTS+=("$child")
}

# refusal: of the last attach
refusal() { echo "$(field "$LINE" errno)/$(field "$LINE" reason)"; }

# refused CLAIM REASONS [OPTION...] FILE...: for one of these reasons, a regular expression
refused() {
	local claim=$1 reasons=$2
	shift 2
	if attach "$@"; then
		not_ok "$claim" "it was attached"
		detach "$INDEX"
		return
	fi
	like "$(field "$LINE" reason)" "^($reasons)\$" "$claim"
}

queue() { cat "$SYS/queue/$1"; }

# --- reading ------------------------------------------------------------------------

# read_whole DIR NAME SIZE
read_whole() {
	local quick=-q what="all data, samples of the zeros"
	[ "$3" -gt "$SMALL" ] || quick='' what="every byte"
	ok "$2: $what" blkcmp ${quick:+"$quick"} -s "$SEED" "$DISK" "$MODELS/$1/$2"
}

# check DIR NAME FILES SIZE BLOCK LOGICAL PHYSICAL TYPE
check() {
	local model=$MODELS/$1/$2 physical=$7
	files_of "$1" "$2" "$3"
	if ! attach "${FILES[@]}"; then
		not_ok "$2: $3 files are attached" "$LINE"
		return
	fi
	[ "$physical" -ge "$6" ] || physical=$6
	is "$(blockdev --getsize64 "$DISK") $(attr type) $(queue logical_block_size) $(queue physical_block_size)" \
		"$4 $8 $6 $physical" "$2: size, type and sector sizes are the child's"
	read_whole "$1" "$2" "$4"
	ok "$2: random reads of one sector to 1 MiB, 32 at a time" \
		randread -s "$SEED" -B "$5" -n "$READS" "$DISK" "$model"
	ok "$2: random reads through the page cache" \
		randread -s "$SEED" -B "$5" -m buffered -n $((READS / 2)) -b 131072 "$DISK" "$model"
	is "$(attr bad_reads)" 0 "$2: no read was bad"
	detach "$INDEX" || not_ok "$2 is detached" "$LINE"
}

# check_all DIR
check_all() {
	local name files size block logical physical type used=()
	while IFS=$'\t' read -r name files size block logical physical type _; do
		sliced "$name" 6 || continue
		check "$1" "$name" "$files" "$size" "$block" "$logical" "$physical" "$type"
		used+=("${FILES[@]#"$IMAGES/"}")
	done < <(table "$IMAGES/$1/MANIFEST.tsv")
	# with little time chance may choose none of them
	[ ${#used[@]} = 0 ] || untouched "no file of a chain in $1 has changed" "${used[@]}"
}

# Errors of any request make fio fail.
storm() {
	use_chain "$1"
	attached "$1: is attached" "${FILES[@]}" || return
	ok "$1: fio, three jobs of queue depth 32" \
		fio --name=storm --filename="$DISK" --readonly --rw=randread --direct=1 \
		--ioengine=libaio --iodepth=32 --numjobs=3 --thread --norandommap \
		--bsrange=4k-1M --blockalign=4k --randseed="$SEED" \
		--number_ios=$((LONG ? 20000 : DEBUG ? 300 : 1000)) --group_reporting --minimal
	ok "$1: and it shows what it should" blkcmp "$DISK" "$MODELS/chains/$1"
	detach "$INDEX"
}

# --- what makes no chain --------------------------------------------------------------

no_chains() {
	local other=$IMAGES/good/states-mixed.vhdx copy=$SCRATCH/$'two\nlines\\of.vhdx'
	use_chain depth-3
	refused "a child alone misses its parent" 702 "${FILES[0]}"
	refused "so does one whose parent misses its own" 702 "${FILES[@]:0:2}"
	refused "a parent left out is noticed" 703 "${FILES[0]}" "${FILES[2]}"
	refused "parents in the wrong order are" '70[23]' "${FILES[0]}" "${FILES[2]}" "${FILES[1]}"
	refused "another file is no parent" 703 "${FILES[@]:0:2}" "$other"
	refused "a base has no parent" 705 "${FILES[@]}" "$other"
	refused "an image without a parent gets none" 705 "$other" "${FILES[2]}"
	refused "the same file twice is noticed" '70[36]' "${FILES[0]}" "${FILES[1]}" "${FILES[1]}"
	cp --sparse=always "${FILES[2]/#$IMAGES/$PRISTINE}" "$copy"
	if attached "a copy of a parent is as good" "${FILES[@]:0:2}" "$copy"; then
		ok "and shows the same" blkcmp "$DISK" "$MODELS/chains/depth-3"
		is "$(attr parent_files)" "$(realpath "${FILES[1]}")"$'\n'"$SCRATCH/two\\012lines\\134of.vhdx" \
			"parent_files has a line for each parent, whatever its name"
		detach "$INDEX"
	fi
	truncate -s 2M "$copy"
	refused "a parent that is damaged is refused with its own reason" '[2345][0-9][0-9]' \
		"${FILES[@]:0:2}" "$copy"
	rm -f "$copy"
}

# A log in a parent is replayed in memory, or not at all.
replay_of_parents() {
	use_chain dirty-middle
	refused "a dirty parent is refused if replay is forbidden" 206 -R "${FILES[@]}"
	use_chain dirty-base
	refused "a dirty base is refused if replay is forbidden" 206 -R "${FILES[@]}"
}

# --- exclusive use of files -----------------------------------------------------------

# kept_out CLAIM [OPTION...] FILE...: by the module, or when the file is opened already
kept_out() {
	local claim=$1
	shift
	if attach "$@"; then
		not_ok "$claim" "it was attached"
		detach "$INDEX"
		return
	fi
	like "$LINE" 'reason=(905|915|919) |Text file busy' "$claim"
}

# A parent that may change is no parent.
exclusion() {
	local child parent base second
	use_chain depth-3
	cp --sparse=always "${FILES[@]/#$IMAGES/$PRISTINE}" "$SCRATCH/"
	child=$SCRATCH/depth-3.0.vhdx parent=$SCRATCH/depth-3.1.vhdx base=$SCRATCH/depth-3.2.vhdx

	exec 7<>"$base"
	refused "a base that is open for writing is refused" 905 "$child" "$parent" "$base"
	exec 7>&-
	attached "P6: a base is attached for writing" -w -o 2 "$base" || return
	kept_out "P6: a child of it is refused meanwhile" "$child" "$parent" "$base"
	detach "$INDEX"

	attached "P6: the child is attached" "$child" "$parent" "$base" || return
	second=$INDEX
	kept_out "P6: its base cannot be attached for writing" -w -o 2 "$base"
	kept_out "P6: its parent cannot be attached for writing" -w -o 2 "$parent" "$base"
	ok "P6: another program cannot write to the base" not eval ": >>'$base'"
	attached "P6: the base can be attached to be read" "$base" && detach "$INDEX"
	if attached "P6: the base can be the parent of another disk" "$parent" "$base"; then
		ok "which can be read whole" reads bs=1M iflag=direct
		detach "$INDEX"
	fi
	detach "$second"
	ok "P6: afterwards the base can be written" eval ": >>'$base'"
	rm -f "$SCRATCH"/depth-3.*
}

# --- writing ----------------------------------------------------------------------------

# copy_chain: FILES become those of a copy
copy_chain() {
	local file copies=()
	for file in "${FILES[@]}"; do
		cp --sparse=always "$PRISTINE/${file#"$IMAGES/"}" "$SCRATCH/"
		copies+=("$SCRATCH/${file##*/}")
	done
	FILES=("${copies[@]}")
}

# writable: FILES, attached for writing; sets DISK
writable() {
	local device
	with_parents "${FILES[@]}"
	device=$(vhdxctl attach "${ARGUMENTS[@]}" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

# parents_are_as_they_were DIR
parents_are_as_they_were() {
	local file
	for file in "${FILES[@]:1}"; do
		cmp "$file" "$PRISTINE/$1/${file##*/}" || return
	done
}

# write_on_top DIR NAME BLOCK: by four threads; then again what is in the files
write_on_top() {
	local name=$2 said evidence=("$SCRATCH/journal" "$MODELS/$1/$2")
	copy_chain
	if ! writable; then
		not_ok "$name: is attached for writing" "$(<"$SCRATCH/stderr")"
		rm -f "${FILES[@]}"
		return
	fi
	if said=$(writer -s "$SEED" -n "$OPERATIONS" -t 4 -d 8 -z 8 -B "$3" -j "$SCRATCH/journal" \
		"$DISK" 2>&1); then
		ok "$name: shows what was written, and what was there before" \
			verify "$DISK" "${evidence[@]}"
	else
		not_ok "$name: is written" "$said"
	fi
	detach "$INDEX" || not_ok "$name: is detached" "$LINE"
	ok "P1: $name: its parents are as they were" parents_are_as_they_were "$1"
	ok "$name: vhdxctl finds nothing wrong with the child" vhdxctl check -q "${FILES[0]}"
	if attached "$name: is attached again" "${FILES[@]}"; then
		ok "$name: what was written is in the file" verify "$DISK" "${evidence[@]}"
		detach "$INDEX"
	fi
	rm -f "${FILES[@]}" "$SCRATCH/journal"
}

# A parent that was written is not what its child was made of.
parent_written() {
	use_chain depth-3
	copy_chain
	local child=${FILES[0]}
	FILES=("${FILES[@]:1}")
	writable || return
	dd if=/dev/urandom of="$DISK" bs=4k count=1 oflag=direct status=none
	detach "$INDEX"
	refused "P6: a parent that was written is refused to its child" 703 "$child" "${FILES[@]}"
	rm -f "$child" "${FILES[@]}"
}

can_write() {
	use_chain depth-2
	copy_chain
	writable && detach "$INDEX"
}

WRITTEN=(states-over-data bits-lengths bits-stale bits-none-all child-empty parent-shorter
	last-block-short blocks-256-1 blocks-1-256 sectors-4k dirty-top dirty-fresh-bitmap
	dirty-extended depth-8)

writes() {
	local name files size block
	if ! can_write; then
		skip "children are written" "attach for writing does not work: $(tail -n 1 "$SCRATCH/stderr")"
		return
	fi
	while IFS=$'\t' read -r name files size block _; do
		[ "$LONG" = 1 ] || [[ " ${WRITTEN[*]} " = *" $name "* ]] || continue
		sliced "$name" 3 || continue
		[ "$size" -le "$SMALL" ] || continue
		files_of chains "$name" "$files"
		write_on_top chains "$name" "$block"
	done < <(table "$IMAGES/chains/MANIFEST.tsv")
	while IFS=$'\t' read -r name files size block _; do
		[ "$LONG" = 1 ] || [ $(((SEED + ${name#random-}) % 4)) = 0 ] || continue
		sliced "$name" 3 || continue
		files_of random "$name" "$files"
		write_on_top random "$name" "$block"
	done < <(table "$IMAGES/random/MANIFEST.tsv")
	parent_written
}

check_all chains
check_all random
for name in depth-8 blocks-2-256-1 bits-chance dirty-all; do
	! sliced "$name" 4 || storm "$name"
done
no_chains
replay_of_parents
exclusion
writes

finish
