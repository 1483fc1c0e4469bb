# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# Measuring: what fio says of a work, or a figure of another kind, goes into the file OUT as one
# JSON document after the other. tests/bench/figures evaluates them outside the guest.

say() { printf 'bench: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# record WORK DRIVER NAME <JSON: NAME is what kind of figure comes
record() {
	printf '{"part": "%s", "where": "%s", "work": "%s", "driver": "%s", "round": %d, "%s":\n' \
		"$PART" "$WHERE" "$1" "$2" "$ROUND" "$3"
	cat
	echo '}'
} >>"$OUT"

# fio_on WORK DRIVER OPTION...: of DISK, which is open
fio_on() {
	local work=$1 driver=$2 answer
	shift 2
	answer=$(fio --name=bench --filename="$DISK" --direct=1 --ioengine=libaio --norandommap \
		--randseed=1 --size="${SPAN:-${SIZE}M}" --output-format=json "$@") ||
		die "fio: $driver, $work: $answer"
	# what else fio has to say comes first
	sed -n '/^{/,$p' <<<"$answer" | record "$work" "$driver" fio
}

# figure WORK DRIVER UNIT NUMBER: something that is not fio's
figure() { echo "{\"unit\": \"$3\", \"value\": $4}" | record "$1" "$2" figure; }

# work_on WORK DRIVER: of DISK
work_on() {
	# shellcheck disable=SC2046 # words
	fio_on "$1" "$2" $(options "$2" "$1")
}

# measure WORK DRIVER: from opening to closing, the same for all
measure() {
	can "$2" "$1" || return 0
	open "$2"
	work_on "$1" "$2"
	close "$2"
}

# turn NAME...: the order of this round, so that none always follows the same one
turn() {
	local shift=$(((ROUND - 1) % $#))
	echo "${@:shift + 1}" "${@:1:shift}"
}

# side_by_side "WORK..." DRIVER...: interleaved, so that what changes with time hits all alike
side_by_side() {
	local works=$1 work driver
	shift
	for work in $works; do
		for driver in $(turn "$@"); do measure "$work" "$driver"; done
	done
}

# microseconds: since some time or other
microseconds() { echo $((${EPOCHREALTIME/[.,]/})); }

# rounds COMMAND...
rounds() {
	for ((ROUND = 1; ROUND <= VHDX_BENCH_ROUNDS; ROUND++)); do
		say "$PART ($WHERE), round $ROUND of $VHDX_BENCH_ROUNDS"
		"$@"
	done
}

# about: what the figures are of
about() {
	local qemu_nbd vhdimount
	qemu_nbd=$(qemu-nbd --version | sed -n '1s/^qemu-nbd \([^ ]*\).*/\1/p')
	vhdimount=$(vhdimount -V 2>&1 | grep -oE '[0-9]{8}' | head -n 1)
	cat <<-JSON
		{"about": {"kernel": "$(uname -r)", "cpus": $(nproc),
			"memory_mib": $(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo),
			"cpu": "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)",
			"fio": "$(fio --version)", "qemu-nbd": "$qemu_nbd", "libvhdi": "$vhdimount"}}
	JSON
} >>"$OUT"
