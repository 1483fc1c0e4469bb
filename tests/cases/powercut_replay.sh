#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P2: the log is replayed into its file, and no power cut meanwhile loses anything. It is cut
# before and after every write, and with a part of the writes that were not flushed.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

# judge_state STATE MODEL: what the next one finds
judge_state() {
	rm -f "$SCRATCH/state"
	makestate -i "$SCRATCH/initial" -l "$RECORDING" -s "$SEED" "$1" "$SCRATCH/state" >/dev/null &&
		attach -n "$SCRATCH/state" || return
	blkcmp -q -s "$SEED" "$DISK" "$2" >/dev/null
	local rc=$?
	detach "$INDEX"
	return $rc
}

# subsets CUT: of what was not flushed all, and what chance has; with little time, one of that
subsets() { [ "$SLICE" = 0 ] && echo 0 1 2 || echo $((($1 + SEED) % 3)); }

judge_states() {
	local name=$1 entries cut subset wrong='' tried=0
	entries=$(makestate -i "$SCRATCH/initial" -l "$RECORDING")
	for ((cut = 0; cut <= entries; cut++)); do
		for subset in $(subsets "$cut"); do
			judge_state "$cut.$subset" "$MODELS/good/$name" || wrong+=" $cut.$subset: $LINE"
			tried=$((tried + 1))
		done
	done
	is "$wrong" "" "P2: $name: replay cut short in $tried ways is taken up again, seed $SEED"
}

# A device does not grow, so it has the size that the log requires.
replay_cut() {
	local name=$1
	cp --sparse=always "$PRISTINE/good/$name.vhdx" "$SCRATCH/initial"
	truncate -s "$(($(stat -c %s "$SCRATCH/initial") + (128 << 20)))" "$SCRATCH/initial"
	cp --sparse=always "$SCRATCH/initial" "$SCRATCH/device"
	recorder "$name" "$SCRATCH/device" || return
	if attached "P2: $name: attached for writing" -n -w -o 2 "$DEV"; then
		ok "P2: $name: shows what it should" blkcmp -q -s "$SEED" "$DISK" "$MODELS/good/$name"
		detach "$INDEX"
	fi
	stop_recorder "$name"
	judge_states "$name"
	rm -f "$SCRATCH"/*
}

# A crash is what a copy of the file has while the disk is attached and idle.
crashed_copy() {
	local image=$SCRATCH/running.vhdx
	vhdxctl create -q --block-size=1M "$image" 256M
	attached "crash: attached" -n -w -o 2 "$image" || return
	for i in 0 1 2; do dd if=/dev/urandom of="$DISK" bs=4k count=1 seek=$((i * 256)) oflag=direct status=none; done
	sync "$DISK"
	cp --sparse=always "$image" "$1"
	detach "$INDEX"
}

# tidy CLAIM: the image is clean, and as long as after a session that has ended
tidy() {
	is "$(vhdxctl check -q "$SCRATCH/image.vhdx" 2>&1; echo "rc $?"; stat -c %s "$SCRATCH/image.vhdx")" \
		"rc 0"$'\n'"$(stat -c %s "$SCRATCH/running.vhdx")" "$1"
}

# What a crashed session has allocated ahead is cut off by whatever replays its log.
tail_is_cut() {
	local crashed=$SCRATCH/crashed.vhdx image=$SCRATCH/image.vhdx
	crashed_copy "$crashed"
	cp --sparse=always "$crashed" "$image"
	ok "crash: the session had allocated ahead" test "$(stat -c %s "$image")" -ge $((64 << 20))
	attached "crash: attached for writing" -n -w -o 2 "$image" || return
	ok "crash: a log was replayed" test "$(attr replayed)" -gt 0
	detach "$INDEX"
	tidy "P8: a log is replayed, nothing is written: the file's unused end is cut off at detach"
	cp --sparse=always "$crashed" "$image"
	attached "P1: crash: attached read-only" "$image" && detach "$INDEX"
	ok "P1: attached read-only, a crashed image is left as it is" cmp "$image" "$crashed"
	ok "vhdxctl replay" vhdxctl replay -q "$image"
	tidy "P8: vhdxctl replay cuts off the unused end, too"
	cp --sparse=always "$crashed" "$image"
	ok "vhdxctl check --repair" vhdxctl check -q --repair=leaks "$image"
	tidy "P8: and so does vhdxctl check --repair when it replays"
}

# FlushedFileOffset: what replay takes for truncated if it is missing. In entries of
# Windows it is never more than LastFileOffset.
sizes_of_entries() {
	local crashed=$SCRATCH/crashed.vhdx sizes
	sizes=$(vhdxctl info -J --log "$crashed" |
		jq -r '.. | objects | select(has("flushed-file-size")) | "\(.["flushed-file-size"]) \(.["last-file-size"])"')
	ok "the log has entries to look at" test "$(wc -l <<<"$sizes")" -ge 2
	is "$(awk '$1 > $2' <<<"$sizes")" "" "P8: no log entry has a FlushedFileOffset beyond its LastFileOffset"
	is "$(awk '$1 % 1048576 || $2 % 1048576' <<<"$sizes")" "" "P8: both are whole MiB"
}

# make_fixed FILE: only by what its metadata say
make_fixed() {
	perl -e 'open F, "+<", $ARGV[0]; binmode F; local $/; $d = <F>; $m = index($d, "metadata");
		$e = index($d, pack("H*", "3767a1ca36fa434db3b633f0aa44e76b"), $m);
		seek F, $m + unpack("V", substr($d, $e + 16, 4)) + 4, 0; print F pack("V", 1)' "$1"
}

# no_new_holes HOW ATTACH-OPTION...: what a log makes zero stays allocated
no_new_holes() {
	local image=$SCRATCH/filled.vhdx device
	cp --sparse=never "$PRISTINE/good/dirty-zeros.vhdx" "$image"
	[ "$1" != fixed ] || make_fixed "$image"
	sync "$image"
	device=$(vhdxctl attach -q --no-partscan "${@:2}" "$image" 2>"$SCRATCH/stderr") ||
		{ not_ok "$1: attached" "$(<"$SCRATCH/stderr")"; return; }
	use "${device#/dev/vhdx}"
	ok "$1: a log was replayed" test "$(attr replayed)" -gt 0
	detach "$INDEX"
	sync "$image"
	ok "$1: replay makes no holes" \
		test $(($(stat -c %b "$image") * 512)) -ge "$(stat -c %s "$image")"
}

tail_is_cut
sizes_of_entries
no_new_holes "--holes=no" --holes=no
no_new_holes fixed
rm -f "$SCRATCH"/*
modprobe -q dm-log-writes || skip_all "no dm-log-writes"
i=0
for name in $(table "$PRISTINE/good/MANIFEST.tsv" | awk -F '\t' '$1 ~ /^dirty-/ && $2 <= 2 ^ 30 { print $1 }'); do
	# with little time each run another eighth of them
	[ "$LONG" = 1 ] || [ $(((i++ + SEED) % 8)) = 0 ] || continue
	replay_cut "$name"
done

finish
