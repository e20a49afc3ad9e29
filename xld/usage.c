/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each domain uses, in one answer: for displays that ask again and again. Xen is
 * asked once for all domains, the kernel for each device; no node of the store is read.
 */
#include "config.h"

#include <string.h>

#include "vbd.h"
#include "vif.h"

struct sums {
	uint64_t nets, sent, received;
	uint64_t vbds, waits, reads, writes, read_sectors, written_sectors;
};

static void
add_device(struct core *c, const struct dev *d, struct sums *s)
{
	struct net_link l = { .rx_bytes = 0 };
	char name[IFNAMSIZ];

	if (d->phase == DEV_OFF)
		return;
	if (d->cls == &vif_class) {
		s->nets++;
		vif_name(d, name);
		if (net_link_get(c, name, &l) < 0)
			return;
		/* What the backend receives the guest has sent. */
		s->sent += l.rx_bytes;
		s->received += l.tx_bytes;
	} else if (d->cls == &vbd_class) {
		s->vbds++;
		s->waits += vbd_count(d, "oo_req");
		s->reads += vbd_count(d, "rd_req");
		s->writes += vbd_count(d, "wr_req");
		s->read_sectors += vbd_count(d, "rd_sect");
		s->written_sectors += vbd_count(d, "wr_sect");
	}
}

/* xentop's letters in its order. */
static struct xu_val *
state_letters(const struct guest *g)
{
	static const struct {
		uint32_t flag;
		char letter;
	} letters[] = {
		{ XC_DOMINF_DYING, 'd' },
		{ XC_DOMINF_SHUTDOWN, 's' },
		{ XC_DOMINF_BLOCKED, 'b' },
		{ 0, 'c' },
		{ XC_DOMINF_PAUSED, 'p' },
		{ XC_DOMINF_RUNNING, 'r' },
	};
	char text[XU_ARRAY_SIZE(letters) + 1] = "------";

	for (size_t i = 0; i < XU_ARRAY_SIZE(letters); i++)
		if ((g->info.flags & letters[i].flag) != 0)
			text[i] = letters[i].letter;
	if (guest_power(g) == DOM_CRASHED)
		memcpy(&text[1], "--c", 3);
	return xu_str(text);
}

static struct xu_val *
usage_of(struct core *c, const struct guest *g)
{
	struct sums s = { .nets = 0 };
	struct xu_val *v = xu_struct();
	struct xu_list *l;

	LIST_FOREACH(l, &g->devs)
		add_device(c, xu_container_of(l, struct dev, all), &s);
	xu_val_set(v, "name", xu_str(guest_name(g)));
	xu_val_set(v, "uuid", xu_str(g->uuid));
	xu_val_set(v, "state", state_letters(g));
#define NUMBER(name, n)                                                        \
	xu_val_set(v, name, xu_strf("%llu", (unsigned long long)(n)))
	NUMBER("domid", g->domid);
	NUMBER("cpu_ns", g->info.cpu_time);
	NUMBER("memory_kib", g->info.tot_pages * 4);
	/* ~0: as much as there is. */
	if (g->info.max_pages >> 40 == 0)
		NUMBER("memory_max_kib", g->info.max_pages * 4);
	NUMBER("vcpus", g->info.nr_online_vcpus);
	NUMBER("nets", s.nets);
	NUMBER("net_sent", s.sent);
	NUMBER("net_received", s.received);
	NUMBER("vbds", s.vbds);
	NUMBER("vbd_waits", s.waits);
	NUMBER("vbd_reads", s.reads);
	NUMBER("vbd_writes", s.writes);
	NUMBER("vbd_read_sectors", s.read_sectors);
	NUMBER("vbd_written_sectors", s.written_sectors);
#undef NUMBER
	return v;
}

static void
list_usage(struct call *k)
{
	struct xu_val *list = xu_array();
	struct xu_list *l;
	struct guest *g;

	scan(k->core);
	LIST_FOREACH(l, &k->core->guests) {
		g = xu_container_of(l, struct guest, all);
		if (g->domid >= 0)
			xu_val_add(list, usage_of(k->core, g));
	}
	call_ok(k, list);
}

const struct handler usage_handlers[] = {
	{ "host.list_usage", list_usage },
	{ NULL, NULL },
};
