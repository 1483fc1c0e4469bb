# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# For tests/bench/profile: one work by one disk, for as long as the profiler traces.

part_profile() {
	local driver=$VHDX_BENCH_DRIVER work=$VHDX_BENCH_WORK
	same_files
	cat /proc/kallsyms >"$OUT.kallsyms"
	open "$driver"
	work_on "$work" "$driver"		# caches are warm after that
	: >"$OUT.ready"
	sync -f "$OUT.ready"
	# shellcheck disable=SC2046 # words
	fio_on "$work" "$driver" $(options "$driver" "$work") --time_based --runtime=6s
	close "$driver"
}
