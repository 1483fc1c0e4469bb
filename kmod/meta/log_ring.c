// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: the ring
 *
 * Entries are appended at the head. The Tail stored in the newest entry that is known to be durable
 * decides what may be overwritten, not a newer Tail. If an entry overwrote what is between the
 * durable Tail and a newer one, and were torn, no complete sequence would be left in the log, and
 * the image could not be opened any more.
 *
 *	          Tail of the newest            head
 *	          durable entry                  |
 *	 ...free...|<------------ used -------->|...free...
 *
 * The ring has room for the next entry at all times, without entries whose only purpose is a new
 * Tail:
 *
 *	- An entry takes a quarter of the ring at most (vhdx_log_ring_max_pages()).
 *	- If the next entry would bring the used part above one half (vhdx_log_ring_filling()), the
 *	  journal first makes a checkpoint. The flush of the data, which precedes every entry, makes
 *	  the checkpoint durable as well. So the next entry needs no earlier entry, and its Tail is
 *	  its own offset.
 *	- So before an entry at most half of the ring is used; with the entry, at most three
 *	  quarters: it always fits. Once an entry after a checkpoint is durable, only that entry
 *	  is used: a quarter at most.
 */
#include "meta/log_ring.h"

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "backing/backing.h"
#include "meta/session.h"
#include "format/log_scan.h"

/**
 * vhdx_log_ring_max_pages() - number of pages that fit into one entry
 * @ring:	initialized
 *
 * Context: any
 * Return: pages
 */
unsigned int vhdx_log_ring_max_pages(const struct vhdx_log_ring *ring)
{
	return min(ring->length / VHDX_LOG_SECTOR_SIZE / 4 - 1, VHDX_LOG_RING_MAX_PAGES);
}

/**
 * vhdx_log_ring_exit() - undo vhdx_log_ring_init(), whether or not it has failed
 * @ring:	the ring
 *
 * Context: process
 */
void vhdx_log_ring_exit(struct vhdx_log_ring *ring)
{
	kfree(ring->first);
	kfree(ring->bvecs);
}

/**
 * vhdx_log_ring_init() - initialize an empty ring; writes nothing
 * @ring:	filled
 * @backing:	the file, writable
 * @offset:	of the log in the file, in bytes
 * @length:	of the log in bytes, at least 1 MiB
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM; the caller calls vhdx_log_ring_exit() in both cases
 */
int vhdx_log_ring_init(struct vhdx_log_ring *ring, struct vhdx_backing *backing, u64 offset,
		       u32 length)
{
	memset(ring, 0, sizeof(*ring));
	ring->backing = backing;
	ring->offset = offset;
	ring->length = length;
	ring->first = kmalloc(VHDX_LOG_SECTOR_SIZE, GFP_KERNEL);
	ring->bvecs = kcalloc(1 + vhdx_log_ring_max_pages(ring), sizeof(*ring->bvecs), GFP_KERNEL);
	return ring->first && ring->bvecs ? 0 : -ENOMEM;
}

/* Bytes of the ring that may be used before a checkpoint: logged pages cost memory. */
static u32 vhdx_log_ring_limit(const struct vhdx_log_ring *ring)
{
	return min_t(u32, ring->length / 2, SZ_512K);
}

/**
 * vhdx_log_ring_max_logged() - number of pages that may wait for a checkpoint
 * @ring:	initialized
 *
 * Context: any
 * Return: pages, those of the next entry included
 */
unsigned int vhdx_log_ring_max_logged(const struct vhdx_log_ring *ring)
{
	return vhdx_log_ring_limit(ring) / VHDX_LOG_SECTOR_SIZE + vhdx_log_ring_max_pages(ring);
}

/**
 * vhdx_log_ring_filling() - is a checkpoint needed before the next entry?
 * @ring:	the ring
 * @pages:	pages that the next entry may have
 *
 * Context: the journal's thread
 * Return: true if so
 */
bool vhdx_log_ring_filling(const struct vhdx_log_ring *ring, unsigned int pages)
{
	return ring->used + (1 + pages) * VHDX_LOG_SECTOR_SIZE > vhdx_log_ring_limit(ring);
}

/* Encode an entry: the pages become data sectors, @ring->first header and descriptors. */
static void vhdx_log_ring_encode(struct vhdx_log_ring *ring, struct vhdx_log_ring_page *pages,
				 unsigned int nr)
{
	u32 crc = vhdx_log_checksum_begin();
	unsigned int i;

	memset(ring->first, 0, VHDX_LOG_SECTOR_SIZE);
	vhdx_log_encode_header(ring->first, &ring->stamp, nr, nr);
	for (i = 0; i < nr; i++)
		vhdx_log_encode_data(ring->first + vhdx_log_descriptor_offset(i), pages[i].image,
				     pages[i].offset, ring->stamp.sequence);
	crc = vhdx_log_checksum_add(crc, ring->first);
	for (i = 0; i < nr; i++)
		crc = vhdx_log_checksum_add(crc, pages[i].image);
	vhdx_log_checksum_end(ring->first, crc);
}

/* Undo vhdx_log_ring_encode() as far as the pages are concerned. */
static void vhdx_log_ring_decode(struct vhdx_log_ring *ring, struct vhdx_log_ring_page *pages,
				 unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct vhdx_disk_log_data *data = ring->first +
							vhdx_log_descriptor_offset(i);

		vhdx_log_restore_page(pages[i].image, data->leading, data->trailing);
	}
}

static void vhdx_log_ring_bvec(struct bio_vec *bvec, void *sector)
{
	bvec->bv_page = virt_to_page(sector);
	bvec->bv_offset = offset_in_page(sector);
	bvec->bv_len = VHDX_LOG_SECTOR_SIZE;
}

/* Write an encoded entry at the head; it may wrap around the end of the ring. */
static int vhdx_log_ring_write(struct vhdx_log_ring *ring, struct vhdx_log_ring_page *pages,
			       unsigned int nr)
{
	unsigned int left = (ring->length - ring->head) / VHDX_LOG_SECTOR_SIZE;
	unsigned int sectors = 1 + nr, i;
	struct bio_vec *bvecs = ring->bvecs;
	int ret;

	vhdx_log_ring_bvec(&bvecs[0], ring->first);
	for (i = 0; i < nr; i++)
		vhdx_log_ring_bvec(&bvecs[1 + i], pages[i].image);
	left = min(left, sectors);
	ret = vhdx_backing_write_bvecs(ring->backing, ring->offset + ring->head, bvecs, left);
	if (!ret && left < sectors)
		ret = vhdx_backing_write_bvecs(ring->backing, ring->offset, bvecs + left,
					       sectors - left);
	return ret;
}

/**
 * vhdx_log_ring_append() - write an entry at the head
 * @ring:	with the sizes of the entry in @stamp
 * @pages:	the pages of the entry; modified while they are written, and restored
 * @nr:		number of pages, vhdx_log_ring_max_pages() at most; 0 for an empty entry
 *
 * The entry counts after the next flush of the file: then call vhdx_log_ring_durable().
 *
 * Context: process, may sleep; in a NOIO scope
 * Return: 0 or a negative errno; then the log must not be used any more
 */
int vhdx_log_ring_append(struct vhdx_log_ring *ring, struct vhdx_log_ring_page *pages,
			 unsigned int nr)
{
	u32 length = (1 + nr) * VHDX_LOG_SECTOR_SIZE;
	int ret;

	/* the arithmetic above excludes it */
	if (WARN_ON_ONCE(ring->used + length >= ring->length))
		return -ENOSPC;
	if (!ring->any_needed)
		ring->needed = ring->head;
	ring->any_needed = true;
	ring->stamp.sequence++;
	ring->stamp.tail = ring->needed;
	vhdx_log_ring_encode(ring, pages, nr);
	ret = vhdx_log_ring_write(ring, pages, nr);
	vhdx_log_ring_decode(ring, pages, nr);
	if (ret)
		return ret;
	ring->head = (ring->head + length) % ring->length;
	ring->next_used = ring->head - ring->needed +
			  (ring->head < ring->needed ? ring->length : 0);
	ring->used += length;
	return 0;
}

/**
 * vhdx_log_ring_durable() - note that the file was flushed: the newest entry's Tail counts
 * @ring:	the ring
 *
 * Context: the journal's thread
 */
void vhdx_log_ring_durable(struct vhdx_log_ring *ring)
{
	ring->used = ring->next_used;
}

/**
 * vhdx_log_ring_checkpointed() - note that a checkpoint is durable
 * @ring:	the ring; the next entry needs none before it
 *
 * Context: the journal's thread
 */
void vhdx_log_ring_checkpointed(struct vhdx_log_ring *ring)
{
	ring->any_needed = false;
}

/**
 * vhdx_log_ring_start() - put the log into use
 * @ring:	not in use; with the sizes for an empty entry in @stamp
 * @session:	its header names no log; it gets the LogGuid of this one
 *
 * No header ever names a log without a valid entry, because of the order of the steps. Until step 2
 * no header names a log, and the contents of the ring mean nothing.
 *
 *	1. an empty entry with the new LogGuid at the start of the ring; flush
 *	2. one header with that LogGuid; flush
 *	3. the other header likewise; flush
 *
 * Context: process, may sleep long; in a NOIO scope
 * Return: 0 or a negative errno
 */
int vhdx_log_ring_start(struct vhdx_log_ring *ring, struct vhdx_session *session)
{
	int ret;

	vhdx_session_new_guid(&ring->stamp.guid);
	ring->stamp.sequence = 0;
	ring->head = 0;
	ring->used = 0;
	ring->any_needed = false;
	ret = vhdx_log_ring_append(ring, NULL, 0);
	if (!ret)
		ret = vhdx_backing_flush(ring->backing);
	if (ret)
		return ret;
	vhdx_log_ring_durable(ring);
	vhdx_log_ring_checkpointed(ring);
	session->header.log_guid = ring->stamp.guid;
	session->header.log_version = 0;
	ret = vhdx_session_update_both(session);
	if (!ret)
		ring->started = true;
	return ret;
}
