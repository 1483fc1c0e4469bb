/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changing the header so that there is a valid one at every moment.
 */
#ifndef VHDX_EDIT_HEADER_UPDATE_H
#define VHDX_EDIT_HEADER_UPDATE_H

#include "image/write.h"
#include "format/header.h"

/**
 * struct header_update - the current header of a file that is being changed
 * @file:	open opened exclusively for writing
 * @header:	what it says; to be changed before header_update()
 * @slot:	0 or 1: where it is
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
