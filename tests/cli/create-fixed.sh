#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# create --type=fixed: its space, its progress, and being interrupted. Also on file systems that
# can do less.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
M=$((1024 * 1024))
image=$TMP/fixed.vhdx

# missing FILE: how many bytes of its length take up no space
missing() {
	local missing=$(($(stat -c '%s - %b * %B' "$1")))

	echo $((missing > 0 ? missing : 0))
}

run create --type=fixed "$image" 100M --block-size=8M
exits 0 "a fixed image is created"
is "$(missing "$image")" 0 "it has all its space"
run map -J "$image"
is "$(json '[.map[] | [.start, .length, .offset]] | tostring')" "[[0,$((100 * M)),$((4 * M))]]" \
	"its blocks follow each other, in order"
is "$(stat -c %s "$image")" $((4 * M + 104 * M)) "the last block is there in full length"
if have qemu-img; then
	truncate -s 100M "$TMP/zeros"
	ok "it reads as zeros" qemu-img compare -q -f vhdx -F raw "$image" "$TMP/zeros"
	ok "it can be written by others" qemu-io -f vhdx -c 'write -q -P 5 0 100M' "$image"
	run check -q "$image"
	is "$status/$out" 0/ "and is clean afterwards"
else
	skip "it reads as zeros" "no qemu-img"
fi

rm -f "$image"
run create --type=fixed "$image" 5T --block-size=1M --dry-run
is "$status" 1 "create has no --dry-run"
# More than ext4 can have in a file, and more than there is room for elsewhere
run create --type=fixed "$image" 63T
exits 9 "an image for which there is no room cannot be created"
like "$err" "^vhdxctl: .*fixed.vhdx: cannot (set its size|allocate space|write) \(.*\)$" \
	"and the reason is said"
ok "nothing is left of it" [ ! -e "$image" ]

run create --type=fixed --progress=json --progress-frequency=0 "$image" 1G --force
is "$(jq -rs 'map(.progress | .op == "create" and .["done-bytes"] <= .["total-bytes"]) | all' \
	"$TMP/.err")" true "--progress=json prints one object a line"
is "$(tail -n 1 "$TMP/.err" | jq '.progress | ."done-bytes" == ."total-bytes"')" true \
	"the last one is about all of it"
run create --type=fixed --progress=bar "$image" 64M --force
like "$err" '100 %' "--progress=bar draws a bar"
run create --type=fixed --progress=none "$image" 64M --force
is "$err" '' "--progress=none shows nothing"
run create --type=fixed "$image" 64M --force
is "$err" '' "nothing is shown where there is no terminal"
rm -f "$image"

# What cannot be had from this file system
if ! have cc || ! cc -shared -fPIC -o "$TMP/faults.so" "$CLI_HERE/faults.c" -ldl 2>"$TMP/.err"; then
	skip "lesser file systems" "no compiler"
	done_testing
fi
if ldd "$VHDXCTL" | grep -q asan; then
	skip "lesser file systems" "LD_PRELOAD and AddressSanitizer do not go together"
	done_testing
fi

# lesser NAME ARGUMENT...: like run, with NAME=1 for faults.so
lesser() {
	env LD_PRELOAD="$TMP/faults.so" "$1=1" "$VHDXCTL" "${@:2}" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	out=$(<"$TMP/.out")
	err=$(<"$TMP/.err")
}

lesser NO_FALLOCATE create --type=fixed "$image" 20M --block-size=1M
exits 0 "where space cannot be allocated, zeros are written"
is "$(missing "$image")" 0 "so that the image is not sparse"
run check -q "$image"
is "$status/$out" 0/ "and clean"
rm -f "$image"

lesser NO_TMPFILE create "$image" 1G
exits 0 "where a file must have a name from the beginning, it has another one"
run check -q "$image"
is "$status/$out" 0/ "and is clean"
lesser NO_TMPFILE create "$image" 1G
exits 5 "and a file of that name is not replaced"
lesser NO_LINK create --force "$image" 3G
is "$status $err" "1 vhdxctl: $image: cannot create (Invalid argument)" "a file that cannot get a name is not made"
lesser NO_TMPFILE create --force "$image" 2G
exits 0 "but by force"
lesser NO_TMPFILE create "$TMP/bad.vhdx" --type=fixed 63T
exits 9 "what cannot be finished is given up"
is "$(find "$TMP" -maxdepth 1 -name '.*.vhdx*' | wc -l)" 0 "no temporary file is left"
rm -f "$image"

# start VARIABLE [PROGRESS]: a create that takes long, in the background; its pid is $pid
start() {
	env --default-signal=INT LD_PRELOAD="$TMP/faults.so" NO_FALLOCATE=1 "$1" \
		"$VHDXCTL" create --type=fixed --progress="${2-auto}" --progress-frequency=0.01 \
		"$image" 20G >"$TMP/.out" 2>"$TMP/.err" &
	pid=$!
	# until the handlers are there: SigCgt has SIGINT (bit 1) and SIGUSR1 (bit 9)
	for _ in $(seq 200); do
		mask=$(awk '/^SigCgt/ { print $2 }' "/proc/$pid/status" 2>/dev/null)
		[ $((0x${mask:-0} & 0x202)) -ne $((0x202)) ] || break
		sleep 0.01
	done
}

for temporary in 0 NO_TMPFILE; do
	start "$temporary=1"
	ok "a half-made image has no name ($temporary)" [ ! -e "$image" ]
	kill -USR1 "$pid"
	for _ in $(seq 200); do
		[ ! -s "$TMP/.err" ] || break
		sleep 0.01
	done
	like "$(<"$TMP/.err")" '^vhdxctl: create: .* of 20 GiB \([0-9]+ %\)$' \
		"SIGUSR1 makes create print its progress ($temporary)"
	kill -INT "$pid"
	wait "$pid"
	is $? 130 "SIGINT ends it with status 130 ($temporary)"
	like "$(<"$TMP/.err")" 'interrupted$' "and says so ($temporary)"
	ok "no file is left ($temporary)" [ ! -e "$image" ]
	is "$(find "$TMP" -maxdepth 1 -name '.*.vhdx*' | wc -l)" 0 \
		"not even a temporary one ($temporary)"
done

# What interrupted it is the last that is said, on a line of its own
start NO_TMPFILE=0 bar
sleep 0.3
kill -INT "$pid"
wait "$pid"
is "$(tr '\r' '\n' <"$TMP/.err" | sed 's/\x1b\[K//' | sed '/^$/d' | tail -n 1)" \
	"vhdxctl: $image: interrupted" "a bar does not come after what ends it, nor before it in its line"
like "$(tr '\r' '\n' <"$TMP/.err")" 'create \[' "though there was one"

# The order of writing: all is durable before the signature says that this is a VHDX
rm -f "$TMP/record"
env LD_PRELOAD="$TMP/faults.so" RECORD="$TMP/record" "$VHDXCTL" create "$image" 1G
is "$(tail -n 4 "$TMP/record" | tr '\n' ' ')" "f w 0 520 f f " "the identifier is written last, after a flush, and flushed before it has a name"

done_testing
