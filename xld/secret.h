/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects of class secret: values that clients keep here. They are in the database,
 * which only root can read, and in no log, event or bundle. */
#ifndef XLD_SECRET_H
#define XLD_SECRET_H

#include "xld.h"

int secrets_open(struct core *c, struct xu_err *e);
void secrets_close(struct core *c);

extern const struct class_ops secret_ops;
extern const struct handler secret_handlers[];

#endif
