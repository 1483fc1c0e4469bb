// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "guid.h"

const struct vhdx_guid vhdx_guid_bat_region = { {	/* 2dc27766-f623-4200-9d64-115e9bfd4a08 */
	0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
	0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08,
} };

const struct vhdx_guid vhdx_guid_metadata_region = { {	/* 8b7ca206-4790-4b9a-b8fe-575f050f886e */
	0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
	0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e,
} };

const struct vhdx_guid vhdx_guid_locator_type = { {	/* b04aefb7-d19e-4a81-b789-25b8e9445913 */
	0xb7, 0xef, 0x4a, 0xb0, 0x9e, 0xd1, 0x81, 0x4a,
	0xb7, 0x89, 0x25, 0xb8, 0xe9, 0x44, 0x59, 0x13,
} };

/* Where the n-th byte of the text form is stored: the first three fields are LE integers. */
static const u8 vhdx_guid_order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

/**
 * vhdx_guid_is_null() - is a GUID all zero, which in the format means "none"?
 * @guid:	the GUID
 *
 * Return: true if all bytes are zero
 */
bool vhdx_guid_is_null(const struct vhdx_guid *guid)
{
	static const struct vhdx_guid null;

	return vhdx_guid_equal(guid, &null);
}

/**
 * vhdx_guid_naa() - the NAA identifier of a disk, from which udev makes its WWN
 * @disk_id:	Virtual Disk ID
 * @naa:	filled
 *
 * It is the identifier that Hyper-V gives to its guests: Microsoft's vendor prefix, then bytes 0 to
 * 5 and 10 to 15 of the id as stored. Names like wwn-0x60022480... in a guest's fstab resolve on
 *   the
 * host as well.
 */
void vhdx_guid_naa(const struct vhdx_guid *disk_id, u8 naa[VHDX_GUID_NAA_SIZE])
{
	static const u8 prefix[] = { 0x60, 0x02, 0x24, 0x80 };

	memcpy(naa, prefix, 4);
	memcpy(naa + 4, disk_id->bytes, 6);
	memcpy(naa + 10, disk_id->bytes + 10, 6);
}

/**
 * vhdx_guid_text() - print a GUID in its canonical form, lower case, without braces
 * @guid:	the GUID
 * @text:	filled, NUL-terminated
 */
void vhdx_guid_text(const struct vhdx_guid *guid, char text[VHDX_GUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned int i;

	for (i = 0; i < 16; i++) {
		u8 byte = guid->bytes[vhdx_guid_order[i]];

		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = digits[byte >> 4];
		*text++ = digits[byte & 0xf];
	}
	*text = '\0';
}

static int vhdx_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", 36 characters */
static bool vhdx_guid_parse(struct vhdx_guid *guid, const char *text)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return false;
		high = vhdx_hex_digit(*text++);
		low = high < 0 ? -1 : vhdx_hex_digit(*text++);
		if (low < 0)
			return false;
		guid->bytes[vhdx_guid_order[i]] = (u8)(high << 4 | low);
	}
	return true;
}

/**
 * vhdx_guid_parse_utf16() - read a GUID from text as parent locators spell it (2.6.2.6.3)
 * @guid:	filled on success
 * @text:	UTF-16LE, any case, with or without braces
 * @bytes:	length of @text
 *
 * Return: false if that is no GUID
 */
bool vhdx_guid_parse_utf16(struct vhdx_guid *guid, const u8 *text, u32 bytes)
{
	char ascii[VHDX_GUID_TEXT_SIZE - 1];
	unsigned int i;

	if (bytes == 2 * (sizeof(ascii) + 2)) {
		if (text[0] != '{' || text[1] || text[bytes - 2] != '}' || text[bytes - 1])
			return false;
		text += 2;
		bytes -= 4;
	}
	if (bytes != 2 * sizeof(ascii))
		return false;
	for (i = 0; i < sizeof(ascii); i++) {
		if (text[2 * i + 1])
			return false;
		ascii[i] = (char)text[2 * i];
	}
	return vhdx_guid_parse(guid, ascii);
}
