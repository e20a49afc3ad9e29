/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a domain may have, and has: the one place where use is counted, compared
 * with its limit, and talked about in the log. A limit of 0 is none; the control
 * domain has none. Counts belong to the domain's record and die with it.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "state.h"
#include "trace.h"

/* A domain and a quota of it are in the log at most this often, in seconds. */
#define WARN_EVERY 60
#define REFUSED_EVERY 10

static const struct {
	const char *name, *what;
	/* It is counted over time, not looked at per request only. */
	bool counted;
	int error;
} quotas[QUOTA_COUNT] = {
	[QUOTA_NODES] = { "nodes", "nodes owned", true, ENOSPC },
	[QUOTA_WATCHES] = { "watches", "watches", true, ENOSPC },
	[QUOTA_TRANSACTIONS] = { "transactions", "open transactions", true,
	    ENOSPC },
	[QUOTA_OUTSTANDING] = { "outstanding", "requests not consumed", true,
	    0 },
	[QUOTA_TXN_NODES] = { "transaction-nodes", "nodes in a transaction",
	    false, ENOSPC },
	[QUOTA_MEMORY] = { "memory", "bytes", true, ENOMEM },
	[QUOTA_SOFT_MEMORY] = { "soft-memory", "bytes without a warning",
	    false, 0 },
	[QUOTA_PERMS] = { "node-permissions", "entries in a list", false,
	    ENOSPC },
	[QUOTA_PATH] = { "path-max", "length of a path", false, EINVAL },
	[QUOTA_SIZE] = { "node-size", "bytes in a node", false, ENOSPC },
};

uint32_t quota_defaults[QUOTA_COUNT] = {
	[QUOTA_NODES] = 1000,
	[QUOTA_WATCHES] = 128,
	[QUOTA_TRANSACTIONS] = 10,
	[QUOTA_OUTSTANDING] = 20,
	[QUOTA_TXN_NODES] = 1024,
	[QUOTA_MEMORY] = 2621440,
	[QUOTA_SOFT_MEMORY] = 2097152,
	[QUOTA_PERMS] = 5,
	[QUOTA_PATH] = 2048,
	[QUOTA_SIZE] = 2048,
};
static int64_t top[QUOTA_COUNT];
/* Somebody came near a limit, and nobody was told yet. */
static bool untold;

const char *
quota_name(enum quota q)
{
	return quotas[q].name;
}

const char *
quota_meaning(enum quota q)
{
	return quotas[q].what;
}

bool
quota_counted(enum quota q)
{
	return quotas[q].counted;
}

uint32_t
quota_of(const struct conn *c, enum quota q)
{
	return c->domain != NULL ? c->domain->quota[q] : quota_defaults[q];
}

int
quota_find(const char *name)
{
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (strcmp(quotas[q].name, name) == 0)
			return q;
	return -1;
}

void
quota_set(struct domain *d, enum quota q, uint32_t value)
{
	if (d == NULL) {
		quota_defaults[q] = value;
		state_quota();
		return;
	}
	d->quota[q] = value;
	state_domain(d);
	/* It may have waited for this. */
	if (d->conn != NULL)
		conn_set_busy(d->conn);
}

int64_t
quota_used(const struct domain *d, enum quota q)
{
	switch (q) {
	case QUOTA_NODES:
		return d->nodes;
	case QUOTA_MEMORY:
		return d->node_bytes + d->use[q].now;
	default:
		return d->use[q].now;
	}
}

int64_t
quota_top(const struct domain *d, enum quota q)
{
	return d == NULL ? top[q] : d->use[q].max;
}

void
quota_forget_tops(void)
{
	struct xu_list *it;

	memset(top, 0, sizeof(top));
	LIST_FOREACH (it, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		for (int q = 0; q < QUOTA_COUNT; q++) {
			d->use[q].max = quota_used(d, (enum quota)q);
			if (d->domid != 0 && d->use[q].max > top[q])
				top[q] = d->use[q].max;
		}
	}
}

/* --- the log ------------------------------------------------------------------- */

static int64_t
seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec + 1;
}

static void
warn(struct domain *d, enum quota q, int64_t used)
{
	struct usage *u = &d->use[q];
	int64_t now;

	if (u->warned)
		return;
	u->warned = true;
	TRACE(TRACE_ACC, "domain %u: %s %lld of %u", d->domid, quotas[q].name,
	    (long long)used, d->quota[q]);
	now = seconds();
	if (u->warned_at != 0 && now - u->warned_at < WARN_EVERY)
		return;
	u->warned_at = now;
	d->near_limit = untold = true;
	xu_log(XU_NOTICE, "domain %u: quota %s: %lld of %u (%s)", d->domid,
	    quotas[q].name, (long long)used, d->quota[q], quotas[q].what);
}

void
quota_tell(void)
{
	struct xu_list *it;

	if (!untold)
		return;
	untold = false;
	LIST_FOREACH (it, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		if (!d->near_limit)
			continue;
		d->near_limit = false;
		watch_fire_special("@quotaWarning", d->domid);
	}
}

void
quota_refused(const struct conn *c, enum quota q)
{
	struct domain *d = c->domain;
	struct usage *u;
	int64_t now;

	if (d == NULL)
		return;
	u = &d->use[q];
	u->refused++;
	TRACE(TRACE_ACC, "domain %u: %s refused", d->domid, quotas[q].name);
	now = seconds();
	if (u->refused_at != 0 && now - u->refused_at < REFUSED_EVERY)
		return;
	u->refused_at = now;
	xu_log(XU_WARNING,
	    "domain %u: quota %s: more than %u refused (%s; %llu times so far)",
	    d->domid, quotas[q].name, d->quota[q], quotas[q].what,
	    (unsigned long long)u->refused);
}

/* --- counting -------------------------------------------------------------------- */

void
quota_look(struct domain *d, enum quota q)
{
	struct usage *u = &d->use[q];
	int64_t used = quota_used(d, q), limit = d->quota[q];

	if (used > u->max) {
		u->max = used;
		if (used > top[q] && d->domid != 0)
			top[q] = used;
	}
	if (d->domid == 0)
		return;
	if (limit != 0 && used * 5 >= limit * 4)
		warn(d, q, used);
	else if (u->warned && used * 5 < limit * 3)
		u->warned = false;
	if (q != QUOTA_MEMORY)
		return;
	limit = d->quota[QUOTA_SOFT_MEMORY];
	u = &d->use[QUOTA_SOFT_MEMORY];
	if (limit != 0 && used > limit)
		warn(d, QUOTA_SOFT_MEMORY, used);
	else if (u->warned && used * 10 < limit * 9)
		u->warned = false;
}

void
quota_charge(struct domain *d, enum quota q, int64_t n)
{
	if (d == NULL)
		return;
	d->use[q].now += n;
	quota_look(d, q);
}

int
quota_may(const struct conn *c, enum quota q, int64_t more)
{
	const struct domain *d = c->domain;

	if (c->privileged || c->replay || d == NULL || d->quota[q] == 0 ||
	    more <= 0 || quota_used(d, q) + more <= (int64_t)d->quota[q])
		return 0;
	quota_refused(c, q);
	return quotas[q].error;
}

void
quota_unserved(struct domain *d)
{
	static const enum quota held[] = { QUOTA_WATCHES, QUOTA_TRANSACTIONS,
		QUOTA_OUTSTANDING, QUOTA_MEMORY };

	for (size_t i = 0; i < XU_ARRAY_SIZE(held); i++)
		d->use[held[i]].now = 0;
}

bool
quota_serves(const struct conn *c)
{
	const struct domain *d = c->domain;
	uint32_t max = d->quota[QUOTA_OUTSTANDING];

	if (max != 0 && d->use[QUOTA_OUTSTANDING].now >= max)
		return false;
	/* Only while reading its answers can help: a domain whose nodes alone
	 * are too many must be able to remove some. */
	max = d->quota[QUOTA_MEMORY];
	return max == 0 || c->out_sent == c->out.len ||
	    quota_used(d, QUOTA_MEMORY) <= max;
}
