/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Saving: the stream of a domain, around its memory, and what that is wrapped in. A
 * domain that is suspended is a live one without rounds: what is sent of the memory is
 * decided in put_memory.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "xg_stream.h"

int
xg_save_xen_fail(struct xg_saver *v, const char *what)
{
	return xg_fail(v->e, errno, "%s: %s", what, xc_last_error(v->xch));
}

void *
xg_sparse(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

uint64_t
xg_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* --- what is the same for every type ------------------------------------------------ */

static int
put_headers(struct xg_saver *v)
{
	const uint32_t release = xc_release(v->xch);
	const struct xg_libxc_header h = { .marker = XG_LIBXC_MARKER,
		.id = __builtin_bswap32(XG_LIBXC_ID),
		.version = __builtin_bswap32(3) };
	const struct xg_domain_header d = { .type = v->type->domain_header,
		.page_shift = XC_PAGE_SHIFT,
		.xen_major = release >> 16, .xen_minor = release & 0xffff };

	return xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_put(&v->out, &d, sizeof(d));
}

static int
put_policies(struct xg_saver *v)
{
	uint32_t nleaves, nmsrs;
	struct xc_cpuid_leaf *leaves;
	struct xc_msr *msrs;
	int r = -1;

	if (xc_cpu_policy_get_size(v->xch, &nleaves, &nmsrs) < 0)
		return xg_save_xen_fail(v, "processors");
	leaves = calloc(nleaves, sizeof(*leaves));
	msrs = calloc(nmsrs, sizeof(*msrs));
	if (leaves == NULL || msrs == NULL)
		xg_fail(v->e, ENOMEM, "no memory for the processors");
	else if (xc_get_domain_cpu_policy(v->xch, v->s->domid, leaves, &nleaves,
		     msrs, &nmsrs) < 0)
		xg_save_xen_fail(v, "processors");
	else if (xg_out_record(&v->out, XG_REC_CPUID_POLICY, leaves,
		     nleaves * sizeof(*leaves)) == 0 &&
	    xg_out_record(&v->out, XG_REC_MSR_POLICY, msrs,
		nmsrs * sizeof(*msrs)) == 0)
		r = 0;
	free(leaves);
	free(msrs);
	return r;
}

static int
put_tsc(struct xg_saver *v)
{
	struct xc_tsc_info t;
	struct {
		uint32_t mode, khz;
		uint64_t nsec;
		uint32_t incarnation, reserved;
	} rec = { .mode = 0 };

	if (xc_domain_get_tsc_info(v->xch, v->s->domid, &t) < 0)
		return xg_save_xen_fail(v, "clock");
	rec.mode = t.mode;
	rec.khz = t.gtsc_khz;
	rec.nsec = t.elapsed_nsec;
	rec.incarnation = t.incarnation;
	return xg_out_record(&v->out, XG_REC_TSC_INFO, &rec, sizeof(rec));
}

static int
put_static(struct xg_saver *v)
{
	/* 64-bit words, four levels of page tables. */
	static const uint8_t pv_info[8] = { 8, 4 };

	if (put_headers(v) < 0 ||
	    (v->type->domain_header == XG_DOMAIN_PV &&
		xg_out_record(&v->out, XG_REC_PV_INFO, pv_info, 8) < 0) ||
	    put_policies(v) < 0)
		return -1;
	return xg_out_rec(&v->out, XG_REC_STATIC_END, 0);
}

static int
put_memory(struct xg_saver *v)
{
	return v->s->live != NULL ? xg_send_live(v) : xg_send_pages(v, NULL);
}

static int
put_stream(struct xg_saver *v)
{
	if (put_static(v) < 0 || v->type->before(v) < 0 || put_memory(v) < 0 ||
	    put_tsc(v) < 0 || v->type->after(v) < 0)
		return -1;
	return xg_out_rec(&v->out, XG_REC_END, 0);
}

/* --- what it is wrapped in ------------------------------------------------------------ */

/* The configuration ends with a NUL; blanks before it make up a multiple of 8. */
static int
put_xl_header(struct xg_saver *v)
{
	const struct xg_save *s = v->s;
	const size_t len = strlen(s->config);
	const uint32_t room = (uint32_t)((4 + len + 1 + 7) & ~7u) - 4;
	struct xg_xl_header h = { .byteorder = XG_XL_BYTEORDER,
		.mandatory = XG_XL_JSON | XG_XL_STREAM_V2,
		.optional = XG_XL_SUMMED, .optional_len = 4 + room };
	char *text;
	int r;

	if (len >= XG_CONFIG_MAX - 16)
		return xg_fail(v->e, E2BIG, "its configuration has %zu bytes",
		    len);
	memcpy(h.magic, XG_XL_MAGIC, sizeof(h.magic));
	text = malloc(4 + room);
	if (text == NULL)
		return xg_fail(v->e, ENOMEM, "no memory");
	memcpy(text, &room, 4);
	memset(text + 4, ' ', room - 1);
	memcpy(text + 4, s->config, len);
	text[4 + room - 1] = '\0';
	r = xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_put(&v->out, text, 4 + room);
	free(text);
	return r;
}

static int
put_libxl_header(struct xg_saver *v)
{
	const struct xg_libxl_header h = {
		.ident = __builtin_bswap64(XG_LIBXL_IDENT),
		.version = __builtin_bswap32(2) };

	return xg_out_put(&v->out, &h, sizeof(h)) < 0
	    ? -1 : xg_out_rec(&v->out, XG_LIBXL_LIBXC, 0);
}

static int
put_trailer(struct xg_saver *v)
{
	struct xg_trailer t = { .bytes = v->out.bytes,
		.sum = xg_sum_end(&v->out.sum) };

	memcpy(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic));
	return xg_out_put(&v->out, &t, sizeof(t));
}

/* The device model's state, which it has written itself. */
static int
put_emulator(struct xg_saver *v)
{
	const struct xg_emulator_header h = { .id = XG_EMULATOR_QEMU };
	const struct xg_save *s = v->s;

	if (s->emulator == NULL)
		return 0;
	if (s->emulator_len > XG_REC_MAX - sizeof(h))
		return xg_fail(v->e, E2BIG, "the device model's state has %zu "
		    "bytes", s->emulator_len);
	if (xg_out_rec(&v->out, XG_LIBXL_EMULATOR_STORE, sizeof(h)) < 0 ||
	    xg_out_put(&v->out, &h, sizeof(h)) < 0 ||
	    xg_out_rec(&v->out, XG_LIBXL_EMULATOR,
		sizeof(h) + s->emulator_len) < 0 ||
	    xg_out_put(&v->out, &h, sizeof(h)) < 0)
		return -1;
	return xg_out_put(&v->out, s->emulator, s->emulator_len);
}

static int
put_image(struct xg_saver *v)
{
	if (put_xl_header(v) < 0 || put_libxl_header(v) < 0 ||
	    put_stream(v) < 0 || put_emulator(v) < 0 ||
	    xg_out_rec(&v->out, XG_LIBXL_END, 0) < 0 || put_trailer(v) < 0)
		return -1;
	return xg_out_flush(&v->out);
}

XG_API int
xg_image_save(xc_interface *xch, const struct xg_save *s, struct xg_saved *out,
    struct xg_error *e)
{
	struct xg_saver v = { .xch = xch, .s = s, .e = e };
	int r = -1;

	if (xc_domain_getinfo(xch, s->domid, &v.info) < 0)
		return xg_save_xen_fail(&v, "domain");
	v.type = (v.info.flags & XC_DOMINF_HVM) != 0 ? &xg_save_hvm
						     : &xg_save_pv;
	if (xg_out_open(&v.out, s->fd, e) < 0)
		return -1;
	if (s->live != NULL)
		v.out.pace = s->live->bandwidth;
	if (v.type->begin(&v) == 0)
		r = put_image(&v);
	xg_live_end(&v);
	v.type->end(&v);
	xg_out_close(&v.out);
	*out = (struct xg_saved){ .bytes = v.out.bytes, .pages = v.done,
		.zero_pages = v.zero, .rounds = v.rounds,
		.by_sum = v.state.by_sum, .last_pages = v.last_pages,
		.last_us = v.last_us == 0 ? 0 : xg_now_us() - v.last_us };
	return r;
}
