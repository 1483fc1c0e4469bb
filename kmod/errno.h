/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the core's reasons to the kernel's error numbers.
 */
#ifndef VHDX_ERRNO_H
#define VHDX_ERRNO_H

#include <linux/errno.h>

#include "format/reason.h"

/**
 * vhdx_reason_errno() - the error number of a reason
 * @reason:	not VHDX_OK
 */
static inline int vhdx_reason_errno(enum vhdx_reason reason)
{
	switch (vhdx_reason_class(reason)) {
	case VHDX_CLASS_CORRUPT:
	case VHDX_CLASS_TRUNCATED:
		return -EUCLEAN;
	case VHDX_CLASS_UNSUPPORTED:
	case VHDX_CLASS_PARENT:
		return -EOPNOTSUPP;
	case VHDX_CLASS_REPLAY:
		return -EROFS;
	case VHDX_CLASS_IO:
		return -EIO;
	case VHDX_CLASS_BUSY:
		return -EBUSY;
	default:
		return -EINVAL;
	}
}

#endif /* VHDX_ERRNO_H */
