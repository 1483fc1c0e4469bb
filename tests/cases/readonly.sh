#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P1: no write gets through a disk that is attached read-only.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

# refused CLAIM PATTERN COMMAND...: it fails, saying so
refused() {
	local claim=$1 pattern=$2 output
	shift 2
	if output=$("$@" 2>&1); then
		not_ok "$claim" "it succeeded"
	else
		like "$output" "$pattern" "$claim"
	fi
}

writes() { dd if=/dev/zero of="$DISK" conv=notrunc,nocreat status=none "$@"; }

attach "$IMAGES/good/creator-empty.vhdx"
is "$(cat "$SYS/ro")/$(blockdev --getro "$DISK")" 1/1 "the disk is read-only from the start"
is "$(attr read_only_reason)" "attached read-only" "and sysfs says why"
refused "P1: a write is refused" "not permitted|Read-only|Permission" writes bs=4k count=1
refused "P1: a direct write is refused" "not permitted|Read-only|Permission" writes bs=4k count=1 oflag=direct
refused "P1: blockdev --setrw is refused" "Read-only file system" blockdev --setrw "$DISK"
is "$(blockdev --getro "$DISK")" 1 "and the disk is still read-only"
ok "blockdev --setro succeeds" blockdev --setro "$DISK"
refused "P1: and so it is after --setro" "Read-only file system" blockdev --setrw "$DISK"
refused "P1: mkfs fails" "" mke2fs -q -F "$DISK"
refused "P1: discarding fails" "" blkdiscard "$DISK"
refused "P1: discarding and zeroing fails" "" blkdiscard -z "$DISK"
refused "P1: discarding securely fails" "" blkdiscard -s "$DISK"
refused "P1: fallocate with a hole fails" "" fallocate -p -l 4096 "$DISK"
refused "a file that is attached cannot be opened for writing" "Text file busy" \
	dd if=/dev/zero of="$IMAGES/good/creator-empty.vhdx" bs=1 count=1 conv=notrunc status=none
refused "nor truncated" "Text file busy" truncate -s 0 "$IMAGES/good/creator-empty.vhdx"
ok "the disk still shows what it should" blkcmp "$DISK" "$MODELS/good/creator-empty"
detach "$INDEX"
untouched "the image is as it was" good/creator-empty.vhdx

cp --sparse=always "$PRISTINE/good/creator-empty.vhdx" "$SCRATCH/image.vhdx"
exec 6>>"$SCRATCH/image.vhdx"
attach "$SCRATCH/image.vhdx"
is "$(field "$LINE" errno)/$(field "$LINE" reason)" ETXTBSY/905 "P2: a file open for writing elsewhere is refused"
exec 6>&-
attached "and no longer when it was closed" "$SCRATCH/image.vhdx"
detach "$INDEX"
ok "after detaching, the file can be written again" \
	dd if=/dev/zero of="$SCRATCH/image.vhdx" bs=1 count=1 conv=notrunc status=none
chmod 444 "$SCRATCH/image.vhdx"

finish
