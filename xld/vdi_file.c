/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that are disks. Making and growing one takes no time, for the holes of a
 * file are zeros; copying one is the work of a program that has both files as
 * descriptors and may do nothing else (xld-copy).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "copy.h"
#include "qcow2.h"
#include "vdi.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"

#define PROGRAM XLD_LIBEXECDIR "/xld-copy"
#define WORDS	256

struct vdi_copy {
	struct core *core;
	struct xu_list all;
	pid_t pid;
	int out;
	uv_poll_t poll;
	/* The last words of it. */
	char words[WORDS];
	size_t nwords;
	bool cancelled;
	void (*progress)(void *arg, int percent);
	vdi_copied_f *done;
	void *arg;
};

void
vdi_file(const struct sr *s, const struct vdi *v, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.4000s/%s.%s", sr_folder(s), v->uuid,
	    vdi_format(v) == XU_DISK_QCOW2 ? "qcow2" : "raw");
}

static int
fail(struct xu_err *e, const char *path, const char *what)
{
	xu_err_set(e, XE(XLD_FILE), errno, "%s %s", what, path);
	xu_err_param(e, "%s", path);
	xu_err_param(e, "%s", strerror(errno));
	return -1;
}

/* A disk that could never be filled is not promised. */
static int
has_room(int fd, const char *path, int64_t more, struct xu_err *e)
{
	struct statvfs fs;
	unsigned long long room;

	if (fstatvfs(fd, &fs) < 0)
		return fail(e, path, "look at");
	room = (unsigned long long)fs.f_bavail * fs.f_frsize;
	if (more <= 0 || (unsigned long long)more <= room)
		return 0;
	xu_err_set(e, XE(SR_FULL), 0,
	    "%s would be %lld bytes larger and there is room for %llu", path,
	    (long long)more, room);
	xu_err_param(e, "%lld", (long long)more);
	xu_err_param(e, "%llu", room);
	return -1;
}

int
vdi_file_make(const char *path, int64_t size, bool qcow2, struct xu_err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = -1;

	if (fd < 0)
		return fail(e, path, "make");
	if (qcow2)
		r = qcow2_make(fd, (uint64_t)size) == 0 ? 0 :
			fail(e, path, "make");
	else if (has_room(fd, path, size, e) == 0)
		r = ftruncate(fd, size) == 0 && fsync(fd) == 0 ? 0 :
			fail(e, path, "make");
	close(fd);
	if (r < 0)
		unlink(path);
	return r;
}

static int
grow_raw(int fd, const char *path, int64_t size, struct xu_err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(e, path, "look at");
	if (has_room(fd, path, size - (int64_t)st.st_size, e) < 0)
		return -1;
	return size >= (int64_t)st.st_size && ftruncate(fd, size) == 0 &&
		fsync(fd) == 0 ? 0 : fail(e, path, "grow");
}

int
vdi_file_grow(const char *path, int64_t size, bool qcow2, struct xu_err *e)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), r;

	if (fd < 0)
		return fail(e, path, "open");
	if (qcow2)
		r = qcow2_grow(fd, (uint64_t)size) == 0 ? 0 :
			fail(e, path, "grow");
	else
		r = grow_raw(fd, path, size, e);
	close(fd);
	return r;
}

/* ---- copies ---------------------------------------------------------------------- */

static void
poll_closed(uv_handle_t *h)
{
	free(h->data);
}

static int
end_of(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* What an archive was, by the status: the code that clients are told. */
static const char *
code_of(int status)
{
	static const struct {
		int status;
		const char *code;
	} rows[] = {
		{ COPY_CUT, XE(XLD_TRANSFER) },
		{ COPY_LARGE, XE(XLD_TRANSFER) },
		{ COPY_TORN, XE(IMPORT_ERROR_PREMATURE_EOF) },
		{ COPY_SUMS, XE(IMPORT_ERROR_SOME_CHECKSUMS_FAILED) },
		{ COPY_UNEXPECTED, XE(IMPORT_ERROR_UNEXPECTED_FILE) },
		{ COPY_BAD, XE(IMPORT_ERROR) },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (WIFEXITED(status) && WEXITSTATUS(status) == rows[i].status)
			return rows[i].code;
	return NULL;
}

/* Its words are the sentence and the one parameter, or what was expected, a |, and
 * what was found. */
static void
say_refusal(const char *code, char *words, struct xu_err *e)
{
	char *found = strcmp(code, XE(IMPORT_ERROR_UNEXPECTED_FILE)) != 0 ?
	    NULL : strchr(words, '|');

	if (found == NULL) {
		xu_err_set(e, code, 0, "%s", words);
		/* These two have none. */
		if (strcmp(code, XE(IMPORT_ERROR_PREMATURE_EOF)) != 0 &&
		    strcmp(code, XE(IMPORT_ERROR_SOME_CHECKSUMS_FAILED)) != 0)
			xu_err_param(e, "%s", words);
		return;
	}
	*found++ = '\0';
	xu_err_set(e, code, 0, "%s was expected in the archive, and there is %s",
	    words, found);
	xu_err_param(e, "%s", words);
	xu_err_param(e, "%s", found);
}

/* Why it failed. */
static void
say_why(struct vdi_copy *y, int status, struct xu_err *e)
{
	const char *code = code_of(status);

	y->words[strcspn(y->words, "\n")] = '\0';
	if (y->cancelled) {
		xu_err_set(e, XE(TASK_CANCELLED), 0, "the copy was cancelled");
	} else if (code != NULL) {
		say_refusal(code, y->words, e);
	} else {
		xu_err_set(e, XE(XLD_HELPER), 0, "xld-copy: %s (%s %d)",
		    y->words[0] != '\0' ? y->words : "no reason given",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status));
		xu_err_param(e, "xld-copy");
		xu_err_param(e, "%s", y->words);
	}
}

/* It has closed its output: it has ended, or is about to. */
static void
finish(struct vdi_copy *y)
{
	int status = end_of(y->pid);
	struct xu_err e = XU_ERR_INIT;

	uv_poll_stop(&y->poll);
	close(y->out);
	xu_list_remove(&y->all);
	if (y->cancelled || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		say_why(y, status, &e);
	y->done(y->arg, xu_err_is_set(&e) ? &e : NULL);
	uv_close((uv_handle_t *)&y->poll, poll_closed);
}

/* Lines of per cents; anything else is why it ends. */
static void
take_words(struct vdi_copy *y)
{
	uint64_t percent;
	char *end;

	while ((end = strchr(y->words, '\n')) != NULL) {
		*end = '\0';
		if (!xu_num_u64(y->words, 10, 100, &percent)) {
			*end = '\n';
			return;
		}
		y->progress(y->arg, (int)percent);
		y->nwords -= (size_t)(end + 1 - y->words);
		memmove(y->words, end + 1, y->nwords + 1);
	}
}

static void
on_output(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct vdi_copy *y = h->data;
	ssize_t n = read(y->out, y->words + y->nwords,
	    WORDS - 1 - y->nwords);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(y);
		return;
	}
	y->nwords += (size_t)n;
	y->words[y->nwords] = '\0';
	take_words(y);
}

static int
spawn(struct vdi_copy *y, const int *fds, int nfds, char *const *argv,
    struct xu_err *e)
{
	struct xu_spawn s = { .path = PROGRAM,
		.argv = argv,
		.fds = fds,
		.nfds = nfds,
		.user = "nobody",
		.pdeathsig = SIGKILL };
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return xu_err_set(e, XE(XLD_HELPER), errno, "start %s", PROGRAM);
	s.out_fd = p[1];
	y->pid = xu_spawn(&s, e);
	close(p[1]);
	y->out = p[0];
	xu_set_nonblock(p[0], true);
	if (y->pid < 0)
		close(p[0]);
	return y->pid < 0 ? -1 : 0;
}

static void
close_both(const int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* As what says, with those descriptors and words. */
static struct vdi_copy *
begin(const struct vdi_copy *what, const int *fds, int nfds, char *const *argv,
    struct xu_err *e)
{
	struct vdi_copy *y = malloc(sizeof(*y));

	if (y == NULL) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "copy a disk");
		return NULL;
	}
	*y = *what;
	if (spawn(y, fds, nfds, argv, e) < 0) {
		free(y);
		return NULL;
	}
	uv_poll_init(y->core->loop, &y->poll, y->out);
	y->poll.data = y;
	uv_poll_start(&y->poll, UV_READABLE | UV_DISCONNECT, on_output);
	xu_list_append(&y->core->copies, &y->all);
	return y;
}

/* how: NULL for a copy from byte n on, else what copy_stream.c says. */
static struct vdi_copy *
begin_one(const struct vdi_copy *what, const int fds[2], const char *how,
    int64_t n, struct xu_err *e)
{
	static char name[] = "xld-copy";
	char number[24], word[16];
	char *const argv[] = { name, how != NULL ? word : number,
		how != NULL ? number : NULL, NULL };

	snprintf(number, sizeof(number), "%lld", (long long)n);
	snprintf(word, sizeof(word), "%s", how != NULL ? how : "");
	return begin(what, fds, 2, argv, e);
}

struct vdi_copy *
vdi_copy_start(struct core *c, const char *from, const char *to, int64_t start,
    void (*progress)(void *arg, int percent), vdi_copied_f *done, void *arg,
    struct xu_err *e)
{
	const struct vdi_copy what = { .core = c, .progress = progress,
		.done = done, .arg = arg };
	struct vdi_copy *y = NULL;
	int fds[2];

	fds[0] = open(from, O_RDONLY | O_CLOEXEC);
	fds[1] = fds[0] < 0 ? -1 : open(to, O_RDWR | O_CLOEXEC);
	/* Backends write to devices past what the kernel remembers of them. */
	if (fds[0] >= 0)
		posix_fadvise(fds[0], 0, 0, POSIX_FADV_DONTNEED);
	if (fds[1] < 0)
		fail(e, fds[0] < 0 ? from : to, "open");
	else
		y = begin_one(&what, fds, NULL, start, e);
	close_both(fds);
	return y;
}

struct vdi_copy *
vdi_stream_start(struct core *c, const char *path, enum vdi_stream how,
    int64_t size, int *client, void (*progress)(void *arg, int percent),
    vdi_copied_f *done, void *arg, struct xu_err *e)
{
	static const char *const words[] = { "give", "take", "take-image" };
	const struct vdi_copy what = { .core = c, .progress = progress,
		.done = done, .arg = arg };
	/* Which of the program's two is the pipe, and which end of that. */
	const int piped = how == VDI_GIVE ? 1 : 0, end = piped;
	struct vdi_copy *y = NULL;
	int fds[2] = { -1, -1 }, p[2];

	if (pipe2(p, O_CLOEXEC) < 0) {
		xu_err_set(e, XE(XLD_HELPER), errno, "a way to xld-copy");
		return NULL;
	}
	fds[piped] = p[end];
	fds[!piped] = open(path,
	    (how == VDI_GIVE ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	if (fds[!piped] < 0)
		fail(e, path, "open");
	else
		y = begin_one(&what, fds, words[how], size, e);
	close_both(fds);
	if (y != NULL)
		*client = p[!end];
	else
		close(p[!end]);
	return y;
}

/* The three words of argv for the disk; its descriptor. */
static int
add_disk(const struct vdi_xva *d, bool give, char **argv, struct xu_err *e)
{
	int fd = open(d->path, (give ? O_RDONLY : O_RDWR) | O_CLOEXEC);

	if (fd < 0)
		return fail(e, d->path, "open");
	/* As in vdi_copy_start. */
	if (give)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (asprintf(&argv[1], "%lld", (long long)d->size) < 0)
		argv[1] = NULL;
	argv[0] = strdup(d->name);
	argv[2] = strdup(d->qcow2 ? "qcow2" : "raw");
	return fd;
}

struct vdi_copy *
vdi_xva_start(struct core *c, const struct vdi_xva *disks, size_t n,
    const char *zip, int *client, void (*progress)(void *arg, int percent),
    vdi_copied_f *done, void *arg, struct xu_err *e)
{
	const struct vdi_copy what = { .core = c, .progress = progress,
		.done = done, .arg = arg };
	static char name[] = "xld-copy", gives[] = "xva-give",
	    takes[] = "xva-take", none[] = "-";
	char *argv[3 + 3 * VDI_XVA_DISKS + 1] = { name,
		zip != NULL ? gives : takes,
		zip == NULL || zip[0] == '\0' ? none : strdup(zip) };
	int fds[1 + VDI_XVA_DISKS], nfds = 1, p[2];
	struct vdi_copy *y = NULL;
	bool ok = true;

	if (pipe2(p, O_CLOEXEC) < 0) {
		xu_err_set(e, XE(XLD_HELPER), errno, "a way to xld-copy");
		return NULL;
	}
	fds[0] = p[zip != NULL ? 1 : 0];
	for (size_t i = 0; ok && i < n; i++) {
		fds[nfds] = add_disk(&disks[i], zip != NULL, argv + 3 + 3 * i,
		    e);
		ok = fds[nfds] >= 0;
		nfds += ok;
	}
	for (size_t i = 0; ok && i < 3 + 3 * n; i++)
		if (argv[i] == NULL) {
			xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "xld-copy");
			ok = false;
		}
	if (ok)
		y = begin(&what, fds, nfds, argv, e);
	for (int i = 0; i < nfds; i++)
		close(fds[i]);
	if (y != NULL)
		*client = p[zip != NULL ? 0 : 1];
	else
		close(p[zip != NULL ? 0 : 1]);
	for (size_t i = argv[2] == none ? 3 : 2; i < 3 + 3 * n; i++)
		free(argv[i]);
	return y;
}

void
vdi_copy_cancel(struct vdi_copy *y)
{
	y->cancelled = true;
	kill(y->pid, SIGKILL);
}

void
vdi_copies_close(struct core *c)
{
	while (!xu_list_empty(&c->copies)) {
		struct vdi_copy *y = xu_container_of(c->copies.next,
		    struct vdi_copy, all);

		vdi_copy_cancel(y);
		finish(y);
	}
}
