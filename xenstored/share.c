/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests' share of the processor. While the control domain asks for something
 * guests earn their time: one nanosecond for each PRICE that others had, or that
 * nobody wanted. So whatever guests do, a tool takes an eighth longer, and what the
 * changes between them cost. A request that takes long leaves a debt, bounded so
 * that nobody is kept out for good; and once the control domain has been silent
 * for QUIET_NS there is nobody to keep waiting. Who waits for its share: loop.c.
 */
#include "config.h"

#include <time.h>

#include "xsd.h"

/* Of a turn: one domain's requests, and all domains. */
#define DOMAIN_NS  20000
#define DOMAINS_NS 60000
#define PRICE	   8
#define WAKE_NS	   4000
#define DEBT_NS	   10000000
#define QUIET_NS   10000000

/* What guests may still use, and had in this turn; when it began, and when the
 * control domain was served last. */
static int64_t left_ns = DOMAINS_NS, guests_ns, turn_ns, control_ns;
/* closed: from when nothing is left until there is enough for a while. */
static bool control_served, closed;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void
share_turn(void)
{
	int64_t now = now_ns(), others = now - turn_ns - guests_ns;

	turn_ns = now;
	guests_ns = 0;
	if (control_served)
		control_ns = now;
	control_served = false;
	if (others > 0)
		left_ns += others / PRICE;
	if (now - control_ns > QUIET_NS || left_ns > DOMAINS_NS)
		left_ns = DOMAINS_NS;
	closed = closed && left_ns < DOMAIN_NS;
}

bool
share_used_up(const struct conn *c)
{
	return closed && conn_limited(c);
}

int64_t
share_wait_ns(void)
{
	int64_t debt = (DOMAIN_NS - left_ns) * PRICE;
	int64_t quiet = control_ns + QUIET_NS - turn_ns;

	if (!closed)
		return 0;
	return quiet < debt ? quiet + 1 : debt;
}

int64_t
share_begin(void)
{
	return now_ns();
}

void
share_end(int64_t since)
{
	int64_t took = now_ns() - since;

	guests_ns += took;
	left_ns -= took;
	if (left_ns < -DEBT_NS)
		left_ns = -DEBT_NS;
	if (left_ns <= 0)
		closed = true;
}

bool
share_had_guests(void)
{
	return guests_ns > 0;
}

void
share_woken(void)
{
	share_end(now_ns() - WAKE_NS);
}

bool
share_slice_over(int64_t since)
{
	int64_t took = now_ns() - since;

	return took >= DOMAIN_NS || took >= left_ns;
}

void
share_control(void)
{
	control_served = true;
}
