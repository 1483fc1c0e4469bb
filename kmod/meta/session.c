// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Updating the header so that there is a valid one at every moment (2.2.2.1): always the
 * copy that is not current is written, with a higher sequence number, and flushed before
 * the other one may be written.
 */
#include "meta/session.h"

#include <linux/slab.h>
#include <linux/uuid.h>

#include "backing/backing.h"

static_assert(sizeof(struct vhdx_disk_header) == VHDX_PAGE_SIZE);

/**
 * vhdx_session_init() - get ready to change a header
 * @session:	filled
 * @backing:	the file, writable
 * @header:	its current header
 * @slot:	where that is
 *
 * Writes nothing.
 *
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
 * vhdx_session_update() - make a changed header the current one, durably
 * @session:	its header has the changes, but the sequence number it had
 *
 * Everything written before is durable afterwards, too.
 *
 * Context: process, may sleep long.
 * Return: 0 or a negative errno; then the old header or the new one is current
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
 * vhdx_session_update_both() - make a changed header durable in both slots
 * @session:	as for vhdx_session_update()
 *
 * Context: process, may sleep long.
 * Return: 0 or a negative errno, as of vhdx_session_update()
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
