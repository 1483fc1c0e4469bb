// SPDX-License-Identifier: GPL-2.0-only
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * DOC: jobs
 *
 * Opening a file, reading partitions, ending a session: all of these wait for the backing
 * file, in functions of other subsystems that no signal ends. A process that called them
 * itself could not be killed while the file hangs. So a worker calls them, and the process
 * waits for the worker in a way that a signal or a kill of the disk ends (life.c). The job
 * continues without the process.
 *
 * The queue is unbound and runs hundreds of jobs at a time: a job that hangs holds up no
 * other. A job holds a reference to the module. vhdx_job_exit() waits for the few
 * instructions between dropping it and the end of the worker's function.
 */
#include "device/job.h"

#include <linux/module.h>
#include <linux/sched.h>

static struct workqueue_struct *vhdx_job_queue;

/*
 * Fault injection can fail the Nth allocation of a task. For a job, that setting moves from the
 * task to the worker and back.
 */
static unsigned int vhdx_job_swap_faults(unsigned int fail_nth)
{
#ifdef CONFIG_FAULT_INJECTION
	swap(current->fail_nth, fail_nth);
	return fail_nth;
#else
	return 0;
#endif
}

static void vhdx_job_work(struct work_struct *work)
{
	struct vhdx_job *job = container_of(work, struct vhdx_job, work);

	vhdx_job_swap_faults(job->fail_nth);
	job->run(job);
	vhdx_job_swap_faults(0);
	module_put(THIS_MODULE);
}

/**
 * vhdx_job_start() - run a job in a worker
 * @job:	never started, or complete
 * @run:	called in process context without locks
 * @lend:	move the calling task's fault injection to the worker
 *
 * Context: any
 */
void vhdx_job_start(struct vhdx_job *job, void (*run)(struct vhdx_job *job), bool lend)
{
	__module_get(THIS_MODULE);
	INIT_WORK(&job->work, vhdx_job_work);
	job->run = run;
	job->fail_nth = lend && in_task() ? vhdx_job_swap_faults(0) : 0;
	queue_work(vhdx_job_queue, &job->work);
}

/**
 * vhdx_job_done() - take fault injection back from the worker
 * @job:	running; before the waiting process is woken
 *
 * Context: the job
 */
void vhdx_job_done(struct vhdx_job *job)
{
	job->fail_nth = vhdx_job_swap_faults(0);
}

/**
 * vhdx_job_joined() - return fault injection to the process that waited for a job
 * @job:	that called vhdx_job_done()
 *
 * Context: process
 */
void vhdx_job_joined(const struct vhdx_job *job)
{
	vhdx_job_swap_faults(job->fail_nth);
}

/**
 * vhdx_job_init() - module init
 *
 * Context: process
 * Return: 0 or -ENOMEM
 */
int vhdx_job_init(void)
{
	vhdx_job_queue = alloc_workqueue("vhdx", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return vhdx_job_queue ? 0 : -ENOMEM;
}

/**
 * vhdx_job_exit() - module exit; no job is left, except for its last instructions
 *
 * Context: process
 */
void vhdx_job_exit(void)
{
	destroy_workqueue(vhdx_job_queue);
}
