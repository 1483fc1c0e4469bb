// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The images of tests/images/build through the core, one claim per image: the good ones
 * read as their model says, the bad ones are refused for the reason that is their name.
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
};

static struct good goods[512];
static struct bad bads[512];
static const char *good_dir, *bad_dir;

static struct image_file image;
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

		if (sscanf(line, "%63s %15s %31s", bad->name, bad->kind, offset) != 3)
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

static enum vhdx_reason judge_locator(void)
{
	const struct vhdx_super *super = &image.super;
	u64 offset = super->regions.metadata.offset + super->items.offset[VHDX_ITEM_PARENT_LOCATOR];
	u32 length = super->items.length[VHDX_ITEM_PARENT_LOCATOR];
	struct vhdx_locator locator;

	assert_true(length <= sizeof(seen));
	assert_int_equal(vhdx_read(&image.replayed, offset, seen, length, &image.fault), VHDX_OK);
	return vhdx_locator_decode(&locator, seen, length, offset, &image.fault);
}

/* The one entry that is wrong; no other may be. */
static enum vhdx_reason judge_bat(u64 *index)
{
	enum vhdx_reason found = VHDX_OK;
	u64 i, entry;

	for (i = 0; i < image.super.geometry.bat_entries; i++) {
		enum vhdx_reason reason = image_file_entry(&image, i, &entry);

		if (!reason)
			continue;
		assert_int_equal(found, VHDX_OK);
		found = reason;
		*index = i;
	}
	return found;
}

/* A fault that takes two entries to see */
static bool bitmap_is_missing(u64 block)
{
	const struct vhdx_geometry *g = &image.super.geometry;
	u64 payload, bitmap;

	assert_int_equal(image_file_entry(&image, vhdx_payload_index(g, block), &payload), VHDX_OK);
	assert_int_equal(image_file_entry(&image, vhdx_bitmap_index(g, block >> g->chunk_shift),
					  &bitmap), VHDX_OK);
	return vhdx_bat_state(payload) == VHDX_BLOCK_PARTIALLY_PRESENT &&
	       vhdx_bat_state(bitmap) != VHDX_BLOCK_FULLY_PRESENT;
}

static enum vhdx_reason judge_differencing(const struct bad *row, u64 *index)
{
	enum vhdx_reason reason = judge_locator();

	if (!reason)
		reason = judge_bat(index);
	if (!reason && bitmap_is_missing(row->offset >> image.super.geometry.block_shift))
		reason = VHDX_REASON_payload_partial_without_bitmap;
	return reason;
}

static void is_refused(void **state)
{
	const struct bad *row = *state;
	enum vhdx_reason reason;
	u64 index = ~0ULL;

	open_image(bad_dir, row->name);
	if (!strcmp(row->name, "log_dirty"))	/* only who must not replay refuses it */
		reason = vhdx_open(&image.super, &image.reader, image.scratch, &image.fault);
	else
		reason = image_file_judge(&image);
	if (!strcmp(row->kind, "check")) {	/* nothing one entry could tell */
		assert_int_equal(reason, VHDX_OK);
		assert_int_equal(judge_bat(&index), VHDX_OK);
		image_file_close(&image);
		return;
	}
	if (!strcmp(row->kind, "block")) {
		const struct vhdx_geometry *g = &image.super.geometry;

		assert_int_equal(reason, VHDX_OK);
		reason = judge_bat(&index);
		assert_int_equal(index, vhdx_payload_index(g, row->offset >> g->block_shift));
	} else if (!strcmp(row->kind, "decode")) {
		assert_int_equal(reason, VHDX_REASON_parent_missing);
		reason = judge_differencing(row, &index);
	} else if (reason == VHDX_REASON_parent_missing) {
		assert_int_equal(judge_differencing(row, &index), VHDX_OK);
	}
	assert_string_equal(vhdx_reason_name(reason), row->name);
	image_file_close(&image);
}

int main(void)
{
	good_dir = getenv("VHDX_GOOD_IMAGES");
	bad_dir = getenv("VHDX_BAD_IMAGES");
	if (!good_dir || !bad_dir) {
		printf("1..0 # SKIP VHDX_GOOD_IMAGES and VHDX_BAD_IMAGES are not set\n");
		return 0;
	}
	suite_add_rows(goods, read_goods(), sizeof(goods[0]), reads_as_model);
	suite_add_rows(bads, read_bads(), sizeof(bads[0]), is_refused);
	return suite_run("images");
}
