/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log; see xu_log.h. A record is one write(2), so lines never mix. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "xu_log.h"

static struct {
	char ident[32];
	char path[256];
	char context[XU_LOG_CONTEXT];
	int fd;
	enum xu_level max;
} state = { .ident = "xld", .fd = STDERR_FILENO, .max = XU_INFO };

static const char *const level_names[] = { "error", "warning", "notice",
	"info", "debug" };

static int
open_file(void)
{
	return open(state.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

int
xu_log_open(const char *ident, const char *path, enum xu_level max)
{
	int fd;

	snprintf(state.ident, sizeof(state.ident), "%s", ident);
	state.max = max;
	if (path == NULL)
		return 0;
	snprintf(state.path, sizeof(state.path), "%s", path);
	fd = open_file();
	if (fd < 0) {
		state.path[0] = '\0';
		return -1;
	}
	state.fd = fd;
	return 0;
}

void
xu_log_reopen(void)
{
	int fd;

	if (state.path[0] == '\0')
		return;
	fd = open_file();
	if (fd < 0)
		return;
	if (state.fd != STDERR_FILENO)
		close(state.fd);
	state.fd = fd;
}

enum xu_level
xu_log_level(void)
{
	return state.max;
}

const char *
xu_log_path(void)
{
	return state.path[0] == '\0' ? NULL : state.path;
}

void
xu_log_context(const char *word)
{
	snprintf(state.context, sizeof(state.context), "%s",
	    word != NULL ? word : "");
}

const char *
xu_log_context_word(void)
{
	return state.context;
}

void
xu_log(enum xu_level level, const char *fmt, ...)
{
	char line[XU_ERR_MSG_MAX + 128];
	int saved = errno;
	va_list ap;
	size_t len;
	struct timespec now;
	struct tm tm;

	if (level > state.max)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	len = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(line + len, sizeof(line) - len,
	    ".%03ldZ %s[%d] %s: %s%s%s", now.tv_nsec / 1000000, state.ident,
	    (int)getpid(), level_names[level],
	    state.context[0] != '\0' ? "[" : "", state.context,
	    state.context[0] != '\0' ? "] " : "");
	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	/* Names and words of strangers are in it, and who reads it may do so on
	 * a terminal. */
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	line[len++] = '\n';
	if (write(state.fd, line, len) < 0) {
		/* A full disk must not stop the daemon. */
	}
	errno = saved;
}

void
xu_log_err(enum xu_level level, const struct xu_err *e)
{
	xu_log(level, "%s (%s)", e->msg, e->code);
}
