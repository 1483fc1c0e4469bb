/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a chain, listed.
 */
#ifndef VHDXCTL_CHAINREPORT_H
#define VHDXCTL_CHAINREPORT_H

#include "message.h"

struct json_object;
struct parent_options;

enum exit_code chain_report(struct json_object *image, const char *path,
			    const struct parent_options *options);

#endif /* VHDXCTL_CHAINREPORT_H */
