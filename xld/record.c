/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives the daemon. What a machine is that its owner keeps is an object
 * of the database. Which domain a guest has, and what was being done to it, means
 * nothing after the host's boot: a file for each on tmpfs, where a change costs no
 * wait for a disk and none touches another's.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"
#include "dm.h"
#include "qdisk.h"
#include "xu_file.h"
#include "xu_log.h"

#define RECORDS XLD_RUNDIR "/domains"
#define INTENTS XLD_RUNDIR "/intents"

/* The host keeps the identity it was first known by, whatever becomes of the
 * system's. */
static int
host_load(struct core *c, struct xu_err *e)
{
	AUTO_VAL struct xu_val *uuid = xu_str(c->host_uuid);
	struct xu_err own = XU_ERR_INIT;
	uint8_t bytes[16];

	c->host = db_get(c->db, "host", "self", &own);
	if (c->host == NULL && xu_err_is_set(&own)) {
		*e = own;
		return -1;
	}
	if (!uuid_bytes(xu_val_get_str(c->host, "uuid", ""), bytes))
		return db_change(c->db, "host", "self", &c->host, "uuid", uuid,
		    e);
	uuid_text(bytes, c->host_uuid);
	uuid_derive(c->host_uuid, "metrics", c->host_metrics_uuid);
	return 0;
}

int
records_open(struct core *c, struct xu_err *e)
{
	/* Whatever our umask is: the socket's own mode says who may connect. */
	if (xu_mkdirs(XLD_RUNDIR, 0711, e) < 0 ||
	    chmod(XLD_RUNDIR, 0711) < 0 ||
	    xu_mkdirs(RECORDS, 0700, e) < 0 || xu_mkdirs(INTENTS, 0700, e) < 0 ||
	    xu_mkdirs(XLD_STATEDIR, 0700, e) < 0)
		return xu_err_set(e, "XLD_FILE", errno, "%s", XLD_RUNDIR);
	c->db = db_open(XLD_STATEDIR, e);
	return c->db == NULL ? -1 : host_load(c, e);
}

void
records_close(struct core *c)
{
	xu_val_free(steal_ptr(&c->host));
	db_close(&c->db);
}

static void
path_of(char out[128], const char *dir, const char *uuid)
{
	snprintf(out, 128, "%s/%s.json", dir, uuid);
}

static int
put(const char *dir, const char *uuid, struct xu_val *v, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	char path[128];
	int r;

	path_of(path, dir, uuid);
	if (!xu_val_ok(v) || xu_val_to_json(v, true, &b) < 0 || b.error != 0)
		r = xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "write %s", path);
	else
		r = xu_file_replace(path, b.data, b.len, 0600, e);
	xu_val_free(v);
	return r;
}

static void
gone(const char *dir, const char *uuid)
{
	char path[128];

	path_of(path, dir, uuid);
	if (unlink(path) < 0 && errno != ENOENT)
		xu_log(XU_ERROR, "remove %s: %s", path, strerror(errno));
}

static struct xu_val *
content(const struct guest *g)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "uuid", xu_str(g->uuid));
	xu_val_set(v, "domid", xu_int(g->domid));
	xu_val_set(v, "store_port", xu_int(g->store_port));
	xu_val_set(v, "console_port", xu_int(g->console_port));
	xu_val_set(v, "store_frame", xu_int((int64_t)g->store_frame));
	xu_val_set(v, "console_frame", xu_int((int64_t)g->console_frame));
	xu_val_set(v, "on_ring", xu_bool(g->on_ring));
	xu_val_set(v, "start_time", xu_int(g->start_time));
	xu_val_set(v, "preserved", xu_bool(g->preserved));
	xu_val_set(v, "to_run", xu_bool(g->to_run));
	xu_val_set(v, "handle", xu_str(g->handle));
	xu_val_set(v, "incoming", xu_bool(g->incoming));
	xu_val_set(v, "becomes", xu_str(g->becomes));
	xu_val_set(v, "restart_since", xu_int(g->restart_since));
	xu_val_set(v, "restarts", xu_int(g->restarts));
	xu_val_set(v, "last_end", xu_str(g->last_end));
	dm_keep(g, v);
	qdisk_keep(g, v);
	xu_val_set(v, "config", xu_val_copy(g->config));
	return v;
}

/* A machine that is no longer kept is none of the database's. */
static int
keep(struct guest *g, struct xu_err *e)
{
	AUTO_VAL struct xu_val *v = NULL;
	bool kept = !guest_is_transient(g);
	int r;

	if (!kept && !g->kept)
		return 0;
	if (kept) {
		v = xu_struct();
		xu_val_set(v, "config", xu_val_copy(g->config));
		xu_val_set(v, "last_end", xu_str(g->last_end));
		xu_val_set(v, "suspended", xu_bool(g->suspended));
		r = db_put(g->core->db, "VM", g->uuid, v, e);
	} else {
		r = db_del(g->core->db, "VM", g->uuid, e);
	}
	if (r == 0)
		g->kept = kept;
	return r;
}

int
record_domain(struct guest *g, struct xu_err *e)
{
	if (g->foreign)
		return 0;
	if (g->domid < 0) {
		gone(RECORDS, g->uuid);
		return 0;
	}
	return put(RECORDS, g->uuid, content(g), e);
}

int
record_write(struct guest *g, struct xu_err *e)
{
	if (!g->foreign && keep(g, e) < 0)
		return -1;
	return record_domain(g, e);
}

int
record_remove(struct guest *g, struct xu_err *e)
{
	if (g->kept && db_del(g->core->db, "VM", g->uuid, e) < 0)
		return -1;
	g->kept = false;
	gone(RECORDS, g->uuid);
	return 0;
}

void
record_forget(struct core *c, const char *uuid)
{
	struct xu_err e = XU_ERR_INIT;

	if (db_del(c->db, "VM", uuid, &e) < 0)
		xu_log_err(XU_ERROR, &e);
	gone(RECORDS, uuid);
}

int
intent_write(const struct guest *g, const char *op, struct xu_err *e)
{
	return intent_write_with(g, op, NULL, NULL, e);
}

int
intent_write_with(const struct guest *g, const char *op, const char *name,
    const struct xu_val *more, struct xu_err *e)
{
	struct xu_val *v = content(g);

	xu_val_set(v, "intent", xu_str(op));
	if (name != NULL)
		xu_val_set(v, name, xu_val_copy(more));
	return put(INTENTS, g->uuid, v, e);
}

void
intent_remove(const char *uuid)
{
	gone(INTENTS, uuid);
}
