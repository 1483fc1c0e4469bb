// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Opening and closing images.
 */
#include "image/image.h"

#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "image/replay_file.h"
#include "image/replay_memory.h"
#include "image/writable.h"
#include "meta/cache.h"
#include "meta/journal.h"
#include "format/chain.h"

static unsigned int cache_mb = 64;
module_param(cache_mb, uint, 0644);
MODULE_PARM_DESC(cache_mb, "limit of a disk's metadata cache in MiB; read at attach");

/* The errno of a reason other than VHDX_OK */
static int vhdx_reason_errno(enum vhdx_reason reason)
{
	switch (vhdx_reason_class(reason)) {
	case VHDX_CLASS_CORRUPT:
	case VHDX_CLASS_TRUNCATED:
		return -EUCLEAN;
	case VHDX_CLASS_UNSUPPORTED:
	case VHDX_CLASS_PARENT:
		return -EOPNOTSUPP;
	case VHDX_CLASS_REPLAY:
		return -EROFS;
	case VHDX_CLASS_IO:
		return -EIO;
	case VHDX_CLASS_BUSY:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

/* Where a page of metadata is: in the file, in its log, or (false) nowhere: zeros */
static bool vhdx_image_locate(void *context, u64 offset, u64 *from)
{
	const struct vhdx_image *image = context;
	const struct vhdx_overlay_page *page;

	*from = offset;
	if (!image->replay)
		return true;
	switch (vhdx_overlay_find(&image->replay->overlay, offset, &page)) {
	case VHDX_OVERLAY_ZERO:
		return false;
	case VHDX_OVERLAY_LOG:
		*from = image->replay->overlay.log.offset + page->sector;
		return true;
	default:
		return true;
	}
}

/*
 * Finish a page that was read: restore the ends of a page of the log, and check the entries of a
 * page of the BAT. Sector bitmaps are always valid.
 *
 * Return: does the page have an invalid entry? Which one, and why, is found out again at each
 * lookup: invalid entries are rare, so nothing is kept per entry.
 */
static bool vhdx_image_finish(void *context, u64 offset, __le64 *entries)
{
	const struct vhdx_image *image = context;
	u32 index = (offset - image->rules.bat_offset) / VHDX_BAT_ENTRY_SIZE;
	const struct vhdx_range *bat = &image->super->regions.bat;
	const struct vhdx_overlay_page *page;
	struct vhdx_fault fault;
	unsigned int i;

	if (image->replay && vhdx_overlay_find(&image->replay->overlay, offset, &page) ==
			     VHDX_OVERLAY_LOG)
		vhdx_log_restore_page(entries, page->leading, page->trailing);
	if (offset < bat->offset || offset - bat->offset >= bat->length)
		return false;
	for (i = 0; i < VHDX_BAT_ENTRIES_PER_PAGE; i++)
		if (vhdx_bat_check(&image->rules, index + i, le64_to_cpu(entries[i]), &fault))
			return true;
	return false;
}

/* Check the link to the parent that the image was opened with. */
static enum vhdx_reason vhdx_image_check_parent(const struct vhdx_image *image,
						const struct vhdx_super *super,
						const struct vhdx_reader *reader, void *scratch,
						struct vhdx_fault *fault)
{
	struct vhdx_locator locator;
	enum vhdx_reason reason;

	if (!super->geometry.has_parent)
		return image->parent ? vhdx_fault_set(fault, VHDX_REASON_parent_unneeded, 0, 0) :
				       VHDX_OK;
	reason = vhdx_open_locator(super, reader, scratch, &locator, fault);
	if (reason)
		return reason;
	if (!image->parent)
		return vhdx_fault_set_guid(fault, VHDX_REASON_parent_missing, 0,
					   &locator.linkage);
	return vhdx_chain_check(super, &locator, image->parent->super, fault);
}

/* Steps 5 to 7 of the open sequence, and the parent */
static enum vhdx_reason vhdx_image_open_tables(struct vhdx_image *image,
					       struct vhdx_super *super,
					       const struct vhdx_reader *reader, void *scratch,
					       struct vhdx_fault *fault)
{
	enum vhdx_reason reason = vhdx_open_tables(super, reader, scratch, fault);

	if (!reason)
		reason = vhdx_image_check_parent(image, super, reader, scratch, fault);
	return reason;
}

/* The same, with the log replayed in memory. */
static enum vhdx_reason vhdx_image_open_replayed(struct vhdx_image *image,
						 struct vhdx_super *super, void *scratch,
						 int *error, struct vhdx_fault *fault)
{
	struct vhdx_replay_reader replayed;
	enum vhdx_reason reason = VHDX_OK;

	*error = vhdx_replay_reader_open(&replayed, image->replay);
	if (!*error)
		reason = vhdx_image_open_tables(image, super, &replayed.reader, scratch, fault);
	vhdx_replay_reader_close(&replayed);
	return reason;
}

/* The open sequence (format/open.c), with the replay of a log in memory */
static enum vhdx_reason vhdx_image_open_steps(struct vhdx_image *image,
					      struct vhdx_super *super, void *scratch,
					      bool no_replay, int *error,
					      struct vhdx_fault *fault)
{
	struct vhdx_reader reader = {
		.read		= vhdx_backing_reader_read,
		.context	= &image->backing,
		.size		= image->backing.size,
	};
	enum vhdx_reason reason = vhdx_open_headers(super, &reader, scratch, fault);

	if (reason)
		return reason;
	if (!vhdx_header_log_dirty(&super->header))
		return vhdx_image_open_tables(image, super, &reader, scratch, fault);
	if (no_replay)
		return vhdx_fault_set_guid(fault, VHDX_REASON_log_dirty,
					   super->header.log_offset, &super->header.log_guid);
	image->replay = vhdx_replay_create(&reader, &super->header, fault);
	if (!IS_ERR(image->replay)) {
		image->replayed = image->replay->overlay.entries;
		return vhdx_image_open_replayed(image, super, scratch, error, fault);
	}
	*error = PTR_ERR(image->replay);
	image->replay = NULL;
	return fault->reason;
}

/* Run the open sequence, and keep the result without the unused part of the layout. */
static int vhdx_image_open_super(struct vhdx_image *image, struct vhdx_super *super,
				 void *scratch, bool no_replay, struct vhdx_fault *fault)
{
	enum vhdx_reason reason;
	int error = 0;

	reason = vhdx_image_open_steps(image, super, scratch, no_replay, &error, fault);
	if (reason)
		return vhdx_reason_errno(reason);
	if (error)
		return error;
	image->super = kmemdup(super, offsetof(struct vhdx_super,
					       layout.range[super->layout.count]), GFP_KERNEL);
	if (!image->super)
		return -ENOMEM;
	vhdx_open_bat_rules(image->super, &image->rules);
	return 0;
}

static int vhdx_image_read_super(struct vhdx_image *image, bool no_replay,
				 struct vhdx_fault *fault)
{
	struct vhdx_super *super = kvmalloc(sizeof(*super), GFP_KERNEL);
	void *scratch = kvmalloc(VHDX_OPEN_SCRATCH_SIZE, GFP_KERNEL);
	int ret = -ENOMEM;

	if (super && scratch)
		ret = vhdx_image_open_super(image, super, scratch, no_replay, fault);
	kvfree(scratch);
	kvfree(super);
	return ret;
}

static void vhdx_image_drop_replay(struct vhdx_image *image)
{
	if (image->replay)
		vhdx_replay_destroy(image->replay);
	image->replay = NULL;
}

/* Replay the log into the file, and read the file anew. */
static int vhdx_image_recover(struct vhdx_image *image, struct vhdx_fault *fault)
{
	int ret = vhdx_image_check_replay(image, fault);

	if (!ret)
		ret = vhdx_replay_file(&image->backing, image->replay, image->super, fault);
	if (ret)
		return ret;
	vhdx_image_drop_replay(image);
	kfree(image->super);
	image->super = NULL;
	return vhdx_image_read_super(image, true, fault);
}

static int vhdx_image_open_file(struct vhdx_image *image,
				const struct vhdx_image_options *options,
				struct vhdx_fault *fault)
{
	struct vhdx_cache_owner owner = {
		.locate		= vhdx_image_locate,
		.finish		= vhdx_image_finish,
		.context	= image,
	};
	const struct vhdx_cache *sharing = image->parent ? image->parent->cache : NULL;
	unsigned long pages = max(cache_mb, 1U) * (SZ_1M / VHDX_PAGE_SIZE);
	int ret = vhdx_image_read_super(image, options->no_replay, fault);

	if (!ret && image->replay && options->writable)
		ret = vhdx_image_recover(image, fault);
	if (ret)
		return ret;
	vhdx_backing_choose_mode(&image->backing, image->super->geometry.logical_sector_size,
				 &options->mode);
	image->cache = vhdx_cache_create(&image->backing, &owner, sharing, pages);
	if (IS_ERR(image->cache))
		return PTR_ERR(image->cache);
	if (!options->writable)
		return 0;
	ret = vhdx_image_prepare_writing(image, options, fault);
	if (ret)
		vhdx_cache_destroy(image->cache);
	return ret;
}

/**
 * vhdx_image_open() - open a VHDX file
 * @file:	the caller keeps its reference
 * @options:	how to open it
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might take.
 * Return: the image, or an ERR_PTR
 */
struct vhdx_image *vhdx_image_open(struct file *file, const struct vhdx_image_options *options,
				   struct vhdx_fault *fault)
{
	struct vhdx_image *image = kzalloc(sizeof(*image), GFP_KERNEL);
	int ret;

	if (!image)
		return ERR_PTR(-ENOMEM);
	ratelimit_state_init(&image->bad_limit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	image->nameless = !vhdx_file_has_name(file);
	image->parent = options->parent;
	image->depth = image->parent ? image->parent->depth + 1 : 0;
	image->backing.index = options->index;
	image->backing.dead = options->dead;
	ret = vhdx_backing_open(&image->backing, file, options->writable, fault);
	if (ret)
		goto err_free_image;
	ret = vhdx_image_open_file(image, options, fault);
	if (ret)
		goto err_free_super;
	return image;

err_free_super:
	kfree(image->super);
	vhdx_image_drop_replay(image);
	vhdx_backing_close(&image->backing);
err_free_image:
	kfree(image);
	return ERR_PTR(ret);
}

/**
 * vhdx_image_close() - close a VHDX file
 * @image:	without lookups, reads or writes under way
 *
 * Context: as vhdx_image_open()
 * Return: 0; or an error if the session did not end cleanly, so that the log must be replayed:
 * -ENOTEMPTY if all that was written is durable, another errno if only what was flushed is
 */
int vhdx_image_close(struct vhdx_image *image)
{
	int ret = image->writable ? vhdx_image_stop_writing(image) : image->end_error;

	if (ret && image->log_left)
		ret = -ENOTEMPTY;
	vhdx_image_give_back(image, &image->backing);
	vhdx_cache_destroy(image->cache);
	kfree(image->super);
	vhdx_image_drop_replay(image);
	vhdx_backing_close(&image->backing);
	kfree(image);
	return ret;
}

/**
 * vhdx_image_data_guid() - the GUID that links children to the contents of an image
 * @image:	the image
 * @guid:	set to the current DataWriteGuid
 *
 * Context: process
 */
void vhdx_image_data_guid(struct vhdx_image *image, struct vhdx_guid *guid)
{
	if (image->writable)
		vhdx_journal_data_guid(image->journal, guid);
	else
		*guid = image->super->header.data_write_guid;
}
