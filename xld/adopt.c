/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After a start of the daemon: guests that run are ours again by their records,
 * and what intents say was under way is undone (a creation nobody was told
 * of) or finished (a destruction, a reboot). A domain is known by its handle,
 * which is the guest's uuid from its first moment.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "dev.h"
#include "dm.h"
#include "migrate.h"
#include "qdisk.h"
#include "vm_dump.h"
#include "vm_go_on.h"
#include "xu_file.h"
#include "xu_log.h"

#define RECORD_MAX (1u << 20)

/* ---- files ------------------------------------------------------------------------ */

static struct xu_val *
read_json(const char *path, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (xu_file_read(path, RECORD_MAX, &b, e) < 0)
		return NULL;
	return xu_val_from_json(xu_buf_text(&b), b.len, RECORD_MAX, e);
}

/* Name of "<uuid>.json"? */
static bool
is_record(const char *name, char uuid[UUID_TEXT])
{
	uint8_t bytes[16];

	if (strlen(name) != UUID_TEXT - 1 + 5 ||
	    strcmp(name + UUID_TEXT - 1, ".json") != 0)
		return false;
	memcpy(uuid, name, UUID_TEXT - 1);
	uuid[UUID_TEXT - 1] = '\0';
	return uuid_bytes(uuid, bytes);
}

typedef void record_f(struct core *c, const char *uuid, const struct xu_val *v);

static void
each_record(struct core *c, const char *dir, record_f *f)
{
	DIR *d = opendir(dir);
	struct xu_err e = XU_ERR_INIT;
	const struct dirent *ent;
	char uuid[UUID_TEXT], path[512];
	struct xu_val *v;

	while (d != NULL && (ent = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, ent->d_name);
		if (is_record(ent->d_name, uuid)) {
			xu_err_clear(&e);
			v = read_json(path, &e);
			if (v == NULL)
				xu_log_err(XU_ERROR, &e);
			else
				f(c, uuid, v);
			xu_val_free(v);
		} else if (strstr(ent->d_name, ".new") != NULL) {
			/* Half written when we died. */
			unlink(path);
		}
	}
	if (d != NULL)
		closedir(d);
}

/* The guest of a record: the one there is, or a new one. */
static struct guest *
guest_of(struct core *c, const char *uuid, const struct xu_val *v)
{
	struct guest *g = guest_by_uuid(c, uuid);
	struct xu_err e = XU_ERR_INIT;

	if (g != NULL)
		return g;
	g = guest_new(c, uuid, config_complete(xu_val_get(v, "config")), &e);
	if (g == NULL)
		xu_log_err(XU_ERROR, &e);
	return g;
}

/* ---- records ------------------------------------------------------------------------ */

static void
kept(void *arg, const char *uuid, const struct xu_val *v)
{
	struct guest *g = guest_of(arg, uuid, v);

	if (g == NULL)
		return;
	g->kept = true;
	g->suspended = xu_val_get_bool(v, "suspended", false);
	snprintf(g->last_end, sizeof(g->last_end), "%s",
	    xu_val_get_str(v, "last_end", ""));
}

static bool
still_runs(struct core *c, const struct guest *g, int64_t domid,
    struct xc_domaininfo *info)
{
	char handle[UUID_TEXT];

	if (domid <= 0 || domid >= (int64_t)XC_DOMID_FIRST_RESERVED ||
	    xc_domain_getinfo(c->xch, (uint32_t)domid, info) < 0)
		return false;
	uuid_text(info->handle, handle);
	return strcmp(handle, guest_handle(g)) == 0;
}

static void
fill(struct guest *g, const struct xu_val *v)
{
	g->store_port = (uint32_t)xu_val_get_int(v, "store_port", 0);
	g->console_port = (uint32_t)xu_val_get_int(v, "console_port", 0);
	g->store_frame = (uint64_t)xu_val_get_int(v, "store_frame", 0);
	g->console_frame = (uint64_t)xu_val_get_int(v, "console_frame", 0);
	g->on_ring = xu_val_get_bool(v, "on_ring", false);
	g->restart_since = xu_val_get_int(v, "restart_since", 0);
	g->restarts = (unsigned)xu_val_get_int(v, "restarts", 0);
	snprintf(g->handle, sizeof(g->handle), "%s",
	    xu_val_get_str(v, "handle", ""));
	g->incoming = xu_val_get_bool(v, "incoming", false);
	snprintf(g->becomes, sizeof(g->becomes), "%s",
	    xu_val_get_str(v, "becomes", ""));
	if (g->last_end[0] == '\0')
		snprintf(g->last_end, sizeof(g->last_end), "%s",
		    xu_val_get_str(v, "last_end", ""));
}

static bool
has_intent(const char *uuid)
{
	char path[128];

	snprintf(path, sizeof(path), XLD_RUNDIR "/intents/%s.json", uuid);
	return access(path, F_OK) == 0;
}

/* The store has another name when a change of it was cut short. */
static void
follow_rename(const struct guest *g)
{
	AUTO_FREE char *name = store_name(g->core, g->domid);
	struct xu_err e = XU_ERR_INIT;

	if (name != NULL && strcmp(name, guest_name(g)) != 0 &&
	    store_write_name(g, &e) < 0)
		xu_log_err(XU_WARNING, &e);
}

static void
ours_again(struct guest *g, const struct xu_val *v, int32_t domid,
    const struct xc_domaininfo *info)
{
	struct core *c = g->core;
	struct xu_err e = XU_ERR_INIT;
	bool modelled, served;

	if (guest_set_domid(g, domid, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		return;
	}
	g->info = *info;
	g->start_time = xu_val_get_int(v, "start_time", 0);
	g->preserved = xu_val_get_bool(v, "preserved", false);
	follow_rename(g);
	served = qdisk_adopt(g, v);
	devs_adopt(g);
	if (console_attach(g, true, &e) < 0)
		xu_log_err(XU_WARNING, &e);
	modelled = config_type(g->config) != TYPE_HVM || dm_adopt(g, v);
	if (!modelled || !served) {
		xu_log(XU_ERROR, "%s: %s has died while xld was not running",
		    guest_name(g), modelled ? "the QEMU of its disks" :
					      "its device model");
		xc_domain_shutdown(c->xch, (uint32_t)domid, END_CRASH);
	}
	/* It was restored, and all but this had been done. */
	if (xu_val_get_bool(v, "to_run", false)) {
		xc_domain_unpause(c->xch, (uint32_t)domid);
		record_write(g, NULL);
	}
	xu_log(XU_NOTICE, "%s (domain %d) is ours again", guest_name(g), domid);
}

/* One that took another's place when we died has both records: that place's counts. */
static bool
is_double(struct guest *g, int32_t domid)
{
	struct core *c = g->core;
	struct guest *other = guest_by_domid(c, domid);
	bool old = g->becomes[0] != '\0';

	if (other == NULL || other == g)
		return false;
	other = old ? g : other;
	if (other->domid >= 0)
		console_detach(other);
	record_forget(c, other->uuid);
	guest_free(other);
	return old;
}

static void
running(struct core *c, const char *uuid, const struct xu_val *v)
{
	int64_t domid = xu_val_get_int(v, "domid", NO_DOMID);
	struct guest *g = guest_of(c, uuid, v);
	struct xc_domaininfo info;

	if (g == NULL)
		return;
	fill(g, v);
	/* What was under way comes with the intents. */
	if (has_intent(uuid))
		return;
	if (!still_runs(c, g, domid, &info)) {
		xu_log(XU_NOTICE, "%s (domain %lld) has gone while xld was "
				  "not running", guest_name(g),
		    (long long)domid);
		store_remove(c, (int32_t)domid, uuid);
		record_write(g, NULL);
		if (guest_is_transient(g))
			guest_free(g);
		return;
	}
	if (is_double(g, (int32_t)domid))
		return;
	ours_again(g, v, (int32_t)domid, &info);
}

/* ---- intents --------------------------------------------------------------------------- */

static int32_t
domain_of(struct core *c, const char *uuid)
{
	enum { CHUNK = 64 };
	struct xc_domaininfo *info = calloc(CHUNK, sizeof(*info));
	char handle[UUID_TEXT];
	int32_t found = NO_DOMID;
	uint32_t first = 0;
	int n;

	while (info != NULL && found < 0 &&
	    (n = xc_domain_getinfolist(c->xch, first, CHUNK, info)) > 0) {
		for (int i = 0; i < n; i++) {
			uuid_text(info[i].handle, handle);
			if (strcmp(handle, uuid) == 0)
				found = (int32_t)info[i].domid;
		}
		first = info[n - 1].domid + 1;
	}
	free(info);
	return found;
}

static void
recovered(void *arg, const struct xu_err *e)
{
	struct guest *g = arg;

	struct core *c = g->core;

	if (e != NULL)
		xu_log_err(XU_ERROR, e);
	vm_settle(g);
	incoming_look(c);
}

static void
gone_on(void *arg)
{
	struct guest *g = arg;

	record_write(g, NULL);
	intent_remove(g->uuid);
	vm_settle(g);
}

/* A save: the guest goes on, or the file is whole and it ends. */
static void
save_under_way(struct guest *g, const struct xu_val *v, int32_t domid)
{
	struct core *c = g->core;
	struct xc_domaininfo info;
	bool ends;

	if (domid >= 0 && xc_domain_getinfo(c->xch, (uint32_t)domid, &info) == 0)
		ours_again(g, v, domid, &info);
	ends = save_was_cut(g, xu_val_get(v, "save"));
	if (g->domid >= 0 && ends) {
		vm_destroy(g, recovered, g);
		return;
	}
	if (g->domid >= 0 && (info.flags & XC_DOMINF_SHUTDOWN) != 0 &&
	    info.shutdown_reason == END_SUSPEND)
		go_on(g);
	go_on_then(g, gone_on, g);
}

/* A dump: there is none, and the domain is as it was before; if it had ended, that is
 * seen to anew. */
static void
dump_under_way(struct guest *g, const struct xu_val *v, int32_t domid)
{
	struct core *c = g->core;
	struct xc_domaininfo info;

	if (domid >= 0 && xc_domain_getinfo(c->xch, (uint32_t)domid, &info) == 0)
		ours_again(g, v, domid, &info);
	else
		store_remove(c, (int32_t)xu_val_get_int(v, "domid", NO_DOMID),
		    g->uuid);
	dump_was_cut(g, xu_val_get(v, "dump"));
	record_write(g, NULL);
	intent_remove(g->uuid);
	vm_settle(g);
}

/* It has been committed to somebody else. */
static void
migration_under_way(struct guest *g, const struct xu_val *v, int32_t domid)
{
	struct xc_domaininfo info;

	if (domid < 0 ||
	    xc_domain_getinfo(g->core->xch, (uint32_t)domid, &info) < 0) {
		intent_remove(g->uuid);
		record_write(g, NULL);
		vm_settle(g);
		return;
	}
	ours_again(g, v, domid, &info);
	migrate_in_doubt(g, xu_val_get(v, "migrate"));
}

static void
under_way(struct core *c, const char *uuid, const struct xu_val *v)
{
	const char *what = xu_val_get_str(v, "intent", "");
	const char *handle = xu_val_get_str(v, "handle", "");
	int32_t domid = domain_of(c, handle[0] != '\0' ? handle : uuid);
	int32_t old = (int32_t)xu_val_get_int(v, "domid", NO_DOMID);
	struct guest *g = guest_of(c, uuid, v);
	bool again = strcmp(what, "reboot") == 0;

	if (g == NULL)
		return;
	fill(g, v);
	xu_log(XU_NOTICE, "%s: a %s was cut short; %s", guest_name(g), what,
	    strcmp(what, "create") == 0 || strcmp(what, "dump") == 0 ||
		    strcmp(what, "snapshot") == 0 ?
		"undone" : "finished");
	if (strcmp(what, "save") == 0) {
		save_under_way(g, v, domid);
		return;
	}
	/* It was paused for either. */
	if (strcmp(what, "dump") == 0 || strcmp(what, "snapshot") == 0) {
		dump_under_way(g, v, domid);
		return;
	}
	if (strcmp(what, "migrate") == 0) {
		migration_under_way(g, v, domid);
		return;
	}
	if (strcmp(what, "create") == 0)
		suspended_again(g);
	/* Nodes of the domain that was, when another number is alive now. */
	if (old > 0 && old != domid)
		store_remove(c, old, uuid);
	if (domid < 0) {
		record_write(g, NULL);
		if (again) {
			g->op = OP_REBOOT;
			vm_create(g, false, NULL, recovered, g);
			return;
		}
		intent_remove(uuid);
		vm_settle(g);
	} else if (guest_set_domid(g, domid, NULL) == 0) {
		qdisk_adopt(g, v);
		devs_adopt(g);
		if (again)
			vm_reboot(g, recovered, g);
		else
			vm_destroy(g, recovered, g);
	}
}

void
adopt_all(struct core *c)
{
	struct xu_err e = XU_ERR_INIT;

	dying_clean(c);
	if (db_each(c->db, "VM", kept, c, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	incoming_recover();
	each_record(c, XLD_RUNDIR "/domains", running);
	each_record(c, XLD_RUNDIR "/intents", under_way);
	suspended_clean(c);
	incoming_look(c);
	scan(c);
	/* Who starts us may rely on nothing half done being left. */
	while (!xu_list_empty(&c->reaps))
		uv_run(c->loop, UV_RUN_ONCE);
}
