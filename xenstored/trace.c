/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace; see trace.h. Lines are as those of Xen's own daemon. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trace.h"

unsigned trace_on;
static unsigned wanted = TRACE_IO | TRACE_OBJ;
static char *file;
static int fd = -1;

static const struct {
	const char *name;
	unsigned bit;
} switches[] = { { "io", TRACE_IO }, { "obj", TRACE_OBJ },
	{ "acc", TRACE_ACC } };

int
trace_open(const char *path)
{
	char *name = NULL;
	int f;

	if (path == NULL && file == NULL)
		return ENOENT;
	f = open(path != NULL ? path : file,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f < 0)
		return errno;
	if (path != NULL && (name = strdup(path)) == NULL) {
		close(f);
		return ENOMEM;
	}
	trace_close();
	if (name != NULL) {
		free(file);
		file = name;
	}
	fd = f;
	trace_on = wanted;
	return 0;
}

void
trace_close(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
	trace_on = 0;
}

bool
trace_switch(const char *s)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(switches); i++) {
		if (s[0] == '\0' || strcmp(s + 1, switches[i].name) != 0)
			continue;
		if (s[0] == '+')
			wanted |= switches[i].bit;
		else if (s[0] == '-')
			wanted &= ~switches[i].bit;
		else
			return false;
		trace_on = fd >= 0 ? wanted : 0;
		return true;
	}
	return false;
}

void
trace_describe(struct xu_buf *out)
{
	xu_buf_adds(out, fd >= 0 ? "on" : "off");
	for (size_t i = 0; i < XU_ARRAY_SIZE(switches); i++)
		xu_buf_addf(out, " %c%s",
		    (wanted & switches[i].bit) != 0 ? '+' : '-',
		    switches[i].name);
	if (file != NULL)
		xu_buf_addf(out, " %s", file);
}

static size_t
stamp(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	return strftime(out, size, "%Y%m%d %H:%M:%S",
	    localtime_r(&now, &tm));
}

void
trace_message(const struct conn *c, bool out, uint32_t type, const void *data,
    size_t len)
{
	char line[512], when[32];
	size_t n, i;

	stamp(when, sizeof(when));
	n = (size_t)snprintf(line, sizeof(line), "io: %s %p (d%u) %s %s (",
	    out ? "OUT" : "IN", (const void *)c, c->domid, when,
	    request_name(type));
	for (i = 0; i < len && n < sizeof(line) - 3; i++) {
		char ch = ((const char *)data)[i];

		line[n++] = ch >= ' ' && ch < 0x7f ? ch : ' ';
	}
	line[n++] = ')';
	line[n++] = '\n';
	(void)!write(fd, line, n);
}

void
trace_line(unsigned what, const char *fmt, ...)
{
	char text[256], line[320];
	va_list ap;
	size_t i;
	int n;

	for (i = 0; i < XU_ARRAY_SIZE(switches) - 1; i++)
		if (switches[i].bit == what)
			break;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	n = snprintf(line, sizeof(line), "%s: %s\n", switches[i].name, text);
	if (n > 0 && (size_t)n < sizeof(line))
		(void)!write(fd, line, (size_t)n);
}
