// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * vhdxctl check, and its repairs, on a whole image in memory; for the input see sparse.h.
 *
 * An image without errors is repaired, and then must have none, and no leaks, and every
 * block where it was.
 */
#include "sparse.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/fault.h"
#include "lib/reason.h"
#include "image/image.h"
#include "repair/repair.h"
#include "edit/replay_file.h"

/* The BAT is read as a whole: what is larger would make it slow. */
#define LARGEST_FILE (64 * VHDX_MIB)

/* -- what would say something, or is not tested here -- */

enum exit_code fail(enum exit_code status, const char *format, ...)
{
	(void)format;
	return status;
}

enum exit_code fail_named(enum exit_code status, const char *code, const char *format, ...)
{
	(void)code;
	(void)format;
	return status;
}

enum exit_code fail_errno(const char *object, const char *what, int error)
{
	fprintf(stderr, "%s: %s: %d\n", object, what, error);
	abort();
}

enum exit_code fail_fault(const struct image_file *file, const struct vhdx_fault *fault)
{
	(void)file;
	claim_fault(fault->reason, fault);
	return EXIT_IMAGE;
}

enum exit_code fail_reason(const char *object, enum vhdx_reason reason)
{
	(void)object;
	CLAIM(!reason);
	return DONE;
}

enum exit_code fail_reason_text(const char *object, enum vhdx_reason reason, const char *message)
{
	(void)message;
	return fail_reason(object, reason);
}

const struct failure *message_first_failure(void)
{
	static const struct failure none;

	return &none;
}

void message_set_interlude(void (*clear)(void))
{
	(void)clear;
}

void warn(const char *format, ...)
{
	(void)format;
}

enum exit_code replay_file(const char *path, const struct write_file *file,
			   struct progress *progress)
{
	(void)path;
	(void)file;
	(void)progress;
	abort();
}

/* -- the image -- */

static void put(void *context, u64 offset, const void *bytes, u32 length)
{
	int fd = *(int *)context;

	if (offset >= sparse_file_size)
		return;
	if (length > sparse_file_size - offset)
		length = sparse_file_size - offset;
	CLAIM(!length || pwrite(fd, bytes, length, (off_t)offset) == (ssize_t)length);
}

static int make_file(void)
{
	int fd = memfd_create("image", MFD_CLOEXEC);

	CLAIM(fd >= 0);
	if (sparse_file_size > LARGEST_FILE)
		sparse_file_size = LARGEST_FILE;
	CLAIM(!ftruncate(fd, (off_t)sparse_file_size));
	sparse_each(put, &fd);
	return fd;
}

static enum exit_code check(struct check *check, int fd)
{
	char path[32];

	memset(check, 0, sizeof(*check));
	check->progress.mode = PROGRESS_NONE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CLAIM(image_file_open(&check->file, path) == DONE);
	return check_image(check);
}

static void end(struct check *check)
{
	check_free(check);
	image_file_close(&check->file);
}

/* Where every block of the disk is */
static u32 places(const struct check *check)
{
	const struct vhdx_geometry *g = &check->super->geometry;
	u32 sum = 0;
	u64 block;

	for (block = 0; block < g->payload_blocks; block++) {
		u64 index = vhdx_payload_index(g, block), words[2] = { block };
		__le64 entry;

		CLAIM(image_file_read(&check->file, check->super->regions.bat.offset +
				      index * VHDX_BAT_ENTRY_SIZE, &entry, sizeof(entry)));
		words[1] = le64_to_cpu(entry) & VHDX_BAT_STATE_MASK;
		if (vhdx_bat_is_present(words[1]))
			words[1] |= le64_to_cpu(entry) & VHDX_BAT_OFFSET_MASK;
		if (words[1] == VHDX_BLOCK_UNMAPPED_DRAFT)
			words[1] = VHDX_BLOCK_UNMAPPED;
		if (words[1])
			sum = crc32c(sum, words, sizeof(words));
	}
	return sum;
}

static bool in_order(const struct check *done)
{
	return !done->findings.count[SEVERITY_ERROR] &&
	       !done->findings.count[SEVERITY_UNSUPPORTED];
}

static void repair_and_compare(struct check *before, int fd)
{
	struct write_file file = { .path = "image", .fd = fd };
	struct repair repair = { .mode = REPAIR_ALL, .file = &file };
	u32 sum = places(before);
	struct check after;

	CLAIM(repair_image(&repair, before) == DONE);
	CLAIM(check(&after, fd) == DONE);
	CLAIM(in_order(&after));
	CLAIM(!after.replayed && !vhdx_header_log_dirty(&after.super->header));
	CLAIM(!after.findings.count[SEVERITY_LEAK]);
	CLAIM(!(after.super->warnings & (1U << VHDX_WARNING_header_1_damaged |
					 1U << VHDX_WARNING_header_2_damaged |
					 1U << VHDX_WARNING_file_size)));
	CLAIM(places(&after) == sum);
	end(&after);
	findings_free(&repair.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct check first;
	int fd;

	sparse_take(&input);
	fd = make_file();
	if (check(&first, fd) == DONE && in_order(&first) && !first.replayed &&
	    first.super->header.sequence_number < UINT64_MAX - 1000)
		repair_and_compare(&first, fd);
	end(&first);
	close(fd);
	return 0;
}
