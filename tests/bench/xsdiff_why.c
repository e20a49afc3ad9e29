/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The differences to Debian's C daemon (4.17) that are meant: a reason and a
 * predicate each. What two transactions may do differently depends on their
 * history and is in xsdiff_tx.c.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "xsdiff.h"

static bool
is_error(const struct reply *r, const char *name)
{
	return r->type == XS_ERROR && r->len == strlen(name) + 1 &&
	    memcmp(r->body, name, r->len) == 0;
}

static bool
same(const struct reply *a, const struct reply *b)
{
	return a->type == b->type && a->len == b->len &&
	    memcmp(a->body, b->body, a->len) == 0;
}

static bool
path_starts(const struct meeting *m, const char *prefix)
{
	return m->step->len >= strlen(prefix) &&
	    memcmp(m->step->payload, prefix, strlen(prefix)) == 0;
}

static bool
special_perms(const struct meeting *m)
{
	return (m->step->type == XS_GET_PERMS ||
		   m->step->type == XS_SET_PERMS) &&
	    path_starts(m, "@") && m->reply[PEER]->type == XS_ERROR;
}

static bool
dead_entries(const struct meeting *m)
{
	return m->step->type == XS_GET_PERMS && m->died &&
	    m->reply[OURS]->type == XS_GET_PERMS &&
	    m->reply[PEER]->type == XS_GET_PERMS &&
	    m->reply[OURS]->len < m->reply[PEER]->len;
}

/* No string, or one without its NUL. */
static bool
malformed(const struct meeting *m)
{
	return (m->step->len == 0 ||
		   memchr(m->step->payload, '\0', m->step->len) == NULL) &&
	    is_error(m->reply[OURS], "EINVAL") &&
	    m->reply[PEER]->type == XS_ERROR;
}

static bool
unwatch_illegal(const struct meeting *m)
{
	return m->step->type == XS_UNWATCH &&
	    is_error(m->reply[OURS], "EINVAL") &&
	    is_error(m->reply[PEER], "ENOENT");
}

static bool
wrong_end(const struct meeting *m)
{
	return m->step->type == XS_TRANSACTION_END && !m->in_tx &&
	    is_error(m->reply[OURS], "ENOENT") &&
	    is_error(m->reply[PEER], "EINVAL");
}

static bool
resume_dom0(const struct meeting *m)
{
	return m->step->type == XS_RESUME && path_starts(m, "0") &&
	    is_error(m->reply[PEER], "EINVAL");
}

static bool
rm_root(const struct meeting *m)
{
	return m->step->type == XS_RM && m->step->len == 2 &&
	    path_starts(m, "/") && is_error(m->reply[OURS], "EINVAL") &&
	    is_error(m->reply[PEER], "EACCES");
}

static bool
two_mistakes(const struct meeting *m)
{
	return m->step->type == XS_SET_PERMS &&
	    is_error(m->reply[OURS], "ENOENT") &&
	    is_error(m->reply[PEER], "EINVAL");
}

static bool
successor(const struct meeting *m)
{
	return m->died && !m->privileged && is_error(m->reply[OURS], "EACCES");
}

static const struct {
	const char *reason;
	bool (*holds)(const struct meeting *m);
	bool ends; /* from here on the two stores are different ones */
} replies[] = {
	{ "permissions of @introduceDomain and @releaseDomain can be read and "
	  "set, as in Xen 4.18 and later",
	    special_perms, false },
	{ "entries of a domain that died are removed from permission lists, as "
	  "in Xen 4.18 and later",
	    dead_entries, false },
	{ "a request without a whole string is EINVAL; the peer names the last "
	  "error it met",
	    malformed, false },
	{ "UNWATCH of an illegal path is EINVAL; the peer looks for it",
	    unwatch_illegal, false },
	{ "the end of no transaction with a wrong letter: which of the two "
	  "mistakes is told",
	    wrong_end, false },
	{ "RESUME of domain 0, which changes nothing, is not refused",
	    resume_dom0, false },
	{ "a guest's removal of / is EINVAL, as anybody's", rm_root, false },
	{ "permissions with an absent owner and a malformed entry: which of the "
	  "two mistakes is told",
	    two_mistakes, false },
	{ "what a dead domain was allowed, one that has its id later is not; "
	  "the peer may let it",
	    successor, true },
};
enum { REPLIES = sizeof(replies) / sizeof(replies[0]) };

const char *
why_reply(const struct meeting *m, bool *ends)
{
	int i;

	*ends = false;
	if (same(m->reply[OURS], m->reply[PEER]))
		return "same";
	for (i = 0; i < REPLIES; i++)
		if (replies[i].holds(m)) {
			*ends = replies[i].ends;
			return replies[i].reason;
		}
	return NULL;
}

/* --- how often each was met ----------------------------------------------------- */

static struct {
	const char *reason;
	unsigned long n;
} counts[32];

void
why_count(const char *reason)
{
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].reason == NULL)
			counts[i].reason = reason;
		if (counts[i].reason == reason) {
			counts[i].n++;
			return;
		}
	}
}

void
why_print(void)
{
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].reason != NULL)
			printf("%8lu  %s\n", counts[i].n, counts[i].reason);
}
