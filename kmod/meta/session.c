// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Updates of the header such that one copy is valid at every moment (2.2.2.1). An update writes the
 * copy that is not current, with a higher sequence number, and flushes it before the next update
 * may write the other one.
 */
#include "meta/session.h"

#include <linux/slab.h>
#include <linux/uuid.h>

#include "backing/backing.h"

static_assert(sizeof(struct vhdx_disk_header) == VHDX_PAGE_SIZE);

/**
 * vhdx_session_init() - prepare updates of the header; writes nothing
 * @session:	filled
 * @backing:	the file, writable
 * @header:	its current header
 * @slot:	0 or 1: the copy that @header is
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_session_init(struct vhdx_session *session, struct vhdx_backing *backing,
		      const struct vhdx_header *header, unsigned int slot)
{
	session->backing = backing;
	session->header = *header;
	session->slot = slot;
	session->buffer = kmalloc(VHDX_PAGE_SIZE, GFP_KERNEL);
	return session->buffer ? 0 : -ENOMEM;
}

/**
 * vhdx_session_exit() - undo vhdx_session_init()
 * @session:	the session
 */
void vhdx_session_exit(struct vhdx_session *session)
{
	kfree(session->buffer);
}

/**
 * vhdx_session_update() - write a changed header to the file, and make it the current one
 * @session:	its header has the changes, but still the old sequence number
 *
 * Flushes the file: everything written before becomes durable, too.
 *
 * Context: process, may sleep long; in a NOIO scope
 * Return: 0 or a negative errno; then either the old header or the new one is current
 */
int vhdx_session_update(struct vhdx_session *session)
{
	unsigned int slot = session->slot;
	u64 offset;
	int ret;

	if (session->header.sequence_number == U64_MAX)
		return -EOVERFLOW;
	offset = vhdx_header_next(session->buffer, &session->header, &slot);
	ret = vhdx_backing_write_page(session->backing, offset, session->buffer);
	if (!ret)
		ret = vhdx_backing_flush(session->backing);
	if (!ret)
		session->slot = slot;
	return ret;
}

/**
 * vhdx_session_update_both() - update both copies of the header, one after the other
 * @session:	as for vhdx_session_update()
 *
 * Windows does the same: then the contents do not depend on which copy is damaged.
 *
 * Context: process, may sleep long; in a NOIO scope
 * Return: as vhdx_session_update()
 */
int vhdx_session_update_both(struct vhdx_session *session)
{
	int ret = vhdx_session_update(session);

	return ret ? ret : vhdx_session_update(session);
}

/**
 * vhdx_session_new_guid() - a random GUID
 * @guid:	filled
 */
void vhdx_session_new_guid(struct vhdx_guid *guid)
{
	guid_t random;

	guid_gen(&random);
	static_assert(sizeof(random) == sizeof(*guid));
	memcpy(guid, &random, sizeof(*guid));
}
