#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each allocation of an attach, a detach and a read fails once, and costs an error only. Nothing
# leaks, and no data read are wrong. Needs a kernel with fault injection.
#	VHDX_PARTS="attach read"	only these
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/faults.bash
. "$(dirname "$0")/../lib/faults.bash"

IMAGE=$IMAGES/good/states-mixed.vhdx
MODEL=$MODELS/good/states-mixed
PIECES=10				# of 64 KiB are read: present, absent, zeros

# attach_fails CLAIM OPTION...: until an attach gets through without the fault. Some failures cost
# less than the attach.
attach_fails() {
	local n errors=0 tried=0 wrong='' max=2000
	for ((n = 1; n < max; n += $(step 20))); do
		tried=$((tried + 1))
		if ioctl attach -N $n -i 0 "${@:2}" "$IMAGE" >"$SCRATCH/line"; then
			use 0
			blkcmp "$DISK" "$MODEL" >/dev/null || wrong+=" $n: reads wrong"
			detach 0 || wrong+=" $n: not detached"
		else
			errors=$((errors + 1))
			nothing_attached || wrong+=" $n: a disk is left"
		fi
		[ "$(field "$(<"$SCRATCH/line")" left)" = 0 ] || break
	done
	diag "$1 has less than $n allocations; of $tried tried $errors were fatal, seed $SEED"
	is "$(field "$(<"$SCRATCH/line")" left | sed 's/^[1-9].*/some/')/$(field "$(<"$SCRATCH/line")" errno)" some/0 \
		"P7: $1 gets through in the end"
	is "$wrong" "" "P7: $1 whose memory runs out fails or works, and leaves nothing behind"
}

detach_fails() {
	local n wrong='' max=500
	for ((n = 1; n < max; n += $(step 4))); do
		attach -i 0 "$IMAGE"
		udevadm settle -t 30
		until ioctl detach -N $n 0 >"$SCRATCH/line"; do
			[ "$(field "$(<"$SCRATCH/line")" errno)" = EBUSY ] || { wrong+=" $n: $(<"$SCRATCH/line")"; break; }
		done
		detach_all
		nothing_attached || wrong+=" $n: a disk is left"
		[ "$(field "$(<"$SCRATCH/line")" left)" = 0 ] || break
	done
	diag "detach has less than $n allocations"
	is "$wrong" "" "P7: a detach whose memory runs out works all the same"
}

# by_threads N: they read. Succeeds if one of them had so many allocations.
by_threads() {
	echo 0 >"$SYS/vhdx/nowait_reads"
	arm "$1"
	blkcmp -j 2 -n $PIECES "$DISK" "$MODEL" >"$SCRATCH/out"
	disarm
}

# by_submitter N: the submitter reads what needs no thread.
by_submitter() {
	echo 1 >"$SYS/vhdx/nowait_reads"
	blkcmp -j 1 -n $PIECES -N "$1" "$DISK" "$MODEL" >"$SCRATCH/out"
	! grep -q '^faults=0$' "$SCRATCH/out"
}

# read_fails READER CLAIM ATTACH-OPTION...: until there are not so many allocations
read_fails() {
	local n had=1 wrong='' errors=0 tried=0 inline=0
	for ((n = 1; had == 1; n += $(step 8))); do
		tried=$((tried + 1))
		attach -n "${@:3}" "$IMAGE"
		echo 3 >/proc/sys/vm/drop_caches
		"$1" $n || had=0
		inline=$((inline + $(counter reads_nowait)))
		! grep -q complaints "$SCRATCH/out" || grep -q ' 0 complaints' "$SCRATCH/out" || errors=$((errors + 1))
		! grep -q 'not what it should be' "$SCRATCH/out" || wrong+=" $n"
		blkcmp "$DISK" "$MODEL" >/dev/null || wrong+=" $n, afterwards"
		detach "$INDEX"
	done
	diag "$1: less than $n allocations; $errors of $tried reads failed, seed $SEED"
	ok "$1: there are allocations to fail" test $tried -gt 1
	is "$wrong" "" "P5: $2 whose memory runs out gives an error or the truth"
	[ "$1" != by_submitter ] || ok "it went without a thread, $inline times" test $inline -gt 0
}

if wanted attach; then
	attach_fails "an attach"
	attach_fails "an attach for writing" -w -o 2
	detach_fails
fi
if wanted read; then
	read_fails by_submitter "a read"
	read_fails by_threads "a read by threads"
	read_fails by_threads "a read through the page cache" -b
fi
untouched "the image is as it was" good/states-mixed.vhdx

finish
