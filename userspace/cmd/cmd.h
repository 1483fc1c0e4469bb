/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * The verbs: each has a file in this folder and a line in the table of vhdxctl.c.
 */
#ifndef VHDX_CMD_CMD_H
#define VHDX_CMD_CMD_H

#include "lib/message.h"
#include "lib/options.h"

/*
 * A verb parses its options and runs. @globals are the options before the verb, argv[0] is the
 * name of the verb, and @argc counts from there. Return: DONE, or another exit code after an error
 * message
 */
enum exit_code cmd_attach(struct globals *globals, int argc, char **argv);
enum exit_code cmd_check(struct globals *globals, int argc, char **argv);
enum exit_code cmd_create(struct globals *globals, int argc, char **argv);
enum exit_code cmd_detach(struct globals *globals, int argc, char **argv);
enum exit_code cmd_info(struct globals *globals, int argc, char **argv);
enum exit_code cmd_list(struct globals *globals, int argc, char **argv);
enum exit_code cmd_map(struct globals *globals, int argc, char **argv);
enum exit_code cmd_merge(struct globals *globals, int argc, char **argv);
enum exit_code cmd_replay(struct globals *globals, int argc, char **argv);
enum exit_code cmd_set(struct globals *globals, int argc, char **argv);
enum exit_code cmd_snapshot(struct globals *globals, int argc, char **argv);

#endif /* VHDX_CMD_CMD_H */
