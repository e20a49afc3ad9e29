/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See pools.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "errors.h"
#include "pools.h"
#include "xu_num.h"

static void
learn_cpus(struct pools *p)
{
	const struct xapi_value *r;
	long long n;

	for (size_t i = 0; i < xapi_count(p->cpus); i++) {
		r = xapi_at(p->cpus, i);
		n = xapi_get_int(r, "number");
		if (n < 0 || n >= XU_CPUS_MAX)
			continue;
		p->node_of[n] = (uint32_t)xapi_get_int(r, "node");
		if (p->host.ncpus <= (unsigned)n)
			p->host.ncpus = (unsigned)n + 1;
	}
	p->host.node_of = p->node_of;
}

int
pools_read(struct xm *xm, struct pools **out)
{
	struct pools *p = *out = calloc(1, sizeof(*p));
	struct xapi_err e;
	int status = xm_connect(xm);

	if (status != 0)
		return status;
	if (p == NULL)
		return xm_no_memory(xm);
	p->pools = xapi_call(xm->api, &e, "cpu_pool.get_all_records", "");
	if (p->pools != NULL)
		p->cpus = xapi_call(xm->api, &e, "host_cpu.get_all_records", "");
	if (p->cpus == NULL)
		return xm_fail(xm, &e);
	learn_cpus(p);
	return 0;
}

void
pools_free(struct pools **p)
{
	if (*p == NULL)
		return;
	xapi_free((*p)->pools);
	xapi_free((*p)->cpus);
	free(*p);
	*p = NULL;
}

const char *
pools_zero(const struct pools *p)
{
	const struct xapi_value *r;

	for (size_t i = 0; i < xapi_count(p->pools); i++) {
		r = xapi_at(p->pools, i);
		if (xapi_get(r, "pool_id") != NULL &&
		    xapi_get_int(r, "pool_id") == 0)
			return xapi_name_at(p->pools, i);
	}
	return "";
}

const char *
pools_find(struct xm *xm, const struct pools *p, const char *what, int *status)
{
	const struct xapi_value *r;
	uint64_t id;
	/* No pool has a number as its name. */
	bool number = xu_num_u64(what, 10, INT32_MAX, &id);

	for (size_t i = 0; i < xapi_count(p->pools); i++) {
		r = xapi_at(p->pools, i);
		if (strcmp(xapi_get_str(r, "name_label"), what) == 0 ||
		    strcasecmp(xapi_get_str(r, "uuid"), what) == 0 ||
		    (number && xapi_get_int(r, "pool_id") == (long long)id))
			return xapi_name_at(p->pools, i);
	}
	*status = xm_error(xm, XE(HANDLE_INVALID), XM_NOT_FOUND,
	    "CPU pool '%s' does not exist. See xm cpupool-list.", what);
	return NULL;
}

int
pools_open(
    struct xm *xm, const char *what, struct pools **out, const char **ref)
{
	int status = pools_read(xm, out);

	if (status == 0)
		*ref = pools_find(xm, *out, what, &status);
	return status;
}

const struct xapi_value *
pools_of(const struct pools *p, const struct xapi_value *vm)
{
	const struct xapi_value *refs = xapi_get(vm, "cpu_pool");

	return xapi_count(refs) == 0 ? NULL :
		xapi_get(p->pools, xapi_str(xapi_at(refs, 0)));
}

const char *
pools_cpu(const struct pools *p, unsigned number)
{
	for (size_t i = 0; i < xapi_count(p->cpus); i++)
		if (xapi_get_int(xapi_at(p->cpus, i), "number") ==
		    (long long)number)
			return xapi_name_at(p->cpus, i);
	return NULL;
}

void
pools_cpus(const struct pools *p, const struct xapi_value *pool,
    struct xu_cpus *out)
{
	const struct xapi_value *refs = xapi_get(pool, "host_CPUs");
	long long n;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < xapi_count(refs); i++) {
		n = xapi_get_int(
		    xapi_get(p->cpus, xapi_str(xapi_at(refs, i))), "number");
		if (n >= 0 && n < XU_CPUS_MAX)
			out->bits[n / 8] |= (uint8_t)(1u << n % 8);
	}
}

int
pools_set(struct xm *xm, const struct pools *p, const char *text,
    struct xu_cpus *out)
{
	struct xu_err e = XU_ERR_INIT;

	return xu_cpus_parse(text, &p->host, out, &e) < 0 ?
	    xm_error(xm, XE(XLD_USAGE), XM_USAGE, "%s", e.msg) : 0;
}
