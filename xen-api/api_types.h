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
/* "an integer", "a set": for sentences. */
const char *api_kind_words(const struct model_type *t);

#endif
