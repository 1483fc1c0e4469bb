// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/guid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "lib/message.h"

/* With braces, in UTF-16 */
#define GUID_UTF16_MAX (2 * (VHDX_GUID_TEXT_SIZE + 1))

/**
 * guid_new() - generate a random GUID
 *
 * Version 4 of RFC 4122. The version is in the high half of Data3: byte 7 as stored.
 *
 * Return: the GUID; without random numbers the program ends with EXIT_IO
 */
struct vhdx_guid guid_new(void)
{
	struct vhdx_guid guid;
	ssize_t got;

	do {
		got = getrandom(guid.bytes, sizeof(guid.bytes), 0);
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(guid.bytes))
		exit(fail(EXIT_IO, "cannot get random numbers"));
	guid.bytes[7] = (guid.bytes[7] & 0x0f) | 0x40;
	guid.bytes[8] = (guid.bytes[8] & 0x3f) | 0x80;
	return guid;
}

/**
 * guid_of_text() - parse a GUID
 * @guid:	filled on success
 * @text:	in upper or lower case, with or without braces
 *
 * Return: false if @text is not a GUID
 */
bool guid_of_text(struct vhdx_guid *guid, const char *text)
{
	u8 utf16[GUID_UTF16_MAX] = { 0 };
	size_t length = strlen(text);
	size_t i;

	if (2 * length > sizeof(utf16))
		return false;
	for (i = 0; i < length; i++)
		utf16[2 * i] = (u8)text[i];
	return vhdx_guid_parse_utf16(guid, utf16, (u32)(2 * length));
}

/**
 * guid_wwn() - format the WWN of a disk, as in the sysfs attribute wwn
 * @wwn:	filled
 * @disk_id:	Virtual Disk ID
 *
 * Return: @wwn
 */
const char *guid_wwn(char wwn[GUID_WWN_SIZE], const struct vhdx_guid *disk_id)
{
	u8 naa[VHDX_GUID_NAA_SIZE];
	int length = sprintf(wwn, "0x");
	unsigned int i;

	vhdx_guid_naa(disk_id, naa);
	for (i = 0; i < sizeof(naa); i++)
		length += sprintf(wwn + length, "%02x", naa[i]);
	return wwn;
}
