#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# Images that Windows, QEMU and others made show what other readers see in them.
# shellcheck source=../lib/guest.bash disable=SC2317  # functions are called by name
. "$(dirname "$0")/../lib/guest.bash"

# What the host found out with another reader, and checked against the manifest.
reads_right() {
	local name=$1 model=$MODELS/samples/${1%.vhdx}.raw
	if ! attach "$IMAGES/samples/$name"; then
		not_ok "$name is attached" "$LINE"
		return
	fi
	pass "$name is attached"
	case $(attr replayed) in
	0) is "$(attr replayed_to)" - "$name: no log was replayed" ;;
	*) is "$(attr replayed_to)" memory "P1: $name: its log was replayed in memory" ;;
	esac
	ok "$name: every byte is that of content_sha256" blkcmp "$DISK" "$model"
	ok "$name: random direct reads" randread -s "$SEED" -n 200 "$DISK" "$model"
	ok "$name: random reads through the page cache" \
		randread -m buffered -s "$SEED" -n 100 -b 65536 "$DISK" "$model"
	ok "$name is detached" detach "$INDEX"
}

# column NAME: its number in the manifest
column() { head -n 1 "$IMAGES/samples/MANIFEST.tsv" | tr '\t' '\n' | grep -nx "$1" | cut -d : -f 1; }

# content NAME: the hash of its disk
content() {
	awk -F '\t' -v name="$1" -v n="$(column content_sha256)" '$1 == name { print $n }' \
		"$IMAGES/samples/MANIFEST.tsv"
}

hash_of_disk() { dd if="$DISK" bs=1M "$@" status=none | sha256sum | cut -d ' ' -f 1; }

# child_reads_right NAME PARENT
child_reads_right() {
	local file=$IMAGES/samples/$1 parent=$IMAGES/samples/$2
	attached "$1 is attached over $2" "$file" "$parent" || return
	is "$(attr type)" differencing "$1: is a differencing disk"
	is "$(hash_of_disk iflag=direct)" "$(content "$1")" "$1: every byte is that of content_sha256"
	is "$(hash_of_disk)" "$(content "$1")" "$1: and through the page cache"
	ok "$1 is detached" detach "$INDEX"
}

# refused NAME REASON ERRNO [OPTION OPTION-OF-TOOL]
refused() {
	if attach ${4:+"$4"} "$IMAGES/samples/$1"; then
		not_ok "P2: $1 is refused" "it was attached"
		detach "$INDEX"
		return
	fi
	is "$(field "$LINE" errno)/$(field "$LINE" reason)" "$3/$2" "P2: $1 is refused with its reason"
	# the tool looks for parents, and finds them
	[ "$2" != 702 ] || return 0
	like "$(vhdxctl attach -r ${5:+"$5"} "$IMAGES/samples/$1" 2>&1)" \
		"$(quote "$(said "$LINE")")" "$1: vhdxctl says the same"
}

NAMES=(btrfs ext2 fat-differential fat-parent iotest-dirtylog-10G-4M iotest-dynamic-1G
	ntfs-dynamic ntfs-fixed swap test-disk2vhd)
present=()
for name in "${NAMES[@]}"; do
	file=$name.vhdx
	if [ ! -e "$IMAGES/samples/$file" ]; then
		skip "$file" "the real images are not here"
		continue
	fi
	present+=("samples/$file")
	case $name in
	iotest-dirtylog-10G-4M)
		refused "$file" 206 EROFS -R --replay=refuse
		reads_right "$file"
		;;
	fat-differential)
		refused "$file" 702 EOPNOTSUPP
		child_reads_right "$file" fat-parent.vhdx
		;;
	*) reads_right "$file" ;;
	esac
done
[ ${#present[@]} = 0 ] || untouched "all samples are as they were" "${present[@]}"

finish
