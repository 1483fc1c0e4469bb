# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash disable=SC2034  # variables are for the cases
# shellcheck source=guest.bash
#
# For the cases in which memory runs out: the kernel counts the allocations of a thread, and the
# Nth fails. Source it after guest.bash.
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

# wanted PART: of the case
wanted() { [ -z "${VHDX_PARTS-}" ] || [[ " $VHDX_PARTS " = *" $1 "* ]]; }

threads() { pgrep "^vhdx$INDEX/"; }

# arm N: the Nth allocation of each of the disk's threads, in the module or in what it calls
arm() {
	local thread
	for thread in $(threads); do
		echo "$1" >"/proc/$thread/fail-nth"
	done
}

# disarm: no longer. Fails if none of them had so many.
disarm() {
	local thread left had=1
	for thread in $(threads); do
		read -r left <"/proc/$thread/fail-nth"
		[ "$left" != 0 ] || had=0
		echo 0 >"/proc/$thread/fail-nth"
	done
	return $had
}
