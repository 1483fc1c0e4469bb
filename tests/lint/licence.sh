#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Every file says its licence and copyright, itself or in .reuse/dep5.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1

command -v reuse >/dev/null || skip_all 'reuse is missing: tests/vm/packages test installs it'
git rev-parse HEAD >/dev/null 2>&1 || skip_all 'no files that git knows'

TAG=SPDX-License-Identifier

# Modules are GPL-2.0-only; all else may be used under later versions, too.
other_licence() {
	git grep -n "^\(//\|/\*\|#\) $TAG:" -- kmod Kbuild tests/vm/racer | grep -v ': GPL-2.0-only\($\| \)'
	git grep -n "^\(//\|/\*\|#\) $TAG:" -- userspace tests ':!tests/vm/racer' | grep -v ': GPL-2.0-or-later\($\| \)'
}

# Behind each licence line the copyright line
no_copyright() {
	git grep -A 1 "^\(//\|/\*\|#\|\.\\\\\"\) $TAG:" | grep -v "$TAG:" | grep -v '^--$' |
		grep -v 'SPDX-FileCopyrightText: '
}

ok 'reuse lint: each file has a licence and a copyright' reuse lint
is "$(other_licence)" '' 'modules are GPL-2.0-only, tool and tests are GPL-2.0-or-later'
is "$(no_copyright)" '' 'the copyright stands below the licence'
done_testing
