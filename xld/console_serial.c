/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The serial line of an HVM guest as a second source of its console. Device
 * model and keeper meet at two FIFOs, which each of them opens both ways: no
 * end of file, nobody to wait for, and what the guest says while xld is being
 * restarted stays in them (64 KiB).
 *
 * Output joins the one history. Input goes to whichever of serial line and PV
 * console has spoken last (console_spoke).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console.h"
#include "xu_file.h"
#include "xu_log.h"

/* Apart from the console, whose end does not wait for the loop's. */
struct serial {
	struct console *console;
	uv_poll_t from, to;
	int from_fd, to_fd;
	unsigned handles;
	/* No longer read until the console's period is over. */
	bool held;
};

static void
end_path(char out[320], const char *path, const char *end)
{
	snprintf(out, 320, "%s.%s", path, end);
}

static int
open_end(const char *path, const char *end, bool make, struct xu_err *e)
{
	char p[320];
	int fd = -1;

	end_path(p, path, end);
	if (make)
		(void)unlink(p);
	if (!make || mkfifo(p, 0600) == 0)
		fd = open(p, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		xu_err_set(e, XE(XLD_CONSOLE), errno, "the serial line %s", p);
		xu_err_param(e, "serial line");
	}
	return fd;
}

/* ---- both ways ----------------------------------------------------------------- */

/* What is there now, as far as the guest's share goes. */
static void
take(struct serial *l)
{
	struct console *s = l->console;
	char data[4096];
	bool any = false;
	ssize_t n = 0;

	while (s->budget < CONSOLE_BUDGET &&
	    (n = read(l->from_fd, data, sizeof(data))) > 0) {
		console_take(s, data, (size_t)n);
		any = true;
	}
	if (!any)
		return;
	console_spoke(s, false);
	console_share(s);
	console_feed(s);
}

static void
readable(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct serial *l = h->data;

	take(l);
	if (l->console->budget >= CONSOLE_BUDGET) {
		l->held = true;
		uv_poll_stop(&l->from);
	}
}

void
console_serial_resume(struct console *s)
{
	struct serial *l = s->serial;

	if (l == NULL || !l->held)
		return;
	l->held = false;
	uv_poll_start(&l->from, UV_READABLE, readable);
}

static void
writable(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct serial *l = h->data;

	uv_poll_stop(h);
	console_serial_give(l->console);
	console_feed(l->console);
}

void
console_serial_give(struct console *s)
{
	struct serial *l = s->serial;
	ssize_t n = write(l->to_fd, s->in, s->in_len);

	if (n > 0) {
		s->in_len -= (size_t)n;
		memmove(s->in, s->in + n, s->in_len);
	}
	/* The guest does not read; its device model holds what fits. */
	if (s->in_len > 0)
		uv_poll_start(&l->to, UV_WRITABLE, writable);
}

/* ---- coming and going ------------------------------------------------------------ */

int
console_serial_open(struct guest *g, const char *path, bool make,
    struct xu_err *e)
{
	struct console *s = g->console;
	struct serial *l = s == NULL ? NULL : calloc(1, sizeof(*l));
	uv_loop_t *loop = g->core->loop;

	if (l == NULL)
		return xu_err_set(e, XE(XLD_NO_MEMORY), ENOMEM,
		    "keep the serial line");
	l->from_fd = open_end(path, "out", make, e);
	l->to_fd = l->from_fd < 0 ? -1 : open_end(path, "in", make, e);
	if (l->to_fd < 0 || uv_poll_init(loop, &l->from, l->from_fd) != 0 ||
	    uv_poll_init(loop, &l->to, l->to_fd) != 0) {
		if (l->from_fd >= 0)
			close(l->from_fd);
		if (l->to_fd >= 0)
			close(l->to_fd);
		free(l);
		return -1;
	}
	l->console = s;
	l->handles = 2;
	l->from.data = l->to.data = l;
	s->serial = l;
	uv_poll_start(&l->from, UV_READABLE, readable);
	return 0;
}

static void
closed(uv_handle_t *h)
{
	struct serial *l = h->data;

	if (--l->handles > 0)
		return;
	close(l->from_fd);
	close(l->to_fd);
	free(l);
}

void
console_serial_close(struct console *s)
{
	struct serial *l = s->serial;

	if (l == NULL)
		return;
	/* What is left: one FIFO's worth at most, so the share may wait. */
	s->budget = 0;
	take(l);
	s->serial = NULL;
	uv_close((uv_handle_t *)&l->from, closed);
	uv_close((uv_handle_t *)&l->to, closed);
}

void
console_serial_remove(const char *path)
{
	char p[320];

	end_path(p, path, "out");
	(void)unlink(p);
	end_path(p, path, "in");
	(void)unlink(p);
}
