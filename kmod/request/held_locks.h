/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Counts the locks that submitters hold when ->queue_rq() enters a file system: for tests, in
 * kernels with lockdep.
 */
#ifndef VHDX_REQUEST_HELD_LOCKS_H
#define VHDX_REQUEST_HELD_LOCKS_H

struct dentry;

#ifdef CONFIG_LOCKDEP
void vhdx_held_locks_note(void);
void vhdx_held_locks_init(struct dentry *root);
#else
static inline void vhdx_held_locks_note(void) {}
static inline void vhdx_held_locks_init(struct dentry *root) {}
#endif

#endif /* VHDX_REQUEST_HELD_LOCKS_H */
