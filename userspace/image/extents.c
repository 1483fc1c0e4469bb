// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * One pass over the disk. An extent is emitted when the next one does not continue it.
 */
#include "image/extents.h"

#include "image/fault.h"
#include "image/image.h"
#include "lib/interrupt.h"

/*
 * struct walk - one pass
 * @map:	of an image, or of a chain
 * @flags:	of enum extents_flags
 * @emit:	called for each extent
 * @context:	for @emit
 * @pending:	extent that is not emitted yet; none if its length is 0
 * @bad:	number of extents that cannot be read
 */
struct walk {
	struct chain_map *map;
	unsigned int flags;
	extent_function *emit;
	void *context;
	struct disk_extent pending;
	u64 bad;
};

static const char *path_of(const struct walk *walk, unsigned int depth)
{
	return walk->map->layer[depth].image->file.path;
}

/* Test whether @next continues the pending extent. */
static bool continues(const struct walk *walk, const struct disk_extent *next)
{
	const struct disk_extent *pending = &walk->pending;

	if (!pending->length || pending->kind != next->kind || pending->depth != next->depth)
		return false;
	if ((walk->flags & EXTENTS_BY_STATE) && pending->state != next->state)
		return false;
	return next->kind != EXTENT_DATA || pending->offset + pending->length == next->offset;
}

static void flush(struct walk *walk)
{
	if (walk->pending.length)
		walk->emit(walk->context, &walk->pending);
	walk->pending.length = 0;
}

/* Prints an error message for the first bad extent, and counts the others. */
static void add(struct walk *walk, const struct disk_extent *next)
{
	struct layer_map *layer = &walk->map->layer[next->depth];

	if (next->kind == EXTENT_BAD && !walk->bad++ && !(walk->flags & EXTENTS_TOLERANT))
		fail_fault(&layer->image->file, &layer->fault);
	if (continues(walk, next)) {
		walk->pending.length += next->length;
		return;
	}
	flush(walk);
	walk->pending = *next;
}

/**
 * extents_walk() - call a function for all extents of a disk, in order
 * @map:	of an image, or of a chain
 * @flags:	of enum extents_flags
 * @emit:	called for each extent
 * @context:	for @emit
 *
 * Blocks that cannot be read are emitted as EXTENT_BAD, and make the result EXIT_IMAGE unless
 * EXTENTS_TOLERANT is given.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code extents_walk(struct chain_map *map, unsigned int flags, extent_function *emit,
			    void *context)
{
	struct walk walk = { .map = map, .flags = flags, .emit = emit, .context = context };
	u64 size = chain_map_size(map), start = 0;
	enum exit_code status = DONE;
	struct disk_extent extent;

	while (start < size && status == DONE) {
		status = chain_map_find(map, start, size - start, &extent);
		if (status != DONE)
			break;
		add(&walk, &extent);
		start += extent.length;
		if (interrupted())
			status = fail(EXIT_INTERRUPTED, "%s: interrupted", path_of(&walk, 0));
	}
	flush(&walk);
	if (flags & EXTENTS_TOLERANT)
		return status;
	if (status == DONE && walk.bad)
		status = EXIT_IMAGE;
	if (walk.bad > 1)
		warn("%s: %llu ranges cannot be read", path_of(&walk, 0),
		     (unsigned long long)walk.bad);
	return status;
}
