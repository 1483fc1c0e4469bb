#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A failure after the files are locked and read again still names the right file.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
cd "$TMP" || exit 1
mkdir directory-with-a-long-name
cd directory-with-a-long-name || exit 1

run create base.vhdx 64M
run snapshot --keep-mode base.vhdx child.avhdx

# no_writes ARGUMENT...: like run, where each write beyond the first KiB of a file fails
no_writes() {
	(
		ulimit -f 1
		exec "$VHDXCTL" "$@"
	) >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	err=$(<"$TMP/.err")
}

path=$PWD/child.avhdx
for verb in set merge; do
	arguments=()
	[ "$verb" = merge ] || arguments=(--parent base.vhdx)
	no_writes "$verb" "$path" "${arguments[@]}"
	is "$status $err" "9 vhdxctl: $path: cannot write (File too large)" \
		"a write that fails in $verb is reported with the name of the file"
done

done_testing
