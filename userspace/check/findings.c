// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "check/findings.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/alloc.h"
#include "lib/text.h"

/**
 * findings_severity_name() - get the name of a severity, in lower case
 * @severity:	the severity
 *
 * Return: a string constant
 */
const char *findings_severity_name(enum severity severity)
{
	static const char *const names[SEVERITY_COUNT] = {
		[SEVERITY_ERROR] = "error",
		[SEVERITY_UNSUPPORTED] = "unsupported",
		[SEVERITY_LEAK] = "leak",
		[SEVERITY_WARNING] = "warning",
		[SEVERITY_REPAIR] = "repair",
	};

	return names[severity];
}

/* Count a finding. Return: a new element of the list; NULL if it is not kept */
static struct finding *add(struct findings *findings, enum severity severity)
{
	struct finding *finding;

	if (findings->count[severity]++ >= FINDINGS_KEPT)
		return NULL;
	findings->list = xrealloc(findings->list, findings->kept + 1, sizeof(*findings->list));
	finding = &findings->list[findings->kept++];
	memset(finding, 0, sizeof(*finding));
	finding->severity = severity;
	finding->entry = NO_ENTRY;
	return finding;
}

/**
 * findings_add_fault() - add a fault of the format core
 * @findings:	changed
 * @fault:	the fault
 * @entry:	BAT index, or NO_ENTRY
 */
void findings_add_fault(struct findings *findings, const struct vhdx_fault *fault, u64 entry)
{
	const enum vhdx_class class = vhdx_reason_class(fault->reason);
	struct finding *finding = add(findings,
				      class == VHDX_CLASS_UNSUPPORTED ? SEVERITY_UNSUPPORTED :
				      class == VHDX_CLASS_REPLAY ? SEVERITY_WARNING :
				      SEVERITY_ERROR);
	char text[VHDX_FAULT_TEXT_SIZE];

	if (!finding)
		return;
	finding->code = vhdx_reason_name(fault->reason);
	finding->offset = fault->offset;
	finding->entry = entry;
	finding->message = xstrdup(vhdx_fault_text(fault, text, sizeof(text)));
}

static void add_text(struct findings *findings, enum severity severity, const char *code,
		     u64 offset, u64 entry, const char *format, va_list args)
{
	struct finding *finding = add(findings, severity);
	char text[256];

	if (!finding)
		return;
	vsnprintf(text, sizeof(text), format, args);
	finding->code = code;
	finding->offset = offset;
	finding->entry = entry;
	finding->message = xstrdup(text);
}

/**
 * findings_add_warning() - add a warning
 * @findings:	changed
 * @code:	name in lower case, a literal
 * @offset:	offset in the file, in bytes
 * @entry:	BAT index, or NO_ENTRY
 * @format:	text for the user
 */
void findings_add_warning(struct findings *findings, const char *code, u64 offset, u64 entry,
			  const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(findings, SEVERITY_WARNING, code, offset, entry, format, args);
	va_end(args);
}

/**
 * findings_add_repair() - add a repair that was made, or would be
 * @findings:	changed
 * @code:	name in lower case, a literal
 * @offset:	offset in the file, in bytes
 * @entry:	BAT index, or NO_ENTRY
 * @format:	text for the user
 */
void findings_add_repair(struct findings *findings, const char *code, u64 offset, u64 entry,
			 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_text(findings, SEVERITY_REPAIR, code, offset, entry, format, args);
	va_end(args);
}

/**
 * findings_add_leak() - add space in the file that nothing refers to
 * @findings:	changed
 * @offset:	offset in the file, in bytes
 * @length:	in bytes
 */
void findings_add_leak(struct findings *findings, u64 offset, u64 length)
{
	struct finding *finding = add(findings, SEVERITY_LEAK);
	char size[TEXT_SIZE_MAX];

	findings->leaked += length;
	if (!finding)
		return;
	finding->code = "leak";
	finding->offset = offset;
	finding->length = length;
	finding->message = xasprintf("file: nothing refers to %s at %#llx",
				     text_size(size, length, " "), (unsigned long long)offset);
}

/**
 * findings_free() - free findings
 * @findings:	the findings
 */
void findings_free(struct findings *findings)
{
	size_t i;

	for (i = 0; i < findings->kept; i++)
		free(findings->list[i].message);
	free(findings->list);
}
