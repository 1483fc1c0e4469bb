/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The places where a parent was not found, for the error message.
 */
#ifndef VHDX_IMAGE_PARENT_TRIED_H
#define VHDX_IMAGE_PARENT_TRIED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/message.h"
#include "format/reason.h"

struct layer;

/**
 * struct parent_tried - one place
 * @name:	path of the file
 * @why:	text that says why it is not the parent
 * @reason:	the same as a reason; VHDX_OK: there is no such image
 */
struct parent_tried {
	char *name;
	char *why;
	enum vhdx_reason reason;
};

/**
 * struct parent_tried_list - all places, in order
 * @tried:	the places
 * @count:	number of places
 * @named:	the only place is the argument of --parent
 */
struct parent_tried_list {
	struct parent_tried *tried;
	size_t count;
	bool named;
};

bool parent_tried_before(const struct parent_tried_list *list, const char *name);
void parent_tried_add(struct parent_tried_list *list, const char *name, enum vhdx_reason reason,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));
enum exit_code parent_tried_fail(const struct parent_tried_list *list, const struct layer *child);
void parent_tried_free(struct parent_tried_list *list);

#endif /* VHDX_IMAGE_PARENT_TRIED_H */
