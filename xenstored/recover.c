/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading the state files: the newest complete snapshot, then the journals from
 * its number on. Whatever does not fit together ends it with an error that names
 * file and place: half a store is worse than none.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"
#include "xu_num.h"

struct file {
	char path[256];
	const char *map;
	size_t size;
	struct state_head head;
};

static int
damaged(const struct file *f, uint64_t at, const char *what, struct xu_err *e)
{
	return xu_err_set(e, "INTERNAL_ERROR", 0,
	    "%s is damaged at byte %llu (%s): the store cannot be recovered; "
	    "to start with an empty one, which running domains do not survive: "
	    "xenstored --no-restore",
	    f->path, (unsigned long long)at, what);
}

static void
close_file(struct file *f)
{
	if (f->map != NULL)
		munmap((void *)(uintptr_t)f->map, f->size);
	f->map = NULL;
}

/* 1 = open, 0 = another boot's or without content; -1 = error. */
static int
open_file(struct file *f, const char *dir, const char *kind, uint32_t number,
    const char *boot, struct xu_err *e)
{
	struct stat st;
	void *map;
	int fd;

	snprintf(f->path, sizeof(f->path), "%s/%s.%u", dir, kind, number);
	f->map = NULL;
	fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return xu_err_set(
		    e, "INTERNAL_ERROR", errno, "open %s", f->path);
	if (fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof(f->head)) {
		/* Killed while it was made: nobody was promised anything. */
		close(fd);
		return 0;
	}
	f->size = (size_t)st.st_size;
	map = mmap(NULL, f->size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return xu_err_set(
		    e, "INTERNAL_ERROR", errno, "map %s", f->path);
	f->map = map;
	memcpy(&f->head, f->map, sizeof(f->head));
	f->head.boot[sizeof(f->head.boot) - 1] = '\0';
	if (f->head.committed == 0 || strcmp(f->head.boot, boot) != 0) {
		close_file(f);
		return 0;
	}
	if (memcmp(f->head.magic, STATE_MAGIC, sizeof(f->head.magic)) != 0 ||
	    f->head.number != number || f->head.committed > f->size ||
	    f->head.committed < sizeof(f->head))
		return damaged(f, 0, "its head makes no sense", e);
	if (f->head.version != STATE_VERSION)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "%s has format %u, this xenstored knows %u: start the "
		    "release that wrote it",
		    f->path, f->head.version, STATE_VERSION);
	return 1;
}

/* --- records --------------------------------------------------------------------- */

typedef const char *record_f(void *ctx, uint32_t type, struct state_in *in);

/* Calls fn for each record; it returns NULL or what is wrong. */
static int
each_record(const struct file *f, record_f *fn, void *ctx, struct xu_err *e)
{
	uint64_t at = sizeof(f->head);
	struct state_rec r;
	struct state_in in;
	const char *bad;

	while (at < f->head.committed) {
		if (f->head.committed - at < sizeof(r))
			return damaged(f, at, "half a record", e);
		memcpy(&r, f->map + at, sizeof(r));
		if (r.len > STATE_REC_MAX ||
		    state_padded(r.len) > f->head.committed - at - sizeof(r))
			return damaged(f, at, "a length beyond the end", e);
		in.p = f->map + at + sizeof(r);
		in.left = r.len;
		in.bad = false;
		if (state_sum(r.type, in.p, r.len) != r.sum)
			return damaged(f, at, "a wrong sum", e);
		bad = fn(ctx, r.type, &in);
		if (bad != NULL)
			return damaged(f, at, bad, e);
		at += sizeof(r) + state_padded(r.len);
	}
	return 0;
}

/* --- the snapshot ------------------------------------------------------------------- */

struct tree_in {
	/* The nodes whose children are being read, and how many are missing. */
	struct {
		struct node *n;
		uint32_t missing;
	} * stack;
	size_t depth, cap;
	struct perms **lists;
	uint32_t nlists, cap_lists;
	struct node *root;
	uint64_t nodes;
	bool ended;
	struct acct acct;
};

static struct perms *
get_list(struct tree_in *t, struct state_in *in)
{
	uint32_t id, cap = t->cap_lists == 0 ? 64 : t->cap_lists * 2;
	struct perms **more;

	if (!STATE_GET(in, id) || id > t->nlists)
		return NULL;
	if (id < t->nlists)
		return perms_ref(t->lists[id]);
	if (t->nlists == t->cap_lists) {
		more = reallocarray(t->lists, cap, sizeof(struct perms *));
		if (more == NULL)
			return NULL;
		t->lists = more;
		t->cap_lists = cap;
	}
	t->lists[id] = state_get_perms(in);
	if (t->lists[id] == NULL)
		return NULL;
	t->nlists++;
	return perms_ref(t->lists[id]);
}

static const char *
push(struct tree_in *t, struct node *n, uint32_t kids)
{
	size_t cap = t->cap == 0 ? 64 : t->cap * 2;
	void *more;

	if (kids == 0)
		return NULL;
	if (t->depth == t->cap) {
		more = reallocarray(t->stack, cap, sizeof(*t->stack));
		if (more == NULL)
			return "no memory";
		t->stack = more;
		t->cap = cap;
	}
	t->stack[t->depth].n = n;
	t->stack[t->depth++].missing = kids;
	return NULL;
}

static const char *
attach(struct tree_in *t, struct node *n)
{
	struct node *up;

	if (t->root == NULL) {
		t->root = n;
		return NULL;
	}
	if (t->depth == 0) {
		node_unref(n);
		return "a node without a parent";
	}
	up = t->stack[t->depth - 1].n;
	if (--t->stack[t->depth - 1].missing == 0)
		t->depth--;
	if (node_kid(up, n->text, n->name_len) != NULL) {
		node_unref(n);
		return "two nodes of one name";
	}
	return dir_add(&up->dir, n) == 0 ? NULL : "no memory";
}

static const char *
one_node(struct tree_in *t, struct state_in *in)
{
	char text[XSD_ABS_PATH + 1 + XSD_PAYLOAD];
	uint16_t name_len, value_len;
	struct perms *perms;
	const char *bad;
	struct node *n;
	uint32_t kids;

	if (!STATE_GET(in, kids) || !STATE_GET(in, name_len) ||
	    !STATE_GET(in, value_len) || name_len > XSD_ABS_PATH ||
	    value_len > XSD_PAYLOAD ||
	    !state_get(in, text, name_len + 1u + value_len) ||
	    memchr(text, '/', name_len) != NULL ||
	    strnlen(text, name_len + 1u) != name_len)
		return "a node that makes no sense";
	perms = get_list(t, in);
	if (perms == NULL)
		return "a permission list that makes no sense";
	n = node_new(perms, text, name_len, text + name_len + 1, value_len);
	if (n == NULL)
		return "no memory";
	acct_add(&t->acct, perms->v[0].domid, 1, (int64_t)node_bytes(n));
	t->nodes++;
	bad = attach(t, n);
	return bad != NULL ? bad : push(t, n, kids);
}

static const char *
snapshot_record(void *ctx, uint32_t type, struct state_in *in)
{
	struct tree_in *t = ctx;
	uint64_t nodes, gen;
	const char *bad = NULL;

	if (t->ended)
		return "a record behind the end";
	if (type == ST_NODES) {
		while (bad == NULL && in->left > 0)
			bad = one_node(t, in);
		return bad;
	}
	if (type != ST_END || !STATE_GET(in, nodes) || !STATE_GET(in, gen))
		return "a record of unknown type";
	if (nodes != t->nodes || t->depth != 0 || t->root == NULL)
		return "nodes are missing";
	tree_set_gen(gen + 1);
	t->ended = true;
	return NULL;
}

static int
read_snapshot(const struct file *f, struct xu_err *e)
{
	struct tree_in t = {.root = NULL};
	int r = each_record(f, snapshot_record, &t, e);

	if (r == 0 && !t.ended)
		r = damaged(f, f->head.committed, "it has no end", e);
	for (uint32_t i = 0; i < t.nlists; i++)
		perms_unref(t.lists[i]);
	free(t.lists);
	free(t.stack);
	if (r < 0) {
		node_unref(t.root);
		return r;
	}
	/* The empty store's own nodes go, with their books. */
	r = store_replace(t.root, &t.acct);
	return r == 0 ? 0 : xu_err_set(e, "INTERNAL_ERROR", r, "%s", f->path);
}

/* --- journals ------------------------------------------------------------------------- */

static const char *
redo_op(uint32_t type, struct state_in *in)
{
	struct conn who = {.replay = true};
	struct acct a = {.n = 0};
	char path[XSD_ABS_PATH + 1];
	struct perms *perms;
	uint8_t priv;
	int err = 0;

	STATE_GET(in, who.domid);
	STATE_GET(in, priv);
	if (!state_get_text(in, path, sizeof(path)) || path[0] != '/')
		return "a change without a path";
	who.privileged = priv != 0;
	if (type == ST_WRITE) {
		if (in->left > XSD_PAYLOAD)
			return "a value that is too long";
		err = store_write(
		    &store_root, &who, &a, path, in->p, (uint32_t)in->left);
	} else if (type == ST_MKDIR) {
		err = store_mkdir(&store_root, &who, &a, path);
	} else if (type == ST_RM) {
		err = store_rm(&store_root, &who, &a, path);
	} else {
		perms = state_get_perms(in);
		err = perms == NULL
		    ? EINVAL
		    : store_set_perms(&store_root, &who, &a, path, perms);
	}
	acct_apply(&a);
	/* A transaction makes again what another made meanwhile. */
	if (err == EEXIST || err == EALREADY)
		err = 0;
	return err == 0 ? NULL : "a change that cannot be made again";
}

static const char *
redo_special(struct state_in *in)
{
	struct perms *perms, **at;
	char name[64];

	if (!state_get_text(in, name, sizeof(name)) ||
	    (at = special_perms(name)) == NULL ||
	    (perms = state_get_perms(in)) == NULL)
		return "permissions of an unknown node";
	perms_unref(*at);
	*at = perms;
	return NULL;
}

static const char *
redo_forget(struct state_in *in)
{
	struct domain *d;
	uint16_t domid;

	if (!STATE_GET(in, domid))
		return "a domain's end without a domain";
	d = domain_get(domid);
	if (d == NULL)
		return "no memory";
	store_forget_domain(d, false);
	/* A later domain of that id has a record that follows. */
	if (d->conn != NULL)
		conn_kill(d->conn);
	d->was_introduced = false;
	memset(d->instance, 0, sizeof(d->instance));
	return NULL;
}

static const char *
journal_record(void *ctx, uint32_t type, struct state_in *in)
{
	uint64_t gen;

	(void)ctx;
	/* Removed subtrees do not wait for a turn of the loop. */
	(void)tree_reap(100);
	switch (type) {
	case ST_BASE:
		if (!STATE_GET(in, gen))
			return "a base without a generation";
		tree_set_gen(gen + 1);
		state_redo_base();
		return NULL;
	case ST_BASE_END:
		return NULL;
	case ST_WRITE:
	case ST_MKDIR:
	case ST_RM:
	case ST_SET_PERMS:
		return redo_op(type, in);
	case ST_SPECIAL:
		return redo_special(in);
	case ST_FORGET:
		return redo_forget(in);
	default:
		if (type < ST_QUOTA || type > ST_ASKED)
			return "a record of unknown type";
		return state_redo_domain(type, in);
	}
}

/* --- which files ------------------------------------------------------------------------ */

static bool
number_of(const char *name, const char *kind, uint32_t *number)
{
	size_t len = strlen(kind);
	uint64_t v;

	if (strncmp(name, kind, len) != 0 || name[len] != '.' ||
	    !xu_num_u64(name + len + 1, 10, UINT32_MAX - 1, &v))
		return false;
	*number = (uint32_t)v;
	return true;
}

static bool
is_state_file(const char *name)
{
	return strncmp(name, "snapshot.", 9) == 0 ||
	    strncmp(name, "journal.", 8) == 0;
}

static int
list_files(const char *dir, struct state_files *f, struct xu_err *e)
{
	struct dirent *de;
	DIR *d = opendir(dir);
	uint32_t n;

	if (d == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "read %s", dir);
	f->oldest = UINT32_MAX;
	while ((de = readdir(d)) != NULL) {
		if (number_of(de->d_name, "snapshot", &n)) {
			f->snapshot = n > f->snapshot ? n : f->snapshot;
			f->oldest = n < f->oldest ? n : f->oldest;
		} else if (number_of(de->d_name, "journal", &n)) {
			f->last = n > f->last ? n : f->last;
			f->oldest = n < f->oldest ? n : f->oldest;
		}
	}
	closedir(d);
	return 0;
}

void
recover_clean(const char *dir)
{
	char path[512];
	struct dirent *de;
	DIR *d = opendir(dir);

	while (d != NULL && (de = readdir(d)) != NULL) {
		if (!is_state_file(de->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		unlink(path);
	}
	if (d != NULL)
		closedir(d);
}

static int
read_journals(
    const char *dir, const char *boot, struct state_files *f, struct xu_err *e)
{
	struct file file;
	int r;

	for (uint32_t n = f->first; n <= f->last; n++) {
		r = open_file(&file, dir, "journal", n, boot, e);
		if (r < 0)
			return -1;
		/* Only the last may have been killed before its base stood. */
		if (r == 0 && (n < f->last || f->snapshot == n))
			return xu_err_set(e, "INTERNAL_ERROR", 0,
			    "%s is empty, and others continue it: the store "
			    "cannot be recovered",
			    file.path);
		/* It is made anew. With one behind it, whose maker may be killed as
		 * early, it would be in the middle. */
		if (r == 0) {
			f->last = n - 1;
			break;
		}
		r = each_record(&file, journal_record, NULL, e);
		close_file(&file);
		if (r < 0)
			return -1;
	}
	return 0;
}

int
recover(
    const char *dir, const char *boot, struct state_files *f, struct xu_err *e)
{
	struct file file;
	const char *bad;
	uint64_t nodes;
	int r;

	*f = (struct state_files){.oldest = 1};
	if (list_files(dir, f, e) < 0)
		return -1;
	f->first = f->snapshot;
	if (f->snapshot == 0) {
		/* Never a complete one: journals from the first begin with the
		 * empty store. */
		f->first = f->oldest;
		if (f->last == 0)
			goto none;
		r = open_file(&file, dir, "journal", f->first, boot, e);
		if (r > 0 && file.head.empty == 0)
			r = damaged(&file, 0,
			    "its snapshot is missing: the journal had failed, "
			    "as the log says",
			    e);
	} else {
		r = open_file(&file, dir, "snapshot", f->snapshot, boot, e);
		if (r > 0)
			r = read_snapshot(&file, e) == 0 ? 1 : -1;
	}
	close_file(&file);
	if (r < 0)
		return -1;
	if (r == 0)
		goto none;
	if (read_journals(dir, boot, f, e) < 0)
		return -1;
	txns_refresh();
	bad = store_check(&nodes);
	if (bad != NULL)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "what was recovered from %s does not add up: %s", dir, bad);
	xu_log(XU_NOTICE, "recovered %llu nodes from %s",
	    (unsigned long long)nodes, dir);
	return 1;
none:
	*f = (struct state_files){.oldest = 1};
	return 0;
}
