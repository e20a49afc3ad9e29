/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of processors; see xu_cpus.h. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "xu_cpus.h"

#define CODE "VALUE_NOT_SUPPORTED"

enum unit { CPU, NODE };

static const char *const unit_words[] = { "processor", "node" };

static int
bad(struct xu_err *e, const char *text, const char *why)
{
	xu_err_set(e, CODE, 0, "processors '%.80s': %s", text, why);
	xu_err_param(e, "cpus");
	xu_err_param(e, "%.80s", text);
	xu_err_param(e, "%s", why);
	return -1;
}

bool
xu_cpus_has(const struct xu_cpus *c, unsigned cpu)
{
	return cpu < XU_CPUS_MAX && (c->bits[cpu / 8] >> cpu % 8 & 1) != 0;
}

unsigned
xu_cpus_count(const struct xu_cpus *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(c->bits); i++)
		n += (unsigned)__builtin_popcount(c->bits[i]);
	return n;
}

static unsigned
node_of(const struct xu_cpu_host *host, unsigned cpu)
{
	return host->node_of == NULL ? 0 : host->node_of[cpu];
}

static void
change(struct xu_cpus *c, unsigned cpu, bool add)
{
	uint8_t bit = (uint8_t)(1u << cpu % 8);

	if (add)
		c->bits[cpu / 8] |= bit;
	else
		c->bits[cpu / 8] &= (uint8_t)~bit;
}

/* Of the processors or nodes from..to; how many there are. */
static unsigned
apply(struct xu_cpus *c, const struct xu_cpu_host *host, enum unit unit,
    unsigned from, unsigned to, bool add)
{
	unsigned n = 0, at;

	for (unsigned i = 0; i < host->ncpus && i < XU_CPUS_MAX; i++) {
		at = unit == CPU ? i : node_of(host, i);
		if (at < from || at > to)
			continue;
		change(c, i, add);
		n++;
	}
	return n;
}

/* A number of at most five digits; false: there is none. */
static bool
number(const char **p, unsigned *out)
{
	unsigned n = 0, digits = 0;

	for (; **p >= '0' && **p <= '9' && digits < 6; (*p)++, digits++)
		n = n * 10 + (unsigned)(**p - '0');
	*out = n;
	return digits > 0 && digits < 6;
}

static bool
word(const char **p, const char *w)
{
	size_t n = strlen(w);

	if (strncmp(*p, w, n) != 0)
		return false;
	*p += n;
	return true;
}

struct parser {
	const char *text, *p;
	const struct xu_cpu_host *host;
	struct xu_cpus *set;
	struct xu_err *e;
};

static int
take_range(struct parser *x, enum unit unit, bool add)
{
	unsigned from, to;
	char why[80];

	if (word(&x->p, "all")) {
		from = 0;
		to = UINT32_MAX;
	} else if (!number(&x->p, &from)) {
		return bad(x->e, x->text,
		    "a number, a range such as 0-3, 'all' or 'node:0' is "
		    "wanted");
	} else {
		to = from;
		if (*x->p == '-') {
			x->p++;
			if (!number(&x->p, &to) || to < from)
				return bad(x->e, x->text,
				    "a range goes from a number to one that is "
				    "not below it");
		}
	}
	if (x->host == NULL || apply(x->set, x->host, unit, from, to, add) > 0)
		return 0;
	snprintf(why, sizeof(why), "there is no %s %u, the host has %u "
				   "processors", unit_words[unit], from,
	    x->host->ncpus);
	return bad(x->e, x->text, why);
}

static int
take_item(struct parser *x, bool first)
{
	bool add = *x->p != '^';
	enum unit unit;

	if (!add) {
		x->p++;
		if (first && x->host != NULL)
			apply(x->set, x->host, CPU, 0, UINT32_MAX, true);
	}
	unit = word(&x->p, "nodes:") || word(&x->p, "node:") ? NODE : CPU;
	return take_range(x, unit, add);
}

int
xu_cpus_parse(const char *text, const struct xu_cpu_host *host,
    struct xu_cpus *out, struct xu_err *e)
{
	struct xu_cpus set = { { 0 } };
	struct parser x = { text, text, host, &set, e };
	bool first = true;

	for (;; first = false) {
		x.p += strspn(x.p, " ");
		if (take_item(&x, first) < 0)
			return -1;
		x.p += strspn(x.p, " ");
		if (*x.p == '\0')
			break;
		if (*x.p++ != ',')
			return bad(e, text, "items are separated by commas");
	}
	if (host != NULL && xu_cpus_count(&set) == 0)
		return bad(e, text, "no processor is left");
	if (out != NULL)
		*out = set;
	return 0;
}

void
xu_cpus_text(const struct xu_cpus *c, unsigned ncpus, struct xu_buf *out)
{
	unsigned from, n = 0, runs = 0;

	for (unsigned i = 0; i < ncpus; i++)
		n += xu_cpus_has(c, i);
	if (n == ncpus || n == 0) {
		xu_buf_adds(out, n == 0 ? "none" : "all");
		return;
	}
	for (unsigned i = 0; i < ncpus; i++) {
		if (!xu_cpus_has(c, i))
			continue;
		from = i;
		while (i + 1 < ncpus && xu_cpus_has(c, i + 1))
			i++;
		xu_buf_addf(out, "%s%u", runs++ > 0 ? "," : "", from);
		if (i > from)
			xu_buf_addf(out, "-%u", i);
	}
}
