/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only a PVH guest does: hvm_start_info, shared_info in a hole of the
 * memory map, rings and ports from HVM parameters, and suspend.
 */
#include "hypercall.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include <xen/memory.h>
#include <xen/sched.h>

/* Below the special pages, above RAM: no RAM is lost under it. */
#define SHARED_INFO 0xfe700000UL
#define KERNEL_CS 8
#define CALLBACK_VECTOR 0xf3UL
#define FOUR_GIB (1UL << 32)

struct gate {
	uint16_t low, selector;
	uint8_t ist, type;
	uint16_t middle;
	uint32_t high, zero;
};

void pvh_start(uint64_t info);

static void
cpuid(uint32_t leaf, uint32_t *b, uint32_t *c, uint32_t *d)
{
	uint32_t a = leaf;

	*c = 0;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(*b), "+c"(*c), "=d"(*d));
}

static void
choose_hypercall(void)
{
	struct {
		uint32_t b, d, c;
	} vendor;

	cpuid(0, &vendor.b, &vendor.c, &vendor.d);
	hypercall_stub = hypercall_intel;
	if (memcmp(&vendor, "AuthenticAMD", 12) == 0 ||
	    memcmp(&vendor, "HygonGenuine", 12) == 0)
		hypercall_stub = hypercall_amd;
}

static uint64_t
param(uint32_t index)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

	if (hypercall2(__HYPERVISOR_hvm_op, HVMOP_get_param, &p) != 0)
		panic("HVM parameter %u cannot be read", index);
	return p.value;
}

/*
 * A toolstack tells a guest that its suspend was cancelled only when there is
 * a callback: without one it takes the guest for one that does not know Xen.
 * No upcall ever comes, every port stays masked.
 */
static void
set_callback(void)
{
	struct xen_hvm_param p = { .domid = DOMID_SELF,
		.index = HVM_PARAM_CALLBACK_IRQ,
		.value = (uint64_t)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 |
		    CALLBACK_VECTOR };

	if (hypercall2(__HYPERVISOR_hvm_op, HVMOP_set_param, &p) != 0)
		panic("the callback cannot be set");
}

static void
take_rings(void)
{
	struct xen_add_to_physmap add = { .domid = DOMID_SELF,
		.space = XENMAPSPACE_shared_info,
		.gpfn = SHARED_INFO / TINY_PAGE };

	if (hypercall2(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, &add) !=
	    0)
		panic("shared_info cannot be mapped");
	shared = (struct shared_info *)SHARED_INFO;
	plat.console_ring = (void *)(param(HVM_PARAM_CONSOLE_PFN) * TINY_PAGE);
	plat.store_ring = (void *)(param(HVM_PARAM_STORE_PFN) * TINY_PAGE);
	plat.console_port = (evtchn_port_t)param(HVM_PARAM_CONSOLE_EVTCHN);
	plat.store_port = (evtchn_port_t)param(HVM_PARAM_STORE_EVTCHN);
	set_callback();
}

static bool
pvh_suspend(void)
{
	struct sched_shutdown how = { .reason = SHUTDOWN_suspend };
	bool cancelled;

	cancelled = hypercall2(__HYPERVISOR_sched_op, SCHEDOP_shutdown,
	    &how) != 0;
	take_rings();
	return cancelled;
}

static bool
pvh_map_page(uint64_t pfn)
{
	return pfn < FOUR_GIB / TINY_PAGE; /* all of it is mapped */
}

static uint64_t
pvh_fault_address(void)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	return cr2;
}

static void
set_traps(void)
{
	static struct gate idt[NR_TRAPS];
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) pointer = { sizeof(idt) - 1, (uint64_t)idt };

	for (unsigned int i = 0; i < NR_TRAPS; i++) {
		uint64_t at = (uint64_t)trap_stubs_pvh + i * TRAP_STUB_SIZE;

		idt[i] = (struct gate) { .low = (uint16_t)at,
			.selector = KERNEL_CS, .type = 0x8e,
			.middle = (uint16_t)(at >> 16),
			.high = (uint32_t)(at >> 32) };
	}
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void
reserve_bytes(uint64_t at, uint64_t len)
{
	uint64_t first = at / TINY_PAGE;

	if (at != 0 && len != 0)
		mem_reserve(first, (at + len - 1) / TINY_PAGE - first + 1);
}

/* RAM is what the map says; pages come from the part the image lies in. */
static void
take_memory(const struct hvm_start_info *info)
{
	const struct hvm_memmap_table_entry *map = (void *)info->memmap_paddr;
	const struct hvm_modlist_entry *mod = (void *)info->modlist_paddr;
	uint64_t end = 0;

	for (uint32_t i = 0; i < info->memmap_entries; i++) {
		if (map[i].type != XEN_HVM_MEMMAP_TYPE_RAM)
			continue;
		plat.nr_pages += map[i].size / TINY_PAGE;
		if (map[i].addr <= (uint64_t)image_start &&
		    map[i].addr + map[i].size >= (uint64_t)image_end)
			end = map[i].addr + map[i].size;
	}
	if (end == 0)
		panic("no memory map holds the kernel");
	reserve_bytes((uint64_t)info, sizeof(*info));
	reserve_bytes(info->cmdline_paddr, MAX_GUEST_CMDLINE);
	reserve_bytes(info->memmap_paddr, info->memmap_entries * sizeof(*map));
	reserve_bytes(info->modlist_paddr, info->nr_modules * sizeof(*mod));
	for (uint32_t i = 0; i < info->nr_modules && i < 4; i++)
		reserve_bytes(mod[i].paddr, mod[i].size);
	mem_init((uint64_t)image_end / TINY_PAGE, end / TINY_PAGE);
}

void
pvh_start(uint64_t at)
{
	const struct hvm_start_info *info = (void *)at;

	choose_hypercall();
	plat = (struct platform) { .name = "pvh", .suspend = pvh_suspend,
		.map_page = pvh_map_page, .fault_address = pvh_fault_address };
	set_traps();
	take_rings();
	console_connect();
	if (info->magic != XEN_HVM_START_MAGIC_VALUE || info->version < 1)
		panic("start info of version 1 wanted");
	if (info->cmdline_paddr != 0)
		cmdline_init((const char *)info->cmdline_paddr);
	take_memory(info);
	tiny_main();
}
