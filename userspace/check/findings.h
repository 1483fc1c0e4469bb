/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What check found.
 */
#ifndef VHDX_CHECK_FINDINGS_H
#define VHDX_CHECK_FINDINGS_H

#include <stddef.h>

#include "format/reason.h"

enum severity {
	SEVERITY_ERROR,		/* a rule of the format is broken */
	SEVERITY_UNSUPPORTED,	/* perhaps right, but not known here */
	SEVERITY_LEAK,		/* space that nothing uses */
	SEVERITY_WARNING,	/* odd but harmless */
	SEVERITY_REPAIR,	/* what was done about it */
	SEVERITY_COUNT
};

/* Of one severity as many are kept; the others are only counted. */
#define FINDINGS_KEPT 1000

#define NO_ENTRY UINT64_MAX

/**
 * struct finding - one of them
 * @severity:	how bad it is
 * @code:	name of the reason or warning, lower case
 * @offset:	byte of the file where it can be seen
 * @entry:	index in the BAT, or NO_ENTRY
 * @length:	of leaks: bytes
 * @message:	for people
 */
struct finding {
	enum severity severity;
	const char *code;
	u64 offset;
	u64 entry;
	u64 length;
	char *message;
};

/**
 * struct findings - all of them
 * @list:	those that are kept
 * @kept:	how many
 * @count:	how many there are of each severity
 * @leaked:	bytes in all leaks
 */
struct findings {
	struct finding *list;
	size_t kept;
	u64 count[SEVERITY_COUNT];
	u64 leaked;
};

const char *findings_severity_name(enum severity severity);

void findings_add_fault(struct findings *findings, const struct vhdx_fault *fault, u64 entry);
void findings_add_warning(struct findings *findings, const char *code, u64 offset, u64 entry,
			  const char *format, ...) __attribute__((format(printf, 5, 6)));
void findings_add_repair(struct findings *findings, const char *code, u64 offset, u64 entry,
			 const char *format, ...) __attribute__((format(printf, 5, 6)));
void findings_add_leak(struct findings *findings, u64 offset, u64 length);
void findings_free(struct findings *findings);

#endif /* VHDX_CHECK_FINDINGS_H */
