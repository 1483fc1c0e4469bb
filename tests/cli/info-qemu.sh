#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# info on images fresh from qemu-img.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have qemu-img || skip_all "no qemu-img"
have jq || skip_all "no jq"

# check SIZE BLOCK SUBFORMAT
check() {
	local image=$TMP/$1-$2-$3.vhdx options=subformat=$3,block_size=$2

	if ! qemu-img create -q -f vhdx -o "$options" "$image" "$1" 2>"$TMP/.err"; then
		skip "info describes $3 $1 in blocks of $2" "qemu-img: $(<"$TMP/.err")"
		return
	fi
	run info -J --blocks "$image"
	exits 0 "info accepts $3 $1 in blocks of $2"
	is "$(json '.image | "\(.type) \(."virtual-size") \(."block-size")"')" \
		"$3 $(numfmt --from=iec "$1") $(numfmt --from=iec "$2")" \
		"info knows type and sizes of $3 $1 in blocks of $2"
	is "$(json '.image.blocks | .total == ([."not-present", .undefined, .zero, .unmapped,
		."fully-present"] | add)')" true "the states add up for $3 $1 in blocks of $2"
	is "$(json '.image.problems | length')" 0 "nothing is wrong with $3 $1 in blocks of $2"
	rm -f "$image"
}

check 1M 1M dynamic
check 3M 1M dynamic
check 10G 1M dynamic
check 64T 256M dynamic
check 5G 32M dynamic
check 16M 8M fixed

qemu-img create -q -f vhdx "$TMP/space and ünicode.vhdx" 10M
run info -J "$TMP/space and ünicode.vhdx"
is "$(json .image.path)" "$TMP/space and ünicode.vhdx" "a path may have blanks and other letters"

mv "$TMP/space and ünicode.vhdx" "$TMP/"$'bad\xff\x1b[31m.vhdx'
run info -J "$TMP/"$'bad\xff\x1b[31m.vhdx'
like "$(json .image.path)" 'bad' "a path that is no UTF-8 gives a valid document"
run info "$TMP/"$'bad\xff\x1b[31m.vhdx'
is "$(grep -c $'\x1b' "$TMP/.out")" 0 "a path cannot control the terminal"

done_testing
