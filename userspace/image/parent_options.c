// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/parent_options.h"

#include <stdlib.h>
#include <string.h>

#include "image/winpath.h"
#include "lib/alloc.h"
#include "lib/message.h"

static bool add(const char **list, unsigned int *count, unsigned int limit, const char *verb,
		const char *value)
{
	if (*count < limit) {
		list[(*count)++] = value;
		return true;
	}
	fail(EXIT_USAGE, "%s: %s: the option is given more than %u times", verb, value, limit);
	return false;
}

/**
 * parent_options_set() - add an option of PARENT_OPTIONS
 * @options:	changed; zero before the first call
 * @verb:	for the message
 * @id:		id of the option
 * @value:	argument of the option; must outlive @options
 *
 * Return: false after an error message if the value is invalid
 */
bool parent_options_set(struct parent_options *options, const char *verb, int id,
			const char *value)
{
	const char *equals = strchr(value, '=');

	switch (id) {
	case PARENT_OPTION:
		return add(options->parent, &options->parents, VHDX_CHAIN_MAX_FILES - 1, verb,
			   value);
	case PARENT_DIR_OPTION:
		return add(options->directory, &options->directories, PARENT_MAX_PLACES, verb,
			   value);
	default:
		if (equals && equals != value && equals[1])
			return add(options->map, &options->maps, PARENT_MAX_PLACES, verb, value);
		fail(EXIT_USAGE,
		     "%s: --map-path: invalid value '%s'; the form is 'C:\\VMs=/srv/vms'", verb,
		     value);
		return false;
	}
}

/**
 * parent_options_map() - map a Windows path to a local one
 * @options:	the first map that matches counts
 * @normal:	from winpath_normal()
 * @directory:	set to the directory of the map
 *
 * Return: the path relative to @directory, to be freed; NULL if no map matches
 */
char *parent_options_map(const struct parent_options *options, const char *normal,
			 const char **directory)
{
	unsigned int i;

	for (i = 0; i < options->maps; i++) {
		const char *map = options->map[i];
		char *windows = strndup(map, strcspn(map, "="));
		char *prefix = windows ? winpath_normal(windows) : NULL;
		const char *rest = prefix ? winpath_below(normal, prefix) : NULL;

		free(windows);
		free(prefix);
		*directory = strchr(map, '=') + 1;
		if (rest && *rest)
			return xstrdup(rest);
	}
	return NULL;
}
