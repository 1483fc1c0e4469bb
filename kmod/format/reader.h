/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Access of the format core to a file: a callback of the caller reads.
 */
#ifndef VHDX_FORMAT_READER_H
#define VHDX_FORMAT_READER_H

#include "range.h"
#include "reason.h"

/**
 * struct vhdx_reader - read access to a file
 * @read:	reads exactly @length bytes at @offset, which lie inside the file. Return: 0 or a
 *		negative errno
 * @context:	for @read
 * @size:	bytes in the file
 */
struct vhdx_reader {
	int (*read)(void *context, u64 offset, void *buffer, u32 length);
	void *context;
	u64 size;
};

/**
 * vhdx_read() - read a range that may be beyond the end of the file
 * @reader:	the file
 * @offset:	bytes, any
 * @buffer:	filled on success
 * @length:	bytes
 * @fault:	filled on failure
 *
 * Return: VHDX_OK, read_short or read_failed
 */
static inline enum vhdx_reason vhdx_read(const struct vhdx_reader *reader, u64 offset,
					 void *buffer, u32 length, struct vhdx_fault *fault)
{
	if (!vhdx_range_inside(offset, length, reader->size))
		return vhdx_fault_set(fault, VHDX_REASON_read_short, offset, length);
	if (reader->read(reader->context, offset, buffer, length))
		return vhdx_fault_set(fault, VHDX_REASON_read_failed, offset, length);
	return VHDX_OK;
}

#endif /* VHDX_FORMAT_READER_H */
