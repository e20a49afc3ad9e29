/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's values as the model wants them: numbers that came as text become
 * numbers, words of enums get their own spelling, references lose their prefix.
 */
#ifndef API_TYPES_H
#define API_TYPES_H

#include "schema.h"
#include "xu_val.h"

/*
 * v in the type t, owned by the caller, or NULL: then *bad names what did not
 * fit, a field of a record or `name` itself.
 */
struct xu_val *api_convert(const struct xu_val *v, const struct model_type *t,
    const char *name, const char **bad);
/*
 * The other way: the core's value of type t for a client. modern: references and
 * a task's progress and result look as in that dialect. Owned by the caller.
 */
struct xu_val *api_present(
    const struct xu_val *v, const struct model_type *t, bool modern);
/* Of a message: a getter's value is its field's. Takes v. */
struct xu_val *api_present_result(
    struct xu_val *v, const struct model_call *call, bool modern);
/* Of an error: code and parameters. */
struct xu_val *api_present_error(const struct xu_val *description, bool modern);
/* A reference as the dialect has it. */
struct xu_val *api_present_ref(const char *ref, bool modern);
/* "an integer", "a set": for sentences. */
const char *api_kind_words(const struct model_type *t);

#endif
