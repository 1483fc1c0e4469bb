#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The right parent is found wherever it may be, and no other file is taken for it.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"

A=aaaaaaaa-0000-4000-8000-000000000001
B=bbbbbbbb-0000-4000-8000-000000000002
C=cccccccc-0000-4000-8000-000000000003
NULL=00000000-0000-0000-0000-000000000000

image() { "$CLI_HERE/chain-image" one "$@"; }

# parents ARGUMENT...: of a dry run, as a list
parents() {
	run attach -r --dry-run -J "$@"
	json '.image.parents // [] | join(" ")'
}

cd "$TMP" || exit 1
mkdir vms vms/snap vms/Sub elsewhere
image vms/base.vhdx guid=$A
image vms/snap/child.vhdx guid=$B parent_linkage="{$A}" 'relative_path=..\base.vhdx' \
	'absolute_win32_path=C:\Virtual Machines\Base.VHDX' \
	'volume_path=\\?\Volume{12345678-0000-0000-0000-000000000000}\x\base.vhdx'

# By the relative path
is "$(parents vms/snap/child.vhdx)" vms/snap/../base.vhdx "a relative path may lead upwards"
is "$(cd vms/snap && parents child.vhdx)" ./../base.vhdx "it starts from the directory of the child"
ln -s ../vms/snap/child.vhdx elsewhere/link.vhdx
like "$(parents elsewhere/link.vhdx)" '/vms/snap/../base.vhdx$' \
	"of the child itself, not of a link to it"
mv vms/base.vhdx vms/BASE.vhdx
is "$(parents vms/snap/child.vhdx)" vms/snap/../BASE.vhdx "case does not matter in a file name"
image vms/tree.vhdx guid=$B parent_linkage="$A" 'relative_path=.\sUB\\dir/Base.vhdx'
mkdir vms/Sub/DIR
cp vms/BASE.vhdx vms/Sub/DIR/base.vhdx
is "$(parents vms/tree.vhdx)" vms/Sub/DIR/base.vhdx "nor in that of a directory, slashes are slashes"
cp vms/BASE.vhdx vms/Sub/DIR/Base.vhdx
is "$(parents vms/tree.vhdx)" vms/Sub/DIR/Base.vhdx "but what is spelled like that comes first"
image vms/umlaut.vhdx guid=$B parent_linkage="$A" 'relative_path=.\GRÜN.vhdx'
cp vms/BASE.vhdx vms/grün.vhdx
is "$(parents vms/umlaut.vhdx)" vms/grün.vhdx "case does not matter beyond ASCII either"

# In other places
mv vms/BASE.vhdx elsewhere/base.vhdx
run attach -r --dry-run -J vms/snap/child.vhdx
is "$status/$(json .error.code)" 7/PARENT_MISSING "a parent that is nowhere has its own status"
is "$err" "vhdxctl: vms/snap/child.vhdx: parent 'C:\\Virtual Machines\\Base.VHDX' not found (tried \
vms/snap/../base.vhdx: No such file or directory; \
vms/snap/base.vhdx: No such file or directory; \
vms/snap/Base.VHDX: No such file or directory); use --parent or --parent-dir" \
	"the message has all names that were tried, each with the reason why it was refused"
is "$(parents --parent elsewhere/base.vhdx vms/snap/child.vhdx)" elsewhere/base.vhdx "--parent is taken"
run attach -r --dry-run -J --parent nothing.vhdx vms/snap/child.vhdx
is "$(json .error.code) $err" "PARENT_MISSING vhdxctl: vms/snap/child.vhdx: parent nothing.vhdx: No such file or directory; \
name the right file with --parent" "a --parent that does not exist is named, not the paths in the image"
image nameless.vhdx guid=$B parent_linkage="$A"
run attach -r --dry-run -J nameless.vhdx
is "$(json .error.code) $err" "PARENT_MISSING vhdxctl: nameless.vhdx: parent not found: the image records no path of it; \
name it with --parent" "an image that records no path needs --parent"
is "$(parents --parent-dir vms --parent-dir elsewhere vms/snap/child.vhdx)" elsewhere/base.vhdx \
	"--parent-dir is looked through, each of them"
is "$(parents --map-path 'c:\virtual machines=elsewhere' vms/snap/child.vhdx)" elsewhere/base.vhdx \
	"--map-path leads to where a Windows folder is, in any case"
is "$(parents --map-path 'C:=/nonexistent' --map-path 'c:/Virtual Machines/=elsewhere/' \
	vms/snap/child.vhdx)" '' "the first that fits counts"
is "$(parents --map-path '\\?\Volume{12345678-0000-0000-0000-000000000000}\X=elsewhere' \
	vms/snap/child.vhdx)" elsewhere/base.vhdx "and to where a volume is"
image vms/share.vhdx guid=$B parent_linkage="$A" 'absolute_win32_path=\\Server\Share\dir\base.vhdx'
mkdir elsewhere/dir
ln elsewhere/base.vhdx elsewhere/dir/base.vhdx
is "$(parents --map-path '\\server\share=elsewhere' vms/share.vhdx)" elsewhere/dir/base.vhdx \
	"and to where a share is"
is "$(parents --map-path '\\server\sha=elsewhere' vms/share.vhdx)" '' "half a name is no name"
image vms/unc.vhdx guid=$B parent_linkage="$A" 'absolute_win32_path=\\?\UNC\Server\Share\dir\base.vhdx'
is "$(parents --map-path '\\server\share=elsewhere' vms/unc.vhdx)" elsewhere/dir/base.vhdx \
	"in its other spelling, too"
ln elsewhere/base.vhdx vms/snap/base.vhdx
is "$(parents vms/snap/child.vhdx)" vms/snap/base.vhdx "the directory of the child is the last place"
rm vms/snap/base.vhdx
for wrong in 'C:\VMs' '=/srv' 'C:='; do
	run attach -r --dry-run --map-path "$wrong" vms/snap/child.vhdx
	is "$status" 1 "no map: $wrong"
done

# Nothing but the right one
image elsewhere/other.vhdx guid=$C
run attach -r --dry-run -J --parent elsewhere/other.vhdx vms/snap/child.vhdx
is "$status/$(json .error.code)" 7/PARENT_MISMATCH "a parent that was changed has its own code"
like "$err" "other.vhdx is another image of the disk, or was changed after the child was created \
\\(DataWriteGuid $C != $A\\); name the right file with --parent" "and both GUIDs are named"
image elsewhere/stranger.vhdx guid=$C disk=stranger
run attach -r --dry-run -J --parent elsewhere/stranger.vhdx vms/snap/child.vhdx
is "$status/$(json .error.code)" 7/PARENT_MISMATCH "another disk altogether is no parent"
like "$err" "stranger.vhdx is another disk \\(disk id .* != .*\\)" \
	"and it is not said that it was changed"
ln elsewhere/other.vhdx vms/base.vhdx
is "$(parents --map-path 'C:\Virtual Machines=elsewhere' vms/snap/child.vhdx)" elsewhere/base.vhdx \
	"what only has the right name is passed over"
image vms/merging.vhdx guid=$B parent_linkage="{$A}" parent_linkage2="{$C}" 'relative_path=.\base.vhdx'
is "$(parents vms/merging.vhdx)" vms/base.vhdx "a second linkage counts"
image elsewhere/null.vhdx guid=$NULL
image elsewhere/of-null.vhdx guid=$B parent_linkage="{$A}" parent_linkage2="{$NULL}" 'relative_path=null.vhdx'
is "$(parents elsewhere/of-null.vhdx)" '' "unless it is null"
image elsewhere/4k.vhdx guid=$A logical=4096
run attach -r --dry-run -J --parent elsewhere/4k.vhdx vms/snap/child.vhdx
is "$status/$(json .error.code)" 7/PARENT_SECTOR_SIZE "a parent with other sectors is refused"
printf junk >elsewhere/junk
run attach -r --dry-run -J --parent elsewhere/junk vms/snap/child.vhdx
is "$status/$(json .error.code)" 7/PARENT_MISSING "what is no image is no parent"
like "$err" 'elsewhere/junk: is a text file, not a VHDX' "the message says what the file is"
image elsewhere/small.vhdx guid=$A size=2097152
is "$(parents --parent elsewhere/small.vhdx vms/snap/child.vhdx)" elsewhere/small.vhdx \
	"a smaller parent will do"
run attach -r --dry-run --parent elsewhere/small.vhdx vms/snap/child.vhdx
like "$err" 'has a disk of 2097152 bytes, not 4194304' "with a warning"

# Longer chains
image vms/grandchild.vhdx guid=$C parent_linkage="$B" 'relative_path=snap\child.vhdx'
is "$(parents --parent-dir elsewhere vms/grandchild.vhdx)" "vms/snap/child.vhdx elsewhere/base.vhdx" \
	"a parent's parent is found from where the parent is"
is "$(parents --parent vms/snap/child.vhdx --parent elsewhere/base.vhdx vms/grandchild.vhdx)" \
	"vms/snap/child.vhdx elsewhere/base.vhdx" "--parent may be repeated"
run attach -r --dry-run -J elsewhere/base.vhdx --parent elsewhere/other.vhdx
is "$status/$(json .error.code)" 1/PARENT_UNNEEDED "an image without parent takes no --parent"
image vms/loop.vhdx guid=$A parent_linkage="$A" 'relative_path=loop.vhdx'
run attach -r --dry-run -J vms/loop.vhdx
is "$status/$(json .error.code)" 7/PARENT_DUPLICATE "an image that names itself as its parent is refused"
image vms/loop1.vhdx guid=$A parent_linkage="$B" 'relative_path=loop2.vhdx'
image vms/loop2.vhdx guid=$B parent_linkage="$A" 'relative_path=loop1.vhdx'
run attach -r --dry-run -J vms/loop1.vhdx
is "$status/$(json .error.code)" 7/PARENT_DUPLICATE "an image that is its own grandparent is refused"
image vms/self.vhdx guid=$A parent_linkage="$A" 'relative_path=self.vhdx'
mkdir vms/deep
for ((i = 0; i < 260; i++)); do
	cp --sparse=always vms/self.vhdx "vms/deep/$i"
done
list=()
for ((i = 1; i < 256; i++)); do list+=(--parent "vms/deep/$i"); done
run attach -r --dry-run -J "${list[@]}" vms/deep/0
is "$status/$(json .error.code)" 7/PARENT_DEPTH "a chain of more than 256 files is refused"

# hostile LOCATOR CLAIM [OPTION...]: an image must not make the tool open that
hostile() {
	image vms/hostile.vhdx guid=$B parent_linkage="$A" "$1"
	run attach -r --dry-run -J vms/hostile.vhdx "${@:3}"
	is "$status/$(json .error.code)" 7/PARENT_MISSING "$2"
}
rm vms/base.vhdx
mkfifo vms/fifo
hostile 'relative_path=fifo' "a FIFO is not waited for"
like "$err" 'vms/fifo: not a regular file' "because it is no regular file"
hostile 'relative_path=..\..\..\..\..\..\..\..\proc\self\mem' "an image cannot name what is in /proc"
hostile 'relative_path=..\..\..\..\..\..\..\..\dev\zero' "nor what is in /dev"
ln -s /proc/self/fd/0 vms/magic
hostile 'relative_path=magic' "nor by a link"
hostile 'relative_path=C:\..\elsewhere\base.vhdx' "a drive is no relative path"
hostile 'relative_path=\elsewhere\base.vhdx' "nor is what starts at a root"
hostile 'absolute_win32_path=/etc/passwd' "an absolute path of this system is never followed"
is "$(grep -c ' /etc' <<<"$err")" 0 "nor looked at"
hostile 'absolute_win32_path=C:\..\elsewhere\base.vhdx' "out of a mapped directory leads no way" \
	--map-path 'C:=vms'
ln -s ../elsewhere vms/out
hostile 'absolute_win32_path=C:\out\base.vhdx' "neither does a link" --map-path 'C:=vms'
like "$err" 'leads to another mount' "the message says that it leads to another mount"
hostile $'relative_path=\e[31mred' "what would control a terminal"
like "$err" 'x1b' "is not sent to it"

if sample fat-parent.vhdx && sample fat-differential.vhdx; then
	is "$(parents fat-differential.vhdx)" ./fat-parent.vhdx "a real child finds its parent"
else
	skip "a real child finds its parent" "no samples in $SAMPLES"
fi

done_testing
