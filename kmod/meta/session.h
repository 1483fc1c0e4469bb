/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The header of a file during a session: the time from the first change of an image to its detach.
 */
#ifndef VHDX_META_SESSION_H
#define VHDX_META_SESSION_H

#include "format/header.h"

struct vhdx_backing;

/**
 * struct vhdx_session - the current header of a file that is being changed
 * @backing:	the file
 * @header:	the current header
 * @slot:	0 or 1: the copy that @header is
 * @buffer:	VHDX_PAGE_SIZE bytes to write it from
 */
struct vhdx_session {
	struct vhdx_backing *backing;
	struct vhdx_header header;
	unsigned int slot;
	void *buffer;
};

int vhdx_session_init(struct vhdx_session *session, struct vhdx_backing *backing,
		      const struct vhdx_header *header, unsigned int slot);
void vhdx_session_exit(struct vhdx_session *session);
int vhdx_session_update(struct vhdx_session *session);
int vhdx_session_update_both(struct vhdx_session *session);

void vhdx_session_new_guid(struct vhdx_guid *guid);

#endif /* VHDX_META_SESSION_H */
