/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstored from the inside: requests go in as bytes, replies and events come out
 * as bytes, for the control domain and for guests, without sockets or Xen.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#include "xsd.h"

static int
no_io(struct conn *c)
{
	(void)c;
	return 0;
}

static void
no_close(struct conn *c)
{
	(void)c;
}

static const struct conn_ops ops = { no_io, no_io, no_close };
static struct conn *dom0, *guest;

static void
setup(void)
{
	ck_assert_int_eq(watches_init(), 0);
	ck_assert_int_eq(store_init(), 0);
	dom0 = conn_new(&ops, 0, true);
	guest = conn_new(&ops, 7, false);
	guest->domain = domain_get(7);
}

static void
put(struct conn *c, uint32_t type, uint32_t tx, const char *body, size_t len)
{
	struct xsd_sockmsg h = { type, 5, tx, (uint32_t)len };

	xu_buf_add(&c->in, &h, sizeof(h));
	xu_buf_add(&c->in, body, len);
	share_turn();
	conn_requests(c);
}

/* Takes the next message; body with NULs as '|'. Type 0 = none. */
static uint32_t
take(struct conn *c, char *body)
{
	struct xsd_sockmsg h = { .type = 0 };

	body[0] = '\0';
	if (c->out.len == 0)
		return 0;
	memcpy(&h, c->out.data, sizeof(h));
	memcpy(body, c->out.data + sizeof(h), h.len);
	for (uint32_t i = 0; i < h.len; i++)
		if (body[i] == '\0')
			body[i] = '|';
	body[h.len] = '\0';
	c->out_sent += sizeof(h) + h.len;
	queue_sent(c);
	xu_buf_drop(&c->out, c->out_sent);
	c->q.base += c->out_sent;
	c->out_sent = 0;
	return h.type;
}

/* One request with '|' for NUL; the reply's body ("ENOENT|" for errors). */
static const char *
ask_tx(struct conn *c, uint32_t type, uint32_t tx, const char *body)
{
	static char reply[XSD_PAYLOAD + 1], copy[8192];
	size_t len = strlen(body);

	memcpy(copy, body, len);
	for (size_t i = 0; i < len; i++)
		if (copy[i] == '|')
			copy[i] = '\0';
	put(c, type, tx, copy, len);
	ck_assert_uint_ne(take(c, reply), 0);
	return reply;
}

static const char *
ask(struct conn *c, uint32_t type, const char *body)
{
	return ask_tx(c, type, 0, body);
}

#define CHECK(want, ...) ck_assert_str_eq(ask(__VA_ARGS__), want)
#define CHECK_TX(want, ...) ck_assert_str_eq(ask_tx(__VA_ARGS__), want)

START_TEST(nodes)
{
	CHECK("OK|", dom0, XS_WRITE, "/a/b/c|value");
	CHECK("value", dom0, XS_READ, "/a/b/c|");
	CHECK("", dom0, XS_READ, "/a|");
	CHECK("OK|", dom0, XS_MKDIR, "/a/d|");
	CHECK("OK|", dom0, XS_MKDIR, "/a/b|");
	CHECK("b|d|", dom0, XS_DIRECTORY, "/a|");
	CHECK("OK|", dom0, XS_RM, "/a/b|");
	CHECK("OK|", dom0, XS_WRITE, "/a/b|x");
	/* A child that comes again is the last. */
	CHECK("d|b|", dom0, XS_DIRECTORY, "/a|");
	CHECK("ENOENT|", dom0, XS_READ, "/a/b/c|");
	CHECK("OK|", dom0, XS_RM, "/a/missing|");
	CHECK("ENOENT|", dom0, XS_RM, "/x/y|");
	CHECK("EINVAL|", dom0, XS_RM, "/|");
	CHECK("n0|", dom0, XS_GET_PERMS, "/a|");
	CHECK("/local/domain/9|", dom0, XS_GET_DOMAIN_PATH, "9|");
	CHECK("OK|", dom0, XS_WRITE, "rel/x|1");
	CHECK("1", dom0, XS_READ, "/local/domain/0/rel/x|");
}
END_TEST

START_TEST(nonsense)
{
	static const char *const paths[] = { "|", "//|", "/a/|", "/a//b|",
		"/a b|", "/a+|", "/a|b|", "a", "@introduceDomain|", "" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(paths); i++)
		CHECK("EINVAL|", dom0, XS_READ, paths[i]);
	CHECK("ENOSYS|", dom0, 20, "1|");
	CHECK("ENOSYS|", dom0, XS_WATCH_EVENT, "/|t|");
	CHECK("ENOSYS|", dom0, XS_ERROR, "x|");
	CHECK("ENOSYS|", dom0, 65535, "");
	CHECK("EINVAL|", dom0, XS_WATCH, "/a|");
	CHECK("EINVAL|", dom0, XS_WATCH, "/a|t|-1|");
}
END_TEST

START_TEST(transaction_end_needs_one)
{
	CHECK("ENOENT|", dom0, XS_TRANSACTION_END, "T|");
	CHECK_TX("ENOENT|", dom0, XS_READ, 77, "/|");
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	CHECK_TX("EBUSY|", dom0, XS_TRANSACTION_START, 1, "|");
	CHECK_TX("EINVAL|", dom0, XS_TRANSACTION_END, 1, "X|");
	CHECK_TX("OK|", dom0, XS_TRANSACTION_END, 1, "F|");
	CHECK_TX("ENOENT|", dom0, XS_TRANSACTION_END, 1, "F|");
}
END_TEST

/* T does `t`; meanwhile somebody does `other`; want = how T's commit ends. */
static const struct {
	const char *what;
	uint32_t t1;
	const char *t1_body;
	uint32_t t2;
	const char *t2_body;
	uint32_t other;
	const char *other_body;
	const char *want;
} races[] = {
	{ "reads A, other writes B", XS_READ, "/p/a|", XS_WRITE, "/p/c|1",
	    XS_WRITE, "/p/b|2", "OK|" },
	{ "only reads A, other writes A", XS_READ, "/p/a|", 0, NULL, XS_WRITE,
	    "/p/a|9", "OK|" },
	{ "reads A writes B, other writes A", XS_READ, "/p/a|", XS_WRITE,
	    "/p/b|1", XS_WRITE, "/p/a|9", "EAGAIN|" },
	{ "writes A blindly, other writes A", XS_WRITE, "/p/a|1", 0, NULL,
	    XS_WRITE, "/p/a|2", "OK|" },
	{ "writes A, other writes B", XS_WRITE, "/p/a|1", 0, NULL, XS_WRITE,
	    "/p/b|2", "OK|" },
	{ "creates p/x, other creates p/y", XS_WRITE, "/p/x|1", 0, NULL,
	    XS_WRITE, "/p/y|2", "OK|" },
	{ "creates p/x, other writes p", XS_WRITE, "/p/x|1", 0, NULL, XS_WRITE,
	    "/p|2", "OK|" },
	{ "removes what is not there, other makes its parent", XS_RM,
	    "/p/m/n|", XS_WRITE, "/p/b|1", XS_MKDIR, "/p/m|", "EAGAIN|" },
	{ "finds M missing, other creates M", XS_READ, "/p/m|", XS_WRITE,
	    "/p/z|1", XS_WRITE, "/p/m|2", "EAGAIN|" },
	{ "reads and writes A, other removes A", XS_READ, "/p/a|", XS_WRITE,
	    "/p/a|1", XS_RM, "/p/a|", "EAGAIN|" },
	{ "removes A, other creates A/c", XS_RM, "/p/a|", 0, NULL, XS_WRITE,
	    "/p/a/c|1", "OK|" },
	{ "lists p, other adds p/n", XS_DIRECTORY, "/p|", XS_WRITE, "/p/z|1",
	    XS_WRITE, "/p/n|1", "EAGAIN|" },
	{ "writes A, other changes A's permissions", XS_WRITE, "/p/a|1", 0,
	    NULL, XS_SET_PERMS, "/p/a|n0|r7|", "OK|" },
	{ "reads and writes A, other writes the same value", XS_READ, "/p/a|",
	    XS_WRITE, "/p/a|1", XS_WRITE, "/p/a|va", "OK|" },
};

START_TEST(races_end_as_documented)
{
	CHECK("OK|", dom0, XS_WRITE, "/p/a|va");
	CHECK("OK|", dom0, XS_WRITE, "/p/b|vb");
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	ask_tx(dom0, races[_i].t1, 1, races[_i].t1_body);
	if (races[_i].t2 != 0)
		ask_tx(dom0, races[_i].t2, 1, races[_i].t2_body);
	CHECK("OK|", dom0, races[_i].other, races[_i].other_body);
	ck_assert_msg(strcmp(ask_tx(dom0, XS_TRANSACTION_END, 1, "T|"),
			  races[_i].want) == 0, "%s", races[_i].what);
}
END_TEST

/* Who may not read is told a denial, which depends on the nearest node that there is:
 * that there is a nearer one by now, whatever it says, is another fact. */
START_TEST(what_was_denied_is_a_fact)
{
	CHECK("OK|", dom0, XS_WRITE, "/p|");
	CHECK("OK|", dom0, XS_WRITE, "/local/domain/7/data|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/local/domain/7/data|b7|");
	for (int i = 0; i < 3; i++) {
		CHECK("OK|", dom0, XS_WRITE, i == 2 ? "/p/other|" : "/p|1");
		CHECK(i == 0 ? "1|" : i == 1 ? "2|" : "3|", guest,
		    XS_TRANSACTION_START, "|");
		CHECK_TX("EACCES|", guest, XS_READ, i + 1, "/p/m/n|");
		CHECK_TX("OK|", guest, XS_WRITE, i + 1,
		    "/local/domain/7/data/x|1");
		if (i == 0)
			CHECK("OK|", dom0, XS_WRITE, "/p/m/o|");
		else if (i == 1)
			CHECK("OK|", dom0, XS_RM, "/p/m|");
		else
			CHECK("OK|", dom0, XS_WRITE, "/p/other/m|");
		CHECK_TX(i == 2 ? "OK|" : "EAGAIN|", guest,
		    XS_TRANSACTION_END, i + 1, "T|");
	}
}
END_TEST

START_TEST(a_transaction_is_a_snapshot)
{
	uint64_t n;

	CHECK("OK|", dom0, XS_WRITE, "/p/a|1");
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	CHECK("OK|", dom0, XS_WRITE, "/p/a|2");
	CHECK_TX("1", dom0, XS_READ, 1, "/p/a|");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/q/new|x");
	CHECK("ENOENT|", dom0, XS_READ, "/q/new|");
	CHECK_TX("x", dom0, XS_READ, 1, "/q/new|");
	CHECK_TX("OK|", dom0, XS_TRANSACTION_END, 1, "F|");
	CHECK("ENOENT|", dom0, XS_READ, "/q|");
	ck_assert_ptr_null(store_check(&n));
	ck_assert_uint_eq(n, 5);
}
END_TEST

/* One attempt of c at a transaction that other spoils; the end's reply. */
static const char *
spoiled(struct conn *c, struct conn *other, char *answer)
{
	uint32_t tx = (uint32_t)atoi(ask(c, XS_TRANSACTION_START, "|"));
	static unsigned n = 1;
	char body[32];
	size_t len;

	ask_tx(c, XS_READ, tx, "/p/a|");
	ask_tx(c, XS_WRITE, tx, "/p/b|x");
	len = (size_t)snprintf(body, sizeof(body), "/p/a|%u", n++);
	body[4] = '\0';
	put(other, XS_WRITE, 0, body, len);
	if (take(other, answer) == 0)
		answer[0] = '\0';
	return ask_tx(c, XS_TRANSACTION_END, tx, "T|");
}

START_TEST(who_always_loses_gets_a_turn)
{
	struct conn *other = conn_new(&ops, 0, true);
	const struct timespec nap = { .tv_nsec = 25000000 };
	char answer[XSD_PAYLOAD + 1];

	CHECK("OK|", dom0, XS_WRITE, "/p/a|0");
	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(spoiled(dom0, other, answer), "EAGAIN|");
		ck_assert_str_eq(answer, "OK|");
	}
	/* The other's change waits now, and is made afterwards. */
	ck_assert_str_eq(spoiled(dom0, other, answer), "OK|");
	ck_assert_str_eq(answer, "");
	CHECK("3", dom0, XS_READ, "/p/a|");
	share_turn();
	conn_requests(other);
	ck_assert_uint_eq(take(other, answer), XS_WRITE);
	CHECK("4", dom0, XS_READ, "/p/a|");

	/* A guest's turn is none for dom0. */
	CHECK("OK|", dom0, XS_SET_PERMS, "/p|b7|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/p/a|b7|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/p/b|b7|");
	for (int i = 0; i < 5; i++) {
		nanosleep(&nap, NULL);
		ck_assert_str_eq(spoiled(guest, dom0, answer), "EAGAIN|");
		ck_assert_str_eq(answer, "OK|");
	}

	/* A turn has an end, whatever its owner does. */
	for (int i = 0; i < 3; i++) {
		nanosleep(&nap, NULL);
		ck_assert_str_eq(spoiled(dom0, other, answer), "EAGAIN|");
	}
	nanosleep(&nap, NULL);
	ck_assert_int_gt(atoi(ask(dom0, XS_TRANSACTION_START, "|")), 0);
	put(other, XS_WRITE, 0, "/p/a\0z", 6);
	ck_assert_uint_eq(take(other, answer), 0);
	ck_assert_int_gt(fair_timeout(), 0);
	nanosleep(&nap, NULL);
	ck_assert_int_eq(fair_timeout(), 0);
	share_turn();
	conn_requests(other);
	ck_assert_uint_eq(take(other, answer), XS_WRITE);
	conn_kill(other);
}
END_TEST

START_TEST(guests_have_permissions)
{
	CHECK("OK|", dom0, XS_WRITE, "/local/domain/7/data|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/local/domain/7/data|n7|r8|");
	CHECK("EACCES|", guest, XS_READ, "/local/domain/7|");
	CHECK("EACCES|", guest, XS_WRITE, "name|x");
	CHECK("EACCES|", guest, XS_READ, "/nobody/knows|");
	CHECK("OK|", guest, XS_WRITE, "data/mine|x");
	CHECK("n7|r8|", guest, XS_GET_PERMS, "data/mine|");
	CHECK("ENOENT|", guest, XS_READ, "data/none|");
	CHECK("EPERM|", guest, XS_SET_PERMS, "data/mine|n8|");
	CHECK("EACCES|", guest, XS_INTRODUCE, "8|1|1|");
	CHECK("EACCES|", guest, XS_CONTROL, "help|");
	CHECK("EACCES|", guest, XS_RELEASE, "0|");
	ck_assert_int_eq(domain_find(7)->nodes, 2);
	CHECK("OK|", guest, XS_RM, "data/mine|");
	ck_assert_int_eq(domain_find(7)->nodes, 1);
}
END_TEST

START_TEST(quotas_are_exact)
{
	char path[64];
	int i;

	CHECK("OK|", dom0, XS_SET_PERMS, "/tool|n0|");
	CHECK("OK|", dom0, XS_WRITE, "/local/domain/7|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/local/domain/7|n7|");
	CHECK("OK|", dom0, 26, "7|nodes|50|");
	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "n%d|", i);
		if (strcmp(ask(guest, XS_MKDIR, path), "OK|") != 0)
			break;
	}
	/* The home is one of the fifty. */
	ck_assert_int_eq(i, 49);
	CHECK("ENOSPC|", guest, XS_MKDIR, "more|");
	for (i = 0; i < 200; i++) {
		char buf[XSD_PAYLOAD + 1];

		snprintf(path, sizeof(path), "w|t%d|", i);
		if (strcmp(ask(guest, XS_WATCH, path), "OK|") != 0)
			break;
		take(guest, buf);
	}
	ck_assert_int_eq(i, 128);
	for (i = 0; i < 20; i++)
		if (ask(guest, XS_TRANSACTION_START, "|")[0] == 'E')
			break;
	ck_assert_int_eq(i, 10);
}
END_TEST

START_TEST(watches_fire_as_documented)
{
	char body[XSD_PAYLOAD + 1];

	CHECK("OK|", dom0, XS_WATCH, "/a|tok|");
	ck_assert_uint_eq(take(dom0, body), XS_WATCH_EVENT);
	ck_assert_str_eq(body, "/a|tok|");
	CHECK("EEXIST|", dom0, XS_WATCH, "/a|tok|");
	put(dom0, XS_WRITE, 0, "/a/b/c\0v", 8);
	/* The event comes before the reply, and only for the leaf. */
	ck_assert_uint_eq(take(dom0, body), XS_WATCH_EVENT);
	ck_assert_str_eq(body, "/a/b/c|tok|");
	ck_assert_uint_eq(take(dom0, body), XS_WRITE);
	CHECK("OK|", dom0, XS_WATCH, "/a/b/c|leaf|");
	take(dom0, body);
	put(dom0, XS_RM, 0, "/a/b", 5);
	ck_assert_uint_eq(take(dom0, body), XS_WATCH_EVENT);
	ck_assert_str_eq(body, "/a/b/c|leaf|");
	ck_assert_uint_eq(take(dom0, body), XS_WATCH_EVENT);
	ck_assert_str_eq(body, "/a/b|tok|");
	ck_assert_uint_eq(take(dom0, body), XS_RM);
	CHECK("OK|", dom0, XS_UNWATCH, "/a|tok|");
	CHECK("ENOENT|", dom0, XS_UNWATCH, "/a|tok|");
	CHECK("OK|", dom0, XS_MKDIR, "/a/z|");
	ck_assert_uint_eq(take(dom0, body), 0);
	ck_assert_uint_eq(watch_count(), 1);
}
END_TEST

START_TEST(equal_events_merge)
{
	char body[XSD_PAYLOAD + 1];

	CHECK("OK|", guest, XS_WATCH, "/a|g|");
	take(guest, body);
	CHECK("OK|", dom0, XS_WRITE, "/a|1");
	ck_assert_uint_eq(take(guest, body), 0); /* unreadable */
	CHECK("OK|", dom0, XS_SET_PERMS, "/a|n0|r7|");
	ck_assert_uint_eq(take(guest, body), XS_WATCH_EVENT);
	for (int i = 0; i < 3; i++)
		CHECK("OK|", dom0, XS_WRITE, "/a|1");
	ck_assert_uint_eq(take(guest, body), XS_WATCH_EVENT);
	ck_assert_uint_eq(take(guest, body), 0);
	/* Loss of access is itself reported, nothing after it. */
	CHECK("OK|", dom0, XS_SET_PERMS, "/a|n0|");
	ck_assert_uint_eq(take(guest, body), XS_WATCH_EVENT);
	CHECK("OK|", dom0, XS_WRITE, "/a|2");
	ck_assert_uint_eq(take(guest, body), 0);
}
END_TEST

START_TEST(a_commit_fires_once_a_node)
{
	char body[XSD_PAYLOAD + 1];

	CHECK("OK|", dom0, XS_SET_PERMS, "/|r0|");
	CHECK("OK|", guest, XS_WATCH, "/|g|");
	take(guest, body);
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/x|1");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/y|1");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/x|2");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/gone|1");
	CHECK_TX("OK|", dom0, XS_RM, 1, "/gone|");
	ck_assert_uint_eq(take(guest, body), 0);
	CHECK_TX("OK|", dom0, XS_TRANSACTION_END, 1, "T|");
	take(guest, body);
	ck_assert_str_eq(body, "/x|g|");
	take(guest, body);
	ck_assert_str_eq(body, "/y|g|");
	ck_assert_uint_eq(take(guest, body), 0);
}
END_TEST

/* What was below it went, even if the node is there again at the end. */
START_TEST(a_node_taken_away_for_a_while)
{
	char body[XSD_PAYLOAD + 1];

	CHECK("OK|", dom0, XS_WRITE, "/x/c/b|1");
	CHECK("OK|", dom0, XS_SET_PERMS, "/x/c|r0|");
	CHECK("OK|", guest, XS_WATCH, "/x/c/b|g|");
	take(guest, body);
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	CHECK_TX("OK|", dom0, XS_RM, 1, "/x|");
	CHECK_TX("OK|", dom0, XS_WRITE, 1, "/x|1");
	CHECK_TX("OK|", dom0, XS_TRANSACTION_END, 1, "T|");
	take(guest, body);
	ck_assert_str_eq(body, "/x/c/b|g|");
	ck_assert_uint_eq(take(guest, body), 0);
}
END_TEST

START_TEST(what_another_made_meanwhile_is_no_change)
{
	char body[XSD_PAYLOAD + 1];

	CHECK("OK|", dom0, XS_SET_PERMS, "/|r0|");
	CHECK("1|", dom0, XS_TRANSACTION_START, "|");
	CHECK_TX("OK|", dom0, XS_MKDIR, 1, "/x|");
	CHECK("OK|", dom0, XS_MKDIR, "/x|");
	CHECK("OK|", guest, XS_WATCH, "/|g|");
	take(guest, body);
	CHECK_TX("OK|", dom0, XS_TRANSACTION_END, 1, "T|");
	ck_assert_uint_eq(take(guest, body), 0);
}
END_TEST

START_TEST(big_directories_come_in_parts)
{
	char path[64], all[65536], body[XSD_PAYLOAD + 1];
	size_t len = 0, parts = 0;
	uint64_t n;

	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/big/child-number-%d|", i);
		CHECK("OK|", dom0, XS_MKDIR, path);
	}
	CHECK("E2BIG|", dom0, XS_DIRECTORY, "/big|");
	for (;;) {
		const char *reply;
		char *names;

		snprintf(path, sizeof(path), "/big|%zu|", len);
		reply = ask(dom0, 22, path);
		strcpy(body, reply);
		names = strchr(body, '|') + 1;
		strcpy(all + len, names);
		len += strlen(names);
		parts++;
		if (strcmp(names, "|") == 0 ||
		    (strlen(names) > 1 &&
			strcmp(names + strlen(names) - 2, "||") == 0))
			break;
	}
	ck_assert_uint_gt(parts, 4);
	n = 0;
	for (size_t i = 0; i < len; i++)
		n += all[i] == '|';
	ck_assert_uint_eq(n, 1001);
	/* Remove every other one: the index and the books stay right. */
	for (int i = 0; i < 1000; i += 2) {
		snprintf(path, sizeof(path), "/big/child-number-%d|", i);
		CHECK("OK|", dom0, XS_RM, path);
	}
	CHECK("", dom0, XS_READ, "/big/child-number-999|");
	CHECK("ENOENT|", dom0, XS_READ, "/big/child-number-998|");
	ck_assert_ptr_null(store_check(&n));
	ck_assert_uint_eq(n, 504);
}
END_TEST

START_TEST(the_dead_leave_nothing)
{
	uint64_t n;

	CHECK("OK|", dom0, XS_WRITE, "/local/domain/7/data|");
	CHECK("OK|", dom0, XS_SET_PERMS, "/local/domain/7|n7|");
	CHECK("OK|", dom0, XS_WRITE, "/shared|1");
	CHECK("OK|", dom0, XS_SET_PERMS, "/shared|n0|r7|r8|");
	guest->domain = NULL;
	store_forget_domain(domain_get(7), true);
	CHECK("ENOENT|", dom0, XS_READ, "/local/domain/7|");
	CHECK("n0|r8|", dom0, XS_GET_PERMS, "/shared|");
	ck_assert_int_eq(domain_find(7)->nodes, 0);
	ck_assert_ptr_null(store_check(&n));
}
END_TEST

START_TEST(oversized_requests_end_the_connection)
{
	struct xsd_sockmsg h = { XS_READ, 1, 0, XSD_PAYLOAD + 1 };

	xu_buf_add(&guest->in, &h, sizeof(h));
	guest->domain = NULL;
	share_turn();
	conn_requests(guest);
	ck_assert(guest->dead);
	while (conn_free_dead())
		;
}
END_TEST

/* Guests earn their time while the control domain asks for something; a debt ends
 * all the same, and at once when there is nobody to keep waiting. */
START_TEST(guests_pay_for_their_time)
{
	struct xsd_sockmsg h = { XS_READ, 5, 0, 2 };
	int tries = 0;

	put(dom0, XS_READ, 0, "/", 2);
	share_turn();
	ck_assert(!share_used_up(guest));
	share_end(share_begin() - 1000000000);
	ck_assert(share_used_up(guest));
	ck_assert(!share_used_up(dom0));
	ck_assert_int_gt(share_wait_ns(), 0);
	ck_assert_int_le(share_wait_ns(), 10000001);
	xu_buf_add(&guest->in, &h, sizeof(h));
	xu_buf_add(&guest->in, "/", 2);
	ck_assert(conn_requests(guest));
	ck_assert_uint_eq(guest->out.len, 0);
	/* The tool goes on and on. */
	for (; share_used_up(guest) && tries < 100000000; tries++)
		put(dom0, XS_READ, 0, "/", 2);
	ck_assert(!share_used_up(guest));
	(void)conn_requests(guest);
	ck_assert_uint_gt(guest->out.len, 0);
	share_turn();
	share_end(share_begin() - 1000000000);
	usleep(11000);
	share_turn();
	ck_assert(!share_used_up(guest));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xenstored");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nodes);
	tcase_add_test(t, nonsense);
	tcase_add_test(t, transaction_end_needs_one);
	tcase_add_loop_test(t, races_end_as_documented, 0,
	    (int)XU_ARRAY_SIZE(races));
	tcase_add_test(t, what_was_denied_is_a_fact);
	tcase_add_test(t, a_transaction_is_a_snapshot);
	tcase_add_test(t, who_always_loses_gets_a_turn);
	tcase_add_test(t, guests_have_permissions);
	tcase_add_test(t, quotas_are_exact);
	tcase_add_test(t, watches_fire_as_documented);
	tcase_add_test(t, equal_events_merge);
	tcase_add_test(t, a_commit_fires_once_a_node);
	tcase_add_test(t, a_node_taken_away_for_a_while);
	tcase_add_test(t, what_another_made_meanwhile_is_no_change);
	tcase_add_test(t, big_directories_come_in_parts);
	tcase_add_test(t, the_dead_leave_nothing);
	tcase_add_test(t, guests_pay_for_their_time);
	tcase_add_test(t, oversized_requests_end_the_connection);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
