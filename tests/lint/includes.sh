#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The core includes itself only, and each file its own header first. See layers.py for the order
# of the layers.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1

quoted() { sed -n 's/^#include "\(.*\)"$/\1/p' "$1"; }
angled() { sed -n 's/^#include \(<.*>\)$/\1/p' "$1"; }

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

only_compat_compares_versions() {
	grep -lE 'LINUX_VERSION_CODE|KERNEL_VERSION|VHDX_KERNEL' kmod/*.[ch] kmod/*/*.[ch] |
		grep -v '^kmod/compat/'
}

user_arrows() {
	grep -nE '^#include "(\.\./|/)' userspace/*.[ch] userspace/*/*.[ch]
	grep -nE '^#include .*userspace/' kmod/*.[ch] kmod/*/*.[ch]
}

own_header_first() {
	local file first
	for file in kmod/*.c kmod/*/*.c userspace/*/*.c; do
		[ -e "${file%.c}.h" ] || continue
		first=$(quoted "$file" | head -n 1)
		case ${file%.c}.h in
		kmod/format/"$first" | kmod/"$first" | userspace/"$first") ;;
		*) echo "$file" ;;
		esac
	done
}

claim() {
	local text=$1 output
	output=$($2)
	is "$output" "" "$text"
}

claim 'the format core includes only itself, and the world through env.h' core_arrows
claim 'only env.h of the core tests whether this is the kernel' only_env_knows_the_kernel
claim 'only compat/ compares kernel versions' only_compat_compares_versions
claim 'the tool takes the core and the ABI from kmod/ and gives nothing back' user_arrows
claim 'every source file includes its own header first' own_header_first
done_testing
