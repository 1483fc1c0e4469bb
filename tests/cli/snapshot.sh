#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# snapshot makes a child that shows what its parent shows, named as Hyper-V names it.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"
cd "$TMP" || exit 1
mkdir a b

run create a/base.vhdx 9G --logical-sector-size=4096 --block-size=1M
run info -J a/base.vhdx
json '.image | del(.path)' >base.json
before=$(sha256sum <a/base.vhdx)
run snapshot a/base.vhdx b/child.avhdx
is "$status/$out/$err" 0// "a child is made without a word"
is "$(sha256sum <a/base.vhdx)" "$before" "its parent is not changed"
is "$(stat -c %A a/base.vhdx | tr -d rx-)" "" "but may not be written any more"
run check b/child.avhdx
is "$status" 0 "check finds it clean"
run info -J b/child.avhdx
json '.image | del(.path)' >child.json
same='."virtual-size", ."logical-sector-size", ."physical-sector-size", ."disk-id"'
is "$(jq "$same" child.json)" "$(jq "$same" base.json)" "size, sectors and identity are the parent's"
is "$(json '.image | .type, ."block-size"' | xargs)" "differencing 2097152" "its blocks are of 2 MiB, as on Windows"
is "$(json .image.parent.linkage)" "$(jq -r '."data-write-guid"' base.json)" "its linkage is the parent's DataWriteGuid"
is "$(json '.image | ."data-write-guid" != .parent.linkage and ."data-write-guid" != ."file-write-guid"')" \
	true "its own GUIDs are new"
is "$(json '.image.parent."relative-path"')" '..\a\base.vhdx' "the relative path is the way from one to the other"
is "$(json '.image.parent."absolute-path"')" "C:${TMP//\//\\}\\a\\base.vhdx" \
	"P8: the absolute path has a drive, so that Windows can parse it"
run map --raw -n -o STATE,DEPTH b/child.avhdx
is "$out" "absent 1" "it shows what the parent shows"

python3 - b/child.avhdx >keys 2>&1 <<-'END'
	import struct, sys
	f = open(sys.argv[1], "rb").read()
	at = f.index(bytes.fromhex("b7ef4ab09ed1814ab78925b8e9445913"))
	for i in range(struct.unpack_from("<H", f, at + 18)[0]):
	    k, v, kl, vl = struct.unpack_from("<IIHH", f, at + 20 + 12 * i)
	    print(f[at + k:at + k + kl].decode("utf-16-le"), f[at + v:at + v + vl].decode("utf-16-le"))
END
is "$(cut -d ' ' -f 1 keys | xargs)" \
	"parent_linkage absolute_win32_path relative_path parent_linkage2" "keys are in Hyper-V's order"
is "$(tail -n 1 keys)" "parent_linkage2 {00000000-0000-0000-0000-000000000000}" "the second linkage is null"
is "$(head -n 1 keys)" "parent_linkage {$(jq -r '."data-write-guid"' base.json)}" "GUIDs are in braces, lower case"

# A child of a child, in the same directory, with Windows names
run snapshot b/child.avhdx b/grand.avhdx --block-size=32M --keep-mode \
	--map-path 'C:\VMs\=.' --map-path '\\?\Volume{12345678-0000-0000-0000-000000000000}=b'
run info -J b/grand.avhdx
is "$(json '.image.parent | ."relative-path", ."absolute-path", ."volume-path"' | tr '\n' ' ')" \
	'.\child.avhdx C:\VMs\b\child.avhdx \\?\Volume{12345678-0000-0000-0000-000000000000}\child.avhdx ' \
	"--map-path gives it names of Windows"
is "$(json '.image."block-size"')" $((32 << 20)) "--block-size is honoured"
like "$(stat -c %A b/child.avhdx)" '^-rw' "--keep-mode leaves the parent's mode"
run attach --dry-run -J b/grand.avhdx
is "$(json '.image.parents | join(" ")')" "b/child.avhdx b/../a/base.vhdx" "all parents are found"

# Directories with the names of drives
mkdir a: 'c:' && mkdir a:/b:
for parent in a:/parent.vhdx a:/b:/parent.vhdx; do
	run create "$parent" 4M
	run snapshot "$parent" drive.avhdx --force
	run info -J drive.avhdx
	is "$(json '.image.parent."relative-path"')" ".\\${parent//\//\\}" \
		"a parent below $(dirname "$parent")/ has a relative path with a leading dot"
	rm -rf moved && mkdir moved && cp -r a: drive.avhdx moved/
	run attach --dry-run -J moved/drive.avhdx
	is "$status $(json '.image.parents | join(" ")')" "0 moved/./$parent" "by which it is found"
	run snapshot --keep-mode "$parent" c:/sibling.avhdx --force
	run attach --dry-run -J c:/sibling.avhdx
	is "$status $(json '.image.parents | join(" ")')" "0 c:/../$parent" "as it is by a child beside that"
done

# Refused
run snapshot -J a/base.vhdx b/child.avhdx
is "$status/$(json .error.code)" "5/EXISTS" "a file that is there stays"
run snapshot a/base.vhdx b/grand.avhdx --force
is "$status" 0 "unless --force is given"
run snapshot a/base.vhdx a/base.vhdx --force
is "$status" 1 "but never the parent itself"
is "$(sha256sum <a/base.vhdx)" "$before" "which stays as it is"
run snapshot a/absent.vhdx c.vhdx
is "$status" 1 "a parent must be there"
run snapshot -J a/base.vhdx c.vhdx --block-size=3M
is "$status" 1 "a block size is a power of two"
printf junk >junk
run snapshot junk c.vhdx
is "$status" 4 "a parent must be an image"
cp a/base.vhdx 'b/back\slash.vhdx'
run snapshot 'b/back\slash.vhdx' c.vhdx
is "$status" 1 "a name that Windows could not read is refused"
ok "and after a refusal there is no child" test ! -e c.vhdx
if sample iotest-dirtylog-10G-4M.vhdx; then
	run snapshot -J iotest-dirtylog-10G-4M.vhdx c.vhdx
	is "$status/$(json .error.code)" 6/LOG_DIRTY "a log must be replayed before"
else
	skip "a log must be replayed before" "no sample"
fi
# Names that Windows does not allow
mkdir names
for name in 'a<b' 'a>b' 'a:b' 'a"b' 'a|b' 'a?b' 'a*b' $'a\tb' 'a.' 'a ' CON nul.vhdx Com1.x; do
	run create "names/$name" 4M --force
	run snapshot --keep-mode --force "names/$name" names.avhdx
	like "$status/$err" "^0/vhdxctl: names.avhdx: Windows will not find its parent by the path [^:]*[^;]*$" \
		"Windows will not find a parent called $(printf %q "$name"): a warning says so"
	run attach --dry-run names.avhdx
	is "$status" 0 "here it is found"
done
run set names.avhdx --keep-mode --parent "names/$name"
like "$status/$err" '^0/.*Windows will not find its parent' "set warns as well"
for name in console com0.x 'a b' .a ä com; do
	run create "names/$name" 4M --force
	run snapshot --keep-mode --force "names/$name" names.avhdx
	is "$status/$err" 0/ "a parent called $name can be found by Windows"
done
rm -rf names names.avhdx

# As many files as a chain may have, and one more
mkdir deep
run create deep/1.vhdx 4M
for number in {2..256}; do
	run snapshot deep/$((number - 1)).vhdx deep/$number.vhdx
	[ "$status" = 0 ] || break
done
is "$status/$number" 0/256 "a chain of 256 files can be made"
run attach --dry-run deep/256.vhdx -r
is "$status" 0 "which can be attached"
run snapshot -J deep/256.vhdx deep/257.vhdx
is "$status/$(json .error.code)" 7/PARENT_DEPTH "a child that could not be attached is refused"
like "$err" '256 files.*vhdxctl merge' "it is said why, and what to do"
ok "and is not made" test ! -e deep/257.vhdx
run attach -J --dry-run --temporary="$TMP" deep/256.vhdx
is "$status/$(json .error.code)" 7/PARENT_DEPTH "so is a temporary child"
mv deep/1.vhdx moved.vhdx
run snapshot -J deep/256.vhdx deep/257.vhdx
is "$status/$err" 0/ "where a parent is not found, the length is not known, and a child is made without a word"
rm -rf deep

chmod u+w a/base.vhdx
cat >lock <<-'END'
	import fcntl, struct, sys, time
	fd = open(sys.argv[1], "r+b")
	fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
	print("locked", flush=True)
	time.sleep(60)
END
exec {lock}< <(exec python3 lock a/base.vhdx)
locker=$!
read -r _ <&$lock
run snapshot -J a/base.vhdx c.vhdx
is "$status/$(json .error.code)" 5/LOCKED "an image that is being written to cannot become a parent"
kill "$locker"

# Others
if have vhdiinfo; then
	ok "libvhdi reads what the parent is called" \
		grep -q 'Parent filename.*base.vhdx' <(vhdiinfo b/child.avhdx)
else
	skip "libvhdi reads what the parent is called" "no vhdiinfo"
fi

done_testing
