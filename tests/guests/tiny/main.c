/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of the guest: connect, then a loop that answers the store and runs
 * the modes until somebody ends it.
 */
#include "hypercall.h"

#include <xen/sched.h>

void (*hypercall_stub)(void);
struct platform plat;
struct shared_info *shared;
static unsigned int resumed;

void
power(unsigned int reason)
{
	struct sched_shutdown how = { .reason = reason };

	console_drain();
	for (;;)
		(void)hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown, &how);
}

void
panic(const char *fmt, ...)
{
	static bool again;
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)format_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!again) {
		again = true;
		console_debug(true);
		say("TINY PANIC: %s\n", text);
	}
	power(SHUTDOWN_crash);
}

void
trap_panic(const uint64_t *frame)
{
	if (frame[0] == 14)
		panic("page fault at %lx, rip %lx, error %lx",
		    plat.fault_address(), frame[2], frame[1]);
	panic("exception %lu, rip %lx, error %lx", frame[0], frame[2],
	    frame[1]);
}

static void
advertise(void)
{
	static const char *const features[] = { "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend" };

	/* A toolstack that keeps them from the guest is fine, too. */
	for (size_t i = 0; i < ARRAY_LEN(features); i++)
		(void)store_write(features[i], "1");
}

static void
connect_store(void)
{
	int status;

	store_connect();
	status = store_watch("control/shutdown", "shutdown");
	if (status != 0)
		say("TINY NO STORE: %s\n", store_error(status));
	else
		(void)store_watch("data/verify", "verify");
}

static void
suspend(void)
{
	uint64_t now = now_ns();
	bool cancelled = plat.suspend();

	if (!cancelled)
		time_continue(now);
	event_init();
	console_connect();
	if (!cancelled)
		connect_store();
	say("TINY RESUMED %u%s\n", ++resumed, cancelled ? " cancelled" : "");
}

static void
answer_shutdown(void)
{
	static const struct {
		const char *word;
		unsigned int reason;
	} words[] = { { "poweroff", SHUTDOWN_poweroff },
		{ "halt", SHUTDOWN_poweroff }, { "reboot", SHUTDOWN_reboot },
		{ "suspend", SHUTDOWN_suspend }, { "crash", SHUTDOWN_crash } };
	char what[16];

	if (store_read("control/shutdown") != 0 || store_reply.len == 0)
		return;
	(void)format(what, sizeof(what), "%s", store_reply.data);
	(void)store_write("control/shutdown", "");
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(what, words[i].word) != 0)
			continue;
		if (!modes_quiet())
			say("TINY SHUTDOWN %s\n", what);
		if (words[i].reason == SHUTDOWN_suspend)
			suspend();
		else if (words[i].reason == SHUTDOWN_crash)
			panic("asked to crash");
		else
			power(words[i].reason);
		return;
	}
	say("TINY SHUTDOWN %s: not known\n", what);
}

void
tiny_main(void)
{
	event_init();
	console_connect();
	console_debug(cmdline_word("debug") != NULL);
	if (!modes_quiet())
		say("TINY UP\nTINY mode %s nr_pages %lu cmdline: %s\n",
		    plat.name, plat.nr_pages, cmdline());
	connect_store();
	advertise();
	modes_start();
	for (;;) {
		uint64_t seen = events_taken, due;

		store_pump();
		if (store_fired(WATCH_SHUTDOWN) && cmdline_word("deaf") == NULL)
			answer_shutdown();
		if (store_fired(WATCH_VERIFY))
			dirty_verify();
		console_pump();
		due = modes_run();
		/* An answer waited for may have taken somebody else's event. */
		event_wait(events_taken != seen ? 0 : due);
	}
}
