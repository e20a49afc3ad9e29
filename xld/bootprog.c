/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See bootprog.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootprog.h"
#include "dm.h"
#include "qemu.h"
#include "vbd.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"

/* Not below the others, which are closed to it. */
#define FOLDER	   XLD_RUNDIR "-boot"
/* Behind those of device models (dm.h). */
#define UID_FIRST  (QEMU_UID_BASE + 2 * QEMU_UIDS)
#define UIDS	   0x10000u
/* Kernel and ramdisk, with room. */
#define ROOM	   (256u << 20)
#define RESULT_MAX (64u << 10)
/* Seconds; XLD_BOOTLOADER_TIMEOUT in xld's environment. */
#define WAIT_S	   60
#define WORDS_MAX  32

struct bootprog {
	struct guest *guest;
	uint32_t uid;
	pid_t pid;
	int pidfd;
	bool late;
	char folder[128];
	const char *program;
	uv_poll_t death;
	uv_timer_t deadline;
	unsigned handles;
	struct vm_files *files;
	char *args;
	vm_done_f *done;
	void *arg;
};

bool
bootprog_wanted(const struct xu_val *config)
{
	return xu_val_get_str(config, "PV_bootloader", "")[0] == '/';
}

/* ---- processes --------------------------------------------------------------------- */

/* -1: there is no such process, or it is dead already. */
static int64_t
uid_of(const char *pid)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char path[64];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	if (xu_file_read(path, 16384, &b, NULL) < 0)
		return -1;
	p = strstr(xu_buf_text(&b), "\nUid:\t");
	if (p == NULL || strstr(xu_buf_text(&b), "\nState:\tZ") != NULL)
		return -1;
	return strtoll(p + 6, NULL, 10);
}

/* Those it has started may start others while we look; their number is bounded,
 * and so are our tries. */
static void
kill_users(uint32_t first, uint32_t n)
{
	bool found = true;
	int64_t pid, uid;

	for (int round = 0; round < 16 && found; round++) {
		DIR *d = opendir("/proc");
		const struct dirent *ent;

		found = false;
		while (d != NULL && (ent = readdir(d)) != NULL) {
			if (!xu_num_i64(ent->d_name, 1, INT32_MAX, &pid))
				continue;
			uid = uid_of(ent->d_name);
			if (uid < first || uid >= (int64_t)first + n)
				continue;
			found |= kill((pid_t)pid, SIGKILL) == 0;
		}
		if (d != NULL)
			closedir(d);
	}
}

struct walls {
	uint32_t uid;
	pid_t parent;
};

/* In the child: from here on it is nobody. */
static int
confine(const void *arg)
{
	static const struct {
		int what;
		rlim_t max;
	} rows[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, WAIT_S },
		{ RLIMIT_AS, (rlim_t)1 << 30 },
		{ RLIMIT_FSIZE, ROOM },
		{ RLIMIT_NOFILE, 256 },
		{ RLIMIT_NPROC, 64 },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_MSGQUEUE, 0 },
	};
	const struct walls *w = arg;

	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		struct rlimit r = { rows[i].max, rows[i].max };

		if (setrlimit(rows[i].what, &r) < 0)
			return -1;
	}
	if (setgroups(0, NULL) < 0 || setgid(w->uid) < 0 ||
	    setuid(w->uid) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	/* Which setuid has cleared. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != w->parent) {
		errno = ESRCH;
		return -1;
	}
	return dm_filter(true);
}

/* ---- the folder ------------------------------------------------------------------------- */

static void
remove_folder(const char *folder)
{
	(void)umount2(folder, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)rmdir(folder);
}

void
bootprog_clean(void)
{
	DIR *d = opendir(FOLDER);
	const struct dirent *ent;
	char path[PATH_MAX];

	if (d == NULL)
		return;
	kill_users(UID_FIRST, UIDS);
	while ((ent = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), FOLDER "/%s", ent->d_name);
		if (ent->d_name[0] != '.')
			remove_folder(path);
	}
	closedir(d);
}

static int
fail(const struct bootprog *b, struct xu_err *e, const char *fmt, ...)
    XU_PRINTF(3, 4);

static int
fail(const struct bootprog *b, struct xu_err *e, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	xu_err_set(e, XE(XLD_HELPER), 0, "the boot loader %s %s", b->program,
	    why);
	xu_err_param(e, "%.100s", b->program);
	xu_err_param(e, "%.100s", why);
	return -1;
}

struct found {
	dev_t rdev;
	bool any;
};

/* The first disk of the config is what is booted from. */
static int
take_disk(void *arg, const struct vbd_view *v)
{
	struct found *f = arg;

	f->any = !v->cdrom && v->rdev != 0;
	f->rdev = v->rdev;
	return f->any;
}

/* A file of its user's; -1: none. */
static int
make_file(const struct bootprog *b, const char *name)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd >= 0 && fchown(fd, b->uid, b->uid) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* *log: what it says goes there. */
static int
make_folder(const struct bootprog *b, int *log, struct xu_err *e)
{
	struct found f = { .any = false };
	char options[128], disk[PATH_MAX];
	int fd;

	dev_vbd_each(b->guest, take_disk, &f);
	if (!f.any)
		return fail(b, e, "has nothing to look at: the guest has no disk, "
				    "or only images");
	snprintf(options, sizeof(options),
	    "size=%u,nr_inodes=64,mode=0700,uid=%u,gid=%u", ROOM, b->uid,
	    b->uid);
	snprintf(disk, sizeof(disk), "%s/disk", b->folder);
	if (xu_mkdirs(FOLDER, 0711, e) < 0)
		return -1;
	remove_folder(b->folder);
	/* Whatever our mask is, its user must get through. */
	if (chmod(FOLDER, 0711) < 0 ||
	    mkdir(b->folder, 0700) < 0 ||
	    mount("xld-boot", b->folder, "tmpfs", MS_NOSUID | MS_NOEXEC,
		options) < 0 ||
	    mknod(disk, S_IFBLK | 0400, f.rdev) < 0 ||
	    chown(disk, b->uid, b->uid) < 0 ||
	    (fd = make_file(b, "result")) < 0)
		return fail(b, e, "gets no folder %s: %s", b->folder,
		    strerror(errno));
	close(fd);
	*log = make_file(b, "log");
	return *log < 0 ? fail(b, e, "gets no log: %s", strerror(errno)) : 0;
}

/* ---- what it found -------------------------------------------------------------------------- */

static int
open_within(const struct bootprog *b, const char *name, int flags)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", b->folder, name);
	fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		errno = EINVAL;
		fd = -1;
	}
	return fd;
}

/* "FOLDER/name": one it has made, no link out of there. */
static int
take_file(const struct bootprog *b, const char *what, const char *path,
    int *out, struct xu_err *e)
{
	size_t n = strlen(b->folder);

	if (strncmp(path, b->folder, n) != 0 || path[n] != '/' ||
	    path[n + 1] == '\0' || strchr(path + n + 1, '/') != NULL)
		return fail(b, e, "names a %s outside of its folder: %.100s",
		    what, path);
	if (*out >= 0)
		return fail(b, e, "names more than one %s", what);
	*out = open_within(b, path + n + 1, O_RDONLY);
	return *out >= 0 ? 0 : fail(b, e, "names a %s %.100s: %s", what,
	    path, strerror(errno));
}

static int
take_line(struct bootprog *b, const char *line, struct xu_err *e)
{
	if (strncmp(line, "kernel ", 7) == 0)
		return take_file(b, "kernel", line + 7, &b->files->kernel, e);
	if (strncmp(line, "ramdisk ", 8) == 0)
		return take_file(b, "ramdisk", line + 8, &b->files->ramdisk, e);
	if (strncmp(line, "args ", 5) != 0)
		/* Newer ones may say more. */
		return 0;
	if ((size_t)snprintf(b->args, BOOT_ARGS_MAX, "%s", line + 5) >=
	    (config_type(b->guest->config) == TYPE_PV ?
		    BOOT_ARGS_MAX / 2 : BOOT_ARGS_MAX))
		return fail(b, e, "wants a command line that is too long");
	return 0;
}

static int
take_result(struct bootprog *b, struct xu_err *e)
{
	AUTO_FREE char *text = calloc(1, RESULT_MAX + 1);
	int fd = open_within(b, "result", O_RDONLY);
	ssize_t n = fd < 0 || text == NULL ? -1 :
					     read(fd, text, RESULT_MAX);
	size_t at = 0;

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return fail(b, e, "has taken its result away");
	while (at < (size_t)n) {
		if (take_line(b, text + at, e) < 0)
			return -1;
		at += strlen(text + at) + 1;
	}
	if (b->files->kernel < 0)
		return fail(b, e, "has found no kernel");
	return 0;
}

/* The last line, printable. */
static void
last_words(const struct bootprog *b, char *out, size_t room)
{
	char text[512] = "", *start;
	int fd = open_within(b, "log", O_RDONLY);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size >= (off_t)sizeof(text) ?
	    size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);

	if (fd >= 0)
		close(fd);
	n = n < 0 ? 0 : n;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	text[n] = '\0';
	start = strrchr(text, '\n');
	start = start == NULL ? text : start + 1;
	for (char *p = start; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	snprintf(out, room, "%.200s", *start == '\0' ? "it said nothing" : start);
}

/* ---- its life ----------------------------------------------------------------------------------- */

static void
freed(uv_handle_t *h)
{
	struct bootprog *b = h->data;

	if (--b->handles > 0)
		return;
	close(b->pidfd);
	free(b);
}

static int
judge(struct bootprog *b, int status, struct xu_err *e)
{
	char words[256];

	last_words(b, words, sizeof(words));
	if (b->late)
		return fail(b, e, "has not ended within %u s; its last words: %s",
		    env_seconds("XLD_BOOTLOADER_TIMEOUT", WAIT_S), words);
	if (WIFSIGNALED(status))
		return fail(b, e, "was killed by signal %d; its last words: %s",
		    WTERMSIG(status), words);
	if (WEXITSTATUS(status) != 0)
		return fail(b, e, "ended with status %d; its last words: %s",
		    WEXITSTATUS(status), words);
	return take_result(b, e);
}

static void
on_death(uv_poll_t *h, int unused XU_UNUSED, int events XU_UNUSED)
{
	struct bootprog *b = h->data;
	struct xu_err e = XU_ERR_INIT;
	int status = 0;

	uv_poll_stop(h);
	while (waitpid(b->pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Nobody writes there when it is read. */
	kill_users(b->uid, 1);
	if (judge(b, status, &e) < 0)
		vm_files_close(b->files);
	remove_folder(b->folder);
	uv_close((uv_handle_t *)&b->death, freed);
	uv_close((uv_handle_t *)&b->deadline, freed);
	b->done(b->arg, xu_err_is_set(&e) ? &e : NULL);
}

static void
too_late(uv_timer_t *t)
{
	struct bootprog *b = t->data;

	b->late = true;
	kill(b->pid, SIGKILL);
}

static int
spawn(struct bootprog *b, int log, struct xu_err *e)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const env[] = { path, NULL };
	const struct xu_val *v = b->guest->config;
	AUTO_FREE char *words = strdup(
	    xu_val_get_str(v, "PV_bootloader_args", ""));
	char output[160], directory[160], disk[160], args[BOOT_ARGS_MAX + 8];
	char format[] = "--output-format=simple0", *save = NULL, *word;
	char *argv[WORDS_MAX + 8] = { (char *)(uintptr_t)b->program, output,
		format, directory };
	const struct walls walls = { b->uid, getpid() };
	const struct xu_spawn s = { .path = b->program, .argv = argv,
		.envp = env, .out_fd = log, .pdeathsig = SIGKILL,
		.prepare = confine, .prepare_arg = &walls };
	int n = 4;

	snprintf(output, sizeof(output), "--output=%s/result", b->folder);
	snprintf(directory, sizeof(directory), "--output-directory=%s",
	    b->folder);
	snprintf(disk, sizeof(disk), "%s/disk", b->folder);
	snprintf(args, sizeof(args), "--args=%s",
	    xu_val_get_str(v, "PV_args", ""));
	if (args[7] != '\0')
		argv[n++] = args;
	for (word = words == NULL ? NULL : strtok_r(words, " \n", &save);
	     word != NULL && n < WORDS_MAX + 6;
	     word = strtok_r(NULL, " \n", &save))
		argv[n++] = word;
	argv[n] = disk;
	b->pid = xu_spawn(&s, e);
	return b->pid < 0 ? -1 : 0;
}

static int
watch(struct bootprog *b, struct xu_err *e)
{
	uv_loop_t *loop = b->guest->core->loop;

	b->pidfd = (int)syscall(SYS_pidfd_open, b->pid, 0);
	if (b->pidfd < 0 || uv_poll_init(loop, &b->death, b->pidfd) != 0) {
		fail(b, e, "cannot be watched: %s", strerror(errno));
		if (b->pidfd >= 0)
			close(b->pidfd);
		kill(b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
		kill_users(b->uid, 1);
		return -1;
	}
	uv_timer_init(loop, &b->deadline);
	b->handles = 2;
	b->death.data = b->deadline.data = b;
	uv_poll_start(&b->death, UV_READABLE, on_death);
	uv_timer_start(&b->deadline, too_late,
	    env_seconds("XLD_BOOTLOADER_TIMEOUT", WAIT_S) * 1000, 0);
	return 0;
}

enum xu_step_result
bootprog_start(struct guest *g, struct vm_files *f, char args[BOOT_ARGS_MAX],
    vm_done_f *done, void *arg, struct xu_err *e)
{
	static uint32_t next;
	struct bootprog *b;
	int log = -1, r;

	args[0] = '\0';
	if (!bootprog_wanted(g->config))
		return XU_STEP_NEXT;
	b = calloc(1, sizeof(*b));
	if (b == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "run a boot loader");
		return XU_STEP_FAIL;
	}
	*b = (struct bootprog){ .guest = g, .files = f, .args = args,
		.program = xu_val_get_str(g->config, "PV_bootloader", ""),
		.uid = UID_FIRST + next++ % UIDS, .done = done, .arg = arg };
	snprintf(b->folder, sizeof(b->folder), FOLDER "/%s", g->uuid);
	r = make_folder(b, &log, e);
	if (r == 0)
		r = spawn(b, log, e);
	if (log >= 0)
		close(log);
	if (r == 0 && watch(b, e) == 0)
		return XU_STEP_WAIT;
	remove_folder(b->folder);
	free(b);
	return XU_STEP_FAIL;
}
