/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See preflight.h. Disks and bridges are compared by their names on both hosts; whether
 * two disks of one name and size are the same is the owner's to know. An offer is a
 * stranger's: what it leaves out is not checked here and fails later, when the machine
 * is made.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net.h"
#include "preflight.h"
#include "vbd.h"
#include "vif.h"
#include "vm_cpuid.h"

static int
fail(struct xu_err *e, const char *what, const char *why)
{
	xu_err_set(e, XE(XLD_PEER), 0, "%s: %s", what, why);
	xu_err_param(e, "%s: %s", what, why);
	return -1;
}

/* ---- disks ---------------------------------------------------------------------------- */

/* Bytes of the file or device; -1 with errno. What is neither is not opened: for some
 * devices that alone means something. */
static int64_t
size_of(const char *path)
{
	uint64_t size = 0;
	struct stat st;
	int fd, err;

	if (stat(path, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return (int64_t)st.st_size;
	if (!S_ISBLK(st.st_mode)) {
		errno = ENODEV;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	err = ioctl(fd, BLKGETSIZE64, &size) < 0 ? errno : 0;
	close(fd);
	errno = err;
	return err == 0 ? (int64_t)size : -1;
}

/* Where a disk of the config is; false: nowhere that can be looked at. */
static bool
place_of(const struct xu_val *entry, char path[PATH_MAX])
{
	return xu_val_get_str(entry, "script", "")[0] == '\0' &&
	    vbd_path(xu_val_get_str(entry, "location", ""), path, PATH_MAX,
		NULL) == 0 &&
	    path[0] != '\0';
}

/* An image's file is as large as it likes. */
static bool
is_raw(const struct xu_val *entry)
{
	struct xu_disk_target t;

	xu_disk_target(xu_val_get_str(entry, "location", ""), &t);
	return t.type == XU_DISK_RAW;
}

static struct xu_val *
sizes(const struct guest *g)
{
	const struct xu_val *all = xu_val_get(g->config, "VBDs"), *entry;
	struct xu_val *v = xu_struct();
	char path[PATH_MAX];
	int64_t size;

	for (size_t i = 0; i < xu_val_count(all); i++) {
		entry = xu_val_at(all, i);
		if (!is_raw(entry) || !place_of(entry, path))
			continue;
		size = size_of(path);
		if (size >= 0)
			xu_val_set(v, xu_val_get_str(entry, "device", ""),
			    xu_int(size));
	}
	return v;
}

static int
check_disk(const struct xu_val *entry, const struct xu_val *there,
    struct xu_err *e)
{
	const char *device = xu_val_get_str(entry, "device", "");
	char path[PATH_MAX], what[200], why[120];
	int64_t want, size;

	if (!place_of(entry, path))
		return 0;
	snprintf(what, sizeof(what), "disk %.40s (%.120s)", device, path);
	size = size_of(path);
	if (size < 0)
		return fail(e, what, strerror(errno));
	want = xu_val_get_int(there, device, size);
	if (want == size || !is_raw(entry))
		return 0;
	snprintf(why, sizeof(why), "it has %lld bytes here, and %lld there",
	    (long long)size, (long long)want);
	return fail(e, what, why);
}

/* ---- network interfaces ------------------------------------------------------------------ */

static int
check_vif(struct core *c, const struct xu_val *entry, struct xu_err *e)
{
	const char *bridge = xu_val_get_str(entry, "bridge", "");
	char what[80], why[400], all[300];
	struct net_link l;
	bool any;

	if (vif_mode(entry) != VIF_BRIDGE || c->net == NULL)
		return 0;
	any = net_bridges(c, all, sizeof(all)) > 0;
	if (bridge[0] == '\0' ? any : net_link_get(c, bridge, &l) == 0)
		return 0;
	snprintf(what, sizeof(what), "network interface %.10s",
	    xu_val_get_str(entry, "device", ""));
	snprintf(why, sizeof(why), "there is no bridge %.15s%shere%s%s", bridge,
	    bridge[0] != '\0' ? " " : "", any ? "; there are: " : "", all);
	return fail(e, what, why);
}

/* ---- hypervisor -------------------------------------------------------------------------- */

/* What a newer one has saved an older one need not understand. */
static int
check_release(const struct core *c, const struct xu_val *hello,
    struct xu_err *e)
{
	const int64_t major = xu_val_get_int(hello, "xen_major", 0);
	const int64_t minor = xu_val_get_int(hello, "xen_minor", 0);
	char why[120];

	if (major < c->version.major ||
	    (major == c->version.major && minor <= c->version.minor))
		return 0;
	snprintf(why, sizeof(why), "it is %u.%u here and %lld.%lld there: a "
	    "machine goes to the same release or a later one", c->version.major,
	    c->version.minor, (long long)major, (long long)minor);
	return fail(e, "Xen", why);
}

/* ---- both ---------------------------------------------------------------------------------- */

void
preflight_tell(const struct guest *g, struct xu_val *offer)
{
	xu_val_set(offer, "disks", sizes(g));
	xu_val_set(offer, "processor", cpuid_features(g->core,
	    (uint32_t)g->domid));
}

int
preflight_check(struct core *c, const struct xu_val *args,
    const struct xu_val *offer, const struct xu_val *hello, struct xu_err *e)
{
	const bool pv = strcmp(xu_val_get_str(offer, "type", ""), "pv") == 0;
	const struct xu_val *list = xu_val_get(args, "VBDs");

	if (check_release(c, hello, e) < 0 ||
	    cpuid_can(c, pv, xu_val_get(offer, "processor"), e) < 0)
		return -1;
	for (size_t i = 0; i < xu_val_count(list); i++)
		if (check_disk(xu_val_at(list, i), xu_val_get(offer, "disks"),
			e) < 0)
			return -1;
	list = xu_val_get(args, "VIFs");
	for (size_t i = 0; i < xu_val_count(list); i++)
		if (check_vif(c, xu_val_at(list, i), e) < 0)
			return -1;
	return 0;
}
