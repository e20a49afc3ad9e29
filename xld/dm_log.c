/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The output of a device model: a file that does not grow beyond LOG_MAX (XSA-180);
 * the end of it is part of our error when it dies.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dm.h"

#define LOG_MAX (1u << 20)

void
dm_log_words(const char *log, char *out, size_t room)
{
	char text[1024];
	int fd = open(log, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(text) - 1 ?
	    size - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);
	char *start;

	if (fd >= 0)
		close(fd);
	n = n < 0 ? 0 : n;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	text[n] = '\0';
	for (char *p = text; *p != '\0'; p++)
		if (!isprint((unsigned char)*p) && *p != '\n')
			*p = '?';
	start = strrchr(text, '\n');
	start = start == NULL ? text : start + 1;
	snprintf(out, room, "%.250s", *start == '\0' ? "it said nothing" : start);
}

void
dm_log_trim(const char *log)
{
	static const char note[] = "xld: what was here before was too long\n";
	char tail[4096];
	struct stat st;
	ssize_t n;
	int fd = open(log, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > LOG_MAX &&
	    (n = pread(fd, tail, sizeof(tail),
		 st.st_size - (off_t)sizeof(tail))) >= 0 &&
	    ftruncate(fd, 0) == 0) {
		(void)!write(fd, note, sizeof(note) - 1);
		(void)!write(fd, tail, (size_t)n);
	}
	close(fd);
}

int
dm_log_open(const char *log, struct xu_err *e)
{
	char old[520];
	int fd;

	snprintf(old, sizeof(old), "%s.1", log);
	(void)rename(log, old);
	fd = open(log,
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		xu_err_set(e, XE(XLD_FILE), errno, "the log %s", log);
	return fd;
}
