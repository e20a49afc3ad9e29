/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flask, the mandatory access control of Xen (xsm/flask_op.h, stable). */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/xsm/flask_op.h>

#include "xc_private.h"

#define MAX_CONTEXT 1024u
#define MAX_POLICY  (64u << 20)
#define BY_NAME	    0xffffffffu

static int
flask(xc_interface *xch, uint32_t cmd, struct xen_flask_op *op,
    const char *what)
{
	long r;

	op->cmd = cmd;
	op->interface_version = XEN_FLASK_INTERFACE_VERSION;
	r = xc_hypercall_arg(xch, XC_HC_XSM, op, sizeof(*op));
	if (r < 0)
		return xc_fail(xch, errno, "Flask: %s", what);
	return (int)r;
}

/* With n bytes of text in a safe buffer, copied there first and back after. */
static int
with_text(xc_interface *xch, uint32_t cmd, struct xen_flask_op *op,
    void *handle, char *text, size_t in, size_t n, const char *what)
{
	char *buf = xc_buf_get(xch, n);
	int r;

	if (buf == NULL)
		return xc_fail(xch, errno, "Flask: %s", what);
	memcpy(buf, text, in);
	memcpy(handle, &buf, sizeof(buf));
	r = flask(xch, cmd, op, what);
	if (r >= 0 && in == 0)
		memcpy(text, buf, n);
	xc_buf_put(xch, buf, n);
	return r < 0 ? -1 : 0;
}

XC_API int
xc_flask_load(xc_interface *xch, const void *policy, uint32_t size)
{
	struct xen_flask_op op = { .cmd = 0 };
	char *buf;
	int r;

	if (xc_check_ptr(xch, policy, "a policy") < 0 ||
	    xc_check_range(xch, size, 1, MAX_POLICY, "bytes of a policy") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "Flask: load a policy");
	memcpy(buf, policy, size);
	set_xen_guest_handle(op.u.load.buffer, buf);
	op.u.load.size = size;
	r = flask(xch, FLASK_LOAD, &op, "load a policy");
	xc_buf_put(xch, buf, size);
	return r < 0 ? -1 : 0;
}

XC_API int
xc_flask_getenforce(xc_interface *xch)
{
	struct xen_flask_op op = { .cmd = 0 };

	return flask(xch, FLASK_GETENFORCE, &op, "ask whether it enforces");
}

XC_API int
xc_flask_setenforce(xc_interface *xch, bool enforcing)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.enforce.enforcing = enforcing;
	return flask(xch, FLASK_SETENFORCE, &op, "let it enforce") < 0 ? -1 : 0;
}

XC_API int
xc_flask_policyvers(xc_interface *xch)
{
	struct xen_flask_op op = { .cmd = 0 };

	return flask(xch, FLASK_POLICYVERS, &op, "ask for the policy version");
}

static int
check_context(xc_interface *xch, const char *context)
{
	if (xc_check_ptr(xch, context, "a context") < 0)
		return -1;
	return xc_check_range(xch, strlen(context), 1, MAX_CONTEXT - 1,
	    "characters of a context");
}

XC_API int
xc_flask_context_to_sid(xc_interface *xch, const char *context, uint32_t *sid)
{
	struct xen_flask_op op = { .cmd = 0 };
	char text[MAX_CONTEXT] = "";
	size_t len;

	if (check_context(xch, context) < 0 ||
	    xc_check_ptr(xch, sid, "a security id") < 0)
		return -1;
	len = strlen(context);
	memcpy(text, context, len);
	op.u.sid_context.size = (uint32_t)len;
	if (with_text(xch, FLASK_CONTEXT_TO_SID, &op,
		&op.u.sid_context.context, text, len, MAX_CONTEXT,
		"ask for a context's id") < 0)
		return -1;
	*sid = op.u.sid_context.sid;
	return 0;
}

XC_API int
xc_flask_sid_to_context(xc_interface *xch, uint32_t sid, char *context,
    size_t max)
{
	struct xen_flask_op op = { .cmd = 0 };
	char text[MAX_CONTEXT + 1] = "";

	op.u.sid_context.sid = sid;
	op.u.sid_context.size = MAX_CONTEXT;
	if (xc_check_ptr(xch, context, "a context") < 0 ||
	    xc_check_range(xch, max, 1, MAX_CONTEXT,
		"characters of a context") < 0 ||
	    with_text(xch, FLASK_SID_TO_CONTEXT, &op,
		&op.u.sid_context.context, text, 0, MAX_CONTEXT,
		"ask for an id's context") < 0)
		return -1;
	if (strlen(text) >= max)
		return xc_fail(xch, ENOBUFS, "Flask: a context of %zu bytes",
		    strlen(text));
	memcpy(context, text, strlen(text) + 1);
	return 0;
}

XC_API int
xc_flask_access(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t req, struct xc_flask_access *out)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.access.ssid = ssid;
	op.u.access.tsid = tsid;
	op.u.access.tclass = tclass;
	op.u.access.req = req;
	if (xc_check_ptr(xch, out, "an access decision") < 0 ||
	    flask(xch, FLASK_ACCESS, &op, "ask for a decision") < 0)
		return -1;
	out->allowed = op.u.access.allowed;
	out->audit_allow = op.u.access.audit_allow;
	out->audit_deny = op.u.access.audit_deny;
	out->seqno = op.u.access.seqno;
	return 0;
}

static int
transition(xc_interface *xch, uint32_t cmd, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.transition.ssid = ssid;
	op.u.transition.tsid = tsid;
	op.u.transition.tclass = tclass;
	if (xc_check_ptr(xch, newsid, "a security id") < 0 ||
	    flask(xch, cmd, &op, "ask for a new object's id") < 0)
		return -1;
	*newsid = op.u.transition.newsid;
	return 0;
}

XC_API int
xc_flask_create(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid)
{
	return transition(xch, FLASK_CREATE, ssid, tsid, tclass, newsid);
}

XC_API int
xc_flask_relabel(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid)
{
	return transition(xch, FLASK_RELABEL, ssid, tsid, tclass, newsid);
}

XC_API int
xc_flask_member(xc_interface *xch, uint32_t ssid, uint32_t tsid,
    uint32_t tclass, uint32_t *newsid)
{
	return transition(xch, FLASK_MEMBER, ssid, tsid, tclass, newsid);
}

static int
getbool(xc_interface *xch, uint32_t id, const char *name,
    struct xc_flask_bool *out)
{
	struct xen_flask_op op = { .cmd = 0 };
	const size_t room = sizeof(out->name) - 1;
	size_t len = name == NULL ? 0 : strlen(name);
	char *buf;
	int r;

	op.u.boolean.bool_id = id;
	if (xc_check_ptr(xch, out, "a boolean") < 0)
		return -1;
	buf = xc_buf_get(xch, room);
	if (buf == NULL)
		return xc_fail(xch, errno, "Flask: ask for a boolean");
	if (name != NULL)
		memcpy(buf, name, len);
	set_xen_guest_handle(op.u.boolean.name, buf);
	op.u.boolean.size = name != NULL ? (uint32_t)len : (uint32_t)room;
	r = flask(xch, FLASK_GETBOOL, &op, "ask for a boolean");
	if (r >= 0) {
		memset(out, 0, sizeof(*out));
		out->id = op.u.boolean.bool_id;
		out->value = op.u.boolean.enforcing != 0;
		out->pending = op.u.boolean.pending != 0;
		memcpy(out->name, buf, room);
	}
	xc_buf_put(xch, buf, room);
	return r < 0 ? -1 : 0;
}

static int
check_bool(xc_interface *xch, const char *name)
{
	if (xc_check_ptr(xch, name, "a boolean's name") < 0)
		return -1;
	return xc_check_range(xch, strlen(name), 1, 255,
	    "characters of a boolean's name");
}

XC_API int
xc_flask_getbool_byid(xc_interface *xch, uint32_t id,
    struct xc_flask_bool *out)
{
	return getbool(xch, id, NULL, out);
}

XC_API int
xc_flask_getbool_byname(xc_interface *xch, const char *name,
    struct xc_flask_bool *out)
{
	if (check_bool(xch, name) < 0)
		return -1;
	return getbool(xch, BY_NAME, name, out);
}

XC_API int
xc_flask_setbool(xc_interface *xch, const char *name, bool value, bool commit)
{
	struct xen_flask_op op = { .cmd = 0 };
	char text[256] = "";

	op.u.boolean.bool_id = BY_NAME;
	op.u.boolean.new_value = value;
	op.u.boolean.commit = commit;
	if (check_bool(xch, name) < 0)
		return -1;
	memcpy(text, name, strlen(name));
	op.u.boolean.size = (uint32_t)strlen(name);
	return with_text(xch, FLASK_SETBOOL, &op, &op.u.boolean.name, text,
	    strlen(name), sizeof(text), "set a boolean");
}

XC_API int
xc_flask_commitbools(xc_interface *xch)
{
	struct xen_flask_op op = { .cmd = 0 };

	return flask(xch, FLASK_COMMITBOOLS, &op, "commit booleans") < 0 ? -1
									 : 0;
}

XC_API int
xc_flask_avc_get_threshold(xc_interface *xch, uint32_t *threshold)
{
	struct xen_flask_op op = { .cmd = 0 };

	if (xc_check_ptr(xch, threshold, "the cache's threshold") < 0 ||
	    flask(xch, FLASK_GETAVC_THRESHOLD, &op, "ask for its cache") < 0)
		return -1;
	*threshold = op.u.setavc_threshold.threshold;
	return 0;
}

XC_API int
xc_flask_avc_set_threshold(xc_interface *xch, uint32_t threshold)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.setavc_threshold.threshold = threshold;
	return flask(xch, FLASK_SETAVC_THRESHOLD, &op, "set its cache") < 0
	    ? -1
	    : 0;
}

XC_API int
xc_flask_avc_hashstats(xc_interface *xch, struct xc_flask_hashstats *out)
{
	struct xen_flask_op op = { .cmd = 0 };

	if (xc_check_ptr(xch, out, "the cache's figures") < 0 ||
	    flask(xch, FLASK_AVC_HASHSTATS, &op, "ask for its cache") < 0)
		return -1;
	out->entries = op.u.hash_stats.entries;
	out->buckets_used = op.u.hash_stats.buckets_used;
	out->buckets_total = op.u.hash_stats.buckets_total;
	out->max_chain = op.u.hash_stats.max_chain_len;
	return 0;
}

XC_API int
xc_flask_avc_cachestats(xc_interface *xch, uint32_t cpu,
    struct xc_flask_cachestats *out)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.cache_stats.cpu = cpu;
	if (xc_check_ptr(xch, out, "the cache's figures") < 0 ||
	    flask(xch, FLASK_AVC_CACHESTATS, &op, "ask for its cache") < 0)
		return -1;
	out->lookups = op.u.cache_stats.lookups;
	out->hits = op.u.cache_stats.hits;
	out->misses = op.u.cache_stats.misses;
	out->allocations = op.u.cache_stats.allocations;
	out->reclaims = op.u.cache_stats.reclaims;
	out->frees = op.u.cache_stats.frees;
	return 0;
}

/* Kinds of objects as the policy numbers them. */
static int
ocontext(xc_interface *xch, uint32_t cmd, enum xc_flask_object kind,
    uint64_t low, uint64_t high, uint32_t sid)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.ocontext.ocon = kind;
	op.u.ocontext.sid = sid;
	op.u.ocontext.low = low;
	op.u.ocontext.high = high;
	if (xc_check_range(xch, kind, XC_FLASK_PIRQ, XC_FLASK_DEVICE,
		"as the kind of an object") < 0)
		return -1;
	return flask(xch, cmd, &op, "label objects") < 0 ? -1 : 0;
}

XC_API int
xc_flask_add_ocontext(xc_interface *xch, enum xc_flask_object kind,
    uint64_t low, uint64_t high, const char *context)
{
	uint32_t sid;

	if (xc_flask_context_to_sid(xch, context, &sid) < 0)
		return -1;
	return ocontext(xch, FLASK_ADD_OCONTEXT, kind, low, high, sid);
}

XC_API int
xc_flask_del_ocontext(xc_interface *xch, enum xc_flask_object kind,
    uint64_t low, uint64_t high)
{
	return ocontext(xch, FLASK_DEL_OCONTEXT, kind, low, high, 0);
}

XC_API int
xc_flask_get_peer_sid(xc_interface *xch, uint32_t port, uint32_t *sid)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.peersid.evtchn = port;
	if (xc_check_ptr(xch, sid, "a security id") < 0 ||
	    flask(xch, FLASK_GET_PEER_SID, &op, "ask for a peer's id") < 0)
		return -1;
	*sid = op.u.peersid.sid;
	return 0;
}

XC_API int
xc_flask_relabel_domain(xc_interface *xch, uint32_t domid, uint32_t sid)
{
	struct xen_flask_op op = { .cmd = 0 };

	op.u.relabel.domid = domid;
	op.u.relabel.sid = sid;
	if (xc_check_domid(xch, domid) < 0)
		return -1;
	return flask(xch, FLASK_RELABEL_DOMAIN, &op, "relabel a domain") < 0
	    ? -1
	    : 0;
}
