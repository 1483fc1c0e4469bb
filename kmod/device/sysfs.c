// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * /sys/block/vhdxN/vhdx/: attributes of a disk for users and scripts, one value per file.
 * Statistics for developers are in debugfs.c. Documentation/ABI/testing/sysfs-block-vhdx
 * describes each attribute.
 *
 * del_gendisk() removes the files and waits for their readers before vhdx_disk_remove() closes
 * the image.
 */
#include "device/sysfs.h"

#include <linux/blkdev.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include <linux/sysfs.h>

#include "device/disk.h"
#include "image/image.h"
#include "format/guid.h"
#include "uapi/vhdx.h"

static struct vhdx_disk *vhdx_sysfs_disk(struct device *dev)
{
	return dev_to_disk(dev)->private_data;
}

/* An attribute shown by vhdx_emit_NAME(); the image stays the same meanwhile. */
#define VHDX_ATTR(name) \
static ssize_t vhdx_show_##name(struct device *dev, struct device_attribute *attr, char *buf) \
{ \
	struct vhdx_disk *disk = vhdx_sysfs_disk(dev); \
	ssize_t ret; \
	\
	down_read(&disk->image_lock); \
	ret = vhdx_emit_##name(disk, buf); \
	up_read(&disk->image_lock); \
	return ret; \
} \
static struct device_attribute vhdx_attr_##name = __ATTR(name, 0444, vhdx_show_##name, NULL)

/* One that prints one expression of @disk. */
#define VHDX_SIMPLE_ATTR(name, format, expression) \
static ssize_t vhdx_emit_##name(const struct vhdx_disk *disk, char *buf) \
{ \
	return sysfs_emit(buf, format "\n", expression); \
} \
VHDX_ATTR(name)

VHDX_SIMPLE_ATTR(type, "%s", vhdx_geometry_type_name(vhdx_image_geometry(disk->image)));
VHDX_SIMPLE_ATTR(parents, "%u", disk->image->depth);
VHDX_SIMPLE_ATTR(block_size, "%u", vhdx_image_geometry(disk->image)->block_size);
VHDX_SIMPLE_ATTR(replayed, "%u", disk->image->replayed);
VHDX_SIMPLE_ATTR(replayed_to, "%s", !disk->image->replayed ? "-" :
		 disk->image->replay ? "memory" : "file");
VHDX_SIMPLE_ATTR(autoclear, "%d", READ_ONCE(disk->life.armed) ||
		 disk->flags & VHDX_ATTACH_AUTOCLEAR);
VHDX_SIMPLE_ATTR(partscan, "%d", !(disk->flags & VHDX_ATTACH_NO_PARTSCAN));
VHDX_SIMPLE_ATTR(dio, "%d", vhdx_backing_is_direct(&disk->image->backing));
VHDX_SIMPLE_ATTR(dio_reason, "%s", disk->image->backing.buffered_because ?: "-");
VHDX_SIMPLE_ATTR(read_only_reason, "%s", disk->flags & VHDX_ATTACH_READ_ONLY ?
		 "attached read-only" : READ_ONCE(disk->failure) ?: "-");
VHDX_SIMPLE_ATTR(temporary, "%d", disk->image->nameless);
VHDX_SIMPLE_ATTR(deleted, "%d", !disk->image->nameless &&
		 !vhdx_file_has_name(disk->image->backing.file));
VHDX_SIMPLE_ATTR(holes, "%d", disk->image->backing.holes);
VHDX_SIMPLE_ATTR(wwn, "0x%16phN", disk->wwn);
VHDX_SIMPLE_ATTR(bad_reads, "%ld", atomic_long_read(&disk->image->bad_reads));

static ssize_t vhdx_emit_backing_file(const struct vhdx_disk *disk, char *buf)
{
	char *path = file_path(disk->image->backing.file, buf, PAGE_SIZE - 1);
	size_t length;

	if (IS_ERR(path))
		return PTR_ERR(path);
	length = strlen(path);
	memmove(buf, path, length);
	buf[length++] = '\n';
	return length;
}
VHDX_ATTR(backing_file);

/* A name with its line's end, which it cannot contain. Return: its length, 0 without room for it */
static int vhdx_emit_line(struct file *file, char *space, char *buf, size_t room)
{
	char *path = file_path(file, space, PATH_MAX);
	size_t length;

	if (IS_ERR(path))
		return 0;
	length = string_escape_mem(path, strlen(path), buf, room, ESCAPE_OCTAL, "\n\\");
	if (length >= room)
		return 0;
	buf[length] = '\n';
	return length + 1;
}

/*
 * One line for each parent, as far as there is room: not one value, but one list. In it, an end
 * of line is \012 and a backslash \134, as in /proc/mounts.
 */
static ssize_t vhdx_emit_parent_files(const struct vhdx_disk *disk, char *buf)
{
	/* reclaim could wait for I/O that a snapshot holds, which waits for the lock held here */
	char *space = kmalloc(PATH_MAX, GFP_NOIO);
	const struct vhdx_image *image = disk->image;
	ssize_t at = 0;
	int length = 1;

	if (!space)
		return -ENOMEM;
	while (length && (image = image->parent)) {
		length = vhdx_emit_line(image->backing.file, space, buf + at, PAGE_SIZE - at);
		at += length;
	}
	kfree(space);
	return at;
}
VHDX_ATTR(parent_files);

static ssize_t vhdx_emit_guid(char *buf, const struct vhdx_guid *guid)
{
	char text[VHDX_GUID_TEXT_SIZE];

	vhdx_guid_text(guid, text);
	return sysfs_emit(buf, "%s\n", text);
}

static ssize_t vhdx_emit_disk_id(const struct vhdx_disk *disk, char *buf)
{
	return vhdx_emit_guid(buf, &disk->image->super->disk_id);
}
VHDX_ATTR(disk_id);

static ssize_t vhdx_emit_data_write_guid(const struct vhdx_disk *disk, char *buf)
{
	struct vhdx_guid guid;

	vhdx_image_data_guid(disk->image, &guid);
	return vhdx_emit_guid(buf, &guid);
}
VHDX_ATTR(data_write_guid);

VHDX_SIMPLE_ATTR(nowait_reason, "%s", disk->image->backing.queued_because ?: "-");

static ssize_t vhdx_show_nowait_reads(struct device *dev, struct device_attribute *attr,
				      char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(vhdx_sysfs_disk(dev)->queues.nowait_reads));
}

static ssize_t vhdx_store_nowait_reads(struct device *dev, struct device_attribute *attr,
				       const char *buf, size_t count)
{
	bool wanted;
	int ret = kstrtobool(buf, &wanted);

	if (ret)
		return ret;
	WRITE_ONCE(vhdx_sysfs_disk(dev)->queues.nowait_reads, wanted);
	return count;
}

static struct device_attribute vhdx_attr_nowait_reads =
	__ATTR(nowait_reads, 0644, vhdx_show_nowait_reads, vhdx_store_nowait_reads);

static struct attribute *vhdx_attrs[] = {
	&vhdx_attr_backing_file.attr,
	&vhdx_attr_type.attr,
	&vhdx_attr_parents.attr,
	&vhdx_attr_parent_files.attr,
	&vhdx_attr_temporary.attr,
	&vhdx_attr_deleted.attr,
	&vhdx_attr_block_size.attr,
	&vhdx_attr_disk_id.attr,
	&vhdx_attr_wwn.attr,
	&vhdx_attr_data_write_guid.attr,
	&vhdx_attr_replayed.attr,
	&vhdx_attr_replayed_to.attr,
	&vhdx_attr_autoclear.attr,
	&vhdx_attr_partscan.attr,
	&vhdx_attr_dio.attr,
	&vhdx_attr_dio_reason.attr,
	&vhdx_attr_nowait_reads.attr,
	&vhdx_attr_nowait_reason.attr,
	&vhdx_attr_read_only_reason.attr,
	&vhdx_attr_holes.attr,
	&vhdx_attr_bad_reads.attr,
	NULL,
};

static const struct attribute_group vhdx_group = {
	.name	= "vhdx",
	.attrs	= vhdx_attrs,
};

const struct attribute_group *vhdx_sysfs_groups[] = {
	&vhdx_group,
	NULL,
};
