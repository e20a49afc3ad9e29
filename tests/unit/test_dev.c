/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The device framework over the real xenstored: the test is the backend and the
 * frontend. The devices are empty CD drives, which need nothing of a host.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "screen.h"
#include "vbd.h"
#include "vif.h"
#include "xs_script.h"
#include "xu_log.h"

static pid_t daemon_pid;
static struct core *c;
static struct guest *g;
static struct dev_work work;
/* What the last wait ended with. */
static bool ended;
static struct xu_err end;

#define BACK  "/local/domain/0/backend/vbd/5/"
#define FRONT "/local/domain/5/device/vbd/"
#define HDC   "5632"
#define HDD   "5696"

static void
start_daemon(void)
{
	static char *const argv[] = { (char *)(uintptr_t)XENSTORED,
		(char *)(uintptr_t)"--no-xen", (char *)(uintptr_t)"--no-fork",
		NULL };

	daemon_pid = fork();
	ck_assert_int_ge(daemon_pid, 0);
	if (daemon_pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
}

static struct xs_handle *
open_soon(unsigned long flags)
{
	const struct timespec t = { .tv_nsec = 10000000 };
	struct xs_handle *h;

	for (int i = 0; (h = xs_open(flags | XS_OPEN_SOCKETONLY)) == NULL &&
	    i < 2000; i++)
		nanosleep(&t, NULL);
	ck_assert_msg(h != NULL, "%s", xs_last_error(NULL));
	return h;
}

static void
on_end(void *arg XU_UNUSED, const struct xu_err *e)
{
	ck_assert(!ended);
	ended = true;
	end = (struct xu_err)XU_ERR_INIT;
	if (e != NULL)
		end = *e;
}

static void
on_closed(void *arg)
{
	on_end(arg, NULL);
}

static struct xu_val *
drive(const char *uuid, const char *device)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "device", xu_str(device));
	xu_val_set(v, "type", xu_str("CD"));
	xu_val_set(v, "mode", xu_str("RO"));
	xu_val_set(v, "location", xu_str(""));
	return v;
}

static void
up(void)
{
	struct xu_val *config = xu_struct(), *list = xu_array();
	struct xu_err e = XU_ERR_INIT;

	make_folder();
	setenv("XENSTORED_RUNDIR", dir, 1);
	setenv("XLD_DEVICE_TIMEOUT", "1", 1);
	start_daemon();
	c = calloc(1, sizeof(*c));
	ck_assert_ptr_nonnull(c);
	c->loop = uv_default_loop();
	ck_assert_int_eq(guests_open(c), 0);
	c->vdis = xu_map_new();
	ck_assert_ptr_nonnull(c->vdis);
	c->xs = open_soon(0);
	c->xsw = open_soon(XS_NO_READER_THREAD);
	xu_val_add(list, drive("a", "hdc"));
	xu_val_add(list, drive("b", "hdd"));
	xu_val_set(config, "name_label", xu_str("g"));
	xu_val_set(config, "VBDs", list);
	g = guest_new(c, "11111111-2222-3333-4444-555555555555", config, &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	/* Its record is nobody's business here. */
	g->foreign = true;
	ck_assert_int_eq(guest_set_domid(g, 5, &e), 0);
	work = (struct dev_work){ .guest = g, .resume = on_end };
	ended = false;
}

static void
down(void)
{
	char command[96];

	guests_close(c);
	xu_map_free(&c->vdis);
	while (uv_run(c->loop, UV_RUN_NOWAIT) != 0)
		;
	xs_close(c->xs);
	xs_close(c->xsw);
	free(c);
	kill(daemon_pid, SIGKILL);
	waitpid(daemon_pid, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
set(const char *base, const char *id, const char *leaf, const char *value)
{
	char where[128];

	snprintf(where, sizeof(where), "%s%s/%s", base, id, leaf);
	ck_assert_msg(xs_write(c->xs, 0, where, value, (unsigned)strlen(value)),
	    "%s", xs_last_error(c->xs));
}

static const char *
text_of(const char *base, const char *id, const char *leaf)
{
	static char text[256];
	char where[128], *s;

	snprintf(where, sizeof(where), "%s%s/%s", base, id, leaf);
	s = xs_read(c->xs, 0, where, NULL);
	snprintf(text, sizeof(text), "%s", s != NULL ? s : "-");
	free(s);
	return text;
}

static void
take_events(void)
{
	const struct timespec t = { .tv_nsec = 5000000 };
	char **ev;

	while ((ev = xs_check_watch(c->xsw)) != NULL) {
		ck_assert(dev_event(c, ev[XS_WATCH_PATH]));
		free(ev);
	}
	uv_run(c->loop, UV_RUN_NOWAIT);
	nanosleep(&t, NULL);
}

/* Events until the wait has ended; at most some seconds. */
static void
settle(bool until_end)
{
	for (int i = 0; i < (until_end ? 2000 : 4) && !ended; i++)
		take_events();
	ck_assert_int_eq(ended, until_end);
}

static void
publish(void)
{
	struct xu_err e = XU_ERR_INIT;

	ck_assert_int_eq(dev_prepare(&work, &e), XU_STEP_NEXT);
	ck_assert_msg(dev_publish(&work, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(dev_ready(&work, &e), XU_STEP_WAIT);
}

static void
attached(void)
{
	publish();
	set(BACK, HDC, "state", "2");
	set(BACK, HDD, "state", "4");
	settle(true);
	ck_assert_str_eq(end.msg, "");
	ended = false;
}

static bool
is_gone(const char *base, const char *id)
{
	char where[128];
	unsigned n;
	char **l;

	snprintf(where, sizeof(where), "%s%s", base, id);
	l = xs_directory(c->xs, 0, where, &n);
	free(l);
	return l == NULL;
}

START_TEST(all_at_once)
{
	publish();
	ck_assert_str_eq(text_of(BACK, HDC, "frontend"), FRONT HDC);
	ck_assert_str_eq(text_of(FRONT, HDD, "backend"), BACK HDD);
	ck_assert_str_eq(text_of(FRONT, HDD, "virtual-device"), HDD);
	ck_assert_str_eq(text_of(BACK, HDC, "physical-device"), "-");
	ck_assert_str_eq(text_of("/libxl/5/device/vbd/", HDC, "backend"),
	    BACK HDC);
	set(BACK, HDC, "state", "2");
	settle(false);
	/* The frontend is not waited for, and not believed. */
	set(FRONT, HDD, "state", "4");
	settle(false);
	set(BACK, HDD, "state", "2");
	settle(true);
	ck_assert_str_eq(end.msg, "");
	ck_assert_int_eq(dev_find(c, "a")->phase, DEV_ON);
	ck_assert_int_eq(dev_find(c, "b")->phase, DEV_ON);
}
END_TEST

START_TEST(a_backend_refuses)
{
	publish();
	set("/local/domain/0/error/backend/vbd/5/", HDC, "error",
	    "22 creating vbd structure");
	set(BACK, HDC, "state", "6");
	settle(true);
	ck_assert_str_eq(end.code, "XLD_DEVICE");
	ck_assert_str_eq(end.msg,
	    "disk hdc (empty): the backend has refused it; the backend in "
	    "domain 0 is in state 6 (Closed) and says: 22 creating vbd "
	    "structure");
	dev_withdraw(&work);
	dev_release(&work);
	ck_assert(is_gone(BACK, HDC) && is_gone(FRONT, HDC) &&
	    is_gone("/libxl/5/device/vbd/", HDD));
	ck_assert(is_gone("/local/domain/0/backend", "") &&
	    is_gone("/local/domain/0/error/backend/vbd/5", ""));
	ck_assert_int_eq(dev_find(c, "a")->phase, DEV_OFF);
}
END_TEST

START_TEST(a_backend_never_answers)
{
	publish();
	set(BACK, HDD, "state", "2");
	settle(true);
	ck_assert_str_eq(end.code, "XLD_TIMEOUT");
	ck_assert_ptr_nonnull(strstr(end.msg,
	    "disk hdc (empty): the backend has not taken it within 1 s; the "
	    "backend in domain 0 is in state 1 (Initialising)"));
}
END_TEST

/* What was forced goes even when its backend does not answer. */
START_TEST(closing_by_force)
{
	attached();
	ck_assert(!devs_close(g, on_closed, NULL));
	ck_assert(is_gone(FRONT, HDC) && is_gone(FRONT, HDD));
	ck_assert_str_eq(text_of(BACK, HDD, "online"), "0");
	ck_assert_str_eq(text_of(BACK, HDD, "state"), "5");
	set(BACK, HDC, "state", "6");
	settle(true);
	ck_assert(is_gone(BACK, HDC) && is_gone(BACK, HDD));
	ck_assert_int_eq(dev_find(c, "b")->phase, DEV_OFF);
	ck_assert(dev_event(c, BACK HDC "/state"));
}
END_TEST

/* A guest that does not let go: an error, and the end when it does. */
START_TEST(closing_later)
{
	struct dev *d;

	attached();
	d = dev_find(c, "b");
	dev_detach(d, false, on_end, NULL);
	ck_assert_str_eq(text_of(BACK, HDD, "state"), "5");
	ck_assert_str_eq(text_of(FRONT, HDD, "state"), "1");
	settle(true);
	ck_assert_str_eq(end.code, "XLD_TIMEOUT");
	ck_assert_int_eq(d->phase, DEV_LEAVING);
	ended = false;
	set(BACK, HDD, "state", "6");
	settle(false);
	ck_assert_int_eq(d->phase, DEV_OFF);
	ck_assert(is_gone(BACK, HDD) && !is_gone(BACK, HDC));
}
END_TEST

/* The guest goes while one of its devices is on its way. */
START_TEST(interrupted)
{
	attached();
	dev_detach(dev_find(c, "b"), false, on_end, NULL);
	devs_drop(g);
	ck_assert(ended);
	ck_assert_str_eq(end.msg, "device-closed: 'g' is being destroyed");
	ck_assert(is_gone(BACK, HDC) && is_gone(BACK, HDD));
}
END_TEST

/* A frontend may lie in each of its nodes, and take them away. */
START_TEST(a_frontend_that_lies)
{
	static const char *const leaves[] = { "backend", "backend-id", "state",
		"virtual-device", "device-type", "protocol", "ring-ref",
		"event-channel", "state/x" };
	static const char *const lies[] = { "", "6", "5", "-1",
		"99999999999999999999", "/local/domain/0/backend/vbd/5/5632",
		"/local/domain/0", "\x01\xff\xfe", "%s%n" };

	attached();
	for (size_t i = 0; i < XU_ARRAY_SIZE(leaves); i++)
		for (size_t j = 0; j < XU_ARRAY_SIZE(lies); j++) {
			set(FRONT, HDC, leaves[i], lies[j]);
			settle(false);
		}
	ck_assert(xs_rm(c->xs, 0, FRONT HDC));
	settle(false);
	ck_assert_int_eq(dev_find(c, "a")->phase, DEV_ON);
	ck_assert_int_eq(dev_find(c, "b")->phase, DEV_ON);
	ck_assert(!is_gone(BACK, HDC) && !is_gone(BACK, HDD));
	dev_off(&work);
	ck_assert(is_gone(BACK, HDC) && is_gone(BACK, HDD));
}
END_TEST

/* A guest that sends its backend to and fro is not waited for any longer than another. */
START_TEST(a_backend_to_and_fro)
{
	attached();
	dev_detach(dev_find(c, "b"), false, on_end, NULL);
	for (int i = 0; i < 4000 && !ended; i++) {
		set(BACK, HDD, "state", i % 2 == 0 ? "4" : "5");
		take_events();
	}
	ck_assert(ended);
	ck_assert_str_eq(end.code, "XLD_TIMEOUT");
	ck_assert_int_eq(dev_find(c, "b")->phase, DEV_LEAVING);
}
END_TEST

/* Nor does it fill the log. */
START_TEST(closed_again_and_again)
{
	char name[128], line[512];
	int lines = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s/log", dir);
	ck_assert_int_eq(xu_log_open("xld", name, XU_INFO), 0);
	attached();
	for (int i = 0; i < 40; i++) {
		set(BACK, HDD, "state", i % 2 == 0 ? "6" : "2");
		take_events();
	}
	ck_assert_int_eq(dev_find(c, "b")->phase, DEV_ON);
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL)
		lines += strstr(line, "g: the backend of disk hdd (empty) has "
				      "closed") != NULL;
	fclose(f);
	ck_assert_int_eq(lines, 1);
}
END_TEST

START_TEST(adopted)
{
	struct dev *d = dev_find(c, "a");

	attached();
	/* As a new daemon has them. */
	dev_set(d, "plug", xu_str("on"));
	dev_set(dev_find(c, "b"), "plug", xu_str("arriving"));
	dev_unwatch(d);
	d->phase = DEV_OFF;
	d->domid = NO_DOMID;
	devs_adopt(g);
	ck_assert_int_eq(d->phase, DEV_ON);
	/* Nobody was told of the other. */
	ck_assert_ptr_null(dev_find(c, "b"));
	ck_assert(is_gone(BACK, HDD) && !is_gone(BACK, HDC));
	ck_assert_uint_eq(xu_val_count(xu_val_get(g->config, "VBDs")), 1);
}
END_TEST

START_TEST(entries)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = drive("c", "xvda");
	struct dev *d;

	ck_assert_ptr_nonnull(dev_add(g, &vbd_class, drive("c", "22"), &e));
	ck_assert_ptr_null(dev_add(g, &vbd_class, drive("d", "hdc"), &e));
	ck_assert_str_eq(e.code, "DEVICE_ALREADY_EXISTS");
	xu_err_clear(&e);
	xu_val_set(v, "type", xu_str("Disk"));
	ck_assert_ptr_null(dev_add(g, &vbd_class, v, &e));
	ck_assert_str_eq(e.msg,
	    "location '': only a CD drive may be empty");
	xu_err_clear(&e);
	ck_assert_ptr_null(dev_add(g, &vbd_class, drive("e", "vda"), &e));
	d = dev_add(g, &vbd_class, drive("f", "xvdc"), &e);
	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(d->id, 51744);
	ck_assert_uint_eq(xu_val_count(xu_val_get(g->config, "VBDs")), 4);
	dev_set(d, "plug", xu_str("on"));
	ck_assert_str_eq(dev_str(d, "plug"), "on");
	dev_remove(d);
	ck_assert_ptr_null(dev_find(c, "f"));
	ck_assert_uint_eq(xu_val_count(xu_val_get(g->config, "VBDs")), 3);
}
END_TEST

#define VBACK  "/local/domain/0/backend/vif/5/"
#define VFRONT "/local/domain/5/device/vif/"

/* Its nodes; there is no netlink here, so it cannot join anything. */
START_TEST(an_interface)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v = xu_struct();
	char mac[XU_MAC_TEXT];
	struct dev *d;

	xu_val_set(v, "uuid", xu_str("n"));
	xu_val_set(v, "device", xu_str("eth7"));
	xu_val_set(v, "script", xu_str("vif-route"));
	ck_assert_ptr_null(dev_add(g, &vif_class, xu_val_copy(v), &e));
	ck_assert_ptr_nonnull(strstr(e.msg, "addresses must be given"));
	xu_err_clear(&e);
	xu_val_set(v, "ip", xu_str("10.0.0.2"));
	xu_val_set(v, "rate", xu_str("10Mb/s"));
	xu_val_set(v, "MTU", xu_int(1400));
	d = dev_add(g, &vif_class, v, &e);
	ck_assert_msg(d != NULL, "%s", e.msg);
	ck_assert_uint_eq(d->id, 7);
	/* Version 5 (RFC 4122) of the guest's uuid and "vif 7", bytes 3 to 5. */
	vif_mac(d, mac);
	ck_assert_str_eq(mac, "00:16:3e:69:a9:c2");
	work.only = d;
	ck_assert_int_eq(dev_prepare(&work, &e), XU_STEP_NEXT);
	ck_assert_msg(dev_publish(&work, &e) == 0, "%s", e.msg);
	ck_assert_int_eq(dev_ready(&work, &e), XU_STEP_WAIT);
	ck_assert_str_eq(text_of(VBACK, "7", "mac"), mac);
	ck_assert_str_eq(text_of(VBACK, "7", "handle"), "7");
	ck_assert_str_eq(text_of(VBACK, "7", "rate"), "62500,50000");
	ck_assert_str_eq(text_of(VBACK, "7", "ip"), "10.0.0.2");
	ck_assert_str_eq(text_of(VBACK, "7", "type"), "vif");
	ck_assert_str_eq(text_of(VBACK, "7", "mtu"), "1400");
	ck_assert_str_eq(text_of(VBACK, "7", "hotplug-status"), "-");
	ck_assert_str_eq(text_of(VFRONT, "7", "mac"), mac);
	ck_assert_str_eq(text_of(VFRONT, "7", "trusted"), "1");
	set(VBACK, "7", "state", "2");
	settle(true);
	ck_assert_str_eq(end.code, "XLD_DEVICE");
	ck_assert_ptr_nonnull(strstr(end.msg, "look for vif5.7: "));
	dev_withdraw(&work);
	dev_release(&work);
	ck_assert(is_gone(VBACK, "7") && is_gone(VFRONT, "7"));
}
END_TEST

#define SBACK  "/local/domain/0/backend/"
#define SFRONT "/local/domain/5/device/"

static void
platform(const char *vnc)
{
	struct xu_val *map = xu_struct();

	if (vnc != NULL)
		xu_val_set(map, "vnc", xu_str(vnc));
	xu_val_set(map, "vnc_password", xu_str("geheim"));
	xu_val_set(map, "keymap", xu_str("de"));
	xu_val_set(map, "videoram", xu_str("8"));
	xu_val_set(g->config, "platform", map);
	xu_val_set(g->config, "domain_type", xu_str("pvh"));
}

/* A screen follows from the config, and brings a keyboard: one device, two kinds of
 * nodes. (No QEMU is there: its steps are qdisk.c's.) */
START_TEST(a_screen)
{
	struct xu_err e = XU_ERR_INIT;
	struct dev *d;

	platform(NULL);
	ck_assert_int_eq(screen_settle(g, &e), 0);
	ck_assert_ptr_null(dev_by_id(g, &vfb_class, 0));
	platform("10.0.0.1:7");
	ck_assert_int_eq(screen_settle(g, &e), 0);
	ck_assert_int_eq(screen_settle(g, &e), 0);
	d = dev_by_id(g, &vfb_class, 0);
	ck_assert_ptr_nonnull(d);
	ck_assert_ptr_null(screen_of(g));
	ck_assert_ptr_null(dev_entry(d));
	work.only = d;
	d->phase = DEV_ARRIVING;
	d->domid = 5;
	ck_assert_ptr_eq(screen_of(g), d);
	ck_assert_msg(dev_write(&work, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "vnc"), "1");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "vnclisten"), "10.0.0.1");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "vncdisplay"), "7");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "keymap"), "de");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "videoram"), "8");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "vncpasswd"), "-");
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "frontend"),
	    SFRONT "vfb/0");
	ck_assert_str_eq(text_of(SFRONT, "vfb/0", "videoram"), "8");
	ck_assert_str_eq(text_of(SFRONT, "vfb/0", "vnclisten"), "-");
	ck_assert_str_eq(text_of(SBACK, "vkbd/5/0", "frontend"),
	    SFRONT "vkbd/0");
	ck_assert_str_eq(text_of(SBACK, "vkbd/5/0", "vnc"), "-");
	ck_assert_str_eq(text_of(SBACK, "vkbd/5/0", "state"), "1");
	ck_assert_str_eq(text_of(SFRONT, "vkbd/0", "backend"),
	    SBACK "vkbd/5/0");
	/* Its QEMU is no more: whatever the nodes say, it is closed. */
	set(SBACK, "vfb/5/0", "state", "4");
	dev_look(d);
	ck_assert_uint_eq(d->back, BUS_CLOSED);
	d->phase = DEV_ON;
	xu_err_set(&e, "XLD_HELPER", 0, "it was shot");
	screen_told(g, &e);
	ck_assert_str_eq(text_of(SBACK, "vfb/5/0", "state"), "6");
	ck_assert_str_eq(text_of(SBACK, "vkbd/5/0", "state"), "6");
	d->phase = DEV_LEAVING;
	ck_assert_int_eq(dev_write_closing(&work, true, &e), 0);
	ck_assert(is_gone(SFRONT, "vfb/0") && is_gone(SFRONT, "vkbd/0"));
	dev_erase(&work);
	ck_assert(is_gone(SBACK, "vfb") && is_gone(SBACK, "vkbd"));
	d->phase = DEV_OFF;
	platform(NULL);
	ck_assert_int_eq(screen_settle(g, &e), 0);
	ck_assert_ptr_null(dev_by_id(g, &vfb_class, 0));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("devices");
	TCase *t = tcase_create("life");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, up, down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, all_at_once);
	tcase_add_test(t, a_backend_refuses);
	tcase_add_test(t, a_backend_never_answers);
	tcase_add_test(t, closing_by_force);
	tcase_add_test(t, closing_later);
	tcase_add_test(t, interrupted);
	tcase_add_test(t, an_interface);
	tcase_add_test(t, a_screen);
	tcase_add_test(t, a_frontend_that_lies);
	tcase_add_test(t, a_backend_to_and_fro);
	tcase_add_test(t, closed_again_and_again);
	tcase_add_test(t, adopted);
	tcase_add_test(t, entries);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
