// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
/*
 * killat: run a command and kill it with SIGKILL at a certain step.
 *
 * A step is the beginning or the end of a system call. "killat count COMMAND" kills nothing
 * and prints how many steps there were, and at which one its attach or detach began.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "uapi/vhdx.h"
#include "util.h"

#define SYSCALL_STOP	(SIGTRAP | 0x80)

static pid_t start(char **command)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		die_errno("fork");
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(command[0], command);
		_exit(127);
	}
	/* it stops when execvp() succeeded */
	if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status))
		die("%s does not start", command[0]);
	if (ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		die_errno("ptrace");
	return child;
}

static bool is_our_ioctl(pid_t child)
{
	struct __ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, child, (void *)sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_ioctl &&
	       (info.entry.args[1] == VHDX_IOC_ATTACH || info.entry.args[1] == VHDX_IOC_DETACH);
}

/* Return: 137 if it was killed by us, else its own exit status */
static int run(pid_t child, u64 limit, u64 *steps, u64 *at)
{
	int status, signal = 0;

	for (;;) {
		ptrace(PTRACE_SYSCALL, child, NULL, (void *)(long)signal);
		if (waitpid(child, &status, 0) < 0)
			die_errno("wait");
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		signal = WSTOPSIG(status);
		if (signal != SYSCALL_STOP)
			continue;
		signal = 0;
		++*steps;
		if (!*at && is_our_ioctl(child))
			*at = *steps;
		if (*steps == limit)
			kill(child, SIGKILL);
	}
}

int main(int argc, char **argv)
{
	u64 limit, steps = 0, at = 0;
	bool count;
	int status;

	if (argc < 3)
		die("usage: killat STEP|count COMMAND...");
	count = !strcmp(argv[1], "count");
	limit = count ? 0 : number(argv[1]);
	status = run(start(argv + 2), limit, &steps, &at);
	if (count)
		printf("steps=%" PRIu64 " ioctl=%" PRIu64 "\n", steps, at);
	return status;
}
