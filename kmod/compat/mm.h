/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Differences of memory management and RCU: shrinkers, SRCU.
 */
#ifndef VHDX_COMPAT_MM_H
#define VHDX_COMPAT_MM_H

#include <linux/shrinker.h>
#include <linux/srcu.h>

#include "compat/version.h"

/*
 * 6.3: a read-side section of SRCU may end in another context than it began in. The annotations
 * keep sparse from looking for the end in the same function.
 */
static inline int vhdx_srcu_down(struct srcu_struct *srcu)
{
#if VHDX_KERNEL(6, 3, 0)
	int index = srcu_down_read(srcu);
#else
	int index = __srcu_read_lock(srcu);
#endif

	__release(srcu);
	return index;
}

static inline void vhdx_srcu_up(struct srcu_struct *srcu, int index)
{
	__acquire(srcu);
#if VHDX_KERNEL(6, 3, 0)
	srcu_up_read(srcu, index);
#else
	__srcu_read_unlock(srcu, index);
#endif
}

/* 6.7: shrinkers are allocated. */
typedef unsigned long (*vhdx_shrink_fn)(struct shrinker *, struct shrink_control *);

#if VHDX_KERNEL(6, 7, 0)

struct vhdx_shrinker {
	struct shrinker *shrinker;
};

static inline int vhdx_shrinker_register(struct vhdx_shrinker *s, vhdx_shrink_fn count,
					 vhdx_shrink_fn scan)
{
	s->shrinker = shrinker_alloc(0, "vhdx");
	if (!s->shrinker)
		return -ENOMEM;
	s->shrinker->count_objects = count;
	s->shrinker->scan_objects = scan;
	shrinker_register(s->shrinker);
	return 0;
}

static inline void vhdx_shrinker_unregister(struct vhdx_shrinker *s)
{
	shrinker_free(s->shrinker);
}

#else

struct vhdx_shrinker {
	struct shrinker shrinker;
};

static inline int vhdx_shrinker_register(struct vhdx_shrinker *s, vhdx_shrink_fn count,
					 vhdx_shrink_fn scan)
{
	s->shrinker.count_objects = count;
	s->shrinker.scan_objects = scan;
	s->shrinker.seeks = DEFAULT_SEEKS;
	return register_shrinker(&s->shrinker, "vhdx");
}

static inline void vhdx_shrinker_unregister(struct vhdx_shrinker *s)
{
	unregister_shrinker(&s->shrinker);
}

#endif

#endif /* VHDX_COMPAT_MM_H */
