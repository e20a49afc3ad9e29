/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest from our libraries alone:
 *
 * prog_build [-t pv|pvh|hvm] [-v VCPUS] [-o ONLINE] [-x MAX_MIB] [-f FIRMWARE]
 *     [-d COMMAND] KERNEL RAMDISK|- MIB CMDLINE PATTERN SECONDS
 *
 * Creates a domain, builds it, introduces it to xenstored, runs it and copies
 * its console to stdout, and what it says to Xen's console, until a line holds
 * PATTERN (status 0) or time is up (status 3); then destroys it. Status 1: it
 * could not be built.
 *
 * -o: vCPUs there at start. -f and -d are for HVM: the file that hvmloader (the
 * kernel then) installs, and a device model, a shell command that finds $DOMID,
 * $MIB (without the display's) and $VCPUS; it is killed in the end.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xen/io/console.h>

#include "xenctrl.h"
#include "xenguest.h"
#include "xenstore.h"

/* The display's memory, which the device model populates. */
#define VIDEO_KIB 8192u

struct guest {
	xc_interface *xch;
	struct xs_handle *xs;
	struct xg_load *load;
	struct xg_build b;
	struct xg_built built;
	const char *device_model;
	pid_t model_pid;
	/* Its console. */
	struct xencons_interface *ring;
	struct xc_evtchn *ev;
	int port;
	/* Where we are in Xen's. */
	uint32_t xen_index;
	const char *pattern;
};

/* A line of console output as it comes. */
struct line {
	char text[512];
	size_t len;
};

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "prog_build: %s: %s\n", what, why);
	return 1;
}

/* --- the store ------------------------------------------------------------ */

static void
put(struct xs_batch *b, unsigned domid, const char *node, const char *value)
{
	char path[192];

	snprintf(path, sizeof(path), "/local/domain/%u/%s", domid, node);
	xs_batch_write(b, path, value, (unsigned)strlen(value));
}

static void
store_nodes(struct guest *g)
{
	static const char *const owned[] = { "control/shutdown",
		"control/feature-poweroff", "control/feature-reboot",
		"control/feature-suspend", "data" };
	unsigned domid = g->b.domid;
	struct xs_permissions read_only[2] = { { 0, XS_PERM_NONE },
		{ domid, XS_PERM_READ } }, mine = { domid, XS_PERM_NONE };
	struct xs_batch *b = xs_batch_new(g->xs);
	char path[128], text[32];

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	xs_batch_mkdir(b, path);
	xs_batch_set_permissions(b, path, read_only, 2);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) {
		snprintf(path, sizeof(path), "/local/domain/%u/%s", domid,
		    owned[i]);
		xs_batch_write(b, path, "", 0);
		xs_batch_set_permissions(b, path, &mine, 1);
	}
	snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)(g->b.memory_kib - g->b.video_kib));
	put(b, domid, "memory/target", text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)
	    (g->b.max_kib != 0 ? g->b.max_kib : g->b.memory_kib));
	put(b, domid, "memory/static-max", text);
	snprintf(text, sizeof(text), "%u", domid);
	put(b, domid, "domid", text);
	for (uint32_t i = 0; i < g->b.max_vcpus; i++) {
		snprintf(path, sizeof(path), "cpu/%u/availability", i);
		put(b, domid, path, (g->b.online[i / 8] >> i % 8 & 1) != 0
			? "online" : "offline");
	}
	if (g->b.type == XG_HVM) {
		put(b, domid, "hvmloader/bios", "seabios");
		put(b, domid, "hvmloader/allow-memory-relocate", "1");
		put(b, domid, "platform/acpi", "1");
	}
	if (!xs_batch_run(b, XS_BATCH_TRANSACTION))
		fprintf(stderr, "prog_build: store: %s\n",
		    xs_last_error(g->xs));
	xs_batch_free(b);
}

/* What the guest had in the store, gone: the next test counts what is left. */
static void
forget_nodes(struct guest *g)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u", g->b.domid);
	xs_release_domain(g->xs, g->b.domid);
	if (!xs_rm(g->xs, XBT_NULL, path))
		fprintf(stderr, "prog_build: store: %s\n",
		    xs_last_error(g->xs));
}

/* --- consoles ------------------------------------------------------------- */

/* Whether the pattern is in the line that the character ends. */
static bool
take(struct line *l, char c, const char *only, const char *pattern)
{
	if (c != '\n' && l->len < sizeof(l->text) - 1) {
		l->text[l->len++] = c;
		return false;
	}
	l->text[l->len] = '\0';
	l->len = 0;
	if (only != NULL && strstr(l->text, only) == NULL)
		return false;
	puts(l->text);
	fflush(stdout);
	return strstr(l->text, pattern) != NULL;
}

static bool
read_ring(struct guest *g)
{
	static struct line l;
	struct xencons_interface *ring = g->ring;
	XENCONS_RING_IDX cons = ring->out_cons;
	XENCONS_RING_IDX prod = __atomic_load_n(&ring->out_prod,
	    __ATOMIC_ACQUIRE);
	bool found = false;

	for (; cons != prod && !found; cons++)
		found = take(&l, ring->out[MASK_XENCONS_IDX(cons, ring->out)],
		    NULL, g->pattern);
	__atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
	xc_evtchn_notify(g->ev, (unsigned)g->port);
	return found;
}

/* Firmware has no other console. */
static bool
read_xen(struct guest *g, bool silent)
{
	static struct line l;
	static char buf[32768];
	uint32_t len = sizeof(buf);
	bool found = false;
	char mark[16];

	if (xc_readconsole(g->xch, buf, &len, false, true, &g->xen_index) < 0)
		return false;
	snprintf(mark, sizeof(mark), "(d%u)", g->b.domid);
	for (uint32_t i = 0; i < len && !silent && !found; i++)
		found = take(&l, buf[i], mark, g->pattern);
	return found;
}

static int
watch_consoles(struct guest *g, int seconds)
{
	time_t end = time(NULL) + seconds;
	uint32_t ports[4];

	while (time(NULL) < end) {
		struct pollfd p = { xc_evtchn_fd(g->ev), POLLIN, 0 };

		if (read_ring(g) || read_xen(g, false))
			return 0;
		poll(&p, 1, 500);
		for (int n = xc_evtchn_pending(g->ev, ports, 4); n > 0; n--)
			xc_evtchn_unmask(g->ev, ports[n - 1]);
	}
	return 3;
}

/* --- the device model ----------------------------------------------------- */

static int
start_model(struct guest *g)
{
	char path[64], text[32];
	time_t end = time(NULL) + 120;

	if (g->device_model == NULL)
		return 0;
	snprintf(path, sizeof(path), "/local/domain/0/device-model/%u/state",
	    g->b.domid);
	xs_rm(g->xs, XBT_NULL, path);
	snprintf(text, sizeof(text), "%u", g->b.domid);
	setenv("DOMID", text, 1);
	snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)((g->b.memory_kib - g->b.video_kib) >> 10));
	setenv("MIB", text, 1);
	snprintf(text, sizeof(text), "%u", g->b.max_vcpus);
	setenv("VCPUS", text, 1);
	g->model_pid = fork();
	if (g->model_pid == 0) {
		setpgid(0, 0);
		execl("/bin/sh", "sh", "-c", g->device_model, (char *)NULL);
		_exit(127);
	}
	while (time(NULL) < end) {
		unsigned len;
		char *state = xs_read(g->xs, XBT_NULL, path, &len);
		bool running = state != NULL && strcmp(state, "running") == 0;

		free(state);
		if (running)
			return 0;
		if (waitpid(g->model_pid, NULL, WNOHANG) != 0) {
			g->model_pid = 0;
			return fail("device model", "it ended");
		}
		usleep(100000);
	}
	return fail("device model", "it does not say that it runs");
}

static void
stop_model(struct guest *g)
{
	char path[64];

	if (g->model_pid <= 0)
		return;
	kill(-g->model_pid, SIGKILL);
	waitpid(g->model_pid, NULL, 0);
	snprintf(path, sizeof(path), "/local/domain/0/device-model/%u",
	    g->b.domid);
	xs_rm(g->xs, XBT_NULL, path);
}

/* --- the guest ------------------------------------------------------------ */

static int
create(struct guest *g)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	const struct xg_build *b = &g->b;
	uint32_t domid = 0;

	req.max_vcpus = b->max_vcpus;
	if (b->type != XG_PV) {
		req.flags = XC_CDF_HVM | XC_CDF_HAP;
		/* XEN_X86_EMU_LAPIC; all but VPCI. */
		req.emulation_flags = b->type == XG_PVH ? 1 : 0x3ff;
	}
	if (xc_domain_create(g->xch, &domid, &req) < 0)
		return fail("create", xc_last_error(g->xch));
	g->b.domid = domid;
	if (xc_domain_max_vcpus(g->xch, domid, b->max_vcpus) < 0 ||
	    xc_domain_set_max_mem(g->xch, domid, b->memory_kib + 1024) < 0 ||
	    (b->type != XG_PV && xc_set_paging_mempool(g->xch, domid,
		xg_paging_pool(b)) < 0))
		return fail("create", xc_last_error(g->xch));
	g->b.store_port = (uint32_t)xc_evtchn_alloc_unbound(g->xch, domid, 0);
	g->b.console_port = (uint32_t)xc_evtchn_alloc_unbound(g->xch, domid, 0);
	return 0;
}

static int
build(struct guest *g)
{
	struct xg_error e = { .msg = "" };
	struct xg_memory *memory = NULL;
	struct xg_kernel k;
	int r = xg_populate(g->xch, &g->b, &memory, &e);

	if (xg_load_finish(g->load, &k, r == 0 ? &e : NULL) < 0)
		r = -1;
	if (r == 0)
		r = xg_build(g->xch, &g->b, &k, memory, &g->built, &e);
	if (r == 0)
		fprintf(stderr, "prog_build: %s kernel, %s\n", k.guest_os,
		    k.packed);
	xg_load_drop(g->load);
	xg_kernel_close(&k);
	xg_memory_free(memory);
	return r < 0 ? fail("build", e.msg) : 0;
}

static int
watch_it_run(struct guest *g, int seconds)
{
	int r;

	if (!xs_introduce_domain(g->xs, g->b.domid, g->built.store_frame,
		g->b.store_port))
		return fail("introduce", xs_last_error(g->xs));
	g->ev = xc_evtchn_open();
	g->port = xc_evtchn_bind_interdomain(g->ev, g->b.domid,
	    g->b.console_port);
	g->ring = xc_map_foreign(g->xch, g->b.domid, PROT_READ | PROT_WRITE,
	    &g->built.console_frame, NULL, 1);
	if (g->port < 0 || g->ring == NULL)
		return fail("console", strerror(errno));
	read_xen(g, true);
	r = start_model(g);
	if (r == 0 && xc_domain_unpause(g->xch, g->b.domid) < 0)
		r = fail("unpause", xc_last_error(g->xch));
	if (r == 0)
		r = watch_consoles(g, seconds);
	stop_model(g);
	xc_unmap_foreign(g->xch, g->ring, 1);
	xc_evtchn_close(g->ev);
	return r;
}

static int
run(struct guest *g, int seconds)
{
	int r;

	store_nodes(g);
	r = watch_it_run(g, seconds);
	forget_nodes(g);
	return r;
}

/* --- the command line ----------------------------------------------------- */

static bool
type_of(const char *s, enum xg_type *type)
{
	static const char *const names[] = { "pv", "pvh", "hvm" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(s, names[i]) == 0) {
			*type = (enum xg_type)i;
			return true;
		}
	return false;
}

static bool
options(struct guest *g, int argc, char **argv)
{
	uint32_t online = 0;
	int c;

	while ((c = getopt(argc, argv, "t:v:o:x:f:d:")) != -1) {
		if (c == 't' && !type_of(optarg, &g->b.type))
			return false;
		if (c == 'v')
			g->b.max_vcpus = (uint32_t)atoi(optarg);
		if (c == 'o')
			online = (uint32_t)atoi(optarg);
		if (c == 'x')
			g->b.max_kib = strtoull(optarg, NULL, 10) * 1024;
		if (c == 'f')
			g->b.firmware_fd = open(optarg, O_RDONLY | O_CLOEXEC);
		if (c == 'd')
			g->device_model = optarg;
		if (c == '?')
			return false;
	}
	for (uint32_t i = 0; i < (online != 0 ? online : g->b.max_vcpus) &&
	    i < sizeof(g->b.online) * 8; i++)
		g->b.online[i / 8] |= (uint8_t)(1u << i % 8);
	g->b.flags = XG_ACPI | XG_APIC | XG_HPET;
	g->b.timer_mode = 1;
	g->b.video_kib = g->device_model != NULL ? VIDEO_KIB : 0;
	return argc - optind == 6;
}

int
main(int argc, char **argv)
{
	static struct guest g = { .b = XG_BUILD_INIT };
	struct xg_limits limits = XG_LIMITS_DEFAULT;
	struct xg_error e = { .msg = "" };
	char why[256];
	int fd, r;

	g.b.max_vcpus = 1;
	if (!options(&g, argc, argv))
		return fail("usage", "[-t pv|pvh|hvm] [-v VCPUS] [-o ONLINE] "
		    "[-x MAX_MIB] [-f FIRMWARE] [-d COMMAND] KERNEL RAMDISK|- "
		    "MIB CMDLINE PATTERN SECONDS");
	argv += optind;
	fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(argv[0], strerror(errno));
	if (strcmp(argv[1], "-") != 0)
		g.b.ramdisk_fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	g.b.memory_kib = strtoull(argv[2], NULL, 10) * 1024;
	g.b.cmdline = argv[3];
	g.pattern = argv[4];
	if (xg_load_prepare(&g.load, &e) < 0 ||
	    xg_load_start(g.load, fd, argv[0], &limits, &e) < 0)
		return fail("load", e.msg);
	g.xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (g.xch == NULL)
		return fail("open", why);
	g.xs = xs_open(0);
	if (g.xs == NULL)
		return fail("store", xs_last_error(NULL));
	r = create(&g);
	if (r == 0)
		r = build(&g);
	if (r == 0)
		r = run(&g, atoi(argv[5]));
	if (g.b.domid != 0 && xc_domain_destroy(g.xch, g.b.domid) < 0)
		return fail("destroy", xc_last_error(g.xch));
	xs_close(g.xs);
	xc_interface_close(g.xch);
	return r;
}
