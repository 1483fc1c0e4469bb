// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "info/chain_report.h"

#include "image/chain.h"
#include "lib/json.h"
#include "format/guid.h"

/**
 * chain_report() - add the list of the files of a chain to a description
 * @image:	gets an array "chain" of the files that are found, the image itself first
 * @path:	of the image
 * @options:	where to find its parents
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code chain_report(struct json_object *image, const char *path,
			    const struct parent_options *options)
{
	struct json_object *list = json_object_new_array();
	struct chain chain;
	enum exit_code status = chain_open(&chain, path, options);
	unsigned int i;

	for (i = 0; i < chain.count; i++) {
		const struct image *layer = &chain.layer[i]->image;
		const struct vhdx_super *super = layer->super;
		struct json_object *object = json_object_new_object();
		char guid[VHDX_GUID_TEXT_SIZE];

		vhdx_guid_text(&super->header.data_write_guid, guid);
		json_add_string(object, "path", chain.layer[i]->path);
		json_add_string(object, "type", vhdx_geometry_type_name(&super->geometry));
		json_add_size(object, "virtual-size", super->geometry.disk_size);
		json_add_size(object, "block-size", super->geometry.block_size);
		json_add_size(object, "file-size", layer->file.reader.size);
		json_add_string(object, "data-write-guid", guid);
		json_add_bool(object, "dirty", layer->replayed);
		json_object_array_add(list, object);
	}
	json_add(image, "chain", list);
	chain_close(&chain);
	return status;
}
