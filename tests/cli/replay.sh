#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# replay writes what the log says and nothing else, wherever it is interrupted.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"

# make_fixed FILE: only by what its metadata say
make_fixed() {
	python3 - "$1" <<-'SCRIPT'
		import struct, sys
		with open(sys.argv[1], "r+b") as file:
		    data = file.read()
		    table = data.index(b"metadata")
		    item = data.index(bytes.fromhex("3767a1ca36fa434db3b633f0aa44e76b"), table)
		    file.seek(table + struct.unpack_from("<I", data, item + 16)[0] + 4)
		    file.write(struct.pack("<I", 1))
	SCRIPT
}

contents() { sha256sum <"$1"; }

# is_in_order IMAGE CLAIM: its log is empty and check finds no error
is_in_order() {
	local dirty

	run info -J "$1"
	dirty=$(json .image.log.dirty)
	run check -q -J "$1"
	is "$dirty/$(json .check.corruptions)" false/0 "$2"
}

# follows_model NAME: $TMP/good/NAME.vhdx is replayed, and then is what its model says
follows_model() {
	local image=$TMP/image.vhdx stem=$TMP/good/$1

	cp --sparse=always "$stem.vhdx" "$image"
	run replay "$image"
	is "$status/$out/$err" 0// "is replayed without a word: $1"
	is_in_order "$image" "the log is empty and all is in order: $1"
	run map -J "$image"
	ok "and everything is as the model says: $1" \
		"$CLI_HERE/map-proves" "$TMP/.out" "$image" "$stem"
	# QEMU reads every byte of the disk, not knowing where there are none
	if [ "$(stat -c %s "$stem.raw" 2>/dev/null || echo $((1 << 62)))" -le $((1 << 30)) ] &&
		have qemu-img && qemu-img check -q "$image" 2>/dev/null; then
		ok "QEMU says so, too: $1" qemu-img compare -q -f vhdx -F raw "$image" "$stem.raw"
	fi
}

# twice NAME: nothing is written by --dry-run, nor by replaying again
twice() {
	local image=$TMP/image.vhdx before

	cp --sparse=always "$TMP/good/$1.vhdx" "$image"
	run replay --dry-run "$image"
	ok "--dry-run writes nothing: $1" cmp "$image" "$TMP/good/$1.vhdx"
	run replay "$image"
	before=$(contents "$image")
	run replay "$image"
	is "$status/$(contents "$image")" "0/$before" "a second replay finds nothing to do: $1"
}

mapfile -t names < <("$ROOT/tests/images/build" list | sed -n 's/^good \(dirty-\)/\1/p')
"$ROOT/tests/images/build" good "$TMP/good" "${names[@]}" >"$TMP/.out" 2>&1 ||
	skip "images are replayed as their models say" "no images: $(tail -n 1 "$TMP/.out")"
for image in "$TMP"/good/dirty-*.vhdx; do
	[ ! -e "$image" ] || follows_model "$(basename "$image" .vhdx)"
done
for name in dirty-one-entry dirty-extended dirty-empty-entry; do
	[ ! -e "$TMP/good/$name.vhdx" ] || twice "$name"
done

if sample iotest-dirtylog-10G-4M.vhdx; then
	image=$TMP/iotest-dirtylog-10G-4M.vhdx
	run info -J "$image"
	json '.image | ."data-write-guid", ."file-write-guid"' >"$TMP/guids"
	run replay --dry-run -J "$image"
	is "$(json '[.changes[] | [.offset, .length, .kind, .what]] | tostring')" \
		'[[2097152,4096,"data","bat"]]' "--dry-run lists what would be written"
	is "$(json '.replay | "\(.entries) \(.changes) \(.["dry-run"])"')" "1 1 true" "and counts it"
	run replay --dry-run "$image"
	like "$out" '2097152 +4096 data  bat' "as a table, too"
	run replay -v "$image"
	is "$status" 0 "a real image with a log is replayed"
	like "$err" 'replayed .entries: 1, changes: 1.$' "-v says what was done"
	is_in_order "$image" "and is in order"
	run info -J --headers "$image"
	json '.image | ."data-write-guid", ."file-write-guid"' >"$TMP/new-guids"
	is "$(head -n 1 "$TMP/new-guids")" "$(head -n 1 "$TMP/guids")" \
		"its DataWriteGuid stays, so that children still fit"
	ok "its FileWriteGuid is a new one" [ "$(tail -n 1 "$TMP/guids")" != "$(tail -n 1 "$TMP/new-guids")" ]
	is "$(json '[.image.headers[] | del(.offset, .checksum, ."checksum-computed", ."sequence-number")] |
		.[0] == .[1]')" true "P8: both headers are equal but for the sequence number"
	if have qemu-img; then
		rm -f "$image"
		sample iotest-dirtylog-10G-4M.vhdx
		cp --sparse=always "$image" "$TMP/qemu.vhdx"
		run replay "$image"
		qemu-img check -q -r all "$TMP/qemu.vhdx" >"$TMP/.err" 2>&1
		is "$(tail -c +196609 "$image" | sha256sum)" \
			"$(tail -c +196609 "$TMP/qemu.vhdx" | sha256sum)" \
			"and behind the headers it is what QEMU makes of it"
	else
		skip "and behind the headers it is what QEMU makes of it" "no qemu-img"
	fi
else
	skip "a real image with a log is replayed" "no samples in $SAMPLES"
fi

# Nothing is done by halves, and nothing to what cannot be understood
touched=''
if "$ROOT/tests/images/build" bad "$TMP/bad" >"$TMP/.out" 2>&1; then
	for image in "$TMP"/bad/*.vhdx; do
		name=$(basename "$image" .vhdx)
		[ "$name" != log_dirty ] || continue
		before=$(contents "$image")
		run replay -J "$image"
		[ "$(contents "$image")" = "$before" ] || touched+=" $name"
		case $name in
		log_*) [ "$(json .error.code)" = "${name^^}" ] || touched+=" $name: $status" ;;
		esac
	done
	is "$touched" '' "P7: bad images are refused for their reason, and left as they are"
	run replay "$TMP/bad/log_dirty.vhdx"
	is "$status" 0 "a log of one empty entry is replayed"
	is_in_order "$TMP/bad/log_dirty.vhdx" "and empty then"
else
	skip "P7: bad images are left as they are" "no images: $(tail -n 1 "$TMP/.out")"
fi
run replay
is "$status" 1 "replay needs an image"
run replay "$TMP/absent"
is "$status" 1 "and one that is there"
run replay "$TMP"
is "$status" 1 "a directory has no log"
run create "$TMP/clean.vhdx" 1G
before=$(contents "$TMP/clean.vhdx")
run replay -J "$TMP/clean.vhdx"
is "$status/$(json .replay.dirty)/$(contents "$TMP/clean.vhdx")" "0/false/$before" \
	"P1: an image without a log to replay is not changed"

# Others
cat >"$TMP/lock" <<-'END'
	import fcntl, os, struct, sys, time
	fd = os.open(sys.argv[1], os.O_RDWR)
	# QEMU's way: a shared lock of a byte
	fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 100, 1, 0))
	print("locked", flush=True)
	time.sleep(60)
END
exec {lock}< <(exec python3 "$TMP/lock" "$TMP/clean.vhdx" 2>"$TMP/.err")
locker=$!
read -r line <&$lock
if [ "$line" = locked ]; then
	run replay -J "$TMP/clean.vhdx"
	is "$status/$(json .error.code)" 5/LOCKED "an image that another program has locked is busy"
	run replay --dry-run "$TMP/clean.vhdx"
	is "$status" 0 "but may be looked at"
else
	skip "an image that another program has locked is busy" "$(<"$TMP/.err")"
fi
kill "$locker"
cp "$(command -v sleep)" "$TMP/busy"
"$TMP/busy" 60 &
busy=$!
until [ "$(readlink "/proc/$busy/exe")" = "$TMP/busy" ]; do sleep .05; done
run replay "$TMP/busy"
is "$status" 5 "a program that is running cannot be written to: busy"
kill "$busy"

if ! have cc || ! cc -shared -fPIC -o "$TMP/faults.so" "$CLI_HERE/faults.c" -ldl 2>"$TMP/.err"; then
	skip "killed at any moment, the image can be replayed again" "no compiler"
	done_testing
fi
if ldd "$VHDXCTL" | grep -q asan; then
	skip "killed at any moment, the image can be replayed again" "sanitizer"
	done_testing
fi

# faulty VARIABLE=VALUE... FILE: replay it with faults.so
faulty() {
	env LD_PRELOAD="$TMP/faults.so" "${@:1:$#-1}" "$VHDXCTL" replay "${!#}" \
		>"$TMP/.out" 2>"$TMP/.err"
	status=$?
}

# outside_headers FILE [LENGTH]: contents, or so much of them, but for the two headers, in which
# GUIDs are random
outside_headers() {
	head -c "${2:-$(stat -c %s "$1")}" "$1" | {
		head -c 65536
		tail -c +131073
	} | sha256sum
}

# killed_anywhere NAME: killed, and interrupted, before each of its changes
killed_anywhere() {
	local original=$TMP/good/$1.vhdx image=$TMP/image.vhdx step steps wanted wrong='' what size

	rm -f "$TMP/record"
	cp --sparse=always "$original" "$image"
	faulty RECORD="$TMP/record" "$image"
	wanted=$(outside_headers "$image")
	# the unused end is cut off last: when the log is empty, it may stay
	size=$(stat -c %s "$image")
	steps=$(wc -l <"$TMP/record")
	for what in DIE_AT INTERRUPT_AT; do
		for ((step = 1; step <= steps; step++)); do
			cp --sparse=always "$original" "$image"
			faulty "$what=$step" "$image"
			case $status in
			99 | 130 | 0) ;;
			*) wrong+=" $what=$step: $status" ;;
			esac
			run replay "$image"
			[ "$status/$(outside_headers "$image" "$size")" = "0/$wanted" ] || wrong+=" $what=$step"
		done
	done
	is "$wrong" '' "killed at any of $steps moments, $1 can be replayed again"
}

# power_cuts NAME COUNT
power_cuts() {
	local image=$TMP/final.vhdx

	rm -f "$TMP/record"
	cp --sparse=always "$TMP/good/$1.vhdx" "$image"
	faulty RECORD="$TMP/record" RECORD_DATA=1 "$image"
	ok "after each of $2 power cuts $1 can be replayed again" \
		env TAIL_MAY_STAY=1 "$CLI_HERE/power-cuts" \
		"$TMP/record" "$TMP/good/$1.vhdx" "$TMP/cut.vhdx" "$image" 196608 "$2" \
		"$VHDXCTL" replay
}

for name in dirty-same-page dirty-extended dirty-odd-size; do
	if [ -e "$TMP/good/$name.vhdx" ]; then
		killed_anywhere "$name"
		power_cuts "$name" 40
	else
		skip "killed at any moment, $name can be replayed again" "no such image"
	fi
done
if [ -e "$TMP/good/dirty-zeros.vhdx" ]; then
	cp --sparse=always "$TMP/good/dirty-zeros.vhdx" "$TMP/image.vhdx"
	cp --sparse=always "$TMP/good/dirty-zeros.vhdx" "$TMP/zeros.vhdx"
	run replay "$TMP/image.vhdx"
	faulty NO_FALLOCATE=1 "$TMP/zeros.vhdx"
	is "$(outside_headers "$TMP/image.vhdx")" "$(outside_headers "$TMP/zeros.vhdx")" \
		"where holes cannot be punched, zeros are written"
	cp --sparse=never "$TMP/good/dirty-zeros.vhdx" "$TMP/fixed.vhdx"
	make_fixed "$TMP/fixed.vhdx"
	sync "$TMP/fixed.vhdx"
	run replay "$TMP/fixed.vhdx"
	sync "$TMP/fixed.vhdx"
	ok "a fixed image gets no holes" test $(($(stat -c %b "$TMP/fixed.vhdx") * 512)) -ge \
		"$(stat -c %s "$TMP/fixed.vhdx")"
fi

# What is behind the last block in use, whatever it holds, goes with the log.
if [ -e "$TMP/good/dirty-one-entry.vhdx" ]; then
	image=$TMP/image.vhdx
	cp --sparse=always "$TMP/good/dirty-one-entry.vhdx" "$image"
	run replay "$image"
	size=$(stat -c %s "$image")
	cp --sparse=always "$TMP/good/dirty-one-entry.vhdx" "$image"
	truncate -s $((size + (61 << 20))) "$image"
	run replay -J "$image"
	is "$status/$(stat -c %s "$image")/$(json '.replay."file-size"')" "0/$size/$size" \
		"P8: replay cuts off what a crashed session had allocated ahead"
	cp --sparse=always "$TMP/good/dirty-one-entry.vhdx" "$image"
	truncate -s $((size + (61 << 20))) "$image"
	run check -q --repair=leaks "$image"
	is "$status/$(stat -c %s "$image")" "0/$size" "P8: and so does check --repair, which replays first"
	cp --sparse=always "$TMP/good/dirty-one-entry.vhdx" "$image"
	truncate -s $((size + (61 << 20))) "$image"
	run replay --dry-run "$image"
	is "$status/$(stat -c %s "$image")" "0/$((size + (61 << 20)))" "but not with --dry-run"
else
	skip "P8: replay cuts off what a crashed session had allocated ahead" "no such image"
fi

# The order of writing: header, then all changes, then twice the header, each flushed
if [ -e "$TMP/good/dirty-extended.vhdx" ]; then
	rm -f "$TMP/record"
	cp --sparse=always "$TMP/good/dirty-extended.vhdx" "$TMP/image.vhdx"
	faulty RECORD="$TMP/record" "$TMP/image.vhdx"
	is "$(awk '$1 == "w" && ($2 == 65536 || $2 == 131072) { $1 = "h" }
		{ printf "%s", $1 }' "$TMP/record" | sed 's/[wz]\+/w/g')" hftwfhfhf \
		"first the header, then size and changes, then both headers, each flushed"
fi

done_testing
