// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * /dev/vhdx-control: the ioctls of uapi/vhdx.h.
 */
#include "device/control.h"

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device/registry.h"
#include "format/chain.h"
#include "format/reason.h"
#include "uapi/release.h"
#include "uapi/vhdx.h"

#define VHDX_ATTACH_FLAGS	(VHDX_ATTACH_READ_ONLY | VHDX_ATTACH_NO_PARTSCAN | \
				 VHDX_ATTACH_AUTOCLEAR | VHDX_ATTACH_BUFFERED | \
				 VHDX_ATTACH_NO_REPLAY | VHDX_ATTACH_NO_HOLES)
static_assert(VHDX_MAX_FILES == VHDX_CHAIN_MAX_FILES);

#define VHDX_DETACH_FLAGS	(VHDX_DETACH_LAZY | VHDX_DETACH_FORCE)

static_assert(sizeof(struct vhdx_ioc_version) >= VHDX_VERSION_MIN_SIZE);
static_assert(offsetof(struct vhdx_ioc_attach, message) == VHDX_ATTACH_MIN_SIZE);
static_assert(offsetof(struct vhdx_ioc_detach, message) == VHDX_DETACH_MIN_SIZE);
static_assert(sizeof(struct vhdx_ioc_status) >= VHDX_STATUS_MIN_SIZE);
static_assert(offsetof(struct vhdx_ioc_snapshot, message) == VHDX_SNAPSHOT_MIN_SIZE);

/*
 * Copy in a structure that begins with its own size. If the caller's is smaller, the rest of @arg
 * is zero. If it is larger, what is beyond @size must be zero.
 */
static int vhdx_control_copy_in(void *arg, size_t size, size_t min_size, void __user *user)
{
	u32 user_size;
	int ret;

	if (get_user(user_size, (u32 __user *)user))
		return -EFAULT;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	if (user_size < min_size)
		return -EINVAL;
	ret = copy_struct_from_user(arg, size, user, user_size);
	if (ret)
		return ret;
	/* the size may have changed between the two reads; the first one was checked */
	*(u32 *)arg = user_size;
	return 0;
}

/* Copy out a structure that was copied in: @size bytes, or fewer if the caller's is smaller */
static int vhdx_control_copy_out(void __user *user, const void *arg, size_t size)
{
	u32 user_size = *(const u32 *)arg;

	return copy_to_user(user, arg, min_t(size_t, size, user_size)) ? -EFAULT : 0;
}

/* The reason is copied out even if the ioctl fails. */
static void vhdx_control_report(const struct vhdx_fault *fault, u32 *reason,
				char message[VHDX_MESSAGE_SIZE])
{
	*reason = fault->reason;
	memset(message, 0, VHDX_MESSAGE_SIZE);
	if (fault->reason)
		vhdx_fault_text(fault, message, VHDX_MESSAGE_SIZE);
}

static long vhdx_control_version(void __user *user)
{
	struct vhdx_ioc_version arg;
	int ret = vhdx_control_copy_in(&arg, sizeof(arg), VHDX_VERSION_MIN_SIZE, user);

	if (ret)
		return ret;
	arg.abi = VHDX_ABI_VERSION;
	strscpy_pad(arg.release, VHDX_RELEASE, sizeof(arg.release));
	return vhdx_control_copy_out(user, &arg, sizeof(arg));
}

static int vhdx_control_check_attach(const struct vhdx_ioc_attach *arg, struct vhdx_fault *fault)
{
	enum vhdx_reason reason = VHDX_OK;

	if (arg->flags & ~VHDX_ATTACH_FLAGS || arg->reserved)
		reason = VHDX_REASON_attach_flags;
	else if (!arg->nr_files)
		reason = VHDX_REASON_attach_file_count;
	else if (arg->nr_files > VHDX_MAX_FILES)
		reason = VHDX_REASON_parent_depth;
	if (!reason)
		return 0;
	vhdx_fault_set(fault, reason, 0, arg->nr_files);
	return reason == VHDX_REASON_parent_depth ? -EOPNOTSUPP : -EINVAL;
}

static void vhdx_control_put_files(struct file **files, unsigned int nr)
{
	while (nr--)
		fput(files[nr]);
	kfree(files);
}

/* Get the files of the caller's descriptors. Return: an array, or an ERR_PTR */
static struct file **vhdx_control_get_files(const struct vhdx_ioc_attach *arg)
{
	struct file **files = kcalloc(arg->nr_files, sizeof(*files), GFP_KERNEL);
	s32 __user *fds = u64_to_user_ptr(arg->files);
	unsigned int nr;
	int ret = 0;
	s32 fd;

	if (!files)
		return ERR_PTR(-ENOMEM);
	for (nr = 0; nr < arg->nr_files; nr++) {
		ret = get_user(fd, fds + nr);
		if (ret)
			break;
		files[nr] = fget(fd);
		ret = files[nr] ? 0 : -EBADF;
		if (ret)
			break;
	}
	if (!ret)
		return files;
	vhdx_control_put_files(files, nr);
	return ERR_PTR(ret);
}

static int vhdx_control_do_attach(struct vhdx_ioc_attach *arg, struct vhdx_fault *fault)
{
	struct vhdx_attached attached;
	struct file **files;
	int ret;

	ret = vhdx_control_check_attach(arg, fault);
	if (ret)
		return ret;
	files = vhdx_control_get_files(arg);
	if (IS_ERR(files))
		return PTR_ERR(files);
	ret = vhdx_registry_attach(files, arg->nr_files, arg->flags, arg->index, &attached,
				   fault);
	vhdx_control_put_files(files, arg->nr_files);
	if (ret)
		return ret;
	arg->index = attached.index;
	arg->major = MAJOR(attached.devt);
	arg->minor = MINOR(attached.devt);
	arg->diskseq = attached.diskseq;
	return 0;
}

static long vhdx_control_attach(void __user *user)
{
	struct vhdx_fault fault = { .reason = VHDX_OK };
	struct vhdx_ioc_attach arg;
	int ret;

	ret = vhdx_control_copy_in(&arg, sizeof(arg), VHDX_ATTACH_MIN_SIZE, user);
	if (ret)
		return ret;
	ret = vhdx_control_do_attach(&arg, &fault);
	vhdx_control_report(&fault, &arg.reason, arg.message);
	if (!vhdx_control_copy_out(user, &arg, sizeof(arg)))
		return ret;
	/* the caller cannot get the number of the disk */
	if (!ret)
		vhdx_registry_detach(arg.index, arg.diskseq, VHDX_DETACH_FORCE, &fault);
	return -EFAULT;
}

static long vhdx_control_detach(void __user *user)
{
	struct vhdx_fault fault = { .reason = VHDX_OK };
	struct vhdx_ioc_detach arg;
	int ret;

	ret = vhdx_control_copy_in(&arg, sizeof(arg), VHDX_DETACH_MIN_SIZE, user);
	if (ret)
		return ret;
	if (arg.flags & ~VHDX_DETACH_FLAGS || arg.flags == VHDX_DETACH_FLAGS)
		return -EINVAL;
	ret = vhdx_registry_detach(arg.index, arg.diskseq, arg.flags, &fault);
	vhdx_control_report(&fault, &arg.reason, arg.message);
	if (vhdx_control_copy_out(user, &arg, sizeof(arg)))
		return -EFAULT;
	return ret;
}

static long vhdx_control_status(void __user *user)
{
	struct vhdx_ioc_status arg;
	int ret;

	ret = vhdx_control_copy_in(&arg, sizeof(arg), VHDX_STATUS_MIN_SIZE, user);
	if (ret)
		return ret;
	if (arg.next > 1 || arg.index < 0)
		return -EINVAL;
	ret = vhdx_registry_status(arg.index, arg.next, &arg);
	if (ret)
		return ret;
	return vhdx_control_copy_out(user, &arg, sizeof(arg));
}

static long vhdx_control_snapshot(void __user *user)
{
	struct vhdx_fault fault = { .reason = VHDX_OK };
	struct vhdx_ioc_snapshot arg;
	struct file *file;
	int ret;

	ret = vhdx_control_copy_in(&arg, sizeof(arg), VHDX_SNAPSHOT_MIN_SIZE, user);
	if (ret)
		return ret;
	arg.held_ns = 0;
	ret = -EBADF;
	file = fget(arg.fd);
	if (file) {
		ret = vhdx_registry_snapshot(arg.index, arg.diskseq, file, &arg.held_ns, &fault);
		fput(file);
	}
	vhdx_control_report(&fault, &arg.reason, arg.message);
	if (vhdx_control_copy_out(user, &arg, sizeof(arg)))
		return -EFAULT;
	return ret;
}

static long vhdx_control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	/* checked at each call: the descriptor may have been passed to another process */
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (_IOC_TYPE(cmd) != VHDX_IOC_TYPE || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return -ENOTTY;
	/* the size is not compared: older and newer structures differ in it */
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(VHDX_IOC_VERSION):
		return vhdx_control_version(user);
	case _IOC_NR(VHDX_IOC_ATTACH):
		return vhdx_control_attach(user);
	case _IOC_NR(VHDX_IOC_DETACH):
		return vhdx_control_detach(user);
	case _IOC_NR(VHDX_IOC_STATUS):
		return vhdx_control_status(user);
	case _IOC_NR(VHDX_IOC_SNAPSHOT):
		return vhdx_control_snapshot(user);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations vhdx_control_fops = {
	.owner		= THIS_MODULE,
	.open		= nonseekable_open,
	.unlocked_ioctl	= vhdx_control_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice vhdx_control_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhdx-control",
	.fops	= &vhdx_control_fops,
	.mode	= 0600,
};

/**
 * vhdx_control_init() - module init, last of what may fail: ioctls may be called from now on
 *
 * Context: process
 * Return: 0 or a negative errno
 */
int vhdx_control_init(void)
{
	return misc_register(&vhdx_control_device);
}

/**
 * vhdx_control_exit() - module exit, first
 *
 * Context: process
 */
void vhdx_control_exit(void)
{
	misc_deregister(&vhdx_control_device);
}
