// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "image/fault.h"

#include <stdlib.h>

#include "image/file.h"
#include "image/foreign.h"
#include "lib/alloc.h"
#include "lib/reason.h"
#include "lib/text.h"

/**
 * fail_fault() - print an error message for a fault
 * @file:	the image
 * @fault:	from the format core
 *
 * Return: the exit code
 */
enum exit_code fail_fault(const struct image_file *file, const struct vhdx_fault *fault)
{
	char text[VHDX_FAULT_TEXT_SIZE];
	enum exit_code status;
	char *message = NULL;

	/* For a failed read, the errno says more than the reason. */
	if (fault->reason == VHDX_REASON_read_failed && file->read_error)
		return fail_named(EXIT_IO, "READ_FAILED", "%s: read failed at %#llx (%s)",
				  file->path, (unsigned long long)fault->offset,
				  strerror(file->read_error));
	vhdx_fault_text(fault, text, sizeof(text));
	if (vhdx_reason_class(fault->reason) != VHDX_CLASS_NOT_VHDX)
		message = xstrdup(text);
	else
		message = foreign_text(file);
	if (!message)
		message = xasprintf("%s; file(1) may identify it", text);
	status = fail_reason_text(file->path, fault->reason, message);
	free(message);
	return status;
}
