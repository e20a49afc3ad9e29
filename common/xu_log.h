/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of a program. One line per record, no newline in the text. Sinks:
 * standard error (with a level prefix systemd understands when it runs us) or
 * a file. Process-wide, because a process has one log.
 */
#ifndef XU_LOG_H
#define XU_LOG_H

#include "xu_auto.h"
#include "xu_err.h"

enum xu_level {
	XU_ERROR,
	XU_WARNING,
	XU_NOTICE,
	XU_INFO,
	XU_DEBUG,
};

/*
 * ident names the program in each line. path NULL: standard error. Returns 0, or
 * -1 with errno when the file cannot be opened (standard error stays in use).
 */
int xu_log_open(const char *ident, const char *path, enum xu_level max);
/* Reopens the file (SIGHUP after rotation). */
void xu_log_reopen(void);
enum xu_level xu_log_level(void);
/* NULL: standard error. */
const char *xu_log_path(void);

/* A word that lines have from now on in brackets, which tells what they are about: a
 * request. NULL or "": none. Copied. */
#define XU_LOG_CONTEXT 40
void xu_log_context(const char *word);
const char *xu_log_context_word(void);

void xu_log(enum xu_level level, const char *fmt, ...) XU_PRINTF(2, 3);
/* Logs an error object once, where it stops travelling. */
void xu_log_err(enum xu_level level, const struct xu_err *e);

#endif
