/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See cfg_vif.h. */
#include "config.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_vif.h"
#include "xu_auto.h"
#include "xu_nic.h"
#include "xu_num.h"

struct parser {
	const char *text;
	struct cfg_vif *v;
	struct cfg_vif_problem *p;
};

/* One key with its value; the value is cut out, at says where it stood. */
struct word {
	const struct key *key;
	const char *at;
	const char *value;
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

/* ---- keys ----------------------------------------------------------------------- */

struct key {
	const char *name;
	/* -1 = wrong; NULL: see later. */
	int (*check)(struct parser *k, const struct word *w);
	/* MEMBER of the string that keeps it, 0 = check keeps it (or nothing). */
	size_t member;
	/* Why a value other than "" is refused. */
	const char *later;
};

static int
check_mac(struct parser *k, const struct word *w)
{
	uint8_t mac[6];
	const char *why = xu_mac_parse(w->value, mac);

	return why == NULL ? 0 : wrong(k, w->at, "'%.40s' %s", w->value, why);
}

static int
check_name(struct parser *k, const struct word *w)
{
	if (xu_ifname_ok(w->value))
		return 0;
	return wrong(k, w->at,
	    "'%.40s' cannot be the name of an interface: 1 to %d letters, "
	    "digits and _.-", w->value, XU_IFNAME_MAX);
}

static int
check_ip(struct parser *k, const struct word *w)
{
	const char *s = w->value;
	struct xu_ip ip;
	char bad[64];
	int r;

	while ((r = xu_ip_next(&s, &ip, bad)) > 0)
		;
	return r == 0 ? 0 : wrong(k, w->at, "'%s' is no IP address", bad);
}

static int
check_rate(struct parser *k, const struct word *w)
{
	struct xu_rate rate;
	const char *why = xu_rate_parse(w->value, &rate);

	return why == NULL ? 0 : wrong(k, w->at, "'%.40s' %s", w->value, why);
}

static int
check_script(struct parser *k, const struct word *w)
{
	if (w->value[0] != '/' && strchr(w->value, '/') != NULL)
		return wrong(k, w->at, "'%.60s' is neither a full path nor the "
		    "name of a file in " XLD_SYSCONFDIR "/xen/scripts", w->value);
	return 0;
}

static int
check_model(struct parser *k, const struct word *w)
{
	for (const char *s = w->value; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("_-", *s) == NULL)
			return wrong(k, w->at,
			    "'%.40s' is no model of a network card", w->value);
	return 0;
}

/* xl's words and xm's. */
static int
check_type(struct parser *k, const struct word *w)
{
	static const char *const same[] = { "vif", "netfront",
		"paravirtualised", "paravirtualized", "pv" };
	const char *word = NULL;

	if (strcmp(w->value, "ioemu") == 0)
		word = "ioemu";
	for (size_t i = 0; i < XU_ARRAY_SIZE(same); i++)
		if (strcmp(w->value, same[i]) == 0)
			word = "vif";
	if (word == NULL)
		return wrong(k, w->at, "'%.40s' is no type of interface; use "
		    "ioemu or vif", w->value);
	free(k->v->type);
	k->v->type = strdup(word);
	return k->v->type != NULL ? 0 : wrong(k, w->at, "out of memory");
}

static int
check_backend(struct parser *k, const struct word *w)
{
	if (strcmp(w->value, "0") == 0 || strcmp(w->value, "Domain-0") == 0)
		return 0;
	return wrong(k, w->at, "backends in other domains (%.60s) are not "
	    "there yet", w->value);
}

static int
take_number(struct parser *k, const struct word *w, int64_t min, int64_t max,
    int64_t *out)
{
	if (xu_num_i64(w->value, min, max, out))
		return 0;
	*out = -1;
	return wrong(k, w->at, "'%s' is a number from %lld to %lld", w->key->name,
	    (long long)min, (long long)max);
}

static int
check_devid(struct parser *k, const struct word *w)
{
	return take_number(k, w, 0, 255, &k->v->devid);
}

/* Ethernet's least that IPv4 works with; netback's most. */
static int
check_mtu(struct parser *k, const struct word *w)
{
	return take_number(k, w, 68, 65517, &k->v->mtu);
}

static int
take_bool(struct parser *k, const struct word *w, bool *out)
{
	static const char *const yes[] = { "1", "yes", "true", "on" };
	static const char *const no[] = { "0", "no", "false", "off" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(yes); i++) {
		*out = strcmp(w->value, yes[i]) == 0;
		if (*out || strcmp(w->value, no[i]) == 0)
			return 0;
	}
	return wrong(k, w->at, "'%s' is neither 0 nor 1", w->key->name);
}

static int
check_trusted(struct parser *k, const struct word *w)
{
	bool trusted = true;
	int r = take_bool(k, w, &trusted);

	k->v->untrusted = !trusted;
	return r;
}

static int
check_untrusted(struct parser *k, const struct word *w)
{
	return take_bool(k, w, &k->v->untrusted);
}

#define MEMBER(m) (offsetof(struct cfg_vif, m) + 1)

/* clang-format off */
static const struct key keys[] = {
	{ "mac", check_mac, MEMBER(mac), NULL },
	{ "bridge", check_name, MEMBER(bridge), NULL },
	{ "ip", check_ip, MEMBER(ip), NULL },
	{ "script", check_script, MEMBER(script), NULL },
	{ "vifname", check_name, MEMBER(vifname), NULL },
	{ "rate", check_rate, MEMBER(rate), NULL },
	{ "model", check_model, MEMBER(model), NULL },
	{ "type", check_type, 0, NULL },
	{ "gatewaydev", check_name, MEMBER(gatewaydev), NULL },
	{ "netdev", check_name, MEMBER(gatewaydev), NULL },
	{ "backend", check_backend, 0, NULL },
	{ "devid", check_devid, 0, NULL },
	{ "mtu", check_mtu, 0, NULL },
	{ "trusted", check_trusted, 0, NULL },
	{ "untrusted", check_untrusted, 0, NULL },
	{ "vlan", NULL, 0, "VLANs are the host's (VLAN.create of XenAPI); use the bridge of one" },
	{ "accel", NULL, 0, "network cards no longer have accelerators for guests" },
	{ "policy", NULL, 0, "security labels are not there yet" },
	{ "label", NULL, 0, "security labels are not there yet" },
	{ "security_label", NULL, 0, "security labels are not there yet" },
	{ "forwarddev", NULL, 0, "it belongs to COLO, which is not there" },
};
/* clang-format on */

static const char *
nearest(const char *word)
{
	struct xu_near near = { .word = word, .most = 2 };

	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		xu_near_try(&near, keys[i].name);
	return near.best;
}

static int
unknown_key(struct parser *k, const char *at, const char *name)
{
	const char *near = nearest(name);

	if (strncmp(name, "colo_", 5) == 0 || strncmp(name, "coloft_", 7) == 0)
		return wrong(k, at, "'%.40s' belongs to COLO, which is not there",
		    name);
	return wrong(k, at, "'%.60s' is not a key of a network interface%s%s%s",
	    name, near != NULL ? ", did you mean '" : "",
	    near != NULL ? near : "", near != NULL ? "'?" : "");
}

static int
keep(struct parser *k, const struct word *w)
{
	char **member = (char **)(void *)((char *)k->v + w->key->member - 1);

	free(*member);
	*member = strdup(w->value);
	return *member != NULL ? 0 : wrong(k, w->at, "out of memory");
}

static int
take_word(struct parser *k, const struct word *w)
{
	if (w->key->later != NULL)
		return w->value[0] == '\0' ? 0 :
			wrong(k, w->at, "'%s' is not supported: %s",
			    w->key->name, w->key->later);
	/* Written without a value it is as if it were not there. */
	if (w->value[0] == '\0')
		return 0;
	if (w->key->check(k, w) < 0)
		return -1;
	return w->key->member != 0 ? keep(k, w) : 0;
}

/* ---- the text --------------------------------------------------------------------- */

static size_t
without_blanks(const char *s, size_t len)
{
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	return len;
}

/* From s, len bytes, without blanks around. */
static int
take_part(struct parser *k, const char *s, size_t len)
{
	size_t name_len = without_blanks(s, strcspn(s, "=,"));
	const char *eq = memchr(s, '=', len);
	const char *value = eq != NULL ? eq + 1 : s + len;
	AUTO_FREE char *name = strndup(s, name_len < len ? name_len : len);
	AUTO_FREE char *text = NULL;
	struct word w = { .at = s };

	value += strspn(value, " \t");
	if (value > s + len)
		value = s + len;
	text = strndup(value, (size_t)(s + len - value));
	if (name == NULL || text == NULL)
		return wrong(k, s, "out of memory");
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		if (strcmp(name, keys[i].name) == 0)
			w.key = &keys[i];
	if (w.key == NULL)
		return unknown_key(k, s, name);
	if (eq == NULL && w.key->check != check_trusted &&
	    w.key->check != check_untrusted)
		return wrong(k, s, "'%s' has no value; write %s=...", name, name);
	w.at = eq != NULL && text[0] != '\0' ? value : s;
	w.value = eq != NULL ? text : "1";
	return take_word(k, &w);
}

int
cfg_vif_parse(const char *text, struct cfg_vif *v, struct cfg_vif_problem *p)
{
	struct parser k = { .text = text, .v = v, .p = p };
	size_t len;

	memset(v, 0, sizeof(*v));
	memset(p, 0, sizeof(*p));
	v->devid = v->mtu = -1;
	for (const char *s = text;; s += len + 1) {
		s += strspn(s, " \t");
		len = strcspn(s, ",");
		if (without_blanks(s, len) > 0 &&
		    take_part(&k, s, without_blanks(s, len)) < 0)
			return -1;
		if (s[len] == '\0')
			return 0;
	}
}

void
cfg_vif_fini(struct cfg_vif *v)
{
	char *const owned[] = { v->mac, v->bridge, v->ip, v->script, v->vifname,
		v->rate, v->model, v->type, v->gatewaydev };

	for (size_t i = 0; i < XU_ARRAY_SIZE(owned); i++)
		free(owned[i]);
	memset(v, 0, sizeof(*v));
}
