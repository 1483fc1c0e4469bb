# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# What the disks do: a work is OPERATION-SIZE-DEPTH[-JOBS], like randread-4k-32 or
# randread-4k-32-2, in fio's words.
#
# Where instructions are counted, each disk does a given number of I/Os: enough for fio, whose
# clock has milliseconds, to measure to some thousandths. By the clock, each has the same time.

# What a quick disk does in some 400 million instructions.
ios_of() {
	case $1 in
	4k) echo 20000 ;;
	16k) echo 14000 ;;
	64k) echo 7000 ;;
	128k) echo 4800 ;;
	256k) echo 2600 ;;
	1m) echo 700 ;;
	esac
}

# What is several times slower needs fewer for the same precision.
share_of() {
	case $1 in
	nbd*) echo 8 ;;
	vhdimount) echo 4 ;;
	*) echo 1 ;;
	esac
}

# amount DRIVER SIZE JOBS: options that say how much is to be done
amount() {
	if [ "$MODE" = icount ]; then
		echo "--io_size=$(($(ios_of "$2") / $(share_of "$1") / $3 * $(numfmt --from=iec "${2^^}")))"
	else
		echo "--time_based --runtime=${VHDX_BENCH_SECONDS:-1}s"
	fi
}

# options DRIVER WORK
options() {
	local operation size depth jobs
	IFS=- read -r operation size depth jobs <<<"$2-"
	jobs=${jobs%-}
	echo "--rw=$operation --bs=$size --iodepth=$depth --numjobs=${jobs:-1}" \
		"--group_reporting $(amount "$1" "$size" "${jobs:-1}")"
}

# can DRIVER WORK
can() {
	case $1-$2 in
	vhdimount-*write*) return 1 ;;
	inline-*write* | thread-*write*) return 1 ;;
	inline-* | thread-*) can_choose_submitter ;;
	esac
}
