/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domains that were destroyed and do not go, because others have pages of them
 * mapped: who they were, and who may hold them. Xen tells neither; the name of
 * one of ours is in a file on tmpfs until it has gone.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xld.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"

#define FOLDER	   XLD_RUNDIR "/dying"
#define RECORD_MAX 4096
#define SUFFIX	   "--dying"
/* So many processes are named. */
#define HOLDERS_MAX 4

static void
path_of(int32_t domid, char out[64])
{
	snprintf(out, 64, FOLDER "/%d.json", domid);
}

void
dying_keep(const struct guest *g)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	char path[64];

	path_of(g->domid, path);
	xu_val_set(v, "uuid", xu_str(guest_handle(g)));
	xu_val_set(v, "name", xu_str(guest_name(g)));
	if (!xu_val_ok(v) || xu_val_to_json(v, true, &b) < 0 || b.error != 0)
		return;
	if (xu_mkdirs(FOLDER, 0700, &e) < 0 ||
	    xu_file_replace(path, b.data, b.len, 0600, &e) < 0)
		xu_log_err(XU_WARNING, &e);
}

void
dying_forget(int32_t domid)
{
	char path[64];

	path_of(domid, path);
	unlink(path);
}

/* The name of the machine whose domain it was. False: it was none of ours. */
static bool
kept_name(const struct xc_domaininfo *info, char *out, size_t room)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = NULL;
	char path[64], uuid[UUID_TEXT];

	path_of((int32_t)info->domid, path);
	if (xu_file_read(path, RECORD_MAX, &b, NULL) < 0)
		return false;
	v = xu_val_from_json(xu_buf_text(&b), b.len, RECORD_MAX, NULL);
	uuid_text(info->handle, uuid);
	if (strcmp(xu_val_get_str(v, "uuid", ""), uuid) != 0)
		return false;
	snprintf(out, room, "%s", xu_val_get_str(v, "name", ""));
	return out[0] != '\0';
}

/* Cuts the name rather than what says how it is. */
static void
add_suffix(char *name)
{
	size_t n = strlen(name), most = NAME_MAX_LEN - strlen(SUFFIX);

	if (n >= strlen(SUFFIX) &&
	    strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0)
		return;
	if (n > most)
		n = most;
	memcpy(name + n, SUFFIX, sizeof(SUFFIX));
}

void
dying_name(struct core *c, const struct xc_domaininfo *info,
    char out[NAME_MAX_LEN + 1])
{
	AUTO_FREE char *name = NULL;

	if (!kept_name(info, out, NAME_MAX_LEN + 1)) {
		name = store_name(c, (int32_t)info->domid);
		if (name != NULL && name[0] != '\0')
			snprintf(out, NAME_MAX_LEN + 1, "%s", name);
		else
			snprintf(out, NAME_MAX_LEN + 1, "Domain-%u",
			    info->domid);
	}
	add_suffix(out);
}

void
dying_rename(struct guest *g)
{
	char name[NAME_MAX_LEN + 1];

	snprintf(name, sizeof(name), "%s", guest_name(g));
	add_suffix(name);
	guest_set_name(g, name, NULL);
}

void
dying_clean(struct core *c)
{
	struct xc_domaininfo info;
	const struct dirent *ent;
	char number[16];
	uint64_t domid;
	DIR *d = opendir(FOLDER);

	while (d != NULL && (ent = readdir(d)) != NULL) {
		snprintf(number, sizeof(number), "%.*s",
		    (int)strcspn(ent->d_name, "."), ent->d_name);
		if (xu_num_u64(number, 10, XC_DOMID_FIRST_RESERVED, &domid) &&
		    (xc_domain_getinfo(c->xch, (uint32_t)domid, &info) < 0 ||
			(info.flags & XC_DOMINF_DYING) == 0))
			dying_forget((int32_t)domid);
	}
	if (d != NULL)
		closedir(d);
}

/* ---- who holds it ------------------------------------------------------------------ */

/* Does the process have a device open by which pages of domains are mapped? */
static bool
can_map(const char *pid)
{
	char folder[300], link[600], target[64];
	const struct dirent *ent;
	bool yes = false;
	ssize_t n;
	DIR *d;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	d = opendir(folder);
	while (d != NULL && !yes && (ent = readdir(d)) != NULL) {
		snprintf(link, sizeof(link), "%s/%s", folder, ent->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		yes = strcmp(target, "/dev/xen/privcmd") == 0 ||
		    strcmp(target, "/dev/xen/gntdev") == 0;
	}
	if (d != NULL)
		closedir(d);
	return yes;
}

/* Processes of domain 0, but for the daemons of this toolstack. */
static void
add_holders(struct xu_buf *b)
{
	static const char *const ours[] = { "xld", "xenstored" };
	const struct dirent *ent;
	char path[300], name[64];
	unsigned n = 0;
	DIR *d = opendir("/proc");

	while (d != NULL && n < HOLDERS_MAX && (ent = readdir(d)) != NULL) {
		AUTO_BUF struct xu_buf comm = XU_BUF_INIT;

		if (ent->d_name[strspn(ent->d_name, "0123456789")] != '\0' ||
		    !can_map(ent->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", ent->d_name);
		if (xu_file_read(path, 64, &comm, NULL) < 0)
			continue;
		snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(xu_buf_text(&comm), "\n"),
		    xu_buf_text(&comm));
		if (strcmp(name, ours[0]) == 0 || strcmp(name, ours[1]) == 0)
			continue;
		xu_buf_addf(b, "%s%s (pid %s)", n++ == 0 ? ": perhaps " : ", ",
		    name, ent->d_name);
	}
	if (d != NULL)
		closedir(d);
}

struct xu_val *
dying_reason(const struct guest *g)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	const struct xc_domaininfo *i = &g->info;

	if (g->domid < 0 || (i->flags & XC_DOMINF_DYING) == 0)
		return xu_str("");
	if (g->op != OP_NONE)
		return xu_str("it is being destroyed");
	xu_buf_addf(&b, "it was destroyed, but %llu KiB of it are still mapped "
			"by another domain or by a process of domain 0",
	    (unsigned long long)i->tot_pages * 4);
	add_holders(&b);
	xu_buf_adds(&b, "; Xen frees them when they are let go");
	return xu_str(xu_buf_text(&b));
}
