/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: legal characters, relative names, length limits; one pass, no format. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xsd.h"

#define HOME "/local/domain/"
#define HOME_LEN (sizeof(HOME) - 1)

bool
path_is_special(const char *path)
{
	return path[0] == '@';
}

/* So many bytes are looked at together: a vector of the compiler's. */
#define STRIDE 16u
typedef uint8_t stride __attribute__((vector_size(STRIDE)));

/* Something that is not legal among them, or a name without a letter (the byte
 * behind them is looked at, too). */
static bool
is_illegal(const char *in)
{
	uint64_t bad[2];
	stride c, next, wrong;

	memcpy(&c, in, STRIDE);
	memcpy(&next, in + 1, STRIDE);
	/* The slash is before the digits. */
	wrong = (stride)(((c | 32) - 'a' > 25) & (c - '/' > 10) & (c != '-') &
	    (c != '_') & (c != '@'));
	wrong |= (stride)((c == '/') & (next == '/'));
	memcpy(bad, &wrong, sizeof(bad));
	return (bad[0] | bad[1]) != 0;
}

static bool
all_legal(const char *in, size_t len)
{
	char few[STRIDE + 1];
	size_t i;

	if (len < STRIDE) {
		memset(few, 'a', sizeof(few));
		memcpy(few, in, len);
		return !is_illegal(few);
	}
	for (i = 0; i + STRIDE <= len; i += STRIDE)
		if (is_illegal(in + i))
			return false;
	return i == len || !is_illegal(in + len - STRIDE);
}

/* Copies a legal path, at most room bytes without its NUL; its length or -1. */
static int
copy_legal(const char *in, char *out, size_t room)
{
	const size_t len = strlen(in);

	if (len == 0 || len > room || (len > 1 && in[len - 1] == '/') ||
	    !all_legal(in, len))
		return -1;
	memcpy(out, in, len + 1);
	return (int)len;
}

/* Bytes of a leading /local/domain/<n>/, which quota path-max does not count. */
static size_t
home_len(const char *path)
{
	size_t i = HOME_LEN;

	if (strncmp(path, HOME, HOME_LEN) != 0)
		return 0;
	while (i < HOME_LEN + 5 && path[i] >= '0' && path[i] <= '9')
		i++;
	return i > HOME_LEN && path[i] == '/' ? i + 1 : 0;
}

size_t
put_number(char *out, uint32_t v)
{
	char digits[10];
	size_t n = 0, at = 0;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	while (n > 0)
		out[at++] = digits[--n];
	return at;
}

/* "/local/domain/<domid>/"; its length. */
static size_t
put_home(char *out, unsigned domid)
{
	size_t at = HOME_LEN;

	memcpy(out, HOME, HOME_LEN);
	at += put_number(out + at, domid);
	out[at++] = '/';
	return at;
}

int
path_canonical(const struct conn *c, const char *in, bool special, char *out)
{
	uint32_t max = quota_of(c, QUOTA_PATH);
	size_t at = 0, len;
	int n;

	if (in[0] == '@' && !special)
		return EINVAL;
	if (in[0] != '/' && in[0] != '@')
		at = put_home(out, c->domid);
	n = copy_legal(in, out + at, XSD_ABS_PATH - at);
	if (n < 0)
		return EINVAL;
	len = at == 0 ? (size_t)n - home_len(out) : (size_t)n;
	return max != 0 && len > max ? EINVAL : 0;
}

size_t
path_parent_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? 1 : (size_t)(slash - path);
}
