/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See far.h. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "far.h"

/* A daemon that hangs shall not hang us. Long work is done by tasks. */
#define CALL_TIMEOUT_MS 60000

/* ---- what the word says ------------------------------------------------------------ */

static bool
part(char *to, size_t size, const char *from, size_t len)
{
	if (len >= size)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* [USER@]HOST[:PORT]; an IPv6 address with a port stands in brackets. */
static int
authority(const char *text, struct far_place *p)
{
	size_t len = strcspn(text, "/");
	const char *at = memrchr(text, '@', len), *end = text + len, *colon;

	if (at != NULL) {
		if (at == text ||
		    !part(p->user, sizeof(p->user), text, (size_t)(at - text)))
			return -1;
		text = at + 1;
	}
	colon = memrchr(text, ':', (size_t)(end - text));
	if (*text == '[') {
		const char *close = memchr(text, ']', (size_t)(end - text));

		if (close == NULL || (colon != NULL && colon > close + 1))
			return -1;
		if (colon != NULL && colon < close)
			colon = NULL;
		if (colon != NULL &&
		    !part(p->port, sizeof(p->port), colon + 1,
			(size_t)(end - colon - 1)))
			return -1;
		text++;
		end = close;
	} else if (colon != NULL &&
	    memchr(text, ':', (size_t)(colon - text)) == NULL) {
		if (!part(p->port, sizeof(p->port), colon + 1,
			(size_t)(end - colon - 1)))
			return -1;
		end = colon;
	}
	return end > text && *text != '-' &&
		part(p->host, sizeof(p->host), text, (size_t)(end - text)) ?
	    0 :
	    -1;
}

int
far_place(const char *word, struct far_place *p)
{
	const char *rest = strstr(word, "://");
	const char *scheme = strncmp(word, "http://", 7) == 0 ? "http" : "https";
	const char *open, *close;

	memset(p, 0, sizeof(*p));
	if (strncmp(word, "ssh://", 6) == 0)
		p->by = FAR_SSH;
	else if (strncmp(word, "http://", 7) == 0 ||
	    strncmp(word, "https://", 8) == 0 ||
	    (rest == NULL && strncmp(word, "unix:", 5) != 0))
		p->by = FAR_HTTP;
	/* What else it may be is xapi_open's to say. */
	if (p->by == FAR_HERE)
		return part(p->url, sizeof(p->url), word, strlen(word)) ? 0 : -1;
	if (authority(rest == NULL ? word : rest + 3, p) < 0)
		return -1;
	if (p->by == FAR_SSH)
		return 0;
	if (rest == NULL && p->port[0] == '\0')
		strcpy(p->port, FAR_PORT);
	open = strchr(p->host, ':') != NULL ? "[" : "";
	close = *open != '\0' ? "]" : "";
	snprintf(p->url, sizeof(p->url), "%s://%s%s%s%s%s", scheme, open, p->host,
	    close, p->port[0] != '\0' ? ":" : "", p->port);
	return 0;
}

const char *
far_word(const struct xm *xm)
{
	const char *word = xm->host != NULL ? xm->host : getenv(XAPI_URI_ENV);

	return word == NULL || *word == '\0' ? NULL : word;
}

bool
far_is_other(const char *word)
{
	return word != NULL && strncmp(word, "unix:", 5) != 0;
}

/* ---- the session ------------------------------------------------------------------- */

/* Of a certificate that no authority has signed, which xld's own is. */
static void
trust(const struct far_place *p)
{
	AUTO_FREE char *name = NULL, *file = NULL;

	if (getenv(XAPI_CA_ENV) != NULL ||
	    asprintf(&name, "hosts/%s.pem", p->host) < 0)
		return;
	file = far_file(name);
	if (file != NULL && access(file, R_OK) == 0)
		setenv(XAPI_CA_ENV, file, 1);
}

static int
open_api(struct xm *xm, const char *url)
{
	struct xapi_err e;

	xm->api = xapi_open(url, &e);
	if (xm->api == NULL && strcmp(e.code, XE(PERMISSION_DENIED)) == 0)
		/* xm's sentence, which scripts look for. */
		return xm_error(xm, e.code, e.exit_code,
		    "Most commands need root access. Please try again as root "
		    "(%s)",
		    e.message);
	if (xm->api == NULL)
		return xm_fail(xm, &e);
	xapi_set_timeout(xm->api, CALL_TIMEOUT_MS);
	return 0;
}

static int
log_in(struct xm *xm, const struct far_place *p)
{
	AUTO_FREE char *file = far_file("credentials");
	struct far_who who;
	struct xapi_err e;
	int r, status = far_who(xm, p, &who);

	if (status != 0)
		return status;
	r = xapi_login(xm->api, who.user, who.password, &e);
	explicit_bzero(who.password, sizeof(who.password));
	if (r == 0)
		return 0;
	if (who.known ||
	    strcmp(e.code, XE(SESSION_AUTHENTICATION_FAILED)) != 0)
		return xm_fail(xm, &e);
	return xm_error(xm, e.code, e.exit_code,
	    "nobody has said the password of %s at %s: there is no terminal, and "
	    "no line \"machine %s login %s password ...\" in %s",
	    who.user, p->host, p->host, who.user,
	    file != NULL ? file : "a file of " FAR_CREDENTIALS);
}

int
far_connect(struct xm *xm, const char *word)
{
	struct far_place p = { .by = FAR_HERE };
	char url[300] = "unix:";
	int status;

	if (word == NULL)
		return open_api(xm, NULL);
	if (far_place(word, &p) < 0)
		return xm_error(xm, "XLD_USAGE", XM_USAGE,
		    "'%s' is not [USER@]HOST[:PORT], https://..., ssh://... or "
		    "unix:/path", word);
	if (p.by == FAR_SSH) {
		status = far_ssh_open(xm, &p, url + 5, sizeof(url) - 5);
		return status != 0 ? status : open_api(xm, url);
	}
	if (p.by == FAR_HTTP)
		trust(&p);
	status = open_api(xm, p.url);
	return status != 0 || p.by == FAR_HERE ? status : log_in(xm, &p);
}
