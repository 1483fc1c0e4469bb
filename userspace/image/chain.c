// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/chain.h"

#include <string.h>

#include "image/lock.h"
#include "image/parent_search.h"
#include "lib/reason.h"

/**
 * chain_open_image() - open an image as a chain of one file
 * @chain:	filled; must be closed even on failure
 * @path:	of the image
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code chain_open_image(struct chain *chain, const char *path)
{
	enum exit_code status;

	memset(chain, 0, sizeof(*chain));
	status = layer_open(&chain->layer[0], path);
	chain->count = status == DONE;
	return status;
}

/**
 * chain_open_parents() - find and open all parents
 * @chain:	opened by chain_open_image()
 * @options:	where to find the parents
 *
 * Warns of a parent of another size: it is used as far as it goes, but is most likely a mistake.
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code chain_open_parents(struct chain *chain, const struct parent_options *options)
{
	struct layer *last = chain->layer[chain->count - 1], *parent;

	while (layer_has_parent(last)) {
		u64 size = last->image.super->geometry.disk_size, other;
		enum exit_code status;

		if (chain->count == VHDX_CHAIN_MAX_FILES)
			return fail_reason(chain->layer[0]->path, VHDX_REASON_parent_depth);
		status = parent_find(&parent, chain, options);
		if (status != DONE)
			return status;
		other = parent->image.super->geometry.disk_size;
		if (other != size)
			warn("%s: its parent %s has a disk of %llu bytes, not %llu", last->path,
			     parent->path, (unsigned long long)other, (unsigned long long)size);
		chain->layer[chain->count++] = parent;
		last = parent;
	}
	if (options->parents < chain->count)
		return DONE;
	return fail_named(EXIT_USAGE, "PARENT_UNNEEDED", "%s: has no parent, but %s is given as one",
			  last->path, options->parent[chain->count - 1]);
}

/**
 * chain_open() - open an image and all its parents
 * @chain:	filled; must be closed even on failure
 * @path:	of the image
 * @options:	where to find the parents
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code chain_open(struct chain *chain, const char *path,
			  const struct parent_options *options)
{
	enum exit_code status = chain_open_image(chain, path);

	return status == DONE ? chain_open_parents(chain, options) : status;
}

/**
 * chain_open_found() - open the parents that are found
 * @chain:	opened by chain_open_image()
 * @options:	where to find the parents
 *
 * Stops without a message at the first parent that is not found, and at VHDX_CHAIN_MAX_FILES.
 */
void chain_open_found(struct chain *chain, const struct parent_options *options)
{
	while (chain->count < VHDX_CHAIN_MAX_FILES &&
	       layer_has_parent(chain->layer[chain->count - 1])) {
		struct layer *parent = parent_look(chain, options);

		if (!parent)
			return;
		chain->layer[chain->count++] = parent;
	}
}

/**
 * chain_check_child() - check that a chain has room for one more child
 * @chain:	the files that were found
 *
 * Return: DONE, or EXIT_PARENT after an error message
 */
enum exit_code chain_check_child(const struct chain *chain)
{
	if (chain->count < VHDX_CHAIN_MAX_FILES)
		return DONE;
	return fail_reason(chain->layer[0]->path, VHDX_REASON_parent_depth);
}

/**
 * chain_warn_written() - warn about files that are attached read-write while they are read
 * @chain:	open
 */
void chain_warn_written(const struct chain *chain)
{
	unsigned int i;

	for (i = 0; i < chain->count; i++)
		image_warn_written(chain->layer[i]->path, &chain->layer[i]->image.file.stat);
}

/**
 * chain_close() - close all files of a chain
 * @chain:	opened by chain_open_image() or chain_open(), successfully or not
 */
void chain_close(struct chain *chain)
{
	while (chain->count)
		layer_free(chain->layer[--chain->count]);
}
