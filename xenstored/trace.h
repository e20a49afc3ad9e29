/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The trace: every message, and what comes and goes, as lines in a file. Costs
 * one comparison while it is off.
 */
#ifndef XSD_TRACE_H
#define XSD_TRACE_H

#include "xsd.h"

#define TRACE_IO  1u /* requests, replies, events */
#define TRACE_OBJ 2u /* connections and domains come and go */
#define TRACE_ACC 4u /* quota: nearly used up, refused */

/* Switches that are on; 0 while there is no file. */
extern unsigned trace_on;

/* NULL: the file it had last. 0 or an errno. */
int trace_open(const char *path);
void trace_close(void);
/* "+io", "-obj", ...; false: no such switch. */
bool trace_switch(const char *s);
void trace_describe(struct xu_buf *out);
void trace_message(const struct conn *c, bool out, uint32_t type,
    const void *data, size_t len);
void trace_line(unsigned what, const char *fmt, ...) XU_PRINTF(2, 3);

static inline void
trace_io(const struct conn *c, bool out, uint32_t type, const void *data,
    size_t len)
{
	if (__builtin_expect((trace_on & TRACE_IO) != 0, 0))
		trace_message(c, out, type, data, len);
}

#define TRACE(what, ...)                                                       \
	do                                                                     \
		if (__builtin_expect((trace_on & (what)) != 0, 0))             \
			trace_line((what), __VA_ARGS__);                       \
	while (0)

#endif
