/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See script.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "script.h"
#include "xu_log.h"
#include "xu_proc.h"

#define READ_MAX 65536
#define LAST_MAX 200

struct script {
	/* NULL: nobody waits for it. */
	struct dev *dev;
	struct core *core;
	char path[256], command[16];
	/* Nodes that it still reads, and that go when it has ended; "" = none. */
	char nodes[NODES_BASE_MAX];
	pid_t pid;
	/* The process, and what it prints. */
	int pid_fd, out_fd;
	uv_poll_t ended, printed;
	uv_timer_t deadline;
	/* Handles that are not closed yet. */
	unsigned handles;
	bool over, late, dropped;
	int status;
	/* The line being printed, and the last whole one with something in it. */
	char line[LAST_MAX], last[LAST_MAX];
	size_t len;
};

static void
handle_closed(uv_handle_t *h)
{
	struct script *s = h->data;

	if (--s->handles > 0)
		return;
	close(s->pid_fd);
	close(s->out_fd);
	free(s);
}

static void
script_free(struct script *s)
{
	if (s->nodes[0] != '\0')
		dev_forget_nodes(s->core, s->nodes);
	uv_close((uv_handle_t *)&s->ended, handle_closed);
	uv_close((uv_handle_t *)&s->printed, handle_closed);
	uv_close((uv_handle_t *)&s->deadline, handle_closed);
}

/* ---- what it prints ----------------------------------------------------------------- */

static void
take_text(struct script *s, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n' && s->len < LAST_MAX - 1) {
			s->line[s->len++] =
			    text[i] >= ' ' && text[i] <= '~' ? text[i] : ' ';
		} else if (text[i] == '\n') {
			s->line[s->len] = '\0';
			if (s->len > 0)
				memcpy(s->last, s->line, s->len + 1);
			s->len = 0;
		}
	}
}

/* One read: others shall have their turn. False: nothing more will come. */
static bool
drain(struct script *s)
{
	static char text[READ_MAX];
	ssize_t n = read(s->out_fd, text, sizeof(text));

	if (n > 0)
		take_text(s, text, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
on_printed(uv_poll_t *h, int status, int events XU_UNUSED)
{
	struct script *s = h->data;

	if (status < 0 || !drain(s))
		uv_poll_stop(&s->printed);
}

/* ---- its end -------------------------------------------------------------------------- */

static void
on_ended(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct script *s = h->data;

	if (s->over || waitpid(s->pid, &s->status, WNOHANG) != s->pid)
		return;
	s->over = true;
	drain(s);
	take_text(s, "\n", 1);
	uv_poll_stop(&s->ended);
	uv_poll_stop(&s->printed);
	uv_timer_stop(&s->deadline);
	if (s->dropped)
		script_free(s);
	else
		dev_changed(s->dev, s->dev->back);
}

static void
on_deadline(uv_timer_t *t)
{
	struct script *s = t->data;

	xu_log(XU_WARNING, "%s %s has not ended: it is killed", s->path,
	    s->command);
	s->late = true;
	kill(-s->pid, SIGKILL);
}

int
script_look(const struct script *s, struct xu_err *e)
{
	char how[64];

	if (!s->over)
		return 0;
	if (WIFEXITED(s->status) && WEXITSTATUS(s->status) == 0)
		return 1;
	if (s->late)
		snprintf(how, sizeof(how), "did not end and was killed");
	else if (WIFSIGNALED(s->status))
		snprintf(how, sizeof(how), "was killed by signal %d",
		    WTERMSIG(s->status));
	else
		snprintf(how, sizeof(how), "ended with status %d",
		    WEXITSTATUS(s->status));
	xu_err_set(e, XE(XLD_HELPER), 0, "%s %s %s%s%s", s->path, s->command,
	    how, s->last[0] != '\0' ? "; its last line: " : "", s->last);
	xu_err_param(e, "%s", s->path);
	xu_err_param(e, "%s", how);
	return -1;
}

void
script_drop(struct script *s, bool kill_it)
{
	if (s == NULL)
		return;
	s->dropped = true;
	s->dev = NULL;
	if (s->over)
		script_free(s);
	else if (kill_it)
		kill(-s->pid, SIGKILL);
}

/* ---- its start -------------------------------------------------------------------------- */

/* A group of its own, so that all of it can be killed. */
static int
own_group(const void *arg XU_UNUSED)
{
	return setsid() < 0 ? -1 : 0;
}

#define VARIABLES 10

static int
run(struct script *s, const struct script_order *o, int out, struct xu_err *e)
{
	char base[NODES_BASE_MAX], text[VARIABLES][320], argument[32] = "";
	char *argv[] = { s->path, s->command, NULL, NULL };
	char *envp[VARIABLES + 1] = { NULL };
	struct xu_spawn sp = { .path = s->path, .argv = argv, .envp = envp,
		.out_fd = out, .prepare = own_group };
	int n = 0;

	if (o->argument != NULL) {
		snprintf(argument, sizeof(argument), "%s", o->argument);
		argv[2] = argument;
	}
	dev_back_path(s->dev, base);
	snprintf(text[n++], sizeof(text[0]),
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	snprintf(text[n++], sizeof(text[0]), "script=%s", s->path);
	snprintf(text[n++], sizeof(text[0]), "XENBUS_TYPE=%s",
	    s->dev->cls->kind);
	snprintf(text[n++], sizeof(text[0]), "XENBUS_PATH=%s", base);
	snprintf(text[n++], sizeof(text[0]), "XENBUS_BASE_PATH=backend");
	for (size_t i = 0; i < SCRIPT_VARIABLES; i++)
		if (o->variables[i].name != NULL)
			snprintf(text[n++], sizeof(text[0]), "%s=%s",
			    o->variables[i].name, o->variables[i].value);
	for (int i = 0; i < n; i++)
		envp[i] = text[i];
	s->pid = xu_spawn(&sp, e);
	if (s->pid < 0)
		return -1;
	s->pid_fd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pid_fd >= 0)
		return 0;
	xu_err_set(e, XE(XLD_HELPER), errno, "watch %s", s->path);
	kill(-s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	return -1;
}

/* All handles or none. */
static void
watch(struct script *s, uv_loop_t *loop)
{
	uv_poll_init(loop, &s->ended, s->pid_fd);
	uv_poll_init(loop, &s->printed, s->out_fd);
	uv_timer_init(loop, &s->deadline);
	s->ended.data = s->printed.data = s->deadline.data = s;
	s->handles = 3;
	uv_poll_start(&s->ended, UV_READABLE, on_ended);
	uv_poll_start(&s->printed, UV_READABLE, on_printed);
	/* The device's own deadline first: it knows more. */
	uv_timer_start(&s->deadline, on_deadline,
	    (dev_deadline_s() + 1) * UINT64_C(1000), 0);
}

struct script *
script_start(struct dev *d, const struct script_order *o, struct xu_err *e)
{
	struct script *s = calloc(1, sizeof(*s));
	int ends[2];

	if (s == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "run a script");
		free(s);
		return NULL;
	}
	s->dev = d;
	s->core = d->guest->core;
	script_path(o->script, s->path, sizeof(s->path));
	snprintf(s->command, sizeof(s->command), "%s", o->command);
	/* The script writes as it likes to. */
	xu_set_nonblock(ends[1], false);
	s->out_fd = ends[0];
	if (run(s, o, ends[1], e) < 0) {
		close(ends[0]);
		close(ends[1]);
		free(s);
		return NULL;
	}
	close(ends[1]);
	watch(s, d->guest->core->loop);
	return s;
}

void
script_end(struct script *s, const char *nodes)
{
	if (s == NULL)
		return;
	if (nodes != NULL)
		snprintf(s->nodes, sizeof(s->nodes), "%s", nodes);
	script_drop(s, false);
}

void
script_path(const char *script, char *out, size_t room)
{
	snprintf(out, room, "%s%s", script[0] == '/' ? "" : SCRIPTS, script);
}

const char *
script_fault(const char *script)
{
	if (strlen(script) > 200)
		return "the name is too long";
	if (script[0] != '/' && strchr(script, '/') != NULL)
		return "it is neither a full path nor a file in " SCRIPTS;
	return NULL;
}

bool
script_may(struct call *k, const char *script, struct xu_err *e)
{
	if (call_has_role(k, ROLE_POOL_ADMIN))
		return true;
	xu_err_set(e, XE(RBAC_PERMISSION_DENIED), 0,
	    "a device with the script %s needs the role %s: it says what domain "
	    "0 runs", script, model_role_name(ROLE_POOL_ADMIN));
	xu_err_param(e, "%s", k->method);
	xu_err_param(e, "script");
	return false;
}
