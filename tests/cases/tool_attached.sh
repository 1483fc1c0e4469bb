#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P10: vhdxctl reports the files of attached disks truly, and destroys nothing unasked.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

HERE=$SCRATCH/images
POINT=$SCRATCH/mount
mkdir -p "$HERE" "$POINT"

# ctl ARGUMENT...: sets STATUS, OUT and CODE, the name of the error
ctl() {
	OUT=$(vhdxctl -J "$@" 2>"$SCRATCH/stderr")
	STATUS=$?
	CODE=$(sed -n 's/.*"code": *"\([A-Z_]*\)".*/\1/p' <<<"$OUT")
	SAID=$(<"$SCRATCH/stderr")
}

# up [OPTION...] IMAGE: attach by the tool; sets DISK and the like
up() {
	local device
	device=$(vhdxctl attach "$@" 2>"$SCRATCH/stderr") || return
	use "${device#/dev/vhdx}"
}

columns() { vhdxctl list -n --raw -o "$1" "${@:2}"; }

deleted() {
	local gone=$HERE/gone.vhdx
	vhdxctl create -q "$HERE/base.vhdx" 64M
	vhdxctl snapshot -q "$HERE/base.vhdx" "$gone"
	up "$gone" || { not_ok "a child is attached" "$(<"$SCRATCH/stderr")"; return; }
	is "$(columns RO,TEMP,DELETED,BACK-FILE "$DISK")" "0 0 0 $gone" "its file is what list shows"
	rm "$gone"
	is "$(columns RO,TEMP,DELETED,BACK-FILE "$DISK")" "0 0 1 $gone\\x20(deleted)" \
		"P10: an image deleted under its disk is shown as deleted, not as its parent"
	like "$(vhdxctl list -n "$DISK")" 'gone.vhdx \(deleted\)$' "the usual columns say so"
	like "$(vhdxctl info "$DISK" 2>&1)" 'its image was deleted' "info says why there is nothing to see"
	vhdxctl create -q "$gone" 32M
	ctl detach "$gone"
	is "$STATUS/$CODE" 1/NOT_ATTACHED "a new file of that name is another image"
	ctl detach "$DISK"
	is "$STATUS/$CODE" 5/IMAGE_DELETED "P10: detaching what would be lost is refused"
	like "$SAID" "its image was deleted: $gone \\(deleted\\); .*; copy the disk first, or use --force" \
		"it is said what is lost"
	ok "the disk is still there" test -b "$DISK"
	ctl detach --lazy "$DISK"
	is "$STATUS/$CODE" 5/IMAGE_DELETED "P10: with --lazy as well"
	ctl detach --force "$DISK"
	is "$STATUS" 0 "--force detaches it"
	rm "$gone"
}

deleted_parent() {
	local top=$HERE/top.avhdx
	vhdxctl create -q "$HERE/lost.vhdx" 64M
	vhdxctl snapshot -q "$HERE/lost.vhdx" "$top"
	up "$top" || return
	rm -f "$HERE/lost.vhdx"
	ctl detach "$top"
	is "$STATUS/$CODE" 5/PARENT_DELETED "P10: nor is a disk detached whose parent was deleted"
	like "$SAID" 'lost.vhdx, a parent of its image .*top.avhdx, was deleted' "both are named"
	ctl detach --force "$top"
	is "$STATUS" 0 "but by --force"
	rm -f "$top"
}

temporary() {
	local image=$HERE/image.vhdx
	vhdxctl create -q "$image" 64M
	up --temporary="$SCRATCH" "$image" || { not_ok "temporary" "$(<"$SCRATCH/stderr")"; return; }
	is "$(columns TEMP,DELETED,BACK-FILE "$DISK")" "1 0 $image" "a temporary disk was not deleted"
	like "$(vhdxctl list -n "$DISK")" 'image.vhdx \(temporary\)$' "the usual columns say that it is temporary"
	is "$(columns NAME "$image")" "$DISK" "list knows it by its image"
	ctl create --force "$image" 1M
	is "$STATUS/$CODE" 5/ATTACHED "P10: the image below it is not replaced"
	ctl detach "$image"
	is "$STATUS/$(grep -c "$NAME" <<<"$OUT")" 0/1 "and detach detaches it by its image"
	rm "$image"
}

became_parent() {
	local base=$HERE/live.vhdx child=$HERE/live.avhdx
	vhdxctl create -q "$base" 64M
	up "$base" || return
	vhdxctl snapshot -q "$DISK" "$child"
	is "$(columns NAME "$base")" "$DISK" "list IMAGE shows the disk of which it became a parent"
	ctl detach "$base"
	is "$STATUS/$CODE" 5/IS_PARENT "detach of what became a parent says so"
	like "$SAID" "is a parent of $child, which is attached as $DISK; to detach that: vhdxctl detach $DISK" \
		"and which disk needs it"
	ctl create --force "$base" 1M
	is "$STATUS/$CODE" 5/ATTACHED "P10: it is not replaced while a disk needs it"
	ctl attach "$base"
	ok "P6: nor attached for writing" test "$STATUS" != 0
	ctl detach "$child"
	is "$STATUS" 0 "the child is detached by its name"
}

several() {
	local first second image=$HERE/twice.vhdx point="$HERE/a mount point"
	mkdir "$point"
	vhdxctl create -q --block-size=1M "$image" 64M
	# udev may have it open exclusively for a moment, to read partitions
	up "$image" && wait_for 10 mke2fs -q -t ext4 "$DISK" ||
		{ not_ok "ext4 on a disk" "$(mke2fs -q -t ext4 "$DISK" 2>&1)"; return; }
	ctl detach "$DISK"
	is "$STATUS" 0 "an image gets two disks"
	up -r "$image" && first=$DISK && up -r "$image" && second=$DISK &&
		wait_for 10 mount -o ro,noload "$second" "$point" ||
		{ not_ok "one of them is mounted" "$(mount -o ro,noload "$second" "$point" 2>&1)"; return; }
	ctl detach "$image"
	is "$STATUS/$CODE" 5/DETACH_IN_USE "an image with two disks, one of them mounted, is not detached"
	like "$SAID" "umount '$point'" "the command that unmounts it is quoted for a shell"
	is "$(columns NAME | paste -sd' ')" "$first $second" "P10: and neither of them is gone"
	ctl detach "$first" "$SCRATCH/stderr"
	is "$STATUS/$CODE" 1/NOT_ATTACHED "nor is a disk that is named along with what is none"
	is "$(columns NAME | paste -sd' ')" "$first $second" "both are there"
	umount "$point"
	ctl detach "$image"
	is "$STATUS/$(columns NAME)" 0/ "when it is unmounted, both are detached"
}

twins() {
	local first=$HERE/one.vhdx second=$HERE/two.vhdx
	vhdxctl create -q "$first" 64M
	cp "$first" "$second"
	up -r "$first" && up -r "$second"
	like "$(<"$SCRATCH/stderr")" 'links in /dev/disk/by-id, by-uuid, by-label and by-partuuid point to only one of them' \
		"the warning about two disks with one id names all links"
	vhdxctl detach -q --all
}

deleted
deleted_parent
temporary
became_parent
several
twins

finish
