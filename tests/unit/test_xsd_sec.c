/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a bad guest tries: a test for each class of advisory that hit a store
 * daemon, by the number of the advisory. After each the daemon lives, its books
 * agree, and others are answered; test_xsd_quota.c has the limits (XSA-272, 323,
 * 326), test_xsd_ring.c more of rings and of death.
 */
#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsd_fixture.h"

/* A message whose header says what it likes. */
static void
send_msg(struct thv_client *c, uint32_t type, uint32_t tx, uint32_t len,
    const void *data, size_t n)
{
	struct {
		struct xsd_sockmsg hdr;
		char data[XENSTORE_PAYLOAD_MAX];
	} m = { .hdr = { .type = type, .req_id = 7, .tx_id = tx, .len = len } };

	memcpy(m.data, data, n);
	ck_assert(thv_send_raw(c, &m, sizeof(m.hdr) + n, 5000));
}

/* Exactly one reply comes, and it is an error. */
static void
one_error(struct thv_client *c, uint32_t type)
{
	struct thv_msg m;

	ck_assert_msg(thv_recv(c, &m, 5000), "type %u: no reply", type);
	ck_assert_msg(m.hdr.type == XS_ERROR, "type %u: reply %u", type,
	    m.hdr.type);
	ck_assert_uint_eq(m.hdr.req_id, 7);
	ck_assert_msg(!thv_recv(c, &m, 0), "type %u: two replies", type);
}

/* --- input ------------------------------------------------------------------------ */

START_TEST(xsa38_indexes)
{
	struct thv_client *g = fx_guest(1);

	thv_set_field(h, 1, OFF(req_cons), 0x10);
	thv_set_field(h, 1, OFF(req_prod), 0x80000010u);
	thv_kick(h, 1);
	fx_cut_off(g, 1, 2);
}
END_TEST

/* Refused before a byte of it is waited for. */
START_TEST(xsa38_xsa420_lengths)
{
	static const uint32_t len[] = { 4097, 0x7fffffff, 0x80000000u,
		UINT32_MAX };

	for (unsigned i = 0; i < 4; i++) {
		struct thv_client *g = fx_guest(i + 1);

		send_msg(g, XS_READ, 0, len[i], "", 0);
		fx_cut_off(g, i + 1, 3);
		fx_others_are_served();
	}
}
END_TEST

/* No message is longer than 4096; a big directory comes in parts. */
START_TEST(xsa72_replies_that_are_too_long)
{
	struct thv_client *g = fx_guest(1);
	size_t at = 0, names = 0;
	const char *part, *p;

	ASK(dom0, SET_QUOTA, "1|node-size|0|", "OK");
	for (int i = 0; i < 300; i++)
		ck_assert_str_eq(
		    thv_askf(g, XS_MKDIR, "a-name-of-twenty-%03d|", i), "OK");
	ASK(g, XS_DIRECTORY, "/local/domain/1|", "E2BIG");
	for (;;) {
		part = thv_askf(g, DIRECTORY_PART, "/local/domain/1|%zu|", at);
		p = strchr(part, '|');
		ck_assert_msg(p != NULL, "%s", part);
		for (p++; *p != '\0' && *p != '|'; names++) {
			at += strcspn(p, "|") + 1;
			p += strcspn(p, "|");
			p += *p == '|';
		}
		if (*p == '|' || (size_t)(p - part) < 4000)
			break;
	}
	ck_assert_uint_eq(names, 300);
}
END_TEST

START_TEST(xsa324_events_that_are_too_long)
{
	struct thv_client *g = fx_guest(1);
	char token[4096], path[2100];

	memset(token, 't', sizeof(token));
	token[4000] = '\0';
	(void)thv_askf(g, XS_WATCH, "a|%s|", token);
	token[2040] = '\0';
	ck_assert_str_eq(thv_askf(g, XS_WATCH, "a|%s|", token), "OK");
	memset(path, 'p', sizeof(path));
	path[1900] = '\0';
	/* Its node would not fit; the control domain's does. */
	(void)thv_askf(g, XS_WRITE, "a/%s|1", path);
	ck_assert_str_eq(
	    thv_askf(dom0, XS_WRITE, "/local/domain/1/a/%s|1", path), "OK");
	while (*thv_event(g, 100) != '\0')
		;
	ASK(g, XS_READ, "a/x|", "ENOENT");
}
END_TEST

/* Each request has one reply, whatever its path. */
START_TEST(xsa481_paths)
{
	static const char *const bad[] = { "/local/domain/", "", "//", "/a//b",
		"/a/", "@", "@nonsense", "a b", "/a\xff", "/local/domain/1/",
		"/local/domain//x", "/+", "~/x" };
	static const uint32_t types[] = { XS_READ, XS_DIRECTORY, XS_GET_PERMS,
		XS_WRITE, XS_MKDIR, XS_RM, XS_SET_PERMS, XS_WATCH, XS_UNWATCH,
		DIRECTORY_PART };
	struct thv_client *g = fx_guest(1);
	struct thv_msg m;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			char text[64];
			int n = snprintf(text, sizeof(text), "%s|n1|", bad[i]);

			for (int k = 0; k < n; k++)
				text[k] = text[k] == '|' ? '\0' : text[k];
			send_msg(g, types[t], 0, (uint32_t)n, text, (size_t)n);
			ck_assert(thv_recv(g, &m, 5000));
			if (m.hdr.type == XS_WATCH) /* any "@..." */
				ck_assert(thv_recv(g, &m, 5000));
			ck_assert(!thv_recv(g, &m, 0));
		}
}
END_TEST

/* Too few strings, too many, none, no NUL: one error, also in transactions. */
START_TEST(one_reply_whatever_the_payload)
{
	static const struct {
		const char *data;
		uint32_t len;
	} bad[] = { { "", 0 }, { "\0", 1 }, { "x", 1 }, { "a\0b", 3 },
		{ "a\0b\0c\0d\0e\0f\0", 12 }, { "\0\0\0\0\0\0", 6 } };
	struct thv_client *g = fx_guest(1);
	struct thv_msg m;

	ASK(g, XS_TRANSACTION_START, "|", "1");
	for (uint32_t type = 0; type < 40; type++)
		for (uint32_t tx = 0; tx < 3; tx++)
			for (size_t i = 0; i < 6; i++) {
				send_msg(g, type, tx, bad[i].len, bad[i].data,
				    bad[i].len);
				ck_assert_msg(thv_recv(g, &m, 5000),
				    "type %u, payload %zu: no reply", type, i);
				ck_assert_msg(m.hdr.type == type ||
					m.hdr.type == XS_ERROR,
				    "type %u: reply %u", type, m.hdr.type);
				while (thv_recv(g, &m, 0))
					ck_assert_uint_eq(m.hdr.type,
					    XS_WATCH_EVENT);
			}
	send_msg(g, XS_WATCH_EVENT, 0, 2, "a", 2);
	one_error(g, XS_WATCH_EVENT);
	send_msg(g, UINT32_MAX, 0, 0, "", 0);
	one_error(g, UINT32_MAX);
}
END_TEST

/* A reset inside the transaction that it destroys; a fault inside one. */
START_TEST(xsa484_reset_in_a_transaction)
{
	struct thv_client *g = fx_guest(1);

	for (int i = 0; i < 20; i++) {
		const char *id = thv_ask(g, XS_TRANSACTION_START, "|");
		uint32_t tx = (uint32_t)atoi(id);

		ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, tx, "x|1"), "OK");
		ck_assert_str_eq(thv_ask_tx(g, XS_RESET_WATCHES, tx, "|"),
		    "OK");
		ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, tx, "T|"),
		    "ENOENT");
	}
	ASK(g, XS_READ, "x|", "ENOENT");
	ASK(g, XS_TRANSACTION_START, "|", "21");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 21, "x|1"), "OK");
	send_msg(g, XS_WRITE, 21, 5000, "", 0);
	fx_cut_off(g, 1, 3);
}
END_TEST

/* --- permissions --------------------------------------------------------------------- */

START_TEST(xsa115_events_are_for_those_who_may_read)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(g, XS_WATCH, "/local/domain/2|t|", "OK");
	ck_assert_str_eq(thv_event(g, 5000), "/local/domain/2|t");
	ASK(g, XS_WATCH, "/|all|", "OK");
	ck_assert_str_eq(thv_event(g, 5000), "/|all");
	ASK(o, XS_WRITE, "private|1", "OK");
	ASK(o, XS_WRITE, "shared|1", "OK");
	ASK(g, XS_READ, "nothing|", "ENOENT");
	ck_assert_str_eq(thv_event(g, 50), "");
	/* What gives it, and what takes it away, it may know. */
	ASK(o, XS_SET_PERMS, "shared|n2|r1|", "OK");
	ck_assert_str_eq(thv_event(g, 5000), "/local/domain/2/shared|t");
	ck_assert_str_eq(thv_event(g, 5000), "/local/domain/2/shared|all");
	ASK(o, XS_SET_PERMS, "shared|n2|", "OK");
	ck_assert_str_eq(thv_event(g, 5000), "/local/domain/2/shared|t");
	ck_assert_str_eq(thv_event(g, 5000), "/local/domain/2/shared|all");
	ASK(o, XS_WRITE, "shared|2", "OK");
	ASK(o, XS_RM, "private|", "OK");
	ASK(g, XS_READ, "nothing|", "ENOENT");
	ck_assert_str_eq(thv_event(g, 50), "");
	/* A transaction's id is not looked at. */
	ck_assert_str_eq(thv_ask_tx(g, XS_UNWATCH, 99, "/|all|"), "OK");
}
END_TEST

START_TEST(xsa115_who_comes_and_goes)
{
	struct thv_client *g = fx_guest(1);

	fx_watch(g, "@introduceDomain|i");
	fx_watch(g, "@releaseDomain|r");
	ASK(g, XS_IS_DOMAIN_INTRODUCED, "99|", "EACCES");
	ASK(g, XS_GET_PERMS, "@introduceDomain|", "EACCES");
	ASK(g, XS_SET_PERMS, "@introduceDomain|b1|", "EACCES");
	(void)fx_guest(2);
	ASK(dom0, XS_RELEASE, "2|", "OK");
	ASK(g, XS_READ, "x|", "ENOENT");
	ck_assert_str_eq(thv_event(g, 50), "");
	ASK(dom0, XS_SET_PERMS, "@releaseDomain|n0|r1|", "OK");
	(void)fx_guest(3);
	ASK(dom0, XS_RELEASE, "3|", "OK");
	ck_assert_str_eq(thv_event(g, 5000), "@releaseDomain|r");
	ck_assert_str_eq(thv_event(g, 50), "");
}
END_TEST

/* They are names of events, not of nodes. */
START_TEST(special_names_are_not_nodes)
{
	struct thv_client *g = fx_guest(1);

	for (int i = 0; i < 2; i++) {
		struct thv_client *c = i == 0 ? g : dom0;

		ASK(c, XS_READ, "@releaseDomain|", "EINVAL");
		ASK(c, XS_WRITE, "@releaseDomain|x", "EINVAL");
		ASK(c, XS_MKDIR, "@new|", "EINVAL");
		ASK(c, XS_RM, "@releaseDomain|", "EINVAL");
		ASK(c, XS_DIRECTORY, "@releaseDomain|", "EINVAL");
	}
}
END_TEST

START_TEST(xsa322_xsa417_rights_die_with_their_domain)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(o, XS_WRITE, "x|1", "OK");
	ASK(o, XS_SET_PERMS, "x|n2|b1|", "OK");
	ASK(dom0, XS_SET_PERMS, "@releaseDomain|n0|r1|", "OK");
	ASK(g, XS_READ, "/local/domain/2/x|", "1");
	thv_destroy(h, 1);
	thv_client_free(g);
	/* The next one of that id, known to the store at once or not. */
	thv_create(h, 1);
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	g = thv_client(h, 1);
	ASK(g, XS_READ, "/local/domain/2/x|", "EACCES");
	ASK(g, XS_WRITE, "/local/domain/2/x|2", "EACCES");
	ASK(g, XS_GET_PERMS, "@releaseDomain|", "EACCES");
}
END_TEST

/* Two that help each other leave nothing behind that no quota counts. */
START_TEST(xsa419_nodes_die_with_their_owner)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(o, XS_WRITE, "open|1", "OK");
	ASK(o, XS_SET_PERMS, "open|b2|", "OK");
	for (int i = 0; i < 50; i++)
		ck_assert_str_eq(thv_askf(g, XS_WRITE,
				     "/local/domain/2/open/n%d/a/b|x", i), "OK");
	ck_assert_int_eq(fx_used(1, "nodes", 1), 151);
	ASK(dom0, XS_RELEASE, "1|", "OK");
	ASK(o, XS_DIRECTORY, "open|", "");
	ck_assert_int_eq(fx_used(2, "nodes", 1), 2);
}
END_TEST

START_TEST(xsa352_nodes_cannot_be_given_away)
{
	struct thv_client *g = fx_guest(1);

	ASK(g, XS_WRITE, "x|1", "OK");
	ASK(g, XS_SET_PERMS, "x|n0|", "EPERM");
	ASK(g, XS_SET_PERMS, "x|n99|b1|", "EPERM");
	ASK(g, XS_SET_PERMS, "x|b1|", "OK");
	/* Numbers are numbers. */
	ASK(g, XS_SET_PERMS, "x|n0x1|", "EINVAL");
	ASK(g, XS_SET_PERMS, "x|n-1|", "EINVAL");
	ASK(g, XS_SET_PERMS, "x|n65537|", "EINVAL");
	ASK(g, XS_SET_PERMS, "x|n|", "EINVAL");
	ASK(g, XS_GET_PERMS, "x|", "b1");
}
END_TEST

START_TEST(xsa353_the_root_is_a_node)
{
	struct thv_client *g = fx_guest(1);

	ASK(g, XS_WRITE, "/|1", "EACCES");
	ASK(g, XS_READ, "/|", "EACCES");
	ASK(g, XS_DIRECTORY, "/|", "EACCES");
	ASK(g, XS_GET_PERMS, "/|", "EACCES");
	ASK(g, XS_SET_PERMS, "/|b1|", "EACCES");
	ck_assert_str_ne(thv_ask(g, XS_RM, "/|"), "OK");
	ASK(dom0, XS_RM, "/|", "EINVAL");
}
END_TEST

/* --- exhaustion ----------------------------------------------------------------------- */

/* A guest that writes what dom0's transactions read cannot keep them failing. */
START_TEST(xsa206_starvation)
{
	struct thv_client *g = fx_guest(1);
	struct thv_msg m;
	int tries = 0;
	bool done = false;

	ASK(g, XS_WRITE, "hot|0", "OK");
	for (; tries < 50 && !done; tries++) {
		uint32_t tx = (uint32_t)atoi(
		    thv_ask(dom0, XS_TRANSACTION_START, "|"));

		(void)thv_ask_tx(dom0, XS_READ, tx, "/local/domain/1/hot|");
		for (int i = 0; i < 3; i++)
			(void)thv_send(g, XS_WRITE, 0, "hot|again");
		ASK(dom0, XS_READ, "/tool|", "");
		ck_assert_str_eq(thv_ask_tx(dom0, XS_WRITE, tx,
				     "/local/domain/1/seen|1"), "OK");
		done = strcmp(thv_ask_tx(dom0, XS_TRANSACTION_END, tx, "T|"),
			   "OK") == 0;
		while (thv_recv(g, &m, 0))
			;
	}
	ck_assert_msg(done, "50 transactions failed");
	while (thv_recv(g, &m, 200))
		;
}
END_TEST

START_TEST(xsa330_resets_free_what_they_forget)
{
	struct thv_client *g = fx_guest(1);
	size_t rss = 0;

	for (int i = 0; i < 60; i++) {
		for (int k = 0; k < 100; k++) {
			ck_assert_str_eq(thv_askf(g, XS_WATCH,
					     "w/%d/x|%d|", k, i), "OK");
			ck_assert_str_ne(thv_event(g, 5000), "");
		}
		ASK(g, XS_RESET_WATCHES, "|", "OK");
		if (i == 10)
			rss = thv_rss(h);
	}
	ck_assert_uint_le(thv_rss(h), rss + (1u << 20));
	ck_assert_int_eq(fx_used(1, "watches", 1), 0);
}
END_TEST

/* A guest that takes nothing, under a storm of events and requests. */
START_TEST(xsa326_who_does_not_read)
{
	struct thv_client *g = fx_guest(1);
	size_t rss;
	long cpu;

	fx_watch(g, "/local/domain/1|t");
	thv_patience(g, 0);
	rss = thv_rss(h);
	for (int i = 0; i < 20000; i++) {
		ck_assert_str_eq(thv_askf(dom0, XS_WRITE,
				     "/local/domain/1/n%d|%d", i % 500, i),
		    "OK");
		if (i % 100 == 0)
			(void)thv_send(g, XS_READ, 0, "n1|");
	}
	ck_assert_uint_le(thv_rss(h), rss + (6u << 20));
	/* It sleeps meanwhile: what waits in vain costs nothing. */
	cpu = thv_cpu_ms(h);
	(void)poll(NULL, 0, 500);
	ck_assert_int_le(thv_cpu_ms(h) - cpu, 100);
	ck_assert_int_le(fx_used(1, "memory", 2), 2621440);
	ck_assert_int_le(fx_used(1, "outstanding", 2), 20);
}
END_TEST

/* A victim that does not read stops its attacker, and nobody else; after a while
 * it stops nobody. */
START_TEST(xsa326_victims_do_not_stop_others)
{
	struct thv_client *g = fx_guest(1), *v = fx_guest(2);
	int sent = 0, more = 0;

	ASK(g, XS_WRITE, "open|", "OK");
	ASK(g, XS_SET_PERMS, "open|r1|", "OK");
	fx_watch(v, "/local/domain/1|a-token-of-some-length");
	/* The ring of the victim is full of other things. */
	for (int i = 0; i < 40; i++)
		ck_assert_str_eq(
		    thv_askf(dom0, XS_WRITE, "/local/domain/1/open/f%d|", i),
		    "OK");
	for (int i = 0; i < 40; i++)
		ck_assert_str_eq(thv_askf(dom0, XS_SET_PERMS,
				     "/local/domain/1/open/f%d|r1|", i), "OK");
	thv_patience(g, 300);
	while (sent < 100 && strcmp(thv_askf(g, XS_WRITE, "open/n%d|", sent),
		   "OK") == 0)
		sent++;
	ck_assert_int_ge(sent, 19);
	ck_assert_int_le(sent, 21);
	fx_others_are_served();
	/* The last request waits until the events are a second old. */
	thv_patience(g, 5000);
	{
		struct thv_msg m;

		ck_assert(thv_recv(g, &m, 5000));
		ck_assert_uint_eq(m.hdr.type, XS_WRITE);
	}
	while (more < 15 && strcmp(thv_askf(g, XS_WRITE, "open/m%d|", more),
		   "OK") == 0)
		more++;
	ck_assert_int_eq(more, 15);
	/* What was begun is still whole messages. */
	while (*thv_event(v, 100) != '\0')
		;
	ASK(v, XS_READ, "/local/domain/1/open|", "");
}
END_TEST

/* A client of dom0 that does not read stops neither dom0 nor a guest. */
START_TEST(xsa326_a_stuck_tool)
{
	struct thv_client *stuck = thv_client(h, -1), *g = fx_guest(1);

	ASK(stuck, XS_WATCH, "/|s|", "OK");
	for (int i = 0; i < 3000; i++)
		ck_assert_str_eq(
		    thv_askf(dom0, XS_WRITE, "/stuck/a-longer-name-%d|", i),
		    "OK");
	thv_patience(g, 4000);
	for (int i = 0; i < 60; i++)
		ck_assert_str_eq(thv_askf(g, XS_WRITE, "n%d|", i), "OK");
}
END_TEST

/* Equal events that wait are one; special ones are each their own. */
START_TEST(xsa326_equal_events_are_one)
{
	struct thv_client *g = fx_guest(1);
	char fill[900];
	int n = 0, special = 0;

	fx_watch(g, "x|t");
	ASK(dom0, XS_SET_PERMS, "@introduceDomain|n0|r1|", "OK");
	fx_watch(g, "@introduceDomain|i");
	/* So that the ring is full, and what follows waits. */
	memset(fill, 'f', sizeof(fill));
	fill[sizeof(fill) - 2] = '|';
	fill[sizeof(fill) - 1] = '\0';
	ck_assert_str_eq(thv_askf(g, XS_WATCH, "x|%s", fill), "OK");
	ASK(dom0, XS_WRITE, "/local/domain/1/x|0", "OK");
	for (int i = 0; i < 100; i++)
		ASK(dom0, XS_WRITE, "/local/domain/1/x|1", "OK");
	for (unsigned i = 10; i < 13; i++)
		(void)fx_guest(i);
	for (const char *e; *(e = thv_event(g, 100)) != '\0';) {
		n += strcmp(e, "x|t") == 0;
		special += strcmp(e, "@introduceDomain|i") == 0;
	}
	ck_assert_int_ge(n, 1);
	ck_assert_int_le(n, 3);
	ck_assert_int_eq(special, 3);
}
END_TEST

/* The limits that nobody set are the safe ones. */
START_TEST(xsa326_defaults)
{
	ASK(dom0, GET_QUOTA, "nodes|", "1000");
	ASK(dom0, GET_QUOTA, "watches|", "128");
	ASK(dom0, GET_QUOTA, "transactions|", "10");
	ASK(dom0, GET_QUOTA, "outstanding|", "20");
	ASK(dom0, GET_QUOTA, "transaction-nodes|", "1024");
	ASK(dom0, GET_QUOTA, "memory|", "2621440");
	ASK(dom0, GET_QUOTA, "node-permissions|", "5");
	ASK(dom0, GET_QUOTA, "node-size|", "2048");
	ASK(dom0, GET_QUOTA, "path-max|", "2048");
}
END_TEST

/* Memory of a request goes with it, however long its events wait. */
START_TEST(xsa416_scratch_memory)
{
	struct thv_client *stuck = thv_client(h, -1), *g = fx_guest(1);
	char big[3900];
	size_t rss = 0;

	ASK(stuck, XS_WATCH, "/local/domain/1|s|", "OK");
	memset(big, 'v', sizeof(big));
	memcpy(big, "x|", 2);
	big[1900] = '\0';
	for (int i = 0; i < 6000; i++) {
		ck_assert_str_eq(thv_ask(g, XS_WRITE, big), "OK");
		if (i == 1000)
			rss = thv_rss(h);
	}
	ck_assert_uint_le(thv_rss(h), rss + (1u << 20));
}
END_TEST

START_TEST(xsa418_deep_and_wide_trees)
{
	struct thv_client *g = fx_guest(1);
	char path[2100];
	size_t len = 0;

	ASK(dom0, SET_QUOTA, "1|nodes|0|", "OK");
	ASK(dom0, SET_QUOTA, "1|node-size|0|", "OK");
	ASK(dom0, SET_QUOTA, "1|memory|0|", "OK");
	while (len < 2040) {
		memcpy(path + len, "d/", 2);
		len += 2;
	}
	strcpy(path + len, "e|");
	ck_assert_str_eq(thv_ask(g, XS_WRITE, path), "OK");
	ASK(g, XS_RM, "d|", "OK");
	ck_assert_str_eq(thv_ask(g, XS_WRITE, path), "OK");
	for (int i = 0; i < 5000; i++)
		ck_assert_str_eq(thv_askf(g, XS_MKDIR, "w/%d|", i), "OK");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	ck_assert_str_eq(thv_ask_tx(g, XS_RM, 1, "w|"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 1, "T|"), "OK");
	thv_destroy(h, 1);
	while (strcmp(thv_ask(dom0, XS_IS_DOMAIN_INTRODUCED, "1|"), "F") != 0)
		thv_wait(h, 1);
	ASK(dom0, XS_READ, "/local/domain/1|", "ENOENT");
}
END_TEST

/* What is removed goes as fast as it comes, however deep. */
START_TEST(xsa418_deep_trees_come_and_go)
{
	struct thv_client *g = fx_guest(1);
	char path[1024] = "";
	size_t rss = 0;

	while (strlen(path) < 900)
		strcat(path, "d/");
	strcat(path, "e|");
	for (int i = 0; i < 300; i++) {
		ck_assert_str_eq(thv_ask(g, XS_WRITE, path), "OK");
		ck_assert_str_eq(thv_ask(g, XS_RM, "d|"), "OK");
		if (i == 50)
			rss = thv_rss(h);
	}
	ck_assert_uint_le(thv_rss(h), rss + (2u << 20));
}
END_TEST

START_TEST(xsa483_use_dies_with_its_domain)
{
	struct thv_client *g = fx_guest(1);

	for (int i = 0; i < 100; i++) {
		ck_assert_str_eq(thv_askf(g, XS_WRITE, "n%d|x", i), "OK");
		ck_assert_str_eq(thv_askf(g, XS_WATCH, "n|%d|", i), "OK");
		ck_assert_str_ne(thv_event(g, 5000), "");
	}
	ASK(g, XS_TRANSACTION_START, "|", "1");
	ASK(dom0, XS_RELEASE, "1|", "OK");
	fx_dies(1);
	thv_client_free(g);
	g = fx_guest(1);
	ck_assert_int_eq(fx_used(1, "nodes", 1), 1);
	ck_assert_int_eq(fx_used(1, "watches", 1), 0);
	ck_assert_int_eq(fx_used(1, "watches", 2), 0);
	ck_assert_int_eq(fx_used(1, "transactions", 1), 0);
	ck_assert_int_le(fx_used(1, "memory", 1), 500);
}
END_TEST

/* --- transactions, lifetimes ------------------------------------------------------------- */

/* Made and removed in one; failed in the middle: all of it, or nothing. */
START_TEST(xsa414_xsa415_xsa421_half_a_transaction)
{
	struct thv_client *g = fx_guest(1);

	ASK(dom0, SET_QUOTA, "1|nodes|10|", "OK");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "a/b/c|1"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_RM, 1, "a/b|"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "a/b|2"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_RM, 1, "a|"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "k|1"), "OK");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "1/2/3/4/5/6/7/8/9/10|"),
	    "ENOSPC");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "/no|"), "EACCES");
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 1, "T|"), "OK");
	ASK(g, XS_READ, "a|", "ENOENT");
	ASK(g, XS_READ, "1|", "ENOENT");
	ASK(g, XS_READ, "k|", "1");
	ck_assert_int_eq(fx_used(1, "nodes", 1), 2);
}
END_TEST

/* A domain and the one that has its rights go together, and in the middle of a
 * request of the other. */
START_TEST(xsa233_xsa425_two_go_at_once)
{
	for (int i = 0; i < 10; i++) {
		struct thv_client *g = fx_guest(1), *stub = fx_guest(2);

		ASK(dom0, XS_SET_TARGET, "2|1|", "OK");
		ASK(dom0, XS_SET_TARGET, "1|2|", "OK");
		fx_watch(g, "/local/domain/2|t");
		fx_watch(stub, "/local/domain/1|t");
		ck_assert(thv_send(g, XS_WRITE, 0, "/local/domain/2/x|"));
		ck_assert(thv_send(stub, XS_WRITE, 0, "/local/domain/1/x|"));
		thv_quiet(h, true);
		thv_destroy(h, i % 2 == 0 ? 1 : 2);
		thv_quiet(h, false);
		thv_destroy(h, i % 2 == 0 ? 2 : 1);
		ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "99|", "T");
		while (strcmp(thv_ask(dom0, XS_IS_DOMAIN_INTRODUCED, "1|"),
			   "F") != 0)
			thv_wait(h, 1);
		thv_client_free(g);
		thv_client_free(stub);
	}
}
END_TEST

/* A guest that breaks its ring is still seen to die. */
START_TEST(xsa325_a_broken_ring_is_not_a_death)
{
	struct thv_client *g = fx_guest(1);

	fx_watch(dom0, "@releaseDomain|r");
	thv_set_field(h, 1, OFF(req_prod),
	    thv_field(h, 1, OFF(req_cons)) + 2000);
	thv_kick(h, 1);
	fx_cut_off(g, 1, 2);
	ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "1|", "T");
	ck_assert_str_eq(thv_event(dom0, 50), "");
	thv_destroy(h, 1);
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
}
END_TEST

#define TEST(t, name) tcase_add_test(t, name)

static TCase *
tests(void)
{
	TCase *t = tcase_create("bad guests");

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 120);
	TEST(t, xsa38_indexes);
	TEST(t, xsa38_xsa420_lengths);
	TEST(t, xsa72_replies_that_are_too_long);
	TEST(t, xsa324_events_that_are_too_long);
	TEST(t, xsa481_paths);
	TEST(t, one_reply_whatever_the_payload);
	TEST(t, xsa484_reset_in_a_transaction);
	TEST(t, xsa115_events_are_for_those_who_may_read);
	TEST(t, xsa115_who_comes_and_goes);
	TEST(t, special_names_are_not_nodes);
	TEST(t, xsa322_xsa417_rights_die_with_their_domain);
	TEST(t, xsa419_nodes_die_with_their_owner);
	TEST(t, xsa352_nodes_cannot_be_given_away);
	TEST(t, xsa353_the_root_is_a_node);
	TEST(t, xsa206_starvation);
	TEST(t, xsa330_resets_free_what_they_forget);
	TEST(t, xsa326_who_does_not_read);
	TEST(t, xsa326_equal_events_are_one);
	TEST(t, xsa326_defaults);
	TEST(t, xsa416_scratch_memory);
	TEST(t, xsa418_deep_and_wide_trees);
	TEST(t, xsa418_deep_trees_come_and_go);
	TEST(t, xsa483_use_dies_with_its_domain);
	TEST(t, xsa414_xsa415_xsa421_half_a_transaction);
	TEST(t, xsa233_xsa425_two_go_at_once);
	TEST(t, xsa325_a_broken_ring_is_not_a_death);
	return t;
}

static TCase *
impatient_tests(void)
{
	TCase *t = tcase_create("a second of patience");

	tcase_add_checked_fixture(t, fx_up_impatient, fx_down);
	tcase_set_timeout(t, 120);
	TEST(t, xsa326_victims_do_not_stop_others);
	TEST(t, xsa326_a_stuck_tool);
	return t;
}

int
main(void)
{
	Suite *s = suite_create("xenstored against bad guests");
	SRunner *r;
	int failed;

	suite_add_tcase(s, tests());
	suite_add_tcase(s, impatient_tests());
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
