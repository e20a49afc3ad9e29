/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ACPI tables of a PVH guest, after the ACPI specification 5.0: FACS, DSDT,
 * FADT, MADT, with virtual NUMA also SRAT and SLIT, XSDT, RSDT, RSDP, in this order.
 *
 * Such a guest has local APICs and nothing else of a PC, so the FADT says
 * "hardware-reduced": no fixed registers, no timer, no SCI. Every vCPU it may
 * ever have is in the MADT and is a device of the DSDT. All are enabled in the
 * MADT: without the hardware that ACPI tells of new processors with, a kernel never
 * learns the APIC of one that is not (Linux: "bad cpu"). Which are to run is in the
 * store, as for PV guests. Xen's local APIC of vCPU n has the id 2 * n, and the
 * processor UID is n, by which guests name vCPUs to Xen.
 */
#include "config.h"

#include <string.h>

#include "xg_hvm.h"

#define ALIGN	   64u
#define HEADER	   36u
#define LAPIC_BASE 0xfee00000u
#define FADT_SIZE  268u
#define MADT_ENTRY 8u
#define FACS_SIZE  64u
#define SRAT_APIC   16u
#define SRAT_MEMORY 40u

/* FADT flags and boot architecture. */
#define WBINVD	       (1u << 0)
#define PROC_C1	       (1u << 2)
#define NO_PWR_BUTTON  (1u << 4)
#define NO_SLP_BUTTON  (1u << 5)
#define HW_REDUCED     (1u << 20)
#define NO_VGA	       (1u << 2)
#define NO_CMOS_RTC    (1u << 5)

/* AML. */
#define AML_ZERO      0x00
#define AML_NAME      0x08
#define AML_BYTE      0x0a
#define AML_STRING    0x0d
#define AML_SCOPE     0x10
#define AML_EXT	      0x5b
#define AML_DEVICE    0x82
/* _STA: present, enabled, shown, working. */
#define STA_THERE     0x0f

/* Writes behind each other; counts on when there is no room, writes no more. */
struct out {
	uint8_t *buf;
	size_t len, room;
};

static void
put(struct out *o, const void *data, size_t n)
{
	if (o->len + n <= o->room)
		memcpy(o->buf + o->len, data, n);
	o->len += n;
}

static void
put_n(struct out *o, uint64_t v, size_t n)
{
	/* Little-endian, as the machine. */
	put(o, &v, n);
}

/* n bytes of zero, from where the table began on. */
static void
skip_to(struct out *o, size_t start, size_t offset)
{
	while (o->len < start + offset)
		put_n(o, 0, 1);
}

static size_t
begin(struct out *o, const char *signature, uint8_t revision)
{
	size_t start;

	skip_to(o, 0, (o->len + ALIGN - 1) & ~(size_t)(ALIGN - 1));
	start = o->len;
	put(o, signature, 4);
	put_n(o, 0, 4); /* length */
	put_n(o, revision, 1);
	put_n(o, 0, 1); /* checksum */
	put(o, "Xen\0\0", 6);
	put(o, "PVH\0\0\0\0", 8);
	put_n(o, 1, 4);
	put(o, "XLD", 4);
	put_n(o, 1, 4);
	return start;
}

static uint8_t
minus_sum(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n-- > 0)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* Length and checksum of the table that began at start. */
static void
end(struct out *o, size_t start)
{
	uint32_t len = (uint32_t)(o->len - start);

	if (o->len > o->room)
		return;
	memcpy(o->buf + start + 4, &len, 4);
	o->buf[start + 9] = minus_sum(o->buf + start, len);
}

/* --- DSDT ----------------------------------------------------------------- */

/*
 * A package of n bytes: its length counts itself, in 1 to 3 bytes: the first has
 * 6 bits, or 4 and the number of those that follow.
 */
static size_t
pkg_bytes(size_t n)
{
	return n + 1 < 1u << 6 ? 1 : n + 2 < 1u << 12 ? 2 : 3;
}

static void
put_pkg(struct out *o, size_t n)
{
	size_t bytes = pkg_bytes(n), len = n + bytes;

	if (bytes == 1) {
		put_n(o, len, 1);
		return;
	}
	put_n(o, (bytes - 1) << 6 | (len & 0xf), 1);
	put_n(o, len >> 4, bytes - 1);
}

static void
put_name(struct out *o, const char *name, uint8_t value)
{
	put_n(o, AML_NAME, 1);
	put(o, name, 4);
	/* A byte with a prefix is right for every number, but 0 has an opcode. */
	if (value != AML_ZERO)
		put_n(o, AML_BYTE, 1);
	put_n(o, value, 1);
}

/* Device (Cnn) { Name (_HID, "ACPI0007"), _UID, _STA } without its first bytes. */
static void
put_cpu_body(struct out *o, uint32_t vcpu, bool there)
{
	static const char hex[] = "0123456789ABCDEF";
	char name[4] = { 'C', 'P', hex[vcpu >> 4 & 15], hex[vcpu & 15] };

	put(o, name, sizeof(name));
	put_n(o, AML_NAME, 1);
	put(o, "_HID", 4);
	put_n(o, AML_STRING, 1);
	put(o, "ACPI0007", 9);
	put_name(o, "_UID", (uint8_t)vcpu);
	put_name(o, "_STA", there ? STA_THERE : 0);
}

static void
put_cpu(struct out *o, uint32_t vcpu, bool there)
{
	struct out measure = { .room = 0 };

	put_cpu_body(&measure, vcpu, there);
	put_n(o, AML_EXT, 1);
	put_n(o, AML_DEVICE, 1);
	put_pkg(o, measure.len);
	put_cpu_body(o, vcpu, there);
}

static void
put_cpus(struct out *o, const struct xg_build *b)
{
	put(o, "\\_SB_", 5);
	for (uint32_t i = 0; i < xg_nr_vcpus(b); i++)
		put_cpu(o, i, xg_is_online(b, i));
}

static size_t
dsdt(struct out *o, const struct xg_build *b)
{
	struct out measure = { .room = 0 };
	size_t start = begin(o, "DSDT", 2);

	put_cpus(&measure, b);
	put_n(o, AML_SCOPE, 1);
	put_pkg(o, measure.len);
	put_cpus(o, b);
	end(o, start);
	return start;
}

/* --- the fixed tables ----------------------------------------------------- */

static size_t
facs(struct out *o)
{
	size_t start = o->len;

	put(o, "FACS", 4);
	put_n(o, FACS_SIZE, 4);
	skip_to(o, start, 32);
	put_n(o, 2, 1); /* version */
	skip_to(o, start, FACS_SIZE);
	return start;
}

static size_t
fadt(struct out *o, uint64_t facs_at, uint64_t dsdt_at)
{
	size_t start = begin(o, "FACP", 5);

	put_n(o, facs_at, 4);
	put_n(o, dsdt_at, 4);
	/* No C2 and C3 states: their latencies are too long. */
	skip_to(o, start, 96);
	put_n(o, 101, 2);
	put_n(o, 1001, 2);
	skip_to(o, start, 109);
	put_n(o, NO_VGA | NO_CMOS_RTC, 2);
	skip_to(o, start, 112);
	put_n(o, WBINVD | PROC_C1 | NO_PWR_BUTTON | NO_SLP_BUTTON | HW_REDUCED,
	    4);
	skip_to(o, start, 140);
	put_n(o, dsdt_at, 8);
	skip_to(o, start, FADT_SIZE);
	end(o, start);
	return start;
}

static size_t
madt(struct out *o, const struct xg_build *b)
{
	size_t start = begin(o, "APIC", 3);

	put_n(o, LAPIC_BASE, 4);
	put_n(o, 0, 4); /* no 8259s beside */
	for (uint32_t i = 0; i < xg_nr_vcpus(b); i++) {
		put_n(o, 0, 1); /* a local APIC */
		put_n(o, MADT_ENTRY, 1);
		put_n(o, i, 1);
		put_n(o, 2 * i, 1);
		put_n(o, 1, 4); /* enabled */
	}
	end(o, start);
	return start;
}

/* --- virtual NUMA --------------------------------------------------------- */

/* Which node vCPUs and memory are on. */
static size_t
srat(struct out *o, const struct xg_build *b, const struct xg_nodes *nodes)
{
	size_t start = begin(o, "SRAT", 3), entry;

	put_n(o, 1, 4);
	put_n(o, 0, 8);
	for (uint32_t i = 0; i < xg_nr_vcpus(b); i++) {
		entry = o->len;
		put_n(o, 0, 1); /* a local APIC */
		put_n(o, SRAT_APIC, 1);
		put_n(o, xg_vnuma_of_vcpu(b, i), 1);
		put_n(o, 2 * i, 1);
		put_n(o, 1, 4); /* enabled */
		skip_to(o, entry, SRAT_APIC);
	}
	for (uint32_t i = 0; i < nodes->n; i++) {
		const struct xg_node_range *r = &nodes->range[i];

		entry = o->len;
		put_n(o, 1, 1); /* memory */
		put_n(o, SRAT_MEMORY, 1);
		put_n(o, r->vnode, 4);
		put_n(o, 0, 2);
		put_n(o, r->pfn << XC_PAGE_SHIFT, 8);
		put_n(o, (r->end - r->pfn) << XC_PAGE_SHIFT, 8);
		put_n(o, 0, 4);
		put_n(o, 1, 4); /* enabled */
		skip_to(o, entry, SRAT_MEMORY);
	}
	end(o, start);
	return start;
}

/* How far they are from each other. */
static size_t
slit(struct out *o, const struct xg_build *b)
{
	size_t start = begin(o, "SLIT", 1);

	put_n(o, b->nr_vnodes, 8);
	for (uint32_t i = 0; i < b->nr_vnodes; i++)
		for (uint32_t k = 0; k < b->nr_vnodes; k++)
			put_n(o, b->vnodes[i].distance[k], 1);
	end(o, start);
	return start;
}

/* --- where all of them are ------------------------------------------------ */

struct list {
	uint64_t at[4];
	size_t n;
};

static size_t
roots(struct out *o, const char *signature, size_t width,
    const struct list *tables)
{
	size_t start = begin(o, signature, 1);

	for (size_t i = 0; i < tables->n; i++)
		put_n(o, tables->at[i], width);
	end(o, start);
	return start;
}

static size_t
root_pointer(struct out *o, uint64_t rsdt_at, uint64_t xsdt_at)
{
	size_t start;

	skip_to(o, 0, (o->len + 15) & ~(size_t)15);
	start = o->len;
	put(o, "RSD PTR ", 8);
	put_n(o, 0, 1);
	put(o, "Xen\0\0", 6);
	put_n(o, 2, 1);
	put_n(o, rsdt_at, 4);
	put_n(o, XG_RSDP_SIZE, 4);
	put_n(o, xsdt_at, 8);
	skip_to(o, start, XG_RSDP_SIZE);
	if (o->len > o->room)
		return start;
	/* One sum over the part of version 1, one over all. */
	o->buf[start + 8] = minus_sum(o->buf + start, 20);
	o->buf[start + 32] = minus_sum(o->buf + start, XG_RSDP_SIZE);
	return start;
}

size_t
xg_acpi_tables(const struct xg_build *b, const struct xg_nodes *nodes,
    uint64_t base, uint8_t *buf, size_t room, uint64_t *rsdp)
{
	struct out o = { .buf = buf, .room = room };
	uint64_t facs_at = base + facs(&o);
	uint64_t dsdt_at = base + dsdt(&o, b);
	struct list tables = { .n = 0 };
	uint64_t xsdt_at, rsdt_at;

	tables.at[tables.n++] = base + fadt(&o, facs_at, dsdt_at);
	tables.at[tables.n++] = base + madt(&o, b);
	if (nodes->n > 0) {
		tables.at[tables.n++] = base + srat(&o, b, nodes);
		tables.at[tables.n++] = base + slit(&o, b);
	}
	xsdt_at = base + roots(&o, "XSDT", 8, &tables);
	rsdt_at = base + roots(&o, "RSDT", 4, &tables);
	*rsdp = base + root_pointer(&o, rsdt_at, xsdt_at);
	return o.len <= room ? o.len : 0;
}
