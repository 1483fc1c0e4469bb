/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Jobs: a worker does what may wait for a backing file without limit.
 */
#ifndef VHDX_DEVICE_JOB_H
#define VHDX_DEVICE_JOB_H

#include <linux/workqueue.h>

/**
 * struct vhdx_job - one piece of work; part of the structure that it works on
 * @work:	runs it
 * @run:	does the work; may free the job
 * @fail_nth:	fault injection on its way to the worker, or back
 */
struct vhdx_job {
	struct work_struct work;
	void (*run)(struct vhdx_job *job);
	unsigned int fail_nth;
};

void vhdx_job_start(struct vhdx_job *job, void (*run)(struct vhdx_job *job), bool lend);
void vhdx_job_done(struct vhdx_job *job);
void vhdx_job_joined(const struct vhdx_job *job);

int vhdx_job_init(void);
void vhdx_job_exit(void);

#endif /* VHDX_DEVICE_JOB_H */
