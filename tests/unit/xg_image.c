/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <bzlib.h>
#include <lz4hc.h>
#include <lzma.h>
#include <lzo/lzo1x.h>
#include <stdlib.h>
#include <string.h>
#include <xen/elfnote.h>
#include <zlib.h>
#include <zstd.h>

#include "xg_image.h"

/* ---- ELF ------------------------------------------------------------------- */

static size_t
note(uint8_t *at, size_t used, uint32_t type, const void *desc, uint32_t size)
{
	Elf64_Nhdr h = { 4, size, type };

	memcpy(at + used, &h, sizeof(h));
	memcpy(at + used + sizeof(h), "Xen", 4);
	memcpy(at + used + sizeof(h) + 4, desc, size);
	return used + sizeof(h) + 4 + ((size + 3) & ~3u);
}

static size_t
note_u64(uint8_t *at, size_t used, uint32_t type, uint64_t v)
{
	return note(at, used, type, &v, 8);
}

void
xgi_make64(struct xgi64 *im)
{
	static const char features[] = "!writable_page_tables|"
				       "pae_pgdir_above_4gb";
	size_t n = 0;

	memset(im, 0, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_entry = XGI_BASE + (1 << 20);
	im->eh.e_phoff = offsetof(struct xgi64, ph);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 4;
	im->eh.e_shentsize = sizeof(Elf64_Shdr);
	im->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = offsetof(struct xgi64, text),
		.p_filesz = sizeof(im->text),
		.p_memsz = 3 << 20,
		.p_paddr = 1 << 20 };
	n = note(im->notes, n, XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
	n = note(im->notes, n, XEN_ELFNOTE_GUEST_OS, "test", 5);
	n = note(im->notes, n, XEN_ELFNOTE_FEATURES, features,
	    sizeof(features));
	n = note_u64(im->notes, n, XEN_ELFNOTE_VIRT_BASE, XGI_BASE);
	n = note_u64(im->notes, n, XEN_ELFNOTE_ENTRY,
	    XGI_BASE + (1 << 20) + 16);
	n = note_u64(im->notes, n, XEN_ELFNOTE_INIT_P2M, 0x8000000000ull);
	n = note_u64(im->notes, n, XEN_ELFNOTE_MOD_START_PFN, 1);
	n = note_u64(im->notes, n, XEN_ELFNOTE_PHYS32_ENTRY, (1 << 20) + 32);
	im->ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
		.p_offset = offsetof(struct xgi64, notes),
		.p_filesz = n };
	for (size_t i = 0; i < sizeof(im->text); i++)
		im->text[i] = (uint8_t)(i * 7);
}

void
xgi_make32(struct xgi32 *im)
{
	memset(im, 0, sizeof(*im));
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS32;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_machine = EM_386;
	im->eh.e_entry = 0x100000;
	im->eh.e_phoff = offsetof(struct xgi32, ph);
	im->eh.e_phentsize = sizeof(Elf32_Phdr);
	im->eh.e_phnum = 4;
	im->eh.e_shentsize = sizeof(Elf32_Shdr);
	im->ph[0] = (Elf32_Phdr){ .p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_offset = offsetof(struct xgi32, text),
		.p_filesz = sizeof(im->text),
		.p_memsz = 0x40000,
		.p_vaddr = 0x100000,
		.p_paddr = 0x100000 };
	for (size_t i = 0; i < sizeof(im->text); i++)
		im->text[i] = (uint8_t)(i * 5);
}

void
xgi_one_note(struct xgi64 *im, uint32_t namesz, uint32_t descsz, uint32_t type,
    const char *name, const void *desc, size_t size)
{
	Elf64_Nhdr h = { namesz, descsz, type };
	size_t nlen = (strlen(name) + 4) & ~3ul;

	memset(im->notes, 0, sizeof(im->notes));
	memcpy(im->notes, &h, sizeof(h));
	memcpy(im->notes + sizeof(h), name, strlen(name));
	memcpy(im->notes + sizeof(h) + nlen, desc, size);
	im->ph[1].p_filesz = sizeof(h) + nlen + ((size + 3) & ~3ul);
}

/* ---- packing ---------------------------------------------------------------- */

const char *const xgi_packers[] = { "gzip", "bzip2", "xz", "lzma", "lz4",
	"zstd", "lzop", NULL };

static size_t
with_gzip(const void *in, size_t n, uint8_t *out, size_t max)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in, .avail_in = (uInt)n,
		.next_out = out, .avail_out = (uInt)max };
	int r;

	deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, 0);
	r = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return r == Z_STREAM_END ? z.total_out : 0;
}

static size_t
with_bzip2(const void *in, size_t n, uint8_t *out, size_t max)
{
	unsigned len = (unsigned)max;

	return BZ2_bzBuffToBuffCompress((char *)out, &len,
		   (char *)(uintptr_t)in, (unsigned)n, 1, 0, 0) == BZ_OK ?
	    len :
	    0;
}

static size_t
run_lzma(lzma_stream *s, const void *in, size_t n, uint8_t *out, size_t max)
{
	lzma_ret r;

	s->next_in = in;
	s->avail_in = n;
	s->next_out = out;
	s->avail_out = max;
	r = lzma_code(s, LZMA_FINISH);
	n = s->total_out;
	lzma_end(s);
	return r == LZMA_STREAM_END ? n : 0;
}

/* Only the header says how large the dictionary is. */
static size_t
with_xz(uint32_t dict, const void *in, size_t n, uint8_t *out, size_t max)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma o;
	const lzma_filter f[] = { { LZMA_FILTER_LZMA2, &o },
		{ LZMA_VLI_UNKNOWN, NULL } };

	lzma_lzma_preset(&o, 0);
	o.dict_size = dict;
	if (lzma_stream_encoder(&s, f, LZMA_CHECK_CRC32) != LZMA_OK)
		return 0;
	return run_lzma(&s, in, n, out, max);
}

static size_t
with_lzma(uint32_t dict, const void *in, size_t n, uint8_t *out, size_t max)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma o;
	size_t len;

	lzma_lzma_preset(&o, 0);
	o.dict_size = 1 << 16;
	if (lzma_alone_encoder(&s, &o) != LZMA_OK)
		return 0;
	len = run_lzma(&s, in, n, out, max);
	/* One byte of properties, then the dictionary's size. */
	if (len > 5)
		memcpy(out + 1, &dict, 4);
	return len;
}

static size_t
with_lz4(const void *in, size_t n, uint8_t *out, size_t max)
{
	static const uint8_t magic[4] = { 0x02, 0x21, 0x4c, 0x18 };
	const size_t piece = 8u << 20;
	size_t used = sizeof(magic);

	memcpy(out, magic, sizeof(magic));
	for (size_t at = 0; at < n; at += piece) {
		size_t m = n - at < piece ? n - at : piece;
		int len = LZ4_compress_HC((const char *)in + at,
		    (char *)out + used + 4, (int)m, (int)(max - used - 4), 3);
		uint32_t size = (uint32_t)len;

		if (len <= 0)
			return 0;
		memcpy(out + used, &size, 4);
		used += 4 + size;
	}
	return used;
}

static size_t
put_be(uint8_t *at, size_t used, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[used + i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
	return used + bytes;
}

/* The header that lzop 1.04 writes, and blocks of 256 KiB. */
static size_t
with_lzop(const uint8_t *in, size_t n, uint8_t *out, size_t max)
{
	static const uint8_t magic[9] = { 0x89, 'L', 'Z', 'O', 0, '\r', '\n',
		0x1a, '\n' };
	const size_t piece = 256u << 10;
	uint8_t *work = malloc(LZO1X_1_MEM_COMPRESS);
	uint8_t *packed = malloc(piece + piece / 16 + 67);
	size_t used = sizeof(magic);

	memcpy(out, magic, sizeof(magic));
	used = put_be(out, used, 0x1040, 2);
	used = put_be(out, used, 0x20a0, 2);
	used = put_be(out, used, 0x0940, 2);
	used = put_be(out, used, 1, 1);
	used = put_be(out, used, 5, 1);
	/* Checksums of what goes in and comes out. */
	used = put_be(out, used, 3, 4);
	used = put_be(out, used, 0100644, 4);
	used = put_be(out, used, 0, 4);
	used = put_be(out, used, 0, 4);
	used = put_be(out, used, 0, 1);
	used = put_be(out, used, (uint32_t)adler32(1, out + 9,
	    (uInt)(used - 9)), 4);
	for (size_t at = 0; at < n; at += piece) {
		size_t m = n - at < piece ? n - at : piece;
		lzo_uint len = 0;

		/* Sizes, sums, the end. */
		if (used + m + 20 > max) {
			used = 0;
			break;
		}
		lzo1x_1_compress(in + at, m, packed, &len, work);
		used = put_be(out, used, (uint32_t)m, 4);
		used = put_be(out, used, (uint32_t)(len < m ? len : m), 4);
		used = put_be(out, used, (uint32_t)adler32(1, in + at,
		    (uInt)m), 4);
		if (len < m)
			used = put_be(out, used, (uint32_t)adler32(1, packed,
			    (uInt)len), 4);
		memcpy(out + used, len < m ? packed : in + at,
		    len < m ? len : m);
		used += len < m ? len : m;
	}
	free(work);
	free(packed);
	return used == 0 ? 0 : put_be(out, used, 0, 4);
}

size_t
xgi_pack_dict(const char *how, uint32_t dict, const void *in, size_t n,
    uint8_t *out, size_t max)
{
	uint32_t size = (uint32_t)n;
	size_t len = 0;

	max -= 4;
	if (strcmp(how, "gzip") == 0)
		return with_gzip(in, n, out, max);
	if (strcmp(how, "bzip2") == 0)
		len = with_bzip2(in, n, out, max);
	else if (strcmp(how, "xz") == 0)
		len = with_xz(dict, in, n, out, max);
	else if (strcmp(how, "lzma") == 0)
		len = with_lzma(dict, in, n, out, max);
	else if (strcmp(how, "lz4") == 0)
		len = with_lz4(in, n, out, max);
	else if (strcmp(how, "zstd") == 0)
		len = ZSTD_compress(out, max, in, n, 3);
	else if (strcmp(how, "lzop") == 0)
		len = with_lzop(in, n, out, max);
	if (len == 0 || ZSTD_isError(len))
		return 0;
	memcpy(out + len, &size, 4);
	return len + 4;
}

size_t
xgi_pack(const char *how, const void *in, size_t n, uint8_t *out, size_t max)
{
	return xgi_pack_dict(how, 1 << 16, in, n, out, max);
}

size_t
xgi_bzimage(const void *payload, size_t n, uint8_t *out, size_t max)
{
	uint32_t v;

	if (n + XGI_SETUP > max)
		return 0;
	memset(out, 0, XGI_SETUP);
	out[0x1f1] = 1;
	memcpy(out + 0x202, "HdrS", 4);
	out[0x206] = 0x0f;
	out[0x207] = 0x02;
	v = 0;
	memcpy(out + 0x248, &v, 4);
	v = (uint32_t)n;
	memcpy(out + 0x24c, &v, 4);
	memcpy(out + XGI_SETUP, payload, n);
	return n + XGI_SETUP;
}
