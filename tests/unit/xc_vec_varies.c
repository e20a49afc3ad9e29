/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors: what is sent differently by release, as explicit bytes. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <check.h>

#include "xenctrl.h"
#include "xc_vec.h"

void vec_add_varies(TCase *t);

/* The last call: hypercall 36 (domctl), its number, and its payload. */
static void
domctl_was(uint32_t cmd, const uint8_t *payload, size_t size)
{
	const struct vec_call *c = vec_last(0);
	const uint8_t head[16] = { (uint8_t)cmd, (uint8_t)(cmd >> 8), 0, 0,
		(uint8_t)vec_now->domctl, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t rest[128] = { 0 };

	ck_assert_uint_eq(c->op, 36);
	ck_assert_mem_eq(c->sent, head, 16);
	memcpy(rest, payload, size);
	ck_assert_mem_eq(c->sent + 16, rest, 128);
}

START_TEST(paging_pool)
{
	xc_interface *x = vec_open((unsigned)_i);
	/* shadow_op: op 31 (set allocation), mode, MiB. */
	static const uint8_t shadow[] = { 31, 0, 0, 0, 0, 0, 0, 0, 5 };
	static const uint8_t pool[] = { 0, 0x10, 0x40, 0, 0, 0, 0, 0 };

	ck_assert_int_eq(xc_set_paging_mempool(x, 5, 0x401000), 0);
	if (vec_now->minor < 17)
		domctl_was(10, shadow, sizeof(shadow));
	else
		domctl_was(86, pool, sizeof(pool));
	xc_interface_close(x);
}
END_TEST

START_TEST(irq_permission)
{
	xc_interface *x = vec_open((unsigned)_i);
	/* A byte and a byte, then a word and a byte. */
	static const uint8_t narrow[] = { 0x21, 1 };
	static const uint8_t wide[] = { 0x21, 0, 0, 0, 1 };

	ck_assert_int_eq(xc_domain_irq_permission(x, 5, 0x21, true), 0);
	if (vec_now->minor < 16)
		domctl_was(19, narrow, sizeof(narrow));
	else
		domctl_was(19, wide, sizeof(wide));
	xc_interface_close(x);
}
END_TEST

START_TEST(gsi_permission)
{
	xc_interface *x = vec_open((unsigned)_i);
	static const uint8_t want[] = { 0x21, 0, 0, 0, 1, 0, 0, 0 };
	int r = xc_domain_gsi_permission(x, 5, 0x21, true);

	if (vec_now->minor < 20) {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(errno, ENOTSUP);
		ck_assert_ptr_nonnull(strstr(xc_last_error(x), "4.20"));
		ck_assert_uint_eq(vec_count(), 0);
	} else {
		ck_assert_int_eq(r, 0);
		domctl_was(88, want, sizeof(want));
	}
	xc_interface_close(x);
}
END_TEST

/* A pool at creation: a field from 4.17, a move afterwards before. */
START_TEST(pool_at_creation)
{
	xc_interface *x = vec_open((unsigned)_i);
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	static const uint8_t at_17[4] = { 3, 0, 0, 0 };
	const struct vec_call *c;
	uint32_t domid = 5;

	req.cpupool_id = 3;
	ck_assert_int_eq(xc_domain_create(x, &domid, &req), 0);
	c = vec_last(0);
	if (vec_now->minor >= 19)
		ck_assert_mem_eq(c->sent + 16 + 56, at_17, 4);
	else if (vec_now->minor >= 17)
		ck_assert_mem_eq(c->sent + 16 + 52, at_17, 4);
	else {
		/* cpupool_op: op 6 (move), pool 3, no scheduler, domain 5. */
		static const uint8_t move[] = { 18, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0,
			0, 3, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0 };

		ck_assert_uint_eq(c->op, 35);
		ck_assert_mem_eq(c->sent, move, 4);
		ck_assert_mem_eq(c->sent + 8, move + 8, 16);
		ck_assert_uint_eq(vec_last(1)->op, 36);
	}
	xc_interface_close(x);
}
END_TEST

/* The stride of the list is the structure's size. */
START_TEST(list_stride)
{
	xc_interface *x = vec_open((unsigned)_i);
	static const uint8_t two[4] = { 2, 0, 0, 0 };
	struct xc_domaininfo list[2];

	/* num_domains, at offset 16 of the payload. */
	vec_answer(35, 8 + 16, two, 4);
	ck_assert_int_eq(xc_domain_getinfolist(x, 0, 2, list), 2);
	xc_interface_close(x);
}
END_TEST

void
vec_add_varies(TCase *t)
{
	const int n = (int)vec_nreleases;

	tcase_add_loop_test(t, paging_pool, 0, n);
	tcase_add_loop_test(t, irq_permission, 0, n);
	tcase_add_loop_test(t, gsi_permission, 0, n);
	tcase_add_loop_test(t, pool_at_creation, 0, n);
	tcase_add_loop_test(t, list_stride, 0, n);
}
