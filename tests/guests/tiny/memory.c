/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pages: given out once, in order, never taken back.
 */
#include "hypercall.h"

#include <xen/memory.h>

static struct range {
	uint64_t first, end;
} reserved[16];
static size_t nr_reserved;
static uint64_t next, limit;

void
mem_init(uint64_t from, uint64_t to)
{
	next = from;
	limit = to;
}

void
mem_reserve(uint64_t first, uint64_t count)
{
	if (count == 0)
		return;
	if (nr_reserved == ARRAY_LEN(reserved))
		panic("too many reserved ranges");
	reserved[nr_reserved++] = (struct range) { first, first + count };
}

/* The first page from pfn on that nobody reserved. */
static uint64_t
skip_reserved(uint64_t pfn)
{
	for (size_t i = 0; i < nr_reserved; i++)
		if (pfn >= reserved[i].first && pfn < reserved[i].end) {
			pfn = reserved[i].end;
			i = (size_t)-1; /* it may lie in another one */
		}
	return pfn;
}

void *
mem_page(void)
{
	uint64_t pfn = skip_reserved(next);

	if (pfn >= limit)
		return NULL;
	/* Mapping may itself take pages, so this one is taken first. */
	next = pfn + 1;
	if (!plat.map_page(pfn))
		return NULL;
	memset((void *)(pfn * TINY_PAGE), 0, TINY_PAGE);
	return (void *)(pfn * TINY_PAGE);
}

uint64_t
mem_free_pages(void)
{
	uint64_t n = next < limit ? limit - next : 0;

	for (size_t i = 0; i < nr_reserved; i++) {
		uint64_t a = reserved[i].first, b = reserved[i].end;

		a = a < next ? next : a;
		b = b > limit ? limit : b;
		if (a < b)
			n -= b - a < n ? b - a : n;
	}
	return n;
}

void
mem_report(void)
{
	static struct {
		uint64_t addr, size;
		uint32_t type;
	} __attribute__((packed)) e820[32];
	struct xen_memory_map map = { .nr_entries = ARRAY_LEN(e820) };
	domid_t self = DOMID_SELF;
	long current, maximum;

	current = hypercall2(__HYPERVISOR_memory_op,
	    XENMEM_current_reservation, &self);
	maximum = hypercall2(__HYPERVISOR_memory_op,
	    XENMEM_maximum_reservation, &self);
	say("MEM pages %lu free %lu current %ld maximum %ld\n", plat.nr_pages,
	    mem_free_pages(), current, maximum);
	set_xen_guest_handle(map.buffer, e820);
	if (hypercall2(__HYPERVISOR_memory_op, XENMEM_memory_map, &map) != 0)
		map.nr_entries = 0;
	for (size_t i = 0; i < map.nr_entries && i < ARRAY_LEN(e820); i++)
		say("MEM %016lx %016lx type %u\n", e820[i].addr, e820[i].size,
		    e820[i].type);
}
