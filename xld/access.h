/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may reach this daemon, and as what: the settings (conf.c), the sockets and
 * the certificate that xld-api gets (listen.c), passwords (login.c). None of them
 * is looked at in this process: xld-cert makes a certificate, xld-login asks PAM.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "schema.h"
#include "xu_conf.h"
#include "xu_err.h"
#include "xu_val.h"

struct call;
struct core;

#define API_USER "xld-api"

/* ---- conf.c ------------------------------------------------------------------ */

#define CONF_FILE XLD_SYSCONFDIR "/xld/xld.conf"
extern const struct xu_conf_key conf_keys[];
extern const size_t conf_nkeys;

/* Reads the file; -1: what held before holds. */
int conf_load(struct core *c, struct xu_err *e);
/* The setting that says who has the role. */
const char *conf_role_setting(enum model_role role);
/* The greatest role that user, or one of the groups, is given; false: none. */
bool conf_role(const struct xu_val *conf, const char *user,
    const struct xu_val *groups, enum model_role *out);

/* ---- listen.c ---------------------------------------------------------------- */

#define LISTENERS_MAX 8

struct listeners {
	int fds[LISTENERS_MAX];
	/* The address of each, as the settings have it. */
	char where[LISTENERS_MAX][80];
	int n;
	/* What xld-api must know, in memory that nobody can change: JSON. */
	int settings_fd;
};

#define LISTENERS_NONE                                                          \
	{                                                                      \
		.settings_fd = -1                                              \
	}

/* Opens what the settings name and closes what they do not; a socket that is open
 * already stays as it is. An address that cannot be had is logged. */
int listeners_open(struct listeners *l, const struct xu_val *conf,
    struct xu_err *e);
void listeners_close(struct listeners *l);
/* "127.0.0.1:80", "[::]:443" -> a listening socket. */
int listen_tcp(const char *where, struct xu_err *e);

/* A new key, and a certificate that it signs; both are that user's. */
int own_certificate(const char *cert, const char *key, const char *user,
    struct xu_err *e);

/* The certificate of https. */
const char *certificate_path(const struct xu_val *conf);
/* Where the settings name none: this pair is it from the next start of xld-api or
 * api_reload on; or a new one of our own is. */
int keep_certificate(const char *cert, const char *key, struct xu_err *e);
int renew_certificate(struct xu_err *e);

/* ---- login.c ------------------------------------------------------------------- */

/* access.login(user, password, address): the user's role, in the end;
 * access.password(user, old, new, address): nothing. */
void login_begin(struct call *k);
void logins_close(struct core *c);

#endif
