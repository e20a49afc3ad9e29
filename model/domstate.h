/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a machine: its power states, what its end can mean, and what is
 * done then. Words are XenAPI's, xm's and xl's.
 */
#ifndef MODEL_DOMSTATE_H
#define MODEL_DOMSTATE_H

#include <stdbool.h>

/* F(symbol, XenAPI's word) */
#define DOM_POWERS(F)                                                          \
	F(HALTED, "Halted")                                                    \
	F(PAUSED, "Paused")                                                    \
	F(RUNNING, "Running")                                                  \
	F(SUSPENDED, "Suspended")                                              \
	F(CRASHED, "Crashed")                                                  \
	F(UNKNOWN, "Unknown")

enum dom_power {
#define DOM_POWER_ID(sym, word) DOM_##sym,
	DOM_POWERS(DOM_POWER_ID)
#undef DOM_POWER_ID
};

/* What a machine is to the hypervisor: XenAPI's words. "unspecified" is for
 * callers who leave it to the other fields. F(symbol, word) */
#define DOM_TYPES(F)                                                           \
	F(UNSPECIFIED, "unspecified")                                          \
	F(PV, "pv")                                                            \
	F(PVH, "pvh")                                                          \
	F(HVM, "hvm")                                                          \
	F(PV_IN_PVH, "pv_in_pvh")

enum dom_type {
#define DOM_TYPE_ID(sym, word) TYPE_##sym,
	DOM_TYPES(DOM_TYPE_ID)
#undef DOM_TYPE_ID
};

/* TYPE_UNSPECIFIED for words that are none. */
enum dom_type dom_type_of(const char *word);
const char *dom_type_word(enum dom_type t);

#define ST_HALTED    (1u << DOM_HALTED)
#define ST_PAUSED    (1u << DOM_PAUSED)
#define ST_RUNNING   (1u << DOM_RUNNING)
#define ST_SUSPENDED (1u << DOM_SUSPENDED)
#define ST_CRASHED   (1u << DOM_CRASHED)
/* There is a domain in the hypervisor. */
#define ST_LIVE (ST_PAUSED | ST_RUNNING | ST_CRASHED)

const char *dom_power_word(enum dom_power p);

/* Why a domain ended: xen/sched.h's SHUTDOWN_*, and what xm calls it.
 * F(symbol, number, word) */
#define DOM_ENDS(F)                                                            \
	F(POWEROFF, 0, "poweroff")                                             \
	F(REBOOT, 1, "reboot")                                                 \
	F(SUSPEND, 2, "suspend")                                               \
	F(CRASH, 3, "crash")                                                   \
	F(WATCHDOG, 4, "watchdog")                                             \
	F(SOFT_RESET, 5, "soft-reset")

enum dom_end {
#define DOM_END_ID(sym, number, word) END_##sym = (number),
	DOM_ENDS(DOM_END_ID)
#undef DOM_END_ID
};

/* "unknown" for other numbers. */
const char *dom_end_word(unsigned reason);

/* What is done with a guest when its host stops. F(symbol, word) */
#define DOM_HOST_STOPS(F)                                                      \
	F(SHUTDOWN, "shutdown")                                                \
	F(DESTROY, "destroy")                                                  \
	F(IGNORE, "ignore")

enum dom_host_stop {
#define DOM_HOST_STOP_ID(sym, word) HOST_STOP_##sym,
	DOM_HOST_STOPS(DOM_HOST_STOP_ID)
#undef DOM_HOST_STOP_ID
};

/* HOST_STOP_SHUTDOWN for words that are none. */
enum dom_host_stop dom_host_stop_of(const char *word);

/*
 * What is done when a guest ends.
 * F(symbol, XenAPI's word, xm's word, dump a core first)
 */
#define DOM_ACTIONS(F)                                                         \
	F(DESTROY, "destroy", "destroy", false)                                \
	F(RESTART, "restart", "restart", false)                                \
	F(PRESERVE, "preserve", "preserve", false)                             \
	F(RENAME_RESTART, "rename_restart", "rename-restart", false)           \
	F(CORE_DESTROY, "coredump_and_destroy", "coredump-destroy", true)      \
	F(CORE_RESTART, "coredump_and_restart", "coredump-restart", true)

enum dom_action {
#define DOM_ACTION_ID(sym, word, xm_word, core) ACTION_##sym,
	DOM_ACTIONS(DOM_ACTION_ID)
#undef DOM_ACTION_ID
};

/* Of XenAPI's or xm's word. */
bool dom_action_of(const char *word, enum dom_action *out);
/* XenAPI's word. */
const char *dom_action_word(enum dom_action a);
bool dom_action_dumps(enum dom_action a);

#endif
