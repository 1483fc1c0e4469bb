#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# info on images made by Windows, QEMU and disk2vhd shows what is known of them.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

[ -r "$SAMPLES/MANIFEST.tsv" ] || skip_all "no real images in $SAMPLES"
have jq || skip_all "no jq"

# By the names in the first line, so that columns may be added.
manifest() {
	awk -F'\t' -v name="$1" -v column="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) wanted = i }
		$1 == name { print $wanted }' "$SAMPLES/MANIFEST.tsv"
}

check_sample() {
	local name=$1 wanted

	if ! sample "$name"; then
		skip "info describes $name" "$name.xz is missing"
		return
	fi
	run info -J --blocks "$TMP/$name"
	exits 0 "info accepts $name"
	wanted=$(manifest "$name" kind)/$(manifest "$name" virtual_size)
	wanted+=/$(manifest "$name" block_size)/$(manifest "$name" logical_sector)
	wanted+=/$(manifest "$name" physical_sector)/$(manifest "$name" file_size)
	is "$(json '.image | "\(.type)/\(."virtual-size")/\(."block-size")/" +
		"\(."logical-sector-size")/\(."physical-sector-size")/\(."file-size")"')" \
		"$wanted" "info knows type and sizes of $name"
	is "$(json .image.creator)" "$(manifest "$name" creator)" "info knows the creator of $name"
	is "$(json .image.log.dirty)" \
		"$(manifest "$name" has_dirty_log | sed 's/yes/true/; s/no/false/')" \
		"info knows whether the log of $name must be replayed"
	is "$(json '.image.blocks["bad-entries"]')" 0 "info finds no bad BAT entry in $name"
	is "$(sha256sum <"$TMP/$name")" "$(manifest "$name" sha256)  -" "info leaves $name as it was"
	rm -f "$TMP/$name"
}

tail -n +2 "$SAMPLES/MANIFEST.tsv" | cut -f1 >"$TMP/names"
while read -r name; do
	check_sample "$name"
done <"$TMP/names"

if sample fat-differential.vhdx; then
	run info -J "$TMP/fat-differential.vhdx"
	is "$(json '.image.parent["relative-path"]')" '.\fat-parent.vhdx' \
		"info shows the path to the parent"
	linkage=$(json .image.parent.linkage)
	sample fat-parent.vhdx
	run info -J "$TMP/fat-parent.vhdx"
	is "$(json '.image["data-write-guid"]')" "$linkage" \
		"info shows the linkage as the parent's data write GUID is shown"
	is "$(json .image.parent)" null "info shows that there is no parent"
fi

if sample iotest-dirtylog-10G-4M.vhdx; then
	run info -J "$TMP/iotest-dirtylog-10G-4M.vhdx"
	is "$(json '[.image.problems, .image.warnings | map(.code) | join(",")] | join("/")')" /LOG_DIRTY \
		"info warns of a log to be replayed, and lists no problem"
	is "$(json .image.log.entries)" 1 \
		"info looks at the tables as they are after replay, and counts its entries"
	is "$err" "" "info says nothing on stderr about a log to be replayed"
fi

if sample ext2.vhdx; then
	run info --headers -J "$TMP/ext2.vhdx"
	is "$(json '[.image.headers[].valid] | map(tostring) | join(",")')" "true,true" \
		"--headers shows both headers"
	is "$(json '[.image["region-tables"][].entries | length] | map(tostring) | join(",")')" \
		"2,2" "--headers shows the regions"
	is "$(json '[.image.metadata[].name] | sort | join(" ")')" \
		"file-parameters logical-sector-size physical-sector-size virtual-disk-id virtual-disk-size" \
		"--headers shows the metadata items"
	run info "$TMP/ext2.vhdx"
	like "$out" 'virtual-size: +4 MiB \(4194304\)' "the text has sizes for people and programs"
	run info -b "$TMP/ext2.vhdx"
	like "$out" 'virtual-size: +4194304'$'\n' "--bytes has sizes for programs only"
	run info --raw "$TMP/ext2.vhdx"
	exits 1 "info has no table options"
	run info -J "$TMP/ext2.vhdx"
	like "$(json .image.wwn)" '^0x60022480[0-9a-f]{24}$' "info shows the WWN of a guest's disk"
	touch -d '2001-02-03 04:05:06' "$TMP/ext2.vhdx"
	before=$(stat -c %X "$TMP/ext2.vhdx")
	run info "$TMP/ext2.vhdx"
	is "$(stat -c %X "$TMP/ext2.vhdx")" "$before" "info does not even change the access time"
fi

done_testing
