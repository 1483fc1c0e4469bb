#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P1, P6: changes of a disk attached with --temporary go with it, and no image is changed. Nothing
# is left over.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

WHERE=$SCRATCH/where
POINT=$SCRATCH/mount
mkdir -p "$WHERE" "$POINT"

# throw_away [ARGUMENT...]: attach it; sets DISK
throw_away() {
	local device
	device=$(vhdxctl attach --temporary="$WHERE" "$@" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

content() { sha256sum <"$DISK" | cut -d ' ' -f 1; }
# Leaves times of access as they are: they are compared when the case ends.
sums() {
	local file
	for file; do dd if="$file" bs=1M iflag=noatime status=none | sha256sum; done
}
space() { df --output=used -B 1 "$SCRATCH" | tail -n 1; }

# about NAME FILE [PARENT...]: what is written is there until it is detached
about() {
	local name=$1 before after new files=("${@:2}") parents=() file
	for file in "${files[@]:1}"; do parents+=(--parent "$file"); done
	before=$(sums "${files[@]}")
	if ! throw_away "${parents[@]}" "${files[0]}"; then
		not_ok "$name: attached" "$(<"$SCRATCH/stderr")"
		return
	fi
	after=$(content)
	ok "$name: writable" writer -s "$SEED" -n 60 -t 2 -b 65536 -j "$SCRATCH/journal" "$DISK"
	new=$(content)
	ok "$name: shows what was written" test "$new" != "$after"
	is "$(ls -A "$WHERE")" "" "$name: the file for it has no name"
	is "$(vhdxctl list -n --raw -o TEMP,TYPE,BACK-FILE "$DISK")" "1 differencing ${files[0]}" \
		"$name: list says it is temporary, and of what"
	is "$(vhdxctl list -n --raw --tree -o BACK-FILE "$DISK" | tail -n +2)" "$(printf '%s\n' "${files[@]}")" \
		"$name: list --tree has all its files"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	is "$(sums "${files[@]}")" "$before" "P1, P6: $name: no file has changed"
	throw_away "${parents[@]}" "${files[0]}" && is "$(content)" "$after" "$name: the next time it shows what it did"
	detach "$INDEX"
}

in_use() {
	local used device=$SCRATCH/fs.vhdx
	vhdxctl create -q --block-size=1M "$device" 64M
	attach -n -w -o 2 "$device" && mke2fs -q -t ext4 "$DISK"
	detach "$INDEX"
	sync
	used=$(space)
	throw_away "$device" || { not_ok "with a file system: attached" "$(<"$SCRATCH/stderr")"; return; }
	ok "with a file system: mounted, for writing" mount "$DISK" "$POINT"
	head -c 24M /dev/urandom >"$POINT/data"
	sync
	ok "its space is in the folder that --temporary names" test $(($(space) - used)) -gt $((20 << 20))
	ok "P6: meanwhile the image cannot be attached for writing" not attach -w -o 2 "$device"
	umount "$POINT"
	detach "$INDEX"
	sync
	ok "and is given back at detach" test $(($(space) - used)) -lt $((4 << 20))
}

refused() {
	ok "-r and --temporary are not for one disk" not vhdxctl attach -r --temporary "$IMAGES/good/states-mixed.vhdx"
	attach -w -o 2 "$SCRATCH/fs.vhdx"
	ok "an image that is attached for writing is refused" not throw_away "$SCRATCH/fs.vhdx"
	detach "$INDEX"
	ok "a folder that is not there is named" eval \
		"vhdxctl attach --temporary=$SCRATCH/nowhere $SCRATCH/fs.vhdx 2>&1 | grep -q nowhere"
}

# What would be looked for under a name that there is not
nameless() {
	local verb
	throw_away "$SCRATCH/fs.vhdx" || return
	for verb in info map check; do
		like "$(vhdxctl $verb "$DISK" 2>&1)" "only the disk shows; its image is $SCRATCH/fs.vhdx" \
			"$verb of such a disk says where to look"
	done
	detach "$INDEX"
}

# Whatever it is doing when it is killed, there is the disk, or nothing
killed() {
	local n last ioctl line killed=0 left=0 wrong='' distance=$((LONG ? 1 : DEBUG ? 120 : 40))
	local command=(vhdxctl attach --temporary="$WHERE" "$SCRATCH/fs.vhdx")
	line=$(killat count "${command[@]}" 2>/dev/null | tail -n 1)
	last=$(field "$line" steps) ioctl=$(field "$line" ioctl)
	detach_all
	for n in $({ seq $((1 + RANDOM % distance)) "$distance" "$last"; seq $((ioctl - 2)) $((ioctl + 2)); } | sort -nu); do
		killat "$n" "${command[@]}" >/dev/null 2>&1
		[ $? != 137 ] || killed=$((killed + 1))
		nothing_attached || left=$((left + 1))
		[ -z "$(ls -A "$WHERE")" ] || wrong+=" $n"
		detach_all
	done
	diag "killed at $killed of $last steps, the ioctl being $ioctl; $left of them left the disk"
	ok "it was killed before and after its disk was there" test "$left" -gt 0 -a "$left" -lt "$killed"
	is "$wrong" "" "P7: killed at any step it leaves no file, seed $SEED"
}

about "states of all kinds" "$IMAGES/good/states-mixed.vhdx"
about "sectors of 4 KiB" "$IMAGES/good/fixed-4k.vhdx"
about "a log to replay" "$IMAGES/good/dirty-one-entry.vhdx"
about "a chain" "$IMAGES"/chains/depth-3.{0,1,2}.vhdx
in_use
nameless
refused
killed

finish
