/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that gets its name when it is complete, so that nobody ever meets half of it.
 */
#ifndef VHDX_EDIT_NEW_FILE_H
#define VHDX_EDIT_NEW_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "image/write.h"

/**
 * struct new_file - a file without its name
 * @file:	to write to; its path is what the user gave
 * @target:	the name it gets
 * @directory:	where
 * @temporary:	the name it has meanwhile; NULL: none
 * @aside:	the name of the file that had @target, during a trial; NULL: none
 * @trial:	it has @target, and may lose it again
 * @replace:	a file of that name may go
 * @old:	that file, locked until it is gone; its fd is -1 if there is none
 * @old_stat:	of that file, before it was looked at
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
