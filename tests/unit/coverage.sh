#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# Each file of the format core has a line coverage of 95 % at least, by its unit tests.
# coverage.sh BUILD MINIMUM: counted by gcov; fails if a file has less than MINIMUM per cent.
set -u

build=$1
minimum=$2
lines=$(cd "$build" && gcov -n ./*.gcda core/*.gcda 2>/dev/null) || exit 1

echo "$lines" | awk -v minimum="$minimum" '
	/^File / {
		file = $2
		gsub(/\047/, "", file)
		core = file ~ /kmod\/format\//
		sub(/.*\//, "", file)
	}
	/^Lines executed:/ && core {
		split($2, percent, ":")
		sub(/%/, "", percent[2])
		# a header is measured in each object that includes it: the best one counts
		if (!(file in best) || percent[2] + 0 > best[file])
			best[file] = percent[2] + 0
		core = 0
	}
	END {
		for (file in best) {
			low = best[file] < minimum
			printf "%-14s %6.2f %%%s\n", file, best[file], low ? "  too little" : "" | "sort"
			failed += low
			files++
		}
		close("sort")
		if (!files) {
			print "no coverage data found"
			exit 1
		}
		exit failed > 0
	}'
