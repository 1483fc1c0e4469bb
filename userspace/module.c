// SPDX-License-Identifier: GPL-2.0-or-later
#include "module.h"

#include <errno.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

static enum exit_code fail_load(int error)
{
	struct utsname system;

	uname(&system);
	switch (error) {
	case ENOENT:
		return fail_named(EXIT_MODULE, "MODULE_MISSING",
				  "module vhdx is not built or not installed for %s; install the "
				  "headers of this kernel and run dkms autoinstall, or load "
				  "vhdx.ko by hand", system.release);
	case EKEYREJECTED:
	case ENOKEY:
		return fail_named(EXIT_MODULE, "MODULE_REJECTED",
				  "module vhdx was rejected by the kernel (Secure Boot: key not "
				  "enrolled); see vhdxctl(8) SECURE BOOT: mokutil --import "
				  "/var/lib/dkms/mok.pub");
	case ENOEXEC:
	case EINVAL:
		return fail_named(EXIT_MODULE, "MODULE_VERSION",
				  "module vhdx does not fit kernel %s (%s); build it again for "
				  "this kernel", system.release, strerror(error));
	case EPERM:
	case EACCES:
		return fail(EXIT_PERMISSION, "module vhdx is not loaded, and loading it is not "
			    "permitted (%s); be root", strerror(error));
	case ENOMEM:
		return fail(EXIT_MEMORY, "module vhdx: cannot load (out of memory)");
	default:
		return fail(EXIT_MODULE, "module vhdx: cannot load (%s); dmesg may say more",
			    strerror(error));
	}
}

/* libkmod's own words would only double ours. */
static void log_debug(void *data, int priority, const char *file, int line, const char *function,
		      const char *format, va_list args)
{
	char text[256];

	(void)data;
	(void)priority;
	(void)file;
	(void)line;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	debug("libkmod: %s: %s", function, text);
}

/* By alias, as modprobe does; a module that is not there gives an empty list. */
static int load_by_name(struct kmod_ctx *context)
{
	struct kmod_list *list = NULL, *item;
	int error = kmod_module_new_from_lookup(context, "vhdx", &list);

	if (error < 0)
		return -error;
	error = ENOENT;
	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);

		error = -kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (error)
			break;
	}
	kmod_module_unref_list(list);
	return error;
}

/**
 * module_load() - do what modprobe vhdx does
 *
 * Return: DONE, also if it was loaded already; or another code having said why
 */
enum exit_code module_load(void)
{
	struct kmod_ctx *context = kmod_new(NULL, NULL);
	int error;

	if (!context)
		return fail(EXIT_MODULE, "module vhdx: cannot load (libkmod does not start)");
	kmod_set_log_fn(context, log_debug, NULL);
	note("loading module vhdx");
	error = load_by_name(context);
	kmod_unref(context);
	return error ? fail_load(error) : DONE;
}
