/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The walls around a device model that it does not build itself. QEMU drops to
 * its user id, enters its empty root and gives up all of Xen but its domain
 * once it has opened what it needs; what it must never do from its first
 * instruction on is settled here, between fork and exec, whether that build of
 * QEMU knows of seccomp (Debian's for Xen does not) or not.
 *
 * The filter names what is refused: what QEMU needs differs from release to
 * release, what it has no business with does not.
 */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"
#include "qdisk.h"

/* Processes. A thread is clone with CLONE_THREAD, see below; exec is what makes us
 * QEMU, and there is nothing in an empty root to exec later. */
static const int processes[] = {
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execveat),
};

/* Other processes, the kernel's own affairs, what only helps to break out. */
static const int refused[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(mount),
	SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(open_tree),
	SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
	SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(quotactl),
	SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
	SCMP_SYS(reboot), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load),
	SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(syslog), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(add_key), SCMP_SYS(request_key),
	SCMP_SYS(keyctl), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(modify_ldt), SCMP_SYS(personality), SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(vhangup),
};

static int
refuse_processes(scmp_filter_ctx f)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < XU_ARRAY_SIZE(processes); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), processes[i], 0);
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
	return r;
}

/* Requests to /dev/xen/privcmd have this letter; those to the devices of grants and
 * events have others. */
#define PRIVCMD ('P' << 8)
/* To map another domain's pages (IOCTL_PRIVCMD_MMAPBATCH_V2). */
#define PRIVCMD_MAP (PRIVCMD | 4)

enum may_ask {
	ASK_NOTHING,
	/* Its domain's memory; see screen.h. */
	ASK_MAPS,
	ASK_ALL,
};

static int
refuse_hypercalls(scmp_filter_ctx f, bool maps)
{
	int r = 0;

	if (!maps)
		return seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, PRIVCMD));
	/* Those whose number is another one, bit by bit. */
	for (unsigned bit = 1; r == 0 && bit < 0x100; bit <<= 1)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(ioctl), 1,
		    SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00 | bit,
			PRIVCMD | (~PRIVCMD_MAP & bit)));
	return r;
}

static int
filter(bool may_start, enum may_ask may_ask)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = f == NULL ? -ENOMEM : 0;

	for (size_t i = 0; r == 0 && i < XU_ARRAY_SIZE(refused); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (r == 0 && !may_start)
		r = refuse_processes(f);
	if (r == 0 && may_ask != ASK_ALL)
		r = refuse_hypercalls(f, may_ask == ASK_MAPS);
	/* Its flags are in memory where no filter sees them; the C library takes
	 * clone when this one does not exist. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS),
		    SCMP_SYS(clone3), 0);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	errno = -r;
	return r < 0 ? -1 : 0;
}

int
dm_filter(bool may_start)
{
	return filter(may_start, ASK_ALL);
}

static int
limits(void)
{
	static const struct {
		int what;
		rlim_t max;
	} rows[] = {
		/* A core would hold the guest's memory. */
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_NOFILE, 1024 },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		struct rlimit r = { rows[i].max, rows[i].max };

		if (setrlimit(rows[i].what, &r) < 0)
			return -1;
	}
	return 0;
}

/* No names, queues or, when it shows no screen to anybody, networks of the
 * host. Not every kernel and not every container has such rooms; the rest of the
 * walls stands without. */
static void
separate(bool net)
{
	int apart = CLONE_NEWIPC | CLONE_NEWUTS;

	if (!net)
		apart |= CLONE_NEWNET;
	if (unshare(apart) < 0)
		dprintf(STDERR_FILENO,
		    "xld: the device model has no namespaces of its own: %s\n",
		    strerror(errno));
}

int
dm_confine(const void *plan)
{
	const struct dm_plan *p = plan;

	separate(p->vnc.address != NULL || p->net);
	if (limits() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return filter(false, ASK_ALL);
}

/* ---- what serves disks ---------------------------------------------------------- */

static int
own_device(const char *name, uint32_t uid)
{
	char from[64], to[64];
	struct stat st;

	snprintf(from, sizeof(from), "/dev/xen/%s", name);
	snprintf(to, sizeof(to), "dev/xen/%s", name);
	if (stat(from, &st) < 0 || mknod(to, S_IFCHR | 0600, st.st_rdev) < 0)
		return -1;
	return chown(to, uid, uid);
}

/* Two nodes that nobody can open, under the names of all sets. */
static int
make_sets(void)
{
	char name[32];

	if (mknod("dev/file", S_IFREG, 0) < 0 ||
	    mknod("dev/block", S_IFBLK, 0) < 0)
		return -1;
	for (unsigned i = 0; i < 2 * QDISK_SETS; i++) {
		snprintf(name, sizeof(name), "dev/fdset/%u", i);
		if (link(i < QDISK_SETS ? "dev/file" : "dev/block", name) < 0)
			return -1;
	}
	return 0;
}

/* Its root, which is mounted where nobody else sees it and ends with it. */
static int
make_root(const struct qdisk_plan *p)
{
	static const unsigned long flags = MS_NOSUID | MS_NOEXEC;
	static const char *const folders[] = { "dev", "dev/xen", "dev/fdset" };
	/* xenbus: each disk has a connection of its own to the store. */
	static const char *const devices[] = { "gntdev", "evtchn", "xenbus" };

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("xld-disks", p->root, "tmpfs", flags,
		"size=64k,nr_inodes=512,mode=0711") < 0 || chdir(p->root) < 0)
		return -1;
	umask(0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(folders); i++)
		if (mkdir(folders[i], 0711) < 0)
			return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(devices); i++)
		if (own_device(devices[i], p->uid) < 0)
			return -1;
	if (make_sets() < 0 || chdir("/") < 0)
		return -1;
	umask(077);
	return mount("xld-disks", p->root, "tmpfs",
	    MS_REMOUNT | MS_RDONLY | flags, "mode=0711");
}

int
qdisk_confine(const void *plan)
{
	const struct qdisk_plan *p = plan;
	bool screen = p->vnc.address != NULL;

	if (make_root(p) < 0)
		return -1;
	separate(screen);
	if (limits() < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return filter(false, screen ? ASK_MAPS : ASK_NOTHING);
}
