/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts put together: devices, store, guests of before, the API. The order
 * matters: nothing is half done any more when the first client is let in.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bootprog.h"
#include "link.h"
#include "message.h"
#include "qemu.h"
#include "sampled.h"
#include "secret.h"
#include "vdi.h"
#include "vif.h"
#include "vm_room.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"

int64_t
now_real(void)
{
	return (int64_t)time(NULL);
}

static int64_t
booted_at(void)
{
	struct timespec t = { .tv_sec = 0 };

	clock_gettime(CLOCK_BOOTTIME, &t);
	return now_real() - (int64_t)t.tv_sec;
}

int
xen_fail(struct core *c, struct xu_err *e, const char *call)
{
	int errnum = errno;
	const char *why = xc_last_error(c->xch);

	xu_err_set(e, "XLD_HYPERCALL", 0, "%s: %s", call,
	    why[0] != '\0' ? why : strerror(errnum));
	if (e != NULL)
		e->errnum = errnum;
	xu_err_param(e, "%s", call);
	xu_err_param(e, "%s", strerror(errnum));
	return -1;
}

unsigned
env_seconds(const char *name, unsigned dflt)
{
	const char *s = getenv(name);
	uint64_t n;

	if (s == NULL || !xu_num_u64(s, 10, 3600, &n) || n == 0)
		return dflt;
	return (unsigned)n;
}

#ifdef XLD_FAULT_INJECTION
static const struct core *only;
#endif

/*
 * XLD_STEP=NAME makes the step fail, XLD_STEP=NAME:kill kills the daemon
 * there, NAME:api its API server; in builds for tests only.
 */
int
fault_point(const char *step XU_UNUSED, struct xu_err *e XU_UNUSED)
{
#ifdef XLD_FAULT_INJECTION
	const char *want = getenv("XLD_STEP");
	size_t n = strlen(step);

	if (want == NULL || strncmp(want, step, n) != 0)
		return 0;
	if (strcmp(want + n, ":kill") == 0)
		raise(SIGKILL);
	/* Until somebody who looks around meanwhile lets it go on. */
	if (strcmp(want + n, ":stop") == 0)
		raise(SIGSTOP);
	if (strcmp(want + n, ":api") == 0 && only != NULL && only->api_pid > 0)
		kill(only->api_pid, SIGKILL);
	if (want[n] == '\0' && e != NULL) {
		xu_err_set(e, "XLD_FAULT", 0, "a fault was injected");
		xu_err_param(e, "%s", step);
		return -1;
	}
#endif
	return 0;
}

/* A stable identity for this host, from the system's. */
static void
identify(struct core *c)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char text[UUID_TEXT], host[65] = "";

	if (xu_file_read("/etc/machine-id", 256, &b, NULL) < 0 || b.len < 32) {
		gethostname(host, sizeof(host) - 1);
		xu_buf_reset(&b);
		xu_buf_adds(&b, host);
	}
	memset(text, '0', sizeof(text));
	text[UUID_TEXT - 1] = '\0';
	text[8] = text[13] = text[18] = text[23] = '-';
	uuid_derive(text, xu_buf_text(&b), c->host_uuid);
	uuid_derive(c->host_uuid, "metrics", c->host_metrics_uuid);
}

static void
on_message(void *ctx XU_UNUSED, enum xc_log_level level XU_UNUSED,
    const char *text)
{
	xu_log(XU_DEBUG, "libxenctrl: %s", text);
}

static int
open_xen(struct core *c, struct xu_err *e)
{
	static const struct xc_logger logger = { on_message, NULL };
	struct xc_physinfo p;
	char why[256] = "";

	c->xch = xc_interface_open(&logger, 0, why, sizeof(why));
	if (c->xch == NULL) {
		xu_err_set(e, "XLD_NO_XEN", 0, "%s", why);
		xu_err_param(e, "%s", why);
		return -1;
	}
	if (xc_version(c->xch, &c->version) < 0)
		return xen_fail(c, e, "ask the hypervisor's version");
	if (xc_physinfo(c->xch, &p) < 0)
		return xen_fail(c, e, "look at the host");
	c->nr_nodes = p.nr_nodes;
	return 0;
}

static void
new_turn(uv_prepare_t *h XU_UNUSED)
{
	xu_log_context(NULL);
}

static void
on_link(struct core *c, const char *name)
{
	vif_link_event(c, name);
	networks_link_event(c, name);
}

int
core_open(struct core *c, struct xu_err *e)
{
	uv_prepare_init(c->loop, &c->turn);
	uv_prepare_start(&c->turn, new_turn);
	uv_unref((uv_handle_t *)&c->turn);
#ifdef XLD_FAULT_INJECTION
	only = c;
#endif
	c->listen_fd = -1;
	xu_list_init(&c->reaps);
	xu_list_init(&c->qemu_orphans);
	xu_list_init(&c->waits);
	workers_open(c);
	xu_list_init(&c->logins);
	xu_list_init(&c->plugins);
	c->kernels = kcache_new(c->loop, c->kernels_max, "/proc");
	if (tasks_open(c) < 0 || c->kernels == NULL || guests_open(c) < 0)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "start");
	scan_open(c);
	room_open(c);
	c->started = booted_at();
	identify(c);
	if (open_xen(c, e) < 0 || audit_open(c, e) < 0 || records_open(c, e) < 0 ||
	    store_open(c, e) < 0 || store_dom0(c, e) < 0 ||
	    pool_open(c, e) < 0 || vdis_open(c, e) < 0 ||
	    messages_open(c, e) < 0 || secrets_open(c, e) < 0 ||
	    consoles_open(c, e) < 0)
		return -1;
	/* Without it the rest goes on. */
	net_open(c, on_link);
	if (networks_open(c, e) < 0)
		return -1;
	bootprog_clean();
	cpu_pools_start(c);
	adopt_all(c);
	vdis_started(c);
	if (api_open(c, e) < 0)
		return -1;
	link_listen(c);
	host_started(c);
	sampled_settings(c);
	return 0;
}

static void
run_closures(uv_handle_t *h, void *arg XU_UNUSED)
{
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

/* Guests go on; so do their records. */
void
core_close(struct core *c)
{
	c->stopping = true;
	link_deafen(c);
	rounds_close(c);
	host_end_close(c);
	plugins_close(c);
	certificate_close(c);
	waits_close(c);
	tasks_stop(c);
	workers_close(c);
	reaps_close(c);
	api_close(c);
	guests_close(c);
	qemu_orphans_close(c);
	vdis_close(c);
	pool_close(c);
	networks_close(c);
	net_close(c);
	tasks_close(c);
	consoles_close(c);
	metrics_close(c);
	sampled_close(c);
	hardware_close(c);
	hw_close();
	pci_api_close();
	store_close(c);
	messages_close(c);
	secrets_close(c);
	records_close(c);
	audit_close(c);
	kcache_free(&c->kernels);
	uv_walk(c->loop, run_closures, NULL);
	uv_run(c->loop, UV_RUN_NOWAIT);
	free(c->sampled);
	xc_interface_close(c->xch);
}
