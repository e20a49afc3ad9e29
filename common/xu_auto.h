/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scope-bound clean-up. AUTO_FREE char *p = NULL; frees p when the scope ends;
 * steal_ptr(&p) hands the pointer on instead.
 */
#ifndef XU_AUTO_H
#define XU_AUTO_H

#include <stdlib.h>
#include <unistd.h>

static inline void
xu_auto_free(void *p)
{
	free(*(void **)p);
}

static inline void
xu_auto_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define AUTO_FREE __attribute__((cleanup(xu_auto_free)))
/* An int that holds a descriptor or -1. */
#define AUTO_CLOSE __attribute__((cleanup(xu_auto_close)))

#define steal_ptr(p)                                                           \
	__extension__({                                                        \
		__typeof__(*(p)) stolen_ = *(p);                               \
		*(p) = NULL;                                                   \
		stolen_;                                                       \
	})

static inline int
steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

#define XU_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define XU_PRINTF(f, a)	 __attribute__((format(printf, f, a)))
#define XU_UNUSED	 __attribute__((unused))
#define XU_MUST_CHECK	 __attribute__((warn_unused_result))

#endif
