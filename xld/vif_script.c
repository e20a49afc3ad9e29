/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program of the owner's that joins an interface to the host, called as xl calls
 * it: "PROGRAM online type_if=vif", with the nodes' place in its environment. Its
 * status counts, and the last line it printed; the rest is read and forgotten. One
 * that does not end is killed, with all it has started.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vif.h"
#include "xu_log.h"
#include "xu_proc.h"

#define READ_MAX 65536
#define LAST_MAX 200

struct vif_script {
	/* NULL: nobody waits for it. */
	struct dev *dev;
	char path[256], command[16];
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
	struct vif_script *s = h->data;

	if (--s->handles > 0)
		return;
	close(s->pid_fd);
	close(s->out_fd);
	free(s);
}

static void
script_free(struct vif_script *s)
{
	uv_close((uv_handle_t *)&s->ended, handle_closed);
	uv_close((uv_handle_t *)&s->printed, handle_closed);
	uv_close((uv_handle_t *)&s->deadline, handle_closed);
}

/* ---- what it prints ----------------------------------------------------------------- */

static void
take_text(struct vif_script *s, const char *text, size_t n)
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
drain(struct vif_script *s)
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
	struct vif_script *s = h->data;

	if (status < 0 || !drain(s))
		uv_poll_stop(&s->printed);
}

/* ---- its end -------------------------------------------------------------------------- */

static void
on_ended(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct vif_script *s = h->data;

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
	struct vif_script *s = t->data;

	xu_log(XU_WARNING, "%s %s has not ended: it is killed", s->path,
	    s->command);
	s->late = true;
	kill(-s->pid, SIGKILL);
}

int
vif_script_look(const struct vif_script *s, struct xu_err *e)
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
vif_script_drop(struct vif_script *s, bool kill_it)
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

#define VARIABLES 8

static int
run(struct vif_script *s, int out, struct xu_err *e)
{
	char base[NODES_BASE_MAX], name[IFNAMSIZ], text[VARIABLES][320];
	char type[] = "type_if=vif";
	char *argv[] = { s->path, s->command, type, NULL };
	char *envp[VARIABLES + 1] = { NULL };
	const char *gate = dev_str(s->dev, "gatewaydev");
	struct xu_spawn sp = { .path = s->path, .argv = argv, .envp = envp,
		.out_fd = out, .prepare = own_group };
	int n = 0;

	dev_back_path(s->dev, base);
	vif_kernel_name(s->dev, name);
	snprintf(text[n++], sizeof(text[0]),
	    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	snprintf(text[n++], sizeof(text[0]), "script=%s", s->path);
	snprintf(text[n++], sizeof(text[0]), "XENBUS_TYPE=vif");
	snprintf(text[n++], sizeof(text[0]), "XENBUS_PATH=%s", base);
	snprintf(text[n++], sizeof(text[0]), "XENBUS_BASE_PATH=backend");
	snprintf(text[n++], sizeof(text[0]), "vif=%s", name);
	if (gate[0] != '\0')
		snprintf(text[n++], sizeof(text[0]), "netdev=%s", gate);
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
watch(struct vif_script *s, uv_loop_t *loop)
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

struct vif_script *
vif_script_start(struct dev *d, const char *command, struct xu_err *e)
{
	struct vif_script *s = calloc(1, sizeof(*s));
	int ends[2];

	if (s == NULL || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM, "run a script");
		free(s);
		return NULL;
	}
	s->dev = d;
	vif_script_path(dev_entry(d), s->path, sizeof(s->path));
	snprintf(s->command, sizeof(s->command), "%s", command);
	/* The script writes as it likes to. */
	xu_set_nonblock(ends[1], false);
	s->out_fd = ends[0];
	if (run(s, ends[1], e) < 0) {
		close(ends[0]);
		close(ends[1]);
		free(s);
		return NULL;
	}
	close(ends[1]);
	watch(s, d->guest->core->loop);
	return s;
}
