#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# check --repair repairs what can be repaired, and changes nothing else.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"

M=$((1024 * 1024))
image=$TMP/image.vhdx

contents() { sha256sum <"$1"; }

# codes LIST: of the last run's .check.LIST
codes() { json "[.check.$1[].code] | unique | join(\",\")"; }

good=(header-1-damaged header-2-damaged header-stale-nonsense header-sequence-max region-1-damaged
	region-2-damaged region-differ region-reserved-noise states-draft-unmapped
	states-junk-offsets states-reserved-bits states-mixed place-shuffled bat-larger
	file-size-odd fixed-tail-cut-512 metadata-reserved-noise log-absent log-8m
	dirty-one-entry dirty-region-tables dirty-odd-size creator-empty)
"$ROOT/tests/images/build" good "$TMP/good" "${good[@]}" >"$TMP/.out" 2>&1 ||
	skip_all "no images: $(tail -n 1 "$TMP/.out")"

# repaired NAME CODES LEFT: these are repaired, that is left, and the disk shows what it did
repaired() {
	local stem=$TMP/good/$1

	cp --sparse=always "$stem.vhdx" "$image"
	run check -J --repair=all --dry-run "$image"
	is "$(codes repairs)/$(json .check.fixed)" "$2/0" "--dry-run lists what can be repaired: $1"
	ok "and writes nothing: $1" cmp "$stem.vhdx" "$image"
	run check -J --repair=all "$image"
	is "$status/$(codes repairs)/$(codes findings)" "0/$2/$3" "repaired, then clean: $1"
	run check -J --repair=all "$image"
	is "$status/$(json .check.fixed)/$(codes findings)" "0/0/$3" \
		"a second repair finds nothing to do: $1"
	run map -J "$image"
	ok "the disk shows what it did: $1" "$CLI_HERE/map-proves" "$TMP/.out" "$image" "$stem"
	if have qemu-img; then
		ok "QEMU finds nothing wrong: $1" qemu-img check -q -f vhdx "$image"
	else
		skip "QEMU finds nothing wrong: $1" "no qemu-img"
	fi
}

repaired header-1-damaged HEADER_1_DAMAGED ''
repaired header-2-damaged HEADER_2_DAMAGED ''
repaired region-1-damaged REGION_1_DAMAGED ''
repaired region-2-damaged REGION_2_DAMAGED ''
repaired region-differ REGION_DIFFER ''
repaired states-draft-unmapped BAT_ENTRY ''
repaired states-junk-offsets BAT_ENTRY ''
repaired states-reserved-bits BAT_ENTRY ''
repaired bat-larger BAT_ENTRY ''
repaired place-shuffled LEAK ''
repaired file-size-odd FILE_SIZE ''
repaired fixed-tail-cut-512 FILE_SIZE ''
repaired dirty-one-entry LOG_DIRTY ''
repaired dirty-region-tables LOG_DIRTY ''

# untouched NAME: there is nothing to be done
untouched() {
	cp --sparse=always "$TMP/good/$1.vhdx" "$image"
	run check -q -J --repair=all "$image"
	is "$status/$(json .check.fixed)" 0/0 "nothing is repaired that need not be: $1"
	ok "nor written: $1" cmp "$TMP/good/$1.vhdx" "$image"
}
for name in creator-empty states-mixed header-stale-nonsense header-sequence-max log-absent log-8m \
	region-reserved-noise metadata-reserved-noise; do
	untouched "$name"
done

# A bad image is clean afterwards, or as it was
wrong=''
if "$ROOT/tests/images/build" bad "$TMP/bad" >"$TMP/.out" 2>&1; then
	for bad in "$TMP"/bad/*.vhdx; do
		name=$(basename "$bad" .vhdx)
		before=$(contents "$bad")
		run check -J --repair=all "$bad"
		case $status in
		0) [ "$(codes findings)" = '' ] || wrong+=" $name: $(codes findings)" ;;
		2 | 63)
			[ "$(contents "$bad")" = "$before" ] || wrong+=" $name: written to"
			[[ $err = *'cannot be repaired'* || $(json .error.code) = "${name^^}" ]] ||
				wrong+=" $name: $err"
			;;
		*) wrong+=" $name: $status" ;;
		esac
	done
	is "$wrong" '' "P7: a bad image is clean then, or left as it was, and said to be"
	run check --repair=all "$TMP/bad/payload_duplicate.vhdx"
	like "$err" 'cannot be repaired without guessing; nothing was written' "in these words"
	run check -q "$TMP/bad/log_dirty.vhdx"
	run info -J "$TMP/bad/log_dirty.vhdx"
	is "$(json .image.log.dirty)" false "its log is replayed if it must be"
else
	skip "a bad image is clean then, or left as it was" "no images: $(tail -n 1 "$TMP/.out")"
fi

# One thing at a time
cp --sparse=always "$TMP/good/place-shuffled.vhdx" "$image"
run info -J "$image"
json '.image | ."data-write-guid", ."file-write-guid"' >"$TMP/guids"
size=$(stat -c %s "$image")
head -c $((3 * M)) /dev/urandom >>"$image"
run check "$image"
is "$status" 3 "leaks are leaks"
run check -J --repair=leaks "$image"
is "$status/$(json .check.leaks)/$(stat -c %s "$image")" "0/0/$size" \
	"--repair=leaks cuts the end off and makes holes of the rest"
run info -J "$image"
json '.image | ."data-write-guid", ."file-write-guid"' >"$TMP/new-guids"
is "$(head -n 1 "$TMP/new-guids")" "$(head -n 1 "$TMP/guids")" \
	"its DataWriteGuid stays, so that children still fit"
ok "its FileWriteGuid is a new one" \
	[ "$(tail -n 1 "$TMP/guids")" != "$(tail -n 1 "$TMP/new-guids")" ]
cp --sparse=always "$TMP/good/states-reserved-bits.vhdx" "$image"
run check -J --repair=leaks "$image"
ok "and leaves all else alone" cmp "$TMP/good/states-reserved-bits.vhdx" "$image"

# An entry behind the disk that names space of its own: it may know of data
cp --sparse=always "$TMP/good/creator-empty.vhdx" "$image"
size=$(stat -c %s "$image")
head -c "$M" /dev/zero | tr '\0' x >>"$image"
at=$((size / M))
megabytes=$(printf '\\x%02x' $((at % 16 * 16)) $((at / 16)))
poke "$image" $((4 * M - 8)) "\\x06\\x00$megabytes"
before=$(contents "$image")
run check -J --repair=all "$image"
is "$status/$(codes findings)/$(contents "$image")" "0/BAT_BEHIND_DISK/$before" \
	"P7: an entry that may know of data is left, and so are they"
like "$err" 'may refer to data' "which is said"

if sample iotest-dirtylog-10G-4M.vhdx; then
	cp --sparse=always "$TMP/iotest-dirtylog-10G-4M.vhdx" "$image"
	run check -J --repair=leaks "$image"
	is "$status/$(codes repairs)/$(codes findings)" 0/LEAK,LOG_DIRTY/ \
		"a real image: the log is replayed, then leaks are given back"
	if have qemu-img; then
		ok "QEMU finds nothing wrong with it" qemu-img check -q -f vhdx "$image"
		cp --sparse=always "$TMP/iotest-dirtylog-10G-4M.vhdx" "$TMP/qemu.vhdx"
		qemu-img check -q -r all -f vhdx "$TMP/qemu.vhdx" 2>"$TMP/.err"
		ok "and the same disk as in what it has repaired itself" \
			qemu-img compare -q -f vhdx -F vhdx "$image" "$TMP/qemu.vhdx"
	else
		skip "QEMU finds nothing wrong with it" "no qemu-img"
	fi
else
	skip "a real image: the log is replayed, then leaks are given back" "not in $SAMPLES"
fi

# More pages than an entry of the log can have
run create "$TMP/many.vhdx" 1T --block-size=1M
if [ "$status" = 0 ]; then
	for ((page = 0; page < 600; page++)); do
		poke "$TMP/many.vhdx" $((3 * M + page * 4096)) '\x08'
	done
	run check -J --repair=all "$TMP/many.vhdx"
	is "$status/$(json .check.fixed)/$(codes findings)" "0/600/" "600 pages of the BAT are repaired"
else
	skip "600 pages of the BAT are repaired" "$err"
fi
rm -f "$TMP/many.vhdx"

run check -J --repair=all /dev/null
is "$status" 1 "a device that is no image cannot be repaired"

if ! have cc || ! cc -shared -fPIC -o "$TMP/faults.so" "$CLI_HERE/faults.c" -ldl 2>"$TMP/.err" ||
	ldd "$VHDXCTL" | grep -q asan; then
	skip "killed at any moment, the image can be repaired again" "no compiler, or sanitizer"
	done_testing
fi

faulty() {
	env LD_PRELOAD="$TMP/faults.so" "${@:1:$#-1}" "$VHDXCTL" check -q --repair=all "${!#}" \
		>"$TMP/.out" 2>"$TMP/.err"
	status=$?
}

outside_headers() {
	{
		head -c 65536 "$1"
		tail -c +$((3 * M + 1)) "$1"
	} | sha256sum
}

# killed_anywhere NAME: the disk stays what it was, and the next repair comes to the same end
killed_anywhere() {
	local stem=$TMP/good/$1 step steps wanted wrong=''

	rm -f "$TMP/record"
	cp --sparse=always "$stem.vhdx" "$image"
	faulty RECORD="$TMP/record" "$image"
	wanted=$(outside_headers "$image")
	steps=$(wc -l <"$TMP/record")
	for ((step = 1; step <= steps; step++)); do
		cp --sparse=always "$stem.vhdx" "$image"
		faulty DIE_AT="$step" "$image"
		[ "$status" = 99 ] || wrong+=" $step: $status"
		run map -J "$image"
		"$CLI_HERE/map-proves" "$TMP/.out" "$image" "$stem" || wrong+=" $step: map"
		run check -q --repair=all "$image"
		[ "$status/$(outside_headers "$image")" = "0/$wanted" ] || wrong+=" $step"
	done
	is "$wrong" '' "killed at any of $steps moments, $1 can be repaired again"
}
# power_cuts NAME COUNT
power_cuts() {
	rm -f "$TMP/record"
	cp --sparse=always "$TMP/good/$1.vhdx" "$image"
	faulty RECORD="$TMP/record" RECORD_DATA=1 "$image"
	ok "after each of $2 power cuts $1 can be repaired again" "$CLI_HERE/power-cuts" \
		"$TMP/record" "$TMP/good/$1.vhdx" "$TMP/cut.vhdx" "$image" $((3 * M)) "$2" \
		"$VHDXCTL" check -q --repair=all
}

for name in states-junk-offsets region-1-damaged file-size-odd header-2-damaged; do
	killed_anywhere "$name"
	power_cuts "$name" 30
done

# The order of writing: header twice, the log's entry, its name in both headers, the page...
rm -f "$TMP/record"
cp --sparse=always "$TMP/good/states-junk-offsets.vhdx" "$image"
faulty RECORD="$TMP/record" "$image"
is "$(awk '$1 == "w" && ($2 == 65536 || $2 == 131072) { $1 = "h" }
	{ printf "%s", $1 }' "$TMP/record")" hfhfwfhfhfwfhfhff \
	"header, log, header, page and header are each flushed before the next"

done_testing
