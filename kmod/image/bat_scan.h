/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Reading a whole BAT, before anything is changed.
 */
#ifndef VHDX_IMAGE_BAT_SCAN_H
#define VHDX_IMAGE_BAT_SCAN_H

#include "format/bat.h"
#include "format/reader.h"

struct file;
struct vhdx_overlay;
struct vhdx_space;

/**
 * struct vhdx_bat_scan - what to look for
 * @reader:	reads the file, as the log makes it
 * @file:	the file, to skip holes in it; NULL if they must not be skipped
 * @rules:	what entries are judged by
 * @space:	gets what blocks use; or NULL
 * @overlay:	no block may be changed by it; or NULL
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
