/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the xenstore commands print: errors, values, JSON. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "xu_num.h"

int
cli_failed(const struct cli *c, const char *what)
{
	/* The sentence begins with the path, unless all is lost. */
	if (what != NULL && errno != EBADF)
		fprintf(stderr, "xenstore-%s: %s %s\n", c->name, what,
		    xs_last_error(c->h));
	else
		fprintf(stderr, "xenstore-%s: %s\n", c->name,
		    xs_last_error(c->h));
	return CLI_FAILED;
}

void
cli_escape(struct xu_buf *b, const char *v, size_t len)
{
	static const char from[] = "\n\t\r\\", to[] = "ntr\\";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)v[i];
		const char *at = c == 0 ? NULL : strchr(from, c);

		if (at != NULL)
			xu_buf_addf(b, "\\%c", to[at - from]);
		else if (isprint(c))
			xu_buf_addc(b, v[i]);
		else if (c < 8)
			xu_buf_addf(b, "\\%03o", c);
		else
			xu_buf_addf(b, "\\x%02x", c);
	}
}

/* The digits of \xHH or \OOO; false when they are none. */
static bool
add_number(struct xu_buf *out, const char *s, size_t digits, int base)
{
	char buf[4] = "";
	uint64_t v;

	memcpy(buf, s, strnlen(s, digits));
	if (strlen(buf) != digits || !xu_num_u64(buf, base, 255, &v))
		return false;
	xu_buf_addc(out, (char)v);
	return true;
}

bool
cli_unescape(const char *s, struct xu_buf *out)
{
	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			xu_buf_addc(out, *s);
			continue;
		}
		switch (*++s) {
		case 'n':
			xu_buf_addc(out, '\n');
			break;
		case 't':
			xu_buf_addc(out, '\t');
			break;
		case 'r':
			xu_buf_addc(out, '\r');
			break;
		case '\\':
			xu_buf_addc(out, '\\');
			break;
		case 'x':
			if (!add_number(out, s + 1, 2, 16))
				return false;
			s += 2;
			break;
		case '0' ... '3':
			if (!add_number(out, s, 3, 8))
				return false;
			s += 2;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Length of the UTF-8 character at p, 0 when it is none. */
static size_t
utf8(const unsigned char *p, size_t len)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned c = p[0];
	size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 :
	    c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (n < 2 || n > len)
		return n < 2 ? n : 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ?
	    0 : n;
}

struct xu_val *
cli_json_text(const char *v, size_t len)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	size_t n, at = 0;

	while (at < len &&
	    (n = utf8((const unsigned char *)v + at, len - at)) > 0)
		at += n;
	if (at == len)
		return xu_strn(v, len);
	cli_escape(&b, v, len);
	return xu_str(xu_buf_text(&b));
}

int
cli_print_json(const struct cli *c, struct xu_val *v, bool pretty)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int r = xu_val_ok(v) ? xu_val_to_json(v, pretty, &b) : -1;

	xu_val_free(v);
	if (r < 0) {
		fprintf(stderr, "xenstore-%s: out of memory\n", c->name);
		return CLI_FAILED;
	}
	fputs(xu_buf_text(&b), stdout);
	if (!pretty)
		putchar('\n');
	return CLI_OK;
}

void
cli_child(struct xu_buf *b, const char *path, const char *name)
{
	xu_buf_addf(b, "%s/%s", strcmp(path, "/") == 0 ? "" : path, name);
}
