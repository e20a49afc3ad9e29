/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xg_seeds DIR: fills DIR/xg, DIR/xg_elf, DIR/xg_bzimage and others with well-formed
 * kernels for the targets of those names to begin with.
 */
#include "config.h"

#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <xen/elfnote.h>

#include "xg_image.h"
#include "xg_saved.h"

static const char *dir;
static int status;

static void
save(const char *kind, const char *name, const void *head, size_t nhead,
    const void *data, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, kind);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, kind, name);
	f = fopen(path, "we");
	if (f == NULL || fwrite(head, 1, nhead, f) != nhead ||
	    fwrite(data, 1, n, f) != n || fclose(f) != 0) {
		perror(path);
		status = 1;
	}
}

static void
elf(void)
{
	static const char features[] = "!writable_page_tables|dom0|foo";
	struct xgi64 im;
	struct xgi32 narrow;

	xgi_make64(&im);
	save("xg", "elf64", "", 0, &im, sizeof(im));
	save("xg_elf", "elf64", "", 0, &im, sizeof(im));
	/* Its notes found by sections. */
	im.ph[1].p_type = PT_NULL;
	im.eh.e_shoff = offsetof(struct xgi64, sh);
	im.eh.e_shnum = 2;
	im.sh[1].sh_type = SHT_NOTE;
	im.sh[1].sh_offset = im.ph[1].p_offset;
	im.sh[1].sh_size = im.ph[1].p_filesz;
	save("xg_elf", "sections", "", 0, &im, sizeof(im));
	xgi_make64(&im);
	xgi_one_note(&im, 4, sizeof(features), XEN_ELFNOTE_FEATURES, "Xen",
	    features, sizeof(features));
	save("xg_elf", "features", "", 0, &im, sizeof(im));
	save("xg_notes", "features", "\0\0", 2, im.notes, sizeof(im.notes));
	xgi_make64(&im);
	save("xg_notes", "linux", "\0\0", 2, im.notes, sizeof(im.notes));
	xgi_make32(&narrow);
	save("xg", "elf32", "", 0, &narrow, sizeof(narrow));
	save("xg_elf", "elf32", "", 0, &narrow, sizeof(narrow));
}

/* A small one: fuzzing is faster on few bytes. */
static void
packed(void)
{
	static uint8_t out[1 << 16], bz[1 << 16];
	struct xgi64 im;
	size_t n, m;

	xgi_make64(&im);
	im.ph[0].p_filesz = 64;
	for (uint8_t i = 0; xgi_packers[i] != NULL; i++) {
		size_t len = offsetof(struct xgi64, text) + 64;
		const uint8_t head[3] = {
		    (uint8_t)(i + 1), (uint8_t)len, (uint8_t)(len >> 8)};

		n = xgi_pack(xgi_packers[i], &im, len, out, sizeof(out));
		save("xg", xgi_packers[i], "", 0, out, n);
		/* The target appends the last four bytes itself. */
		save("xg_bzimage", xgi_packers[i], head, 3, out, n - 4);
		m = xgi_bzimage(out, n, bz, sizeof(bz));
		if (i == 0)
			save("xg", "bzimage", "", 0, bz, m);
	}
}

/* Like a kernel of Linux: one block, x86's filter, a CRC-32. */
static void
pieces(void)
{
	lzma_options_lzma o;
	const lzma_filter f[] = { { LZMA_FILTER_X86, NULL },
		{ LZMA_FILTER_LZMA2, &o }, { LZMA_VLI_UNKNOWN, NULL } };
	static uint8_t in[5000], out[6000];
	const uint8_t head[2] = { sizeof(in) & 0xff, sizeof(in) >> 8 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i % 13 == 0 ? 0xe8 : i % 13 < 4 ? (uint8_t)(i / 13) : 0;
	lzma_lzma_preset(&o, 0);
	o.dict_size = LZMA_DICT_SIZE_MIN;
	for (unsigned i = 0; i < 2; i++) {
		n = 0;
		if (lzma_stream_buffer_encode((lzma_filter *)(uintptr_t)(f + i),
			LZMA_CHECK_CRC32, NULL, in, sizeof(in), out, &n,
			sizeof(out)) != LZMA_OK)
			status = 1;
		save("xg_pieces", i == 0 ? "x86" : "plain", head, 2, out, n);
	}
}

static void
images(void)
{
	static const unsigned flags[] = { 0, SAVED_COMPAT, SAVED_OF_XL,
		SAVED_OF_XL | SAVED_V2 };
	static struct saved s;
	char name[16];

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		saved_pv(&s, flags[i]);
		snprintf(name, sizeof(name), "pv%zu", i);
		save("xg_stream", name, "", 0, s.bytes, s.len);
		saved_hvm(&s, flags[i]);
		snprintf(name, sizeof(name), "hvm%zu", i);
		save("xg_stream", name, "", 0, s.bytes, s.len);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: xg_seeds DIR\n", stderr);
		return 2;
	}
	dir = argv[1];
	mkdir(dir, 0777);
	elf();
	packed();
	pieces();
	images();
	return status;
}
