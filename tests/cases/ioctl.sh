#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Each ioctl does what its documentation says, with right arguments and with wrong ones.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

# abuse prints its own claims.
take_over() {
	local verdict rest
	while read -r verdict rest; do
		case $verdict in
		ok) pass "$rest" ;;
		not) not_ok "${rest#ok }" ;;
		*) not_ok "abuse goes on to its end" "$verdict $rest" ;;
		esac
	done
}

cp --sparse=always "$PRISTINE/good/disk-1g.vhdx" "$SCRATCH/other.vhdx"
take_over < <(abuse "$PRISTINE/good/disk-1g.vhdx" "$SCRATCH/other.vhdx" 2>&1 || echo "not ok abuse succeeds")
is "$(field "$(ioctl version)" abi)" 1 "the ABI is version 1"
is "$(field "$(ioctl version)" release)" "$(modinfo -F version vhdx)" "the release is MODULE_VERSION"
is "$(stat -c %a /dev/vhdx-control)" 600 "only root may open the control device"

attach -i 4 "$IMAGES/good/disk-1g.vhdx"
status=$(ioctl status 4)
is "$(field "$status" inode) $(field "$status" file)" \
	"$(stat -c '%i %Hd:%Ld' "$IMAGES/good/disk-1g.vhdx")" "status has the inode and the device of the file"
is "$(field "$status" disk_size) $(field "$status" block_size) $(field "$status" type) $(field "$status" nr_files)" \
	"1073741824 33554432 1 1" "and what it contains"
is "$(field "$status" dev)/$(field "$status" diskseq)" "$(cat "$SYS/dev")/$(cat "$SYS/diskseq")" \
	"and which disk it is"
exec 5<"$DISK"
wait_for 5 test "$(field "$(ioctl status 4)" openers)" -ge 1
like "$(field "$(ioctl status 4)" openers)" '^[1-9]' "and that it is open"
exec 5<&-
detach 4
untouched "the image is as it was" good/disk-1g.vhdx

finish
