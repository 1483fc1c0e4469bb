// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "reason.h"
#include "guid.h"

static const struct {
	enum vhdx_reason reason;
	enum vhdx_class class;
	const char *name;
	const char *text;
} vhdx_reasons[] = {
#define VHDX_REASON_ROW(number, name, class, text) \
	{ VHDX_REASON_##name, VHDX_CLASS_##class, #name, text },
	VHDX_REASONS(VHDX_REASON_ROW)
#undef VHDX_REASON_ROW
};

static const struct {
	const char *name;
	const char *text;
} vhdx_warnings[VHDX_WARNING_COUNT] = {
#define VHDX_WARNING_ROW(name, text) [VHDX_WARNING_##name] = { #name, text },
	VHDX_WARNINGS(VHDX_WARNING_ROW)
#undef VHDX_WARNING_ROW
};

/* Index into vhdx_reasons, or -1: a number from a newer module, or VHDX_OK. */
static int vhdx_reason_row(enum vhdx_reason reason)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vhdx_reasons); i++)
		if (vhdx_reasons[i].reason == reason)
			return i;
	return -1;
}

/**
 * vhdx_reason_name() - the identifier of a reason, stable, for programs and file names
 * @reason:	any number
 *
 * Return: a string constant; "unknown" if it is no reason
 */
const char *vhdx_reason_name(enum vhdx_reason reason)
{
	int row = vhdx_reason_row(reason);

	return row < 0 ? "unknown" : vhdx_reasons[row].name;
}

/**
 * vhdx_reason_text() - what a reason means, for people
 * @reason:	any number
 *
 * Return: a string constant; "unknown reason" if it is no reason
 */
const char *vhdx_reason_text(enum vhdx_reason reason)
{
	int row = vhdx_reason_row(reason);

	return row < 0 ? "unknown reason" : vhdx_reasons[row].text;
}

/**
 * vhdx_reason_class() - what kind of trouble a reason is
 * @reason:	any number; VHDX_CLASS_NONE if it is no reason
 *
 * Return: the class; VHDX_CLASS_NONE if it is no reason
 */
enum vhdx_class vhdx_reason_class(enum vhdx_reason reason)
{
	int row = vhdx_reason_row(reason);

	return row < 0 ? VHDX_CLASS_NONE : vhdx_reasons[row].class;
}

/**
 * vhdx_warning_name() - the identifier of a warning
 * @warning:	less than VHDX_WARNING_COUNT
 *
 * Return: a string constant
 */
const char *vhdx_warning_name(enum vhdx_warning warning)
{
	return vhdx_warnings[warning].name;
}

/**
 * vhdx_warning_text() - what a warning means, for people
 * @warning:	less than VHDX_WARNING_COUNT
 *
 * Return: a string constant
 */
const char *vhdx_warning_text(enum vhdx_warning warning)
{
	return vhdx_warnings[warning].text;
}

/**
 * vhdx_fault_set() - record why something is refused
 * @fault:	filled
 * @reason:	what is wrong
 * @offset:	byte offset in the file of the offending structure
 * @value:	the offending value
 *
 * Return: @reason, so that a decoder can return it in the same statement
 */
enum vhdx_reason vhdx_fault_set(struct vhdx_fault *fault, enum vhdx_reason reason,
				u64 offset, u64 value)
{
	memset(fault, 0, sizeof(*fault));
	fault->reason = reason;
	fault->offset = offset;
	fault->value = value;
	return reason;
}

/**
 * vhdx_fault_set_guid() - record a fault of one region or metadata item
 * @fault:	filled
 * @reason:	what is wrong
 * @offset:	byte offset in the file of the offending structure
 * @guid:	the region or item
 *
 * Return: @reason
 */
enum vhdx_reason vhdx_fault_set_guid(struct vhdx_fault *fault, enum vhdx_reason reason,
				     u64 offset, const struct vhdx_guid *guid)
{
	vhdx_fault_set(fault, reason, offset, 0);
	fault->has_guid = true;
	fault->guid = *guid;
	return reason;
}

/**
 * vhdx_fault_text() - a fault in words: "TEXT (at OFFSET, VALUE or GUID)"
 * @fault:	set by one of the above
 * @buf:	filled, always NUL-terminated
 * @size:	of @buf; VHDX_FAULT_TEXT_SIZE is always enough
 *
 * The text is the same in the kernel log, in the ioctl and in vhdxctl. So "%#llx" is not used,
 * which prints zero differently in kernel and user space.
 *
 * Return: @buf
 */
const char *vhdx_fault_text(const struct vhdx_fault *fault, char *buf, unsigned int size)
{
	const char *text = vhdx_reason_text(fault->reason);
	char guid[VHDX_GUID_TEXT_SIZE];

	if (fault->has_guid) {
		vhdx_guid_text(&fault->guid, guid);
		snprintf(buf, size, "%s (at 0x%llx, {%s})", text,
			 (unsigned long long)fault->offset, guid);
	} else if (fault->offset || fault->value) {
		snprintf(buf, size, "%s (at 0x%llx, value 0x%llx)", text,
			 (unsigned long long)fault->offset, (unsigned long long)fault->value);
	} else {
		snprintf(buf, size, "%s", text);
	}
	return buf;
}
