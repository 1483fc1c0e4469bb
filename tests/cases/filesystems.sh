#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Real file systems on a disk are the same after load, discard, and another attach. They are made,
# filled, put under load and checked; and checked again when another kernel attaches the image
# (tests/run cases -c).
#	VHDX_KINDS="ext4 ntfs"	only these; without much time two by chance, or one; none if some were
#				carried
#	VHDX_STRESS=SECONDS	of load on each
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

ALL='ext4 xfs btrfs ntfs'
STRESS=${VHDX_STRESS:-$((LONG ? 600 : 2))}
SIZE=$((LONG ? 6 : 1))G
POINT=$SCRATCH/mount
WHERE=$SCRATCH				# the images
[ ! -d "$DISKS/carried" ] || WHERE=$DISKS/carried
mkdir -p "$POINT"

# --- file systems -----------------------------------------------------------------

make_fs() {
	case $1 in
	ext4) mke2fs -q -t ext4 "$DISK" ;;
	ntfs) mkfs.ntfs -q -Q "$DISK" ;;
	*) "mkfs.$1" -q "$DISK" ;;
	esac
}

# In the kernel if it can, else by ntfs-3g
ntfs_driver() {
	modprobe -q ntfs3
	if grep -qw ntfs3 /proc/filesystems; then echo ntfs3; else echo ntfs-3g; fi
}

mount_fs() {
	local options=${2:-rw}
	[ "$1" = ntfs ] || { mount -t "$1" -o "$options" "$DISK" "$POINT"; return; }
	modprobe -q fuse
	if [ "$(ntfs_driver)" = ntfs3 ]; then
		mount -i -t ntfs3 -o "$options" "$DISK" "$POINT"
	else
		ntfs-3g -o "$options" "$DISK" "$POINT"
	fi
}

mounted_as() { awk -v point="$POINT" '$2 == point { print $3 }' /proc/mounts; }

# What ntfs-3g serves is gone a moment after umount has returned.
unmount_fs() {
	wait_for 60 umount "$POINT" && wait_for 60 not pgrep -x ntfs-3g
}

# Nothing is repaired. NTFS has no such tool; these look at its clusters and its log.
check_fs() {
	case $1 in
	ext4) e2fsck -fn "$DISK" ;;
	xfs) xfs_repair -n "$DISK" ;;
	btrfs) btrfs check --readonly "$DISK" ;;
	ntfs) ntfsfix -n "$DISK" && ntfsresize -i -f "$DISK" ;;
	esac
}

possible() {
	local tools=("mkfs.$1")
	[ "$1" != ntfs ] || tools+=(ntfsfix ntfsresize)
	have "${tools[@]}" || return
	if [ "$1" = ntfs ]; then
		[ "$(ntfs_driver)" = ntfs3 ] || have ntfs-3g
	else
		modprobe -q "$1" || grep -qw "$1" /proc/filesystems
	fi
}

# Many small blocks, or few large ones
block_size() {
	case $1 in xfs) echo 2M ;; btrfs) echo 1M ;; *) echo 32M ;; esac
}

# --- contents ---------------------------------------------------------------------

# The source tree that tests/cases/suite gives with time; else this checkout's.
unpack() {
	mkdir -p "$1"
	if [ -n "$(drive tree)" ]; then
		tar -C "$1" -xf "$(drive tree)"
	else
		tar -C "$ROOT" -cf - --exclude=build kmod userspace tests | tar -C "$1" -xf -
	fi
}

# Not all of stress-ng works on all of them, and that it cannot is not ours.
stressors() {
	case $1 in
	ntfs) echo dentry dir hdd rename ;;
	*) echo aiol dentry dir fallocate fpunch hdd link metamix rename seek symlink xattr ;;
	esac
}

# thrown_about KIND: several at a time, by turns
thrown_about() {
	local name options=()
	mkdir -p "$POINT/stress"
	have stress-ng || { skip "$1: a load of $STRESS s" "no stress-ng"; return; }
	for name in $(stressors "$1"); do
		! stress-ng --help | grep -q -e "--$name N" || options+=("--$name" 1)
	done
	LINE=$(cd "$POINT/stress" && timeout -k 30 $((4 * STRESS + 240)) stress-ng --temp-path . \
		--seed "$SEED" --timeout "${STRESS}s" --hdd-bytes 64M --fallocate-bytes 64M --verify \
		--metrics-brief "${options[@]}" 2>&1)
	case $? in
	0 | 3) pass "$1: $((${#options[@]} / 2)) stressors at a time for $STRESS s, seed $SEED" ;;
	*) not_ok "$1: $((${#options[@]} / 2)) stressors at a time for $STRESS s, seed $SEED" "$LINE" ;;
	esac
	diag "$(sed -n 's/^.*metrc: \[[0-9]*\] *\([a-z]* *[0-9]* *[0-9.]*\) .*/\1 s/p' <<<"$LINE" |
		awk 'NF == 4 { printf "%s %d, ", $1, $2 } END { print "operations" }')"
}

# A third of the files goes, and the space is given back; then they come once more.
filled() {
	ok "$1: a tree is unpacked" unpack "$POINT/tree"
	diag "$(find "$POINT/tree" -type f | wc -l) files of $(ls "$POINT/tree" | tr '\n' ' ')on $(mounted_as)"
	thrown_about "$1"
	find "$POINT/tree" -type f | awk 'NR % 3 == 0' | tr '\n' '\0' | xargs -0 rm -f
	[ "$1" = ntfs ] || ok "$1: trimmed" fstrim "$POINT"
	ok "$1: a tree is unpacked again" unpack "$POINT/again"
}

sums() { (cd "$POINT" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

# same KIND CLAIM: the files are those of the list
same() {
	sums >"$SCRATCH/sums.now"
	if cmp -s "$SCRATCH/sums.now" "$WHERE/$1.sums"; then
		pass "P3: $2: $(wc -l <"$SCRATCH/sums.now") files are the same"
	else
		not_ok "P3: $2" "$(diff "$WHERE/$1.sums" "$SCRATCH/sums.now" | head -n 20)"
	fi
}

# --- images -----------------------------------------------------------------------

image_in_order() {
	ok "P8: $1: vhdxctl check" vhdxctl check -q "$WHERE/$1.vhdx"
	ok "P8: $1: qemu-img check" qemu-img check -q "$WHERE/$1.vhdx"
}

# read_again KIND CLAIM
read_again() {
	ok "$2: nothing is wrong with it" check_fs "$1"
	ok "$2: mounted" mount_fs "$1" ro
	same "$1" "$2"
	diag "mounted as $(mounted_as)"
	unmount_fs
}

made() {
	local kind=$1 image=$WHERE/$1.vhdx
	rm -f "$WHERE/$kind".*
	vhdxctl create -q --block-size="$(block_size "$kind")" "$image" $SIZE
	attached "$kind: attached" -n -w -o 2 "$image" || return
	ok "$kind: made" make_fs "$kind"
	if ! mount_fs "$kind"; then
		not_ok "$kind: mounted" "$(log_since | tail)"
		detach "$INDEX"
		return
	fi
	filled "$kind"
	sums >"$WHERE/$kind.sums"
	unmount_fs
	ok "$kind: nothing is wrong with it" check_fs "$kind"
	ok "$kind: detached" detach "$INDEX"
	image_in_order "$kind"
	attached "$kind: attached again" -n "$image" || return
	read_again "$kind" "$kind"
	detach "$INDEX"
	uname -r >"$WHERE/$kind.kernel"
}

# What another kernel left
carried() {
	local kind=$1 claim
	claim="$kind, written under $(<"$WHERE/$kind.kernel"), under $(uname -r)"
	attached "$claim: attached" -n -w -o 2 "$WHERE/$kind.vhdx" || return
	read_again "$kind" "$claim"
	detach "$INDEX"
}

KINDS=${VHDX_KINDS-$ALL}
# shellcheck disable=SC2086 # words
[ "$LONG" = 1 ] || [ -n "${VHDX_KINDS-}" ] || KINDS=$(shuf -n $((SLICE ? 1 : 2)) -e --random-source=<(yes "$SEED") $ALL)
for kind in $ALL; do
	[ -e "$WHERE/$kind.kernel" ] || continue
	carried "$kind"
	[ "$LONG" = 1 ] || [ -n "${VHDX_KINDS-}" ] || KINDS=
done
for kind in $KINDS; do
	if possible "$kind"; then made "$kind"; else skip "$kind" "this kernel or machine has none"; fi
done

finish
