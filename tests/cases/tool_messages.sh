#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# vhdxctl names the cause of a failure, and the command that helps.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

IMAGE=$SCRATCH/image.vhdx

# tool ARGUMENT...: sets STATUS, OUT and ERR
tool() {
	vhdxctl "$@" >"$SCRATCH/.out" 2>"$SCRATCH/.err"
	STATUS=$?
	OUT=$(<"$SCRATCH/.out")
	ERR=$(<"$SCRATCH/.err")
}

# --- a replay into the file -------------------------------------------------------

replayed() {
	local name=dirty-tail-inside
	[ -e "$PRISTINE/good/$name.vhdx" ] || return
	cp --sparse=always "$PRISTINE/good/$name.vhdx" "$IMAGE"
	tool attach -r "$IMAGE"
	is "$STATUS $ERR" "0 " "a replay in memory changes nothing, and nothing is said"
	tool detach "$OUT"
	tool attach --temporary -J "$IMAGE"
	is "$STATUS $(jq -r .replayed.to <<<"$OUT")" "0 memory" "--temporary replays in memory, and the JSON says so"
	tool detach --all
	tool attach "$IMAGE"
	like "$STATUS $ERR" "^0 vhdxctl: $IMAGE: was not closed properly: its log \(entries: [1-9][0-9]*\) was replayed into the file$" \
		"attaching for writing says that the log was replayed into the file"
	is "$OUT" /dev/vhdx0 "and still prints nothing but the device on stdout"
	tool detach "$OUT"
	tool attach "$IMAGE"
	is "$STATUS $ERR" "0 " "once only"
	tool detach "$OUT"
	cp --sparse=always "$PRISTINE/good/$name.vhdx" "$IMAGE"
	tool attach -J "$IMAGE"
	is "$(jq -r '.replayed | "\(.image) \(.to) \(.entries > 0)"' <<<"$OUT")" "$IMAGE file true" "so does the JSON"
	tool detach --all
	cp --sparse=always "$PRISTINE/good/$name.vhdx" "$IMAGE"
	tool attach -q "$IMAGE"
	is "$STATUS $ERR" "0 " "-q does not"
	tool detach --all
}

# --- a file system that cannot be written -------------------------------------------

read_only_host() {
	local host=$SCRATCH/host
	mkdir -p "$host"
	mount -t tmpfs -o size=64M none "$host"
	defer umount "$host"
	vhdxctl create -q "$host/image.vhdx" 64M >/dev/null
	mount -o remount,ro "$host"
	tool attach -J "$host/image.vhdx"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 2/READ_ONLY_FILESYSTEM \
		"a read-only file system is no log to be replayed"
	like "$ERR" 'its file system is read-only.*attach -r' "and what to type is said"
	tool replay -J "$host/image.vhdx"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 2/READ_ONLY_FILESYSTEM "nor for replay"
	tool create -J "$host/new.vhdx" 64M
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 2/READ_ONLY_FILESYSTEM "nor for create"
	tool attach -r "$host/image.vhdx"
	is "$STATUS" 0 "attach -r works there"
	tool detach --all
}

# --- a disk's number ------------------------------------------------------------------

taken() {
	local option
	vhdxctl create -q "$SCRATCH/first.vhdx" 64M
	vhdxctl create -q "$SCRATCH/second.vhdx" 64M
	tool attach -i 0 "$SCRATCH/first.vhdx"
	for option in --dry-run --direct-io; do
		tool attach -J -i 0 $option "$SCRATCH/second.vhdx"
		is "$STATUS/$(jq -r .error.code <<<"$OUT")" 5/ATTACH_INDEX_TAKEN "attach $option: a number is taken"
		like "$ERR" "by $SCRATCH/first.vhdx; leave out --index.*: vhdxctl detach /dev/vhdx0$" \
			"attach $option: by which image, and what to do, is said"
	done
	tool detach --all
}

# What is written to the name of a disk that is not there becomes a file.
hidden() {
	rm -f /dev/vhdx0
	echo text >/dev/vhdx0
	tool attach -J "$SCRATCH/first.vhdx"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 5/NODE_TAKEN "attach: a file has the name of the disk's node"
	like "$ERR" "/dev/vhdx0: attached, but a file .*\(vhdxctl detach vhdx0\)" "attach: what to do is said"
	is "$(cat /dev/vhdx0)" text "P10: the file stays"
	tool detach vhdx0
	is "$STATUS" 0 "attach: the disk behind it is detached as the message says"
	rm -f /dev/vhdx0
}

# --- a snapshot of a disk that has no name to be a parent by --------------------------

nameless() {
	vhdxctl create -q "$SCRATCH/below.vhdx" 64M
	tool attach --temporary "$SCRATCH/below.vhdx"
	tool snapshot -J /dev/vhdx0 "$SCRATCH/child.avhdx"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 1/NAMELESS "a temporary disk has no snapshots"
	like "$ERR" "/dev/vhdx0: is a temporary disk.*vhdxctl snapshot $SCRATCH/below.vhdx CHILD" \
		"what it is, and what to do instead, is said"
	ok "and no child is left" not test -e "$SCRATCH/child.avhdx"
	tool detach --all
	tool attach "$SCRATCH/below.vhdx"
	rm "$SCRATCH/below.vhdx"
	tool snapshot -J /dev/vhdx0 "$SCRATCH/child.avhdx"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 1/NAMELESS "nor has one whose image was deleted"
	like "$ERR" "/dev/vhdx0: its image was deleted.*copy the disk before it is detached" "which is said"
	tool detach --force /dev/vhdx0
}

# --- what holds a disk ---------------------------------------------------------------

# held UUID NAME USE COMMAND: by a mapping of that kind
held() {
	ok "a mapping $2" dmsetup create "$2" --uuid "$1" --table "0 65536 linear $DISK 0"
	tool detach "$DISK"
	like "$STATUS $ERR" "^5 .*is in use \($3\); release it: $4; or use --lazy or --force$" \
		"what holds it, and the command that lets go: $4"
	dmsetup remove --retry "$2"
}

held_by() {
	local loop
	rm -f "$IMAGE"
	vhdxctl create -q "$IMAGE" 64M >/dev/null
	must attach -n -w -o 2 "$IMAGE" || return
	held LVM-abcdef vg--x-root 'logical volume vg--x-root of volume group vg-x' 'vgchange -an vg-x'
	held CRYPT-LUKS2-abcdef-secret secret 'encrypted volume secret' 'cryptsetup close secret'
	held "" plain 'mapping plain' 'dmsetup remove plain'
	dmsetup create below --table "0 65536 linear $DISK 0"
	dmsetup create above --table "0 65536 linear /dev/mapper/below 0"
	mke2fs -q -F /dev/mapper/above
	mkdir -p "$SCRATCH/mnt"
	mount /dev/mapper/above "$SCRATCH/mnt"
	tool detach "$DISK"
	like "$ERR" "release it: umount $SCRATCH/mnt && dmsetup remove above && dmsetup remove below; or" \
		"what stands on what: the commands are in the order that works"
	eval "$(sed -n 's/.*release it: \(.*\); or use.*/\1/p' <<<"$ERR")"
	is $? 0 "and they do"
	wait_for 5 not test -e /dev/mapper/below
	loop=$(losetup -f --show "$DISK")
	tool detach "$DISK"
	like "$ERR" "opened by $loop\); release it: losetup -d $loop; or" "a loop device on it is named"
	losetup -d "$loop"
	mkswap "$DISK" >/dev/null 2>&1
	swapon "$DISK"
	tool detach "$DISK"
	like "$ERR" "swap on $DISK\); release it: swapoff $DISK; or" "swap is named"
	swapoff "$DISK"
	ok "when all have let go it is detached" vhdxctl detach "$DISK"
}

# --- the module cannot be loaded --------------------------------------------------------

no_module() {
	local file
	file=$(modinfo -n vhdx)
	have setpriv || { skip "a module that may not be loaded" "no setpriv"; return; }
	must rmmod vhdx || return
	LINE=$(setpriv --bounding-set=-sys_module vhdxctl attach "$IMAGE" 2>&1)
	like "$? $LINE" '^2 .*root may not load modules here .*no CAP_SYS_MODULE, as in a container.*modprobe' \
		"a module that may not be loaded: why, and what to type"
	cp "$file" "$SCRATCH/module"
	# with versions of symbols the kernel compares only what comes after its release
	perl -0pi -e 's/vermagic=\S{11}/vermagic=0.0.0-other/; s/(vermagic=\S+ )SMP/$1XMP/' "$file"
	tool attach -J "$IMAGE"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 8/MODULE_VERSION "a module for another kernel has its own code"
	like "$ERR" "does not match kernel $(quote "$(uname -r)") .*it was built for 0.0.0-other.*make install" \
		"and its kernel is named, and what to type"
	cp "$SCRATCH/module" "$file"
	mv "$file" "$SCRATCH/module"
	depmod -a
	tool attach -J "$IMAGE"
	is "$STATUS/$(jq -r .error.code <<<"$OUT")" 8/MODULE_MISSING "no module has its own code"
	like "$ERR" "for the running kernel, $(quote "$(uname -r)") .*apt install linux-headers-$(quote "$(uname -r)")" "and what to install is said"
	cp "$SCRATCH/module" "$file"
	depmod -a
	ok "with the module back, it is loaded" modprobe vhdx
}

have jq || skip_all "no jq"
replayed
read_only_host
taken
hidden
nameless
held_by
no_module

finish
