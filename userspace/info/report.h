/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * An inspection as a JSON tree, which is also the source of the text.
 */
#ifndef VHDX_INFO_REPORT_H
#define VHDX_INFO_REPORT_H

struct inspection;
struct json_object;

/* Optional parts, as bits */
enum report_part {
	REPORT_TABLES	= 1 << 0,	/* headers and tables */
	REPORT_LOG	= 1 << 1,	/* the entries of the log */
};

struct json_object *report_image(const struct inspection *inspection, unsigned int parts);

#endif /* VHDX_INFO_REPORT_H */
