#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# create: what it makes, what other programs find in it, and what it refuses.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"

K=1024 M=$((1024 * 1024)) G=$((1024 * 1024 * 1024))

# others_accept FILE SIZE LOGICAL CLAIM
others_accept() {
	if [ "$3" = 512 ] && have qemu-img; then
		ok "qemu-img check accepts $4" qemu-img check -q "$1"
		is "$(qemu-img info --output=json "$1" | jq '."virtual-size"')" "$2" \
			"qemu-img knows the size of $4"
	else
		skip "qemu-img check accepts $4" "no qemu-img, or sectors it does not know"
	fi
	if have 7z; then
		like "$(7z l "$1")" "VirtualDiskSize: $2" "7z knows the size of $4"
	else
		skip "7z knows the size of $4" "no 7z"
	fi
	if have vhdiinfo; then
		like "$(vhdiinfo "$1" 2>&1)" "Media size[^(]*\($2 bytes|Media size[[:space:]]*: $2 bytes" \
			"libvhdi knows the size of $4"
	else
		skip "libvhdi knows the size of $4" "no vhdiinfo"
	fi
}

# creates TYPE SIZE BYTES BLOCK LOGICAL PHYSICAL LOG: and all programs agree
creates() {
	local claim="$1 $2 in $4, sectors $5/$6, log $7" file=$TMP/image.vhdx

	rm -f "$file"
	run create --type "$1" --block-size "$4" --logical-sector-size "$5" \
		--physical-sector-size "$6" --log-size "$7" "$file" "$2"
	is "$status/$out" 0/ "creates, and says nothing: $claim"
	run info -J --blocks --headers "$file"
	exits 0 "info has nothing against it: $claim"
	is "$(json '.image | [.type, ."virtual-size", ."block-size", ."logical-sector-size",
		."physical-sector-size", .log.length] | join(" ")')" \
		"$1 $3 $(numfmt --from=iec "$4") $5 $6 $(numfmt --from=iec "$7")" \
		"the image has the given type and sizes: $claim"
	is "$(json '.image | (.problems + .warnings) | length')" 0 "without a warning: $claim"
	is "$(json '.image["file-size"] % 1048576')" 0 "P8: its size is whole MiB: $claim"
	run check -q "$file"
	is "$status/$out" 0/ "check finds nothing: $claim"
	others_accept "$file" "$3" "$5" "$claim"
}

creates dynamic 3M $((3 * M)) 1M 512 512 1M
creates dynamic 10G $((10 * G)) 32M 512 4096 1M
creates dynamic 127G $((127 * G)) 2M 512 4096 2M
creates dynamic 100G $((100 * G)) 256M 4096 4096 1M
creates dynamic 64T $((65536 * G)) 256M 512 4096 1M
creates dynamic 64T $((65536 * G)) 1M 4096 4096 8M
creates fixed 5M $((5 * M)) 2M 512 512 1M
creates fixed 64M $((64 * M)) 32M 512 4096 1M
creates fixed 40M $((40 * M)) 8M 4096 4096 4M
for block in 1M 2M 4M 8M 16M 32M 64M 128M 256M; do
	creates dynamic 9G $((9 * G)) $block 512 4096 1M
done

# The layout of Windows, which Hyper-V surely accepts (P8)
image=$TMP/layout.vhdx
run create "$image" 10G
run info -J --headers "$image"
is "$(json '.image.headers[1].valid and ([.image.headers[] |
	del(.offset, .checksum, ."checksum-computed", ."sequence-number")] | .[0] == .[1])')" true \
	"P8: both headers are equal but for the sequence number"
is "$(json '.image.headers | .[1]."sequence-number" - .[0]."sequence-number"')" 1 \
	"P8: the second header is the newer one, by one"
is "$(json '[.image."region-tables"[] | .checksum] | join(" ")')" "0xc66b8cae 0xc66b8cae" \
	"P8: both region tables are, byte for byte, those that Windows writes"
is "$(json '[.image.metadata[] | .name + " " + (.offset | tostring)] | join(" ")')" \
	"file-parameters 65536 virtual-disk-size 65544 logical-sector-size 65552 physical-sector-size 65556 virtual-disk-id 65560" \
	"P8: the metadata items are where Windows has them"
is "$(json '.image.log | "\(.offset) \(.dirty)"')" "$M false" "P8: the log is at 1 MiB and empty"
like "$(json .image.creator)" '^vhdxctl [0-9.]+$' "the creator is vhdxctl and its version"
is "$(json '.image["block-size"]')" $((32 * M)) "blocks have 32 MiB if nothing else is said"

run create "$TMP/one.vhdx" 131041M --block-size=1M
run info -J --headers "$TMP/one.vhdx"
is "$(json '.image."region-tables"[0].entries[0].length')" $((2 * M)) \
	"P8: the BAT has room for the bitmap entries of a differencing disk"

# Identities
run create "$TMP/id.vhdx" 1G --disk-id '{0A1B2C3D-4e5f-6071-8293-a4b5c6d7e8f9}' -J
is "$(json '.created."disk-id"')" 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 "--disk-id sets the disk id"
run info -J "$TMP/id.vhdx"
is "$(json '.image."disk-id"')" 0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9 "and info shows it"
for n in 1 2 3; do
	run create "$TMP/random$n.vhdx" 1G
	run info -J "$TMP/random$n.vhdx"
	json '.image | ."disk-id", ."file-write-guid", ."data-write-guid"'
done >"$TMP/guids"
is "$(sort -u "$TMP/guids" | wc -l)" 9 "no GUID is ever the same twice"
is "$(grep -cvE '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' \
	"$TMP/guids")" 0 "and all are random ones of RFC 4122"

# Sizes as people write them
while read -r text bytes; do
	rm -f "$TMP/size.vhdx"
	run create -J "$TMP/size.vhdx" "$text"
	is "$(json '.created."virtual-size"')" "$bytes" "$text is a size"
done <<-END
	3145728 3145728
	3145728B 3145728
	4096K $((4 * M))
	4096KiB $((4 * M))
	4096KB 4096000
	1.5G $((G + G / 2))
	0.5GiB $((G / 2))
	10g $((10 * G))
	1T $((1024 * G))
	1TB 1000000000000
END

# refuses CODE PATTERN ARGUMENT...: and makes nothing
refuses() {
	local code=$1 pattern=$2

	shift 2
	run create -J "$TMP/no.vhdx" "$@"
	exits "$code" "refused: create $*"
	like "$err" "$pattern" "with a sentence: create $*"
	is "$(json '.error.exit')" "$code" "in JSON too: create $*"
	ok "and nothing is there: create $*" [ ! -e "$TMP/no.vhdx" ]
}

refuses 1 'disk size: zero' 0
refuses 1 'larger than 64 TiB' 65T
refuses 1 'larger than 64 TiB' 70368744178176
refuses 1 'no multiple of the logical sector size' 1000
refuses 1 'no multiple of the logical sector size' --logical-sector-size=4096 $((G + 512))
for size in 10gib 10GIB '10 G' 10g '10 GiB'; do
	run create --force -J "$TMP/size.vhdx" "$size"
	is "$status/$(json '.created["virtual-size"]')" 0/10737418240 "10 GiB may be written as '$size'"
done
run create --force -J "$TMP/size.vhdx" '10 gb'
is "$status/$(json '.created["virtual-size"]')" 0/10000000000 "'10 gb' is 10 GB"
rm -f "$TMP/size.vhdx"
run create "$TMP/size.vhdx" 10 G
like "$status $err" '^1 .*a size is one argument, such as 10G' "10 G without quotes: what is wrong is said"
refuses 1 'invalid size' '10 '
refuses 1 'invalid size' ten
refuses 1 'invalid size' 10X
refuses 1 'invalid size' 1.3K
refuses 1 'invalid size' ''
refuses 1 'invalid size' 99999999999999999999
refuses 1 'invalid size' 16E
refuses 1 'needs an image and a size'
refuses 1 'needs an image and a size' 1G 2G
refuses 1 'power of two' --block-size=3M 1G
refuses 1 'power of two' --block-size=512K 1G
refuses 1 'more than 256M' --block-size=512M 1G
refuses 1 'more than 256M' --block-size=$((4 * G + M)) 1G
refuses 1 'neither 512 nor 4096' --logical-sector-size=1024 1G
refuses 1 'invalid sector size' --physical-sector-size=8192 1G
refuses 1 'physical sector size must not be less' --logical-sector-size=4096 --physical-sector-size=512 1G
refuses 1 'use a multiple of 1 MiB' --log-size=0 1G
refuses 1 'use a multiple of 1 MiB' --log-size=$((M + 4 * K)) 1G
refuses 1 'use a multiple of 1 MiB' --log-size=2G 1G
refuses 1 'invalid or null UUID' --disk-id=0 1G
refuses 1 'invalid or null UUID' --disk-id=00000000-0000-0000-0000-000000000000 1G
refuses 1 'use dynamic or fixed' --type=sparse 1G
refuses 1 'use auto' --progress=yes 1G
refuses 1 'invalid number of seconds' --progress-frequency=often 1G

run create "$TMP/small.vhdx" 1M
is "$status" 0 "a disk smaller than 3 MiB is possible"
like "$err" 'Hyper-V refuses disks of less than 3 MiB' "a disk smaller than 3 MiB gets a warning about Hyper-V"

# Names
run create "$TMP/name.vhdx" 1G
before=$(stat -c %i "$TMP/name.vhdx")
run create -J "$TMP/name.vhdx" 2G
is "$status/$(json .error.code)" 5/EXISTS "a file of that name is not replaced"
is "$(stat -c %i "$TMP/name.vhdx")" "$before" "and stays as it is"
run create --force -J "$TMP/name.vhdx" 2G
run info -J "$TMP/name.vhdx"
is "$(json '.image["virtual-size"]')" $((2 * G)) "--force replaces it"
ln -s name.vhdx "$TMP/link.vhdx"
run create "$TMP/link.vhdx" 3G
is "$status" 5 "a link of that name is not replaced"
run create --force "$TMP/link.vhdx" 3G
run info -J "$TMP/name.vhdx"
is "$(json '.image["virtual-size"]')/$(readlink "$TMP/link.vhdx")" $((3 * G))/name.vhdx \
	"--force replaces what a link leads to, not the link"
ln -s nowhere "$TMP/dangling.vhdx"
run create "$TMP/dangling.vhdx" 1G
is "$status" 5 "a link to nowhere is not followed"
mkdir "$TMP/dir"
run create --force "$TMP/dir" 1G
is "$status" 1 "a directory is not replaced, even by force"
run create "$TMP/absent/x.vhdx" 1G
is "$status" 1 "there must be a directory for it"
(umask 027 && "$VHDXCTL" create "$TMP/mode.vhdx" 1G)
is "$(stat -c %a "$TMP/mode.vhdx")" 640 "the mode follows the umask"
is "$(find "$TMP" -maxdepth 1 -name '.*.vhdx*' | wc -l)" 0 "no temporary file is left"

done_testing
