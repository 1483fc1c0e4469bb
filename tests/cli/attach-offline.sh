#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# attach without the module: what it refuses, and with which words.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have qemu-img || skip_all "no qemu-img"

image=$TMP/disk.vhdx
qemu-img create -q -f vhdx -o subformat=dynamic "$image" 100M
before=$(sha256sum <"$image")

run attach -r --dry-run "$image"
exits 0 "a dry run of a good image succeeds"
like "$out" ': would attach a dynamic disk of 100 MiB read-only$' "and says what would be attached"
run attach --dry-run "$image"
exits 0 "a dry run of attaching for writing succeeds"
like "$out" ': would attach a dynamic disk of 100 MiB read-write$' "and says so"
run attach --dry-run /dev/null
exits 1 "a dry run refuses what attaching would refuse"
is "$out" "" "nothing but a device name goes to stdout"
run attach -r --dry-run -J -i 7 --show --autoclear --no-partscan -P --direct-io=off "$image"
is "$(json '."dry-run"')/$(json '.image["virtual-size"]')" true/104857600 \
	"a dry run reports as JSON, whatever other options there are"
run attach -r --dry-run "$image" -i 3
like "$out" ' as /dev/vhdx3$' "options may follow the image"

if sample iotest-dirtylog-10G-4M.vhdx; then
	run attach -r --replay=refuse --dry-run -J "$TMP/iotest-dirtylog-10G-4M.vhdx"
	is "$status/$(json .error.code)" 6/LOG_DIRTY "a log that must be replayed has its own status"
	like "$err" 'must be replayed first .*; use --replay=auto' "and remedy"
else
	skip "a log that must be replayed has its own status" "no sample with such a log"
fi
if sample fat-differential.vhdx; then
	run attach -r --dry-run -J "$TMP/fat-differential.vhdx"
	is "$status/$(json .error.code)" 7/PARENT_MISSING "a missing parent has its own status"
else
	skip "a missing parent has its own status" "no differencing sample"
fi

# Cut off in the middle of its blocks
cut=$TMP/cut.vhdx
python3 - "$VHDXCTL" "$cut" "$TMP/overlap.vhdx" <<-'END'
	import shutil, struct, subprocess, sys
	ctl, cut, overlap = sys.argv[1:]
	M = 1 << 20
	subprocess.run([ctl, "create", "-q", "--block-size=1M", cut, "64M"], check=True)
	with open(cut, "r+b") as file:
	    file.seek(192 << 10)
	    table = file.read(65536)
	    entries = [table[16 + 32 * i:48 + 32 * i] for i in range(2)]
	    bat, = [struct.unpack_from("<Q", e, 16)[0] for e in entries if e[:4] == bytes.fromhex("6677c22d")]
	    file.seek(0, 2)
	    end = file.tell()
	    for i in range(8):
	        file.seek(bat + 8 * i)
	        file.write(struct.pack("<Q", end + i * M | 6))
	    file.truncate(end + 8 * M)
	    shutil.copy(cut, overlap)
	    file.truncate(end + 5 * M)
	with open(overlap, "r+b") as file:
	    file.seek(bat + 8)
	    file.write(struct.pack("<Q", end | 6))
END
run info -J "$cut"
is "$status/$(json .error.code)" 4/PAYLOAD_PAST_EOF "info finds that a file was cut off"
is "$(json '.image.problems | length')" 3 "and lists the blocks that are missing"
is "$(json '.image."virtual-size"')" $((64 << 20)) "and what is to be seen all the same"
run attach --dry-run -J "$cut"
is "$status/$(json .error.code)" 4/PAYLOAD_PAST_EOF "a dry run refuses a file that was cut off, as attaching does"
for option in -r --temporary; do
	run attach --dry-run $option "$cut"
	exits 0 "with $option it can be attached"
	like "$err" 'cut.vhdx: 3 blocks lie beyond the end of the file; reads of them fail' \
		"and how many blocks are missing is said"
done
run snapshot --keep-mode "$cut" "$TMP/cut.avhdx"
run attach --dry-run "$TMP/cut.avhdx"
like "$status$err" '^0.*cut.vhdx: 3 blocks lie beyond the end of the file' "as it is of a parent"
run attach --dry-run -J "$TMP/overlap.vhdx"
is "$status/$(json .error.code)" 4/PAYLOAD_DUPLICATE "a dry run finds two blocks that share space"
run attach -r --dry-run "$TMP/overlap.vhdx"
exits 0 "which only matters for writing"
run create -q "$TMP/locked.vhdx" 64M
exec {lock}< <(exec python3 -c 'if True:
	import fcntl, struct, sys, time
	fd = open(sys.argv[1], "r+b")
	fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
	print("locked", flush=True)
	time.sleep(60)' "$TMP/locked.vhdx")
locker=$!
read -r _ <&$lock
for option in -r --temporary --partscan; do
	run attach --dry-run -J $option "$TMP/locked.vhdx"
	is "$status/$(json .error.code)" 5/LOCKED "a dry run with $option finds that another program has locked the file"
done
kill "$locker"

# A writer without locks, of an image and of a parent
cp "$image" "$TMP/written.vhdx"
run snapshot --keep-mode "$TMP/written.vhdx" "$TMP/written.avhdx"
times=$(stat -c '%x %y %z' "$TMP/written.vhdx")
exec {writer}<>"$TMP/written.vhdx"
for option in -r --temporary; do
	run attach --dry-run -J $option "$TMP/written.vhdx"
	is "$status/$(json .error.code)" 5/ATTACH_OPEN_FOR_WRITING \
		"a dry run with $option finds that another program has the file open for writing"
done
like "$err" 'written.vhdx: .*open for writing; close it there first' "and says so"
run attach --dry-run -J "$TMP/written.avhdx"
is "$status/$(json .error.code)" 5/ATTACH_OPEN_FOR_WRITING "or has its parent so"
run snapshot -J "$TMP/written.vhdx" "$TMP/other.avhdx"
is "$status/$(json .error.code)" 5/ATTACH_OPEN_FOR_WRITING "snapshot finds that, too"
run merge -J "$TMP/written.avhdx" --output="$TMP/flat.vhdx"
is "$status/$(json .error.code)" 5/ATTACH_OPEN_FOR_WRITING "and merge --output"
exec {writer}<&-
run attach --dry-run -r "$TMP/written.vhdx"
is "$status" 0 "once it is closed, the image can be attached"
is "$(stat -c '%x %y %z' "$TMP/written.vhdx")" "$times" "P1: looking for writers changes no time"
run attach --dry-run --temporary="$TMP/nowhere" "$image"
like "$status$err" '^1.*nowhere' "a dry run finds that there is no folder for what is temporary"

# A block table too large to be read each time
run create -q --block-size=1M "$TMP/large.vhdx" 8T
run info -J "$TMP/large.vhdx"
is "$status/$(json '.image.warnings | length')" 0/0 "holes of a block table need not be read"

# Here there must be no module: on a machine that has it, this would attach the image.
if [ -e /dev/vhdx-control ] || modinfo vhdx >/dev/null 2>&1; then
	skip "without the module, attach fails with status 8" "the module is there"
elif [ "$(id -u)" = 0 ]; then
	run attach -r -J "$image"
	is "$status/$(json .error.code)" 8/MODULE_MISSING "without the module, attach fails with status 8"
	like "$err" "module vhdx is not installed for the running kernel, $(uname -r) " \
		"and says for which kernel"
	like "$err" "apt install linux-headers-$(uname -r) && dkms autoinstall -k $(uname -r); .*make install" \
		"and what to type"
else
	run attach -r -J "$image"
	like "$status" '^(2|8)$' "without the module or root, attach fails with status 8 or 2"
fi
is "$(sha256sum <"$image")" "$before" "the image is as it was"

done_testing
