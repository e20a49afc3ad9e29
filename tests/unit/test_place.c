/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a machine is put on a host of several nodes, and what is said of it; the
 * words of virtual nodes; what domain 0 is told when memory is lacking. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm_numa.h"
#include "vm_room.h"
#include "xu_auto.h"
#include "xu_vnuma.h"

#define MIB 1024ull

/* --- nodes ------------------------------------------------------------------ */

#define HOST2(f0, c0, v0, f1, c1, v1)                                          \
	{                                                                      \
		2, { { (f0) * MIB, c0, v0 }, { (f1) * MIB, c1, v1 } }          \
	}

static const struct {
	const char *what;
	struct numa_host h;
	struct numa_need need;
	uint64_t chosen;
	const char *says;
} rows[] = {
	{ "more free memory", HOST2(100, 1, 0, 200, 1, 0), { 50 * MIB, 1 }, 2,
	    "for 50 MiB and 1 vCPU: node 1 (200 MiB free, 1 processor, no vCPUs "
	    "bound there); not node 0 (100 MiB free, 1 processor, no vCPUs "
	    "bound there: others have more room)" },
	{ "the same", HOST2(100, 1, 0, 100, 1, 0), { 50 * MIB, 1 }, 1, NULL },
	{ "fewer vCPUs", HOST2(100, 4, 3, 100, 4, 2), { 50 * MIB, 2 }, 2,
	    "for 50 MiB and 2 vCPUs: node 1 (100 MiB free, 4 processors, 2 vCPUs "
	    "bound there); not node 0 (100 MiB free, 4 processors, 3 vCPUs "
	    "bound there: others have more room)" },
	{ "memory counts for more", HOST2(200, 4, 3, 120, 4, 1),
	    { 50 * MIB, 2 }, 1, NULL },
	{ "much of a crowd for little memory", HOST2(100, 4, 9, 95, 4, 1),
	    { 50 * MIB, 2 }, 2, NULL },
	{ "one is enough", HOST2(100, 4, 9, 20, 4, 0), { 50 * MIB, 2 }, 1,
	    "for 50 MiB and 2 vCPUs: node 0 (100 MiB free, 4 processors, 9 vCPUs "
	    "bound there); not node 1 (20 MiB free, 4 processors, no vCPUs "
	    "bound there: too little memory)" },
	{ "processors", HOST2(100, 1, 0, 60, 2, 5), { 50 * MIB, 2 }, 2,
	    "for 50 MiB and 2 vCPUs: node 1 (60 MiB free, 2 processors, 5 vCPUs "
	    "bound there); not node 0 (100 MiB free, 1 processor, no vCPUs "
	    "bound there: too few processors)" },
	{ "both", HOST2(100, 1, 0, 60, 2, 5), { 50 * MIB, 3 }, 3,
	    "for 50 MiB and 3 vCPUs: node 0 (100 MiB free, 1 processor, no vCPUs "
	    "bound there), node 1 (60 MiB free, 2 processors, 5 vCPUs bound "
	    "there)" },
	{ "both for memory", HOST2(100, 4, 0, 60, 4, 5), { 150 * MIB, 1 }, 3,
	    NULL },
	{ "too large", HOST2(100, 1, 0, 60, 2, 0), { 200 * MIB, 1 }, 0,
	    "anywhere: no nodes have 200 MiB free and 1 processor: node 0 (100 "
	    "MiB free, 1 processor, no vCPUs bound there: too little memory), "
	    "node 1 (60 MiB free, 2 processors, no vCPUs bound there: too "
	    "little memory)" },
	{ "too many vCPUs", HOST2(100, 1, 0, 60, 2, 0), { 20 * MIB, 4 }, 0,
	    NULL },
	{ "a node without processors", HOST2(900, 0, 0, 60, 2, 0),
	    { 20 * MIB, 2 }, 2,
	    "for 20 MiB and 2 vCPUs: node 1 (60 MiB free, 2 processors, no "
	    "vCPUs bound there); not node 0 (900 MiB free, 0 processors, no "
	    "vCPUs bound there: no processors for it)" },
	{ "one node", { 1, { { 900 * MIB, 4, 0 } } }, { 20 * MIB, 2 }, 0,
	    "anywhere: the host has one node" },
};

START_TEST(nodes_are_chosen)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	uint64_t chosen = numa_choose(&rows[_i].h, &rows[_i].need);

	ck_assert_msg(chosen == rows[_i].chosen, "%s: %llx", rows[_i].what,
	    (unsigned long long)chosen);
	if (rows[_i].says == NULL)
		return;
	numa_explain(&rows[_i].h, &rows[_i].need, chosen, &text);
	ck_assert_str_eq(xu_buf_text(&text), rows[_i].says);
}
END_TEST

/* Every choice is a smallest set with room, on hosts of any shape. */
START_TEST(choices_are_smallest)
{
	srand(1);
	for (int round = 0; round < 300; round++) {
		struct numa_host h = { .nr_nodes = 2 + (unsigned)rand() % 7 };
		struct numa_need need = { (1 + (uint64_t)rand() % 300) * MIB,
			1 + (unsigned)rand() % 12 };
		uint64_t chosen, kib = 0;
		unsigned cpus = 0, least = 99;

		for (unsigned i = 0; i < h.nr_nodes; i++)
			h.node[i] = (struct numa_node){
				(uint64_t)(rand() % 100) * MIB,
				(unsigned)rand() % 5, (unsigned)rand() % 9 };
		chosen = numa_choose(&h, &need);
		for (unsigned set = 1; set < 1u << h.nr_nodes; set++) {
			bool ok = true;

			kib = cpus = 0;
			for (unsigned i = 0; i < h.nr_nodes; i++)
				if ((set >> i & 1) != 0) {
					kib += h.node[i].free_kib;
					cpus += h.node[i].cpus;
					ok &= h.node[i].cpus > 0;
				}
			if (!ok || kib < need.kib || cpus < need.vcpus)
				continue;
			if ((unsigned)__builtin_popcount(set) < least)
				least = (unsigned)__builtin_popcount(set);
		}
		if (least == 99)
			ck_assert_uint_eq(chosen, 0);
		else
			ck_assert_uint_eq(
			    (unsigned)__builtin_popcountll(chosen), least);
	}
}
END_TEST

/* As many as Xen can have: the roomy ones are looked at. */
START_TEST(many_nodes)
{
	struct numa_host h = { .nr_nodes = NUMA_NODES };
	struct numa_need need = { 90 * MIB, 2 };

	for (unsigned i = 0; i < NUMA_NODES; i++)
		h.node[i] = (struct numa_node){ (10 + i % 8) * MIB, 2, 0 };
	h.node[61].free_kib = 100 * MIB;
	ck_assert_uint_eq(numa_choose(&h, &need), 1ull << 61);
	need.kib = 115 * MIB;
	ck_assert_uint_eq(numa_choose(&h, &need), 1ull << 61 | 1ull << 7);
}
END_TEST

/* --- virtual nodes ------------------------------------------------------------ */

START_TEST(vnuma_is_read)
{
	struct xu_vnuma v;

	ck_assert_int_eq(xu_vnuma_parse("", &v, NULL), 0);
	ck_assert_uint_eq(v.n, 0);
	ck_assert_int_eq(xu_vnuma_parse(
	    "pnode=0 size=64 vcpus=0,2-3;pnode=1 vcpus=1  size=32", &v, NULL),
	    0);
	ck_assert_uint_eq(v.n, 2);
	ck_assert_uint_eq(v.node[1].host, 1);
	ck_assert_uint_eq(v.node[0].mib, 64);
	ck_assert_uint_eq(v.node[0].vcpus[0], 0x0d);
	ck_assert_uint_eq(v.node[0].distance[0], 10);
	ck_assert_uint_eq(v.node[0].distance[1], 20);
	ck_assert_uint_eq(xu_vnuma_node_of(&v, 1), 1);
	ck_assert_int_eq(xu_vnuma_check(&v, 4, 96, NULL), 0);
	ck_assert_int_eq(xu_vnuma_parse("pnode=0 size=1 vcpus=0 "
	    "vdistances=10,31;pnode=0 size=1 vcpus=1 vdistances=40", &v, NULL),
	    0);
	ck_assert_uint_eq(v.node[0].distance[1], 31);
	ck_assert_uint_eq(v.node[1].distance[0], 40);
	ck_assert_uint_eq(v.node[1].distance[1], 10);
}
END_TEST

static const struct {
	const char *text, *says;
} bad_rows[] = {
	{ "x", "vnuma, node 0: 'x': pnode=, size=, vcpus= and vdistances= are "
	       "known" },
	{ "pnode=0 size=4", "vnuma, node 0: '': vcpus= is missing" },
	{ "pnode=0 vcpus=0", "vnuma, node 0: '': size= is missing" },
	{ "size=1 vcpus=0", "vnuma, node 0: '': pnode= is missing" },
	{ "pnode=0 size=4 vcpus=0;", "vnuma, node 1: '': pnode= is missing" },
	{ "pnode=64", "vnuma, node 0: 'pnode=64': a node of the host is 0 to "
		      "63" },
	{ "size=0", "vnuma, node 0: 'size=0': a size is a number of MiB" },
	{ "size=4k", "vnuma, node 0: 'size=4k': a size is a number of MiB" },
	{ "vcpus=all", "vnuma, node 0: 'vcpus=all': vCPUs are a set such as "
		       "0-3,5" },
	{ "vcpus=600", "vnuma, node 0: 'vcpus=600': no guest has so many "
		       "vCPUs" },
	{ "vdistances=10,", "vnuma, node 0: 'vdistances=10,': distances are "
			    "numbers from 10 to 254 with commas between" },
	{ "vdistances=9", "vnuma, node 0: 'vdistances=9': distances are numbers "
			  "from 10 to 254 with commas between" },
	{ "pnode=0 size=1 vcpus=0 vdistances=10,20,30;pnode=0 size=1 vcpus=1",
	    "vnuma, node 0: 'vdistances': there is to be one for each node" },
	{ "pnode=0 size=4 vcpus=0", "vnuma, node 0: 'vCPU 1': it is on no node" },
	{ "pnode=0 size=4 vcpus=0-2", "vnuma, node 0: 'vCPU 2': the guest has 2 "
				      "vCPUs" },
	{ "pnode=0 size=4 vcpus=0-1;pnode=1 size=4 vcpus=1",
	    "vnuma, node 1: 'vCPU 1': it is on 2 nodes" },
	{ "pnode=0 size=4 vcpus=0-1;pnode=1 size=5 vcpus=^0",
	    "vnuma, node 1: 'vcpus=^0': no guest has so many vCPUs" },
	{ "pnode=0 size=5 vcpus=0-1", "vnuma, node 0: '5 MiB': the nodes' sizes "
				      "are to make up the guest's 8 MiB" },
};

START_TEST(vnuma_is_refused)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_vnuma v;

	if (xu_vnuma_parse(bad_rows[_i].text, &v, &e) == 0)
		ck_assert_int_eq(xu_vnuma_check(&v, 2, 8, &e), -1);
	ck_assert_str_eq(e.msg, bad_rows[_i].says);
}
END_TEST

/* --- room ---------------------------------------------------------------------- */

static const struct {
	struct room_dom0 d;
	uint64_t lacking;
	bool stalled;
	uint64_t target;
} room_rows[] = {
	{ { 1000, 1000, 400 }, 100, false, 900 },
	{ { 1000, 1000, 400 }, 600, false, 400 },
	{ { 1000, 1000, 400 }, 601, false, 0 },
	{ { 1000, 1000, 400 }, UINT64_MAX, false, 0 },
	{ { 1000, 1000, 0 }, 1001, false, 0 },
	/* It has yet to give what it was told before. */
	{ { 1000, 800, 400 }, 200, false, 800 },
	{ { 1000, 800, 400 }, 250, false, 750 },
	{ { 1000, 500, 400 }, 601, false, 0 },
	/* That does not come. */
	{ { 1000, 800, 400 }, 200, true, 600 },
	/* It is below what it may have, and does not get it now. */
	{ { 700, 1000, 400 }, 100, false, 600 },
	/* It is below its floor: nothing is asked of it, nor given to it. */
	{ { 300, 300, 400 }, 1, false, 0 },
};

START_TEST(domain_0_gives)
{
	ck_assert_uint_eq(room_target(&room_rows[_i].d,
	    room_rows[_i].lacking, room_rows[_i].stalled),
	    room_rows[_i].target);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("places");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, nodes_are_chosen, 0,
	    (int)XU_ARRAY_SIZE(rows));
	tcase_add_test(t, choices_are_smallest);
	tcase_add_test(t, many_nodes);
	tcase_add_test(t, vnuma_is_read);
	tcase_add_loop_test(t, vnuma_is_refused, 0,
	    (int)XU_ARRAY_SIZE(bad_rows));
	tcase_add_loop_test(t, domain_0_gives, 0,
	    (int)XU_ARRAY_SIZE(room_rows));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
