/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a machine may be: the fields of the model that its owner sets, their
 * defaults, and what this release can do with them. Knows no domain.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "vm_cpuid.h"
#include "vm_hvm.h"
#include "vm_place.h"
#include "vnc.h"
#include "xu_num.h"
#include "xu_vnuma.h"

#define MIB	    (INT64_C(1) << 20)
#define VCPUS_LIMIT 512
#define DATA_LIMIT  128
#define BLOCK_LIMIT 256
#define TAGS_LIMIT  128
/* start_info has 1024 bytes (xen.h MAX_GUEST_CMDLINE); Linux takes 2047. */
#define PV_ARGS_LIMIT  1023
#define PVH_ARGS_LIMIT 2047
/* Xen's HVM_MAX_VCPUS. */
#define HVM_VCPUS_LIMIT 128
/* 16 TiB: what a PV guest's address space has room for. */
#define MEMORY_LIMIT (INT64_C(16) << 40)

int
config_unsupported(struct xu_err *e, const char *field, const char *value,
    const char *reason)
{
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0, "%s '%.200s': %s", field, value,
	    reason);
	xu_err_param(e, "%s", field);
	xu_err_param(e, "%.100s", value);
	xu_err_param(e, "%s", reason);
	return -1;
}

int
config_must_be_empty(struct xu_err *e, const char *field,
    const struct xu_val *v, const char *reason)
{
	if (xu_val_is(v, XU_STRING) ? xu_val_str(v)[0] == '\0' :
				      xu_val_count(v) == 0)
		return 0;
	return config_unsupported(e, field, xu_val_str(v), reason);
}

static int
unsupported_number(struct xu_err *e, const char *field, int64_t value,
    const char *reason)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return config_unsupported(e, field, text, reason);
}

static struct xu_val *
zero_of(const struct model_type *t)
{
	switch (t->kind) {
	case MK_INT:
		return xu_int(0);
	case MK_FLOAT:
		return xu_float(0);
	case MK_BOOL:
		return xu_bool(false);
	case MK_ENUM:
		return xu_str(model_find_enum(t->name)->words[0]);
	case MK_SET:
		return xu_array();
	case MK_MAP:
		return xu_struct();
	default:
		return xu_str("");
	}
}

enum dom_type
config_type(const struct xu_val *config)
{
	enum dom_type t =
	    dom_type_of(xu_val_get_str(config, "domain_type", ""));

	if (t != TYPE_UNSPECIFIED)
		return t;
	return xu_val_get_str(config, "HVM_boot_policy", "")[0] != '\0' ?
	    TYPE_HVM : TYPE_PV;
}

/* What is absent and follows from others. */
static void
set_defaults(struct xu_val *v, const struct xu_val *args)
{
	static const char *const memory[] = { "memory_static_max",
		"memory_dynamic_max", "memory_dynamic_min" };
	int64_t given = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(memory); i++)
		if (given == 0)
			given = xu_val_get_int(v, memory[i], 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(memory); i++) {
		if (xu_val_get_int(v, memory[i], 0) == 0)
			xu_val_set(v, memory[i], xu_int(given));
		given = xu_val_get_int(v, memory[i], 0);
	}
	if (xu_val_get_int(v, "VCPUs_max", 0) == 0) {
		given = xu_val_get_int(v, "VCPUs_at_startup", 0);
		xu_val_set(v, "VCPUs_max", xu_int(given == 0 ? 1 : given));
	}
	if (xu_val_get_int(v, "VCPUs_at_startup", 0) == 0)
		xu_val_set(v, "VCPUs_at_startup",
		    xu_int(xu_val_get_int(v, "VCPUs_max", 1)));
	xu_val_set(v, "domain_type", xu_str(dom_type_word(config_type(v))));
	if (xu_val_get(args, "actions_after_reboot") == NULL)
		xu_val_set(v, "actions_after_reboot",
		    xu_str(dom_action_word(ACTION_RESTART)));
}

struct xu_val *
config_blank(void)
{
	const struct model_field *f = model_vm.fields;
	struct xu_val *v = xu_struct();

	for (; f->name != NULL; f++)
		if (f->access != RO_RUN)
			xu_val_set(v, f->name, zero_of(f->type));
	return v;
}

struct xu_val *
config_complete(const struct xu_val *config)
{
	struct xu_val *v = xu_val_copy(config);
	const struct model_field *f = model_vm.fields;

	for (; v != NULL && f->name != NULL; f++)
		if (f->access != RO_RUN && xu_val_get(v, f->name) == NULL)
			xu_val_set(v, f->name, zero_of(f->type));
	return v;
}

const char *
config_host_word(const struct xu_val *was, const struct xu_val *config)
{
	static const struct {
		const char *name, *map, *key;
	} words[] = {
		{ "platform:device_model", "platform", "device_model" },
		{ "platform:device_model_args", "platform",
		    "device_model_args" },
		{ "PV_bootloader", NULL, "PV_bootloader" },
		{ "other_config:pci", "other_config", "pci" },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++) {
		const char *map = words[i].map, *key = words[i].key;
		const char *now = xu_val_get_str(map == NULL ? config :
			xu_val_get(config, map), key, "");

		/* Without a path it is a loader that runs in the guest. */
		if ((map != NULL || now[0] == '/') &&
		    strcmp(now, xu_val_get_str(map == NULL ? was :
			xu_val_get(was, map), key, "")) != 0)
			return words[i].name;
	}
	return NULL;
}

struct xu_val *
config_new(const struct core *c, const struct xu_val *args, struct xu_err *e)
{
	struct xu_val *v = config_blank();
	const char *name;

	/* What nobody but the system decides is not taken from a caller. */
	for (size_t i = 0; i < xu_val_count(args); i++) {
		name = xu_val_name_at(args, i);
		if (xu_val_get(v, name) != NULL)
			xu_val_set(v, name, xu_val_copy(xu_val_at(args, i)));
	}
	set_defaults(v, args);
	xu_val_set(v, "tags", config_tags(v));
	if (xu_val_ok(v) && config_check(c, NULL, v, e) == 0)
		return v;
	xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "keep a configuration");
	xu_val_free(v);
	return NULL;
}

int
config_check_name(const struct core *c, const struct guest *g,
    const char *name, struct xu_err *e)
{
	struct guest *other = guest_by_name(c, name);

	if (name[0] == '\0')
		return config_unsupported(e, "name_label", name,
		    "a machine needs a name");
	if (strlen(name) > NAME_MAX_LEN)
		return config_unsupported(e, "name_label", name,
		    "names have at most 200 characters");
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789_-.:+")] != '\0' || name[0] == '.')
		return config_unsupported(e, "name_label", name,
		    "names are made of letters, digits and _ - . : + and do "
		    "not begin with a dot");
	if (other == NULL || other == g)
		return 0;
	if (other->domid >= 0)
		xu_err_set(e, "UNIQUE_NAME_ERROR", 0,
		    "VM name '%s' already exists as domain %d", name,
		    other->domid);
	else
		xu_err_set(e, "UNIQUE_NAME_ERROR", 0,
		    "VM name '%s' already exists", name);
	xu_err_param(e, "%s", name);
	xu_err_param(e, "VM");
	return -1;
}

static int
check_uuid(const struct core *c, const struct guest *g, const char *uuid,
    struct xu_err *e)
{
	struct guest *other;
	uint8_t bytes[16];

	if (uuid[0] == '\0')
		return 0;
	if (!uuid_bytes(uuid, bytes))
		return config_unsupported(e, "uuid", uuid, "it is not a uuid");
	other = guest_by_uuid(c, uuid);
	if (other == NULL || other == g)
		return 0;
	xu_err_set(e, "DUPLICATE_VM", 0, "uuid %s belongs to '%s'", uuid,
	    guest_name(other));
	xu_err_param(e, "%s", uuid);
	return -1;
}

static int
check_memory(const struct xu_val *v, struct xu_err *e)
{
	int64_t max = xu_val_get_int(v, "memory_static_max", 0);
	int64_t now = xu_val_get_int(v, "memory_dynamic_max", 0);
	int64_t low = xu_val_get_int(v, "memory_dynamic_min", 0);
	int64_t least = xu_val_get_int(v, "memory_static_min", 0);

	if (now < MIB || now > MEMORY_LIMIT || now % 4096 != 0)
		return unsupported_number(e, "memory_dynamic_max", now,
		    "memory is given in bytes, whole pages of 4096, at least "
		    "1 MiB");
	if (max < now || max > MEMORY_LIMIT || max % 4096 != 0)
		return unsupported_number(e, "memory_static_max", max,
		    "it must be whole pages and not below memory_dynamic_max");
	if (low < 0 || low > now)
		return unsupported_number(e, "memory_dynamic_min", low,
		    "it must not be above memory_dynamic_max");
	if (least < 0 || least > now)
		return unsupported_number(e, "memory_static_min", least,
		    "it must not be above memory_dynamic_max");
	return 0;
}

/* A map whose values are numbers in a range; other keys are refused. */
struct number_key {
	const char *key;
	int64_t min, max;
	/* Instead: words with a space behind each; "/" = a full path; "*" = any. */
	const char *words;
};
#define RANGE(key, min, max) { (key), (min), (max), NULL }
#define WORDS(key, words)    { (key), 0, 0, (words) }

static bool
word_fits(const char *text, const char *words)
{
	size_t n = strlen(text);
	const char *p = words;

	if (words[0] == '*')
		return true;
	if (n == 0)
		return false;
	if (words[0] == '/')
		return text[0] == '/' && n < PATH_MAX;
	while ((p = strstr(p, text)) != NULL) {
		if (p[n] == ' ' && (p == words || p[-1] == ' '))
			return true;
		p += 1;
	}
	return false;
}

static int
check_numbers(const struct xu_val *m, const char *map,
    const struct number_key *keys, size_t n, struct xu_err *e)
{
	const char *name, *text;
	char what[64], reason[96];
	int64_t number;
	size_t k;

	for (size_t i = 0; i < xu_val_count(m); i++) {
		name = xu_val_name_at(m, i);
		text = xu_val_str(xu_val_at(m, i));
		snprintf(what, sizeof(what), "%s:%.40s", map, name);
		for (k = 0; k < n && strcmp(keys[k].key, name) != 0; k++)
			;
		if (k == n)
			return config_unsupported(e, what, text,
			    "this release does not know the key");
		if (keys[k].words != NULL) {
			if (word_fits(text, keys[k].words))
				continue;
			snprintf(reason, sizeof(reason), "it must be %s",
			    keys[k].words[0] == '/' ? "a full path" :
						      keys[k].words);
			return config_unsupported(e, what, text, reason);
		}
		if (xu_num_i64(text, keys[k].min, keys[k].max, &number))
			continue;
		snprintf(reason, sizeof(reason),
		    "a number from %lld to %lld is wanted",
		    (long long)keys[k].min, (long long)keys[k].max);
		return config_unsupported(e, what, text, reason);
	}
	return 0;
}

/* Sets of processors, and numbers for the scheduler. */
static int
check_vcpu_params(const struct xu_val *v, int64_t vcpus, struct xu_err *e)
{
	static const struct number_key sched[] = {
		RANGE("weight", 1, 65535),
		RANGE("cap", 0, VCPUS_LIMIT * 100),
	};
	const struct xu_val *m = xu_val_get(v, "VCPUs_params");
	AUTO_VAL struct xu_val *rest = xu_struct();
	int r = 0;

	for (size_t i = 0; i < xu_val_count(m) && r == 0; i++) {
		const char *key = xu_val_name_at(m, i);
		const char *value = xu_val_str(xu_val_at(m, i));

		if (!place_key(key, value, vcpus, &r, e))
			xu_val_set(rest, key, xu_str(value));
	}
	return r < 0 ? -1 : check_numbers(rest, "VCPUs_params", sched,
				XU_ARRAY_SIZE(sched), e);
}

static int
check_vcpus(const struct xu_val *v, struct xu_err *e)
{
	int64_t max = xu_val_get_int(v, "VCPUs_max", 0);
	int64_t now = xu_val_get_int(v, "VCPUs_at_startup", 0);

	if (max < 1 || max > VCPUS_LIMIT)
		return unsupported_number(e, "VCPUs_max", max,
		    "a machine has 1 to 512 vCPUs");
	if (config_type(v) != TYPE_PV && max > HVM_VCPUS_LIMIT)
		return unsupported_number(e, "VCPUs_max", max,
		    "a PVH or HVM machine has 1 to 128 vCPUs");
	if (now < 1 || now > max)
		return unsupported_number(e, "VCPUs_at_startup", now,
		    "it must be at least 1 and not above VCPUs_max");
	return check_vcpu_params(v, max, e);
}

static int
check_vnuma(const struct xu_val *v, struct xu_err *e)
{
	const char *text = xu_val_get_str(xu_val_get(v, "platform"), "vnuma",
	    "");
	int64_t max = xu_val_get_int(v, "memory_static_max", 0);
	struct xu_vnuma nodes;

	if (xu_vnuma_parse(text, &nodes, e) < 0 ||
	    xu_vnuma_check(&nodes,
		(unsigned)xu_val_get_int(v, "VCPUs_max", 0),
		(uint64_t)max / MIB, e) < 0)
		return -1;
	if (nodes.n > 0 && xu_val_get_int(v, "memory_dynamic_max", 0) != max)
		return config_unsupported(e, "platform:vnuma", text,
		    "a machine with virtual nodes has all of its memory at "
		    "start");
	return 0;
}

static int
check_platform(const struct core *c, const struct xu_val *v, struct xu_err *e)
{
	static const struct number_key keys[] = {
		RANGE("max_grant_frames", 1, INT32_MAX),
		RANGE("max_maptrack_frames", 0, INT32_MAX),
		RANGE("max_grant_version", 1, 2),
		RANGE("max_event_channels", 1, 131071),
		RANGE("tsc_mode", 0, 2),
		RANGE("nomigrate", 0, 1),
		WORDS("vnuma", "*"),
		RANGE("timeoffset", INT32_MIN, INT32_MAX),
		RANGE("localtime", 0, 1),
		RANGE("acpi_s3", 0, 1),
		RANGE("acpi_s4", 0, 1),
		RANGE("acpi_laptop_slate", 0, 1),
		RANGE("hvm_pirq", 0, 1),
		RANGE("platform_pci", 0, 1),
		RANGE("usb", 0, 1),
		RANGE("usb_tablet", 0, 1),
		RANGE("videoram", 1, 256),
		RANGE("vnc_unused", 0, 1),
		WORDS("vga", "cirrus std none "),
		WORDS("vnc", "*"),
		WORDS("serial", "none pty "),
		WORDS("bios", "seabios ovmf "),
		WORDS("hdtype", "ide ahci "),
		WORDS("keymap", "*"),
		WORDS("soundhw", "ac97 es1370 hda sb16 adlib gus cs4231a "),
		WORDS("vnc_password", "*"),
		WORDS("viridian", "*"),
		WORDS("device_model_args", "*"),
		RANGE("apic", 0, 1),
		RANGE("hpet", 0, 1),
		RANGE("pae", 0, 1),
		RANGE("nx", 0, 1),
		RANGE("vpt_align", 0, 1),
		RANGE("timer_mode", 0, 3),
		RANGE("mmio_hole", 256, 3840),
		WORDS("cpuid", "*"),
		WORDS("loader", "/"),
		WORDS("bios_path", "/"),
		WORDS("device_model", "/"),
		RANGE("acpi", 0, 1),
		RANGE("shadow_memory", 1, INT32_MAX / 1024),
	};

	const struct xu_val *platform = xu_val_get(v, "platform");

	if (check_numbers(platform, "platform", keys, XU_ARRAY_SIZE(keys), e) <
		0 ||
	    cpuid_check(platform, e) < 0 || check_vnuma(v, e) < 0)
		return -1;
	return config_type(v) == TYPE_HVM ? hvm_check(c, platform, e) :
					   vnc_check(platform, e);
}

static int
check_type(const struct xu_val *v, struct xu_err *e)
{
	enum dom_type t = config_type(v);
	const char *policy = xu_val_get_str(v, "HVM_boot_policy", "");

	if (t == TYPE_PV_IN_PVH)
		return config_unsupported(e, "domain_type", dom_type_word(t),
		    "the PV shim is not there yet");
	if (t != TYPE_HVM && policy[0] != '\0')
		return config_unsupported(e, "HVM_boot_policy", policy,
		    "it must be empty for a PV or PVH machine");
	return 0;
}

static int
check_args(const struct xu_val *v, struct xu_err *e)
{
	const char *s = xu_val_get_str(v, "PV_args", "");
	bool pv = config_type(v) == TYPE_PV;

	if (strlen(s) <= (pv ? PV_ARGS_LIMIT : PVH_ARGS_LIMIT))
		return 0;
	return config_unsupported(e, "PV_args", s, pv ?
		"a PV kernel's command line has at most 1023 bytes" :
		"a kernel's command line has at most 2047 bytes");
}

/* The loader runs in the guest: nothing of ours reads the guest's disk. */
static int
check_loader(const struct xu_val *v, struct xu_err *e)
{
	static const char words[] = "pvgrub pvgrub32 pvgrub64 pygrub ";
	const char *s = xu_val_get_str(v, "PV_bootloader", "");

	if (s[0] == '\0')
		return 0;
	if (s[0] == '/' ? strlen(s) >= PATH_MAX : !word_fits(s, words))
		return config_unsupported(e, "PV_bootloader", s,
		    "the loader of guests that boot from their own disk is "
		    "pvgrub, or a program that is named with its full path");
	if (config_type(v) == TYPE_HVM)
		return config_unsupported(e, "PV_bootloader", s,
		    "an HVM guest boots from its disk by itself");
	if (xu_val_get_str(v, "PV_kernel", "")[0] != '\0')
		return config_unsupported(e, "PV_bootloader", s,
		    "there is a PV_kernel, too; one of both boots");
	return 0;
}

static int
check_boot(const struct xu_val *v, struct xu_err *e)
{
	static const struct {
		const char *field, *reason;
	} empty[] = {
		{ "PCI_bus", "PCI devices are not there yet" },
	};
	static const char *const files[] = { "PV_kernel", "PV_ramdisk" };
	const char *s;

	for (size_t i = 0; i < XU_ARRAY_SIZE(empty); i++) {
		s = xu_val_get_str(v, empty[i].field, "");
		if (s[0] != '\0')
			return config_unsupported(e, empty[i].field, s,
			    empty[i].reason);
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(files); i++) {
		s = xu_val_get_str(v, files[i], "");
		if (strlen(s) >= PATH_MAX || (s[0] != '/' && s[0] != '\0'))
			return config_unsupported(e, files[i], s,
			    "a full path of a file on the host is wanted");
	}
	return check_loader(v, e) < 0 ? -1 : check_args(v, e);
}

static int
check_actions(const struct xu_val *v, struct xu_err *e)
{
	static const char *const fields[] = { "actions_after_shutdown",
		"actions_after_reboot", "actions_after_crash" };
	enum dom_action a;
	const char *word;

	for (size_t i = 0; i < XU_ARRAY_SIZE(fields); i++) {
		word = xu_val_get_str(v, fields[i], "");
		if (!dom_action_of(word, &a))
			return config_unsupported(e, fields[i], word,
			    "no such action");
	}
	return 0;
}

/* What it does with its host. */
static int
check_host(const struct xu_val *v, struct xu_err *e)
{
	static const struct {
		const char *field;
		int64_t max;
		const char *reason;
	} rows[] = {
		{ "order", INT32_MAX, "it is 0 or more" },
		{ "start_delay", 3600, "it is 0 to 3600 seconds" },
		{ "shutdown_delay", 3600, "it is 0 to 3600 seconds" },
	};
	int64_t n;

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++) {
		n = xu_val_get_int(v, rows[i].field, 0);
		if (n < 0 || n > rows[i].max)
			return unsupported_number(e, rows[i].field, n,
			    rows[i].reason);
	}
	return 0;
}

/* Names of nodes, in their own part of the guest's folder. */
static int
check_data(const struct xu_val *v, struct xu_err *e)
{
	static const char chars[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-/_@:+";
	const struct xu_val *map = xu_val_get(v, "xenstore_data");
	const char *name;
	size_t n;

	if (xu_val_count(map) > DATA_LIMIT)
		return unsupported_number(e, "xenstore_data",
		    (int64_t)xu_val_count(map), "it has 128 nodes at most");
	for (size_t i = 0; i < xu_val_count(map); i++) {
		name = xu_val_name_at(map, i);
		n = strlen(name);
		if (strncmp(name, "vm-data/", 8) != 0 || n < 9 || n > 256 ||
		    name[n - 1] == '/' || strstr(name, "//") != NULL ||
		    strspn(name, chars) != n)
			return config_unsupported(e, "xenstore_data", name,
			    "nodes are called vm-data/NAME");
		if (xu_val_strlen(xu_val_at(map, i)) > 2048)
			return config_unsupported(e, "xenstore_data", name,
			    "a node has 2048 bytes at most");
	}
	return 0;
}

static int
check_blocks(const struct xu_val *v, struct xu_err *e)
{
	const struct xu_val *map = xu_val_get(v, "blocked_operations");
	const struct model_enum *words = model_find_enum("vm_operations");
	const char *key, *word;

	for (size_t i = 0; i < xu_val_count(map); i++) {
		key = xu_val_name_at(map, i);
		word = model_enum_word(words, key);
		if (word == NULL || strcmp(word, key) != 0)
			return config_unsupported(e, "blocked_operations", key,
			    "there is no such operation");
		if (xu_val_strlen(xu_val_at(map, i)) > BLOCK_LIMIT)
			return config_unsupported(e, "blocked_operations", key,
			    "the reason has 256 bytes at most");
	}
	return 0;
}

int
config_check_tags(const struct xu_val *tags, struct xu_err *e)
{
	size_t n;

	if (xu_val_count(tags) > TAGS_LIMIT)
		return unsupported_number(e, "tags",
		    (int64_t)xu_val_count(tags), "an object has 128 at most");
	for (size_t i = 0; i < xu_val_count(tags); i++) {
		n = xu_val_strlen(xu_val_at(tags, i));
		if (n < 1 || n > 256)
			return config_unsupported(e, "tags",
			    xu_val_str(xu_val_at(tags, i)),
			    "a tag has 1 to 256 bytes");
	}
	return 0;
}

struct xu_val *
config_unique_tags(const struct xu_val *tags)
{
	struct xu_val *v = xu_array();
	const char *word;
	size_t i, k;

	/* Of those that are too many none is kept. */
	if (xu_val_count(tags) > TAGS_LIMIT) {
		xu_val_free(v);
		return xu_val_copy(tags);
	}
	for (i = 0; i < xu_val_count(tags); i++) {
		word = xu_val_str(xu_val_at(tags, i));
		for (k = 0; k < i; k++)
			if (strcmp(xu_val_str(xu_val_at(tags, k)), word) == 0)
				break;
		if (k == i)
			xu_val_add(v, xu_str(word));
	}
	return v;
}

struct xu_val *
config_tags(const struct xu_val *config)
{
	return config_unique_tags(xu_val_get(config, "tags"));
}

int
config_check(const struct core *c, const struct guest *g,
    const struct xu_val *v, struct xu_err *e)
{
	if (config_check_name(c, g, xu_val_get_str(v, "name_label", ""), e) < 0 ||
	    check_uuid(c, g, xu_val_get_str(v, "uuid", ""), e) < 0 ||
	    check_memory(v, e) < 0 || check_vcpus(v, e) < 0 ||
	    check_platform(c, v, e) < 0 || check_type(v, e) < 0 ||
	    check_boot(v, e) < 0 ||
	    check_actions(v, e) < 0 || check_host(v, e) < 0 ||
	    check_data(v, e) < 0 || check_blocks(v, e) < 0 ||
	    config_check_tags(xu_val_get(v, "tags"), e) < 0)
		return -1;
	return 0;
}

int64_t
config_number(const struct xu_val *config, const char *map, const char *key,
    int64_t dflt)
{
	const char *s = xu_val_get_str(xu_val_get(config, map), key, "");
	int64_t n;

	return xu_num_i64(s, INT64_MIN, INT64_MAX, &n) ? n : dflt;
}
