/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm top: what domains use, again and again, on a terminal or as lines. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cmd_top.h"
#include "cmds.h"
#include "xu_num.h"

struct top {
	struct xm *xm;
	struct top_view view;
	/* What the view looks at. */
	struct xapi_value *before, *now, *host;
	long long asked_ns, delay_ms;
	char *ref;
	/* Of the terminal. */
	struct termios was;
	bool raw;
};

/* --- figures -------------------------------------------------------------- */

static long long
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* What does not change while we look. A status. */
static int
learn_host(struct top *t)
{
	struct xapi_value *metrics;
	struct xapi_err e;
	int status = xm_connect(t->xm);

	if (status != 0)
		return status;
	t->ref = xm_host(t->xm, &e);
	if (t->ref != NULL)
		t->host = xapi_call(t->xm->api, &e, "host.get_record", "s",
		    t->ref);
	metrics = t->host == NULL ? NULL : xapi_call(t->xm->api, &e,
	    "host_metrics.get_record", "s", xapi_get_str(t->host, "metrics"));
	if (metrics == NULL)
		return xm_fail(t->xm, &e);
	t->view.memory_kib = xapi_get_int(metrics, "memory_total") / 1024;
	xapi_free(metrics);
	return 0;
}

static int
ask(struct top *t)
{
	long long at = now_ns();
	struct xapi_value *v;
	struct xapi_err e;

	v = xapi_call(t->xm->api, &e, "host.list_usage", "s", t->ref);
	if (v == NULL)
		return xm_fail(t->xm, &e);
	xapi_free(t->before);
	t->view.before = t->before = t->now;
	t->view.now = t->now = v;
	t->view.elapsed_ns = t->before == NULL ? 0 : at - t->asked_ns;
	t->asked_ns = at;
	return 0;
}

/* --- lines ---------------------------------------------------------------- */

static int
print_once(struct top *t)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	struct xapi_value *v;
	bool fits;

	if (t->xm->format == XM_JSON) {
		/* One time on each line. */
		v = top_json(&t->view);
		fits = xm_json_line(v, &out);
		xapi_free(v);
		if (!fits)
			return xm_no_memory(t->xm);
	} else {
		top_table(&t->view, &out);
	}
	return xm_print(t->xm, &out);
}

static int
batch(struct top *t, int64_t times)
{
	int status = 0;

	for (int64_t i = 0; status == 0 && (times == 0 || i < times); i++) {
		if (i > 0)
			poll(NULL, 0, (int)t->delay_ms);
		status = ask(t);
		if (status == 0)
			status = print_once(t);
		/* Whoever reads it may have gone. */
		if (fflush(stdout) != 0)
			return XM_FAILED;
	}
	return status;
}

/* --- a terminal ------------------------------------------------------------- */

static void
on_resize(int sig XU_UNUSED)
{
	/* It ends the wait for a key. */
}

static int
take_terminal(struct top *t)
{
	struct sigaction sa = { .sa_handler = on_resize };
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->was) < 0)
		return -1;
	raw = t->was;
	raw.c_lflag &= (tcflag_t)~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	xm_catch_signals();
	sigaction(SIGWINCH, &sa, NULL);
	t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	/* The other screen, no cursor. */
	fputs("\033[?1049h\033[?25l", stdout);
	return t->raw ? 0 : -1;
}

static void
give_terminal(struct top *t)
{
	if (!t->raw)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &t->was);
}

static void
put_heading(const struct top *t, struct xu_buf *out)
{
	static const struct {
		char letter;
		const char *word;
	} words[] = { { 'r', "running" }, { 'b', "blocked" },
		{ 'p', "paused" }, { 'c', "crashed" }, { 'd', "dying" },
		{ 's', "shutdown" } };
	const struct xapi_value *cpus = xapi_get(t->host, "cpu_configuration");
	const struct xapi_value *soft = xapi_get(t->host, "software_version");
	size_t n = xapi_count(t->now), count;
	time_t now = time(NULL);
	char clock[16] = "";
	struct tm tm;

	if (localtime_r(&now, &tm) != NULL)
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	xu_buf_addf(out, "xm top - %s   Xen %s   sorted by %s\n", clock,
	    xapi_get_str(soft, "xen_version"),
	    t->view.sort != NULL ? t->view.sort : "id");
	xu_buf_addf(out, "%zu domain%s:", n, n == 1 ? "" : "s");
	for (size_t w = 0; w < XU_ARRAY_SIZE(words); w++) {
		count = 0;
		for (size_t i = 0; i < n; i++)
			count += strchr(xapi_get_str(xapi_at(t->now, i),
				"state"), words[w].letter) != NULL;
		xu_buf_addf(out, "%s %zu %s", w > 0 ? "," : "", count,
		    words[w].word);
	}
	xu_buf_addf(out, "\nMem: %lldk total   CPUs: %s @ %sMHz   "
			 "q: end  s: sort  f: names\n\n",
	    t->view.memory_kib, xapi_get_str(cpus, "nr_cpus"),
	    xapi_get_str(cpus, "cpu_mhz"));
}

/* What fits, line by line. */
static void
draw(const struct top *t)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	const char *s;
	size_t n;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 || ws.ws_row == 0)
		ws = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	put_heading(t, &text);
	top_table(&t->view, &text);
	fputs("\033[H", stdout);
	s = xu_buf_text(&text);
	for (unsigned row = 0; row < ws.ws_row && *s != '\0'; row++) {
		n = strcspn(s, "\n");
		printf("%s%.*s\033[K", row > 0 ? "\r\n" : "",
		    n < ws.ws_col ? (int)n : (int)ws.ws_col, s);
		s += n + (s[n] == '\n');
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}

/* The columns a person sorts by, in turn. */
static void
next_sort(struct top *t)
{
	static const char *const order[] = { NULL, "CPU(%)", "CPU(sec)",
		"MEM(k)", "NETTX(k)", "NETRX(k)", "VBD_RD", "VBD_WR", "NAME" };
	size_t i = 0;

	while (i < XU_ARRAY_SIZE(order) && t->view.sort != order[i] &&
	    (order[i] == NULL || t->view.sort == NULL ||
		strcmp(order[i], t->view.sort) != 0))
		i++;
	t->view.sort = order[(i + 1) % XU_ARRAY_SIZE(order)];
}

/* False: the user has seen enough. */
static bool
keys(struct top *t)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) == 1) {
		if (c == 'q' || c == 'Q')
			return false;
		if (c == 's' || c == 'S')
			next_sort(t);
		if (c == 'f' || c == 'F')
			t->view.full_names = !t->view.full_names;
	}
	return true;
}

static int
live(struct top *t, int64_t times)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	long long until;
	int status = 0;

	if (take_terminal(t) < 0)
		return xm_usage(t->xm, "there is no terminal: use -b.");
	for (int64_t i = 0; status == 0 && (times == 0 || i < times); i++) {
		status = ask(t);
		until = xm_now_ms() + t->delay_ms;
		while (status == 0 && xm_signalled() == 0 &&
		    xm_now_ms() < until) {
			draw(t);
			if (poll(&p, 1, (int)(until - xm_now_ms())) > 0 &&
			    ((p.revents & POLLIN) == 0 || !keys(t)))
				times = i + 1, until = 0;
		}
		if (xm_signalled() != 0)
			break;
	}
	alarm(0);
	give_terminal(t);
	return status == 0 && xm_signalled() != 0 ? 128 + xm_signalled() :
						    status;
}

/* --- the command ------------------------------------------------------------ */

static int
options(struct top *t, int64_t *times)
{
	struct xm *xm = t->xm;
	const char *delay = xm_opt(xm, "delay"), *n = xm_opt(xm, "iterations");
	const char *sort = xm_opt(xm, "sort");
	int64_t seconds = 3;

	*times = 0;
	if (delay != NULL && !xu_num_i64(delay, 1, 3600, &seconds))
		return xm_usage(xm, "'%s' is no number of seconds from 1 to "
				    "3600.", delay);
	if (n != NULL && !xu_num_i64(n, 1, INT32_MAX, times))
		return xm_usage(xm, "'%s' is no number of times.", n);
	if (sort != NULL && (t->view.sort = top_column(sort)) == NULL)
		return xm_usage(xm, "'%s' is no column.", sort);
	t->delay_ms = seconds * 1000;
	t->view.full_names = xm_opt(xm, "full-name") != NULL;
	return 0;
}

static int
run_top(struct xm *xm)
{
	struct top t = { .xm = xm };
	int64_t times;
	int status = options(&t, &times);

	if (status == 0)
		status = learn_host(&t);
	if (status == 0 && (xm_opt(xm, "batch") != NULL ||
		xm->format == XM_JSON || isatty(STDOUT_FILENO) == 0))
		status = batch(&t, times);
	else if (status == 0)
		status = live(&t, times);
	xapi_free(t.before);
	xapi_free(t.now);
	xapi_free(t.host);
	free(t.ref);
	return status;
}

static const struct xm_opt top_opts[] = {
	{ 'b', "batch", NULL,
	    "Lines for programs, as when the output is no terminal." },
	{ 'i', "iterations", "COUNT", "End after so many times." },
	{ 'd', "delay", "SECONDS", "Between two of them; 3 without it." },
	{ 'f', "full-name", NULL, "Whole names, not their first ten letters." },
	{ 's', "sort", "COLUMN", "The domain with the most first." },
	{ .name = NULL },
};

const struct xm_cmd cmd_top = {
	.name = "top",
	.operands = "",
	.summary = "Show what domains use, again and again.",
	.detail = "Columns are xentop's. CPU(%) is of one processor, since the "
		  "time before. Keys: q ends it, s sorts by the next column, f "
		  "shows whole names.",
	.opts = top_opts,
	.min = 0,
	.max = 0,
	.common = true,
	.run = run_top,
};
