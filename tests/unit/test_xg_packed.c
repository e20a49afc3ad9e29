/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packed kernels, each compression spoiled in the same ways and in its own:
 * sizes that lie, damage, bombs, contents that are no kernel, and everything cut
 * at every percent.
 */
#include "config.h"

#include <stdio.h>

#include "xg_expect.h"

#define CUT "truncated: a segment ends behind the end of the file"

static bool
is(int packer, const char *name)
{
	return strcmp(xgi_packers[packer], name) == 0;
}

static void
damaged(const char *what, int packer, size_t n)
{
	char says[64];

	snprintf(says, sizeof(says), "its %s payload is damaged or truncated",
	    xgi_packers[packer]);
	expect(what, buffer, n, EINVAL, says);
}

static size_t
pack(int packer, const void *in, size_t n)
{
	size_t len = xgi_pack(xgi_packers[packer], in, n, buffer, BUFFER);

	ck_assert_uint_gt(len, 0);
	return len;
}

static void
announce(size_t n, uint32_t size)
{
	memcpy(buffer + n - 4, &size, 4);
}

START_TEST(packed_sizes_lie)
{
	static const int32_t off[] = { -1, 1, -4096, 4096, -9119, 1 << 20 };
	struct xg_limits wide = { 1 << 24, 1u << 31, 10 };
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	n = pack(_i, &im, sizeof(im));
	for (size_t i = 0; i < XU_ARRAY_SIZE(off); i++) {
		announce(n, (uint32_t)((int32_t)sizeof(im) + off[i]));
		damaged("size", _i, n);
	}
	announce(n, 0);
	expect("0", buffer, n, EINVAL, "it says it unpacks to nothing");
	announce(n, (1 << 24) + 1);
	expect("16 MiB + 1", buffer, n, EFBIG,
	    "it says it unpacks to 16777217 bytes; the limit is 16777216");
	announce(n, UINT32_MAX);
	expect("4 GiB", buffer, n, EFBIG,
	    "it says it unpacks to 4294967295 bytes; the limit is 16777216");
	announce(n, 1u << 30);
	ck_assert_int_eq(parse_with(&wide, buffer, n, &k, &e), -1);
	ck_assert_int_eq(e.errnum, EFBIG);
	ck_assert_ptr_nonnull(strstr(e.msg, "not believable"));
}
END_TEST

START_TEST(packed_streams_are_damaged)
{
	struct xgi64 im;
	size_t n, half;

	xgi_make64(&im);
	n = pack(_i, &im, sizeof(im));
	half = n / 2;
	/* Too short to be anything. */
	for (size_t cut = 6; cut < 16; cut += 3)
		expect("a head", buffer, cut, EINVAL, "truncated: ");
	/* Its end is missing, and half of it, each with a size of the right
	 * number. */
	memmove(buffer + half, buffer + n - 4, 4);
	damaged("half", _i, half + 4);
	n = pack(_i, &im, sizeof(im));
	memmove(buffer + n - 12, buffer + n - 4, 4);
	damaged("the last bytes", _i, n - 8);
	/* Something in the middle: gone, there twice. */
	n = pack(_i, &im, sizeof(im));
	memmove(buffer + half, buffer + half + 16, n - half - 16);
	damaged("a hole", _i, n - 16);
	n = pack(_i, &im, sizeof(im));
	memmove(buffer + half + 16, buffer + half, n - half);
	damaged("some twice", _i, n + 16);
	/* All behind the header. */
	for (int v = 0; v <= 0xff; v += 0xff) {
		n = pack(_i, &im, sizeof(im));
		memset(buffer + 20, v, n - 24);
		damaged("nothing but one byte", _i, n);
	}
}
END_TEST

/* Every byte of the stream with one bit turned: refused, or it made no
 * difference to the format (a time of day, text without a checksum). */
START_TEST(packed_bits_turn)
{
	const bool summed = !is(_i, "lz4") && !is(_i, "zstd") &&
	    !is(_i, "lzma");
	struct xg_kernel k;
	struct xg_error e;
	struct xgi64 im;
	size_t n, accepted = 0;

	xgi_make64(&im);
	n = pack(_i, &im, sizeof(im));
	for (size_t i = 0; i < n - 4; i++) {
		buffer[i] ^= (uint8_t)(1 << i % 8);
		accepted += parse_with(&limits, buffer, n, &k, &e) == 0;
		buffer[i] ^= (uint8_t)(1 << i % 8);
	}
	if (summed)
		ck_assert_uint_le(accepted, 32);
}
END_TEST

START_TEST(packed_contents)
{
	AUTO_FREE uint8_t *twice = malloc(BUFFER / 4);
	struct xgi64 im;
	size_t n;

	expect("text", buffer, pack(_i, "some text, and not too little", 29),
	    ENOEXEC, "what it holds is not an ELF image");
	xgi_make64(&im);
	n = pack(_i, &im, sizeof(im));
	memcpy(twice, buffer, n);
	expect("packed twice", buffer, pack(_i, twice, n), ENOEXEC,
	    "what it holds is not an ELF image");
	n = xgi_bzimage(&im, sizeof(im), twice, BUFFER / 4);
	expect("a bzImage", buffer, pack(_i, twice, n), ENOEXEC,
	    "what it holds is not an ELF image");
	expect("cut before", buffer, pack(_i, &im, sizeof(im) - 1), EINVAL,
	    CUT);
	im.ph[0].p_paddr = UINT64_MAX - 1;
	expect("wraps", buffer, pack(_i, &im, sizeof(im)), EINVAL,
	    "a segment wraps around");
	im.eh.e_phnum = 0;
	expect("no headers", buffer, pack(_i, &im, sizeof(im)), EINVAL,
	    "it has 0 program headers");
}
END_TEST

/* 63 MiB of nothing: known by what it says, or stopped where it said it ends. */
START_TEST(bombs)
{
	AUTO_FREE uint8_t *zeros = calloc(1, 63 * MIB);
	size_t n = pack(_i, zeros, 63 * MIB);

	ck_assert_uint_lt(n, MIB);
	expect("a bomb", buffer, n, EFBIG,
	    "it says it unpacks to 66060288 bytes; the limit is 16777216");
	announce(n, 9120);
	damaged("a bomb that says it is small", _i, n);
	announce(n, 16 * MIB);
	damaged("a bomb that says it fits", _i, n);
}
END_TEST

START_TEST(large_dictionaries)
{
	static const char *const how[] = { "xz", "lzma" };
	char says[96];
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	/* lzma's header takes any; xz's comes from an encoder that has it. */
	n = xgi_pack_dict(how[_i], _i == 0 ? 300u << 20 : 0xc0000000, &im,
	    sizeof(im), buffer, BUFFER);
	if (n == 0)
		ck_abort_msg("no memory for the encoder");
	snprintf(says, sizeof(says), "unpacking its %s payload takes too much "
	    "memory; the limit is 256 MiB", how[_i]);
	expect("a large dictionary", buffer, n, ENOMEM, says);
}
END_TEST

/* Sizes inside the block formats. */
START_TEST(blocks_lie)
{
	static const uint32_t sizes[] = { 0, 1, UINT32_MAX, 0x7fffffff,
		0x80000000, 0x01000000 };
	struct xgi64 im;
	size_t n;

	xgi_make64(&im);
	for (size_t i = 0; i < XU_ARRAY_SIZE(sizes); i++) {
		n = pack(4, &im, sizeof(im));
		memcpy(buffer + 4, &sizes[i], 4);
		damaged("an lz4 block", 4, n);
		/* lzop: out and in, behind a header of 38 bytes. */
		n = pack(6, &im, sizeof(im));
		memcpy(buffer + 38, &sizes[i], 4);
		damaged("what an lzop block becomes", 6, n);
		n = pack(6, &im, sizeof(im));
		memcpy(buffer + 42, &sizes[i], 4);
		damaged("an lzop block", 6, n);
	}
}
END_TEST

/* ---- cut at every percent ---------------------------------------------------------- */

START_TEST(cut_anywhere)
{
	uint8_t *whole = buffer + BUFFER / 2;
	struct xgi64 im;
	struct xgi32 narrow;
	struct xg_kernel k;
	struct xg_error e;
	size_t n;

	xgi_make64(&im);
	xgi_make32(&narrow);
	if (_i < 7) {
		n = pack(_i, &im, sizeof(im));
		n = xgi_bzimage(buffer, n, whole, BUFFER / 2);
	} else if (_i < 14) {
		n = pack(_i - 7, &im, sizeof(im));
		memcpy(whole, buffer, n);
	} else if (_i == 14) {
		memcpy(whole, &im, n = sizeof(im));
	} else {
		memcpy(whole, &narrow, n = sizeof(narrow));
	}
	ck_assert_msg(parse_with(&limits, whole, n, &k, &e) == 0, "%s", e.msg);
	for (size_t percent = 0; percent < 100; percent++)
		ck_assert_msg(parse_with(&limits, whole, n * percent / 100, &k,
				  &e) < 0, "format %d, %zu %%", _i, percent);
	ck_assert_int_eq(parse_with(&limits, whole, n - 1, &k, &e), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("packed kernels");
	TCase *t = tcase_create("all");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, packed_sizes_lie, 0, 7);
	tcase_add_loop_test(t, packed_streams_are_damaged, 0, 7);
	tcase_add_loop_test(t, packed_bits_turn, 0, 7);
	tcase_add_loop_test(t, packed_contents, 0, 7);
	tcase_add_loop_test(t, bombs, 0, 7);
	tcase_add_loop_test(t, large_dictionaries, 0, 2);
	tcase_add_test(t, blocks_lie);
	tcase_add_loop_test(t, cut_anywhere, 0, 16);
	suite_add_tcase(s, t);
	return run_suite(s);
}
