/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI functions of machines (DPCI) as the API shows and makes them. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "pci.h"

/* ---- which there are ------------------------------------------------------------- */

/* A function of an entry is an object; all are looked for anew for each call. */
struct item {
	char uuid[UUID_TEXT];
	struct dev *dev;
	size_t i;
};

static struct item *items;
static size_t nitems;

void
pci_api_close(void)
{
	free(items);
	items = NULL;
	nitems = 0;
}

static void
look(struct core *c)
{
	struct item *more;
	struct dev *d;
	size_t pos = 0;

	pci_api_close();
	while ((d = xu_map_next(c->devs, &pos)) != NULL) {
		if (d->cls != &pci_class)
			continue;
		for (size_t i = 0; i < xu_val_count(pci_functions(d)); i++) {
			more = reallocarray(items, nitems + 1, sizeof(*more));
			if (more == NULL)
				return;
			items = more;
			more[nitems] = (struct item) { .dev = d, .i = i };
			snprintf(more[nitems++].uuid, UUID_TEXT, "%s",
			    xu_val_get_str(pci_function(d, i), "uuid", ""));
		}
	}
}

static void *
find(struct core *c XU_UNUSED, const char *ref)
{
	for (size_t k = 0; k < nitems; k++)
		if (strcmp(items[k].uuid, ref) == 0)
			return &items[k];
	return NULL;
}

static void *
next(struct core *c XU_UNUSED, size_t *pos)
{
	return *pos < nitems ? &items[(*pos)++] : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct item *)obj)->uuid;
}

struct xu_val *
pci_refs(const struct guest *g)
{
	const struct dev *d = pci_bus(g);
	struct xu_val *v = xu_array();

	for (size_t i = 0; d != NULL && i < xu_val_count(pci_functions(d)); i++)
		xu_val_add(v, xu_str(xu_val_get_str(pci_function(d, i), "uuid",
		    "")));
	return v;
}

struct xu_val *
pci_attached_refs(const struct guest *g)
{
	const struct dev *d = pci_bus(g);
	struct xu_val *v = xu_array();
	char uuid[UUID_TEXT];

	for (size_t i = 0; d != NULL && d->phase != DEV_OFF &&
	    i < pci_of(d)->taken; i++) {
		struct xu_bdf at = pci_address(pci_function(d, i));

		pci_ref(g->core, &at, uuid);
		xu_val_add(v, xu_str(uuid));
	}
	return v;
}

/* ---- records ------------------------------------------------------------------------ */

/* Where the guest sees it: pciback says so. */
static struct xu_bdf
virtual_address(const struct dev *d, size_t i, char name[XU_BDF_TEXT])
{
	struct xu_bdf at = { 0, 0, 0, 0 };
	char base[NODES_BASE_MAX], path[NODES_BASE_MAX + 32];
	AUTO_FREE char *s = NULL;
	unsigned n[4];

	name[0] = '\0';
	if (d->domid < 0 || d->guest->core->xs == NULL)
		return at;
	dev_back_path(d, base);
	snprintf(path, sizeof(path), "%s/vdev-%zu", base, i);
	s = xs_read(d->guest->core->xs, XBT_NULL, path, NULL);
	/* Its function has two digits, or one. */
	if (s != NULL && sscanf(s, "%4x:%2x:%2x.%2x", &n[0], &n[1], &n[2],
		&n[3]) == 4) {
		at = (struct xu_bdf) { .domain = (uint16_t)n[0],
			.bus = (uint8_t)n[1], .slot = (uint8_t)n[2],
			.func = (uint8_t)n[3] };
		xu_bdf_text(&at, name);
	}
	return at;
}

static struct xu_val *
record_of(struct dev *d, size_t i)
{
	const struct xu_val *f = pci_function(d, i);
	struct core *c = d->guest->core;
	struct xu_bdf at = pci_address(f), there;
	bool on = d->phase != DEV_OFF && i < pci_of(d)->taken &&
	    strcmp(xu_val_get_str(f, "plug", ""), "arriving") != 0;
	struct xu_val *v = xu_struct(), *p = xu_struct();
	char uuid[UUID_TEXT], name[XU_BDF_TEXT] = "";

	there = on ? virtual_address(d, i, name) : (struct xu_bdf) { .func = 0 };
	ppci_ref(c, &at, uuid);
	if (on) {
		dev_look(d);
		xu_val_set(p, "state", xu_strf("%u", d->front));
		xu_val_set(p, "backend-state", xu_strf("%u", d->back));
		dev_show(d, p);
	}
	xu_val_set(v, "uuid", xu_str(xu_val_get_str(f, "uuid", "")));
	xu_val_set(v, "VM", xu_str(d->guest->uuid));
	xu_val_set(v, "PPCI", xu_str(uuid));
	xu_val_set(v, "address", xu_str(xu_val_get_str(f, "address", "")));
	xu_val_set(v, "hotplug_slot",
	    xu_int(xu_val_get_int(f, "hotplug_slot", 0)));
	xu_val_set(v, "virtual_domain", xu_int(there.domain));
	xu_val_set(v, "virtual_bus", xu_int(there.bus));
	xu_val_set(v, "virtual_slot", xu_int(there.slot));
	xu_val_set(v, "virtual_func", xu_int(there.func));
	xu_val_set(v, "virtual_name", xu_str(name));
	xu_val_set(v, "key", xu_str(xu_val_get_str(f, "key", "")));
	xu_val_set(v, "options", xu_val_copy(xu_val_get(f, "options")));
	xu_val_set(v, "currently_attached", xu_bool(on));
	xu_val_set(v, "runtime_properties", p);
	return v;
}

static struct xu_val *
record(struct core *c XU_UNUSED, void *obj)
{
	const struct item *k = obj;

	return record_of(k->dev, k->i);
}

const struct class_ops dpci_ops = {
	.cls = &model_dpci,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = look,
};

void
pci_tell(struct dev *d, size_t i, const char *operation)
{
	struct core *c = d->guest->core;

	api_event(c, "DPCI", operation,
	    xu_val_get_str(pci_function(d, i), "uuid", ""), record_of(d, i));
	api_event(c, "VM", "mod", d->guest->uuid, vm_record(c, d->guest));
}

void
pci_gone(const struct dev *d)
{
	for (size_t i = 0; i < xu_val_count(pci_functions(d)); i++)
		api_event(d->guest->core, "DPCI", "del",
		    xu_val_get_str(pci_function(d, i), "uuid", ""), NULL);
}

/* ---- create ------------------------------------------------------------------------- */

static struct xu_val *
new_function(const struct xu_val *args, const struct xu_bdf *at)
{
	const struct xu_val *map = xu_val_get(args, "options");
	struct xu_val *v = xu_struct();
	char uuid[UUID_TEXT], text[XU_BDF_TEXT];

	uuid_random(uuid);
	xu_bdf_text(at, text);
	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "address", xu_str(text));
	xu_val_set(v, "hotplug_slot",
	    xu_int(xu_val_get_int(args, "hotplug_slot", 0)));
	xu_val_set(v, "key", xu_str(xu_val_get_str(args, "key", "")));
	xu_val_set(v, "options", map != NULL ? xu_val_copy(map) : xu_struct());
	xu_val_set(v, "plug", xu_str(""));
	return v;
}

/* A bus with that function (taken) alone. */
static struct dev *
new_bus(struct guest *g, struct xu_val *function, struct xu_err *e)
{
	struct xu_val *entry = xu_struct(), *list = xu_array();
	char uuid[UUID_TEXT];

	uuid_random(uuid);
	xu_val_add(list, function);
	xu_val_set(entry, "uuid", xu_str(uuid));
	xu_val_set(entry, "functions", list);
	xu_val_set(entry, "plug", xu_str(""));
	return dev_add(g, &pci_class, entry, e);
}

/* The last function of the entry is there, or not. */
static void
created(void *arg, const struct xu_err *e)
{
	struct dev_doing *o = arg;
	struct call *k = o->call;
	struct dev *d = o->dev;
	struct guest *g = d->guest;
	size_t n = xu_val_count(pci_functions(d));

	free(o);
	if (e != NULL) {
		if (d->phase == DEV_OFF && d->fresh) {
			dev_remove(d);
			record_write(g, NULL);
		}
		dev_call_fail(k, g, e);
		return;
	}
	pci_tell(d, n - 1, "add");
	call_ok(k, xu_str(xu_val_get_str(pci_function(d, n - 1), "uuid", "")));
}

static void
create_in(struct call *k, struct guest *g, struct xu_val *function)
{
	struct xu_err e = XU_ERR_INIT;
	struct dev *d = pci_bus(g);
	struct dev_doing *o;
	bool fresh = d == NULL;

	if (fresh)
		d = new_bus(g, function, &e);
	if (d == NULL) {
		dev_call_fail(k, g, &e);
		return;
	}
	o = dev_doing(k, d, sizeof(*o));
	if (o == NULL) {
		if (fresh)
			dev_remove(d);
		else
			xu_val_free(function);
		return;
	}
	d->fresh = fresh;
	if (d->phase == DEV_ON) {
		pci_attach(d, function, created, o);
		return;
	}
	if (!fresh)
		pci_add_function(d, function);
	if (fresh && g->domid >= 0) {
		dev_attach(d, created, o);
		return;
	}
	record_write(g, &e);
	created(o, xu_err_is_set(&e) ? &e : NULL);
}

static bool
is_busy(struct call *k, const struct guest *g)
{
	const struct dev *d = pci_bus(g);

	if (d == NULL || (d->work == NULL && d->phase != DEV_LEAVING &&
			     d->phase != DEV_ARRIVING))
		return false;
	call_refuse(k, XE(OTHER_OPERATION_IN_PROGRESS), "DPCI",
	    "the PCI bus of '%s' is being changed; try again when that is done",
	    guest_name(g));
	return true;
}

static int
room_for_one(const struct guest *g, struct xu_err *e)
{
	const struct dev *d = pci_bus(g);

	if (d == NULL ||
	    xu_val_count(pci_functions(d)) < PCI_FUNCTIONS_MAX)
		return 0;
	xu_err_set(e, XE(XLD_TOO_MANY), 0,
	    "'%s' has 32 PCI functions, and there cannot be more",
	    guest_name(g));
	xu_err_param(e, "PCI functions");
	xu_err_param(e, "32");
	return -1;
}

static void
no_object(struct call *k, const char *cls, const char *ref)
{
	struct xu_err e = XU_ERR_INIT;

	xu_err_set(&e, XE(HANDLE_INVALID), 0,
	    "%s: there is no %s with the reference '%s'", k->method, cls, ref);
	xu_err_param(&e, "%s", cls);
	xu_err_param(&e, "%s", ref);
	call_fail(k, &e);
}

static void
create(struct call *k)
{
	const struct xu_val *args = xu_val_at(k->params, 0);
	const char *vm = xu_val_get_str(args, "VM", "");
	const char *ref = xu_val_get_str(args, "PPCI", "");
	struct guest *g = guest_by_uuid(k->core, vm);
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *function;
	struct xu_bdf at;

	if (g == NULL || !ppci_address(k->core, ref, &at)) {
		no_object(k, g == NULL ? "VM" : "PPCI", g == NULL ? vm : ref);
		return;
	}
	if (!dev_may_change(k, g) || is_busy(k, g))
		return;
	function = new_function(args, &at);
	if (xu_val_ok(function) && room_for_one(g, &e) == 0 &&
	    pci_check_function(g, function, &e) == 0) {
		create_in(k, g, function);
		return;
	}
	xu_val_free(function);
	xu_err_set(&e, XE(XLD_NO_MEMORY), 0, "keep a PCI function");
	dev_call_fail(k, g, &e);
}

/* ---- destroy ------------------------------------------------------------------------ */

struct ending {
	struct call *call;
	struct guest *guest;
};

static void
ended(void *arg, const struct xu_err *e)
{
	struct ending *o = arg;

	if (e != NULL)
		dev_call_fail(o->call, o->guest, e);
	else
		call_ok(o->call, NULL);
	free(o);
}

/* Its guest does not run. */
static void
strike_out(struct dev *d, size_t i, struct xu_err *e)
{
	struct guest *g = d->guest;

	api_event(g->core, "DPCI", "del",
	    xu_val_get_str(pci_function(d, i), "uuid", ""), NULL);
	if (xu_val_count(pci_functions(d)) > 1)
		pci_remove_function(d, i);
	else
		dev_remove(d);
	record_write(g, e);
	api_event(g->core, "VM", "mod", g->uuid, vm_record(g->core, g));
}

static void
destroy_as(struct call *k, bool force)
{
	struct item *it = find(k->core, xu_val_str(xu_val_at(k->params, 0)));
	struct xu_err e = XU_ERR_INIT;
	struct dev *d = it->dev;
	struct ending *o;
	size_t i = it->i, n = xu_val_count(pci_functions(d));

	if (!dev_may_change(k, d->guest) || is_busy(k, d->guest))
		return;
	if (d->phase == DEV_ON && force && n > 1) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "the bus has others",
		    "%s: by force only the whole bus goes, and '%s' has %zu "
		    "more functions on it; detach it politely, or those first",
		    k->method, guest_name(d->guest), n - 1);
		return;
	}
	o = calloc(1, sizeof(*o));
	if (o == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "%s", k->method);
		return;
	}
	*o = (struct ending) { .call = k, .guest = d->guest };
	if (d->phase == DEV_OFF) {
		strike_out(d, i, &e);
		ended(o, xu_err_is_set(&e) ? &e : NULL);
	} else if (n > 1) {
		pci_detach(d, i, ended, o);
	} else {
		d->doomed = true;
		dev_detach(d, force, ended, o);
	}
}

static void
destroy(struct call *k)
{
	destroy_as(k, false);
}

static void
destroy_force(struct call *k)
{
	destroy_as(k, true);
}

/* ---- other_config:pci -------------------------------------------------------------- */

/* The key of a function that is there because of it. */
#define WISHED "other_config:pci"

/* "0/0000:00:19.0,1/0000:00:1a.0": what the numbers are for is XenServer's. */
static int
parse_wish(const char *s, struct xu_bdf all[PCI_FUNCTIONS_MAX], size_t *n,
    struct xu_err *e)
{
	char word[64];
	size_t len;

	for (*n = 0; *s != '\0'; s += len + (s[len] == ',')) {
		const char *at;

		len = strcspn(s, ",");
		snprintf(word, sizeof(word), "%.*s", (int)(len < 63 ? len : 63), s);
		at = word + strspn(word, "0123456789");
		if (at == word || *at != '/' || *n == PCI_FUNCTIONS_MAX ||
		    xu_bdf_parse(at + 1, &all[*n], NULL) != NULL)
			return config_unsupported(e, WISHED, word,
			    *n == PCI_FUNCTIONS_MAX ? "there are 32 at most" :
				"it is written 0/0000:00:19.0,0/0000:00:1a.0");
		++*n;
	}
	return 0;
}

static bool
is_among(const struct xu_bdf *at, const struct xu_bdf *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (xu_bdf_equal(at, &all[i]))
			return true;
	return false;
}

static bool
has_function(const struct guest *g, const struct xu_bdf *at)
{
	const struct dev *d = pci_bus(g);

	for (size_t i = 0; d != NULL && i < xu_val_count(pci_functions(d)); i++) {
		struct xu_bdf has = pci_address(pci_function(d, i));

		if (is_among(&has, at, 1))
			return true;
	}
	return false;
}

/* What is not wished for any more. */
static int
drop_unwished(struct guest *g, const struct xu_bdf *all, size_t n,
    struct xu_err *e)
{
	struct dev *d = pci_bus(g);
	size_t i = d == NULL ? 0 : xu_val_count(pci_functions(d));

	while (i-- > 0) {
		struct xu_bdf at = pci_address(pci_function(d, i));
		bool last = xu_val_count(pci_functions(d)) == 1;

		if (strcmp(xu_val_get_str(pci_function(d, i), "key", ""),
			WISHED) != 0 || is_among(&at, all, n))
			continue;
		strike_out(d, i, e);
		if (last || xu_err_is_set(e))
			break;
	}
	return xu_err_is_set(e) ? -1 : 0;
}

static int
add_wished(struct guest *g, const struct xu_bdf *at, struct xu_err *e)
{
	AUTO_VAL struct xu_val *args = xu_struct();
	struct dev *d = pci_bus(g);
	struct xu_val *f;

	xu_val_set(args, "key", xu_str(WISHED));
	f = new_function(args, at);
	if (!xu_val_ok(f) || room_for_one(g, e) < 0 ||
	    pci_check_function(g, f, e) < 0) {
		xu_val_free(f);
		return xu_err_set(e, XE(XLD_NO_MEMORY), 0,
		    "keep a PCI function");
	}
	if (d != NULL)
		pci_add_function(d, f);
	else if ((d = new_bus(g, f, e)) == NULL)
		return -1;
	if (record_write(g, e) < 0)
		return -1;
	pci_tell(d, xu_val_count(pci_functions(d)) - 1, "add");
	return 0;
}

int
pci_follow_config(struct guest *g, struct xu_err *e)
{
	const char *wish = xu_val_get_str(xu_val_get(g->config,
	    "other_config"), "pci", "");
	struct xu_bdf all[PCI_FUNCTIONS_MAX];
	size_t n;

	if (parse_wish(wish, all, &n, e) < 0 ||
	    drop_unwished(g, all, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!has_function(g, &all[i]) && add_wished(g, &all[i], e) < 0)
			return xu_err_add(e, WISHED);
	return 0;
}

/* ---- the host's --------------------------------------------------------------------- */

static bool
subject(struct call *k, struct xu_bdf *at)
{
	const char *ref = xu_val_str(xu_val_at(k->params, 0));

	if (ppci_address(k->core, ref, at))
		return true;
	no_object(k, "PPCI", ref);
	return false;
}

static void
answer(struct call *k, const struct xu_err *e)
{
	if (xu_err_is_set(e))
		call_fail(k, e);
	else
		call_ok(k, NULL);
}

/* (self, name) */
static void
make_assignable(struct call *k)
{
	const char *name = xu_val_str(xu_val_at(k->params, 1));
	struct xu_err e = XU_ERR_INIT;
	struct xu_bdf at;

	if (!subject(k, &at))
		return;
	if (strlen(name) > 64 || name[strcspn(name, " /,=@")] != '\0')
		config_unsupported(&e, "name", name,
		    "it has at most 64 characters and none of blank / , = @");
	else if (pci_bind(k->core, &at, &e) == 0 && name[0] != '\0')
		pci_set_note(k->core, &at, "name", name, &e);
	answer(k, &e);
}

/* (self, rebind) */
static void
make_unassignable(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;
	char name[NAME_MAX_LEN + 16], text[XU_BDF_TEXT];
	const struct dev *holder;
	struct xu_bdf at;
	bool held;

	if (!subject(k, &at))
		return;
	holder = pci_holder(k->core, &at);
	if (holder != NULL)
		snprintf(name, sizeof(name), "'%s'", guest_name(holder->guest));
	held = holder != NULL ||
	    pci_foreign_holder(k->core, &at, name, sizeof(name));
	xu_bdf_text(&at, text);
	if (held) {
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "a guest has it",
		    "PCI function %s: %s has it; detach it there first", text,
		    name);
		return;
	}
	pci_unbind(k->core, &at, xu_val_bool(xu_val_at(k->params, 1)), &e);
	answer(k, &e);
}

const struct handler pci_handlers[] = {
	{ "DPCI.create", create },
	{ "DPCI.destroy", destroy },
	{ "DPCI.destroy_force", destroy_force },
	{ "PPCI.make_assignable", make_assignable },
	{ "PPCI.make_unassignable", make_unassignable },
	{ NULL, NULL },
};
