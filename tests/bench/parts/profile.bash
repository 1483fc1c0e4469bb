# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# For tests/bench/profile: one work by one disk, for as long as somebody looks on.

part_profile() {
	local who=$VHDX_BENCH_WHO work=$VHDX_BENCH_WORK
	same_files
	cat /proc/kallsyms >"$OUT.kallsyms"
	open "$who"
	work_on "$work" "$who"		# caches are warm after that
	: >"$OUT.ready"
	sync -f "$OUT.ready"
	# shellcheck disable=SC2046 # words
	fio_on "$work" "$who" $(options "$who" "$work") --time_based --runtime=6s
	close "$who"
}
