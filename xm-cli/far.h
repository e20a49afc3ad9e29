/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which daemon a command speaks to, and who we are there. --host (or XLD_URI) names
 * another host:
 *
 *	[USER@]HOST[:PORT]		https, port 9367
 *	https:// or http://[USER@]HOST[:PORT]
 *	ssh://[USER@]HOST[:PORT]	the daemon's socket, carried here by ssh
 *	unix:/path			a socket of this host
 *
 * By https one is who a name and a password say. They come from a file that
 * nobody else can read (XLD_CREDENTIALS, or credentials in xld's folder below
 * XDG_CONFIG_HOME or ~/.config), in the words of netrc(5), or from the terminal; never
 * from the command line, which everybody can read. hosts/HOST.pem in that folder
 * is the certificate that is trusted for HOST, if it is there and XLD_CA is not set.
 */
#ifndef XM_FAR_H
#define XM_FAR_H

#include <stdbool.h>
#include <stddef.h>

#include "xm.h"

#define FAR_PORT	"9367"
#define FAR_CREDENTIALS "XLD_CREDENTIALS"

struct far_place {
	enum {
		FAR_HERE,
		FAR_HTTP,
		FAR_SSH,
	} by;
	/* "" where it is not said. */
	char user[64], host[256], port[8];
	/* What xapi_open is given; of ssh not yet known. */
	char url[400];
};

/* -1: too long, or a part is missing. */
int far_place(const char *word, struct far_place *p);
/* The word behind --host or in XLD_URI; NULL: this host's daemon. */
const char *far_word(const struct xm *xm);
/* Is what it names on another host? */
bool far_is_other(const char *word);

/* Opens xm->api, with a session. A status. */
int far_connect(struct xm *xm, const char *word);
/* Ends what carried it. */
void far_close(struct xm *xm);

/* --- far_ssh.c: a child that lives as long as the command does ------------------ */

struct far_ssh;

/* path: of the socket that ssh listens on here. A status. */
int far_ssh_open(struct xm *xm, const struct far_place *p, char *path, size_t size);

/* --- far_who.c ----------------------------------------------------------------- */

struct far_who {
	char user[64], password[256];
	/* False: neither the file nor a terminal had any. */
	bool known;
};

/* A file of xld's folder in the user's own; NULL. The caller frees. */
char *far_file(const char *name);
/* A status: the file can be read by others, or ^C was typed. */
int far_who(struct xm *xm, const struct far_place *p, struct far_who *who);
/* The entry for a host (and a user, if not ""), in a text as netrc has it. */
bool far_find(const char *text, const char *host, struct far_who *who);

#endif
