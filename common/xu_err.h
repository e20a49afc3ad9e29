/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An error on its way to a person: a stable code, the system's errno, the
 * parameters the code takes and one sentence. The first cause wins; callers add
 * context outward ("create web: kernel /boot/x: ..."). Never heap memory, so
 * that reporting cannot fail.
 */
#ifndef XU_ERR_H
#define XU_ERR_H

#include <stdbool.h>

#include "xu_auto.h"

#define XU_ERR_CODE_MAX	 48
#define XU_ERR_PARAM_MAX 4
#define XU_ERR_PARAM_LEN 128
#define XU_ERR_MSG_MAX	 1024

struct xu_err {
	/* A symbol of model/errors.h such as "VM_BAD_POWER_STATE"; "" if unset. */
	char code[XU_ERR_CODE_MAX];
	/* errno of the cause; 0 when the system had no part in it. */
	int errnum;
	int nparams;
	char params[XU_ERR_PARAM_MAX][XU_ERR_PARAM_LEN];
	/* One line without a final stop or newline. */
	char msg[XU_ERR_MSG_MAX];
};

#define XU_ERR_INIT                                                            \
	{                                                                      \
		.code = ""                                                     \
	}

static inline bool
xu_err_is_set(const struct xu_err *e)
{
	return e->code[0] != '\0';
}

void xu_err_clear(struct xu_err *e);

/*
 * Sets code, errno (0: none; otherwise its text is appended) and the sentence,
 * unless the error is set already. e may be NULL. Always returns -1.
 */
int xu_err_set(struct xu_err *e, const char *code, int errnum, const char *fmt,
    ...) XU_PRINTF(4, 5);

/* Appends a parameter of the code (XenAPI's ErrorDescription). */
void xu_err_param(struct xu_err *e, const char *fmt, ...) XU_PRINTF(2, 3);

/* Puts "context: " in front of the sentence. Always returns -1. */
int xu_err_add(struct xu_err *e, const char *fmt, ...) XU_PRINTF(2, 3);

#endif
