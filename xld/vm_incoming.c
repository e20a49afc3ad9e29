/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * See migrate.h: a machine that comes. It is checked before a byte of its memory is
 * taken, made as any restored one is, and held before its last step until the source
 * has committed. Within the host it comes under another name and uuid, and takes the
 * place of the one it was when that is gone ("becomes" of its record).
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "dev.h"
#include "image_xl.h"
#include "migrate.h"
#include "peer.h"
#include "preflight.h"
#include "vm_limits.h"
#include "vm_room.h"
#include "xu_file.h"
#include "xu_log.h"

#define MIGRATIONS XLD_RUNDIR "/migrations"
#define SUFFIX	   "--incoming"
/* Seconds for a word that is at hand, and for COMMIT once it is loaded. */
#define WORD_S	 10
#define COMMIT_S 10
/* And for FORGET: until the source has taken away what was there. */
#define FORGET_S 120
/* At the same time. */
#define MOST 32

struct incoming {
	struct xu_list all;
	struct core *core;
	struct peer *peer;
	/* Its own, when it moves within this host. */
	struct guest *local;
	char id[UUID_TEXT];
	/* Of a migration that is over, and that it has asked about. */
	char asked[UUID_TEXT];
	enum peer_kind awaited;
	bool paused;
	struct xu_val *args;
	/* What it said first. */
	struct xu_val *hello;
	struct restoring *restoring;
	/* It is loaded and waits. */
	struct create *held;
	struct guest *g;
	bool committed;
};

static struct xu_list everyone = { &everyone, &everyone };

/* ---- the journal ------------------------------------------------------------------- */

static void
journal_path(const char *id, char out[128])
{
	snprintf(out, 128, MIGRATIONS "/%s.json", id);
}

/* runs: nothing undoes it any more. */
static int
journal_write(const char *id, const char *uuid, bool runs, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_VAL struct xu_val *v = xu_struct();
	char path[128];

	xu_val_set(v, "uuid", xu_str(uuid));
	xu_val_set(v, "runs", xu_bool(runs));
	journal_path(id, path);
	if (xu_mkdirs(MIGRATIONS, 0700, e) < 0 ||
	    xu_val_to_json(v, true, &b) < 0)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "%s", path);
	return xu_file_replace(path, b.data, b.len, 0600, e);
}

void
incoming_forget(const char *id)
{
	char path[128];

	journal_path(id, path);
	unlink(path);
}

static struct xu_val *
journal_read(const char *path)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	return xu_file_read(path, 4096, &b, NULL) < 0 ? NULL :
	    xu_val_from_json(xu_buf_text(&b), b.len, 4096, NULL);
}

static bool
runs_here(const char *id)
{
	AUTO_VAL struct xu_val *v = NULL;
	uint8_t bytes[16];
	char path[128];

	if (!uuid_bytes(id, bytes))
		return false;
	journal_path(id, path);
	v = journal_read(path);
	return xu_val_get_bool(v, "runs", false);
}

/* Of a migration that was cut between its two words: what the intent of the machine's
 * creation says, which is about to be undone, if there is one. */
static void
settle(const char *id, const char *any XU_UNUSED)
{
	AUTO_VAL struct xu_val *v = NULL;
	const char *uuid;
	char path[128], intent[128];

	journal_path(id, path);
	v = journal_read(path);
	if (xu_val_get_bool(v, "runs", false))
		return;
	uuid = xu_val_get_str(v, "uuid", "none");
	snprintf(intent, sizeof(intent), XLD_RUNDIR "/intents/%.36s.json",
	    uuid);
	if (access(intent, F_OK) == 0)
		incoming_forget(id);
	else
		journal_write(id, uuid, true, NULL);
}

static void
each_journal(void (*f)(const char *id, const char *uuid), const char *uuid)
{
	DIR *d = opendir(MIGRATIONS);
	const struct dirent *ent;
	char id[UUID_TEXT];
	uint8_t bytes[16];

	while (d != NULL && (ent = readdir(d)) != NULL) {
		snprintf(id, sizeof(id), "%.36s", ent->d_name);
		if (uuid_bytes(id, bytes) &&
		    strcmp(ent->d_name + strlen(id), ".json") == 0)
			f(id, uuid);
	}
	if (d != NULL)
		closedir(d);
}

void
incoming_recover(void)
{
	each_journal(settle, NULL);
}

/* Whoever asked for that machine has been answered. */
static void
forget_of(const char *id, const char *uuid)
{
	AUTO_VAL struct xu_val *v = NULL;
	char path[128];

	journal_path(id, path);
	v = journal_read(path);
	if (strcmp(xu_val_get_str(v, "uuid", ""), uuid) == 0)
		incoming_forget(id);
}

/* ---- the end ------------------------------------------------------------------------- */

static void
leave(struct incoming *n)
{
	xu_list_remove(&n->all);
	peer_close(&n->peer);
	xu_val_free(n->args);
	xu_val_free(n->hello);
	free(n);
}

static void
refuse(struct incoming *n, const struct xu_err *e)
{
	xu_log_err(XU_WARNING, e);
	if (n->peer != NULL) {
		/* It hangs up. */
		peer_send(n->peer, PEER_REFUSE, peer_refusal(e));
		n->awaited = 0;
		peer_expect(n->peer, WORD_S);
	} else {
		leave(n);
	}
}

/* It will not be: what has been made goes. */
static void
give_up(struct incoming *n, const struct xu_err *e)
{
	if (n->held != NULL)
		vm_create_go_on(steal_ptr(&n->held), e);
	else if (n->restoring != NULL)
		restore_cancel(n->restoring);
	else
		leave(n);
}

/* ---- the machine ------------------------------------------------------------------------ */

static void
on_loaded(void *arg, struct create *j, struct guest *g)
{
	struct incoming *n = arg;

	/* While a worker read from it nobody has heard of its end. */
	n->g = g;
	n->held = j;
	fault_point("incoming-loaded", NULL);
	peer_listen(n->peer);
	n->awaited = PEER_COMMIT;
	peer_send(n->peer, PEER_LOADED, xu_struct());
	peer_expect(n->peer, COMMIT_S);
}

static void
on_restored(void *arg, struct guest *g, const struct xu_err *e)
{
	struct incoming *n = arg;

	n->restoring = NULL;
	n->held = NULL;
	if (e != NULL) {
		if (n->committed)
			incoming_forget(n->id);
		if (n->peer != NULL)
			peer_drain(n->peer);
		refuse(n, e);
		return;
	}
	/* Should this fail, a restart does it. */
	journal_write(n->id, g->uuid, true, NULL);
	g->incoming = false;
	record_write(g, NULL);
	fault_point("incoming-running", NULL);
	api_tell_guest(g);
	xu_log(XU_NOTICE, "%s has come (domain %d)", guest_name(g), g->domid);
	if (n->peer == NULL) {
		leave(n);
		return;
	}
	n->awaited = PEER_FORGET;
	peer_send(n->peer, PEER_RUNNING, xu_struct());
	peer_expect(n->peer, FORGET_S);
}

static void
fresh_devices(struct xu_val *args)
{
	char uuid[UUID_TEXT];

	for (size_t k = 0; dev_classes[k] != NULL; k++) {
		struct xu_val *list = xu_array(), *entry;
		const struct xu_val *old = xu_val_get(args,
		    dev_classes[k]->list);

		for (size_t i = 0; i < xu_val_count(old); i++) {
			entry = xu_val_copy(xu_val_at(old, i));
			uuid_random(uuid);
			xu_val_set(entry, "uuid", xu_str(uuid));
			xu_val_add(list, entry);
		}
		xu_val_set(args, dev_classes[k]->list, list);
	}
}

/* Both cannot have the same name; the new one has it when the old one is gone. */
static int
adapt(void *arg, struct xu_val *args, struct xu_err *e XU_UNUSED)
{
	struct incoming *n = arg;
	char name[NAME_MAX_LEN + 1], uuid[UUID_TEXT];

	if (n->local == NULL)
		return 0;
	snprintf(name, sizeof(name), "%.*s" SUFFIX,
	    (int)(NAME_MAX_LEN - strlen(SUFFIX)), guest_name(n->local));
	uuid_random(uuid);
	xu_val_set(args, "uuid", xu_str(uuid));
	xu_val_set(args, "name_label", xu_str(name));
	fresh_devices(args);
	return 0;
}

static void
made(void *arg, struct guest *g, bool fresh)
{
	struct incoming *n = arg;

	g->incoming = fresh;
	if (n->local == NULL)
		return;
	g->moves_from = n->local;
	snprintf(g->becomes, sizeof(g->becomes), "%s", n->local->uuid);
}

/* Before a byte of it is taken: what would not be known until it is too late. */
static int
check(struct incoming *n, const struct xu_val *offer, struct xu_err *e)
{
	const struct xu_val *config = xu_val_get(offer, "config");
	bool pv = strcmp(xu_val_get_str(offer, "type", ""), "pv") == 0;
	uint64_t room = 0, need;

	if (n->core->disabled)
		return xu_err_set(e, "HOST_DISABLED", 0,
		    "this host starts no guests");
	n->args = image_args(config, pv, e);
	if (n->args == NULL || adapt(n, n->args, e) < 0)
		return -1;
	if (xu_val_get(xu_val_get(config, "xld"), "config") == NULL)
		return peer_fail(e, 0, "its machine has no configuration");
	if (restore_may_take(n->core, n->args, e) < 0 ||
	    (n->local == NULL &&
		preflight_check(n->core, n->args, offer, n->hello, e) < 0))
		return -1;
	if (limits_free(n->core, &room, e) < 0)
		return -1;
	need = limits_need(n->args);
	return need <= room + room_more(n->core) ? 0 :
	    limits_too_little(n->core, need, room, e);
}

static void
on_offer(struct incoming *n, const struct xu_val *v)
{
	struct restore_order o = { .paused = xu_val_get_bool(v, "paused",
	    false), .file = "another host", .adapt = adapt, .made = made,
		.arg = n, .hold = { on_loaded, n } };
	struct xu_err e = XU_ERR_INIT;
	uint8_t bytes[16];

	snprintf(n->id, sizeof(n->id), "%s", xu_val_get_str(v, "id", ""));
	if (!uuid_bytes(n->id, bytes))
		peer_fail(&e, 0, "its migration has no id");
	if (xu_err_is_set(&e) || check(n, v, &e) < 0) {
		refuse(n, &e);
		return;
	}
	fault_point("incoming-accept", NULL);
	peer_send(n->peer, PEER_ACCEPT, xu_struct());
	o.fd = peer_lend(n->peer, true);
	n->awaited = 0;
	if (o.fd < 0) {
		leave(n);
		return;
	}
	n->restoring = restore_stream(n->core, &o, on_restored, n);
}

static void
on_commit(struct incoming *n)
{
	struct xu_err e = XU_ERR_INIT;

	n->awaited = 0;
	n->committed = journal_write(n->id, n->g->uuid, false, &e) == 0;
	fault_point("incoming-commit", NULL);
	vm_create_go_on(steal_ptr(&n->held), n->committed ? NULL : &e);
}

static struct incoming *
find(const char *id)
{
	struct xu_list *l;

	/* Who has not said its own has that. */
	if (id[0] == '\0')
		return NULL;
	LIST_FOREACH(l, &everyone) {
		struct incoming *n = xu_container_of(l, struct incoming, all);

		if (strcmp(n->id, id) == 0)
			return n;
	}
	return NULL;
}

/* What is answered stays true: one that could still be committed cannot any more. */
static void
on_ask(struct incoming *n, const struct xu_val *v)
{
	const char *id = xu_val_get_str(v, "id", "");
	struct incoming *other = find(id);
	struct xu_val *answer = xu_struct();
	struct xu_err e = XU_ERR_INIT;
	bool runs = runs_here(id);

	if (!runs && other != NULL && other->committed) {
		/* It is about to. */
		xu_val_free(answer);
		leave(n);
		return;
	}
	if (!runs && other != NULL) {
		peer_fail(&e, 0, "it asks again");
		give_up(other, &e);
	}
	xu_val_set(answer, "is", xu_str(runs ? "running" : "never"));
	n->awaited = runs ? PEER_FORGET : 0;
	if (runs)
		snprintf(n->asked, sizeof(n->asked), "%s", id);
	peer_send(n->peer, PEER_ANSWER, answer);
	peer_expect(n->peer, runs ? FORGET_S : WORD_S);
}

/* ---- the other host's words ---------------------------------------------------------------- */

static void
on_hello(struct incoming *n, const struct xu_val *v)
{
	struct xu_err e = XU_ERR_INIT;

	if (peer_check_hello(n->core, v, &e) < 0) {
		refuse(n, &e);
		return;
	}
	n->hello = xu_val_copy(v);
	n->awaited = PEER_OFFER;
	peer_send(n->peer, PEER_HELLO, peer_hello(n->core));
	peer_expect(n->peer, WORD_S);
}

static void
on_message(void *arg, uint32_t kind, const struct xu_val *v)
{
	struct incoming *n = arg;
	struct xu_err e = XU_ERR_INIT;

	peer_expect(n->peer, 0);
	if (kind == PEER_HELLO && n->awaited == PEER_HELLO) {
		on_hello(n, v);
	} else if (kind == PEER_OFFER && n->awaited == PEER_OFFER) {
		on_offer(n, v);
	} else if (kind == PEER_ASK && n->awaited == PEER_OFFER) {
		on_ask(n, v);
	} else if (kind == PEER_COMMIT && n->awaited == PEER_COMMIT &&
	    n->held != NULL) {
		on_commit(n);
	} else if (kind == PEER_FORGET && n->awaited == PEER_FORGET) {
		incoming_forget(n->asked[0] != '\0' ? n->asked : n->id);
		leave(n);
	} else {
		peer_fail(&e, 0, "it talks nonsense");
		peer_close(&n->peer);
		give_up(n, &e);
	}
}

static void
on_lost(void *arg, const struct xu_err *e)
{
	struct incoming *n = arg;

	peer_close(&n->peer);
	/* Committed: it runs, whoever hears of it. */
	if (n->committed && n->restoring != NULL)
		return;
	give_up(n, e);
}

void
incoming_begin(struct core *c, int fd, struct guest *local)
{
	const struct peer_events ev = { .message = on_message, .lost = on_lost };
	struct incoming *n = calloc(1, sizeof(*n));
	struct xu_err e = XU_ERR_INIT;
	struct peer_events mine = ev;
	size_t many = 0;
	struct xu_list *l;

	LIST_FOREACH(l, &everyone)
		many++;
	if (n == NULL || many >= MOST) {
		xu_log(XU_WARNING, "a migration is turned away: there are %zu",
		    many);
		free(n);
		close(fd);
		return;
	}
	mine.arg = n;
	n->core = c;
	n->local = local;
	n->awaited = PEER_HELLO;
	n->peer = peer_new(c, fd, &mine, &e);
	if (n->peer == NULL) {
		xu_log_err(XU_WARNING, &e);
		free(n);
		return;
	}
	xu_list_append(&everyone, &n->all);
	peer_expect(n->peer, WORD_S);
}

/* ---- in the place of the one that it was ---------------------------------------------------- */

/* Of one that is kept its record is left, without a domain. */
static bool
is_free(struct core *c, const char *uuid)
{
	struct guest *was = guest_by_uuid(c, uuid);

	if (was == NULL)
		return true;
	if (was->domid >= 0 || was->op != OP_NONE || was->suspended)
		return false;
	record_remove(was, NULL);
	vm_forget(was);
	return true;
}

static void
take_place(struct guest *g)
{
	char name[NAME_MAX_LEN + 1], uuid[UUID_TEXT], log[320];
	struct xu_err e = XU_ERR_INIT;
	char *suffix;

	snprintf(log, sizeof(log), XLD_CONSOLEDIR "/guest-%s.log",
	    guest_name(g));
	snprintf(uuid, sizeof(uuid), "%s", g->becomes);
	snprintf(name, sizeof(name), "%s", guest_name(g));
	suffix = strstr(name, SUFFIX);
	if (suffix != NULL)
		*suffix = '\0';
	g->moves_from = NULL;
	each_journal(forget_of, g->uuid);
	/* It is not tried again. */
	g->becomes[0] = '\0';
	if (guest_become(g, uuid, name, &e) < 0) {
		xu_log_err(XU_ERROR, &e);
		return;
	}
	consoles_reopen(g->core);
	unlink(log);
}

/* False: there was nothing to do. */
static bool
look_at(struct guest *g)
{
	if (g->op != OP_NONE)
		return false;
	if (g->incoming && g->domid < 0) {
		/* It was on record before it had come. */
		record_remove(g, NULL);
		vm_forget(g);
		return true;
	}
	if (g->becomes[0] == '\0' || g->domid < 0 ||
	    !is_free(g->core, g->becomes))
		return false;
	take_place(g);
	return true;
}

void
incoming_look(struct core *c)
{
	struct xu_list *l;
	bool changed;

	/* One may take another away that is next. */
	do {
		changed = false;
		LIST_FOREACH(l, &c->guests) {
			changed = look_at(xu_container_of(l, struct guest,
			    all));
			if (changed)
				break;
		}
	} while (changed);
}
