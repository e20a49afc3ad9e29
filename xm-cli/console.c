/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A console on the user's terminal, or between two pipes: one poll loop with a
 * buffer each way, so that a guest or a pipe that does not read never keeps the
 * escape from working. The terminal gets its settings back on every way out
 * short of SIGKILL.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "errors.h"
#include "xm.h"

/* --- the terminal --------------------------------------------------------- */

/* For signal handlers, too. */
static struct termios cooked, raw;
static volatile sig_atomic_t raw_on;
static volatile sig_atomic_t ending;

static void
leave_raw(void)
{
	if (raw_on)
		tcsetattr(STDIN_FILENO, TCSANOW, &cooked);
	raw_on = 0;
}

static void
enter_raw(void)
{
	raw_on = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void
on_end(int sig)
{
	ending = sig;
}

/* We crash: the terminal first. */
static void
on_fault(int sig)
{
	leave_raw();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Only kill -TSTP comes here: Ctrl-Z goes to the guest. */
static void
on_stop(int sig)
{
	int saved = errno;
	bool was_raw = raw_on != 0;

	(void)sig;
	leave_raw();
	raise(SIGSTOP);
	/* Continued. */
	if (was_raw)
		enter_raw();
	errno = saved;
}

static const int end_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static const int fault_signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE,
	SIGABRT };

/* The ending signals are blocked but in ppoll, so that none is lost. */
static void
catch_signals(sigset_t *in_poll)
{
	struct sigaction end = { .sa_handler = on_end };
	struct sigaction fault = { .sa_handler = on_fault };
	struct sigaction stop = { .sa_handler = on_stop,
		.sa_flags = SA_RESTART };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < XU_ARRAY_SIZE(end_signals); i++)
		sigaddset(&block, end_signals[i]);
	sigprocmask(SIG_BLOCK, &block, in_poll);
	for (size_t i = 0; i < XU_ARRAY_SIZE(end_signals); i++) {
		if (!xm_signal_ignored(end_signals[i]))
			sigaction(end_signals[i], &end, NULL);
		sigdelset(in_poll, end_signals[i]);
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &fault, NULL);
	sigaction(SIGTSTP, &stop, NULL);
	/* A write tells. */
	signal(SIGPIPE, SIG_IGN);
}

/* --- copying -------------------------------------------------------------- */

#define BUF_SIZE 65536
/* A pipe that polls as writable takes this much without blocking. */
#define WRITE_MAX 4096

struct flow {
	char data[BUF_SIZE];
	size_t len;
};

struct session {
	const struct xm_console *c;
	struct flow to_guest, to_user;
	bool stdin_open, stdin_tty, console_open, left;
	/* Nobody reads what we write (any more). */
	bool unread;
	int write_error;
};

static void
consume(struct flow *f, size_t n)
{
	f->len -= n;
	memmove(f->data, f->data + n, f->len);
}

/* Takes what was typed; the escape ends the session. */
static void
typed(struct session *s, char *data, size_t n)
{
	size_t room = BUF_SIZE - s->to_guest.len;
	char *escape = s->c->escape < 0 ? NULL : memchr(data, s->c->escape, n);

	if (escape != NULL) {
		s->left = true;
		n = (size_t)(escape - data);
	}
	if (s->c->readonly)
		return;
	if (n > room) {
		/* Only at a terminal, whose escape must go on working. */
		fputc('\a', stderr);
		n = room;
	}
	memcpy(s->to_guest.data + s->to_guest.len, data, n);
	s->to_guest.len += n;
}

static void
read_user(struct session *s)
{
	char data[4096];
	size_t room = BUF_SIZE - s->to_guest.len;
	size_t want = s->stdin_tty || room > sizeof(data) ? sizeof(data) : room;
	ssize_t n = read(STDIN_FILENO, data, want);

	if (n > 0) {
		typed(s, data, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		s->stdin_open = false;
		/* A terminal that hung up. */
		s->left = s->stdin_tty;
	}
}

static void
read_console(struct session *s)
{
	struct flow *f = &s->to_user;
	ssize_t n = recv(
	    s->c->fd, f->data + f->len, BUF_SIZE - f->len, MSG_DONTWAIT);

	if (n > 0)
		f->len += (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		s->console_open = false;
}

static void
write_console(struct session *s)
{
	struct flow *f = &s->to_guest;
	ssize_t n =
	    send(s->c->fd, f->data, f->len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		consume(f, (size_t)n);
	else if (errno != EINTR && errno != EAGAIN)
		/* What it still has to say is read until its end. */
		f->len = 0;
}

static void
write_user(struct session *s)
{
	struct flow *f = &s->to_user;
	size_t n = f->len < WRITE_MAX ? f->len : WRITE_MAX;
	ssize_t w = write(STDOUT_FILENO, f->data, n);

	if (w > 0) {
		consume(f, (size_t)w);
	} else if (errno != EINTR && errno != EAGAIN) {
		s->unread = true;
		s->write_error = errno;
	}
}

static void
turn(struct session *s, const sigset_t *in_poll)
{
	struct pollfd p[3] = {
		{ .fd = -1, .events = POLLIN },
		/* Without events it still tells that a reader has gone. */
		{ .fd = STDOUT_FILENO },
		{ .fd = -1 },
	};

	if (s->stdin_open && (s->stdin_tty || s->to_guest.len < BUF_SIZE))
		p[0].fd = STDIN_FILENO;
	if (s->to_user.len > 0)
		p[1].events = POLLOUT;
	if (s->console_open)
		p[2].fd = s->c->fd;
	if (s->to_user.len < BUF_SIZE)
		p[2].events |= POLLIN;
	if (s->to_guest.len > 0)
		p[2].events |= POLLOUT;
	/* Its end alone would wake us for ever while there is no room. */
	if (p[2].events == 0)
		p[2].fd = -1;
	if (ppoll(p, 3, NULL, in_poll) < 0)
		return;
	if (p[0].revents != 0)
		read_user(s);
	if ((p[2].revents & POLLOUT) != 0)
		write_console(s);
	if ((p[2].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
	    s->to_user.len < BUF_SIZE)
		read_console(s);
	if ((p[1].revents & POLLOUT) != 0)
		write_user(s);
	else if (p[1].revents != 0)
		s->unread = true;
}

static void
say(const struct session *s, const char *what)
{
	if (s->stdin_tty)
		fprintf(stderr, "%s\r\n", what);
}

static void
greet(const struct session *s)
{
	char key[32] = "no key";
	char text[256];

	if (s->c->escape >= 0 && s->c->escape < 32)
		snprintf(key, sizeof(key), "Ctrl-%c", s->c->escape + 64);
	else if (s->c->escape >= 0)
		snprintf(key, sizeof(key), "%c", s->c->escape);
	snprintf(text, sizeof(text), "Console of %.128s%s; %s leaves it.",
	    s->c->name, s->c->readonly ? ", read only" : "", key);
	say(s, text);
}

/* What was typed before the escape, as far as it is taken at once. */
static void
last_words(struct session *s)
{
	size_t before = 0;

	while (s->console_open && s->to_guest.len != before) {
		before = s->to_guest.len;
		if (before != 0)
			write_console(s);
	}
}

int
xm_console_run(struct xm *xm, const struct xm_console *c)
{
	/* Large, and there is one. */
	static struct session s;
	sigset_t in_poll;

	memset(&s, 0, sizeof(s));
	s.c = c;
	s.console_open = true;
	s.stdin_tty = tcgetattr(STDIN_FILENO, &cooked) == 0;
	/* Who only watches a pipe has nothing to say. */
	s.stdin_open = s.stdin_tty || !c->readonly;
	catch_signals(&in_poll);
	/* One that came before we were here. */
	ending = xm_signalled();
	if (s.stdin_tty) {
		greet(&s);
		raw = cooked;
		cfmakeraw(&raw);
		enter_raw();
	}
	while (!s.left && !s.unread && ending == 0 &&
	    (s.console_open || s.to_user.len > 0))
		turn(&s, &in_poll);
	last_words(&s);
	leave_raw();
	if (ending != 0) {
		say(&s, "");
		return 128 + ending;
	}
	say(&s, s.left ? "\r\nConsole left." : "\r\nConsole closed.");
	/* A reader of a pipe that has seen enough is no failure. */
	if (s.write_error == 0 || s.write_error == EPIPE)
		return 0;
	return xm_error(xm, XE(XLD_FILE), XM_FAILED,
	    "cannot write the output: %s", strerror(s.write_error));
}

int
xm_console_escape(const char *text)
{
	if (strcmp(text, "none") == 0)
		return XM_ESCAPE_NONE;
	if (text[0] == '^' && text[1] >= '?' && text[1] <= '_' &&
	    text[2] == '\0')
		return text[1] == '?' ? 0x7f : text[1] - '@';
	if (text[0] == '^' && text[1] >= 'a' && text[1] <= 'z' &&
	    text[2] == '\0')
		return text[1] - 'a' + 1;
	return text[0] != '\0' && text[1] == '\0' ? (unsigned char)text[0] : -2;
}
