#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# info and attach --dry-run on files that are no image, and on images that are damaged.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"

# refused FILE STATUS CODE CLAIM: by info and by attach
refused() {
	run info -J "$1"
	exits "$2" "info: $4"
	is "$(json .error.code)" "$3" "info: $4, as $3"
	run attach -r --dry-run -J "$1"
	exits "$2" "attach: $4"
	is "$(json .error.code)" "$3" "attach: $4, as $3"
}

: >"$TMP/empty"
refused "$TMP/empty" 4 FILE_TOO_SMALL "an empty file is no image"
head -c 100 /dev/urandom >"$TMP/small"
refused "$TMP/small" 4 FILE_TOO_SMALL "a small file is no image"
head -c 3000000 /dev/urandom >"$TMP/garbage"
refused "$TMP/garbage" 4 FILE_SIGNATURE "random bytes are no image"
run info "$TMP/garbage"
like "$err" '^vhdxctl: .*/garbage: file: no "vhdxfile" signature at offset 0; file\(1\) may identify it$' \
	"the message has the reason, and names file(1)"
like "$out" 'file-size: ' "what is known of it is printed all the same"

refused "$TMP" 1 USAGE "a directory is no image"
refused /dev/null 1 ATTACH_NOT_A_FILE "a character device is no image"
refused "$TMP/absent" 1 USAGE "a file that does not exist is no image"
mkfifo "$TMP/fifo"
refused "$TMP/fifo" 1 ATTACH_NOT_A_FILE "a FIFO is no image, and info does not wait for a writer"

head -c 4000000 /dev/zero >"$TMP/fixed.vhd"
{
	printf 'conectix'
	head -c 40 /dev/zero
	printf '\x00\x00\x00\x00\x00\x3d\x09\x00'
	head -c 4 /dev/zero
	printf '\x00\x00\x00\x02'
	head -c 448 /dev/zero
} >>"$TMP/fixed.vhd"
refused "$TMP/fixed.vhd" 4 FILE_IS_VHD1 "a VHD is no VHDX"
run info "$TMP/fixed.vhd"
like "$err" 'losetup --sizelimit 4000000 -fP --show ' "a fixed VHD: losetup is recommended"
{ printf 'conectix'; head -c 3000000 /dev/zero; } >"$TMP/dynamic.vhd"
run info "$TMP/dynamic.vhd"
like "$err" 'qemu-img convert -p -f vpc -O vhdx ' "a dynamic VHD: qemu-img is recommended"

# What it is instead, and what to type; by every verb
# named FILE PATTERN CLAIM
named() {
	local verb wrong=

	for verb in 'attach -r --dry-run' attach info check 'check --repair=all' map replay \
		"set --parent $TMP/fixed.vhd" merge 'snapshot --force'; do
		# shellcheck disable=SC2086  # words
		case $verb in
		snapshot*) run $verb "$1" "$TMP/child.vhdx" ;;
		*) run $verb "$1" ;;
		esac
		[[ $status != 0 && $err =~ $2 ]] || wrong+="$verb: $status $err"$'\n'
	done
	is "$wrong" '' "every verb: $3"
}

printf 'QFI\xfb' | dd of="$TMP/a b.qcow2" bs=2M conv=sync status=none
named "$TMP/a b.qcow2" "is a qcow2 image, not a VHDX; convert it: qemu-img convert -p -f qcow2 -O vhdx '.*/a b.qcow2' NEW.vhdx" \
	"a qcow2 image, with the command that converts it"
if have qemu-img; then
	for format in vmdk vdi qed vpc; do
		qemu-img create -q -f "$format" "$TMP/disk.$format" 10M
		named "$TMP/disk.$format" "image, not a VHDX; convert it: qemu-img convert -p -f $format -O vhdx .*/disk.$format NEW.vhdx" \
			"a $format image, with the command that converts it"
	done
fi
head -c 2000000 /dev/urandom | gzip -1 >"$TMP/disk.vhdx.gz"
named "$TMP/disk.vhdx.gz" 'is compressed by gzip, not a VHDX; unpack it: gzip -dc ' "a file compressed by gzip"
xz -0 <"$TMP/small" >"$TMP/small.xz"
named "$TMP/small.xz" 'is compressed by xz, not a VHDX; unpack it: xz -dc ' "a file compressed by xz"
printf 'PK\3\4and so on' >"$TMP/disk.zip"
named "$TMP/disk.zip" 'is a zip archive, not a VHDX; unpack it: unzip ' "a zip archive"
printf 'a list\nof things\n' >"$TMP/notes"
named "$TMP/notes" 'is a text file, not a VHDX; look into it: less ' "a text file"
named "$TMP/empty" 'is empty, not a VHDX; make an image under another name: vhdxctl create ' "an empty file"
head -c 3000000 /dev/zero >"$TMP/zeros"
named "$TMP/zeros" 'begins with zeros .*get it again' "a file of zeros"
{ head -c 510 /dev/zero; printf '\x55\xaa'; head -c 2000000 /dev/zero; } >"$TMP/raw"
named "$TMP/raw" 'is a raw disk, .*losetup -fP --show ' "a raw disk"
named "$TMP" 'is a directory; name an image in it' "a directory"
named /dev/null 'is a character device; an image is a regular file or a block device' "/dev/null"

if [ "$(id -u)" = 0 ] && have setpriv; then
	head -c 3000000 /dev/zero >"$TMP/secret"
	chmod 600 "$TMP/secret"
	chmod 755 "$TMP"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$VHDXCTL" info "$TMP/secret" \
		>/dev/null 2>"$TMP/.err"
	is $? 2 "an image that may not be read is a matter of permission"
else
	skip "an image that may not be read is a matter of permission" "needs root and setpriv"
fi

# What can still be said of an image that was whole once
if have qemu-img && qemu-img create -q -f vhdx "$TMP/good.vhdx" 100M; then
	cp "$TMP/good.vhdx" "$TMP/bad.vhdx"
	poke "$TMP/bad.vhdx" $((64 * 1024 + 100)) 'x'
	run info -J --headers "$TMP/bad.vhdx"
	exits 0 "one damaged header is no problem"
	is "$(json '[.image.warnings[].code] | join(",")')" HEADER_1_DAMAGED "but a warning"
	is "$(json '[.image.headers[].valid] | map(tostring) | join(",")')" false,true \
		"--headers shows which header is damaged"

	poke "$TMP/bad.vhdx" $((128 * 1024 + 100)) 'x'
	run info -J "$TMP/bad.vhdx"
	exits 4 "two damaged headers are"
	is "$(json '.image.problems[0].code')" HEADER_NONE_VALID "and are listed"
	is "$(json '.image["virtual-size"]')" 104857600 "the size is shown all the same"

	cp "$TMP/good.vhdx" "$TMP/bad.vhdx"
	truncate -s 2M "$TMP/bad.vhdx"
	run info -J "$TMP/bad.vhdx"
	exits 4 "an image cut off in the middle is damaged"
	like "$(json .error.message)" 'truncated; get a complete copy' "and the remedy is said"
	is "$(json '.image["data-write-guid"] | length')" 36 "its header is shown all the same"

	for size in 1 511 512 65536 1048575 1048576 1048577 3145728; do
		cp "$TMP/good.vhdx" "$TMP/bad.vhdx"
		truncate -s "$size" "$TMP/bad.vhdx"
		run info -J --headers --blocks "$TMP/bad.vhdx"
		is "$status/$(json .error.exit)" 4/4 "an image cut off at $size is damaged"
	done
else
	skip "damaged images are described as far as possible" "no qemu-img"
fi

# One image for each reason there is
status_of() {
	local class

	class=$(sed -n "s/^.x([0-9]*, $1, \([A-Z0-9_]*\),.*/\1/p" "$ROOT/kmod/format/reason.h")
	case $class in
	REPLAY) echo 0 ;;	# a state, no damage: a warning
	IO) echo 9 ;;
	*) echo 4 ;;
	esac
}

zoo() {
	local image name

	for image in "$TMP"/zoo/*.vhdx; do
		name=$(basename "$image" .vhdx)
		case $name in parent_*) continue ;; esac	# info has nothing against it
		grep -q "^${name}[[:space:]]check" "$TMP/zoo/BAD.tsv" && continue	# nor this
		run info -J --blocks --headers "$image"
		is "$(json "[(.image.problems, .image.warnings)[].code] | index(\"${name^^}\") != null")/$status" \
			"true/$(status_of "$name")" "info finds out: $name"
	done
}

if [ -x "$ROOT/tests/images/build" ] && "$ROOT/tests/images/build" bad "$TMP/zoo" >"$TMP/.out" 2>&1
then
	zoo
else
	skip "info finds out every reason" "no bad images: $(tail -n 1 "$TMP/.out")"
fi

# A log that must be replayed is a state and no damage: so says the manual, and so does info.
if [ -e "$TMP/zoo/log_dirty.vhdx" ]; then
	run info -J "$TMP/zoo/log_dirty.vhdx"
	is "$status/$(json '"\(.image.problems | length) \(.image.log.dirty) \([.image.warnings[].code] | join(","))"')" \
		"0/0 true LOG_DIRTY" "a log that must be replayed is a warning, as for check, and no problem"
fi

# The log: entries of any age, and which of them count
if "$ROOT/tests/images/build" good "$TMP/good" dirty-tail-inside dirty-wrapped log-stale-ring \
	log-absent >"$TMP/.out" 2>&1; then
	run info -J --log "$TMP/good/dirty-tail-inside.vhdx"
	is "$(json '[.image."log-entries"[] | select(.active) | ."sequence-number"] | tostring')" \
		'[79,80,81]' "--log: those from the Tail on are active"
	is "$(json '[.image."log-entries"[] | select(.active | not) | .changes] | tostring')" '[2,1]' \
		"and the others are listed, too"
	run info -J --log "$TMP/good/dirty-wrapped.vhdx"
	is "$(json '[.image."log-entries"[] | select(.active)] | length')" "$(json .image.log.entries)" \
		"as many are active as are replayed, in a log that wraps around"
	run info -J --log "$TMP/good/log-stale-ring.vhdx"
	is "$(json '.image."log-entries" | (length > 0) and all(.active | not)')" true \
		"none is active if the log is empty"
	run info -J --log "$TMP/good/log-absent.vhdx"
	is "$status/$(json '.image."log-entries" | length')" 0/0 "without a log there are none"
	run info -J "$TMP/good/log-stale-ring.vhdx"
	is "$(json '.image | has("log-entries")')" false "nor without --log"
else
	skip "--log: those from the Tail on are active" "no images: $(tail -n 1 "$TMP/.out")"
fi

done_testing
