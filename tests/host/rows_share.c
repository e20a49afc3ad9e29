/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows: pages shared with others, copies through grants, giving up rights. The
 * other side is dom0 itself. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xc_rows.h"

static int
shr_open(struct xr_env *e)
{
	struct xc_gntshr *s = xc_gntshr_open();

	(void)e;
	if (s == NULL)
		return -1;
	xc_gntshr_close(s);
	xc_gntshr_close(NULL);
	return 0;
}

/* Both ends, and what is between them. */
struct ends {
	struct xc_gntshr *s;
	struct xc_gnttab *g;
	uint32_t refs[3];
	uint8_t *ours, *theirs;
};

static void
close_ends(struct ends *t)
{
	int saved = errno;

	if (t->theirs != NULL)
		xc_gnttab_unmap(t->g, t->theirs);
	if (t->ours != NULL)
		xc_gntshr_unshare(t->s, t->ours, 3);
	xc_gnttab_close(t->g);
	xc_gntshr_close(t->s);
	errno = saved;
}

static int
open_ends(struct ends *t)
{
	memset(t, 0, sizeof(*t));
	t->s = xc_gntshr_open();
	t->g = xc_gnttab_open();
	if (t->s == NULL || t->g == NULL)
		return -1;
	t->ours = xc_gntshr_share_pages(t->s, 0, 3, t->refs, true);
	return xr_not_null(t->ours);
}

static int
look(struct ends *t)
{
	static const char text[] = "seen by both";

	t->theirs = xc_gnttab_map_refs(t->g, 0, t->refs, 3,
	    PROT_READ | PROT_WRITE);
	if (t->theirs == NULL)
		return -1;
	for (size_t i = 0; i < 3 * XC_PAGE_SIZE; i++)
		if (t->ours[i] != 0)
			return xr_wrong("byte %zu is not zero", i);
	memcpy(t->ours + 2 * XC_PAGE_SIZE, text, sizeof(text));
	if (memcmp(t->theirs + 2 * XC_PAGE_SIZE, text, sizeof(text)) != 0)
		return xr_wrong("the other side sees something else");
	memcpy(t->theirs + 100, text, sizeof(text));
	return memcmp(t->ours + 100, text, sizeof(text)) == 0
	    ? 0
	    : xr_wrong("we see something else");
}

static int
share(struct xr_env *e)
{
	struct ends t;
	int r = open_ends(&t) < 0 ? -1 : look(&t);

	(void)e;
	close_ends(&t);
	return r;
}

/* The byte of the shared page when the granter is done with it. */
static int
share_notify(struct xr_env *e)
{
	struct ends t = { .s = xc_gntshr_open(), .g = xc_gnttab_open() };
	uint8_t *page = NULL;
	int r = -1;

	(void)e;
	if (t.s != NULL && t.g != NULL)
		page = xc_gntshr_share_page_notify(t.s, 0, t.refs, true, 77,
		    XC_NO_NOTIFY);
	if (page != NULL) {
		memset(page, 0x5a, XC_PAGE_SIZE);
		t.theirs = xc_gnttab_map(t.g, 0, t.refs[0], PROT_READ);
		r = xc_gntshr_unshare(t.s, page, 1);
	}
	if (r == 0 && t.theirs == NULL)
		r = -1;
	if (r == 0 && (t.theirs[77] != 0 || t.theirs[76] != 0x5a))
		r = xr_wrong("bytes %#x %#x", t.theirs[76], t.theirs[77]);
	close_ends(&t);
	return r;
}

static int
map_notify(struct xr_env *e)
{
	struct ends t;
	uint8_t *page;
	int r = -1;

	(void)e;
	if (open_ends(&t) == 0) {
		memset(t.ours, 0xa5, XC_PAGE_SIZE);
		page = xc_gnttab_map_notify(t.g, 0, t.refs[0],
		    PROT_READ | PROT_WRITE, 99, XC_NO_NOTIFY);
		r = page == NULL ? -1 : xc_gnttab_unmap(t.g, page);
	}
	if (r == 0 && (t.ours[99] != 0 || t.ours[98] != 0xa5))
		r = xr_wrong("bytes %#x %#x", t.ours[98], t.ours[99]);
	close_ends(&t);
	return r;
}

/* And the event: the port's other end is bound by us too. */
static int
map_notify_event(struct xr_env *e)
{
	struct xc_evtchn *v = xc_evtchn_open();
	int port, other, r = -1;
	struct ends t;
	uint32_t fired = 0;
	void *page;

	(void)e;
	if (open_ends(&t) == 0 && v != NULL &&
	    (port = xc_evtchn_bind_unbound(v, 0)) > 0 &&
	    (other = xc_evtchn_bind_interdomain(v, 0, (uint32_t)port)) > 0) {
		page = xc_gnttab_map_notify(t.g, 0, t.refs[0], PROT_READ,
		    XC_NO_NOTIFY, (uint32_t)other);
		r = page == NULL ? -1 : xc_gnttab_unmap(t.g, page);
		for (int i = 0; r == 0 && i < 200; i++) {
			if (xc_evtchn_pending(v, &fired, 1) == 1 &&
			    fired == (uint32_t)port)
				break;
			usleep(10 * 1000);
		}
		if (r == 0 && fired != (uint32_t)port)
			r = xr_wrong("port %u fired, not %d", fired, port);
	}
	close_ends(&t);
	xc_evtchn_close(v);
	return r;
}

static int
copy_both_ways(struct ends *t)
{
	static char from[5000] = "one way", to[5000];
	struct xc_grant_segment s[3] = {
		{ .source.ours = from, .dest.grant = { t->refs[0], 8, 0 },
		    .len = 100, .flags = XC_COPY_DEST_GRANT },
		{ .source.grant = { t->refs[0], 8, 0 }, .dest.ours = to,
		    .len = 100, .flags = XC_COPY_SOURCE_GRANT },
		/* No such grant. */
		{ .source.grant = { 0x7fffff, 0, 0 }, .dest.ours = to,
		    .len = 10, .flags = XC_COPY_SOURCE_GRANT },
	};
	int n;

	memset(to, 0, sizeof(to));
	n = xc_gnttab_copy(t->g, s, 3);
	if (n < 0)
		return -1;
	if (n != 2 || s[0].status != 0 || s[1].status != 0 || s[2].status >= 0)
		return xr_wrong("%d segments, status %d %d %d", n, s[0].status,
		    s[1].status, s[2].status);
	if (strcmp((char *)t->ours + 8, "one way") != 0 ||
	    strcmp(to, "one way") != 0)
		return xr_wrong("\"%.8s\", \"%.8s\"", t->ours + 8, to);
	return 0;
}

static int
copy(struct xr_env *e)
{
	struct ends t;
	int r = open_ends(&t) < 0 ? -1 : copy_both_ways(&t);

	(void)e;
	close_ends(&t);
	return r;
}

static int
get_version(struct xr_env *e)
{
	int v = xc_gnttab_get_version(e->xch, e->pv);

	return v < 0 ? -1 : v == 1 ? 0 : xr_wrong("version %d", v);
}

static int
status_frames(struct xr_env *e)
{
	uint64_t frame = 0;

	if (xc_gnttab_get_status_frames(e->xch, e->pv, &frame, 1) < 0)
		return -1;
	return frame != 0 ? 0 : xr_wrong("frame 0");
}

static int
evtchn_reset(struct xr_env *e)
{
	int port = xc_evtchn_alloc_unbound(e->xch, e->pv, 0);
	struct xc_evtchn_status s;

	if (port < 0 || xc_evtchn_status(e->xch, e->pv, (uint32_t)port, &s) < 0)
		return -1;
	if (s.status != 1)
		return xr_wrong("status %u", s.status);
	if (xc_evtchn_reset(e->xch, e->pv) < 0 ||
	    xc_evtchn_status(e->xch, e->pv, (uint32_t)port, &s) < 0)
		return -1;
	return s.status == 0 ? 0 : xr_wrong("still %u", s.status);
}

static int
evtchn_restrict(struct xr_env *e)
{
	struct xc_evtchn *v = xc_evtchn_open();
	int r = v == NULL ? -1 : xc_evtchn_restrict(v, e->pv);

	if (r == 0 && xc_evtchn_bind_virq(v, XC_VIRQ_DOM_EXC) >= 0)
		r = xr_wrong("a virtual interrupt was bound");
	else if (r == 0 && errno != EACCES)
		r = -1;
	else if (r == 0 && xc_evtchn_bind_unbound(v, 0) >= 0)
		r = xr_wrong("a port for another domain was bound");
	xc_evtchn_close(v);
	return r;
}

#define PRIVATE (XR_NO_FAULT | XR_SILENT)

const struct xr_row xr_rows_share[] = {
	{ .function = "xc_gntshr_open", shr_open, .flags = PRIVATE },
	{ .function = "xc_gntshr_close", shr_open, .flags = PRIVATE },
	{ .function = "xc_gntshr_share_pages", share, .flags = PRIVATE },
	{ .function = "xc_gntshr_unshare", share, .flags = PRIVATE },
	{ .function = "xc_gntshr_share_page_notify", share_notify,
	    .flags = PRIVATE },
	{ .function = "xc_gnttab_map_notify", map_notify, .flags = PRIVATE },
	{ .function = "xc_gnttab_map_notify", map_notify_event,
	    .flags = PRIVATE },
	{ .function = "xc_gnttab_copy", copy, .flags = PRIVATE },
	{ .function = "xc_gnttab_get_version", get_version },
	{ .function = "xc_gnttab_get_status_frames", status_frames,
	    .cannot = "no domain here has a grant table of version 2",
	    .cannot_errno = EINVAL },
	{ .function = "xc_evtchn_reset", evtchn_reset, .flags = XR_FRESH },
	{ .function = "xc_evtchn_restrict", evtchn_restrict,
	    .flags = PRIVATE },
	{ .function = NULL },
};

static int
bad_share_nothing(struct xr_env *e)
{
	struct xc_gntshr *s = xc_gntshr_open();
	uint32_t ref;
	int r = s == NULL ? 0
	    : xr_not_null(xc_gntshr_share_pages(s, 0, 0, &ref, true));

	(void)e;
	xc_gntshr_close(s);
	return r;
}

static int
bad_share_many(struct xr_env *e)
{
	struct xc_gntshr *s = xc_gntshr_open();
	uint32_t ref;
	int r = s == NULL ? 0
	    : xr_not_null(xc_gntshr_share_pages(s, 0, 4097, &ref, true));

	(void)e;
	xc_gntshr_close(s);
	return r;
}

static int
bad_share_wide(struct xr_env *e)
{
	struct xc_gntshr *s = xc_gntshr_open();
	uint32_t ref;
	int r = s == NULL ? 0
	    : xr_not_null(xc_gntshr_share_pages(s, XR_WIDE, 1, &ref, true));

	(void)e;
	xc_gntshr_close(s);
	return r;
}

static int
bad_notify_place(struct xr_env *e)
{
	struct xc_gntshr *s = xc_gntshr_open();
	uint32_t ref;
	int r = s == NULL ? 0 : xr_not_null(xc_gntshr_share_page_notify(s, 0,
	    &ref, true, XC_PAGE_SIZE, XC_NO_NOTIFY));

	(void)e;
	xc_gntshr_close(s);
	return r;
}

static int
bad_copy_nothing(struct xr_env *e)
{
	struct xc_gnttab *g = xc_gnttab_open();
	struct xc_grant_segment s = { .len = 1 };
	int r = g == NULL ? 0 : xc_gnttab_copy(g, &s, 0);

	(void)e;
	xc_gnttab_close(g);
	return r;
}

static int
bad_frames(struct xr_env *e)
{
	uint64_t frame;

	return xc_gnttab_get_status_frames(e->xch, e->pv, &frame, 0);
}

static int
bad_no_frames(struct xr_env *e)
{
	return xc_gnttab_get_status_frames(e->xch, e->pv, NULL, 1);
}

const struct xr_bad xr_bad_share[] = {
	{ "share: no page", bad_share_nothing, EINVAL, XB_SILENT, 0 },
	{ "share: too many pages", bad_share_many, EINVAL, XB_SILENT, 0 },
	{ "share: a wide domain id", bad_share_wide, ESRCH, XB_SILENT, 0 },
	{ "share: a byte beyond the page", bad_notify_place, EINVAL, XB_SILENT,
	    0 },
	{ "grant copy: nothing", bad_copy_nothing, EINVAL, XB_SILENT, 0 },
	{ "status frames: none", bad_frames, EINVAL, 0, 0 },
	{ "status frames: nowhere", bad_no_frames, EINVAL, 0, 0 },
	{ .what = NULL },
};
