// SPDX-License-Identifier: GPL-2.0
/*
 * DOC: chains
 *
 * A differencing image has what was written since it was made; for the rest it refers to
 * its parent, which may refer to its own (2.5.1.1). User space finds the files and hands
 * them over, the disk's own first. They are opened last to first, each with its parent at
 * hand, so that the link between the two is checked (DataWriteGuid, logical sector size)
 * before anything is done with the child: a child whose log must be replayed is not touched
 * if its parent is the wrong one.
 *
 * Parents are open read-only, denied to writers, and replayed in memory if their logs say
 * so. Each has its own geometry, its own pages of metadata in memory and its own mode of
 * I/O. They do not change as long as they are open, which is what chain_cache.c lives on.
 *
 * Sizes may differ (2.6.2.6.3 makes no rule): what lies beyond the end of a shorter parent
 * reads as zeros, whatever its own parents have there.
 */
#include "image/chain.h"

#include <linux/err.h>
#include <linux/sizes.h>

#include "compat.h"
#include "image/chain_cache.h"
#include "image/image.h"

/* With one parent there is nothing to be remembered: it is asked anyway. */
#define VHDX_CHAIN_CACHE_MIN_DEPTH	2

/* Memory of the chain cache: some 300,000 MiB of the disk, or 54,000 if all are mixed */
#define VHDX_CHAIN_CACHE_BYTES	SZ_16M

/*
 * Ask @image and then its parents what they have at @position. Of @limit bytes, which no
 * file above answers for; @map says for how many the answer holds.
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

/* The kernel's own check; user space may have found the files by any means. */
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

/* Have what the parents say remembered, if that pays. Return: 0 or -ENOMEM */
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

/* Undo vhdx_chain_remember(). */
void vhdx_chain_forget(struct vhdx_image *image)
{
	if (image->chain_cache)
		vhdx_chain_cache_destroy(image->chain_cache);
	image->chain_cache = NULL;
}

/* The parents, last to first. Return: the first, or an ERR_PTR */
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
 * @files:	the image's own first, then its parent's and so on; references that stay the
 *		caller's
 * @nr:		how many, at least 1
 * @options:	for the image; those that make sense for a parent hold for parents, too
 * @fault:	filled on failure if the failure has a reason; clear before
 *
 * Context: process, no locks that a file system might want.
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
 * @image:	nobody maps, reads or writes it any more; or NULL
 *
 * Context: as vhdx_chain_open()
 * Return: what vhdx_image_close() says of @image itself
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
