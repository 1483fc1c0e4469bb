#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# map and info of a chain: random chains as their model, real ones as other programs.
# VHDX_SEEDS="FIRST LAST" for others than a few.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"

read -r first last <<<"${VHDX_SEEDS:-1 15}"
wrong=''
for ((seed = first; seed <= last; seed++)); do
	files=$("$CLI_HERE/chain-image" random "$TMP/random" "$seed")
	run map -J "$TMP/random/$((files - 1)).vhdx"
	"$CLI_HERE/chain-proves" "$TMP/.out" "$TMP/random/disk.raw" >"$TMP/.proof" 2>&1 ||
		wrong+=" $seed: $(tail -n 1 "$TMP/.proof") $err"
	rm -rf "$TMP/random"
done
is "$wrong" '' "the map of a chain makes the disk, in random chains $first to $last"

# A chain with a dirty base, listed and checked
"$CLI_HERE/chain-image" random "$TMP/chain" 48 >/dev/null
run info --chain -J "$TMP/chain/2.vhdx"
is "$(json '[.image.chain[] | "\(.path | sub(".*/"; "")) \(.dirty)"] | join(", ")')" \
	"2.vhdx false, 1.vhdx false, 0.vhdx true" "info --chain lists the files"
run check --chain -J "$TMP/chain/2.vhdx"
is "$status/$(json '[.check.parents[].clean] | tostring')" "0/[true,true]" "check --chain checks them all"
poke "$TMP/chain/1.vhdx" 65536 XXXX
run check --chain -q -o CODE,MESSAGE "$TMP/chain/2.vhdx"
like "$out" 'HEADER_1_DAMAGED +[^ ]*/1.vhdx: ' "what it finds in a parent has the name of the file"
poke "$TMP/chain/1.vhdx" 131072 XXXX
run check --chain -J "$TMP/chain/2.vhdx"
is "$status/$(json .error.code)" 1/PARENT_MISSING "a parent that cannot be read leaves the check incomplete"
like "$err" '/1.vhdx: header: no copy has a valid' "for a reason"
run check "$TMP/chain/2.vhdx"
is "$status" 0 "the image itself is clean all the same"
run check --chain --repair=all "$TMP/chain/2.vhdx"
is "$status" 1 "only one image is repaired at a time"
run info --chain -J "$TMP/chain/2.vhdx"
is "$status/$(json '.image.chain | length')" 7/1 "info --chain lists what it finds"

if sample fat-parent.vhdx && sample fat-differential.vhdx; then
	cd "$TMP" || exit 1
	before=$(sha256sum fat-*.vhdx)
	run map -J fat-differential.vhdx
	is "$(json '[.map[] | .filename // "-"] | unique | join(" ")')" \
		"./fat-parent.vhdx fat-differential.vhdx" "the map of a real child names both files"
	is "$(json '[.map[] | select(.filename == "./fat-parent.vhdx") | .depth] | unique | join(" ")')" 1 \
		"the parent has depth 1"
	run map -J --alone fat-differential.vhdx
	is "$(json '[.map[] | select(.depth == 1) | .filename] | unique | tostring')" '[null]' \
		"--alone does not look into the parent"
	run map --alone --raw -n -o STATE fat-differential.vhdx
	is "$(sort -u <<<"$out" | xargs)" "data parent" "but says what is there"
	is "$(sha256sum fat-*.vhdx)" "$before" "and the files are as they were"
	mv fat-parent.vhdx gone.vhdx
	run map fat-differential.vhdx
	is "$status" 7 "without the parent there is no map of the disk"
	run map --parent gone.vhdx fat-differential.vhdx
	is "$status" 0 "with --parent there is"
else
	skip "the map of a real child names both files" "no samples in $SAMPLES"
fi

done_testing
