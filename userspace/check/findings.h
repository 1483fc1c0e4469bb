/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The findings of a check.
 */
#ifndef VHDX_CHECK_FINDINGS_H
#define VHDX_CHECK_FINDINGS_H

#include <stddef.h>

#include "format/reason.h"

enum severity {
	SEVERITY_ERROR,		/* a rule of the format is broken */
	SEVERITY_UNSUPPORTED,	/* a feature that this version does not support */
	SEVERITY_LEAK,		/* space that nothing refers to */
	SEVERITY_WARNING,	/* an oddity that is harmless */
	SEVERITY_REPAIR,	/* a repair that was made, or would be */
	SEVERITY_COUNT
};

/* Number of findings of each severity that are kept; the rest is only counted */
#define FINDINGS_KEPT 1000

#define NO_ENTRY UINT64_MAX

/**
 * struct finding - a finding
 * @severity:	severity
 * @code:	name of the reason or warning, in lower case
 * @offset:	offset in the file, in bytes
 * @entry:	BAT index, or NO_ENTRY
 * @length:	of a leak, in bytes
 * @message:	text for the user
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
 * struct findings - all findings
 * @list:	the findings that are kept
 * @kept:	number of elements in @list
 * @count:	number of findings of each severity, kept or not
 * @leaked:	sum of all leaks, in bytes
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
