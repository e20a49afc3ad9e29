/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A domain that runs while its memory is sent: rounds, and when it is enough.
 *
 *   watch      log-dirty mode; where Xen refuses it to a PV domain, sums of pages
 *   rounds     all; then what was changed; after each one reckons how long the guest
 *              would stand still if it were suspended now
 *   last       it is suspended, and what is left follows
 *
 * By log: pages that are dirty are counted without being forgotten (PEEK), so the
 * decision to stop loses none. By sum a round takes as long as the one before it, which
 * is the estimate. A page that is neither in the log nor in `again` is as it was sent;
 * Xen logs a page when it becomes one of the guest's, a page table, pinned, or none of
 * these any more.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "xg_stream.h"

#define DOWNTIME_MS 300
#define ROUNDS	    30
/* A round that leaves more than that part of what was left before gains nothing;
 * so many of them are enough. */
#define GAIN_NUM 9
#define GAIN_DEN 10
#define IDLE	 3
/* What a page takes is not reckoned from fewer. */
#define SAMPLE 256

struct rounds {
	/* What this one sends; NULL: everything is looked at. */
	uint64_t *dirty;
	/* After the round before; rounds that gained nothing. */
	uint64_t left_before;
	unsigned idle;
	/* Pages sent and frames there beyond Xen's count, when it began. */
	uint64_t done_before;
	int64_t surplus;
	/* When the log was emptied last. */
	uint64_t cleaned_us;
};

static size_t
words(const struct xg_saver *v)
{
	return (v->end + 63) / 64;
}

static uint64_t
count(const struct xg_saver *v, const uint64_t *bits)
{
	uint64_t n = 0;

	for (size_t i = 0; i < words(v); i++)
		n += (uint64_t)__builtin_popcountll(bits[i]);
	return n;
}

/* --- how far it is --------------------------------------------------------------- */

int
xg_live_tell(struct xg_saver *v, size_t n)
{
	const struct xg_live *l = v->s->live;
	struct xg_live_state *s = &v->state;
	uint64_t now = xg_now_us(), us = now - v->began_us + 1;
	uint64_t page_us = v->page_us;

	s->done += n;
	s->bytes = v->out.bytes;
	s->rate = s->bytes * 1000000 / us;
	if (page_us == 0)
		page_us = (now - v->round_us) / (s->done + 1);
	s->eta_ms = s->downtime_ms;
	if (s->total > s->done)
		s->eta_ms += (s->total - s->done) * page_us / 1000;
	return l->state == NULL ? 0 : l->state(v->s->ctx, s);
}

/* --- watching ----------------------------------------------------------------------- */

static int
by_sum(struct xg_saver *v)
{
	v->sums = xg_sparse(v->end * sizeof(*v->sums));
	if (v->sums == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for the sums of pages");
	if (xg_page_sum_init(v->sum_key) < 0)
		return xg_fail(v->e, errno, "random numbers: %s",
		    strerror(errno));
	v->state.by_sum = true;
	return 0;
}

/* It may be on for the screen of an HVM guest, or from somebody who died. */
static int
watch(struct xg_saver *v)
{
	const uint32_t domid = v->s->domid;
	int r;

	if (v->s->live->by_sum)
		return by_sum(v);
	r = xc_shadow_control(v->xch, domid, XC_SHADOW_ENABLE_LOGDIRTY, 0);
	if (r < 0 && (errno == EINVAL || errno == EEXIST) &&
	    xc_shadow_control(v->xch, domid, XC_SHADOW_OFF, 0) == 0)
		r = xc_shadow_control(v->xch, domid,
		    XC_SHADOW_ENABLE_LOGDIRTY, 0);
	v->logging = r == 0;
	if (r == 0)
		return 0;
	if (v->type == &xg_save_pv)
		return by_sum(v);
	return xg_save_xen_fail(v, "watch what the guest writes to");
}

static int
begin(struct xg_saver *v, struct rounds *r)
{
	const size_t size = words(v) * sizeof(uint64_t);

	v->there = xg_sparse(size);
	v->again = xg_sparse(size);
	v->tables = xg_sparse(size);
	if (v->there == NULL || v->again == NULL || v->tables == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for sets of pages");
	if (watch(v) < 0)
		return -1;
	if (v->logging && (r->dirty = calloc(1, size)) == NULL)
		return xg_fail(v->e, ENOMEM, "no memory for sets of pages");
	v->running = true;
	v->began_us = r->cleaned_us = xg_now_us();
	r->left_before = UINT64_MAX;
	return 0;
}

void
xg_live_end(struct xg_saver *v)
{
	const size_t size = words(v) * sizeof(uint64_t);

	if (v->logging)
		xc_shadow_control(v->xch, v->s->domid, XC_SHADOW_OFF, 0);
	if (v->there != NULL)
		munmap(v->there, size);
	if (v->again != NULL)
		munmap(v->again, size);
	if (v->tables != NULL)
		munmap(v->tables, size);
	if (v->sums != NULL)
		munmap(v->sums, v->end * sizeof(*v->sums));
	v->there = v->again = v->tables = NULL;
	v->sums = NULL;
}

/* What is in the log becomes what is sent. mode: XC_LOGDIRTY_FINAL or 0. */
static int
take_log(struct xg_saver *v, struct rounds *r, uint32_t mode)
{
	if (xc_logdirty_control(v->xch, v->s->domid, XC_LOGDIRTY_CLEAN, mode,
		(uint8_t *)r->dirty, v->end, NULL) < 0)
		return xg_save_xen_fail(v, "what the guest wrote to");
	r->cleaned_us = xg_now_us();
	for (size_t i = 0; i < words(v); i++) {
		r->dirty[i] |= v->again[i];
		v->again[i] = 0;
	}
	return 0;
}

/* --- one round ------------------------------------------------------------------------ */

static void
begin_round(struct xg_saver *v, struct rounds *r, uint64_t total)
{
	v->rounds++;
	v->state.round = v->running ? v->rounds : 0;
	v->state.done = 0;
	v->state.total = total;
	v->round_us = xg_now_us();
	r->done_before = v->done;
}

static int
count_left(struct xg_saver *v, const struct rounds *r)
{
	struct xg_live_state *s = &v->state;
	const uint64_t now = xg_now_us();
	struct xc_logdirty_stats log;
	uint64_t us;

	if (v->logging) {
		if (xc_logdirty_control(v->xch, v->s->domid, XC_LOGDIRTY_PEEK, 0,
			NULL, 0, &log) < 0)
			return xg_save_xen_fail(v, "what the guest wrote to");
		s->left = log.dirty + count(v, v->again);
		us = now - r->cleaned_us + 1;
		s->downtime_ms = s->left * v->page_us / 1000;
		s->dirty_rate = s->left * 1000000 / us;
		return 0;
	}
	us = now - v->round_us + 1;
	s->downtime_ms = us / 1000;
	/* The first sends all, and has nothing to compare with. */
	s->left = v->rounds == 1 ? s->total : v->done - r->done_before;
	s->dirty_rate = v->rounds == 1 ? 0 : s->left * 1000000 / us;
	return 0;
}

static int
end_round(struct xg_saver *v, struct rounds *r)
{
	const uint64_t sent = v->done - r->done_before;

	/* What is still in the buffer has not been sent. */
	if (xg_out_flush(&v->out) < 0)
		return -1;
	if (sent >= SAMPLE || v->page_us == 0)
		v->page_us = (xg_now_us() - v->round_us) / (sent + 1) + 1;
	return count_left(v, r);
}

/* Is there nothing to be gained by one more? */
static bool
is_over(struct xg_saver *v, struct rounds *r)
{
	const struct xg_live *l = v->s->live;
	const uint64_t left = v->state.left;
	const uint64_t us = xg_now_us() - v->began_us;

	if (r->left_before != UINT64_MAX &&
	    left >= r->left_before / GAIN_DEN * GAIN_NUM)
		r->idle++;
	else
		r->idle = 0;
	r->left_before = left;
	return v->rounds >= (l->rounds == 0 ? ROUNDS : l->rounds) ||
	    r->idle >= IDLE ||
	    (l->seconds != 0 && us >= (uint64_t)l->seconds * 1000000);
}

/* 1: another one, 0: enough, -1: never. */
static int
decide(struct xg_saver *v, struct rounds *r)
{
	const struct xg_live *l = v->s->live;
	const struct xg_live_state *s = &v->state;
	const uint32_t most = l->downtime_ms == 0 ? DOWNTIME_MS :
						    l->downtime_ms;

	/* By sum the first knows nothing. */
	if (!(s->by_sum && v->rounds == 1) && s->downtime_ms <= most)
		return 0;
	if (!is_over(v, r))
		return 1;
	if (!l->strict)
		return 0;
	return xg_fail(v->e, ETIME, "the guest would stand still for %llu ms, "
	    "and may for %u: after %u rounds %llu pages are left, it changes "
	    "%llu a second, and %llu bytes a second were sent",
	    (unsigned long long)s->downtime_ms, most, v->rounds,
	    (unsigned long long)s->left, (unsigned long long)s->dirty_rate,
	    (unsigned long long)s->rate);
}

/* How many pages it has may have changed; so may which number they have. */
static int
look_again(struct xg_saver *v)
{
	if (xc_domain_getinfo(v->xch, v->s->domid, &v->info) < 0)
		return xg_save_xen_fail(v, "domain");
	return v->type->refresh(v);
}

static int
next_round(struct xg_saver *v, struct rounds *r)
{
	if (look_again(v) < 0)
		return -1;
	if (!v->logging) {
		begin_round(v, r, v->info.tot_pages);
		return xg_send_pages(v, NULL);
	}
	if (take_log(v, r, 0) < 0)
		return -1;
	begin_round(v, r, count(v, r->dirty));
	return xg_send_pages(v, r->dirty);
}

static int
rounds(struct xg_saver *v, struct rounds *r)
{
	int more;

	begin_round(v, r, v->info.tot_pages);
	if (xg_send_pages(v, NULL) < 0)
		return -1;
	r->surplus = (int64_t)count(v, v->there) -
	    (int64_t)v->info.tot_pages;
	while (end_round(v, r) == 0 && (more = decide(v, r)) >= 0) {
		if (more == 0)
			return 0;
		if (next_round(v, r) < 0)
			return -1;
	}
	return -1;
}

/* --- the last one ------------------------------------------------------------------------- */

static int
stop_guest(struct xg_saver *v)
{
	const struct xg_live *l = v->s->live;

	v->last_us = xg_now_us();
	if (l->suspend(v->s->ctx, v->e) < 0)
		return -1;
	v->running = false;
	if (look_again(v) < 0)
		return -1;
	if ((v->info.flags & XC_DOMINF_SHUTDOWN) == 0)
		return xg_fail(v->e, EINVAL, "the domain is not suspended");
	return 0;
}

/* What the guest's balloon took or gave is not always in the log. */
static int
send_missing(struct xg_saver *v, const struct rounds *r)
{
	int ret;

	if ((int64_t)count(v, v->there) - (int64_t)v->info.tot_pages ==
	    r->surplus)
		return 0;
	v->missing = true;
	ret = xg_send_pages(v, NULL);
	v->missing = false;
	return ret;
}

static int
last(struct xg_saver *v, struct rounds *r)
{
	int ret;

	if (stop_guest(v) < 0)
		return -1;
	if (v->logging && take_log(v, r, XC_LOGDIRTY_FINAL) < 0)
		return -1;
	begin_round(v, r, v->logging ? count(v, r->dirty) : v->info.tot_pages);
	ret = xg_send_pages(v, r->dirty);
	if (ret == 0 && v->logging)
		ret = send_missing(v, r);
	v->last_pages = v->done - r->done_before;
	return ret;
}

int
xg_send_live(struct xg_saver *v)
{
	struct rounds r = { .dirty = NULL };
	int ret = -1;

	if (begin(v, &r) == 0 && rounds(v, &r) == 0)
		ret = last(v, &r);
	free(r.dirty);
	return ret;
}
