/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm doctor: what can be seen of a host without its daemon, in /proc, /sys and /dev.
 * Nothing of Xen is opened for more than to see whether it can be.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"

bool
doctor_read(const char *path, char *out, size_t room)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, room - 1);

	out[n < 0 ? 0 : n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n >= 0;
}

/* --- the hypervisor ------------------------------------------------------- */

void
doctor_xen(struct doctor *d)
{
	char type[32], major[16], minor[16], extra[32];

	if (!doctor_read("/sys/hypervisor/type", type, sizeof(type)) ||
	    strcmp(type, "xen") != 0) {
		doctor_say(d, DOCTOR_FAIL,
		    "install xen-hypervisor-amd64 and boot its entry of the "
		    "boot menu",
		    "this system does not run under Xen");
		return;
	}
	doctor_read("/sys/hypervisor/version/major", major, sizeof(major));
	doctor_read("/sys/hypervisor/version/minor", minor, sizeof(minor));
	doctor_read("/sys/hypervisor/version/extra", extra, sizeof(extra));
	doctor_say(d, DOCTOR_OK, "", "Xen %s.%s%s", major, minor, extra);
}

void
doctor_control(struct doctor *d)
{
	char words[64];

	if (!doctor_read("/proc/xen/capabilities", words, sizeof(words)))
		doctor_say(d, DOCTOR_FAIL,
		    "mount -t xenfs xenfs /proc/xen; the unit proc-xen.mount "
		    "does so at boot",
		    "/proc/xen/capabilities: %s", strerror(errno));
	else if (strstr(words, "control_d") == NULL)
		doctor_say(d, DOCTOR_FAIL,
		    "call xm on domain 0, or set XLD_URI to its address",
		    "this domain is a guest, not the one that controls Xen");
	else
		doctor_say(d, DOCTOR_OK, "", "this is the control domain");
}

static const struct {
	const char *path, *module, *what;
	enum verdict without;
} devices[] = {
	{ "/dev/xen/privcmd", "xen-privcmd", "hypercalls", DOCTOR_FAIL },
	{ "/dev/xen/evtchn", "xen-evtchn", "event channels", DOCTOR_FAIL },
	{ "/dev/xen/gntdev", "xen-gntdev", "guests' rings and consoles",
	    DOCTOR_FAIL },
	{ "/dev/xen/gntalloc", "xen-gntalloc", "pages shared with guests",
	    DOCTOR_WARN },
	{ "/dev/loop-control", "loop", "disks that are files", DOCTOR_WARN },
	{ "/dev/net/tun", "tun", "emulated network cards", DOCTOR_WARN },
};

void
doctor_devices(struct doctor *d)
{
	char remedy[128];
	size_t wrong = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(devices); i++) {
		if (access(devices[i].path, R_OK | W_OK) == 0)
			continue;
		wrong++;
		if (errno == EACCES)
			snprintf(remedy, sizeof(remedy), "call xm as root");
		else
			snprintf(remedy, sizeof(remedy),
			    "modprobe %s; a file in /etc/modules-load.d with "
			    "its name does so at boot", devices[i].module);
		doctor_say(d, devices[i].without, remedy, "%s (%s): %s",
		    devices[i].path, devices[i].what, strerror(errno));
	}
	if (wrong == 0)
		doctor_say(d, DOCTOR_OK, "", "all %zu device files are there",
		    XU_ARRAY_SIZE(devices));
}

/* --- the kernel and programs ---------------------------------------------- */

/* A module that is loaded, or a part of the kernel. */
static bool
has_module(const char *name)
{
	struct utsname u;
	char path[512], line[512];
	bool found = false;
	FILE *f;

	/* "xen-blkback" is xen_blkback there. */
	snprintf(path, sizeof(path), "/sys/module/%s", name);
	for (char *s = path + strlen("/sys/module/"); *s != '\0'; s++)
		if (*s == '-')
			*s = '_';
	if (access(path, F_OK) == 0 || uname(&u) < 0)
		return true;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin",
	    u.release);
	f = fopen(path, "re");
	snprintf(path, sizeof(path), "/%s.ko", name);
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, path) != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

void
doctor_modules(struct doctor *d)
{
	static const struct {
		const char *name, *what;
	} modules[] = { { "xen-blkback", "disks" },
		{ "xen-netback", "network interfaces" } };
	char remedy[80];
	size_t wrong = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(modules); i++) {
		if (has_module(modules[i].name))
			continue;
		wrong++;
		snprintf(remedy, sizeof(remedy), "modprobe %s",
		    modules[i].name);
		doctor_say(d, DOCTOR_WARN, remedy,
		    "the kernel's %s is not loaded: guests get no %s",
		    modules[i].name, modules[i].what);
	}
	if (wrong == 0)
		doctor_say(d, DOCTOR_OK, "", "the kernel serves disks and "
		    "networks");
}

/* Calls f with each path that fits until it gives true; the pattern has one '*' at the
 * end of a name. (glob would ask for users' homes, which a static program cannot.) */
static bool
each_path(const char *pattern, bool (*f)(void *arg, const char *path), void *arg)
{
	const char *star = strchr(pattern, '*');
	char dir[64], path[512];
	const char *name = star;
	bool found = false;
	struct dirent *e;
	DIR *d;

	if (star == NULL)
		return access(pattern, F_OK) == 0 && f(arg, pattern);
	while (name > pattern && name[-1] != '/')
		name--;
	snprintf(dir, sizeof(dir), "%.*s", (int)(name - pattern), pattern);
	d = opendir(dir);
	while (d != NULL && !found && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' ||
		    strncmp(e->d_name, name, (size_t)(star - name)) != 0)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", dir, e->d_name,
		    star + 1);
		found = access(path, F_OK) == 0 && f(arg, path);
	}
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
any(void *arg, const char *path)
{
	(void)arg;
	(void)path;
	return true;
}

static bool
exists(const char *const *patterns)
{
	for (; *patterns != NULL; patterns++)
		if (each_path(*patterns, any, NULL))
			return true;
	return false;
}

void
doctor_programs(struct doctor *d)
{
	static const struct {
		const char *files[4], *package, *what;
	} programs[] = {
		{ { "/usr/libexec/xen-qemu-system-i386",
		      "/usr/lib/xen*/bin/qemu-system-i386",
		      "/usr/bin/qemu-system-i386", NULL },
		    "qemu-system-xen", "HVM guests and disks of qcow2 images "
		    "(QEMU)" },
		{ { "/usr/lib/xen*/boot/hvmloader", NULL },
		    "xen-utils-common and the xen-utils of this Xen",
		    "HVM guests (hvmloader)" },
		{ { "/usr/lib/grub-xen/grub-x86_64-xen.bin",
		      "/usr/lib/xen*/boot/pvgrub64", NULL },
		    "grub-xen-host", "guests that boot from their own disk "
		    "(bootloader = \"pvgrub\")" },
	};
	char remedy[128];
	size_t wrong = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(programs); i++) {
		if (exists(programs[i].files))
			continue;
		wrong++;
		snprintf(remedy, sizeof(remedy), "install %s",
		    programs[i].package);
		doctor_say(d, DOCTOR_WARN, remedy, "there will be no %s",
		    programs[i].what);
	}
	if (wrong == 0)
		doctor_say(d, DOCTOR_OK, "",
		    "QEMU, hvmloader and GRUB are installed");
}

/* --- daemons -------------------------------------------------------------- */

void
doctor_store(struct doctor *d)
{
	const char *dir = getenv("XENSTORED_RUNDIR");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/socket",
	    dir != NULL ? dir : "/run/xenstored");
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		doctor_say(d, DOCTOR_OK, "", "xenstored answers");
	else if (errno == EACCES)
		doctor_say(d, DOCTOR_WARN, "call xm as root", "%s: %s",
		    sa.sun_path, strerror(errno));
	else
		doctor_say(d, DOCTOR_FAIL, "systemctl start xenstored; "
		    "journalctl -u xenstored says why it ended",
		    "xenstored does not answer: %s: %s", sa.sun_path,
		    strerror(errno));
}

bool
doctor_processes(bool (*f)(void *arg, long pid, const char *name), void *arg)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	char path[64], name[64];
	bool found = false;
	long pid;

	while (proc != NULL && !found && (e = readdir(proc)) != NULL) {
		pid = strtol(e->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		if (doctor_read(path, name, sizeof(name)))
			found = f(arg, pid, name);
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

static bool
is_rival(void *arg, long pid, const char *name)
{
	static const char *const names[] = { "xenconsoled", "xend", "xapi",
		"xenopsd-xc", "libvirtd" };
	struct doctor *d = arg;
	char remedy[80];

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		snprintf(remedy, sizeof(remedy), "stop it: kill %ld, and "
		    "disable what starts it", pid);
		doctor_say(d, DOCTOR_WARN, remedy, "%s (process %ld) looks "
		    "after guests, too: both would answer for the same",
		    name, pid);
		return true;
	}
	return false;
}

void
doctor_rivals(struct doctor *d)
{
	if (!doctor_processes(is_rival, d))
		doctor_say(d, DOCTOR_OK, "",
		    "no other program looks after guests");
}

/* --- networks, files ------------------------------------------------------ */

void
doctor_bridge(struct doctor *d)
{
	static const char *const bridges[] = { "/sys/class/net/*/bridge",
		NULL };

	if (exists(bridges))
		doctor_say(d, DOCTOR_OK, "", "there is a bridge");
	else
		doctor_say(d, DOCTOR_WARN,
		    "ip link add xenbr0 type bridge; ip link set xenbr0 up; "
		    "and add a network card to it",
		    "there is no bridge: guests' network interfaces would "
		    "reach nobody");
}

void
doctor_room(struct doctor *d)
{
	static const struct {
		const char *path;
		unsigned long long least_mib;
	} places[] = { { XLD_STATEDIR, 64 }, { XLD_RUNDIR, 4 },
		{ "/var/log", 16 } };
	struct statvfs v;
	unsigned long long mib;
	char remedy[160];
	size_t wrong = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(places); i++) {
		/* What is not there yet is made. */
		if (statvfs(places[i].path, &v) < 0)
			continue;
		mib = (unsigned long long)v.f_bavail * v.f_frsize >> 20;
		if (mib >= places[i].least_mib && (v.f_flag & ST_RDONLY) == 0)
			continue;
		wrong++;
		snprintf(remedy, sizeof(remedy), "%s %s",
		    (v.f_flag & ST_RDONLY) != 0 ? "mount -o remount,rw"
						: "make room in",
		    places[i].path);
		doctor_say(d, DOCTOR_WARN, remedy,
		    "%s: %llu MiB are free%s", places[i].path, mib,
		    (v.f_flag & ST_RDONLY) != 0 ? ", and it is read-only"
						: "");
	}
	if (wrong == 0)
		doctor_say(d, DOCTOR_OK, "", "there is room for state and "
		    "logs");
}

static bool
lost_loop(void *arg, const char *path)
{
	static const char gone[] = " (deleted)";
	struct doctor *d = arg;
	const char *name = path + strlen("/sys/block/");
	char file[512], remedy[128];
	int len = (int)strcspn(name, "/");
	size_t n;

	if (!doctor_read(path, file, sizeof(file)))
		return false;
	n = strlen(file);
	if (n < sizeof(gone) || strcmp(file + n - sizeof(gone) + 1, gone) != 0)
		return false;
	snprintf(remedy, sizeof(remedy),
	    "losetup -d /dev/%.*s, unless a guest uses it", len, name);
	doctor_say(d, DOCTOR_WARN, remedy,
	    "/dev/%.*s is of a file that has been removed: %s", len, name,
	    file);
	return false;
}

/* Loop devices whose file has gone: nobody can attach it again. */
void
doctor_loops(struct doctor *d)
{
	size_t before = xapi_count(d->findings);

	each_path("/sys/block/loop*/loop/backing_file", lost_loop, d);
	if (xapi_count(d->findings) == before)
		doctor_say(d, DOCTOR_OK, "", "no loop device has lost its "
		    "file");
}
