#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# The judge finds no fault with a good writer, and every fault that is put into its recording.
set -u
HERE=$(cd "$(dirname "$0")" && pwd -P)
. "$HERE/../lib/tap.sh"
JUDGE=${JUDGE:-$HERE/build/plain/judge}
SEED=${SEED:-$((RANDOM * 32768 + RANDOM))}
command -v qemu-storage-daemon >/dev/null || skip_all "no qemu-storage-daemon"
[ -e /dev/fuse ] || skip_all "no FUSE"
DIR=$(mktemp -d "${TMPDIR:-/tmp}/vhdx-cuts.XXXXXX")
trap 'umount -q "$DIR/disk" 2>/dev/null; rm -rf "$DIR"' EXIT

judge() {
	nice "$JUDGE" -i "$DIR/initial" -j "$DIR/journal" -l "$DIR/recording" -s "$SEED" "$@"
}

# faults OPTION...: kinds of faults, but for QEMU's own
faults() { judge "$@" | sed -n 's/^wrong: [0-9]* states: //p' | grep -vx log_no_sequence; }

# log_faults OPTION...: how many states of that kind
log_faults() { judge "$@" | sed -n 's/^wrong: \([0-9]*\) states: log_no_sequence$/\1/p'; }

# last PART [COUNT]: the last writes there, which no later ones replace
last() { judge -L | awk -v part="$1" '$2 == part { print $1 }' | tail -n "${2:-1}"; }

# drop PART: of several that are lost, one at least was needed
drop() { last "$1" 4 | sed 's/^/-Tdrop:/'; }

record() {
	"$HERE/record-qemu" "$DIR" 64M -n 800 -t 4 -s "$SEED" -b 65536 2>&1
}

if ! said=$(record); then
	diag "$said"
	skip_all "QEMU's writer cannot be recorded here"
fi
diag "$said"
diag "$(judge -r 4 | tail -n 5)"
is "$(faults -r 4)" "" "QEMU's writer loses nothing that was flushed, seed $SEED"
mapfile -t drop < <(drop payload)
like "$(faults "${drop[@]}")" 'older|zeros' "writes of data that never arrive are missed"
# shellcheck disable=SC2046 # words
like "$(faults $(drop bat))" . "so are those of the BAT"
# shellcheck disable=SC2046 # words
ok "those of the log, too" test "$(log_faults $(drop log))" -gt "$(log_faults)"
like "$(faults -T unflush:all)" . "flushes that do nothing are noticed"
# some may be of zeros, in the place of zeros
mapfile -t swap < <(last payload 20 | awk '{ n[NR] = $1 } END { for (i = 1; i <= 10; i++) print "-Tswap:" n[i] ":" n[i + 10] }')
like "$(faults "${swap[@]}")" 'another sector' "writes in each other's place as well"

state=$(judge "${drop[@]}" | awk '/^state .*(older|zeros)/ { sub(/:/, "", $2); print $2; exit }')
judge "${drop[@]}" -N "$state" -o "$DIR/broken" >"$DIR/said"
is $? 1 "a state is as wrong when it is made by its name ($state)"
ok "and can be looked at" test -s "$DIR/broken"

done_testing
