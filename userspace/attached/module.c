// SPDX-License-Identifier: GPL-2.0-or-later
// SPDX-FileCopyrightText: 2026 The vhdx authors
#include "attached/module.h"

#include <errno.h>
#include <glob.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/alloc.h"

/* Where DKMS, `make install` and packages install the module; it may be compressed */
static const char *const places[] = {
	"updates/dkms/vhdx.ko*", "updates/vhdx.ko*", "updates/kmod/vhdx.ko*", "extra/vhdx.ko*",
	"kernel/drivers/block/vhdx.ko*",
};

/* List of the kernels for which a module is installed, to be freed; NULL: none */
static char *installed_for(void)
{
	static const char root[] = "/lib/modules/";
	char *list = NULL, *longer, *pattern;
	glob_t found;
	size_t i, n;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		pattern = xasprintf("%s*/%s", root, places[i]);
		if (glob(pattern, 0, NULL, &found))
			found.gl_pathc = 0;
		for (n = 0; n < found.gl_pathc; n++) {
			const char *name = found.gl_pathv[n] + sizeof(root) - 1;

			longer = xasprintf("%s%s%.*s", list ? list : "", list ? ", " : "",
					   (int)strcspn(name, "/"), name);
			free(list);
			list = longer;
		}
		if (found.gl_pathc)
			globfree(&found);
		free(pattern);
	}
	return list;
}

static enum exit_code fail_missing(const char *kernel)
{
	char *others = installed_for();
	enum exit_code status;

	status = fail_named(EXIT_MODULE, "MODULE_MISSING",
			    "module vhdx is not installed for the running kernel, %s "
			    "(%s%s); with DKMS: apt install linux-headers-%s && dkms autoinstall -k "
			    "%s; from the sources: make && make install",
			    kernel, others ? "installed for " : "nor for any other",
			    others ? others : "", kernel, kernel);
	free(others);
	return status;
}

static bool file_says(const char *path, const char *text)
{
	char line[256] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, text);
}

/* Root may be refused as well: by lockdown, a sysctl, or a missing capability. */
static enum exit_code fail_permission(int error)
{
	static const char lockdown[] = "/sys/kernel/security/lockdown";

	if (file_says(lockdown, "[integrity]") || file_says(lockdown, "[confidentiality]"))
		return fail_named(EXIT_MODULE, "MODULE_REJECTED",
				  "module vhdx was rejected: this kernel is locked down (Secure Boot) "
				  "and loads only modules signed with an enrolled key; see vhdxctl(8) "
				  "SECURE BOOT: mokutil --import /var/lib/dkms/mok.pub, then reboot");
	if (file_says("/proc/sys/kernel/modules_disabled", "1"))
		return fail(EXIT_MODULE, "module vhdx is not loaded, and the kernel refuses modules until "
			    "the next boot (kernel.modules_disabled is 1); reboot, and load it early: "
			    "echo vhdx > /etc/modules-load.d/vhdx.conf");
	if (!geteuid())
		return fail(EXIT_PERMISSION, "module vhdx is not loaded, and root may not load modules "
			    "here (%s: no CAP_SYS_MODULE, as in a container); on the host: modprobe "
			    "vhdx", strerror(error));
	return fail(EXIT_PERMISSION, "module vhdx is not loaded, and loading it is not permitted "
		    "(%s); run as root", strerror(error));
}

/* The kernel for which the module was built, to be freed; NULL: not known */
static char *vermagic_of(struct kmod_ctx *context)
{
	struct kmod_list *list = NULL, *info = NULL, *item;
	struct kmod_module *module;
	char *text = NULL;

	if (kmod_module_new_from_lookup(context, "vhdx", &list) < 0 || !list)
		return NULL;
	module = kmod_module_get_module(list);
	if (kmod_module_get_info(module, &info) >= 0)
		kmod_list_foreach(item, info)
			if (!strcmp(kmod_module_info_get_key(item), "vermagic"))
				text = xstrdup(kmod_module_info_get_value(item));
	kmod_module_info_free_list(info);
	kmod_module_unref(module);
	kmod_module_unref_list(list);
	if (text)
		text[strcspn(text, " ")] = '\0';
	return text;
}

static enum exit_code fail_load(struct kmod_ctx *context, int error)
{
	struct utsname system;
	enum exit_code status;
	char *built;

	uname(&system);
	switch (error) {
	case ENOENT:
		return fail_missing(system.release);
	case EKEYREJECTED:
	case ENOKEY:
		return fail_named(EXIT_MODULE, "MODULE_REJECTED",
				  "module vhdx was rejected by the kernel (Secure Boot: key not "
				  "enrolled); see vhdxctl(8) SECURE BOOT: mokutil --import "
				  "/var/lib/dkms/mok.pub, then reboot");
	case ENOEXEC:
	case EINVAL:
		built = vermagic_of(context);
		status = fail_named(EXIT_MODULE, "MODULE_VERSION",
				    "module vhdx does not match kernel %s (%s; it was built for %s); "
				    "build it again: dkms install --force -m vhdx -k %s, or in the "
				    "sources: make clean && make && make install; dmesg may say more",
				    system.release, strerror(error),
				    built ? built : "another kernel", system.release);
		free(built);
		return status;
	case EPERM:
	case EACCES:
		return fail_permission(error);
	case ENOMEM:
		return fail(EXIT_MEMORY, "module vhdx: cannot load (out of memory)");
	default:
		return fail(EXIT_MODULE, "module vhdx: cannot load (%s); dmesg may say more",
			    strerror(error));
	}
}

/* Messages of libkmod repeat those of this file, so they are for --debug only. */
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

/**
 * module_load() - load the module, as modprobe vhdx does: by alias
 *
 * Return: DONE, also if it is already loaded; or another exit code after an error message
 */
enum exit_code module_load(void)
{
	struct kmod_ctx *context = kmod_new(NULL, NULL);
	struct kmod_list *list = NULL, *item;
	enum exit_code status;
	int error;

	if (!context)
		return fail(EXIT_MODULE, "module vhdx: cannot load (libkmod cannot be initialized)");
	kmod_set_log_fn(context, log_debug, NULL);
	note("loading module vhdx");
	/* A missing module gives an empty list, not an error. */
	error = kmod_module_new_from_lookup(context, "vhdx", &list);
	error = error < 0 ? -error : ENOENT;
	kmod_list_foreach(item, list) {
		struct kmod_module *module = kmod_module_get_module(item);

		error = -kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
		if (error)
			break;
	}
	kmod_module_unref_list(list);
	status = error ? fail_load(context, error) : DONE;
	kmod_unref(context);
	return status;
}
