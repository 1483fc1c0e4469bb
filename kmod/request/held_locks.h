/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts the locks that submitters hold when ->queue_rq() enters a file system: for tests, in
 * kernels with lockdep.
 */
#ifndef VHDX_REQUEST_HELD_LOCKS_H
#define VHDX_REQUEST_HELD_LOCKS_H

#ifdef CONFIG_LOCKDEP
void vhdx_held_locks_note(void);
void vhdx_held_locks_init(void);
void vhdx_held_locks_exit(void);
#else
static inline void vhdx_held_locks_note(void) {}
static inline void vhdx_held_locks_init(void) {}
static inline void vhdx_held_locks_exit(void) {}
#endif

#endif /* VHDX_REQUEST_HELD_LOCKS_H */
