// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/text.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/alloc.h"

/* Replacement for bytes that are not text: U+FFFD in UTF-8 */
static const char replacement[] = "\xef\xbf\xbd";

/* Convert valid text; insert a replacement for each @unit bytes of invalid text. */
static char *to_utf8(const char *from, const void *bytes, size_t in_left, size_t unit)
{
	size_t out_left = 3 * in_left;	/* a UTF-16 unit or a byte becomes 3 bytes at most */
	char *text = xcalloc(out_left + 1, 1);
	char *in = (char *)bytes, *out = text;
	iconv_t converter = iconv_open("UTF-8", from);

	if (converter == (iconv_t)-1)
		return text;
	while (iconv(converter, &in, &in_left, &out, &out_left) == (size_t)-1) {
		size_t skip = in_left < unit ? in_left : unit;

		if (errno == E2BIG || out_left < sizeof(replacement))
			break;
		memcpy(out, replacement, sizeof(replacement) - 1);
		out += sizeof(replacement) - 1;
		out_left -= sizeof(replacement) - 1;
		in += skip;
		in_left -= skip;
	}
	iconv_close(converter);
	return text;
}

/**
 * text_from_utf16() - convert text of an image to UTF-8
 * @utf16:	little endian, unaligned, valid or not
 * @length:	in bytes; a NUL ends the text earlier
 *
 * Return: the text, with U+FFFD for invalid characters
 */
char *text_from_utf16(const void *utf16, size_t length)
{
	const unsigned char *bytes = utf16;
	size_t end = 0;

	while (end + 1 < length && (bytes[end] || bytes[end + 1]))
		end += 2;
	return to_utf8("UTF-16LE", utf16, end, 2);
}

/**
 * text_to_utf16() - convert text for an image to UTF-16
 * @utf8:	the text
 * @length:	set to the length of the result, in bytes
 *
 * Return: little endian text without NUL, to be freed; NULL if @utf8 is not valid UTF-8
 */
unsigned char *text_to_utf16(const char *utf8, size_t *length)
{
	size_t in_left = strlen(utf8), room = 2 * in_left + 2, out_left = room;
	unsigned char *text = xcalloc(room, 1);
	char *in = (char *)utf8, *out = (char *)text;
	iconv_t converter = iconv_open("UTF-16LE", "UTF-8");
	bool converted = converter != (iconv_t)-1 &&
			 iconv(converter, &in, &in_left, &out, &out_left) != (size_t)-1;

	if (converter != (iconv_t)-1)
		iconv_close(converter);
	*length = room - out_left;
	if (converted)
		return text;
	free(text);
	return NULL;
}

/**
 * text_valid_utf8() - convert any bytes, such as a file name, to valid UTF-8
 * @text:	NUL-terminated bytes
 *
 * Return: the text, with U+FFFD for invalid characters
 */
char *text_valid_utf8(const char *text)
{
	return to_utf8("UTF-8", text, strlen(text), 1);
}

/**
 * text_printable() - escape control characters for a terminal
 * @text:	untrusted text
 *
 * A terminal acts on C0, DEL, and C1, which is C2 80 .. C2 9F in UTF-8.
 *
 * Return: the text with control characters as \xNN
 */
char *text_printable(const char *text)
{
	const unsigned char *in = (const unsigned char *)text;
	char *safe = xcalloc(4 * strlen(text) + 1, 1);
	char *out = safe;

	while (*in) {
		const bool is_c1 = in[0] == 0xc2 && in[1] >= 0x80 && in[1] < 0xa0;
		size_t length = in[0] < 0x20 || in[0] == 0x7f ? 1 : is_c1 ? 2 : 0;

		if (!length)
			*out++ = (char)*in++;
		while (length--)
			out += sprintf(out, "\\x%02x", *in++);
	}
	return safe;
}

/**
 * text_code() - convert the name of a reason to an error code: log_dirty to LOG_DIRTY
 * @name:	lower case
 *
 * Return: the name in upper case
 */
char *text_code(const char *name)
{
	char *code = xstrdup(name);
	char *c;

	for (c = code; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return code;
}

/**
 * text_size() - print a size with a unit
 * @buffer:	for the result
 * @bytes:	the size, in bytes
 * @gap:	" " for "1.5 GiB"; "" for "1.5G", the form of lsblk
 *
 * Return: @buffer
 */
const char *text_size(char buffer[TEXT_SIZE_MAX], uint64_t bytes, const char *gap)
{
	const char *long_unit = *gap ? "iB" : "";
	static const char units[] = "BKMGTPE";
	unsigned int tenths, unit = 0;

	while (unit < sizeof(units) - 2 && bytes >> (10 * (unit + 1)))
		unit++;
	if (!unit) {
		snprintf(buffer, TEXT_SIZE_MAX, "%llu%sB", (unsigned long long)bytes, gap);
		return buffer;
	}
	tenths = (unsigned int)((bytes >> (10 * unit - 10)) % 1024 * 10 / 1024);
	if (tenths)
		snprintf(buffer, TEXT_SIZE_MAX, "%llu.%u%s%c%s",
			 (unsigned long long)(bytes >> (10 * unit)), tenths, gap, units[unit],
			 long_unit);
	else
		snprintf(buffer, TEXT_SIZE_MAX, "%llu%s%c%s",
			 (unsigned long long)(bytes >> (10 * unit)), gap, units[unit], long_unit);
	return buffer;
}

/**
 * text_quoted() - a path as an argument in a command that is suggested
 * @path:	any bytes
 *
 * Return: printable, in quotation marks of the shell if it needs them; to be freed
 */
char *text_quoted(const char *path)
{
	char *safe = text_printable(path), *text, *to;
	const char *from;

	if (safe[0] != '-' && !safe[strcspn(safe, " \t'\"\\$`&;|<>()*?[]#~!{}")])
		return safe;
	to = text = xcalloc(4 * strlen(safe) + 5, 1);
	if (safe[0] == '-')
		to = stpcpy(to, "./");
	*to++ = '\'';
	for (from = safe; *from; from++)
		if (*from == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *from;
	*to = '\'';
	free(safe);
	return text;
}
