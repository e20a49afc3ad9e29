/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the hypervisor says, as one number: prog_facts free-pages | domains |
 * channels | grant-frames. Tests compare it before and after. And prog_facts cpuid
 * DOMID: the CPUID leaves a domain's processors are to have, one a line;
 * prog_facts affinity DOMID: "hard / soft" of each vCPU, as xl writes it; nodes
 * DOMID: those it is to have memory from; vnuma DOMID: its virtual nodes; node-free
 * NODE: MiB; pages DOMID: how many it has; hold DOMID has a page of it mapped until its input ends.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xenctrl.h"
#include "xenctrl_mem.h"

static long long
free_pages(xc_interface *xch)
{
	struct xc_physinfo p;

	if (xc_physinfo(xch, &p) < 0)
		return -1;
	return (long long)(p.free_pages + p.scrub_pages);
}

static long long
domains(xc_interface *xch)
{
	struct xc_domaininfo list[256];

	return xc_domain_getinfolist(xch, 0, 256, list);
}

/* Ports of domain 0 that are in use. */
static long long
channels(xc_interface *xch)
{
	struct xc_evtchn_status st;
	long long n = 0;

	for (uint32_t port = 1; port < 4096; port++)
		if (xc_evtchn_status(xch, 0, port, &st) == 0)
			n += st.status != 0;
		else
			break;
	return n;
}

static long long
grant_frames(xc_interface *xch)
{
	uint32_t frames, max;

	if (xc_gnttab_query(xch, 0, &frames, &max) < 0)
		return -1;
	return frames;
}

static int
cpuid(xc_interface *xch, uint32_t domid)
{
	static struct xc_cpuid_leaf leaves[XC_POLICY_MAX_LEAVES];
	static struct xc_msr msrs[XC_POLICY_MAX_MSRS];
	uint32_t n = XC_POLICY_MAX_LEAVES, nmsrs = XC_POLICY_MAX_MSRS;

	if (xc_get_domain_cpu_policy(xch, domid, leaves, &n, msrs, &nmsrs) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct xc_cpuid_leaf *l = &leaves[i];

		printf("0x%x.%d a %08x b %08x c %08x d %08x\n", l->leaf,
		    l->subleaf == XC_NO_SUBLEAF ? 0 : (int)l->subleaf, l->a,
		    l->b, l->c, l->d);
	}
	return 0;
}

/* Of a host of two processors. */
static int
affinity(xc_interface *xch, uint32_t domid)
{
	static const char *const words[] = { "none", "0", "1", "all" };
	uint8_t hard[64] = { 0 }, soft[64] = { 0 };

	for (uint32_t v = 0; xc_vcpu_getaffinity(xch, domid, v, hard, soft,
				 sizeof(hard)) == 0;
	     v++)
		printf("%s / %s\n", words[hard[0] & 3], words[soft[0] & 3]);
	return 0;
}

static int
nodes(xc_interface *xch, uint32_t domid)
{
	uint8_t map[8];

	if (xc_domain_get_node_affinity(xch, domid, map, sizeof(map)) < 0)
		return -1;
	for (unsigned i = 0, n = 0; i < sizeof(map) * 8; i++)
		if ((map[i / 8] >> i % 8 & 1) != 0)
			printf("%s%u", n++ > 0 ? " " : "", i);
	putchar('\n');
	return 0;
}

static int
vnuma(xc_interface *xch, uint32_t domid)
{
	uint32_t distance[256], vcpus[128];
	struct xc_vmemrange ranges[20];
	struct xc_vnuma v = { .nr_nodes = 16, .nr_ranges = 20, .nr_vcpus = 128,
		.distance = distance, .vcpu_to_node = vcpus,
		.ranges = ranges };

	if (xc_domain_getvnuma(xch, domid, &v) < 0)
		return -1;
	for (uint32_t i = 0; i < v.nr_ranges; i++)
		printf("node %u: %#llx-%#llx; ", ranges[i].node,
		    (unsigned long long)ranges[i].start,
		    (unsigned long long)ranges[i].end);
	printf("vcpus");
	for (uint32_t i = 0; i < v.nr_vcpus; i++)
		printf(" %u", vcpus[i]);
	printf("; distances");
	for (uint32_t i = 0; i < v.nr_nodes * v.nr_nodes; i++)
		printf(" %u", distance[i]);
	putchar('\n');
	return 0;
}

static int
node_free(xc_interface *xch, uint32_t node)
{
	struct xc_numanode n[64];

	if (xc_numainfo(xch, n, NULL, 64) <= (int)node || node >= 64)
		return -1;
	printf("%llu\n", (unsigned long long)n[node].free >> 20);
	return 0;
}

/* Has a page of a PVH or HVM domain mapped until its input ends. */
static int
hold(xc_interface *xch, uint32_t domid)
{
	void *page = xc_map_foreign_range(xch, domid, PROT_READ, 0x200, 1);

	if (page == NULL)
		return -1;
	printf("held\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return xc_unmap_foreign(xch, page, 1);
}

/* How many it has now. */
static int
pages(xc_interface *xch, uint32_t domid)
{
	struct xc_domaininfo info;

	if (xc_domain_getinfo(xch, domid, &info) < 0)
		return -1;
	printf("%llu\n", (unsigned long long)info.tot_pages);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *word;
		long long (*f)(xc_interface *xch);
	} facts[] = {
		{ "free-pages", free_pages },
		{ "domains", domains },
		{ "channels", channels },
		{ "grant-frames", grant_frames },
	};
	static const struct {
		const char *word;
		int (*f)(xc_interface *xch, uint32_t number);
	} of_one[] = {
		{ "cpuid", cpuid },
		{ "affinity", affinity },
		{ "nodes", nodes },
		{ "vnuma", vnuma },
		{ "node-free", node_free },
		{ "hold", hold },
		{ "pages", pages },
		{ "destroy", xc_domain_destroy },
	};
	char why[256];
	xc_interface *xch = xc_interface_open(NULL, 0, why, sizeof(why));
	long long n = -1;

	if (xch != NULL && argc == 3) {
		uint32_t number = (uint32_t)strtoul(argv[2], NULL, 10);

		for (size_t i = 0; i < sizeof(of_one) / sizeof(of_one[0]); i++)
			if (strcmp(of_one[i].word, argv[1]) == 0)
				n = of_one[i].f(xch, number);
		if (n < 0)
			fprintf(stderr, "prog_facts: %s\n", xc_last_error(xch));
		xc_interface_close(xch);
		return n < 0;
	}
	if (xch == NULL || argc != 2) {
		fprintf(stderr, "prog_facts: %s\n", xch == NULL ? why : "usage");
		return 1;
	}
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (strcmp(facts[i].word, argv[1]) == 0)
			n = facts[i].f(xch);
	if (n < 0)
		fprintf(stderr, "prog_facts: %s: %s\n", argv[1],
		    xc_last_error(xch));
	else
		printf("%lld\n", n);
	xc_interface_close(xch);
	return n < 0;
}
