/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PV console. Output goes through a queue, so that a console that nobody
 * reads never stops the guest; what does not fit is counted and said later.
 */
#include "hypercall.h"

#include <xen/io/console.h>

static struct xencons_interface *ring;
static char queue[16384];
static uint32_t q_prod, q_cons; /* free running */
static uint64_t lost;
static bool debug;

void
console_connect(void)
{
	ring = plat.console_ring;
}

void
console_debug(bool on)
{
	debug = on;
}

size_t
console_room(void)
{
	return sizeof(queue) - (q_prod - q_cons);
}

static void
enqueue(const char *s, size_t n)
{
	if (debug)
		(void)hypercall4(__HYPERVISOR_console_io, CONSOLEIO_write, n,
		    (unsigned long)s, 0);
	if (n > console_room()) {
		lost += n;
		return;
	}
	for (size_t i = 0; i < n; i++)
		queue[q_prod++ % sizeof(queue)] = s[i];
}

void
say(const char *fmt, ...)
{
	char text[512];
	va_list ap;
	size_t n;

	if (lost > 0 && console_room() >= 128) {
		n = format(text, sizeof(text), "TINY LOST %lu bytes\n", lost);
		lost = 0;
		enqueue(text, n);
	}
	va_start(ap, fmt);
	n = format_v(text, sizeof(text), fmt, ap);
	va_end(ap);
	enqueue(text, n);
	console_pump();
}

void
console_pump(void)
{
	uint32_t prod, cons;
	bool sent = false;

	if (ring == NULL)
		return;
	prod = ring->out_prod;
	cons = __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
	for (; q_cons != q_prod && prod - cons < sizeof(ring->out); prod++) {
		ring->out[MASK_XENCONS_IDX(prod, ring->out)] =
		    queue[q_cons++ % sizeof(queue)];
		sent = true;
	}
	if (!sent)
		return;
	__atomic_store_n(&ring->out_prod, prod, __ATOMIC_SEQ_CST);
	event_notify(plat.console_port);
}

void
console_drain(void)
{
	uint64_t end = now_ns() + 2000 * MS;

	while (ring != NULL && now_ns() < end) {
		console_pump();
		if (q_cons == q_prod &&
		    __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) ==
			ring->out_prod)
			return;
		event_wait(now_ns() + 10 * MS);
	}
}

const char *
console_line(void)
{
	static char line[256];
	static size_t len;
	uint32_t cons;
	bool whole = false;

	if (ring == NULL)
		return NULL;
	cons = ring->in_cons;
	while (!whole && cons != __atomic_load_n(&ring->in_prod,
				     __ATOMIC_ACQUIRE)) {
		char c = ring->in[MASK_XENCONS_IDX(cons++, ring->in)];

		if (c == '\n' || c == '\r')
			whole = len > 0;
		else if (len + 1 < sizeof(line))
			line[len++] = c;
	}
	if (cons != ring->in_cons) {
		__atomic_store_n(&ring->in_cons, cons, __ATOMIC_SEQ_CST);
		event_notify(plat.console_port);
	}
	if (!whole)
		return NULL;
	line[len] = '\0';
	len = 0;
	return line;
}
