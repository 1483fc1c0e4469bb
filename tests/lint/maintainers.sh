#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each file has an entry in MAINTAINERS, and each entry has a file.
# shellcheck source=../lib/tap.sh
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
. "$root/tests/lib/tap.sh"
cd "$root" || exit 1
[ -n "$(git ls-files 2>/dev/null)" ] || skip_all 'no files that git knows'

# judge files|entries: those without the other
judge() {
	git ls-files | python3 -c 'if True:
		import fnmatch, sys
		entries = [line.split()[1] for line in open("MAINTAINERS") if line.startswith("F:\t")]
		files = sys.stdin.read().splitlines()

		# A folder is all below it; a pattern without one is for the top of the tree alone.
		def matches(entry, file):
			if entry.endswith("/"):
				return file.startswith(entry)
			return fnmatch.fnmatchcase(file, entry) and file.count("/") == entry.count("/")

		if sys.argv[1] == "files":
			lost = [f for f in files if not any(matches(e, f) for e in entries)]
		else:
			lost = [e for e in entries if not any(matches(e, f) for f in files)]
		print("\n".join(lost))' "$1"
}

is "$(judge files)" '' 'each file has an entry in MAINTAINERS'
is "$(judge entries)" '' 'each entry of MAINTAINERS has a file'
done_testing
