/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree of typed values: what XenAPI calls carry, in memory. Structs keep the
 * order of their members. Two codecs live here, JSON (text for people, files)
 * and a binary one (between our processes); XML-RPC is xen-api's own.
 *
 * Ownership: a container owns its children; xu_val_add/set take the child even
 * when they fail (they free it then), so calls can be nested without checks:
 * a NULL child or a failed insertion marks the container bad, which
 * xu_val_ok() reports once at the end.
 */
#ifndef XU_VAL_H
#define XU_VAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_auto.h"
#include "xu_buf.h"
#include "xu_err.h"

enum xu_vtype {
	XU_VOID,
	XU_BOOL,
	XU_INT,
	XU_FLOAT,
	XU_STRING,
	/* Text in XenAPI's form YYYYMMDDTHH:MM:SSZ. */
	XU_DATETIME,
	XU_ARRAY,
	XU_STRUCT,
};

struct xu_val;

#define XU_VAL_MAX_DEPTH 32

struct xu_val *xu_void(void);
struct xu_val *xu_bool(bool b);
struct xu_val *xu_int(int64_t i);
struct xu_val *xu_float(double d);
/* Copies; NULL gives "". */
struct xu_val *xu_str(const char *s);
struct xu_val *xu_strn(const char *s, size_t len);
struct xu_val *xu_strf(const char *fmt, ...) XU_PRINTF(1, 2);
struct xu_val *xu_datetime(int64_t unix_seconds);
struct xu_val *xu_datetime_text(const char *s);
struct xu_val *xu_array(void);
struct xu_val *xu_struct(void);

void xu_val_free(struct xu_val *v);
void xu_val_auto(struct xu_val **v);
#define AUTO_VAL __attribute__((cleanup(xu_val_auto)))
struct xu_val *xu_val_copy(const struct xu_val *v) XU_MUST_CHECK;
/* The same in a block as small as can be, for what is kept long and changed little.
 * Takes v; what is borrowed from it is so no more. Without memory: v as it is. */
struct xu_val *xu_val_pack(struct xu_val *v) XU_MUST_CHECK;
bool xu_val_equal(const struct xu_val *a, const struct xu_val *b);
/* False after any failed allocation while v was filled; NULL is not ok. */
bool xu_val_ok(const struct xu_val *v);

/* Both take `child`. set replaces a member of the same name in place. */
int xu_val_add(struct xu_val *array, struct xu_val *child);
int xu_val_set(struct xu_val *strct, const char *name, struct xu_val *child);
bool xu_val_unset(struct xu_val *strct, const char *name);
/* A member, which is the caller's and there no more; or NULL. */
struct xu_val *xu_val_take(
    struct xu_val *strct, const char *name) XU_MUST_CHECK;
/* Gives f each child (with its name in a struct) to keep, and has in its place what
 * f gives. NULL: v is no good any more. */
typedef struct xu_val *xu_val_change_f(
    void *arg, const char *name, struct xu_val *child);
void xu_val_change(struct xu_val *v, xu_val_change_f *f, void *arg);

/* Readers are total: of a NULL or a wrong type they give 0, false, "" or NULL. */
enum xu_vtype xu_val_type(const struct xu_val *v);
const char *xu_vtype_name(enum xu_vtype t);
bool xu_val_is(const struct xu_val *v, enum xu_vtype t);
bool xu_val_bool(const struct xu_val *v);
int64_t xu_val_int(const struct xu_val *v);
double xu_val_float(const struct xu_val *v);
/* STRING and DATETIME. */
const char *xu_val_str(const struct xu_val *v);
/* Bytes of a STRING (may contain NUL). */
size_t xu_val_strlen(const struct xu_val *v);
/* Children of an ARRAY or members of a STRUCT. */
size_t xu_val_count(const struct xu_val *v);
const struct xu_val *xu_val_at(const struct xu_val *v, size_t i);
const char *xu_val_name_at(const struct xu_val *v, size_t i);
const struct xu_val *xu_val_get(const struct xu_val *v, const char *name);
/* Member as its type, or the default when absent or of another type. */
const char *xu_val_get_str(
    const struct xu_val *v, const char *name, const char *dflt);
int64_t xu_val_get_int(const struct xu_val *v, const char *name, int64_t dflt);
bool xu_val_get_bool(const struct xu_val *v, const char *name, bool dflt);

/* JSON (yajl). pretty: indented, one member a line, newline at the end. */
int xu_val_to_json(const struct xu_val *v, bool pretty, struct xu_buf *out);
/* Rejects more than max bytes, XU_VAL_MAX_DEPTH levels, rest after the value. */
struct xu_val *xu_val_from_json(const char *text, size_t len, size_t max,
    struct xu_err *e) XU_MUST_CHECK;

/* Binary. decode returns NULL with EBADMSG (malformed), E2BIG (depth) or ENOMEM. */
void xu_val_encode(const struct xu_val *v, struct xu_buf *out);
struct xu_val *xu_val_decode(const void *data, size_t len) XU_MUST_CHECK;

#endif
