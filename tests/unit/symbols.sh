#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# The core calls nothing but what env.h names: no memory, no output, no I/O. VHDX_CORE_OBJECTS
# names its object files.
[ -n "${KTAP-}" ] || exec "$(dirname "$0")/../lib/ktap" "$0" "$@"
set -u

# glibc's headers may turn assert() of nothing and snprintf() into these
allowed='crc32c|memcpy|memcmp|memset|memmove|strlen|snprintf|__snprintf_chk|bcmp'
allowed="$allowed|vhdx_[a-z0-9_]+|_GLOBAL_OFFSET_TABLE_|__stack_chk_fail"

if [ -z "${VHDX_CORE_OBJECTS:-}" ]; then
	echo '1..0 # SKIP VHDX_CORE_OBJECTS is not set'
	exit 0
fi

number=0
status=0
# shellcheck disable=SC2086 # a list
set -- $VHDX_CORE_OBJECTS
echo "1..$(($# + 2))"

report() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "$2" | sed 's/^/#   /'
		status=1
	fi
}

for object; do
	if [ ! -s "$object" ]; then
		report "$(basename "$object" .o) was built" "$object is not there"
		continue
	fi
	report "$(basename "$object" .o) needs nothing beyond the contract" \
		"$(nm -u "$object" | awk '{ print $2 }' | grep -Evx "$allowed")"
done

# Global state would need a lock.
report 'no object has writable data' "$(nm -f sysv "$@" | awk -F '|' '
	$7 ~ /^ *\.(data|bss)/ && $7 !~ /\.data\.rel\.ro/ { print $1, $7 }')"
report 'every global name begins with vhdx_' \
	"$(nm -g --defined-only "$@" | awk 'NF == 3 { print $3 }' | grep -v '^vhdx_')"
exit $status
