#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Arrows point one way: a file of kmod/ may include headers of what stands before it in
# this order, and nobody may include upwards or out of the kernel.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1

order='compat delay waiter backing retire freeze transfer extent shrink pager session ring space spacestate refill journal journalstate begin commit place change replay recover scan claim image resolve imagewrite imageopen chain snapshot command heldlocks inline step sectors read write trim queue poll submit life job disk stack swap sysfs registry control main'

rank() {
	local n=0 name
	for name in $order; do
		n=$((n + 1))
		[ "$name" = "$1" ] && echo $n && return
	done
	echo 0
}

quoted() { sed -n 's/^#include "\(.*\)"$/\1/p' "$1"; }
angled() { sed -n 's/^#include \(<.*>\)$/\1/p' "$1"; }

# upward FILE: prints the includes of FILE that point the wrong way
upward() {
	local file=$1 name include mine
	name=$(basename "${file%.*}")
	mine=$(rank "$name")
	[ "$mine" -gt 0 ] || echo "$file: has no place in the order of tests/lint/includes.sh"
	for include in $(quoted "$file"); do
		case $include in
		format/*.h | uapi/*.h) continue ;;
		"$name.h" | "${name}state.h") continue ;;	# the latter: its own from inside
		esac
		[ "$(rank "${include%.h}")" -lt "$mine" ] && [ "$(rank "${include%.h}")" -gt 0 ] ||
			echo "$file: $include"
	done
}

kmod_arrows() {
	local file
	for file in kmod/*.[ch]; do upward "$file"; done
}

# The core includes the core; the rest of the world only in env.h.
core_arrows() {
	local file include
	for file in kmod/format/*.[ch]; do
		[ "$file" = kmod/format/env.h ] || angled "$file" | sed "s|^|$file: |"
		for include in $(quoted "$file"); do
			[ -e "kmod/format/$include" ] || echo "$file: $include"
		done
	done
}

only_env_knows_the_kernel() {
	grep -l '__KERNEL__' kmod/format/*.[ch] | grep -vx kmod/format/env.h | grep -v '^$' |
		while read -r file; do
			sed 's|/\*.*\*/||' "$file" | grep -q '^#.*__KERNEL__' && echo "$file"
		done
}

only_compat_knows_versions() {
	grep -lE 'LINUX_VERSION_CODE|KERNEL_VERSION' kmod/*.[ch] kmod/format/*.[ch] |
		grep -vx kmod/compat.h
}

user_arrows() {
	grep -nE '^#include "(\.\./|/)' userspace/*.[ch]
	grep -nE '^#include .*userspace/' kmod/*.[ch] kmod/format/*.[ch]
}

own_header_first() {
	local file
	for file in kmod/*.c kmod/format/*.c; do
		[ -e "${file%.c}.h" ] || continue
		[ "$(quoted "$file" | head -n 1)" = "$(basename "${file%.c}").h" ] || echo "$file"
	done
}

claim() {
	local text=$1 output
	output=$($2)
	is "$output" "" "$text"
}

claim 'inside kmod/ every include points downwards' kmod_arrows
claim 'the format core includes only itself, and the world through env.h' core_arrows
claim 'only env.h of the core asks whether this is the kernel' only_env_knows_the_kernel
claim 'only compat.h asks for the kernel version' only_compat_knows_versions
claim 'the tool takes the core and the ABI from kmod/ and gives nothing back' user_arrows
claim 'every source file includes its own header first' own_header_first
done_testing
