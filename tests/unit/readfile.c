// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "readfile.h"

static int read_exactly(void *context, u64 offset, void *buffer, u32 length)
{
	const struct image_file *file = context;
	ssize_t got = pread(file->fd, buffer, length, offset);

	if (got < 0)
		return -errno;
	return got == length ? 0 : -EIO;
}

bool image_file_open(struct image_file *file, const char *path)
{
	off_t size;

	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return false;
	size = lseek(file->fd, 0, SEEK_END);
	if (size < 0) {
		close(file->fd);
		return false;
	}
	file->reader.read = read_exactly;
	file->reader.context = file;
	file->reader.size = size;
	return true;
}

void image_file_close(struct image_file *file)
{
	close(file->fd);
}

enum vhdx_reason image_file_judge(struct image_file *file)
{
	enum vhdx_reason reason;

	reason = vhdx_open(&file->super, &file->reader, file->scratch, &file->fault);
	if (!reason && file->super.geometry.has_parent)
		reason = vhdx_fault_set(&file->fault, VHDX_REASON_parent_unsupported, 0, 0);
	return reason;
}

enum vhdx_reason image_file_entry(struct image_file *file, u64 index, u64 *entry)
{
	struct vhdx_bat_rules rules;
	__le64 raw;

	if (read_exactly(file, file->super.regions.bat.offset + index * VHDX_BAT_ENTRY_SIZE, &raw,
			 sizeof(raw)))
		return vhdx_fault_set(&file->fault, VHDX_REASON_read_failed, 0, index);
	*entry = le64_to_cpu(raw);
	vhdx_super_bat_rules(&file->super, &rules);
	return vhdx_bat_check(&rules, index, *entry, &file->fault);
}

enum vhdx_reason image_file_read(struct image_file *file, u64 offset, void *buffer, u32 length)
{
	const struct vhdx_geometry *g = &file->super.geometry;
	enum vhdx_reason reason;
	u64 entry, place;

	reason = image_file_entry(file, vhdx_payload_index(g, offset >> g->block_shift), &entry);
	if (reason)
		return reason;
	if (vhdx_bat_state(entry) != VHDX_BLOCK_FULLY_PRESENT) {
		memset(buffer, 0, length);
		return VHDX_OK;
	}
	place = vhdx_bat_offset(entry) + (offset & (g->block_size - 1));
	if (read_exactly(file, place, buffer, length))
		return vhdx_fault_set(&file->fault, VHDX_REASON_read_failed, place, length);
	return VHDX_OK;
}
