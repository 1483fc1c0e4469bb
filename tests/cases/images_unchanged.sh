#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever was done to them by the cases before: no image has changed by a byte. Contents have
# been compared by the cases that used them; with time, once more.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

quick=-q also=
[ "$LONG" = 0 ] || quick='' also=', nor its contents'
mapfile -t files < <(cd "$IMAGES" && find . -name '*.vhdx')
echo 3 >/proc/sys/vm/drop_caches
ok "P1: none of ${#files[@]} images has changed its size or its times$also" \
	samefiles ${quick:+"$quick"} "$IMAGES" "$PRISTINE" "${files[@]}"

finish
