#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Memory runs out at every single place: each allocation of an attach, a detach and a read
# fails once. That costs an error; it leaks nothing and reads nothing wrong.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

IMAGE=$IMAGES/good/states-mixed.vhdx
MODEL=$MODELS/good/states-mixed

[ -e /proc/self/fail-nth ] || skip_all "this kernel has no fault injection: use -k debug"

# Allocations that may wait fail as well, and quietly: the warning would be the injection's own.
for attribute in failslab fail_page_alloc; do
	echo N >/sys/kernel/debug/$attribute/ignore-gfp-wait
	echo 0 >/sys/kernel/debug/$attribute/verbose
done
echo N >/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem 2>/dev/null
echo 0 >/sys/kernel/debug/fail_page_alloc/min-order

# With time every place; without, some of them, where chance has them.
step() { echo $((LONG ? 1 : 1 + RANDOM % $1)); }

# Until an attach gets through without the fault. Some failures cost less than the attach.
attach_fails() {
	local n errors=0 tried=0 wrong='' max=2000
	for ((n = 1; n < max; n += $(step 20))); do
		tried=$((tried + 1))
		if ioctl attach -N $n -i 0 "$IMAGE" >"$SCRATCH/line"; then
			use 0
			blkcmp "$DISK" "$MODEL" >/dev/null || wrong+=" $n: reads wrong"
			detach 0 || wrong+=" $n: not detached"
		else
			errors=$((errors + 1))
			nothing_attached || wrong+=" $n: a disk is left"
		fi
		[ "$(field "$(<"$SCRATCH/line")" left)" = 0 ] || break
	done
	diag "attach has less than $n allocations; of $tried tried $errors were fatal, seed $SEED"
	ok "P7: attach gets through in the end" test $n -lt $max
	is "$wrong" "" "P7: an attach whose memory runs out fails or works, and leaves nothing behind"
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

threads() { pgrep "^vhdx$INDEX/"; }

# The Nth allocation of the disk's threads fails, in the module or in the file system below.
read_fails() {
	local n thread wrong='' errors=0 tried=0
	for ((n = 1; n <= 30; n += $(step 6))); do
		tried=$((tried + 1))
		attach -n "$@" "$IMAGE"
		# by the threads
		echo 0 >"$SYS/vhdx/inline_reads"
		echo 3 >/proc/sys/vm/drop_caches
		for thread in $(threads); do
			echo "$n" >"/proc/$thread/fail-nth"
		done
		blkcmp -j 2 "$DISK" "$MODEL" >"$SCRATCH/out" || errors=$((errors + 1))
		! grep -q 'not what it should be' "$SCRATCH/out" || wrong+=" $n"
		for thread in $(threads); do
			echo 0 >"/proc/$thread/fail-nth"
		done
		blkcmp "$DISK" "$MODEL" >/dev/null || wrong+=" $n, afterwards"
		detach "$INDEX"
	done
	diag "$errors of $tried reads failed"
	is "$wrong" "" "P5: a read ${1:+through the page cache }whose memory runs out gives an error or the truth"
}

# The same while writing: what was acknowledged is there, and the image is in order.
write_fails() {
	local n thread wrong='' refused=0 tried=0 copy=$SCRATCH/copy.vhdx
	for ((n = 1; n <= 60; n += $(step 6))); do
		tried=$((tried + 1))
		rm -f "$copy" "$SCRATCH/journal"
		vhdxctl create -q --block-size=1M "$copy" 16M
		attach -n -w -o 2 "$copy"
		for thread in $(threads); do
			echo "$n" >"/proc/$thread/fail-nth"
		done
		writer -s "$((SEED + n))" -n 40 -t 2 -b 65536 -j "$SCRATCH/journal" "$DISK" >"$SCRATCH/out" 2>&1
		for thread in $(threads); do
			echo 0 >"/proc/$thread/fail-nth"
		done
		[ "$(attr read_only_reason)" = - ] || refused=$((refused + 1))
		detach "$INDEX"
		vhdxctl check -q "$copy" >/dev/null
		case $? in 0 | 3) ;; *) wrong+=" $n: check" ;; esac
		attach -n "$copy"
		verify "$DISK" "$SCRATCH/journal" >"$SCRATCH/out" 2>&1 || wrong+=" $n: $(tail -n 1 "$SCRATCH/out")"
		detach "$INDEX"
	done
	diag "$refused of $tried disks became read-only"
	is "$wrong" "" "P3, P7: writing whose memory runs out loses nothing that was acknowledged"
}

attach_fails
detach_fails
write_fails
read_fails
read_fails -b
untouched "the image is as it was" good/states-mixed.vhdx

finish
