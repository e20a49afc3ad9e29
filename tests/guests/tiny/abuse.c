/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store=KIND: what a hostile guest may try on the store daemon. Each kind says
 * one line, `STORE kind: ...`; the guest lives on where the daemon lets it.
 */
#include "tiny.h"

#define TRIES 200000U
#define WAIT (2000 * MS)

static uint64_t
random64(void)
{
	static uint64_t x;

	if (x == 0)
		x = now_ns() | 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void
abuse_nodes(void)
{
	char path[32];
	unsigned int n;
	int status = 0;

	for (n = 0; n < TRIES && status == 0; n++) {
		(void)format(path, sizeof(path), "data/n/%u", n);
		status = store_write(path, "x");
	}
	say("STORE nodes: %u created, then %s\n", n - (status != 0),
	    store_error(status));
}

static void
abuse_watches(void)
{
	char token[16];
	unsigned int n;
	int status = 0;

	for (n = 0; n < TRIES && status == 0; n++) {
		(void)format(token, sizeof(token), "w%u", n);
		status = store_watch("data", token);
	}
	say("STORE watches: %u set, then %s\n", n - (status != 0),
	    store_error(status));
}

static void
abuse_transactions(void)
{
	unsigned int n;
	int status = 0;

	for (n = 0; n < TRIES && status == 0; n++)
		status = store_request(XS_TRANSACTION_START, 0, "", 1);
	say("STORE transactions: %u open, then %s\n", n - (status != 0),
	    store_error(status));
}

/* Growing values, up to the largest payload the protocol knows. */
static void
abuse_big(void)
{
	static char data[XENSTORE_PAYLOAD_MAX] = "data/big";
	size_t path = strlen(data) + 1, len, good = 0;
	int status = 0;

	memset(data + path, 'x', sizeof(data) - path);
	for (len = 256; len <= sizeof(data) && status == 0; len += 256) {
		status = store_request(XS_WRITE, 0, data, len);
		if (status == 0)
			good = len - path;
	}
	say("STORE big: %lu bytes accepted, then %s\n", good,
	    store_error(status));
}

static void
abuse_badtype(void)
{
	static const uint32_t types[] = { XS_TYPE_COUNT, 9999, XS_INVALID,
		0xffffffff, XS_ERROR, XS_WATCH_EVENT, XS_CONTROL };
	char text[320];
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		int status = store_request(types[i], 0, "x", 2);

		at += format(text + at, sizeof(text) - at, " %u=%s", types[i],
		    store_error(status));
	}
	say("STORE badtype:%s\n", text);
}

/* What the daemon made of a violation: its words in the ring, a new try. */
static void
aftermath(const char *kind)
{
	struct xenstore_domain_interface *ring = store_ring();
	uint64_t end = now_ns() + WAIT;
	int status;

	while (ring->error == 0 && now_ns() < end)
		event_wait(end);
	say("STORE %s: error %u, reconnect: %s", kind, ring->error,
	    store_reconnect());
	status = store_read("name");
	say(", read: %s\n", store_error(status));
}

static void
abuse_badlen(void)
{
	struct xsd_sockmsg head = { .type = XS_READ, .req_id = 7,
		.len = 0x10000 };
	char filler[512];

	memset(filler, 'x', sizeof(filler));
	(void)store_raw(&head, sizeof(head), WAIT);
	(void)store_raw(filler, sizeof(filler), WAIT);
	aftermath("badlen");
}

static void
abuse_badindex(void)
{
	struct xenstore_domain_interface *ring = store_ring();

	ring->req_prod = ring->req_cons + 5 * XENSTORE_RING_SIZE + 3;
	ring->rsp_cons = ring->rsp_prod + 77;
	barrier();
	event_notify(plat.store_port);
	aftermath("badindex");
}

static void
abuse_garbage(void)
{
	uint64_t end = now_ns() + WAIT, sent = 0;

	while (now_ns() < end) {
		uint64_t words[16];
		size_t n;

		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			words[i] = random64();
		n = store_raw(words, sizeof(words), 200 * MS);
		sent += n;
		if (n < sizeof(words))
			break;
	}
	aftermath("garbage");
	say("STORE garbage: %lu bytes sent\n", sent);
}

static void
abuse_perm(void)
{
	static const struct {
		const char *what;
		uint32_t type;
		const char *data;
		size_t len;
	} tries[] = {
		{ "read-dom0", XS_READ, "/local/domain/0/name", 21 },
		{ "list-root", XS_DIRECTORY, "/", 2 },
		{ "list-libxl", XS_DIRECTORY, "/libxl", 7 },
		{ "write-tool", XS_WRITE, "/tool\0x", 7 },
		{ "write-dom0", XS_WRITE, "/local/domain/0/x\0x", 19 },
		{ "write-name", XS_WRITE, "name\0evil", 9 },
		{ "write-memory", XS_WRITE, "memory/target\0" "1", 15 },
		{ "rm-root", XS_RM, "/", 2 },
		{ "rm-self", XS_RM, "domid", 6 },
		{ "chmod-name", XS_SET_PERMS, "name\0b0", 8 },
		{ "introduce", XS_INTRODUCE, "9\0" "1\0" "1", 6 },
		{ "release", XS_RELEASE, "0", 2 },
		{ "target", XS_SET_TARGET, "0\0" "1", 4 },
		{ "resume", XS_RESUME, "0", 2 },
		{ "control", XS_CONTROL, "help", 5 },
		{ "watch-special", XS_WATCH, "@releaseDomain\0s", 17 },
	};
	char text[480];
	size_t at = 0;

	for (size_t i = 0; i < ARRAY_LEN(tries); i++) {
		int status = store_request(tries[i].type, 0, tries[i].data,
		    tries[i].len);

		at += format(text + at, sizeof(text) - at, " %s=%s",
		    tries[i].what, store_error(status));
	}
	say("STORE perm:%s\n", text);
}

/* Writes under a watch, reads no answer until the daemon takes no more. */
static void
abuse_noread(void)
{
	static const char message[] = "data/noread\0x";
	struct xsd_sockmsg head = { .type = XS_WRITE, .req_id = 0x70000000,
		.len = sizeof(message) - 1 };
	uint64_t hold = now_ns() + 5000 * MS;
	char both[sizeof(head) + sizeof(message) - 1];
	unsigned int n = 0;
	size_t sent = sizeof(both), more;
	int status;

	(void)store_watch("data/noread", "noread");
	memcpy(both, &head, sizeof(head));
	memcpy(both + sizeof(head), message, sizeof(message) - 1);
	while (n < TRIES && sent == sizeof(both)) {
		sent = store_raw(both, sizeof(both), 1000 * MS);
		n += sent == sizeof(both);
	}
	while (now_ns() < hold)
		event_wait(hold);
	/* Now it reads again; a message cut in the middle is completed. */
	for (more = sent; more < sizeof(both);) {
		store_pump();
		more += store_raw(both + more, sizeof(both) - more, MS);
		if (now_ns() > hold + 60000 * MS)
			break;
	}
	/* The daemon may hold a megabyte of answers, a page's quarter at a time. */
	do
		status = store_read("name");
	while (status != 0 && now_ns() < hold + 120000 * MS);
	say("STORE noread: %u writes taken, then %s; afterwards read: %s\n", n,
	    sent < sizeof(both) ? "blocked" : "no end", store_error(status));
}

static const struct {
	const char *kind;
	void (*run)(void);
} kinds[] = {
	{ "nodes", abuse_nodes },
	{ "watches", abuse_watches },
	{ "transactions", abuse_transactions },
	{ "big", abuse_big },
	{ "badtype", abuse_badtype },
	{ "badlen", abuse_badlen },
	{ "badindex", abuse_badindex },
	{ "perm", abuse_perm },
	{ "noread", abuse_noread },
	{ "garbage", abuse_garbage },
};
static size_t chosen;

uint64_t
abuse_start(const char *value, uint64_t now)
{
	for (chosen = 0; chosen < ARRAY_LEN(kinds); chosen++)
		if (value_is(value, kinds[chosen].kind))
			return now;
	say("STORE %s: no such kind\n", value);
	return NEVER;
}

uint64_t
abuse_run(uint64_t now)
{
	(void)now;
	kinds[chosen].run();
	return NEVER;
}
