/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the command line can ask for: one row and at most two functions each.
 * The larger ones are in files of their own (dirty.c, abuse.c).
 */
#include "tiny.h"

#include <xen/sched.h>

static uint64_t tick_period, ticks;
static unsigned int exit_reason;
static uint64_t flood_left, flood_lines;
static bool spinning, echoing, flooding;

static uint64_t
tick_start(const char *value, uint64_t now)
{
	uint64_t ms = number(value, NULL);

	tick_period = (ms == 0 || ms > 1000000000 ? 1000 : ms) * MS;
	return now + tick_period;
}

static uint64_t
tick_run(uint64_t now)
{
	say("tick %lu\n", ++ticks);
	return now + tick_period;
}

static uint64_t
crash_start(const char *value, uint64_t now)
{
	return now + number(value, NULL) * MS;
}

static uint64_t
crash_run(uint64_t now)
{
	(void)now;
	panic("crash on request");
}

static uint64_t
fault_start(const char *value, uint64_t now)
{
	(void)value;
	return now;
}

static uint64_t
fault_run(uint64_t now)
{
	*(volatile uint64_t *)0x7000000000UL = now; /* never mapped */
	return NEVER;
}

static uint64_t
exit_start(const char *value, uint64_t now)
{
	if (value_is(value, "reboot"))
		exit_reason = SHUTDOWN_reboot;
	else if (value_is(value, "poweroff") || *value == '\0')
		exit_reason = SHUTDOWN_poweroff;
	else
		panic("exit=%s is not poweroff or reboot", value);
	return now + value_second(value, 0) * MS;
}

static uint64_t
exit_run(uint64_t now)
{
	(void)now;
	power(exit_reason);
}

static uint64_t
spin_start(const char *value, uint64_t now)
{
	(void)value;
	(void)now;
	spinning = true;
	return NEVER;
}

static uint64_t
echo_start(const char *value, uint64_t now)
{
	(void)value;
	(void)now;
	echoing = true;
	return NEVER;
}

static uint64_t
mem_start(const char *value, uint64_t now)
{
	(void)value;
	(void)now;
	mem_report();
	return NEVER;
}

/* A PV guest's own instruction shows the bare processor; this prefix asks Xen. */
static void
cpuid_ask(uint32_t leaf, uint32_t subleaf, uint32_t *r)
{
	bool pv = strcmp(plat.name, "pv") == 0;

	if (pv)
		__asm__ volatile("ud2a; .ascii \"xen\"; cpuid"
				 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
				 : "a"(leaf), "c"(subleaf));
	else
		__asm__ volatile("cpuid"
				 : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3])
				 : "a"(leaf), "c"(subleaf));
}

static uint64_t
cpuid_start(const char *value, uint64_t now)
{
	static const uint32_t leaves[][2] = { { 0x0, 0 }, { 0x1, 0 },
		{ 0x4, 0 }, { 0x7, 0 }, { 0xb, 0 }, { 0xb, 1 }, { 0xd, 1 },
		{ 0x40000003, 0 }, { 0x80000001, 0 }, { 0x80000007, 0 },
		{ 0x80000008, 0 } };
	uint32_t r[4];

	(void)value;
	(void)now;
	for (size_t i = 0; i < ARRAY_LEN(leaves); i++) {
		cpuid_ask(leaves[i][0], leaves[i][1], r);
		say("CPUID %x.%u a %08x b %08x c %08x d %08x\n", leaves[i][0],
		    leaves[i][1], r[0], r[1], r[2], r[3]);
	}
	say("CPUID END\n");
	return NEVER;
}

static uint64_t
flood_start(const char *value, uint64_t now)
{
	flood_left = *value == '\0' ? NEVER : number(value, NULL);
	flooding = true;
	(void)now;
	return NEVER;
}

/* Lines of 80 bytes, as many as the queue has room for. */
static void
flood_some(void)
{
	while (console_room() >= 256) {
		if (flood_left < 80) {
			say("FLOOD DONE %lu lines\n", flood_lines);
			flooding = false;
			return;
		}
		say("FLOOD %012lu abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234567\n", ++flood_lines);
		if (flood_left != NEVER)
			flood_left -= 80;
	}
}

static struct mode modes[] = {
	{ "mem", mem_start, NULL, NEVER },
	{ "cpuid", cpuid_start, NULL, NEVER },
	{ "tick", tick_start, tick_run, NEVER },
	{ "crash", crash_start, crash_run, NEVER },
	{ "fault", fault_start, fault_run, NEVER },
	{ "exit", exit_start, exit_run, NEVER },
	{ "spin", spin_start, NULL, NEVER },
	{ "echo", echo_start, NULL, NEVER },
	{ "flood", flood_start, NULL, NEVER },
	{ "dirty", dirty_start, dirty_run, NEVER },
	{ "store", abuse_start, abuse_run, NEVER },
};

bool
modes_quiet(void)
{
	return cmdline_word("quiet") != NULL;
}

void
modes_start(void)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const char *value = cmdline_word(modes[i].word);

		if (value != NULL)
			modes[i].due = modes[i].start(value, now_ns());
	}
}

uint64_t
modes_run(void)
{
	uint64_t earliest = NEVER;
	const char *line;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		uint64_t now = now_ns();

		if (modes[i].due <= now)
			modes[i].due = modes[i].run(now);
		if (modes[i].due < earliest)
			earliest = modes[i].due;
	}
	while ((line = console_line()) != NULL)
		if (echoing)
			say("ECHO: %s\n", line);
	if (flooding)
		flood_some();
	/* Time to look around while it burns: nothing is waited for. */
	return spinning ? 0 : earliest;
}
