/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The parent locator: identity and paths of the parent of a differencing image.
 */
#ifndef VHDX_FORMAT_LOCATOR_H
#define VHDX_FORMAT_LOCATOR_H

#include "reason.h"

/* Longest item, in bytes */
#define VHDX_LOCATOR_MAX_LENGTH		65536U

/* A value: UTF-16LE text inside the item, valid, without NUL. length 0: key not there */
struct vhdx_locator_text {
	u32 offset;		/* bytes from the start of the item */
	u32 length;		/* bytes */
};

/**
 * struct vhdx_locator - a parent locator of the one type that exists
 * @linkage:		the parent's DataWriteGuid
 * @linkage2:		the DataWriteGuid that it gets next, during a merge; null otherwise
 * @relative_path:	path relative to the child's folder
 * @volume_path:	\\?\Volume{GUID}\...
 * @absolute_path:	absolute_win32_path, with or without \\?\
 */
struct vhdx_locator {
	struct vhdx_guid linkage;
	struct vhdx_guid linkage2;
	struct vhdx_locator_text relative_path;
	struct vhdx_locator_text volume_path;
	struct vhdx_locator_text absolute_path;
};

enum vhdx_reason vhdx_locator_decode(struct vhdx_locator *locator, const void *item,
				     u32 length, u64 item_offset, struct vhdx_fault *fault);

#endif /* VHDX_FORMAT_LOCATOR_H */
