#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
#
# The image builder encodes as Windows and QEMU do, and has an image for every reason.
[ -n "${KTAP-}" ] || exec "$(dirname "$0")/../lib/ktap" "$0" "$@"
set -u

build=$(cd "$(dirname "$0")" && pwd)/../images/build
status=0

echo 1..2
if output=$("$build" self-check 2>&1); then
	echo 'ok 1 - the image builder encodes as Windows and QEMU do'
else
	echo 'not ok 1 - the image builder encodes as Windows and QEMU do'
	echo "$output" | sed 's/^/#   /'
	status=1
fi
if output=$("$build" list-missing 2>&1); then
	echo 'ok 2 - there is an image for every reason an image can show'
else
	echo 'not ok 2 - there is an image for every reason an image can show'
	echo "$output" | sed 's/^/#   /'
	status=1
fi
exit $status
