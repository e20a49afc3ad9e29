/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: legal characters, relative names, length limits. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xsd.h"

static bool
legal(const char *p)
{
	static const char ok[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz"
				 "0123456789-/_@";
	size_t len = strlen(p);

	if (len == 0 || strspn(p, ok) != len || strstr(p, "//") != NULL)
		return false;
	return len == 1 || p[len - 1] != '/';
}

bool
path_is_special(const char *path)
{
	return path[0] == '@';
}

/* Without a leading /local/domain/<n>/, which is what quota path-max counts. */
static size_t
relative_len(const char *path)
{
	unsigned domid;
	int used = 0;

	if (sscanf(path, "/local/domain/%5u/%n", &domid, &used) == 1 &&
	    used > 0)
		return strlen(path) - (size_t)used;
	return strlen(path);
}

int
path_canonical(const struct conn *c, const char *in, bool special, char *out)
{
	int n;

	if (!legal(in))
		return EINVAL;
	if (in[0] == '@')
		n = special ? snprintf(out, XSD_ABS_PATH + 1, "%s", in) : -1;
	else if (in[0] == '/')
		n = snprintf(out, XSD_ABS_PATH + 1, "%s", in);
	else
		n = snprintf(out, XSD_ABS_PATH + 1, "/local/domain/%u/%s",
		    c->domid, in);
	if (n < 0 || n > (int)XSD_ABS_PATH ||
	    relative_len(out) > quota_of(c, QUOTA_PATH))
		return EINVAL;
	return 0;
}

size_t
path_parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? 1 : (size_t)(slash - path);
}
