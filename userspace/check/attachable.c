// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The format core makes the same checks of the files here as in the kernel. This file adds the
 * other checks of an attach: the whole BAT, which the kernel reads before it attaches an image for
 * writing, and other programs that use the files.
 */
#include "check/attachable.h"

#include <stdlib.h>
#include <string.h>

#include "attached/disk.h"
#include "attached/disk_files.h"
#include "check/check.h"
#include "image/chain.h"
#include "image/lock.h"
#include "image/replay_memory.h"
#include "info/bat_summary.h"
#include "lib/text.h"

/* Advice for an attach for writing on a read-only file system */
const char attachable_read_only_advice[] = "use attach -r to read it, or attach --temporary, which "
				       "keeps writes elsewhere";

/* The whole BAT: no entry is bad, and no two blocks share space. Reports the first finding. */
static enum exit_code try_blocks(const struct layer *layer)
{
	struct check check = { 0 };
	enum exit_code status = image_file_open(&check.file, layer->path);
	size_t i;

	if (status != DONE)
		return status;
	progress_init(&check.progress);
	check.progress.mode = PROGRESS_NONE;
	status = check_image(&check);
	for (i = 0; status == DONE && i < check.findings.kept; i++) {
		const struct finding *finding = &check.findings.list[i];
		char *code;

		if (finding->severity != SEVERITY_ERROR &&
		    finding->severity != SEVERITY_UNSUPPORTED)
			continue;
		code = text_code(finding->code);
		status = fail_named(EXIT_IMAGE, code, "%s: %s; see vhdxctl check", layer->path,
				    finding->message);
		free(code);
	}
	check_free(&check);
	image_file_close(&check.file);
	return status;
}

/**
 * attachable_files() - check that the files of a chain can be attached
 * @chain:	complete
 * @writing:	the image is attached for writing
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code attachable_files(const struct chain *chain, bool writing)
{
	enum exit_code status = DONE;
	unsigned int i;

	for (i = 0; i < chain->count && status == DONE; i++) {
		const struct image_file *file = &chain->layer[i]->image.file;

		status = !i && writing ?
			 image_check_lockable(file->path, file->fd, &file->stat,
					      attachable_read_only_advice) :
			 image_check_unwritten(file->path, file->fd, &file->stat);
	}
	return status == DONE && writing ? try_blocks(chain->layer[0]) : status;
}

/**
 * attachable_fail_index() - print an error message for a disk number that is taken
 * @index:	the disk number
 *
 * Return: EXIT_BUSY
 */
enum exit_code attachable_fail_index(int index)
{
	struct disk disk;
	char *image = disk_find(&disk, index) ? disk_image(&disk) : NULL;
	enum exit_code status;

	if (image)
		status = fail_named(EXIT_BUSY, "ATTACH_INDEX_TAKEN", "/dev/vhdx%d: the number is taken "
				    "by %s; leave out --index to get a free one, or detach that disk "
				    "first: vhdxctl detach /dev/vhdx%d", index, image, index);
	else
		status = fail_named(EXIT_BUSY, "ATTACH_INDEX_TAKEN", "/dev/vhdx%d: the number is taken "
				    "by a disk that is being attached or detached; try again, or leave "
				    "out --index to get a free one", index);
	free(image);
	return status;
}

/**
 * attachable_index() - check that a disk number is free
 * @index:	the disk number; -1: any
 *
 * Return: DONE, or EXIT_BUSY after an error message
 */
enum exit_code attachable_index(int index)
{
	struct disk disk;

	return index < 0 || !disk_find(&disk, index) ? DONE : attachable_fail_index(index);
}

/**
 * attachable_warn_missing() - warn about blocks that cannot be read
 * @chain:	complete
 * @writing:	the image is attached for writing; then the kernel refuses it if it is damaged
 *
 * An image that is only read can be read where it is whole. At most BAT_SUMMARY_LOOK_MAX bytes of
 * all BATs together are read, which bounds the time.
 */
void attachable_warn_missing(const struct chain *chain, bool writing)
{
	struct bat_summary counts;
	unsigned int i;

	for (i = writing; i < chain->count; i++) {
		const struct image *image = &chain->layer[i]->image;
		const char *path = chain->layer[i]->path;

		bat_summary_look(&counts, image->super, &image->reader,
				 image->replayed ? &image->replayed->overlay : NULL, image->file.fd,
				 BAT_SUMMARY_LOOK_MAX / chain->count);
		if (counts.missing)
			warn("%s: %s%llu blocks lie beyond the end of the file; reads of them "
			     "fail; get a complete copy", path, counts.complete ? "" : "at least ",
			     (unsigned long long)counts.missing);
		else if (counts.bad)
			warn("%s: %s%llu BAT entries are bad; reads of their blocks fail; see "
			     "vhdxctl check", path, counts.complete ? "" : "at least ",
			     (unsigned long long)counts.bad);
	}
}
