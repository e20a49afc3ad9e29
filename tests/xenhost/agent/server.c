/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end inside the host: runs one command and forwards its streams. The
 * command is over when its process ends; a daemon it left behind with our pipes
 * open does not hold us (what is in the pipes by then is still delivered).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xh.h"

struct job {
	int chan;
	pid_t pid;
	/* Ends of the child's streams that we hold; -1 = closed. */
	int in, out, err;
	bool tty, ended;
	/* Standard input that the child has not taken yet; EOF follows it. */
	char held[XH_WINDOW];
	size_t nheld;
	bool eof;
	int status;
};

static int wake[2];

static void
on_child(int sig)
{
	int saved = errno;

	(void)sig;
	(void)!write(wake[1], "", 1);
	errno = saved;
}

static void __attribute__((noreturn))
exec_command(char **argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int
start_piped(struct job *j, char **argv)
{
	int in[2], out[2], err[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ||
	    pipe2(err, O_CLOEXEC) < 0)
		return -1;
	j->pid = fork();
	if (j->pid < 0)
		return -1;
	if (j->pid == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		exec_command(argv);
	}
	close(in[0]);
	close(out[1]);
	close(err[1]);
	j->in = in[1];
	j->out = out[0];
	j->err = err[0];
	fcntl(j->in, F_SETFL, O_NONBLOCK);
	return 0;
}

static int
start_tty(struct job *j, char **argv, const struct winsize *ws)
{
	int master;

	j->pid = forkpty(&master, NULL, NULL, ws);
	if (j->pid < 0)
		return -1;
	if (j->pid == 0)
		exec_command(argv);
	j->out = master;
	j->in = fcntl(master, F_DUPFD_CLOEXEC, 3);
	j->err = -1;
	fcntl(master, F_SETFL, O_NONBLOCK);
	return 0;
}

/* START: u8 tty, u16 rows, u16 columns, arguments with a NUL behind each. */
static int
start(struct job *j, struct xh_frame *f)
{
	struct winsize ws = { 0 };
	char **argv, *p = f->data + XH_HDR, *end = f->data + f->len;
	size_t n = 0;

	if (f->type != XH_START || f->len <= XH_HDR || end[-1] != '\0')
		return -1;
	j->tty = f->data[0] != 0;
	memcpy(&ws.ws_row, f->data + 1, 2);
	memcpy(&ws.ws_col, f->data + 3, 2);
	for (char *s = p; s < end; s++)
		n += *s == '\0';
	argv = calloc(n + 1, sizeof(*argv));
	if (argv == NULL)
		return -1;
	for (size_t i = 0; i < n; i++, p += strlen(p) + 1)
		argv[i] = p;
	n = j->tty ? (size_t)start_tty(j, argv, &ws)
		   : (size_t)start_piped(j, argv);
	free(argv);
	return (int)n;
}

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* 1 = forwarded some, 0 = nothing there or end, -1 = channel broken. */
static int
forward(struct job *j, int *fd, enum xh_type type)
{
	char buf[XH_MAX];
	ssize_t n;

	if (*fd < 0)
		return 0;
	n = read(*fd, buf, sizeof(buf));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		shut(fd); /* EIO: the terminal's last user is gone */
		return 0;
	}
	return xh_send(j->chan, type, buf, (size_t)n) < 0 ? -1 : 1;
}

/* Gives the child what it takes of the input, and the client room for it. */
static int
feed(struct job *j)
{
	uint32_t n32 = (uint32_t)j->nheld;
	ssize_t n;

	if (j->in >= 0 && j->nheld > 0) {
		n = write(j->in, j->held, j->nheld);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0)
			shut(&j->in);
		else
			n32 = (uint32_t)n;
	}
	j->nheld -= n32;
	memmove(j->held, j->held + n32, j->nheld);
	if (j->nheld == 0 && j->eof && j->in >= 0) {
		if (j->tty)
			(void)!write(j->in, "\004", 1);
		shut(&j->in);
	}
	return n32 == 0 ? 0 : xh_send(j->chan, XH_TAKEN, &n32, sizeof(n32));
}

static int
from_client(struct job *j, struct xh_frame *f)
{
	struct winsize ws = { 0 };

	if (xh_recv(j->chan, f) < 0)
		return -1;
	switch (f->type) {
	case XH_STDIN:
		if (f->len > sizeof(j->held) - j->nheld)
			return -1;
		memcpy(j->held + j->nheld, f->data, f->len);
		j->nheld += f->len;
		return feed(j);
	case XH_EOF:
		j->eof = true;
		return feed(j);
	case XH_WAKE:
		return 0;
	case XH_SHUT:
		shut(f->len == 1 && f->data[0] == XH_ERR ? &j->err : &j->out);
		return 0;
	case XH_WINSZ:
		if (f->len == 4 && j->tty && j->out >= 0) {
			memcpy(&ws.ws_row, f->data, 2);
			memcpy(&ws.ws_col, f->data + 2, 2);
			ioctl(j->out, TIOCSWINSZ, &ws);
		}
		return 0;
	default:
		return -1;
	}
}

static void
reap(struct job *j)
{
	char c[16];
	pid_t pid;
	int status;

	(void)!read(wake[0], c, sizeof(c));
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != j->pid)
			continue;
		j->ended = true;
		j->status = WIFEXITED(status) ? WEXITSTATUS(status)
					      : 128 + WTERMSIG(status);
	}
}

static int
serve_loop(struct job *j, struct xh_frame *f)
{
	while (!j->ended) {
		struct pollfd p[] = { { wake[0], POLLIN, 0 },
			{ j->chan, POLLIN, 0 }, { j->out, POLLIN, 0 },
			{ j->err, POLLIN, 0 },
			{ j->nheld > 0 ? j->in : -1, POLLOUT, 0 } };

		if (poll(p, 5, -1) < 0 && errno != EINTR)
			return -1;
		if (p[0].revents != 0)
			reap(j);
		if (p[1].revents != 0 && from_client(j, f) < 0)
			return -1;
		if (p[4].revents != 0 && feed(j) < 0)
			return -1;
		if (p[2].revents != 0 && forward(j, &j->out, XH_OUT) < 0)
			return -1;
		if (p[3].revents != 0 && forward(j, &j->err, XH_ERR) < 0)
			return -1;
	}
	if (j->out >= 0)
		fcntl(j->out, F_SETFL, O_NONBLOCK);
	if (j->err >= 0)
		fcntl(j->err, F_SETFL, O_NONBLOCK);
	/* What is in the pipes; no more than they hold, if somebody goes on. */
	for (int i = 0; i < 64 && forward(j, &j->out, XH_OUT) > 0; i++)
		;
	for (int i = 0; i < 64 && forward(j, &j->err, XH_ERR) > 0; i++)
		;
	return 0;
}

int
xh_serve(int fd)
{
	struct sigaction sa = { .sa_handler = on_child,
		.sa_flags = SA_RESTART | SA_NOCLDSTOP };
	static struct job j;
	struct xh_frame *f = malloc(sizeof(*f));
	uint32_t status;
	int r = -1;

	j = (struct job){ .chan = fd, .in = -1, .out = -1, .err = -1 };
	if (f == NULL || pipe2(wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGCHLD, &sa, NULL);
	if (xh_send(fd, XH_HELLO, NULL, 0) == 0 && xh_recv(fd, f) == 0 &&
	    start(&j, f) == 0 && serve_loop(&j, f) == 0) {
		status = (uint32_t)j.status;
		r = xh_send(fd, XH_EXIT, &status, sizeof(status));
	}
	/* The client is gone or the command is over: no orphans. */
	if (!j.ended && j.pid > 0)
		kill(-j.pid, SIGKILL);
	shut(&j.in);
	shut(&j.out);
	shut(&j.err);
	free(f);
	return r;
}
