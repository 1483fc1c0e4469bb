// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "attached/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "attached/module.h"
#include "lib/reason.h"

/* devtmpfs creates the node at once; udev, where it creates the node, takes a moment. */
#define NODE_TRIES	40
#define NODE_PAUSE_MS	50

static enum exit_code check_version(int control)
{
	struct vhdx_ioc_version version = { .size = sizeof(version) };

	if (ioctl(control, VHDX_IOC_VERSION, &version))
		return fail_named(EXIT_MODULE, "ABI_MISMATCH",
				  "module vhdx does not report its version (%s), so it is not of the "
				  "release of vhdxctl; install both of the same release, then "
				  "modprobe -r vhdx && modprobe vhdx", strerror(errno));
	version.release[sizeof(version.release) - 1] = '\0';
	debug("module vhdx: release %s, interface %u", version.release, version.abi);
	if (version.abi == VHDX_ABI_VERSION)
		return DONE;
	return fail_named(EXIT_MODULE, "ABI_MISMATCH",
			  "module vhdx %s has interface %u, this vhdxctl needs %u; install both of "
			  "the same release, then modprobe -r vhdx && modprobe vhdx",
			  version.release, version.abi, VHDX_ABI_VERSION);
}

static int open_node(int *control)
{
	*control = open(VHDX_CONTROL_NODE, O_RDWR | O_CLOEXEC);
	return *control < 0 ? errno : 0;
}

static bool is_absent(int error)
{
	return error == ENOENT || error == ENODEV || error == ENXIO;
}

/* @error: from open_node() */
static enum exit_code checked(int *control, int error)
{
	enum exit_code status;

	if (is_absent(error))
		return fail(EXIT_MODULE, "module vhdx is loaded, but %s is missing; check that "
			    "/dev is that of the running system", VHDX_CONTROL_NODE);
	if (error == EPERM || error == EACCES)
		return fail(EXIT_PERMISSION, "%s: cannot open (%s); run as root", VHDX_CONTROL_NODE,
			    strerror(error));
	if (error)
		return fail_errno(VHDX_CONTROL_NODE, "cannot open", error);
	status = check_version(*control);
	if (status != DONE)
		close(*control);
	return status;
}

/**
 * control_open() - open the control device, and check the version of the module
 * @control:	set to a file descriptor on success
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code control_open(int *control)
{
	return checked(control, open_node(control));
}

/**
 * control_open_loading() - as control_open(), and load the module if it is not loaded
 * @control:	set to a file descriptor on success
 *
 * Return: DONE, or another exit code after an error message
 */
enum exit_code control_open_loading(int *control)
{
	const struct timespec pause = { .tv_nsec = NODE_PAUSE_MS * 1000000L };
	int tries, error = open_node(control);
	enum exit_code status;

	if (!is_absent(error))
		return checked(control, error);
	status = module_load();
	if (status != DONE)
		return status;
	error = open_node(control);
	for (tries = 0; is_absent(error) && tries < NODE_TRIES; tries++) {
		nanosleep(&pause, NULL);
		error = open_node(control);
	}
	return checked(control, error);
}

/**
 * control_attach() - attach an image
 * @control:	from control_open()
 * @request:	as for VHDX_IOC_ATTACH, without its size; the kernel fills its results
 *
 * Return: 0 or a positive errno
 */
int control_attach(int control, struct vhdx_ioc_attach *request)
{
	int error;

	request->size = sizeof(*request);
	error = ioctl(control, VHDX_IOC_ATTACH, request) ? errno : 0;
	request->message[sizeof(request->message) - 1] = '\0';
	return error;
}

/**
 * control_detach() - detach a disk
 * @control:	from control_open()
 * @request:	as for VHDX_IOC_DETACH, without its size; the kernel fills its results
 *
 * Return: 0 or a positive errno
 */
int control_detach(int control, struct vhdx_ioc_detach *request)
{
	int error;

	request->size = sizeof(*request);
	error = ioctl(control, VHDX_IOC_DETACH, request) ? errno : 0;
	request->message[sizeof(request->message) - 1] = '\0';
	return error;
}

/**
 * control_snapshot() - let a disk continue in a child
 * @control:	from control_open()
 * @request:	as for VHDX_IOC_SNAPSHOT, without its size; the kernel fills its results
 *
 * Return: 0 or a positive errno
 */
int control_snapshot(int control, struct vhdx_ioc_snapshot *request)
{
	int error;

	request->size = sizeof(*request);
	error = ioctl(control, VHDX_IOC_SNAPSHOT, request) ? errno : 0;
	request->message[sizeof(request->message) - 1] = '\0';
	return error;
}

/**
 * control_status() - get the status of a disk
 * @control:	from control_open()
 * @index:	number of the disk
 * @status:	filled
 *
 * Return: 0 or a positive errno
 */
int control_status(int control, int index, struct vhdx_ioc_status *status)
{
	memset(status, 0, sizeof(*status));
	status->size = sizeof(*status);
	status->index = index;
	return ioctl(control, VHDX_IOC_STATUS, status) ? errno : 0;
}

/**
 * control_failed() - print an error message for a failed ioctl
 * @object:	image or device
 * @what:	the action that failed, such as "cannot attach"
 * @error:	positive errno
 * @reason:	from the ioctl
 * @message:	from the ioctl; it is preferred to the text of @error
 *
 * Return: the exit code
 */
enum exit_code control_failed(const char *object, const char *what, int error,
			      unsigned int reason, const char *message)
{
	if (reason_exit_code(reason) != DONE)
		return fail_reason_text(object, reason, message);
	if (*message)
		return fail(exit_of_errno(error), "%s: %s", object, message);
	return fail_errno(object, what, error);
}
