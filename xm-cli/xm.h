/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line's own header. A command is one const row (struct xm_cmd) and
 * one function; help, usage errors, manual and completion are derived from the
 * row. Everything the daemon knows comes over libxenapi, which the program links
 * (main.c).
 *
 * Functions that give an int named status give what the program ends with:
 * 0, or the number of an error that has been printed already.
 */
#ifndef XM_H
#define XM_H

#include <stdbool.h>
#include <stddef.h>

#include "xenapi.h"
#include "xu_auto.h"
#include "xu_buf.h"

/* What xm ends with; model/errors.h has that of each of the API's codes. */
enum xm_exit {
	XM_OK = 0,
	XM_FAILED = 1,
	XM_USAGE = 2,
	XM_NOT_FOUND = 3,
	XM_STATE = 4,
	XM_PERMISSION = 5,
	XM_TIMEOUT = 6,
	XM_RESOURCE = 7,
	XM_HELPER = 9,
	XM_UNREACHABLE = 75,
	/* 128 + SIGINT */
	XM_INTERRUPTED = 130,
};

enum xm_format {
	XM_TEXT,
	XM_JSON,
	/* Of lists alone. */
	XM_CSV,
	XM_SXP,
};

struct xm;
struct xm_table;
struct far_ssh;

/* An option. Rows end with one that has no name. */
struct xm_opt {
	/* 0: it has none. */
	char letter;
	const char *name;
	/* What its argument is called; NULL: it takes none. */
	const char *arg;
	const char *help;
};

/* What the operands are, for completion. */
enum xm_operand {
	XM_NOTHING,
	XM_DOMAIN,
	XM_CONFIG,
	XM_COMMAND,
};

struct xm_cmd {
	const char *name;
	/* As the synopsis shows them: "DOMAIN NEWNAME". */
	const char *operands;
	const char *summary;
	/* More for help and manual; "" = the summary says it all. */
	const char *detail;
	/* NULL: none but those every command has. */
	const struct xm_opt *opts;
	/* Operands, max -1 = any number. */
	int min, max;
	enum xm_operand completes;
	/* Shown when xm is called without a command. */
	bool common;
	/* Of one that prints a list: table.h. */
	const struct xm_table *table;
	int (*run)(struct xm *xm);
};

#define XM_OPTS_MAX 16
/* Of all that have a table. */
#define XM_TABLE_OPTS 3

struct xm {
	const struct xm_cmd *cmd;
	enum xm_format format;
	/* Of XM_JSON: each object on a line of its own. */
	bool lines;
	/* The program is called xl, and -N was before the command. */
	bool xl, dry;
	/* --host; NULL: as XLD_URI says. */
	const char *host;
	/* Open after xm_connect, and what carries it (far.h). */
	struct xapi *api;
	struct far_ssh *ssh;
	/* Parallel to cmd->opts and then xm_table_opts; NULL: not given. */
	const char *values[XM_OPTS_MAX + XM_TABLE_OPTS];
	/* Operands. */
	int argc;
	char **argv;
	/* Those of a list that say which rows: "mem>1G". */
	int nfilters;
	char **filters;
};

/* --- main loop: args.c ---------------------------------------------------- */

int xm_main(int argc, char **argv);
/* The option's argument ("" for a flag), NULL when it was not given. */
const char *xm_opt(const struct xm *xm, const char *name);
/* All commands, in the order of the help; ends with NULL. */
extern const struct xm_cmd *const xm_commands[];
/* What stands behind an option ("--format") that every command has, wherever it does;
 * NULL. */
const char *xm_word_behind(const char *option, int argc, char *const *argv);
/* Options every command has. */
extern const struct xm_opt xm_common_opts[];
/* By its name; prefix: also by one that only it begins with. */
const struct xm_cmd *xm_find_command(const char *name, bool prefix);
/* Says why there is no such command. A status. */
int xm_unknown_command(struct xm *xm, const char *word);
/* Prints an error and how the command is called. Gives XM_USAGE. */
int xm_usage(struct xm *xm, const char *fmt, ...) XU_PRINTF(2, 3);

/* --- words.c -------------------------------------------------------------- */

enum xm_word_kind {
	/* Another name; text is the command. */
	XM_WORD_ALIAS,
	/* Xen has it no more: why, and what instead. */
	XM_WORD_GONE,
	/* Not in this release: the same. */
	XM_WORD_LATER,
};

struct xm_word {
	const char *name;
	enum xm_word_kind kind;
	const char *text;
};

/* Ends with a row without a name. */
extern const struct xm_word xm_words[];
const struct xm_word *xm_find_word(const char *name);

/* --- help.c --------------------------------------------------------------- */

void xm_help_command(const struct xm_cmd *c, struct xu_buf *out);
void xm_help_common(struct xu_buf *out);
void xm_help_long(struct xu_buf *out);
/* "Usage: xm NAME [OPTION]... OPERANDS" without newline. */
void xm_help_usage(const struct xm_cmd *c, struct xu_buf *out);
/* The manual's list of commands, in mdoc. */
void xm_help_mdoc(struct xu_buf *out);

/* --- out.c ---------------------------------------------------------------- */

/* Error: TEXT on stderr, or {"error": ...} where JSON is wanted. Gives exit. */
int xm_error(struct xm *xm, const char *code, int exit_code, const char *fmt,
    ...) XU_PRINTF(4, 5);
/* The same for what a call ended with. */
int xm_fail(struct xm *xm, const struct xapi_err *e);
/* The same; what is the user's word for the domain, should it not be there. */
int xm_fail_domain(struct xm *xm, const char *what, const struct xapi_err *e);
int xm_no_domain(struct xm *xm, const char *what);
int xm_no_memory(struct xm *xm);
/* Prints a value (taken) as JSON on stdout. Gives a status. */
int xm_json(struct xm *xm, struct xapi_value *v);
/* Adds it as one line. False: there is no memory for it. */
bool xm_json_line(const struct xapi_value *v, struct xu_buf *out);
/* Prints text on stdout, all of it. Gives a status. */
int xm_print(struct xm *xm, const struct xu_buf *text);
/* An S-expression: arrays are forms, strings are atoms. */
void xm_sxp(const struct xapi_value *form, struct xu_buf *out);
/* Adds (name value) to a form. */
void xm_sxp_str(struct xapi_value *form, const char *name, const char *value);
void xm_sxp_int(struct xapi_value *form, const char *name, long long value);
/* What xend called the image of a guest of that domain_type. */
const char *xm_sxp_image(const char *domain_type);
/* Seconds between two dates of the API, 0 when one cannot be read. */
long long xm_seconds(const char *from, const char *to);

/* --- client.c ------------------------------------------------------------- */

/* A status. Does nothing when connected already. */
int xm_connect(struct xm *xm);

struct xm_dom {
	char *ref;
	struct xapi_value *record;
	/* Borrowed from the record. */
	const char *name, *uuid, *power_state;
	/* -1 when it does not run. */
	long long domid;
};
/* Connects and finds by name, uuid or domid. A status. */
int xm_find(struct xm *xm, const char *what, struct xm_dom *d);
/* -1 with *e: the domain of a reference. */
int xm_dom_read(
    struct xm *xm, const char *ref, struct xm_dom *d, struct xapi_err *e);
void xm_dom_fini(struct xm_dom *d);
#define AUTO_DOM __attribute__((cleanup(xm_dom_fini)))
/* {"name", "uuid", "domid"}, what mutating commands give as JSON. */
struct xapi_value *xm_dom_json(const struct xm_dom *d);
/* The reference of the host; the caller frees. NULL with *e. */
char *xm_host(struct xm *xm, struct xapi_err *e);

/* From now on SIGINT, SIGTERM, SIGHUP interrupt waits instead of ending us. */
void xm_catch_signals(void);
/* As nohup and a shell's & have it: such a signal stays ignored. */
bool xm_signal_ignored(int sig);
/* The signal that came, 0 = none. */
int xm_signalled(void);

/* Starts Async.METHOD (args are taken). Its task, NULL with *e. */
char *xm_task_start(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *args);
/*
 * Waits for its end and forgets the task. label: shown with the progress on a
 * terminal, NULL = nothing is. A signal asks the daemon to cancel and waits on;
 * a second one ends the wait (XLD_INTERRUPTED). 0, or -1 with *e.
 */
int xm_task_wait(struct xm *xm, struct xapi_err *e, const char *task,
    const char *label);
/* The same: its result, NULL with *e. */
struct xapi_value *xm_task_result(struct xm *xm, struct xapi_err *e,
    const char *task, const char *label);
/* Waits no longer than until a time of xm_now_ms: 0 when it has not failed. */
int xm_task_settle(
    struct xm *xm, struct xapi_err *e, const char *task, long long until);
/* A file's full path: the daemon has another folder, and may be on another host. The
 * caller frees. A status. */
int xm_full_path(struct xm *xm, const char *file, char **path);
/* Milliseconds of a clock that only goes forward. */
long long xm_now_ms(void);

/* --- device.c ------------------------------------------------------------- */

/* Of the commands that list and detach them. */
extern const struct xm_opt xm_list_opts[], xm_detach_opts[];

/* Starts CLASS.METHOD with its arguments (taken; the second may be NULL) and waits
 * for its end. */
int xm_task_run(struct xm *xm, struct xapi_err *e, const char *method,
    struct xapi_value *arg, struct xapi_value *more);
/* A runtime property, or dflt when there is none. */
const char *xm_property(const struct xapi_value *p, const char *name,
    const char *dflt);
typedef int xm_device_f(struct xm *xm, void *arg,
    const struct xapi_value *record);
/* The records of a domain's devices of a class ("VBD"), in the order of its
 * config, until f gives other than 0. A status. */
int xm_each_device(struct xm *xm, const struct xm_dom *d, const char *cls,
    xm_device_f *f, void *arg);
/* Lists a domain's devices of a class: the first operand is the domain, rows of the
 * command's table are their records. A status. */
int xm_list_devices(struct xm *xm, const char *cls);
/* The table's way to make JSON of such a row. */
struct xapi_value *xm_device_json(const void *ctx, const void *record);

/* --- console.c ------------------------------------------------------------ */

#define XM_ESCAPE_DEFAULT 0x1d
#define XM_ESCAPE_NONE	  -1

struct xm_console {
	/* The console; closed by the caller. */
	int fd;
	const char *name;
	/* What is typed goes nowhere. */
	bool readonly;
	/* The byte that leaves, or XM_ESCAPE_NONE. */
	int escape;
};
/* Copies both ways until the console ends or the user leaves. A status. */
int xm_console_run(struct xm *xm, const struct xm_console *c);
/* "^]", "]", "none" -> the byte; -2 when it is none of these. */
int xm_console_escape(const char *text);

#endif
