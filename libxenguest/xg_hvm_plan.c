/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where everything of a PVH or HVM domain goes, and the two structures that tell
 * the guest. Arithmetic only: no Xen, no memory.
 *
 * Kernels lie where they say. Ramdisk (or firmware) and start info follow, or
 * precede when there is no room behind.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/features.h>
#include <xen/hvm/hvm_info_table.h>

#include "xg_hvm.h"

#define PAGES(bytes)   (((bytes) + XC_PAGE_SIZE - 1) >> XC_PAGE_SHIFT)
#define PFN_1M	       0x100ull
#define PFN_4G	       0x100000ull
#define MIB(pages)     ((unsigned long long)((pages) + 255) >> 8)
/* Room for devices of HVM below 4 GiB, KiB. */
#define HOLE_DEFAULT   (256ull << 10)
#define HOLE_MAX       (3840ull << 10)
#define E820_RAM       1u
#define E820_RESERVED  2u
#define E820_ACPI      3u
/* Old kernels look for the root pointer between 0xe0000 and 1 MiB only. */
#define RSDP_LOW       (0x100000ull - 64)
#define HVM_INFO_AT    0x800u
/* Parts of the start info's pages. */
#define MODLIST_AT     64u
#define MEMMAP_AT      96u
#define TEXT_AT	       192u

_Static_assert(sizeof(struct hvm_start_info) <= MODLIST_AT, "start info");
_Static_assert(MODLIST_AT + sizeof(struct hvm_modlist_entry) == MEMMAP_AT,
    "module list");
_Static_assert(MEMMAP_AT + 4 * sizeof(struct hvm_memmap_table_entry) ==
    TEXT_AT, "memory map");

uint32_t
xg_nr_vcpus(const struct xg_build *b)
{
	return b->max_vcpus == 0 ? 1 : b->max_vcpus;
}

bool
xg_is_online(const struct xg_build *b, uint32_t vcpu)
{
	static const uint8_t none[sizeof(b->online)];

	if (memcmp(b->online, none, sizeof(none)) == 0)
		return true;
	return vcpu / 8 < sizeof(b->online) &&
	    (b->online[vcpu / 8] >> vcpu % 8 & 1) != 0;
}

/* --- memory --------------------------------------------------------------- */

static void
add_ram(struct xg_hvm_layout *l, uint64_t pfn, uint64_t end)
{
	if (pfn >= end)
		return;
	l->ram[l->nr_ram++] = (struct xg_run){ pfn, end };
	l->ram_pages += end - pfn;
}

static void
add_map(struct xg_hvm_layout *l, uint64_t pfn, uint64_t end, uint32_t type)
{
	l->map[l->nr_map++] = (struct xc_e820){ .addr = pfn << XC_PAGE_SHIFT,
		.size = (end - pfn) << XC_PAGE_SHIFT, .type = type };
}

static int
check_sizes(const struct xg_build *b, struct xg_error *e)
{
	const unsigned long long kib = b->memory_kib, max = b->max_kib;

	if (xg_nr_vcpus(b) > XG_HVM_MAX_VCPUS)
		return xg_fail(e, EINVAL, "%u vCPUs; a PVH or HVM guest can "
		    "have %u", b->max_vcpus, XG_HVM_MAX_VCPUS);
	if (max != 0 && max < kib)
		return xg_fail(e, EINVAL,
		    "%llu KiB of memory are more than its maximum of %llu KiB",
		    kib, max);
	if (kib / 4 == 0 || kib / 4 > 1ull << 36 || max / 4 > 1ull << 36)
		return xg_fail(e, EINVAL, "%llu KiB of memory is out of range",
		    max > kib ? max : kib);
	if (b->type != XG_HVM)
		return 0;
	if (b->video_kib >= kib ||
	    (kib - b->video_kib) / 4 < 2 * PFN_1M)
		return xg_fail(e, ENOMEM, "%llu KiB of memory, of which %llu "
		    "KiB are the display's, are too few: firmware needs 2 MiB",
		    kib, (unsigned long long)b->video_kib);
	if (b->mmio_hole_kib != 0 && (b->mmio_hole_kib < HOLE_DEFAULT ||
		b->mmio_hole_kib > HOLE_MAX || b->mmio_hole_kib % 1024 != 0))
		return xg_fail(e, EINVAL, "a hole of %llu KiB for devices; "
		    "256 to 3840 MiB are possible",
		    (unsigned long long)b->mmio_hole_kib);
	return 0;
}

int
xg_hvm_layout(const struct xg_build *b, struct xg_hvm_layout *l,
    struct xg_error *e)
{
	uint64_t hole = b->mmio_hole_kib != 0 ? b->mmio_hole_kib : HOLE_DEFAULT;
	uint64_t start = XG_PFN_ACPI, video = 0, total;
	bool hvm = b->type == XG_HVM;

	memset(l, 0, sizeof(*l));
	if (check_sizes(b, e) < 0)
		return -1;
	if (hvm) {
		start = PFN_4G - hole / 4;
		video = b->video_kib / 4;
	}
	l->on_demand = b->max_kib / 4 > b->memory_kib / 4;
	total = (l->on_demand ? b->max_kib : b->memory_kib) / 4 - video;
	l->low_end = total < start ? total : start;
	if (total > l->low_end)
		l->high_end = PFN_4G + (total - l->low_end);
	add_ram(l, 0, hvm ? XG_PFN_VGA : l->low_end);
	if (hvm)
		add_ram(l, XG_PFN_VGA_END, l->low_end);
	add_ram(l, PFN_4G, l->high_end);
	l->target_pages = b->memory_kib / 4 - video - (total - l->ram_pages);
	l->special_pfn = hvm ? XG_PFN_IOREQ_SERVER : XG_PFN_PAGING;
	if (!hvm && (b->flags & XG_ACPI) != 0)
		l->acpi_pages = b->nr_vnodes > 0 ? XG_ACPI_PAGES_MAX :
						   XG_ACPI_PAGES;

	/* Firmware makes the map below 1 MiB itself, and that of its tables. */
	add_map(l, hvm ? PFN_1M : 0, l->low_end, E820_RAM);
	if (l->acpi_pages > 0)
		add_map(l, XG_PFN_ACPI, XG_PFN_ACPI + l->acpi_pages, E820_ACPI);
	if (!hvm)
		add_map(l, l->special_pfn, XG_PFN_SPECIAL_END, E820_RESERVED);
	if (l->high_end > 0)
		add_map(l, PFN_4G, l->high_end, E820_RAM);
	return 0;
}

/* --- the kernel ----------------------------------------------------------- */

static int
check_kernel(const struct xg_build *b, const struct xg_kernel *k,
    struct xg_error *e)
{
	const uint32_t pv = XG_HAS_XEN_3_0 | XG_HAS_ENTRY | XG_HAS_VIRT_BASE;

	if (b->type == XG_HVM) {
		if (k->elf_class != 32 ||
		    (k->has & (pv | XG_HAS_PHYS32_ENTRY)) != 0)
			return xg_fail(e, ENOTSUP, "an HVM guest begins with "
			    "hvmloader; this is something else");
		return 0;
	}
	if ((k->has & XG_HAS_PHYS32_ENTRY) == 0)
		return xg_fail(e, ENOTSUP, (k->has & pv) == pv
			? "this kernel runs as PV, not as PVH (its ELF notes "
			  "lack PHYS32_ENTRY)"
			: "this kernel has no Xen PVH entry (its ELF notes "
			  "lack PHYS32_ENTRY)");
	if ((k->required & 1u << XENFEAT_dom0) != 0)
		return xg_fail(e, ENOTSUP, "this kernel runs as the control "
		    "domain only");
	return 0;
}

/* The run below 4 GiB that holds all of pfn..end - 1, or NULL. */
static const struct xg_run *
run_of(const struct xg_hvm_layout *l, uint64_t pfn, uint64_t end)
{
	for (uint32_t i = 0; i < l->nr_ram; i++)
		if (pfn >= l->ram[i].pfn && end <= l->ram[i].end &&
		    l->ram[i].pfn < PFN_4G)
			return &l->ram[i];
	return NULL;
}

/* Somewhere else, if the kernel can: as low as possible above 1 MiB. */
static bool
relocate(const struct xg_hvm_layout *l, const struct xg_kernel *k,
    uint64_t low, uint64_t size, uint64_t *shift)
{
	uint64_t align = k->reloc_align, at;

	if ((k->has & XG_HAS_PHYS32_RELOC) == 0 || align < XC_PAGE_SIZE ||
	    (align & (align - 1)) != 0)
		return false;
	at = k->reloc_min > 0x100000 ? k->reloc_min : 0x100000;
	at = (at + align - 1) & ~(align - 1);
	if (at + size - 1 > k->reloc_max ||
	    run_of(l, at >> XC_PAGE_SHIFT, PAGES(at + size)) == NULL)
		return false;
	*shift = at - low;
	return true;
}

static int
place_kernel(const struct xg_build *b, const struct xg_hvm_layout *l,
    const struct xg_kernel *k, struct xg_hvm_plan *p, struct xg_error *e)
{
	uint64_t low, high;

	xg_kernel_span(k, &low, &high);
	p->entry = b->type == XG_HVM ? k->e_entry : k->phys32_entry;
	if (p->entry < low || p->entry >= high)
		return xg_fail(e, EINVAL,
		    "the entry point %#llx is not in the kernel",
		    (unsigned long long)p->entry);
	if (run_of(l, low >> XC_PAGE_SHIFT, PAGES(high)) == NULL &&
	    !relocate(l, k, low, high - low, &p->shift))
		return xg_fail(e, ENOMEM,
		    "the kernel wants to lie from %#llx to %#llx; the guest "
		    "has %llu MiB below 4 GiB", (unsigned long long)low,
		    (unsigned long long)high, MIB(l->low_end));
	p->entry += p->shift;
	p->kernel_pfn = (low + p->shift) >> XC_PAGE_SHIFT;
	p->kernel_end = PAGES(high + p->shift);
	return 0;
}

/* --- what goes with it ---------------------------------------------------- */

static const char *
module_name(const struct xg_build *b)
{
	return b->type == XG_HVM ? "firmware" : "";
}

static uint64_t
info_size(const struct xg_build *b)
{
	const char *cmdline = b->cmdline != NULL ? b->cmdline : "";

	return TEXT_AT + strlen(cmdline) + 1 + strlen(module_name(b)) + 1;
}

int
xg_hvm_plan(const struct xg_build *b, const struct xg_hvm_layout *l,
    const struct xg_kernel *k, uint64_t module_size, uint64_t rsdp,
    struct xg_hvm_plan *p, struct xg_error *e)
{
	const struct xg_run *run;
	uint64_t need, first, behind;

	memset(p, 0, sizeof(*p));
	if (check_kernel(b, k, e) < 0 || place_kernel(b, l, k, p, e) < 0)
		return -1;
	p->module_pages = PAGES(module_size);
	p->info_pages = PAGES(info_size(b));
	need = p->module_pages + p->info_pages;
	run = run_of(l, p->kernel_pfn, p->kernel_end);
	first = run->pfn > PFN_1M ? run->pfn : PFN_1M;
	behind = p->kernel_end > first ? p->kernel_end : first;
	if (run->end >= behind && run->end - behind >= need)
		p->module_pfn = behind;
	else if (p->kernel_pfn >= first && p->kernel_pfn - first >= need)
		p->module_pfn = first;
	else
		return xg_fail(e, ENOMEM, "kernel and %s need %llu MiB; the "
		    "guest has %llu MiB below 4 GiB",
		    b->type == XG_HVM ? "firmware" : "ramdisk",
		    MIB(p->kernel_end + need), MIB(l->low_end));
	p->info_pfn = p->module_pfn + p->module_pages;
	if (l->acpi_pages == 0)
		return 0;
	p->rsdp_low =
	    (k->supported & 1u << XENFEAT_linux_rsdp_unrestricted) == 0 &&
	    p->kernel_pfn >= PFN_1M;
	p->rsdp = p->rsdp_low ? RSDP_LOW : rsdp;
	return 0;
}

/* --- what the guest reads first ------------------------------------------- */

void
xg_hvm_start_info(const struct xg_build *b, const struct xg_hvm_layout *l,
    const struct xg_hvm_plan *p, uint64_t module_size, uint8_t *out)
{
	uint64_t at = p->info_pfn << XC_PAGE_SHIFT;
	struct hvm_start_info info = { .magic = XEN_HVM_START_MAGIC_VALUE,
		.version = 1, .rsdp_paddr = p->rsdp,
		.memmap_paddr = at + MEMMAP_AT, .memmap_entries = l->nr_map };
	struct hvm_modlist_entry module = { .size = module_size,
		.paddr = p->module_pfn << XC_PAGE_SHIFT };
	const char *cmdline = b->cmdline != NULL ? b->cmdline : "";
	size_t len = strlen(cmdline) + 1;

	memcpy(out + TEXT_AT, cmdline, len);
	info.cmdline_paddr = at + TEXT_AT;
	if (p->module_pages > 0) {
		memcpy(out + TEXT_AT + len, module_name(b),
		    strlen(module_name(b)) + 1);
		if (module_name(b)[0] != '\0')
			module.cmdline_paddr = at + TEXT_AT + len;
		info.nr_modules = 1;
		info.modlist_paddr = at + MODLIST_AT;
		memcpy(out + MODLIST_AT, &module, sizeof(module));
	}
	for (uint32_t i = 0; i < l->nr_map; i++) {
		struct hvm_memmap_table_entry m = { .addr = l->map[i].addr,
			.size = l->map[i].size, .type = l->map[i].type };

		memcpy(out + MEMMAP_AT + i * sizeof(m), &m, sizeof(m));
	}
	memcpy(out, &info, sizeof(info));
}

void
xg_hvm_info_table(const struct xg_build *b, const struct xg_hvm_layout *l,
    uint8_t *page)
{
	struct hvm_info_table t = { .length = sizeof(t),
		.apic_mode = (b->flags & XG_APIC) != 0,
		.nr_vcpus = xg_nr_vcpus(b),
		.low_mem_pgend = (uint32_t)l->low_end,
		.high_mem_pgend = (uint32_t)l->high_end,
		.reserved_mem_pgstart = (uint32_t)l->special_pfn };
	uint8_t sum = 0;

	memcpy(t.signature, "HVM INFO", sizeof(t.signature));
	for (uint32_t i = 0; i < t.nr_vcpus; i++)
		if (xg_is_online(b, i))
			t.vcpu_online[i / 8] |= (uint8_t)(1u << i % 8);
	for (size_t i = 0; i < sizeof(t); i++)
		sum = (uint8_t)(sum + ((const uint8_t *)&t)[i]);
	t.checksum = (uint8_t)-sum;
	memcpy(page + HVM_INFO_AT, &t, sizeof(t));
}
