// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Each image of tests/images/build reads as its model says, or is refused for its reason. The
 * reason is the name of a bad image; images that need parents are read with them.
 *
 * VHDX_GOOD_IMAGES and VHDX_BAD_IMAGES are the directories they were built in.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "suite.h"

#include "format/locator.h"
#include "make.h"
#include "readfile.h"

struct good {
	const char *claim;
	char name[64];
	unsigned long long disk_size;
	unsigned int block_size, logical, physical;
	char type[16];
};

struct bad {
	const char *claim;
	char name[64];
	char kind[16];
	u64 offset;
	unsigned int parents;
};

static struct good goods[512];
static struct bad bads[512];
static const char *good_dir, *bad_dir;

static struct image_file image;
static struct image_chain chain;
static u8 seen[VHDX_MIB], expected[VHDX_MIB];

static FILE *open_table(const char *dir, const char *name)
{
	char path[4096], heading[256];
	FILE *table;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	table = fopen(path, "r");
	if (!table || !fgets(heading, sizeof(heading), table))
		err(1, "%s", path);
	return table;
}

static const char *make_claim(const char *form, const char *name)
{
	char *claim;

	if (asprintf(&claim, form, name) < 0)
		errx(1, "out of memory");
	return claim;
}

static size_t read_goods(void)
{
	FILE *table = open_table(good_dir, "MANIFEST.tsv");
	char line[512];
	size_t count = 0;

	while (count < ARRAY_SIZE(goods) && fgets(line, sizeof(line), table)) {
		struct good *good = &goods[count++];

		if (sscanf(line, "%63s %llu %u %u %u %15s", good->name, &good->disk_size,
			   &good->block_size, &good->logical, &good->physical, good->type) != 6)
			errx(1, "MANIFEST.tsv: %s", line);
		good->claim = make_claim("%s reads as its model says", good->name);
	}
	fclose(table);
	return count;
}

static size_t read_bads(void)
{
	FILE *table = open_table(bad_dir, "BAD.tsv");
	char line[512], offset[32];
	size_t count = 0;

	while (count < ARRAY_SIZE(bads) && fgets(line, sizeof(line), table)) {
		struct bad *bad = &bads[count++];

		if (sscanf(line, "%63s %15s %31s %u", bad->name, bad->kind, offset,
			   &bad->parents) != 4)
			errx(1, "BAD.tsv: %s", line);
		bad->offset = strtoull(offset, NULL, 10);
		bad->claim = make_claim("%s is the reason to refuse the image of that name",
					bad->name);
	}
	fclose(table);
	return count;
}

static void open_image(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.vhdx", dir, name);
	assert_true(image_file_open(&image, path));
}

/* The model: NAME.raw, the whole disk, or NAME.packed, its extents one after the other */
struct model {
	FILE *extents;
	int fd;
	bool packed;
	u64 packed_at;
};

static void model_open(struct model *model, const char *name)
{
	char path[4096];

	memset(model, 0, sizeof(*model));
	snprintf(path, sizeof(path), "%s/%s.extents", good_dir, name);
	model->extents = fopen(path, "r");
	assert_non_null(model->extents);
	snprintf(path, sizeof(path), "%s/%s.raw", good_dir, name);
	model->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (model->fd < 0 && errno == ENOENT) {
		model->packed = true;
		snprintf(path, sizeof(path), "%s/%s.packed", good_dir, name);
		model->fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	assert_true(model->fd >= 0);
}

static void model_close(struct model *model)
{
	fclose(model->extents);
	close(model->fd);
}

/* Compare, 64 KiB or less at a time; @source is where the model has the bytes, -1: zeros. */
static void compare(const struct model *model, u64 offset, u64 length, int64_t source)
{
	while (length) {
		u32 piece = 65536 - (offset & 65535);

		if (piece > length)
			piece = length;
		assert_int_equal(image_file_read(&image, offset, seen, piece), VHDX_OK);
		memset(expected, 0, piece);
		if (source >= 0) {
			assert_int_equal(pread(model->fd, expected, piece, source), piece);
			source += piece;
		}
		assert_memory_equal(seen, expected, piece);
		offset += piece;
		length -= piece;
	}
}

/* Zeros: of a long stretch, only both ends. */
static void compare_gap(const struct model *model, u64 start, u64 end)
{
	u64 edge = end - start < 131072 ? end - start : 131072;

	compare(model, start, edge, -1);
	compare(model, end - edge, edge, -1);
}

static void reads_as_model(void **state)
{
	const struct good *row = *state;
	const struct vhdx_geometry *g = &image.super.geometry;
	unsigned long long offset, length;
	struct model model;
	u64 end = 0;

	open_image(good_dir, row->name);
	assert_int_equal(image_file_judge(&image), VHDX_OK);
	assert_int_equal(g->disk_size, row->disk_size);
	assert_int_equal(g->block_size, row->block_size);
	assert_int_equal(g->logical_sector_size, row->logical);
	assert_int_equal(g->physical_sector_size, row->physical);
	assert_int_equal(g->leave_allocated, !strcmp(row->type, "fixed"));

	model_open(&model, row->name);
	while (fscanf(model.extents, "%llu %llu", &offset, &length) == 2) {
		compare_gap(&model, end, offset);
		compare(&model, offset, length, model.packed ? model.packed_at : offset);
		model.packed_at += length;
		end = offset + length;
	}
	assert_int_equal(end, row->disk_size);
	model_close(&model);
	image_file_close(&image);
}

static void open_chain(const struct bad *row)
{
	static char paths[VHDX_CHAIN_MAX_FILES + 1][512];
	const char *list[VHDX_CHAIN_MAX_FILES + 1];
	unsigned int i;

	assert_true(row->parents < ARRAY_SIZE(list));
	for (i = 0; i <= row->parents; i++) {
		list[i] = paths[i];
		if (i)
			snprintf(paths[i], sizeof(paths[i]), "%s/parents/%s.%u.vhdx", bad_dir,
				 row->name, i);
		else
			snprintf(paths[i], sizeof(paths[i]), "%s/%s.vhdx", bad_dir, row->name);
	}
	assert_true(image_chain_open(&chain, list, row->parents + 1));
}

/* The one entry that is wrong; no other may be. */
static enum vhdx_reason judge_bat(struct image_file *file, u64 *index)
{
	enum vhdx_reason found = VHDX_OK;
	u64 i, entry;

	for (i = 0; i < file->super.geometry.bat_entries; i++) {
		enum vhdx_reason reason = image_file_entry(file, i, &entry);

		if (!reason)
			continue;
		assert_int_equal(found, VHDX_OK);
		found = reason;
		*index = i;
	}
	return found;
}

/* All the disk can be read but one block, if there is one: no sector of that can. */
static enum vhdx_reason judge_reads(struct image_file *file, bool block, u64 bad)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	enum vhdx_reason found = VHDX_OK;
	u64 offset;

	for (offset = 0; offset < g->disk_size; offset += sizeof(seen)) {
		if (block && offset >> g->block_shift == bad >> g->block_shift)
			continue;
		assert_int_equal(image_file_read(file, offset, seen, sizeof(seen)), VHDX_OK);
	}
	for (offset = bad; block && offset < bad + g->block_size; offset += 128 * 512) {
		enum vhdx_reason reason = image_file_read(file, offset, seen, 512);

		assert_true(reason);
		assert_true(!found || found == reason);
		found = reason;
	}
	return found;
}

/* A log's change of payload shows only where the payload is. */
static enum vhdx_reason judge_block(const struct bad *row)
{
	struct image_file *file = chain.files[0];
	const struct vhdx_geometry *g = &file->super.geometry;
	u64 index = ~0ULL, payload = vhdx_payload_index(g, row->offset >> g->block_shift);
	enum vhdx_reason reason = judge_bat(file, &index);

	/* two entries may disagree though each of them is fine */
	if (reason && index != payload)
		assert_int_equal(index, vhdx_bitmap_index(g, 0));
	assert_true(reason || row->parents);
	return judge_reads(file, true, row->offset);
}

static enum vhdx_reason judge_find(struct image_file *file)
{
	const struct vhdx_super *super = &file->super;
	u64 offset = super->regions.metadata.offset + super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	struct vhdx_locator locator;

	assert_true(length <= sizeof(seen));
	assert_int_equal(vhdx_read(&file->replayed, offset, seen, length, &file->fault), VHDX_OK);
	return vhdx_locator_decode(&locator, seen, length, offset, &file->fault);
}

static void is_refused(void **state)
{
	const struct bad *row = *state;
	struct image_file *top;
	enum vhdx_reason reason;
	u64 index;

	open_chain(row);
	top = chain.files[0];
	if (!strcmp(row->name, "log_dirty"))	/* refused only if replay is forbidden */
		reason = vhdx_open(&top->super, &top->reader, top->scratch, &chain.fault);
	else
		reason = image_chain_judge(&chain);
	if (!strcmp(row->kind, "open")) {
		assert_string_equal(vhdx_reason_name(reason), row->name);
		assert_int_equal(chain.fault.reason, reason);
	} else {
		assert_int_equal(reason, VHDX_OK);
	}
	if (!strcmp(row->kind, "block")) {
		assert_string_equal(vhdx_reason_name(judge_block(row)), row->name);
	} else if (!strcmp(row->kind, "find")) {
		assert_int_equal(judge_reads(top, false, 0), VHDX_OK);
		assert_string_equal(vhdx_reason_name(judge_find(top)), row->name);
	} else if (!strcmp(row->kind, "check")) {	/* no single entry shows it */
		assert_int_equal(judge_bat(top, &index), VHDX_OK);
		assert_int_equal(judge_reads(top, false, 0), VHDX_OK);
	} else {
		assert_string_equal(row->kind, "open");
	}
	image_chain_close(&chain);
}

/* Every one of those with parents opens without them as far as to miss them. */
static void misses_parents(void **state)
{
	const struct bad *row = *state;

	open_image(bad_dir, row->name);
	assert_string_equal(vhdx_reason_name(image_file_judge(&image)), "parent_missing");
	image_file_close(&image);
}

static void add_children(size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!bads[i].parents)
			continue;
		bads[i].claim = make_claim("%s without its parents is one whose parent is missing",
					   bads[i].name);
		suite_add_rows(&bads[i], 1, sizeof(bads[i]), misses_parents);
	}
}

int main(void)
{
	size_t count;

	good_dir = getenv("VHDX_GOOD_IMAGES");
	bad_dir = getenv("VHDX_BAD_IMAGES");
	if (!good_dir || !bad_dir) {
		printf("KTAP version 1\n");
		printf("1..0 # SKIP VHDX_GOOD_IMAGES and VHDX_BAD_IMAGES are not set\n");
		return 0;
	}
	suite_add_rows(goods, read_goods(), sizeof(goods[0]), reads_as_model);
	count = read_bads();
	suite_add_rows(bads, count, sizeof(bads[0]), is_refused);
	add_children(count);
	return suite_run("images");
}
