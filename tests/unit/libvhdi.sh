#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# libvhdi sees in the builder's chains what their models say. Only in those that it can read.
# Needs vhdimount, FUSE, root.
[ -n "${KTAP-}" ] || exec "$(dirname "$0")/../lib/ktap" "$0" "$@"
set -u

build=$(cd "$(dirname "$0")" && pwd)/../images/build

command -v vhdimount >/dev/null || {
	echo '1..0 # SKIP no vhdimount'
	exit 0
}
if [ ! -w /dev/fuse ] || [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP needs root and /dev/fuse'
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/vhdx-libvhdi.XXXXXX") || exit 1
trap 'umount "$work/mnt" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir "$work/mnt"

number=0
status=0

# same NAME FILES: it shows a disk for each file, the child's last
same() {
	timeout 60 vhdimount "$work/chains/$1.0.vhdx" "$work/mnt" || return
	timeout 60 cmp "$work/mnt/vhdi$2" "$work/chains/$1.raw"
	result=$?
	umount "$work/mnt"
	return $result
}

"$build" chains "$work/chains" || exit 1
{
	read -r _
	while IFS='	' read -r name files _ _ _ _ _ _ oracle; do
		[ "$oracle" = libvhdi ] || continue
		number=$((number + 1))
		if same "$name" "$files" >"$work/said" 2>&1; then
			echo "ok $number - $name: libvhdi sees what the model says"
		else
			echo "not ok $number - $name: libvhdi sees what the model says"
			sed 's/^/#   /' "$work/said"
			status=1
		fi
	done
	echo "1..$number"
	exit $status
} <"$work/chains/MANIFEST.tsv"
