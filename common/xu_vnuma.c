/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_vnuma.h. */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "xu_cpus.h"
#include "xu_num.h"
#include "xu_vnuma.h"

/* ACPI's: a node to itself, and the largest that means something. */
#define DISTANCE_SELF  10u
#define DISTANCE_OTHER 20u
#define DISTANCE_MAX   254u

static int
bad(struct xu_err *e, unsigned node, const char *word, const char *why)
{
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0, "vnuma, node %u: '%.80s': %s",
	    node, word, why);
	xu_err_param(e, "vnuma");
	xu_err_param(e, "%.80s", word);
	xu_err_param(e, "%s", why);
	return -1;
}

/* What of a node has been said. */
enum said { SAID_PNODE = 1, SAID_SIZE = 2, SAID_VCPUS = 4 };

struct parser {
	struct xu_vnuma *v;
	struct xu_err *e;
	unsigned said;
	/* How many distances each node has. */
	unsigned distances[XU_VNODES_MAX];
};

static int
take_vcpus(struct parser *x, const char *word, const char *value)
{
	const struct xu_cpu_host any = { .ncpus = XU_CPUS_MAX };
	struct xu_vnode *n = &x->v->node[x->v->n];
	struct xu_cpus set;

	if (value[strspn(value, "0123456789,-^")] != '\0' ||
	    xu_cpus_parse(value, &any, &set, NULL) < 0)
		return bad(x->e, x->v->n, word,
		    "vCPUs are a set such as 0-3,5");
	for (size_t i = sizeof(n->vcpus); i < sizeof(set.bits); i++)
		if (set.bits[i] != 0)
			return bad(x->e, x->v->n, word,
			    "no guest has so many vCPUs");
	memcpy(n->vcpus, set.bits, sizeof(n->vcpus));
	x->said |= SAID_VCPUS;
	return 0;
}

static int
take_distances(struct parser *x, const char *word, const char *value)
{
	struct xu_vnode *n = &x->v->node[x->v->n];
	unsigned *count = &x->distances[x->v->n];
	char number[16];
	uint64_t d;
	size_t len;

	for (*count = 0;; value += len + 1) {
		len = strcspn(value, ",");
		if (len >= sizeof(number) || *count == XU_VNODES_MAX)
			break;
		memcpy(number, value, len);
		number[len] = '\0';
		if (!xu_num_u64(number, 10, DISTANCE_MAX, &d) ||
		    d < DISTANCE_SELF)
			break;
		n->distance[(*count)++] = (uint32_t)d;
		if (value[len] == '\0')
			return 0;
	}
	return bad(x->e, x->v->n, word,
	    "distances are numbers from 10 to 254 with commas between");
}

static int
take_word(struct parser *x, const char *word)
{
	struct xu_vnode *n = &x->v->node[x->v->n];
	const char *value = strchr(word, '=');
	uint64_t number;

	if (value != NULL && strncmp(word, "vcpus=", 6) == 0)
		return take_vcpus(x, word, value + 1);
	if (value != NULL && strncmp(word, "vdistances=", 11) == 0)
		return take_distances(x, word, value + 1);
	if (value != NULL && strncmp(word, "pnode=", 6) == 0) {
		if (!xu_num_u64(value + 1, 10, 63, &number))
			return bad(x->e, x->v->n, word,
			    "a node of the host is 0 to 63");
		n->host = (uint32_t)number;
		x->said |= SAID_PNODE;
		return 0;
	}
	if (value != NULL && strncmp(word, "size=", 5) == 0) {
		if (!xu_num_u64(value + 1, 10, 1ull << 24, &number) ||
		    number == 0)
			return bad(x->e, x->v->n, word,
			    "a size is a number of MiB");
		n->mib = number;
		x->said |= SAID_SIZE;
		return 0;
	}
	return bad(x->e, x->v->n, word,
	    "pnode=, size=, vcpus= and vdistances= are known");
}

static int
take_node(struct parser *x, const char *text, size_t len)
{
	char word[160];
	size_t n;

	if (x->v->n == XU_VNODES_MAX)
		return bad(x->e, x->v->n, "", "16 nodes are possible");
	x->said = 0;
	for (; len > 0; text += n, len -= n) {
		n = strspn(text, " ");
		if (n > 0) {
			n = n < len ? n : len;
			continue;
		}
		n = strcspn(text, " ;");
		if (n >= sizeof(word))
			return bad(x->e, x->v->n, "", "a word is too long");
		memcpy(word, text, n);
		word[n] = '\0';
		if (take_word(x, word) < 0)
			return -1;
	}
	if ((x->said & SAID_PNODE) == 0)
		return bad(x->e, x->v->n, "", "pnode= is missing");
	if ((x->said & SAID_SIZE) == 0)
		return bad(x->e, x->v->n, "", "size= is missing");
	if ((x->said & SAID_VCPUS) == 0)
		return bad(x->e, x->v->n, "", "vcpus= is missing");
	x->v->n++;
	return 0;
}

/* What was left out, and one number that was meant for all others. */
static int
fill_distances(struct parser *x)
{
	for (unsigned i = 0; i < x->v->n; i++) {
		uint32_t *d = x->v->node[i].distance;
		uint32_t all = x->distances[i] == 1 ? d[0] : DISTANCE_OTHER;

		if (x->distances[i] > 1 && x->distances[i] != x->v->n)
			return bad(x->e, i, "vdistances",
			    "there is to be one for each node");
		if (x->distances[i] > 1 ||
		    (x->distances[i] == 1 && x->v->n == 1))
			continue;
		for (unsigned k = 0; k < x->v->n; k++)
			d[k] = k == i ? DISTANCE_SELF : all;
	}
	return 0;
}

int
xu_vnuma_parse(const char *text, struct xu_vnuma *out, struct xu_err *e)
{
	struct parser x = { .v = out, .e = e };
	size_t len;

	memset(out, 0, sizeof(*out));
	if (text[0] == '\0')
		return 0;
	for (;; text += len + 1) {
		len = strcspn(text, ";");
		if (take_node(&x, text, len) < 0)
			return -1;
		if (text[len] == '\0')
			return fill_distances(&x);
	}
}

static bool
has(const struct xu_vnode *n, unsigned vcpu)
{
	return vcpu < XU_VNODE_VCPUS &&
	    (n->vcpus[vcpu / 8] >> vcpu % 8 & 1) != 0;
}

unsigned
xu_vnuma_node_of(const struct xu_vnuma *v, unsigned vcpu)
{
	for (unsigned i = 0; i < v->n; i++)
		if (has(&v->node[i], vcpu))
			return i;
	return 0;
}

int
xu_vnuma_check(const struct xu_vnuma *v, unsigned vcpus, uint64_t mib,
    struct xu_err *e)
{
	uint64_t sum = 0;
	char what[40], why[80];

	if (v->n == 0)
		return 0;
	for (unsigned i = 0; i < XU_VNODE_VCPUS; i++) {
		unsigned on = 0, last = 0;

		for (unsigned k = 0; k < v->n; k++)
			if (has(&v->node[k], i)) {
				on++;
				last = k;
			}
		if (on == (i < vcpus))
			continue;
		snprintf(what, sizeof(what), "vCPU %u", i);
		if (on == 0)
			snprintf(why, sizeof(why), "it is on no node");
		else if (i >= vcpus)
			snprintf(why, sizeof(why), "the guest has %u vCPUs",
			    vcpus);
		else
			snprintf(why, sizeof(why), "it is on %u nodes", on);
		return bad(e, last, what, why);
	}
	for (unsigned i = 0; i < v->n; i++)
		sum += v->node[i].mib;
	if (sum == mib)
		return 0;
	snprintf(what, sizeof(what), "%llu MiB", (unsigned long long)sum);
	snprintf(why, sizeof(why), "the nodes' sizes are to make up the guest's "
	    "%llu MiB", (unsigned long long)mib);
	return bad(e, v->n - 1, what, why);
}
