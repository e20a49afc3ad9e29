/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest from our libraries alone: prog_build KERNEL [RAMDISK|-] MIB CMDLINE
 * PATTERN SECONDS. Creates a PV domain, builds it, introduces it to xenstored,
 * runs it and copies its console to stdout until a line holds PATTERN (status 0)
 * or time is up (status 3); then destroys it. Status 1: it could not be built.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <stdint.h>
#include <xen/io/console.h>

#include "xenctrl.h"
#include "xenguest.h"
#include "xenstore.h"

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "prog_build: %s: %s\n", what, why);
	return 1;
}

static void
store_nodes(struct xs_handle *xs, unsigned domid, unsigned long kib)
{
	static const char *const owned[] = { "control/shutdown",
		"control/feature-poweroff", "control/feature-reboot",
		"control/feature-suspend", "data" };
	struct xs_permissions read_only[2] = { { 0, XS_PERM_NONE },
		{ domid, XS_PERM_READ } }, mine = { domid, XS_PERM_NONE };
	struct xs_batch *b = xs_batch_new(xs);
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
	snprintf(path, sizeof(path), "/local/domain/%u/memory/target", domid);
	snprintf(text, sizeof(text), "%lu", kib);
	xs_batch_write(b, path, text, strlen(text));
	snprintf(path, sizeof(path), "/local/domain/%u/domid", domid);
	snprintf(text, sizeof(text), "%u", domid);
	xs_batch_write(b, path, text, strlen(text));
	if (!xs_batch_run(b, XS_BATCH_TRANSACTION))
		fprintf(stderr, "prog_build: store: %s\n", xs_last_error(xs));
	xs_batch_free(b);
}

/* What the guest had in the store, gone: the next test counts what is left. */
static void
forget_nodes(struct xs_handle *xs, unsigned domid)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	xs_release_domain(xs, domid);
	if (!xs_rm(xs, XBT_NULL, path))
		fprintf(stderr, "prog_build: store: %s\n", xs_last_error(xs));
}

static int
watch_console(struct xencons_interface *ring, struct xc_evtchn *e,
    unsigned port, const char *pattern, int seconds)
{
	time_t end = time(NULL) + seconds;
	char line[512];
	size_t len = 0;
	uint32_t ports[4];

	while (time(NULL) < end) {
		struct pollfd p = { xc_evtchn_fd(e), POLLIN, 0 };
		XENCONS_RING_IDX cons = ring->out_cons;
		XENCONS_RING_IDX prod = __atomic_load_n(&ring->out_prod,
		    __ATOMIC_ACQUIRE);

		for (; cons != prod; cons++) {
			char c = ring->out[MASK_XENCONS_IDX(cons, ring->out)];

			if (c != '\n' && len < sizeof(line) - 1) {
				line[len++] = c;
				continue;
			}
			line[len] = '\0';
			len = 0;
			puts(line);
			if (strstr(line, pattern) != NULL)
				return 0;
		}
		__atomic_store_n(&ring->out_cons, cons, __ATOMIC_RELEASE);
		xc_evtchn_notify(e, port);
		poll(&p, 1, 500);
		for (int n = xc_evtchn_pending(e, ports, 4); n > 0; n--)
			xc_evtchn_unmask(e, ports[n - 1]);
	}
	return 3;
}

static int
run(xc_interface *xch, struct xg_load *load, uint32_t domid,
    struct xg_build *b, const char *pattern, int seconds)
{
	struct xg_error e = { .msg = "" };
	struct xs_handle *xs = xs_open(0);
	struct xc_evtchn *ev = xc_evtchn_open();
	struct xg_kernel k;
	struct xg_built built;
	struct xg_memory *memory = NULL;
	void *ring;
	int port, r;

	if (xs == NULL)
		return fail("store", xs_last_error(NULL));
	b->domid = domid;
	b->store_port = (uint32_t)xc_evtchn_alloc_unbound(xch, domid, 0);
	b->console_port = (uint32_t)xc_evtchn_alloc_unbound(xch, domid, 0);
	r = xg_populate(xch, b, &memory, &e);
	if (xg_load_finish(load, &k, r == 0 ? &e : NULL) < 0 || r < 0)
		return fail("build", e.msg);
	if (xg_build(xch, b, &k, memory, &built, &e) < 0)
		return fail("build", e.msg);
	fprintf(stderr, "prog_build: %s kernel, %s\n", k.guest_os, k.packed);
	xg_kernel_close(&k);
	xg_memory_free(memory);
	store_nodes(xs, domid, b->memory_kib);
	if (!xs_introduce_domain(xs, domid, built.store_frame, b->store_port))
		return fail("introduce", xs_last_error(xs));
	port = xc_evtchn_bind_interdomain(ev, domid, b->console_port);
	ring = xc_map_foreign(xch, domid, PROT_READ | PROT_WRITE,
	    &built.console_frame, NULL, 1);
	if (port < 0 || ring == NULL)
		return fail("console", strerror(errno));
	if (xc_domain_unpause(xch, domid) < 0)
		return fail("unpause", xc_last_error(xch));
	r = watch_console(ring, ev, (unsigned)port, pattern, seconds);
	xc_unmap_foreign(xch, ring, 1);
	xc_evtchn_close(ev);
	forget_nodes(xs, domid);
	xs_close(xs);
	return r;
}

int
main(int argc, char **argv)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	struct xg_limits limits = XG_LIMITS_DEFAULT;
	struct xg_error e = { .msg = "" };
	struct xg_build b = XG_BUILD_INIT;
	struct xg_load *load;
	xc_interface *xch;
	uint32_t domid = 0;
	char why[256];
	int fd, r;

	if (argc != 7)
		return fail("usage", "KERNEL RAMDISK|- MIB CMDLINE PATTERN "
				     "SECONDS");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(argv[1], strerror(errno));
	if (strcmp(argv[2], "-") != 0)
		b.ramdisk_fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	b.memory_kib = strtoull(argv[3], NULL, 10) * 1024;
	b.cmdline = argv[4];
	if (xg_load_start(fd, argv[1], &limits, &load, &e) < 0)
		return fail("load", e.msg);
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL)
		return fail("open", why);
	if (xc_domain_create(xch, &domid, &req) < 0)
		return fail("create", xc_last_error(xch));
	if (xc_domain_max_vcpus(xch, domid, 1) < 0 ||
	    xc_domain_set_max_mem(xch, domid, b.memory_kib + 1024) < 0)
		r = fail("create", xc_last_error(xch));
	else
		r = run(xch, load, domid, &b, argv[5], atoi(argv[6]));
	if (xc_domain_destroy(xch, domid) < 0)
		return fail("destroy", xc_last_error(xch));
	xc_interface_close(xch);
	return r;
}
