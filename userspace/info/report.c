// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "info/report.h"

#include <stdlib.h>

#include "image/guid.h"
#include "info/inspect.h"
#include "info/raw_tables.h"
#include "lib/json.h"
#include "lib/text.h"

static void add_guid(struct json_object *object, const char *key, const struct vhdx_guid *guid)
{
	char text[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(guid, text);
	json_add_string(object, key, text);
}

static void add_utf16(struct json_object *object, const char *key, const void *text, size_t length)
{
	char *utf8 = length ? text_from_utf16(text, length) : NULL;

	json_add_string(object, key, utf8);
	free(utf8);
}

static bool is_known(const struct table_values *values, enum vhdx_item item)
{
	return values->known & (1U << item);
}

static void add_values(struct json_object *image, const struct table_values *values)
{
	const struct vhdx_geometry type = {
		.leave_allocated = values->leave_allocated,
		.has_parent = values->has_parent,
	};
	char wwn[GUID_WWN_SIZE];

	if (is_known(values, VHDX_ITEM_FILE_PARAMETERS))
		json_add_string(image, "type", vhdx_geometry_type_name(&type));
	if (is_known(values, VHDX_ITEM_DISK_SIZE))
		json_add_size(image, "virtual-size", values->disk_size);
	if (is_known(values, VHDX_ITEM_FILE_PARAMETERS))
		json_add_size(image, "block-size", values->block_size);
	if (is_known(values, VHDX_ITEM_LOGICAL_SECTOR_SIZE))
		json_add_number(image, "logical-sector-size", values->logical_sector_size);
	if (is_known(values, VHDX_ITEM_PHYSICAL_SECTOR_SIZE))
		json_add_number(image, "physical-sector-size", values->physical_sector_size);
	if (!is_known(values, VHDX_ITEM_DISK_ID))
		return;
	add_guid(image, "disk-id", &values->disk_id);
	json_add_string(image, "wwn", guid_wwn(wwn, &values->disk_id));
}

static void add_header(struct json_object *image, const struct inspection *inspection)
{
	const struct vhdx_header *header = &inspection->super->header;
	struct json_object *log = json_object_new_object();

	json_add_number(image, "version", header->version);
	json_add_number(image, "sequence-number", header->sequence_number);
	add_guid(image, "file-write-guid", &header->file_write_guid);
	add_guid(image, "data-write-guid", &header->data_write_guid);
	json_add_bool(log, "dirty", inspection->dirty);
	if (inspection->dirty)
		add_guid(log, "guid", &header->log_guid);
	if (inspection->replayed)
		json_add_number(log, "entries", inspection->replayed->overlay.entries);
	json_add_number(log, "offset", header->log_offset);
	json_add_size(log, "length", header->log_length);
	json_add(image, "log", log);
}

static void add_locator_path(struct json_object *parent, const char *key,
			     const struct inspection *inspection,
			     const struct vhdx_locator_text *text)
{
	add_utf16(parent, key, inspection->locator_item + text->offset, text->length);
}

/* The parent locator; the parent itself is not searched. */
static void add_parent(struct json_object *image, const struct inspection *inspection)
{
	const struct vhdx_locator *locator = &inspection->locator;
	struct json_object *parent;

	if (!inspection->has_locator) {
		json_add(image, "parent", NULL);
		return;
	}
	parent = json_object_new_object();
	add_guid(parent, "linkage", &locator->linkage);
	if (!vhdx_guid_is_null(&locator->linkage2))
		add_guid(parent, "linkage2", &locator->linkage2);
	add_locator_path(parent, "relative-path", inspection, &locator->relative_path);
	add_locator_path(parent, "volume-path", inspection, &locator->volume_path);
	add_locator_path(parent, "absolute-path", inspection, &locator->absolute_path);
	json_add(image, "parent", parent);
}

static void add_blocks(struct json_object *image, const struct inspection *inspection)
{
	static const char *const names[] = {
		"not-present", "undefined", "zero", "unmapped",
		"reserved", "unmapped-draft", "fully-present", "partially-present",
	};
	const struct bat_summary *counts = &inspection->blocks;
	struct json_object *blocks = json_object_new_object();
	unsigned int i;

	json_add_number(blocks, "total", inspection->super->geometry.payload_blocks);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		json_add_number(blocks, names[i], counts->payload[i]);
	json_add_number(blocks, "bitmap-blocks", counts->bitmap);
	json_add_number(blocks, "bad-entries", counts->bad);
	json_add(image, "blocks", blocks);
}

static struct json_object *add_note(struct json_object *list, const char *name,
				    const char *message)
{
	struct json_object *object = json_object_new_object();
	char *code = text_code(name);

	json_add_string(object, "code", code);
	json_add_string(object, "message", message);
	json_object_array_add(list, object);
	free(code);
	return object;
}

static void add_problems(struct json_object *image, const struct inspection *inspection)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < inspection->problems; i++) {
		const struct vhdx_fault *fault = &inspection->problem[i];
		struct json_object *problem = add_note(list, vhdx_reason_name(fault->reason),
						       vhdx_reason_text(fault->reason));

		json_add_number(problem, "offset", fault->offset);
		if (fault->has_guid)
			add_guid(problem, "guid", &fault->guid);
		else
			json_add_number(problem, "value", fault->value);
	}
	json_add(image, "problems", list);
}

static void add_warnings(struct json_object *image, const struct inspection *inspection)
{
	struct json_object *list = json_object_new_array();
	unsigned int i;

	for (i = 0; i < VHDX_WARNING_COUNT; i++)
		if (inspection->super->warnings & (1U << i))
			add_note(list, vhdx_warning_name(i), vhdx_warning_text(i));
	if (inspection->dirty)
		add_note(list, vhdx_reason_name(VHDX_REASON_log_dirty),
			 vhdx_reason_text(VHDX_REASON_log_dirty));
	if (inspection->dirty && !inspection->replayed)
		add_note(list, "stale", "the log cannot be replayed: all but the headers may be "
			 "out of date");
	if (inspection->has_tables && !inspection->all_blocks)
		add_note(list, "blocks_unchecked", "the BAT is large: only its beginning was "
			 "checked, see --blocks");
	if (!inspection->has_tables && inspection->values.known)
		add_note(list, "unchecked", "the tables are damaged: sizes and disk id are "
			 "unchecked");
	json_add(image, "warnings", list);
}

/**
 * report_image() - make a JSON object of an inspection
 * @inspection:	from inspect()
 * @parts:	bits of enum report_part
 *
 * Return: the object; keys of unknown values are left out
 */
struct json_object *report_image(const struct inspection *inspection, unsigned int parts)
{
	const struct image_file *file = inspection->file;
	struct json_object *image = json_object_new_object();

	json_add_string(image, "path", file->path);
	json_add_string(image, "format", inspection->identified ? "vhdx" : NULL);
	json_add_size(image, "file-size", file->reader.size);
	if (S_ISREG(file->stat.st_mode))
		json_add_size(image, "allocated", (u64)file->stat.st_blocks * 512);
	add_values(image, &inspection->values);
	if (inspection->identified)
		add_utf16(image, "creator", inspection->super->creator,
			  sizeof(inspection->super->creator));
	if (inspection->has_header)
		add_header(image, inspection);
	if (inspection->identified)
		add_parent(image, inspection);
	if (inspection->has_blocks)
		add_blocks(image, inspection);
	if (inspection->identified && (parts & REPORT_TABLES)) {
		json_add(image, "headers", raw_tables_headers(file));
		json_add(image, "region-tables", raw_tables_regions(file));
		json_add(image, "metadata", raw_tables_metadata(file));
	}
	if (inspection->has_header && (parts & REPORT_LOG))
		json_add(image, "log-entries",
			 raw_tables_log(file, &inspection->super->header,
					inspection->replayed ? &inspection->replayed->sequence :
							       NULL));
	add_warnings(image, inspection);
	add_problems(image, inspection);
	return image;
}
