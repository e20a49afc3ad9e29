/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a configuration file to the record VM.create takes. Touches no file but
 * the configuration: kernels are the daemon's to open.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domstate.h"
#include "errors.h"
#include "pci.h"
#include "vmrec.h"
#include "xu_file.h"
#include "xu_num.h"

/* --- loading -------------------------------------------------------------- */

/* NULL: nowhere. */
static char *
find_file(const char *file, const char *dirs)
{
	size_t n;
	char *path;

	if (strchr(file, '/') != NULL)
		return access(file, F_OK) == 0 ? strdup(file) : NULL;
	for (; *dirs != '\0'; dirs += n + (dirs[n] == ':')) {
		n = strcspn(dirs, ":");
		if (asprintf(&path, "%.*s/%s", (int)n, dirs, file) < 0)
			return NULL;
		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

/* Syntax errors are problems like others. */
static void
add_problem(struct vmrec *r, const struct xu_err *e)
{
	xu_buf_addf(&r->report, "%s\n", e->msg);
	r->errors++;
}

/* Line and column of a line of the report, 0 without. */
static unsigned long
place_of(const char *line)
{
	const char *colon = strstr(line, ": ");
	unsigned long row, column;

	while (colon != NULL && colon > line && colon[-1] != ':')
		colon--;
	column = colon == NULL ? 0 : strtoul(colon, NULL, 10);
	colon = colon == NULL || colon == line ? NULL : colon - 1;
	while (colon != NULL && colon > line && colon[-1] != ':')
		colon--;
	row = colon == NULL ? 0 : strtoul(colon, NULL, 10);
	return row << 32 | (column & UINT32_MAX);
}

static int
by_place(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	unsigned long m = place_of(*x), n = place_of(*y);

	if (m != n)
		return m < n ? -1 : 1;
	/* As they were found: they lie in one block. */
	return *x < *y ? -1 : *x > *y;
}

static int
sort_report(struct xu_buf *report)
{
	AUTO_FREE char *text = strdup(xu_buf_text(report));
	AUTO_FREE const char **lines = NULL;
	size_t n = 0;
	char *save = NULL;

	for (const char *s = xu_buf_text(report); *s != '\0'; s++)
		n += *s == '\n';
	lines = calloc(n + 1, sizeof(*lines));
	if (text == NULL || lines == NULL)
		return -1;
	n = 0;
	for (char *s = strtok_r(text, "\n", &save); s != NULL;
	     s = strtok_r(NULL, "\n", &save))
		lines[n++] = s;
	qsort(lines, n, sizeof(*lines), by_place);
	xu_buf_reset(report);
	for (size_t i = 0; i < n; i++)
		xu_buf_addf(report, "%s\n", lines[i]);
	return report->error != 0 ? -1 : 0;
}

/* Those of the overrides that are keys, or the others. */
static void
apply(struct vmrec *r, char *const *overrides, int n, bool keys)
{
	struct xu_err e = XU_ERR_INIT;
	char name[64];
	size_t len;

	for (int i = 0; i < n; i++) {
		len = strcspn(overrides[i], "=");
		snprintf(name, sizeof(name), "%.*s", (int)len, overrides[i]);
		if ((domcfg_find(name) != NULL) != keys)
			continue;
		xu_err_clear(&e);
		if (cfg_parse_override(&r->cfg, overrides[i], &e) < 0)
			add_problem(r, &e);
	}
}

int
vmrec_load(struct xm *xm, struct vmrec *r, const char *file, const char *dirs,
    char *const *overrides, int n)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	const char *name;

	memset(r, 0, sizeof(*r));
	cfg_init(&r->cfg);
	r->path = find_file(file, dirs);
	if (r->path == NULL)
		return xm_error(xm, XE(XLD_FILE), XM_NOT_FOUND,
		    "Unable to open config file: %s: %s", file,
		    strchr(file, '/') != NULL ? strerror(ENOENT) : "not found");
	if (xu_file_read(r->path, CFG_MAX_FILE, &text, &e) < 0)
		return xm_error(xm, XE(XLD_FILE),
		    e.errnum == EACCES ? XM_PERMISSION : XM_FAILED,
		    "Unable to open config file: %s", e.msg);
	/* In messages: as it was given, unless it was found elsewhere. */
	name = strncmp(r->path, "./", 2) == 0 ? file : r->path;
	/* Names that are no keys are for the file's expressions. */
	apply(r, overrides, n, false);
	r->errors += cfg_parse_all(&r->cfg, name, xu_buf_text(&text), text.len,
	    &r->report);
	apply(r, overrides, n, true);
	r->errors += domcfg_bind(&r->cfg, name, &r->dom, &r->report);
	return r->report.error != 0 || sort_report(&r->report) < 0
	    ? xm_no_memory(xm)
	    : 0;
}

void
vmrec_fini(struct vmrec *r)
{
	cfg_fini(&r->cfg);
	domcfg_fini(&r->dom);
	xu_buf_fini(&r->report);
	free(r->path);
}

/* --- the report ----------------------------------------------------------- */

static struct xapi_value *
problem(const char *line, size_t len)
{
	struct xapi_value *v = xapi_new_struct();
	char text[1200], *part[4], *rest = text, *colon;
	int64_t row = 0, column = 0;
	bool warning;

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	/* file:line:column: text; a file name may hold colons, but not ": ". */
	part[3] = strstr(text, ": ");
	if (part[3] != NULL) {
		*part[3] = '\0';
		part[3] += 2;
	} else {
		part[3] = text + strlen(text);
	}
	part[0] = rest;
	for (int i = 2; i >= 1; i--) {
		colon = strrchr(text, ':');
		part[i] = colon != NULL ? colon + 1 : text + strlen(text);
		if (colon != NULL)
			*colon = '\0';
	}
	xu_num_i64(part[1], 0, INT32_MAX, &row);
	xu_num_i64(part[2], 0, INT32_MAX, &column);
	warning = strncmp(part[3], "warning: ", 9) == 0;
	xapi_set(v, "file", xapi_new_str(part[0]));
	xapi_set(v, "line", xapi_new_int(row));
	xapi_set(v, "column", xapi_new_int(column));
	xapi_set(v, "severity", xapi_new_str(warning ? "warning" : "error"));
	xapi_set(v, "text", xapi_new_str(part[3] + (warning ? 9 : 0)));
	return v;
}

struct xapi_value *
vmrec_problems(const struct vmrec *r)
{
	struct xapi_value *list = xapi_new_array();
	const char *s = xu_buf_text(&r->report);
	size_t n;

	for (; *s != '\0'; s += n + (s[n] == '\n')) {
		n = strcspn(s, "\n");
		xapi_add(list, problem(s, n));
	}
	return list;
}

int
vmrec_judge(struct xm *xm, const struct vmrec *r)
{
	const char *s = xu_buf_text(&r->report);

	if (xm->format == XM_TEXT)
		fputs(s, stderr);
	else if (r->errors != 0)
		/* The first; `xm check --format json` has all. */
		xm_error(xm, XE(XLD_CONFIG), XM_USAGE, "%.*s",
		    (int)strcspn(s, "\n"), s);
	return r->errors != 0 ? XM_USAGE : 0;
}

/* --- the record ----------------------------------------------------------- */

static struct xapi_value *
absolute(const char *path, const char *cwd)
{
	AUTO_FREE char *s = NULL;

	if (path[0] == '\0' || path[0] == '/')
		return xapi_new_str(path);
	/* Links stay: a restart shall find what they point at then. */
	while (strncmp(path, "./", 2) == 0)
		path += 2 + strspn(path + 2, "/");
	if (asprintf(&s, "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path) < 0)
		s = NULL;
	return s == NULL ? NULL : xapi_new_str(s);
}

static void
set_any_number(struct xapi_value *map, const char *name, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)n);
	xapi_set(map, name, xapi_new_str(text));
}

/* -1 = not given. */
static void
set_number(struct xapi_value *map, const char *name, int64_t n)
{
	if (n >= 0)
		set_any_number(map, name, n);
}

static struct xapi_value *
action(const char *xm_word)
{
	enum dom_action a;

	return dom_action_of(xm_word, &a) ? xapi_new_str(dom_action_word(a))
					  : NULL;
}

static void
set_cpus(struct xapi_value *map, const char *kind, const struct domcfg_cpus *c)
{
	char key[40];

	for (size_t i = 0; i < c->n; i++) {
		if (c->for_all)
			snprintf(key, sizeof(key), "%smask", kind);
		else
			snprintf(key, sizeof(key), "%scpumap%zu", kind, i);
		xapi_set(map, key, xapi_new_str(c->sets[i]));
	}
}

static void
set_memory(struct xapi_value *r, const struct domcfg *d)
{
	long long bytes = (long long)d->memory_kib * 1024;

	xapi_set(r, "memory_static_max",
	    xapi_new_int((long long)d->maxmem_kib * 1024));
	xapi_set(r, "memory_dynamic_max", xapi_new_int(bytes));
	xapi_set(r, "memory_dynamic_min", xapi_new_int(bytes));
	xapi_set(r, "memory_static_min", xapi_new_int(0));
}

static void
set_word(struct xapi_value *map, const char *name, const char *word)
{
	if (word[0] != '\0')
		xapi_set(map, name, xapi_new_str(word));
}

static void
set_path(struct xapi_value *map, const char *name, const char *path,
    const char *cwd)
{
	if (path[0] != '\0')
		xapi_set(map, name, absolute(path, cwd));
}

static void
hvm_platform(struct xapi_value *map, const struct domcfg_hvm *h,
    const char *cwd)
{
	set_word(map, "vga", h->vga);
	set_number(map, "usb", h->usb);
	set_number(map, "usb_tablet", h->usb_tablet);
	set_number(map, "timer_mode", h->timer_mode);
	set_number(map, "mmio_hole", h->mmio_hole_mib);
#define S(member, key, dflt) set_number(map, #member, h->member);
	DOMCFG_HVM_SWITCHES(S)
#undef S
#define W(member, key) set_word(map, #member, h->member);
	DOMCFG_HVM_WORDS(W)
#undef W
	set_word(map, "bios", h->bios);
	set_word(map, "serial", h->serial);
	set_word(map, "viridian", h->viridian);
	set_word(map, "device_model_args", h->device_model_args);
	set_path(map, "bios_path", h->bios_path, cwd);
	set_path(map, "loader", h->loader, cwd);
	set_path(map, "device_model", h->device_model, cwd);
}

static void
screen_platform(struct xapi_value *map, const struct domcfg_screen *s)
{
	if (s->videoram_mib > 0)
		set_number(map, "videoram", s->videoram_mib);
	set_word(map, "vnc", s->vnc);
	if (s->vnc[0] != '\0')
		set_number(map, "vnc_unused", s->unused);
	set_word(map, "keymap", s->keymap);
	set_word(map, "vnc_password", s->password);
}

static struct xapi_value *
platform(const struct domcfg *d, const char *cwd)
{
	struct xapi_value *map = xapi_new_struct();

	set_number(map, "max_grant_frames", d->max_grant_frames);
	set_number(map, "max_maptrack_frames", d->max_maptrack_frames);
	set_number(map, "max_grant_version", d->max_grant_version);
	set_number(map, "max_event_channels", d->max_event_channels);
	if (d->tsc_mode != 0)
		set_number(map, "tsc_mode", d->tsc_mode);
	if (d->nomigrate)
		xapi_set(map, "nomigrate", xapi_new_str("1"));
	set_word(map, "vnuma", d->vnuma);
	set_word(map, "cpuid", d->cpuid);
	if (d->rtc_timeoffset != 0)
		set_any_number(map, "timeoffset", d->rtc_timeoffset);
	if (d->localtime)
		xapi_set(map, "localtime", xapi_new_str("1"));
	set_number(map, "acpi", d->acpi);
	set_number(map, "shadow_memory", d->shadow_mib);
	/* Others have those of a screen when they have one. */
	if (d->type == TYPE_HVM || d->screen.vnc[0] != '\0')
		screen_platform(map, &d->screen);
	if (d->type == TYPE_HVM)
		hvm_platform(map, &d->hvm, cwd);
	return map;
}

struct xapi_value *
vmrec_record(const struct domcfg *d, const char *cwd)
{
	struct xapi_value *r = xapi_new_struct(), *map;

	if (d->uuid[0] != '\0')
		xapi_set(r, "uuid", xapi_new_str(d->uuid));
	xapi_set(r, "name_label", xapi_new_str(d->name));
	xapi_set(r, "name_description", xapi_new_str(d->description));
	xapi_set(r, "user_version", xapi_new_int(1));
	xapi_set(r, "is_a_template", xapi_new_bool(0));
	set_memory(r, d);
	map = xapi_new_struct();
	set_number(map, "weight", d->cpu_weight);
	set_number(map, "cap", d->cpu_cap);
	set_cpus(map, "", &d->hard);
	set_cpus(map, "soft_", &d->soft);
	xapi_set(r, "VCPUs_params", map);
	xapi_set(r, "pool_name", xapi_new_str(d->pool));
	xapi_set(r, "VCPUs_max", xapi_new_int(d->maxvcpus));
	xapi_set(r, "VCPUs_at_startup", xapi_new_int(d->vcpus));
	xapi_set(r, "actions_after_shutdown", action(d->on_poweroff));
	xapi_set(r, "actions_after_reboot", action(d->on_reboot));
	xapi_set(r, "actions_after_crash", action(d->on_crash));
	xapi_set(r, "auto_power_on", xapi_new_bool(d->autostart));
	xapi_set(r, "order", xapi_new_int(d->start_order));
	xapi_set(r, "start_delay", xapi_new_int(d->start_delay));
	xapi_set(r, "shutdown_delay", xapi_new_int(d->shutdown_delay));
	xapi_set(r, "actions_at_host_stop", xapi_new_str(d->at_host_stop));
	xapi_set(r, "PV_bootloader", xapi_new_str(d->bootloader));
	xapi_set(r, "PV_kernel", absolute(d->kernel, cwd));
	xapi_set(r, "PV_ramdisk", absolute(d->ramdisk, cwd));
	xapi_set(r, "PV_args", xapi_new_str(d->cmdline));
	xapi_set(r, "PV_bootloader_args", xapi_new_str(d->bootloader_args));
	xapi_set(r, "domain_type", xapi_new_str(dom_type_word(d->type)));
	xapi_set(r, "HVM_boot_policy",
	    xapi_new_str(d->type == TYPE_HVM ? "BIOS order" : ""));
	map = xapi_new_struct();
	if (d->type == TYPE_HVM)
		set_word(map, "order", d->hvm.boot);
	xapi_set(r, "HVM_boot_params", map);
	xapi_set(r, "platform", platform(d, cwd));
	xapi_set(r, "PCI_bus", xapi_new_str(""));
	map = xapi_new_struct();
	if (!d->kept)
		xapi_set(map, "transient", xapi_new_str("true"));
	xapi_set(r, "other_config", map);
	return r;
}

struct xapi_value *
vmrec_disk(const struct cfg_disk *d, const char *cwd)
{
	AUTO_FREE char *location = cfg_disk_location(d, cwd);
	struct xapi_value *r = xapi_new_struct();

	xapi_set(r, "device", xapi_new_str(d->vdev));
	xapi_set(r, "location",
	    location != NULL ? xapi_new_str(location) : NULL);
	xapi_set(r, "mode", xapi_new_str(d->readonly ? "RO" : "RW"));
	xapi_set(r, "type", xapi_new_str(d->cdrom ? "CD" : "Disk"));
	xapi_set(r, "sharable", xapi_new_bool(d->sharable));
	xapi_set(r, "unpluggable", xapi_new_bool(d->removable));
	if (d->script != NULL)
		xapi_set(r, "script", xapi_new_str(d->script));
	if (d->qdisk)
		xapi_set(r, "backendtype", xapi_new_str("qdisk"));
	return r;
}

/* NULL = not given. */
static void
set_given(struct xapi_value *r, const char *name, const char *value)
{
	if (value != NULL)
		xapi_set(r, name, xapi_new_str(value));
}

struct xapi_value *
vmrec_vif(const struct cfg_vif *v)
{
	struct xapi_value *r = xapi_new_struct();

	if (v->devid >= 0)
		set_any_number(r, "device", v->devid);
	set_given(r, "MAC", v->mac);
	if (v->mtu >= 0)
		xapi_set(r, "MTU", xapi_new_int(v->mtu));
	set_given(r, "bridge", v->bridge);
	set_given(r, "ip", v->ip);
	set_given(r, "rate", v->rate);
	set_given(r, "vifname", v->vifname);
	set_given(r, "kind", v->type);
	set_given(r, "model", v->model);
	set_given(r, "script", v->script);
	set_given(r, "gatewaydev", v->gatewaydev);
	xapi_set(r, "trusted", xapi_new_bool(!v->untrusted));
	return r;
}

struct xapi_value *
vmrec_pci(const struct cfg_pci *c)
{
	const struct {
		const char *name;
		int value;
	} rows[] = { { "msitranslate", c->msitranslate },
		{ "power_mgmt", c->power_mgmt },
		{ "permissive", c->permissive }, { "seize", c->seize } };
	struct xapi_value *r = xapi_new_struct(), *map = xapi_new_struct();

	xapi_set(r, "hotplug_slot", xapi_new_int(c->slot));
	set_given(r, "key", c->name);
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		set_number(map, rows[i].name, rows[i].value);
	xapi_set(r, "options", map);
	return r;
}

/* (device (pci (dev 0000:00:1f.0) (permissive 1))) */
static void
sxp_pci(struct xapi_value *vm, const struct cfg_pci *c)
{
	struct xapi_value *device = xapi_new_array(), *pci = xapi_new_array();
	struct xapi_value *r = vmrec_pci(c);
	const struct xapi_value *map = xapi_get(r, "options");
	char text[80];

	xm_pci_text(c, text, sizeof(text));
	xapi_add(pci, xapi_new_str("pci"));
	xm_sxp_str(pci, "dev", text);
	if (c->slot > 0)
		xm_sxp_int(pci, "vslot", c->slot);
	for (size_t i = 0; i < xapi_count(map); i++)
		xm_sxp_str(pci, xapi_name_at(map, i),
		    xapi_str(xapi_at(map, i)));
	xapi_free(r);
	xapi_add(device, xapi_new_str("device"));
	xapi_add(device, pci);
	xapi_add(vm, device);
}

/* (device (vif (bridge xenbr0) (mac 00:16:3e:12:34:56))) */
static void
sxp_vif(struct xapi_value *vm, const struct cfg_vif *v)
{
	const struct {
		const char *name, *value;
	} words[] = { { "type", v->type }, { "bridge", v->bridge },
		{ "mac", v->mac }, { "ip", v->ip }, { "script", v->script },
		{ "vifname", v->vifname }, { "rate", v->rate },
		{ "model", v->model }, { "gatewaydev", v->gatewaydev } };
	struct xapi_value *device = xapi_new_array(), *vif = xapi_new_array();

	xapi_add(vif, xapi_new_str("vif"));
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (words[i].value != NULL)
			xm_sxp_str(vif, words[i].name, words[i].value);
	if (v->mtu >= 0)
		xm_sxp_int(vif, "mtu", v->mtu);
	xapi_add(device, xapi_new_str("device"));
	xapi_add(device, vif);
	xapi_add(vm, device);
}

/* (device (vbd (uname phy:/dev/x) (dev xvda:disk) (mode w))) */
static void
sxp_disk(struct xapi_value *vm, const struct cfg_disk *d, const char *cwd)
{
	AUTO_FREE char *location = cfg_disk_location(d, cwd);
	struct xapi_value *device = xapi_new_array(), *vbd = xapi_new_array();
	char name[64];

	snprintf(name, sizeof(name), "%s:%s", d->vdev,
	    d->cdrom ? "cdrom" : "disk");
	xapi_add(vbd, xapi_new_str("vbd"));
	xm_sxp_str(vbd, "uname", location != NULL ? location : "");
	xm_sxp_str(vbd, "dev", name);
	xm_sxp_str(vbd, "mode",
	    d->readonly ? "r" : d->sharable ? "w!" : "w");
	xapi_add(device, xapi_new_str("device"));
	xapi_add(device, vbd);
	xapi_add(vm, device);
}

/* (device (vkbd)) (device (vfb (vnc 1) (vnclisten 127.0.0.1) ...)); the password is
 * nobody's to read. */
static void
sxp_screen(struct xapi_value *vm, const struct domcfg_screen *s)
{
	struct xapi_value *device = xapi_new_array(), *vkbd = xapi_new_array();
	struct xapi_value *vfb = xapi_new_array();
	const char *colon = strrchr(s->vnc, ':');
	AUTO_FREE char *listen = strndup(s->vnc, (size_t)(colon - s->vnc));

	xapi_add(vkbd, xapi_new_str("vkbd"));
	xapi_add(device, xapi_new_str("device"));
	xapi_add(device, vkbd);
	xapi_add(vm, device);
	xapi_add(vfb, xapi_new_str("vfb"));
	xm_sxp_int(vfb, "vnc", 1);
	xm_sxp_str(vfb, "vnclisten", listen != NULL ? listen : "");
	xm_sxp_str(vfb, "vncdisplay", colon + 1);
	xm_sxp_int(vfb, "vncunused", s->unused);
	if (s->keymap[0] != '\0')
		xm_sxp_str(vfb, "keymap", s->keymap);
	device = xapi_new_array();
	xapi_add(device, xapi_new_str("device"));
	xapi_add(device, vfb);
	xapi_add(vm, device);
}

struct xapi_value *
vmrec_sxp(const struct domcfg *d, const char *cwd)
{
	struct xapi_value *vm = xapi_new_array(), *image = xapi_new_array();
	struct xapi_value *form = xapi_new_array(), *path;

	xapi_add(vm, xapi_new_str("vm"));
	xm_sxp_str(vm, "name", d->name);
	if (d->uuid[0] != '\0')
		xm_sxp_str(vm, "uuid", d->uuid);
	if (d->description[0] != '\0')
		xm_sxp_str(vm, "description", d->description);
	xm_sxp_int(vm, "memory", (long long)d->memory_kib / 1024);
	xm_sxp_int(vm, "maxmem", (long long)d->maxmem_kib / 1024);
	xm_sxp_str(vm, "on_poweroff", d->on_poweroff);
	xm_sxp_str(vm, "on_reboot", d->on_reboot);
	xm_sxp_str(vm, "on_crash", d->on_crash);
	xm_sxp_int(vm, "vcpus", d->maxvcpus);
	xm_sxp_int(vm, "online_vcpus", d->vcpus);
	if (d->cpu_weight >= 0)
		xm_sxp_int(vm, "cpu_weight", d->cpu_weight);
	if (d->cpu_cap >= 0)
		xm_sxp_int(vm, "cpu_cap", d->cpu_cap);
	xapi_add(form, xapi_new_str(xm_sxp_image(dom_type_word(d->type))));
	path = absolute(d->kernel, cwd);
	xm_sxp_str(form, "kernel", xapi_str(path));
	xapi_free(path);
	if (d->ramdisk[0] != '\0') {
		path = absolute(d->ramdisk, cwd);
		xm_sxp_str(form, "ramdisk", xapi_str(path));
		xapi_free(path);
	}
	if (d->cmdline[0] != '\0')
		xm_sxp_str(form, "args", d->cmdline);
	xapi_add(image, xapi_new_str("image"));
	xapi_add(image, form);
	xapi_add(vm, image);
	for (size_t i = 0; i < d->ndisks; i++)
		sxp_disk(vm, &d->disks[i], cwd);
	for (size_t i = 0; i < d->nvifs; i++)
		sxp_vif(vm, &d->vifs[i]);
	for (size_t i = 0; i < d->npcis; i++)
		sxp_pci(vm, &d->pcis[i]);
	if (d->type != TYPE_HVM && d->screen.vnc[0] != '\0')
		sxp_screen(vm, &d->screen);
	return vm;
}
