/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growable bytes; see xu_buf.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "xu_buf.h"

void
xu_buf_fini(struct xu_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	b->error = 0;
}

void
xu_buf_reset(struct xu_buf *b)
{
	b->len = 0;
	b->error = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

static bool
grow(struct xu_buf *b, size_t n)
{
	size_t need, cap;
	char *p;

	if (b->error != 0)
		return false;
	if (__builtin_add_overflow(b->len, n, &need) || need == SIZE_MAX ||
	    (b->max != 0 && need > b->max)) {
		b->error = E2BIG;
		return false;
	}
	need++;
	if (need <= b->cap)
		return true;
	cap = b->cap < 64 ? 64 : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	p = realloc(b->data, cap);
	if (p == NULL) {
		b->error = ENOMEM;
		return false;
	}
	b->data = p;
	b->cap = cap;
	return true;
}

void *
xu_buf_reserve(struct xu_buf *b, size_t n)
{
	char *p;

	if (!grow(b, n))
		return NULL;
	p = b->data + b->len;
	b->len += n;
	b->data[b->len] = '\0';
	return p;
}

void
xu_buf_add(struct xu_buf *b, const void *data, size_t n)
{
	void *p = xu_buf_reserve(b, n);

	if (p != NULL && n != 0)
		memcpy(p, data, n);
}

void
xu_buf_adds(struct xu_buf *b, const char *s)
{
	xu_buf_add(b, s, strlen(s));
}

void
xu_buf_addc(struct xu_buf *b, char c)
{
	xu_buf_add(b, &c, 1);
}

void
xu_buf_vaddf(struct xu_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && grow(b, (size_t)n)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void
xu_buf_addf(struct xu_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	xu_buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
xu_buf_drop(struct xu_buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + n, b->len - n);
		b->len -= n;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
}

char *
xu_buf_steal(struct xu_buf *b)
{
	char *p;

	if (b->error == 0 && b->data == NULL)
		grow(b, 0);
	if (b->error != 0) {
		errno = b->error;
		return NULL;
	}
	p = b->data;
	p[b->len] = '\0';
	b->data = NULL;
	b->len = b->cap = 0;
	return p;
}

const char *
xu_buf_text(const struct xu_buf *b)
{
	return b->data == NULL ? "" : b->data;
}
