/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See cfg_pci.h. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_pci.h"
#include "xu_auto.h"
#include "xu_num.h"

#define NAME_MAX_LEN 64

struct parser {
	const char *text;
	struct cfg_pci *c;
	struct cfg_pci_problem *p;
	/* It is known which function is meant. */
	bool named;
};

/* The value is cut out; at says where it stood. */
struct word {
	const char *key, *at, *value;
};

static int XU_PRINTF(3, 4)
wrong(struct parser *k, const char *at, const char *fmt, ...)
{
	va_list ap;

	k->p->offset = (size_t)(at - k->text);
	va_start(ap, fmt);
	vsnprintf(k->p->text, sizeof(k->p->text), fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- values ----------------------------------------------------------------------- */

static int
take_slot(struct parser *k, const struct word *w)
{
	const char *s = w->value;
	uint64_t n;

	if (strncmp(s, "0x", 2) == 0)
		s += 2;
	/* xm and xl both read it as hexadecimal. */
	if (!xu_num_u64(s, 16, XU_PCI_SLOT_MAX, &n))
		return wrong(k, w->at, "'%.40s' is no slot of the guest: it is "
		    "01 to 1f, hexadecimal", w->value);
	k->c->slot = (int)n;
	return 0;
}

static int
take_name(struct parser *k, const struct word *w)
{
	if (k->named)
		return wrong(k, w->at, "two functions are named; write a string "
		    "for each");
	if (strlen(w->value) > NAME_MAX_LEN)
		return wrong(k, w->at, "names have at most %d characters",
		    NAME_MAX_LEN);
	k->named = true;
	k->c->name = strdup(w->value);
	return k->c->name != NULL ? 0 : wrong(k, w->at, "out of memory");
}

static int
take_address(struct parser *k, const struct word *w)
{
	const char *at = strchr(w->value, '@'), *why;
	struct word slot = { "vslot", w->at, at != NULL ? at + 1 : "" };
	AUTO_FREE char *address = strndup(w->value, at != NULL ?
		(size_t)(at - w->value) : strlen(w->value));

	if (address == NULL)
		return wrong(k, w->at, "out of memory");
	if (k->named)
		return wrong(k, w->at, "two functions are named; write a string "
		    "for each");
	if (strchr(address, '=') != NULL)
		return wrong(k, w->at, "what each function is in the guest "
		    "('%.40s') cannot be chosen", address);
	why = xu_bdf_parse(address, &k->c->at, &k->c->funcs);
	if (why != NULL)
		return wrong(k, w->at, "'%.40s' %s", address, why);
	k->named = true;
	slot.at += at != NULL ? at + 1 - w->value : 0;
	return at == NULL ? 0 : take_slot(k, &slot);
}

static int
take_bool(struct parser *k, const struct word *w, int *out)
{
	static const char *const words[][2] = { { "0", "1" }, { "no", "yes" },
		{ "false", "true" }, { "off", "on" } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		for (*out = 0; *out < 2; (*out)++)
			if (strcmp(w->value, words[i][*out]) == 0)
				return 0;
	*out = -1;
	return wrong(k, w->at, "'%s' is neither 0 nor 1", w->key);
}

static int
take_msitranslate(struct parser *k, const struct word *w)
{
	return take_bool(k, w, &k->c->msitranslate);
}

static int
take_power_mgmt(struct parser *k, const struct word *w)
{
	return take_bool(k, w, &k->c->power_mgmt);
}

static int
take_permissive(struct parser *k, const struct word *w)
{
	return take_bool(k, w, &k->c->permissive);
}

static int
take_seize(struct parser *k, const struct word *w)
{
	return take_bool(k, w, &k->c->seize);
}

/* Memory that devices of HVM guests need where it is. */
static int
take_rdm(struct parser *k, const struct word *w)
{
	if (strcmp(w->value, "strict") == 0 || strcmp(w->value, "relaxed") == 0)
		return 0;
	return wrong(k, w->at, "'rdm_policy' is strict or relaxed");
}

/* clang-format off */
static const struct key {
	const char *name;
	int (*take)(struct parser *k, const struct word *w);
	/* Without a value it means 1. */
	bool flag;
} keys[] = {
	{ "bdf", take_address, false },
	{ "name", take_name, false },
	{ "vslot", take_slot, false },
	{ "msitranslate", take_msitranslate, true },
	{ "power_mgmt", take_power_mgmt, true },
	{ "permissive", take_permissive, true },
	{ "seize", take_seize, true },
	{ "rdm_policy", take_rdm, false },
};
/* clang-format on */

static int
unknown_key(struct parser *k, const char *at, const char *name)
{
	struct xu_near near = { .word = name, .most = 2 };

	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		xu_near_try(&near, keys[i].name);
	return wrong(k, at, "'%.60s' is not a key of a PCI function%s%s%s", name,
	    near.best != NULL ? ", did you mean '" : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "'?" : "");
}

static int
take_key(struct parser *k, const char *at, const char *part)
{
	size_t len = strcspn(part, "=");
	const char *value = part[len] == '=' ? part + len + 1 : NULL;
	AUTO_FREE char *name = strndup(part, len);
	struct word w = { .at = at };

	if (name == NULL)
		return wrong(k, at, "out of memory");
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		if (value == NULL && !keys[i].flag)
			return wrong(k, at, "'%s' has no value; write %s=...",
			    name, name);
		w.key = keys[i].name;
		w.at = value != NULL ? at + len + 1 : at;
		w.value = value != NULL ? value : "1";
		return keys[i].take(k, &w);
	}
	return unknown_key(k, at, name);
}

/* ---- the text --------------------------------------------------------------------- */

/* Commas part keys, but also functions of a card. */
static size_t
part_length(const char *s)
{
	size_t n = strcspn(s, ",");

	while (s[n] == ',' && s[n + 1] >= '0' && s[n + 1] <= '9' &&
	    strchr("-,@", s[n + 2]) != NULL)
		n += 1 + strcspn(s + n + 1, ",");
	return n;
}

static bool
is_key(const char *part)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		if (strcmp(part, keys[i].name) == 0)
			return true;
	return false;
}

static int
take_part(struct parser *k, const char *s, size_t len)
{
	AUTO_FREE char *part = NULL;
	struct word w = { .key = "bdf", .at = s };

	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	if (len == 0)
		return 0;
	part = strndup(s, len);
	if (part == NULL)
		return wrong(k, s, "out of memory");
	w.value = part;
	/* The first may stand without its key. */
	if (!k->named && strchr(part, '=') == NULL && !is_key(part))
		return take_address(k, &w);
	return take_key(k, s, part);
}

int
cfg_pci_parse(const char *text, struct cfg_pci *c, struct cfg_pci_problem *p)
{
	struct parser k = { .text = text, .c = c, .p = p };
	size_t len;

	*c = (struct cfg_pci) { .msitranslate = -1, .power_mgmt = -1,
		.permissive = -1, .seize = -1 };
	memset(p, 0, sizeof(*p));
	for (const char *s = text;; s += len + 1) {
		s += strspn(s, " \t");
		len = part_length(s);
		if (take_part(&k, s, len) < 0)
			return -1;
		if (s[len] == '\0')
			break;
	}
	if (k.named)
		return 0;
	return wrong(&k, text, "no function is named; write it as 00:1f.0 or "
	    "name=NAME");
}

int
cfg_pci_option(const char *text, struct cfg_pci *c, struct cfg_pci_problem *p)
{
	/* What is named stays. */
	struct parser k = { .text = text, .c = c, .p = p, .named = true };

	return take_key(&k, text, text);
}

int
cfg_pci_slot(const char *text, struct cfg_pci *c, struct cfg_pci_problem *p)
{
	struct parser k = { .text = text, .c = c, .p = p };
	struct word w = { "vslot", text, text };

	return take_slot(&k, &w);
}

void
cfg_pci_fini(struct cfg_pci *c)
{
	free(c->name);
	c->name = NULL;
}

static bool
has_function(const struct cfg_pci *c, unsigned func)
{
	return c->funcs == 0 || (c->funcs & 1u << func) != 0;
}

bool
cfg_pci_overlap(const struct cfg_pci *a, const struct cfg_pci *b)
{
	if (a->name != NULL || b->name != NULL)
		return a->name != NULL && b->name != NULL &&
		    strcmp(a->name, b->name) == 0;
	if (!xu_bdf_same_slot(&a->at, &b->at))
		return false;
	return a->funcs == 0 || b->funcs == 0 || (a->funcs & b->funcs) != 0;
}

bool
cfg_pci_is(const struct cfg_pci *c, const struct xu_bdf *at, const char *name)
{
	if (c->name != NULL)
		return strcmp(c->name, name) == 0;
	return xu_bdf_same_slot(&c->at, at) && has_function(c, at->func);
}
