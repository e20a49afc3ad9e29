/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a device model is told, word for word, and the protocol it is spoken to
 * by, against a peer that is sometimes mad.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"
#include "dm.h"
#include "qdisk.h"
#include "qemu.h"
#include "qmp.h"
#include "vm_hvm.h"
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
		.fds = { 3, kernel, ramdisk, -1 } };
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
	"/qemu|-xen-domid|7|-no-user-config|-nodefaults|-runas|"                \
	"1879048199:1879048199|-chroot|/empty|-xen-domid-restrict|-name|guest=web,,1|-chardev|"    \
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
	option(v, "platform", "vnc_password", "secret");
	option(v, "platform", "keymap", "de");
	option(v, "platform", "soundhw", "hda");
	option(v, "platform", "device_model_args", "-d\n\nin_asm, x");
	option(v, "HVM_boot_params", "order", "d");
	full = words_of(v, 4, 5);
	ck_assert_str_eq(full, CONFINED
	    "-machine|pc,accel=xen,suppress-vmdesc=on,usb=on|-m|240|-smp|"
	    "2,maxcpus=4|-boot|order=d|-net|none|-device|usb-tablet|"
	    "-device|VGA,vgamem_mb=16|-audiodev|none,id=sound|-device|"
	    "intel-hda|-device|hda-duplex,audiodev=sound|-display|none|"
	    "-vnc|127.0.0.1:3,password=on,audiodev=sound|-k|de|-kernel|"
	    "/proc/self/fd/4|-initrd|/proc/self/fd/5|-append|"
	    "console=ttyS0 x=\"a b\"|-d|in_asm, x");
	/* It is told by QMP, never where ps shows it. */
	ck_assert_ptr_null(strstr(full, "secret"));
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

START_TEST(serial_line)
{
	AUTO_VAL struct xu_val *v = machine();
	struct dm_plan p = { .program = "/qemu",
		.root = "/empty",
		.serial = "/run/a,b",
		.fds = { 3, -1, -1, -1 } };
	struct xu_err e = XU_ERR_INIT;
	char **args, **a;

	ck_assert_int_eq(dm_plan_from(v, &p, &e), 0);
	a = args = dm_args(&p);
	while (*a != NULL && strncmp(*a, "pipe", 4) != 0)
		a++;
	ck_assert_ptr_nonnull(*a);
	ck_assert_str_eq(a[0], "pipe,id=serial0,path=/run/a,,b");
	ck_assert_str_eq(a[1], "-serial");
	ck_assert_str_eq(a[2], "chardev:serial0");
	dm_args_free(args);
}
END_TEST

/* What a device model goes on from, and a board without ACPI. */
START_TEST(incoming)
{
	AUTO_VAL struct xu_val *v = machine();
	struct dm_plan p = { .program = "/qemu",
		.root = "/empty",
		.fds = { 3, -1, -1, 4 } };
	struct xu_err e = XU_ERR_INIT;
	size_t n = 0, machine_at = 0;
	char **args;

	option(v, "platform", "acpi", "0");
	ck_assert_int_eq(dm_plan_from(v, &p, &e), 0);
	for (args = dm_args(&p); args[n] != NULL; n++)
		if (strcmp(args[n], "-machine") == 0)
			machine_at = n + 1;
	ck_assert_str_eq(args[n - 2], "-incoming");
	ck_assert_str_eq(args[n - 1], "fd:4");
	ck_assert_str_eq(args[machine_at],
	    "xenfv,suppress-vmdesc=on,usb=off,acpi=off");
	dm_args_free(args);
}
END_TEST

START_TEST(nics)
{
	AUTO_VAL struct xu_val *v = machine();
	struct dm_plan p = { .program = "/qemu",
		.root = "/empty",
		.nics = { { 0, "00:16:3e:01:02:03", "e1000", 5 },
		    { 3, "00:16:3e:01:02:04", "virtio-net-pci", 6 } },
		.nnics = 2,
		.fds = { 3, -1, -1, -1 } };
	struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char **args;

	ck_assert_int_eq(dm_plan_from(v, &p, &e), 0);
	args = dm_args(&p);
	for (char **a = args; *a != NULL; a++)
		xu_buf_addf(&b, "%s|", *a);
	ck_assert_msg(strstr(xu_buf_text(&b),
	    "|-netdev|tap,id=net0,fd=5,vhost=off|-device|e1000,id=nic0,"
	    "netdev=net0,mac=00:16:3e:01:02:03,romfile=|"
	    "-netdev|tap,id=net3,fd=6,vhost=off|-device|virtio-net-pci,id=nic3,"
	    "netdev=net3,mac=00:16:3e:01:02:04,romfile=|") != NULL, "%s",
	    xu_buf_text(&b));
	dm_args_free(args);
	xu_buf_fini(&b);
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

/* What serves disks: no machine, no screen, its files by their sets. */
START_TEST(disk_words)
{
	const struct qdisk_plan p = { .program = "/qemu",
		.domid = 7,
		.name = "a,b",
		.root = "/empty",
		.uid = 77,
		.qmp = 3,
		.disks = { { 4, 0 }, { 5, QDISK_SETS } },
		.n = 2 };
	char **args = qdisk_args(&p);
	struct xu_buf b = XU_BUF_INIT;

	ck_assert_ptr_nonnull(args);
	for (char **a = args; *a != NULL; a++)
		xu_buf_addf(&b, "%s|", *a);
	ck_assert_str_eq(xu_buf_text(&b),
	    "/qemu|-xen-domid|7|-no-user-config|-nodefaults|-runas|77:77|"
	    "-chroot|/empty|-name|guest=a,,b|-chardev|"
	    "socket,id=qmp,fd=3,server=on,wait=off|-mon|"
	    "chardev=qmp,mode=control|-xen-attach|-machine|xenpv|-display|none|"
	    "-add-fd|fd=4,set=0|-add-fd|fd=5,set=128|");
	free(xu_buf_steal(&b));
	dm_args_free(args);
}
END_TEST

/* The same process with the screen of a guest; its password is in no word. */
START_TEST(screen_words)
{
	AUTO_VAL struct xu_val *v = machine();
	struct qdisk_plan p = { .program = "/qemu", .name = "a",
		.root = "/empty", .qmp = 3 };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char **args;

	option(v, "platform", "vnc", "[::1]:7");
	option(v, "platform", "vnc_unused", "1");
	option(v, "platform", "vnc_password", "geheim");
	option(v, "platform", "keymap", "fr");
	p.vnc = vnc_of(v);
	args = qdisk_args(&p);
	ck_assert_ptr_nonnull(args);
	for (char **a = args; *a != NULL; a++)
		xu_buf_addf(&b, "%s|", *a);
	ck_assert_msg(strstr(xu_buf_text(&b), "|-xen-attach|-machine|xenpv|"
	    "-display|none|-vnc|[::1]:7,to=99,password=on|-k|fr|") != NULL,
	    "%s", xu_buf_text(&b));
	ck_assert_ptr_null(strstr(xu_buf_text(&b), "geheim"));
	dm_args_free(args);
}
END_TEST

/* ---- the walls ---------------------------------------------------------------------- */

static void *
thread(void *arg)
{
	*(bool *)arg = true;
	return NULL;
}

/* The status tells which wall is not there; 0 = all are. */
static int
within(void)
{
	const struct dm_plan p = { .vnc = { .address = NULL } };
	struct rlimit core;
	bool ran = false;
	pthread_t t;

	if (dm_confine(&p) < 0)
		return 1;
	if (fork() >= 0 || errno != EPERM)
		return 2;
	if (pthread_create(&t, NULL, thread, &ran) != 0 ||
	    pthread_join(t, NULL) != 0 || !ran)
		return 3;
	if (unshare(CLONE_NEWNS) == 0 || errno != EPERM)
		return 4;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
		return 5;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 6;
	/* What QEMU does after it. */
	if (chroot("/") < 0 && geteuid() == 0)
		return 7;
	if (setuid(geteuid()) < 0 || open("/dev/null", O_RDONLY) < 0)
		return 8;
	return 0;
}

START_TEST(walls)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(within());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* ---- the serial line ------------------------------------------------------------------ */

static void
turns(void)
{
	for (int i = 0; i < 5; i++)
		uv_run(uv_default_loop(), UV_RUN_NOWAIT);
}

/* The device model's side of a line: what it would open. */
START_TEST(line)
{
	struct core c = { .loop = uv_default_loop() };
	struct console *s = calloc(1, sizeof(*s));
	/* Foreign: there is no record of it. */
	struct guest g = { .core = &c, .console = s, .foreign = true };
	struct xu_err e = XU_ERR_INIT;
	char dir[] = "/tmp/line.XXXXXX", path[64], end[80], text[16] = "";
	int to_us, from_us, viewer;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	s->guest = &g;
	s->log = -1;
	xu_list_init(&s->viewers);
	uv_timer_init(c.loop, &s->timer);
	uv_timer_init(c.loop, &c.silence_timer);
	ck_assert_msg(console_serial_open(&g, path, true, &e) == 0, "%s", e.msg);
	snprintf(end, sizeof(end), "%s.out", path);
	to_us = open(end, O_RDWR);
	snprintf(end, sizeof(end), "%s.in", path);
	from_us = open(end, O_RDWR | O_NONBLOCK);
	ck_assert(to_us >= 0 && from_us >= 0);
	ck_assert_int_eq(write(to_us, "login: ", 7), 7);
	turns();
	ck_assert_uint_eq(s->said.total, 7);
	ck_assert_int_eq(memcmp(s->said.ring, "login: ", 7), 0);
	/* It spoke last, so the answer is its. */
	viewer = console_open(&g, false, false, &e);
	ck_assert_int_ge(viewer, 0);
	ck_assert_int_eq(write(viewer, "root\n", 5), 5);
	turns();
	ck_assert_uint_eq(s->in_len, 0);
	ck_assert_int_eq(read(from_us, text, sizeof(text)), 5);
	ck_assert_str_eq(text, "root\n");
	/* Xen's console has spoken since, here or in the domain it was saved in. */
	console_spoke(s, true);
	ck_assert(g.on_ring && s->moved);
	ck_assert_int_eq(write(viewer, "root\n", 5), 5);
	turns();
	ck_assert_uint_eq(s->in_len, 0);
	ck_assert_int_eq(read(from_us, text, sizeof(text)), -1);
	/* Beyond its share it waits; what is left at the end is taken. */
	s->budget = CONSOLE_BUDGET;
	ck_assert_int_eq(write(to_us, "bye", 3), 3);
	turns();
	ck_assert_uint_eq(s->said.total, 7);
	console_serial_close(s);
	ck_assert_uint_eq(s->said.total, 10);
	g.on_ring = true;
	ck_assert_ptr_null(s->serial);
	/* Another xld finds the same line, and what was said in between. */
	ck_assert_int_eq(write(to_us, "!", 1), 1);
	ck_assert_int_eq(console_serial_open(&g, path, false, &e), 0);
	ck_assert(g.on_ring);
	turns();
	ck_assert_uint_eq(s->said.total, 11);
	ck_assert(!g.on_ring);
	console_serial_close(s);
	close(viewer);
	turns();
	ck_assert_uint_eq(s->nviewers, 0);
	console_serial_remove(path);
	ck_assert_int_eq(rmdir(dir), 0);
	close(to_us);
	close(from_us);
	uv_close((uv_handle_t *)&s->timer, NULL);
	uv_close((uv_handle_t *)&c.silence_timer, NULL);
	uv_run(c.loop, UV_RUN_DEFAULT);
	history_free(&s->said);
	free(s);
}
END_TEST

/* ---- Hyper-V ---------------------------------------------------------------------------- */

static const struct {
	const char *words;
	uint32_t minor;
	/* params.h; 0 with a reason: refused. */
	uint64_t mask;
	const char *reason;
} viridians[] = {
	{ "", 17, 0, NULL },
	{ "base", 17, 0x3, NULL },
	{ "base freq", 17, 0x1, NULL },
	{ "defaults", 17, 0x19e5, NULL },
	{ "defaults", 14, 0x1e5, NULL },
	{ "all", 14, 0x7fd, NULL },
	{ "all", 20, 0x1ffd, NULL },
	{ "all !freq", 20, 0x1fff, NULL },
	{ "defaults !stimer", 17, 0x1865, NULL },
	{ "base !base", 17, 0, NULL },
	{ "!cpu_hotplug base freq", 14, 1, NULL },
	{ "freq", 17, 0, "need the group base" },
	{ "base cpu_hotplug", 14, 0, "does not have" },
	{ "base nonsense", 17, 0, "not a group" },
};

START_TEST(viridian)
{
	const struct xc_version xen = { .major = 4,
		.minor = viridians[_i].minor };
	struct xu_err e = XU_ERR_INIT;
	uint64_t mask = 0;
	int r = hvm_viridian(viridians[_i].words, &xen, &mask, &e);

	if (viridians[_i].reason == NULL) {
		ck_assert_msg(r == 0, "%s", e.msg);
		ck_assert_uint_eq(mask, viridians[_i].mask);
	} else {
		ck_assert_int_eq(r, -1);
		ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
		ck_assert_msg(strstr(e.msg, viridians[_i].reason) != NULL,
		    "%s", e.msg);
	}
}
END_TEST

static const struct {
	const char *key, *value;
} bad_platform[] = {
	{ "keymap", "../../etc/passwd" },
	{ "keymap", "abcdefghijklmnopq" },
	{ "vnc_password", "123456789" },
	{ "vnc", "127.0.0.1" },
	{ "vnc", ":0" },
	{ "vnc", "0.0.0.0:1,websocket=on" },
	{ "vnc", "unix:1" },
	{ "vnc", "0.0.0.0:1x" },
	{ "viridian", "x" },
};

START_TEST(platform_refused)
{
	const struct core c = { .version = { .major = 4, .minor = 17 } };
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;

	xu_val_set(v, "vnc", xu_str("[::1]:12"));
	xu_val_set(v, "keymap", xu_str("en-us"));
	xu_val_set(v, "vnc_password", xu_str("12345678"));
	ck_assert_msg(hvm_check(&c, v, &e) == 0, "%s", e.msg);
	xu_val_set(v, bad_platform[_i].key, xu_str(bad_platform[_i].value));
	ck_assert_int_eq(hvm_check(&c, v, &e), -1);
	ck_assert_str_eq(e.code, "VALUE_NOT_SUPPORTED");
	ck_assert_ptr_null(strstr(e.msg, "123456789"));
}
END_TEST

/* ---- its end ------------------------------------------------------------------------ */

/* A device model that does not listen when it is told to end, of a guest that goes:
 * neither does it outlive the daemon. */
START_TEST(orphan)
{
	struct core c = { .loop = uv_default_loop() };
	struct guest g = { .core = &c, .domid = 7, .config = xu_struct() };
	AUTO_VAL struct xu_val *record = xu_struct();
	unsigned long long born = 0;
	char path[64], word[16];
	int p[2];
	pid_t pid;
	FILE *f;

	xu_list_init(&c.qemu_orphans);
	ck_assert_int_eq(pipe(p), 0);
	pid = fork();
	if (pid == 0) {
		signal(SIGTERM, SIG_IGN);
		(void)!write(p[1], "x", 1);
		for (;;)
			pause();
	}
	ck_assert_int_eq(read(p[0], word, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fscanf(f,
	    "%*d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %*s %llu", &born), 1);
	fclose(f);
	xu_val_set(g.config, "name_label", xu_str("orphan"));
	xu_val_set(record, "dm_pid", xu_int(pid));
	xu_val_set(record, "dm_born", xu_int((int64_t)born));
	ck_assert(dm_adopt(&g, record));
	ck_assert_int_eq(dm_pid(&g), pid);
	dm_stop(&g, NULL, NULL);
	dm_forget(&g);
	ck_assert_int_eq(dm_pid(&g), 0);
	ck_assert_int_eq(kill(pid, 0), 0);
	ck_assert(!xu_list_empty(&c.qemu_orphans));
	qemu_orphans_close(&c);
	ck_assert(xu_list_empty(&c.qemu_orphans));
	ck_assert_int_eq(kill(pid, 0), -1);
	uv_run(c.loop, UV_RUN_DEFAULT);
	xu_val_free(g.config);
	close(p[0]);
	close(p[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("device model");
	TCase *t = tcase_create("words");
	SRunner *r;
	int failed;

	tcase_add_test(t, words);
	tcase_add_test(t, disk_words);
	tcase_add_test(t, screen_words);
	tcase_add_test(t, no_screen);
	tcase_add_test(t, serial_line);
	tcase_add_test(t, nics);
	tcase_add_test(t, incoming);
	tcase_add_test(t, bad_boot_order);
	tcase_add_test(t, walls);
	tcase_add_test(t, line);
	tcase_add_loop_test(t, viridian, 0, XU_ARRAY_SIZE(viridians));
	tcase_add_loop_test(t, platform_refused, 0,
	    XU_ARRAY_SIZE(bad_platform));
	tcase_add_test(t, orphan);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
