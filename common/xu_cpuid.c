/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_cpuid.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "xu_cpuid.h"
#include "xu_num.h"

#define WORD_MAX     2048
#define FEATURE_MAX  64
#define CLOSE_ENOUGH 2

enum { REG_a, REG_b, REG_c, REG_d };

struct feature {
	const char *name, *alias;
	uint32_t leaf, subleaf;
	unsigned reg, low, width;
};

static const struct feature features[] = {
#define CPUID_BIT(name, alias, leaf, sub, reg, bit, xen)                       \
	{ name, alias, leaf, sub, REG_##reg, bit, 1 },
#define CPUID_FIELD(name, leaf, sub, reg, low, width)                          \
	{ name, "", leaf, sub, REG_##reg, low, width },
#define CPUID_XEN_DECIDES(leaf, sub, reg, bit)
#include "cpufeat.h"
#undef CPUID_BIT
#undef CPUID_FIELD
#undef CPUID_XEN_DECIDES
};

static const struct {
	uint32_t leaf, subleaf;
	unsigned reg, bit;
} decided[] = {
#define CPUID_BIT(name, alias, leaf, sub, reg, bit, xen)
#define CPUID_FIELD(name, leaf, sub, reg, low, width)
#define CPUID_XEN_DECIDES(leaf, sub, reg, bit) { leaf, sub, REG_##reg, bit },
#include "cpufeat.h"
#undef CPUID_BIT
#undef CPUID_FIELD
#undef CPUID_XEN_DECIDES
};

static int
bad(struct xu_err *e, const char *word, const char *why)
{
	xu_err_set(e, "VALUE_NOT_SUPPORTED", 0, "cpuid '%.80s': %s", word, why);
	xu_err_param(e, "cpuid");
	xu_err_param(e, "%.80s", word);
	xu_err_param(e, "%s", why);
	return -1;
}

/* ---- rules ------------------------------------------------------------------------------------ */

static struct xu_cpuid_rule *
rule_of(struct xu_cpuid *c, uint32_t leaf, uint32_t subleaf, unsigned reg)
{
	struct xu_cpuid_rule *r;

	for (size_t i = 0; i < c->n; i++) {
		r = &c->rules[i];
		if (r->leaf == leaf && r->subleaf == subleaf && r->reg == reg)
			return r;
	}
	if (c->n == XU_CPUID_RULES)
		return NULL;
	r = &c->rules[c->n++];
	*r = (struct xu_cpuid_rule){ .leaf = leaf,
		.subleaf = subleaf,
		.reg = reg };
	return r;
}

/* 0, 1, x, k or s for the bits of a mask; false: it is none of them. */
static bool
rule_add(struct xu_cpuid_rule *r, uint32_t mask, char value)
{
	if (value == '\0' || strchr("01xks", value) == NULL)
		return false;
	r->ones &= ~mask;
	r->zeros &= ~mask;
	r->host &= ~mask;
	if (value == '1')
		r->ones |= mask;
	else if (value == '0')
		r->zeros |= mask;
	else if (value != 'x')
		r->host |= mask;
	return true;
}

static void
rule_number(struct xu_cpuid_rule *r, unsigned low, unsigned width,
    uint32_t value)
{
	for (unsigned i = 0; i < width; i++)
		rule_add(r, 1u << (low + i), (value >> i & 1) != 0 ? '1' : '0');
}

/* ---- xl's words ------------------------------------------------------------------------------- */

static const struct feature *
find_feature(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(features); i++)
		if (strcmp(features[i].name, name) == 0 ||
		    (features[i].alias[0] != '\0' &&
			strcmp(features[i].alias, name) == 0))
			return &features[i];
	return NULL;
}

static int
no_feature(const char *name, struct xu_err *e)
{
	struct xu_near near = { .word = name, .most = CLOSE_ENOUGH };
	char why[96];

	for (size_t i = 0; i < XU_ARRAY_SIZE(features); i++)
		xu_near_try(&near, features[i].name);
	if (near.best == NULL)
		return bad(e, name, "no feature has that name (xm.cfg(5) has the list)");
	snprintf(why, sizeof(why),
	    "no feature has that name; did you mean '%s'?", near.best);
	return bad(e, name, why);
}

/* Family and model are a low piece and an extended one, 20 and 16 bits up; of a
 * family the two are added, the low piece full. */
static bool
in_pieces(const struct feature *f, struct xu_cpuid_rule *r, uint64_t v)
{
	if (strcmp(f->name, "family") == 0 && v <= 0xf + 0xff) {
		rule_number(r, 8, 4, v < 0xf ? (uint32_t)v : 0xf);
		rule_number(r, 20, 8, v < 0xf ? 0 : (uint32_t)v - 0xf);
	} else if (strcmp(f->name, "model") == 0 && v <= 0xff) {
		rule_number(r, 4, 4, (uint32_t)v & 0xf);
		rule_number(r, 16, 4, (uint32_t)v >> 4);
	} else {
		return false;
	}
	return true;
}

static uint32_t
mask_of(const struct feature *f)
{
	uint32_t mask =
	    f->width == 32 ? UINT32_MAX : ((1u << f->width) - 1) << f->low;

	if (strcmp(f->name, "family") == 0)
		mask |= 0xffu << 20;
	else if (strcmp(f->name, "model") == 0)
		mask |= 0xfu << 16;
	return mask;
}

static int
add_number(const struct feature *f, struct xu_cpuid_rule *r, const char *pair,
    const char *value, struct xu_err *e)
{
	uint64_t v;

	if (!xu_num_u64(value, 0, UINT32_MAX, &v))
		return bad(e, pair, "a number, x, k or s is wanted");
	if (in_pieces(f, r, v))
		return 0;
	if (f->width < 32 && v >> f->width != 0)
		return bad(e, pair, "the number is too large for its field");
	rule_number(r, f->low, f->width, (uint32_t)v);
	return 0;
}

/* NAME=VALUE; pair is changed in between. */
static int
add_feature(struct xu_cpuid *c, char *pair, struct xu_err *e)
{
	char *eq = strchr(pair, '=');
	const struct feature *f;
	struct xu_cpuid_rule *r;

	if (eq == NULL)
		return bad(e, pair, "FEATURE=VALUE is wanted");
	*eq = '\0';
	f = find_feature(pair);
	if (f == NULL)
		return no_feature(pair, e);
	*eq = '=';
	r = rule_of(c, f->leaf, f->subleaf, f->reg);
	if (r == NULL)
		return bad(e, pair, "too many registers are named");
	if (eq[1] != '\0' && eq[2] == '\0' &&
	    (f->width == 1 || strchr("xks", eq[1]) != NULL) &&
	    rule_add(r, mask_of(f), eq[1]))
		return 0;
	if (f->width == 1)
		return bad(e, pair, "the value of a feature is 0, 1, x, k or s");
	return add_number(f, r, pair, eq + 1, e);
}

static int
features_word(struct xu_cpuid *c, char *word, struct xu_err *e)
{
	char *rest = NULL;

	strtok_r(word, ",", &rest);
	for (char *p = strtok_r(NULL, ",", &rest); p != NULL;
	     p = strtok_r(NULL, ",", &rest))
		if (strlen(p) >= FEATURE_MAX)
			return bad(e, p, "FEATURE=VALUE is wanted");
		else if (add_feature(c, p, e) < 0)
			return -1;
	return 0;
}

/* ---- xm's words ------------------------------------------------------------------------------- */

static bool
leaf_number(const char *s, uint32_t *out)
{
	uint64_t v;

	if (!xu_num_u64(s, 0, UINT32_MAX, &v))
		return false;
	*out = (uint32_t)v;
	return true;
}

static int
add_bits(struct xu_cpuid_rule *r, const char *pair, const char *bits,
    struct xu_err *e)
{
	uint64_t v;

	if (strncmp(bits, "0x", 2) == 0 &&
	    xu_num_u64(bits, 0, UINT32_MAX, &v)) {
		rule_number(r, 0, 32, (uint32_t)v);
		return 0;
	}
	if (strlen(bits) != 32)
		return bad(e, pair,
		    "32 of the letters 0, 1, x, k and s, or a number that "
		    "begins with 0x, are wanted");
	for (unsigned i = 0; i < 32; i++)
		if (!rule_add(r, 1u << (31 - i), bits[i]))
			return bad(e, pair, "a bit is 0, 1, x, k or s");
	return 0;
}

static int
add_register(struct xu_cpuid *c, uint32_t leaf, uint32_t subleaf,
    const char *pair, struct xu_err *e)
{
	struct xu_cpuid_rule *r;

	if (pair[0] != 'e' || pair[1] < 'a' || pair[1] > 'd' ||
	    pair[2] != 'x' || pair[3] != '=')
		return bad(e, pair,
		    "eax=, ebx=, ecx= or edx= and its bits are wanted");
	r = rule_of(c, leaf, subleaf, (unsigned)(pair[1] - 'a'));
	if (r == NULL)
		return bad(e, pair, "too many registers are named");
	return add_bits(r, pair, pair + 4, e);
}

static int
registers_word(struct xu_cpuid *c, char *word, struct xu_err *e)
{
	char *colon = strchr(word, ':'), *comma, *rest = NULL;
	uint32_t leaf, subleaf = XU_CPUID_ANY;

	if (colon == NULL)
		return bad(e, word,
		    "\"host,FEATURE=VALUE,...\" or \"LEAF:eax=BITS,...\" is "
		    "wanted");
	*colon = '\0';
	comma = strchr(word, ',');
	if (comma != NULL)
		*comma = '\0';
	if (!leaf_number(word, &leaf))
		return bad(e, word, "the number of a CPUID leaf is wanted");
	if (comma != NULL && !leaf_number(comma + 1, &subleaf))
		return bad(e, comma + 1, "the number of a subleaf is wanted");
	word = strtok_r(colon + 1, ",", &rest);
	if (word == NULL)
		return bad(e, colon + 1,
		    "eax=, ebx=, ecx= or edx= and its bits are wanted");
	for (; word != NULL; word = strtok_r(NULL, ",", &rest))
		if (add_register(c, leaf, subleaf, word, e) < 0)
			return -1;
	return 0;
}

int
xu_cpuid_parse(const char *text, struct xu_cpuid *out, struct xu_err *e)
{
	char word[WORD_MAX];
	size_t n;
	int r;

	out->n = 0;
	for (text += strspn(text, " "); *text != '\0';
	     text += n, text += strspn(text, " ")) {
		n = strcspn(text, " ");
		if (n >= sizeof(word))
			return bad(e, text, "the word is too long");
		memcpy(word, text, n);
		word[n] = '\0';
		r = strncmp(word, "host", 4) == 0 &&
			(word[4] == ',' || word[4] == '\0') ?
		    features_word(out, word, e) :
		    registers_word(out, word, e);
		if (r < 0)
			return -1;
	}
	return 0;
}

void
xu_cpuid_bit_name(const struct xu_cpuid_rule *r, unsigned bit, char *out,
    size_t room)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(features); i++) {
		const struct feature *f = &features[i];

		if (f->leaf == r->leaf && f->subleaf == r->subleaf &&
		    f->reg == r->reg && (mask_of(f) >> bit & 1) != 0) {
			snprintf(out, room, "%s", f->name);
			return;
		}
	}
	snprintf(out, room, "leaf 0x%x e%cx bit %u", r->leaf,
	    (char)('a' + (int)r->reg), bit);
}

uint32_t
xu_cpuid_decided(const struct xu_cpuid_rule *r)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < XU_ARRAY_SIZE(decided); i++)
		if (decided[i].leaf == r->leaf &&
		    decided[i].subleaf == r->subleaf &&
		    decided[i].reg == r->reg)
			mask |= 1u << decided[i].bit;
	return mask;
}
