// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * The normal form of a path has slashes, and neither empty parts nor dots:
 *
 *	.\base.vhdx, ..\base.vhdx	base.vhdx, ../base.vhdx
 *	\\?\C:\VMs\base.vhdx		C:/VMs/base.vhdx
 *	\\?\UNC\host\share\base.vhdx	//host/share/base.vhdx
 *	\\?\Volume{GUID}\base.vhdx	Volume{GUID}/base.vhdx
 *	\VMs\base.vhdx			/VMs/base.vhdx
 *	.\a:\base.vhdx			./a:/base.vhdx
 *
 * In the last one the dot stays: without it, the directory name would look like a drive.
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

/* Return: the root of the normal form. Moves @*path past the root. */
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

/**
 * winpath_normal() - convert a path to the normal form
 * @path:	of an image or of the user
 *
 * Return: the path in normal form, to be freed
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
	/* A relative path that without its leading dot would not be relative keeps the dot. */
	if (*normal && given[0] == '.' && is_separator(given[1]) && !winpath_is_relative(normal)) {
		memmove(normal + 2, normal, strlen(normal) + 1);
		memcpy(normal, "./", 2);
	}
	return normal;
}

/**
 * winpath_is_relative() - test whether a path has neither drive, volume, host nor root
 * @normal:	in normal form
 *
 * Return: true if it has none of them
 */
bool winpath_is_relative(const char *normal)
{
	size_t length = strcspn(normal, "/");

	return *normal && *normal != '/' && !memchr(normal, ':', length) &&
	       strncasecmp(normal, "Volume{", 7);
}

/* Sets @folded to a character in lower case, or to an invalid byte. Return: bytes used */
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

/* Length of the part of @text that matches @prefix, ignoring case; -1: no match */
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
 * winpath_below() - test whether a path is equal to another, or below it, ignoring case
 * @normal:	the path, in normal form
 * @prefix:	the other path, in normal form
 *
 * Return: the rest of @normal, which may be empty; NULL if it is not
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

/**
 * winpath_name() - get the last part of a path
 * @normal:	in normal form
 *
 * Return: a part of @normal
 */
const char *winpath_name(const char *normal)
{
	const char *slash = strrchr(normal, '/');

	return slash ? slash + 1 : normal;
}

/**
 * winpath_same_name() - compare two names, ignoring case
 * @a:		a name
 * @b:		another
 *
 * Return: true if they are the same
 */
bool winpath_same_name(const char *a, const char *b)
{
	ptrdiff_t length = folded_prefix(a, b);

	return length >= 0 && !a[length];
}

/* CON, COM1 and so on, with any suffix, are devices in every directory. */
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

/**
 * winpath_is_allowed() - test whether Windows allows all names of a path
 * @normal:	in normal form, without drive, host or volume
 *
 * Return: true if it does
 */
bool winpath_is_allowed(const char *normal)
{
	size_t length, i;

	for (; *normal; normal += length + !!normal[length]) {
		length = strcspn(normal, "/");
		if (!length || (length == 1 && *normal == '.') ||
		    (length == 2 && !memcmp(normal, "..", 2)))
			continue;
		for (i = 0; i < length; i++)
			if ((unsigned char)normal[i] < ' ' || strchr("<>:\"|?*", normal[i]))
				return false;
		if (normal[length - 1] == '.' || normal[length - 1] == ' ' ||
		    is_device_name(normal, length))
			return false;
	}
	return true;
}
