/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_numa.h. */
#include "config.h"

#include <string.h>

#include "vm_numa.h"

/* More sets than 2^16 are not looked at. */
#define MOST 16u
/* Of free memory against vCPUs that are there. */
#define MEMORY_WEIGHT 3.0

struct set {
	/* Bit i is the i-th that is looked at. */
	uint32_t bits;
	uint64_t free_kib;
	unsigned cpus, vcpus;
};

/* Nodes with processors, in their order; of too many those with the most free
 * memory. */
static unsigned
usable(const struct numa_host *h, unsigned list[MOST])
{
	unsigned n = 0;

	for (unsigned i = 0; i < h->nr_nodes; i++) {
		unsigned least = 0;

		if (h->node[i].cpus == 0)
			continue;
		if (n < MOST) {
			list[n++] = i;
			continue;
		}
		for (unsigned k = 1; k < MOST; k++)
			if (h->node[list[k]].free_kib <
			    h->node[list[least]].free_kib)
				least = k;
		if (h->node[list[least]].free_kib >= h->node[i].free_kib)
			continue;
		memmove(list + least, list + least + 1,
		    (MOST - 1 - least) * sizeof(*list));
		list[MOST - 1] = i;
	}
	return n;
}

static struct set
measure(const struct numa_host *h, const unsigned *list, uint32_t bits)
{
	struct set s = { .bits = bits };

	for (; bits != 0; bits &= bits - 1) {
		const struct numa_node *n = &h->node[list[__builtin_ctz(bits)]];

		s.free_kib += n->free_kib;
		s.cpus += n->cpus;
		s.vcpus += n->vcpus;
	}
	return s;
}

static bool
is_enough(const struct set *s, const struct numa_need *need)
{
	return s->free_kib >= need->kib && s->cpus >= need->vcpus;
}

/* The next larger number with as many bits set. */
static uint32_t
next_set(uint32_t bits)
{
	uint32_t low = bits & -bits, sum = bits + low;

	return sum | (bits ^ sum) / low >> 2;
}

static double
share(double part, double most)
{
	return most > 0 ? part / most : 0;
}

/* The best of all sets of k out of n; bits 0: none is enough. */
static struct set
best_of(const struct numa_host *h, const struct numa_need *need,
    const unsigned *list, unsigned n, unsigned k)
{
	struct set best = { .bits = 0 }, most = { .bits = 0 }, s;
	double score, top = 0;

	for (int round = 0; round < 2; round++)
		for (uint32_t bits = (1u << k) - 1; bits < 1u << n;
		     bits = next_set(bits)) {
			s = measure(h, list, bits);
			if (!is_enough(&s, need))
				continue;
			if (round == 0) {
				if (s.free_kib > most.free_kib)
					most.free_kib = s.free_kib;
				if (s.vcpus > most.vcpus)
					most.vcpus = s.vcpus;
				continue;
			}
			score = MEMORY_WEIGHT * share((double)s.free_kib,
					(double)most.free_kib) -
			    share(s.vcpus, most.vcpus);
			if (best.bits == 0 || score > top) {
				best = s;
				top = score;
			}
		}
	return best;
}

uint64_t
numa_choose(const struct numa_host *h, const struct numa_need *need)
{
	unsigned list[MOST], n = usable(h, list);
	struct set best = { .bits = 0 };
	uint64_t chosen = 0;

	if (h->nr_nodes < 2)
		return 0;
	for (unsigned k = 1; k <= n && best.bits == 0; k++)
		best = best_of(h, need, list, n, k);
	for (; best.bits != 0; best.bits &= best.bits - 1)
		chosen |= 1ull << list[__builtin_ctz(best.bits)];
	return chosen;
}

/* ---- in words ------------------------------------------------------------------- */

static void
facts(const struct numa_node *n, struct xu_buf *out)
{
	xu_buf_addf(out, "%llu MiB free, %u processor%s, ",
	    (unsigned long long)n->free_kib / 1024, n->cpus,
	    n->cpus == 1 ? "" : "s");
	if (n->vcpus == 0)
		xu_buf_adds(out, "no vCPUs");
	else
		xu_buf_addf(out, "%u vCPU%s", n->vcpus,
		    n->vcpus == 1 ? "" : "s");
	xu_buf_adds(out, " bound there");
}

static const char *
against(const struct numa_node *n, const struct numa_need *need,
    uint64_t chosen)
{
	bool one = (chosen & (chosen - 1)) == 0;

	if (n->cpus == 0)
		return "no processors for it";
	if (chosen == 0 || (one && n->free_kib < need->kib))
		return n->free_kib < need->kib ? "too little memory"
					       : "too few processors";
	if (one && n->cpus < need->vcpus)
		return "too few processors";
	return "others have more room";
}

void
numa_explain(const struct numa_host *h, const struct numa_need *need,
    uint64_t chosen, struct xu_buf *out)
{
	const char *sep = "";

	if (h->nr_nodes < 2) {
		xu_buf_adds(out, "anywhere: the host has one node");
		return;
	}
	xu_buf_addf(out, chosen == 0 ? "anywhere: no nodes have %llu MiB free "
				       "and %u processor%s" :
				       "for %llu MiB and %u vCPU%s",
	    (unsigned long long)(need->kib + 1023) / 1024, need->vcpus,
	    need->vcpus == 1 ? "" : "s");
	for (unsigned i = 0; i < h->nr_nodes; i++) {
		if ((chosen >> i & 1) == 0)
			continue;
		xu_buf_addf(out, "%s node %u (", sep[0] == '\0' ? ":" : sep, i);
		facts(&h->node[i], out);
		xu_buf_adds(out, ")");
		sep = ",";
	}
	sep = chosen == 0 ? ":" : "; not";
	for (unsigned i = 0; i < h->nr_nodes; i++) {
		if ((chosen >> i & 1) != 0)
			continue;
		xu_buf_addf(out, "%s node %u (", sep, i);
		facts(&h->node[i], out);
		xu_buf_addf(out, ": %s)", against(&h->node[i], need, chosen));
		sep = ",";
	}
}
