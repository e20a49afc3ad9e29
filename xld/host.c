/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The host as the API shows it; keys of its maps are xm info's words. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cpu.h"
#include "db.h"
#include "xenctrl_sched.h"
#include "xu_cpus.h"
#include "xu_log.h"

/* The newest part of a log that may be larger. */
#define DMESG_MAX (1u << 20)
#define OWN_LOG_MAX (1 << 18)

/* ---- records --------------------------------------------------------------------- */

static const char *
sched_name(struct core *c)
{
	uint32_t id;

	return xc_sched_id(c->xch, &id) < 0 ? "unknown" : sched_word(id);
}

static struct xu_val *
software(struct core *c)
{
	const struct xc_version *x = &c->version;
	struct xu_val *v = xu_struct();
	struct utsname u = { .release = "" };

	uname(&u);
	xu_val_set(v, "host", xu_str(u.nodename));
	xu_val_set(v, "system", xu_str(u.sysname));
	xu_val_set(v, "release", xu_str(u.release));
	xu_val_set(v, "version", xu_str(u.version));
	xu_val_set(v, "machine", xu_str(u.machine));
	xu_val_set(v, "xen_major", xu_strf("%u", x->major));
	xu_val_set(v, "xen_minor", xu_strf("%u", x->minor));
	xu_val_set(v, "xen_extra", xu_str(x->extra));
	xu_val_set(v, "xen_version",
	    xu_strf("%u.%u%s", x->major, x->minor, x->extra));
	xu_val_set(v, "xen_caps", xu_str(x->capabilities));
	xu_val_set(v, "xen_scheduler", xu_str(sched_name(c)));
	xu_val_set(v, "xen_pagesize", xu_strf("%u", x->pagesize));
	xu_val_set(v, "platform_params", xu_strf("virt_start=0x%llx",
	    (unsigned long long)x->virt_start));
	xu_val_set(v, "xen_changeset", xu_str(x->changeset));
	xu_val_set(v, "xen_commandline", xu_str(x->commandline));
	xu_val_set(v, "cc_compiler", xu_str(x->compiler));
	xu_val_set(v, "cc_compile_by", xu_str(x->compile_by));
	xu_val_set(v, "cc_compile_domain", xu_str(x->compile_domain));
	xu_val_set(v, "cc_compile_date", xu_str(x->compile_date));
	xu_val_set(v, "xld", xu_str(PACKAGE_VERSION));
	/* As later clients look for it. */
	xu_val_set(v, "product_brand", xu_str("xld"));
	xu_val_set(v, "product_version", xu_str(PACKAGE_VERSION));
	xu_val_set(v, "xen", xu_strf("%u.%u%s", x->major, x->minor, x->extra));
	return v;
}

static struct xu_val *
virt_caps(const struct xc_physinfo *p)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} caps[] = {
		{ XC_PHYSCAP_PV, "pv" },
		{ XC_PHYSCAP_HVM, "hvm" },
		{ XC_PHYSCAP_DIRECTIO, "hvm_directio" },
		{ XC_PHYSCAP_HAP, "hap" },
		{ XC_PHYSCAP_SHADOW, "shadow" },
		{ XC_PHYSCAP_GNTTAB_V1, "gnttab-v1" },
		{ XC_PHYSCAP_GNTTAB_V2, "gnttab-v2" },
	};
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (size_t i = 0; i < XU_ARRAY_SIZE(caps); i++)
		if ((p->capabilities & caps[i].bit) != 0)
			xu_buf_addf(&b, "%s%s", b.len > 0 ? " " : "",
			    caps[i].word);
	return xu_str(xu_buf_text(&b));
}

/* In no pool. */
static struct xu_val *
free_cpus(struct core *c)
{
	struct xu_cpus free = { { 0 } };

	if (xc_cpupool_freeinfo(c->xch, free.bits, sizeof(free.bits)) < 0)
		return xu_str("");
	return xu_strf("%u", xu_cpus_count(&free));
}

static struct xu_val *
processors(struct core *c, const struct xc_physinfo *p)
{
	struct xu_val *v = xu_struct();
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (size_t i = 0; i < XU_ARRAY_SIZE(p->hw_cap); i++)
		xu_buf_addf(&b, "%s%08x", i > 0 ? ":" : "", p->hw_cap[i]);
	xu_val_set(v, "nr_cpus", xu_strf("%u", p->nr_cpus));
	xu_val_set(v, "nr_nodes", xu_strf("%u", p->nr_nodes));
	xu_val_set(v, "cores_per_socket", xu_strf("%u", p->cores_per_socket));
	xu_val_set(v, "threads_per_core", xu_strf("%u", p->threads_per_core));
	xu_val_set(v, "cpu_mhz", xu_strf("%u", p->cpu_khz / 1000));
	xu_val_set(v, "hw_caps", xu_str(xu_buf_text(&b)));
	xu_val_set(v, "virt_caps", virt_caps(p));
	xu_val_set(v, "free_cpus", free_cpus(c));
	return v;
}

static struct xu_val *
words_of(const char *text)
{
	struct xu_val *v = xu_array();
	size_t n;

	while (*(text += strspn(text, " ")) != '\0') {
		n = strcspn(text, " ");
		xu_val_add(v, xu_strn(text, n));
		text += n;
	}
	return v;
}

static struct xu_val *
residents(struct core *c)
{
	struct xu_val *v = xu_array();
	struct xu_list *l;
	struct guest *g;

	LIST_FOREACH(l, &c->guests) {
		g = xu_container_of(l, struct guest, all);
		if (g->domid >= 0)
			xu_val_add(v, xu_str(g->uuid));
	}
	return v;
}

/* References of what belongs to the host, by the class. */
static void
add_parts(struct core *c, struct xu_val *v)
{
	static const struct {
		const char *field;
		const struct class_ops *ops;
	} rows[] = {
		{ "PIFs", &pif_ops },
		{ "PBDs", &pbd_ops },
		{ "host_CPUs", &host_cpu_ops },
		{ "resident_cpu_pools", &cpu_pool_ops },
		{ "PPCIs", &ppci_ops },
		{ "PCIs", &pci_ops },
		{ "certificates", &certificate_ops },
		{ "PSCSIs", &pscsi_ops },
		{ "PSCSI_HBAs", &pscsi_hba_ops },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		struct xu_val *list = xu_array();
		size_t pos = 0;
		void *obj;

		if (rows[i].ops->refresh != NULL)
			rows[i].ops->refresh(c);
		while ((obj = rows[i].ops->next(c, &pos)) != NULL)
			xu_val_add(list, xu_str(rows[i].ops->ref(obj)));
		xu_val_set(v, rows[i].field, list);
	}
}

static struct xu_val *
host_record(struct core *c, void *obj XU_UNUSED)
{
	struct xu_val *v = xu_struct(), *loaders = xu_array();
	const struct xu_val *other = xu_val_get(c->host, "other_config");
	struct xc_physinfo p = { .nr_cpus = 0 };
	struct utsname u = { .nodename = "" };

	uname(&u);
	xc_physinfo(c->xch, &p);
	xu_val_set(v, "uuid", xu_str(c->host_uuid));
	xu_val_set(v, "name_label",
	    xu_str(xu_val_get_str(c->host, "name_label", u.nodename)));
	xu_val_set(v, "name_description",
	    xu_str(xu_val_get_str(c->host, "name_description", "")));
	xu_val_set(v, "API_version_major", xu_int(1));
	xu_val_set(v, "API_version_minor", xu_int(0));
	xu_val_set(v, "API_version_vendor", xu_str("xld"));
	xu_val_set(v, "API_version_vendor_implementation", xu_struct());
	xu_val_set(v, "enabled", xu_bool(!c->disabled));
	xu_val_set(v, "software_version", software(c));
	xu_val_set(v, "other_config", other != NULL ? xu_val_copy(other) :
						      xu_struct());
	xu_val_set(v, "tags", config_tags(c->host));
	xu_val_set(v, "capabilities", words_of(c->version.capabilities));
	xu_val_set(v, "cpu_configuration", processors(c, &p));
	xu_val_set(v, "sched_policy", xu_str(sched_name(c)));
	xu_val_set(v, "supported_bootloaders", loaders);
	xu_val_set(v, "resident_VMs", residents(c));
	xu_val_set(v, "address", xu_str(u.nodename));
	xu_val_set(v, "metrics", xu_str(c->host_metrics_uuid));
	xu_val_set(v, "logging", xu_struct());
	xu_val_set(v, "suspend_image_sr", xu_str(""));
	xu_val_set(v, "crash_dump_sr", xu_str(""));
	add_parts(c, v);
	return v;
}

uint64_t
host_free_pages(const struct xc_physinfo *p)
{
	return p->free_pages + p->scrub_pages - p->outstanding_pages;
}

static struct xu_val *
metrics_record(struct core *c, void *obj XU_UNUSED)
{
	struct xu_val *v = xu_struct();
	struct xc_physinfo p = { .nr_cpus = 0 };

	xc_physinfo(c->xch, &p);
	xu_val_set(v, "uuid", xu_str(c->host_metrics_uuid));
	xu_val_set(v, "memory_total", xu_int((int64_t)p.total_pages << 12));
	xu_val_set(v, "memory_free", xu_int((int64_t)p.free_pages << 12));
	xu_val_set(v, "last_updated", xu_datetime(now_real()));
	return v;
}

/* ---- one host, one set of figures: the core itself ------------------------------------ */

static void *
find_host(struct core *c, const char *ref)
{
	return strcmp(ref, c->host_uuid) == 0 ? c : NULL;
}

static void *
find_metrics(struct core *c, const char *ref)
{
	return strcmp(ref, c->host_metrics_uuid) == 0 ? c : NULL;
}

static void *
only_one(struct core *c, size_t *pos)
{
	return (*pos)++ == 0 ? c : NULL;
}

static const char *
host_ref(const void *obj)
{
	return ((const struct core *)obj)->host_uuid;
}

static const char *
metrics_ref(const void *obj)
{
	return ((const struct core *)obj)->host_metrics_uuid;
}

/* What its owner calls it outlives the boot, as its identity does. */
static int
host_set(struct core *c, void *obj XU_UNUSED, const char *field,
    const struct xu_val *value, struct xu_err *e)
{
	if (strcmp(field, "logging") == 0 ||
	    strcmp(field, "suspend_image_sr") == 0 ||
	    strcmp(field, "crash_dump_sr") == 0)
		return config_must_be_empty(e, field, value,
		    "this host has no such setting");
	return db_change(c->db, "host", "self", &c->host, field, value, e);
}

const struct class_ops host_ops = {
	.cls = &model_host,
	.find = find_host,
	.next = only_one,
	.ref = host_ref,
	.record = host_record,
	.refresh = scan,
	.set = host_set,
};

const struct class_ops host_metrics_ops = {
	.cls = &model_host_metrics,
	.find = find_metrics,
	.next = only_one,
	.ref = metrics_ref,
	.record = metrics_record,
};

/* ---- messages ---------------------------------------------------------------------------- */

static void
read_log(struct call *k, bool clear)
{
	struct xu_err e = XU_ERR_INIT;
	uint32_t len = DMESG_MAX;
	AUTO_FREE char *buf = malloc(DMESG_MAX);

	if (buf == NULL) {
		call_refuse(k, "XLD_NO_MEMORY", "", "read the log");
	} else if (xc_readconsole(k->core->xch, buf, &len, clear, false,
		       NULL) < 0) {
		xen_fail(k->core, &e, "read the hypervisor's log");
		call_fail(k, &e);
	} else {
		call_ok(k, xu_strn(buf, len));
	}
}

static void
dmesg(struct call *k)
{
	read_log(k, false);
}

static void
dmesg_clear(struct call *k)
{
	read_log(k, true);
}

static void
debug_keys(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;

	if (xc_send_debug_keys(k->core->xch,
		xu_val_str(xu_val_at(k->params, 1))) < 0) {
		xen_fail(k->core, &e, "send debug keys");
		call_fail(k, &e);
	} else {
		call_ok(k, NULL);
	}
}

/* The daemon's own, as it reads them. */
static void
list_settings(struct call *k)
{
	const struct xu_val *conf = k->core->conf, *v;
	struct xu_val *map = xu_struct();

	for (size_t i = 0; i < xu_val_count(conf); i++) {
		AUTO_BUF struct xu_buf b = XU_BUF_INIT;

		v = xu_val_at(conf, i);
		for (size_t w = 0; w < xu_val_count(v); w++)
			xu_buf_addf(&b, "%s%s", w > 0 ? " " : "",
			    xu_val_str(xu_val_at(v, w)));
		if (xu_val_is(v, XU_INT))
			xu_buf_addf(&b, "%lld", (long long)xu_val_int(v));
		xu_val_set(map, xu_val_name_at(conf, i),
		    xu_str(xu_buf_text(&b)));
	}
	call_ok(k, map);
}

static void
add_name(void *ctx, const char *name)
{
	xu_val_add(ctx, xu_str(name));
}

static void
list_methods(struct call *k)
{
	struct xu_val *v = xu_array();

	model_each_message(add_name, v);
	call_ok(k, v);
}

/* The end of the file, when there is one. */
static void
own_log(struct call *k)
{
	const char *path = xu_log_path();
	FILE *f = path == NULL ? NULL : fopen(path, "re");
	AUTO_FREE char *buf = malloc(OWN_LOG_MAX);
	size_t n = 0;

	if (f != NULL && buf != NULL) {
		if (fseek(f, 0, SEEK_END) == 0 && ftell(f) > OWN_LOG_MAX)
			fseek(f, -OWN_LOG_MAX, SEEK_END);
		else
			rewind(f);
		n = fread(buf, 1, OWN_LOG_MAX, f);
	}
	if (f != NULL)
		fclose(f);
	if (f == NULL || buf == NULL)
		call_refuse(k, XE(XLD_FILE), path != NULL ? path : "",
		    "%s", path == NULL ? "the log goes to standard error: see "
			"the journal" : "the log cannot be read");
	else
		call_ok(k, xu_strn(buf, n));
}

static void
enable(struct call *k)
{
	k->core->disabled = false;
	call_ok(k, NULL);
}

static void
servertime(struct call *k)
{
	call_ok(k, xu_datetime(now_real()));
}

static void
disable(struct call *k)
{
	k->core->disabled = true;
	call_ok(k, NULL);
}

const struct handler host_handlers[] = {
	{ "host.get_log", own_log },
	{ "host.enable", enable },
	{ "host.disable", disable },
	{ "host.get_servertime", servertime },
	{ "host.stop_guests", host_stop_guests },
	{ "host.dmesg", dmesg },
	{ "host.dmesg_clear", dmesg_clear },
	{ "host.send_debug_keys", debug_keys },
	{ "host.list_methods", list_methods },
	{ "host.list_settings", list_settings },
	{ NULL, NULL },
};
