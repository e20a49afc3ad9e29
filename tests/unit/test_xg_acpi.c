/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ACPI tables of a PVH guest: sums, lengths, and what they say. */
#include "config.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xg_hvm.h"
#include "xu_auto.h"

static struct xg_build
pvh(void)
{
	struct xg_build b = XG_BUILD_INIT;

	b.type = XG_PVH;
	b.memory_kib = 64 << 10;
	b.flags = XG_ACPI;
	return b;
}

static uint8_t
sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n-- > 0)
		s = (uint8_t)(s + *p++);
	return s;
}

#define BASE 0xfc000000ull

static const struct xg_nodes one_node;
static uint8_t tables[XG_ACPI_PAGES_MAX * 4096];
static size_t tables_len;

static const uint8_t *
table_at(uint64_t addr, const char *signature, uint32_t *len)
{
	const uint8_t *t = tables + (addr - BASE);

	ck_assert_uint_ge(addr, BASE);
	ck_assert_uint_lt(addr - BASE, tables_len);
	ck_assert_mem_eq(t, signature, 4);
	memcpy(len, t + 4, 4);
	ck_assert_uint_le(addr - BASE + *len, tables_len);
	if (strcmp(signature, "FACS") != 0)
		ck_assert_uint_eq(sum(t, *len), 0);
	return t;
}

static uint64_t
number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* A package's end; *p goes behind its length. */
static const uint8_t *
package(const uint8_t **p)
{
	const uint8_t *start = *p;
	unsigned more = start[0] >> 6;
	size_t len = more == 0 ? start[0] & 0x3f : start[0] & 0xf;

	for (unsigned i = 0; i < more; i++)
		len |= (size_t)start[1 + i] << (4 + 8 * i);
	*p = start + 1 + more;
	return start + len;
}

/* One byte by Name (): ZeroOp, or a byte with a prefix. */
static const uint8_t *
named(const uint8_t *p, const char *name, unsigned *value)
{
	ck_assert_uint_eq(p[0], 8);
	ck_assert_mem_eq(p + 1, name, 4);
	*value = p[5] == 0 ? 0 : p[6];
	if (p[5] != 0)
		ck_assert_uint_eq(p[5], 0x0a);
	return p + (p[5] == 0 ? 6 : 7);
}

static void
check_dsdt(const struct xg_build *b, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *cpu;
	unsigned uid, sta;

	p += 36;
	ck_assert_uint_eq(*p++, 0x10);
	ck_assert_ptr_eq(package(&p), end);
	ck_assert_mem_eq(p, "\\_SB_", 5);
	p += 5;
	for (uint32_t i = 0; i < b->max_vcpus; i++) {
		ck_assert_mem_eq(p, "\x5b\x82", 2);
		p += 2;
		cpu = package(&p);
		ck_assert_mem_eq(p + 4, "\x08_HID\x0d" "ACPI0007", 15);
		p = named(p + 4 + 15, "_UID", &uid);
		p = named(p, "_STA", &sta);
		ck_assert_ptr_eq(p, cpu);
		ck_assert_uint_eq(uid, i);
		ck_assert_uint_eq(sta, xg_is_online(b, i) ? 15 : 0);
	}
	ck_assert_ptr_eq(p, end);
}

static void
check_madt(const struct xg_build *b, const uint8_t *t, uint32_t len)
{
	ck_assert_uint_eq(len, 44 + 8 * b->max_vcpus);
	ck_assert_uint_eq(number(t + 36, 4), 0xfee00000);
	for (uint32_t i = 0; i < b->max_vcpus; i++) {
		const uint8_t *e = t + 44 + 8 * i;

		ck_assert_uint_eq(e[0], 0);
		ck_assert_uint_eq(e[1], 8);
		ck_assert_uint_eq(e[2], i);
		ck_assert_uint_eq(e[3], 2 * i);
		ck_assert_uint_eq(number(e + 4, 4), 1);
	}
}

static void
check_tables(const struct xg_build *b, uint64_t rsdp)
{
	const uint8_t *r = tables + (rsdp - BASE), *t, *fadt;
	uint32_t len;

	ck_assert_uint_eq(rsdp & 15, 0);
	ck_assert_uint_eq(rsdp - BASE + XG_RSDP_SIZE, tables_len);
	ck_assert_mem_eq(r, "RSD PTR ", 8);
	ck_assert_uint_eq(sum(r, 20), 0);
	ck_assert_uint_eq(sum(r, 36), 0);
	ck_assert_uint_eq(r[15], 2);
	t = table_at(number(r + 16, 4), "RSDT", &len);
	ck_assert_uint_eq(len, 44);
	ck_assert_uint_eq(number(t + 36, 4), number(tables +
	    (number(r + 24, 8) - BASE) + 36, 8));
	t = table_at(number(r + 24, 8), "XSDT", &len);
	ck_assert_uint_eq(len, 52);
	fadt = table_at(number(t + 36, 8), "FACP", &len);
	ck_assert_uint_eq(len, 268);
	ck_assert_uint_eq(fadt[8], 5);
	/* Hardware-reduced. */
	ck_assert_uint_eq(number(fadt + 112, 4) >> 20, 1);
	t = table_at(number(t + 44, 8), "APIC", &len);
	check_madt(b, t, len);
	t = table_at(number(fadt + 36, 4), "FACS", &len);
	ck_assert_uint_eq(len, 64);
	ck_assert_uint_eq((number(fadt + 36, 4)) & 63, 0);
	ck_assert_uint_eq(number(fadt + 40, 4), number(fadt + 140, 8));
	t = table_at(number(fadt + 140, 8), "DSDT", &len);
	check_dsdt(b, t, t + len);
}

START_TEST(acpi_tables)
{
	for (uint32_t vcpus = 1; vcpus <= 128; vcpus++) {
		struct xg_build b = pvh();
		uint64_t rsdp;

		b.max_vcpus = vcpus;
		if (vcpus % 3 == 0)
			memset(b.online, 0x55, sizeof(b.online));
		memset(tables, 0, sizeof(tables));
		tables_len = xg_acpi_tables(&b, &one_node, BASE, tables, sizeof(tables),
		    &rsdp);
		ck_assert_uint_gt(tables_len, 0);
		check_tables(&b, rsdp);
		/* Exactly that much is enough, a byte less is refused. */
		AUTO_FREE uint8_t *tight = calloc(1, tables_len);

		ck_assert_uint_eq(xg_acpi_tables(&b, &one_node, BASE, tight, tables_len,
		    &rsdp), tables_len);
		ck_assert_mem_eq(tight, tables, tables_len);
		ck_assert_uint_eq(xg_acpi_tables(&b, &one_node, BASE, tight,
		    tables_len - 1, &rsdp), 0);
	}
}
END_TEST

/* Virtual NUMA: as many nodes and vCPUs as there can be, memory on both sides of
 * the hole. */
START_TEST(acpi_of_virtual_nodes)
{
	struct xg_vnode v[XG_MAX_VNODES];
	struct xg_build b = pvh();
	struct xg_error e = { .msg = "" };
	struct xg_hvm_layout l;
	struct xg_nodes nodes;
	const uint8_t *xsdt, *t, *m;
	uint64_t rsdp, pages = 0;
	uint32_t len;

	memset(v, 0, sizeof(v));
	for (unsigned i = 0; i < XG_MAX_VNODES; i++) {
		v[i].memory_kib = 512 << 10;
		for (unsigned k = 0; k < XG_MAX_VNODES; k++)
			v[i].distance[k] = i == k ? 10 : 20 + i;
		memset(v[i].vcpus + i, 0xff, 1);
	}
	b.memory_kib = 8ull << 20;
	b.max_vcpus = XG_HVM_MAX_VCPUS;
	b.vnodes = v;
	b.nr_vnodes = XG_MAX_VNODES;
	ck_assert_int_eq(xg_hvm_layout(&b, &l, &e), 0);
	ck_assert_int_eq(xg_vnuma_ranges(&b, &l, &nodes, &e), 0);
	/* One is on both sides of the hole. */
	ck_assert_uint_eq(nodes.n, XG_MAX_VNODES + 1);
	tables_len = xg_acpi_tables(&b, &nodes, BASE, tables,
	    l.acpi_pages << 12, &rsdp);
	ck_assert_uint_gt(tables_len, 0);
	xsdt = table_at(number(tables + (rsdp - BASE) + 24, 8), "XSDT", &len);
	ck_assert_uint_eq(len, 36 + 4 * 8);
	t = table_at(number(xsdt + 52, 8), "SRAT", &len);
	ck_assert_uint_eq(len, 48 + 128 * 16 + nodes.n * 40);
	for (unsigned i = 0; i < 128; i++) {
		m = t + 48 + i * 16;
		ck_assert_mem_eq(m, "\0\20", 2);
		ck_assert_uint_eq(m[2], i / 8);
		ck_assert_uint_eq(m[3], 2 * i);
		ck_assert_uint_eq(number(m + 4, 4), 1);
	}
	for (unsigned i = 0; i < nodes.n; i++) {
		m = t + 48 + 128 * 16 + i * 40;
		ck_assert_mem_eq(m, "\1\50", 2);
		ck_assert_uint_eq(number(m + 2, 4), nodes.range[i].vnode);
		ck_assert_uint_eq(number(m + 8, 8), nodes.range[i].pfn << 12);
		pages += number(m + 16, 8) >> 12;
		ck_assert_uint_eq(number(m + 28, 4), 1);
	}
	ck_assert_uint_eq(pages, b.memory_kib / 4);
	t = table_at(number(xsdt + 60, 8), "SLIT", &len);
	ck_assert_uint_eq(len, 44 + 256);
	ck_assert_uint_eq(number(t + 36, 8), 16);
	ck_assert_uint_eq(t[44 + 17], 10);
	ck_assert_uint_eq(t[44 + 16], 21);
}
END_TEST

START_TEST(virtual_nodes_are_checked)
{
	struct xg_vnode v[2] = { { .memory_kib = 40 << 10 },
		{ .memory_kib = 24 << 10, .vcpus = { 2 } } };
	struct xg_build b = pvh();
	struct xg_error e = { .msg = "" };
	struct xg_nodes nodes;

	b.vnodes = v;
	b.nr_vnodes = 2;
	b.type = XG_PV;
	ck_assert_int_eq(xg_vnuma_ranges(&b, NULL, &nodes, &e), 0);
	ck_assert_uint_eq(nodes.n, 2);
	ck_assert_uint_eq(xg_vnuma_at(&nodes, 10239)->vnode, 0);
	ck_assert_uint_eq(xg_vnuma_at(&nodes, 10240)->vnode, 1);
	ck_assert_ptr_null(xg_vnuma_at(&nodes, 16384));
	ck_assert_uint_eq(xg_vnuma_of_vcpu(&b, 1), 1);
	b.max_kib = 65 << 10;
	ck_assert_int_eq(xg_vnuma_ranges(&b, NULL, &nodes, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "cannot grow"));
	v[0].memory_kib++;
	memset(&e, 0, sizeof(e));
	ck_assert_int_eq(xg_vnuma_ranges(&b, NULL, &nodes, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.msg, "65537 KiB"));
	b.nr_vnodes = 0;
	ck_assert_int_eq(xg_vnuma_ranges(&b, NULL, &nodes, &e), 0);
	ck_assert_ptr_null(xg_vnuma_at(&nodes, 0));
}
END_TEST

/* The specification's own compiler, where it is installed, takes them apart. */
START_TEST(acpi_tables_for_iasl)
{
	struct xg_build b = pvh();
	char dir[] = "/tmp/test_xg_acpi.XXXXXX", path[64], cmd[256];
	const uint8_t *dsdt = tables + 64;
	uint64_t rsdp;
	uint32_t len;
	FILE *out;

	if (access("/usr/bin/iasl", X_OK) < 0)
		return;
	b.max_vcpus = 5;
	b.online[0] = 0x0b;
	memset(tables, 0, sizeof(tables));
	ck_assert_uint_gt(xg_acpi_tables(&b, &one_node, BASE, tables, sizeof(tables),
	    &rsdp), 0);
	memcpy(&len, dsdt + 4, 4);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/dsdt.aml", dir);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(dsdt, 1, len, out), len);
	fclose(out);
	snprintf(cmd, sizeof(cmd), "cd %s && iasl -d dsdt.aml >log 2>&1 && "
	    "grep -q 'Name (_UID, 0x04)' dsdt.dsl && "
	    "iasl -ve dsdt.dsl >log 2>&1", dir);
	ck_assert_int_eq(system(cmd), 0);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	ck_assert_int_eq(system(cmd), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("ACPI of PVH");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, acpi_tables);
	tcase_add_test(t, acpi_tables_for_iasl);
	tcase_add_test(t, acpi_of_virtual_nodes);
	tcase_add_test(t, virtual_nodes_are_checked);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
