/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * prog_seen DOMID: what a paused guest of any toolstack will find when it
 * begins, one fact a line, so that two guests can be compared with diff: limits,
 * registers, start information (start_info, or hvm_start_info with memory map and
 * ACPI tables), parameters, p2m, first grants. Frames and ports, which differ
 * from guest to guest, are left out or said in the guest's own numbers.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/grant_table.h>
#include <xen/hvm/params.h>
#include <xen/hvm/save.h>

#include "xenctrl.h"
#include "xenctrl_cpu.h"
#include "xenctrl_hvm.h"

#define PFN(a)	    ((a) >> XC_PAGE_SHIFT)
#define OFFSET(a)   ((a) & (XC_PAGE_SIZE - 1))
#define PTE_FRAME   0x000ffffffffff000ull
#define TABLE_MAX   65536u
#define ACPI_HEADER 36u

static xc_interface *xch;
static uint32_t domid;

static int
fail(const char *what)
{
	fprintf(stderr, "prog_seen: %s: %s\n", what, xc_last_error(xch));
	exit(1);
}

static uint64_t
little(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* --- memory by frames (PV: the machine's) ----------------------------------- */

static void
read_frame(uint64_t frame, void *page)
{
	void *p = xc_map_foreign_range(xch, domid, PROT_READ, frame, 1);

	if (p == NULL)
		fail("map a frame");
	memcpy(page, p, XC_PAGE_SIZE);
	xc_unmap_foreign(xch, p, 1);
}

/* n bytes at a physical address of a PVH guest. */
static void
read_bytes(uint64_t at, void *to, size_t n)
{
	uint8_t page[XC_PAGE_SIZE], *out = to;

	while (n > 0) {
		size_t part = XC_PAGE_SIZE - OFFSET(at);

		part = part < n ? part : n;
		read_frame(PFN(at), page);
		memcpy(out, page + OFFSET(at), part);
		at += part;
		out += part;
		n -= part;
	}
}

static void
print_string(const char *what, uint64_t at)
{
	char text[256] = "";

	if (at != 0)
		read_bytes(at, text, sizeof(text) - 1);
	printf("%s %s\n", what, at == 0 ? "none" : text);
}

/* --- of every guest ---------------------------------------------------------- */

static void
limits(const struct xc_domaininfo *i, bool hvm)
{
	struct xc_tsc_info tsc;
	uint64_t pool;

	printf("pages %llu\n", (unsigned long long)i->tot_pages);
	printf("pages at most %llu\n", (unsigned long long)i->max_pages);
	printf("highest vcpu %u\n", i->max_vcpu_id);
	if (xc_domain_get_tsc_info(xch, domid, &tsc) == 0)
		printf("tsc mode %u\n", tsc.mode);
	if (hvm && xc_get_paging_mempool(xch, domid, &pool) == 0)
		printf("paging pool %llu KiB\n", (unsigned long long)pool >> 10);
}

/* Who may map the first two pages that were granted. */
static void
grants(void)
{
	const grant_entry_v1_t *g = xc_map_resource(xch, domid,
	    XC_RESOURCE_GRANT_TABLE, 0, 0, 1, PROT_READ);

	if (g == NULL)
		fail("grant table");
	for (int i = 0; i < 3; i++)
		/* Whether the other side has mapped it by now is its matter. */
		printf("grant %d type %u domid %u\n", i,
		    g[i].flags & GTF_type_mask, g[i].domid);
	xc_unmap_foreign(xch, (void *)(uintptr_t)g, 1);
}

/* --- ACPI --------------------------------------------------------------------- */

static unsigned
sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n-- > 0)
		s = (uint8_t)(s + *p++);
	return s;
}

static void
fadt(const uint8_t *t, size_t n)
{
	static const struct {
		const char *name;
		uint8_t at, size;
	} rows[] = { { "sci", 46, 2 }, { "smi command", 48, 4 },
		{ "pm1a event", 56, 4 }, { "pm1a control", 64, 4 },
		{ "pm timer", 76, 4 }, { "pm1 event length", 88, 1 },
		{ "pm1 control length", 89, 1 }, { "pm timer length", 91, 1 },
		{ "c2 latency", 96, 2 }, { "c3 latency", 98, 2 },
		{ "boot flags", 109, 2 }, { "flags", 112, 4 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].at + rows[i].size <= n)
			printf("acpi fadt %s %#llx\n", rows[i].name,
			    (unsigned long long)little(t + rows[i].at,
				rows[i].size));
}

static void
madt(const uint8_t *t, size_t n)
{
	if (n < 44)
		return;
	printf("acpi madt base %#llx flags %llu\n",
	    (unsigned long long)little(t + 36, 4),
	    (unsigned long long)little(t + 40, 4));
	for (size_t at = 44; at + 2 <= n && t[at + 1] >= 2; at += t[at + 1]) {
		printf("acpi madt entry type %u", t[at]);
		if (t[at] == 0)
			printf(" processor %u apic %u flags %llu", t[at + 2],
			    t[at + 3],
			    (unsigned long long)little(t + at + 4, 4));
		putchar('\n');
	}
}

static void
dsdt(const uint8_t *t, size_t n)
{
	unsigned processors = 0;

	for (size_t i = 0; i + 8 <= n; i++)
		processors += memcmp(t + i, "ACPI0007", 8) == 0;
	printf("acpi dsdt processors %u\n", processors);
}

static void
table(uint64_t at)
{
	uint8_t head[ACPI_HEADER], *t;
	size_t n;

	read_bytes(at, head, sizeof(head));
	n = (size_t)little(head + 4, 4);
	if (n < sizeof(head) || n > TABLE_MAX || (t = malloc(n)) == NULL) {
		printf("acpi table of %zu bytes\n", n);
		return;
	}
	read_bytes(at, t, n);
	printf("acpi %.4s revision %u %s oem '%.6s' '%.8s'\n", (char *)t, t[8],
	    memcmp(t, "FACS", 4) == 0 || sum(t, n) == 0 ? "sound" : "WRONG SUM",
	    (char *)t + 10, (char *)t + 16);
	if (memcmp(t, "FACP", 4) == 0 && n >= 44) {
		fadt(t, n);
		table(little(t + 40, 4));
		printf("acpi facs %s\n", little(t + 36, 4) != 0 ? "there" :
								 "none");
	} else if (memcmp(t, "APIC", 4) == 0) {
		madt(t, n);
	} else if (memcmp(t, "DSDT", 4) == 0) {
		dsdt(t, n);
	} else if (memcmp(t, "XSDT", 4) == 0) {
		for (size_t i = ACPI_HEADER; i + 8 <= n; i += 8)
			table(little(t + i, 8));
	}
	free(t);
}

static void
acpi(uint64_t at)
{
	uint8_t r[36];

	if (at == 0) {
		printf("acpi none\n");
		return;
	}
	read_bytes(at, r, sizeof(r));
	printf("acpi root pointer '%.8s' revision %u %s, rsdt %s\n", (char *)r,
	    r[15], sum(r, 20) == 0 && sum(r, 36) == 0 ? "sound" : "WRONG SUM",
	    little(r + 16, 4) != 0 ? "there" : "none");
	table(little(r + 24, 8));
}

/* --- PVH ------------------------------------------------------------------------ */

static void
parameters(void)
{
	uint64_t v;

	for (uint32_t i = 0; i < HVM_NR_PARAMS; i++) {
		if (i == HVM_PARAM_STORE_EVTCHN || i == HVM_PARAM_CONSOLE_EVTCHN)
			continue;
		if (xc_hvm_param_get(xch, domid, i, &v) == 0 && v != 0)
			printf("parameter %u %#llx\n", i, (unsigned long long)v);
	}
}

static void
memory_map(const struct hvm_start_info *s)
{
	struct hvm_memmap_table_entry m;

	for (uint32_t i = 0; i < s->memmap_entries && i < 128; i++) {
		read_bytes(s->memmap_paddr + i * sizeof(m), &m, sizeof(m));
		printf("map %#llx + %#llx type %u\n", (unsigned long long)m.addr,
		    (unsigned long long)m.size, m.type);
	}
}

static void
start_info_pvh(uint64_t at)
{
	struct hvm_modlist_entry m;
	struct hvm_start_info s;

	read_bytes(at, &s, sizeof(s));
	printf("start magic %#x version %u flags %u modules %u\n", s.magic,
	    s.version, s.flags, s.nr_modules);
	print_string("command line", s.cmdline_paddr);
	for (uint32_t i = 0; i < s.nr_modules && i < 4; i++) {
		read_bytes(s.modlist_paddr + i * sizeof(m), &m, sizeof(m));
		printf("module %u bytes %llu aligned %s\n", i,
		    (unsigned long long)m.size,
		    OFFSET(m.paddr) == 0 ? "yes" : "no");
		print_string("module's words", m.cmdline_paddr);
	}
	memory_map(&s);
	acpi(s.rsdp_paddr);
}

static void
pvh(void)
{
	HVM_SAVE_TYPE(MTRR) m = { 0 };
	HVM_SAVE_TYPE(CPU) c;

	if (xc_domain_hvm_getcontext_partial(xch, domid, HVM_SAVE_CODE(CPU), 0,
		&c, sizeof(c)) < 0)
		fail("registers");
	printf("rip %#llx rflags %#llx cr0 %#llx cr4 %#llx efer %#llx\n",
	    (unsigned long long)c.rip, (unsigned long long)c.rflags,
	    (unsigned long long)c.cr0, (unsigned long long)c.cr4,
	    (unsigned long long)c.msr_efer);
	printf("dr6 %#llx dr7 %#llx\n", (unsigned long long)c.dr6,
	    (unsigned long long)c.dr7);
	printf("cs %#x %#x ds %#x %#x es %#x %#x ss %#x %#x tr %#x %#x\n",
	    c.cs_limit, c.cs_arbytes, c.ds_limit, c.ds_arbytes, c.es_limit,
	    c.es_arbytes, c.ss_limit, c.ss_arbytes, c.tr_limit, c.tr_arbytes);
	if (xc_domain_hvm_getcontext_partial(xch, domid, HVM_SAVE_CODE(MTRR), 0,
		&m, sizeof(m)) >= 0)
		printf("mtrr %#llx pat %#llx\n",
		    (unsigned long long)m.msr_mtrr_def_type,
		    (unsigned long long)m.msr_pat_cr);
	parameters();
	start_info_pvh(c.rbx);
}

/* --- PV -------------------------------------------------------------------------- */

/* The machine frame behind a virtual address, 0 = none. */
static uint64_t
walk(uint64_t l4, uint64_t va)
{
	uint64_t t[XC_PAGE_SIZE / 8], frame = l4;

	for (int level = 4; level > 0; level--) {
		uint64_t e;

		read_frame(frame, t);
		e = t[va >> (3 + 9 * level) & 511];
		if ((e & 1) == 0)
			return 0;
		frame = PFN(e & PTE_FRAME);
	}
	return frame;
}

/* Every page is there, and the list agrees with what is mapped. */
static void
p2m(uint64_t l4, const start_info_t *s, uint64_t info_va)
{
	uint64_t list[XC_PAGE_SIZE / 8], pages = 0, frame;
	uint64_t info = walk(l4, info_va);
	bool found = false;

	for (uint64_t i = 0; i < s->nr_pages; i++) {
		if (i % 512 == 0) {
			frame = walk(l4, s->mfn_list + i * 8);
			if (frame == 0)
				break;
			read_frame(frame, list);
		}
		pages += list[i % 512] != 0 && list[i % 512] < 1ull << 40;
		found |= list[i % 512] == info;
	}
	printf("p2m pages %llu, start_info %s among them\n",
	    (unsigned long long)pages, found ? "is" : "is NOT");
}

static void
shared(uint64_t frame)
{
	uint8_t page[XC_PAGE_SIZE];
	const shared_info_t *s = (const void *)page;
	unsigned masked = 0;

	read_frame(frame, page);
	for (int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		masked += s->vcpu_info[i].evtchn_upcall_mask;
	printf("shared_info masked %u max_pfn %lu\n", masked, s->arch.max_pfn);
}

static void
start_info_pv(const start_info_t *s, bool mapped_module)
{
	printf("start '%.32s' pages %lu flags %#x\n", s->magic, s->nr_pages,
	    s->flags);
	printf("page tables %#lx frames %lu\n", s->pt_base, s->nr_pt_frames);
	printf("p2m at %#lx pfn %#lx frames %lu\n", s->mfn_list,
	    s->first_p2m_pfn, s->nr_p2m_frames);
	printf("module at %#lx%s bytes %lu\n", s->mod_start,
	    mapped_module ? " mapped" : "", s->mod_len);
	printf("command line %.1023s\n", s->cmd_line);
	printf("store and console %s\n", s->store_mfn != 0 &&
	    s->console.domU.mfn != 0 && s->store_evtchn != 0 &&
	    s->console.domU.evtchn != 0 ? "there" : "MISSING");
}

static void
pv(const struct xc_domaininfo *i)
{
	static vcpu_guest_context_t c;
	uint8_t page[XC_PAGE_SIZE];
	const start_info_t *s = (const void *)page;
	uint64_t l4, frame;

	if (xc_vcpu_getcontext(xch, domid, 0, &c, sizeof(c)) < 0)
		fail("registers");
	printf("rip %#lx rsi %#lx rsp %#lx rflags %#lx\n", c.user_regs.rip,
	    c.user_regs.rsi, c.user_regs.rsp, c.user_regs.rflags);
	printf("cs %#x ds %#x ss %#x kernel ss %#lx flags %#lx\n",
	    c.user_regs.cs, c.user_regs.ds, c.user_regs.ss, c.kernel_ss,
	    c.flags);
	printf("dr6 %#lx dr7 %#lx\n", c.debugreg[6], c.debugreg[7]);
	l4 = PFN(c.ctrlreg[3]);
	frame = walk(l4, c.user_regs.rsi);
	if (frame == 0)
		fail("start_info is not mapped");
	read_frame(frame, page);
	start_info_pv(s, (s->flags & SIF_MOD_START_PFN) == 0);
	p2m(l4, s, c.user_regs.rsi);
	shared(i->shared_info_frame);
}

int
main(int argc, char **argv)
{
	struct xc_domaininfo i;
	char why[256];
	bool hvm;

	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL || argc != 2) {
		fprintf(stderr, "prog_seen: %s\n",
		    xch == NULL ? why : "usage: prog_seen DOMID");
		return 1;
	}
	domid = (uint32_t)strtoul(argv[1], NULL, 10);
	if (xc_domain_getinfo(xch, domid, &i) < 0)
		return fail("domain");
	hvm = (i.flags & XC_DOMINF_HVM) != 0;
	limits(&i, hvm);
	if (hvm)
		pvh();
	else
		pv(&i);
	grants();
	xc_interface_close(xch);
	return 0;
}
