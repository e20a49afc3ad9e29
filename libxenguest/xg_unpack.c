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
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "xg_private.h"

/* An image that shrinks more than this is a bomb, unless it is small. */
#define MAX_RATIO   64
#define SMALL_IMAGE (64u << 20)

/* ---- formats that come piece by piece ---------------------------------------------- */

/* When there should be none left: the end mark may not have been looked at, and no
 * more bytes may come. */
uint8_t *
xg_piece(struct xg_unpacking *j, size_t *n)
{
	static uint8_t spare;
	uint64_t left = j->out_len - j->done;
	uint8_t *p;

	*n = left == 0 ? 1 : (size_t)left;
	if (left == 0)
		return &spare;
	if (j->out != NULL)
		return j->out + j->done;
	p = j->room->next(j->room->ctx, n);
	if (*n > left)
		*n = (size_t)left;
	return p;
}

int
xg_took(struct xg_unpacking *j, size_t n)
{
	if (n > j->out_len - j->done)
		return EINVAL;
	j->done += n;
	if (n == 0 || j->out != NULL)
		return 0;
	return j->room->put(j->room->ctx, n) < 0 ? ENOSPC : 0;
}

/* Each: 0 when in became exactly out_len bytes; EINVAL when it did not, ENOMEM
 * when that would take more than XG_UNPACK_MEMORY, ENOSPC when the image has no
 * room. */
static int
un_gzip(struct xg_unpacking *j)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)j->in,
		.avail_in = (uInt)j->in_len };
	int r, why;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return ENOMEM;
	do {
		size_t n;

		z.next_out = xg_piece(j, &n);
		z.avail_out = (uInt)n;
		r = inflate(&z, Z_NO_FLUSH);
		why = xg_took(j, n - z.avail_out);
	} while (why == 0 && r == Z_OK);
	inflateEnd(&z);
	if (why != 0 || r == Z_MEM_ERROR)
		return why != 0 ? why : ENOMEM;
	return r == Z_STREAM_END && j->done == j->out_len ? 0 : EINVAL;
}

static int
un_bzip2(struct xg_unpacking *j)
{
	bz_stream z = { .next_in = (char *)(uintptr_t)j->in,
		.avail_in = (unsigned)j->in_len };
	bool stuck;
	int r, why;

	if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
		return ENOMEM;
	do {
		size_t n;

		z.next_out = (char *)xg_piece(j, &n);
		z.avail_out = (unsigned)n;
		r = BZ2_bzDecompress(&z);
		why = xg_took(j, n - z.avail_out);
		/* It would ask for more for ever. */
		stuck = z.avail_in == 0 && z.avail_out > 0;
	} while (why == 0 && r == BZ_OK && !stuck);
	BZ2_bzDecompressEnd(&z);
	if (why != 0 || r == BZ_MEM_ERROR)
		return why != 0 ? why : ENOMEM;
	return r == BZ_STREAM_END && j->done == j->out_len ? 0 : EINVAL;
}

/* ---- formats that want all of it ----------------------------------------------------- */

/* At once, so that no window is needed, whatever the frame says of its own. */
static int
un_zstd(struct xg_unpacking *j)
{
	size_t n = ZSTD_decompress(j->out, j->out_len, j->in, j->in_len);

	if (ZSTD_isError(n) &&
	    ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation)
		return ENOMEM;
	return !ZSTD_isError(n) && n == j->out_len ? 0 : EINVAL;
}

/* The legacy frame: {u32 compressed size, block} of up to 8 MiB each; the magic
 * may come again between blocks. */
static int
un_lz4(struct xg_unpacking *j)
{
	struct xg_blob in = { j->in, j->in_len };
	uint64_t at = 4, done = 0;
	uint32_t len;
	int n;

	while (done < j->out_len) {
		const void *p = xg_at(&in, at, 4);
		uint64_t room = j->out_len - done;

		if (p == NULL)
			return EINVAL;
		memcpy(&len, p, 4);
		at += 4;
		if (len == 0x184c2102)
			continue;
		if (len == 0 || len > INT32_MAX ||
		    (p = xg_at(&in, at, len)) == NULL)
			return EINVAL;
		if (room > 8u << 20)
			room = 8u << 20;
		n = LZ4_decompress_safe(p, (char *)j->out + done, (int)len,
		    (int)room);
		if (n <= 0)
			return EINVAL;
		done += (uint64_t)n;
		at += len;
	}
	/* Nothing but the size that the kernel's build appends may follow. */
	return at == in.size ? 0 : EINVAL;
}

static int
un_lzop(struct xg_unpacking *j)
{
	struct xg_blob in = { j->in, j->in_len };

	return xg_unlzop(&in, j->out, j->out_len);
}

/* ---- which it is ------------------------------------------------------------------------ */

static const struct format {
	const char *name;
	uint8_t magic[6];
	size_t nmagic;
	/* gzip ends with the size itself; elsewhere the kernel's build appends 4
	 * bytes that are not the stream's. */
	bool own_size;
	/* It can be had piece by piece. */
	bool pieces;
	int (*unpack)(struct xg_unpacking *);
} formats[] = {
	{ "gzip", { 0x1f, 0x8b }, 2, true, true, un_gzip },
	{ "bzip2", { 'B', 'Z', 'h' }, 3, false, true, un_bzip2 },
	{ "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, false, true, xg_unxz },
	{ "lzma", { 0x5d, 0, 0 }, 3, false, true, xg_unlzma },
	{ "lz4", { 0x02, 0x21, 0x4c, 0x18 }, 4, false, false, un_lz4 },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, false, false, un_zstd },
	{ "lzop", { 0x89, 'L', 'Z', 'O' }, 4, false, false, un_lzop },
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

/* What it says it unpacks to, when that can be believed. */
static int
announced_size(const struct xg_blob *b, const struct format *f,
    const struct xg_limits *l, uint32_t *out, struct xg_error *e)
{
	if (b->size < 16)
		return xg_fail(e, EINVAL, "truncated: %llu bytes of %s",
		    (unsigned long long)b->size, f->name);
	/* The libraries count in 32 bits. */
	if (b->size > UINT32_MAX)
		return xg_fail(e, EFBIG, "%llu bytes of %s: too many",
		    (unsigned long long)b->size, f->name);
	memcpy(out, b->p + b->size - 4, 4);
	if (*out == 0)
		return xg_fail(e, EINVAL, "it says it unpacks to nothing");
	if (*out > l->image)
		return xg_fail(e, EFBIG,
		    "it says it unpacks to %u bytes; the limit is %llu", *out,
		    (unsigned long long)l->image);
	if (*out > SMALL_IMAGE && *out / MAX_RATIO > b->size)
		return xg_fail(e, EFBIG,
		    "it says it unpacks from %llu to %u bytes: not believable",
		    (unsigned long long)b->size, *out);
	return 0;
}

/* Sets *image to what came. */
static int
run(struct xg_unpacking *j, const struct format *f, const uint8_t **image,
    struct xg_error *e)
{
	bool pieces = f->pieces && j->room->next != NULL;
	uint32_t crc = 0;
	int why;

	if (!pieces)
		j->out = j->room->whole(j->room->ctx, j->out_len);
	*image = j->out;
	why = !pieces && j->out == NULL ? ENOSPC : f->unpack(j);
	if (why == 0 && pieces) {
		*image = j->room->seen(j->room->ctx, j->out_len, &crc);
		why = *image == NULL		      ? ENOSPC :
		    j->summed && crc != j->crc ? EINVAL :
						      0;
	}
	if (why == ENOSPC)
		return xg_fail(e, ENOMEM, "no memory to unpack %llu bytes",
		    (unsigned long long)j->out_len);
	if (why == ENOMEM)
		return xg_fail(e, ENOMEM,
		    "unpacking its %s payload takes too much memory; the limit "
		    "is %llu MiB", f->name, XG_UNPACK_MEMORY >> 20);
	if (why != 0)
		return xg_fail(e, EINVAL,
		    "its %s payload is damaged or truncated (%llu bytes in, "
		    "%llu announced)", f->name, (unsigned long long)j->in_len,
		    (unsigned long long)j->out_len);
	return 0;
}

static int
unpack(const struct xg_blob *b, const struct format *f,
    const struct xg_limits *l, const struct xg_room *room,
    const uint8_t **image, uint64_t *size, struct xg_error *e)
{
	struct xg_unpacking j = { .in = b->p, .in_len = b->size, .room = room };
	uint32_t announced = 0;

	if (announced_size(b, f, l, &announced, e) < 0)
		return -1;
	if (!f->own_size)
		j.in_len -= 4;
	*size = j.out_len = announced;
	return run(&j, f, image, e);
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

/* A bzImage whose payload is not packed. */
static int
keep_payload(const struct xg_blob *b, const struct xg_limits *l,
    const struct xg_room *room, const uint8_t **image, uint64_t *size,
    struct xg_error *e)
{
	uint8_t *to;

	if (b->size > l->image)
		return xg_fail(e, EFBIG,
		    "its payload has %llu bytes; the limit is %llu",
		    (unsigned long long)b->size, (unsigned long long)l->image);
	*image = to = room->whole(room->ctx, b->size);
	if (to == NULL)
		return xg_fail(e, ENOMEM, "no memory for %llu bytes",
		    (unsigned long long)b->size);
	memcpy(to, b->p, b->size);
	*size = b->size;
	return 0;
}

int
xg_unpack(const struct xg_blob *file, const struct xg_limits *l,
    const struct xg_room *room, const uint8_t **image, uint64_t *size,
    char packed[8], struct xg_error *e)
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
		return unpack(&b, f, l, room, image, size, e);
	}
	if (b.p != file->p && is_elf(&b))
		return keep_payload(&b, l, room, image, size, e);
	describe(&b, looks, sizeof(looks));
	return xg_fail(e, ENOEXEC,
	    "not a kernel that Xen can start (neither ELF nor bzImage)%s%s%s",
	    looks[0] != '\0' ? "; it begins with \"" : "", looks,
	    looks[0] != '\0' ? "\"" : "");
}

int
xg_examine(const struct xg_blob *file, const struct xg_limits *l,
    const struct xg_room *room, const uint8_t **image, struct xg_kernel *out,
    struct xg_error *e)
{
	struct xg_blob b = *file;

	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (xg_unpack(file, l, room, image, &b.size, out->packed, e) < 0)
		return -1;
	if (*image != NULL)
		b.p = *image;
	return xg_elf_examine(&b, out, e);
}

static uint8_t *
heap(void *ctx, uint64_t size)
{
	uint8_t **unpacked = ctx;

	return *unpacked = malloc(size);
}

XG_API int
xg_parse(const void *file, size_t size, const struct xg_limits *limits,
    void **image, struct xg_kernel *out, struct xg_error *e)
{
	struct xg_blob b = { file, size };
	const uint8_t *seen = NULL;
	uint8_t *unpacked = NULL;
	struct xg_room room = { .whole = heap, .ctx = &unpacked };
	int r;

	r = xg_examine(&b, limits, &room, &seen, out, e);
	if (image != NULL)
		*image = r == 0 ? unpacked : NULL;
	if (r < 0 || image == NULL)
		free(unpacked);
	return r;
}
