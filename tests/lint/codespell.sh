#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# No word is misspelled. codespell-ignore has those that are meant.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1

command -v codespell >/dev/null ||
	skip_all 'codespell is missing: tests/vm/packages test installs it'

files() { git ls-files -- ':!LICENSES' ':!COPYING' ':!tests/bench/results'; }

# Comments of the list are for the reader; codespell takes words alone.
ignored() { sed -n 's/^\([^#[:space:]]\+\).*/\1/p' tests/lint/codespell-ignore | paste -sd,; }

misspelled() { files | xargs -r -d '\n' codespell -L "$(ignored)" 2>&1; }

[ -n "$(files 2>/dev/null)" ] || skip_all 'no files that git knows'
is "$(misspelled)" '' 'no misspelled words'
done_testing
