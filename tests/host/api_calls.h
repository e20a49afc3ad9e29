/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for programs that use the API as its clients do; what is not as it should
 * be is printed and ends the program with 1. */
#ifndef API_CALLS_H
#define API_CALLS_H

#include "xenapi.h"

extern struct xapi *api;

/* Opens and logs in; the reference of a machine, which the caller frees. */
char *begin(const char *machine);
void die(const char *what, const struct xapi_err *e) __attribute__((noreturn));
void check(const char *what, int good);
/* METHOD(ref) must succeed. */
void must(const char *method, const char *ref);
/* METHOD(ref) must fail with the code. */
void must_not(const char *method, const char *ref, const char *code);
/* METHOD(record), which is taken; its reference, which the caller frees. */
char *make(const char *method, struct xapi_value *record);
/* METHOD(record), which is taken, must fail with the code. */
void make_not(const char *method, struct xapi_value *record, const char *code);
/* A field of the object is that. */
void is(const char *cls, const char *ref, const char *field, int wanted);
void is_text(const char *cls, const char *ref, const char *field,
    const char *wanted);

#endif
