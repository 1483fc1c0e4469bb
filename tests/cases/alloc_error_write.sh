#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each allocation of a write and of a live snapshot fails once, and costs an error only. What was
# acknowledged is there afterwards. Needs a kernel with fault injection.
#	VHDX_PARTS="disk child snapshot"	only these
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/faults.bash
. "$(dirname "$0")/../lib/faults.bash"

IMAGE=$SCRATCH/image.vhdx
FRESH=$SCRATCH/fresh.vhdx
BASE=$SCRATCH/base.vhdx			# the parent, with data
BASE_JOURNAL=$SCRATCH/base.journal
CHILD=$SCRATCH/child.vhdx
JOURNAL=$SCRATCH/journal
PARENTS=()				# of the image that is tried
MODEL=()				# what these show

# write JOURNAL SEED OPERATIONS
write() {
	rm -f "$1"
	writer -s "$2" -n "$3" -t 2 -b 32768 -f 10 -F 10 -d 8 -z 8 -u 50 -j "$1" "$DISK" >"$SCRATCH/writer" 2>&1
}

# in_order FILE...
in_order() {
	local file
	for file; do
		vhdxctl check -q "$file" >"$SCRATCH/check" 2>&1
		case $? in 0 | 3) ;; *) echo "check of $file: $(tail -n 1 "$SCRATCH/check")" ;; esac
	done
}

# shows JOURNAL [OPTION...]: what was completed of it
shows() {
	verify "${@:2}" "$DISK" "$1" "${MODEL[@]}" >"$SCRATCH/verify" 2>&1 || head -n 1 "$SCRATCH/verify"
}

# Another run's data in part of the disk, of other block size
make_base() {
	vhdxctl create -q --block-size=2M "$BASE" 16M
	attach -n -w -o 2 "$BASE" || return
	write "$BASE_JOURNAL" $((SEED + 1)) 60 || return
	dd if="$DISK" of="$SCRATCH/base.raw" bs=1M status=none
	detach "$INDEX"
}

# --- writing -----------------------------------------------------------------------

# write_once N: what is wrong; fails if no thread had so many allocations
write_once() {
	local had=0 reason
	cp "$FRESH" "$IMAGE"
	attach -n -w -o 2 "$IMAGE" "${PARENTS[@]}" || { echo "not attached: $LINE"; return 1; }
	arm "$1"
	write "$JOURNAL" "$SEED" 16
	disarm || had=1
	shows "$JOURNAL"
	reason=$(attr read_only_reason)
	echo "$reason" >>"$SCRATCH/reasons"
	detach "$INDEX" || [[ $LINE = *reason=9[12]8* && $reason != - ]] || echo "detach: $LINE"
	nothing_attached || echo "it is not detached"
	attach -n "$IMAGE" "${PARENTS[@]}" || { echo "cannot be attached again: $LINE"; return $had; }
	shows "$JOURNAL" -e
	detach "$INDEX"
	in_order "$IMAGE"
	return $had
}

# writing NAME COMMAND...: which makes FRESH
writing() {
	local n had=1 tried=0 wrong=''
	rm -f "$FRESH" "$SCRATCH/reasons"
	"${@:2}" || { not_ok "$1: made"; return; }
	for ((n = 1; had == 1; n += $(step 60))); do
		tried=$((tried + 1))
		write_once $n >"$SCRATCH/said" || had=0
		[ ! -s "$SCRATCH/said" ] || { wrong+=" $n"; diag "$n: $(<"$SCRATCH/said")"; }
	done
	diag "$1: less than $n allocations in a thread, $tried tried, seed $SEED; then it was read-only because of:"
	diag "$(sort "$SCRATCH/reasons" | uniq -c)"
	ok "$1: there are allocations to fail" test $tried -gt 1
	is "$wrong" "" "P3, P7: $1: writing whose memory runs out loses nothing that was acknowledged"
}

child() {
	local before
	before=$(sha256sum <"$BASE")
	PARENTS=("$BASE") MODEL=("$SCRATCH/base.raw")
	writing child vhdxctl snapshot -q --keep-mode --block-size=1M "$BASE" "$FRESH"
	is "$(sha256sum <"$BASE")" "$before" "P6: child: the parent is as it was"
	PARENTS=() MODEL=()
}

# --- a snapshot --------------------------------------------------------------------

# snapshot_once N: what is wrong; its line is LINE
snapshot_once() {
	local taken=()
	cp "$BASE" "$IMAGE"
	cp "$FRESH" "$CHILD"
	attach -n -w -o 2 "$IMAGE" || { echo "not attached: $LINE"; return; }
	ioctl snapshot -N "$1" "$INDEX" "$CHILD" >"$SCRATCH/line" && taken=("$CHILD")
	shows "$BASE_JOURNAL"
	dd if=/dev/zero of="$DISK" bs=64k count=1 oflag=direct conv=fsync status=none 2>&1
	is_zero || echo "what is written then is not there"
	detach "$INDEX" || echo "detach: $LINE"
	nothing_attached || echo "it is not detached"
	attach -n "${taken[@]}" "$IMAGE" || { echo "cannot be attached again: $LINE"; return; }
	is_zero || echo "what was written then is not there"
	detach "$INDEX"
	in_order "${taken[@]}" "$IMAGE"
}

is_zero() { cmp -s -n 65536 "$DISK" /dev/zero; }

snapshot() {
	local n wrong='' tried=0 errors=0 left=0
	rm -f "$FRESH"
	vhdxctl snapshot -q --keep-mode --block-size=2M "$BASE" "$FRESH"
	for ((n = 1; left == 0; n += $(step 30))); do
		tried=$((tried + 1))
		snapshot_once $n >"$SCRATCH/said"
		[ ! -s "$SCRATCH/said" ] || { wrong+=" $n"; diag "$n: $(<"$SCRATCH/said")"; }
		left=$(field "$(<"$SCRATCH/line")" left)
		[ "$(field "$(<"$SCRATCH/line")" errno)" = 0 ] || errors=$((errors + 1))
	done
	diag "a snapshot has less than $n allocations; of $tried tried $errors were fatal, seed $SEED"
	is "$wrong" "" "P3, P7: a snapshot whose memory runs out is made or not, and the disk goes on"
	is "$(field "$(<"$SCRATCH/line")" errno)" 0 "the one that has enough is made"
}

make_base || not_ok "a parent" "$LINE"
wanted disk && writing disk vhdxctl create -q --block-size=1M "$FRESH" 16M
wanted child && child
wanted snapshot && snapshot

finish
