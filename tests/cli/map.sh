#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# map names the place of each block, in every image that has a model.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"

M=$((1024 * 1024))

# One claim per good image of the builder
if "$ROOT/tests/images/build" good "$TMP/zoo" >"$TMP/.out" 2>&1; then
	for extents in "$TMP"/zoo/*.extents; do
		stem=${extents%.extents}
		run map -J "$stem.vhdx"
		if [ "$status" = 0 ]; then
			ok "${stem##*/} is mapped as it is" \
				"$CLI_HERE/map-proves" "$TMP/.out" "$stem.vhdx" "$stem"
		else
			not_ok "${stem##*/} is mapped as it is" "status $status: $err"
		fi
	done
else
	skip "good images are mapped as they are" "no images: $(tail -n 1 "$TMP/.out")"
fi

# The form
if have qemu-img; then
	image=$TMP/form.vhdx
	qemu-img create -q -f vhdx -o block_size=1M,block_state_zero=off "$image" 10M
	qemu-io -f vhdx -c 'write -q -P 1 1M 1M' -c 'write -q -P 2 2M 1M' -c 'write -q -P 3 8M 1M' \
		-c 'write -q -P 4 5M 1M' "$image"
	run map "$image"
	is "$(tail -n +2 "$TMP/.out" | awk '{ print $1, $2, $3, $4, $5 }')" \
		"0 $M absent 0 -
$M $((2 * M)) data 0 $((8 * M))
$((3 * M)) $((2 * M)) absent 0 -
$((5 * M)) $M data 0 $((11 * M))
$((6 * M)) $((2 * M)) absent 0 -
$((8 * M)) $M data 0 $((10 * M))
$((9 * M)) $M absent 0 -" "extents that follow each other in disk and file are one"
	like "$out" '^ *START +LENGTH STATE +DEPTH +OFFSET FILE' "the columns have names"
	run map --state -n -o STATE,START "$image"
	is "$(awk '{ print $1 }' "$TMP/.out" | sort | uniq -c | awk '{ print $1 $2 }' | xargs)" \
		"3FULLY_PRESENT 4NOT_PRESENT" "--state shows the states, -o chooses columns"
	run map -J --state "$image"
	is "$(json '.map[1].state')/$(json .schema)" FULLY_PRESENT/1 "the state is in the JSON as well"
	cp "$image" "$TMP/a b.vhdx"
	run map --raw -n -o FILE "$TMP/a b.vhdx"
	like "$out" '/a\\x20b.vhdx' "--raw hides blanks"
	# the keys are those of another file's map
	qemu-img create -q -f qcow2 "$TMP/other.qcow2" 1M
	qemu-io -f qcow2 -c 'write -q 0 64k' "$TMP/other.qcow2"
	run map -J "$image"
	is "$(json '[.map[] | select(.data) | del(.filename)][0] | keys | join(" ")')" \
		"$(qemu-img map --output=json "$TMP/other.qcow2" |
			jq -r '[.[] | select(.data) | del(.compressed)][0] | keys | join(" ")')" \
		"the keys are those of qemu-img map"

	qemu-img create -q -f vhdx -o block_size=1M "$image" 10M
	run map -J "$image"
	is "$(json '[.map[] | [.length, .present, .zero]] | tostring')" "[[$((10 * M)),true,true]]" \
		"what is zero because the image says so is present"
	run map -o NAME "$image"
	is "$status" 1 "an unknown column is refused"
	like "$err" 'unknown column NAME' "and named"
else
	skip "the form of a map" "no qemu-img"
fi
run map
is "$status" 1 "map needs an image"
run map "$TMP/absent"
is "$status" 1 "an image that does not exist has no map"
run map -J /dev/null
is "$(json .error.code)" ATTACH_NOT_A_FILE "nor has a device that is none"

# A damaged block is no reason not to show the others
if "$ROOT/tests/images/build" bad "$TMP/bad" payload_past_eof payload_partial_without_bitmap \
	>"$TMP/.out" 2>&1; then
	run map -J "$TMP/bad/payload_past_eof.vhdx"
	is "$status/$(json .error.code)" 4/PAYLOAD_PAST_EOF "a block beyond the end of the file is an error"
	is "$(json '[.map[].length] | add')" $((64 * M)) "and the map is complete all the same"
	run map -n -o STATE,START "$TMP/bad/payload_past_eof.vhdx"
	is "$(grep -c '^bad ' "$TMP/.out")" 1 "with the block as bad"
	run map -J --alone "$TMP/bad/payload_partial_without_bitmap.vhdx"
	is "$status/$(json .error.code)" 4/PAYLOAD_PARTIAL_WITHOUT_BITMAP \
		"a block whose bitmap is missing is an error"
else
	skip "damaged blocks" "no images: $(tail -n 1 "$TMP/.out")"
fi

# The largest table there can be: 513 MiB, and no more memory than for the smallest
run create "$TMP/huge.vhdx" 64T --block-size=1M
(
	ulimit -v 200000
	exec "$VHDXCTL" map -J "$TMP/huge.vhdx"
) >"$TMP/.out" 2>"$TMP/.err"
status=$?
if grep -q 'AddressSanitizer' "$TMP/.err"; then
	skip "67 million blocks are mapped in 200 MB of address space" "sanitizer"
else
	is "$status/$(json '.map[0].length')" 0/$((64 * M * M)) \
		"67 million blocks are mapped in 200 MB of address space"
fi
rm -f "$TMP/huge.vhdx"

# A dirty image is shown as it is after replay
if sample iotest-dirtylog-10G-4M.vhdx; then
	image=$TMP/iotest-dirtylog-10G-4M.vhdx
	before=$(sha256sum <"$image")
	run map -J "$image"
	cp "$TMP/.out" "$TMP/dirty.json"
	is "$(sha256sum <"$image")" "$before" "P1: mapping a dirty image does not change it"
	cp --sparse=always "$image" "$TMP/replayed.vhdx"
	run replay "$TMP/replayed.vhdx"
	run map -J "$TMP/replayed.vhdx"
	is "$(jq -c '[.map[] | del(.filename)]' "$TMP/dirty.json")" \
		"$(jq -c '[.map[] | del(.filename)]' "$TMP/.out")" \
		"P2: a dirty image has the map that it has after replay"
else
	skip "P2: a dirty image has the map that it has after replay" "no samples in $SAMPLES"
fi

# A real differencing image, put together by map alone
if sample fat-parent.vhdx && sample fat-differential.vhdx; then
	cat >"$TMP/compose" <<-'END'
		import hashlib, json, sys
		maps = [json.load(open(name))["map"] for name in sys.argv[1:3]]
		size = maps[0][-1]["start"] + maps[0][-1]["length"]
		disk = bytearray(size)
		for extents in maps:
		    for e in extents:
		        if e["depth"]:
		            continue
		        data = bytes(e["length"])
		        if e["data"]:
		            with open(e["filename"], "rb") as f:
		                f.seek(e["offset"])
		                data = f.read(e["length"])
		        disk[e["start"]:e["start"] + e["length"]] = data
		print(hashlib.sha256(disk).hexdigest())
	END
	for name in fat-parent fat-differential; do
		run map -J --alone "$TMP/$name.vhdx"
		cp "$TMP/.out" "$TMP/$name.json"
	done
	wanted=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "content_sha256") n = i }
		$1 == "fat-differential.vhdx" { print $n }' "$SAMPLES/MANIFEST.tsv")
	is "$(python3 "$TMP/compose" "$TMP/fat-parent.json" "$TMP/fat-differential.json")" "$wanted" \
		"the maps of parent and child make the disk that the child shows"
	is "$(json '[.map[] | select(.depth == 1)] | length > 0')" true \
		"what the parent has is shown as depth 1"
else
	skip "the maps of parent and child make the disk" "no samples in $SAMPLES"
fi

done_testing
