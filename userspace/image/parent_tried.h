/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a parent was looked for in vain, to be told if it is found nowhere.
 */
#ifndef VHDX_IMAGE_PARENT_TRIED_H
#define VHDX_IMAGE_PARENT_TRIED_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/message.h"
#include "format/reason.h"

struct layer;

/**
 * struct tried - one place
 * @name:	of the file
 * @why:	it was not that
 * @reason:	VHDX_OK if there was no such image at all
 */
struct tried {
	char *name;
	char *why;
	enum vhdx_reason reason;
};

/**
 * struct tried_list - all places, in order
 */
struct tried_list {
	struct tried *tried;
	size_t count;
};

bool tried_before(const struct tried_list *list, const char *name);
void tried_add(struct tried_list *list, const char *name, enum vhdx_reason reason,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));
enum exit_code tried_fail(const struct tried_list *list, const struct layer *child);
void tried_free(struct tried_list *list);

#endif /* VHDX_IMAGE_PARENT_TRIED_H */
