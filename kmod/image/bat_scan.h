/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The check of a whole BAT before the image is changed.
 */
#ifndef VHDX_IMAGE_BAT_SCAN_H
#define VHDX_IMAGE_BAT_SCAN_H

#include "format/bat.h"
#include "format/reader.h"

struct file;
struct vhdx_overlay;
struct vhdx_space;

/**
 * struct vhdx_bat_scan - what to check, and what to record
 * @reader:	reads the file, with the log replayed
 * @file:	the file, to skip its holes; NULL if they must be read
 * @rules:	what entries are checked against
 * @space:	the space of each block is marked as used in it; or NULL
 * @overlay:	changes of the log, which must not touch a payload block; or NULL
 */
struct vhdx_bat_scan {
	const struct vhdx_reader *reader;
	struct file *file;
	const struct vhdx_bat_rules *rules;
	struct vhdx_space *space;
	const struct vhdx_overlay *overlay;
};

int vhdx_bat_scan(const struct vhdx_bat_scan *scan, struct vhdx_fault *fault);

#endif /* VHDX_IMAGE_BAT_SCAN_H */
