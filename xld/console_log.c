/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest has said: the newest of it in memory, and all of it in a log file
 * of bounded size. The memory of one that is silent is given back, for its log has
 * the same, and is read from there when somebody asks for it.
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

#define LEAST 256u

/* ---- in memory --------------------------------------------------------------------- */

size_t
history_piece(const struct history *h, uint64_t at, const char **p)
{
	size_t in = (size_t)(at & (h->room - 1));
	size_t n = (size_t)(h->total - at);

	*p = h->ring + in;
	return n < h->room - in ? n : h->room - in;
}

/* A ring of another size with what is in this. False: no memory. */
static bool
resize(struct history *h, size_t room)
{
	struct history more = { .ring = malloc(room), .room = room,
		.total = h->from, .from = h->from };
	const char *p;
	size_t n;

	if (more.ring == NULL)
		return false;
	for (uint64_t at = h->from; at < h->total; at += n) {
		n = history_piece(h, at, &p);
		history_add(&more, p, n);
	}
	free(h->ring);
	*h = more;
	return true;
}

/* n more are to be kept. */
static void
make_room(struct history *h, size_t n)
{
	size_t want = (size_t)(h->total - h->from) + n, room = LEAST;

	while (room < want && room < CONSOLE_KEEPS)
		room *= 2;
	/* Without memory the oldest go earlier. */
	if (room > h->room)
		resize(h, room);
}

void
history_add(struct history *h, const char *data, size_t n)
{
	size_t at, part;

	make_room(h, n);
	if (h->room == 0) {
		h->total += n;
		h->from = h->total;
		return;
	}
	while (n > 0) {
		at = (size_t)(h->total & (h->room - 1));
		part = n < h->room - at ? n : h->room - at;
		memcpy(h->ring + at, data, part);
		h->total += part;
		data += part;
		n -= part;
	}
	if (h->total - h->from > h->room)
		h->from = h->total - h->room;
}

void
history_free(struct history *h)
{
	free(h->ring);
	h->ring = NULL;
	h->room = 0;
	h->from = h->total;
}

/* ---- the file ------------------------------------------------------------------------ */

static void
log_path(const struct console *s, char out[320])
{
	snprintf(out, 320, XLD_CONSOLEDIR "/guest-%s.log",
	    guest_name(s->guest));
}

void
console_log_open(struct console *s, bool old_lines)
{
	struct stat st;
	char path[320];

	console_log_close(s);
	log_path(s, path);
	s->log = open(path,
	    O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	s->log_size = s->log >= 0 && fstat(s->log, &st) == 0 ?
	    (uint64_t)st.st_size : 0;
	if (s->log < 0)
		xu_log(XU_WARNING, "%s: %s; the console is not logged", path,
		    strerror(errno));
	/* After a restart of the daemon the newest lines are there. */
	if (old_lines)
		s->said.total = s->said.from = s->log_size;
	else
		s->log_from = s->said.total;
}

void
console_log_close(struct console *s)
{
	if (s->log >= 0)
		close(s->log);
	s->log = -1;
}

void
console_log_reopen(struct console *s)
{
	console_log_recall(s);
	console_log_open(s, false);
}

/* Two files of CONSOLE_LOG_MAX at most: no guest fills the disk. */
static void
rotate(struct console *s)
{
	char path[320], old[324];

	log_path(s, path);
	snprintf(old, sizeof(old), "%s.1", path);
	if (rename(path, old) < 0)
		xu_log(XU_WARNING, "rotate %s: %s", path, strerror(errno));
	console_log_reopen(s);
}

/* The file lacks some of what was said. */
static void
write_failed(struct console *s)
{
	struct stat st;

	if (!s->log_failed)
		xu_log(XU_WARNING, "console log of %s: %s",
		    guest_name(s->guest), strerror(errno));
	s->log_failed = true;
	s->log_size = fstat(s->log, &st) == 0 ? (uint64_t)st.st_size : 0;
	s->log_from = s->said.total;
}

void
console_log_add(struct console *s, const char *data, size_t n)
{
	if (s->log >= 0 && s->log_size > CONSOLE_LOG_MAX)
		rotate(s);
	history_add(&s->said, data, n);
	if (s->log < 0)
		return;
	if (xu_fd_write(s->log, data, n) < 0) {
		write_failed(s);
		return;
	}
	s->log_size += n;
	s->log_failed = false;
}

/* ---- from one to the other ------------------------------------------------------------- */

/* The first byte of the newest CONSOLE_KEEPS that the log can give. */
static uint64_t
first_logged(const struct console *s)
{
	uint64_t total = s->said.total, first = s->log_from;

	if (s->log < 0)
		return total;
	if (total > s->log_size && total - s->log_size > first)
		first = total - s->log_size;
	if (total > CONSOLE_KEEPS && total - CONSOLE_KEEPS > first)
		first = total - CONSOLE_KEEPS;
	return first;
}

void
console_log_recall(struct console *s)
{
	uint64_t first = first_logged(s);
	struct history h = { .total = first, .from = first };
	char part[4096];
	ssize_t n;

	if (first >= s->said.from)
		return;
	while (h.total < s->said.total) {
		uint64_t left = s->said.total - h.total;

		n = pread(s->log, part,
		    left < sizeof(part) ? (size_t)left : sizeof(part),
		    (off_t)(s->log_size - left));
		/* Others have cut it: what is in memory is all there is. */
		if (n <= 0) {
			history_free(&h);
			return;
		}
		history_add(&h, part, (size_t)n);
	}
	free(s->said.ring);
	s->said = h;
}

bool
console_log_rest(struct console *s)
{
	struct history *h = &s->said;
	struct xu_list *l;

	if (h->room == 0 || first_logged(s) > h->from)
		return false;
	LIST_FOREACH(l, &s->viewers)
		if (xu_container_of(l, struct viewer, all)->at < h->total)
			return false;
	history_free(h);
	return true;
}
