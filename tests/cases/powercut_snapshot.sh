#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P3, P4, P6: no power cut during a live snapshot loses what was flushed. After a cut the newest
# file that can be attached counts, which is the child once there is one. It shows what was
# flushed, or something newer; its parents are in order, and stay as they are. Of two devices the
# judge looks at each cut; on file systems some states are attached.
#	VHDX_STATES=N		states judged
#	VHDX_CRASHES=N		states attached, on each file system
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"
# shellcheck source=../lib/recorder.bash
. "$(dirname "$0")/../lib/recorder.bash"

SIZE=16M
OPERATIONS=$((LONG ? 3000 : DEBUG ? 600 : 2000))	# not to be over when the snapshot comes
STATES=${VHDX_STATES:-$((LONG ? 100000 : DEBUG ? 200 : 1000))}
COUNT=${VHDX_CRASHES:-$((LONG ? 300 : DEBUG || SLICE ? 4 : 24))}
NAMES=(base.vhdx first.avhdx second.avhdx)
WHERE=$SCRATCH/mount
LOOK=$SCRATCH/look
mkdir -p "$WHERE" "$LOOK"

# entries_now NAME: how many are recorded
entries_now() { dmsetup status "$1" | cut -d ' ' -f 4; }

# recorded_more NAME ENTRIES: so many have come since there were RECORDED
recorded_more() { [ "$(entries_now "$1")" -ge $((RECORDED + $2)) ]; }

# moment NAME: a little later, by what is recorded: machines differ
moment() {
	RECORDED=$(entries_now "$1")
	wait_for 60 recorded_more "$1" $((RANDOM % 100 + 50))
}

# --- devices: each cut ------------------------------------------------------------

# part NAME FIRST-MIB: of what is recorded, a device of its own; sets PART
part() {
	must dmsetup create --noudevsync "$1" --table "0 $((DEVICE << 11)) linear $DEV $(($2 << 11))" || return
	defer dmsetup remove --noudevsync "$1"
	PART=/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")
	wait_for 10 test -b "$PART"
}

# two_devices NAME: side by side, the first with an image; sets DISK, PARENT and CHILD
two_devices() {
	image_on_device "$1" dynamic 1
	filled "$SCRATCH/behind" $((DEVICE << 20))
	cat "$SCRATCH/behind" >>"$INITIAL"
	cat "$SCRATCH/behind" >>"$SCRATCH/$1.device"
	recorder "$1" "$SCRATCH/$1.device" && part "$1-parent" 0 || return
	PARENT=$PART
	part "$1-child" $DEVICE || return
	CHILD=$PART
	writable "$PARENT"
}

# empty_child NAME: for the second, of what the first is in this session, which begins with a write
empty_child() {
	dd if=/dev/zero of="$DISK" bs=4k count=1 oflag=direct conv=fsync status=none
	cp "$PARENT" "$SCRATCH/$1.then"
	vhdxctl replay -q "$SCRATCH/$1.then"
	vhdxctl snapshot -q --keep-mode --block-size 1M "$SCRATCH/$1.then" "$SCRATCH/$1.child"
}

# The first MiB of the child comes last: what was on the device must not be taken for the rest of it.
put_body() { dd if="$SCRATCH/$1.child" of="$CHILD" bs=1M skip=1 seek=1 oflag=direct conv=fsync status=none; }
put_head() { dd if="$SCRATCH/$1.child" of="$CHILD" bs=64k count=16 oflag=direct conv=fsync status=none; }

# on_two_devices NAME WRITER-OPTION...: the child is made and taken while others write
on_two_devices() {
	local name=$1 pid
	JOURNAL=$SCRATCH/$name.journal
	two_devices "$name" || { not_ok "$name: attached" "$(<"$SCRATCH/stderr")"; return 1; }
	empty_child "$name"
	put_body "$name"
	writer -s "$SEED" -n "$OPERATIONS" -M "$OPERATIONS" -m "dm:$name" -j "$JOURNAL" "${@:2}" "$DISK" \
		>"$SCRATCH/writer.said" 2>&1 &
	pid=$!
	moment "$name"
	put_head "$name"
	LINE=$(ioctl snapshot "$INDEX" "$CHILD")
	is "$?/$(kill -0 $pid 2>/dev/null && echo at work)" "0/at work" \
		"$name: a snapshot, under a writer ($LINE)"
	if wait $pid; then pass "$name: a writer"; else not_ok "$name: a writer" "$(<"$SCRATCH/writer.said")"; fi
	diag "$(<"$SCRATCH/writer.said")"
	detach "$INDEX" || not_ok "$name: detached" "$LINE"
	wait_for 20 dmsetup remove --noudevsync "$name-parent"
	wait_for 20 dmsetup remove --noudevsync "$name-child"
	stop_recorder "$name"
	keep_recording
	[ -z "${VHDX_KEEP-}" ] || echo $((DEVICE << 20)) >"$VHDX_KEEP/$name.child"
}

judged() { judge -i "$INITIAL" -j "$JOURNAL" -l "$RECORDING" -s "$SEED" "$@"; }

# devices NAME WRITER-OPTION...
devices() {
	local DEVICE=44 said entries child
	child=$((DEVICE << 20))
	on_two_devices "$@" || return
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	# about so many as there is time for
	if said=$(judged -C $child -e $((3 * entries / STATES + 1)) 2>&1); then
		pass "P3, P4, P5: $1: no cut loses anything"
		diag "$said"
	else
		not_ok "P3, P4, P5: $1: no cut loses anything" "$said"
	fi
	ok "$1: a child that is left out would be noticed" not judged -N "$entries.0"
	ok "$1: and flushes that do nothing" not judged -C $child -T unflush:all -N "$entries.1"
	rm -f "$SCRATCH/$1".*
}

# --- file systems: some, attached ------------------------------------------------

# image_on KIND SIZE-IN-MIB: a file system with an image; sets INITIAL
image_on() {
	INITIAL=$SCRATCH/$1.initial
	truncate -s "$2M" "$INITIAL"
	host_fs "$1" "$INITIAL" >/dev/null 2>&1 && mount -o loop "$INITIAL" "$WHERE" || return
	vhdxctl create -q --block-size 1M "$WHERE/${NAMES[0]}" "$SIZE"
	umount "$WHERE"
	cp --sparse=always "$INITIAL" "$SCRATCH/$1.device"
}

# goes_on KIND NUMBER: in a child, between two marks
goes_on() {
	moment "$1"
	dmsetup message "$1" 0 mark "begin-$2"
	LINE=$(vhdxctl -q snapshot "$DISK" "$WHERE/${NAMES[$2]}" 2>&1) || return
	dmsetup message "$1" 0 mark "end-$2"
}

# recorded KIND: two snapshots while others write and flush
recorded() {
	local kind=$1 pid
	JOURNAL=$SCRATCH/$kind.writer		# of an image in a file system: nothing for judge-kept
	recorder "$kind" "$SCRATCH/$kind.device" && mount "$DEV" "$WHERE" || return
	defer umount -l "$WHERE"
	writable "$WHERE/${NAMES[0]}" || { not_ok "$kind: attached" "$(<"$SCRATCH/stderr")"; return 1; }
	writer -s "$SEED" -n "$OPERATIONS" -M "$OPERATIONS" -m "dm:$kind" -j "$JOURNAL" -t 4 -b 32768 \
		-f 6 -F 6 -d 6 -z 6 "$DISK" >"$SCRATCH/writer.said" 2>&1 &
	pid=$!
	goes_on "$kind" 1 && goes_on "$kind" 2
	is "$?/$(kill -0 $pid 2>/dev/null && echo at work)" "0/at work" \
		"$kind: two snapshots, under a writer ($LINE)"
	if wait $pid; then pass "$kind: a writer"; else not_ok "$kind: a writer" "$(<"$SCRATCH/writer.said")"; fi
	diag "$(<"$SCRATCH/writer.said")"
	detach "$INDEX" || not_ok "$kind: detached" "$LINE"
	umount "$WHERE"
	stop_recorder "$kind"
	keep_recording
}

# --- what a cut leaves ------------------------------------------------------------

# position MARK: entries before it
position() { makestate -i "$INITIAL" -l "$RECORDING" -m "$1"; }

# after CUT MARK: 1 if the mark is before the cut
after() { echo $(($1 > ${POSITION[$2]})); }

# The newest file that can be attached; sets FOUND, its number
attach_newest() {
	for ((FOUND = ${#NAMES[@]} - 1; FOUND >= 0; FOUND--)); do
		[ -e "$LOOK/${NAMES[FOUND]}" ] || continue
		LINE=$(vhdxctl attach "$@" "$LOOK/${NAMES[FOUND]}" 2>"$SCRATCH/stderr") ||
			{ LINE=$(<"$SCRATCH/stderr"); continue; }
		use "${LINE#/dev/vhdx}"
		return
	done
	return 1
}

parents_now() { [ "$FOUND" = 0 ] || (cd "$LOOK" && stat -c '%n %s %y' "${NAMES[@]:0:FOUND}"); }

# in_order_below NUMBER: that file and all that it depends on
in_order_below() {
	local name
	for name in "${NAMES[@]:0:$1 + 1}"; do
		in_order "$LOOK/$name" || { echo "$name is not in order"; return 1; }
	done
}

# look CUT OPTION...: prints what is wrong
look() {
	local cut=$1 before
	local least=$(($(after "$cut" end-1) + $(after "$cut" end-2)))
	local most=$(($(after "$cut" begin-1) + $(after "$cut" begin-2)))
	shift
	if ! attach_newest "$@"; then
		echo "no file can be attached: $LINE"
		return
	fi
	FINDS[FOUND]=$((FINDS[FOUND] + 1))
	before=$(parents_now)
	[ "$FOUND" -ge "$least" ] && [ "$FOUND" -le "$most" ] ||
		echo "${NAMES[FOUND]} was found, $LINE"
	verify -c "$AFTER:$BEFORE" "$DISK" "$JOURNAL" >"$SCRATCH/verify" 2>&1 || {
		echo "${NAMES[FOUND]}:"
		cat "$SCRATCH/verify"
	}
	detach "$INDEX" || echo "detach: $LINE"
	in_order_below "$FOUND"
	[ "$before" = "$(parents_now)" ] || echo "a parent was changed"
}

# state NUMBER: made, mounted, looked at; every other one for writing
state() {
	local marks option=()
	marks=$(makestate -i "$INITIAL" -l "$RECORDING" -s "$SEED" "$1" "$SCRATCH/state") || return
	read -r AFTER BEFORE <<<"$marks"
	[ $((TRIED % 2)) = 0 ] || option=(-r)
	mount -o loop "$SCRATCH/state" "$LOOK" || { echo "the file system does not recover"; return; }
	look "${1%.*}" "${option[@]}"
	umount "$LOOK" || echo "the file system stays in use"
}

# Each cut from a little before a snapshot until a while after it, and some of the others, as all or
# some of what was not flushed has arrived; as many as there is time for.
states() {
	local number cut last entries
	entries=$(makestate -i "$INITIAL" -l "$RECORDING")
	for number in 1 2; do
		last=$((POSITION[end-$number] + 80))
		for ((cut = POSITION[begin-$number] - 10; cut < last && cut <= entries; cut++)); do
			printf '%d.0\n%d.1\n%d.2\n' $cut $cut $cut
		done
	done | awk -v count="$COUNT" -v chance="$RANDOM" '{ line[NR] = $0 } END {
		every = NR > count ? NR / count : 1
		for (i = chance / 32768 * every; i < NR; i += every) print line[int(i) + 1] }'
	for ((number = 0; number < COUNT / 10; number++)); do random_state "$entries"; done
}

each_state() {
	local kind=$1 state mark wrong='' TRIED=0 FINDS=(0 0 0)
	local -A POSITION
	for mark in begin-1 end-1 begin-2 end-2; do POSITION[$mark]=$(position "$mark"); done
	for state in $(states); do
		state "$state" >"$SCRATCH/said" 2>&1
		TRIED=$((TRIED + 1))
		[ -s "$SCRATCH/said" ] || continue
		wrong+=" $state"
		diag "state $state, between marks $AFTER and $BEFORE: $(head -n 20 "$SCRATCH/said")"
		detach_all
		umount -q "$LOOK"
	done
	diag "$TRIED states, snapshots at entries ${POSITION[begin-1]} to ${POSITION[end-1]} and" \
		"${POSITION[begin-2]} to ${POSITION[end-2]}; the newest was ${FINDS[*]} times the first," \
		"second, third file; seed $SEED"
	is "$wrong" "" "P3, P4, P6: $kind: no cut loses anything"
}

# What was flushed is in the child.
child_is_missed() {
	local marks
	marks=$(makestate -i "$INITIAL" -l "$RECORDING" "$(makestate -i "$INITIAL" -l "$RECORDING").0" "$SCRATCH/state")
	read -r AFTER BEFORE <<<"$marks"
	mount -o loop "$SCRATCH/state" "$LOOK" && attach -n "$LOOK/${NAMES[0]}" || { not_ok "the last state"; return; }
	ok "$1: a child that is left out would be noticed" not verify -c "$AFTER:$BEFORE" "$DISK" "$JOURNAL"
	detach "$INDEX"
	umount "$LOOK"
}

# file_system KIND SIZE-IN-MIB
file_system() {
	image_on "$1" "$2" || { skip "$1" "no such file system here"; return; }
	recorded "$1" || return
	each_state "$1"
	child_is_missed "$1"
	rm -f "$SCRATCH/$1".*
}

modprobe -q dm-log-writes || skip_all "no dm-log-writes"
devices snapshot -t 4 -b 32768 -f 6 -F 6 -d 6 -z 6
if [ "$LONG" = 1 ]; then
	devices snapshot-first -D first -n 12000 -t 8 -d 0 -z 0 -b 16384
	devices snapshot-crowd -D hot -t 16 -d 10 -z 10 -f 8 -b 131072
	devices snapshot-flushes -t 4 -f 25 -F 15 -d 8 -z 8 -b 8192
fi
file_system ext4 128
[ "$LONG" = 0 ] || file_system xfs 320

finish
