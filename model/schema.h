/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The shape of the API's data model: classes, their fields and messages, as
 * constant tables (api_*.c). Dispatch, argument checks, records, listMethods
 * and documentation are loops over them. Includes standard headers only.
 *
 * Messages that every class has alike (get_all, get_record, get_FIELD, ...) are
 * not rows: model_resolve() derives them from the class and its fields.
 */
#ifndef MODEL_SCHEMA_H
#define MODEL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum model_kind {
	MK_VOID,
	MK_STRING,
	MK_INT,
	MK_FLOAT,
	MK_BOOL,
	MK_DATETIME,
	/* One word of the enum `name`. */
	MK_ENUM,
	/* An object of class `name`; "" is the null reference. */
	MK_REF,
	MK_SET,
	MK_MAP,
	/* A struct with (some of) the fields of class `name`. */
	MK_RECORD,
};

struct model_type {
	enum model_kind kind;
	const char *name;
	/* MK_MAP: of its keys. */
	const struct model_type *key;
	/* MK_SET, MK_MAP: of the members. */
	const struct model_type *of;
};

extern const struct model_type model_t_void, model_t_string, model_t_int,
    model_t_float, model_t_bool, model_t_datetime;

#define T_VOID	   (&model_t_void)
#define T_STRING   (&model_t_string)
#define T_INT	   (&model_t_int)
#define T_FLOAT	   (&model_t_float)
#define T_BOOL	   (&model_t_bool)
#define T_DATETIME (&model_t_datetime)
/* For tables at file scope, where such a literal lives for ever. */
#define T_ENUM(n)                                                              \
	(&(const struct model_type) { .kind = MK_ENUM, .name = (n) })
#define T_REF(n)                                                               \
	(&(const struct model_type) { .kind = MK_REF, .name = (n) })
#define T_RECORD(n)                                                            \
	(&(const struct model_type) { .kind = MK_RECORD, .name = (n) })
#define T_SET(t)                                                               \
	(&(const struct model_type) { .kind = MK_SET, .of = (t) })
#define T_MAP(k, v)                                                            \
	(&(const struct model_type) { .kind = MK_MAP, .key = (k), .of = (v) })

struct model_enum {
	const char *name;
	/* Ends with NULL. The first is the default. */
	const char *const *words;
};

/* XenAPI's roles, the least powerful first: a caller may do what needs his
 * role or a lower one. */
enum model_role {
	ROLE_READ_ONLY,
	ROLE_VM_OPERATOR,
	ROLE_VM_ADMIN,
	ROLE_VM_POWER_ADMIN,
	ROLE_POOL_OPERATOR,
	ROLE_POOL_ADMIN,
};

/* Sets of power states a message is allowed in: bits of 1 << enum dom_power of
 * domstate.h. */
#define STATES_ANY 0xffffu

enum model_access {
	/* Decided by the system. */
	RO_RUN,
	/* Given when the object is created. */
	RO_INS,
	/* May be set later, too. */
	RW,
};

/* A key of a map that needs another role than the field. */
struct model_key {
	const char *field;
	/* With * behind it: all that begin so; * alone: the field as a whole, which
	 * may be a set, too. */
	const char *name;
	enum model_role role;
};

/* Of machines, of their parts, of what is the host's. */
extern const struct model_key model_vm_keys[], model_part_keys[],
    model_host_keys[];

struct model_field {
	const char *name;
	const struct model_type *type;
	enum model_access access;
	/* RW: power states in which it may be set. */
	unsigned states;
	const char *doc;
};

struct model_arg {
	const char *name;
	const struct model_type *type;
};

#define MODEL_ARGS_MAX 10

/* Needs no session (and takes none). */
#define MM_NO_SESSION (1u << 0)
/* Also exists as Async.CLASS.NAME, as does all that sets a field. */
#define MM_ASYNC (1u << 1)
/* Answered by the API server itself, never by the core. */
#define MM_LOCAL (1u << 2)
/* Changes nothing. */
#define MM_READS (1u << 3)
/* The last n arguments may be left out. */
#define MM_OPTIONAL(n)	 ((unsigned)(n) << 8)
#define MM_OPTIONALS(fl) (((fl) >> 8) & 7u)

struct model_method {
	const char *name;
	const struct model_type *result;
	/* After the session; ends with a row without a name. */
	const struct model_arg args[MODEL_ARGS_MAX];
	enum model_role role;
	/* Power states args[0], a VM, must be in. */
	unsigned states;
	/* MM_* */
	unsigned flags;
	/* Codes of errors.h beside the general ones; ends with NULL. */
	const char *const *errors;
	const char *doc;
};

/* Which of the derived messages there are. */
#define MC_ALL	   (1u << 0) /* get_all, get_all_records, ..._where */
#define MC_RECORD  (1u << 1) /* get_record, get_FIELD, set_FIELD */
#define MC_BY_UUID (1u << 2)
#define MC_BY_NAME (1u << 3)
/* Its objects live in the API server. */
#define MC_LOCAL (1u << 4)
/* Its fields are the host's, for a pool-operator to set. */
#define MC_OF_HOST (1u << 5)
/* Nobody below a pool-operator reads any of it, and no event tells of it. */
#define MC_SECRET (1u << 6)

struct model_class {
	const char *name;
	/* Both end with a row without a name. */
	const struct model_field *fields;
	const struct model_method *methods;
	/* MC_* */
	unsigned flags;
	/* Ends with a row without a name; NULL: all keys of a map need the role
	 * that the field does, as do those that are not named here. */
	const struct model_key *keys;
	const char *doc;
};

/* Both end with NULL. */
extern const struct model_class *const model_classes[];
extern const struct model_enum *const model_enums[];

extern const struct model_class model_session, model_task, model_event,
    model_host, model_host_metrics, model_vm, model_vm_metrics, model_console,
    model_vbd, model_vdi, model_sr, model_vif, model_vif_metrics,
    model_network, model_pif, model_pool, model_role, model_subject, model_user;

extern const struct model_class model_host_cpu, model_cpu_pool, model_ppci,
    model_pscsi, model_pscsi_hba, model_vm_guest_metrics, model_vbd_metrics,
    model_pif_metrics, model_pbd, model_crashdump, model_vtpm, model_dpci,
    model_dscsi, model_dscsi_hba, model_xspolicy, model_acmpolicy,
    model_data_source, model_message, model_secret, model_sm, model_vlan, model_bond;

extern const struct model_class model_pci, model_certificate;

/* NULL when there is no such thing. */
const struct model_class *model_find_class(const char *name);
const struct model_field *model_find_field(
    const struct model_class *c, const char *name);
const struct model_method *model_find_method(
    const struct model_class *c, const char *name);
const struct model_enum *model_find_enum(const char *name);
/* The enum's own spelling of a word in any letter case, or NULL. */
const char *model_enum_word(const struct model_enum *e, const char *word);
/* "pool-admin" -> ROLE_POOL_ADMIN; false when there is no such role. */
bool model_role_of(const char *word, enum model_role *out);
const char *model_role_name(enum model_role r);

enum model_verb {
	/* A row: see method. */
	MV_METHOD,
	MV_GET_ALL,
	MV_GET_ALL_RECORDS,
	MV_GET_ALL_RECORDS_WHERE,
	MV_GET_RECORD,
	MV_GET_BY_UUID,
	MV_GET_BY_NAME,
	/* See field. */
	MV_GET,
	MV_SET,
	/* Of a map, by key. */
	MV_ADD_TO,
	MV_REMOVE_FROM,
	/* Of a set. */
	MV_ADD,
	MV_REMOVE,
};

/* One message, wherever it comes from. */
struct model_call {
	const struct model_class *cls;
	enum model_verb verb;
	const struct model_method *method;
	const struct model_field *field;
	const struct model_type *result;
	struct model_arg args[MODEL_ARGS_MAX];
	size_t nargs;
	enum model_role role;
	unsigned states;
	/* MM_* */
	unsigned flags;
	/* Called as Async.*. */
	bool async;
};

/* "VM.start", "Async.VM.start", "VM.get_uuid", also "VM_start". False: there is no
 * such message. */
bool model_resolve(const char *name, struct model_call *out);
/* The role that it takes to change this key of the map m.field. */
enum model_role model_key_role(const struct model_call *m, const char *key);
/* Calls f with the full name of every message, the derived ones included, in the
 * order of the tables. */
void model_each_message(void (*f)(void *ctx, const char *name), void *ctx);

/* --- errors.h as a table -------------------------------------------------- */

struct model_error {
	const char *code;
	/* What a command ends with. */
	int exit_code;
	/* Names of the parameters, blanks between. */
	const char *params;
	const char *sentence;
};
extern const struct model_error model_errors[];
extern const size_t model_nerrors;
/* NULL: unknown. */
const struct model_error *model_find_error(const char *code);

#endif
