/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xm doctor: what the daemon says of itself and its guests, and what is left of guests
 * that it does not know. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "doctor.h"
#include "xu_file.h"

/* A guest smaller than this is rare. */
#define LITTLE_MIB 64
/* Of a quota, in percent, that is nearly used up. */
#define NEARLY 80
#define METRICS_MAX (8u << 20)

void
doctor_daemon(struct doctor *d)
{
	if (d->api != NULL)
		doctor_say(d, DOCTOR_OK, "", "xld answers");
	else
		doctor_say(d, DOCTOR_FAIL,
		    "systemctl start xld; journalctl -u xld says why it ended",
		    "%s", d->err.message);
}

/* Of a class the only object; NULL: it cannot be had. */
static struct xapi_value *
the_record(struct doctor *d, const char *method)
{
	struct xapi_value *all, *one = NULL;

	if (d->api == NULL)
		return NULL;
	all = xapi_call(d->api, &d->err, method, "");
	if (all == NULL)
		doctor_say(d, DOCTOR_WARN, "", "%s", d->err.message);
	else if (xapi_count(all) > 0)
		one = xapi_copy(xapi_at(all, 0));
	xapi_free(all);
	return one;
}

void
doctor_enabled(struct doctor *d)
{
	struct xapi_value *host = the_record(d, "host.get_all_records");

	if (host == NULL)
		return;
	if (xapi_get_bool(host, "enabled"))
		doctor_say(d, DOCTOR_OK, "", "guests may be started");
	else
		doctor_say(d, DOCTOR_WARN,
		    "call host.enable of the API, or restart xld",
		    "the host is disabled: no guest is started");
	xapi_free(host);
}

void
doctor_memory(struct doctor *d)
{
	struct xapi_value *m = the_record(d, "host_metrics.get_all_records");
	long long mib = xapi_get_int(m, "memory_free") >> 20;

	if (m == NULL)
		return;
	xapi_free(m);
	if (mib >= LITTLE_MIB)
		doctor_say(d, DOCTOR_OK, "", "%lld MiB are free for guests",
		    mib);
	else
		doctor_say(d, DOCTOR_WARN, "xm mem-set another guest to less, "
		    "boot Xen with a smaller dom0_mem, or set dom0_floor_mib "
		    "in xld.conf", "%lld MiB are free for guests", mib);
}

/* --- quotas of the store -------------------------------------------------- */

/* What /metrics says, behind its head. -1: it does not answer. */
static int
read_metrics(struct xu_buf *out)
{
	static const char ask[] = "GET /metrics HTTP/1.0\r\n"
	    "Host: localhost\r\n\r\n";
	struct sockaddr_un sa = { .sun_family = AF_UNIX,
		.sun_path = XAPI_SOCKET };
	const struct timeval patience = { .tv_sec = 10 };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    write(fd, ask, sizeof(ask) - 1) != sizeof(ask) - 1)
		return -1;
	return xu_fd_read(fd, METRICS_MAX, out);
}

/* Of a sample what is between NAME and its value: the labels. */
static bool
sample(const char *line, const char *name, char *labels, size_t room,
    double *value)
{
	size_t n = strlen(name), len;
	const char *end;

	if (strncmp(line, name, n) != 0 || line[n] != '{')
		return false;
	end = strchr(line, '}');
	if (end == NULL || end > line + strcspn(line, "\n"))
		return false;
	len = (size_t)(end - line) - n;
	snprintf(labels, room, "%.*s", (int)len, line + n + 1);
	labels[len > 0 && len < room ? len - 1 : room - 1] = '\0';
	*value = strtod(end + 1, NULL);
	return true;
}

/* The value of another sample with the same labels, or -1. */
static double
same_labels(const char *text, const char *name, const char *labels)
{
	char other[512];
	double v;

	for (; *text != '\0'; text += strcspn(text, "\n") + (strchr(text,
		'\n') != NULL))
		if (sample(text, name, other, sizeof(other), &v) &&
		    strcmp(other, labels) == 0)
			return v;
	return -1;
}

void
doctor_quota(struct doctor *d)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	char labels[512];
	double used, limit;
	size_t near = 0;

	if (d->api == NULL || getenv(XAPI_URI_ENV) != NULL)
		return;
	if (read_metrics(&text) < 0) {
		doctor_say(d, DOCTOR_WARN, "", "/metrics cannot be read: %s",
		    strerror(errno));
		return;
	}
	for (const char *s = xu_buf_text(&text); s != NULL;
	     s = strchr(s, '\n') != NULL ? strchr(s, '\n') + 1 : NULL) {
		if (!sample(s, "xld_store_quota_used", labels, sizeof(labels),
			&used))
			continue;
		limit = same_labels(xu_buf_text(&text),
		    "xld_store_quota_limit", labels);
		if (limit <= 0 || used * 100 < limit * NEARLY)
			continue;
		near++;
		doctor_say(d, DOCTOR_WARN, "xenstore-control quota set NAME "
		    "NUMBER gives more to guests that start; one that has used "
		    "it up may be broken or hostile",
		    "%.0f of %.0f of a quota of xenstored are used: %s", used,
		    limit, labels);
	}
	if (near == 0)
		doctor_say(d, DOCTOR_OK, "", "no guest is near its quota of "
		    "the store");
}

/* --- what is left of guests ----------------------------------------------- */

struct orphans {
	struct doctor *d;
	struct xapi_value *vms;
	size_t n;
};

static bool
is_guest(const struct xapi_value *vms, long long domid)
{
	for (size_t i = 0; i < xapi_count(vms); i++)
		if (xapi_get_int(xapi_at(vms, i), "domid") == domid)
			return true;
	return false;
}

/* A device model of a domain that is not there. */
static bool
is_orphan(void *arg, long pid, const char *name)
{
	AUTO_BUF struct xu_buf words = XU_BUF_INIT;
	struct orphans *o = arg;
	char path[64], remedy[64];
	long long domid = -1;

	if (strstr(name, "qemu") == NULL && strncmp(name, "xld-", 4) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%ld/cmdline", pid);
	if (xu_file_read(path, 1 << 20, &words, NULL) < 0)
		return false;
	for (size_t i = 0; i < words.len; i += strlen(words.data + i) + 1)
		if (strcmp(words.data + i, "-xen-domid") == 0 &&
		    i + sizeof("-xen-domid") < words.len)
			domid = strtoll(words.data + i + sizeof("-xen-domid"),
			    NULL, 10);
	if (domid < 0 || is_guest(o->vms, domid))
		return false;
	o->n++;
	snprintf(remedy, sizeof(remedy), "kill %ld", pid);
	doctor_say(o->d, DOCTOR_WARN, remedy, "process %ld (%s) is the device "
	    "model of domain %lld, which is not there", pid, name, domid);
	return false;
}

void
doctor_orphans(struct doctor *d)
{
	struct orphans o = { .d = d };

	if (d->api == NULL)
		return;
	o.vms = xapi_call(d->api, &d->err, "VM.get_all_records", "");
	if (o.vms == NULL) {
		doctor_say(d, DOCTOR_WARN, "", "%s", d->err.message);
		return;
	}
	doctor_processes(is_orphan, &o);
	if (o.n == 0)
		doctor_say(d, DOCTOR_OK, "", "no device model has lost its "
		    "guest");
	xapi_free(o.vms);
}

void
doctor_dying(struct doctor *d)
{
	static const char mark[] = "--dying";
	struct xapi_value *vms = NULL;
	size_t dying = 0, len;
	const char *name;

	if (d->api == NULL)
		return;
	vms = xapi_call(d->api, &d->err, "VM.get_all_records", "");
	for (size_t i = 0; i < xapi_count(vms); i++) {
		name = xapi_get_str(xapi_at(vms, i), "name_label");
		len = strlen(name);
		if (len < sizeof(mark) ||
		    strcmp(name + len - sizeof(mark) + 1, mark) != 0)
			continue;
		dying++;
		doctor_say(d, DOCTOR_WARN, "the log of xld says who has its "
		    "memory; end that", "%s has ended, but others have pages "
		    "of it mapped, which are not free until then", name);
	}
	if (dying == 0 && vms != NULL)
		doctor_say(d, DOCTOR_OK, "", "no domain hangs at its end");
	xapi_free(vms);
}
