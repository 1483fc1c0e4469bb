/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * A file that gets its name when it is complete, so that no program finds an incomplete one.
 */
#ifndef VHDX_EDIT_NEW_FILE_H
#define VHDX_EDIT_NEW_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "image/write.h"

/**
 * struct new_file - a file that has no final name yet
 * @file:	open for writing; its path is that of the command line, for messages
 * @target:	final path
 * @directory:	directory of @target
 * @temporary:	temporary path; NULL: none
 * @aside:	path of the replaced file during a trial; NULL: none
 * @trial:	the file has @target, and may lose it again
 * @replace:	an existing file may be replaced
 * @old:	the file to be replaced, locked; its fd is -1 if there is none
 * @old_stat:	status of that file before its check
 */
struct new_file {
	struct write_file file;
	char *target;
	char *directory;
	char *temporary;
	char *aside;
	bool trial;
	bool replace;
	struct write_file old;
	struct stat old_stat;
};

void new_file_init(struct new_file *new_file);
enum exit_code new_file_open(struct new_file *new_file, const char *path, bool replace);
enum exit_code new_file_commit(struct new_file *new_file);
enum exit_code new_file_try(struct new_file *new_file);
void new_file_keep(struct new_file *new_file);
void new_file_leave(struct new_file *new_file);
void new_file_forget_name(struct new_file *new_file);
void new_file_close(struct new_file *new_file);

#endif /* VHDX_EDIT_NEW_FILE_H */
