/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xva.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xu_auto.h"
#include "xu_num.h"
#include "xu_tar.h"
#include "xva.h"

/* A sum, with whatever white space is behind it. */
#define SUM_MAX	   64
#define NUMBER_MIN 8
#define NUMBER_MAX 12

/* One that is as it shall be. */
struct chunk {
	char name[64];
	size_t disk, n;
	uint64_t number;
};

static enum xva_end XU_PRINTF(3, 4)
bad(struct xva *x, enum xva_end how, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(x->why, sizeof(x->why), fmt, ap);
	va_end(ap);
	/* Names are others'. */
	for (char *p = x->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return how;
}

static enum xva_end
unexpected(struct xva *x, const char *want, const char *found)
{
	return bad(x, XVA_UNEXPECTED, "%.90s|%.90s", want,
	    found[0] == '\0' ? "the end" : found);
}

static enum xva_end
get(struct xva *x, char *p, size_t n, size_t *got)
{
	x->stopped = x->read(x->arg, p, n, got);
	return x->stopped != 0 ? XVA_STOPPED : XVA_OK;
}

static enum xva_end
fill(struct xva *x, char *p, size_t n, const char *name)
{
	size_t got;
	enum xva_end r = get(x, p, n, &got);

	return r != XVA_OK || got == n ? r :
	    bad(x, XVA_TORN, "the archive ends within %.90s", name);
}

/* What fills its last block up. */
static enum xva_end
padding(struct xva *x, uint64_t size, const char *name)
{
	char rest[XU_TAR_BLOCK];
	const size_t n = (size_t)(size % XU_TAR_BLOCK);

	return n == 0 ? XVA_OK : fill(x, rest, XU_TAR_BLOCK - n, name);
}

static enum xva_end
skip(struct xva *x, const struct xu_tar_entry *e)
{
	enum xva_end r = XVA_OK;
	size_t n;

	for (uint64_t left = e->size; r == XVA_OK && left > 0; left -= n) {
		n = left < XVA_CHUNK ? (size_t)left : XVA_CHUNK;
		r = fill(x, x->buf, n, e->name);
	}
	return r == XVA_OK ? padding(x, e->size, e->name) : r;
}

/* The next file; its name is "" at the end. */
static enum xva_end
next(struct xva *x, struct xu_tar_entry *e)
{
	char block[XU_TAR_BLOCK];
	enum xva_end r;
	size_t got;
	int is;

	for (;;) {
		e->name[0] = '\0';
		r = get(x, block, sizeof(block), &got);
		if (r != XVA_OK || got == 0)
			return r;
		if (got < sizeof(block))
			return bad(x, XVA_TORN,
			    "the archive ends within a header");
		is = xu_tar_read(block, e);
		if (is < 0)
			return bad(x, XVA_BAD, "it is no tar, or damaged");
		if (is == 0 || e->type == '0')
			return XVA_OK;
		/* What newer formats say of the next one. */
		if (e->type != 'x' && e->type != 'g')
			return unexpected(x, "a regular file", e->name);
		r = skip(x, e);
		if (r != XVA_OK)
			return r;
	}
}

/* NAME/NUMBER, of a disk that is in it, behind its last one. */
static enum xva_end
is_chunk(struct xva *x, const struct xu_tar_entry *e, struct chunk *c)
{
	const char *slash = strrchr(e->name, '/');
	const size_t n = slash == NULL ? 0 : (size_t)(slash - e->name);
	const size_t digits = slash == NULL ? 0 : strlen(slash + 1);
	int64_t at, left;

	for (c->disk = 0; c->disk < x->ndisks; c->disk++)
		if (strlen(x->disks[c->disk].name) == n &&
		    memcmp(x->disks[c->disk].name, e->name, n) == 0)
			break;
	if (c->disk == x->ndisks || digits < NUMBER_MIN ||
	    digits > NUMBER_MAX || strlen(e->name) >= sizeof(c->name) - 10 ||
	    strspn(slash + 1, "0123456789") != digits ||
	    !xu_num_u64(slash + 1, 10, UINT32_MAX, &c->number))
		return unexpected(x, "a chunk of a disk", e->name);
	snprintf(c->name, sizeof(c->name), "%.53s", e->name);
	if (c->number < x->disks[c->disk].next)
		return bad(x, XVA_BAD, "%s comes twice, or too late", c->name);
	at = (int64_t)c->number * XVA_CHUNK;
	left = x->disks[c->disk].size - at;
	if (left <= 0 || e->size > (uint64_t)left ||
	    (e->size != 0 && e->size != XVA_CHUNK && e->size != (uint64_t)left) ||
	    e->size > XVA_CHUNK)
		return bad(x, XVA_BAD, "%s does not fit into its disk",
		    c->name);
	c->n = (size_t)e->size;
	return XVA_OK;
}

static bool
sum_is(const struct xva *x, const struct chunk *c, bool sha1, char *text)
{
	char want[XVA_SHA1_HEX], *end;
	unsigned long long said;

	text[strcspn(text, " \t\r\n")] = '\0';
	if (sha1) {
		xva_sha1(x->buf, c->n, want);
		return strcasecmp(text, want) == 0;
	}
	if (text[0] == '\0' || strlen(text) > 16 ||
	    text[strspn(text, "0123456789abcdefABCDEF")] != '\0')
		return false;
	said = strtoull(text, &end, 16);
	return said == xva_xxh64(x->buf, c->n);
}

/* What is in x->buf is as its writer had it. */
static enum xva_end
check_sum(struct xva *x, const struct chunk *c)
{
	char want[80], text[SUM_MAX + 1];
	struct xu_tar_entry e;
	enum xva_end r = next(x, &e);
	const size_t n = strlen(c->name);
	bool sha1;

	if (r != XVA_OK)
		return r;
	sha1 = strcmp(e.name + (strlen(e.name) < n ? 0 : n), ".checksum") == 0;
	snprintf(want, sizeof(want), "%s.%s", c->name,
	    sha1 ? "checksum" : "xxhash");
	if (strcmp(e.name, want) != 0)
		return unexpected(x, want, e.name);
	if (e.size > SUM_MAX)
		return bad(x, XVA_SUMS, "%s is no checksum", want);
	memset(text, 0, sizeof(text));
	if ((r = fill(x, text, (size_t)e.size, want)) != XVA_OK ||
	    (r = padding(x, e.size, want)) != XVA_OK)
		return r;
	return sum_is(x, c, sha1, text) ? XVA_OK :
	    bad(x, XVA_SUMS, "%s is damaged: its checksum is another", c->name);
}

static enum xva_end
take(struct xva *x, const struct xu_tar_entry *e)
{
	struct xva_disk *d;
	struct chunk c;
	enum xva_end r;
	int64_t at;

	if ((r = is_chunk(x, e, &c)) != XVA_OK ||
	    (r = fill(x, x->buf, c.n, c.name)) != XVA_OK ||
	    (r = padding(x, c.n, c.name)) != XVA_OK ||
	    (r = check_sum(x, &c)) != XVA_OK)
		return r;
	/* An empty one is there so that the line is not silent. */
	if (c.n == 0)
		return XVA_OK;
	d = &x->disks[c.disk];
	at = (int64_t)c.number * XVA_CHUNK;
	d->next = c.number + 1;
	d->whole = at + (int64_t)c.n == d->size;
	x->stopped = x->put(x->arg, c.disk, x->buf, c.n, at);
	return x->stopped != 0 ? XVA_STOPPED : XVA_OK;
}

enum xva_end
xva_read(struct xva *x)
{
	struct xu_tar_entry e;
	enum xva_end r = next(x, &e);

	if (r == XVA_OK && strcmp(e.name, "ova.xml") != 0)
		return unexpected(x, "ova.xml", e.name);
	if (r == XVA_OK)
		r = skip(x, &e);
	while (r == XVA_OK) {
		r = next(x, &e);
		if (r != XVA_OK || e.name[0] == '\0')
			break;
		/* Of old archives: all sums once more. */
		r = strcmp(e.name, "checksum.xml") == 0 ? skip(x, &e) :
							  take(x, &e);
	}
	for (size_t i = 0; r == XVA_OK && i < x->ndisks; i++)
		if (!x->disks[i].whole)
			r = bad(x, XVA_TORN,
			    "the last chunk of %.60s is not there",
			    x->disks[i].name);
	return r;
}
