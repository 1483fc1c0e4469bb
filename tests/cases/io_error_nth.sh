#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P3, P7: each change of the device below fails, alone or with all later ones, and costs errors
# only. The host's space ends at each single page as well. Nothing hangs, the data can be read,
# and all that was flushed is there afterwards. The same of a child, which also has a sector
# bitmap to be written, and a parent to be left alone.
#	VHDX_LOAD=N		operations of the load
#	VHDX_SLICE_OF=I/N	with time: the Ith of N parts of all changes, each part in a guest
#	VHDX_PARTS="disk child"	only these; with little time one of them, by the seed
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

LOAD=${VHDX_LOAD:-$((LONG ? 24 : 12))}
FRESH=$SCRATCH/fresh
FILE=$SCRATCH/device
JOURNAL=$SCRATCH/journal
HOST=$SCRATCH/host
NBD=/dev/nbd0
PART=${VHDX_SLICE_OF:-1/1}
PARENT=$SCRATCH/parent.vhdx
PARENTS=()				# of the image that is tried
MODEL=()				# what these show

PARTS=(disk child)
[ "$SLICE" = 0 ] || PARTS=("${PARTS[SEED % 2]}")
wanted() { [[ " ${VHDX_PARTS:-${PARTS[*]}} " = *" $1 "* ]]; }

# With time, each one, or each of a part of them; without, some
step() { echo $((LONG ? ${PART#*/} : 1 + RANDOM % ($1 * (SLICE ? 4 : 1)))); }

# --- what is tried ----------------------------------------------------------------

# load IMAGE: always the same. What was completed is there to be read, whatever failed.
load() {
	REASON='not attached'
	attach -n -w -o 2 "$1" "${PARENTS[@]}" || return
	timeout 300 writer -s "$SEED" -n "$LOAD" -t 2 -b 32768 -f 10 -F 10 -d 8 -z 8 -u 50 \
		-j "$JOURNAL" "$DISK" >"$SCRATCH/writer" 2>&1
	[ $? -le 1 ] || echo "the writer hangs"
	verify "$DISK" "$JOURNAL" "${MODEL[@]}" >"$SCRATCH/verify" 2>&1 ||
		echo "while it is attached: $(head -n 1 "$SCRATCH/verify")"
	REASON=$(attr read_only_reason)
	if ! detach "$INDEX"; then
		case $LINE in *errno=EIO*reason=918* | *errno=EIO*reason=928*) ;; *) echo "detach: $LINE" ;; esac
	elif [ "$REASON" != - ] && [ "$REASON" != "cannot write the header" ]; then
		# without a header there was no write that could be lost
		echo "read-only, and detaching says nothing of it"
	fi
	nothing_attached || echo "it is not detached"
}

# What the next one finds
afterwards() {
	if ! attach -n -w -o 2 "$1" "${PARENTS[@]}"; then
		echo "cannot be attached again: $LINE"
		return
	fi
	[ ! -s "$JOURNAL" ] || verify -e "$DISK" "$JOURNAL" "${MODEL[@]}" >"$SCRATCH/verify" 2>&1 ||
		echo "afterwards: $(head -n 1 "$SCRATCH/verify")"
	detach "$INDEX" || echo "afterwards: detach: $LINE"
	vhdxctl check -q "$1" >"$SCRATCH/check" 2>&1
	case $? in 0 | 3) ;; *) echo "check: $(tail -n 1 "$SCRATCH/check")" ;; esac
}

# --- a device ---------------------------------------------------------------------

ready() { [ "$(blockdev --getsz $NBD 2>/dev/null)" -gt 0 ]; }

# failing OPTION...: sets CHANGES, how many there were; prints what is wrong
failing() {
	local server
	rm -f "$JOURNAL"
	cp --sparse=always "$FRESH" "$FILE"
	nthfail "$@" "$FILE" $NBD >"$SCRATCH/changes" &
	server=$!
	wait_for 10 ready || echo "no device"
	load $NBD
	udevadm settle -t 30
	kill $server
	wait $server
	CHANGES=$(<"$SCRATCH/changes")
	afterwards "$FILE"
}

# each_change CLAIM OPTION...: until there are fewer
each_change() {
	local claim=$1 n wrong='' said tried=0 reasons=
	shift
	for ((n = ${PART%/*}; ; n += $(step 40))); do
		failing -n $n "$@" >"$SCRATCH/said" 2>&1
		said=$(<"$SCRATCH/said")
		tried=$((tried + 1))
		reasons+=$REASON$'\n'
		[ -z "$said" ] || { wrong+=" $n"; diag "change $n: $said"; }
		# that many there were not
		[ "$n" -le "${CHANGES:-0}" ] || break
	done
	diag "$tried of $n changes tried, a load of $LOAD operations, seed $SEED; then the disk was read-only because of:"
	diag "$(sort <<<"$reasons" | sed '/^$/d' | uniq -c)"
	is "$wrong" "" "P3, P7: $claim"
}

# changes NAME: of the image FRESH, put on a device that is larger
changes() {
	truncate -s 28M "$FRESH"
	failing >"$SCRATCH/said" 2>&1
	is "$(<"$SCRATCH/said")" "" "$1: without a fault nothing is wrong ($CHANGES changes)"
	failing -q -f -n $((CHANGES / 4)) >"$SCRATCH/said" 2>&1
	like "$(<"$SCRATCH/said")" afterwards "$1: a device that lies from some change on is noticed"
	each_change "$1: any one change of the device may fail"
	each_change "$1: and so may all from any one on" -f
}

# --- a file system without space --------------------------------------------------

# no_room PAGES: so many more than the image has; then some are added
no_room() {
	rm -f "$JOURNAL"
	mount -t tmpfs -o size=64M none "$HOST" || return
	cp --sparse=always "$FRESH" "$HOST/image.vhdx"
	mount -o remount,size=$(($(stat -c %b "$HOST/image.vhdx") / 2 + 4 * $1))k "$HOST"
	load "$HOST/image.vhdx"
	grep -q 'No space left' "$SCRATCH/writer" && FULL=$((FULL + 1))
	mount -o remount,size=64M "$HOST"
	afterwards "$HOST/image.vhdx"
	umount "$HOST"
}

# each_page NAME: of room for the image FRESH
each_page() {
	local n wrong='' said tried=0 FULL=0
	mkdir -p "$HOST"
	for ((n = ${PART%/*} - 1; n < 4096; n += $(step 60))); do
		no_room $n >"$SCRATCH/said" 2>&1
		said=$(<"$SCRATCH/said")
		tried=$((tried + 1))
		[ -z "$said" ] || { wrong+=" $n"; diag "$n pages: $said"; umount -q "$HOST" 2>/dev/null; }
		# enough
		[ "$REASON" != - ] || grep -qv ' 0 errors$' "$SCRATCH/writer" || break
	done
	diag "with 0 to $n pages of room, $tried tried, in $FULL of them there was too little for a write, seed $SEED"
	is "$wrong" "" "P3, P7: $1: the host's space may end anywhere"
}

# --- what it is tried with --------------------------------------------------------

# tried NAME COMMAND...: which makes FRESH
tried() {
	wanted "$1" || return
	rm -f "$FRESH"
	"${@:2}" || { not_ok "$1: made"; return; }
	each_page "$1"
	if modprobe nbd nbds_max=1 max_part=0; then
		changes "$1"
	else
		skip "$1: a failing device" "no nbd"
	fi
}

# Another run's data in part of the disk, of other block size
make_parent() {
	vhdxctl create -q --block-size=2M "$PARENT" 16M
	attach -n -w -o 2 "$PARENT" || return
	writer -s $((SEED + 1)) -n 60 -t 2 -b 65536 -j "$SCRATCH/parent.journal" "$DISK" >"$SCRATCH/writer" 2>&1
	dd if="$DISK" of="$SCRATCH/parent.raw" bs=1M status=none
	detach "$INDEX"
}

child() {
	local before
	make_parent || { not_ok "child: a parent" "$LINE"; return; }
	before=$(sha256sum <"$PARENT")
	PARENTS=("$PARENT") MODEL=("$SCRATCH/parent.raw")
	tried child vhdxctl snapshot -q --keep-mode --block-size=1M "$PARENT" "$FRESH"
	is "$(sha256sum <"$PARENT")" "$before" "P6: child: the parent is as it was"
}

tried disk vhdxctl create -q --block-size=1M "$FRESH" 16M
wanted child && child

finish
