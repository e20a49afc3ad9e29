/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Quota of domains, each at its boundary: N are allowed, one more is refused, what
 * was given back counts. Over rings of the test transport, against the daemon.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsd_fixture.h"

/* R-18 (XSA-272): N are allowed, one more is refused; what was freed counts. */
START_TEST(quota_nodes)
{
	struct thv_client *g = fx_guest(1);

	ASK(dom0, SET_QUOTA, "1|nodes|20|", "OK");
	for (int i = 1; i < 20; i++) /* its home is one */
		ck_assert_str_eq(thv_askf(g, XS_WRITE, "n%d|", i), "OK");
	ASK(g, XS_WRITE, "n20|", "ENOSPC");
	ASK(g, XS_MKDIR, "n1/x|", "ENOSPC");
	ASK(g, XS_READ, "n20|", "ENOENT");
	ASK(g, XS_RM, "n1|", "OK");
	ASK(g, XS_WRITE, "a/b|", "ENOSPC");
	ASK(g, XS_WRITE, "n20|", "OK");
	ck_assert_int_eq(fx_used(1, "nodes", 1), 20);
	ASK(dom0, SET_QUOTA, "1|nodes|0|", "OK");
	for (int i = 21; i < 50; i++)
		ck_assert_str_eq(thv_askf(g, XS_WRITE, "n%d|", i), "OK");
	thv_client_free(g);
}
END_TEST

START_TEST(quota_nodes_in_transactions)
{
	struct thv_client *g = fx_guest(1);

	ASK(dom0, SET_QUOTA, "1|nodes|5|", "OK");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	for (int i = 1; i < 5; i++) {
		char text[8];

		snprintf(text, sizeof(text), "n%d|", i);
		ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, text), "OK");
	}
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "n5|"), "ENOSPC");
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 1, "T|"), "OK");
	ASK(g, XS_WRITE, "n5|", "ENOSPC");
	ck_assert_int_eq(fx_used(1, "nodes", 1), 5);
	thv_client_free(g);
}
END_TEST

START_TEST(quota_watches)
{
	struct thv_client *g = fx_guest(1);

	for (int i = 0; i < 128; i++) {
		ck_assert_str_eq(thv_askf(g, XS_WATCH, "w|%d|", i), "OK");
		ck_assert_str_ne(thv_event(g, 5000), "");
	}
	ASK(g, XS_WATCH, "w|more|", "ENOSPC");
	ck_assert_int_eq(fx_used(1, "watches", 1), 128);
	ASK(g, XS_UNWATCH, "w|7|", "OK");
	fx_watch(g, "w|more");
	ASK(g, XS_RESET_WATCHES, "|", "OK");
	ck_assert_int_eq(fx_used(1, "watches", 1), 0);
	ck_assert_int_eq(fx_used(1, "watches", 2), 128);
	thv_client_free(g);
}
END_TEST

START_TEST(quota_transactions)
{
	struct thv_client *g = fx_guest(1);

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(atoi(thv_ask(g, XS_TRANSACTION_START, "|")),
		    i + 1);
	ASK(g, XS_TRANSACTION_START, "|", "ENOSPC");
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 3, "F|"), "OK");
	ASK(g, XS_TRANSACTION_START, "|", "11");
	ASK(g, XS_RESET_WATCHES, "|", "OK");
	ck_assert_int_eq(fx_used(1, "transactions", 1), 0);
	thv_client_free(g);
}
END_TEST

/* At 80 % whoever watches is told, once, and not before. */
START_TEST(quota_warning)
{
	struct thv_client *g = fx_guest(1), *other = fx_guest(2);

	ASK(dom0, SET_QUOTA, "1|nodes|10|", "OK");
	fx_watch(dom0, "@quotaWarning|any");
	fx_watch(dom0, "@quotaWarning/1|one");
	fx_watch(dom0, "@quotaWarning/2|two");
	/* Not for guests to know. */
	fx_watch(other, "@quotaWarning|mine");
	for (int i = 1; i < 7; i++) /* its home is one */
		ck_assert_str_eq(thv_askf(g, XS_WRITE, "n%d|", i), "OK");
	ck_assert_str_eq(thv_event(dom0, 300), "");
	ASK(g, XS_WRITE, "n7|", "OK");
	ck_assert_str_eq(thv_event(dom0, 5000), "@quotaWarning|any");
	ck_assert_str_eq(thv_event(dom0, 5000), "@quotaWarning/1|one");
	ASK(g, XS_WRITE, "n8|", "OK");
	ck_assert_str_eq(thv_event(dom0, 300), "");
	ck_assert_str_eq(thv_event(other, 100), "");
	thv_client_free(g);
	thv_client_free(other);
}
END_TEST

/* R-23; a transaction that had to refuse a change is not kept. */
START_TEST(quota_nodes_of_a_transaction)
{
	struct thv_client *g = fx_guest(1);

	ASK(dom0, SET_QUOTA, "1|transaction-nodes|4|", "OK");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	for (int i = 0; i < 4; i++) {
		char text[8];

		snprintf(text, sizeof(text), "n%d|", i);
		ck_assert_str_eq(thv_ask_tx(g, XS_READ, 1, text), "ENOENT");
	}
	ck_assert_str_eq(thv_ask_tx(g, XS_READ, 1, "."), "EINVAL");
	ck_assert_str_eq(thv_ask_tx(g, XS_WRITE, 1, "n9|1"), "ENOSPC");
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 1, "T|"), "ENOMEM");
	ASK(g, XS_READ, "n9|", "ENOENT");
	thv_client_free(g);
}
END_TEST

START_TEST(quota_permissions_and_sizes)
{
	struct thv_client *g = fx_guest(1);
	char big[3000];

	ASK(g, XS_WRITE, "x|", "OK");
	ASK(g, XS_SET_PERMS, "x|n1|r2|r3|r4|r5|", "OK");
	ASK(g, XS_SET_PERMS, "x|n1|r2|r3|r4|r5|r6|", "ENOSPC");
	/* 16 of header and 8 for the only entry. */
	memset(big, 'v', sizeof(big));
	memcpy(big, "y|", 2);
	big[2 + 2048 - 24 + 1] = '\0';
	ASK(g, XS_WRITE, big, "ENOSPC");
	big[2 + 2048 - 24] = '\0';
	ASK(g, XS_WRITE, big, "OK");
	thv_client_free(g);
}
END_TEST

/* R-16 (XSA-323): the canonical path counts, for everybody. */
START_TEST(quota_path)
{
	struct thv_client *g = fx_guest(1);
	char path[2200], abs[2300];

	memset(path, 'p', sizeof(path));
	strcpy(path + 2048, "|");
	ASK(g, XS_READ, path, "ENOENT");
	snprintf(abs, sizeof(abs), "/local/domain/1/%s", path);
	ASK(g, XS_READ, abs, "ENOENT");
	ASK(dom0, XS_READ, abs, "ENOENT");
	strcpy(path + 2048, "p|");
	ASK(g, XS_READ, path, "EINVAL");
	snprintf(abs, sizeof(abs), "/local/domain/1/%s", path);
	ASK(g, XS_READ, abs, "EINVAL");
	ASK(dom0, XS_READ, abs, "EINVAL");
	thv_client_free(g);
}
END_TEST

/* R-20 (XSA-326): bytes of everything it makes exist. */
START_TEST(quota_memory)
{
	struct thv_client *g = fx_guest(1);
	long at_first = fx_used(1, "memory", 1);
	char text[1100];
	int i;

	ASK(dom0, SET_QUOTA, "1|memory|100000|", "OK");
	for (i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "n%d|%01000d", i, 7);
		if (strcmp(thv_ask(g, XS_WRITE, text), "ENOMEM") == 0)
			break;
	}
	ck_assert_int_gt(i, 80);
	ck_assert_int_lt(i, 100);
	ck_assert_int_le(fx_used(1, "memory", 1), 100000);
	ck_assert_str_eq(thv_askf(g, XS_WATCH, "w|%01000d|", 1), "ENOMEM");
	/* It can read, and help itself. */
	ASK(g, XS_READ, "n3x|", "ENOENT");
	ASK(g, XS_RM, "n3|", "OK");
	ASK(g, XS_WRITE, "n3|again", "OK");
	for (int k = 0; k < i; k++)
		(void)thv_askf(g, XS_RM, "n%d|", k);
	ck_assert_int_eq(fx_used(1, "memory", 1), at_first);
	thv_client_free(g);
}
END_TEST

/* The log of a transaction is of its domain's memory, and comes back. */
START_TEST(quota_memory_of_transactions)
{
	struct thv_client *g = fx_guest(1);
	char text[1100];
	long at_first = fx_used(1, "memory", 1);
	bool full = false;

	ASK(dom0, SET_QUOTA, "1|memory|100000|", "OK");
	ASK(g, XS_TRANSACTION_START, "|", "1");
	for (int i = 0; i < 200 && !full; i++) {
		/* Again and again the same node. */
		snprintf(text, sizeof(text), "n|%01000d", i);
		full = strcmp(thv_ask_tx(g, XS_WRITE, 1, text), "ENOMEM") == 0;
	}
	ck_assert(full);
	ck_assert_str_eq(thv_ask_tx(g, XS_TRANSACTION_END, 1, "T|"), "ENOMEM");
	ck_assert_int_eq(fx_used(1, "memory", 1), at_first);
	ASK(g, XS_WRITE, "n|1", "OK");
	thv_client_free(g);
}
END_TEST

/* who does not take its answers is not served beyond 20. */
START_TEST(quota_outstanding)
{
	struct thv_client *g = fx_guest(1);
	struct thv_msg m;
	char big[1000];
	int n;

	memset(big, 'v', sizeof(big));
	memcpy(big, "big|", 4);
	big[sizeof(big) - 1] = '\0';
	ASK(g, XS_WRITE, big, "OK");
	thv_patience(g, 0);
	/* The first answer fills the ring, the others wait. */
	for (n = 0; n < 200; n++) {
		if (!thv_send(g, XS_READ, 0, "big|"))
			break;
		ASK(dom0, XS_READ, "/|", "");
	}
	fx_others_are_served();
	/* It may have to let others go first. */
	for (int i = 0; fx_used(1, "outstanding", 1) < 20 && i < 5000; i++)
		thv_wait(h, 1);
	thv_wait(h, 20);
	ck_assert_int_eq(fx_used(1, "outstanding", 1), 20);
	for (int i = 0; i < 20; i++) {
		ck_assert(thv_recv(g, &m, 5000));
		ck_assert_uint_eq(m.hdr.type, XS_READ);
	}
	ck_assert_int_gt(fx_used(1, "outstanding", 2), 19);
	thv_client_free(g);
}
END_TEST

START_TEST(quota_names_and_values)
{
	ASK(dom0, GET_QUOTA, "", "nodes watches transactions outstanding "
	    "transaction-nodes memory soft-memory node-permissions path-max "
	    "node-size");
	ASK(dom0, GET_QUOTA, "nodes|", "1000");
	ASK(dom0, SET_QUOTA, "nodes|77|", "OK");
	ASK(dom0, GET_QUOTA, "nodes|", "77");
	ASK(dom0, GET_QUOTA, "99|nodes|", "1000");
	ASK(dom0, XS_CONTROL, "quota|set|nodes|78|", "OK");
	ASK(dom0, GET_QUOTA, "nodes|", "78");
	thv_client_free(fx_guest(1));
	ASK(dom0, GET_QUOTA, "1|nodes|", "78");
	ASK(dom0, GET_QUOTA, "nonsense|", "EINVAL");
	ASK(dom0, GET_QUOTA, "1|nonsense|", "EINVAL");
	ASK(dom0, SET_QUOTA, "77|nodes|1|", "ENOENT");
	ASK(dom0, SET_QUOTA, "nodes|many|", "EINVAL");
	ASK(dom0, XS_CONTROL, "quota|77|", "ENOENT");
	ck_assert_ptr_nonnull(
	    strstr(thv_ask(dom0, XS_CONTROL, "quota|max|"), "nodes"));
	ck_assert_ptr_nonnull(
	    strstr(thv_ask(dom0, XS_CONTROL, "quota|"), "node-size"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xenstored quota");
	TCase *t = tcase_create("quota");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, fx_up, fx_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, quota_nodes);
	tcase_add_test(t, quota_nodes_in_transactions);
	tcase_add_test(t, quota_watches);
	tcase_add_test(t, quota_warning);
	tcase_add_test(t, quota_transactions);
	tcase_add_test(t, quota_nodes_of_a_transaction);
	tcase_add_test(t, quota_permissions_and_sizes);
	tcase_add_test(t, quota_path);
	tcase_add_test(t, quota_memory);
	tcase_add_test(t, quota_memory_of_transactions);
	tcase_add_test(t, quota_outstanding);
	tcase_add_test(t, quota_names_and_values);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
