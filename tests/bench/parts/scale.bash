# SPDX-License-Identifier: GPL-2.0-or-later
# SPDX-FileCopyrightText: 2026 The vhdx authors
# shellcheck shell=bash
#
# How the cost grows with depth, jobs and size.

SCALE_DEPTH="randread-4k-2 randread-4k-8 randread-4k-128"
SCALE_JOBS="randread-4k-8-2 randread-4k-8-4 randwrite-4k-8-4"
SCALE_SIZE="randread-16k-8 randread-64k-8 randread-256k-8 randread-1m-8"

part_scale() {
	same_files
	rounds side_by_side "$SCALE_DEPTH $SCALE_JOBS $SCALE_SIZE" vhdx inline thread loop raw
}

# By the clock: what several processors make of it.
part_parallel() {
	same_files
	rounds side_by_side "randread-4k-32-2 randwrite-4k-32-2" vhdx inline thread loop raw null
}
