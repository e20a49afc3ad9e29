/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths: legal characters, relative names, length limits; one pass, no format. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xsd.h"

#define HOME "/local/domain/"
#define HOME_LEN (sizeof(HOME) - 1)

/* 1 = legal inside a name, 2 = the slash. */
static const uint8_t class[256] = {
    ['-'] = 1,
    ['_'] = 1,
    ['@'] = 1,
    ['/'] = 2,
    ['0'] = 1,
    ['1'] = 1,
    ['2'] = 1,
    ['3'] = 1,
    ['4'] = 1,
    ['5'] = 1,
    ['6'] = 1,
    ['7'] = 1,
    ['8'] = 1,
    ['9'] = 1,
    ['A'] = 1,
    ['B'] = 1,
    ['C'] = 1,
    ['D'] = 1,
    ['E'] = 1,
    ['F'] = 1,
    ['G'] = 1,
    ['H'] = 1,
    ['I'] = 1,
    ['J'] = 1,
    ['K'] = 1,
    ['L'] = 1,
    ['M'] = 1,
    ['N'] = 1,
    ['O'] = 1,
    ['P'] = 1,
    ['Q'] = 1,
    ['R'] = 1,
    ['S'] = 1,
    ['T'] = 1,
    ['U'] = 1,
    ['V'] = 1,
    ['W'] = 1,
    ['X'] = 1,
    ['Y'] = 1,
    ['Z'] = 1,
    ['a'] = 1,
    ['b'] = 1,
    ['c'] = 1,
    ['d'] = 1,
    ['e'] = 1,
    ['f'] = 1,
    ['g'] = 1,
    ['h'] = 1,
    ['i'] = 1,
    ['j'] = 1,
    ['k'] = 1,
    ['l'] = 1,
    ['m'] = 1,
    ['n'] = 1,
    ['o'] = 1,
    ['p'] = 1,
    ['q'] = 1,
    ['r'] = 1,
    ['s'] = 1,
    ['t'] = 1,
    ['u'] = 1,
    ['v'] = 1,
    ['w'] = 1,
    ['x'] = 1,
    ['y'] = 1,
    ['z'] = 1,
};

bool
path_is_special(const char *path)
{
	return path[0] == '@';
}

/* Copies a legal path, at most room bytes without its NUL; its length or -1. */
static int
copy_legal(const char *in, char *out, size_t room)
{
	size_t i;
	unsigned last = 0, c;

	for (i = 0; (c = class[(unsigned char)in[i]]) != 0; i++) {
		if (i == room || (c == 2 && last == 2))
			return -1;
		out[i] = in[i];
		last = c;
	}
	if (in[i] != '\0' || i == 0 || (last == 2 && i > 1))
		return -1;
	out[i] = '\0';
	return (int)i;
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

/* "/local/domain/<domid>/"; its length. */
static size_t
put_home(char *out, unsigned domid)
{
	char digits[8];
	size_t n = 0, at = HOME_LEN;

	memcpy(out, HOME, HOME_LEN);
	do
		digits[n++] = (char)('0' + domid % 10);
	while ((domid /= 10) != 0);
	while (n > 0)
		out[at++] = digits[--n];
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
