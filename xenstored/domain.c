/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains: their rings come with INTRODUCE and go with RELEASE or death. A
 * record stands for one instance of a domid: it is made when the store first
 * hears of the domain, and everything the store holds for it goes with it. Where
 * domains come from is hv.h's business; without that there are none.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "state.h"
#include "trace.h"

struct xu_list domains = XU_LIST_INIT(domains);
const struct hv_ops *hv;
/* By domid, because a change of any asks for all; pages nobody has an id in cost
 * nothing. */
static struct domain *by_domid[UINT16_MAX + 1];
static struct xu_map *by_port;
/* The domid we run in. */
static const uint16_t own_domid;

/* --- records -------------------------------------------------------------------- */

struct domain *
domain_find(uint16_t domid)
{
	return by_domid[domid];
}

static struct domain *
domain_new(uint16_t domid)
{
	struct domain *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->domid = domid;
	d->port = -1;
	d->target = -1;
	memcpy(d->quota, quota_defaults, sizeof(d->quota));
	by_domid[domid] = d;
	xu_list_append(&domains, &d->link);
	TRACE(TRACE_OBJ, "CREATE domain %u", domid);
	return d;
}

struct domain *
domain_get(uint16_t domid)
{
	struct domain *d = domain_find(domid);
	struct hv_domain info;

	if (d != NULL)
		return d;
	d = domain_new(domid);
	if (d != NULL && hv != NULL && hv->domain(domid, &info) == 0)
		memcpy(d->instance, info.instance, sizeof(d->instance));
	if (d != NULL)
		state_domain(d);
	return d;
}

static bool
same_instance(const struct domain *d, const struct hv_domain *info)
{
	return memcmp(d->instance, info->instance, sizeof(d->instance)) == 0;
}

/*
 * The record of the domain that has this id now; one of an earlier domain, whose
 * death was not looked at yet, goes first. NULL with ENOENT or ENOMEM.
 */
static struct domain *
current_domain(uint16_t domid)
{
	struct domain *d = domain_find(domid);
	struct hv_domain info;

	if (hv->domain(domid, &info) != 0) {
		errno = ENOENT;
		return NULL;
	}
	if (d != NULL && !same_instance(d, &info)) {
		domain_gone(d);
		d = NULL;
	}
	if (d == NULL) {
		d = domain_new(domid);
		if (d == NULL) {
			errno = ENOMEM;
			return NULL;
		}
		memcpy(d->instance, info.instance, sizeof(d->instance));
		state_domain(d);
	}
	return d;
}

bool
domain_exists_in_xen(uint16_t domid)
{
	struct domain *d;

	/* Sockets only: there is nobody to ask. */
	if (hv == NULL || domid == own_domid)
		return true;
	/* Asked already during these requests. */
	d = domain_find(domid);
	if (d != NULL && d->asked == conn_batch)
		return true;
	d = current_domain(domid);
	if (d == NULL)
		return false;
	d->asked = conn_batch;
	return true;
}

void
domain_notify(const struct domain *d)
{
	if (d->port >= 0)
		hv->notify((uint32_t)d->port);
}

/* --- rings ------------------------------------------------------------------------ */

static void
unbind(struct domain *d)
{
	if (d->port < 0)
		return;
	xu_map_del_u64(by_port, (uint64_t)d->port);
	hv->unbind((uint32_t)d->port);
	d->port = -1;
}

static int
bind_port(struct domain *d, uint32_t remote)
{
	uint32_t port;
	int err = hv->bind(d->domid, remote, &port);

	if (err != 0)
		return err;
	if (xu_map_put_u64(by_port, port, d) < 0) {
		hv->unbind(port);
		return ENOMEM;
	}
	d->port = (int)port;
	d->remote_port = remote;
	d->rang = false;
	return 0;
}

int
domain_connect(struct domain *d)
{
	/* Recovered before its ring. */
	if (d->conn != NULL)
		return 0;
	d->conn = conn_new(&ring_ops, d->domid, d->domid == own_domid);
	if (d->conn == NULL)
		return ENOMEM;
	d->conn->domain = d;
	d->conn->replay = state_recovering();
	return 0;
}

/* The ring as it is found; from here on it is in the journal. */
static void
adopt(struct domain *d)
{
	ring_adopt(d);
	state_domain(d);
	state_ring(d->conn);
}

/* All of it or nothing. fresh: a port that the page names goes before ours. */
static int
attach(struct domain *d, uint64_t gfn, uint32_t port, bool fresh)
{
	int err = hv->map(d->domid, gfn, &d->ring);

	if (err != 0)
		return err;
	d->gfn = gfn;
	err = bind_port(d, fresh ? ring_port(d, port) : port);
	if (err == 0)
		err = domain_connect(d);
	if (err != 0) {
		unbind(d);
		hv->unmap(d->domid, &d->ring);
		return err;
	}
	d->introduced = true;
	if (fresh)
		adopt(d);
	return 0;
}

/* A known domain again (a guest that was kexec'ed, or a new port). */
static int
reintroduce(struct domain *d, uint32_t given)
{
	int err;

	unbind(d);
	err = bind_port(d, ring_port(d, given));
	if (err != 0)
		return err;
	if (d->conn != NULL)
		conn_reset(d->conn);
	else if ((err = domain_connect(d)) != 0)
		return err;
	ring_restart(d);
	state_domain(d);
	state_ring(d->conn);
	ring_setup(d);
	domain_notify(d);
	return 0;
}

int
domain_introduce(uint16_t domid, uint64_t gfn, uint32_t port)
{
	struct domain *d;
	int err;

	if (hv == NULL)
		return ENOSYS;
	if (domid == own_domid)
		return EINVAL;
	d = current_domain(domid);
	if (d == NULL)
		return errno;
	if (d->introduced)
		return reintroduce(d, port);
	err = attach(d, gfn, port, true);
	if (err != 0)
		return err;
	d->shutdown_seen = false;
	ring_setup(d);
	domain_notify(d);
	watch_fire_special("@introduceDomain", domid);
	return 0;
}

/* --- the end -------------------------------------------------------------------------- */

static void
forget_target(uint16_t domid)
{
	struct xu_list *it;

	LIST_FOREACH (it, &domains) {
		struct domain *o = xu_container_of(it, struct domain, link);

		if (o->target != (int32_t)domid)
			continue;
		o->target = -1;
		state_domain(o);
	}
}

static void
domain_free(struct domain *d)
{
	uint16_t domid = d->domid;

	if (d->conn != NULL)
		conn_kill(d->conn);
	unbind(d);
	if (d->ring.page != NULL)
		hv->unmap(domid, &d->ring);
	store_forget_domain(d, true);
	state_forget(domid);
	if (d->targeted)
		forget_target(domid);
	by_domid[domid] = NULL;
	xu_list_remove(&d->link);
	free(d);
}

void
domain_gone(struct domain *d)
{
	uint16_t domid = d->domid;
	bool introduced = d->introduced;

	TRACE(TRACE_OBJ, "DESTROY domain %u", domid);

	domain_free(d);
	if (introduced)
		watch_fire_special("@releaseDomain", domid);
}

int
domain_release(uint16_t domid)
{
	struct domain *d = domain_find(domid);

	if (domid == own_domid)
		return EINVAL;
	if (d == NULL || !d->introduced)
		return ENOENT;
	domain_gone(d);
	return 0;
}

int
domain_resume(uint16_t domid)
{
	struct domain *d = domain_find(domid);

	if (d == NULL || !d->introduced)
		return ENOENT;
	d->shutdown_seen = false;
	state_domain(d);
	return 0;
}

int
domain_set_target(uint16_t domid, uint16_t target)
{
	struct domain *d = domain_find(domid), *t = domain_find(target);

	if (d == NULL || t == NULL || !d->introduced || !t->introduced)
		return ENOENT;
	d->target = target;
	t->targeted = true;
	state_domain(d);
	return 0;
}

/* --- what Xen says ------------------------------------------------------------------------ */

static void
look_at(const struct hv_domain *info, uint64_t round)
{
	struct domain *d = domain_find(info->domid);

	if (d == NULL || info->dying || !same_instance(d, info))
		return;
	d->seen = round;
	if (info->shutdown && d->introduced && !d->shutdown_seen) {
		d->shutdown_seen = true;
		state_domain(d);
		watch_fire_special("@releaseDomain", info->domid);
	}
}

void
domains_check(void)
{
	static uint64_t round;
	struct hv_domain info[256];
	struct xu_list *it, *tmp;
	uint32_t next = 0;
	int n;

	if (hv == NULL)
		return;
	round++;
	while (next <= UINT16_MAX &&
	    (n = hv->domains((uint16_t)next, info, XU_ARRAY_SIZE(info))) != 0) {
		/* What could not be asked did not die. */
		if (n < 0)
			return;
		for (int i = 0; i < n; i++)
			look_at(&info[i], round);
		next = info[n - 1].domid + 1u;
	}
	LIST_FOREACH_SAFE (it, tmp, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		if (d->seen != round && d->domid != own_domid)
			domain_gone(d);
	}
}

/* --- start and events -------------------------------------------------------------------- */

int
domains_fd(void)
{
	return hv == NULL ? -1 : hv->fd();
}

/* Served at the end of the turn, one after the other: who rings more is not served
 * more, and a request of one can end another. Whose ring was given up is not heard
 * again: only a new INTRODUCE binds its port anew. */
static void
rang(struct domain *d)
{
	d->rang = true;
	if (d->conn != NULL)
		conn_set_busy(d->conn);
}

void
domain_rearm(struct domain *d)
{
	if (d->rang && d->port >= 0)
		hv->rearm((uint32_t)d->port);
	d->rang = false;
}

static void
everybody_rang(void)
{
	struct xu_list *it;

	LIST_FOREACH (it, &domains)
		rang(xu_container_of(it, struct domain, link));
}

/* A bounded number: who rings without end does not keep us from the others. */
bool
domains_events(void)
{
	struct hv_event ev[64];
	bool changed = false;
	struct domain *d;
	size_t n;

	for (int turn = 0; turn < 4; turn++) {
		n = hv->events(ev, XU_ARRAY_SIZE(ev));
		for (size_t i = 0; i < n; i++) {
			if (ev[i].kind == HV_PORT &&
			    (d = xu_map_get_u64(by_port, ev[i].port)) != NULL)
				rang(d);
			if (ev[i].kind == HV_OVERFLOW)
				everybody_rang();
			changed |= ev[i].kind != HV_PORT;
		}
		if (n < XU_ARRAY_SIZE(ev))
			break;
	}
	return changed;
}

static int
own_ring(struct xu_err *e)
{
	struct domain *d = domain_get(own_domid);
	uint32_t remote;
	bool again;
	int err;

	if (d == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "dom0's ring");
	err = hv->own_ring(&d->ring, &remote, e);
	if (err == ENOENT)
		return 0;
	if (err != 0)
		return -1;
	again = d->conn != NULL;
	err = bind_port(d, remote);
	if (err == 0)
		err = domain_connect(d);
	if (err != 0)
		return xu_err_set(e, "INTERNAL_ERROR", err,
		    "bind dom0's store event channel %u", remote);
	d->introduced = true;
	ring_setup(d);
	if (again)
		ring_resume(d);
	else
		adopt(d);
	state_commit();
	domain_notify(d);
	return 0;
}

/* Gone, or another under its id, while no daemon ran. */
static bool
is_gone(const struct domain *d)
{
	struct hv_domain info;

	return hv->domain(d->domid, &info) != 0 || info.dying ||
	    !same_instance(d, &info);
}

/*
 * Domains of a recovered state: their rings are mapped and bound again. What
 * they said meanwhile is in the ring; that they rang is lost, so each is served
 * once, and rung.
 */
static void
restore(void)
{
	struct xu_list *it, *tmp;
	int err;

	LIST_FOREACH_SAFE (it, tmp, &domains) {
		struct domain *d = xu_container_of(it, struct domain, link);

		if (d->domid == own_domid)
			continue;
		err = is_gone(d) ? ESRCH : 0;
		if (err == 0 && d->was_introduced)
			err = attach(d, d->gfn, d->remote_port, false);
		if (err != 0) {
			d->introduced |= d->was_introduced;
			if (err != ESRCH)
				xu_log(XU_WARNING,
				    "domain %u: its ring cannot be had again: "
				    "%s",
				    d->domid, strerror(err));
			domain_gone(d);
		} else if (d->introduced && d->conn != NULL) {
			ring_resume(d);
			domain_notify(d);
		}
	}
	state_commit();
}

int
domains_init(const struct hv_ops *ops, const char *arg, struct xu_err *e)
{
	by_port = xu_map_new();
	if (by_port == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", ENOMEM, "start");
	if (ops->open(arg, e) < 0)
		return -1;
	hv = ops;
	if (own_ring(e) < 0)
		return -1;
	restore();
	domains_check();
	state_commit();
	return 0;
}
