/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings to a domain: generic checks by the rows of model/domcfg.h, then the
 * few keys that bear on each other. Every problem is reported, not the first.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cfg_binder.h"
#include "xu_num.h"

const struct domcfg_key domcfg_keys[] = {
#define DOMCFG(n, k, s, d, h) { #n, DK_##k, DS_##s, d, h },
#include "domcfg.h"
};
const size_t domcfg_nkeys = XU_ARRAY_SIZE(domcfg_keys);

/* What may follow the end of a guest (xm's and xl's words). */
static const char *const actions[] = { "destroy", "restart", "preserve",
	"rename-restart", "coredump-destroy", "coredump-restart" };

const struct domcfg_key *
domcfg_find(const char *name)
{
	for (size_t i = 0; i < domcfg_nkeys; i++)
		if (strcmp(domcfg_keys[i].name, name) == 0)
			return &domcfg_keys[i];
	return NULL;
}

const char *
domcfg_nearest(const char *name)
{
	struct xu_near near = { .word = name,
		.most = strlen(name) < 5 ? 1 : 2 };

	for (size_t i = 0; i < domcfg_nkeys; i++) {
		if (strcasecmp(name, domcfg_keys[i].name) == 0)
			return domcfg_keys[i].name;
		xu_near_try(&near, domcfg_keys[i].name);
	}
	return near.best;
}

void
bind_say(struct binder *b, const struct cfg_pos *pos, bool error,
    const char *fmt, ...)
{
	va_list ap;

	xu_buf_addf(b->report, "%s:%u:%u: %s", pos->file, pos->line, pos->col,
	    error ? "" : "warning: ");
	va_start(ap, fmt);
	xu_buf_vaddf(b->report, fmt, ap);
	va_end(ap);
	xu_buf_addc(b->report, '\n');
	b->errors += error;
}

bool
bind_is_empty(const struct cfg_value *v)
{
	if (v->kind == CFG_LIST)
		return v->nitems == 0;
	return v->text[0] == '\0' ||
	    (v->kind == CFG_NUMBER && v->num == 0);
}

/* A number, or a quoted one (both dialects write "2" for 2). */
bool
bind_as_number(const struct cfg_value *v, int64_t *out)
{
	if (v->kind == CFG_NUMBER) {
		*out = v->num;
		return true;
	}
	return v->kind == CFG_STRING &&
	    xu_num_i64(v->text, INT64_MIN, INT64_MAX, out);
}

static bool
is_bool(const struct cfg_value *v)
{
	static const char *const words[] = { "0", "1", "yes", "no", "y", "n",
		"true", "false", "on", "off" };

	if (v->kind == CFG_LIST)
		return false;
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (strcasecmp(v->text, words[i]) == 0)
			return true;
	return false;
}

static bool
is_action(const struct cfg_value *v)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(actions); i++)
		if (v->kind == CFG_STRING && strcmp(v->text, actions[i]) == 0)
			return true;
	return false;
}

bool
bind_is_yes(const struct cfg_value *v)
{
	/* A word for no begins with none of these. */
	return strchr("1yYtT", v->text[0]) != NULL ||
	    strcasecmp(v->text, "on") == 0;
}

/* It says what would be so anyhow. 0 is nothing only where it is the default. */
static bool
says_nothing(const struct domcfg_key *k, const struct cfg_value *v)
{
	bool zero = k->dflt[0] == '\0' || strcmp(k->dflt, "0") == 0;

	if (k->kind == DK_BOOL)
		return bind_is_yes(v) == (strcmp(k->dflt, "1") == 0);
	if (v->kind == CFG_NUMBER && v->num == 0)
		return zero;
	return bind_is_empty(v) ||
	    (v->kind != CFG_LIST && strcmp(v->text, k->dflt) == 0);
}

/* A number is MiB, as 0x100 is; a string may have a unit. */
static bool
as_kib(const struct cfg_value *v, uint64_t *kib)
{
	const uint64_t most = (uint64_t)1 << 40;

	if (v->kind == CFG_NUMBER) {
		if (v->num < 0 || (uint64_t)v->num > most / 1024)
			return false;
		*kib = (uint64_t)v->num * 1024;
		return true;
	}
	return v->kind == CFG_STRING && xu_num_kib(v->text, 'm', kib) &&
	    *kib <= most;
}

static bool
has_dict(const struct cfg_value *v)
{
	if (v->kind == CFG_DICT)
		return true;
	for (size_t i = 0; i < v->nitems; i++)
		if (has_dict(v->items[i]))
			return true;
	return false;
}

/* What is wrong with the value for its kind, or NULL. */
static const char *
kind_problem(enum domcfg_kind k, const struct cfg_value *v)
{
	uint64_t kib;
	int64_t n;

	if (v->kind == CFG_BAD)
		return "had a mistake";
	if (has_dict(v))
		return "must not be a dictionary";
	switch (k) {
	case DK_STR:
		return v->kind == CFG_LIST ? "must be a string, not a list"
					   : NULL;
	case DK_INT:
		return bind_as_number(v, &n) && n >= 0 && n <= INT32_MAX
		    ? NULL
		    : "must be a number, 0 or more";
	case DK_OFFSET:
		return bind_as_number(v, &n) && n >= INT32_MIN && n <= INT32_MAX
		    ? NULL
		    : "must be a number";
	case DK_BOOL:
		return is_bool(v) ? NULL : "must be 0 or 1";
	case DK_MIB:
		return as_kib(v, &kib)
		    ? NULL
		    : "must be a number of MiB, or a number with k, m or g";
	case DK_UUID:
		return v->kind == CFG_STRING && xu_is_uuid(v->text)
		    ? NULL
		    : "must be a UUID such as "
		      "\"0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90\"";
	case DK_ACTION:
		return is_action(v)
		    ? NULL
		    : "must be destroy, restart, preserve, rename-restart, "
		      "coredump-destroy or coredump-restart";
	case DK_LIST:
		return v->kind == CFG_LIST ? NULL : "must be a list [ ... ]";
	case DK_ANY:
		return NULL;
	}
	return NULL;
}

/* What a guest boots is said by these. */
static const char *const boots[] = { "kernel", "bootloader", "firmware", "type",
	"builder", NULL };

static void
unknown_key(struct binder *b, const struct cfg_setting *s)
{
	const char *near = domcfg_nearest(s->key);

	/* Another setting is made with it. */
	if (s->used)
		return;
	if (near == NULL && b->cfg->program) {
		bind_say(b, &s->pos, false,
		    "'%s' is no key, and nothing is made with it", s->key);
		return;
	}
	for (size_t i = 0; near != NULL && boots[i] != NULL; i++)
		b->maybe_kernel = b->maybe_kernel || strcmp(near, boots[i]) == 0;
	bind_say(b, &s->pos, true, "unknown key '%s'%s%s%s", s->key,
	    near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : "");
}

static void
check_setting(struct binder *b, const struct cfg_setting *s)
{
	const struct domcfg_key *k = domcfg_find(s->key);
	const char *problem;
	bool later;

	if (k == NULL) {
		unknown_key(b, s);
		return;
	}
	if (s->value->kind == CFG_BAD)
		return;
	problem = kind_problem(k->kind, s->value);
	if (problem != NULL) {
		bind_say(b, &s->value->pos, true, "'%s' %s", s->key, problem);
		return;
	}
	later = k->status == DS_LATER ||
	    (k->status == DS_HVM_LATER && b->d->type == TYPE_HVM);
	if (later && !says_nothing(k, s->value))
		bind_say(b, &s->pos, true,
		    "'%s' is not supported by this release; remove it or leave "
		    "it empty",
		    s->key);
	if (k->status == DS_FULL && b->d->type == TYPE_PV)
		bind_say(b, &s->pos, false,
		    "'%s' means something for PVH and HVM guests only; ignored",
		    s->key);
	if ((k->status == DS_HVM || k->status == DS_HVM_LATER) &&
	    b->d->type != TYPE_HVM)
		bind_say(b, &s->pos, false,
		    "'%s' means something for HVM guests only; ignored",
		    s->key);
	if (k->status == DS_ARM)
		bind_say(b, &s->pos, false,
		    "'%s' means something on Arm hosts only; ignored", s->key);
	/* A message has no final stop. */
	if (k->status == DS_OLD)
		bind_say(b, &s->pos, false, "'%s' is obsolete; ignored. %.*s",
		    s->key, (int)strlen(k->help) - 1, k->help);
}

/* The setting when it is there and of the right kind, else NULL. */
const struct cfg_setting *
bind_get(const struct binder *b, const char *key)
{
	const struct cfg_setting *s = cfg_find(b->cfg, key);
	const struct domcfg_key *k = domcfg_find(key);

	return s != NULL && kind_problem(k->kind, s->value) == NULL ? s : NULL;
}

const char *
bind_str(const struct binder *b, const char *key, const char *dflt)
{
	const struct cfg_setting *s = bind_get(b, key);

	return s != NULL ? s->value->text : dflt;
}

int64_t
bind_int(const struct binder *b, const char *key, int64_t dflt)
{
	const struct cfg_setting *s = bind_get(b, key);
	int64_t n = dflt;

	if (s != NULL)
		bind_as_number(s->value, &n);
	return n;
}

bool
bind_bool(const struct binder *b, const char *key, bool dflt)
{
	const struct cfg_setting *s = bind_get(b, key);

	return s != NULL ? bind_is_yes(s->value) : dflt;
}

uint64_t
bind_kib(const struct binder *b, const char *key, uint64_t dflt)
{
	const struct cfg_setting *s = bind_get(b, key);
	uint64_t kib = dflt;

	if (s != NULL)
		as_kib(s->value, &kib);
	return kib;
}

bool
bind_known(const struct binder *b, const char *const *keys)
{
	const struct cfg_setting *s;

	if (b->cfg->broken)
		return false;
	for (; *keys != NULL; keys++) {
		s = cfg_find(b->cfg, *keys);
		if (s != NULL && kind_problem(domcfg_find(*keys)->kind,
			s->value) != NULL)
			return false;
	}
	return true;
}

struct cfg_pos
bind_pos(const struct binder *b, const char *key, const char *file)
{
	const struct cfg_setting *s = cfg_find(b->cfg, key);
	struct cfg_pos start = { file, 1, 1 };

	return s != NULL ? s->pos : start;
}

static void
bind_type(struct binder *b, const char *file)
{
	const char *type = bind_str(b, "type", NULL);
	const char *builder = bind_str(b, "builder", NULL);
	struct cfg_pos pos = bind_pos(b, type != NULL ? "type" : "builder", file);

	b->d->type = TYPE_PV;
	if (type == NULL && builder != NULL)
		type = strcmp(builder, "linux") == 0 ||
			strcmp(builder, "generic") == 0
		    ? "pv"
		    : builder;
	if (type == NULL || strcmp(type, "pv") == 0)
		return;
	if (strcmp(type, "pvh") == 0)
		b->d->type = TYPE_PVH;
	else if (strcmp(type, "hvm") == 0)
		b->d->type = TYPE_HVM;
	else
		bind_say(b, &pos, true,
		    "'%s' is not a guest type; use \"pv\", \"pvh\" or \"hvm\"",
		    type);
}

static char *
join_cmdline(const struct binder *b)
{
	struct xu_buf out = XU_BUF_INIT;
	const char *root = bind_str(b, "root", "");
	const char *extra = bind_str(b, "extra", "");

	if (cfg_find(b->cfg, "cmdline") != NULL)
		return strdup(bind_str(b, "cmdline", ""));
	/* xm's users write root = "/dev/xvda1 ro" as well as "root=...". */
	if (root[0] != '\0')
		xu_buf_addf(&out, "%s%s",
		    strncmp(root, "root=", 5) == 0 ? "" : "root=", root);
	if (extra[0] != '\0')
		xu_buf_addf(&out, "%s%s", out.len != 0 ? " " : "", extra);
	return xu_buf_steal(&out);
}

/* An xm config names hvmloader as the kernel of an HVM guest. */
static void
bind_loader(struct binder *b, const char *file)
{
	struct cfg_pos pos = bind_pos(b, "kernel", file);
	const char *base;

	if (b->d->kernel == NULL)
		return;
	base = strrchr(b->d->kernel, '/');
	base = base != NULL ? base + 1 : b->d->kernel;
	if (strcmp(base, "hvmloader") != 0)
		return;
	bind_say(b, &pos, false,
	    "'kernel' names hvmloader, which an HVM guest gets anyhow; "
	    "ignored");
	b->d->kernel[0] = '\0';
}

/* xm's and xl's pygrub reads the guest's disk in domain 0; who asks for it gets
 * the loader that reads it in the guest. */
static void
bind_loader_of_disk(struct binder *b)
{
	static const char *const words[] = { "pygrub", "pvgrub", "pvgrub32",
		"pvgrub64" };
	static const char *const keys[] = { "bootloader", "firmware" };
	const struct cfg_setting *s;
	const char *name;

	b->d->bootloader = strdup("");
	for (size_t k = 0; k < XU_ARRAY_SIZE(keys); k++) {
		s = bind_get(b, keys[k]);
		if (s == NULL || s->value->text[0] == '\0' ||
		    b->d->type == TYPE_HVM)
			continue;
		name = strrchr(s->value->text, '/');
		name = name != NULL ? name + 1 : s->value->text;
		for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
			if (strcmp(name, words[i]) == 0) {
				free(b->d->bootloader);
				b->d->bootloader = strdup(name);
			}
		if (b->d->bootloader == NULL || b->d->bootloader[0] != '\0')
			continue;
		/* A program of the owner's. */
		if (k == 0 && s->value->text[0] == '/') {
			free(b->d->bootloader);
			b->d->bootloader = strdup(s->value->text);
			continue;
		}
		bind_say(b, &s->value->pos, true,
		    "'%s' can be \"pvgrub\", which boots the guest from its own "
		    "disk%s", s->key,
		    k == 0 ? ", or the full path of a program" : "");
	}
}

/* xm's text and xl's list, blanks between words. */
static void
bind_loader_args(struct binder *b)
{
	static const char *const keys[] = { "bootargs", "bootloader_args" };
	struct xu_buf words = XU_BUF_INIT;
	const struct cfg_setting *s, *last = NULL;

	for (size_t k = 0; k < XU_ARRAY_SIZE(keys); k++) {
		s = bind_get(b, keys[k]);
		if (s != NULL && !bind_is_empty(s->value))
			last = s;
		if (s != NULL && s->value->kind == CFG_STRING)
			xu_buf_addf(&words, "%s ", s->value->text);
		for (size_t i = 0; s != NULL && s->value->kind == CFG_LIST &&
		     i < s->value->nitems; i++) {
			const struct cfg_value *v = s->value->items[i];

			if (v->kind == CFG_LIST || strchr(v->text, ' ') != NULL)
				bind_say(b, &v->pos, true,
				    "'%s' is a list of words without blanks",
				    keys[k]);
			else
				xu_buf_addf(&words, "%s ", v->text);
		}
	}
	if (last != NULL && b->d->bootloader != NULL &&
	    b->d->bootloader[0] != '/')
		bind_say(b, &last->value->pos, false,
		    "'%s' means nothing without bootloader = "
		    "\"/path/of/a/program\"", last->key);
	b->d->bootloader_args = xu_buf_steal(&words);
}

static void
kernel_or_loader(struct binder *b, const struct cfg_pos *pos)
{
	bool kernel = b->d->kernel != NULL && b->d->kernel[0] != '\0';
	bool loader = b->d->bootloader != NULL && b->d->bootloader[0] != '\0';

	if (!bind_known(b, boots) || b->maybe_kernel)
		return;
	if (kernel && loader)
		bind_say(b, pos, true,
		    "'kernel' and '%s' are given; one of both boots",
		    b->d->bootloader);
	else if (!kernel && !loader)
		bind_say(b, pos, true,
		    "no kernel is given; add kernel = \"/path/to/vmlinuz\", or "
		    "bootloader = \"pvgrub\" to boot from the guest's disk");
}

static void
bind_kernel(struct binder *b, const char *file)
{
	const struct cfg_setting *s = cfg_find(b->cfg, "cmdline");
	struct cfg_pos pos = bind_pos(b, "kernel", file);
	/* start_info's command line (xen.h MAX_GUEST_CMDLINE), less the NUL; what
	 * Linux takes otherwise. */
	const size_t max_cmdline = b->d->type == TYPE_PV ? 1023 : 2047;

	bind_loader_of_disk(b);
	bind_loader_args(b);
	b->d->kernel = strdup(bind_str(b, "kernel", ""));
	b->d->ramdisk = strdup(bind_str(b, "ramdisk", ""));
	b->d->cmdline = join_cmdline(b);
	if (b->d->type == TYPE_HVM)
		bind_loader(b, file);
	else
		kernel_or_loader(b, &pos);
	if (s != NULL &&
	    (cfg_find(b->cfg, "root") != NULL ||
		cfg_find(b->cfg, "extra") != NULL))
		bind_say(b, &s->pos, false,
		    "'cmdline' is the whole command line; 'root' and 'extra' "
		    "are ignored");
	if (b->d->cmdline != NULL && strlen(b->d->cmdline) > max_cmdline) {
		pos = bind_pos(b, s != NULL ? "cmdline" : "extra", file);
		bind_say(b, &pos, true,
		    "the kernel command line has %zu characters, %zu are "
		    "possible",
		    strlen(b->d->cmdline), max_cmdline);
	}
}

static void
bind_memory(struct binder *b, const char *file)
{
	static const char *const keys[] = { "memory", "maxmem", NULL };
	struct cfg_pos pos = bind_pos(b, "memory", file);
	struct domcfg *d = b->d;

	d->memory_kib = bind_kib(b, "memory", 128 * 1024);
	d->maxmem_kib = bind_kib(b, "maxmem", d->memory_kib);
	if (d->memory_kib < 4 * 1024)
		bind_say(b, &pos, true,
		    "memory is %llu KiB; no guest starts with less than 4 MiB",
		    (unsigned long long)d->memory_kib);
	if (d->maxmem_kib < d->memory_kib && bind_known(b, keys)) {
		pos = bind_pos(b, "maxmem", file);
		bind_say(b, &pos, true,
		    "maxmem (%llu MiB) is less than memory (%llu MiB)",
		    (unsigned long long)d->maxmem_kib / 1024,
		    (unsigned long long)d->memory_kib / 1024);
	}
}

/* xl's words; the numbers are Xen's. */
static void
bind_clocks(struct binder *b)
{
	static const char *const words[] = { "default", "always_emulate",
		"native" };
	const struct cfg_setting *s = bind_get(b, "tsc_mode");
	int64_t mode = -1;

	b->d->rtc_timeoffset = bind_int(b, "rtc_timeoffset", 0);
	b->d->localtime = bind_bool(b, "localtime", false);
	b->d->nomigrate = bind_bool(b, "nomigrate", false);
	if (s == NULL)
		return;
	if (!bind_as_number(s->value, &mode))
		for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
			if (s->value->kind == CFG_STRING &&
			    strcmp(s->value->text, words[i]) == 0)
				mode = (int64_t)i;
	if (mode < 0 || mode > 2)
		bind_say(b, &s->value->pos, true,
		    "'tsc_mode' must be default (0), always_emulate (1) or "
		    "native (2)%s",
		    mode == 3 ? "; Xen has no native_paravirt any more" : "");
	else
		b->d->tsc_mode = mode;
}

static void
bind_full(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "hap");

	b->d->acpi = b->d->shadow_mib = -1;
	if (b->d->type == TYPE_PV)
		return;
	if (bind_get(b, "acpi") != NULL)
		b->d->acpi = bind_bool(b, "acpi", true);
	if (bind_get(b, "shadow_memory") != NULL)
		b->d->shadow_mib =
		    (int64_t)bind_kib(b, "shadow_memory", 0) / 1024;
	if (s != NULL && !bind_bool(b, "hap", true))
		bind_say(b, &s->pos, true,
		    "guests without nested paging are not supported by this "
		    "release; remove 'hap'");
}

static char *
default_name(const char *file)
{
	const char *base = strrchr(file, '/');
	const char *dot;

	base = base != NULL ? base + 1 : file;
	dot = strrchr(base, '.');
	return dot != NULL && dot != base ? strndup(base, (size_t)(dot - base))
					  : strdup(base);
}

static void
bind_name(struct binder *b, const char *file)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/+-";
	struct cfg_pos pos = bind_pos(b, "name", file);
	struct domcfg *d = b->d;
	const char *given = bind_str(b, "name", NULL);
	size_t len;
	int64_t n;

	d->name = given != NULL ? strdup(given) : default_name(file);
	len = d->name == NULL ? 0 : strlen(d->name);
	if (len == 0 || len > 127 || strspn(d->name, ok) != len)
		bind_say(b, &pos, true,
		    "'%s' cannot be a name: 1 to 127 letters, digits and _.:/+-",
		    d->name == NULL ? "" : d->name);
	else if (xu_num_i64(d->name, 0, INT64_MAX, &n))
		bind_say(b, &pos, true,
		    "'%s' cannot be a name: a number would be taken for a "
		    "domain id",
		    d->name);
}

/* xm's keys speak of xend, which came and went with the host. */
static void
bind_host(struct binder *b)
{
	static const char *const words[] = {
#define ROW(sym, word) word,
		DOM_HOST_STOPS(ROW)
#undef ROW
	};
	const struct cfg_setting *start = bind_get(b, "on_xend_start");
	const struct cfg_setting *stop = bind_get(b, "on_xend_stop");
	const char *word = stop != NULL ? stop->value->text : words[0];
	size_t i = 0;

	b->d->autostart = start != NULL &&
	    strcmp(start->value->text, "start") == 0;
	if (start != NULL && !b->d->autostart &&
	    strcmp(start->value->text, "ignore") != 0)
		bind_say(b, &start->value->pos, true,
		    "'on_xend_start' is \"start\" or \"ignore\"");
	while (i < XU_ARRAY_SIZE(words) && strcmp(words[i], word) != 0)
		i++;
	if (i == XU_ARRAY_SIZE(words))
		bind_say(b, &stop->value->pos, true,
		    "'on_xend_stop' is \"shutdown\", \"destroy\" or "
		    "\"ignore\"");
	b->d->at_host_stop = strdup(word);
	b->d->start_order = bind_int(b, "start_order", 0);
	b->d->start_delay = bind_int(b, "start_delay", 0);
	b->d->shutdown_delay = bind_int(b, "shutdown_delay", 0);
}

unsigned
domcfg_bind(const struct cfg *c, const char *file, struct domcfg *d,
    struct xu_buf *report)
{
	struct binder b = { .cfg = c, .d = d, .report = report };

	memset(d, 0, sizeof(*d));
	bind_type(&b, file);
	for (size_t i = 0; i < c->n; i++)
		check_setting(&b, &c->settings[i]);
	bind_name(&b, file);
	bind_kernel(&b, file);
	bind_memory(&b, file);
	bind_cpus(&b, file);
	d->pool = strdup(bind_str(&b, "pool", ""));
	bind_clocks(&b);
	bind_cpuid(&b);
	bind_full(&b);
	bind_hvm(&b);
	bind_screen(&b);
	bind_disks(&b);
	bind_vifs(&b);
	bind_pcis(&b);
	d->uuid = strdup(bind_str(&b, "uuid", ""));
	d->description = strdup(bind_str(&b, "description", ""));
	d->on_poweroff = strdup(bind_str(&b, "on_poweroff", "destroy"));
	d->on_reboot = strdup(bind_str(&b, "on_reboot", "restart"));
	d->on_crash = strdup(bind_str(&b, "on_crash", "destroy"));
	bind_host(&b);
	d->max_grant_frames = bind_int(&b, "max_grant_frames", -1);
	d->max_maptrack_frames = bind_int(&b, "max_maptrack_frames", -1);
	d->max_grant_version = bind_int(&b, "max_grant_version", -1);
	d->max_event_channels = bind_int(&b, "max_event_channels", -1);
	return b.errors;
}

static void
free_sets(struct domcfg_cpus *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->sets[i]);
	free(c->sets);
}

void
domcfg_fini(struct domcfg *d)
{
	char *const owned[] = { d->name, d->uuid, d->description, d->kernel,
		d->ramdisk, d->cmdline, d->bootloader,
		d->bootloader_args, d->on_poweroff, d->on_reboot,
		d->on_crash, d->at_host_stop, d->hvm.boot, d->hvm.vga, d->hvm.bios_path,
		d->hvm.loader, d->hvm.device_model, d->screen.vnc,
		d->screen.keymap, d->screen.password,
		d->hvm.bios, d->hvm.serial, d->hvm.viridian,
		d->hvm.device_model_args,
#define W(member, key) d->hvm.member,
		DOMCFG_HVM_WORDS(W)
#undef W
		d->pool, d->vnuma, d->cpuid };

	for (size_t i = 0; i < XU_ARRAY_SIZE(owned); i++)
		free(owned[i]);
	free_sets(&d->hard);
	free_sets(&d->soft);
	for (size_t i = 0; i < d->ndisks; i++)
		cfg_disk_fini(&d->disks[i]);
	free(d->disks);
	for (size_t i = 0; i < d->nvifs; i++)
		cfg_vif_fini(&d->vifs[i]);
	free(d->vifs);
	for (size_t i = 0; i < d->npcis; i++)
		cfg_pci_fini(&d->pcis[i]);
	free(d->pcis);
	memset(d, 0, sizeof(*d));
}
