#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# merge: the result shows what the chain has shown, wherever it is interrupted. VHDX_SEEDS="FIRST
# LAST" for other random chains than a few.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
have python3 || skip_all "no python3"
cd "$TMP" || exit 1

# shows IMAGE MODEL [OPTION]...: true if it does, with all its parents
shows() {
	run map -q -J "$1" "${@:3}"
	[ "$status" = 0 ] && "$CLI_HERE/chain-proves" .out "$2" >.proof 2>&1
}

# in_order IMAGE: check finds nothing that is wrong or leaked
in_order() {
	run check -q "$1"
	[ "$status" = 0 ]
}

# merge_all SEED: into each of the parents, and into a new image; prints what went wrong
merge_all() {
	local files depth result

	files=$("$CLI_HERE/chain-image" random random "$1")
	run merge -q "random/$((files - 1)).vhdx" --output flat.vhdx --force
	[ "$status" = 0 ] && shows flat.vhdx random/disk.raw && in_order flat.vhdx ||
		echo "$1: --output: $status $err"
	if have qemu-img && qemu-img info flat.vhdx >/dev/null 2>&1; then	# not if 4K-native
		qemu-img compare -q -f vhdx -F raw flat.vhdx random/disk.raw >.qemu 2>&1 &&
			judged=$((judged + 1)) || echo "$1: QEMU: $(<.qemu)"
	fi
	for ((depth = 1; depth < files; depth++)); do
		cp -r --sparse=always random work
		result=work/$((files - 1 - depth)).vhdx
		run merge -q "work/$((files - 1)).vhdx" --depth "$depth"
		if [ "$status" = 1 ] && [[ $err == *'a disk of'* ]]; then
			refused=$((refused + 1))
		elif [ "$status" != 0 ] || [ -e "work/$((files - depth)).vhdx" ]; then
			echo "$1: --depth $depth: $status $err"
		else
			merged=$((merged + 1))
			shows "$result" work/disk.raw && in_order "$result" ||
				echo "$1: --depth $depth: $(tail -n 1 .proof) $out"
		fi
		rm -rf work
	done
	rm -rf random
}

read -r first last <<<"${VHDX_SEEDS:-1 8}"
merged=0 refused=0 judged=0
for ((seed = first; seed <= last; seed++)); do merge_all "$seed" >>wrong; done
is "$(<wrong)" '' "what a chain shows, the merged image shows, in random chains $first to $last"
ok "many of them were merged ($merged), some refused for their size ($refused)" [ "$merged" -gt 0 ]

if have qemu-img; then
	ok "QEMU agrees, as far as it knows the format ($judged)" [ "$judged" -gt 0 ]
else
	skip "QEMU agrees" "no qemu-img"
fi

# A chain of three, of equal size, for all that follows: base <- middle <- top, and its models
make_chain() {
	local seed=40 files

	while files=$("$CLI_HERE/chain-image" random chain "$seed"); do
		run map -J "chain/$((files - 1)).vhdx"
		[ "$files" = 3 ] && [ -z "$err" ] && break
		seed=$((seed + 1))
		rm -rf chain
	done
}
make_chain
fresh() {
	rm -rf work
	cp -r --sparse=always chain work
}

# Which is merged into which
fresh
before=$(sha256sum <work/0.vhdx)
run merge work/2.vhdx -J
is "$status $(json '.merged | "\(.into) \(.files) \(.kept)"')" "0 work/1.vhdx 2 false" "the next parent is the default"
ok "it shows what its child has shown" shows work/1.vhdx work/disk.raw
is "$(cd work && echo ./*)" "./0.vhdx ./1.vhdx ./disk.raw" "the child is gone"
is "$(sha256sum <work/0.vhdx)" "$before" "the parent's parent is as it was"
fresh
run merge work/2.vhdx --into work/0.vhdx
is "$status/$(cd work && echo ./*)" "0/./0.vhdx ./disk.raw" "--into a parent further away takes along what is between"
ok "and shows the same" shows work/0.vhdx work/disk.raw
fresh
run merge work/2.vhdx --keep
is "$status" 0 "--keep keeps the child"
ok "which shows what it has shown" shows work/2.vhdx work/disk.raw
run info -J work/2.vhdx
linkage=$(json '.image.parent | "\(.linkage) \(.linkage2)"')
run info -J work/1.vhdx
is "$linkage" "$(json '.image."data-write-guid"') null" "and knows its parent's new DataWriteGuid"
ok "as does the parent" shows work/1.vhdx work/disk.raw
fresh
chmod a-w work/0.vhdx work/1.vhdx
run merge work/2.vhdx
is "$status" 0 "what snapshot has protected can be merged all the same"

# Refused
cp "chain/0.vhdx" lone.vhdx
run merge lone.vhdx
is "$status" 1 "an image without parent cannot be merged"
fresh
before=$(cat work/*.vhdx | sha256sum)
for arguments in "--depth 3" "--depth 0" "--depth 1 --into work/1.vhdx" "--into work/2.vhdx" "--into lone.vhdx" \
	"--output flat.vhdx --keep" "--output work/0.vhdx --force"; do
	# shellcheck disable=SC2086  # several words
	run merge work/2.vhdx $arguments
	is "$status" 1 "refused: $arguments"
done
is "$(cat work/*.vhdx | sha256sum)" "$before" "and nothing was changed"
run snapshot work/1.vhdx work/other.vhdx --keep-mode
run merge -J work/2.vhdx
is "$status/$(json .error.code)" 5/OTHER_CHILD "a parent that another image needs is left alone"
like "$err" 'work/other.vhdx: is a child of work/1.vhdx as well' "the message names the other image"
run merge --force work/2.vhdx
is "$status" 0 "--force does it"
run map work/other.vhdx
is "$status" 7 "and the other finds out"

# A merge that cannot be completed is not begun.
if "$ROOT/tests/images/build" bad bad payload_partial_without_bitmap bitmap_state bitmap_past_eof >.out 2>&1; then
	wrong=''
	for name in payload_partial_without_bitmap bitmap_state bitmap_past_eof; do
		before=$(cat "bad/$name.vhdx" "bad/parents/$name.1.vhdx" | sha256sum)
		run merge "bad/$name.vhdx"
		[ "$status" = 4 ] && [[ $err == *"bad/$name.vhdx: BAT: "* ]] || wrong+=" $name: $status $err"
		[ "$(cat "bad/$name.vhdx" "bad/parents/$name.1.vhdx" | sha256sum)" = "$before" ] ||
			wrong+=" $name: a file was changed"
	done
	is "$wrong" '' "P10: a child with a bad block leaves the parent as it was"
else
	skip "P10: a child with a bad block leaves the parent as it was" "$(<.out)"
fi
fresh
(
	ulimit -f $(($(stat -c %s work/1.vhdx) / 1024))
	exec "$VHDXCTL" merge work/2.vhdx
) 2>.err
is "$?" 9 "a parent that cannot grow ends the merge"
like "$(<.err)" 'work/1.vhdx: cannot .*File too large' "the message has the error of the parent"
like "$(<.err)" 'work/1.vhdx: the merge is not complete: only work/2.vhdx shows all data; merge it again to continue' \
	"the message says how to continue the merge"
ok "work/2.vhdx shows what it has shown" shows work/2.vhdx work/disk.raw
run merge work/2.vhdx
is "$status" 0 "and is merged the second time"
ok "the parent shows the same" shows work/1.vhdx work/disk.raw

# Places that absent blocks of the parent still carry
# content IMAGE: of the disk, as a hash
content() {
	run map -q -J "$1"
	"$CLI_HERE/merge-places" content .out
}

# keeps_content CASE STATE: prints what went wrong; leaked space may be left
keeps_content() {
	local before after

	"$CLI_HERE/merge-places" "$1" "$2" "$VHDXCTL"
	before=$(content child.avhdx)
	run merge -q child.avhdx
	[ "$status" = 0 ] || echo "$1, state $2: $status $err"
	after=$(content base.vhdx)
	[ "$before" = "$after" ] || echo "$1, state $2: the disk shows something else"
	if have qemu-img; then
		qemu-img convert -f vhdx -O raw base.vhdx flat.raw
		[ "$(sha256sum <flat.raw)" = "$before  -" ] || echo "$1, state $2: QEMU sees something else"
	fi
	run check -q base.vhdx
	[ "$status" = 0 ] || [ "$status" = 3 ] || echo "$1, state $2: check: $out"
	run check -q --repair=all base.vhdx
	[ "$status" = 0 ] || echo "$1, state $2: repair: $out"
	[ "$(content base.vhdx)" = "$before" ] || echo "$1, state $2: repair changed the disk"
}
rm -rf places && mkdir places && cd places || exit 1
ln -s "$TMP/.out" .out
for case in shared half reversed stray; do
	is "$(for state in 1 3 5; do keeps_content $case $state; done)" '' \
		"merge keeps every block where entries of absent blocks carry places: $case"
done
is "$(keeps_content short 6)" '' "merge puts no block into the end of a last block that the file cuts short"
cd .. || exit 1

# Grandchildren
fresh
run snapshot work/2.vhdx work/grand.vhdx
run merge -J work/2.vhdx
is "$status/$(json .error.code)" 5/OTHER_CHILD "a child with children is not merged"
run merge work/2.vhdx --relink work/grand.vhdx
is "$status/$(cd work && echo ./*)" "0/./0.vhdx ./1.vhdx ./disk.raw ./grand.vhdx" "unless they are re-linked"
ok "they show what they have shown" shows work/grand.vhdx work/disk.raw
run info -J work/grand.vhdx
is "$(json '.image.parent."relative-path"')" '.\1.vhdx' "and know the name of the new parent"
fresh
run merge work/2.vhdx --relink work/0.vhdx
is "$status" 1 "what is no child is not re-linked"
for name in 1 2; do
	run merge work/2.vhdx --relink "work/$name.vhdx"
	is "$status $err" "1 vhdxctl: work/$name.vhdx: takes part in the merge, so --relink cannot name it" \
		"nor is what is merged ($name)"
done
run snapshot work/2.vhdx work/grand.vhdx
ln -s grand.vhdx work/link.vhdx
run merge work/2.vhdx --relink work/grand.vhdx --relink work/link.vhdx
is "$status $err" "1 vhdxctl: work/link.vhdx: --relink names this file twice" "nor the same file twice"
rm work/grand.vhdx work/link.vhdx
run merge work/2.vhdx --output work/2.vhdx --force
is "$status $err" "1 vhdxctl: work/2.vhdx: is the image that is merged; name another file" \
	"an image is not merged into itself"

if sample fat-parent.vhdx && sample fat-differential.vhdx; then
	wanted=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "content_sha256") n = i }
		$1 == "fat-differential.vhdx" { print $n }' "$SAMPLES/MANIFEST.tsv")
	run merge fat-differential.vhdx --output flat.vhdx --force
	have qemu-img && is "$(qemu-img convert -f vhdx -O raw flat.vhdx flat.raw && sha256sum <flat.raw)" "$wanted  -" \
		"a real chain made one image has the contents that are known of it, says QEMU"
	run merge fat-differential.vhdx
	have qemu-img && is "$(qemu-img convert -f vhdx -O raw fat-parent.vhdx flat.raw && sha256sum <flat.raw)" "$wanted  -" \
		"as has the real parent after the merge"
else
	skip "a real chain made one image has its contents" "no samples in $SAMPLES"
fi

# What is empty is not looked at block by block.
run create -q --block-size=1M empty.vhdx 4T
started=$SECONDS
ok "an empty disk of 4 TiB is merged into a new image in seconds" \
	timeout 20 "$VHDXCTL" merge -q empty.vhdx --output flat.vhdx --force
diag "it took $((SECONDS - started)) s"
is "$("$VHDXCTL" info -J flat.vhdx | jq '.image["virtual-size"]')" $((4 << 40)) "and is as large"
rm -f empty.vhdx flat.vhdx

# At any moment
if ! have cc || ! cc -shared -fPIC -o faults.so "$CLI_HERE/faults.c" -ldl 2>.err; then
	skip "killed at any moment, the chain shows the same and can be merged again" "no compiler"
	done_testing
fi
if ldd "$VHDXCTL" | grep -q asan; then
	skip "killed at any moment, the chain shows the same and can be merged again" "sanitizer"
	done_testing
fi

# killed_anywhere WHAT TARGET [HOW]: killed, or interrupted, before each of its changes of a file
killed_anywhere() {
	local what=$1 target=$2 step=0 wrong='' ended=99 top parent

	while [ "$ended" != 0 ]; do
		step=$((step + 1))
		fresh
		env LD_PRELOAD="$TMP/faults.so" "$what=$step" "$VHDXCTL" merge work/2.vhdx \
			--into "$target" >.out 2>.err
		ended=$?
		case $ended in
		0 | 99 | 130) ;;
		*) wrong+=" $step: $ended $(<.err)" ;;
		esac
		# once the top is gone, the target is what it was, and nothing left can be merged over that
		[ -e work/2.vhdx ] && top=work/2.vhdx || top=$target
		[ "$top" != "$target" ] || [ "$target" = work/1.vhdx ] || run merge work/1.vhdx
		# the top finds the target by name if what is between is gone
		parent=()
		[ -e work/1.vhdx ] || [ ! -e work/2.vhdx ] || parent=(--parent "$target")
		shows "$top" work/disk.raw "${parent[@]}" || wrong+=" $step: $ended $(tail -n 1 .proof) $err"
		[ "$top" = "$target" ] && [ "$ended" != 0 ] && continue
		[ "$ended" = 0 ] || run merge work/2.vhdx --into "$target" "${parent[@]}"
		{ [ "$status" = 0 ] && shows "$target" work/disk.raw && in_order "$target"; } ||
			wrong+=" again after $step: $status $err"
		[ "$step" -lt 500 ] || break
	done
	is "$wrong" '' "$what at any of $step moments: the chain shows the same, and is merged then ($target${3-})"
}
killed_anywhere DIE_AT work/1.vhdx
killed_anywhere INTERRUPT_AT work/1.vhdx
killed_anywhere DIE_AT work/0.vhdx

# power_cuts TARGET COUNT [HOW]
power_cuts() {
	local claim="P4: $2 power cuts: the chain shows the same, and is merged then ($1${3-})" inodes said

	fresh
	rm -f record
	inodes=$(cd work && stat -c '"%i": "%n"' ./*.vhdx | paste -sd ,)
	RECORD="$TMP/record" RECORD_DATA=1 RECORD_FILES=1 LD_PRELOAD="$TMP/faults.so" \
		"$VHDXCTL" merge work/2.vhdx --into "work/$1" >.out 2>.err
	if said=$(INODES="{$inodes}" "$CLI_HERE/merge-cuts" record chain cut "$1" "$2" "$VHDXCTL" 2>&1); then
		pass "$claim"
		diag "$said"
	else
		not_ok "$claim" "$said"
	fi
}
power_cuts 1.vhdx "${VHDX_CUTS:-25}"
power_cuts 0.vhdx "${VHDX_CUTS:-25}"
# the same where blocks are cloned, not copied
export CLONE=1
power_cuts 1.vhdx "${VHDX_CUTS:-25}" ", cloned"
killed_anywhere DIE_AT work/1.vhdx ", cloned"
# A clone of a hole is a hole: a fixed image would lose space that it has
is "$(cd places && LD_PRELOAD=$TMP/faults.so && export LD_PRELOAD && keeps_content fixed 6)" '' \
	"a child is merged into a fixed image"
ok "the fixed image keeps all its space" test $(($(stat -c '%b * %B' places/base.vhdx))) -ge \
	"$(stat -c %s places/base.vhdx)"
unset CLONE

done_testing
