/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The end of the person: sends the command, copies streams as they come,
 * enforces the time limits. With a terminal it is put into raw mode and always
 * restored.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "xh.h"

/*
 * An emulated processor may sleep through its timer: QEMU notes an interrupt of
 * its main thread in a word that the processor's thread changes without a lock
 * when an SVM guest exits (seen with QEMU 7.2: HLT with interrupts enabled, the
 * timer's vector in the local APIC's IRR, and nobody told). With one lost, Xen
 * stands still until any other interrupt comes, which on an idle host is never.
 * This frame is one: a stall lasts no longer than so many milliseconds.
 */
#define WAKE_MS 500

static struct termios cooked;
static bool raw;
static volatile sig_atomic_t resized;

void
xh_restore_terminal(void)
{
	if (raw)
		tcsetattr(0, TCSADRAIN, &cooked);
	raw = false;
}

static void
on_resize(int sig)
{
	(void)sig;
	resized = 1;
}

static void
on_alarm(int sig)
{
	(void)sig;
	xh_restore_terminal();
	_exit(XH_TIMEOUT);
}

static void
raw_terminal(void)
{
	struct termios t;

	if (tcgetattr(0, &cooked) < 0)
		return;
	t = cooked;
	cfmakeraw(&t);
	if (tcsetattr(0, TCSADRAIN, &t) == 0) {
		raw = true;
		atexit(xh_restore_terminal);
	}
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
send_start(const struct xh_call *c)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	char *buf = malloc(XH_ARGS);
	size_t len = XH_HDR;
	int r = -1;

	if (buf == NULL)
		return -1;
	ioctl(0, TIOCGWINSZ, &ws);
	buf[0] = c->tty;
	memcpy(buf + 1, &ws.ws_row, 2);
	memcpy(buf + 3, &ws.ws_col, 2);
	for (char **a = c->argv; *a != NULL; a++) {
		size_t n = strlen(*a) + 1;

		if (n > XH_ARGS - len) {
			errno = E2BIG;
			goto out;
		}
		memcpy(buf + len, *a, n);
		len += n;
	}
	r = xh_send(c->fd, XH_START, buf, len);
out:
	free(buf);
	return r;
}

static int
send_size(int fd)
{
	struct winsize ws;
	char b[4];

	resized = 0;
	if (ioctl(0, TIOCGWINSZ, &ws) < 0)
		return 0;
	memcpy(b, &ws.ws_row, 2);
	memcpy(b + 2, &ws.ws_col, 2);
	return xh_send(fd, XH_WINSZ, b, sizeof(b));
}

/* A command whose reader left (head) gets SIGPIPE as it would here. */
static int
pass_on(struct xh_call *c, const struct xh_frame *f, int fd)
{
	char which = (char)f->type;

	if (c->gone[fd - 1] || xh_write_all(fd, f->data, f->len) == 0)
		return 0;
	c->gone[fd - 1] = true;
	return xh_send(c->fd, XH_SHUT, &which, 1);
}

/* -1 = broken, 0 = go on, 1 = over (*status). */
static int
from_server(struct xh_call *c, struct xh_frame *f, int *status)
{
	uint32_t s;

	if (xh_recv(c->fd, f) < 0)
		return -1;
	switch (f->type) {
	case XH_HELLO:
		if (c->up)
			return -1;
		c->up = true;
		if (c->tty)
			raw_terminal();
		return send_start(c);
	case XH_OUT:
		return pass_on(c, f, 1);
	case XH_ERR:
		return pass_on(c, f, 2);
	case XH_TAKEN:
		if (f->len != sizeof(s))
			return -1;
		memcpy(&s, f->data, sizeof(s));
		if (s > XH_WINDOW - c->credit)
			return -1;
		c->credit += s;
		return 0;
	case XH_EXIT:
		if (f->len != sizeof(s))
			return -1;
		memcpy(&s, f->data, sizeof(s));
		*status = (int)s;
		return 1;
	default:
		return -1;
	}
}

static int
from_stdin(struct xh_call *c, bool *open)
{
	char buf[XH_WINDOW];
	ssize_t n = read(0, buf, c->credit);

	if (n > 0) {
		c->credit -= (size_t)n;
		return xh_send(c->fd, XH_STDIN, buf, (size_t)n);
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	*open = false;
	return xh_send(c->fd, XH_EOF, NULL, 0);
}

/* Never blocks: a host that takes nothing has enough to wake up for. */
static void
send_wake(int fd)
{
	const char frame[XH_HDR] = { XH_WAKE };
	const ssize_t n = send(fd, frame, sizeof(frame),
	    MSG_DONTWAIT | MSG_NOSIGNAL);

	/* TCP may have taken a part. Who is gone is seen where we read. */
	if (n > 0)
		(void)xh_write_all(fd, frame + n, sizeof(frame) - (size_t)n);
}

/* A proper end. */
static int
over(struct xh_call *c, int status)
{
	c->broken = false;
	return status;
}

static int
loop(struct xh_call *c, struct xh_frame *f)
{
	int64_t begin = now_ms(), woken = begin, limit, left;
	bool in_open = true;
	int r, status = XH_FAILED;

	for (;;) {
		struct pollfd p[] = { { c->fd, POLLIN, 0 },
			{ c->up && in_open && c->credit > 0 ? 0 : -1,
			    POLLIN, 0 } };

		limit = c->up ? c->timeout : c->boot_timeout;
		if (c->up && resized && send_size(c->fd) < 0)
			return XH_FAILED;
		left = limit == 0 ? -1 : begin + limit * 1000 - now_ms();
		if (limit != 0 && left <= 0)
			return c->up ? over(c, XH_TIMEOUT) : XH_FAILED;
		if (c->up && now_ms() - woken >= WAKE_MS) {
			send_wake(c->fd);
			woken = now_ms();
		}
		if (c->up && (left < 0 || left > WAKE_MS))
			left = WAKE_MS;
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return XH_FAILED;
		if (p[0].revents != 0) {
			bool was_up = c->up;

			r = from_server(c, f, &status);
			if (r != 0)
				return r > 0 ? over(c, status) : XH_FAILED;
			if (!was_up && c->up) {
				begin = now_ms();
				/* Should our own reader block us for good. */
				alarm(c->timeout == 0 ? 0 : c->timeout + 10);
			}
		}
		if (p[1].revents != 0 && from_stdin(c, &in_open) < 0)
			return XH_FAILED;
	}
}

int
xh_run(struct xh_call *c)
{
	struct sigaction sa = { .sa_handler = on_resize };
	struct xh_frame *f = malloc(sizeof(*f));
	int r;

	if (f == NULL)
		return XH_FAILED;
	c->credit = XH_WINDOW;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_alarm);
	if (c->tty)
		sigaction(SIGWINCH, &sa, NULL);
	c->broken = true;
	r = loop(c, f);
	alarm(0);
	xh_restore_terminal();
	free(f);
	return r;
}
