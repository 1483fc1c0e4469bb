#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever was done to them by the cases before: no image has changed by a byte.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

mapfile -t files < <(cd "$IMAGES" && find . -name '*.vhdx')
echo 3 >/proc/sys/vm/drop_caches
ok "P1: none of ${#files[@]} images has changed, nor its times" \
	samefiles "$IMAGES" "$PRISTINE" "${files[@]}"

finish
