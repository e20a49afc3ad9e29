/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vm_room.h. */
#include "config.h"

#include "vm_limits.h"
#include "vm_memory.h"
#include "vm_room.h"
#include "xu_log.h"

#define LOOK_MS 50
/* Domain 0 gives nothing for so long: it is asked again, it is given up. */
#define STALLED_MS 2000
#define PATIENCE_MS 10000
/* Pages; less is not giving. */
#define MOVED 256

uint64_t
room_floor(const struct core *c)
{
	int64_t mib = xu_val_get_int(c->conf, "dom0_floor_mib", 0);

	if (mib <= 0)
		return 0;
	return (uint64_t)mib << 10 > DOM0_FLOOR_KIB ? (uint64_t)mib << 10 :
						      DOM0_FLOOR_KIB;
}

uint64_t
room_target(const struct room_dom0 *d, uint64_t lacking_kib, bool stalled)
{
	uint64_t base = d->has_kib < d->target_kib ? d->has_kib :
						     d->target_kib;
	uint64_t coming = stalled ? 0 : d->has_kib - base;
	uint64_t ask = lacking_kib > coming ? lacking_kib - coming : 0;

	return base >= ask && base - ask >= d->floor_kib ? base - ask : 0;
}

static int
look(struct core *c, struct room_dom0 *d, struct xu_err *e)
{
	struct guest *dom0 = guest_by_domid(c, 0);

	if (dom0 == NULL || !scan_one(dom0))
		return xen_fail(c, e, "look at domain 0");
	d->has_kib = dom0->info.tot_pages * 4;
	d->target_kib = store_read_target(dom0);
	if (d->target_kib == 0)
		d->target_kib = d->has_kib;
	d->floor_kib = room_floor(c);
	return 0;
}

static uint64_t
wanted(struct core *c)
{
	struct xu_list *l;
	uint64_t n = 0;

	LIST_FOREACH(l, &c->rooms)
		n += xu_container_of(l, struct room, link)->pages;
	return n;
}

/* So that all who wait and this one have room. */
static int
ask(struct room *r, uint64_t pages, uint64_t free_pages, bool stalled,
    struct xu_err *e)
{
	struct core *c = r->core;
	struct room_dom0 d;
	uint64_t lacking = pages > free_pages ? (pages - free_pages) * 4 : 0;
	uint64_t base, to;

	if (look(c, &d, e) < 0)
		return -1;
	to = d.floor_kib == 0 ? 0 : room_target(&d, lacking, stalled);
	if (to == 0)
		return limits_too_little(c, r->pages, free_pages, e);
	base = d.has_kib < d.target_kib ? d.has_kib : d.target_kib;
	if (to == base)
		return 0;
	if (store_write_target(guest_by_domid(c, 0), (int64_t)to, e) < 0)
		return -1;
	r->asked += base - to;
	c->room_target = to;
	xu_log(XU_INFO, "domain 0: its target goes from %llu to %llu MiB: "
	    "a machine needs %llu MiB and %llu are free",
	    (unsigned long long)base >> 10, (unsigned long long)to >> 10,
	    (unsigned long long)r->pages >> 8,
	    (unsigned long long)free_pages >> 8);
	return 0;
}

/* But what others have said since stands. */
static void
give_back(struct room *r)
{
	struct core *c = r->core;
	struct xu_err e = XU_ERR_INIT;
	struct room_dom0 d;
	uint64_t to = c->room_target + r->asked;

	if (r->asked == 0)
		return;
	r->asked = 0;
	if (look(c, &d, &e) == 0 && d.target_kib != c->room_target)
		return;
	if (xu_err_is_set(&e) ||
	    store_write_target(guest_by_domid(c, 0), (int64_t)to, &e) < 0)
		xu_log(XU_ERROR, "domain 0 keeps its lower target: %s", e.msg);
	else
		c->room_target = to;
}

bool
room_leave(struct room *r)
{
	if (r->core == NULL || xu_list_empty(&r->link))
		return false;
	xu_list_remove(&r->link);
	give_back(r);
	return true;
}

/* Its turn is over; done may end it. */
static void
tell(struct room *r, const struct xu_err *e)
{
	if (e != NULL)
		room_leave(r);
	else
		xu_list_remove(&r->link);
	r->done(r->arg, e);
}

/* Nothing came: the first is told that there is too little, the others go on. */
static void
stalled(struct core *c, struct room *r, uint64_t free_pages)
{
	struct xu_err e = XU_ERR_INIT;
	uint64_t quiet = uv_now(c->loop) - c->room_moved;

	if (quiet >= PATIENCE_MS) {
		limits_too_little(c, r->pages, free_pages, &e);
		c->room_moved = uv_now(c->loop);
	} else if (quiet >= STALLED_MS && !r->pushed) {
		r->pushed = true;
		ask(r, wanted(c), free_pages, true, &e);
	}
	if (xu_err_is_set(&e))
		tell(r, &e);
}

static void
look_again(uv_timer_t *t)
{
	struct core *c = t->data;
	struct xu_err e = XU_ERR_INIT;
	uint64_t free_pages = 0;
	struct room *r;

	while (!xu_list_empty(&c->rooms)) {
		r = xu_container_of(c->rooms.next, struct room, link);
		if (limits_free(c, &free_pages, &e) < 0) {
			tell(r, &e);
			xu_err_clear(&e);
		} else if (r->pages <= free_pages) {
			c->room_moved = uv_now(c->loop);
			c->room_free = 0;
			tell(r, NULL);
		} else {
			if (free_pages >= c->room_free + MOVED) {
				c->room_moved = uv_now(c->loop);
				c->room_free = free_pages;
			}
			stalled(c, r, free_pages);
			break;
		}
	}
	if (xu_list_empty(&c->rooms))
		uv_timer_stop(&c->room_timer);
}

enum xu_step_result
room_make(struct core *c, struct room *r, uint64_t pages, struct xu_err *e)
{
	uint64_t free_pages = 0, before = wanted(c);

	r->core = c;
	r->pages = pages;
	xu_list_init(&r->link);
	if (limits_free(c, &free_pages, e) < 0)
		return XU_STEP_FAIL;
	if (before == 0 && pages <= free_pages)
		return XU_STEP_NEXT;
	if (ask(r, before + pages, free_pages, false, e) < 0)
		return XU_STEP_FAIL;
	if (before == 0) {
		c->room_free = free_pages;
		c->room_moved = uv_now(c->loop);
		uv_timer_start(&c->room_timer, look_again, LOOK_MS, LOOK_MS);
	}
	xu_list_append(&c->rooms, &r->link);
	return XU_STEP_WAIT;
}

uint64_t
room_more(struct core *c)
{
	struct xu_err e = XU_ERR_INIT;
	struct room_dom0 d;
	uint64_t base;

	if (room_floor(c) == 0 || look(c, &d, &e) < 0)
		return 0;
	base = d.has_kib < d.target_kib ? d.has_kib : d.target_kib;
	return base > d.floor_kib ? (base - d.floor_kib) / 4 : 0;
}

void
room_open(struct core *c)
{
	xu_list_init(&c->rooms);
	uv_timer_init(c->loop, &c->room_timer);
	c->room_timer.data = c;
}
