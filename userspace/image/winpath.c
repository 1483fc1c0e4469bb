// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All spellings are brought into one form, with slashes, without empty parts and dots:
 *
 *	.\base.vhdx, ..\base.vhdx	base.vhdx, ../base.vhdx
 *	\\?\C:\VMs\base.vhdx		C:/VMs/base.vhdx
 *	\\?\UNC\host\share\base.vhdx	//host/share/base.vhdx
 *	\\?\Volume{GUID}\base.vhdx	Volume{GUID}/base.vhdx
 *	\VMs\base.vhdx			/VMs/base.vhdx
 *	.\a:\base.vhdx			./a:/base.vhdx
 *
 * In the last one the dot stays: without it, the name of a directory would be that of a drive.
 */
#include "image/winpath.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>
#include <wctype.h>

#include "lib/alloc.h"

static bool is_separator(char c)
{
	return c == '\\' || c == '/';
}

/* What begins the normal form of @*path, which is moved behind it. */
static const char *take_root(const char **path)
{
	const char *text = *path;
	bool raw = is_separator(text[0]) && is_separator(text[1]) &&
		   (text[2] == '?' || text[2] == '.') && is_separator(text[3]);

	if (raw)
		*path = text = text + 4;
	if (raw && !strncasecmp(text, "UNC", 3) && is_separator(text[3])) {
		*path += 4;
		return "//";
	}
	if (!raw && is_separator(text[0]))
		return is_separator(text[1]) ? "//" : "/";
	return "";
}

/* Would what is relative, by its leading dot, be something else without it? */
static bool needs_dot(const char *path, const char *normal)
{
	return path[0] == '.' && is_separator(path[1]) && !winpath_is_relative(normal);
}

/**
 * winpath_normal() - bring a path into the form of this file
 * @path:	as Windows or a user spells it
 *
 * Return: the path, to be freed
 */
char *winpath_normal(const char *path)
{
	const char *given = path, *root = take_root(&path);
	char *normal = xcalloc(strlen(path) + 4, 1);
	char *out = normal + strlen(strcpy(normal, root));
	bool first = true;

	while (*path) {
		size_t length = strcspn(path, "\\/");

		if (length && !(length == 1 && *path == '.')) {
			if (!first)
				*out++ = '/';
			memcpy(out, path, length);
			out += length;
			first = false;
		}
		path += length + !!path[length];
	}
	if (*normal && needs_dot(given, normal)) {
		memmove(normal + 2, normal, strlen(normal) + 1);
		memcpy(normal, "./", 2);
	}
	return normal;
}

/* Neither of a drive, nor of a volume, nor of a host, nor from the root of anything */
bool winpath_is_relative(const char *normal)
{
	size_t length = strcspn(normal, "/");

	return *normal && *normal != '/' && !memchr(normal, ':', length) &&
	       strncasecmp(normal, "Volume{", 7);
}

/* One character, and how many bytes it takes; what is no text counts as bytes. */
static size_t fold(const char *text, wint_t *folded)
{
	mbstate_t state = { 0 };
	wchar_t wide;
	size_t length = mbrtowc(&wide, text, strlen(text), &state);

	if (!length || length > strlen(text)) {
		*folded = (unsigned char)*text;
		return 1;
	}
	*folded = towlower((wint_t)wide);
	return length;
}

/* How much of @text is @prefix but for upper and lower case; -1 if it does not begin so */
static ptrdiff_t folded_prefix(const char *text, const char *prefix)
{
	const char *at = text;
	wint_t a, b;

	while (*prefix) {
		if (!*at)
			return -1;
		at += fold(at, &a);
		prefix += fold(prefix, &b);
		if (a != b)
			return -1;
	}
	return at - text;
}

/**
 * winpath_below() - is a path the same as another, or below it?
 * @normal:	the path
 * @prefix:	the other
 *
 * Windows does not tell upper from lower case.
 *
 * Return: the rest, perhaps empty; NULL if not
 */
const char *winpath_below(const char *normal, const char *prefix)
{
	ptrdiff_t length = folded_prefix(normal, prefix);

	if (!*prefix || length < 0)
		return NULL;
	if (normal[length] == '/')
		return normal + length + 1;
	return normal[length] ? NULL : normal + length;
}

/* The last part */
const char *winpath_name(const char *normal)
{
	const char *slash = strrchr(normal, '/');

	return slash ? slash + 1 : normal;
}

bool winpath_same_name(const char *a, const char *b)
{
	ptrdiff_t length = folded_prefix(a, b);

	return length >= 0 && !a[length];
}

/* CON, COM1 and so on, with whatever suffix, are devices in every directory. */
static bool is_device_name(const char *name, size_t length)
{
	static const char *const devices[] = { "CON", "PRN", "AUX", "NUL" };
	size_t stem = strcspn(name, "."), i;

	if (stem > length)
		stem = length;
	while (stem && name[stem - 1] == ' ')
		stem--;
	for (i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (stem == 3 && !strncasecmp(name, devices[i], 3))
			return true;
	return stem == 4 && name[3] >= '1' && name[3] <= '9' &&
	       (!strncasecmp(name, "COM", 3) || !strncasecmp(name, "LPT", 3));
}

static bool is_allowed_name(const char *name, size_t length)
{
	size_t i;

	if ((length == 1 && *name == '.') || (length == 2 && !memcmp(name, "..", 2)))
		return true;
	for (i = 0; i < length; i++)
		if ((unsigned char)name[i] < ' ' || strchr("<>:\"|?*", name[i]))
			return false;
	return !length || (name[length - 1] != '.' && name[length - 1] != ' ' &&
			   !is_device_name(name, length));
}

/**
 * winpath_is_allowed() - can there be files of these names on Windows?
 * @normal:	a path without drive, host or volume
 */
bool winpath_is_allowed(const char *normal)
{
	while (*normal) {
		size_t length = strcspn(normal, "/");

		if (!is_allowed_name(normal, length))
			return false;
		normal += length + !!normal[length];
	}
	return true;
}
