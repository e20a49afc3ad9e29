/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The wall seen from outside. The file is copied once into sealed memory, so
 * that what was examined is what is used, whoever writes to the file meanwhile;
 * a child without rights (xg_sandbox.c) reads the copy. What it reports is a
 * fixed structure, checked as if an enemy had written it (XSA-25, XSA-55).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xg_private.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
/* What the child may have beside file and image: tables of a decompressor
 * (a dictionary of XG_UNPACK_MEMORY at most), stack, libraries. */
#define CHILD_ROOM (XG_UNPACK_MEMORY + (64u << 20))
/* Priority. */
#define LEAST 19

struct xg_load {
	/* Of the child; 0 = it has been waited for. */
	pid_t pid;
	int link, source, image;
	uint64_t size;
	char name[256];
	unsigned cpu;
	/* Who makes the digest, if there is one; that, or an errno. */
	pthread_t summer;
	bool threaded;
	uint8_t sum[XG_DIGEST];
	int why;
	/* What the child said in the end. */
	bool reported;
	struct xg_report report;
};

/* "Key:   number kB" of a file of /proc, in bytes; 0 = not there. */
static uint64_t
proc_kib(const char *file, const char *key)
{
	unsigned long long v = 0;
	char line[128];
	FILE *f = fopen(file, "re");
	size_t n = strlen(key);

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, n) == 0 &&
		    sscanf(line + n, ": %llu kB", &v) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return v << 10;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

int
xg_write_all(int fd, const void *p, size_t n)
{
	const uint8_t *from = p;
	ssize_t r;

	while (n > 0) {
		r = write(fd, from, n);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		from += r;
		n -= (size_t)r;
	}
	return 0;
}

/* size bytes, from the beginning. 0, or an errno. */
static int
copy_bytes(int from, int to, uint64_t size)
{
	static uint8_t buf[64 << 10];
	uint64_t done = 0;
	ssize_t n;

	while (done < size) {
		n = pread(from, buf,
		    size - done > sizeof(buf) ? sizeof(buf) : size - done,
		    (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return EAGAIN;
		if (n < 0 || xg_write_all(to, buf, (size_t)n) < 0)
			return errno;
		done += (uint64_t)n;
	}
	return 0;
}

/* It becomes the sealed source. */
static int
copy_file(struct xg_load *h, int fd, const struct xg_limits *l,
    struct xg_error *e)
{
	struct stat st, after;
	int why;

	if (fstat(fd, &st) < 0)
		return xg_fail(e, errno, "kernel %s: %s", h->name,
		    strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xg_fail(e, EINVAL, "kernel %s: not a regular file",
		    h->name);
	h->size = (uint64_t)st.st_size;
	if (h->size > l->file)
		return xg_fail(e, EFBIG,
		    "kernel %s: %llu bytes; the limit is %llu", h->name,
		    (unsigned long long)h->size, (unsigned long long)l->file);
	why = copy_bytes(fd, h->source, h->size);
	if (why == 0 && (fstat(fd, &after) < 0 || !same_file(&st, &after)))
		why = EAGAIN;
	if (why == 0 && fcntl(h->source, F_ADD_SEALS, SEALS) < 0)
		why = errno;
	if (why == 0)
		return 0;
	return xg_fail(e, why, "kernel %s: %s", h->name,
	    why == EAGAIN ? "it changed while it was read" : strerror(why));
}

/* Room for one image, and never more than half of what the host can give. */
static void
bound_by_host(struct xg_limits *l)
{
	uint64_t half = proc_kib("/proc/meminfo", "MemAvailable") / 2;

	if (half != 0 && l->image > half)
		l->image = half;
}

/* ---- the child ---------------------------------------------------------------- */

static int
wait_for(struct xg_load *h, struct rusage *used)
{
	int status = 0;

	while (wait4(h->pid, &status, 0, used) < 0 && errno == EINTR)
		;
	h->pid = 0;
	return status;
}

static void
end_child(struct xg_load *h)
{
	struct rusage used;

	if (h->pid > 0) {
		kill(h->pid, SIGKILL);
		wait_for(h, &used);
	}
	if (h->link >= 0)
		close(h->link);
	h->link = -1;
}

/* It waits to be asked. 0, or an errno. */
static int
start_child(struct xg_load *h)
{
	int sv[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return errno;
	h->link = sv[0];
	h->pid = fork();
	if (h->pid == 0)
		xg_sandbox(h->source, h->image, sv[1]);
	close(sv[1]);
	return h->pid < 0 ? errno : 0;
}

/* One that was prepared may have been the first to go when memory was short. */
static int
ask_child(struct xg_load *h, const struct xg_limits *l)
{
	struct xg_ask ask = { .size = h->size, .limits = *l,
		.memory = proc_kib("/proc/self/status", "VmSize") + h->size +
		    l->image + CHILD_ROOM };
	int why;

	if (send(h->link, &ask, sizeof(ask), MSG_NOSIGNAL) == sizeof(ask))
		return 0;
	end_child(h);
	why = start_child(h);
	if (why != 0)
		return why;
	return send(h->link, &ask, sizeof(ask), MSG_NOSIGNAL) == sizeof(ask)
	    ? 0 : errno;
}

/* ---- the digest ------------------------------------------------------------- */

/* Of the sealed copy, while the child is still unpacking it. */
static int
digest(struct xg_load *h)
{
	uint8_t buf[16 << 10];
	SHA2_CTX c;
	ssize_t n;

	SHA512Init(&c);
	for (uint64_t done = 0; done < h->size; done += (uint64_t)n) {
		n = pread(h->source, buf, sizeof(buf), (off_t)done);
		if (n <= 0)
			return n == 0 ? EIO : errno;
		SHA512Update(&c, buf, (size_t)n);
	}
	SHA512Final(h->sum, &c);
	return 0;
}

/* The child's two threads have more to do than this one. */
static void *
summer(void *arg)
{
	struct xg_load *h = arg;

	setpriority(PRIO_PROCESS, (id_t)gettid(), LEAST);
	h->why = digest(h);
	return NULL;
}

static void
begin_digest(struct xg_load *h)
{
	h->threaded = pthread_create(&h->summer, NULL, summer, h) == 0;
}

static int
end_digest(struct xg_load *h, struct xg_error *e)
{
	if (h->threaded)
		pthread_join(h->summer, NULL);
	else
		h->why = digest(h);
	h->threaded = false;
	return h->why == 0 ? 0 : xg_fail(e, h->why, "kernel %s: %s", h->name,
	    strerror(h->why));
}

/* ---- a kernel -------------------------------------------------------------------- */

XG_API void
xg_load_drop(struct xg_load *h)
{
	if (h == NULL)
		return;
	end_child(h);
	if (h->threaded)
		pthread_join(h->summer, NULL);
	if (h->source >= 0)
		close(h->source);
	if (h->image >= 0)
		close(h->image);
	free(h);
}

XG_API int
xg_load_prepare(struct xg_load **handle, struct xg_error *e)
{
	struct xg_load *h = calloc(1, sizeof(*h));
	int why = 0;

	if (h == NULL)
		return xg_fail(e, ENOMEM, "no memory");
	h->link = -1;
	h->source = memfd_create("xen-kernel-file",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);
	h->image = memfd_create("xen-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (h->source < 0 || h->image < 0)
		why = errno;
	else
		why = start_child(h);
	if (why == 0) {
		*handle = h;
		return 0;
	}
	xg_load_drop(h);
	return xg_fail(e, why, "start the loader: %s", strerror(why));
}

XG_API int
xg_load_start(struct xg_load *h, int fd, const char *name,
    const struct xg_limits *limits, struct xg_error *e)
{
	struct xg_limits l = *limits;
	int why;

	h->cpu = l.cpu;
	snprintf(h->name, sizeof(h->name), "%s", name);
	bound_by_host(&l);
	if (copy_file(h, fd, &l, e) < 0)
		return -1;
	why = ask_child(h, &l);
	if (why != 0)
		return xg_fail(e, why, "kernel %s: start the loader: %s", name,
		    strerror(why));
	begin_digest(h);
	return 0;
}

/* How the child ended without a report. */
static int
explain(struct xg_load *h, struct xg_error *e)
{
	struct rusage used = { .ru_maxrss = 0 };
	int status = wait_for(h, &used);
	unsigned cpu = (unsigned)(used.ru_utime.tv_sec +
	    used.ru_stime.tv_sec + 1);
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (sig == SIGXCPU || (sig == SIGKILL && cpu >= h->cpu))
		return xg_fail(e, ETIME,
		    "kernel %s: unpacking it takes more than %u s of CPU",
		    h->name, h->cpu);
	if (sig == SIGBUS || sig == SIGKILL)
		return xg_fail(e, ENOMEM,
		    "kernel %s: the loader was %s", h->name,
		    sig == SIGBUS ? "given no more memory by the host"
				  : "killed (has the host run out of memory?)");
	if (sig == SIGSYS)
		return xg_fail(e, EPERM,
		    "kernel %s: the loader tried what it must not; refused",
		    h->name);
	return xg_fail(e, EIO, "kernel %s: the loader died (%s %d); refused",
	    h->name, sig != 0 ? "signal" : "status",
	    sig != 0 ? sig : WEXITSTATUS(status));
}

bool
xg_load_hear(struct xg_load *h, struct xg_word *w)
{
	union {
		uint32_t magic;
		struct xg_word word;
		struct xg_report report;
	} said;
	ssize_t n;

	if (h->reported)
		return false;
	do
		n = recv(h->link, &said, sizeof(said), 0);
	while (n < 0 && errno == EINTR);
	if (n == sizeof(said.word) && said.magic == XG_WORD_MAGIC) {
		*w = said.word;
		return true;
	}
	if (n == sizeof(said.report) && said.magic == XG_REPORT_MAGIC) {
		h->report = said.report;
		h->reported = true;
	}
	return false;
}

int
xg_load_image(const struct xg_load *h)
{
	return h->image;
}

static int
refused(const struct xg_load *h, struct xg_report *r, struct xg_error *e)
{
	char *msg = r->error.msg;

	msg[sizeof(r->error.msg) - 1] = '\0';
	xg_printable(msg);
	return xg_fail(e,
	    r->error.errnum > 0 && r->error.errnum < 4096 ? r->error.errnum
							  : EIO,
	    "kernel %s: %s", h->name,
	    msg[0] != '\0' ? msg : "refused without a word");
}

/* While the child has the image mapped it cannot be; it is about to end. */
static int
seal(struct xg_load *h, int fd)
{
	if (fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return 0;
	if (errno != EBUSY)
		return -1;
	end_child(h);
	return fcntl(fd, F_ADD_SEALS, SEALS);
}

static int
accept_report(struct xg_load *h, struct xg_report *r, struct xg_kernel *out,
    struct xg_error *e)
{
	int *fd = r->whole ? &h->source : &h->image;
	struct stat st;

	if (r->failed != 0)
		return refused(h, r, e);
	/* From here on nobody can change the image. */
	if ((!r->whole && seal(h, *fd) < 0) || fstat(*fd, &st) < 0)
		return xg_fail(e, errno, "kernel %s: seal the image: %s",
		    h->name, strerror(errno));
	if ((uint64_t)st.st_size != r->kernel.size ||
	    xg_kernel_check(&r->kernel, NULL) < 0)
		return xg_fail(e, EIO, "kernel %s: the loader's report is "
		    "inconsistent; refused", h->name);
	*out = r->kernel;
	xg_printable(out->guest_os);
	xg_printable(out->packed);
	out->fd = *fd;
	*fd = -1;
	return 0;
}

XG_API int
xg_load_finish(struct xg_load *h, struct xg_kernel *out, struct xg_error *e)
{
	struct xg_word w;
	int result;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	while (xg_load_hear(h, &w))
		;
	if (!h->reported)
		result = explain(h, e);
	else if (end_digest(h, e) < 0)
		result = -1;
	else
		result = accept_report(h, &h->report, out, e);
	if (result == 0)
		memcpy(out->digest, h->sum, sizeof(h->sum));
	return result;
}

XG_API void
xg_kernel_close(struct xg_kernel *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
