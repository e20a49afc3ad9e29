/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class of PCI buses: entries and nodes; see pci.h. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "access.h"
#include "pci.h"
#include "xenctrl_device.h"
#include "xenctrl_hvm.h"
#include "xu_log.h"

static const char *const options[] = { "msitranslate", "power_mgmt",
	"permissive", "seize" };

/* ---- entries ---------------------------------------------------------------------- */

struct dev *
pci_bus(const struct guest *g)
{
	return dev_by_id(g, &pci_class, 0);
}

const struct xu_val *
pci_functions(const struct dev *d)
{
	return xu_val_get(dev_entry(d), "functions");
}

const struct xu_val *
pci_function(const struct dev *d, size_t i)
{
	return xu_val_at(pci_functions(d), i);
}

struct xu_bdf
pci_address(const struct xu_val *function)
{
	struct xu_bdf at = { 0, 0, 0, 0 };

	xu_bdf_parse(xu_val_get_str(function, "address", ""), &at, NULL);
	return at;
}

bool
pci_option(const struct xu_val *function, const char *name)
{
	return strcmp(xu_val_get_str(xu_val_get(function, "options"), name, ""),
		   "1") == 0;
}

static struct xu_val *
copy_functions(const struct dev *d)
{
	const struct xu_val *list = pci_functions(d);

	return list != NULL ? xu_val_copy(list) : xu_array();
}

int
pci_add_function(struct dev *d, struct xu_val *function)
{
	struct xu_val *list = copy_functions(d);

	xu_val_add(list, function);
	return dev_set(d, "functions", list);
}

int
pci_set_function(struct dev *d, size_t at, const char *member,
    struct xu_val *value)
{
	const struct xu_val *old = pci_functions(d);
	struct xu_val *list = xu_array(), *v;

	for (size_t i = 0; i < xu_val_count(old); i++) {
		v = xu_val_copy(xu_val_at(old, i));
		if (i == at) {
			xu_val_set(v, member, value);
			value = NULL;
		}
		xu_val_add(list, v);
	}
	xu_val_free(value);
	return dev_set(d, "functions", list);
}

void
pci_remove_function(struct dev *d, size_t at)
{
	const struct xu_val *old = pci_functions(d);
	struct xu_val *list = xu_array();

	for (size_t i = 0; i < xu_val_count(old); i++)
		if (i != at)
			xu_val_add(list, xu_val_copy(xu_val_at(old, i)));
	if (at < pci_of(d)->taken)
		pci_of(d)->taken--;
	dev_set(d, "functions", list);
}

/* ---- what may be an entry ------------------------------------------------------------ */

static int
check_options(const struct xu_val *map, struct xu_err *e)
{
	const char *name, *text;
	char what[64];
	size_t k;

	for (size_t i = 0; i < xu_val_count(map); i++) {
		name = xu_val_name_at(map, i);
		text = xu_val_str(xu_val_at(map, i));
		snprintf(what, sizeof(what), "options:%.40s", name);
		for (k = 0; k < XU_ARRAY_SIZE(options); k++)
			if (strcmp(options[k], name) == 0)
				break;
		if (k == XU_ARRAY_SIZE(options))
			return config_unsupported(e, what, text,
			    "options are msitranslate, power_mgmt, permissive "
			    "and seize");
		if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
			return config_unsupported(e, what, text,
			    "it is 0 or 1");
	}
	return 0;
}

int
pci_check_function(const struct guest *g, const struct xu_val *function,
    struct xu_err *e)
{
	const char *text = xu_val_get_str(function, "address", "");
	int64_t slot = xu_val_get_int(function, "hotplug_slot", 0);
	const struct dev *bus = pci_bus(g);
	struct xu_bdf at, other;
	const char *why = xu_bdf_parse(text, &at, NULL);
	char number[24];

	if (why != NULL)
		return config_unsupported(e, "address", text, why);
	snprintf(number, sizeof(number), "%lld", (long long)slot);
	if (slot < 0 || slot > XU_PCI_SLOT_MAX)
		return config_unsupported(e, "hotplug_slot", number,
		    "it is 1 to 31, or 0: any");
	for (size_t i = 0; bus != NULL &&
	     i < xu_val_count(pci_functions(bus)); i++) {
		other = pci_address(pci_function(bus, i));
		if (!xu_bdf_equal(&at, &other))
			continue;
		xu_err_set(e, XE(DEVICE_ALREADY_EXISTS), 0,
		    "'%s' has the PCI function %s already", guest_name(g),
		    text);
		xu_err_param(e, "%s", text);
		return -1;
	}
	return check_options(xu_val_get(function, "options"), e);
}

static int
check_type(const struct guest *g, struct xu_err *e)
{
	switch (config_type(g->config)) {
	case TYPE_PV:
		return 0;
	case TYPE_HVM:
		return config_unsupported(e, "PPCI", "of an HVM guest",
		    g->core->xch != NULL && !pci_has_iommu(g->core) ?
			"an HVM guest's PCI functions take an IOMMU, which "
			"this host has not, or Xen does not use; give them to "
			"a PV guest" :
			"this release gives PCI functions to PV guests only");
	default:
		return config_unsupported(e, "PPCI", "of a PVH guest",
		    "Xen has no PCI passthrough for PVH guests; give it to a "
		    "PV guest");
	}
}

static int
check(const struct guest *g, const struct xu_val *entry, uint32_t *id,
    struct xu_err *e)
{
	const struct xu_val *list = xu_val_get(entry, "functions"), *f;
	struct xu_bdf at;
	const char *why;

	*id = 0;
	if (check_type(g, e) < 0)
		return -1;
	/* One by one they were checked when they came. */
	for (size_t i = 0; i < xu_val_count(list); i++) {
		f = xu_val_at(list, i);
		why = xu_bdf_parse(xu_val_get_str(f, "address", ""), &at, NULL);
		if (why != NULL)
			return config_unsupported(e, "address",
			    xu_val_get_str(f, "address", ""), why);
	}
	return 0;
}

static void
describe(const struct xu_val *entry, char *out, size_t room)
{
	const struct xu_val *list = xu_val_get(entry, "functions");
	size_t n = 0;

	for (size_t i = 0; i < xu_val_count(list) && n < room; i++)
		n += (size_t)snprintf(out + n, room - n, "%s%s",
		    i > 0 ? ", " : "",
		    xu_val_get_str(xu_val_at(list, i), "address", "?"));
	if (n == 0)
		snprintf(out, room, "without functions");
}

/* ---- nodes ---------------------------------------------------------------------------- */

void
pci_function_nodes(const struct xu_val *function, size_t i, pci_node_f *f,
    void *arg)
{
	const char *address = xu_val_get_str(function, "address", "");
	int64_t slot = xu_val_get_int(function, "hotplug_slot", 0);
	char name[24], text[80];

	snprintf(name, sizeof(name), "dev-%zu", i);
	f(arg, name, address);
	snprintf(name, sizeof(name), "key-%zu", i);
	f(arg, name, address);
	if (slot > 0) {
		snprintf(name, sizeof(name), "vdevfn-%zu", i);
		snprintf(text, sizeof(text), "%llx", (unsigned long long)slot << 3);
		f(arg, name, text);
	}
	snprintf(name, sizeof(name), "opts-%zu", i);
	snprintf(text, sizeof(text), "msitranslate=%d,power_mgmt=%d,permissive=%d",
	    pci_option(function, "msitranslate"),
	    pci_option(function, "power_mgmt"),
	    pci_option(function, "permissive"));
	f(arg, name, text);
	snprintf(name, sizeof(name), "state-%zu", i);
	snprintf(text, sizeof(text), "%d", BUS_INITIALISING);
	f(arg, name, text);
}

static void
put(void *arg, const char *name, const char *value)
{
	nodes_put(arg, name, "%s", value);
}

static void
nodes(const struct dev *d, bool backend, struct nodes *n)
{
	if (!backend)
		return;
	for (size_t i = 0; i < pci_of(d)->taken; i++)
		pci_function_nodes(pci_function(d, i), i, put, n);
	nodes_put(n, "num_devs", "%zu", pci_of(d)->taken);
}

/* ---- taking --------------------------------------------------------------------------- */

static int
refused(struct xu_err *e, const char *address, const char *fmt, ...)
    XU_PRINTF(3, 4);

static int
refused(struct xu_err *e, const char *address, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	xu_err_set(e, XE(XLD_DEVICE), 0, "PCI function %s: %s", address, why);
	xu_err_param(e, "%s", address);
	xu_err_param(e, "%s", why);
	return -1;
}

const struct dev *
pci_holder(struct core *c, const struct xu_bdf *at)
{
	const struct dev *d;
	struct xu_bdf other;
	size_t pos = 0;

	while ((d = xu_map_next(c->devs, &pos)) != NULL) {
		if (d->cls != &pci_class || d->phase == DEV_OFF)
			continue;
		for (size_t i = 0; i < pci_of(d)->taken; i++) {
			other = pci_address(pci_function(d, i));
			if (xu_bdf_equal(&other, at))
				return d;
		}
	}
	return NULL;
}

static bool
allowed_without_iommu(const struct core *c)
{
	return xu_val_get_int(c->conf, "pci_without_iommu", 0) != 0;
}

static int
check_iommu(struct core *c, const struct xu_bdf *at, const char *address,
    struct xu_err *e)
{
	uint32_t sbdf = XC_SBDF(at->domain, at->bus, at->slot, at->func);

	if (pci_has_iommu(c)) {
		if (xc_test_assign_device(c->xch, XC_DOMID_INVALID, sbdf) == 0)
			return 0;
		return refused(e, address, "Xen does not give it away: %s",
		    xc_last_error(c->xch));
	}
	if (allowed_without_iommu(c))
		return 0;
	return refused(e, address, "this host has no IOMMU (or Xen does not use "
	    "it), so the guest could read and write all of the host's memory "
	    "with it; who trusts the guest sets pci_without_iommu = 1 in "
	    CONF_FILE);
}

/* Whose it is now. */
static int
check_free(struct dev *d, const struct xu_bdf *at, const char *address,
    struct xu_err *e)
{
	const struct dev *holder = pci_holder(d->guest->core, at);
	char name[NAME_MAX_LEN + 16];

	if (holder != NULL)
		snprintf(name, sizeof(name), "'%s'", guest_name(holder->guest));
	else if (!pci_foreign_holder(d->guest->core, at, name, sizeof(name)))
		return 0;
	return refused(e, address, "%s has it; detach it there", name);
}

/* A PV Linux takes a page of its own for one of the function's when both have the
 * same number. */
static int
check_memory(const struct guest *g, const struct pci_facts *f,
    const char *address, struct xu_err *e)
{
	uint64_t most =
	    (uint64_t)xu_val_get_int(g->config, "memory_static_max", 0);

	for (size_t i = 0; i < f->ranges; i++)
		if (!f->range[i].ports && f->range[i].first < most)
			return refused(e, address, "the guest's memory reaches "
			    "to where the function has its own; it can have at "
			    "most %llu MiB",
			    (unsigned long long)(f->range[i].first >> 20));
	return 0;
}

int
pci_take(struct dev *d, size_t i, struct xu_err *e)
{
	struct core *c = d->guest->core;
	const struct xu_val *f = pci_function(d, i);
	const char *address = xu_val_get_str(f, "address", "");
	struct xu_bdf at = pci_address(f);
	struct pci_facts facts;

	if (pci_look(&at, &facts, e) < 0 ||
	    check_memory(d->guest, &facts, address, e) < 0 ||
	    check_free(d, &at, address, e) < 0 ||
	    check_iommu(c, &at, address, e) < 0)
		return -1;
	if (!pci_is_assignable(&at) && !pci_option(f, "seize"))
		return refused(e, address, "%s%s of domain 0 has it; make it "
		    "assignable: xm pci-assignable-add %s, or seize=1",
		    facts.driver[0] != '\0' ? "the driver " : "no driver",
		    facts.driver, address);
	if (pci_bind(c, &at, e) < 0 ||
	    pci_set_permissive(c, &at, pci_option(f, "permissive"), e) < 0)
		return -1;
	if (!pci_has_iommu(c))
		xu_log(XU_WARNING, "'%s' gets the PCI function %s without an "
		    "IOMMU: it can reach all of the host's memory",
		    guest_name(d->guest), address);
	pci_reset(&at);
	pci_of(d)->taken = i + 1;
	return 0;
}

static enum xu_step_result
prepare(struct dev *d, struct xu_err *e)
{
	size_t n = xu_val_count(pci_functions(d));

	*pci_of(d) = (struct pci_bus) { .taken = 0 };
	for (size_t i = 0; i < n; i++)
		if (pci_take(d, i, e) < 0)
			return XU_STEP_FAIL;
	return XU_STEP_NEXT;
}

static int
grant(struct dev *d, struct xu_err *e)
{
	struct xu_bdf at;

	for (size_t i = 0; i < pci_of(d)->taken; i++) {
		at = pci_address(pci_function(d, i));
		if (pci_grant(d->guest->core, d->domid, &at, e) < 0)
			return -1;
	}
	return 0;
}

/* The cards of a bus share interrupts. */
static bool
shares_irq(const struct dev *d, size_t i)
{
	struct xu_bdf at = pci_address(pci_function(d, i));
	struct pci_facts own, other;

	if (pci_look(&at, &own, NULL) < 0)
		return false;
	for (size_t k = 0; k < pci_of(d)->taken; k++) {
		at = pci_address(pci_function(d, k));
		if (k != i && pci_look(&at, &other, NULL) == 0 &&
		    other.irq == own.irq)
			return true;
	}
	return false;
}

void
pci_give_back(struct dev *d, size_t i)
{
	struct xu_bdf at = pci_address(pci_function(d, i));

	if (i >= pci_of(d)->taken)
		return;
	pci_revoke(d->guest->core, d->domid, &at, !shares_irq(d, i));
	pci_reset(&at);
}

static void
release(struct dev *d)
{
	/* A daemon that ends leaves all as it is. */
	if (d->guest->core->stopping)
		return;
	for (; pci_of(d)->taken > 0; pci_of(d)->taken--)
		pci_give_back(d, pci_of(d)->taken - 1);
}

static void
adopt(struct dev *d)
{
	*pci_of(d) = (struct pci_bus) {
		.taken = xu_val_count(pci_functions(d)) };
	pci_resume(d);
}

/* pciback has looked at all functions when it says so. */
static int
join(struct dev *d, struct xu_err *e XU_UNUSED)
{
	return d->back >= BUS_INITIALISED;
}

static void
awaits(const struct dev *d XU_UNUSED, char *out, size_t room)
{
	snprintf(out, room, "pciback has not taken its functions");
}

/* ---- the class ------------------------------------------------------------------------- */

static const char *const shown_front[] = { "event-channel", "pci-op-ref", NULL };
static const char *const shown_back[] = { "num_devs", NULL };

const struct dev_class pci_class = {
	.kind = "pci",
	.list = "PCI",
	.api = "DPCI",
	.word = "PCI",
	.own_size = sizeof(struct pci_bus),
	.check = check,
	.describe = describe,
	.prepare = prepare,
	.grant = grant,
	.nodes = nodes,
	.release = release,
	.adopt = adopt,
	.join = join,
	.awaits = awaits,
	.moved = pci_moved,
	.deep = true,
	.gone = pci_gone,
	.shown_front = shown_front,
	.shown_back = shown_back,
	.ops = &dpci_ops,
};
