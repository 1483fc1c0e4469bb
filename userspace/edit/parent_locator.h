/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Making a parent locator: the counterpart of image/parent_search.h.
 */
#ifndef VHDX_EDIT_PARENT_LOCATOR_H
#define VHDX_EDIT_PARENT_LOCATOR_H

#include "lib/message.h"
#include "format/guid.h"

struct parent_options;

/**
 * struct parent_name - Windows paths of a parent
 * @relative:	relative to the directory of the child
 * @absolute:	absolute path, with the drive or host of a map, or drive C
 * @volume:	path on a volume; NULL: no map has one
 */
struct parent_name {
	char *relative;
	char *absolute;
	char *volume;
};

enum exit_code parent_name_make(struct parent_name *name, const char *parent, const char *child,
				const struct parent_options *maps);
void parent_name_warn(const struct parent_name *name, const char *child);
u8 *parent_name_encode(const struct parent_name *name, const struct vhdx_guid *linkage,
		       const struct vhdx_guid *linkage2, u32 *length);
void parent_name_free(struct parent_name *name);

#endif /* VHDX_EDIT_PARENT_LOCATOR_H */
