#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The command line: help, global options, and messages about wrong ones.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

run --help
exits 0 "--help succeeds"
verbs=$(sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$TMP/.out")
like "$verbs" attach "--help lists the verbs"
is "$err" "" "--help says nothing on stderr"

for verb in $verbs; do
	run "$verb" --help
	exits 0 "$verb --help succeeds"
	like "$out" "^Usage: vhdxctl $verb " "$verb --help begins with its usage"
	run "$verb" --json --version
	like "$out" '^vhdxctl [0-9]+\.[0-9]+\.[0-9]+$' "$verb --version prints the version"
	run "$verb" --no-such-option
	exits 1 "$verb refuses an unknown long option"
	like "$err" "^vhdxctl: $verb: invalid option --no-such-option; see vhdxctl $verb --help$" \
		"$verb names the option it does not know"
	run "$verb" -Z
	like "$err" "invalid option -Z" "$verb names the letter it does not know"
	run "$verb" --json=yes
	exits 1 "$verb refuses a value for an option that has none"
	run "$verb" --no-such-option -J
	is "$(json .error.code)/$(json .error.exit)" USAGE/1 \
		"$verb reports a wrong option as JSON even if --json comes later"
done

run check --repair=leaks --repair=bogus nothing.vhdx
is "$status $err" "1 vhdxctl: check: --repair: invalid value 'bogus'; use leaks or all" \
	"a wrong value is refused, even after a right one"
run
exits 1 "no verb is an error"
run nonsense
exits 1 "an unknown verb is an error"
like "$err" '^vhdxctl: nonsense: unknown verb; see vhdxctl --help$' "and named"
for typed in ifno=info atach=attach detatch=detach det=detach snaphsot=snapshot; do
	run "${typed%=*}"
	like "$err" "^vhdxctl: ${typed%=*}: unknown verb \\(did you mean ${typed#*=}\\?\\)" \
		"a verb that is mistyped: ${typed#*=} is suggested for ${typed%=*}"
done
run mount
like "$err" '^vhdxctl: mount: unknown verb; attach it with vhdxctl attach IMAGE' \
	"a verb of another program: what to type instead is said"
run help
is "$status $(head -n 1 <<<"$out")" "0 Usage: vhdxctl [OPTION]... VERB [OPTION]... [ARGUMENT]..." \
	"help is --help"
run help detach
like "$status $out" '^0 Usage: vhdxctl detach ' "help VERB is VERB --help"
run help ifno
like "$status $err" '^1 vhdxctl: ifno: unknown verb \(did you mean info\?\)' "help of no verb is an error"
run attach --readonly "$TMP"
like "$err" 'invalid option --readonly \(did you mean --read-only\?\); see vhdxctl attach --help$' \
	"an option that is mistyped: the nearest is suggested"
# The letters behind the first wrong one are -v, -h and others.
run snapshot p.vhdx -c.avhdx
is "$status/$out/$err" "1//vhdxctl: snapshot: invalid option -c; see vhdxctl snapshot --help" \
	"the first wrong option decides, whatever comes behind it"
run create --no-such-option --block-size=junk --help --version
is "$status/$out/$err" "1//vhdxctl: create: invalid option --no-such-option; see vhdxctl create --help" \
	"not a wrong value either"
run --no-such-option --help list
is "$status/$out/$err" "1//vhdxctl: invalid option --no-such-option; see vhdxctl --help" "before the verb, too"
run --jsno list
like "$err" 'invalid option --jsno \(did you mean --json\?\)' "before the verb, too"
run info --json=1 "$TMP"
like "$err" 'invalid option --json=1; see' "not the option itself if its value is wrong"
run -J nonsense
is "$(json .error.code)" USAGE "an unknown verb is reported as JSON"
run -V
like "$out" '^vhdxctl ' "-V prints the version"
run --verbose --quiet --debug list
exits 0 "global options may stand before the verb"
run -J list
is "$(json .schema)" 1 "--json may stand before the verb"
run list -J
is "$(json .schema)" 1 "--json may stand after the verb"

run attach
exits 1 "attach needs an image"
run attach -r one two
exits 1 "attach takes only one image"
run attach -r --index=x "$TMP"
like "$err" "--index: invalid disk number 'x'" "attach wants a number as --index"
run attach -r --index=-1 "$TMP"
exits 1 "attach wants no negative --index"
run attach -r --index=99999999999999999999 "$TMP"
exits 1 "attach wants no --index that overflows"
run attach -r --index
like "$err" "value missing after --index" "attach says that the value of --index is missing"
run attach -r --partscan=perhaps "$TMP"
like "$err" "--partscan: invalid value 'perhaps'; use yes or no" "attach wants yes or no for --partscan"
run attach -r --direct-io=perhaps "$TMP"
exits 1 "attach wants on or off for --direct-io"
run attach -r --temporary "$TMP"
like "$err" "-r and --temporary exclude each other" "attach --temporary is for disks that are written to"
run attach --raw -r "$TMP"
like "$err" "apply only to tables" "attach has no table options"
run detach
exits 1 "detach needs a disk"
run detach --all "$TMP"
exits 1 "detach --all takes no arguments"
run detach --lazy --force vhdx0
exits 1 "detach takes only one of --lazy and --force"
run list -o NAME,NONSENSE
like "$err" "unknown column NONSENSE" "list names the column it does not know"
run list -o ''
exits 1 "list wants at least one column"
run info
exits 1 "info needs an image"
run info one two
exits 1 "info takes only one image"

if [ -w /dev/full ]; then
	"$VHDXCTL" --help >/dev/full 2>"$TMP/.err"
	is $? 9 "output that cannot be written is an I/O error"
else
	skip "output that cannot be written is an I/O error" "no /dev/full"
fi

done_testing
