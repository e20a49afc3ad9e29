/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which other hosts are known: those whose certificate somebody has confirmed here.
 * Objects "trust" of the database, by the certificate's print; host.look_at_peer,
 * host.trust_peer, host.distrust_peer, host.list_peers.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "link.h"
#include "xu_log.h"

#define CLASS "trust"
/* An address is a name and a port. */
#define ADDRESS_MAX 264
/* All of them are told to each xld-tls. */
#define MOST 256

/* ---- prints ----------------------------------------------------------------------- */

bool
trust_take_print(const char *text, char out[PRINT_TEXT])
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p == ':' || *p == ' ')
			continue;
		if (!isxdigit((unsigned char)*p) || n >= 64)
			return false;
		out[n + n / 2] = (char)toupper((unsigned char)*p);
		n++;
		out[n + (n - 1) / 2] = n % 2 == 0 ? ':' : '\0';
	}
	if (n != 64)
		return false;
	out[PRINT_TEXT - 1] = '\0';
	return true;
}

static void
add_print(void *arg, const char *id, const struct xu_val *v XU_UNUSED)
{
	xu_val_add(arg, xu_str(id));
}

struct xu_val *
trust_prints(struct core *c)
{
	struct xu_val *list = xu_array();

	if (c->db != NULL)
		db_each(c->db, CLASS, add_print, list, NULL);
	return list;
}

struct search {
	const char *to;
	char *out;
};

static void
compare(void *arg, const char *id, const struct xu_val *v)
{
	const struct search *s = arg;

	if (strcmp(xu_val_get_str(v, "address", ""), s->to) == 0)
		snprintf(s->out, PRINT_TEXT, "%s", id);
}

void
trust_print_of(struct core *c, const char *to, char out[PRINT_TEXT])
{
	struct search s = { to, out };

	out[0] = '\0';
	if (c->db != NULL)
		db_each(c->db, CLASS, compare, &s, NULL);
}

/* ---- messages ------------------------------------------------------------------------- */

/* What a call waits for. */
struct asking {
	struct call *call;
	/* host.trust_peer: it is to be this one. */
	char print[PRINT_TEXT];
};

static void
saw(void *arg, int fd XU_UNUSED, const struct xu_val *v, const struct xu_err *e)
{
	struct asking *a = arg;
	struct call *k = a->call;
	const char *peer = xu_val_get_str(v, "peer", "");
	AUTO_VAL struct xu_val *known = NULL;
	struct xu_val *r;

	free(a);
	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	known = db_get(k->core->db, CLASS, peer, NULL);
	r = xu_struct();
	xu_val_set(r, "own", xu_str(xu_val_get_str(v, "own", "")));
	xu_val_set(r, "peer", xu_str(peer));
	xu_val_set(r, "trusted", xu_str(known != NULL ? "true" : "false"));
	call_ok(k, r);
}

static int
keep(struct core *c, const char *address, const struct xu_val *v,
    struct xu_err *e)
{
	AUTO_VAL struct xu_val *o = xu_struct(), *prints = NULL;
	char old[PRINT_TEXT];

	xu_val_set(o, "address", xu_str(address));
	xu_val_set(o, "since", xu_int(now_real()));
	xu_val_set(o, "certificate",
	    xu_str(xu_val_get_str(v, "certificate", "")));
	/* A host at an address has one certificate. */
	trust_print_of(c, address, old);
	prints = trust_prints(c);
	if (old[0] == '\0' && xu_val_count(prints) >= MOST)
		return xu_err_set(e, XE(XLD_TOO_MANY), 0, "%d hosts are trusted "
		    "here: xm host-trust --remove", MOST);
	if (db_begin(c->db, e) < 0)
		return -1;
	if ((old[0] == '\0' || db_del(c->db, CLASS, old, e) == 0) &&
	    db_put(c->db, CLASS, xu_val_get_str(v, "peer", ""), o, e) == 0 &&
	    db_commit(c->db, e) == 0)
		return 0;
	db_rollback(c->db);
	return -1;
}

static void
confirmed(void *arg, int fd XU_UNUSED, const struct xu_val *v,
    const struct xu_err *e)
{
	struct asking *a = arg;
	struct call *k = a->call;
	const char *address = xu_val_str(xu_val_at(k->params, 1));
	const char *peer = xu_val_get_str(v, "peer", "");
	const bool same = strcmp(a->print, peer) == 0;
	struct xu_err why = XU_ERR_INIT;

	free(a);
	if (e != NULL) {
		call_fail(k, e);
		return;
	}
	if (!same) {
		call_refuse(k, XE(XLD_PEER), peer, "%s has another certificate: "
		    "SHA-256 %s", address, peer);
		return;
	}
	if (keep(k->core, address, v, &why) < 0) {
		call_fail(k, &why);
		return;
	}
	xu_log(XU_NOTICE, "host %s is trusted: SHA-256 %s", address, peer);
	call_ok(k, NULL);
}

static void
look_at(struct call *k, const char *what, const char *to, const char *print,
    link_done_f *done)
{
	const struct link_order o = { .what = what, .to = to, .fd = -1 };
	struct asking *a = calloc(1, sizeof(*a));
	struct xu_err e = XU_ERR_INIT;

	if (a == NULL) {
		call_refuse(k, XE(XLD_NO_MEMORY), "", "a connection");
		return;
	}
	a->call = k;
	snprintf(a->print, sizeof(a->print), "%s", print);
	if (link_begin(k->core, &o, done, a, &e) == NULL) {
		free(a);
		call_fail(k, &e);
	}
}

static bool
is_address(struct call *k, const char *address)
{
	if (address[0] != '\0' && strlen(address) <= ADDRESS_MAX)
		return true;
	call_refuse(k, XE(INVALID_VALUE), "address", "'%.80s' is no address of a "
	    "host", address);
	return false;
}

static void
look_at_peer(struct call *k)
{
	const char *address = xu_val_str(xu_val_at(k->params, 1));

	if (address[0] == '\0')
		look_at(k, "own", NULL, "", saw);
	else if (is_address(k, address))
		look_at(k, "look", address, "", saw);
}

static void
trust_peer(struct call *k)
{
	const char *address = xu_val_str(xu_val_at(k->params, 1));
	const char *text = xu_val_str(xu_val_at(k->params, 2));
	char print[PRINT_TEXT];

	if (!trust_take_print(text, print))
		call_refuse(k, XE(INVALID_VALUE), "fingerprint", "'%.100s' is no "
		    "SHA-256 of a certificate: 64 digits of 0-9, A-F", text);
	else if (is_address(k, address))
		look_at(k, "look", address, print, confirmed);
}

static void
distrust_peer(struct call *k)
{
	const char *word = xu_val_str(xu_val_at(k->params, 1));
	AUTO_VAL struct xu_val *known = NULL;
	struct core *c = k->core;
	char print[PRINT_TEXT] = "";
	struct xu_err e = XU_ERR_INIT;

	if (!trust_take_print(word, print))
		trust_print_of(c, word, print);
	if (print[0] != '\0')
		known = db_get(c->db, CLASS, print, NULL);
	if (known == NULL) {
		call_refuse(k, XE(INVALID_VALUE), "peer", "no host '%.100s' is "
		    "trusted here: xm host-trust --list", word);
		return;
	}
	if (db_del(c->db, CLASS, print, &e) < 0) {
		call_fail(k, &e);
		return;
	}
	xu_log(XU_NOTICE, "host %s is not trusted any more: SHA-256 %s",
	    xu_val_get_str(known, "address", ""), print);
	call_ok(k, NULL);
}

static void
add_peer(void *arg, const char *id, const struct xu_val *v)
{
	xu_val_set(arg, id, xu_str(xu_val_get_str(v, "address", "")));
}

static void
list_peers(struct call *k)
{
	struct xu_val *v = xu_struct();

	db_each(k->core->db, CLASS, add_peer, v, NULL);
	call_ok(k, v);
}

const struct handler trust_handlers[] = {
	{ "host.look_at_peer", look_at_peer },
	{ "host.trust_peer", trust_peer },
	{ "host.distrust_peer", distrust_peer },
	{ "host.list_peers", list_peers },
	{ NULL, NULL },
};
