/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xenstored: options, start, end. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"
#include "trace.h"
#include "xu_file.h"
#include "xu_num.h"
#include "xu_proc.h"

static void
usage(FILE *f)
{
	fputs(
	    "usage: xenstored [OPTIONS]\n"
	    "The store that Xen's domains and drivers share.\n"
	    "  -N, --no-fork          stay in the foreground\n"
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
	bool foreground, no_xen, no_state, no_restore;
	const char *pid_file, *trace_file, *test_hv, *state;
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

/* 0, or the exit status + 1. */
static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option opts[] = {
	    {"no-fork",    0, NULL, 'N'},
            {"pid-file",   1, NULL, 'F'},
	    {"trace-file", 1, NULL, 'T'},
            {"quota",      1, NULL, 'Q'},
	    {"timeout",    1, NULL, 'w'},
	    {"no-xen",     0, NULL, 'x'},
            {"test-hv",    1, NULL, 't'},
	    {"state",      1, NULL, 's'},
            {"no-state",   0, NULL, 'n'},
	    {"no-restore", 0, NULL, 'r'},
            {"version",    0, NULL, 'V'},
	    {"help",       0, NULL, 'h'},
            {NULL,         0, NULL, 0  }
        };
	int c;

	while ((c = getopt_long(argc, argv, "NF:T:Q:w:Vh", opts, NULL)) != -1)
		switch (c) {
		case 'N':
			o->foreground = true;
			break;
		case 'F':
			o->pid_file = optarg;
			break;
		case 'T':
			o->trace_file = optarg;
			break;
		case 'Q':
			if (set_quota(optarg) < 0)
				return 3;
			break;
		case 'w':
			if (set_timeout(optarg) < 0)
				return 3;
			break;
		case 'x':
			o->no_xen = true;
			break;
		case 't':
			o->test_hv = optarg;
			break;
		case 's':
			o->state = optarg;
			break;
		case 'n':
			o->no_state = true;
			break;
		case 'r':
			o->no_restore = true;
			break;
		case 'V':
			puts("xenstored (xld) " PACKAGE_VERSION);
			return 1;
		case 'h':
			usage(stdout);
			return 1;
		default:
			usage(stderr);
			return 3;
		}
	if (optind < argc) {
		fprintf(
		    stderr, "xenstored: '%s' is not an option\n", argv[optind]);
		return 3;
	}
	return 0;
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
start_state(const struct options *o, const char *socket, struct xu_err *e)
{
	const char *slash = strrchr(socket, '/');
	char dir[256];
	bool recovered;

	if (o->no_state)
		return 0;
	snprintf(dir, sizeof(dir), "%.*s/state",
	    slash == NULL ? 1 : (int)(slash - socket),
	    slash == NULL ? "." : socket);
	return state_open(
	    o->state != NULL ? o->state : dir, o->no_restore, &recovered, e);
}

static int
start(const struct options *o, struct xu_err *e)
{
	char buf[256];
	const char *path = socket_path(buf, sizeof(buf), e);
	int err;

	if (path == NULL)
		return -1;
	if (o->pid_file != NULL && xu_pidfile(o->pid_file, e) < 0)
		return -1;
	if (o->trace_file != NULL && (err = trace_open(o->trace_file)) != 0)
		return xu_err_set(e, "INTERNAL_ERROR", err, "open %s",
		    o->trace_file);
	if (watches_init() != 0 || store_init() != 0)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "start");
	if (start_state(o, path, e) < 0)
		return -1;
	if (!o->no_xen &&
	    domains_init(
		o->test_hv != NULL ? &hv_test : &hv_xen, o->test_hv, e) < 0)
		return -1;
	return loop_init(path, e);
}

int
main(int argc, char **argv)
{
	struct options o = {.foreground = false};
	struct xu_err e = XU_ERR_INIT;
	int r = parse(argc, argv, &o), ready = -1;

	if (r != 0)
		return r - 1;
	xu_log_open("xenstored", NULL, XU_INFO);
	if (!o.foreground && xu_daemonise(&ready, &e) < 0)
		goto fail;
	umask(077);
	if (start(&o, &e) < 0)
		goto fail;
	xu_daemon_ready(&ready);
	xu_sd_notify("READY=1");
	loop_run();
	return 0;
fail:
	fprintf(stderr, "xenstored: %s\n", e.msg);
	return 1;
}
