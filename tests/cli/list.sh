#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# list and detach without a module, and list on a copy of sysfs with two disks.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"

if [ -e /dev/vhdx-control ]; then
	skip "nothing is attached where there is no module" "the module is there"
else
	run list
	is "$status/$out/$err" 0// "nothing attached is an empty list, and no failure"
	run list -J
	is "$(json '.vhdx | length')" 0 "nothing attached is an empty array"
	run list vhdx0
	exits 1 "a disk that is named must be there"
	like "$err" '^vhdxctl: vhdx0: not attached$' "and is named in the message"
	run detach vhdx0 -J
	is "$status/$(json .error.code)" 1/NOT_ATTACHED "what is not attached cannot be detached"
	: >"$TMP/image"
	run detach "$TMP/image"
	like "$err" '/image: not attached$' "nor by the name of its image"
	run detach "$TMP/absent"
	like "$err" '/absent: cannot find \(' "an image that does not exist is another matter"
	run detach --all
	is "$status/$out" 0/ "detaching all of nothing succeeds"
	run list /dev/null "$TMP" ''
	exits 1 "neither a character device nor a directory is a disk"
fi

# disk N SECTORS IMAGE: what the kernel would show
disk() {
	local dir=$TMP/root/sys/block/vhdx$1

	mkdir -p "$dir"/{queue,vhdx,holders} "$dir/vhdx$1p1"
	echo "259:$((8 * $1))" >"$dir/dev"
	echo "259:$((8 * $1 + 1))" >"$dir/vhdx$1p1/dev"
	echo 1 >"$dir/vhdx$1p1/partition"
	echo "$2" >"$dir/size"
	echo 1 >"$dir/ro"
	echo $((40 + $1)) >"$dir/diskseq"
	echo 512 >"$dir/queue/logical_block_size"
	echo 4096 >"$dir/queue/physical_block_size"
	printf '%s\n' "$3" >"$dir/vhdx/backing_file"
	echo dynamic >"$dir/vhdx/type"
	echo 33554432 >"$dir/vhdx/block_size"
	echo 0 >"$dir/vhdx/autoclear"
	echo 1 >"$dir/vhdx/partscan"
	echo 1 >"$dir/vhdx/dio"
	echo 2 >"$dir/vhdx/parents"
	echo 0 >"$dir/vhdx/temporary"
	echo 0 >"$dir/vhdx/deleted"
	echo d38d4f63-596a-467e-b103-506dab1b3208 >"$dir/vhdx/disk_id"
	echo 0x60022480634f8dd36a59506dab1b3208 >"$dir/vhdx/wwn"
}

: >"$TMP/a file"
disk 0 2097152 "$TMP/a file"
disk 12 20480 /gone/image.vhdx
disk 2 3000000 /srv/two.vhdx
mkdir -p "$TMP/root/sys/block/loop0/loop" "$TMP/root/sys/block/vhdx3" "$TMP/root/proc/self"
cat >"$TMP/root/proc/self/mountinfo" <<'MOUNTS'
30 1 8:1 / / rw - ext4 /dev/sda1 rw
31 30 259:1 / /mnt/one rw - ext4 /dev/vhdx0p1 rw
32 30 0:55 / /mnt/btr\040fs rw - btrfs /dev/vhdx0p1 rw
33 30 259:96 / /mnt/twelve rw - xfs /dev/vhdx12 rw
MOUNTS

run list --sysroot "$TMP/root"
exits 0 "list shows a tree that looks like sysfs"
is "$(awk '{ print $1 }' "$TMP/.out" | paste -sd' ')" "NAME /dev/vhdx0 /dev/vhdx2 /dev/vhdx12" \
	"disks are in the order of their numbers, others are not shown"
is "$(sed -n 1p "$TMP/.out" | xargs)" "NAME SIZE RO TYPE PARENTS BACK-FILE" "the usual columns"
run list --sysroot "$TMP/nothing"
is "$status $err" "1 vhdxctl: $TMP/nothing: cannot find (No such file or directory)" "a --sysroot that does not exist is no empty list"
run list --sysroot "$TMP/root" -no NAME,SIZE vhdx12 /dev/vhdx0
is "$(xargs <"$TMP/.out")" "/dev/vhdx12 10M /dev/vhdx0 1G" "disks are shown in the order named"
run list --sysroot "$TMP/root" -nbo size,back-file --raw vhdx0
is "$out" "1073741824 $TMP/a\\x20file" "--raw protects blanks, --bytes gives bytes"
run list --sysroot "$TMP/root" -no +WWN vhdx2p1
like "$out" '/dev/vhdx2 .* 0x60022480634f8dd36a59506dab1b3208$' \
	"a partition stands for its disk, and + adds a column"
run list --sysroot "$TMP/root" -no SIZE vhdx2
is "$(xargs <"$TMP/.out")" 1.4G "sizes have one decimal"
run list --sysroot "$TMP/root" --output-all
is "$(sed -n 1p "$TMP/.out" | wc -w)" 22 "--output-all shows all columns"
run list --sysroot "$TMP/root" -J
is "$(json '.vhdx[0] | "\(.name) \(."maj:min") \(.diskseq) \(.size) \(.ro) \(.parents)"')" \
	"/dev/vhdx0 259:0 40 1073741824 true 2" "JSON has numbers as numbers and booleans as booleans"
is "$(json '.vhdx[0].mountpoints | join(",")')" "/mnt/one,/mnt/btr fs" \
	"mount points of partitions are found by number, and by name where there is no number"
is "$(json '.vhdx[0]["back-ino"]')" "$(stat -c %i "$TMP/a file")" "the image's inode is shown"
is "$(json '.vhdx[2]["back-ino"]')" null "or null if the image cannot be seen"
run list --sysroot "$TMP/root" -J vhdx0 vhdx99
is "$status/$(json '.vhdx | length')/$(json .error.code)" 1/1/NOT_ATTACHED \
	"what is there is shown even if something is missing"
for name in vhdx vhdx00 vhdx-1 vhdx0x vhdx0p vhdx0p1x vhdx99999999999 vhdx3 loop0; do
	run list --sysroot "$TMP/root" "$name"
	case $name in
	vhdx0p) exits 1 "$name is no name of a partition" ;;
	*) exits 1 "$name is no name of a disk" ;;
	esac
done

# parents N PATH...: what the kernel would show of them
parents() {
	printf '%s\n' "${@:2}" >"$TMP/root/sys/block/vhdx$1/vhdx/parent_files"
	echo $(($# - 1)) >"$TMP/root/sys/block/vhdx$1/vhdx/parents"
}

disk 20 2048 '/var/tmp/#8193 (deleted)'
echo 1 >"$TMP/root/sys/block/vhdx20/vhdx/temporary"
parents 20 "$TMP/a file" /srv/base.vhdx
run list --sysroot "$TMP/root" -J vhdx20 vhdx0
is "$(json '[.vhdx[].temp] | join(",")')" true,false "a disk whose image has no name is temporary"
is "$(json '.vhdx[0]["back-file"]')" "$TMP/a file" "its image is the first parent"
is "$(json '.vhdx[0]["back-ino"]')" "$(stat -c %i "$TMP/a file")" "whose inode is shown as well"
run list --sysroot "$TMP/root" -n -o BACK-FILE vhdx20
is "$out" "$TMP/a file (temporary)" "people see in the same column that it is temporary"
disk 21 2048 '/srv/gone.vhdx (deleted)'
echo 1 >"$TMP/root/sys/block/vhdx21/vhdx/deleted"
parents 21 "$TMP/a file"
run list --sysroot "$TMP/root" -n --raw -o TEMP,DELETED,BACK-FILE vhdx21
is "$out" '0 1 /srv/gone.vhdx\x20(deleted)' "P10: an image that was deleted is named as it was, not by its parent"
run list --sysroot "$TMP/root" -n vhdx21
like "$out" '/srv/gone.vhdx \(deleted\)$' "which the usual columns say as well"
run list --sysroot "$TMP/root" -n --raw -o NAME "$TMP/a file"
is "$(paste -sd' ' "$TMP/.out")" "/dev/vhdx0 /dev/vhdx20 /dev/vhdx21" \
	"an image stands for all disks that show it or have it as a parent"
run list --sysroot "$TMP/root" "$TMP/.err"
like "$err" '/.err: not attached$' "any other file is not attached"
run list --sysroot "$TMP/root" "$TMP/absent"
like "$err" '/absent: cannot find \(' "a file that does not exist is another matter"
parents 21

disk 23 2048 '/srv/leaf.avhdx'
parents 23 '/srv/two\012lines.vhdx' '/srv/a\134012.vhdx'
run list --sysroot "$TMP/root" --tree -J vhdx23
is "$(json '.vhdx[0] | [.. | ."back-file"? // empty] | .[1:] | tojson')" '["/srv/two\nlines.vhdx","/srv/a\\012.vhdx"]' \
	"names of parents are what they are, with ends of lines or backslashes in them"

disk 22 2048 '/srv/leaf.avhdx'
parents 22 "/srv/the middle.avhdx" /srv/base.vhdx
run list --sysroot "$TMP/root" --tree -J vhdx22 vhdx21 vhdx12
is "$(json '.vhdx[0] | [.. | ."back-file"? // empty] | join(",")')" \
	"/srv/leaf.avhdx,/srv/the middle.avhdx,/srv/base.vhdx" "--tree nests parents in JSON, the nearest first"
is "$(json '.vhdx[0].children[0].children | tojson')" '[{"name":"parent","ro":true,"back-file":"/srv/base.vhdx"}]' \
	"a parent has a file, which is read-only, and nothing of a disk"
is "$(json '.vhdx[1:] | map(has("children")) | any')" false "a disk without parents has no children in JSON"
run list --sysroot "$TMP/root" -J vhdx22
is "$(json '.vhdx[0] | has("children")')" false "without --tree no disk has children in JSON"
LC_ALL=C run list --sysroot "$TMP/root" --tree -no SIZE,NAME,RO,BACK-FILE,NAME vhdx22
is "$(sed 's| *[01] /srv.*||' "$TMP/.out" | tr '\n' '|')" '  1M /dev/vhdx22|   - `-parent|   -   `-parent|' \
	"--tree draws branches in NAME, the first one"
run list --sysroot "$TMP/root" --tree -no BACK-FILE vhdx22 vhdx2
is "$(cat "$TMP/.out")" $'/srv/leaf.avhdx\n/srv/the middle.avhdx\n/srv/base.vhdx\n/srv/two.vhdx' \
	"without NAME there are only the lines"
run list --sysroot "$TMP/root" --tree --raw -no NAME,PARENTS,BACK-FILE vhdx22
is "$(cat "$TMP/.out")" '/dev/vhdx22 2 /srv/leaf.avhdx
parent - /srv/the\x20middle.avhdx
parent - /srv/base.vhdx' "with --raw as well, and each has all its words"
run list --sysroot "$TMP/root" --tree -J vhdx20
is "$(json '.vhdx[0] | [."back-file", .children[0]."back-file"] | unique | length')" 1 \
	"the parents of a temporary disk begin with its image"

done_testing
