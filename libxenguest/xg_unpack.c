/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a file to an ELF image: plain, compressed as a whole, or the payload of a
 * bzImage (Linux Documentation/x86/boot.rst). The announced size is checked
 * before anything is allocated, and must be met exactly.
 */
#include "config.h"

#include <bzlib.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "xg_private.h"

#define LZMA_MEMORY (256u << 20)
/* An image that shrinks more than this is a bomb, unless it is small. */
#define MAX_RATIO   64
#define SMALL_IMAGE (64u << 20)

struct job {
	const uint8_t *in;
	uint64_t in_len;
	uint8_t *out;
	uint64_t out_len;
};

/* Each: true when in became exactly out_len bytes. */
static bool
un_gzip(struct job *j)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)j->in,
		.avail_in = (uInt)j->in_len, .next_out = j->out,
		.avail_out = (uInt)j->out_len };
	int r;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return r == Z_STREAM_END && z.avail_out == 0;
}

static bool
un_bzip2(struct job *j)
{
	unsigned len = (unsigned)j->out_len;

	return BZ2_bzBuffToBuffDecompress((char *)j->out, &len,
		   (char *)(uintptr_t)j->in, (unsigned)j->in_len, 0, 0) ==
	    BZ_OK && len == j->out_len;
}

static bool
run_lzma(lzma_stream *s, struct job *j)
{
	lzma_ret r;

	s->next_in = j->in;
	s->avail_in = j->in_len;
	s->next_out = j->out;
	s->avail_out = j->out_len;
	r = lzma_code(s, LZMA_FINISH);
	/* lzma-alone may have no end mark: full output is the end. */
	if (r == LZMA_OK && s->avail_out == 0)
		r = LZMA_STREAM_END;
	lzma_end(s);
	return r == LZMA_STREAM_END && s->avail_out == 0;
}

static bool
un_xz(struct job *j)
{
	lzma_stream s = LZMA_STREAM_INIT;

	return lzma_stream_decoder(&s, LZMA_MEMORY, 0) == LZMA_OK &&
	    run_lzma(&s, j);
}

static bool
un_lzma(struct job *j)
{
	lzma_stream s = LZMA_STREAM_INIT;

	return lzma_alone_decoder(&s, LZMA_MEMORY) == LZMA_OK &&
	    run_lzma(&s, j);
}

static bool
un_zstd(struct job *j)
{
	ZSTD_DStream *d = ZSTD_createDStream();
	ZSTD_outBuffer out = { j->out, j->out_len, 0 };
	ZSTD_inBuffer in = { j->in, j->in_len, 0 };
	size_t r = 1;

	if (d == NULL)
		return false;
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, 27);
	while (r != 0 && !ZSTD_isError(r) && in.pos < in.size &&
	    out.pos <= out.size) {
		size_t before = in.pos + out.pos;

		r = ZSTD_decompressStream(d, &out, &in);
		if (in.pos + out.pos == before)
			break;
	}
	ZSTD_freeDStream(d);
	return r == 0 && out.pos == out.size;
}

/* The legacy frame: {u32 compressed size, block} of up to 8 MiB each; the magic
 * may come again between blocks. */
static bool
un_lz4(struct job *j)
{
	struct xg_blob in = { j->in, j->in_len };
	uint64_t at = 4, done = 0;
	uint32_t len;
	int n;

	while (done < j->out_len) {
		const void *p = xg_at(&in, at, 4);
		uint64_t room = j->out_len - done;

		if (p == NULL)
			return false;
		memcpy(&len, p, 4);
		at += 4;
		if (len == 0x184c2102)
			continue;
		if (len == 0 || len > INT32_MAX ||
		    (p = xg_at(&in, at, len)) == NULL)
			return false;
		if (room > 8u << 20)
			room = 8u << 20;
		n = LZ4_decompress_safe(p, (char *)j->out + done, (int)len,
		    (int)room);
		if (n <= 0)
			return false;
		done += (uint64_t)n;
		at += len;
	}
	return true;
}

static const struct format {
	const char *name;
	uint8_t magic[6];
	size_t nmagic;
	/* gzip ends with the size itself; elsewhere the kernel's build appends 4
	 * bytes that are not the stream's. */
	bool own_size;
	bool (*unpack)(struct job *);
} formats[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, true, un_gzip },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, false, un_bzip2 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, false, un_xz },
	{ "lzma", { 0x5d, 0, 0 }, 3, false, un_lzma },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, false, un_lz4 },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, false, un_zstd },
	{ "lzo", { 0x89, 'L', 'Z', 'O' }, 4, false, NULL },
};

static const struct format *
find_format(const struct xg_blob *b)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (b->size >= formats[i].nmagic &&
		    memcmp(b->p, formats[i].magic, formats[i].nmagic) == 0)
			return &formats[i];
	return NULL;
}

static int
unpack(const struct xg_blob *b, const struct format *f,
    const struct xg_limits *l, uint8_t **image, uint64_t *size,
    struct xg_error *e)
{
	struct job j = { .in = b->p, .in_len = b->size };
	uint32_t announced;

	if (f->unpack == NULL)
		return xg_fail(e, ENOTSUP,
		    "%s compression is not supported; gzip, xz, zstd, lz4, "
		    "bzip2 and lzma are", f->name);
	if (b->size < 16)
		return xg_fail(e, EINVAL, "truncated: %llu bytes of %s",
		    (unsigned long long)b->size, f->name);
	memcpy(&announced, b->p + b->size - 4, 4);
	if (!f->own_size)
		j.in_len -= 4;
	if (announced == 0 || announced > l->image)
		return xg_fail(e, EFBIG,
		    "it says it unpacks to %u bytes; the limit is %llu",
		    announced, (unsigned long long)l->image);
	if (announced > SMALL_IMAGE && announced / MAX_RATIO > b->size)
		return xg_fail(e, EFBIG,
		    "it says it unpacks from %llu to %u bytes: not believable",
		    (unsigned long long)b->size, announced);
	j.out_len = announced;
	j.out = malloc(announced);
	if (j.out == NULL)
		return xg_fail(e, ENOMEM, "no memory to unpack %u bytes",
		    announced);
	if (!f->unpack(&j)) {
		free(j.out);
		return xg_fail(e, EINVAL,
		    "its %s payload is damaged or truncated (%llu bytes in, %u "
		    "announced)", f->name, (unsigned long long)b->size,
		    announced);
	}
	*image = j.out;
	*size = announced;
	return 0;
}

/* Offsets into the setup header: boot.rst. */
static int
bzimage_payload(const struct xg_blob *file, struct xg_blob *payload,
    struct xg_error *e)
{
	const uint8_t *h = xg_at(file, 0, 0x250);
	uint32_t off, len;
	uint16_t version;
	uint64_t at;

	if (h == NULL)
		return xg_fail(e, EINVAL, "truncated: a bzImage header of "
		    "%llu bytes", (unsigned long long)file->size);
	memcpy(&version, h + 0x206, 2);
	memcpy(&off, h + 0x248, 4);
	memcpy(&len, h + 0x24c, 4);
	if (version < 0x0208)
		return xg_fail(e, ENOTSUP,
		    "a bzImage of boot protocol %u.%02u; 2.08 (Linux 2.6.26) "
		    "is needed", version >> 8, version & 0xff);
	at = ((uint64_t)(h[0x1f1] == 0 ? 4 : h[0x1f1]) + 1) * 512 + off;
	if (!xg_inside(file, at, len))
		return xg_fail(e, EINVAL,
		    "truncated: the payload ends at byte %llu of %llu",
		    (unsigned long long)(at + len),
		    (unsigned long long)file->size);
	payload->p = file->p + at;
	payload->size = len;
	return 0;
}

static bool
is_elf(const struct xg_blob *b)
{
	return b->size >= 4 && memcmp(b->p, "\177ELF", 4) == 0;
}

/* What it looks like, for the sentence. */
static void
describe(const struct xg_blob *b, char *out, size_t size)
{
	size_t n = 0;

	while (n < 12 && n < b->size && n + 1 < size && b->p[n] >= ' ' &&
	    b->p[n] < 0x7f && b->p[n] != '"') {
		out[n] = (char)b->p[n];
		n++;
	}
	out[n] = '\0';
}

int
xg_unpack(const struct xg_blob *file, const struct xg_limits *l,
    uint8_t **image, uint64_t *size, char packed[8], struct xg_error *e)
{
	struct xg_blob b = *file;
	const struct format *f;
	const void *hdrs = xg_at(file, 0x202, 4);
	char looks[16];

	*image = NULL;
	*size = file->size;
	strcpy(packed, "none");
	if (file->size == 0)
		return xg_fail(e, EINVAL, "the file is empty");
	if (is_elf(file))
		return 0;
	if (hdrs != NULL && memcmp(hdrs, "HdrS", 4) == 0 &&
	    bzimage_payload(file, &b, e) < 0)
		return -1;
	f = find_format(&b);
	if (f != NULL) {
		strcpy(packed, f->name);
		return unpack(&b, f, l, image, size, e);
	}
	if (b.p != file->p && is_elf(&b)) {
		/* A bzImage with an uncompressed payload. */
		*image = malloc(b.size);
		if (*image == NULL)
			return xg_fail(e, ENOMEM, "no memory");
		memcpy(*image, b.p, b.size);
		*size = b.size;
		return 0;
	}
	describe(&b, looks, sizeof(looks));
	return xg_fail(e, ENOEXEC,
	    "not a kernel that Xen can start (neither ELF nor bzImage)%s%s%s",
	    looks[0] != '\0' ? "; it begins with \"" : "", looks,
	    looks[0] != '\0' ? "\"" : "");
}

XG_API int
xg_parse(const void *file, size_t size, const struct xg_limits *limits,
    void **image, struct xg_kernel *out, struct xg_error *e)
{
	struct xg_blob b = { file, size };
	uint8_t *unpacked;
	uint64_t len;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (image != NULL)
		*image = NULL;
	if (xg_unpack(&b, limits, &unpacked, &len, out->packed, e) < 0)
		return -1;
	if (unpacked != NULL) {
		b.p = unpacked;
		b.size = len;
	}
	if (xg_elf_examine(&b, out, e) < 0) {
		free(unpacked);
		return -1;
	}
	if (image != NULL)
		*image = unpacked;
	else
		free(unpacked);
	return 0;
}
