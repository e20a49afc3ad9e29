/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quotas of domains: names, defaults, what a domain may have. */
#include "config.h"

#include <string.h>

#include "xsd.h"

const char *const quota_names[QUOTA_COUNT] = { "nodes", "watches",
	"transactions", "outstanding", "transaction-nodes", "node-permissions",
	"path-max", "node-size" };
uint32_t quota_defaults[QUOTA_COUNT] = { 1000, 128, 10, 20, 1024, 5, 2048,
	2048 };

uint32_t
quota_of(const struct conn *c, enum quota q)
{
	return c->domain != NULL ? c->domain->quota[q] : quota_defaults[q];
}

int
quota_find(const char *name)
{
	for (int i = 0; i < QUOTA_COUNT; i++)
		if (strcmp(quota_names[i], name) == 0)
			return i;
	return -1;
}
