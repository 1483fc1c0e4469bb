#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# set --parent: a parent that was moved is found again, and nothing else changes.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"
cd "$TMP" || exit 1

"$CLI_HERE/chain-image" random chain 48 >/dev/null
mkdir moved
mv chain/1.vhdx moved/renamed.vhdx
ln chain/0.vhdx moved/0.vhdx

# shows: 2.vhdx shows what it has always shown
shows() {
	run map -q -J chain/2.vhdx
	[ "$status" = 0 ] && "$CLI_HERE/chain-proves" .out chain/disk.raw
}
guids() {
	run info -J chain/2.vhdx
	json '.image | ."data-write-guid", ."file-write-guid"'
}

run map chain/2.vhdx
is "$status" 7 "a parent that was moved and renamed is not found"
guids >before
run set chain/2.vhdx --parent moved/renamed.vhdx
is "$status/$out/$err" 0// "set --parent accepts it"
ok "then it is found, and all is as it was" shows
guids >after
is "$(head -n 1 after)" "$(head -n 1 before)" "the DataWriteGuid stays: children still fit"
ok "the FileWriteGuid is a new one" [ "$(tail -n 1 before)" != "$(tail -n 1 after)" ]
run check chain/2.vhdx
is "$status" 0 "check finds it clean"
run info -J chain/2.vhdx
is "$(json '.image.parent."relative-path"')" '..\moved\renamed.vhdx' "it knows the new name"

# A longer name than there is room for
long=$(printf 'x%.0s' {1..180})
mkdir -p "moved/$long/$long"
mv moved/*.vhdx "moved/$long/$long/"
run set -J chain/2.vhdx --parent "moved/$long/$long/renamed.vhdx"
is "$(json .set.parent)" "moved/$long/$long/renamed.vhdx" "the new name may be longer than the old"
ok "and leads to it" shows
run check chain/2.vhdx
is "$status" 0 "check finds it clean as before"
mv "moved/$long/$long/"*.vhdx moved/
run set chain/2.vhdx --parent moved/renamed.vhdx --map-path 'C:\VMs=moved'
ok "as may the old than the new" shows
run info -J chain/2.vhdx
is "$(json '.image.parent."absolute-path"')" 'C:\VMs\renamed.vhdx' "--map-path gives it the name it has on Windows"

# Not the right one
cp chain/2.vhdx kept.vhdx
run create other.vhdx 4M
run set -J chain/2.vhdx --parent other.vhdx
is "$status/$(json .error.code)" 7/PARENT_MISMATCH "another image is refused"
run set -J chain/2.vhdx --parent chain/2.vhdx --ignore-id-mismatch
is "$status/$(json .error.code)" 7/PARENT_DUPLICATE "an image cannot be its own parent"
mkdir cycle
run create cycle/0.vhdx 10M
run snapshot --keep-mode cycle/0.vhdx cycle/1.vhdx
run snapshot --keep-mode cycle/1.vhdx cycle/2.vhdx
run set -J --ignore-id-mismatch cycle/1.vhdx --parent cycle/2.vhdx
is "$status/$(json .error.code)" 7/PARENT_DUPLICATE "an image cannot be the parent of its own parent"
run attach -r --dry-run cycle/2.vhdx
is "$status" 0 "the chain has the same parents still"
rm -r cycle
run create 4k.vhdx 4M --logical-sector-size=4096
run create 512.vhdx 4M
run info -J chain/2.vhdx
[ "$(json '.image."logical-sector-size"')" = 512 ] && unfit=4k.vhdx fit=512.vhdx || unfit=512.vhdx fit=4k.vhdx
run set -J chain/2.vhdx --parent "$unfit" --ignore-id-mismatch
is "$status/$(json .error.code)" 7/PARENT_SECTOR_SIZE "an image with other sectors cannot be the parent"
ok "after a refusal the file is as it was" cmp chain/2.vhdx kept.vhdx
run set -J chain/2.vhdx --parent "$fit" --ignore-id-mismatch
is "$status" 0 "--ignore-id-mismatch takes any other"
run attach --dry-run -J chain/2.vhdx
is "$(json '.image.parents | join(" ")')" "chain/../$fit" "which then is its parent"
for arguments in "" "--parent a --parent b"; do
	# shellcheck disable=SC2086  # several words
	run set chain/2.vhdx $arguments
	is "$status" 1 "refused: $arguments"
done
run set other.vhdx --parent 512.vhdx
is "$status" 1 "an image that is no child gets no parent"

# At any moment
if ! have cc || ! cc -shared -fPIC -o faults.so "$CLI_HERE/faults.c" -ldl 2>.err; then
	skip "killed at any moment, the old parent counts, or the new one" "no compiler"
	done_testing
fi
if ldd "$VHDXCTL" | grep -q asan; then
	skip "killed at any moment, the old parent counts, or the new one" "sanitizer"
	done_testing
fi
cp moved/renamed.vhdx chain/1.vhdx
wrong='' ended=99
for ((step = 1; ended != 0 && step < 100; step++)); do
	cp kept.vhdx chain/2.vhdx
	LD_PRELOAD="$TMP/faults.so" DIE_AT=$step "$VHDXCTL" set chain/2.vhdx --parent chain/1.vhdx 2>.err
	ended=$?
	shows >/dev/null || wrong+=" $step: $ended $err"
	run check -q chain/2.vhdx
	[ "$status" = 0 ] || wrong+=" $step: check $status"
done
is "$wrong" '' "killed at any of $((step - 1)) moments, the old parent counts, or the new one"

done_testing
