/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See tool.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "errors.h"
#include "tool.h"
#include "xu_proc.h"

struct tool {
	char name[64];
	pid_t pid;
	int pid_fd, out_fd;
	uv_poll_t ended, printed;
	uv_timer_t deadline;
	unsigned handles;
	bool late;
	char out[TOOL_OUTPUT];
	size_t len;
	tool_done_f *done;
	void *arg;
};

static void
closed(uv_handle_t *h)
{
	struct tool *t = h->data;

	if (--t->handles > 0)
		return;
	close(t->pid_fd);
	close(t->out_fd);
	free(t);
}

/* The newest is what counts. */
static void
take(struct tool *t, const char *text, size_t n)
{
	size_t room = sizeof(t->out) - 1;

	if (n > room) {
		text += n - room;
		n = room;
	}
	if (t->len + n > room) {
		memmove(t->out, t->out + (t->len + n - room), room - n);
		t->len = room - n;
	}
	memcpy(t->out + t->len, text, n);
	t->len += n;
	t->out[t->len] = '\0';
}

/* False: nothing more will come now. */
static bool
drain(struct tool *t)
{
	char text[TOOL_OUTPUT];
	ssize_t n = read(t->out_fd, text, sizeof(text));

	if (n > 0)
		take(t, text, (size_t)n);
	return n > 0;
}

static void
on_printed(uv_poll_t *h, int status, int events XU_UNUSED)
{
	struct tool *t = h->data;

	if (status < 0 || (!drain(t) && errno != EAGAIN && errno != EINTR))
		uv_poll_stop(h);
}

/* Its last line that says something, printable. */
static void
last_line(const struct tool *t, char out[200])
{
	const char *end = t->out + t->len, *p;

	while (end > t->out && (end[-1] == '\n' || end[-1] == ' '))
		end--;
	p = end;
	while (p > t->out && p[-1] != '\n')
		p--;
	while (p < end && *p == ' ')
		p++;
	snprintf(out, 200, "%.*s", (int)(end - p), p);
	for (char *c = out; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void
judge(const struct tool *t, int status, struct xu_err *e)
{
	char line[200];

	if (!t->late && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	last_line(t, line);
	xu_err_set(e, XE(XLD_HELPER), 0, "%s: %s (%s %d)", t->name,
	    t->late	      ? "it did not end in time and was killed" :
		line[0] != '\0' ? line :
				"it gave no reason",
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	xu_err_param(e, "%s", t->name);
	xu_err_param(e, "%s", line);
}

static void
on_ended(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct tool *t = h->data;
	struct xu_err e = XU_ERR_INIT;
	int code = 0;

	if (waitpid(t->pid, &code, WNOHANG) == 0)
		return;
	while (drain(t))
		;
	uv_poll_stop(&t->ended);
	uv_poll_stop(&t->printed);
	uv_timer_stop(&t->deadline);
	judge(t, code, &e);
	t->done(t->arg, t->out, xu_err_is_set(&e) ? &e : NULL);
	uv_close((uv_handle_t *)&t->ended, closed);
	uv_close((uv_handle_t *)&t->printed, closed);
	uv_close((uv_handle_t *)&t->deadline, closed);
}

static void
on_deadline(uv_timer_t *h)
{
	struct tool *t = h->data;

	t->late = true;
	kill(t->pid, SIGKILL);
}

static int
start(struct tool *t, const char *path, char *const argv[], struct xu_err *e)
{
	static char locale[] = "LC_ALL=C", quiet[] = "LVM_SUPPRESS_FD_WARNINGS=1";
	char *const envp[] = { locale, quiet, NULL };
	struct xu_spawn s = { .path = path, .argv = argv, .envp = envp };
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return xu_err_set(e, XE(XLD_HELPER), errno, "start %s", path);
	s.out_fd = p[1];
	t->pid = xu_spawn(&s, e);
	close(p[1]);
	t->out_fd = p[0];
	if (t->pid < 0) {
		close(p[0]);
		return -1;
	}
	xu_set_nonblock(p[0], true);
	t->pid_fd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	if (t->pid_fd >= 0)
		return 0;
	xu_err_set(e, XE(XLD_HELPER), errno, "watch %s", path);
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	close(p[0]);
	return -1;
}

int
tool_run(uv_loop_t *loop, const char *path, char *const argv[],
    unsigned seconds, tool_done_f *done, void *arg, struct xu_err *e)
{
	struct tool *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "start %s",
		    path);
	if (start(t, path, argv, e) < 0) {
		free(t);
		return -1;
	}
	snprintf(t->name, sizeof(t->name), "%s", argv[0]);
	t->done = done;
	t->arg = arg;
	uv_poll_init(loop, &t->ended, t->pid_fd);
	uv_poll_init(loop, &t->printed, t->out_fd);
	uv_timer_init(loop, &t->deadline);
	t->ended.data = t->printed.data = t->deadline.data = t;
	t->handles = 3;
	uv_poll_start(&t->ended, UV_READABLE, on_ended);
	uv_poll_start(&t->printed, UV_READABLE, on_printed);
	uv_timer_start(&t->deadline, on_deadline, seconds * 1000ul, 0);
	return 0;
}
