// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * Error messages for the reasons of kmod/format/reason.h: exit code, error code and remedy.
 */
#include "lib/reason.h"

#include <stdlib.h>

#include "lib/text.h"

/**
 * reason_exit_code() - map a reason to an exit code
 * @reason:	any number
 *
 * Return: the exit code; DONE if the number is not a known reason
 */
enum exit_code reason_exit_code(enum vhdx_reason reason)
{
	switch (vhdx_reason_class(reason)) {
	case VHDX_CLASS_NOT_VHDX:
	case VHDX_CLASS_CORRUPT:
	case VHDX_CLASS_TRUNCATED:
	case VHDX_CLASS_UNSUPPORTED:
		return EXIT_IMAGE;
	case VHDX_CLASS_REPLAY:
		return EXIT_REPLAY;
	case VHDX_CLASS_PARENT:
		return EXIT_PARENT;
	case VHDX_CLASS_IO:
		return EXIT_IO;
	case VHDX_CLASS_ARGUMENT:
		return EXIT_USAGE;
	case VHDX_CLASS_BUSY:
		return EXIT_BUSY;
	case VHDX_CLASS_NONE:
		break;
	}
	return DONE;
}

/* What the user can do; NULL: nothing beyond the text of the reason */
static const char *remedy(enum vhdx_reason reason)
{
	switch (reason) {
	case VHDX_REASON_log_dirty:
		return "use --replay=auto (with -r it replays in memory), or vhdxctl replay";
	case VHDX_REASON_parent_depth:
		return "merge some of the files first, with vhdxctl merge";
	case VHDX_REASON_snapshot_on_itself:
		return "put it on another device";
	case VHDX_REASON_attach_far_out:
	case VHDX_REASON_block_overlap:
		return "use -r to read it";
	case VHDX_REASON_log_write_failed:
		return "nothing is lost: the log is kept and the next attach replays it; if the file "
		       "system is full, free space first";
	case VHDX_REASON_detach_log_left:
		return "the next attach or vhdxctl replay writes it there; if the file system is full, "
		       "free space first";
	case VHDX_REASON_detach_unwritten:
		return "see the kernel log";
	case VHDX_REASON_attach_no_log:
	case VHDX_REASON_attach_sequence_max:
		return "use -r";
	case VHDX_REASON_attach_attached:
		return "detach it first";
	case VHDX_REASON_attach_open_for_writing:
		return "close it there first";
	case VHDX_REASON_metadata_unknown_required:
	case VHDX_REASON_region_unknown_required:
	case VHDX_REASON_parameters_reserved:
	case VHDX_REASON_header_version:
		return "a newer version may support it";
	case VHDX_REASON_region_past_eof:
	case VHDX_REASON_log_past_eof:
	case VHDX_REASON_payload_past_eof:
	case VHDX_REASON_bitmap_past_eof:
		return "the file was truncated; get a complete copy";
	case VHDX_REASON_metadata_incomplete_file:
		return "create it again";
	default:
		return NULL;
	}
}

/**
 * fail_reason_text() - print an error message for a reason, with the text of the caller
 * @object:	image or device
 * @reason:	gives exit code, error code and remedy
 * @message:	text instead of that of the reason, such as one from the kernel
 *
 * Return: the exit code; EXIT_IMAGE for an unknown reason
 */
enum exit_code fail_reason_text(const char *object, enum vhdx_reason reason, const char *message)
{
	const char *advice = remedy(reason);
	char *code = text_code(vhdx_reason_name(reason));
	enum exit_code status = reason_exit_code(reason);

	if (status == DONE)
		status = EXIT_IMAGE;
	status = fail_named(status, code, "%s: %s%s%s", object, message, advice ? "; " : "",
			    advice ? advice : "");
	free(code);
	return status;
}

/**
 * fail_reason() - print an error message for a reason, with the text of the reason
 * @object:	image or device
 * @reason:	gives text, exit code, error code and remedy
 *
 * Return: the exit code; EXIT_IMAGE for an unknown reason
 */
enum exit_code fail_reason(const char *object, enum vhdx_reason reason)
{
	return fail_reason_text(object, reason, vhdx_reason_text(reason));
}
