#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The completion of bash knows the verbs, the options, and the values of options.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154,SC2317
. "$(dirname "$0")/common.bash"

# shellcheck source=/dev/null
. "$ROOT/userspace/completion/vhdxctl"
vhdxctl() { "$VHDXCTL" "$@"; }
compopt() { :; }	# only works in a completion that readline called
mkdir "$TMP/here" && cd "$TMP/here" || exit 1
touch disk.vhdx

# completed WORD...: the completions of the last one. A = is a word of its own, as for readline.
completed() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_vhdxctl
	echo "${COMPREPLY[*]-}"
}

is "$(completed vhdxctl me)" merge "a verb"
is "$(completed vhdxctl info d)" disk.vhdx "an image"
wrong=''
for verb in attach detach list info create snapshot merge set check replay map; do
	[[ " $(completed vhdxctl '') " == *" $verb "* ]] || wrong+=" $verb is not completed"
	for option in $("$VHDXCTL" "$verb" --help | grep -o -- '^  *\(-., \)\?--[a-z-]*' | grep -o -- '--[a-z-]*'); do
		[ "$(completed vhdxctl "$verb" "$option" | wc -w)" -ge 1 ] || wrong+=" $verb $option"
	done
done
is "$wrong" '' "all options that --help names"
while read -r verb option values; do
	is "$(completed vhdxctl "$verb" "$option" '')" "$values" "$verb $option"
	is "$(completed vhdxctl "$verb" "$option" =)" "$values" "$verb $option="
	is "$(completed vhdxctl "$verb" "$option" = "${values:0:1}" | wc -w)" 1 "$verb $option=${values:0:1}"
done <<'EOF'
attach --replay auto refuse
check --repair leaks all
create --type dynamic fixed
merge --progress auto bar json none
EOF
while read -r option values; do
	is "$(completed vhdxctl attach "$option" =)" "$values" "attach $option="
	is "$(completed vhdxctl attach "$option" '')" disk.vhdx "attach $option is followed by an image"
done <<'EOF'
--partscan yes no
--holes yes no
--direct-io on off
EOF
is "$(completed vhdxctl merge --output = d)" disk.vhdx "merge --output= is a file"
is "$(completed vhdxctl list --output = NAME,BACK-F)" NAME,BACK-FILE "columns after a comma"
is "$(completed vhdxctl list -o +BACK-F)" +BACK-FILE "columns after a +"
is "$(completed vhdxctl list -o +TEMP,BACK-F)" +TEMP,BACK-FILE "and both"

done_testing
