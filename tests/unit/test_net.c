/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interfaces that are made: what the kernel is sent, byte for byte, and what is read
 * of its answers, whole and cut; and what was made and is absent, with the real
 * database and no kernel at all.
 */
#include "config.h"

#include <check.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net_msg.h"
#include "nets.h"

/* ---- requests ------------------------------------------------------------------------ */

static void
same_bytes(const struct net_msg *m, const char *want)
{
	char got[2 * 512 + 1];

	ck_assert_uint_le(m->len, 512);
	for (size_t i = 0; i < m->len; i++)
		snprintf(got + 2 * i, 3, "%02x", (unsigned char)m->bytes[i]);
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(m->len,
	    ((const struct nlmsghdr *)(const void *)m->bytes)->nlmsg_len);
}

START_TEST(a_vlan_is_asked_for)
{
	struct net_msg m;

	net_msg_begin(&m, RTM_NEWLINK, NLM_F_CREATE, sizeof(struct ifinfomsg));
	net_vlan_put(&m, "eth0.42", 3, 42);
	same_bytes(&m,
	    "50000000" "1000" "0104" "00000000" "00000000"
	    "00000000" "00000000" "00000000" "00000000"
	    "0c000300" "657468302e343200"
	    "08000500" "03000000"
	    "1c001200"
	    "09000100" "766c616e00000000"
	    "0c000200" "06000100" "2a000000");
}
END_TEST

START_TEST(a_bond_is_asked_for)
{
	static const struct net_bond backup = { .mode = NET_BOND_ACTIVE_BACKUP,
		.mac = { 2, 0, 0, 0, 0, 9 }, .miimon = 100, .updelay = 1,
		.downdelay = 2, .hash = 5, .fast = true };
	struct net_bond lacp = backup;
	struct net_msg m;

	net_msg_begin(&m, RTM_NEWLINK, NLM_F_CREATE, sizeof(struct ifinfomsg));
	net_bond_put(&m, "bond0", &backup);
	same_bytes(&m,
	    "6c000000" "1000" "0104" "00000000" "00000000"
	    "00000000" "00000000" "00000000" "00000000"
	    "0a000300" "626f6e6430000000"
	    "0a000100" "0200000000090000"
	    "34001200"
	    "09000100" "626f6e6400000000"
	    "24000200" "05000100" "01000000" "08000300" "64000000"
	    "08000400" "01000000" "08000500" "02000000");
	lacp.mode = NET_BOND_LACP;
	net_msg_begin(&m, RTM_NEWLINK, NLM_F_CREATE, sizeof(struct ifinfomsg));
	net_bond_put(&m, "bond0", &lacp);
	same_bytes(&m,
	    "7c000000" "1000" "0104" "00000000" "00000000"
	    "00000000" "00000000" "00000000" "00000000"
	    "0a000300" "626f6e6430000000"
	    "0a000100" "0200000000090000"
	    "44001200"
	    "09000100" "626f6e6400000000"
	    "34000200" "05000100" "04000000" "08000300" "64000000"
	    "08000400" "01000000" "08000500" "02000000"
	    "05000e00" "05000000" "05001500" "01000000");
}
END_TEST

/* ---- answers --------------------------------------------------------------------------- */

/* Of a request, what is inside its IFLA_LINKINFO: as the kernel tells it, too. */
static struct rtattr *
info_of(struct net_msg *m)
{
	const struct nlmsghdr *h = (const void *)m->bytes;
	struct rtattr *a =
	    (void *)(m->bytes + NLMSG_LENGTH(sizeof(struct ifinfomsg)));
	int left = (int)(h->nlmsg_len - NLMSG_LENGTH(sizeof(struct ifinfomsg)));

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_LINKINFO)
			return a;
	ck_abort_msg("no IFLA_LINKINFO");
	return NULL;
}

/* The first n bytes of it, in a block that has no more. */
static void
read_cut(struct rtattr *info, size_t n, struct net_link *l)
{
	void *block = malloc(n > 0 ? n : 1);

	memset(l, 0, sizeof(*l));
	memcpy(block, RTA_DATA(info), n);
	net_kind_read(block, n, l);
	free(block);
}

START_TEST(a_vlan_is_read)
{
	struct rtattr *info;
	struct net_msg m;
	struct net_link l;
	size_t n;

	net_msg_begin(&m, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	net_vlan_put(&m, "x", 3, 4094);
	info = info_of(&m);
	n = RTA_PAYLOAD(info);
	read_cut(info, n, &l);
	ck_assert_str_eq(l.kind, "vlan");
	ck_assert_uint_eq(l.tag, 4094);
	for (size_t i = 0; i < n; i++) {
		read_cut(info, i, &l);
		ck_assert(l.kind[0] == '\0' || strcmp(l.kind, "vlan") == 0);
		ck_assert(l.tag == 0 || l.tag == 4094);
	}
}
END_TEST

START_TEST(a_bond_is_read)
{
	static const struct net_bond b = { .mode = NET_BOND_LACP };
	struct rtattr *info;
	struct net_msg m;
	struct net_link l;
	size_t n;

	net_msg_begin(&m, RTM_NEWLINK, 0, sizeof(struct ifinfomsg));
	net_bond_put(&m, "x", &b);
	info = info_of(&m);
	n = RTA_PAYLOAD(info);
	read_cut(info, n, &l);
	ck_assert_str_eq(l.kind, "bond");
	ck_assert_uint_eq(l.bond_mode, NET_BOND_LACP);
	for (size_t i = 0; i < n; i++) {
		read_cut(info, i, &l);
		ck_assert(l.bond_mode == 0 || l.bond_mode == NET_BOND_LACP);
	}
}
END_TEST

/* Lengths that lie: nothing is read beyond, and it ends. */
START_TEST(lies_are_no_harm)
{
	static const uint16_t lengths[] = { 0, 1, 3, 4, 5, 0xfff0, 0xffff };
	struct net_msg m;
	struct net_link l;
	struct rtattr *info;

	for (size_t i = 0; i < XU_ARRAY_SIZE(lengths); i++)
		for (size_t at = 0; at < 24; at += 4) {
			net_msg_begin(&m, RTM_NEWLINK, 0,
			    sizeof(struct ifinfomsg));
			net_vlan_put(&m, "x", 3, 42);
			info = info_of(&m);
			memcpy((char *)RTA_DATA(info) + at, &lengths[i],
			    sizeof(lengths[i]));
			read_cut(info, RTA_PAYLOAD(info), &l);
			ck_assert_uint_lt(strlen(l.kind), sizeof(l.kind));
		}
}
END_TEST

/* ---- what is absent --------------------------------------------------------------------- */

static char dir[64];
static struct core *c;

static void
up(void)
{
	struct xu_err e = XU_ERR_INIT;

	snprintf(dir, sizeof(dir), "/tmp/xld-net-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	c = calloc(1, sizeof(*c));
	c->loop = uv_default_loop();
	c->devs = xu_map_new();
	c->db = db_open(dir, &e);
	ck_assert_msg(c->db != NULL, "%s", e.msg);
}

static void
down(void)
{
	char command[100];

	networks_close(c);
	db_close(&c->db);
	xu_map_free(&c->devs);
	free(c);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
keep(const char *name, const char *device, int tag)
{
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;

	xu_val_set(v, "device", xu_str(device));
	xu_val_set(v, "tag", xu_int(tag));
	xu_val_set(v, "network", xu_str("br7"));
	ck_assert_msg(db_put(c->db, "VLAN", name, v, &e) == 0, "%s", e.msg);
}

START_TEST(an_absent_bond_is_known)
{
	AUTO_VAL struct xu_val *v = xu_struct(), *r = NULL;
	struct xu_val *parts = xu_array();
	struct xu_err e = XU_ERR_INIT;
	size_t pos = 0;
	void *obj;

	xu_val_add(parts, xu_str("eth8"));
	xu_val_add(parts, xu_str("eth9"));
	xu_val_set(v, "slaves", parts);
	xu_val_set(v, "mode", xu_str("lacp"));
	xu_val_set(v, "network", xu_str("br7"));
	xu_val_set(v, "MAC", xu_str("02:00:00:00:00:09"));
	ck_assert(bond_needs(v, "eth8") && bond_needs(v, "eth9"));
	ck_assert(!bond_needs(v, "eth7") && !bond_needs(NULL, "eth8"));
	ck_assert_msg(db_put(c->db, "Bond", "bond0", v, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(networks_open(c, &e), 0);
	nets_refresh(c);
	obj = bond_ops.next(c, &pos);
	ck_assert_ptr_nonnull(obj);
	ck_assert_ptr_eq(bond_ops.find(c, bond_ops.ref(obj)), obj);
	ck_assert_ptr_null(bond_ops.next(c, &pos));
	r = bond_ops.record(c, obj);
	ck_assert_str_eq(xu_val_get_str(r, "mode", "?"), "lacp");
	ck_assert_str_eq(xu_val_get_str(r, "primary_slave", "?"), "");
	ck_assert_uint_eq(xu_val_count(xu_val_get(r, "slaves")), 0);
	ck_assert_str_eq(xu_val_get_str(xu_val_get(r, "properties"),
	    "hashing_algorithm", "?"), "tcpudp_ports");
	ck_assert(pif_is_managed(c, obj));
}
END_TEST

/* The network is not there, its card neither: it is known, and can be destroyed. */
START_TEST(an_absent_vlan_is_known)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *r = NULL;
	const char *ref;
	size_t pos = 0;
	void *obj;

	keep("eth9.7", "eth9", 7);
	keep("../../etc", "eth9", 8);
	ck_assert_int_eq(networks_open(c, &e), 0);
	nets_refresh(c);
	obj = vlan_ops.next(c, &pos);
	ck_assert_ptr_nonnull(obj);
	ref = vlan_ops.ref(obj);
	ck_assert_ptr_eq(vlan_ops.find(c, ref), obj);
	r = vlan_ops.record(c, obj);
	ck_assert_int_eq(xu_val_get_int(r, "tag", 0), 7);
	ck_assert_str_eq(xu_val_get_str(r, "tagged_PIF", "?"), "");
	ck_assert_str_eq(xu_val_get_str(r, "untagged_PIF", "?"),
	    pif_ops.ref(obj));
	ck_assert_ptr_null(vlan_ops.next(c, &pos));
	ck_assert(pif_is_managed(c, obj));
	ck_assert_int_eq(pif_switch(c, obj, true, &e), -1);
	ck_assert_str_eq(e.code, "XLD_DEVICE");
}
END_TEST

START_TEST(what_a_vlan_needs)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	xu_val_set(v, "device", xu_str("eth0"));
	ck_assert(vlan_needs(v, "eth0"));
	ck_assert(!vlan_needs(v, "eth0.7"));
	ck_assert(!vlan_needs(v, "eth"));
	ck_assert(!vlan_needs(NULL, "eth0"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("interfaces that are made");
	TCase *t = tcase_create("netlink"), *a = tcase_create("absent");
	SRunner *r;
	int failed;

	tcase_add_test(t, a_vlan_is_asked_for);
	tcase_add_test(t, a_vlan_is_read);
	tcase_add_test(t, a_bond_is_asked_for);
	tcase_add_test(t, a_bond_is_read);
	tcase_add_test(t, lies_are_no_harm);
	tcase_add_checked_fixture(a, up, down);
	tcase_add_test(a, an_absent_vlan_is_known);
	tcase_add_test(a, what_a_vlan_needs);
	tcase_add_test(a, an_absent_bond_is_known);
	suite_add_tcase(s, t);
	suite_add_tcase(s, a);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
