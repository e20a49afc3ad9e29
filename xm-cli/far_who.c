/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Name and password for another host; see far.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "far.h"
#include "xu_file.h"

#define FILE_MAX (64u << 10)
#define CTRL_C	 3

char *
far_file(const char *name)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = -1;

	if (config != NULL && *config == '/')
		n = asprintf(&path, "%s/xld/%s", config, name);
	else if (home != NULL && *home == '/')
		n = asprintf(&path, "%s/.config/xld/%s", home, name);
	return n < 0 ? NULL : path;
}

/* ---- the file ---------------------------------------------------------------------- */

/* The next word, which may be quoted; \ keeps what follows. False: there is none, or
 * it is too long. */
static bool
next_word(const char **at, char *out, size_t size)
{
	const char *p = *at + strspn(*at, " \t\r\n");
	bool quoted = *p == '"';
	size_t n = 0;

	if (*p == '\0')
		return false;
	p += quoted;
	for (; *p != '\0' && (quoted ? *p != '"' : strchr(" \t\r\n", *p) == NULL);
	     p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (n + 1 >= size)
			return false;
		out[n++] = *p;
	}
	out[n] = '\0';
	*at = p + (quoted && *p == '"');
	return true;
}

/* One that is too long is none. */
static void
keep(char *to, size_t size, const char *word)
{
	size_t len = strlen(word);

	memcpy(to, word, len < size ? len + 1 : 0);
}

/* One entry: its words up to the next. */
static void
entry(const char **at, struct far_who *out)
{
	char word[256], value[256];
	const char *before = *at;

	for (; next_word(at, word, sizeof(word)); before = *at) {
		if (strcmp(word, "machine") == 0 || strcmp(word, "default") == 0)
			break;
		if (!next_word(at, value, sizeof(value)))
			return;
		if (strcmp(word, "login") == 0)
			keep(out->user, sizeof(out->user), value);
		else if (strcmp(word, "password") == 0)
			keep(out->password, sizeof(out->password), value);
		explicit_bzero(value, sizeof(value));
	}
	*at = before;
}

bool
far_find(const char *text, const char *host, struct far_who *who)
{
	char word[256], name[256];
	struct far_who w;

	while (next_word(&text, word, sizeof(word))) {
		name[0] = '\0';
		if (strcmp(word, "machine") == 0) {
			if (!next_word(&text, name, sizeof(name)))
				return false;
		} else if (strcmp(word, "default") != 0) {
			continue;
		}
		memset(&w, 0, sizeof(w));
		entry(&text, &w);
		if ((name[0] == '\0' || strcmp(name, host) == 0) &&
		    w.password[0] != '\0' &&
		    (who->user[0] == '\0' || w.user[0] == '\0' ||
			strcmp(who->user, w.user) == 0)) {
			if (who->user[0] == '\0')
				strcpy(who->user, w.user);
			strcpy(who->password, w.password);
			who->known = true;
		}
		explicit_bzero(&w, sizeof(w));
		if (who->known)
			return true;
	}
	return false;
}

static int
from_file(struct xm *xm, const struct far_place *p, struct far_who *who)
{
	const char *named = getenv(FAR_CREDENTIALS);
	AUTO_FREE char *own = named == NULL ? far_file("credentials") : NULL;
	const char *path = named != NULL ? named : own;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CLOSE int fd =
	    path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (path == NULL || (fd < 0 && named == NULL && errno == ENOENT))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || xu_fd_read(fd, FILE_MAX, &b) < 0)
		return xm_error(xm, "XLD_FILE", XM_FAILED, "%s: %s", path,
		    strerror(errno));
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
		return xm_error(xm, "XLD_FILE", XM_PERMISSION,
		    "%s is not used, since others than its owner can read it: "
		    "chmod 600 %s", path, path);
	far_find(xu_buf_text(&b), p->host, who);
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	return 0;
}

/* ---- the terminal -------------------------------------------------------------------- */

/* A line without its end, which ^C is, too. */
static bool
read_line(int tty, char *out, size_t size)
{
	size_t n = 0;
	char c = '\0';

	while (read(tty, &c, 1) == 1 && c != '\n' && c != CTRL_C)
		if (n + 1 < size)
			out[n++] = c;
	out[n] = '\0';
	return c == '\n';
}

/* Nothing of it is shown, and a signal from the keyboard does not leave the terminal so. */
static int
from_terminal(const struct far_place *p, struct far_who *who)
{
	AUTO_CLOSE int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios was, silent;
	bool whole;

	if (tty < 0 || tcgetattr(tty, &was) < 0)
		return 0;
	dprintf(tty, "Password of %s at %s: ", who->user, p->host);
	silent = was;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	silent.c_lflag |= ICANON;
	silent.c_cc[VEOL] = CTRL_C;
	tcsetattr(tty, TCSAFLUSH, &silent);
	whole = read_line(tty, who->password, sizeof(who->password));
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	who->known = whole;
	return whole ? 0 : -1;
}

int
far_who(struct xm *xm, const struct far_place *p, struct far_who *who)
{
	int status;

	memset(who, 0, sizeof(*who));
	strcpy(who->user, p->user);
	status = from_file(xm, p, who);
	if (who->user[0] == '\0')
		strcpy(who->user, "root");
	if (status != 0 || who->known || from_terminal(p, who) == 0)
		return status;
	return xm_error(xm, "XLD_INTERRUPTED", XM_INTERRUPTED,
	    "no password was given");
}
