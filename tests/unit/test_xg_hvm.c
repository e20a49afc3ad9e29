/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PVH and HVM domains without Xen: where memory, kernel and modules go, what the
 * guest is told of it, the first vCPU's registers. (ACPI: test_xg_acpi.c)
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_info_table.h>
#include <xen/hvm/save.h>

#include "xg_hvm.h"
#include "xg_image.h"
#include "xu_auto.h"

#define GIB (1ull << 20) /* in KiB */

static struct xg_error err;

static struct xg_build
order(enum xg_type type, uint64_t kib)
{
	struct xg_build b = XG_BUILD_INIT;

	memset(&err, 0, sizeof(err));
	b.type = type;
	b.memory_kib = kib;
	b.flags = XG_ACPI | XG_APIC;
	return b;
}

static struct xg_hvm_layout
layout_of(const struct xg_build *b)
{
	struct xg_hvm_layout l;

	ck_assert_msg(xg_hvm_layout(b, &l, &err) == 0, "%s", err.msg);
	return l;
}

static void
refused(int result, int errnum, const char *text)
{
	ck_assert_int_eq(result, -1);
	ck_assert_int_eq(err.errnum, errnum);
	ck_assert_msg(strstr(err.msg, text) != NULL, "'%s' lacks '%s'",
	    err.msg, text);
	memset(&err, 0, sizeof(err));
}

static void
entry_is(const struct xc_e820 *m, uint64_t addr, uint64_t end, uint32_t type)
{
	ck_assert_uint_eq(m->addr, addr);
	ck_assert_uint_eq(m->addr + m->size, end);
	ck_assert_uint_eq(m->type, type);
}

/* --- memory --------------------------------------------------------------- */

START_TEST(memory_of_a_small_pvh_guest)
{
	struct xg_build b = order(XG_PVH, 64 << 10);
	struct xg_hvm_layout l = layout_of(&b);

	ck_assert_uint_eq(l.nr_ram, 1);
	ck_assert_uint_eq(l.ram_pages, 16384);
	ck_assert_uint_eq(l.target_pages, 16384);
	ck_assert(!l.on_demand);
	ck_assert_uint_eq(l.high_end, 0);
	ck_assert_uint_eq(l.special_pfn, 0xfeff8);
	ck_assert_uint_eq(l.nr_map, 3);
	entry_is(&l.map[0], 0, 64 << 20, 1);
	entry_is(&l.map[1], 0xfc000000, 0xfc002000, 3);
	entry_is(&l.map[2], 0xfeff8000, 0xff000000, 2);

	b.flags = 0;
	l = layout_of(&b);
	ck_assert_uint_eq(l.nr_map, 2);
	ck_assert_uint_eq(l.acpi_pages, 0);
}
END_TEST

START_TEST(memory_beyond_the_hole)
{
	struct xg_build b = order(XG_PVH, 4 * GIB);
	struct xg_hvm_layout l = layout_of(&b);

	ck_assert_uint_eq(l.nr_ram, 2);
	ck_assert_uint_eq(l.ram_pages, 1 << 20);
	ck_assert_uint_eq(l.low_end, 0xfc000);
	/* 64 MiB of it are above. */
	ck_assert_uint_eq(l.high_end, 0x104000);
	entry_is(&l.map[0], 0, 0xfc000000, 1);
	entry_is(&l.map[3], 1ull << 32, (1ull << 32) + (64 << 20), 1);

	b = order(XG_HVM, 4 * GIB);
	b.video_kib = 16 << 10;
	b.mmio_hole_kib = 1 * GIB;
	l = layout_of(&b);
	ck_assert_uint_eq(l.nr_ram, 3);
	ck_assert_uint_eq(l.ram[0].end, 0xa0);
	ck_assert_uint_eq(l.ram[1].pfn, 0xc0);
	ck_assert_uint_eq(l.ram[1].end, 0xc0000);
	ck_assert_uint_eq(l.high_end, 0x140000 - 4096);
	ck_assert_uint_eq(l.ram_pages, (1 << 20) - 4096 - 32);
	ck_assert_uint_eq(l.target_pages, l.ram_pages);
	ck_assert_uint_eq(l.special_pfn, 0xfeff0);
	ck_assert_uint_eq(l.nr_map, 2);
	entry_is(&l.map[0], 1 << 20, 0xc0000000, 1);
}
END_TEST

START_TEST(memory_on_demand)
{
	struct xg_build b = order(XG_PVH, 128 << 10);
	struct xg_hvm_layout l;

	b.max_kib = 256 << 10;
	l = layout_of(&b);
	ck_assert(l.on_demand);
	ck_assert_uint_eq(l.ram_pages, 65536);
	ck_assert_uint_eq(l.target_pages, 32768);
	entry_is(&l.map[0], 0, 256 << 20, 1);

	b.type = XG_HVM;
	b.video_kib = 8 << 10;
	l = layout_of(&b);
	ck_assert_uint_eq(l.ram_pages, 65536 - 2048 - 32);
	ck_assert_uint_eq(l.target_pages, 32768 - 2048 - 32);
	/* The most it may have is what it has. */
	b.max_kib = b.memory_kib;
	l = layout_of(&b);
	ck_assert(!l.on_demand);
}
END_TEST

START_TEST(memory_of_any_size)
{
	for (uint64_t mib = 4; mib < 20000; mib = mib * 9 / 8 + 1)
		for (unsigned type = XG_PVH; type <= XG_HVM; type++) {
			struct xg_build b = order(type, mib << 10);
			struct xg_hvm_layout l = layout_of(&b);
			uint64_t last = 0, pages = 0;

			for (uint32_t i = 0; i < l.nr_ram; i++) {
				ck_assert_uint_ge(l.ram[i].pfn, last);
				ck_assert_uint_gt(l.ram[i].end, l.ram[i].pfn);
				last = l.ram[i].end;
				pages += last - l.ram[i].pfn;
			}
			ck_assert_uint_eq(pages, l.ram_pages);
			ck_assert_uint_eq(pages + (type == XG_HVM ? 32 : 0),
			    mib << 8);
			last = 0;
			for (uint32_t i = 0; i < l.nr_map; i++) {
				ck_assert_uint_ge(l.map[i].addr, last);
				last = l.map[i].addr + l.map[i].size;
			}
			ck_assert_uint_lt(l.low_end, 0xfc001);
		}
}
END_TEST

START_TEST(orders_that_cannot_be)
{
	struct xg_build b = order(XG_PVH, 64 << 10);
	struct xg_hvm_layout l;

	b.max_vcpus = 129;
	refused(xg_hvm_layout(&b, &l, &err), EINVAL, "129 vCPUs; ");
	b = order(XG_PVH, 64 << 10);
	b.max_kib = 65535;
	refused(xg_hvm_layout(&b, &l, &err), EINVAL,
	    "65536 KiB of memory are more than its maximum of 65535 KiB");
	b = order(XG_PVH, 3);
	refused(xg_hvm_layout(&b, &l, &err), EINVAL, "3 KiB");
	b = order(XG_HVM, 9 << 10);
	b.video_kib = 8 << 10;
	refused(xg_hvm_layout(&b, &l, &err), ENOMEM, "9216 KiB of memory, of "
	    "which 8192 KiB are the display's");
	b = order(XG_HVM, 64 << 10);
	b.mmio_hole_kib = 255 << 10;
	refused(xg_hvm_layout(&b, &l, &err), EINVAL, "a hole of 261120 KiB");
}
END_TEST

START_TEST(the_paging_pool)
{
	struct xg_build b = order(XG_PV, 1 * GIB);

	ck_assert_uint_eq(xg_paging_pool(&b), 0);
	b.type = XG_PVH;
	/* 1 MiB for the vCPU, 4 KiB for each MiB. */
	ck_assert_uint_eq(xg_paging_pool(&b), (1 << 20) + (4 << 20));
	b.max_vcpus = 4;
	b.max_kib = 2 * GIB;
	ck_assert_uint_eq(xg_paging_pool(&b), (4 << 20) + (8 << 20));
	b.flags |= XG_NO_HAP;
	ck_assert_uint_eq(xg_paging_pool(&b), (4 << 20) + (16 << 20));
}
END_TEST

/* --- the plan ------------------------------------------------------------- */

static struct xg_kernel
kernel(uint64_t paddr, uint64_t memsz)
{
	return (struct xg_kernel){ .fd = -1, .elf_class = 64,
		.has = XG_HAS_PHYS32_ENTRY, .phys32_entry = paddr + 0x850,
		.supported = 1u << 15, .nsegments = 2,
		.segments = { { .paddr = paddr, .memsz = 4096 },
		    { .paddr = paddr + 4096, .memsz = memsz - 4096 } } };
}

#define RSDP 0xfc000500ull

static int
plan(const struct xg_build *b, const struct xg_kernel *k, uint64_t module,
    struct xg_hvm_plan *p)
{
	struct xg_hvm_layout l = layout_of(b);

	return xg_hvm_plan(b, &l, k, module, RSDP, p, &err);
}

START_TEST(where_a_kernel_goes)
{
	struct xg_build b = order(XG_PVH, 128 << 10);
	struct xg_kernel k = kernel(16 << 20, (58 << 20) + 1);
	struct xg_hvm_plan p;

	b.cmdline = "console=hvc0";
	ck_assert_msg(plan(&b, &k, 5000, &p) == 0, "%s", err.msg);
	ck_assert_uint_eq(p.kernel_pfn, 4096);
	ck_assert_uint_eq(p.kernel_end, 4096 + 14848 + 1);
	ck_assert_uint_eq(p.shift, 0);
	ck_assert_uint_eq(p.entry, (16 << 20) + 0x850);
	ck_assert_uint_eq(p.module_pfn, p.kernel_end);
	ck_assert_uint_eq(p.module_pages, 2);
	ck_assert_uint_eq(p.info_pfn, p.kernel_end + 2);
	ck_assert_uint_eq(p.info_pages, 1);
	ck_assert_uint_eq(p.rsdp, RSDP);
	ck_assert(!p.rsdp_low);

	/* No room behind: before it, but not below 1 MiB. */
	b.memory_kib = 80 << 10;
	ck_assert_int_eq(plan(&b, &k, 14 << 20, &p), 0);
	ck_assert_uint_eq(p.module_pfn, 256);
	ck_assert_uint_eq(p.info_pfn, 256 + 3584);
	refused(plan(&b, &k, 15 << 20, &p), ENOMEM,
	    "need 90 MiB; the guest has 80 MiB below 4 GiB");

	/* An old kernel finds the root pointer below 1 MiB only. */
	k.supported = 0;
	ck_assert_int_eq(plan(&b, &k, 0, &p), 0);
	ck_assert(p.rsdp_low);
	ck_assert_uint_eq(p.rsdp, 0xfffc0);
	ck_assert_uint_eq(p.module_pages, 0);
	b.flags = 0;
	ck_assert_int_eq(plan(&b, &k, 0, &p), 0);
	ck_assert_uint_eq(p.rsdp, 0);
}
END_TEST

START_TEST(kernels_that_move)
{
	struct xg_build b = order(XG_PVH, 64 << 10);
	struct xg_kernel k = kernel(16 << 20, 50 << 20);
	struct xg_hvm_plan p;

	refused(plan(&b, &k, 0, &p), ENOMEM, "the kernel wants to lie from "
	    "0x1000000 to 0x4200000; the guest has 64 MiB below 4 GiB");
	k.has |= XG_HAS_PHYS32_RELOC;
	k.reloc_align = 2 << 20;
	k.reloc_max = UINT32_MAX;
	ck_assert_msg(plan(&b, &k, 0, &p) == 0, "%s", err.msg);
	ck_assert_uint_eq(p.kernel_pfn, 512);
	ck_assert_uint_eq(p.kernel_end, 512 + 12800);
	ck_assert_uint_eq(p.entry, (2 << 20) + 0x850);
	ck_assert_uint_eq((16 << 20) + p.shift, 2 << 20);
	k.reloc_min = (2 << 20) + 1;
	ck_assert_int_eq(plan(&b, &k, 0, &p), 0);
	ck_assert_uint_eq(p.kernel_pfn, 1024);
	/* The last byte would be behind the limit. */
	k.reloc_max = (54 << 20) - 2;
	refused(plan(&b, &k, 0, &p), ENOMEM, "wants to lie");
	k.reloc_max++;
	ck_assert_int_eq(plan(&b, &k, 0, &p), 0);
	/* Where it wants to be is better, when it fits. */
	b.memory_kib = 128 << 10;
	ck_assert_int_eq(plan(&b, &k, 0, &p), 0);
	ck_assert_uint_eq(p.kernel_pfn, 4096);
}
END_TEST

static int
parse_reloc(const void *desc, size_t size, uint64_t align, struct xg_kernel *k)
{
	const struct xg_limits limits = { 1 << 24, 1 << 24, 10 };
	struct xgi64 im;

	memset(&err, 0, sizeof(err));
	xgi_make64(&im);
	xgi_one_note(&im, 4, (uint32_t)size, 19, "Xen", desc, size);
	im.ph[0].p_align = align;
	return xg_parse(&im, sizeof(im), &limits, NULL, k, &err);
}

START_TEST(the_note_that_lets_kernels_move)
{
	const uint32_t all[] = { 4096, 5, 6 }, odd[] = { 3 };
	struct xg_kernel k;

	ck_assert_msg(parse_reloc(all, 12, 0, &k) == 0, "%s", err.msg);
	ck_assert_uint_eq(k.has & XG_HAS_PHYS32_RELOC, XG_HAS_PHYS32_RELOC);
	ck_assert_uint_eq(k.reloc_align, 4096);
	ck_assert_uint_eq(k.reloc_min, 5);
	ck_assert_uint_eq(k.reloc_max, 6);
	/* What it does not say. */
	ck_assert_int_eq(parse_reloc(all, 0, 16 << 20, &k), 0);
	ck_assert_uint_eq(k.reloc_align, 16 << 20);
	ck_assert_uint_eq(k.reloc_min, 0);
	ck_assert_uint_eq(k.reloc_max, UINT32_MAX);
	ck_assert_int_eq(parse_reloc(all, 0, 16, &k), 0);
	ck_assert_uint_eq(k.reloc_align, 2 << 20);
	refused(parse_reloc(odd, 4, 0, &k), EINVAL, "no power of two");
	refused(parse_reloc(all, 10, 0, &k), EINVAL, "has 10 bytes");
}
END_TEST

START_TEST(kernels_for_others)
{
	struct xg_build b = order(XG_PVH, 128 << 10);
	struct xg_kernel k = kernel(16 << 20, 1 << 20);
	struct xg_hvm_plan p;

	k.phys32_entry = 17 << 20;
	refused(plan(&b, &k, 0, &p), EINVAL, "the entry point 0x1100000");
	k = kernel(16 << 20, 1 << 20);
	k.required = 1u << 11;
	refused(plan(&b, &k, 0, &p), ENOTSUP, "control domain");
	k.has = XG_HAS_XEN_3_0 | XG_HAS_ENTRY | XG_HAS_VIRT_BASE;
	refused(plan(&b, &k, 0, &p), ENOTSUP, "runs as PV, not as PVH");
	k.has = 0;
	refused(plan(&b, &k, 0, &p), ENOTSUP, "no Xen PVH entry");
	/* All of it in the hole, or around it. */
	b.memory_kib = 8 * GIB;
	k = kernel(0xfd000000, 1 << 20);
	refused(plan(&b, &k, 0, &p), ENOMEM, "wants to lie");
	k = kernel(0xfbf00000, 2 << 20);
	refused(plan(&b, &k, 0, &p), ENOMEM, "wants to lie");
	k = kernel(1ull << 32, 2 << 20);
	refused(plan(&b, &k, 0, &p), ENOMEM, "wants to lie");

	b = order(XG_HVM, 128 << 10);
	k = kernel(1 << 20, 1 << 20);
	refused(plan(&b, &k, 0, &p), ENOTSUP, "begins with hvmloader");
}
END_TEST

START_TEST(where_hvmloader_goes)
{
	struct xg_build b = order(XG_HVM, 128 << 10);
	struct xg_kernel k = { .elf_class = 32, .e_entry = 1 << 20,
		.nsegments = 1,
		.segments = { { .paddr = 1 << 20, .memsz = 0x33f40 } } };
	struct xg_hvm_plan p;

	ck_assert_msg(plan(&b, &k, 256 << 10, &p) == 0, "%s", err.msg);
	ck_assert_uint_eq(p.entry, 1 << 20);
	ck_assert_uint_eq(p.kernel_pfn, 256);
	ck_assert_uint_eq(p.module_pfn, 256 + 0x34);
	ck_assert_uint_eq(p.module_pages, 64);
	ck_assert_uint_eq(p.rsdp, 0);
	/* Nothing goes where a display is. */
	k.segments[0].paddr = k.e_entry = 0x90000;
	refused(plan(&b, &k, 0, &p), ENOMEM, "wants to lie");
}
END_TEST

/* --- what the guest reads ------------------------------------------------- */

START_TEST(the_start_info)
{
	static uint8_t page[2 * 4096];
	struct xg_build b = order(XG_PVH, 4 * GIB);
	struct xg_kernel k = kernel(16 << 20, 1 << 20);
	struct xg_hvm_layout l = layout_of(&b);
	struct hvm_memmap_table_entry map[4];
	struct hvm_start_info info;
	struct hvm_modlist_entry mod;
	char longest[4096];
	struct xg_hvm_plan p;
	uint64_t base;

	memset(longest, 'x', 4095);
	longest[4095] = '\0';
	b.cmdline = longest;
	ck_assert_int_eq(plan(&b, &k, 5001, &p), 0);
	ck_assert_uint_eq(p.info_pages, 2);
	xg_hvm_start_info(&b, &l, &p, 5001, page);
	memcpy(&info, page, sizeof(info));
	base = p.info_pfn << 12;
	ck_assert_uint_eq(info.magic, 0x336ec578);
	ck_assert_uint_eq(info.version, 1);
	ck_assert_uint_eq(info.rsdp_paddr, RSDP);
	ck_assert_str_eq((char *)page + (info.cmdline_paddr - base), longest);
	ck_assert_uint_eq(info.nr_modules, 1);
	memcpy(&mod, page + (info.modlist_paddr - base), sizeof(mod));
	ck_assert_uint_eq(mod.paddr, p.module_pfn << 12);
	ck_assert_uint_eq(mod.size, 5001);
	ck_assert_uint_eq(info.memmap_entries, 4);
	memcpy(map, page + (info.memmap_paddr - base), sizeof(map));
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(map[i].addr, l.map[i].addr);
		ck_assert_uint_eq(map[i].size, l.map[i].size);
		ck_assert_uint_eq(map[i].type, l.map[i].type);
		ck_assert_uint_eq(map[i].reserved, 0);
	}

	memset(page, 0, sizeof(page));
	b = order(XG_HVM, 64 << 10);
	p.info_pages = 1;
	xg_hvm_start_info(&b, &l, &p, 5001, page);
	memcpy(&info, page, sizeof(info));
	memcpy(&mod, page + (info.modlist_paddr - base), sizeof(mod));
	ck_assert_str_eq((char *)page + (mod.cmdline_paddr - base),
	    "firmware");
}
END_TEST

static uint8_t
sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n-- > 0)
		s = (uint8_t)(s + *p++);
	return s;
}

START_TEST(the_table_of_hvmloader)
{
	uint8_t page[4096] = { 0 };
	struct xg_build b = order(XG_HVM, 4 * GIB);
	struct xg_hvm_layout l = layout_of(&b);
	struct hvm_info_table t;

	b.max_vcpus = 10;
	b.online[0] = 0x0f;
	b.online[1] = 0xff; /* only 8 and 9 exist */
	xg_hvm_info_table(&b, &l, page);
	memcpy(&t, page + 0x800, sizeof(t));
	ck_assert_mem_eq(t.signature, "HVM INFO", 8);
	ck_assert_uint_eq(t.length, sizeof(t));
	ck_assert_uint_eq(sum(page + 0x800, sizeof(t)), 0);
	ck_assert_uint_eq(t.apic_mode, 1);
	ck_assert_uint_eq(t.nr_vcpus, 10);
	ck_assert_uint_eq(t.low_mem_pgend, 0xf0000);
	ck_assert_uint_eq(t.high_mem_pgend, 0x110000);
	ck_assert_uint_eq(t.reserved_mem_pgstart, 0xfeff0);
	ck_assert_uint_eq(t.vcpu_online[0], 0x0f);
	ck_assert_uint_eq(t.vcpu_online[1], 0x03);
}
END_TEST

/* --- registers ------------------------------------------------------------ */

static uint8_t context[8192];
static size_t context_len;

static void
record(uint16_t type, uint16_t instance, const void *body, uint32_t len)
{
	struct hvm_save_descriptor d = { .typecode = type,
		.instance = instance, .length = len };

	memcpy(context + context_len, &d, sizeof(d));
	memcpy(context + context_len + sizeof(d), body, len);
	context_len += sizeof(d) + len;
}

static void
make_context(void)
{
	HVM_SAVE_TYPE(HEADER) h = { .magic = HVM_FILE_MAGIC, .cpuid = 77 };
	HVM_SAVE_TYPE(CPU) c = { .rip = 1 };
	HVM_SAVE_TYPE(MTRR) m = { .msr_pat_cr = 0x1234 };
	char other[40] = "lapic";

	context_len = 0;
	record(HVM_SAVE_CODE(HEADER), 0, &h, sizeof(h));
	record(HVM_SAVE_CODE(CPU), 0, &c, sizeof(c));
	record(HVM_SAVE_CODE(CPU), 1, &c, sizeof(c));
	record(HVM_SAVE_CODE(LAPIC), 0, other, sizeof(other));
	record(HVM_SAVE_CODE(MTRR), 0, &m, sizeof(m));
	record(HVM_SAVE_CODE(MTRR), 1, &m, sizeof(m));
	record(HVM_SAVE_CODE(END), 0, other, 0);
}

START_TEST(the_first_vcpu)
{
	struct xg_blob from = { .p = context };
	static uint8_t out[8192];
	struct hvm_save_descriptor d[5];
	HVM_SAVE_TYPE(HEADER) h;
	HVM_SAVE_TYPE(CPU) c;
	HVM_SAVE_TYPE(MTRR) m;
	size_t at = 0, n, len[] = { sizeof(h), sizeof(c), sizeof(m),
		sizeof(m), 0 };

	make_context();
	from.size = context_len;
	n = xg_vcpu_context(&from, true, 0x1000850, 0x4a00000, out,
	    sizeof(out));
	for (int i = 0; i < 5; i++) {
		memcpy(&d[i], out + at, sizeof(d[i]));
		ck_assert_uint_eq(d[i].length, len[i]);
		at += sizeof(d[i]);
		if (i == 0)
			memcpy(&h, out + at, sizeof(h));
		else if (i == 1)
			memcpy(&c, out + at, sizeof(c));
		else if (i == 3)
			memcpy(&m, out + at, sizeof(m));
		at += len[i];
	}
	ck_assert_uint_eq(n, at);
	ck_assert_uint_eq(h.cpuid, 77);
	ck_assert_uint_eq(d[1].typecode, HVM_SAVE_CODE(CPU));
	ck_assert_uint_eq(c.rip, 0x1000850);
	ck_assert_uint_eq(c.rbx, 0x4a00000);
	ck_assert_uint_eq(c.cr0, 0x11);
	ck_assert_uint_eq(c.cs_arbytes, 0xc9b);
	ck_assert_uint_eq(c.cs_limit, 0xffffffff);
	ck_assert_uint_eq(c.ss_arbytes, 0xc93);
	ck_assert_uint_eq(c.tr_limit, 0x67);
	ck_assert_uint_eq(c.rflags, 0);
	ck_assert_uint_eq(d[3].instance, 1);
	ck_assert_uint_eq(m.msr_pat_cr, 0x1234);
	ck_assert_uint_eq(m.msr_mtrr_def_type, 0x806);
	ck_assert_uint_eq(d[4].typecode, HVM_SAVE_CODE(END));

	/* Firmware sets the MTRRs itself. */
	ck_assert_uint_eq(xg_vcpu_context(&from, false, 1, 2, out, sizeof(out)),
	    n - 2 * (sizeof(m) + 8));
	for (size_t room = 0; room < n; room++)
		ck_assert_uint_eq(xg_vcpu_context(&from, true, 1, 2, out,
		    room), 0);
}
END_TEST

START_TEST(a_context_cut_short)
{
	static uint8_t out[8192];

	make_context();
	for (size_t cut = 0; cut < context_len; cut++) {
		AUTO_FREE uint8_t *copy = malloc(cut + 1);
		struct xg_blob from = { .p = copy, .size = cut };

		memcpy(copy, context, cut);
		ck_assert_uint_eq(xg_vcpu_context(&from, true, 1, 2, out,
		    sizeof(out)), 0);
	}
	/* A length that leads out of it. */
	memset(context + 4, 0xff, 4);
	ck_assert_uint_eq(xg_vcpu_context(&(struct xg_blob){ context,
	    context_len }, true, 1, 2, out, sizeof(out)), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("PVH and HVM");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_test(t, memory_of_a_small_pvh_guest);
	tcase_add_test(t, memory_beyond_the_hole);
	tcase_add_test(t, memory_on_demand);
	tcase_add_test(t, memory_of_any_size);
	tcase_add_test(t, orders_that_cannot_be);
	tcase_add_test(t, the_paging_pool);
	tcase_add_test(t, where_a_kernel_goes);
	tcase_add_test(t, kernels_that_move);
	tcase_add_test(t, the_note_that_lets_kernels_move);
	tcase_add_test(t, kernels_for_others);
	tcase_add_test(t, where_hvmloader_goes);
	tcase_add_test(t, the_start_info);
	tcase_add_test(t, the_table_of_hvmloader);
	tcase_add_test(t, the_first_vcpu);
	tcase_add_test(t, a_context_cut_short);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
