/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Updates of the header that leave a valid copy at every moment.
 */
#ifndef VHDX_EDIT_HEADER_UPDATE_H
#define VHDX_EDIT_HEADER_UPDATE_H

#include "image/write.h"
#include "format/header.h"

/**
 * struct header_update - the current header of an image that is being changed
 * @file:	opened exclusively for writing
 * @header:	contents; the caller changes it before header_update()
 * @slot:	copy that is current, 0 or 1
 */
struct header_update {
	const struct write_file *file;
	struct vhdx_header header;
	unsigned int slot;
};

enum exit_code header_check_updates(const struct header_update *update, unsigned int count);
enum exit_code header_update(struct header_update *update);
enum exit_code header_update_both(struct header_update *update);

#endif /* VHDX_EDIT_HEADER_UPDATE_H */
