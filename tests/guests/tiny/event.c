/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Time and events. Every port stays masked: the guest takes no upcalls, it
 * asks with SCHEDOP_poll, which works for masked ports too.
 */
#include "hypercall.h"

#include <xen/sched.h>

uint64_t events_taken;
static uint64_t skew; /* what the guest's time is ahead of Xen's */

static uint64_t
xen_ns(void)
{
	volatile struct vcpu_time_info *t = &shared->vcpu_info[0].time;
	uint32_t version, lo, hi;
	uint64_t ns;

	do {
		uint64_t delta;

		version = t->version;
		barrier();
		__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi));
		delta = ((uint64_t)hi << 32 | lo) - t->tsc_timestamp;
		if (t->tsc_shift >= 0)
			delta <<= t->tsc_shift;
		else
			delta >>= -t->tsc_shift;
		ns = t->system_time +
		    (uint64_t)(((unsigned __int128)delta * t->tsc_to_system_mul)
			>> 32);
		barrier();
	} while ((version & 1) != 0 || version != t->version);
	return ns;
}

uint64_t
now_ns(void)
{
	return xen_ns() + skew;
}

void
time_continue(uint64_t now)
{
	skew = now - xen_ns();
}

void
event_init(void)
{
	for (size_t i = 0; i < ARRAY_LEN(shared->evtchn_mask); i++)
		shared->evtchn_mask[i] = ~0UL;
}

void
event_notify(evtchn_port_t port)
{
	struct evtchn_send send = { .port = port };

	(void)hypercall2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, &send);
}

static bool
take_pending(evtchn_port_t port)
{
	uint64_t bit = 1UL << (port % 64);

	if (port / 64 >= ARRAY_LEN(shared->evtchn_pending))
		return false;
	return (__atomic_fetch_and(&shared->evtchn_pending[port / 64], ~bit,
		    __ATOMIC_SEQ_CST) & bit) != 0;
}

void
event_wait(uint64_t until)
{
	evtchn_port_t ports[2] = { plat.console_port, plat.store_port };
	struct sched_poll poll = { .nr_ports = 2,
		.timeout = until == NEVER ? 0 : until - skew }; /* 0: none */

	set_xen_guest_handle(poll.ports, ports);
	if (until > now_ns())
		(void)hypercall2(__HYPERVISOR_sched_op, SCHEDOP_poll, &poll);
	/* Xen wakes a poller only when the bit goes from 0 to 1. */
	events_taken += take_pending(ports[0]);
	events_taken += take_pending(ports[1]);
}
