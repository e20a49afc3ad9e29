/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices of a configuration: lists of strings, each with a parser of its own. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "cfg_binder.h"
#include "xu_nic.h"

static void
add_disk(struct binder *b, const struct cfg_value *v)
{
	struct domcfg *d = b->d;
	struct cfg_disk *more = reallocarray(d->disks, d->ndisks + 1,
	    sizeof(*more)), *disk;
	struct cfg_disk_problem p;
	struct cfg_pos pos = v->pos;

	if (more == NULL)
		return;
	d->disks = more;
	disk = &more[d->ndisks++];
	memset(disk, 0, sizeof(*disk));
	if (v->kind != CFG_STRING) {
		bind_say(b, &pos, true,
		    "a disk is a string such as "
		    "\"phy:/dev/vg/web,xvda,w\"");
		return;
	}
	if (cfg_disk_parse(v->text, disk, &p) < 0) {
		/* Behind the quote. */
		pos.col += 1 + (unsigned)p.offset;
		bind_say(b, &pos, true, "disk: %s", p.text);
		return;
	}
	for (size_t i = 0; i + 1 < d->ndisks; i++)
		if (more[i].vdev != NULL && more[i].number == disk->number)
			bind_say(b, &pos, true,
			    "disk: '%s' is the name of another disk, too",
			    disk->vdev);
}

void
bind_disks(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "disk");

	for (size_t i = 0; s != NULL && i < s->value->nitems; i++)
		add_disk(b, s->value->items[i]);
}

/* One more, with all by default; NULL without memory. */
static struct cfg_vif *
add_vif(struct domcfg *d)
{
	struct cfg_vif *more = reallocarray(d->vifs, d->nvifs + 1,
	    sizeof(*more));

	if (more == NULL)
		return NULL;
	d->vifs = more;
	more += d->nvifs++;
	memset(more, 0, sizeof(*more));
	more->devid = more->mtu = -1;
	return more;
}

/* The same address on the same bridge, which would be a mistake. */
static bool
are_twins(const struct cfg_vif *a, const struct cfg_vif *b)
{
	uint8_t macs[2][6];

	return a->mac != NULL && b->mac != NULL &&
	    xu_mac_parse(a->mac, macs[0]) == NULL &&
	    xu_mac_parse(b->mac, macs[1]) == NULL &&
	    memcmp(macs[0], macs[1], sizeof(macs[0])) == 0 &&
	    strcmp(a->bridge != NULL ? a->bridge : "",
		b->bridge != NULL ? b->bridge : "") == 0;
}

static void
parse_vif(struct binder *b, const struct cfg_value *v)
{
	struct domcfg *d = b->d;
	struct cfg_vif *vif = add_vif(d);
	struct cfg_vif_problem p;
	struct cfg_pos pos = v->pos;

	if (vif == NULL)
		return;
	if (v->kind != CFG_STRING) {
		bind_say(b, &pos, true, "a network interface is a string such as "
		    "\"mac=00:16:3e:12:34:56,bridge=xenbr0\"");
		return;
	}
	if (cfg_vif_parse(v->text, vif, &p) < 0) {
		/* Behind the quote. */
		pos.col += 1 + (unsigned)p.offset;
		bind_say(b, &pos, true, "vif: %s", p.text);
		return;
	}
	for (const struct cfg_vif *o = d->vifs; o < vif; o++) {
		if (are_twins(o, vif))
			bind_say(b, &pos, true, "vif: %s is the address of "
			    "another interface on the same bridge, too",
			    vif->mac);
		if (o->devid >= 0 && o->devid == vif->devid)
			bind_say(b, &pos, true, "vif: %lld is the number of "
			    "another interface, too", (long long)vif->devid);
	}
}

static bool
has_devid(const struct domcfg *d, int64_t devid)
{
	for (size_t i = 0; i < d->nvifs; i++)
		if (d->vifs[i].devid == devid)
			return true;
	return false;
}

void
bind_vifs(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "vif");
	int64_t nics = bind_int(b, "nics", 0), next = 0;

	for (size_t i = 0; s != NULL && i < s->value->nitems; i++)
		parse_vif(b, s->value->items[i]);
	while ((int64_t)b->d->nvifs < nics && nics <= 256 &&
	    add_vif(b->d) != NULL)
		;
	/* Those that say none get what is left, in their order. */
	for (size_t i = 0; i < b->d->nvifs; i++) {
		if (b->d->vifs[i].devid >= 0)
			continue;
		while (has_devid(b->d, next))
			next++;
		b->d->vifs[i].devid = next;
	}
	if (next <= 255 && nics <= 256)
		return;
	s = cfg_find(b->cfg, nics > 256 ? "nics" : "vif");
	bind_say(b, &s->pos, true, "a guest has at most 256 network interfaces");
}

static void
add_pci(struct binder *b, const struct cfg_value *v)
{
	struct domcfg *d = b->d;
	struct cfg_pci *more = reallocarray(d->pcis, d->npcis + 1,
	    sizeof(*more)), *pci;
	struct cfg_pci_problem p;
	struct cfg_pos pos = v->pos;

	if (more == NULL)
		return;
	d->pcis = more;
	pci = &more[d->npcis++];
	memset(pci, 0, sizeof(*pci));
	if (v->kind != CFG_STRING) {
		bind_say(b, &pos, true,
		    "a PCI function is a string such as \"0000:00:1f.0\"");
		d->npcis--;
		return;
	}
	if (cfg_pci_parse(v->text, pci, &p) < 0) {
		/* Behind the quote. */
		pos.col += 1 + (unsigned)p.offset;
		bind_say(b, &pos, true, "pci: %s", p.text);
		cfg_pci_fini(pci);
		d->npcis--;
		return;
	}
	for (size_t i = 0; i + 1 < d->npcis; i++)
		if (cfg_pci_overlap(&more[i], pci))
			bind_say(b, &pos, true,
			    "pci: '%s' is in the list already", v->text);
}

static void
by_default(struct binder *b, int *option, const char *key)
{
	if (*option < 0)
		*option = bind_bool(b, key, false);
}

void
bind_pcis(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "pci");
	struct cfg_pci *p;

	for (size_t i = 0; s != NULL && i < s->value->nitems; i++)
		add_pci(b, s->value->items[i]);
	for (size_t i = 0; i < b->d->npcis; i++) {
		p = &b->d->pcis[i];
		by_default(b, &p->msitranslate, "pci_msitranslate");
		by_default(b, &p->power_mgmt, "pci_power_mgmt");
		by_default(b, &p->permissive, "pci_permissive");
		by_default(b, &p->seize, "pci_seize");
	}
	if (b->d->npcis > 0 && b->d->type != TYPE_PV)
		bind_say(b, &s->pos, true, "PCI functions are handed to PV "
		    "guests only; this is %s guest",
		    b->d->type == TYPE_HVM ? "an HVM" : "a PVH");
}
