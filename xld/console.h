/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What console.c keeps of a console and of its viewers. */
#ifndef XLD_CONSOLE_H
#define XLD_CONSOLE_H

#include "xld.h"

#define XLD_CONSOLEDIR "/var/log/xen/console"
/* Bytes of a log file before it is put aside. */
#define CONSOLE_LOG_MAX (8u << 20)
/* A guest's share: 64 KiB each 100 ms. */
#define CONSOLE_BUDGET	  (64u << 10)
#define CONSOLE_BUDGET_MS 100
#define CONSOLE_VIEWERS	  64
#define CONSOLE_INPUT	  1024

struct serial;
struct xencons_interface;

/* The newest bytes of what a guest has said: CONSOLE_KEEPS at most, in as little
 * memory as they need. */
struct history {
	/* Byte i of all is at i % room, a power of two or 0. */
	char *ring;
	size_t room;
	/* How many there were; the first that is in the ring. */
	uint64_t total, from;
};

struct console {
	struct guest *guest;
	/* NULL: detached. */
	struct xencons_interface *ring;
	uint32_t port;
	struct history said;
	/* From viewers, until the ring or the serial line has room. */
	char in[CONSOLE_INPUT];
	size_t in_len;
	/* HVM: its serial line, NULL = none. */
	struct serial *serial;
	/* guest.on_ring is another than its record has. */
	bool moved;
	/* Output in this period; masked: the share is used up. */
	size_t budget;
	bool masked;
	uv_timer_t timer;
	/* -1: there is none; its size, and the first byte of all from which on it
	 * ends with exactly what was said. */
	int log;
	uint64_t log_size, log_from;
	bool log_failed;
	/* It has said something since the keeper last looked around. */
	bool spoke;
	struct xu_list viewers;
	unsigned nviewers;
};

struct viewer {
	struct console *console;
	struct xu_list all;
	uv_poll_t poll;
	/* What it waits for. */
	int events;
	int fd;
	/* Next byte it gets. */
	uint64_t at;
	bool readonly;
};

/* ---- console.c, for every source of output ---------------------------------------- */

/* Output of the guest: into history and log, and against its share. */
void console_take(struct console *s, const char *data, size_t n);
/* A new period of its share begins when none has; then more is taken. */
void console_share(struct console *s);
/* Viewers get what is new. */
void console_feed(struct console *s);

/* ---- console_log.c: history and log file ------------------------------------------- */

/* What is in the log counts as said. */
void console_log_open(struct console *s, bool old_lines);
void console_log_close(struct console *s);
/* Into both. */
void console_log_add(struct console *s, const char *data, size_t n);
/* All of the history is in memory again, as far as there is any. */
void console_log_recall(struct console *s);
/* The file was rotated. */
void console_log_reopen(struct console *s);
/* The memory of a guest that is silent goes: the log has the same. True: it had
 * some. */
bool console_log_rest(struct console *s);
/* The piece at byte `at` of all, which is in memory; its length. */
size_t history_piece(const struct history *h, uint64_t at, const char **p);
void history_add(struct history *h, const char *data, size_t n);
void history_free(struct history *h);

/* The guest has spoken, through Xen's console or through its serial line: the answer
 * goes where the question came from. */
void console_spoke(struct console *s, bool ring);

/* ---- console_serial.c --------------------------------------------------------------- */

/* What viewers have typed, as far as it fits. */
void console_serial_give(struct console *s);
/* The period is over. */
void console_serial_resume(struct console *s);
/* After what is left was taken. NULL serial is fine. */
void console_serial_close(struct console *s);

#endif
