#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attach as far as it goes without the module: what it refuses, and with which words.
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
	like "$err" 'must be replayed first .*; with --replay=auto it is replayed' "and remedy"
else
	skip "a log that must be replayed has its own status" "no sample with such a log"
fi
if sample fat-differential.vhdx; then
	run attach -r --dry-run -J "$TMP/fat-differential.vhdx"
	is "$status/$(json .error.code)" 7/PARENT_MISSING "a missing parent has its own status"
else
	skip "a missing parent has its own status" "no differencing sample"
fi

# Here there must be no module: on a machine that has it, this would attach the image.
if [ -e /dev/vhdx-control ] || modinfo vhdx >/dev/null 2>&1; then
	skip "without the module, attach fails with status 8" "the module is there"
elif [ "$(id -u)" = 0 ]; then
	run attach -r -J "$image"
	is "$status/$(json .error.code)" 8/MODULE_MISSING "without the module, attach fails with status 8"
	like "$err" "module vhdx is not built or not installed for the running kernel, $(uname -r) " \
		"and says for which kernel"
	like "$err" "apt install linux-headers-$(uname -r) && dkms autoinstall -k $(uname -r); .*make install" \
		"and what to type"
else
	run attach -r -J "$image"
	like "$status" '^(2|8)$' "without the module or root, attach fails with status 8 or 2"
fi
is "$(sha256sum <"$image")" "$before" "the image is as it was"

done_testing
