/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A XenStore client over the ring: one request at a time, watch events are
 * noted while it waits. It trusts the daemon's bytes no further than lengths.
 */
#include "hypercall.h"

#define TIMEOUT (10000 * MS)
#define ERR_TIMEOUT -1	/* no answer, or no room in the ring */
#define ERR_REPLY -2	/* the answer is an error: its text is in the reply */
#define ERR_BROKEN -3	/* a message was cut: the connection is unusable */

struct reply store_reply;
uint64_t store_events;
static struct xenstore_domain_interface *ring;
static uint32_t last_id;
static bool broken, fired[NR_WATCHES];
static struct {
	struct xsd_sockmsg head;
	char data[XENSTORE_PAYLOAD_MAX + 1];
	size_t got; /* bytes of head and data */
} in;

struct xenstore_domain_interface *
store_ring(void)
{
	return ring;
}

void
store_connect(void)
{
	ring = plat.store_ring;
	in.got = 0;
	broken = false;
	/* After a resume: whatever was half read is gone with the old daemon */
	ring->rsp_cons = ring->rsp_prod;
}

size_t
store_raw(const void *bytes, size_t len, uint64_t timeout)
{
	const char *from = bytes;
	uint64_t end = now_ns() + timeout;
	size_t sent = 0;

	while (sent < len) {
		uint32_t prod = ring->req_prod, start = prod;

		while (sent < len && prod - __atomic_load_n(&ring->req_cons,
			    __ATOMIC_ACQUIRE) < XENSTORE_RING_SIZE)
			ring->req[MASK_XENSTORE_IDX(prod++)] = from[sent++];
		if (prod != start) {
			__atomic_store_n(&ring->req_prod, prod,
			    __ATOMIC_SEQ_CST);
			event_notify(plat.store_port);
		} else if (now_ns() >= end) {
			break;
		} else {
			event_wait(end);
		}
	}
	return sent;
}

/* Copy up to n bytes out of the ring. */
static size_t
take(void *to, size_t n)
{
	char *bytes = to;
	uint32_t cons = ring->rsp_cons;
	size_t got = 0;

	while (got < n &&
	    cons != __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE))
		bytes[got++] = ring->rsp[MASK_XENSTORE_IDX(cons++)];
	if (got > 0) {
		__atomic_store_n(&ring->rsp_cons, cons, __ATOMIC_SEQ_CST);
		event_notify(plat.store_port);
	}
	return got;
}

/* True when a whole message is in `in`. */
static bool
receive(void)
{
	size_t head = sizeof(in.head);

	if (in.got < head) {
		in.got += take((char *)&in.head + in.got, head - in.got);
		if (in.got < head)
			return false;
		if (in.head.len > XENSTORE_PAYLOAD_MAX) {
			broken = true;
			in.got = 0;
			return false;
		}
	}
	in.got += take(in.data + in.got - head, head + in.head.len - in.got);
	if (in.got < head + in.head.len)
		return false;
	in.got = 0;
	in.data[in.head.len] = '\0';
	return true;
}

static void
note_event(void)
{
	const char *token = in.data + strlen(in.data) + 1;

	store_events++;
	if (token >= in.data + in.head.len)
		return;
	if (strcmp(token, "shutdown") == 0)
		fired[WATCH_SHUTDOWN] = true;
	else if (strcmp(token, "verify") == 0)
		fired[WATCH_VERIFY] = true;
	else
		fired[WATCH_OTHER] = true;
}

void
store_pump(void)
{
	while (ring != NULL && !broken && receive())
		if (in.head.type == XS_WATCH_EVENT)
			note_event();
}

bool
store_fired(enum watch_token token)
{
	bool was = fired[token];

	fired[token] = false;
	return was;
}

static int
wait_reply(uint32_t id)
{
	uint64_t end = now_ns() + TIMEOUT;

	for (;;) {
		if (broken)
			return ERR_BROKEN;
		if (!receive()) {
			if (now_ns() >= end)
				return ERR_TIMEOUT;
			event_wait(end);
		} else if (in.head.type == XS_WATCH_EVENT) {
			note_event();
		} else if (in.head.req_id == id) {
			break;
		}
	}
	store_reply.type = in.head.type;
	store_reply.len = in.head.len;
	memcpy(store_reply.data, in.data, in.head.len + 1);
	return in.head.type == XS_ERROR ? ERR_REPLY : 0;
}

int
store_request(uint32_t type, uint32_t tx, const void *data, size_t len)
{
	struct xsd_sockmsg head = { .type = type, .req_id = ++last_id,
		.tx_id = tx, .len = (uint32_t)len };

	if (broken)
		return ERR_BROKEN;
	if (store_raw(&head, sizeof(head), TIMEOUT) != sizeof(head) ||
	    store_raw(data, len, TIMEOUT) != len) {
		broken = true;
		return ERR_TIMEOUT;
	}
	return wait_reply(head.req_id);
}

const char *
store_error(int status)
{
	switch (status) {
	case 0:
		return "ok";
	case ERR_REPLY:
		return store_reply.data;
	case ERR_TIMEOUT:
		return "no answer";
	default:
		return "connection broken";
	}
}

/* Two strings, the second with or without its terminator. */
static int
request2(uint32_t type, const char *a, const char *b, bool terminated)
{
	static char data[XENSTORE_PAYLOAD_MAX];
	size_t first = strlen(a) + 1, second = strlen(b) + terminated;

	if (first > sizeof(data) || second > sizeof(data) - first)
		panic("store request of %lu bytes", first + second);
	memcpy(data, a, first);
	memcpy(data + first, b, second);
	return store_request(type, 0, data, first + second);
}

int
store_write(const char *path, const char *value)
{
	return request2(XS_WRITE, path, value, false);
}

int
store_read(const char *path)
{
	return store_request(XS_READ, 0, path, strlen(path) + 1);
}

int
store_watch(const char *path, const char *token)
{
	return request2(XS_WATCH, path, token, true);
}

const char *
store_reconnect(void)
{
	uint64_t end = now_ns() + TIMEOUT;

	if ((ring->server_features & XENSTORE_SERVER_FEATURE_RECONNECTION) == 0)
		return "not offered";
	ring->connection = XENSTORE_RECONNECT;
	barrier();
	event_notify(plat.store_port);
	while (__atomic_load_n(&ring->connection, __ATOMIC_ACQUIRE) !=
	    XENSTORE_CONNECTED) {
		if (now_ns() >= end)
			return "no answer";
		event_wait(now_ns() + 20 * MS);
	}
	in.got = 0;
	broken = false;
	memset(fired, 0, sizeof(fired));
	if (store_watch("control/shutdown", "shutdown") != 0)
		return "connected, but no watch";
	(void)store_watch("data/verify", "verify");
	return "connected";
}
