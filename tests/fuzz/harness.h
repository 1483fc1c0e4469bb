/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * What all fuzz targets need: taking input apart, and claims that must hold.
 */
#ifndef VHDX_FUZZ_HARNESS_H
#define VHDX_FUZZ_HARNESS_H

#include <stdlib.h>

#include "format/open.h"
#include "format/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLAIM(condition)								\
	do {										\
		if (!(condition)) {							\
			fprintf(stderr, "%s:%d: claim broken: %s\n", __FILE__, __LINE__,	\
				#condition);						\
			abort();							\
		}									\
	} while (0)

/* Input, consumed from its front; what is missing is zero. */
struct input {
	const u8 *data;
	size_t size;
};

static inline void take(struct input *input, void *to, size_t length)
{
	size_t there = length < input->size ? length : input->size;

	memset(to, 0, length);
	if (there)
		memcpy(to, input->data, there);
	input->data += there;
	input->size -= there;
}

static inline u64 take_u64(struct input *input)
{
	__le64 value;

	take(input, &value, sizeof(value));
	return le64_to_cpu(value);
}

static inline u32 take_u32(struct input *input)
{
	__le32 value;

	take(input, &value, sizeof(value));
	return le32_to_cpu(value);
}

void stamp(void *structure, u32 length);

/* A decoder said @reason: the fault says the same, and can be put into words. */
void claim_fault(enum vhdx_reason reason, const struct vhdx_fault *fault);

/* Sorted, disjoint, where a file may be, and with something in it. */
void claim_layout(const struct vhdx_layout *layout);

void claim_geometry(const struct vhdx_geometry *g);

/* Every known item where the table may have it; the mandatory ones there. */
void claim_items(const struct vhdx_items *items, u64 region_length);

/* Check one entry; if it passes, what it promises must be true. */
void claim_entry(const struct vhdx_bat_rules *rules, u64 index, u64 entry);

/* Decode a locator; if it passes, its texts are where they should be. */
void claim_locator(const void *item, u32 length);

#endif /* VHDX_FUZZ_HARNESS_H */
