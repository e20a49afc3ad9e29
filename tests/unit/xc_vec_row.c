/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xc_vec.h: a row's calls, compared one after the other. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "xc_vec.h"

void *vec_pointer;

static const char *function;
/* Calls of this row that were compared. */
static unsigned compared;

#define MAX_SEEN 4096
static struct {
	const char *function;
	unsigned op;
	uint32_t cmd;
} seen[MAX_SEEN];
static unsigned nseen;

static void wrong(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void
wrong(const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ck_abort_msg("%s on Xen 4.%u, call %u: %s", function, vec_now->minor,
	    compared, text);
}

void
vec_begin(const char *name)
{
	function = name;
	compared = 0;
	vec_forget_calls();
	errno = 0;
}

void
vec_returned(int64_t got, int64_t want)
{
	if (got != want)
		wrong("returned %lld, not %lld (errno %s)", (long long)got,
		    (long long)want, strerror(errno));
}

bool
vec_refused(xc_interface *x, unsigned since, int64_t got)
{
	int row_errno = errno;
	char release[16];

	if (vec_now->minor >= since) {
		vec_returned(got, 0);
		return false;
	}
	snprintf(release, sizeof(release), "4.%u", since);
	if (got != -1 || row_errno != ENOTSUP)
		wrong("returned %lld with %s before %s", (long long)got,
		    strerror(row_errno), release);
	if (strstr(xc_last_error(x), release) == NULL)
		wrong("\"%s\" does not name %s", xc_last_error(x), release);
	if (vec_count() != 0)
		wrong("refused, but sent something");
	vec_forget_answers();
	return true;
}

static void
remember(const struct vec_call *c)
{
	for (unsigned i = 0; i < nseen; i++)
		if (seen[i].op == c->op && seen[i].cmd == c->cmd &&
		    strcmp(seen[i].function, function) == 0)
			return;
	ck_assert_uint_lt(nseen, MAX_SEEN);
	seen[nseen].function = function;
	seen[nseen].op = c->op;
	seen[nseen++].cmd = c->cmd;
}

void
vec_end(void)
{
	if (vec_count() == 0)
		wrong("nothing was sent: that is no vector");
	if (compared != vec_count())
		wrong("%u calls were made; the next is %u operation %u",
		    vec_count(), vec_call(compared)->op,
		    vec_call(compared)->cmd);
	for (unsigned i = 0; i < compared; i++)
		remember(vec_call(i));
	vec_forget_answers();
	vec_forget_calls();
}

/* The first 16 bytes from the one that differs. */
static void
differ(const char *what, const uint8_t *got, const uint8_t *want, size_t size)
{
	char g[40] = "", w[40] = "";
	size_t at = 0;

	while (got[at] == want[at])
		at++;
	for (size_t i = 0; i < 16 && at + i < size; i++) {
		snprintf(g + 2 * i, 3, "%02x", got[at + i]);
		snprintf(w + 2 * i, 3, "%02x", want[at + i]);
	}
	wrong("%s differs at byte %zu of %zu: %s, not %s", what, at, size, g,
	    w);
}

void
vec_sent(unsigned op, uint32_t cmd, const uint64_t arg[5], const void *bytes,
    size_t size)
{
	const struct vec_call *c;

	if (compared >= vec_count())
		wrong("%u operation %u was not sent", op, cmd);
	c = vec_call(compared);
	if (c->op != op || c->cmd != cmd)
		wrong("it is %u operation %u, not %u operation %u", c->op,
		    c->cmd, op, cmd);
	if (memcmp(c->arg, arg, sizeof(c->arg)) != 0)
		differ("the arguments", (const uint8_t *)c->arg,
		    (const uint8_t *)arg, sizeof(c->arg));
	ck_assert_uint_le(size, VEC_BYTES);
	if (size > 0 && memcmp(c->sent, bytes, size) != 0)
		differ("the structure", c->sent, bytes, size);
	compared++;
}

void
vec_deep(unsigned k, const void *bytes, size_t size)
{
	const struct vec_call *c;

	ck_assert_uint_gt(compared, 0);
	c = vec_call(compared - 1);
	if (k >= c->ndeep)
		wrong("there are %u pointers, not %u", c->ndeep, k + 1);
	ck_assert_uint_le(size, VEC_BYTES);
	if (memcmp(c->deep[k], bytes, size) != 0)
		differ("what a pointer points at", c->deep[k], bytes, size);
}

#define PAYLOAD 128

void
vec_domctl(uint32_t domid, uint32_t cmd, const void *payload, size_t n)
{
	const uint32_t head[4] = { cmd, vec_now->domctl, domid };
	uint8_t want[sizeof(head) + PAYLOAD] = { 0 };

	ck_assert_uint_le(n, PAYLOAD);
	memcpy(want, head, sizeof(head));
	if (n > 0)
		memcpy(want + sizeof(head), payload, n);
	vec_sent(HC_DOMCTL, cmd, (const uint64_t[5]){ VEC_PTR(0) }, want,
	    sizeof(want));
}

void
vec_sysctl(uint32_t cmd, const void *payload, size_t n)
{
	const uint32_t head[2] = { cmd, vec_now->sysctl };
	uint8_t want[sizeof(head) + PAYLOAD] = { 0 };

	ck_assert_uint_le(n, PAYLOAD);
	memcpy(want, head, sizeof(head));
	if (n > 0)
		memcpy(want + sizeof(head), payload, n);
	vec_sent(HC_SYSCTL, cmd, (const uint64_t[5]){ VEC_PTR(0) }, want,
	    sizeof(want));
}

void
vec_equal(uint64_t got, uint64_t want, const char *what)
{
	if (got != want)
		wrong("%s is %#llx, not %#llx", what, (unsigned long long)got,
		    (unsigned long long)want);
}

void
vec_same(const void *got, const void *want, size_t size, const char *what)
{
	if (memcmp(got, want, size) != 0)
		differ(what, got, want, size);
}

void
vec_print_seen(void)
{
	for (unsigned i = 0; i < nseen; i++)
		printf("%s %u %u\n", seen[i].function, seen[i].op,
		    seen[i].cmd);
}
