/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The nodes of a domain and of domain 0, as libxl lays them out: one
 * transaction to write them, one to remove them. Also the watches that tell us
 * of domains that come and go.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"
#include "dm.h"
#include "nodes.h"
#include "xu_log.h"
#include "xu_num.h"

#define INTRODUCED    "@introduceDomain"
#define RELEASED      "@releaseDomain"
#define RECONNECT_MS  1000

int
store_fail(const struct core *c, struct xu_err *e, const char *what)
{
	int errnum = errno;

	xu_err_set(e, "XLD_STORE", 0, "%s: %s", what,
	    c->xs == NULL ? "xenstored cannot be reached" :
			    xs_last_error(c->xs));
	if (e != NULL)
		e->errnum = errnum;
	xu_err_param(e, "%s", what);
	return -1;
}

/* What the guest may write to. */
static void
guest_owned(struct nodes *n, uint32_t domid)
{
	static const char *const names[] = { "control/shutdown",
		"control/sysrq", "control/feature-poweroff",
		"control/feature-reboot", "control/feature-suspend",
		"device/suspend/event-channel", "data", "drivers", "feature",
		"attr", "error" };
	struct xs_permissions own = { domid, XS_PERM_NONE };

	for (size_t i = 0; i < XU_ARRAY_SIZE(names); i++) {
		nodes_put(n, names[i], "%s", "");
		nodes_restrict(n, names[i], &own, 1);
	}
}

/* The kernels of PV and PVH guests watch these. */
static void
put_vcpus(struct nodes *n, int64_t max, int64_t online)
{
	char name[48];

	for (int64_t i = 0; i < max; i++) {
		snprintf(name, sizeof(name), "cpu/%lld/availability",
		    (long long)i);
		nodes_put(n, name, "%s", i < online ? "online" : "offline");
	}
}

static void
write_domain(struct nodes *n, const struct guest *g)
{
	const struct xu_val *v = g->config;
	int64_t max = xu_val_get_int(v, "VCPUs_max", 1);
	int64_t online = xu_val_get_int(v, "VCPUs_at_startup", 1);
	uint64_t video_kib = config_type(v) == TYPE_HVM ?
	    dm_video_mib(v) * 1024 : 0;

	nodes_put(n, "vm", "/vm/%s", g->uuid);
	nodes_put(n, "name", "%s", guest_name(g));
	nodes_put(n, "domid", "%d", g->domid);
	nodes_put(n, "memory/static-max", "%lld",
	    (long long)xu_val_get_int(v, "memory_static_max", 0) / 1024);
	/* What the balloon driver counts: without the screen's. */
	nodes_put(n, "memory/target", "%lld",
	    (long long)xu_val_get_int(v, "memory_dynamic_max", 0) / 1024 -
		(long long)video_kib);
	nodes_put(n, "memory/videoram", "%llu",
	    (unsigned long long)video_kib);
	put_vcpus(n, max, online);
	nodes_put(n, "control/platform-feature-multiprocessor-suspend", "1");
	nodes_put(n, "control/platform-feature-xs_reset_watches", "1");
	nodes_put(n, "device", "%s", "");
	nodes_put(n, "store/port", "%u", g->store_port);
}

/* What hvmloader asks for. */
static void
write_hvm(struct nodes *n, const struct guest *g)
{
	static const struct {
		const char *node, *key;
		int64_t dflt;
	} rows[] = {
		{ "platform/acpi", "acpi", 1 },
		{ "platform/acpi_s3", "acpi_s3", 1 },
		{ "platform/acpi_s4", "acpi_s4", 1 },
		{ "platform/acpi_laptop_slate", "acpi_laptop_slate", 0 },
	};

	nodes_put(n, "hvmloader/bios", "%s",
	    xu_val_get_str(xu_val_get(g->config, "platform"), "bios",
		"seabios"));
	nodes_put(n, "hvmloader/allow-memory-relocate", "0");
	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		nodes_put(n, rows[i].node, "%lld", (long long)config_number(g->config,
		    "platform", rows[i].key, rows[i].dflt));
}

static void
write_console(struct nodes *n, const struct guest *g)
{
	struct xs_permissions ro[2] = { { 0, XS_PERM_NONE },
		{ (unsigned)g->domid, XS_PERM_READ } };
	char backend[DOMAIN_PATH];

	snprintf(backend, sizeof(backend),
	    "/local/domain/0/backend/console/%d/0", g->domid);
	nodes_put(n, "console/backend", "%s", backend);
	nodes_put(n, "console/backend-id", "0");
	nodes_put(n, "console/limit", "1048576");
	/* Not "xenconsoled", whose program would take it for its own. */
	nodes_put(n, "console/type", "xld");
	nodes_put(n, "console/output", "none");
	nodes_put(n, "console/port", "%u", g->console_port);
	nodes_folder(n, backend, ro, 2);
	nodes_base(n, "%s", backend);
	nodes_put(n, "frontend", "/local/domain/%d/console", g->domid);
	nodes_put(n, "frontend-id", "%d", g->domid);
	nodes_put(n, "online", "1");
	nodes_put(n, "state", "1");
	nodes_put(n, "protocol", "vt100");
}

static void
write_vm(struct nodes *n, const struct guest *g)
{
	const struct xu_val *v = g->config;

	nodes_put(n, "uuid", "%s", g->uuid);
	nodes_put(n, "name", "%s", guest_name(g));
	nodes_put(n, "image/ostype", "linux");
	nodes_put(n, "image/kernel", "%s", xu_val_get_str(v, "PV_kernel", ""));
	nodes_put(n, "image/ramdisk", "%s", xu_val_get_str(v, "PV_ramdisk", ""));
	nodes_put(n, "image/cmdline", "%s", xu_val_get_str(v, "PV_args", ""));
	nodes_put(n, "start_time", "%lld", (long long)g->start_time);
}

static void
write_data(struct nodes *n, const struct guest *g)
{
	const struct xu_val *map = xu_val_get(g->config, "xenstore_data");

	for (size_t i = 0; i < xu_val_count(map); i++)
		nodes_put(n, xu_val_name_at(map, i), "%s",
		    xu_val_str(xu_val_at(map, i)));
}

int
store_write_guest(const struct guest *g, struct xu_err *e)
{
	struct core *c = g->core;
	struct xs_permissions ro[2] = { { 0, XS_PERM_NONE },
		{ (unsigned)g->domid, XS_PERM_READ } };
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write the guest's nodes");
	nodes_base(&n, "/local/domain/%d", g->domid);
	nodes_folder(&n, n.base, ro, 2);
	write_domain(&n, g);
	write_data(&n, g);
	if (config_type(g->config) == TYPE_HVM)
		write_hvm(&n, g);
	guest_owned(&n, (uint32_t)g->domid);
	write_console(&n, g);
	nodes_base(&n, "/vm/%s", g->uuid);
	nodes_folder(&n, n.base, ro, 2);
	write_vm(&n, g);
	nodes_base(&n, "/libxl/%d", g->domid);
	xs_batch_mkdir(n.b, n.base);
	nodes_put(&n, "type", "%s", dom_type_word(config_type(g->config)));
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write the guest's nodes");
	xs_batch_free(n.b);
	return r;
}

int
store_write_rings(const struct guest *g, struct xu_err *e)
{
	struct core *c = g->core;
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write where the guest's rings are");
	nodes_base(&n, "/local/domain/%d", g->domid);
	nodes_put(&n, "store/ring-ref", "%llu",
	    (unsigned long long)g->store_frame);
	nodes_put(&n, "console/ring-ref", "%llu",
	    (unsigned long long)g->console_frame);
	if (!xs_batch_run(n.b, 0))
		r = store_fail(c, e, "write where the guest's rings are");
	xs_batch_free(n.b);
	return r;
}

static bool
quiet_rm(struct core *c, const char *fmt, ...) XU_PRINTF(2, 3);

static bool
quiet_rm(struct core *c, const char *fmt, ...)
{
	char path[DOMAIN_PATH + 80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return xs_rm(c->xs, XBT_NULL, path) || errno == ENOENT;
}

/* A folder goes with the last thing in it. */
static void
rm_when_empty(struct core *c, const char *path)
{
	unsigned num = 1;
	char **l = xs_directory(c->xs, XBT_NULL, path, &num);

	free(l);
	if (l != NULL && num == 0)
		quiet_rm(c, "%s", path);
}

/* Of every class there is, so that guests of others leave nothing either. */
static bool
rm_backends(struct core *c, int32_t domid)
{
	static const char base[] = "/local/domain/0/backend";
	char path[DOMAIN_PATH + 64];
	unsigned num = 0;
	bool ok = true;
	char **l = xs_directory(c->xs, XBT_NULL, base, &num);

	if (l == NULL)
		return errno == ENOENT;
	for (unsigned i = 0; i < num; i++) {
		/* A device's script still reads them. */
		if (dev_lingers(c, domid, l[i]))
			continue;
		snprintf(path, sizeof(path), "%s/%.40s", base, l[i]);
		ok = quiet_rm(c, "%s/%d", path, domid) && ok;
		rm_when_empty(c, path);
	}
	free(l);
	rm_when_empty(c, base);
	return ok;
}

void
store_remove(struct core *c, int32_t domid, const char *uuid)
{
	bool ok;

	if (c->xs == NULL || domid <= 0)
		return;
	ok = rm_backends(c, domid);
	ok = quiet_rm(c, "/local/domain/%d", domid) && ok;
	ok = quiet_rm(c, "/local/domain/0/device-model/%d", domid) && ok;
	rm_when_empty(c, "/local/domain/0/device-model");
	ok = quiet_rm(c, "/libxl/%d", domid) && ok;
	rm_when_empty(c, "/libxl");
	if (uuid != NULL)
		ok = quiet_rm(c, "/vm/%s", uuid) && ok;
	if (!ok)
		xu_log(XU_ERROR, "domain %d: nodes could not be removed: %s",
		    domid, xs_last_error(c->xs));
}

int
store_write_identity(const struct guest *g, const char *old, struct xu_err *e)
{
	struct core *c = g->core;
	const struct xs_permissions ro[] = { { 0, XS_PERM_NONE },
		{ (unsigned)g->domid, XS_PERM_READ } };
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write the guest's identity");
	nodes_base(&n, "/local/domain/%d", g->domid);
	nodes_put(&n, "vm", "/vm/%s", g->uuid);
	nodes_put(&n, "name", "%s", guest_name(g));
	nodes_base(&n, "/vm/%s", g->uuid);
	nodes_folder(&n, n.base, ro, 2);
	write_vm(&n, g);
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write the guest's identity");
	else
		quiet_rm(c, "/vm/%s", old);
	xs_batch_free(n.b);
	return r;
}

int
store_write_name(const struct guest *g, struct xu_err *e)
{
	struct core *c = g->core;
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write the name");
	nodes_base(&n, "/local/domain/%d", g->domid);
	nodes_put(&n, "name", "%s", guest_name(g));
	if (!g->foreign) {
		nodes_base(&n, "/vm/%s", g->uuid);
		nodes_put(&n, "name", "%s", guest_name(g));
	}
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write the name");
	xs_batch_free(n.b);
	return r;
}

int
store_write_vcpus(const struct guest *g, int64_t max, int64_t online,
    struct xu_err *e)
{
	struct core *c = g->core;
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write which vCPUs are to run");
	nodes_base(&n, "/local/domain/%d", g->domid);
	put_vcpus(&n, max, online);
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write which vCPUs are to run");
	xs_batch_free(n.b);
	return r;
}

int
store_write_target(const struct guest *g, int64_t kib, struct xu_err *e)
{
	struct core *c = g->core;
	char path[DOMAIN_PATH], text[24];

	snprintf(path, sizeof(path), "/local/domain/%d/memory/target",
	    g->domid);
	snprintf(text, sizeof(text), "%lld", (long long)kib);
	if (c->xs == NULL ||
	    !xs_write(c->xs, XBT_NULL, path, text, (unsigned)strlen(text)))
		return store_fail(c, e, "write the memory target");
	return 0;
}

uint64_t
store_read_target(const struct guest *g)
{
	struct core *c = g->core;
	char path[DOMAIN_PATH], *s;
	uint64_t kib;

	snprintf(path, sizeof(path), "/local/domain/%d/memory/target",
	    g->domid);
	s = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	kib = s == NULL ? 0 : strtoull(s, NULL, 10);
	free(s);
	return kib;
}

static int64_t
batch_number(const struct xs_batch *b, int i)
{
	const char *s = xs_batch_value(b, i, NULL);
	uint64_t n;

	return xs_batch_error(b, i) == 0 && s != NULL &&
	    xu_num_u64(s, 10, INT64_MAX / 1024, &n) ? (int64_t)n : -1;
}

void
store_read_memory(struct core *c, struct store_memory *all, size_t n)
{
	struct xs_batch *b = c->xs == NULL || n == 0 ? NULL :
	    xs_batch_new(c->xs);
	char path[DOMAIN_PATH];

	for (size_t i = 0; b != NULL && i < n; i++) {
		snprintf(path, sizeof(path), "/local/domain/%d/memory/target",
		    all[i].guest->domid);
		xs_batch_read(b, path);
		snprintf(path, sizeof(path),
		    "/local/domain/%d/data/meminfo_free", all[i].guest->domid);
		xs_batch_read(b, path);
	}
	/* Some of the nodes are not there. */
	if (b != NULL)
		xs_batch_run(b, 0);
	for (size_t i = 0; i < n; i++) {
		all[i].target = b == NULL ? -1 : batch_number(b, (int)i * 2);
		all[i].unused = b == NULL ? -1 : batch_number(b, (int)i * 2 + 1);
	}
	xs_batch_free(b);
}

int
store_write_vnc(const struct guest *g, const char *host, const char *port,
    struct xu_err *e)
{
	struct core *c = g->core;
	struct nodes n;
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write where the screen is");
	snprintf(n.base, sizeof(n.base), "/local/domain/%d/console", g->domid);
	nodes_put(&n, "vnc-listen", "%s", host);
	nodes_put(&n, "vnc-port", "%s", port);
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write where the screen is");
	xs_batch_free(n.b);
	return r;
}

static int
tell(const struct guest *g, const char *node, const char *word,
    struct xu_err *e)
{
	struct core *c = g->core;
	char path[DOMAIN_PATH + 32];

	snprintf(path, sizeof(path), "/local/domain/%d/control/%s", g->domid,
	    node);
	if (c->xs == NULL ||
	    !xs_write(c->xs, XBT_NULL, path, word, (unsigned)strlen(word)))
		return store_fail(c, e, "ask the guest");
	return 0;
}

int
store_ask(const struct guest *g, const char *word, struct xu_err *e)
{
	return tell(g, "shutdown", word, e);
}

bool
store_take_back(const struct guest *g, const char *word)
{
	struct core *c = g->core;
	char path[DOMAIN_PATH + 32];
	bool taken = false;
	xs_transaction_t t;
	char *now;

	if (c->xs == NULL)
		return false;
	snprintf(path, sizeof(path), "/local/domain/%d/control/shutdown",
	    g->domid);
	do {
		t = xs_transaction_start(c->xs);
		now = t == XBT_NULL ? NULL : xs_read(c->xs, t, path, NULL);
		taken = now != NULL && strcmp(now, word) == 0 &&
		    xs_write(c->xs, t, path, "", 0);
		free(now);
	} while (t != XBT_NULL && !xs_transaction_end(c->xs, t, !taken) &&
	    errno == EAGAIN);
	return taken;
}

void
store_resumed(const struct guest *g)
{
	struct core *c = g->core;

	if (c->xs == NULL || !xs_resume_domain(c->xs, (unsigned)g->domid))
		xu_log(XU_WARNING, "domain %d: xenstored was not told that it "
		    "goes on: %s", g->domid, c->xs == NULL ? "it cannot be "
		    "reached" : xs_last_error(c->xs));
}

int
store_sysrq(const struct guest *g, const char *key, struct xu_err *e)
{
	return tell(g, "sysrq", key, e);
}

/* base/id/leaf */
static char *
read_of(struct core *c, const char *base, uint32_t id, const char *leaf)
{
	char path[DOMAIN_PATH + 192];

	if (c->xs == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/%u/%s", base, id, leaf);
	return xs_read(c->xs, XBT_NULL, path, NULL);
}

char *
store_name(struct core *c, int32_t domid)
{
	return read_of(c, "/local/domain", (uint32_t)domid, "name");
}

char *
store_type(struct core *c, int32_t domid)
{
	return read_of(c, "/libxl", (uint32_t)domid, "type");
}

char *
store_pool_name(struct core *c, uint32_t id)
{
	return read_of(c, "/local/pool", id, "name");
}

char *
store_pool_uuid(struct core *c, uint32_t id)
{
	return read_of(c, "/local/pool", id, "uuid");
}

int
store_write_pool(struct core *c, uint32_t id, const char *name,
    const char *uuid, struct xu_err *e)
{
	struct nodes n = { .b = NULL };
	int r = 0;

	if (c->xs == NULL || (n.b = xs_batch_new(c->xs)) == NULL)
		return store_fail(c, e, "write the CPU pool's nodes");
	nodes_base(&n, "/local/pool/%u", id);
	nodes_put(&n, "name", "%s", name);
	nodes_put(&n, "uuid", "%s", uuid);
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write the CPU pool's nodes");
	xs_batch_free(n.b);
	return r;
}

void
store_remove_pool(struct core *c, uint32_t id)
{
	char path[DOMAIN_PATH];

	snprintf(path, sizeof(path), "/local/pool/%u", id);
	if (c->xs != NULL)
		xs_rm(c->xs, XBT_NULL, path);
}

char *
store_word(struct core *c, int32_t domid, const char *path)
{
	return read_of(c, "/local/domain", (uint32_t)domid, path);
}

char **
store_list(struct core *c, int32_t domid, const char *path, unsigned *n)
{
	char full[256];

	*n = 0;
	if (c->xs == NULL)
		return NULL;
	snprintf(full, sizeof(full), "/local/domain/%d/%s", domid, path);
	return xs_directory(c->xs, XBT_NULL, full, n);
}

/* ---- domain 0 ------------------------------------------------------------------ */

static bool
has_node(struct core *c, const char *path)
{
	char *v = xs_read(c->xs, XBT_NULL, path, NULL);

	free(v);
	return v != NULL;
}

/* Pages; without a limit of its own Xen gives a number no machine has. */
static uint64_t
dom0_max(const struct xc_domaininfo *info)
{
	return info->max_pages >> 40 == 0 ? info->max_pages : info->tot_pages;
}

int
store_dom0(struct core *c, struct xu_err *e)
{
	static const char zero[] = "00000000-0000-0000-0000-000000000000";
	struct xc_domaininfo info;
	struct nodes n = { .base = "/local/domain/0" };
	int r = 0;

	if (xc_domain_getinfo(c->xch, 0, &info) < 0)
		return xen_fail(c, e, "look at domain 0");
	n.b = xs_batch_new(c->xs);
	if (n.b == NULL)
		return store_fail(c, e, "write domain 0's nodes");
	nodes_put(&n, "domid", "0");
	nodes_put(&n, "name", "Domain-0");
	nodes_put(&n, "vm", "/vm/%s", zero);
	/* An older target is somebody's wish and stays. */
	if (!has_node(c, "/local/domain/0/memory/target")) {
		nodes_put(&n, "memory/target", "%llu",
		    (unsigned long long)info.tot_pages * 4);
		nodes_put(&n, "memory/static-max", "%llu",
		    (unsigned long long)dom0_max(&info) * 4);
	}
	nodes_base(&n, "/vm/%s", zero);
	nodes_put(&n, "uuid", "%s", zero);
	nodes_put(&n, "name", "Domain-0");
	/* libxl knows CPU pools by their names here. */
	if (!has_node(c, "/local/pool/0/name")) {
		nodes_base(&n, "/local/pool/0");
		nodes_put(&n, "name", "Pool-0");
	}
	if (!xs_batch_run(n.b, XS_BATCH_TRANSACTION))
		r = store_fail(c, e, "write domain 0's nodes");
	xs_batch_free(n.b);
	return r;
}

/* ---- connection and watches -------------------------------------------------------- */

static void
lost(struct core *c)
{
	xu_log(XU_ERROR, "the connection to xenstored is lost; trying again "
			 "every second");
	uv_poll_stop(&c->xsw_poll);
	uv_close((uv_handle_t *)&c->xsw_poll, NULL);
	xs_close(c->xsw);
	xs_close(c->xs);
	c->xs = c->xsw = NULL;
}

static void
watch_ready(uv_poll_t *h, int status XU_UNUSED, int events XU_UNUSED)
{
	struct core *c = h->data;
	bool any = false;
	char **ev;

	while ((ev = xs_check_watch(c->xsw)) != NULL) {
		any = !dev_event(c, ev[XS_WATCH_PATH]) || any;
		free(ev);
	}
	if (errno != EAGAIN) {
		lost(c);
		uv_timer_again(&c->store_timer);
		return;
	}
	if (any) {
		reap_look(c);
		scan(c);
	}
}

static int
connect_store(struct core *c, struct xu_err *e)
{
	const unsigned long flags = XS_NO_READER_THREAD | XS_OPEN_SOCKETONLY;

	c->xs = xs_open(flags);
	c->xsw = c->xs == NULL ? NULL : xs_open(flags);
	if (c->xsw == NULL) {
		xu_err_set(e, "XLD_STORE", 0,
		    "xenstored cannot be reached (%s): start it first",
		    xs_last_error(NULL));
		goto fail;
	}
	if (!xs_watch(c->xsw, INTRODUCED, "d") ||
	    !xs_watch(c->xsw, RELEASED, "d")) {
		xu_err_set(e, "XLD_STORE", 0, "watch for domains: %s",
		    xs_last_error(c->xsw));
		goto fail;
	}
	if (uv_poll_init(c->loop, &c->xsw_poll, xs_fileno(c->xsw)) != 0) {
		xu_err_set(e, "XLD_STORE", 0, "the event loop refuses the "
		    "connection to xenstored");
		goto fail;
	}
	c->xsw_poll.data = c;
	uv_poll_start(&c->xsw_poll, UV_READABLE, watch_ready);
	return 0;
fail:
	xs_close(c->xs);
	xs_close(c->xsw);
	c->xs = c->xsw = NULL;
	return -1;
}

static void
reconnect(uv_timer_t *t)
{
	struct core *c = t->data;

	if (connect_store(c, NULL) < 0)
		return;
	uv_timer_stop(t);
	xu_log(XU_NOTICE, "connected to xenstored again");
	dev_store_back(c);
	scan(c);
}

int
store_open(struct core *c, struct xu_err *e)
{
	if (connect_store(c, e) < 0)
		return -1;
	uv_timer_init(c->loop, &c->store_timer);
	c->store_timer.data = c;
	uv_timer_start(&c->store_timer, reconnect, RECONNECT_MS, RECONNECT_MS);
	uv_timer_stop(&c->store_timer);
	return 0;
}

void
store_close(struct core *c)
{
	if (c->xs == NULL)
		return;
	uv_poll_stop(&c->xsw_poll);
	xs_close(c->xsw);
	xs_close(c->xs);
	c->xs = c->xsw = NULL;
}
