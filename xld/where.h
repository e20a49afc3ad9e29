/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter of get_all_records_where, as later clients write it:
 *
 *   true | false | not E | (E) | E and E | E or E | V = V
 *   V: "text" | field "name"
 *
 * "and" binds tighter than "or"; in a name __ stands for _, too.
 */
#ifndef XLD_WHERE_H
#define XLD_WHERE_H

#include "xu_err.h"
#include "xu_val.h"

/* 1: it holds for the record; 0: not; -1 with an error: it makes no sense. */
int where_holds(const char *filter, const struct xu_val *record,
    struct xu_err *e);

#endif
