/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Archives of machines as they are read (xva.c), with their sums, what they are packed
 * with (xu_zip.c), and their first file (ova.c). What is damaged, torn or out of its
 * place is told of.
 */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ova.h"
#include "xu_tar.h"
#include "xu_zip.h"
#include "xva.h"

/* Of the one disk: three whole chunks and a part. */
#define SIZE (3 * (size_t)XVA_CHUNK + 512)

static struct xu_buf tar;
static char disk[SIZE], got[SIZE], buf[XVA_CHUNK];
static size_t offset, end, pieces;

/* ---- archives ------------------------------------------------------------------- */

static void
put_file(const char *name, const void *p, size_t n)
{
	static const char zero[XU_TAR_BLOCK];
	char head[XU_TAR_BLOCK];

	ck_assert_int_eq(xu_tar_head(head, name, 0, n), 0);
	xu_buf_add(&tar, head, sizeof(head));
	xu_buf_add(&tar, p, n);
	xu_buf_add(&tar, zero, (XU_TAR_BLOCK - n % XU_TAR_BLOCK) % XU_TAR_BLOCK);
}

static void
put_chunk(unsigned i, bool sha1)
{
	const size_t at = (size_t)i * XVA_CHUNK;
	const size_t n = SIZE - at < XVA_CHUNK ? SIZE - at : XVA_CHUNK;
	char name[40], sum[XVA_SHA1_HEX];

	snprintf(name, sizeof(name), "Ref:4/%08u", i);
	put_file(name, disk + at, n);
	strcat(name, sha1 ? ".checksum" : ".xxhash");
	if (sha1)
		xva_sha1(disk + at, n, sum);
	else
		snprintf(sum, sizeof(sum), "%016llx",
		    (unsigned long long)xva_xxh64(disk + at, n));
	put_file(name, sum, strlen(sum));
}

static void
put_end(void)
{
	static const char zero[2 * XU_TAR_BLOCK];

	xu_buf_add(&tar, zero, sizeof(zero));
}

static void
setup(void)
{
	xu_buf_reset(&tar);
	memset(got, 0, sizeof(got));
	memset(disk, 0, sizeof(disk));
	memset(disk + 2 * (size_t)XVA_CHUNK + 100, 'x', 5000);
	disk[SIZE - 1] = 'e';
	put_file("ova.xml", "<value/>", 8);
}

static void
teardown(void)
{
	xu_buf_fini(&tar);
}

static int
take(void *arg, char *p, size_t n, size_t *some)
{
	(void)arg;
	*some = n < end - offset ? n : end - offset;
	memcpy(p, tar.data + offset, *some);
	offset += *some;
	return 0;
}

static int
put(void *arg, size_t i, const char *p, size_t n, int64_t at)
{
	(void)arg;
	ck_assert_uint_eq(i, 0);
	ck_assert_uint_le((size_t)at + n, SIZE);
	memcpy(got + at, p, n);
	pieces++;
	return 0;
}

/* The first n bytes of the tar; why: of the last one. */
static char why[200];
static enum xva_end
read_part(size_t n)
{
	struct xva_disk d = { .name = "Ref:4", .size = SIZE };
	struct xva x = { .disks = &d, .ndisks = 1, .buf = buf, .read = take,
		.put = put };
	enum xva_end r;

	offset = pieces = 0;
	end = n;
	r = xva_read(&x);
	memcpy(why, x.why, sizeof(why));
	return r;
}

START_TEST(sums)
{
	char hex[XVA_SHA1_HEX];

	/* FIPS 180: its examples. */
	xva_sha1("abc", 3, hex);
	ck_assert_str_eq(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	xva_sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
	    hex);
	ck_assert_str_eq(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	xva_sha1("", 0, hex);
	ck_assert_str_eq(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	/* What xxhsum says of them. */
	ck_assert(xva_xxh64("", 0) == UINT64_C(0xef46db3751d8e999));
	ck_assert(xva_xxh64("a", 1) == UINT64_C(0xd24ec4f1a98c6e5b));
	ck_assert(xva_xxh64("abc", 3) == UINT64_C(0x44bc2cf5ad770999));
}
END_TEST

START_TEST(whole)
{
	for (int sha1 = 0; sha1 < 2; sha1++) {
		setup();
		put_chunk(0, sha1);
		put_chunk(2, sha1);
		put_chunk(3, sha1);
		put_file("checksum.xml", "<value/>", 8);
		put_end();
		ck_assert_msg(read_part(tar.len) == XVA_OK, "%s", why);
		ck_assert_uint_eq(pieces, 3);
		ck_assert_int_eq(memcmp(got, disk, SIZE), 0);
	}
	/* Some end without the two blocks of zeros. */
	ck_assert_int_eq(read_part(tar.len - 2 * XU_TAR_BLOCK), XVA_OK);
}
END_TEST

/* Wherever it is cut, before its last chunk's sum has come. */
START_TEST(torn)
{
	size_t whole_at;

	put_chunk(0, true);
	put_chunk(3, false);
	whole_at = tar.len;
	put_end();
	for (size_t n = 0; n < whole_at; n += n % XU_TAR_BLOCK == 0 ? 7 : 505) {
		enum xva_end r = read_part(n);

		ck_assert_msg(r == XVA_TORN || r == XVA_UNEXPECTED,
		    "%zu of %zu bytes: %d", n, whole_at, r);
		ck_assert_str_ne(why, "");
	}
	ck_assert_int_eq(read_part(whole_at), XVA_OK);
}
END_TEST

START_TEST(damaged)
{
	put_chunk(0, true);
	put_chunk(2, true);
	put_chunk(3, true);
	put_end();
	/* In the second chunk's content; in a header; nothing was put. */
	tar.data[XVA_CHUNK + 4096 + 3000] ^= 1;
	ck_assert_int_eq(read_part(tar.len), XVA_SUMS);
	ck_assert_uint_eq(pieces, 1);
	ck_assert_ptr_nonnull(strstr(why, "Ref:4/00000002"));
	tar.data[2 * XU_TAR_BLOCK + 3] ^= 1;
	ck_assert_int_eq(read_part(tar.len), XVA_BAD);
	ck_assert_uint_eq(pieces, 0);
}
END_TEST

static void
is_refused(enum xva_end want, const char *words)
{
	put_end();
	ck_assert_int_eq(read_part(tar.len), want);
	ck_assert_msg(strstr(why, words) != NULL, "'%s' is not in '%s'", words,
	    why);
	setup();
}

START_TEST(out_of_place)
{
	char name[] = "Ref:4/0000000\001";

	put_chunk(2, true);
	put_chunk(0, true);
	is_refused(XVA_BAD, "Ref:4/00000000 comes twice, or too late");
	put_chunk(0, true);
	put_chunk(0, true);
	is_refused(XVA_BAD, "comes twice");
	put_chunk(0, true);
	is_refused(XVA_TORN, "the last chunk of Ref:4");
	put_file("Ref:4/00000004", disk, 512);
	is_refused(XVA_BAD, "does not fit");
	put_file("Ref:4/00000000", disk, 1000);
	is_refused(XVA_BAD, "does not fit");
	put_file("Ref:4/00000000", disk, XVA_CHUNK + 512);
	is_refused(XVA_BAD, "does not fit");
	put_file("Ref:5/00000000", disk, XVA_CHUNK);
	is_refused(XVA_UNEXPECTED, "a chunk of a disk|Ref:5/00000000");
	put_file("Ref:4/99999999999999999999", disk, 512);
	is_refused(XVA_UNEXPECTED, "|Ref:4/9999");
	put_file(name, disk, 512);
	is_refused(XVA_UNEXPECTED, "|Ref:4/0000000?");
	put_file("Ref:4/00000000", disk, XVA_CHUNK);
	put_file("Ref:4/00000001", disk, XVA_CHUNK);
	is_refused(XVA_UNEXPECTED, "Ref:4/00000000.xxhash|Ref:4/00000001");
	put_file("Ref:4/00000000", disk, XVA_CHUNK);
	put_file("Ref:4/00000000.xxhash", "what", 4);
	is_refused(XVA_SUMS, "Ref:4/00000000 is damaged");
	put_file("Ref:4/00000000", disk, XVA_CHUNK);
	put_file("Ref:4/00000000.checksum", disk, 4000);
	is_refused(XVA_SUMS, "is no checksum");
	/* An empty one is only there so that the line is not silent. */
	put_file("Ref:4/00000000", disk, 0);
	put_file("Ref:4/00000000.checksum",
	    "da39a3ee5e6b4b0d3255bfef95601890afd80709", 40);
	put_chunk(0, true);
	put_chunk(3, true);
	put_end();
	ck_assert_msg(read_part(tar.len) == XVA_OK, "%s", why);
	xu_buf_reset(&tar);
	put_chunk(0, true);
	is_refused(XVA_UNEXPECTED, "ova.xml|Ref:4/00000000");
}
END_TEST

/* ---- packed --------------------------------------------------------------------- */

static int
add(void *arg, const void *p, size_t n)
{
	xu_buf_add(arg, p, n);
	return 0;
}

static void
pack(enum xu_zip kind, const char *p, size_t n, struct xu_buf *out)
{
	struct xu_pack *z = xu_pack_new(kind);

	ck_assert_ptr_nonnull(z);
	for (size_t i = 0; i < n; i += 70001)
		ck_assert_int_eq(xu_pack(z, p + i, n - i < 70001 ? n - i : 70001,
			false, add, out), 0);
	ck_assert_int_eq(xu_pack(z, "", 0, true, add, out), 0);
	xu_pack_free(z);
}

/* -1: it is damaged. */
static int
unpack(const struct xu_buf *b, size_t step, struct xu_buf *out)
{
	struct xu_unpack *z = xu_unpack_new(xu_zip_kind(b->data, b->len));
	const char *p;
	size_t n, some = 1;
	int r = 0;

	ck_assert_ptr_nonnull(z);
	for (size_t i = 0; r == 0 && i < b->len; i += step) {
		p = b->data + i;
		n = b->len - i < step ? b->len - i : step;
		for (some = 1; r == 0 && (n > 0 || some > 0);) {
			r = xu_unpack(z, &p, &n, buf, 1000, &some);
			xu_buf_add(out, buf, some);
		}
	}
	xu_unpack_free(z);
	return r;
}

START_TEST(packed)
{
	static const enum xu_zip kinds[] = { XU_ZIP_NONE, XU_ZIP_GZIP,
		XU_ZIP_ZSTD };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT, out = XU_BUF_INIT;
	const enum xu_zip kind = kinds[_i];

	/* Two streams, one behind the other, as an export has them. */
	pack(kind, disk, SIZE, &b);
	if (kind != XU_ZIP_NONE)
		ck_assert_uint_lt(b.len, SIZE / 100);
	ck_assert_int_eq(xu_zip_kind(b.data, b.len), kind);
	pack(kind, disk, 5, &b);
	for (size_t step = 1; step < 1 << 20; step = step * 1000 + 1) {
		if (kind == XU_ZIP_NONE && step == 1)
			continue;
		xu_buf_reset(&out);
		ck_assert_int_eq(unpack(&b, step, &out), 0);
		ck_assert_uint_eq(out.len, SIZE + 5);
		ck_assert_int_eq(memcmp(out.data, disk, SIZE), 0);
	}
	if (kind == XU_ZIP_NONE)
		return;
	b.data[b.len / 2] ^= 0x55;
	b.data[b.len / 2 + 1] ^= 0x55;
	xu_buf_reset(&out);
	ck_assert(unpack(&b, 4096, &out) < 0 || out.len != SIZE + 5 ||
	    memcmp(out.data, disk, SIZE) != 0);
}
END_TEST

/* ---- ova.xml -------------------------------------------------------------------- */

#define MEMBER(name, value)                                                    \
	"<member><name>" name "</name>" value "</member>"
#define TEXT(name, value)  MEMBER(name, "<value>" value "</value>")
#define STRUCT(inside)	   "<value><struct>" inside "</struct></value>"
#define LIST(inside)	   "<value><array><data>" inside "</data></array></value>"
#define OBJECT(class, id, inside)                                              \
	STRUCT(TEXT("class", class) TEXT("id", id)                             \
	    MEMBER("snapshot", STRUCT(inside)))

static struct xu_val *
objects_of(const char *xml, struct xu_err *e)
{
	size_t n;

	xu_buf_reset(&tar);
	put_file("ova.xml", xml, strlen(xml));
	n = ova_needs(&tar, e);
	ck_assert_uint_eq(n, XU_TAR_BLOCK + strlen(xml));
	return ova_objects(&tar, e);
}

START_TEST(what_it_is)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = objects_of("<?xml version='1.0'?>\n"
	    STRUCT(MEMBER("version", STRUCT(TEXT("export_vsn", "2")))
		MEMBER("objects", LIST(OBJECT("VM", "Ref:0",
		    TEXT("name_label", "a") TEXT("VCPUs_max", "3")
		    TEXT("power_state", "Running") TEXT("unheard_of", "1")
		    TEXT("domain_type", "of_others") TEXT("PV_args", ""))
		    OBJECT("VDI", "Ref:9", TEXT("virtual_size", "4096"))
		    OBJECT("SR", "Ref:2", TEXT("type", "nfs"))
		    OBJECT("network", "Ref:3", TEXT("bridge", "xenbr0"))))),
	    &e);
	const struct xu_val *vm = xu_val_get(xu_val_at(v, 0), "snapshot");

	ck_assert_msg(v != NULL, "%s", e.msg);
	ck_assert_uint_eq(xu_val_count(v), 3);
	/* Typed, and only what an owner says. */
	ck_assert_uint_eq(xu_val_count(vm), 2);
	ck_assert_int_eq(xu_val_get_int(vm, "VCPUs_max", 0), 3);
	ck_assert_str_eq(xu_val_get_str(vm, "name_label", ""), "a");
	ck_assert_int_eq(xu_val_get_int(xu_val_get(xu_val_at(v, 1), "snapshot"),
	    "virtual_size", 0), 4096);
	ck_assert_str_eq(xu_val_get_str(xu_val_get(xu_val_at(v, 2), "snapshot"),
	    "bridge", ""), "xenbr0");
}
END_TEST

START_TEST(what_it_is_not)
{
	static const struct {
		const char *xml, *code, *words;
	} rows[] = {
		{ "<value>", "IMPORT_ERROR", "ova.xml: " },
		{ "<value>x</value>", "IMPORT_ERROR", "no objects" },
		{ STRUCT(MEMBER("objects", LIST(OBJECT("VM", "Ref:0",
		      TEXT("VCPUs_max", "many"))))),
		    "IMPORT_ERROR", "VCPUs_max of the VM Ref:0" },
		{ STRUCT(MEMBER("objects", LIST(STRUCT(TEXT("class", "VM"))))),
		    "IMPORT_ERROR", "no name or no content" },
		{ STRUCT(MEMBER("version", STRUCT(TEXT("export_vsn", "3")))
			MEMBER("objects", LIST(""))),
		    "IMPORT_INCOMPATIBLE_VERSION", "after 2" },
		{ "<!DOCTYPE x [<!ENTITY a 'b'>]><value>&a;</value>",
		    "IMPORT_ERROR", "ova.xml: " },
	};
	struct xu_err e = XU_ERR_INIT;

	ck_assert_ptr_null(objects_of(rows[_i].xml, &e));
	ck_assert_str_eq(e.code, rows[_i].code);
	ck_assert_msg(strstr(e.msg, rows[_i].words) != NULL, "%s", e.msg);
}
END_TEST

START_TEST(not_the_first)
{
	struct xu_err e = XU_ERR_INIT;

	xu_buf_reset(&tar);
	xu_buf_add(&tar, disk, 100);
	ck_assert_uint_eq(ova_needs(&tar, &e), XU_TAR_BLOCK);
	xu_buf_reset(&tar);
	put_file("ova.ovf", "x", 1);
	ck_assert_uint_eq(ova_needs(&tar, &e), 0);
	ck_assert_str_eq(e.code, "IMPORT_ERROR_UNEXPECTED_FILE");
	ck_assert_str_eq(e.params[1], "ova.ovf");
	xu_err_clear(&e);
	xu_buf_reset(&tar);
	xu_buf_add(&tar, disk + 2 * (size_t)XVA_CHUNK + 200, XU_TAR_BLOCK);
	ck_assert_uint_eq(ova_needs(&tar, &e), 0);
	ck_assert_str_eq(e.code, "IMPORT_ERROR");
	xu_err_clear(&e);
	xu_buf_reset(&tar);
	/* More than is kept of one. */
	ck_assert_ptr_nonnull(xu_buf_reserve(&tar, XU_TAR_BLOCK));
	ck_assert_int_eq(xu_tar_head(tar.data, "ova.xml", 0, OVA_MOST + 1), 0);
	tar.len = XU_TAR_BLOCK;
	ck_assert_uint_eq(ova_needs(&tar, &e), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xva");
	TCase *t = tcase_create("xva");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, sums);
	tcase_add_test(t, whole);
	tcase_add_test(t, torn);
	tcase_add_test(t, damaged);
	tcase_add_test(t, out_of_place);
	tcase_add_loop_test(t, packed, 0, 3);
	tcase_add_test(t, what_it_is);
	tcase_add_loop_test(t, what_it_is_not, 0, 6);
	tcase_add_test(t, not_the_first);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
