/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PCI functions: what people write, what the kernel says, and a guest's bus over
 * the real xenstored, where the test is pciback and the guest. No machine has the
 * functions that are named here.
 */
#include "config.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "cfg_pci.h"
#include "pci.h"
#include "pci_ids.h"
#include "xs_script.h"

/* ---- addresses ----------------------------------------------------------------- */

static const struct {
	const char *text, *back;
	unsigned funcs;
} addresses[] = {
	{ "00:1f.2", "0000:00:1f.2", 1 << 2 },
	{ "0:0.0", "0000:00:00.0", 1 },
	{ "ABCD:eF:1f.7", "abcd:ef:1f.7", 1 << 7 },
	/* Several of a card. */
	{ "00:04.*", "0000:00:04.0", 0 },
	{ "00:04.1-3", "0000:00:04.1", 0xe },
	{ "00:04.0,2,5-7", "0000:00:04.0", 0xe5 },
	/* The rest is none. */
	{ "", NULL, 0 },
	{ "00", NULL, 0 },
	{ "00:04", NULL, 0 },
	{ "00:04.", NULL, 0 },
	{ "00:04.8", NULL, 0 },
	{ "00:04.00", NULL, 0 },
	{ "00:20.0", NULL, 0 },
	{ "00:004.0", NULL, 0 },
	{ "000:04.0", NULL, 0 },
	{ "0:00:04.0:", NULL, 0 },
	{ "00000:00:04.0", NULL, 0 },
	{ "00:04.3-1", NULL, 0 },
	{ "00:04.1-", NULL, 0 },
	{ "00:04.1,", NULL, 0 },
	{ "00:04.**", NULL, 0 },
	{ ":04.0", NULL, 0 },
	{ "-1:04.0", NULL, 0 },
	{ "0x0:04.0", NULL, 0 },
	{ "00:04.0 ", NULL, 0 },
};

START_TEST(an_address)
{
	const char *text = addresses[_i].text, *why;
	struct xu_bdf at;
	unsigned funcs = 99;
	char back[XU_BDF_TEXT];

	why = xu_bdf_parse(text, &at, &funcs);
	ck_assert_msg((why == NULL) == (addresses[_i].back != NULL), "%s: %s",
	    text, why);
	if (why != NULL) {
		ck_assert_ptr_nonnull(xu_bdf_parse(text, &at, NULL));
		return;
	}
	xu_bdf_text(&at, back);
	ck_assert_str_eq(back, addresses[_i].back);
	ck_assert_uint_eq(funcs, addresses[_i].funcs);
	/* Of one function alone where only one may be named. */
	ck_assert_int_eq(xu_bdf_parse(text, &at, NULL) == NULL,
	    strpbrk(text, "*-,") == NULL);
}
END_TEST

/* ---- in configurations ------------------------------------------------------------ */

#define NONE { -1, -1, -1, -1 }
static const struct {
	const char *text, *what;
	unsigned funcs;
	int slot, options[4];
	/* Where it is wrong. */
	size_t offset;
} specs[] = {
	{ "00:1a.0", "0000:00:1a.0", 1, 0, NONE, 0 },
	{ "00:1a.0@1f", "0000:00:1a.0", 1, 31, NONE, 0 },
	{ "bdf=00:1a.0,vslot=5", "0000:00:1a.0", 1, 5, NONE, 0 },
	{ " 0000:00:1a.3 , seize , permissive=0", "0000:00:1a.3", 8, 0,
	    { -1, -1, 0, 1 }, 0 },
	{ "permissive=1,msitranslate=yes,power_mgmt=off,bdf=1:2.3@4",
	    "0000:01:02.3", 8, 4, { 1, 0, 1, -1 }, 0 },
	{ "00:1a.0-2,5,seize=1", "0000:00:1a.0", 0x27, 0, { -1, -1, -1, 1 },
	    0 },
	{ "00:1a.*,rdm_policy=relaxed", "0000:00:1a.*", 0, 0, NONE, 0 },
	{ "name=uplink", "uplink", 0, 0, NONE, 0 },
	/* The rest is wrong. */
	{ "", NULL, 0, 0, NONE, 0 },
	{ "seize=1", NULL, 0, 0, NONE, 0 },
	{ "00:1a.9", NULL, 0, 0, NONE, 0 },
	{ "00:1a.0@20", NULL, 0, 0, NONE, 8 },
	{ "bdf=00:1a", NULL, 0, 0, NONE, 4 },
	{ "00:1a.0,00:1b.0", NULL, 0, 0, NONE, 8 },
	{ "00:1a.0,name=x", NULL, 0, 0, NONE, 13 },
	{ "00:1a.0, permisive=1", NULL, 0, 0, NONE, 9 },
	{ "00:1a.0,permissive=2", NULL, 0, 0, NONE, 19 },
	{ "00:1a.0,vslot", NULL, 0, 0, NONE, 8 },
	{ "00:1a.0=1", NULL, 0, 0, NONE, 0 },
	{ "00:1a.0,rdm_policy=x", NULL, 0, 0, NONE, 19 },
};

START_TEST(a_spec)
{
	struct cfg_pci_problem p;
	struct cfg_pci c;
	char text[XU_BDF_TEXT];
	int r = cfg_pci_parse(specs[_i].text, &c, &p);

	ck_assert_msg((r == 0) == (specs[_i].what != NULL), "%s: %s",
	    specs[_i].text, p.text);
	if (r < 0) {
		ck_assert_str_ne(p.text, "");
		ck_assert_uint_eq(p.offset, specs[_i].offset);
		cfg_pci_fini(&c);
		return;
	}
	xu_bdf_text(&c.at, text);
	if (c.name == NULL && c.funcs == 0)
		text[strlen(text) - 1] = '*';
	ck_assert_str_eq(c.name != NULL ? c.name : text, specs[_i].what);
	ck_assert_uint_eq(c.funcs, specs[_i].funcs);
	ck_assert_int_eq(c.slot, specs[_i].slot);
	ck_assert_int_eq(c.msitranslate, specs[_i].options[0]);
	ck_assert_int_eq(c.power_mgmt, specs[_i].options[1]);
	ck_assert_int_eq(c.permissive, specs[_i].options[2]);
	ck_assert_int_eq(c.seize, specs[_i].options[3]);
	cfg_pci_fini(&c);
}
END_TEST

/* ---- resources --------------------------------------------------------------------- */

static const struct {
	const char *line;
	bool range, ports;
	uint64_t first, last;
} ranges[] = {
	{ "0x00000000febc0000 0x00000000febdffff 0x0000000000040200", true,
	    false, 0xfebc0000, 0xfebdffff },
	{ "0x000000000000c000 0x000000000000c03f 0x0000000000040101", true,
	    true, 0xc000, 0xc03f },
	{ "0x0000000000000000 0x0000000000000000 0x0000000000000000", false,
	    false, 0, 0 },
	{ "0x000000000000c000 0x000000000001c03f 0x0000000000040101", false,
	    false, 0, 0 },
	{ "0x00000000febd0000 0x00000000febc0000 0x0000000000040200", false,
	    false, 0, 0 },
	{ "0x00000000febc0000 0x00000000febdffff", false, false, 0, 0 },
	{ "0x00000000febc0000 0x00000000febdffff 0x0000000000040200 x", false,
	    false, 0, 0 },
	{ "", false, false, 0, 0 },
};

START_TEST(a_range)
{
	struct pci_range r;

	ck_assert_int_eq(pci_parse_range(ranges[_i].line, &r),
	    ranges[_i].range);
	if (!ranges[_i].range)
		return;
	ck_assert_int_eq(r.ports, ranges[_i].ports);
	ck_assert_uint_eq(r.first, ranges[_i].first);
	ck_assert_uint_eq(r.last, ranges[_i].last);
}
END_TEST

/* ---- a bus over the store ------------------------------------------------------------- */

#define BACK "/local/domain/0/backend/pci/5/0/"

static pid_t daemon_pid;
static struct core *c;
static struct guest *g;
static struct dev *bus;
static bool ended;
static struct xu_err end;

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

static struct xu_val *
function(const char *uuid, const char *address, const char *plug)
{
	struct xu_val *v = xu_struct(), *map = xu_struct();

	xu_val_set(map, "permissive", xu_str("1"));
	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "address", xu_str(address));
	xu_val_set(v, "hotplug_slot", xu_int(3));
	xu_val_set(v, "options", map);
	xu_val_set(v, "plug", xu_str(plug));
	return v;
}

static void
set(const char *leaf, const char *value)
{
	char where[128];

	snprintf(where, sizeof(where), BACK "%s", leaf);
	ck_assert_msg(xs_write(c->xs, 0, where, value, (unsigned)strlen(value)),
	    "%s", xs_last_error(c->xs));
}

static const char *
text_of(const char *leaf)
{
	static char text[256];
	char where[128], *s;

	snprintf(where, sizeof(where), BACK "%s", leaf);
	s = xs_read(c->xs, 0, where, NULL);
	snprintf(text, sizeof(text), "%s", s != NULL ? s : "-");
	free(s);
	return text;
}

/* Three functions, which pciback and the guest have. */
static void
up(void)
{
	static char *const argv[] = { (char *)(uintptr_t)XENSTORED,
		(char *)(uintptr_t)"--no-xen", (char *)(uintptr_t)"--no-fork",
		NULL };
	struct xu_val *config = xu_struct(), *list = xu_array();
	struct xu_val *entry = xu_struct(), *all = xu_array();
	struct xu_err e = XU_ERR_INIT;
	struct dev_work work;

	make_folder();
	setenv("XENSTORED_RUNDIR", dir, 1);
	setenv("XLD_DEVICE_TIMEOUT", "1", 1);
	daemon_pid = fork();
	if (daemon_pid == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	c = calloc(1, sizeof(*c));
	ck_assert_ptr_nonnull(c);
	c->loop = uv_default_loop();
	ck_assert_int_eq(guests_open(c), 0);
	c->xs = open_soon(0);
	c->xsw = open_soon(XS_NO_READER_THREAD);
	xu_val_add(all, function("a", "fffe:ff:1f.5", ""));
	xu_val_add(all, function("b", "fffe:ff:1f.6", ""));
	xu_val_add(all, function("c", "fffe:ff:1f.7", ""));
	xu_val_set(entry, "uuid", xu_str("bus"));
	xu_val_set(entry, "functions", all);
	xu_val_add(list, entry);
	xu_val_set(config, "name_label", xu_str("g"));
	xu_val_set(config, "domain_type", xu_str("pv"));
	xu_val_set(config, "PCI", list);
	g = guest_new(c, "11111111-2222-3333-4444-555555555555", config, &e);
	ck_assert_msg(g != NULL, "%s", e.msg);
	/* Its record is nobody's business here. */
	g->foreign = true;
	ck_assert_int_eq(guest_set_domid(g, 5, &e), 0);
	bus = pci_bus(g);
	ck_assert_ptr_nonnull(bus);
	work = (struct dev_work) { .guest = g };
	bus->phase = DEV_ARRIVING;
	bus->domid = 5;
	pci_of(bus)->taken = 3;
	ck_assert_int_eq(dev_write(&work, &e), 0);
	bus->phase = DEV_ON;
	dev_watch(bus);
	for (int i = 0; i < 3; i++) {
		char leaf[16], text[XU_BDF_TEXT];

		snprintf(leaf, sizeof(leaf), "vdev-%d", i);
		snprintf(text, sizeof(text), "0000:00:%02x.0", i);
		set(leaf, text);
		snprintf(leaf, sizeof(leaf), "state-%d", i);
		set(leaf, "3");
	}
	set("state", "4");
	ended = false;
}

static void
down(void)
{
	char command[96];

	guests_close(c);
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
on_end(void *arg XU_UNUSED, const struct xu_err *e)
{
	ck_assert(!ended);
	ended = true;
	end = (struct xu_err)XU_ERR_INIT;
	if (e != NULL)
		end = *e;
}

static void
settle(bool until_end)
{
	const struct timespec t = { .tv_nsec = 5000000 };
	char **ev;

	for (int i = 0; i < (until_end ? 2000 : 20) && !ended; i++) {
		while ((ev = xs_check_watch(c->xsw)) != NULL) {
			ck_assert(dev_event(c, ev[XS_WATCH_PATH]));
			free(ev);
		}
		uv_run(c->loop, UV_RUN_NOWAIT);
		nanosleep(&t, NULL);
	}
	ck_assert_int_eq(ended, until_end);
}

START_TEST(the_nodes)
{
	ck_assert_str_eq(text_of("num_devs"), "3");
	ck_assert_str_eq(text_of("dev-1"), "fffe:ff:1f.6");
	ck_assert_str_eq(text_of("key-2"), "fffe:ff:1f.7");
	ck_assert_str_eq(text_of("vdevfn-0"), "18");
	ck_assert_str_eq(text_of("opts-0"),
	    "msitranslate=0,power_mgmt=0,permissive=1");
	ck_assert_str_eq(text_of("frontend"), "/local/domain/5/device/pci/0");
	ck_assert_str_eq(text_of("online"), "1");
}
END_TEST

/* One of three goes: those behind it move up. */
START_TEST(one_goes)
{
	pci_detach(bus, 1, on_end, NULL);
	ck_assert_str_eq(text_of("state-1"), "5");
	ck_assert_str_eq(text_of("state"), "7");
	settle(false);
	set("state", "8");
	settle(false);
	set("state", "4");
	settle(true);
	ck_assert_str_eq(end.msg, "");
	ck_assert_str_eq(text_of("num_devs"), "2");
	ck_assert_str_eq(text_of("dev-1"), "fffe:ff:1f.7");
	ck_assert_str_eq(text_of("vdev-1"), "0000:00:02.0");
	ck_assert_str_eq(text_of("state-1"), "3");
	ck_assert_str_eq(text_of("dev-2"), "-");
	ck_assert_str_eq(text_of("opts-2"), "-");
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 2);
	ck_assert_uint_eq(pci_of(bus)->taken, 2);
	ck_assert_int_eq(bus->phase, DEV_ON);
}
END_TEST

/* The guest does not let go; later it does. */
START_TEST(one_goes_late)
{
	pci_detach(bus, 0, on_end, NULL);
	settle(true);
	ck_assert_str_eq(end.code, "XLD_TIMEOUT");
	ck_assert_ptr_nonnull(strstr(end.msg, "the guest has not let go of it "
	    "within 1 s; the backend in domain 0 is in state 7 "
	    "(Reconfiguring)"));
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 3);
	ck_assert_str_eq(xu_val_get_str(pci_function(bus, 0), "plug", ""),
	    "leaving");
	ended = false;
	set("state", "4");
	settle(false);
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 2);
	ck_assert_str_eq(text_of("dev-0"), "fffe:ff:1f.6");
	ck_assert_str_eq(text_of("num_devs"), "2");
}
END_TEST

/* The host has no such function: nothing of it stays. */
START_TEST(none_comes)
{
	pci_attach(bus, function("d", "fffe:ff:1f.0", ""), on_end, NULL);
	settle(true);
	ck_assert_str_eq(end.msg, "function-prepare: PCI function "
	    "fffe:ff:1f.0: this host has no such function");
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 3);
	ck_assert_str_eq(text_of("num_devs"), "3");
	ck_assert_str_eq(text_of("state"), "4");
}
END_TEST

/* What an xld that died had begun: one announced, which nobody took, and one that
 * was to go. */
START_TEST(after_a_crash)
{
	ck_assert_int_eq(pci_add_function(bus,
	    function("d", "fffe:ff:1f.0", "arriving")), 0);
	ck_assert_int_eq(pci_set_function(bus, 0, "plug", xu_str("leaving")),
	    0);
	pci_of(bus)->taken = 4;
	set("dev-3", "fffe:ff:1f.0");
	set("state-3", "1");
	set("num_devs", "4");
	set("state", "7");
	pci_resume(bus);
	/* The first waits for the guest, which is still asked for another. */
	settle(false);
	set("state", "8");
	set("state-3", "3");
	set("state", "4");
	settle(false);
	ck_assert_str_eq(text_of("state"), "7");
	set("state", "4");
	settle(false);
	ck_assert_str_eq(text_of("state"), "7");
	set("state", "4");
	settle(false);
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 2);
	ck_assert_str_eq(text_of("dev-0"), "fffe:ff:1f.6");
	ck_assert_str_eq(text_of("dev-1"), "fffe:ff:1f.7");
	ck_assert_str_eq(text_of("dev-2"), "-");
	ck_assert_str_eq(text_of("num_devs"), "2");
}
END_TEST

/* The bus closes while one goes: its guest ends, for example. */
START_TEST(the_bus_closes)
{
	pci_detach(bus, 2, on_end, NULL);
	set("state", "6");
	settle(true);
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 2);
}
END_TEST

/* Nodes that the guest's side spoils are never believed. */
START_TEST(spoilt_nodes)
{
	static const char *const lies[] = { "", "99999999999999999999", "-1",
		"x", "9", "0" };

	for (size_t i = 0; i < XU_ARRAY_SIZE(lies); i++) {
		set("num_devs", lies[i]);
		set("vdev-0", lies[i]);
		settle(false);
	}
	pci_detach(bus, 0, on_end, NULL);
	set("state", "4");
	settle(true);
	ck_assert_str_eq(text_of("num_devs"), "2");
	ck_assert_uint_eq(xu_val_count(pci_functions(bus)), 2);
}
END_TEST

/* ---- what numbers are called ----------------------------------------------------------- */

static void
named(const char *file, struct pci_names *all, size_t n)
{
	FILE *f = fmemopen((char *)(uintptr_t)file, strlen(file), "r");

	ck_assert_ptr_nonnull(f);
	pci_ids_read(f, all, n);
	fclose(f);
}

START_TEST(names)
{
	struct pci_names all[] = {
		{ .ids = { 0x8086, 0x100e, 0x1af4, 0x1100, 0x020000 } },
		{ .ids = { 0x8086, 0x100f, 0x8086, 0x1100, 0x030001 } },
		{ .ids = { 0xffff, 0xffff, 0xffff, 0xffff, 0xffffff } },
	};

	named("# a comment\n\n"
	      "1af4  Red Hat, Inc.\n"
	      "\t100e  Not this vendor's\n"
	      "8086  Intel \"Corp\"\n"
	      "\t100d  Another\n"
	      "\t\t1af4 1100  Not this device's\n"
	      "\t100e  82540EM \xc3\xa9\n"
	      "\t\t1af4 1100  QEMU Virtual Machine\n"
	      "\t\t1af4 1101  Another\n"
	      "C 02  Network controller\n"
	      "\t00  Ethernet controller\n"
	      "\t\t00  an interface\n"
	      "\t100e  no subclass\n"
	      "C 03  Display controller\n"
	      "\t01  XGA\n", all, XU_ARRAY_SIZE(all));
	ck_assert_str_eq(all[0].vendor, "Intel \"Corp\"");
	ck_assert_str_eq(all[0].device, "82540EM ?\?");
	ck_assert_str_eq(all[0].subvendor, "Red Hat, Inc.");
	ck_assert_str_eq(all[0].subdevice, "QEMU Virtual Machine");
	ck_assert_str_eq(all[0].class, "Ethernet controller");
	ck_assert_str_eq(all[1].device, "");
	ck_assert_str_eq(all[1].subvendor, "Intel \"Corp\"");
	/* Of a class whose subclass has no name. */
	ck_assert_str_eq(all[1].class, "Display controller");
	ck_assert_str_eq(all[2].vendor, "");
	ck_assert_str_eq(all[2].class, "");
}
END_TEST

START_TEST(names_of_nonsense)
{
	static const char *const files[] = { "\t", "\t\t", "C", "C \n\t", "8086",
		"8086\n\t100e", "808  x", "\t100e  x\n", "\t\t1af4 1100  x",
		"808g  x\n\t100e  x\n", "8086  \n\t100e \n" };
	char wide[2048] = "8086  ";

	for (size_t i = 0; i < XU_ARRAY_SIZE(files); i++) {
		struct pci_names one = {
			.ids = { 0x8086, 0x100e, 0x1af4, 0x1100, 0x020000 } };

		named(files[i], &one, 1);
		ck_assert_str_eq(one.vendor, "");
		ck_assert_str_eq(one.device, "");
		ck_assert_str_eq(one.subdevice, "");
	}
	memset(wide + 6, 'w', sizeof(wide) - 7);
	{
		struct pci_names one = { .ids = { .vendor = 0x8086 } };

		named(wide, &one, 1);
		ck_assert_uint_eq(strlen(one.vendor), PCI_NAME_MAX - 1);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pci");
	TCase *t = tcase_create("words"), *o = tcase_create("bus");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, an_address, 0,
	    (int)XU_ARRAY_SIZE(addresses));
	tcase_add_loop_test(t, a_spec, 0, (int)XU_ARRAY_SIZE(specs));
	tcase_add_test(t, names);
	tcase_add_test(t, names_of_nonsense);
	tcase_add_loop_test(t, a_range, 0, (int)XU_ARRAY_SIZE(ranges));
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(o, up, down);
	tcase_set_timeout(o, 60);
	tcase_add_test(o, the_nodes);
	tcase_add_test(o, one_goes);
	tcase_add_test(o, one_goes_late);
	tcase_add_test(o, none_comes);
	tcase_add_test(o, after_a_crash);
	tcase_add_test(o, the_bus_closes);
	tcase_add_test(o, spoilt_nodes);
	suite_add_tcase(s, o);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
