// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Keys, their order and their spelling are those of Hyper-V. There is always an absolute path,
 * because some programs take the file name only from it. Without a map, the local path is written
 * with "C:" before it. Windows can parse that, does not find the file there, and uses the relative
 * path.
 */
#include "edit/parent_locator.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "image/parent_options.h"
#include "image/winpath.h"
#include "lib/alloc.h"
#include "lib/text.h"
#include "format/locator_encode.h"

#define MAX_FIELDS 5

static void to_backslashes(char *path)
{
	for (; *path; path++)
		if (*path == '/')
			*path = '\\';
}

/*
 * The real directory of a file that may not exist, to be freed; NULL with errno. For a symbolic
 * link it is the directory of the file, from which a relative path is followed.
 */
static char *real_directory(const char *path)
{
	char *copy = realpath(path, NULL);
	char *real;

	if (!copy)
		copy = xstrdup(path);
	real = realpath(dirname(copy), NULL);
	free(copy);
	return real;
}

/* Both are real paths. Return: the relative path with backslashes, to be freed */
static char *relative_path(const char *directory, const char *file)
{
	size_t i, common = 0;	/* length of the common part, up to its last slash */
	const char *left;
	char *up, *path;

	for (i = 0; directory[i] && directory[i] == file[i]; i++)
		if (file[i] == '/')
			common = i + 1;
	if (!directory[i] && file[i] == '/')
		common = i + 1;
	left = strlen(directory) > common ? directory + common : "";
	up = xstrdup(*left ? "" : "./");
	while (*left) {
		char *longer = xasprintf("../%s", up);

		free(up);
		up = longer;
		left += strcspn(left, "/");
		left += *left == '/';
	}
	path = xasprintf("%s%s", up, file + common);
	free(up);
	to_backslashes(path);
	return path;
}

/* Add the Windows path of a file, if it is below the directory of a map. The first one counts. */
static void add_mapped(struct parent_name *name, const char *file, const char *map)
{
	const char *equals = strchr(map, '=');
	char *directory = realpath(equals + 1, NULL);
	size_t length = directory ? strlen(directory) : 0;
	int windows = (int)(equals - map);
	char *mapped, **place;
	bool is_volume;

	if (length > 1 && !strncmp(file, directory, length) && file[length] == '/') {
		while (windows && (map[windows - 1] == '\\' || map[windows - 1] == '/'))
			windows--;
		mapped = xasprintf("%.*s%s", windows, map, file + length);
		to_backslashes(mapped);
		is_volume = !strncasecmp(mapped, "\\\\?\\Volume{", 11);
		place = is_volume ? &name->volume : &name->absolute;
		if (*place)
			free(mapped);
		else
			*place = mapped;
	}
	free(directory);
}

/**
 * parent_name_make() - make the Windows paths of a parent
 * @name:	filled; must be freed by parent_name_free() even on failure
 * @parent:	path of the parent
 * @child:	path of the child, which may not exist
 * @maps:	options with --map-path
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code parent_name_make(struct parent_name *name, const char *parent, const char *child,
				const struct parent_options *maps)
{
	char *file = realpath(parent, NULL);
	char *directory = file ? real_directory(child) : NULL;
	char *valid = directory ? text_valid_utf8(file) : NULL;
	enum exit_code status = DONE;
	unsigned int i;

	memset(name, 0, sizeof(*name));
	if (!directory) {
		status = fail_errno(file ? child : parent, "cannot resolve its path", errno);
	} else if (strcmp(valid, file) || strchr(file, '\\')) {
		status = fail(EXIT_USAGE, "%s: its name cannot be written as a Windows path",
			      parent);
	} else {
		name->relative = relative_path(directory, file);
		for (i = 0; i < maps->maps; i++)
			add_mapped(name, file, maps->map[i]);
		if (!name->absolute) {
			name->absolute = xasprintf("C:%s", file);
			to_backslashes(name->absolute);
		}
	}
	free(valid);
	free(directory);
	free(file);
	return status;
}

/**
 * parent_name_warn() - warn about a relative path that Windows does not allow
 * @name:	from parent_name_make()
 * @child:	for the message
 */
void parent_name_warn(const struct parent_name *name, const char *child)
{
	char *path = winpath_normal(name->relative);

	if (!winpath_is_allowed(path))
		warn("%s: Windows will not find its parent by the path %s, which has a name that "
		     "Windows does not allow", child, name->relative);
	free(path);
}

static void add_field(struct vhdx_locator_field *fields, u32 *count, const char *key,
		      const char *value)
{
	struct vhdx_locator_field *field = &fields[*count];
	size_t length = 0;

	if (!value)
		return;
	field->key = key;
	field->value = text_to_utf16(value, &length);
	field->length = (u16)length;
	*count += field->value && length && length <= UINT16_MAX;
}

static void add_guid(struct vhdx_locator_field *fields, u32 *count, const char *key,
		     const struct vhdx_guid *guid)
{
	char text[VHDX_GUID_TEXT_SIZE + 2] = "{";

	vhdx_guid_text(guid, text + 1);
	strcat(text, "}");
	add_field(fields, count, key, text);
}

/**
 * parent_name_encode() - make a parent locator
 * @name:	paths of the parent
 * @linkage:	DataWriteGuid of the parent
 * @linkage2:	a second DataWriteGuid that is accepted; null: none
 * @length:	set to the length of the item, in bytes
 *
 * Return: the metadata item, to be freed
 */
u8 *parent_name_encode(const struct parent_name *name, const struct vhdx_guid *linkage,
		       const struct vhdx_guid *linkage2, u32 *length)
{
	struct vhdx_locator_field fields[MAX_FIELDS + 1] = { 0 };
	u32 count = 0, i;
	u8 *item;

	add_guid(fields, &count, "parent_linkage", linkage);
	add_field(fields, &count, "absolute_win32_path", name->absolute);
	add_field(fields, &count, "relative_path", name->relative);
	add_field(fields, &count, "volume_path", name->volume);
	add_guid(fields, &count, "parent_linkage2", linkage2);
	*length = vhdx_locator_length(fields, count);
	item = xcalloc(*length, 1);
	vhdx_locator_encode(item, fields, count);
	for (i = 0; i < count; i++)
		free((u8 *)fields[i].value);
	return item;
}

/**
 * parent_name_free() - free the paths
 * @name:	from parent_name_make()
 */
void parent_name_free(struct parent_name *name)
{
	free(name->relative);
	free(name->absolute);
	free(name->volume);
}
