// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: chains
 *
 * A differencing image has what was written since it was created; for the rest it refers to
 * its parent, which may refer to its own (2.5.1.1). User space finds the files and passes
 * them to the module, the disk's own first. They are opened last to first, each with its
 * parent, so that the link between the two is checked (DataWriteGuid, logical sector size)
 * before the child is changed: the log of a child with a wrong parent is not replayed.
 *
 * Parents are open read-only, denied to writers, and replayed in memory if their logs need
 * that. Each has its own geometry, its own pages of metadata in memory and its own mode of
 * I/O. A parent does not change as long as it is open, which chain_cache.c relies on.
 *
 * Sizes of a child and its parent may differ (2.6.2.6.3 has no rule): what lies beyond the end
 * of a shorter parent reads as zeros, whatever the parents of that parent have there. The child
 * of a live snapshot has the sizes of the disk (chain_switch.c).
 */
#include "image/chain.h"

#include <linux/err.h>
#include <linux/sizes.h>

#include "compat/fs.h"
#include "image/chain_cache.h"
#include "image/image.h"

/* With one parent there is nothing to remember: each lookup needs it anyway. */
#define VHDX_CHAIN_CACHE_MIN_DEPTH	2

/* Memory of the chain cache: for some 300,000 MiB of the disk, or 54,000 if all are mixed */
#define VHDX_CHAIN_CACHE_BYTES	SZ_16M

/*
 * Look up @position in @image and then in its parents, until one has an answer. @limit is the
 * number of bytes that the files above leave to them; the answer is for @map->length of these.
 */
static void vhdx_chain_walk(struct vhdx_image *image, u64 position, u64 limit,
			    struct vhdx_map *map)
{
	do {
		u64 size = vhdx_image_geometry(image)->disk_size;

		if (position >= size) {
			map->kind = VHDX_MAP_ZERO;
			map->image = image;
			map->length = limit;
			return;
		}
		limit = min(limit, size - position);
		vhdx_image_map(image, position, limit, map);
		if (map->kind == VHDX_MAP_MISS || map->kind == VHDX_MAP_BAD)
			return;
		map->length = min(map->length, limit);
		limit = map->length;
		image = image->parent;
	} while (map->kind == VHDX_MAP_PARENT);
}

/**
 * vhdx_chain_map_parents() - look up in the parents what an image leaves to them
 * @image:	the disk's own image
 * @position:	virtual offset in bytes, inside the disk
 * @want:	number of bytes of interest; the answer may be for more
 * @map:	of @image at @position, says PARENT; filled with another answer
 *
 * Context: process; takes no lock for long, never sleeps
 */
void vhdx_chain_map_parents(struct vhdx_image *image, u64 position, u64 want,
			    struct vhdx_map *map)
{
	struct vhdx_chain_cache *cache = image->chain_cache;
	struct vhdx_image *first = NULL;
	u64 length;

	want = min(want, map->length);
	length = want;
	if (cache) {
		first = vhdx_chain_cache_find(cache, position, &length);
		if (!first && !vhdx_chain_cache_learn(cache, position, map) &&
		    map->kind == VHDX_MAP_MISS)
			return;
		/* fails again if there was no memory to keep the answer */
		if (!first)
			first = vhdx_chain_cache_find(cache, position, &length);
	}
	vhdx_chain_walk(first ?: image->parent, position, min(want, length), map);
}

/* The same file twice in a chain is an error. User space may have found the files by any means. */
static int vhdx_chain_check_files(struct file *const *files, unsigned int nr,
				  struct vhdx_fault *fault)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++)
		for (j = 0; j < i; j++)
			if (vhdx_real_inode(files[i]) == vhdx_real_inode(files[j])) {
				vhdx_fault_set(fault, VHDX_REASON_parent_duplicate, 0, i);
				return -EOPNOTSUPP;
			}
	return 0;
}

/**
 * vhdx_chain_remember() - create the chain cache of an image if it has enough parents
 * @image:	the disk's own image, with its parents
 *
 * Context: process, may sleep
 * Return: 0 or -ENOMEM
 */
int vhdx_chain_remember(struct vhdx_image *image)
{
	struct vhdx_chain_cache_owner owner = {
		.walk	= vhdx_chain_walk,
		.top	= image,
	};
	struct vhdx_chain_cache *cache;

	if (image->depth < VHDX_CHAIN_CACHE_MIN_DEPTH)
		return 0;
	cache = vhdx_chain_cache_create(&owner, VHDX_CHAIN_CACHE_BYTES);
	if (IS_ERR(cache))
		return PTR_ERR(cache);
	image->chain_cache = cache;
	return 0;
}

/**
 * vhdx_chain_forget() - undo vhdx_chain_remember()
 * @image:	without lookups under way
 *
 * Context: process, may sleep
 */
void vhdx_chain_forget(struct vhdx_image *image)
{
	if (image->chain_cache)
		vhdx_chain_cache_destroy(image->chain_cache);
	image->chain_cache = NULL;
}

/* Open the parents, last to first. Return: the first, NULL if there are none, or an ERR_PTR */
static struct vhdx_image *vhdx_chain_open_parents(struct file *const *files, unsigned int nr,
						  const struct vhdx_image_options *options,
						  struct vhdx_fault *fault)
{
	struct vhdx_image_options its = *options;
	struct vhdx_image *image;

	its.writable = false;
	its.parent = NULL;
	while (--nr) {
		image = vhdx_image_open(files[nr], &its, fault);
		if (IS_ERR(image)) {
			vhdx_chain_close(its.parent);
			return image;
		}
		its.parent = image;
	}
	return its.parent;
}

/**
 * vhdx_chain_open() - open an image and its parents
 * @files:	the image's own first, then its parent's and so on; the caller keeps its references
 * @nr:		number of @files, at least 1
 * @options:	for the image; @options->parent is ignored, and parents are never writable
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might take.
 * Return: the image, or an ERR_PTR
 */
struct vhdx_image *vhdx_chain_open(struct file *const *files, unsigned int nr,
				   const struct vhdx_image_options *options,
				   struct vhdx_fault *fault)
{
	struct vhdx_image_options its = *options;
	struct vhdx_image *image;
	int ret = vhdx_chain_check_files(files, nr, fault);

	if (ret)
		return ERR_PTR(ret);
	its.parent = vhdx_chain_open_parents(files, nr, options, fault);
	if (IS_ERR(its.parent))
		return its.parent;
	image = vhdx_image_open(files[0], &its, fault);
	if (IS_ERR(image)) {
		vhdx_chain_close(its.parent);
		return image;
	}
	ret = vhdx_chain_remember(image);
	if (ret) {
		vhdx_chain_close(image);
		return ERR_PTR(ret);
	}
	return image;
}

/**
 * vhdx_chain_close() - close an image and its parents
 * @image:	without lookups, reads or writes under way; or NULL
 *
 * Context: as vhdx_chain_open()
 * Return: the result of vhdx_image_close() for @image itself
 */
int vhdx_chain_close(struct vhdx_image *image)
{
	struct vhdx_image *parent;
	int ret = 0, first = 0;
	bool begun = false;

	for (; image; image = parent) {
		parent = image->parent;
		vhdx_chain_forget(image);
		ret = vhdx_image_close(image);
		first = begun ? first : ret;
		begun = true;
	}
	return first;
}
