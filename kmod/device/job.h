/* SPDX-License-Identifier: GPL-2.0-only */
/* SPDX-FileCopyrightText: 2026 The vhdx authors */
/*
 * Jobs: what may take as long as a backing file likes is done by a worker.
 */
#ifndef VHDX_DEVICE_JOB_H
#define VHDX_DEVICE_JOB_H

#include <linux/workqueue.h>

/**
 * struct vhdx_job - one piece of work; lives in the structure that it is about
 * @work:	runs it
 * @run:	what is to be done; may free the job
 * @fail_nth:	the caller's fault injection, which goes along
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
