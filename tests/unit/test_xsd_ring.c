/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rings of domains against the real daemon, over the test transport: life and
 * death, hostile pages, everything at random.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "xsd_fixture.h"

static void
served(struct thv_client *g)
{
	ck_assert_str_eq(thv_ask(g, XS_WRITE, "served|yes"), "OK");
	ck_assert_str_eq(thv_ask(g, XS_READ, "served|"), "yes");
}

/* --- speaking ------------------------------------------------------------------- */

START_TEST(a_guest_talks)
{
	struct thv_client *g = fx_guest(1);

	ASK(g, XS_WRITE, "a|hello", "OK");
	ASK(g, XS_READ, "a|", "hello");
	ASK(dom0, XS_READ, "/local/domain/1/a|", "hello");
	ASK(dom0, XS_GET_PERMS, "/local/domain/1/a|", "n1");
	ASK(g, XS_GET_DOMAIN_PATH, "1|", "/local/domain/1");
	thv_client_free(g);
}
END_TEST

START_TEST(a_guest_is_not_the_control_domain)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(o, XS_WRITE, "private|1", "OK");
	ASK(o, XS_WRITE, "shared|1", "OK");
	ASK(o, XS_SET_PERMS, "shared|n2|r1|", "OK");
	ASK(g, XS_READ, "/local/domain/2/private|", "EACCES");
	ASK(g, XS_READ, "/local/domain/2/nothing|", "EACCES");
	ASK(g, XS_READ, "/local/domain/2/shared|", "1");
	ASK(g, XS_WRITE, "/local/domain/2/shared|2", "EACCES");
	ASK(g, XS_RM, "/local/domain/2/shared|", "EACCES");
	ASK(g, XS_SET_PERMS, "/local/domain/2/shared|b1|", "EACCES");
	ASK(o, XS_SET_PERMS, "shared|n1|", "EPERM");
	ASK(g, XS_WRITE, "/x|", "EACCES");
	ASK(g, XS_INTRODUCE, "3|1|1|", "EACCES");
	ASK(g, XS_RELEASE, "2|", "EACCES");
	ASK(g, XS_RESUME, "2|", "EACCES");
	ASK(g, XS_IS_DOMAIN_INTRODUCED, "2|", "EACCES");
	ASK(g, XS_SET_TARGET, "1|2|", "EACCES");
	ASK(g, XS_CONTROL, "help|", "EACCES");
	ASK(g, GET_FEATURE, "2|", "EACCES");
	ASK(g, SET_FEATURE, "1|1|", "EACCES");
	ASK(g, GET_QUOTA, "nodes|", "EACCES");
	ASK(g, SET_QUOTA, "nodes|5|", "EACCES");
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

START_TEST(indexes_may_start_anywhere)
{
	struct thv_client *g;

	thv_create(h, 1);
	thv_set_field(h, 1, OFF(req_cons), UINT32_MAX - 7);
	thv_set_field(h, 1, OFF(req_prod), UINT32_MAX - 7);
	thv_set_field(h, 1, OFF(rsp_cons), UINT32_MAX - 2);
	thv_set_field(h, 1, OFF(rsp_prod), UINT32_MAX - 2);
	ASK(dom0, XS_MKDIR, "/local/domain/1|", "OK");
	ASK(dom0, XS_SET_PERMS, "/local/domain/1|n1|", "OK");
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	g = thv_client(h, 1);
	for (int i = 0; i < 100; i++)
		served(g);
	thv_client_free(g);
}
END_TEST

/* 1024 bytes at once is a full ring, not an empty one (XSA-38's first fix). */
START_TEST(a_full_ring_is_legal)
{
	struct thv_client *g = fx_guest(1);
	struct thv_msg m;
	char all[1024];
	size_t len = 0;

	for (uint32_t i = 1; len < sizeof(all); i++) {
		struct xsd_sockmsg hdr = { XS_READ, i, 0, 16 };

		memcpy(all + len, &hdr, sizeof(hdr));
		memset(all + len + sizeof(hdr), 'x', 15);
		all[len + sizeof(hdr) + 15] = '\0';
		len += sizeof(hdr) + 16;
	}
	ck_assert(thv_send_raw(g, all, sizeof(all), 1000));
	for (uint32_t i = 1; i <= 32; i++) {
		ck_assert(thv_recv(g, &m, 5000));
		ck_assert_uint_eq(m.hdr.req_id, i);
		ck_assert_uint_eq(m.hdr.type, XS_ERROR);
	}
	served(g);
	thv_client_free(g);
}
END_TEST

START_TEST(messages_come_in_pieces)
{
	struct thv_client *g = fx_guest(1);
	struct {
		struct xsd_sockmsg hdr;
		char text[4];
	} req = { { XS_WRITE, 9, 0, 3 }, "a\0b" };
	struct thv_msg m;
	char big[4000];

	for (size_t i = 0; i < 19; i++) {
		ck_assert(thv_send_raw(g, (char *)&req + i, 1, 1000));
		if (i < 18)
			ck_assert(!thv_recv(g, &m, 2));
	}
	ck_assert(thv_recv(g, &m, 5000));
	ck_assert_uint_eq(m.hdr.req_id, 9);
	ASK(g, XS_READ, "a|", "b");
	/* Larger than the ring, there and back. */
	memset(big, 'v', sizeof(big));
	memcpy(big, "a|", 2);
	big[1500] = '\0';
	ASK(g, XS_WRITE, big, "OK");
	ASK(g, XS_READ, "a|", big + 2);
	thv_client_free(g);
}
END_TEST

START_TEST(what_the_ring_can_do)
{
	struct thv_client *g;

	thv_create(h, 1);
	ASK(dom0, SET_FEATURE, "1|9|", "OK");
	ASK(dom0, SET_FEATURE, "1|4096|", "EINVAL");
	ASK(dom0, SET_FEATURE, "77|1|", "ENOENT");
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	ck_assert_uint_eq(thv_field(h, 1, THV_FEATURES), 9);
	ASK(dom0, GET_FEATURE, "1|", "9");
	ASK(dom0, SET_FEATURE, "1|1|", "EBUSY");
	g = fx_guest(2);
	ck_assert_uint_eq(thv_field(h, 2, THV_FEATURES), 15);
	ASK(g, GET_FEATURE, "", "15");
	thv_client_free(g);
}
END_TEST

/* --- lies --------------------------------------------------------------------------- */

START_TEST(indexes_that_lie)
{
	static const struct {
		uint32_t cons, prod;
	} req[] = { { 0, 1025 }, { 1, 0 }, { 5, 0x80000000u },
		{ 0, UINT32_MAX } };

	for (unsigned i = 0; i < 4; i++) {
		struct thv_client *g = fx_guest(i + 1), *o = fx_guest(i + 10);

		served(g);
		thv_set_field(h, i + 1, OFF(req_cons), req[i].cons);
		thv_set_field(h, i + 1, OFF(req_prod), req[i].prod);
		thv_kick(h, i + 1);
		fx_cut_off(g, i + 1, 2);
		served(o);
		/* Its record lives, and its death is told (XSA-325). */
		fx_watch(dom0, "@releaseDomain|gone");
		thv_destroy(h, i + 1);
		ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|gone");
		ASK(dom0, XS_UNWATCH, "@releaseDomain|gone|", "OK");
		thv_client_free(g);
		thv_client_free(o);
	}
}
END_TEST

START_TEST(answers_cannot_be_forced_out_of_the_ring)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	served(g);
	thv_set_field(h, 1, OFF(rsp_cons), thv_field(h, 1, OFF(rsp_prod)) + 1);
	ck_assert(thv_send(g, XS_READ, 0, "served|"));
	fx_cut_off(g, 1, 2);
	served(o);
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

START_TEST(a_length_that_lies)
{
	static const uint32_t len[] = { 4097, 65536, 0x80000000u, UINT32_MAX };

	for (unsigned i = 0; i < 4; i++) {
		struct thv_client *g = fx_guest(i + 1);
		struct xsd_sockmsg hdr = { XS_WRITE, 1, 0, len[i] };

		ck_assert(thv_send_raw(g, &hdr, sizeof(hdr), 1000));
		fx_cut_off(g, i + 1, 3);
		thv_client_free(g);
	}
}
END_TEST

/* Its ring given up, a guest rings in vain, and costs nobody a thing. */
START_TEST(who_was_cut_off_is_not_heard)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	served(g);
	thv_set_field(h, 1, OFF(req_prod),
	    thv_field(h, 1, OFF(req_cons)) + 1025);
	thv_kick(h, 1);
	fx_cut_off(g, 1, 2);
	thv_kick(h, 1);
	for (int i = 0; i < 20; i++)
		served(o);
	ck_assert(thv_masked(h, 1));
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	ck_assert(!thv_masked(h, 1));
	thv_client_again(g);
	served(g);
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

/* What a fault costs is what the connection held; a new introduction heals. */
START_TEST(a_ring_can_be_introduced_again)
{
	struct thv_client *g = fx_guest(1);
	struct xsd_sockmsg hdr = { XS_WRITE, 1, 0, 5000 };

	fx_watch(g, "w|t");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	ck_assert(thv_send_raw(g, &hdr, sizeof(hdr), 1000));
	fx_cut_off(g, 1, 3);
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	ck_assert_uint_eq(thv_field(h, 1, THV_ERROR), 0);
	thv_client_again(g);
	served(g);
	ASK(g, XS_UNWATCH, "w|t|", "ENOENT");
	ck_assert_str_eq(thv_ask_tx(g, XS_READ, 1, "served|"), "ENOENT");
	thv_client_free(g);
}
END_TEST

START_TEST(introductions_that_are_refused)
{
	struct thv_client *g = fx_guest(1);

	ASK(dom0, XS_INTRODUCE, "0|1|1|", "EINVAL");
	ASK(dom0, XS_INTRODUCE, "77|1|1|", "ENOENT");
	ASK(dom0, XS_INTRODUCE, "32752|1|1|", "EINVAL");
	ASK(dom0, XS_INTRODUCE, "1|1|0|", "EINVAL");
	ASK(dom0, XS_INTRODUCE, "1|1|", "EINVAL");
	ASK(dom0, XS_RELEASE, "77|", "ENOENT");
	ASK(dom0, XS_RELEASE, "0|", "EINVAL");
	ASK(dom0, XS_RESUME, "77|", "ENOENT");
	ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "1|", "T");
	ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "77|", "F");
	served(g);
	thv_client_free(g);
}
END_TEST

/* --- starting afresh ------------------------------------------------------------------ */

START_TEST(a_guest_reconnects)
{
	struct thv_client *g = fx_guest(1);
	struct xsd_sockmsg half = { XS_WRITE, 1, 0, 100 };

	fx_watch(g, "w|t");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	ck_assert(thv_send_raw(g, &half, sizeof(half), 1000));
	/* Answers that nobody took. */
	ck_assert(thv_send_raw(g, "0123456789", 10, 1000));
	thv_set_field(h, 1, THV_CONNECTION, 1);
	thv_kick(h, 1);
	for (int i = 0; i < 500 && thv_field(h, 1, THV_CONNECTION) != 0; i++)
		thv_wait(h, 10);
	ck_assert_uint_eq(thv_field(h, 1, THV_CONNECTION), 0);
	ck_assert_uint_eq(thv_field(h, 1, OFF(req_cons)),
	    thv_field(h, 1, OFF(req_prod)));
	ck_assert_uint_eq(thv_field(h, 1, OFF(rsp_cons)),
	    thv_field(h, 1, OFF(rsp_prod)));
	thv_client_again(g);
	served(g);
	ASK(g, XS_UNWATCH, "w|t|", "ENOENT");
	ck_assert_str_eq(thv_ask_tx(g, XS_READ, 1, "served|"), "ENOENT");
	thv_client_free(g);
}
END_TEST

START_TEST(a_guest_that_was_asked_to_reconnect_before_it_came)
{
	struct thv_client *g;

	thv_create(h, 1);
	thv_set_field(h, 1, THV_CONNECTION, 1);
	ASK(dom0, XS_MKDIR, "/local/domain/1|", "OK");
	ASK(dom0, XS_SET_PERMS, "/local/domain/1|n1|", "OK");
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	ck_assert_uint_eq(thv_field(h, 1, THV_CONNECTION), 0);
	g = thv_client(h, 1);
	served(g);
	thv_client_free(g);
}
END_TEST

/* --- death -------------------------------------------------------------------------------- */

START_TEST(the_dead_leave_nothing)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(g, XS_WRITE, "a/b/c|1", "OK");
	ASK(dom0, XS_WRITE, "/elsewhere/x|1", "OK");
	ASK(dom0, XS_SET_PERMS, "/elsewhere/x|n1|", "OK");
	ASK(o, XS_WRITE, "list|1", "OK");
	ASK(o, XS_SET_PERMS, "list|n2|r1|", "OK");
	fx_watch(dom0, "@releaseDomain|r");
	fx_watch(dom0, "/elsewhere|e");
	thv_destroy(h, 1);
	ck_assert_str_eq(thv_event(dom0, 5000), "/elsewhere/x|e");
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
	ASK(dom0, XS_READ, "/local/domain/1|", "ENOENT");
	ASK(dom0, XS_READ, "/elsewhere/x|", "ENOENT");
	ASK(dom0, XS_GET_PERMS, "/local/domain/2/list|", "n2");
	ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "1|", "F");
	ASK(dom0, XS_RELEASE, "1|", "ENOENT");
	served(o);
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

START_TEST(a_shutdown_is_told_once)
{
	struct thv_client *g = fx_guest(1);

	fx_watch(dom0, "@releaseDomain|r");
	thv_shutdown(h, 1);
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
	thv_shutdown(h, 1);
	ASK(dom0, XS_READ, "/|", "");
	ck_assert_str_eq(thv_event(dom0, 50), "");
	ASK(dom0, XS_RESUME, "1|", "OK");
	thv_shutdown(h, 1);
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
	/* Still served until it is dead. */
	served(g);
	thv_dying(h, 1);
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
	thv_destroy(h, 1);
	ASK(dom0, XS_READ, "/|", "");
	ck_assert_str_eq(thv_event(dom0, 50), "");
	thv_client_free(g);
}
END_TEST

/* At each point of what a connection can be in the middle of. */
START_TEST(death_in_the_middle_of_anything)
{
	for (int when = 0; when < 7; when++) {
		struct thv_client *g = fx_guest(1), *o = fx_guest(2);
		struct xsd_sockmsg half = { XS_WRITE, 1, 0, 100 };

		fx_watch(o, "/local/domain|o");
		if (when >= 1)
			fx_watch(g, "/local/domain|g");
		if (when >= 2)
			ASK(g, XS_TRANSACTION_START, "|", "1");
		if (when >= 3)
			ck_assert_str_eq(
			    thv_ask_tx(g, XS_WRITE, 1, "in/txn|1"), "OK");
		if (when == 4) /* answers wait */
			for (int i = 0; i < 15; i++)
				ck_assert(thv_send(g, XS_READ, 0, "x|"));
		if (when == 5)
			ck_assert(
			    thv_send_raw(g, &half, sizeof(half), 1000));
		if (when == 6) /* the daemon has not looked at it yet */
			thv_page(h, 1)->req_prod += 20;
		if (when % 2 == 0)
			thv_destroy(h, 1);
		else
			ASK(dom0, XS_RELEASE, "1|", "OK");
		thv_kick(h, 1);
		served(o);
		ASK(dom0, XS_IS_DOMAIN_INTRODUCED, "1|", "F");
		ASK(dom0, XS_RELEASE, "2|", "OK");
		thv_client_free(g);
		thv_client_free(o);
	}
}
END_TEST

/* --- a domid twice ------------------------------------------------------------------------- */

START_TEST(the_next_domain_inherits_nothing)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(o, XS_WRITE, "for1|1", "OK");
	ASK(o, XS_SET_PERMS, "for1|n2|b1|", "OK");
	ASK(g, XS_READ, "/local/domain/2/for1|", "1");
	ASK(g, XS_WRITE, "mine|1", "OK");
	fx_watch(g, "/local|w");
	ASK(dom0, SET_QUOTA, "1|nodes|5|", "OK");
	fx_dies(1);
	thv_client_free(g);
	g = fx_guest(1);
	ASK(g, XS_READ, "/local/domain/2/for1|", "EACCES");
	ASK(g, XS_READ, "mine|", "ENOENT");
	ASK(g, XS_UNWATCH, "/local|w|", "ENOENT");
	ASK(dom0, GET_QUOTA, "1|nodes|", "1000");
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

/* Dead and born again before the daemon heard of either. */
START_TEST(a_death_that_was_missed)
{
	struct thv_client *g = fx_guest(1), *o = fx_guest(2);

	ASK(g, XS_WRITE, "mine|1", "OK");
	ASK(o, XS_WRITE, "for1|1", "OK");
	ASK(o, XS_SET_PERMS, "for1|n2|b1|", "OK");
	fx_watch(dom0, "@releaseDomain|r");
	thv_quiet(h, true);
	thv_destroy(h, 1);
	thv_client_free(g);
	thv_create(h, 1);
	ASK(dom0, XS_INTRODUCE, "1|1|1|", "OK");
	thv_quiet(h, false);
	ck_assert_str_eq(thv_event(dom0, 5000), "@releaseDomain|r");
	ASK(dom0, XS_READ, "/local/domain/1|", "ENOENT");
	ASK(dom0, XS_MKDIR, "/local/domain/1|", "OK");
	ASK(dom0, XS_SET_PERMS, "/local/domain/1|n1|", "OK");
	g = thv_client(h, 1);
	ASK(g, XS_READ, "/local/domain/2/for1|", "EACCES");
	served(g);
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

START_TEST(a_right_given_before_the_introduction)
{
	struct thv_client *g, *o = fx_guest(2);

	ASK(o, XS_WRITE, "x|1", "OK");
	/* Nobody has this id: the entry never counts. */
	ASK(o, XS_SET_PERMS, "x|n2|r1|", "OK");
	g = fx_guest(1);
	ASK(g, XS_READ, "/local/domain/2/x|", "EACCES");
	/* It exists, the store does not know it yet: it counts. */
	thv_create(h, 3);
	ASK(o, XS_SET_PERMS, "x|n2|r3|", "OK");
	ASK(dom0, XS_INTRODUCE, "3|1|1|", "OK");
	thv_client_free(g);
	g = thv_client(h, 3);
	ASK(g, XS_READ, "/local/domain/2/x|", "1");
	/* It never came: another of its id has nothing of it. */
	thv_create(h, 4);
	ASK(o, XS_SET_PERMS, "x|n2|r4|", "OK");
	thv_destroy(h, 4);
	thv_client_free(g);
	g = fx_guest(4);
	ASK(g, XS_READ, "/local/domain/2/x|", "EACCES");
	/* An owner must be somebody. */
	ASK(dom0, XS_SET_PERMS, "/local/domain/2/x|n77|", "ENOENT");
	thv_client_free(g);
	thv_client_free(o);
}
END_TEST

START_TEST(a_stub_domain_has_its_targets_rights)
{
	struct thv_client *g = fx_guest(1), *stub = fx_guest(2);

	ASK(g, XS_WRITE, "x|1", "OK");
	ASK(stub, XS_READ, "/local/domain/1/x|", "EACCES");
	ASK(dom0, XS_SET_TARGET, "2|77|", "ENOENT");
	ASK(dom0, XS_SET_TARGET, "2|1|", "OK");
	ASK(stub, XS_READ, "/local/domain/1/x|", "1");
	ASK(stub, XS_WRITE, "/local/domain/1/y|1", "OK");
	ASK(dom0, XS_GET_PERMS, "/local/domain/1/y|", "n2");
	ASK(g, XS_READ, "/local/domain/2|", "EACCES");
	fx_dies(1);
	thv_client_free(g);
	g = fx_guest(1);

	ASK(g, XS_WRITE, "x|2", "OK");
	ASK(stub, XS_READ, "/local/domain/1/x|", "EACCES");
	served(stub);
	thv_client_free(g);
	thv_client_free(stub);
}
END_TEST

/* --- many ------------------------------------------------------------------------------------ */

START_TEST(many_guests)
{
	enum { N = 300 };
	struct thv_client *g[N];
	struct thv_msg m;

	for (unsigned i = 0; i < N; i++)
		g[i] = fx_guest(i + 100);
	for (int turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < N; i++)
			ck_assert(thv_send(g[i], XS_WRITE, 0, "n|1"));
		for (unsigned i = 0; i < N; i++) {
			ck_assert(thv_recv(g[i], &m, 5000));
			ck_assert_uint_eq(m.hdr.type, XS_WRITE);
			served(g[i]);
		}
	}
	for (unsigned i = 0; i < N; i++) {
		thv_destroy(h, i + 100);
		thv_client_free(g[i]);
	}
	ASK(dom0, XS_DIRECTORY, "/local/domain|", "99|");
}
END_TEST

/* Everything at random; the daemon stays, and so do its books. */
static void
random_step(struct thv_client **g, unsigned n)
{
	unsigned i = (unsigned)rand() % n, domid = i + 1;
	char junk[64];

	if (g[i] == NULL) {
		g[i] = fx_guest(domid);
		thv_patience(g[i], 0);
		return;
	}
	switch (rand() % 12) {
	case 0:
		thv_destroy(h, domid);
		thv_client_free(g[i]);
		g[i] = NULL;
		/* A toolstack waits until the store knows. */
		while (strcmp(thv_askf(dom0, XS_IS_DOMAIN_INTRODUCED, "%u|",
				  domid), "F") != 0)
			thv_wait(h, 1);
		return;
	case 1:
		(void)thv_askf(dom0, XS_INTRODUCE, "%u|1|1|", domid);
		return;
	case 2:
		thv_set_field(h, domid, OFF(req_prod), (uint32_t)rand());
		break;
	case 3:
		thv_set_field(h, domid, THV_CONNECTION, 1);
		break;
	case 4:
		(void)thv_send(g[i], XS_WATCH, 0, "/local/domain|t|");
		break;
	case 5:
		(void)thv_send(g[i], XS_TRANSACTION_START, 0, "|");
		break;
	case 6:
		for (size_t k = 0; k < sizeof(junk); k++)
			junk[k] = (char)rand();
		(void)thv_send_raw(g[i], junk, (size_t)rand() % 64, 0);
		break;
	case 7:
		(void)thv_askf(dom0, XS_SET_TARGET, "%u|%u|", domid,
		    (unsigned)rand() % n + 1);
		return;
	case 8:
		(void)thv_askf(dom0, XS_RELEASE, "%u|", domid);
		return;
	case 9:
		thv_set_field(h, domid, OFF(rsp_cons),
		    thv_field(h, domid, OFF(rsp_prod)));
		break;
	default:
		(void)thv_send(g[i], XS_WRITE, (uint32_t)rand() % 3, "r|v");
	}
	thv_kick(h, domid);
}

START_TEST(at_random)
{
	struct thv_client *g[6] = { NULL };
	const char *turns = getenv("XSD_RING_STEPS");
	long n = turns == NULL ? 3000 : atol(turns);

	srand(4711);
	for (long i = 0; i < n; i++) {
		random_step(g, 6);
		if (i % 100 == 0)
			ASK(dom0, XS_READ, "/|", "");
	}
	for (int i = 0; i < 6; i++)
		if (g[i] != NULL)
			thv_client_free(g[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xenstored rings");
	TCase *t = tcase_create("rings");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_guest_talks);
	tcase_add_test(t, a_guest_is_not_the_control_domain);
	tcase_add_test(t, indexes_may_start_anywhere);
	tcase_add_test(t, a_full_ring_is_legal);
	tcase_add_test(t, messages_come_in_pieces);
	tcase_add_test(t, what_the_ring_can_do);
	tcase_add_test(t, indexes_that_lie);
	tcase_add_test(t, answers_cannot_be_forced_out_of_the_ring);
	tcase_add_test(t, a_length_that_lies);
	tcase_add_test(t, who_was_cut_off_is_not_heard);
	tcase_add_test(t, a_ring_can_be_introduced_again);
	tcase_add_test(t, introductions_that_are_refused);
	tcase_add_test(t, a_guest_reconnects);
	tcase_add_test(t, a_guest_that_was_asked_to_reconnect_before_it_came);
	tcase_add_test(t, the_dead_leave_nothing);
	tcase_add_test(t, a_shutdown_is_told_once);
	tcase_add_test(t, death_in_the_middle_of_anything);
	tcase_add_test(t, the_next_domain_inherits_nothing);
	tcase_add_test(t, a_death_that_was_missed);
	tcase_add_test(t, a_right_given_before_the_introduction);
	tcase_add_test(t, a_stub_domain_has_its_targets_rights);
	tcase_add_test(t, many_guests);
	tcase_add_test(t, at_random);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
