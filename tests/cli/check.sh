#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# check names what is wrong, and nothing else; it agrees with qemu-img on what is right.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"

M=$((1024 * 1024))

# errors: codes of all that is no warning in the last run
errors() { json '[.check.findings[] | select(.severity != "warning") | .code] | unique | join(",")'; }

class_of() { sed -n "s/^.x([0-9]*, $1, \([A-Z0-9_]*\),.*/\1/p" "$ROOT/kmod/format/reason.h"; }

# one_reason NAME: the image of that name is refused for it, and for nothing else
one_reason() {
	local name=$1 code=${1^^}

	run check -J "$TMP/bad/$name.vhdx"
	case $(class_of "$name") in
	NOT_VHDX)
		is "$status/$(json .error.code)/$(json .error.exit)" "63/$code/63" \
			"check finds exactly: $name"
		;;
	UNSUPPORTED)
		is "$status/$(errors)/$(json .check.clean)" "63/$code/false" \
			"check finds exactly: $name"
		;;
	REPLAY | PARENT)	# a state the image may be in
		is "$status/$(errors)/$(json .check.clean)" "0//true" "check has nothing against: $name"
		;;
	*)
		is "$status/$(errors)/$(json .check.clean)" "2/$code/false" "check finds exactly: $name"
		;;
	esac
}

if "$ROOT/tests/images/build" bad "$TMP/bad" >"$TMP/.out" 2>&1; then
	before=$(cat "$TMP"/bad/*.vhdx | sha256sum)
	for image in "$TMP"/bad/*.vhdx; do
		one_reason "$(basename "$image" .vhdx)"
	done
	is "$(cat "$TMP"/bad/*.vhdx | sha256sum)" "$before" "check has written to none of them"
	run check "$TMP/bad/payload_past_eof.vhdx"
	like "$(sed -n 2p "$TMP/.out")" '^error +PAYLOAD_PAST_EOF +[0-9]+ +5 BAT: payload block beyond' \
		"the table has severity, code, offset, entry and message"
	like "$(tail -n 1 "$TMP/.out")" 'payload_past_eof.vhdx: not clean \(errors: 1, ' \
		"the verdict is where the findings are, and comes last"
	is "$err" '' "and nowhere else"
	run check -n --raw -o CODE,ENTRY "$TMP/bad/payload_past_eof.vhdx"
	is "$out" "PAYLOAD_PAST_EOF 5" "-o chooses columns"
	like "$err" 'not clean' "with --raw the verdict is not among the rows"
	run check -J "$TMP/bad/payload_duplicate.vhdx"
	is "$(json '.check.findings[0] | "\(.severity) \(.entry) \(.offset)"')" \
		"error 5 $((3 * M + 5 * 8))" "the JSON has the place of the finding"
	wrong=''
	for place in logical_sector_size/1024 physical_sector_size/8192 block_size/$((3 * M)) \
		disk_size_too_large/$((64 * 1024 * 1024 * M + 512)); do
		name=${place%/*}
		run check -J "$TMP/bad/$name.vhdx"
		value=$(od -A n -t u8 -j "$(json '.check.findings[0].offset')" -N 8 "$TMP/bad/$name.vhdx")
		[ "$name" = disk_size_too_large ] || value=$((value & 0xffffffff))
		[ $((value)) = "${place#*/}" ] || wrong+=" $name: $value $out"
	done
	is "$wrong" '' "the value that is refused is at the offset that is named"
	if have qemu-img; then
		ok "qemu-img does not see two blocks at one place" \
			qemu-img check -q "$TMP/bad/payload_duplicate.vhdx"
	else
		skip "qemu-img does not see two blocks at one place" "no qemu-img"
	fi
	for name in payload_duplicate bitmap_overlap log_dirty; do
		run check -q "$TMP/bad/$name.vhdx"
		is "$err" '' "-q says nothing about $name but in the table"
	done
else
	skip "check finds exactly each reason" "no bad images: $(tail -n 1 "$TMP/.out")"
fi

# Space with junk in it that nothing refers to: what these images are about
leaky='place-shuffled'

if "$ROOT/tests/images/build" good "$TMP/good" >"$TMP/.out" 2>&1; then
	while IFS=$'\t' read -r name _ _ _ _ _ _ oracle; do
		[ "$name" != name ] || continue
		run check -J "$TMP/good/$name.vhdx"
		if [[ " $leaky " == *" $name "* ]]; then
			is "$status/$(errors)" 3/LEAK "nothing but leaks in $name"
		else
			is "$status/$(errors)" 0/ "nothing is wrong with $name"
		fi
		[ "$oracle" = qemu ] || continue
		case $name in
		bat-*stale* | states-reserved-bits) continue ;;	# junk that qemu-img minds
		esac
		if ! have qemu-img; then
			skip "qemu-img agrees on $name" "no qemu-img"
		else
			ok "qemu-img agrees on $name" \
				qemu-img check -q -f vhdx "$TMP/good/$name.vhdx"
		fi
	done <"$TMP/good/MANIFEST.tsv"
	run check -J "$TMP/good/place-shuffled.vhdx"
	is "$(json '.check | "\(.leaks) \(.["leaked-bytes"])"')" "24 $((72 * M))" \
		"every leak is found: 24 gaps of 3 MiB"
	run check -J "$TMP/good/states-junk-offsets.vhdx"
	is "$(json '[.check.findings[].code] | join(",")')" BAT_OFFSET,BAT_DRAFT_STATE,BAT_ANCHOR \
		"odd entries are warned of, once for each kind"
	run check -J "$TMP/good/bat-larger.vhdx"
	is "$(json '[.check.findings[].code] | join(",")')" BAT_BITMAP_UNNEEDED,BAT_BEHIND_DISK \
		"entries that are not used are warned of"
	for name in header-1-damaged header-2-damaged region-1-damaged region-2-damaged region-differ \
		region-reserved-noise metadata-reserved-noise metadata-odd-flags locator-unneeded; do
		run check -J "$TMP/good/$name.vhdx"
		is "$(json '.check | "\(.clean) \(.warnings)"')" "true 1" "$name: one warning"
	done
else
	skip "nothing is wrong with good images" "no good images: $(tail -n 1 "$TMP/.out")"
fi

# Several things at once: the first fault does not hide the others
several() {
	local image=$TMP/several.vhdx

	cp --sparse=always "$TMP/good/creator-empty.vhdx" "$image"
	poke "$image" $((3 * M)) '\x04'				# block 0: reserved state
	poke "$image" $((3 * M + 5 * 8)) '\x06\x00\x10\x00'	# block 5: in the log
	poke "$image" $((3 * M + 9 * 8)) '\x06\x00\x00\x00\x01'	# block 9: at 4 GiB
	poke "$image" $((64 * 1024 + 100)) 'x'			# header 1
	run check -J "$image"
	is "$status/$(errors)" 2/PAYLOAD_OVERLAP,PAYLOAD_PAST_EOF,PAYLOAD_STATE \
		"three bad entries are three errors"
	is "$(json '.check | "\(.corruptions) \(.warnings)"')" "3 1" "and a bad header is a warning"
}
if [ -e "$TMP/good/creator-empty.vhdx" ]; then
	several
else
	skip "three bad entries are three errors" "no images"
fi

# Images of other programs
if have qemu-img; then
	for options in '' subformat=fixed subformat=fixed,block_state_zero=off block_size=1M \
		block_size=256M,log_size=4M; do
		image=$TMP/qemu.vhdx
		rm -f "$image"
		qemu-img create -q -f vhdx ${options:+-o "$options"} "$image" 300M
		run check -J "$image"
		is "$status/$(json '.check.findings | length')" 0/0 "a fresh image by qemu-img is clean: $options"
		qemu-io -f vhdx -c 'write -q -P 7 5M 3M' -c 'write -q 200M 64k' -c 'write -q 299M 1M' "$image"
		run check -J "$image"
		is "$status/$(json '.check.findings | length')" 0/0 \
			"and after writing it by qemu-io: $options"
	done
	rm -f "$image"
	qemu-img create -q -f vhdx -o block_size=1M,log_size=1M "$image" 300M
	poke "$image" $((2 * M + 8)) '\x06\x00\x00\x00\x01'
	run check -q "$image"
	is "$status" 2 "a block beyond the end of the file is corruption"
	qemu-img check -q "$image" >"$TMP/.out" 2>&1
	ok "as qemu-img thinks, too" [ $? -ne 0 ]
else
	skip "images by qemu-img are clean" "no qemu-img"
fi

for name in btrfs ext2 fat-parent fat-differential iotest-dynamic-1G ntfs-dynamic ntfs-fixed swap \
	test-disk2vhd; do
	if sample "$name.vhdx"; then
		run check -J "$TMP/$name.vhdx"
		is "$status/$(errors)" 0/ "nothing is wrong with the real image $name"
	else
		skip "nothing is wrong with the real image $name" "not in $SAMPLES"
	fi
done
if sample iotest-dirtylog-10G-4M.vhdx; then
	image=$TMP/iotest-dirtylog-10G-4M.vhdx
	before=$(sha256sum <"$image")
	run check -J "$image"
	is "$(json '[.check.findings[] | select(.severity == "warning") | .code] | join(",")')" LOG_DIRTY \
		"a log to be replayed is a warning"
	is "$status/$(errors)/$(json '.check["leaked-bytes"]')" "3/LEAK/$((4 * M))" \
		"the 4 MiB that QEMU had allocated when it died are found"
	is "$(sha256sum <"$image")" "$before" "P1: checking a dirty image does not change it"
else
	skip "a log to be replayed is a warning" "not in $SAMPLES"
fi

# Cut off anywhere: never called clean, never a crash
if [ -e "$TMP/good/fixed-1m.vhdx" ]; then
	wrong=
	for size in 0 1 511 65536 131072 200000 1048575 1048576 1048577 2097152 3145728 3145736 \
		4194303 4194304 5000000 9437183; do
		cp --sparse=always "$TMP/good/creator-empty.vhdx" "$TMP/cut.vhdx"
		truncate -s "$size" "$TMP/cut.vhdx"
		run check -J "$TMP/cut.vhdx"
		case $status/$(json .schema) in
		2/1 | 63/1) ;;
		*) wrong+=" $size: $status" ;;
		esac
	done
	is "$wrong" '' "an image that was cut off anywhere is not clean"
else
	skip "an image that was cut off anywhere is not clean" "no images"
fi

# The largest table there can be, in bounded memory; and a block beyond all the others
run create "$TMP/huge.vhdx" 64T --block-size=1M
truncate -s 65T "$TMP/huge.vhdx"
poke "$TMP/huge.vhdx" $((3 * M + 3 * 8)) "\x06\x00\x00\x00\x00\x10\x00\x00"	# at 16 TiB
poke "$TMP/huge.vhdx" $((3 * M + 9 * 8)) "\x06\x00\x00\x00\x00\x10\x00\x00"
(
	ulimit -v 250000
	exec "$VHDXCTL" check -J "$TMP/huge.vhdx"
) >"$TMP/.out" 2>"$TMP/.err"
status=$?
if grep -q AddressSanitizer "$TMP/.err"; then
	skip "67 million blocks are compared in 250 MB of address space" "sanitizer"
elif [ "$(stat -c %s "$TMP/huge.vhdx")" -lt $((65 * M * M)) ]; then
	skip "67 million blocks are compared in 250 MB of address space" "no files of 65 TiB here"
else
	is "$status/$(errors)" 2/PAYLOAD_DUPLICATE \
		"67 million blocks are compared in 250 MB of address space"
fi
rm -f "$TMP/huge.vhdx"

# What is no check
run check
is "$status" 1 "check needs an image"
run check -J "$TMP/absent"
is "$status/$(json .error.exit)" 1/1 "a check that cannot be made is not completed"
run check -J "$TMP"
is "$status/$(json .error.exit)" 1/1 "nor is that of a directory"
head -c 3000000 /dev/urandom >"$TMP/garbage"
run check -J "$TMP/garbage"
is "$status/$(json .error.exit)" 63/63 "what is no VHDX cannot be checked"
run check --repair=all "$TMP/garbage"
is "$status" 63 "nor repaired"
run check --repair=some "$TMP/garbage"
is "$status" 1 "--repair is leaks or all"
run check --dry-run "$TMP/garbage"
is "$status" 1 "--dry-run is for --repair"
run check -J --progress=json --progress-frequency=0 "$TMP/garbage"
is "$status" 63 "check takes the options of progress"

done_testing
