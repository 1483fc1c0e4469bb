#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# P10: no verb overwrites, orphans or abandons anything unless its command line says so. No module
# is needed: the refusals come before one is used.
# shellcheck source=SCRIPTDIR/common.bash disable=SC1091,SC2154
. "$(dirname "$0")/common.bash"

have jq || skip_all "no jq"
cd "$TMP" || exit 1

# refused CODE CLAIM ARGUMENT...: with that code, and no file in this directory has changed
refused() {
	local before after

	before=$(sha256sum ./*/*)
	run "${@:3}" -J
	after=$(sha256sum ./*/*)
	if [ "$(json .error.code)" = "$1" ] && [ "$before" = "$after" ]; then
		pass "$2"
	else
		not_ok "$2" "exit $status, $(json .error.code), $err; $(diff <(echo "$before") <(echo "$after"))"
	fi
}

# fresh: a parent with a child of the same directory, and one with a child elsewhere
fresh() {
	rm -rf with far child
	mkdir with far child
	run create with/base.vhdx 64M
	run snapshot --keep-mode with/base.vhdx with/child.avhdx
	run create far/base.vhdx 64M
	run snapshot far/base.vhdx child/child.avhdx
}
fresh

# Attaching for writing
refused HAS_CHILDREN "P10: a parent is not attached for writing" attach with/base.vhdx
is "$status" 5 "it is in use"
like "$err" 'with/base.vhdx: is the parent of .*with/child.avhdx, ' "by the child, which is named"
like "$err" 'attach a child instead, use -r or --temporary, or --force' "and it is said what to do"
refused HAS_CHILDREN "--dry-run reports the same" attach --dry-run with/base.vhdx
for option in -r --temporary --force; do
	run attach --dry-run $option with/base.vhdx
	exits 0 "it can be attached with $option"
done
run attach --dry-run with/child.avhdx
exits 0 "and its child without any"
refused PROTECTED "P10: a parent whose child is elsewhere is not attached, by the mode that snapshot left" \
	attach far/base.vhdx
like "$err" 'its mode 0444' "the mode is named"
for option in -r --temporary --force; do
	run attach --dry-run $option far/base.vhdx
	exits 0 "it can be attached with $option"
done
chmod u+w far/base.vhdx
run attach --dry-run far/base.vhdx
exits 0 "a parent can be attached when its mode allows writing again"
cp with/base.vhdx with/copy.vhdx
run attach --dry-run with/copy.vhdx
exits 0 "a copy beside it is not the parent of its child"
mkdir link && ln -s ../with/base.vhdx link/base.vhdx
refused HAS_CHILDREN "children are looked for beside the file that a link leads to" attach link/base.vhdx
for n in 1 2 3 4 5; do run snapshot --keep-mode with/base.vhdx "with/more-$n.avhdx"; done
refused HAS_CHILDREN "of many children" attach with/base.vhdx
like "$err" 'is the parent of [^,]*, [^,]*, [^,]*, [^,]* and others, ' "some are named"

# Replacing files
fresh
printf 'a letter\n' >with/letter
cp with/base.vhdx with/broken.vhdx
dd if=/dev/zero of=with/broken.vhdx bs=64K seek=1 count=4 conv=notrunc status=none
: >with/empty
mkdir own
run create own/base.vhdx 64M
run snapshot --keep-mode own/base.vhdx own/child.avhdx
for verb in "create" "snapshot --keep-mode own/child.avhdx" "merge own/child.avhdx --output"; do
	size=
	[ "$verb" != create ] || size=1G
	name=${verb%% *}
	# shellcheck disable=SC2086  # several words
	{
		refused HAS_CHILDREN "P10: $name --force does not replace a parent" $verb with/base.vhdx $size --force
		refused PROTECTED "P10: nor one whose child is elsewhere, $name" $verb far/base.vhdx $size --force
		refused NOT_REPLACED "P10: $name --force does not replace what is no VHDX" $verb with/letter $size --force
		refused NOT_REPLACED "P10: nor a VHDX that cannot be read, $name" $verb with/broken.vhdx $size --force
		refused EXISTS "nor anything without --force, $name" $verb with/child.avhdx $size
		cp child/child.avhdx with/lone.avhdx
		run $verb with/lone.avhdx $size --force
		exits 0 "$name --force replaces a VHDX without children"
		cp with/empty with/nothing
		run $verb with/nothing $size --force
		exits 0 "$name --force replaces an empty file"
		rm -f with/lone.avhdx with/nothing
	}
done

# What the caller cannot look into
warnings=("not searched: a directory that cannot be listed" "nor is a file that cannot be read")
if [ "$(id -u)" = 0 ] && have setpriv && setpriv --reuid 65534 "$VHDXCTL" --version >/dev/null 2>&1; then
	chmod a+x "$TMP"
	mkdir secret && chmod a=wxr secret
	run create secret/base.vhdx 64M
	run snapshot --keep-mode secret/base.vhdx secret/child.avhdx
	chmod a=rw secret/base.vhdx
	chmod a= secret/child.avhdx
	for mode in a=wx a=rwx; do
		chmod "$mode" secret
		setpriv --reuid 65534 --regid 65534 --clear-groups "$VHDXCTL" attach --dry-run secret/base.vhdx >.out 2>.err
		case $mode in
		a=wx) wanted="$TMP/secret: cannot be searched for children of secret/base.vhdx (Permission denied)" ;;
		*) wanted="$TMP/secret: has files that cannot be read (1); they may be children of secret/base.vhdx" ;;
		esac
		is "$(<.err)" "vhdxctl: $wanted" "${warnings[0]}"
		warnings=("${warnings[@]:1}")
	done
	setpriv --reuid 65534 --regid 65534 --clear-groups "$VHDXCTL" create --force secret/base.vhdx 1M >.out 2>.err
	is "$(grep -c 'may be children' .err)" 1 "the warning is printed once"
else
	skip "${warnings[0]}" "needs root, setpriv, and a tool within reach"
fi

# Open file description locks: of the whole file, as vhdxctl takes them, and of a byte, as QEMU does
if have python3; then
	cat >lock.py <<-'END'
		import fcntl, struct, sys, time
		kind, start, length = getattr(fcntl, sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
		file = open(sys.argv[1], "r+b")
		fcntl.fcntl(file, 37, struct.pack("hhqqi4x", kind, 0, start, length, 0))
		print("locked", flush=True)
		time.sleep(60)
	END
	for lock in "F_WRLCK 0 0" "F_RDLCK 100 1"; do
		cp child/child.avhdx with/open.avhdx
		# shellcheck disable=SC2086  # several words
		exec {locked}< <(exec python3 lock.py with/open.avhdx $lock)
		locker=$!
		read -r _ <&"$locked"
		for verb in "create" "snapshot --keep-mode child/child.avhdx" "merge own/child.avhdx --output"; do
			size=
			[ "$verb" != create ] || size=1G
			# shellcheck disable=SC2086  # several words
			refused LOCKED "P10: ${verb%% *} --force does not replace what another program has locked ($lock)" \
				$verb with/open.avhdx $size --force
		done
		is "$status $err" "5 vhdxctl: with/open.avhdx: another program has locked it; close it there first" \
			"it is said why, and what to do"
		kill "$locker"
		exec {locked}<&-
	done
else
	skip "--force does not replace what another program has locked" "no python3"
fi
run create --help
like "$out" '--force  *replace an existing VHDX without children' "--help says what --force replaces"

# What cannot be finished replaces nothing
# whole CLAIM COMMAND...: however it ends, out.vhdx is as before, or complete
whole() {
	local now
	"${@:2}" >"$TMP/.out" 2>"$TMP/.err"
	status=$?
	now=$(sha256sum <with/out.vhdx)
	run check -q with/out.vhdx
	[ "$now" = "$old" ] || [ "$status" = 0 ] || bad+=" $1"
	[ -z "$(find with -name '.out*')" ] || [ "$1" = DIE_AT ] || bad+=" $1 leaves a file"
}

# limited COMMAND...: where no file may grow beyond 3 MiB
limited() { (trap '' XFSZ; ulimit -f 3072; "$@"); }

fresh
for verb in "create with/out.vhdx 64M" "snapshot --keep-mode child/child.avhdx with/out.vhdx" \
	"merge own/child.avhdx --output with/out.vhdx"; do
	bad=
	rm -f with/.out* && run create --force with/out.vhdx 8M
	old=$(sha256sum <with/out.vhdx)
	# shellcheck disable=SC2086  # several words
	whole "no space" limited "$VHDXCTL" $verb --force
	is "$bad/$(sha256sum <with/out.vhdx)" "/$old" "P10: ${verb%% *} --force for which there is no space replaces nothing"
	if ! have cc || ! cc -shared -fPIC -o faults.so "$CLI_HERE/faults.c" -ldl || ldd "$VHDXCTL" | grep -q asan; then
		skip "P10: ${verb%% *} --force that is ended at some step" "no compiler, or AddressSanitizer"
		continue
	fi
	for how in INTERRUPT_AT DIE_AT; do
		for step in {1..20}; do
			rm -f with/.out* && run create --force with/out.vhdx 8M
			old=$(sha256sum <with/out.vhdx)
			# shellcheck disable=SC2086  # several words
			whole $how env LD_PRELOAD="$TMP/faults.so" $how="$step" "$VHDXCTL" $verb --force
		done
	done
	is "$bad" "" "P10: ${verb%% *} --force that is ended at some step leaves the old file, or a complete one"
done

# While the new file is written, another file gets the name of the one that is to be replaced.
for verb in "create with/out.vhdx 64M" "snapshot --keep-mode child/child.avhdx with/out.vhdx" \
	"merge own/child.avhdx --output with/out.vhdx"; do
	[ -e faults.so ] || { skip "P10: ${verb%% *} --force and another file with the name" "no faults.so"; continue; }
	bad='' swapped=0
	for step in {1..20}; do
		rm -f with/.out* with/former && run create --force with/out.vhdx 8M
		echo thesis >with/thesis
		# shellcheck disable=SC2086  # several words
		env LD_PRELOAD="$TMP/faults.so" COMMAND_AT="$step" \
			COMMAND='mv with/out.vhdx with/former && mv with/thesis with/out.vhdx' \
			"$VHDXCTL" $verb --force >out 2>err
		code=$?
		[ ! -e with/thesis ] || break
		[ "$(<with/out.vhdx)" = thesis ] || { bad+=" $step: lost"; continue; }
		[ $code = 5 ] && grep -qE "was replaced or written to meanwhile|is not a VHDX" err && [ "$(echo with/.out*)" = "with/.out*" ] ||
			bad+=" $step: $code $(<err)"
		swapped=$((swapped + 1))
	done 2>/dev/null
	rm -f with/out.vhdx with/thesis with/former
	is "$bad/$((swapped > 0))" /1 "P10: ${verb%% *} --force does not replace another file that got the name"
done

# Or other contents, or one file after the other gets the name.
for verb in "create with/out.vhdx 64M" "snapshot --keep-mode child/child.avhdx with/out.vhdx" \
	"merge own/child.avhdx --output with/out.vhdx"; do
	[ -e faults.so ] || { skip "P10: ${verb%% *} --force and a file that does not stay as it is" "no faults.so"; continue; }
	bad='' written=0
	for step in {1..20}; do
		rm -f with/.out* with/written with/out.vhdx && run create with/out.vhdx 8M
		# shellcheck disable=SC2086  # several words
		env LD_PRELOAD="$TMP/faults.so" COMMAND_AT="$step" \
			COMMAND='[ -s with/.out* ] || { echo thesis >with/out.vhdx; : >with/written; }' \
			"$VHDXCTL" $verb --force >out 2>err
		code=$?
		[ -e with/written ] || continue
		[ "$(tr -d '\0' <with/out.vhdx | head -c 6)" = thesis ] || { bad+=" $step: lost"; continue; }
		[ $code != 0 ] || break		# written to when it had been replaced
		[ $code = 5 ] && grep -qE "was replaced or written to meanwhile|is not a VHDX" err || bad+=" $step: $code $(<err)"
		written=$((written + 1))
	done 2>/dev/null
	is "$bad/$((written > 0))" /1 "P10: ${verb%% *} --force does not replace a file that was written to meanwhile"
	bad=
	for step in {1..20}; do
		rm -f with/.out* with/out.vhdx* && run create with/out.vhdx 8M
		echo thesis >with/thesis && echo diary >with/diary
		# shellcheck disable=SC2016,SC2086  # expanded later, several words
		env LD_PRELOAD="$TMP/faults.so" COMMAND_FROM="$step" \
			COMMAND='for f in thesis diary; do [ ! -e with/$f ] || exec mv --backup=t with/$f with/out.vhdx; done' \
			"$VHDXCTL" $verb --force >out 2>err
		for text in thesis diary; do
			grep -qs "^$text" with/* with/.out* || bad+=" $step: $text is lost"
		done
		left=$(find with -name '.out*')
		[ -z "$left" ] || grep -q "another file, which had this name meanwhile, is $PWD/$left now" err || bad+=" $step: $left is not reported"
	done
	is "$bad" "" "P10: ${verb%% *} --force deletes none of several files that get the name"
	rm -f with/out.vhdx* with/.out* with/thesis with/diary with/written
done

# A name that was free, and is not any more
if [ -e faults.so ]; then
	env LD_PRELOAD="$TMP/faults.so" COMMAND_AT=4 COMMAND='echo thesis >with/out.vhdx' \
		"$VHDXCTL" create --force with/out.vhdx 64M 2>err
	is "$? $(<with/out.vhdx) $(<err)" "5 thesis vhdxctl: with/out.vhdx: was created meanwhile; try again" \
		"P10: create --force does not replace a file that was not there when it began"
	rm -f with/out.vhdx
fi

# While the child is written, another file gets the name of the parent, or the parent other contents.
for command in 'mv with/base.vhdx with/former && mv with/thesis with/base.vhdx' \
	'[ ! -e with/thesis ] || { cat with/thesis >>with/base.vhdx && rm with/thesis; }'; do
	[ -e faults.so ] || { skip "P10: snapshot and a parent that does not stay as it is" "no faults.so"; continue; }
	bad=
	for step in {1..8}; do
		fresh
		echo thesis >with/thesis && chmod 666 with/thesis
		LD_PRELOAD="$TMP/faults.so" COMMAND_AT="$step" COMMAND="$command" \
			"$VHDXCTL" snapshot with/base.vhdx with/new.avhdx >out 2>err
		code=$?
		[ ! -e with/former ] || [ "$(stat -c %a with/base.vhdx)" = 666 ] || bad+=" $step: mode of another file"
		[ $code = 5 ] && [ ! -e with/new.avhdx ] && grep -q "was replaced or written to meanwhile" err ||
			bad+=" $step: $code $(<err)"
	done
	is "$bad" "" "P10: snapshot makes no child of a parent that changed meanwhile: ${command%%with*}"
done

# Two verbs at once: one makes a child, the other replaces or merges its parent.
# shellcheck disable=SC2016  # expanded later
for verbs in 'create --force with/base.vhdx 8M|snapshot --keep-mode with/base.vhdx with/new.avhdx' \
	'snapshot --keep-mode with/base.vhdx with/new.avhdx|create --force with/base.vhdx 8M' \
	'merge with/child.avhdx|snapshot --keep-mode with/base.vhdx with/new.avhdx' \
	'snapshot --keep-mode with/base.vhdx with/new.avhdx|merge with/child.avhdx' \
	'set --keep-mode with/new.avhdx --parent with/base.vhdx|create --force with/base.vhdx 8M' \
	'create --force with/base.vhdx 8M|set --keep-mode with/new.avhdx --parent with/base.vhdx'; do
	[ -e faults.so ] || { skip "P10: two verbs at once orphan no child" "no faults.so"; continue; }
	bad=
	for step in {1..30}; do
		rm -rf with far && mkdir with far
		run create with/base.vhdx 64M
		case $verbs in
		*merge*) run snapshot --keep-mode with/base.vhdx with/child.avhdx ;;
		*set*)
			cp with/base.vhdx far
			run snapshot --keep-mode far/base.vhdx with/new.avhdx ;;
		esac
		# shellcheck disable=SC2086  # several words
		LD_PRELOAD="$TMP/faults.so" COMMAND_AT=$step \
			COMMAND="'$VHDXCTL' ${verbs#*|} >other 2>&1; echo \$? >code" "$VHDXCTL" ${verbs%|*} >out 2>&1
		code=$?
		run map -q with/new.avhdx
		[ "$status" = 0 ] || [ ! -e with/new.avhdx ] || bad+=" $step: $code $(<out) / $(<code) $(<other)"
	done
	is "$bad" "" "P10: two verbs at once orphan no child: ${verbs%%[ |]*}, ${verbs##*|}"
done

# By what is below the parent
fresh
run snapshot --keep-mode with/child.avhdx own/third.avhdx
whole_base=$(sha256sum <with/base.vhdx)
run snapshot --force --keep-mode own/third.avhdx with/child.avhdx
exits 1 "P10: snapshot --force does not replace a parent of its parent"
like "$err" "with/child.avhdx: is a parent of own/third.avhdx" "which is said"
is "$(sha256sum <with/base.vhdx)" "$whole_base" "nor anything else"

# By a program that knows no locks
fresh
run create --force with/out.vhdx 8M
exec 9<>with/out.vhdx
for verb in "create --force with/out.vhdx 64M" "snapshot --force --keep-mode with/base.vhdx with/out.vhdx"; do
	# shellcheck disable=SC2086  # several words
	refused ATTACH_OPEN_FOR_WRITING "P10: ${verb%% *} --force leaves alone what is open for writing" $verb
done
exec 9>&-
rm with/out.vhdx
fresh
exec 9<>with/child.avhdx
refused ATTACH_OPEN_FOR_WRITING "P10: merge deletes no child that is open for writing" merge with/child.avhdx
exec 9>&-

# Merging
fresh
run snapshot --keep-mode with/base.vhdx with/other.avhdx
run snapshot --keep-mode with/child.avhdx with/grand.avhdx
refused OTHER_CHILD "P10: merge leaves alone what others need" merge with/child.avhdx
like "$err" 'other.avhdx: is a child of with/base.vhdx as well' "other children are named"
like "$err" 'grand.avhdx: is a child of with/child.avhdx as well' "all of them"


# By the name of a link
fresh
mkdir -p link
ln -s child.avhdx with/alias.avhdx
run merge with/alias.avhdx
is "$status $(cd with && echo ./*)" "0 ./alias.avhdx ./base.vhdx" "merge by a symbolic link deletes the child, not the link"
fresh
rm -rf link && mkdir link
ln -s ../with/child.avhdx link/child.avhdx
run snapshot --keep-mode link/child.avhdx link/grand.avhdx
refused OTHER_CHILD "P10: merge by a symbolic link leaves alone a child beside the link" merge link/child.avhdx --parent-dir with
like "$err" 'link/grand.avhdx: is a child of link/child.avhdx as well' "which is named"
mv link/grand.avhdx with/grand.avhdx
run set with/grand.avhdx --parent with/child.avhdx
refused OTHER_CHILD "P10: and one beside the file" merge link/child.avhdx --parent-dir with
rm -rf link


# From where the file is, not its link, the relative path of a child leads to its parent
rm -rf with/deep link && mkdir -p link with/deep
for verb in "snapshot --force --keep-mode with/base.vhdx link/child.avhdx" \
	"set --keep-mode link/child.avhdx --parent with/base.vhdx"; do
	[ "${verb%% *}" = set ] || run create with/deep/child.avhdx 8M
	[ -L link/child.avhdx ] || ln -s ../with/deep/child.avhdx link/child.avhdx
	# shellcheck disable=SC2086  # several words
	run $verb
	mkdir moved && mv with link moved && run map -q moved/with/deep/child.avhdx
	exits 0 "P10: a child by a symbolic link has its parent also when both have moved, ${verb%% *}"
	mv moved/* . && rmdir moved
done
rm -rf with/deep link

# A standard stream that is closed does not become an image, into which messages are written.
for verb in "create -v with/new.vhdx 64M" "create -v --force with/lone.vhdx 64M" \
	"snapshot -v --force with/base.vhdx with/lone.vhdx" "merge -v with/child.avhdx" \
	"merge -v --keep with/child.avhdx" "merge -v with/child.avhdx --output with/new.vhdx" \
	"set -v with/child.avhdx --parent with/base.vhdx" "check -v --repair=all with/base.vhdx"; do
	bad=
	for closed in '<&-' '>&-' '2>&-' '>&- 2>&-' '<&- >&- 2>&-' '2>&- -J' '<&- >&- 2>&- -J'; do
		fresh
		run create with/lone.vhdx 8M
		eval "\"\$VHDXCTL\" $verb $closed" 2>/dev/null >&2
		for file in with/*; do
			run check -q "$file"
			[ "$status" = 0 ] || bad+=" $closed: $err"
		done
	done
	is "$bad" "" "P10: ${verb%% -*} with standard streams closed writes no message into an image: $verb"
done

# Verbs that leave a parent what it is
fresh
dd if=/dev/zero of=with/base.vhdx bs=64K seek=1 count=1 conv=notrunc status=none
run check -q --repair=all with/base.vhdx
exits 0 "a parent can be repaired"
run map -q with/child.avhdx
exits 0 "and is the right parent afterwards"

done_testing
