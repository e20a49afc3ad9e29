/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program's settings: a file of lines NAME = VALUE, where # begins a comment,
 * against a table of keys.
 */
#ifndef XU_CONF_H
#define XU_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "xu_err.h"
#include "xu_val.h"

#define XU_CONF_FILE_MAX (256u << 10)

enum xu_conf_kind {
	/* min to max. */
	XU_CONF_NUMBER,
	/* min to max words, blanks between. */
	XU_CONF_WORDS,
};

struct xu_conf_key {
	const char *name;
	enum xu_conf_kind kind;
	const char *dflt;
	uint64_t min, max;
};

typedef void xu_conf_warn_f(void *arg, const char *sentence);

/*
 * A struct with every key: an INT, or an ARRAY of strings. What the file does not
 * say is as in the table. A key that is not there is a warning (one that is near
 * is suggested), anything else that cannot be is an error; both name file and
 * line. where: for these sentences.
 */
struct xu_val *xu_conf_parse(const char *where, const char *text,
    const struct xu_conf_key *keys, size_t nkeys, xu_conf_warn_f *warn,
    void *arg, struct xu_err *e) XU_MUST_CHECK;
/* The same of a file; one that does not exist says nothing. */
struct xu_val *xu_conf_read(const char *path, const struct xu_conf_key *keys,
    size_t nkeys, xu_conf_warn_f *warn, void *arg,
    struct xu_err *e) XU_MUST_CHECK;

#endif
