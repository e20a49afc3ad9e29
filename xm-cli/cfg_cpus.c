/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys about processors: how many, where they run, in which virtual nodes. */
#include "config.h"

#include <string.h>

#include "cfg_binder.h"
#include "xu_cpus.h"
#include "xu_vnuma.h"

static void
bind_vcpus(struct binder *b, const char *file)
{
	static const char *const keys[] = { "vcpus", "maxvcpus", NULL };
	struct cfg_pos pos = bind_pos(b, "vcpus", file);
	int64_t vcpus = bind_int(b, "vcpus", 1);
	int64_t max = bind_int(b, "maxvcpus", vcpus);

	/* xen.h MAX_VIRT_CPUS, hvm/hvm_info_table.h HVM_MAX_VCPUS */
	const int64_t most = b->d->type == TYPE_PV ? 8192 : 128;

	if (vcpus < 1 || vcpus > most)
		bind_say(
		    b, &pos, true, "vcpus must be 1 to %lld", (long long)most);
	else if (bind_known(b, keys) && (max < vcpus || max > most)) {
		pos = bind_pos(b, "maxvcpus", file);
		bind_say(b, &pos, true, "maxvcpus must be %lld (vcpus) to %lld",
		    (long long)vcpus, (long long)most);
	}
	b->d->vcpus = (uint32_t)vcpus;
	b->d->maxvcpus = (uint32_t)max;
	b->d->cpu_weight = bind_int(b, "cpu_weight", -1);
	b->d->cpu_cap = bind_int(b, "cap", bind_int(b, "cpu_cap", -1));
	pos = bind_pos(b, "cpu_weight", file);
	if (b->d->cpu_weight == 0 || b->d->cpu_weight > 65535)
		bind_say(b, &pos, true, "cpu_weight must be 1 to 65535");
}

static void
add_set(struct binder *b, struct domcfg_cpus *c, const struct cfg_value *v)
{
	struct xu_err e = XU_ERR_INIT;
	char **more;

	if (v->kind == CFG_LIST)
		bind_say(b, &v->pos, true,
		    "processors are a string such as \"0-3\", "
		    "or a list of strings, one for each vCPU");
	else if (xu_cpus_parse(v->text, NULL, NULL, &e) < 0)
		bind_say(b, &v->pos, true, "%s", e.msg);
	more = reallocarray(c->sets, c->n + 1, sizeof(*more));
	if (more == NULL)
		return;
	c->sets = more;
	c->sets[c->n++] = strdup(v->kind == CFG_LIST ? "" : v->text);
}

/* A string for all vCPUs, or a list with one for each. */
static void
bind_sets(struct binder *b, const char *key, struct domcfg_cpus *c)
{
	const struct cfg_setting *s = bind_get(b, key);

	if (s == NULL ||
	    (s->value->kind == CFG_STRING && bind_is_empty(s->value)))
		return;
	c->for_all = s->value->kind != CFG_LIST;
	if (c->for_all)
		add_set(b, c, s->value);
	for (size_t i = 0; !c->for_all && i < s->value->nitems; i++)
		add_set(b, c, s->value->items[i]);
	if (c->n > b->d->maxvcpus)
		bind_say(b, &s->value->pos, true,
		    "'%s' has %zu sets of processors, the guest has %u vCPUs",
		    key, c->n, b->d->maxvcpus);
}

/* xl's list of lists of words, as one text. */
static void
bind_vnuma(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "vnuma");
	struct xu_buf text = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_vnuma nodes;

	for (size_t i = 0; s != NULL && i < s->value->nitems; i++) {
		const struct cfg_value *n = s->value->items[i];

		xu_buf_adds(&text, i > 0 ? ";" : "");
		if (n->kind != CFG_LIST)
			bind_say(b, &n->pos, true, "a virtual node is a list "
			    "such as [ \"pnode=0\", \"size=512\", "
			    "\"vcpus=0-1\" ]");
		for (size_t k = 0; n->kind == CFG_LIST && k < n->nitems; k++)
			xu_buf_addf(&text, "%s%s", k > 0 ? " " : "",
			    n->items[k]->kind == CFG_LIST ? "[" :
							   n->items[k]->text);
	}
	b->d->vnuma = xu_buf_steal(&text);
	if (b->d->vnuma == NULL || b->d->vnuma[0] == '\0' || b->errors != 0)
		return;
	if (xu_vnuma_parse(b->d->vnuma, &nodes, &e) < 0 ||
	    xu_vnuma_check(&nodes, b->d->maxvcpus, b->d->maxmem_kib / 1024,
		&e) < 0)
		bind_say(b, &s->value->pos, true, "%s", e.msg);
	else if (b->d->maxmem_kib != b->d->memory_kib)
		bind_say(b, &s->value->pos, true,
		    "a guest with virtual nodes has all of its memory at "
		    "start: memory and maxmem must be the same");
}

void
bind_cpus(struct binder *b, const char *file)
{
	struct domcfg *d = b->d;

	bind_vcpus(b, file);
	/* xm's cpu is for the first vCPU. */
	bind_sets(b, cfg_find(b->cfg, "cpus") != NULL ? "cpus" : "cpu",
	    &d->hard);
	if (cfg_find(b->cfg, "cpus") == NULL)
		d->hard.for_all = false;
	bind_sets(b, "cpus_soft", &d->soft);
	bind_vnuma(b);
}
