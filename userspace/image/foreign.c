// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * A user may name another image format, an archive with the image in it, or a wrong file. The first
 * bytes identify the common ones. This affects only the message; the format core decides that a
 * file is refused.
 */
#include "image/foreign.h"

#include <ctype.h>
#include <endian.h>
#include <stdlib.h>

#include "image/file.h"
#include "lib/alloc.h"
#include "lib/text.h"

#define HEAD_BYTES 4096U

/* In @advice, %s stands for the path of the file. */
static const struct foreign {
	unsigned int offset;
	unsigned int length;
	const char *magic;
	const char *what;
	const char *advice;
} foreign[] = {
	{ 0, 4, "QFI\xfb", "a qcow2 image",
	  "convert it: qemu-img convert -p -f qcow2 -O vhdx %s NEW.vhdx" },
	{ 0, 4, "QED\0", "a QED image",
	  "convert it: qemu-img convert -p -f qed -O vhdx %s NEW.vhdx" },
	{ 0, 4, "KDMV", "a VMDK image",
	  "convert it: qemu-img convert -p -f vmdk -O vhdx %s NEW.vhdx" },
	{ 0, 4, "COWD", "a VMDK image",
	  "convert it: qemu-img convert -p -f vmdk -O vhdx %s NEW.vhdx" },
	{ 0, 21, "# Disk DescriptorFile", "the descriptor of a VMDK image",
	  "convert it: qemu-img convert -p -f vmdk -O vhdx %s NEW.vhdx" },
	{ 64, 4, "\x7f\x10\xda\xbe", "a VDI image",
	  "convert it: qemu-img convert -p -f vdi -O vhdx %s NEW.vhdx" },
	{ 0, 2, "\x1f\x8b", "compressed by gzip",
	  "unpack it: gzip -dc %s >NEW.vhdx (tar xf, if it is a tar archive)" },
	{ 0, 6, "\xfd" "7zXZ\0", "compressed by xz",
	  "unpack it: xz -dc %s >NEW.vhdx (tar xf, if it is a tar archive)" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed by zstd", "unpack it: zstd -dc %s >NEW.vhdx" },
	{ 0, 3, "BZh", "compressed by bzip2", "unpack it: bzip2 -dc %s >NEW.vhdx" },
	{ 0, 4, "PK\3\4", "a zip archive", "unpack it: unzip %s" },
	{ 0, 6, "7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it: 7z x %s" },
	{ 0, 6, "Rar!\x1a\7", "a RAR archive", "unpack it: unrar x %s" },
	{ 257, 5, "ustar", "a tar archive", "unpack it: tar xf %s" },
	{ 0, 5, "%PDF-", "a PDF", "give the path of the image" },
	{ 0, 4, "\x7f" "ELF", "a program", "give the path of the image" },
	{ 512, 8, "EFI PART", "a raw disk with partitions",
	  "it needs no vhdxctl: losetup -fP --show %s" },
	{ 510, 2, "\x55\xaa", "a raw disk, or a file system",
	  "it needs no vhdxctl: losetup -fP --show %s" },
	{ 1080, 2, "\x53\xef", "an ext file system", "it needs no vhdxctl: mount -o loop %s DIR" },
	{ 0, 4, "XFSB", "an XFS file system", "it needs no vhdxctl: mount -o loop %s DIR" },
	{ 0, 4, "hsqs", "a squashfs", "it needs no vhdxctl: mount -o loop %s DIR" },
	{ 0, 24, "version https://git-lfs.", "a Git LFS pointer",
	  "get the image itself: git lfs pull" },
	{ 0, 14, "<!DOCTYPE html", "a web page", "the download failed; look into it: less %s" },
	{ 0 }
};

/* "is WHAT, not a VHDX; ADVICE", with the path of the file for %s; to be freed */
static char *text_of(const char *what, const char *advice, const char *path)
{
	const char *mark = strstr(advice, "%s");
	char *name = text_quoted(path), *text;

	if (mark)
		text = xasprintf("is %s, not a VHDX; %.*s%s%s", what, (int)(mark - advice), advice,
				 name, mark + 2);
	else
		text = xasprintf("is %s, not a VHDX; %s", what, advice);
	free(name);
	return text;
}

/* -- VHD, the format before VHDX: a footer at the end, mostly with a copy at the start -- */

#define VHD1_FOOTER_SIZE	512U
#define VHD1_CURRENT_SIZE	48	/* big endian, bytes of the disk */
#define VHD1_DISK_TYPE		60	/* big endian */
#define VHD1_TYPE_FIXED		2U

static bool read_vhd1_footer(const struct image_file *file, u8 *footer)
{
	u64 size = file->reader.size;

	return size >= VHD1_FOOTER_SIZE &&
	       image_file_read(file, size - VHD1_FOOTER_SIZE, footer, VHD1_FOOTER_SIZE) &&
	       !memcmp(footer, "conectix", 8);
}

/* A fixed VHD is a raw disk followed by 512 bytes, so a loop device can attach it. */
static char *vhd1_text(const struct image_file *file)
{
	u8 footer[VHD1_FOOTER_SIZE];
	char *advice, *text;
	u32 type = 0;
	u64 size;

	if (read_vhd1_footer(file, footer))
		memcpy(&type, footer + VHD1_DISK_TYPE, sizeof(type));
	if (be32toh(type) != VHD1_TYPE_FIXED)
		return text_of("a VHD (version 1) image",
			       "convert it: qemu-img convert -p -f vpc -O vhdx %s NEW.vhdx",
			       file->path);
	memcpy(&size, footer + VHD1_CURRENT_SIZE, sizeof(size));
	advice = xasprintf("it is a fixed one, which needs no vhdxctl: losetup --sizelimit %llu -fP "
			   "--show %%s", (unsigned long long)be64toh(size));
	text = text_of("a VHD (version 1) image", advice, file->path);
	free(advice);
	return text;
}

/* -- by contents -- */

static char *head_text(const struct image_file *file, const u8 *head, u32 length)
{
	const struct foreign *known;
	u32 i;

	if (!memcmp(head, "conectix", 8))
		return vhd1_text(file);
	if (!memcmp(head, "vhdxfile", 8))
		return xstrdup("is only the beginning of a VHDX; get a complete copy");
	for (known = foreign; known->length; known++)
		if (known->offset + known->length <= length &&
		    !memcmp(head + known->offset, known->magic, known->length))
			return text_of(known->what, known->advice, file->path);
	if (!head[0] && !memcmp(head, head + 1, length - 1))
		return xstrdup("begins with zeros instead of the signature of a VHDX; the copy or "
			       "download may be incomplete: get it again");
	/* Text has no control characters; bytes from 0x80 on may be letters of any language. */
	for (i = 0; i < length; i++)
		if (head[i] < 0x80 && !isprint(head[i]) && !isspace(head[i]))
			return NULL;
	return text_of("a text file", "look into it: less %s", file->path);
}

/**
 * foreign_text() - describe a file that is not a VHDX
 * @file:	open
 *
 * Return: what it is and what to do with it, as the text of a message, to be freed; NULL: unknown
 */
char *foreign_text(const struct image_file *file)
{
	u64 size = file->reader.size;
	u32 length = size < HEAD_BYTES ? (u32)size : HEAD_BYTES;
	u8 head[HEAD_BYTES] = { 0 }, footer[VHD1_FOOTER_SIZE];
	char *text = NULL;

	if (!size)
		return text_of("empty", "make an image under another name: vhdxctl create NEW.vhdx SIZE",
			       file->path);
	if (image_file_read(file, 0, head, length))
		text = head_text(file, head, length);
	if (read_vhd1_footer(file, footer)) {
		free(text);
		text = vhd1_text(file);
	}
	return text;
}

