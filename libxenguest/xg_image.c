/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The containers of an image that is read: xl's header, libxl's records, our end. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xg_stream.h"

/* A device model has less. */
#define EMULATOR_MAX (64u << 20)

static int
bad_trailer(struct xg_error *e)
{
	return xg_bad(e, "it is cut short, or its end is not its own");
}

/* A file that was cut short is known by its end, before there is a domain. */
static int
check_end(const struct xg_image *m, struct xg_error *e)
{
	struct xg_trailer t;
	struct stat st;

	if (fstat(m->in.fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (pread(m->in.fd, &t, sizeof(t), st.st_size - (off_t)sizeof(t)) !=
		(ssize_t)sizeof(t) ||
	    memcmp(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic)) != 0 ||
	    t.bytes != (uint64_t)st.st_size - sizeof(t))
		return bad_trailer(e);
	return 0;
}

/* --- headers -------------------------------------------------------------------- */

/* Length and text; xl's text is of any length. */
static int
read_config(struct xg_image *m, uint32_t optional_len)
{
	uint32_t len;
	char *data;

	if (optional_len < 4 || optional_len > XG_CONFIG_MAX)
		return xg_bad(m->in.e, "a configuration of %u bytes",
		    optional_len);
	data = calloc(1, optional_len + 8);
	if (data == NULL)
		return xg_fail(m->in.e, ENOMEM, "no memory");
	if (xg_in_read(&m->in, data, optional_len) < 0) {
		free(data);
		return -1;
	}
	memcpy(&len, data, 4);
	if (len > optional_len - 4) {
		free(data);
		return xg_bad(m->in.e, "a configuration of %u bytes", len);
	}
	memmove(data, data + 4, len);
	data[len] = '\0';
	m->config = data;
	return 0;
}

static int
read_xl_header(struct xg_image *m)
{
	struct xg_xl_header h;
	struct xg_error *e = m->in.e;

	if (xg_in_read(&m->in, &h, sizeof(h)) < 0)
		return -1;
	if (memcmp(h.magic, XG_XL_MAGIC, sizeof(h.magic)) != 0)
		return xg_fail(e, EBADMSG, "it is not an image of a domain");
	if (h.byteorder != XG_XL_BYTEORDER ||
	    h.mandatory != (XG_XL_JSON | XG_XL_STREAM_V2))
		return xg_fail(e, ENOTSUP, "the image is of a kind that is not "
		    "known here (byte order %#x, flags %#x)", h.byteorder,
		    h.mandatory);
	if (h.optional != 0 && h.optional != XG_XL_SUMMED)
		return xg_bad(e, "optional flags %#x", h.optional);
	m->ours = h.optional == XG_XL_SUMMED;
	if (m->ours && h.optional_len % 8 != 0)
		return xg_bad(e, "a configuration of %u bytes",
		    h.optional_len);
	if (m->ours && check_end(m, e) < 0)
		return -1;
	return read_config(m, h.optional_len);
}

static int
read_libxl_header(struct xg_image *m)
{
	struct xg_libxl_header h;
	struct xg_rec_header r;

	if (xg_in_read(&m->in, &h, sizeof(h)) < 0 ||
	    xg_in_read(&m->in, &r, sizeof(r)) < 0)
		return -1;
	if (h.ident != __builtin_bswap64(XG_LIBXL_IDENT))
		return xg_bad(m->in.e, "its container has no header");
	if (h.version != __builtin_bswap32(2) || h.options != 0)
		return xg_fail(m->in.e, ENOTSUP, "the image's container is of "
		    "version %u, options %#x", __builtin_bswap32(h.version),
		    __builtin_bswap32(h.options));
	if (r.type != XG_LIBXL_LIBXC || r.length != 0)
		return xg_bad(m->in.e, "its container begins with record %#x",
		    r.type);
	return 0;
}

XG_API int
xg_image_open(int fd, struct xg_image **image, struct xg_error *e)
{
	struct xg_image *m = calloc(1, sizeof(*m));
	uint32_t version;

	if (m == NULL)
		return xg_fail(e, ENOMEM, "no memory");
	m->in = (struct xg_in){ .fd = fd, .sum = XG_SUM_INIT, .e = e };
	if (read_xl_header(m) < 0 || read_libxl_header(m) < 0 ||
	    xg_parse_headers(&m->in, &m->domain, &version) < 0) {
		xg_image_close(&m);
		return -1;
	}
	*image = m;
	return 0;
}

XG_API void
xg_image_close(struct xg_image **image)
{
	if (*image != NULL)
		free((*image)->config);
	free(*image);
	*image = NULL;
}

XG_API const char *
xg_image_config(const struct xg_image *image)
{
	return image->config;
}

XG_API bool
xg_image_is_pv(const struct xg_image *image)
{
	return image->domain.type == XG_DOMAIN_PV;
}

/* --- behind libxc's stream ---------------------------------------------------------- */

static int
read_emulator(struct xg_image *m, const struct xg_rec_header *r, void **data,
    size_t *len)
{
	struct xg_emulator_header h;
	size_t n = r->length - sizeof(h);

	if (r->length < sizeof(h) || n > EMULATOR_MAX || *data != NULL)
		return xg_bad(m->in.e, "a device model's state of %u bytes",
		    r->length);
	if (xg_in_read(&m->in, &h, sizeof(h)) < 0)
		return -1;
	if (h.id != XG_EMULATOR_QEMU)
		return xg_fail(m->in.e, ENOTSUP, "the image is of a guest with "
		    "device model %u", h.id);
	*data = malloc(n + 8);
	if (*data == NULL)
		return xg_fail(m->in.e, ENOMEM, "no memory");
	*len = n;
	return xg_in_read(&m->in, *data, (n + 7) & ~(size_t)7);
}

static int
read_trailer(struct xg_image *m)
{
	const uint64_t bytes = m->in.bytes, sum = xg_sum_end(&m->in.sum);
	struct xg_trailer t;

	if (!m->ours)
		return 0;
	if (xg_in_read(&m->in, &t, sizeof(t)) < 0)
		return -1;
	if (memcmp(t.magic, XG_TRAILER_MAGIC, sizeof(t.magic)) != 0 ||
	    t.bytes != bytes)
		return bad_trailer(m->in.e);
	if (t.sum != sum)
		return xg_bad(m->in.e, "its sum is %016llx, not %016llx as it "
		    "was written", (unsigned long long)sum,
		    (unsigned long long)t.sum);
	return 0;
}

int
xg_image_rest(struct xg_image *m, void **emulator, size_t *len)
{
	struct xg_rec_header r;

	for (;;) {
		if (xg_in_read(&m->in, &r, sizeof(r)) < 0)
			return -1;
		if (r.length > XG_REC_MAX)
			return xg_bad(m->in.e, "record %#x of its container "
			    "has %u bytes", r.type, r.length);
		switch (r.type) {
		case XG_LIBXL_END:
			return read_trailer(m);
		case XG_LIBXL_EMULATOR_STORE:
			if (xg_in_skip(&m->in, ((uint64_t)r.length + 7) & ~7ull) <
			    0)
				return -1;
			break;
		case XG_LIBXL_EMULATOR:
			if (read_emulator(m, &r, emulator, len) < 0)
				return -1;
			break;
		default:
			return xg_fail(m->in.e, ENOTSUP, "the image's container "
			    "has a record of type %#x, which is not known "
			    "here", r.type);
		}
	}
}

XG_API int
xg_image_check(struct xg_image *m, struct xg_error *e)
{
	static const struct xg_sink none = { .ctx = NULL };
	void *emulator = NULL;
	size_t len;
	int r;

	m->in.e = e;
	r = xg_parse_records(&m->in, &m->domain, &none);
	if (r == 0)
		r = xg_image_rest(m, &emulator, &len);
	free(emulator);
	return r;
}
