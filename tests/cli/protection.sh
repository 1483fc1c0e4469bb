#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# A write-protected parent stays so until a merge into it has succeeded.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
cd "$TMP" || exit 1

# fresh: base <- child <- grand, as snapshot leaves them; and another
fresh() {
	rm -rf work
	mkdir work
	run create work/base.vhdx 64M
	run create work/other.vhdx 64M
	run snapshot work/base.vhdx work/child.avhdx
	run snapshot work/child.avhdx work/grand.avhdx
	[ -z "$user" ] || chown -R "$user" work
}

modes() { (cd work && stat -c '%a' base.vhdx child.avhdx | xargs); }

# tool ARGUMENT...: like run, as the user whose turn it is
tool() {
	local as=()

	[ -z "$user" ] || as=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	(
		trap '' XFSZ
		ulimit -f "${limit:-unlimited}"
		exec "${as[@]}" "$VHDXCTL" "$@"
	) >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	out=$(<"$TMP/.out") err=$(<"$TMP/.err")
}

keeps_protection() {
	local user=$1 name=$2

	fresh
	run snapshot --keep-mode work/base.vhdx work/second.avhdx
	tool merge -J work/child.avhdx --relink work/grand.avhdx
	is "$(json .error.code) $(modes)" "OTHER_CHILD 444 444" \
		"a merge that is refused leaves the protection of all its files ($name)"
	fresh
	limit=1 tool merge work/grand.avhdx
	is "$status $(modes)" "9 444 444" "as does a merge that fails ($name)"
	tool set -J work/child.avhdx --parent work/other.vhdx
	is "$(json .error.code) $(modes)" "PARENT_MISMATCH 444 444" "as does set that is refused ($name)"
	tool set work/child.avhdx --parent work/base.vhdx
	is "$status $(modes)" "0 444 444" "and set that is not ($name)"
	tool merge work/grand.avhdx
	is "$status $(modes)" "0 444 644" "the parent may be written when a merge has succeeded ($name)"
}

# A child that is a parent itself, whose children are not found
user=''
fresh
mkdir elsewhere
mv work/grand.avhdx elsewhere/
run merge -J work/child.avhdx
is "$status $(json .error.code) $(cd work && echo ./*)" "5 PROTECTED ./base.vhdx ./child.avhdx ./other.vhdx" \
	"merge does not delete a child that is marked as a parent"
like "$(json .error.message)" 'work/child.avhdx: its mode 0444 lets no user write, .* children may be in any directory; .* use --relink' \
	"it is said why, and what to do"
for option in "--relink elsewhere/grand.avhdx" --keep --force; do
	rm -rf work elsewhere
	fresh
	mkdir elsewhere
	mv work/grand.avhdx elsewhere/
	# shellcheck disable=SC2086  # several words
	run merge work/child.avhdx $option
	exits 0 "it is merged with ${option%% *}"
done

# What becomes a parent
mode() { stat -c %a "$1"; }
for option in "" --keep-mode; do
	[ -z "$option" ] && wanted=444 || wanted=644
	rm -rf work
	fresh
	chmod 644 work/base.vhdx
	# shellcheck disable=SC2086  # none, or a word
	run set work/child.avhdx --parent work/base.vhdx $option
	is "$status $(mode work/base.vhdx)" "0 $wanted" "set protects the new parent, as snapshot does: $wanted with '$option'"
	chmod 644 work/base.vhdx
	# shellcheck disable=SC2086
	run merge work/child.avhdx --relink work/grand.avhdx $option
	is "$status $(mode work/base.vhdx)" "0 $wanted" "as does merge --relink: $wanted with '$option'"
done
fresh
run merge work/child.avhdx --relink work/grand.avhdx
is "$status $(mode work/base.vhdx)" "0 444" "one that is protected stays so with --relink"
rm -rf far && mkdir far
run create far/base.vhdx 64M
run snapshot far/base.vhdx kept.avhdx
run merge --keep kept.avhdx
is "$status $(mode far/base.vhdx)" "0 444" "and with --keep, which leaves it a child"
run create -J --force far/base.vhdx 1G
is "$status $(json .error.code)" "5 PROTECTED" "P10: so it is not replaced while a kept child elsewhere needs it"
fresh
run merge work/grand.avhdx --keep-mode
is "$status $(mode work/child.avhdx)" "0 444" "and with --keep-mode"

if [ "$(id -u)" = 0 ]; then
	keeps_protection '' root
	chmod 755 "$TMP"
	if setpriv --reuid 65534 "$VHDXCTL" --version >/dev/null 2>&1; then
		keeps_protection 65534 "another user"
	else
		skip "the same for another user" "no setpriv, or the tool is out of reach"
	fi
else
	keeps_protection '' "not root"
fi

done_testing
