// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "lib/size.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char units[] = "KMGTPE";

/* "" or B: 1; K and KiB: 1024; KB: 1000; and so on, in upper or lower case. 0: no unit. */
static uint64_t unit_of_text(const char *text)
{
	const char *letter = *text ? strchr(units, toupper((unsigned char)*text)) : NULL;
	uint64_t base, unit = 1;

	if (!*text || !strcasecmp(text, "B"))
		return 1;
	if (!letter)
		return 0;
	text++;
	if (!*text || !strcasecmp(text, "iB"))
		base = 1024;
	else if (!strcasecmp(text, "B"))
		base = 1000;
	else
		return 0;
	while (letter-- >= units)
		unit *= base;
	return unit;
}

/**
 * size_of_text() - parse a size
 * @bytes:	set on success
 * @text:	digits with an optional decimal point, an optional blank and an optional unit: K
 *		and KiB are 1024, KB is 1000
 *
 * Return: false if @text is not a size, not a whole number of bytes, or too large for a file
 */
bool size_of_text(uint64_t *bytes, const char *text)
{
	size_t whole = strspn(text, "0123456789");
	const char *rest = text + whole;
	size_t digits = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
	const char *suffix = digits ? rest + 1 + digits : rest;
	uint64_t unit, value = 0, fraction = 0;
	size_t i;

	if (!whole || (*rest == '.' && !digits) || digits > 9)
		return false;
	if (*suffix == ' ' && suffix[1])	/* a unit must follow the blank */
		suffix++;
	unit = unit_of_text(suffix);
	if (!unit)
		return false;
	/* The fraction must be a whole number of bytes. */
	for (i = digits; i; i--) {
		fraction += (uint64_t)(rest[i] - '0') * unit;
		if (fraction % 10)
			return false;
		fraction /= 10;
	}
	for (i = 0; i < whole; i++) {
		if (value > (INT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(text[i] - '0');
	}
	if (value > (INT64_MAX - fraction) / unit)
		return false;
	*bytes = value * unit + fraction;
	return true;
}
