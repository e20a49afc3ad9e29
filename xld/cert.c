/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The certificate of https as clients see it (class Certificate), and how they replace
 * it. xld-cert, which is nobody, looks at it; here files change places. Where the
 * owner's settings name files, these are not ours to change.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access.h"
#include "cert_look.h"
#include "xld.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_proc.h"

#define PROGRAM	 XLD_LIBEXECDIR "/xld-cert"
#define PEM_MAX	 (256u << 10)
#define JSON_MAX (2u << 20)

/* The one there is, as it was when its file was last another one. */
struct certificate {
	struct stat st;
	char uuid[UUID_TEXT];
	/* NULL: it is none. */
	struct xu_val *facts;
};

/* ---- xld-cert ----------------------------------------------------------------------- */

static int
memory_file(const char *text)
{
	int fd = memfd_create("certificate", MFD_CLOEXEC);

	if (fd >= 0 && (xu_fd_write(fd, text, strlen(text)) < 0 ||
			   lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* fds: the second is where it answers. NULL with an error. */
static struct xu_val *
ask(const char *what, const int *fds, int n, struct xu_err *e)
{
	static char name[] = "xld-cert";
	char mode[16];
	char *const argv[] = { name, mode, NULL };
	const struct xu_spawn s = { .path = PROGRAM, .argv = argv, .fds = fds,
		.nfds = n, .user = API_USER };
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *v = NULL;
	int status = 0;
	pid_t pid;

	snprintf(mode, sizeof(mode), "%s", what);
	for (int i = 0; i < n; i++)
		if (fds[i] < 0) {
			xu_err_set(e, XE(XLD_NO_MEMORY), errno, "%s", PROGRAM);
			return NULL;
		}
	pid = xu_spawn(&s, e);
	if (pid < 0)
		return NULL;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    lseek(fds[1], 0, SEEK_SET) == 0 &&
	    xu_fd_read(fds[1], JSON_MAX, &b) == 0)
		v = xu_val_from_json(xu_buf_text(&b), b.len, JSON_MAX, e);
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	if (v == NULL) {
		xu_err_set(e, XE(XLD_HELPER), 0,
		    "%s did not look at the certificate", PROGRAM);
		xu_err_param(e, PROGRAM);
	}
	return v;
}

/* ---- the object ---------------------------------------------------------------------- */

static bool
is_served(const struct core *c)
{
	return xu_val_count(xu_val_get(c->conf, "https")) > 0;
}

static struct xu_val *
look_at(const char *path, struct xu_err *e)
{
	AUTO_CLOSE int cert = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_CLOSE int out = memory_file("");
	const int fds[] = { cert, out };

	return ask(CERT_LOOK, fds, 2, e);
}

void
certificate_close(struct core *c)
{
	if (c->certificate != NULL)
		xu_val_free(c->certificate->facts);
	free(steal_ptr(&c->certificate));
}

/* Only when the file has changed is anything done. */
static void
look(struct core *c)
{
	const char *path = certificate_path(c->conf);
	struct xu_err e = XU_ERR_INIT;
	struct certificate *x = c->certificate;
	struct stat st;
	char what[128];

	if (!is_served(c) || stat(path, &st) < 0) {
		certificate_close(c);
		return;
	}
	if (x != NULL && x->st.st_ino == st.st_ino &&
	    x->st.st_size == st.st_size &&
	    x->st.st_mtim.tv_sec == st.st_mtim.tv_sec &&
	    x->st.st_mtim.tv_nsec == st.st_mtim.tv_nsec)
		return;
	certificate_close(c);
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return;
	c->certificate = x;
	x->st = st;
	x->facts = look_at(path, &e);
	if (x->facts == NULL)
		xu_log_err(XU_ERROR, &e);
	if (xu_val_get(x->facts, "error") != NULL) {
		xu_val_free(x->facts);
		x->facts = NULL;
	}
	/* Another certificate is another object. */
	snprintf(what, sizeof(what), "certificate %s",
	    xu_val_get_str(x->facts, "fingerprint", ""));
	uuid_derive(c->host_uuid, what, x->uuid);
}

static void *
next(struct core *c, size_t *pos)
{
	struct certificate *x = c->certificate;

	return x != NULL && x->facts != NULL && (*pos)++ == 0 ? x : NULL;
}

static void *
find(struct core *c, const char *ref)
{
	size_t pos = 0;
	struct certificate *x = next(c, &pos);

	return x != NULL && strcmp(x->uuid, ref) == 0 ? x : NULL;
}

static const char *
ref_of(const void *obj)
{
	return ((const struct certificate *)obj)->uuid;
}

static struct xu_val *
record(struct core *c, void *obj)
{
	const struct certificate *x = obj;
	struct xu_val *v = xu_struct();

	xu_val_set(v, "uuid", xu_str(x->uuid));
	xu_val_set(v, "name", xu_str(""));
	xu_val_set(v, "type", xu_str("host"));
	xu_val_set(v, "host", xu_str(c->host_uuid));
	xu_val_set(v, "not_before",
	    xu_datetime(xu_val_get_int(x->facts, "not_before", 0)));
	xu_val_set(v, "not_after",
	    xu_datetime(xu_val_get_int(x->facts, "not_after", 0)));
	xu_val_set(v, "fingerprint",
	    xu_str(xu_val_get_str(x->facts, "fingerprint", "")));
	return v;
}

const struct class_ops certificate_ops = {
	.cls = &model_certificate,
	.find = find,
	.next = next,
	.ref = ref_of,
	.record = record,
	.refresh = look,
};

/* ---- messages --------------------------------------------------------------------------- */

static void
get_certificate(struct call *k)
{
	const char *path = certificate_path(k->core->conf);
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;

	if (!is_served(k->core))
		call_refuse(k, XE(OPERATION_NOT_ALLOWED), "no https",
		    "%s: https of xld.conf is not set, so no certificate is "
		    "shown", k->method);
	else if (xu_file_read(path, PEM_MAX, &b, &e) < 0)
		call_fail(k, &e);
	else
		call_ok(k, xu_str(xu_buf_text(&b)));
}

/* False: the call was refused. */
static bool
is_ours(struct call *k)
{
	if (xu_val_count(xu_val_get(k->core->conf, "certificate")) == 0)
		return true;
	call_refuse(k, XE(OPERATION_NOT_ALLOWED), "certificate of xld.conf",
	    "%s: the owner's settings say which certificate there is; replace "
	    "the files that they name and reload xld", k->method);
	return false;
}

/* New connections find it from now on. */
static void
in_force(struct call *k)
{
	struct core *c = k->core;
	char old[UUID_TEXT] = "";
	size_t pos = 0;
	struct certificate *x = next(c, &pos);

	if (x != NULL)
		snprintf(old, sizeof(old), "%s", x->uuid);
	api_reload(c);
	look(c);
	if (old[0] != '\0')
		api_event(c, "Certificate", "del", old, NULL);
	pos = 0;
	x = next(c, &pos);
	if (x != NULL)
		api_event(c, "Certificate", "add", x->uuid, record(c, x));
	api_event(c, "host", "mod", c->host_uuid, host_ops.record(c, c));
	call_ok(k, NULL);
}

static const char *
sentence(const struct xu_val *error)
{
	const struct model_error *row = model_find_error(
	    xu_val_str(xu_val_at(error, 0)));

	return row != NULL ? row->sentence : "";
}

/* (host, certificate, private_key, certificate_chain) */
static void
install(struct call *k)
{
	const struct xu_val *p = k->params;
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *v = NULL;
	AUTO_CLOSE int cert = memory_file(xu_val_str(xu_val_at(p, 1)));
	AUTO_CLOSE int out = memory_file("");
	AUTO_CLOSE int key = memory_file(xu_val_str(xu_val_at(p, 2)));
	AUTO_CLOSE int chain = memory_file(xu_val_str(xu_val_at(p, 3)));
	const int fds[] = { cert, out, key, chain };
	const struct xu_val *error;

	if (!is_ours(k))
		return;
	v = ask(CERT_CHECK, fds, 4, &e);
	error = xu_val_get(v, "error");
	if (error != NULL) {
		call_fail_as(k, xu_val_copy(error), sentence(error));
		return;
	}
	if (v == NULL || keep_certificate(xu_val_get_str(v, "certificate", ""),
		xu_val_get_str(v, "key", ""), &e) < 0)
		call_fail(k, &e);
	else
		in_force(k);
}

static void
reset(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;

	if (!is_ours(k))
		return;
	if (renew_certificate(&e) < 0)
		call_fail(k, &e);
	else
		in_force(k);
}

const struct handler certificate_handlers[] = {
	{ "host.get_server_certificate", get_certificate },
	{ "host.install_server_certificate", install },
	{ "host.reset_server_certificate", reset },
	{ NULL, NULL },
};
