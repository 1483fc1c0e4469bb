#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# P2: a log is replayed into its file, and the power may go at any time meanwhile: before and
# after every write of it, and with those that were not flushed there in part.
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

# A device does not grow, so it has room for what the log asks for.
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

modprobe -q dm-log-writes || skip_all "no dm-log-writes"
i=0
for name in $(table "$PRISTINE/good/MANIFEST.tsv" | awk -F '\t' '$1 ~ /^dirty-/ && $2 <= 2 ^ 30 { print $1 }'); do
	# with little time each run another eighth of them
	[ "$LONG" = 1 ] || [ $(((i++ + SEED) % 8)) = 0 ] || continue
	replay_cut "$name"
done

finish
