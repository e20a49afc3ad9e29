/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstored: options, start, end. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"
#include "supervise.h"
#include "trace.h"
#include "xu_file.h"
#include "xu_num.h"
#include "xu_proc.h"
#include "xu_sd.h"

static void
usage(FILE *f)
{
	fputs(
	    "usage: xenstored [OPTIONS]\n"
	    "The store that Xen's domains and drivers share.\n"
	    "  -N, --no-fork          stay in the foreground, in one process, as "
	    "who starts it\n"
	    "      --supervise        stay in the foreground, with a worker that "
	    "is kept alive\n"
	    "      --user NAME        whom the worker becomes (xenstored)\n"
	    "  -F, --pid-file FILE    write and lock a pid file\n"
	    "  -T, --trace-file FILE  write every request and reply to FILE\n"
	    "  -Q, --quota NAME=N     default quota of domains (0 = none)\n"
	    "  -w, --timeout watch-event=SECONDS\n"
	    "                         an event that a domain does not read is "
	    "dropped (20)\n"
	    "      --no-xen           sockets only, no domains\n"
	    "      --test-hv DIR      domains and rings from DIR, no Xen\n"
	    "      --state DIR        keep the store over the daemon's death in "
	    "DIR, on tmpfs\n"
	    "                         (default: state, beside the socket)\n"
	    "      --no-state         do not keep it\n"
	    "      --no-restore       begin with an empty store\n"
	    "  -V, --version, -h, --help\n"
	    "XENSTORED_RUNDIR (/run/xenstored) and XENSTORED_PATH name the "
	    "socket.\n",
	    f);
}

struct options {
	bool foreground, no_xen, no_state, no_restore, supervise, worker;
	const char *pid_file, *trace_file, *test_hv, *state, *user;
	char state_dir[256];
};

static int
set_quota(char *arg)
{
	char *eq = strchr(arg, '=');
	uint64_t v;
	int q;

	if (eq == NULL || !xu_num_u64(eq + 1, 10, UINT32_MAX, &v))
		goto bad;
	*eq = '\0';
	q = quota_find(arg);
	if (q >= 0) {
		quota_defaults[q] = (uint32_t)v;
		return 0;
	}
	*eq = '=';
bad:
	fprintf(
	    stderr, "xenstored: --quota %s: needs NAME=NUMBER; names:", arg);
	for (q = 0; q < QUOTA_COUNT; q++)
		fprintf(stderr, " %s", quota_name((enum quota)q));
	fputc('\n', stderr);
	return -1;
}

static int
set_timeout(const char *arg)
{
	static const char name[] = "watch-event=";
	uint64_t v;

	if (strncmp(arg, name, strlen(name)) != 0 ||
	    !xu_num_u64(arg + strlen(name), 10, 86400, &v) || v == 0) {
		fprintf(stderr,
		    "xenstored: --timeout %s: needs watch-event=SECONDS, 1 to "
		    "86400\n",
		    arg);
		return -1;
	}
	queue_patience_ms = (uint32_t)v * 1000;
	return 0;
}

static int
no_operand(const char *arg)
{
	fprintf(stderr, "xenstored: '%s' is not an option\n", arg);
	return 3;
}

/* 0, or the exit status + 1. */
static int
option(int c, struct options *o)
{
	switch (c) {
	case 'N': o->foreground = true; return 0;
	case 'S': o->supervise = true; return 0;
	case 'W': o->worker = true; return 0;
	case 'x': o->no_xen = true; return 0;
	case 'n': o->no_state = true; return 0;
	case 'r': o->no_restore = true; return 0;
	case 'F': o->pid_file = optarg; return 0;
	case 'T': o->trace_file = optarg; return 0;
	case 't': o->test_hv = optarg; return 0;
	case 's': o->state = optarg; return 0;
	case 'u': o->user = optarg; return 0;
	case 'w': return set_timeout(optarg) < 0 ? 3 : 0;
	case 'Q': return set_quota(optarg) < 0 ? 3 : 0;
	case 'V': puts("xenstored (xld) " PACKAGE_VERSION); return 1;
	case 'h': usage(stdout); return 1;
	default: usage(stderr); return 3;
	}
}

static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option opts[] = {
		{ "no-fork", 0, NULL, 'N' }, { "supervise", 0, NULL, 'S' },
		{ "user", 1, NULL, 'u' }, { "worker", 0, NULL, 'W' },
		{ "pid-file", 1, NULL, 'F' }, { "trace-file", 1, NULL, 'T' },
		{ "quota", 1, NULL, 'Q' }, { "timeout", 1, NULL, 'w' }, { "no-xen", 0, NULL, 'x' },
		{ "test-hv", 1, NULL, 't' }, { "state", 1, NULL, 's' },
		{ "no-state", 0, NULL, 'n' }, { "no-restore", 0, NULL, 'r' },
		{ "version", 0, NULL, 'V' }, { "help", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c, r = 0;

	while (r == 0 &&
	    (c = getopt_long(argc, argv, "NF:T:Q:w:Vh", opts, NULL)) != -1)
		r = option(c, o);
	return r != 0 || optind == argc ? r : no_operand(argv[optind]);
}

static const char *
socket_path(char *buf, size_t size, struct xu_err *e)
{
	const char *path = getenv("XENSTORED_PATH");
	const char *dir = getenv("XENSTORED_RUNDIR");

	if (path != NULL)
		return path;
	if (dir == NULL)
		dir = "/run/xenstored";
	if (xu_mkdirs(dir, 0755, e) < 0)
		return NULL;
	snprintf(buf, size, "%s/socket", dir);
	return buf;
}

static int
start_state(struct options *o, const char *socket, struct xu_err *e)
{
	const char *slash = strrchr(socket, '/');
	bool recovered;

	if (o->no_state)
		return 0;
	if (o->state != NULL)
		snprintf(o->state_dir, sizeof(o->state_dir), "%s", o->state);
	else
		snprintf(o->state_dir, sizeof(o->state_dir), "%.*s/state",
		    slash == NULL ? 1 : (int)(slash - socket),
		    slash == NULL ? "." : socket);
	/* An empty store was asked of the first worker, not of its successors. */
	return state_open(o->state_dir,
	    o->no_restore && (!o->worker || worker_how() == START_FIRST),
	    &recovered, e);
}

static int
open_trace(const char *file, struct xu_err *e)
{
	int err = file == NULL ? 0 : trace_open(file);

	return err == 0
	    ? 0
	    : xu_err_set(e, "INTERNAL_ERROR", err, "open %s", file);
}

/* The daemon proper, in this process. */
static int
prepare(struct options *o, const char *path, struct xu_err *e)
{
	const struct hv_ops *from = o->test_hv != NULL ? &hv_test : &hv_xen;
	int fd = LISTEN_FD;

	if (o->worker && worker_begin(e) < 0)
		return -1;
	if (o->worker)
		update_possible();
	if (open_trace(o->trace_file, e) < 0)
		return -1;
	if (watches_init() != 0 || store_init() != 0)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "start");
	if (start_state(o, path, e) < 0)
		return -1;
	if (!o->no_xen && domains_init(from, o->test_hv, e) < 0)
		return -1;
	if (!o->worker)
		fd = xu_listen_unix(path, 0600, 128, e);
	if (fd < 0 || loop_init(fd, e) < 0)
		return -1;
	update_answer();
	return worker_confine(o->user, o->state_dir, e);
}

static int ready_fd = -1;

static void
is_ready(void)
{
	xu_daemon_ready(&ready_fd);
	xu_sd_notify("READY=1");
}

static int
run(struct options *o, char **argv, struct xu_err *e)
{
	bool alone = o->worker || (o->foreground && !o->supervise);
	const char *path;
	char buf[256];
	int fd;

	path = socket_path(buf, sizeof(buf), e);
	if (path == NULL)
		return -1;
	if (!o->worker && o->pid_file != NULL && xu_pidfile(o->pid_file, e) < 0)
		return -1;
	if (!alone) {
		fd = xu_listen_unix(path, 0600, 128, e);
		return fd < 0 ? -1 : supervise(fd, argv, is_ready);
	}
	if (prepare(o, path, e) < 0)
		return -1;
	if (o->worker)
		worker_ready();
	else
		is_ready();
	loop_run();
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .user = "xenstored" };
	struct xu_err e = XU_ERR_INIT;
	int r = parse(argc, argv, &o);

	if (r != 0)
		return r - 1;
	/* Else the heap gathers what was freed and sorts it all at once, a pause
	 * of tens of milliseconds after a client with many watches. */
	(void)mallopt(M_MXFAST, 0);
	xu_log_open("xenstored", NULL, XU_INFO);
	if (!o.foreground && !o.worker && !o.supervise &&
	    xu_daemonise(&ready_fd, &e) < 0)
		r = -1;
	umask(077);
	if (r == 0)
		r = run(&o, argv + 1, &e);
	if (r < 0)
		fprintf(stderr, "xenstored: %s\n", e.msg);
	return r < 0 ? 1 : r;
}
