/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Attached disks in sysfs. Needs neither privileges nor the control device.
 */
#ifndef VHDX_ATTACHED_DISK_H
#define VHDX_ATTACHED_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#define DISK_NAME_MAX 32

/**
 * struct disk - an attached disk
 * @index:	N of vhdxN
 * @name:	"vhdxN"
 * @node:	"/dev/vhdxN"
 */
struct disk {
	int index;
	char name[DISK_NAME_MAX];
	char node[DISK_NAME_MAX + 8];
};

/**
 * struct disk_list - a list of disks
 * @count:	number of disks
 * @disk:	the disks; disk_list_all() sorts them by number
 */
struct disk_list {
	size_t count;
	struct disk *disk;
};

void disk_set_sysroot(const char *directory);
const char *disk_sysroot(void);

bool disk_find(struct disk *disk, int index);
bool disk_of_device(struct disk *disk, const char *argument);
bool disk_looks_like_device(const char *argument);

char *disk_attribute(const struct disk *disk, const char *file);
uint64_t disk_number(const struct disk *disk, const char *file);
bool disk_device_number(const struct disk *disk, const char *partition, dev_t *number);
char **disk_partitions(const struct disk *disk);
void disk_free_names(char **names);

void disk_list_all(struct disk_list *list);
void disk_list_add(struct disk_list *list, const struct disk *disk);
void disk_list_free(struct disk_list *list);

#endif /* VHDX_ATTACHED_DISK_H */
