/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files a creation needs, opened by us and handed on as descriptors: the
 * guest's own kernel and ramdisk, and for HVM guests what comes before them,
 * hvmloader and the firmware it carries. Nothing is read here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vm_files.h"
#include "xu_log.h"

static int
refuse(struct xu_err *e, const char *path, int errnum, const char *what,
    const char *why)
{
	xu_err_set(e, XE(XLD_KERNEL), 0, "%s %s: %s", what, path, why);
	if (e != NULL)
		e->errnum = errnum;
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", why);
	return -1;
}

static int
open_file(const char *path, const char *what, int *out, struct xu_err *e)
{
	struct stat st;
	int fd, r = 0;

	/* Not blocking on a pipe; it is refused below. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		r = refuse(e, path, errno, what, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		r = refuse(e, path, 0, what, "not a regular file");
	if (r == 0)
		*out = fd;
	else if (fd >= 0)
		close(fd);
	return r;
}

/* The newest that one of the patterns names. */
static bool
find_one(const char *const *patterns, char *out, size_t room)
{
	bool found = false;
	glob_t g;

	for (; *patterns != NULL && !found; patterns++) {
		if (glob(*patterns, 0, NULL, &g) != 0)
			continue;
		found = g.gl_pathc > 0;
		if (found)
			snprintf(out, room, "%s", g.gl_pathv[g.gl_pathc - 1]);
		globfree(&g);
	}
	return found;
}

static int
open_found(const char *given, const char *const *patterns, const char *what,
    const char *package, int *out, struct xu_err *e)
{
	char path[512];

	if (given[0] != '\0')
		return open_file(given, what, out, e);
	if (find_one(patterns, path, sizeof(path)))
		return open_file(path, what, out, e);
	xu_err_set(e, XE(XLD_KERNEL), 0,
	    "the guest needs %s, and none is at %s: install %s", what,
	    patterns[0], package);
	xu_err_param(e, "%s", patterns[0]);
	xu_err_param(e, "not found");
	return -1;
}

/* A build for Xen is an ELF file, too, which Xen starts as a PVH guest; one of before
 * edk2-stable202108 that knew of Xen was not. The others come up or not. */
static void
look_at_ovmf(int fd, const char *name)
{
	char magic[4];

	if (pread(fd, magic, sizeof(magic), 0) != (ssize_t)sizeof(magic) ||
	    memcmp(magic, "\177ELF", sizeof(magic)) != 0)
		xu_log(XU_WARNING, "'%s': its OVMF image is no build of "
				   "OvmfPkg/OvmfXen.dsc: if the guest never comes "
				   "up, that is why", name);
}

static int
open_firmware(const struct core *c, const struct xu_val *config,
    struct vm_files *f, struct xu_err *e)
{
	static const char *const bios[] = {
		"/usr/share/seabios/bios-256k.bin",
		"/usr/lib/xen*/boot/seabios.bin", NULL };
	/* Where builds of OvmfPkg/OvmfXen.dsc are installed. Debian's ovmf is
	 * another one, which does not start on Xen. */
	static const char *const uefi[] = {
		"/usr/share/edk2/xen/OVMF.fd",
		"/usr/lib/xen*/boot/ovmf.bin", NULL };
	bool ovmf;
	int r;
	const struct xu_val *p = xu_val_get(config, "platform");
	char own[64];
	const char *const loaders[] = { own, "/usr/lib/xen/boot/hvmloader",
		"/usr/lib/xen-*/boot/hvmloader", NULL };

	/* That of the release that runs, if there are several. */
	snprintf(own, sizeof(own), "/usr/lib/xen-%u.%u/boot/hvmloader",
	    c->version.major, c->version.minor);
	if (open_found(xu_val_get_str(p, "loader", ""), loaders, "hvmloader",
		"xen-utils", &f->loader, e) < 0)
		return -1;
	ovmf = strcmp(xu_val_get_str(p, "bios", ""), "ovmf") == 0;
	r = open_found(xu_val_get_str(p, "bios_path", ""),
	    ovmf ? uefi : bios, ovmf ? "an OVMF image made for Xen" :
				       "a SeaBIOS image",
	    ovmf ? "one built from OvmfPkg/OvmfXen.dsc (Debian's package ovmf "
		   "has none) and name it with bios_path_override" :
		   "seabios",
	    &f->firmware, e);
	if (r == 0 && ovmf)
		look_at_ovmf(f->firmware,
		    xu_val_get_str(config, "name_label", ""));
	return r;
}

/* GRUB as a kernel: it reads the guest's disk inside the guest. */
static int
open_loader(const struct xu_val *config, struct vm_files *f, struct xu_err *e)
{
	static const char *const pv[] = { "/usr/lib/grub-xen/grub-x86_64-xen.bin",
		"/usr/lib/xen*/boot/pvgrub64", NULL };
	static const char *const pvh[] = {
		"/usr/lib/grub-xen/grub-i386-xen_pvh.bin",
		"/usr/lib/xen*/boot/pvgrub_pvh", NULL };

	return open_found("", config_type(config) == TYPE_PVH ? pvh : pv,
	    "pvgrub", "grub-xen-host", &f->kernel, e);
}

int
vm_files_open(const struct core *c, const struct xu_val *config,
    struct vm_files *f, struct xu_err *e)
{
	const char *kernel = xu_val_get_str(config, "PV_kernel", "");
	const char *ramdisk = xu_val_get_str(config, "PV_ramdisk", "");
	const char *loader = xu_val_get_str(config, "PV_bootloader", "");
	bool hvm = config_type(config) == TYPE_HVM;
	int r = 0;

	*f = (struct vm_files)VM_FILES_NONE;
	/* One with a path is a program, which finds them; see bootprog.h. */
	if (kernel[0] == '\0' && loader[0] != '\0' && loader[0] != '/' &&
	    !hvm && open_loader(config, f, e) < 0)
		return -1;
	if (kernel[0] == '\0' && loader[0] == '\0' && !hvm) {
		xu_err_set(e, XE(XLD_KERNEL), 0, "'%s' has no kernel",
		    xu_val_get_str(config, "name_label", ""));
		xu_err_param(e, "%s", "");
		xu_err_param(e, "no kernel is given");
		return -1;
	}
	if (kernel[0] != '\0')
		r = open_file(kernel, "kernel", &f->kernel, e);
	if (r == 0 && ramdisk[0] != '\0')
		r = open_file(ramdisk, "ramdisk", &f->ramdisk, e);
	if (r == 0 && hvm)
		r = open_firmware(c, config, f, e);
	if (r < 0)
		vm_files_close(f);
	return r;
}

void
vm_files_close(struct vm_files *f)
{
	int *const all[] = { &f->kernel, &f->ramdisk, &f->loader,
		&f->firmware };

	for (size_t i = 0; i < XU_ARRAY_SIZE(all); i++)
		if (*all[i] >= 0)
			close(*all[i]);
	*f = (struct vm_files)VM_FILES_NONE;
}
