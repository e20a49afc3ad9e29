/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few functions of a C library that the compiler and the guest expect.
 */
#include "tiny.h"

void *
memcpy(void *to, const void *from, size_t n)
{
	void *ret = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
	return ret;
}

void *
memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)t - (uintptr_t)f >= n)
		return memcpy(to, from, n);
	while (n-- > 0) {
		t[n] = f[n];
		barrier(); /* or the compiler makes this a call of memmove */
	}
	return to;
}

void *
memset(void *to, int byte, size_t n)
{
	void *ret = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(byte) : "memory");
	return ret;
}

int
memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0') {
		n++;
		barrier();
	}
	return n;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

uint64_t
number(const char *s, const char **end)
{
	uint64_t n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*s - '0'), &n))
			n = UINT64_MAX;
	if (end != NULL)
		*end = s;
	return n;
}

struct out {
	char *to;
	size_t size, len;
};

static void
put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->to[o->len++] = c;
}

static void
put_number(struct out *o, uint64_t n, unsigned int base, int width, char pad)
{
	char digits[24];
	int len = 0;

	do {
		digits[len++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n != 0);
	for (; width > len; width--)
		put(o, pad);
	while (len > 0)
		put(o, digits[--len]);
}

size_t
format_v(char *to, size_t size, const char *fmt, va_list ap)
{
	struct out o = { to, size, 0 };

	for (; *fmt != '\0'; fmt++) {
		bool wide = false;
		char pad = ' ';
		int width;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		width = (int)number(fmt, &fmt);
		if (*fmt == 'l') {
			wide = true;
			fmt++;
		}
		if (*fmt == 's') {
			for (const char *s = va_arg(ap, char *); *s; s++)
				put(&o, *s);
		} else if (*fmt == 'c') {
			put(&o, (char)va_arg(ap, int));
		} else if (*fmt == 'd') {
			int64_t n = wide ? va_arg(ap, long) : va_arg(ap, int);

			if (n < 0)
				put(&o, '-');
			put_number(&o, n < 0 ? -(uint64_t)n : (uint64_t)n, 10,
			    width, pad);
		} else if (*fmt == 'u' || *fmt == 'x') {
			uint64_t n = wide ? va_arg(ap, unsigned long) :
					    va_arg(ap, unsigned int);

			put_number(&o, n, *fmt == 'u' ? 10 : 16, width, pad);
		} else {
			put(&o, *fmt);
		}
	}
	if (size > 0)
		to[o.len] = '\0';
	return o.len;
}

size_t
format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = format_v(to, size, fmt, ap);
	va_end(ap);
	return n;
}
