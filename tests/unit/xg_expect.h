/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a spoiled kernel must end with: its errno and one sentence of one line. */
#ifndef XG_EXPECT_H
#define XG_EXPECT_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xg_image.h"
#include "xg_private.h"
#include "xu_auto.h"

#define MIB    (1u << 20)
#define BUFFER (1u << 20)

static const struct xg_limits limits = { 1 << 24, 1 << 24, 10 };
static uint8_t buffer[BUFFER] XU_UNUSED;

static inline bool
one_line(const char *s)
{
	for (const char *p = s; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return s[0] != '\0' && strlen(s) < 200;
}

/* From a copy of exactly that size: ASan sees every byte too far. */
static inline int
parse_with(const struct xg_limits *l, const void *p, size_t n,
    struct xg_kernel *k, struct xg_error *e)
{
	AUTO_FREE void *copy = malloc(n == 0 ? 1 : n);
	int r;

	memcpy(copy, p, n);
	memset(e, 0, sizeof(*e));
	errno = 0;
	r = xg_parse(copy, n, l, NULL, k, e);
	if (r < 0) {
		ck_assert_int_eq(errno, e->errnum);
		ck_assert_msg(one_line(e->msg), "'%s'", e->msg);
	}
	return r;
}

static inline void
expect(const char *what, const void *p, size_t n, int errnum, const char *says)
{
	struct xg_kernel k;
	struct xg_error e;

	ck_assert_msg(parse_with(&limits, p, n, &k, &e) < 0, "%s: accepted",
	    what);
	ck_assert_msg(e.errnum == errnum &&
		strncmp(e.msg, says, strlen(says)) == 0,
	    "%s: %d '%s' instead of %d '%s'", what, e.errnum, e.msg, errnum,
	    says);
}

/* The last lines of a test program. */
static inline int
run_suite(Suite *s)
{
	SRunner *r = srunner_create(s);
	int failed;

	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}

#endif
