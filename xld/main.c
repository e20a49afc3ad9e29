/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xld: options, the background, signals; the rest is core.c's. */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access.h"
#include "link.h"
#include "sampled.h"
#include "xld.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"
#include "xu_sd.h"

#define PID_FILE XLD_RUNDIR "/xld.pid"
#define LOG_FILE XLD_LOGDIR "/xld.log"

static const char usage[] =
    "usage: xld [OPTIONS]\n"
    "The daemon that owns every Xen guest of this host.\n"
    "  -D, --daemon          go into the background once ready\n"
    "  -f, --foreground      stay (the default); the log goes to stderr\n"
    "  -c, --config FILE     settings (" CONF_FILE ")\n"
    "  -p, --pid-file FILE   (" PID_FILE ")\n"
    "  -l, --log-file FILE   (in the background: " LOG_FILE ")\n"
    "  -L, --log-level L     error, warning, notice, info or debug (info)\n"
    "  -K, --kernel-cache MIB  memory for unpacked kernels, 0 = none (256)\n"
    "  -V, --version\n"
    "  -h, --help\n"
    "Signals: TERM and INT end it (guests go on), HUP reads the settings and\n"
    "opens log files again.\n"
    "Status: 0 ended as asked, 1 failed, 2 usage, 75 no Xen underneath.\n";

struct options {
	bool background;
	const char *conf_file, *pid_file, *log_file;
	enum xu_level level;
	uint64_t kernels_max;
};

static int
level_of(const char *word, enum xu_level *out)
{
	static const char *const words[] = { [XU_ERROR] = "error",
		[XU_WARNING] = "warning",
		[XU_NOTICE] = "notice",
		[XU_INFO] = "info",
		[XU_DEBUG] = "debug" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcmp(words[i], word) == 0) {
			*out = (enum xu_level)i;
			return 0;
		}
	fprintf(stderr, "xld: '%s' is no log level: error, warning, notice, "
			"info or debug\n", word);
	return -1;
}

static int
mebibytes(const char *word, uint64_t *out)
{
	uint64_t n;

	if (!xu_num_u64(word, 10, 1u << 20, &n)) {
		fprintf(stderr, "xld: '%s' is no number of MiB from 0 to "
				"1048576\n", word);
		return -1;
	}
	*out = n << 20;
	return 0;
}

/* -1: go on; otherwise what to exit with. */
static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "daemon", no_argument, NULL, 'D' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "config", required_argument, NULL, 'c' },
		{ "pid-file", required_argument, NULL, 'p' },
		{ "log-file", required_argument, NULL, 'l' },
		{ "log-level", required_argument, NULL, 'L' },
		{ "kernel-cache", required_argument, NULL, 'K' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "Dfc:p:l:L:K:Vh", longs, NULL)) >= 0)
		switch (opt) {
		case 'D':
			o->background = true;
			break;
		case 'f':
			o->background = false;
			break;
		case 'c':
			o->conf_file = optarg;
			break;
		case 'p':
			o->pid_file = optarg;
			break;
		case 'l':
			o->log_file = optarg;
			break;
		case 'L':
			if (level_of(optarg, &o->level) < 0)
				return 2;
			break;
		case 'K':
			if (mebibytes(optarg, &o->kernels_max) < 0)
				return 2;
			break;
		case 'V':
			puts("xld " PACKAGE_VERSION);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			return 2;
		}
	if (optind < argc) {
		fprintf(stderr, "xld: unexpected argument '%s'; see --help\n",
		    argv[optind]);
		return 2;
	}
	return -1;
}

/* ---- signals -------------------------------------------------------------------- */

static void
on_end(uv_signal_t *h, int number XU_UNUSED)
{
	uv_stop(h->loop);
}

static void
on_hup(uv_signal_t *h, int number XU_UNUSED)
{
	struct core *c = h->data;
	struct xu_err e = XU_ERR_INIT;

	xu_sd_reloading();
	xu_log_reopen();
	if (audit_open(c, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	xu_err_clear(&e);
	consoles_reopen(c);
	if (conf_load(c, &e) < 0)
		xu_log(XU_ERROR, "the settings stay as they are: %s", e.msg);
	else {
		api_reload(c);
		link_listen(c);
		sampled_settings(c);
	}
	xu_sd_notify("READY=1");
}

/* The service manager hears that the loop goes round. */
static void
alive(uv_timer_t *t XU_UNUSED)
{
	xu_sd_notify("WATCHDOG=1");
}

static void
start_watchdog(struct core *c)
{
	static uv_timer_t timer;
	uint64_t ms = xu_sd_watchdog() / 1000;

	if (ms < 2)
		return;
	uv_timer_init(c->loop, &timer);
	uv_timer_start(&timer, alive, ms / 2, ms / 2);
}

static void
on_child(uv_signal_t *h, int number XU_UNUSED)
{
	struct core *c = h->data;
	int status;

	/* Workers that have work are waited for by their channel. */
	workers_child(c);
	if (c->api_pid > 0 && waitpid(c->api_pid, &status, WNOHANG) ==
	    c->api_pid)
		api_died(c, status);
}

static void
signals(struct core *c)
{
	static const struct {
		int number;
		uv_signal_cb f;
	} rows[] = {
		{ SIGTERM, on_end },
		{ SIGINT, on_end },
		{ SIGHUP, on_hup },
		{ SIGCHLD, on_child },
	};
	static uv_signal_t handles[XU_ARRAY_SIZE(rows)];

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		uv_signal_init(c->loop, &handles[i]);
		handles[i].data = c;
		uv_signal_start(&handles[i], rows[i].f, rows[i].number);
	}
}

/* ---- start ------------------------------------------------------------------------- */

static int
fail(const struct xu_err *e)
{
	xu_log_err(XU_ERROR, e);
	return strcmp(e->code, "XLD_NO_XEN") == 0 ? 75 : 1;
}

static int
serve(struct core *c, int *ready_fd)
{
	struct xu_err e = XU_ERR_INIT;

	signals(c);
	if (core_open(c, &e) < 0)
		return fail(&e);
	xu_log(XU_NOTICE, "xld " PACKAGE_VERSION " on Xen %u.%u%s",
	    c->version.major, c->version.minor, c->version.extra);
	if (*ready_fd >= 0)
		xu_daemon_ready(ready_fd);
	xu_sd_notify("READY=1");
	start_watchdog(c);
	uv_run(c->loop, UV_RUN_DEFAULT);
	xu_sd_notify("STOPPING=1");
	core_close(c);
	xu_log(XU_NOTICE, "xld has ended; guests go on");
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { .conf_file = CONF_FILE, .pid_file = PID_FILE, .level = XU_INFO,
		.kernels_max = 256u << 20 };
	static struct core core;
	struct core *c = &core;
	struct xu_err e = XU_ERR_INIT;
	int ready_fd = -1, r = parse(argc, argv, &o), lock;

	if (r >= 0)
		return r;
	xu_log_open("xld", NULL, o.level);
	umask(077);
	if (xu_mkdirs(XLD_RUNDIR, 0711, &e) < 0 ||
	    xu_mkdirs(XLD_LOGDIR, 0700, &e) < 0)
		return fail(&e);
	if (o.background && xu_daemonise(&ready_fd, &e) < 0)
		return fail(&e);
	lock = xu_pidfile(o.pid_file, &e);
	if (lock < 0)
		return fail(&e);
	if (o.background && o.log_file == NULL)
		o.log_file = LOG_FILE;
	if (o.log_file != NULL &&
	    xu_log_open("xld", o.log_file, o.level) < 0) {
		xu_err_set(&e, "XLD_FILE", errno, "log file %s", o.log_file);
		return fail(&e);
	}
	c->kernels_max = o.kernels_max;
	c->conf_path = o.conf_file;
	if (conf_load(c, &e) < 0)
		return fail(&e);
	c->loop = uv_default_loop();
	r = serve(c, &ready_fd);
	if (r == 0)
		unlink(o.pid_file);
	close(lock);
	return r;
}
