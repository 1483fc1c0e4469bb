#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A live snapshot changes nothing for the users of a disk, and the old image stays as it was then.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

SNAPSHOTS=$((LONG ? 50 : DEBUG ? 4 : SLICE ? 2 : 6))
OPERATIONS=$((LONG ? 60000 : DEBUG ? 2400 : SLICE ? 1600 : 4000))
HELD=()

# writable FILE: attached for writing; sets DISK
writable() {
	local device
	device=$(vhdxctl attach "$1" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

# snapshot CHILD: of DISK, by vhdxctl; what it said is in LINE
snapshot() {
	LINE=$(vhdxctl -v snapshot "$DISK" "$1" 2>&1) || return
	HELD+=("$(sed -n 's/.*held for \([0-9.]*\) ms.*/\1/p' <<<"$LINE")")
}

# snapshots NAME: as many as there are to be, at moments of chance while PID runs
snapshots() {
	local i
	for ((i = 1; i <= SNAPSHOTS; i++)); do
		sleep "0.$((RANDOM % (SLICE ? 2 : 6)))$((RANDOM % 10))"
		snapshot "$SCRATCH/$1-$i.avhdx" || return
	done
}

held() {
	diag "I/O was held for $(printf '%s\n' "${HELD[@]}" | sort -n | sed -n '1p;$p' | paste -sd -) ms," \
		"${#HELD[@]} times; $(nproc) processors"
}

# clean_all NAME: nothing is wrong with any file of the chain
clean_all() {
	local file
	for file in "$SCRATCH/$1"*.vhdx "$SCRATCH/$1"-*.avhdx; do
		vhdxctl check -q "$file" || return
	done
}

# --- under a writer with a journal of what must be there ------------------------------

under_a_writer() {
	local pid
	vhdxctl create -q --block-size 1M "$SCRATCH/load.vhdx" 64M
	writable "$SCRATCH/load.vhdx" || return
	writer -s "$SEED" -n "$OPERATIONS" -t 4 -d 8 -z 8 -j "$SCRATCH/journal" "$DISK" \
		>"$SCRATCH/writer" 2>&1 &
	pid=$!
	if snapshots load; then
		pass "$SNAPSHOTS snapshots are made while four threads write, discard and zero"
	else
		not_ok "$SNAPSHOTS snapshots are made while four threads write, discard and zero" "$LINE"
	fi
	is "$(kill -0 $pid 2>/dev/null && echo running)" running \
		"all of them while the writers were at work"
	if wait $pid; then
		pass "no write failed, none was lost"
	else
		not_ok "no write failed, none was lost" "$(<"$SCRATCH/writer")"
	fi
	held
	ok "the disk shows what was written" verify "$DISK" "$SCRATCH/journal"
	is "$(<"$SYS/vhdx/parents")" "$SNAPSHOTS" "it has as many parents as there were snapshots"
	detach "$INDEX"
	writable "$SCRATCH/load-$SNAPSHOTS.avhdx"
	ok "and shows it when it is attached again" verify "$DISK" "$SCRATCH/journal"
	detach "$INDEX"
	ok "every file of the chain is clean" clean_all load
}

# --- parents are what they were ---------------------------------------------------------

# content FILE: what a disk of it shows
content() {
	local sum device
	device=$(vhdxctl attach -r "$1" 2>"$SCRATCH/stderr") || { cat "$SCRATCH/stderr"; return; }
	sum=$(sha256sum <"$device")
	vhdxctl detach "$device" >/dev/null
	echo "$sum"
}

parents_stay() {
	local before i
	vhdxctl create -q "$SCRATCH/still.vhdx" 40M
	writable "$SCRATCH/still.vhdx" || return
	for i in 1 2 3; do
		dd if=/dev/urandom of="$DISK" bs=64k seek=$((i * 7)) count=40 oflag=direct status=none
		before[i]=$(sha256sum <"$DISK")
		snapshot "$SCRATCH/still-$i.avhdx"
	done
	dd if=/dev/urandom of="$DISK" bs=1M count=30 oflag=direct status=none
	ok "P6: a parent in use cannot be attached for writing" not vhdxctl attach \
		"$SCRATCH/still.vhdx"
	detach "$INDEX"
	is "$(content "$SCRATCH/still.vhdx")" "${before[1]}" "the first image is as of its snapshot"
	is "$(content "$SCRATCH/still-1.avhdx")" "${before[2]}" "so is the second"
	is "$(content "$SCRATCH/still-2.avhdx")" "${before[3]}" "so is the third"
}

# --- under a file system -----------------------------------------------------------------

busy() {
	local i
	for ((i = 0; ; i++)); do
		head -c $((RANDOM % 60000)) /dev/urandom >"$1/$((i % 40))" 2>"$SCRATCH/busy" || break
		[ $((i % 10)) != 0 ] || sync "$1/$((i % 40))" || break
		[ ! -e "$SCRATCH/enough" ] || break
	done
}

recovers() {
	local device file=$1 status
	device=$(vhdxctl attach -r "$file") || return
	dd if="$device" of="$SCRATCH/fs" bs=1M conv=sparse status=none
	vhdxctl detach "$device" >/dev/null
	e2fsck -fp "$SCRATCH/fs" >"$SCRATCH/fsck" 2>&1
	status=$?
	[ $status -le 1 ] && e2fsck -fn "$SCRATCH/fs" >>"$SCRATCH/fsck" 2>&1
}

under_a_file_system() {
	local i bad=0 pid
	vhdxctl create -q "$SCRATCH/fs.vhdx" 128M
	writable "$SCRATCH/fs.vhdx" || return
	must mkfs.ext4 -q "$DISK" && mkdir -p "$SCRATCH/mnt" && must mount "$DISK" "$SCRATCH/mnt" || return
	defer umount "$SCRATCH/mnt"
	busy "$SCRATCH/mnt" &
	pid=$!
	HELD=()
	if snapshots fs; then
		pass "$SNAPSHOTS snapshots are made below a file system in use"
	else
		not_ok "$SNAPSHOTS snapshots are made below a file system in use" "$LINE"
	fi
	touch "$SCRATCH/enough"
	wait $pid
	is "$(<"$SCRATCH/busy")" "" "its writer saw no error"
	held
	is "$(vhdxctl snapshot "$DISK" "$SCRATCH/mnt/child" 2>&1 | grep -c 'on the disk itself')" 1 \
		"P7: a child on the disk itself is refused"
	umount "$SCRATCH/mnt"
	detach "$INDEX"
	for file in "$SCRATCH/fs.vhdx" "$SCRATCH"/fs-*.avhdx; do
		recovers "$file" || { bad=$((bad + 1)); diag "$file: $(<"$SCRATCH/fsck")"; }
	done
	is $bad 0 "the file system of each parent recovers to its moment"
}

# --- what is refused ------------------------------------------------------------------------

# not_made CLAIM CHILD: it is refused; why is in LINE
not_made() {
	if snapshot "$2"; then not_ok "$1" "it was made"; else pass "$1"; fi
}

refused() {
	vhdxctl create -q "$SCRATCH/no.vhdx" 40M
	attached "it is attached read-only" "$SCRATCH/no.vhdx" || return
	not_made "a disk attached read-only has no snapshots" "$SCRATCH/no.avhdx"
	like "$LINE" read-only "which is said"
	ok "and no child is left" not test -e "$SCRATCH/no.avhdx"
	detach "$INDEX"
	writable "$SCRATCH/no.vhdx"
	touch "$SCRATCH/there.avhdx"
	ok "a file that exists is not replaced" not snapshot "$SCRATCH/there.avhdx"
	ok "the disk goes on all the same" dd if=/dev/zero of="$DISK" bs=1M count=1 oflag=direct \
		status=none
	detach "$INDEX"
}

# --- a file that the child replaces -----------------------------------------------------------

# former FILE: an image to be replaced; sets FORMER, what it is like
former() {
	rm -f "$1" && vhdxctl create -q "$1" 8M && FORMER=$(sha256sum <"$1")
}

# beside NAME: what is called so in passing
beside() { find "$SCRATCH" -name ".$1.*"; }

# interrupted: at some change of a file that vhdxctl makes; then all is as before
replacing_is_interrupted() {
	local step bad='' old=$SCRATCH/old.avhdx
	if ! have cc || ! cc -shared -fPIC -o "$SCRATCH/faults.so" "$ROOT/tests/cli/faults.c" -ldl; then
		skip "P10: snapshot --force that is interrupted leaves the file it was to replace" "no compiler"
		return
	fi
	for ((step = 1; step < 30; step++)); do
		LD_PRELOAD=$SCRATCH/faults.so INTERRUPT_AT=$step vhdxctl snapshot --force "$DISK" "$old" \
			2>"$SCRATCH/stderr"
		case $? in
		0) break ;;
		130) ;;
		*) bad+=" $step: $(<"$SCRATCH/stderr")" ;;
		esac
		[ "$(sha256sum <"$old")" = "$FORMER" ] && [ -z "$(beside old.avhdx)" ] &&
			[ "$(attr backing_file)" = "$SCRATCH/no.vhdx" ] || bad+=" $step"
	done
	is "$bad/$((step > 5 && step < 30))" /1 \
		"P10: snapshot --force that is interrupted leaves the file it was to replace"
	is "$(attr backing_file)" "$old" "one that succeeds replaces it"
	is "$(beside old.avhdx)" "" "and deletes it"
}

replacing() {
	local pid old=$SCRATCH/old.avhdx
	former "$old"
	attached "it is attached read-only" "$SCRATCH/no.vhdx" || return
	ok "the kernel refuses a snapshot" not vhdxctl snapshot --force "$DISK" "$old"
	is "$(sha256sum <"$old")" "$FORMER" "P10: the file that its child was to replace is as before"
	is "$(beside old.avhdx)" "" "and nothing is left beside it"
	ln -s old.avhdx "$SCRATCH/link.avhdx"
	ok "it refuses one by a link" not vhdxctl snapshot --force "$DISK" "$SCRATCH/link.avhdx"
	is "$(readlink "$SCRATCH/link.avhdx") $(sha256sum <"$old")" "old.avhdx $FORMER" \
		"P10: the link and its file are as before"
	detach "$INDEX"
	writable "$SCRATCH/no.vhdx" || return
	replacing_is_interrupted
	detach "$INDEX"
}

# In whatever moment vhdxctl dies: the disk's child has its name, and the former file is there.
replacing_is_killed() {
	local old=$SCRATCH/killed.avhdx pid
	vhdxctl create -q "$SCRATCH/kill.vhdx" 40M
	former "$old"
	writable "$SCRATCH/kill.vhdx" || return
	delay swap_done 2000
	vhdxctl snapshot --force "$DISK" "$old" &
	pid=$!
	wait_for 20 grep -qxF "$old" "$SYS/vhdx/backing_file"
	kill -KILL $pid
	wait $pid 2>"$SCRATCH/stderr"
	delay swap_done 0
	is "$(attr backing_file)" "$old" \
		"P10: when vhdxctl is killed, the child that the disk went on in has its name"
	is "$(sha256sum <"$(beside killed.avhdx)")" "$FORMER" "and the file that it replaced is beside it"
	detach "$INDEX"
}

# As many files as attach takes, and one more
too_deep() {
	local number files=()
	for number in {1..256}; do
		files+=("$SCRATCH/deep/parent_depth.$number.vhdx")
	done
	mkdir -p "$SCRATCH/deep"
	cp --sparse=always "$PRISTINE"/bad/parents/parent_depth.*.vhdx "$SCRATCH/deep/"
	attached "256 files are attached" -n -w -o 2 "${files[@]}" || return
	cp "${files[0]}" "$SCRATCH/deep/child.vhdx"
	LINE=$(ioctl snapshot "$INDEX" "$SCRATCH/deep/child.vhdx")
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" EOPNOTSUPP/707 \
		"a snapshot that could not be attached again is refused"
	not_made "and by the tool, with its reason" "$SCRATCH/deep/child.avhdx"
	like "$LINE" "256 files" "which is said"
	detach "$INDEX"
}

# A process that had the image open for writing before a snapshot has it afterwards.
writer_at_a_parent() {
	local other
	vhdxctl create -q "$SCRATCH/shared.vhdx" 40M
	writable "$SCRATCH/shared.vhdx" || return
	log_mark
	snapshot "$SCRATCH/alone.avhdx"
	is "$(log_since 'open for writing')" "" "nothing is said of a parent that nothing else has open"
	detach "$INDEX"
	vhdxctl create -q "$SCRATCH/shared2.vhdx" 40M
	writable "$SCRATCH/shared2.vhdx" || return
	exec {other}<>"$SCRATCH/shared2.vhdx"
	LINE=$(vhdxctl -v snapshot "$DISK" "$SCRATCH/written.avhdx" 2>&1)
	ok "a snapshot succeeds although another process has the image open for writing" test $? = 0
	like "$(log_since 'open for writing')" 'new parent shared2\.vhdx is open for writing' "the kernel's log names it"
	exec {other}>&-
	detach "$INDEX"
}

modprobe vhdx
under_a_writer
writer_at_a_parent
parents_stay
under_a_file_system
refused
replacing
replacing_is_killed
too_deep

finish
