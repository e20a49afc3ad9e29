/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_hvm.h. Nothing here knows of the device model (dm_args.c does). */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/hvm/params.h>

#include "vm_hvm.h"
#include "vnc.h"

static int
refuse(struct xu_err *e, const char *key, const char *value,
    const char *reason)
{
	char field[64];

	snprintf(field, sizeof(field), "platform:%s", key);
	return config_unsupported(e, field, value, reason);
}

/* ---- Hyper-V enlightenments -------------------------------------------------------- */

/* xl's names; xen/hvm/params.h has the bits. */
static const struct group {
	const char *name;
	uint64_t bits;
	bool dflt;
	/* The first Xen 4.x that has it; 0: all that we support. */
	unsigned since;
} groups[] = {
	{ "base", HVMPV_base_freq, true, 0 },
	/* In Xen it is a bit that takes the frequencies away; see below. */
	{ "freq", 0, true, 0 },
	{ "time_ref_count", HVMPV_time_ref_count, true, 0 },
	{ "reference_tsc", HVMPV_reference_tsc, false, 0 },
	{ "hcall_remote_tlb_flush", HVMPV_hcall_remote_tlb_flush, false, 0 },
	{ "apic_assist", HVMPV_apic_assist, true, 0 },
	{ "crash_ctl", HVMPV_crash_ctl, true, 0 },
	/* Timers tick relative to the time reference. */
	{ "stimer", HVMPV_time_ref_count | HVMPV_synic | HVMPV_stimer, true,
	    0 },
	{ "hcall_ipi", HVMPV_hcall_ipi, false, 0 },
	{ "ex_processor_masks", HVMPV_ex_processor_masks, false, 0 },
	{ "no_vp_limit", HVMPV_no_vp_limit, true, 15 },
	{ "cpu_hotplug", HVMPV_cpu_hotplug, true, 15 },
};
#define GROUP_FREQ (1u << 1)

static bool
has_group(const struct xc_version *xen, const struct group *g)
{
	return xen->major != 4 || xen->minor >= g->since;
}

/* Into *on, a bit for each group. */
static int
apply_word(const char *word, const struct xc_version *xen, unsigned *on,
    struct xu_err *e)
{
	bool take_away = word[0] == '!';
	const char *name = word + take_away;
	unsigned these = 0;
	bool all = strcmp(name, "all") == 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(groups); i++) {
		const struct group *g = &groups[i];

		if (strcmp(name, g->name) == 0 && !has_group(xen, g) &&
		    !take_away)
			return refuse(e, "viridian", word,
			    "this release of Xen does not have that group");
		if (strcmp(name, g->name) == 0 ||
		    ((all || (g->dflt && strcmp(name, "defaults") == 0)) &&
			has_group(xen, g)))
			these |= 1u << i;
	}
	if (these == 0)
		return refuse(e, "viridian", word,
		    "it is not a group of xl.cfg(5), \"defaults\" or \"all\"");
	*on = take_away ? *on & ~these : *on | these;
	return 0;
}

int
hvm_viridian(const char *words, const struct xc_version *xen, uint64_t *mask,
    struct xu_err *e)
{
	AUTO_FREE char *copy = strdup(words);
	char *save = NULL;
	unsigned on = 0;

	*mask = 0;
	for (char *w = copy == NULL ? NULL : strtok_r(copy, " ", &save);
	     w != NULL; w = strtok_r(NULL, " ", &save))
		if (apply_word(w, xen, &on, e) < 0)
			return -1;
	for (size_t i = 0; i < XU_ARRAY_SIZE(groups); i++)
		if ((on & 1u << i) != 0)
			*mask |= groups[i].bits;
	if (on != 0 && (*mask & HVMPV_base_freq) == 0)
		return refuse(e, "viridian", words,
		    "the other groups need the group base");
	if (on != 0 && (on & GROUP_FREQ) == 0)
		*mask |= HVMPV_no_freq;
	return 0;
}

/* ---- the order -------------------------------------------------------------------------- */

int
hvm_order(const struct core *c, const struct xu_val *config,
    struct xu_val *order, struct xu_err *e)
{
	/* Where nothing is said the worker's own defaults hold. */
	static const char *const numbers[] = { "apic", "hpet", "vpt_align",
		"timer_mode", "mmio_hole" };
	const struct xu_val *platform = xu_val_get(config, "platform");
	uint64_t mask;

	if (hvm_viridian(xu_val_get_str(platform, "viridian", ""),
		&c->version, &mask, e) < 0)
		return -1;
	xu_val_set(order, "viridian", xu_int((int64_t)mask));
	for (size_t i = 0; i < XU_ARRAY_SIZE(numbers); i++)
		if (xu_val_get(platform, numbers[i]) != NULL)
			xu_val_set(order, numbers[i], xu_int(config_number(
			    config, "platform", numbers[i], 0)));
	return 0;
}

/* ---- checks ----------------------------------------------------------------------------------- */

int
hvm_check(const struct core *c, const struct xu_val *platform,
    struct xu_err *e)
{
	uint64_t mask;

	if (vnc_check(platform, e) < 0)
		return -1;
	return hvm_viridian(xu_val_get_str(platform, "viridian", ""),
	    &c->version, &mask, e);
}
