/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tiny guest: everything its files share. One virtual CPU, no interrupts
 * (events are polled), virtual address = guest physical address in both
 * modes. Nothing here is linked with anything but itself.
 */
#ifndef TINY_H
#define TINY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/io/xs_wire.h>

#define TINY_PAGE 4096UL
#define MS 1000000UL /* nanoseconds */
#define NEVER UINT64_MAX
#define barrier() __asm__ volatile("" ::: "memory")
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* lib.c */
void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
/* Parse decimal digits; *end is the first other character. Saturates. */
uint64_t number(const char *s, const char **end);
/* %s %c %d %u %x and l forms, width and leading 0; always terminated; returns
 * the length written. */
size_t format_v(char *to, size_t size, const char *fmt, va_list ap);
size_t format(char *to, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* cmdline.c */
void cmdline_init(const char *s);
const char *cmdline(void);
/* The value of WORD (after '='), "" when it has none, NULL when absent. */
const char *cmdline_word(const char *word);
/* As number(): the word's value, or dflt when it has none. */
uint64_t cmdline_number(const char *word, uint64_t dflt);
/* Value VAL of a word equals, up to a comma, TEXT. */
bool value_is(const char *val, const char *text);
/* The number behind the first comma of val, or dflt. */
uint64_t value_second(const char *val, uint64_t dflt);

/* pv.c, pvh.c: what differs between the modes */
struct platform {
	const char *name;
	uint64_t nr_pages;
	/* Rings and ports as the toolstack left them, after start and resume. */
	void *console_ring, *store_ring;
	evtchn_port_t console_port, store_port;
	bool (*suspend)(void); /* true: the suspend was cancelled */
	bool (*map_page)(uint64_t pfn); /* make pfn writable at its address */
	uint64_t (*fault_address)(void);
};
extern struct platform plat;
extern struct shared_info *shared;
extern char shared_page[], image_start[], image_end[];
extern const char trap_stubs_pv[], trap_stubs_pvh[];
#define TRAP_STUB_SIZE 16
#define NR_TRAPS 20

/* memory.c */
/* Pages [from, to) may be given out, but for those reserved. */
void mem_init(uint64_t from, uint64_t to);
void mem_reserve(uint64_t first, uint64_t count);
/* The address of a writable page, NULL when there is none left. */
void *mem_page(void);
uint64_t mem_free_pages(void);
void mem_report(void);

/* time.c, event.c */
uint64_t now_ns(void); /* never goes back, over suspends too */
void time_continue(uint64_t now); /* resumed: it is NOW again */
void event_init(void);
void event_notify(evtchn_port_t port);
/* Sleep until an event of the console or store, or the time UNTIL. */
void event_wait(uint64_t until);
extern uint64_t events_taken; /* by event_wait, whoever called it */

/* console.c: never blocks; what no one takes is kept up to a limit */
void console_connect(void);
void console_debug(bool on);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void console_pump(void);
size_t console_room(void);
/* Wait a moment for the ring to be taken: before the guest ends. */
void console_drain(void);
/* A whole line of input, without its end, or NULL. */
const char *console_line(void);

/* store.c */
struct reply {
	uint32_t type, len;
	char data[XENSTORE_PAYLOAD_MAX + 1]; /* terminated */
};
enum watch_token { WATCH_SHUTDOWN, WATCH_VERIFY, WATCH_OTHER, NR_WATCHES };
extern struct reply store_reply; /* of the last request */
void store_connect(void);
/* 0, or a negative number; store_error() names it. */
int store_request(uint32_t type, uint32_t tx, const void *data, size_t len);
int store_write(const char *path, const char *value);
int store_read(const char *path); /* value in store_reply.data */
int store_watch(const char *path, const char *token);
const char *store_error(int status);
/* Take what has arrived; the watches that fired are remembered. */
void store_pump(void);
bool store_fired(enum watch_token token);
extern uint64_t store_events; /* watch events ever received */
/* For abuse: raw bytes; how many went within TIMEOUT ns. */
size_t store_raw(const void *bytes, size_t len, uint64_t timeout);
struct xenstore_domain_interface *store_ring(void);
/* Ask for a new connection; what happened, in words. */
const char *store_reconnect(void);

/* main.c */
__attribute__((noreturn)) void tiny_main(void);
__attribute__((noreturn)) void power(unsigned int reason);
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *fmt,
    ...);
__attribute__((noreturn)) void trap_panic(const uint64_t *frame);

/* modes: each looks at the command line once, then is called again at the
 * time it returned (NEVER: not because of time). */
struct mode {
	const char *word;
	uint64_t (*start)(const char *value, uint64_t now);
	uint64_t (*run)(uint64_t now);
	uint64_t due;
};
void modes_start(void);
uint64_t modes_run(void); /* the earliest time something is due */
bool modes_quiet(void);
uint64_t dirty_start(const char *value, uint64_t now);
uint64_t dirty_run(uint64_t now);
void dirty_verify(void);
uint64_t abuse_start(const char *value, uint64_t now);
uint64_t abuse_run(uint64_t now);

#endif
