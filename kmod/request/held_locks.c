// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * nowait.c lists the locks that a submitter may hold. With lockdep, the locks that submitters do
 * hold are counted, and shown in debugfs as vhdx/held_locks: the count, and the name of the lock.
 * The table has a fixed size; what does not fit is counted under "more".
 */
#include "request/held_locks.h"

#ifdef CONFIG_LOCKDEP

#include <linux/debugfs.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define VHDX_HELD_LOCKS		64

/* Copies of the names: the modules that they belong to may be unloaded. */
static struct {
	char name[48];
	unsigned long count;
} vhdx_held_locks[VHDX_HELD_LOCKS] = { { .name = "more" } };

static DEFINE_RAW_SPINLOCK(vhdx_held_locks_lock);

/* The index of a name in the table, which is added if there is room; 0 if not */
static unsigned int vhdx_held_locks_find(const char *name)
{
	unsigned int i;

	for (i = 1; i < VHDX_HELD_LOCKS; i++) {
		if (!vhdx_held_locks[i].count)
			strscpy(vhdx_held_locks[i].name, name, sizeof(vhdx_held_locks[i].name));
		if (!strncmp(vhdx_held_locks[i].name, name, sizeof(vhdx_held_locks[i].name) - 1))
			return i;
	}
	return 0;
}

/**
 * vhdx_held_locks_note() - count the locks that the current task holds
 *
 * Context: process
 */
void vhdx_held_locks_note(void)
{
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&vhdx_held_locks_lock, flags);
	/* the last one is vhdx_held_locks_lock */
	for (i = 0; i < current->lockdep_depth - 1; i++) {
		const char *name = current->held_locks[i].instance->name;

		vhdx_held_locks[vhdx_held_locks_find(name)].count++;
	}
	raw_spin_unlock_irqrestore(&vhdx_held_locks_lock, flags);
}

static int vhdx_held_locks_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < VHDX_HELD_LOCKS; i++)
		if (READ_ONCE(vhdx_held_locks[i].count))
			seq_printf(seq, "%lu %s\n", READ_ONCE(vhdx_held_locks[i].count),
				   vhdx_held_locks[i].name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(vhdx_held_locks);

/**
 * vhdx_held_locks_init() - module init
 * @root:	the module's directory in debugfs, which is removed with all that it contains; an
 *		ERR_PTR without debugfs, and nothing is shown
 *
 * Context: process
 */
void vhdx_held_locks_init(struct dentry *root)
{
	debugfs_create_file("held_locks", 0400, root, NULL, &vhdx_held_locks_fops);
}

#endif /* CONFIG_LOCKDEP */
