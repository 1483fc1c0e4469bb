// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A chain top -> ... -> child -> target -> ... becomes target -> ..., which then shows what the top
 * showed before. The order of writes, and the state after a power cut in each step:
 *
 *	0. Lock all files, and replay their logs into them. Check the target as vhdxctl check
 *	   does, and that all that will be read is there. After an error nothing else is written.
 *	1. Child: parent_linkage2 becomes G, a new GUID, through its log. Durable before step 2.
 *	   After a cut: parent_linkage still matches.
 *	2. Target: new FileWriteGuid, DataWriteGuid G. Durable before step 3.
 *	   After a cut: parent_linkage2 matches. From here on the target by itself is useless,
 *	   and no other child accepts it, because its old DataWriteGuid is gone.
 *	3. Write data into present blocks of the target. Write new blocks after all space in use,
 *	   flush, then change their BAT entries, through the log, some hundred blocks at a time.
 *	   After a cut: the merged images hide all that is written here, so the chain shows the
 *	   same data at every moment. Blocks without a BAT entry may be left at the end; the
 *	   next run cuts them off.
 *	4. Flush, and change the last BAT entries. Now the target shows what the top shows.
 *	5. The children of the top in --relink become children of the target, through their
 *	   logs. After a cut: each is a child of the top or the target, which show the same.
 *	6. Top: parent_linkage2 becomes G, through its log. Then delete the merged images, the
 *	   child first and the top last. Or with --keep: parent_linkage of the child becomes G,
 *	   and its parent_linkage2 null.
 *	   After a cut: the child is deleted first, because the target accepts it as a child,
 *	   and its old data would hide new data. The top is a child of the target if --parent
 *	   names it, and shows the same as the target.
 *	7. Give the owner of the target write permission; or, if it has children by --relink or
 *	   --keep, remove the permission.
 *
 * An interrupted merge can be repeated. Step 1 finds a matching linkage and G, or makes one; steps
 * 3 to 5 write the same again.
 */
#include "merge/merge.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "edit/protect.h"
#include "edit/relink.h"
#include "edit/writable.h"
#include "image/children.h"
#include "image/guid.h"
#include "image/lock.h"
#include "lib/alloc.h"
#include "lib/interrupt.h"
#include "merge/blocks.h"
#include "format/chain.h"

static const char read_only_advice[] = "merge --output makes a new image elsewhere";

/**
 * struct work - a merge in progress
 * @merge:	the merge
 * @chain:	the chain
 * @into:	index of the target in @chain
 * @files:	locked files of the merged images and the target
 * @grandchild:	children of the top for --relink, open
 * @grandchild_files: the same, locked
 * @guid:	G
 * @others:	first error about other children
 */
struct work {
	const struct merge *merge;
	struct chain *chain;
	unsigned int into;
	struct write_file files[VHDX_CHAIN_MAX_FILES];
	struct layer *grandchild[MERGE_MAX_RELINKS];
	struct write_file grandchild_files[MERGE_MAX_RELINKS];
	struct vhdx_guid guid;
	enum exit_code others;
};

static struct layer *target_of(const struct work *work)
{
	return work->chain->layer[work->into];
}

static struct layer *child_of(const struct work *work)
{
	return work->chain->layer[work->into - 1];
}

static enum exit_code lock_chain(struct work *work)
{
	enum exit_code status = DONE;
	struct vhdx_fault fault;
	unsigned int i;

	for (i = 0; i <= work->into && status == DONE; i++)
		status = writable_lock(&work->files[i], work->chain->layer[i], read_only_advice);
	for (i = 0; i <= work->into && status == DONE; i++)
		status = writable_replay(&work->chain->layer[i], &work->files[i],
					 work->merge->progress);
	/* Another program may have changed the images before they were locked. */
	for (i = 0; i + 1 < work->chain->count && status == DONE; i++) {
		const struct layer *child = work->chain->layer[i];
		const struct layer *parent = work->chain->layer[i + 1];

		if (!layer_has_parent(child) ||
		    vhdx_chain_check(child->image.super, &child->locator, parent->image.super,
				     &fault))
			status = fail(EXIT_BUSY, "%s: was changed meanwhile; try again",
				      parent->path);
	}
	return status;
}

static enum exit_code check_target(const struct work *work)
{
	const struct vhdx_super *super = target_of(work)->image.super;
	const struct layer *target = target_of(work), *top = work->chain->layer[0];
	u64 size = top->image.super->geometry.disk_size;

	if (!S_ISREG(target->image.file.stat.st_mode))
		return fail(EXIT_USAGE, "%s: is a block device, which cannot grow; use --output",
			    target->path);
	if (super->geometry.disk_size != size)
		return fail(EXIT_USAGE, "%s: has a disk of %llu bytes, %s has one of %llu; use --output",
			    target->path, (unsigned long long)super->geometry.disk_size, top->path,
			    (unsigned long long)size);
	if (!log_batch_possible(&super->header))
		return fail_named(EXIT_IMAGE, "NO_LOG", "%s: has no log, so it cannot be changed "
				  "safely; use --output", target->path);
	return relink_check(child_of(work));
}

static bool is_among(struct layer *const *layer, unsigned int count, const struct stat *status)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (layer_is_file(layer[i], status))
			return true;
	return false;
}

static enum exit_code open_grandchild(struct work *work, unsigned int i)
{
	struct layer **grandchild = &work->grandchild[i];
	struct layer *const *chain = work->chain->layer;
	const char *path = work->merge->relink[i];
	enum exit_code status = layer_open(grandchild, path);

	if (status != DONE)
		return status;
	/* A second lock of the same file would be taken for that of another program. */
	if (is_among(chain, work->into + 1, &(*grandchild)->image.file.stat))
		return fail(EXIT_USAGE, "%s: takes part in the merge, so --relink cannot name it",
			    path);
	if (is_among(work->grandchild, i, &(*grandchild)->image.file.stat))
		return fail(EXIT_USAGE, "%s: --relink names this file twice", path);
	status = relink_check(*grandchild);
	if (status == DONE)
		status = writable_lock(&work->grandchild_files[i], *grandchild, read_only_advice);
	if (status == DONE)
		status = writable_replay(grandchild, &work->grandchild_files[i],
					 work->merge->progress);
	if (status != DONE)
		return status;
	/* A child of the target is accepted too: an interrupted merge may have relinked it. */
	if (vhdx_chain_links(&(*grandchild)->locator,
			     &chain[0]->image.super->header.data_write_guid) ||
	    vhdx_chain_links(&(*grandchild)->locator,
			     &target_of(work)->image.super->header.data_write_guid))
		return DONE;
	return fail_named(EXIT_PARENT, "PARENT_MISMATCH", "%s: is not a child of %s", path,
			  chain[0]->path);
}

static bool is_known(void *context, const struct stat *status)
{
	const struct work *work = context;

	return is_among(work->chain->layer, work->into + 1, status) ||
	       is_among(work->grandchild, work->merge->relinks, status);
}

static bool refuse_child(void *context, const char *path, const struct layer *parent)
{
	struct work *work = context;

	work->others = fail_named(EXIT_BUSY, "OTHER_CHILD", "%s: is a child of %s as well; %s, or use "
				  "--force", path, parent->path,
				  parent == work->chain->layer[0] ? "use --relink for it" :
				  "merge it into a new image first, with --output");
	return true;
}

/* With --keep only the target changes; otherwise all merged images are deleted. */
static enum exit_code check_others(struct work *work)
{
	const struct merge *merge = work->merge;
	const struct layer *top = work->chain->layer[0];
	mode_t mode = top->image.file.stat.st_mode;
	unsigned int first = merge->keep ? work->into : 0;
	const struct children_search search = {
		.parent = work->chain->layer + first,
		.count = work->into - first + 1,
		.beside = work->chain->layer,
		.besides = work->into + 1,
		.is_known = is_known,
		.visit = refuse_child,
		.context = work,
	};

	if (merge->force)
		return DONE;
	work->others = DONE;
	children_each(&search);
	/*
	 * A top with the mode that snapshot sets is a parent; its children may be in any directory.
	 * The images between top and target have this mode because of the chain itself.
	 */
	if (work->others != DONE || merge->keep || merge->relinks || !S_ISREG(mode) || mode & 0222)
		return work->others;
	return fail_named(EXIT_BUSY, "PROTECTED", "%s: its mode %04o lets no user write, as "
			  "vhdxctl snapshot leaves a parent, whose children may be in any directory; "
			  "merge would delete it; use --relink for the children, or --keep, or "
			  "--force if there are none",
			  top->path, (unsigned int)mode & 07777);
}

/* Step 1 */
static enum exit_code announce(struct work *work)
{
	struct layer *child = child_of(work);
	const struct vhdx_guid *is = &target_of(work)->image.super->header.data_write_guid;
	const struct vhdx_locator *locator = &child->locator;

	if (!vhdx_guid_equal(&locator->linkage, is)) {
		work->guid = *is;	/* an interrupted merge was past step 2 */
		return DONE;
	}
	work->guid = locator->linkage2;
	if (!vhdx_guid_is_null(&work->guid) && !vhdx_guid_equal(&work->guid, is))
		return DONE;
	work->guid = guid_new();
	return relink(child, &work->files[work->into - 1], NULL, &locator->linkage, &work->guid);
}

static void init_maps(struct merge_blocks *blocks, const struct work *work)
{
	chain_map_init(&blocks->upper, work->chain, 0, work->into);
	chain_map_init(&blocks->whole, work->chain, 0, work->chain->count);
	layer_map_init(&blocks->own, &target_of(work)->image);
}

static void free_maps(struct merge_blocks *blocks)
{
	layer_map_free(&blocks->own);
	chain_map_free(&blocks->whole);
	chain_map_free(&blocks->upper);
}

/* Steps 2 to 4 */
static enum exit_code fill_target(struct work *work, const struct check *check)
{
	struct merge_blocks blocks = { .check = check, .progress = work->merge->progress };
	struct image *image = &target_of(work)->image;
	enum exit_code status;

	init_maps(&blocks, work);
	target_init(&blocks.target, &work->files[work->into], image,
		    check_end_of_use(&check->usage));
	status = target_set_guids(&blocks.target, &work->guid);
	if (status == DONE)
		status = target_trim(&blocks.target);
	if (status == DONE)
		status = merge_blocks(&blocks);
	target_free(&blocks.target);
	free_maps(&blocks);
	if (status != DONE && status != EXIT_INTERRUPTED)
		warn("%s: the merge is not complete: only %s shows all data; merge it again to "
		     "continue", image->file.path, work->chain->layer[0]->path);
	return status;
}

/* Step 5 */
static enum exit_code relink_grandchildren(struct work *work)
{
	static const struct vhdx_guid none;
	enum exit_code status = DONE;
	unsigned int i;

	for (i = 0; i < work->merge->relinks && status == DONE; i++) {
		struct parent_name name;

		status = parent_name_make(&name, target_of(work)->path, work->grandchild[i]->path,
					  work->merge->parents);
		if (status == DONE)
			status = relink(work->grandchild[i], &work->grandchild_files[i], &name,
					&work->guid, &none);
		if (status == DONE)
			parent_name_warn(&name, work->grandchild[i]->path);
		parent_name_free(&name);
	}
	return status;
}

/* By its real path: that of the command line may be a symbolic link. */
static enum exit_code delete_file(const struct layer *layer)
{
	char *real = realpath(layer->path, NULL);
	enum exit_code status = DONE;
	struct stat found;
	int directory;

	if (real && !lstat(real, &found) && !layer_is_file(layer, &found))
		status = fail(EXIT_BUSY, "%s: is merged, but not deleted, because it was replaced "
			      "meanwhile", layer->path);
	else if (!real || unlink(real))
		status = fail_errno(layer->path, "is merged, but cannot be deleted", errno);
	else
		note("%s: merged and deleted", real);
	/* If the flush fails, the file may reappear, and can be merged again. */
	directory = status == DONE ? open(dirname(real), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (directory >= 0) {
		fsync(directory);
		close(directory);
	}
	free(real);
	return status;
}

/* Step 6 */
static enum exit_code finish(struct work *work)
{
	static const struct vhdx_guid none;
	struct layer *top = work->chain->layer[0];
	struct vhdx_guid linkage = top->locator.linkage;
	enum exit_code status = DONE;
	unsigned int i;

	if (work->merge->keep)
		return relink(child_of(work), &work->files[work->into - 1], NULL, &work->guid,
			      &none);
	/* Afterwards the top needs no image between it and the target. Without a log it does. */
	if (work->into > 1 && log_batch_possible(&top->image.super->header))
		status = relink(top, &work->files[0], NULL, &linkage, &work->guid);
	for (i = work->into; i > 0 && status == DONE; i--)
		status = delete_file(work->chain->layer[i - 1]);
	return status;
}

static enum exit_code write_all(struct work *work, const struct check *check)
{
	const struct merge *merge = work->merge;
	const struct layer *target = target_of(work);
	enum exit_code status = announce(work);

	if (status == DONE)
		status = fill_target(work, check);
	if (status == DONE)
		status = relink_grandchildren(work);
	if (status == DONE)
		status = finish(work);
	if (status != DONE || merge->keep_mode)
		return status;
	/* Step 7 */
	if (merge->relinks || merge->keep)
		protect_parent(target->path, &target->image.file.stat);
	else
		writable_permit(&work->files[work->into]);
	return DONE;
}

/* The rest of step 0: the checks of an attach for writing */
static enum exit_code check_and_write(struct work *work)
{
	struct merge_blocks blocks = { 0 };
	struct check check = { 0 };
	enum exit_code status = image_file_open(&check.file, target_of(work)->path);

	if (status != DONE)
		return status;
	progress_init(&check.progress);
	check.progress.mode = PROGRESS_NONE;
	status = check_image(&check);
	if (status == DONE && check.reader.size > USAGE_LIMIT)
		status = fail(EXIT_IMAGE, "%s: the file is larger than %llu TiB, beyond which the "
			      "use of space is not tracked; use --output", check.file.path,
			      (unsigned long long)(USAGE_LIMIT / VHDX_TIB));
	if (status == DONE && (check.findings.count[SEVERITY_ERROR] ||
			       check.findings.count[SEVERITY_UNSUPPORTED]))
		status = fail(EXIT_IMAGE, "%s: is damaged; see vhdxctl check", check.file.path);
	if (status == DONE) {
		/* A fault found later would leave a target that is useless by itself. */
		init_maps(&blocks, work);
		status = merge_blocks_check(&blocks);
		free_maps(&blocks);
	}
	if (status == DONE)
		status = write_all(work, &check);
	check_free(&check);
	image_file_close(&check.file);
	return status;
}

/**
 * merge_into() - merge children into a parent
 * @merge:	the merge
 *
 * Return: DONE, or another exit code after an error message; then the chain shows the same
 * data as before
 */
enum exit_code merge_into(const struct merge *merge)
{
	struct work *work = xcalloc(1, sizeof(*work));
	enum exit_code status;
	unsigned int i;

	work->merge = merge;
	work->chain = merge->chain;
	work->into = merge->into;
	for (i = 0; i <= work->into; i++)
		work->files[i].fd = -1;
	for (i = 0; i < merge->relinks; i++)
		work->grandchild_files[i].fd = -1;
	status = lock_chain(work);
	if (status == DONE)
		status = check_target(work);
	for (i = 0; i < merge->relinks && status == DONE; i++)
		status = open_grandchild(work, i);
	if (status == DONE)
		status = check_others(work);
	if (status == DONE)
		status = check_and_write(work);
	for (i = 0; i < merge->relinks; i++) {
		writable_unlock(&work->grandchild_files[i]);
		layer_free(work->grandchild[i]);
	}
	for (i = 0; i <= work->into; i++)
		writable_unlock(&work->files[i]);
	free(work);
	return status;
}
