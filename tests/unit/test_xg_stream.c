/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images as a parser sees them: good ones of both types and versions, each
 * truncation, each flipped bit, records that lie. What they do to a domain is
 * tests/host/save-*.sh's; page tables there and back are looked at here.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xg_saved.h"

static struct saved image;
/* Of the one that was looked at last. */
static char config[64];

/* 0, or errno with e; the image comes from a file that is `len` bytes long. */
static int
look(const uint8_t *p, size_t len, struct xg_error *e)
{
	int fd = memfd_create("image", MFD_CLOEXEC), r;
	struct xg_image *m = NULL;

	*e = (struct xg_error){ .msg = "" };
	ck_assert(fd >= 0);
	ck_assert(write(fd, p, len) == (ssize_t)len);
	ck_assert(lseek(fd, 0, SEEK_SET) == 0);
	r = xg_image_open(fd, &m, e);
	if (r == 0) {
		snprintf(config, sizeof(config), "%s", xg_image_config(m));
		r = xg_image_check(m, e);
		xg_image_close(&m);
	}
	close(fd);
	if (r == 0)
		return 0;
	ck_assert_msg(e->errnum != 0 && e->msg[0] != '\0' &&
		strchr(e->msg, '\n') == NULL, "%d '%s'", e->errnum, e->msg);
	return e->errnum;
}

static void
good(const char *what)
{
	struct xg_error e;

	ck_assert_msg(look(image.bytes, image.len, &e) == 0, "%s: %s", what,
	    e.msg);
	ck_assert(strncmp(config, "{\"c_info\"", 9) == 0);
}

static void
bad(const char *what, int errnum, const char *says)
{
	struct xg_error e;
	int r = look(image.bytes, image.len, &e);

	ck_assert_msg(r == errnum && strstr(e.msg, says) != NULL,
	    "%s: %d '%s' instead of %d '%s'", what, r, e.msg, errnum, says);
}

START_TEST(good_images)
{
	static const unsigned flags[] = { 0, SAVED_COMPAT, SAVED_V2,
		SAVED_OF_XL, SAVED_OF_XL | SAVED_V2 };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		saved_pv(&image, flags[i]);
		good("PV");
		saved_hvm(&image, flags[i]);
		good("HVM");
	}
}
END_TEST

START_TEST(unknown_records)
{
	saved_hvm(&image, 0);
	saved_record(&image, XG_REC_TSC_INFO, 0)->type = 0x80000042;
	saved_seal(&image);
	good("an optional one");
	saved_record(&image, 0x80000042, 0)->type = 0x42;
	saved_seal(&image);
	bad("one that is needed", ENOTSUP, "record of type 0x42");
}
END_TEST

/* Wherever a file of ours ends it is refused. */
START_TEST(truncated)
{
	struct xg_error e;

	saved_pv(&image, 0);
	for (size_t len = 0; len < image.len; len += len < 400 ? 1 : 61)
		ck_assert_msg(look(image.bytes, len, &e) == EBADMSG,
		    "%zu bytes: %d '%s'", len, e.errnum, e.msg);
}
END_TEST

/* One of xl's has no sum, but what must be there. */
START_TEST(truncated_of_xl)
{
	struct xg_error e;

	saved_hvm(&image, SAVED_OF_XL);
	for (size_t len = 0; len < image.len; len += len < 400 ? 1 : 61)
		ck_assert_msg(look(image.bytes, len, &e) == EBADMSG,
		    "%zu bytes: %d '%s'", len, e.errnum, e.msg);
}
END_TEST

/* No bit of a file of ours is without meaning. */
START_TEST(flipped)
{
	struct xg_error e;

	saved_hvm(&image, 0);
	for (size_t i = 0; i < image.len; i += i < 600 ? 1 : 37) {
		uint8_t bit = (uint8_t)(1u << i % 8);

		image.bytes[i] ^= bit;
		ck_assert_msg(look(image.bytes, image.len, &e) != 0,
		    "byte %zu, bit %#x", i, bit);
		image.bytes[i] ^= bit;
	}
	good("as it was");
}
END_TEST

/* A record of that type becomes so long. */
static const struct {
	bool pv;
	uint32_t type, length;
	const char *says;
} lengths[] = {
	{ true, XG_REC_PV_INFO, 16, "record 0x2 has 16 bytes" },
	{ true, XG_REC_CPUID_POLICY, 23, "a CPUID policy of 23 bytes" },
	{ true, XG_REC_CPUID_POLICY, 0, "has 0 bytes" },
	{ true, XG_REC_MSR_POLICY, 24, "an MSR policy of 24 bytes" },
	{ true, XG_REC_STATIC_END, 8, "record 0x10 has 8 bytes" },
	{ true, XG_REC_P2M_FRAMES, 16, "P2M_FRAMES of 0 to 0x3ff" },
	{ true, XG_REC_P2M_FRAMES, 0x7ffffff, "has 134217727 bytes" },
	{ true, XG_REC_PAGES, 8, "pages in 8 bytes" },
	{ true, XG_REC_PAGES, 4096, "11 pages with 6 contents in 4096" },
	{ true, XG_REC_TSC_INFO, 16, "record 0x8 has 16 bytes" },
	{ true, XG_REC_SHARED_INFO, 4088, "record 0x7 has 4088 bytes" },
	{ true, XG_REC_VCPU_BASIC, 4, "record 0x4 has 4 bytes" },
	{ true, XG_REC_VCPU_BASIC, 5168, "of vCPU 0 has 5168 bytes" },
	{ true, XG_REC_VCPU_EXTENDED, 144, "of vCPU 0 has 144 bytes" },
	{ true, XG_REC_VCPU_XSAVE, 16, "of vCPU 0 has 16 bytes" },
	{ true, XG_REC_VCPU_MSRS, 48, "of vCPU 0 has 48 bytes" },
	{ true, XG_REC_VCPU_MSRS, 0xffffffff, "has 4294967295 bytes" },
	{ false, XG_REC_HVM_CONTEXT, 0, "record 0x9 has 0 bytes" },
	{ false, XG_REC_HVM_CONTEXT, 0x7000000, "has 117440512 bytes" },
	{ false, XG_REC_HVM_PARAMS, 24, "2 parameters in 24 bytes" },
};

START_TEST(wrong_length)
{
	if (lengths[_i].pv)
		saved_pv(&image, 0);
	else
		saved_hvm(&image, 0);
	saved_record(&image, lengths[_i].type, 0)->length = lengths[_i].length;
	saved_seal(&image);
	bad("length", EBADMSG, lengths[_i].says);
}
END_TEST

/* A word of a record's body becomes another. */
static const struct {
	bool pv;
	uint32_t type;
	unsigned word;
	uint64_t value;
	int errnum;
	const char *says;
} words[] = {
	{ true, XG_REC_PV_INFO, 0, 0x304, ENOTSUP, "32-bit PV guest" },
	{ true, XG_REC_PV_INFO, 0, 0x508, EBADMSG, "5 levels" },
	{ true, XG_REC_P2M_FRAMES, 0, 5, EBADMSG, "0x5 to 0" },
	{ true, XG_REC_P2M_FRAMES, 0, 0xffffffffull << 32, EBADMSG,
	    "0 to 0xffffffff" },
	{ true, XG_REC_P2M_FRAMES, 0, 512ull << 32, EBADMSG, "page 0x3fe" },
	{ true, XG_REC_PAGES, 0, 0, EBADMSG, "0 pages" },
	{ true, XG_REC_PAGES, 0, 0xffffffff, EBADMSG, "4294967295 pages" },
	{ true, XG_REC_PAGES, 0, 0x20000000, EBADMSG, "536870912 pages" },
	{ true, XG_REC_PAGES, 1, 1024, EBADMSG, "page 0x400 of a guest" },
	{ true, XG_REC_PAGES, 1, 1ull << 51, EBADMSG, "page 0x8000000000000" },
	{ true, XG_REC_PAGES, 1, 1ull << 52, EBADMSG, "page entry" },
	{ true, XG_REC_PAGES, 1, 6ull << 60, EBADMSG, "page 0 of type 6" },
	{ true, XG_REC_PAGES, 1, 8ull << 60, EBADMSG, "page 0 of type 8" },
	{ true, XG_REC_VCPU_BASIC, 0, 8192, EBADMSG, "vCPU 8192" },
	{ false, XG_REC_PAGES, 1, 1ull << 60, EBADMSG, "page 0 of type 1" },
	{ false, XG_REC_PAGES, 1, 1ull << 28, EBADMSG, "page 0x10000000" },
	{ false, XG_REC_HVM_PARAMS, 0, 0x20000000, EBADMSG, "parameters in" },
};

START_TEST(wrong_word)
{
	struct xg_rec_header *h;

	if (words[_i].pv)
		saved_pv(&image, 0);
	else
		saved_hvm(&image, 0);
	h = saved_record(&image, words[_i].type, 0);
	memcpy((uint8_t *)(h + 1) + 8 * words[_i].word, &words[_i].value, 8);
	saved_seal(&image);
	bad("word", words[_i].errnum, words[_i].says);
}
END_TEST

/* A record of one type is there as another. */
static const struct {
	bool pv;
	uint32_t type, as;
	const char *says;
} types[] = {
	{ true, XG_REC_PV_INFO, 0x80000001, "X86_PV_INFO is missing" },
	{ true, XG_REC_P2M_FRAMES, 0x80000001, "page 0x1 of a guest" },
	{ true, XG_REC_SHARED_INFO, 0x80000001, "without what a guest needs" },
	{ true, XG_REC_VCPU_BASIC, 0x80000001, "without what a guest needs" },
	{ true, XG_REC_TSC_INFO, XG_REC_HVM_CONTEXT, "not of such a guest" },
	{ true, XG_REC_TSC_INFO, XG_REC_MSR_POLICY, "comes twice" },
	{ true, XG_REC_STATIC_END, XG_REC_VERIFY, "" },
	{ true, XG_REC_PAGES, XG_REC_PAGE_DATA, "of type 5" },
	{ false, XG_REC_HVM_PARAMS, 0x80000001, "without what a guest needs" },
	{ false, XG_REC_HVM_CONTEXT, XG_REC_SHARED_INFO, "of such a guest" },
	{ false, XG_REC_TSC_INFO, XG_REC_CPUID_POLICY, "comes twice" },
};

START_TEST(wrong_type)
{
	if (types[_i].pv)
		saved_pv(&image, 0);
	else
		saved_hvm(&image, 0);
	saved_record(&image, types[_i].type, 0)->type = types[_i].as;
	saved_seal(&image);
	if (types[_i].says[0] == '\0')
		good("type");
	else
		bad("type", EBADMSG, types[_i].says);
}
END_TEST

START_TEST(wrong_head)
{
	saved_pv(&image, 0);
	image.bytes[0] = 'x';
	bad("magic", EBADMSG, "it is not an image");
	saved_pv(&image, 0);
	image.bytes[35] = 4;
	bad("byte order", ENOTSUP, "of a kind that is not known");
	saved_pv(&image, 0);
	image.bytes[36] = 7;
	bad("a flag that must be known", ENOTSUP, "flags 0x7");
	saved_pv(&image, SAVED_OF_XL);
	image.bytes[40] = 1;
	bad("a flag", EBADMSG, "optional flags 0x1");
	saved_pv(&image, 0);
	image.bytes[50] = 0xff;
	bad("a large configuration", EBADMSG, "a configuration of");
	saved_pv(&image, SAVED_OF_XL);
	memset(image.bytes + 48, 0xff, 4);
	bad("a larger one", EBADMSG, "a configuration of 4294967295 bytes");
}
END_TEST

START_TEST(sums)
{
	uint64_t data[64], copy[64];
	struct xg_sum a = XG_SUM_INIT, b = XG_SUM_INIT, c = XG_SUM_INIT;
	uint64_t sum;

	for (unsigned i = 0; i < 64; i++)
		data[i] = i * 0x0123456789abcdefull;
	xg_sum_add(&a, data, sizeof(data));
	sum = xg_sum_end(&a);
	/* However it is cut, and whether it is copied. */
	xg_sum_add(&b, data, 8);
	xg_sum_copy(&b, copy + 1, data + 1, 24);
	xg_sum_copy(&b, copy + 4, data + 4, sizeof(data) - 40);
	xg_sum_add(&b, data + 63, 8);
	ck_assert(xg_sum_end(&b) == sum);
	ck_assert(memcmp(copy + 1, data + 1, sizeof(data) - 16) == 0);
	for (unsigned i = 0; i < 64 * 64; i++) {
		c = (struct xg_sum)XG_SUM_INIT;
		data[i / 64] ^= 1ull << i % 64;
		xg_sum_add(&c, data, sizeof(data));
		ck_assert(xg_sum_end(&c) != sum);
		data[i / 64] ^= 1ull << i % 64;
	}
	/* Nor may words change places. */
	data[1] ^= data[5], data[5] ^= data[1], data[1] ^= data[5];
	c = (struct xg_sum)XG_SUM_INIT;
	xg_sum_add(&c, data, sizeof(data));
	ck_assert(xg_sum_end(&c) != sum);
}
END_TEST

/* What a guest does to a page that is sent. */
static void *
scribble(void *arg)
{
	uint64_t *page = arg, *end = page + XC_PAGE_SIZE / 8;

	for (uint64_t n = 1; __atomic_load_n(end, __ATOMIC_RELAXED) == 0; n++)
		for (unsigned i = 0; i < 4; i++) {
			__atomic_store_n(&page[i], n, __ATOMIC_RELAXED);
			__atomic_store_n(&end[-1 - (int)i], n, __ATOMIC_RELAXED);
		}
	return NULL;
}

/* It is summed as it is copied, wherever the sum was before it. */
START_TEST(sums_of_what_changes)
{
	static uint64_t page[XC_PAGE_SIZE / 8 + 1], copy[XC_PAGE_SIZE / 8];
	struct xg_sum a, b;
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, scribble, page), 0);
	for (unsigned i = 0; i < 300000; i++) {
		a = b = (struct xg_sum)XG_SUM_INIT;
		xg_sum_add(&a, copy, i % 4 * 8);
		b = a;
		xg_sum_copy(&a, copy, page, sizeof(copy));
		xg_sum_add(&b, copy, sizeof(copy));
		ck_assert_msg(xg_sum_end(&a) == xg_sum_end(&b),
		    "copy %u is not what was summed", i);
	}
	__atomic_store_n(&page[XC_PAGE_SIZE / 8], 1, __ATOMIC_RELAXED);
	pthread_join(t, NULL);
}
END_TEST

START_TEST(zero_pages)
{
	static uint64_t page[XC_PAGE_SIZE / 8];

	ck_assert(xg_is_zero_page(page));
	for (unsigned i = 0; i < XC_PAGE_SIZE / 8; i++) {
		page[i] = 1ull << i % 64;
		ck_assert(!xg_is_zero_page(page));
		page[i] = 0;
	}
}
END_TEST

/* --- page tables, there and back ------------------------------------------------ */

#define PAGES 64u
/* Machine frame of each page. */
static uint64_t
mfn(uint64_t pfn)
{
	return 1000 + (pfn * 7) % PAGES;
}

static struct xg_error error;
static uint32_t m2p[2048];
static uint64_t p2m[PAGES];
static struct xg_saver saver = { .e = &error, .p2m = p2m, .m2p = m2p,
	.max_mfn = 2047 };
static uint8_t populated[PAGES / 8];
static struct xg_restorer restorer = { .e = &error, .p2m = p2m,
	.populated = populated, .end = PAGES };

static void
make_tables(void)
{
	error = (struct xg_error){ .errnum = 0 };
	memset(m2p, 0, sizeof(m2p));
	memset(populated, 0xff, sizeof(populated));
	for (uint64_t i = 0; i < PAGES; i++) {
		m2p[mfn(i)] = (uint32_t)i + 1;
		p2m[i] = mfn(i);
	}
}

START_TEST(tables)
{
	uint64_t table[512], stream[512];

	make_tables();
	for (unsigned i = 0; i < 512; i++)
		/* Present ones with their flags, and what is none. */
		table[i] = i % 3 == 0 ? 0x1234567890ull << 1 :
		    mfn(i % PAGES) << 12 | 0x8000000000000063ull;
	for (unsigned level = 1; level <= 4; level++) {
		ck_assert(xg_save_pv.table(&saver, 5, level, table, stream) ==
		    0);
		for (unsigned i = 0; i < 512; i++) {
			uint64_t want = i % 3 == 0 ? table[i] :
			    (uint64_t)(i % PAGES) << 12 | 0x8000000000000063ull;

			/* Xen's own slots are nobody's. */
			if (level == 4 && i >= 256 && i <= 271)
				want = 0;
			ck_assert_msg(stream[i] == want, "level %u, entry %u",
			    level, i);
		}
		ck_assert(xg_localise(&restorer, 5, level, stream) == 0);
		for (unsigned i = 0; i < 512; i++)
			ck_assert(stream[i] == table[i] ||
			    (level == 4 && i >= 256 && i <= 271));
	}
}
END_TEST

START_TEST(bad_tables)
{
	uint64_t table[512] = { 0 }, out[512];

	make_tables();
	table[7] = 999ull << 12 | 1;
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) < 0);
	ck_assert(strstr(error.msg, "entry 7") != NULL);
	make_tables();
	table[7] = 0x000ffffffffff001ull;
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) < 0);
	make_tables();
	table[7] = mfn(3) << 12 | 0x81;
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) == 0);
	ck_assert(xg_save_pv.table(&saver, 5, 2, table, out) < 0);
	ck_assert(error.errnum == ENOTSUP);
	make_tables();
	table[7] = (uint64_t)PAGES << 12 | 1;
	ck_assert(xg_localise(&restorer, 5, 1, table) < 0);
	ck_assert(error.errnum == EBADMSG);
}
END_TEST

/* A guest that runs: what cannot be told is empty, and comes again. */
START_TEST(tables_of_a_runner)
{
	uint64_t table[512] = { 0 }, out[512], again[1] = { 0 }, seen[1] = { 0 };

	make_tables();
	saver.running = true;
	saver.again = again;
	saver.tables = seen;
	table[3] = mfn(9) << 12 | 1;
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) == 0);
	ck_assert(out[3] == (9ull << 12 | 1) && again[0] == 0);
	ck_assert(seen[0] == 1ull << 5);
	table[7] = 0x000ffffffffff001ull;
	ck_assert(xg_save_pv.table(&saver, 6, 1, table, out) == 0);
	ck_assert(out[3] == 0 && out[7] == 0 && again[0] == 1ull << 6);
	/* The frame has become another page's. */
	table[7] = 0;
	saver.p2m[9] = mfn(8);
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) == 0);
	ck_assert(out[3] == 0 && again[0] == 3ull << 5);
	saver.running = false;
	ck_assert(xg_save_pv.table(&saver, 5, 1, table, out) < 0);
	saver.again = saver.tables = NULL;
}
END_TEST

static bool
same_sum(const struct xg_page_sum *a, const struct xg_page_sum *b)
{
	return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* Each bit counts, in both halves; so do the type and the key. */
START_TEST(page_sums)
{
	static uint64_t page[512], key[XG_SUM_KEYS], other[XG_SUM_KEYS];
	struct xg_page_sum sum, now;

	ck_assert(xg_page_sum_init(key) == 0 && xg_page_sum_init(other) == 0);
	for (unsigned i = 0; i < 512; i++)
		page[i] = i * 0x0123456789abcdefull;
	xg_page_sum(key, page, 0, &sum);
	xg_page_sum(key, page, 0, &now);
	ck_assert(same_sum(&sum, &now));
	for (unsigned i = 0; i < 512 * 64; i++) {
		page[i / 64] ^= 1ull << i % 64;
		xg_page_sum(key, page, 0, &now);
		ck_assert(now.word[0] != sum.word[0] &&
		    now.word[1] != sum.word[1]);
		page[i / 64] ^= 1ull << i % 64;
	}
	for (unsigned type = 1; type < 16; type++) {
		xg_page_sum(key, page, type, &now);
		ck_assert(now.word[0] != sum.word[0] &&
		    now.word[1] != sum.word[1]);
	}
	xg_page_sum(other, page, 0, &now);
	ck_assert(!same_sum(&sum, &now));
	/* Words that change places. */
	page[0] ^= page[2], page[2] ^= page[0], page[0] ^= page[2];
	xg_page_sum(key, page, 0, &now);
	ck_assert(!same_sum(&sum, &now));
}
END_TEST

#define LOOP(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof(rows) / sizeof(rows[0])))

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("all");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, good_images);
	tcase_add_test(tc, unknown_records);
	tcase_add_test(tc, truncated);
	tcase_add_test(tc, truncated_of_xl);
	tcase_add_test(tc, flipped);
	LOOP(tc, wrong_length, lengths);
	LOOP(tc, wrong_word, words);
	LOOP(tc, wrong_type, types);
	tcase_add_test(tc, wrong_head);
	tcase_add_test(tc, sums);
	tcase_add_test(tc, sums_of_what_changes);
	tcase_add_test(tc, zero_pages);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, bad_tables);
	tcase_add_test(tc, tables_of_a_runner);
	tcase_add_test(tc, page_sums);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
