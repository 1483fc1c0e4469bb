#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# kernel-doc comments are complete, and each function for another layer has one. Such a function
# is one of the module that another layer calls.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
# shellcheck source=../vm/lib.bash
. "$root/tests/vm/lib.bash"
cd "$root" || exit 1

kernel_doc=$VM_CACHE/kernels/scripts-6.12/kernel-doc
[ -e "$kernel_doc" ] || skip_all "kernel-doc is missing: tests/vm/kernel scripts fetches it"

complaints() {
	find kmod userspace tests -name build -prune -o -name '*.[ch]' ! -name '*.mod.c' -print |
		sort | xargs perl "$kernel_doc" -none -Wall 2>&1
}

is "$(complaints)" '' 'each kernel-doc comment is complete'
is "$(python3 tests/lint/layers.py undocumented)" '' 'each function that another layer calls has one'
done_testing
