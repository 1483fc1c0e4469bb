#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run.sh BUILD SECONDS TARGET...: run each fuzzer for so long, a line of summary each. Fails
# if one finds something; the input that does it stays in BUILD/found.
set -u

build=$1
seconds=$2
shift 2
status=0
mkdir -p "$build/found"

# The last number libFuzzer printed under a name
last() {
	grep -oE "$1:? +[0-9]+" "$log" | tail -1 | grep -oE '[0-9]+$'
}

for target; do
	log=$build/$target.log
	mkdir -p "$build/corpus/$target"
	result=clean
	"$build/fuzz_$target" -max_total_time="$seconds" -max_len=8192 -timeout=10 \
		-rss_limit_mb=1024 -print_final_stats=1 -use_value_profile=1 \
		-artifact_prefix="$build/found/$target-" \
		"$build/corpus/$target" "$build/seeds/$target" >"$log" 2>&1 || {
		result=$(grep -oE 'Test unit written to .*|claim broken: .*|ERROR: .*' "$log" |
			tail -1)
		result="FOUND ${result:-see $log}"
		status=1
	}
	printf '%-9s %4s s %10s runs %5s edges %5s inputs  %s\n' "$target" "$seconds" \
		"$(last stat::number_of_executed_units)" "$(last cov)" \
		"$(find "$build/corpus/$target" -type f | wc -l)" "$result"
done
exit $status
