/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device model is told, word for word, and the protocol it is spoken to
 * by, against a peer that is sometimes mad.
 */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dm.h"
#include "qmp.h"
#include "xu_proc.h"

/* ---- words ---------------------------------------------------------------------- */

static struct xu_val *
machine(void)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "name_label", xu_str("web,1"));
	xu_val_set(v, "memory_static_max", xu_int(INT64_C(256) << 20));
	xu_val_set(v, "VCPUs_max", xu_int(4));
	xu_val_set(v, "VCPUs_at_startup", xu_int(2));
	xu_val_set(v, "PV_args", xu_str("console=ttyS0 x=\"a b\""));
	xu_val_set(v, "platform", xu_struct());
	xu_val_set(v, "HVM_boot_params", xu_struct());
	return v;
}

static void
option(struct xu_val *v, const char *map, const char *key, const char *value)
{
	struct xu_val *m = xu_val_copy(xu_val_get(v, map));

	xu_val_set(m, key, xu_str(value));
	xu_val_set(v, map, m);
}

static char *
words_of(const struct xu_val *v, int kernel, int ramdisk)
{
	struct dm_plan p = { .program = "/qemu",
		.domid = 7,
		.root = "/empty",
		.fds = { 3, kernel, ramdisk } };
	struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char **args;

	ck_assert_msg(dm_plan_from(v, &p, &e) == 0, "%s", e.msg);
	args = dm_args(&p);
	ck_assert_ptr_nonnull(args);
	for (char **a = args; *a != NULL; a++)
		xu_buf_addf(&b, "%s%s", a == args ? "" : "|", *a);
	dm_args_free(args);
	return xu_buf_steal(&b);
}

#define CONFINED                                                               \
	"/qemu|-xen-domid|7|-no-user-config|-nodefaults|"                      \
	"-xen-domid-restrict|-sandbox|on,obsolete=deny,"                       \
	"elevateprivileges=allow,spawn=deny,resourcecontrol=deny|-runas|"      \
	"1879048199:1879048199|-chroot|/empty|-name|guest=web,,1|-chardev|"    \
	"socket,id=qmp,fd=3,server=on,wait=off|-mon|chardev=qmp,mode=control|"

START_TEST(words)
{
	AUTO_VAL struct xu_val *v = machine();
	AUTO_FREE char *plain = words_of(v, -1, -1), *full = NULL;

	ck_assert_str_eq(plain, CONFINED
	    "-machine|xenfv,suppress-vmdesc=on,usb=off|-m|248|-smp|2,maxcpus=4|"
	    "-boot|order=cda|-net|none|-device|cirrus-vga,vgamem_mb=8|-display|"
	    "none");
	option(v, "platform", "vga", "std");
	option(v, "platform", "platform_pci", "0");
	option(v, "platform", "usb", "1");
	option(v, "platform", "usb_tablet", "1");
	option(v, "platform", "vnc", "127.0.0.1:3");
	option(v, "platform", "vnc_unused", "0");
	option(v, "HVM_boot_params", "order", "d");
	full = words_of(v, 4, 5);
	ck_assert_str_eq(full, CONFINED
	    "-machine|pc,accel=xen,suppress-vmdesc=on,usb=on|-m|240|-smp|"
	    "2,maxcpus=4|-boot|order=d|-net|none|-device|usb-tablet|-device|"
	    "VGA,vgamem_mb=16|-display|none|-vnc|127.0.0.1:3|-kernel|"
	    "/proc/self/fd/4|-initrd|/proc/self/fd/5|-append|"
	    "console=ttyS0 x=\"a b\"");
}
END_TEST

START_TEST(no_screen)
{
	AUTO_VAL struct xu_val *v = machine();
	AUTO_FREE char *text = NULL;

	option(v, "platform", "vga", "none");
	ck_assert_uint_eq(dm_video_mib(v), 0);
	text = words_of(v, -1, -1);
	ck_assert_ptr_null(strstr(text, "vga"));
	ck_assert_ptr_nonnull(strstr(text, "|-m|256|"));
	option(v, "platform", "vga", "cirrus");
	option(v, "platform", "videoram", "32");
	ck_assert_uint_eq(dm_video_mib(v), 32);
	option(v, "platform", "videoram", "1");
	ck_assert_uint_eq(dm_video_mib(v), 8);
}
END_TEST

START_TEST(bad_boot_order)
{
	AUTO_VAL struct xu_val *v = machine();
	struct dm_plan p = { .program = "/qemu" };
	struct xu_err e = XU_ERR_INIT;

	option(v, "HVM_boot_params", "order", "cx");
	ck_assert_int_eq(dm_plan_from(v, &p, &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	ck_assert_ptr_nonnull(strstr(e.msg, "'cx'"));
}
END_TEST

/* ---- the protocol ----------------------------------------------------------------- */

static struct talk {
	struct qmp *q;
	/* The other end. */
	int fd;
	unsigned ready, lost, events, done, failed;
	char why[XU_ERR_MSG_MAX], name[64], word[64];
} talk;

static void
on_ready(void *arg)
{
	((struct talk *)arg)->ready++;
}

static void
on_event(void *arg, const char *name, const struct xu_val *data)
{
	struct talk *t = arg;

	t->events++;
	snprintf(t->name, sizeof(t->name), "%s", name);
	snprintf(t->word, sizeof(t->word), "%s",
	    xu_val_get_str(data, "word", ""));
}

static void
on_lost(void *arg, const struct xu_err *e)
{
	struct talk *t = arg;

	t->lost++;
	snprintf(t->why, sizeof(t->why), "%s", e->msg);
}

static void
on_done(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct talk *t = arg;

	t->done += e == NULL;
	t->failed += e != NULL;
	snprintf(t->why, sizeof(t->why), "%s", e != NULL ? e->msg : "");
	snprintf(t->word, sizeof(t->word), "%s",
	    xu_val_get_str(ret, "status", ""));
}

static void
talk_up(void)
{
	const struct qmp_events ev = { on_ready, on_event, on_lost, &talk };
	struct xu_err e = XU_ERR_INIT;
	int sv[2];

	memset(&talk, 0, sizeof(talk));
	ck_assert_int_eq(xu_socketpair(sv, true), 0);
	talk.fd = sv[1];
	talk.q = qmp_open(uv_default_loop(), sv[0], &ev, &e);
	ck_assert_ptr_nonnull(talk.q);
}

static void
talk_down(void)
{
	qmp_close(talk.q);
	if (talk.fd >= 0)
		close(talk.fd);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

/* The peer says it, and we hear it. */
static void
says(const char *text)
{
	ck_assert_int_eq(write(talk.fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

static const char *
heard(void)
{
	static char text[4096];
	ssize_t n;

	uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	n = read(talk.fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

#define GREETING "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"

static void
greet(void)
{
	says(GREETING);
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	ck_assert_uint_eq(talk.ready, 0);
	says("{\"return\": {}, \"id\": 1}\r\n");
	ck_assert_uint_eq(talk.ready, 1);
}

START_TEST(a_talk)
{
	struct xu_val *args = xu_struct();

	greet();
	xu_val_set(args, "x", xu_str("y"));
	ck_assert(qmp_call(talk.q, "query-status", args, on_done, &talk));
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"query-status\",\"arguments\":{\"x\":\"y\"},\"id\":2}\n"
	    "{\"execute\":\"quit\",\"id\":3}\n");
	/* In pieces, with an event between. */
	says("{\"return\": {\"status\": \"run");
	ck_assert_uint_eq(talk.done, 0);
	says("ning\"}, \"id\": 2}\r\n{\"event\": \"STOP\", \"data\": "
	     "{\"word\": \"w\"}, \"timestamp\": {}}\r\n\r\n");
	ck_assert_uint_eq(talk.done, 1);
	ck_assert_str_eq(talk.name, "STOP");
	ck_assert_str_eq(talk.word, "w");
	says("{\"id\": 3, \"error\": {\"class\": \"G\", \"desc\": \"no way\"}}\n");
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_str_eq(talk.why, "the device model: no way");
	ck_assert_uint_eq(talk.lost, 0);
}
END_TEST

START_TEST(hangs_up)
{
	greet();
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	close(talk.fd);
	talk.fd = -1;
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_ptr_nonnull(strstr(talk.why, "hung up"));
	ck_assert(!qmp_call(talk.q, "quit", NULL, on_done, &talk));
}
END_TEST

static const struct {
	const char *text, *why;
} mad[] = {
	{ "hello\n", "not JSON" },
	{ "[1]\n", "not JSON" },
	{ "{\"return\": {}, \"id\": 9}\n", "not asked" },
	{ "{\"return\": {}}\n", "not asked" },
	{ "{\"a\":\n", "not JSON" },
};

START_TEST(nonsense)
{
	greet();
	ck_assert(qmp_call(talk.q, "quit", NULL, on_done, &talk));
	says(mad[_i].text);
	ck_assert_uint_eq(talk.failed, 1);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_msg(strstr(talk.why, mad[_i].why) != NULL, "%s", talk.why);
}
END_TEST

/* What nobody waits for changes nothing. */
START_TEST(unasked)
{
	says("{\"return\": {}, \"id\": 1}\n");
	ck_assert_uint_eq(talk.lost, 0);
	says(GREETING GREETING);
	ck_assert_str_eq(heard(),
	    "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
}
END_TEST

START_TEST(never_ends)
{
	char piece[1025];

	memset(piece, 'x', 1024);
	piece[1024] = '\0';
	for (int i = 0; i < 1025 && talk.lost == 0; i++)
		says(piece);
	ck_assert_uint_eq(talk.lost, 1);
	ck_assert_ptr_nonnull(strstr(talk.why, "too much"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("device model");
	TCase *t = tcase_create("words"), *p = tcase_create("protocol");
	SRunner *r;
	int failed;

	tcase_add_test(t, words);
	tcase_add_test(t, no_screen);
	tcase_add_test(t, bad_boot_order);
	tcase_add_checked_fixture(p, talk_up, talk_down);
	tcase_add_test(p, a_talk);
	tcase_add_test(p, hangs_up);
	tcase_add_loop_test(p, nonsense, 0, XU_ARRAY_SIZE(mad));
	tcase_add_test(p, unasked);
	tcase_add_test(p, never_ends);
	suite_add_tcase(s, t);
	suite_add_tcase(s, p);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
