/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The forms a domain is listed in, apart from where it comes from. */
#ifndef XM_CMD_LIST_H
#define XM_CMD_LIST_H

#include "table.h"

extern const struct xm_table list_table, vm_list_table;

void list_header(struct xu_buf *out);
void list_row(const struct xapi_vm *vm, struct xu_buf *out);
/* xm's (domain ...) form. */
struct xapi_value *list_sxp(const struct xapi_vm *vm);
/* all: with the records of the API. */
struct xapi_value *list_json(const struct xapi_vm *vm, bool all);
/* xm's word: halted, paused, running, suspended, shutdown, crashed, unknown. */
const char *list_state_word(const struct xapi_vm *vm);

/* The one the user means; an exact name wins over a number. */
const struct xapi_vm *list_pick(const struct xapi_vm_list *l, const char *what);

#endif
