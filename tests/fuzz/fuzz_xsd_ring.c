/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches ring.c, domain.c and quota.c as hostile guests do: the bytes are a
 * script over three domains, each with a page that is ours. It writes requests
 * and nonsense, moves every index and field, rings, lives and dies. The daemon
 * must end with a tree and books that agree.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/io/xs_wire.h>

#include "xsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N 3

/* --- a host of three domains ----------------------------------------------------- */

static union {
	struct xenstore_domain_interface x;
	uint8_t bytes[HV_PAGE_SIZE];
	uint32_t words[HV_PAGE_SIZE / 4];
} page[N];
static uint8_t instance[N];
static bool shut[N], port_free[N], rang[N];

static int
fz_open(const char *arg, struct xu_err *e)
{
	(void)arg, (void)e;
	return 0;
}

static int
fz_fd(void)
{
	return -1;
}

static size_t
fz_events(struct hv_event *ev, size_t max)
{
	size_t n = 0;

	for (uint32_t i = 0; i < N && n < max; i++)
		if (rang[i]) {
			ev[n].kind = HV_PORT;
			ev[n++].port = i;
			rang[i] = false;
		}
	return n;
}

static void
fz_port(uint32_t port)
{
	if (port >= N)
		abort();
}

static int
fz_bind(uint16_t domid, uint32_t remote, uint32_t *port)
{
	if (domid == 0 || domid > N || !port_free[domid - 1] || remote == 13)
		return EINVAL;
	port_free[domid - 1] = false;
	*port = domid - 1u;
	return 0;
}

static void
fz_unbind(uint32_t port)
{
	fz_port(port);
	if (port_free[port])
		abort();
	port_free[port] = true;
}

static int
fz_map(uint16_t domid, uint64_t gfn, struct hv_ring *ring)
{
	if (domid == 0 || domid > N || gfn == 13)
		return EINVAL;
	ring->page = &page[domid - 1];
	return 0;
}

static void
fz_unmap(uint16_t domid, struct hv_ring *ring)
{
	if (domid == 0 || domid > N)
		abort();
	ring->page = NULL;
}

static int
fz_own_ring(struct hv_ring *ring, uint32_t *remote, struct xu_err *e)
{
	(void)ring, (void)remote, (void)e;
	return ENOENT;
}

static int
fz_domain(uint16_t domid, struct hv_domain *out)
{
	if (domid == 0 || domid > N || instance[domid - 1] % 4 == 0)
		return ESRCH;
	memset(out, 0, sizeof(*out));
	out->domid = domid;
	out->dying = instance[domid - 1] % 4 == 3;
	out->shutdown = shut[domid - 1];
	out->instance[0] = (uint8_t)(instance[domid - 1] / 4 + 1);
	return 0;
}

static int
fz_domains(uint16_t first, struct hv_domain *out, size_t max)
{
	size_t n = 0;

	for (uint16_t i = first; i <= N && n < max; i++)
		n += fz_domain(i, &out[n]) == 0;
	return (int)n;
}

static const struct hv_ops fuzz_hv = { fz_open, fz_fd, fz_events, fz_port,
	fz_bind, fz_map, fz_unbind, fz_port, fz_unmap, fz_own_ring, fz_domain,
	fz_domains };

/* --- the script ------------------------------------------------------------------- */

struct script {
	const uint8_t *p;
	size_t left;
};

static uint8_t
byte(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->p++;
}

static uint32_t
word(struct script *s)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | byte(s);
	return v;
}

/* Bytes into the request ring, the index moved as a good guest does. */
static void
put(unsigned d, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		page[d].x.req[page[d].x.req_prod++ % XENSTORE_RING_SIZE] =
		    (char)p[i];
}

static void
request(unsigned d, struct script *s)
{
	struct xsd_sockmsg h = { .type = byte(s) % 28, .req_id = 1,
		.tx_id = byte(s) % 4, .len = byte(s) % 64 };
	char text[64];

	for (uint32_t i = 0; i < h.len; i++)
		text[i] = (char)byte(s);
	if (h.len > 0 && h.type != XS_WRITE)
		text[h.len - 1] = '\0';
	put(d, &h, sizeof(h));
	put(d, text, h.len);
}

/* What the control domain does meanwhile. */
static void
control(struct conn *dom0, struct script *s)
{
	struct xsd_sockmsg h = { .type = byte(s) % 28, .req_id = 1,
		.tx_id = byte(s) % 4, .len = byte(s) % 64 };

	xu_buf_add(&dom0->in, &h, sizeof(h));
	for (uint32_t i = 0; i < h.len; i++)
		xu_buf_addc(&dom0->in, (char)byte(s));
}

static void
step(struct conn *dom0, struct script *s)
{
	unsigned op = byte(s), d = op % N;

	switch (op / N % 12) {
	case 0:
		instance[d]++;
		domains_check();
		break;
	case 1:
		(void)domain_introduce((uint16_t)(d + 1), byte(s), byte(s));
		break;
	case 2:
		page[d].words[512 + byte(s) % 8] = word(s);
		break;
	case 3:
		page[d].x.rsp_cons = page[d].x.rsp_prod;
		break;
	case 4:
		for (unsigned n = byte(s); n > 0; n--) {
			uint8_t b = byte(s);

			put(d, &b, 1);
		}
		break;
	case 5:
		shut[d] = !shut[d];
		domains_check();
		break;
	case 6:
		(void)domain_release((uint16_t)(d + 1));
		break;
	case 7:
		(void)domain_set_target((uint16_t)(d + 1),
		    byte(s) % N + 1);
		break;
	case 8:
		control(dom0, s);
		break;
	case 9:
		instance[d] = (uint8_t)((instance[d] & ~3u) + 1);
		(void)domain_introduce((uint16_t)(d + 1), 1, 1);
		break;
	default:
		request(d, s);
		rang[d] = true;
	}
}

/* As the loop does between its sleeps. dom0, or NULL when it was cut off. */
static struct conn *
turn(struct conn *dom0)
{
	struct xu_list *it, *tmp;

	share_turn();
	if (domains_events())
		domains_check();
	for (uint16_t i = 1; i <= N; i++) {
		struct domain *d = domain_find(i);

		if (d != NULL)
			ring_event(d);
	}
	if (dom0 != NULL && !dom0->dead && dom0->in.len > 0)
		(void)conn_requests(dom0);
	LIST_FOREACH_SAFE(it, tmp, &conns)
	{
		struct conn *c = xu_container_of(it, struct conn, link);

		conn_flush(c);
	}
	if (dom0 != NULL && dom0->dead)
		dom0 = NULL;
	while (conn_free_dead())
		;
	(void)tree_reap(100);
	return dom0;
}

static int
sink(struct conn *c)
{
	c->out_sent = c->out.len;
	return 0;
}

static void
no_close(struct conn *c)
{
	(void)c;
}

static const struct conn_ops dom0_ops = { sink, sink, no_close };

static void
begin(void)
{
	static bool up;
	struct xu_err e = XU_ERR_INIT;

	if (!up && (watches_init() != 0 || store_init() != 0 ||
		       domains_init(&fuzz_hv, NULL, &e) != 0))
		abort();
	if (!up)
		xu_log_open("fuzz", NULL, XU_ERROR);
	up = true;
	memset(page, 0, sizeof(page));
	for (int i = 0; i < N; i++) {
		instance[i] = 1;
		shut[i] = rang[i] = false;
		port_free[i] = true;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };
	struct conn *dom0;
	uint64_t n;

	begin();
	dom0 = conn_new(&dom0_ops, 0, true);
	if (dom0 == NULL)
		abort();
	while (s.left > 0 && dom0 != NULL) {
		step(dom0, &s);
		dom0 = turn(dom0);
	}
	for (uint16_t i = 1; i <= N; i++) {
		struct domain *d = domain_find(i);

		if (d != NULL)
			domain_gone(d);
	}
	if (dom0 != NULL)
		conn_kill(dom0);
	(void)turn(NULL);
	if (store_check(&n) != NULL)
		abort();
	return 0;
}
