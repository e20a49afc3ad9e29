/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks a libxenstore, whichever it runs on, for all that programs rely on and
 * prints what it answers. xenstore_abi.sh compares Debian's with ours.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xenstore.h"

static const char *
err(bool ok)
{
	return ok ? "ok" : strerror(errno);
}

static void
say_text(const char *what, char *v)
{
	printf("%s: %s\n", what, v != NULL ? v : strerror(errno));
	free(v);
}

static void
say_list(struct xs_handle *h, const char *what, const char *path)
{
	unsigned n = 77;
	char **v = xs_directory(h, 0, path, &n);

	printf("%s: %s", what, v != NULL ? "" : strerror(errno));
	for (unsigned i = 0; v != NULL && i < n; i++)
		printf("[%s]", v[i]);
	printf(" (%u)\n", n);
	free(v);
}

static void
values(struct xs_handle *h)
{
	static char big[8192];
	unsigned len = 77;

	printf("write: %s\n", err(xs_write(h, 0, "/t/a", "a\0b", 3)));
	say_text("read", xs_read(h, 0, "/t/a", &len));
	printf("len %u\n", len);
	len = 77;
	say_text("read none", xs_read(h, 0, "/t/none", &len));
	say_text("read badly", xs_read(h, 0, "/t//a", &len));
	say_text("read without length", xs_read(h, 0, "/t/a", NULL));
	printf("empty: %s\n", err(xs_write(h, 0, "/t/e", NULL, 0)));
	say_text("read empty", xs_read(h, 0, "/t/e", &len));
	printf("len %u\n", len);
	printf("big: %s\n", err(xs_write(h, 0, "/t/b", big, sizeof(big))));
	printf("after: %s\n", err(xs_write(h, 0, "/t/b", big, 100)));
	printf("mkdir: %s\n", err(xs_mkdir(h, 0, "/t/d/e")));
	printf("mkdir again: %s\n", err(xs_mkdir(h, 0, "/t/d/e")));
	say_list(h, "list", "/t");
	say_list(h, "list nothing", "/t/d/e");
	say_list(h, "list none", "/t/none");
	printf("rm none: %s\n", err(xs_rm(h, 0, "/t/none")));
	printf("rm far: %s\n", err(xs_rm(h, 0, "/t/none/far")));
	printf("rm: %s\n", err(xs_rm(h, 0, "/t/d")));
	printf("restrict: %d\n", xs_restrict(h, 1));
}

static void
perms(struct xs_handle *h)
{
	struct xs_permissions p[3] = { { 3, XS_PERM_NONE },
		{ 4, XS_PERM_READ }, { 5, XS_PERM_READ | XS_PERM_WRITE } };
	struct xs_permissions *got;
	unsigned n = 0;

	printf("set: %s\n", err(xs_set_permissions(h, 0, "/t/a", p, 3)));
	got = xs_get_permissions(h, 0, "/t/a", &n);
	for (unsigned i = 0; got != NULL && i < n; i++)
		printf("%u %u\n", got[i].id, (unsigned)got[i].perms);
	free(got);
	printf("none: %s\n", err(xs_set_permissions(h, 0, "/none", p, 3)));
	printf("no perms: %s\n",
	    err(xs_set_permissions(h, 0, "/t/a", p, 0)));
	printf("get none: %s\n",
	    err(xs_get_permissions(h, 0, "/none", &n) != NULL));
	printf("special: %s\n",
	    err(xs_set_permissions(h, 0, "@releaseDomain", p, 1)));
}

static void
transactions(struct xs_handle *h)
{
	xs_transaction_t t = xs_transaction_start(h), t2;

	printf("started %d\n", t != 0);
	printf("write: %s\n", err(xs_write(h, t, "/x/a", "1", 1)));
	say_text("inside", xs_read(h, t, "/x/a", NULL));
	say_text("outside", xs_read(h, 0, "/x/a", NULL));
	t2 = xs_transaction_start(h);
	printf("another %d\n", t2 != 0 && t2 != t);
	printf("abort: %s\n", err(xs_transaction_end(h, t2, true)));
	printf("commit: %s\n", err(xs_transaction_end(h, t, false)));
	say_text("outside", xs_read(h, 0, "/x/a", NULL));
	printf("again: %s\n", err(xs_transaction_end(h, t, false)));
	printf("none: %s\n", err(xs_transaction_end(h, 0, false)));
	printf("in none: %s\n", err(xs_write(h, 4711, "/x/a", "1", 1)));
	t = xs_transaction_start(h);
	say_text("read", xs_read(h, t, "/x/a", NULL));
	printf("write: %s\n", err(xs_write(h, t, "/x/a", "2", 1)));
	printf("beside: %s\n", err(xs_write(h, 0, "/x/a", "3", 1)));
	printf("conflict: %s\n", err(xs_transaction_end(h, t, false)));
}

static bool
readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN) != 0;
}

static void
next(struct xs_handle *h)
{
	unsigned n = 0;
	char **v = xs_read_watch(h, &n);

	printf("event %u %s %s\n", n, v[XS_WATCH_PATH], v[XS_WATCH_TOKEN]);
	free(v);
}

static void
watches(struct xs_handle *h)
{
	int fd = xs_fileno(h);

	printf("same %d\n", fd == xs_fileno(h));
	printf("check: %s\n", err(xs_check_watch(h) != NULL));
	printf("quiet %d\n", readable(fd, 0));
	printf("watch: %s\n", err(xs_watch(h, "/w", "t1")));
	printf("again: %s\n", err(xs_watch(h, "/w", "t1")));
	printf("other: %s\n", err(xs_watch(h, "/w", "t2")));
	printf("relative: %s\n", err(xs_watch(h, "w", "")));
	printf("badly: %s\n", err(xs_watch(h, "/w//", "t")));
	printf("readable %d\n", readable(fd, 10000));
	for (int i = 0; i < 3; i++)
		next(h);
	printf("quiet %d\n", readable(fd, 0));
	printf("check: %s\n", err(xs_check_watch(h) != NULL));
	printf("write: %s\n", err(xs_write(h, 0, "/w/x", "1", 1)));
	next(h);
	next(h);
	printf("unwatch: %s\n", err(xs_unwatch(h, "/w", "t2")));
	printf("again: %s\n", err(xs_unwatch(h, "/w", "t2")));
	printf("write: %s\n", err(xs_write(h, 0, "/w/y", "1", 1)));
	next(h);
	/* With the filter, what waits goes with the watch. */
	printf("write: %s\n", err(xs_write(h, 0, "/w/z", "1", 1)));
	printf("readable %d\n", readable(fd, 10000));
	printf("unwatch: %s\n", err(xs_unwatch(h, "/w", "t1")));
	printf("quiet %d\n", readable(fd, 0));
	printf("check: %s\n", err(xs_check_watch(h) != NULL));
}

static void *
waiter(void *arg)
{
	unsigned n;

	return xs_read_watch(arg, &n);
}

static void
threads(struct xs_handle *h)
{
	void *v = NULL;
	pthread_t t;

	printf("watch: %s\n", err(xs_watch(h, "/th", "t")));
	next(h);
	pthread_create(&t, NULL, waiter, h);
	printf("write: %s\n", err(xs_write(h, 0, "/th/x", "1", 1)));
	pthread_join(t, &v);
	say_text("event", v != NULL ? strdup(((char **)v)[0]) : NULL);
	free(v);
}

static void
domains(struct xs_handle *h)
{
	say_text("path", xs_get_domain_path(h, 5));
	printf("introduced %d\n", xs_is_domain_introduced(h, 5));
	printf("release: %s\n", err(xs_release_domain(h, 5)));
	printf("resume: %s\n", err(xs_resume_domain(h, 5)));
	printf("target: %s\n", err(xs_set_target(h, 5, 6)));
	printf("port %d\n", xs_suspend_evtchn_port(5));
	say_text("control", xs_control_command(h, "print", (char *)"x", 2));
	say_text("control", xs_control_command(h, "nonsense", NULL, 0));
	say_text("debug", xs_debug_command(h, "print", (char *)"x", 2));
}

static void
texts(void)
{
	static const char *const pairs[][2] = { { "/", "/a" }, { "/a", "/a" },
		{ "/a", "/ab" }, { "/a", "/a/b" }, { "/a/", "/a/b" },
		{ "a", "a/b" }, { "", "/a" }, { "/a/b", "/a" } };
	static const char *const letters[] = { "n0", "r1", "w2", "b3", "x0", "r",
		"", "0" };
	struct xs_permissions p[2];
	int fd[2];
	char c = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		printf("%s in %s: %d\n", pairs[i][1], pairs[i][0],
		    xs_path_is_subpath(pairs[i][0], pairs[i][1]));
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		bool ok = xs_strings_to_perms(p, 1, letters[i]);

		printf("'%s': %d", letters[i], ok);
		if (ok)
			printf(" %u %u", p[0].id, (unsigned)p[0].perms);
		printf("\n");
	}
	if (pipe(fd) == 0)
		printf("write all %d", xs_write_all(fd[1], "x", 1));
	printf(" %zd %c\n", read(fd[0], &c, 1), c);
	close(fd[0]);
	close(fd[1]);
}

/* A child drops the handle; the parent's goes on. */
static void
forked(struct xs_handle *h)
{
	pid_t p = fork();

	if (p == 0) {
		xs_daemon_destroy_postfork(h);
		h = xs_open(0);
		_exit(h != NULL && xs_write(h, 0, "/child", "1", 1) ? 0 : 1);
	}
	waitpid(p, NULL, 0);
	say_text("of the child", xs_read(h, 0, "/child", NULL));
}

int
main(void)
{
	struct xs_handle *h = xs_open(XS_UNWATCH_FILTER);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (h == NULL) {
		perror("xs_open");
		return 1;
	}
	values(h);
	perms(h);
	transactions(h);
	watches(h);
	threads(h);
	domains(h);
	texts();
	forked(h);
	xs_rm(h, 0, "/t");
	xs_rm(h, 0, "/x");
	xs_rm(h, 0, "/w");
	xs_rm(h, 0, "/th");
	xs_rm(h, 0, "/child");
	xs_close(h);
	xs_close(NULL);
	setenv("XENSTORED_PATH", "/nowhere/at/all", 1);
	printf("nowhere: %s\n", err(xs_open(XS_OPEN_SOCKETONLY) != NULL));
	return 0;
}
