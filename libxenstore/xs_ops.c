/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The requests. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xs_private.h"

#define DIRECTORY_PART 22
/* More than a daemon with default quotas can hold below one node. */
#define DIRECTORY_MAX (256u << 20)

static struct xs_iov
text(const char *s)
{
	struct xs_iov v = { s, strlen(s) + 1 };

	return v;
}

/* A request whose reply is "OK". */
static bool
simple(struct xs_handle *h, uint32_t type, uint32_t tx,
    const struct xs_iov *v, unsigned n, const char *path)
{
	struct xs_msg *m = xs_talk(h, type, tx, v, n, path);
	bool ok = m != NULL;

	free(m);
	return ok;
}

XS_API void *
xs_read(struct xs_handle *h, xs_transaction_t t, const char *path,
    unsigned int *len)
{
	struct xs_iov v = text(path);
	struct xs_msg *m = xs_talk(h, XS_READ, t, &v, 1, path);
	char *out;

	if (m == NULL)
		return NULL;
	out = malloc((size_t)m->hdr.len + 1);
	if (out != NULL) {
		memcpy(out, m->body, (size_t)m->hdr.len + 1);
		if (len != NULL)
			*len = m->hdr.len;
	}
	free(m);
	return out;
}

XS_API bool
xs_write(struct xs_handle *h, xs_transaction_t t, const char *path,
    const void *data, unsigned int len)
{
	struct xs_iov v[2] = { text(path), { data, len } };

	return simple(h, XS_WRITE, t, v, 2, path);
}

XS_API bool
xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	struct xs_iov v = text(path);

	return simple(h, XS_MKDIR, t, &v, 1, path);
}

XS_API bool
xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	struct xs_iov v = text(path);

	return simple(h, XS_RM, t, &v, 1, path);
}

XS_API bool
xs_restrict(struct xs_handle *h, unsigned domid)
{
	(void)h;
	(void)domid;
	return xs_fail(ENOSYS, "restrict");
}

/* --- directory ----------------------------------------------------------------- */

/* Names with their NULs -> vector and names in one block. */
static char **
vector(const char *names, size_t len, unsigned int *num)
{
	unsigned n = 0, i;
	char **v, *p;

	for (size_t k = 0; k < len; k++)
		n += names[k] == '\0';
	v = malloc((n + 1) * sizeof(*v) + len + 1);
	if (v == NULL)
		return NULL;
	p = (char *)(v + n + 1);
	memcpy(p, names, len);
	for (i = 0; i < n; i++, p += strlen(p) + 1)
		v[i] = p;
	v[n] = NULL;
	*num = n;
	return v;
}

/* A list that is being put together. */
struct parts {
	struct xu_buf names;
	/* What the parts have in common: the folder's generation, which is the
	 * daemon's own count, and so the connection. */
	char generation[32];
	uint64_t era;
};

/* 1: that was the last part, 0: there is more, -1 with errno. */
static int
add_part(struct parts *p, const struct xs_msg *m, uint64_t era)
{
	size_t head = strnlen(m->body, m->hdr.len) + 1, len;

	if (head > sizeof(p->generation) || head > m->hdr.len) {
		errno = EIO;
		return -1;
	}
	if (p->names.len > 0 &&
	    (era != p->era || strcmp(p->generation, m->body) != 0)) {
		xu_buf_reset(&p->names);
		return 0;
	}
	memcpy(p->generation, m->body, head);
	p->era = era;
	xu_buf_add(&p->names, m->body + head, m->hdr.len - head);
	if (p->names.error != 0 || m->hdr.len == head) {
		/* More than anybody's folder, or a list without end. */
		errno = p->names.error == ENOMEM ? ENOMEM : EIO;
		return -1;
	}
	/* The last one ends with an empty name. */
	len = p->names.len;
	return p->names.data[len - 1] == '\0' &&
	    (len == 1 || p->names.data[len - 2] == '\0');
}

/*
 * A list over 4 KiB comes in parts; each part tells the directory's generation,
 * and a change in between starts the whole anew.
 */
static char **
directory_parts(struct xs_handle *h, uint32_t t, const char *path,
    unsigned int *num)
{
	struct parts p = { .names = { .max = DIRECTORY_MAX } };
	char offset[24], **v = NULL;
	struct xs_msg *m;
	int r = 0;

	while (r == 0) {
		struct xs_iov arg[2] = { text(path), { offset, 0 } };
		struct xs_req ask = { .type = DIRECTORY_PART, .tx = t };

		arg[1].len = (size_t)snprintf(offset, sizeof(offset), "%zu",
				 p.names.len) + 1;
		pthread_mutex_lock(&h->request);
		m = xs_talk_locked(h, &ask, arg, 2, path);
		pthread_mutex_unlock(&h->request);
		if (m == NULL) {
			if (errno == ENOSYS)
				xs_fail(E2BIG, "%s", path);
			break;
		}
		r = add_part(&p, m, ask.era);
		free(m);
		if (r < 0)
			xs_fail(errno, "%s: a list in strange parts", path);
	}
	if (r == 1)
		v = vector(p.names.data, p.names.len - 1, num);
	xu_buf_fini(&p.names);
	return v;
}

XS_API char **
xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path,
    unsigned int *num)
{
	struct xs_iov v = text(path);
	struct xs_msg *m = xs_talk(h, XS_DIRECTORY, t, &v, 1, path);
	char **out;

	if (m == NULL)
		return errno == E2BIG ? directory_parts(h, t, path, num) : NULL;
	out = vector(m->body, m->hdr.len, num);
	free(m);
	return out;
}

/* --- permissions --------------------------------------------------------------------- */

XS_API bool
xs_strings_to_perms(struct xs_permissions *perms, unsigned int num,
    const char *strings)
{
	static const char letters[] = "nrwb";

	for (unsigned i = 0; i < num; i++) {
		const char *at = *strings == '\0' ? NULL
						  : strchr(letters, *strings);
		char *end;

		if (at == NULL) {
			errno = EINVAL;
			return false;
		}
		perms[i].perms = (unsigned)(at - letters);
		perms[i].id = (unsigned)strtoul(strings + 1, &end, 10);
		if (end == strings + 1 || *end != '\0') {
			errno = EINVAL;
			return false;
		}
		strings = end + 1;
	}
	return true;
}

XS_API struct xs_permissions *
xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
    unsigned int *num)
{
	struct xs_iov v = text(path);
	struct xs_msg *m = xs_talk(h, XS_GET_PERMS, t, &v, 1, path);
	struct xs_permissions *p;
	unsigned n = 0;

	if (m == NULL)
		return NULL;
	for (uint32_t i = 0; i < m->hdr.len; i++)
		n += m->body[i] == '\0';
	p = calloc(n == 0 ? 1 : n, sizeof(*p));
	if (p != NULL && !xs_strings_to_perms(p, n, m->body)) {
		free(p);
		p = NULL;
		xs_fail(EIO, "%s: strange permissions", path);
	}
	free(m);
	if (p != NULL)
		*num = n;
	return p;
}

/* "r5" with its NUL; returns the length. */
static size_t
perm_text(char *out, size_t size, const struct xs_permissions *p)
{
	static const char letters[] = "nrwb";

	return (size_t)snprintf(out, size, "%c%u", letters[p->perms & 3],
		   p->id) + 1;
}

XS_API bool
xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
    struct xs_permissions *perms, unsigned int num_perms)
{
	char buf[XENSTORE_PAYLOAD_MAX];
	struct xs_iov v[2] = { text(path), { buf, 0 } };

	for (unsigned i = 0; i < num_perms; i++) {
		if (sizeof(buf) - v[1].len < 16)
			return xs_fail(E2BIG, "%s: permissions", path);
		v[1].len += perm_text(buf + v[1].len, sizeof(buf) - v[1].len,
		    &perms[i]);
	}
	return simple(h, XS_SET_PERMS, t, v, 2, path);
}

/* --- domains --------------------------------------------------------------------------------- */

static bool
numbers(struct xs_handle *h, uint32_t type, const unsigned long *n,
    unsigned count, const char *what)
{
	char buf[3][24];
	struct xs_iov v[3];

	for (unsigned i = 0; i < count; i++) {
		v[i].data = buf[i];
		v[i].len = (size_t)snprintf(buf[i], sizeof(buf[i]), "%lu",
			       n[i]) + 1;
	}
	return simple(h, type, 0, v, count, what);
}

XS_API bool
xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn,
    unsigned int eventchn)
{
	unsigned long n[3] = { domid, mfn, eventchn };

	return numbers(h, XS_INTRODUCE, n, 3, "introduce a domain");
}

XS_API bool
xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
	unsigned long n[2] = { domid, target };

	return numbers(h, XS_SET_TARGET, n, 2, "set a target");
}

XS_API bool
xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
	unsigned long n = domid;

	return numbers(h, XS_RESUME, &n, 1, "resume a domain");
}

XS_API bool
xs_release_domain(struct xs_handle *h, unsigned int domid)
{
	unsigned long n = domid;

	return numbers(h, XS_RELEASE, &n, 1, "release a domain");
}

static struct xs_msg *
ask_domain(struct xs_handle *h, uint32_t type, unsigned domid)
{
	char buf[16];
	struct xs_iov v = { buf, 0 };

	v.len = (size_t)snprintf(buf, sizeof(buf), "%u", domid) + 1;
	return xs_talk(h, type, 0, &v, 1, "ask about a domain");
}

XS_API char *
xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
	struct xs_msg *m = ask_domain(h, XS_GET_DOMAIN_PATH, domid);
	char *path = m == NULL ? NULL : strdup(m->body);

	free(m);
	return path;
}

XS_API bool
xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
	struct xs_msg *m = ask_domain(h, XS_IS_DOMAIN_INTRODUCED, domid);
	bool yes = m != NULL && m->body[0] == 'T';

	free(m);
	return yes;
}

/* As others have it, nothing is below "/" by this rule. */
XS_API bool
xs_path_is_subpath(const char *parent, const char *child)
{
	size_t len = strlen(parent);

	return strncmp(parent, child, len) == 0 &&
	    (child[len] == '/' || child[len] == '\0');
}

/* --- the daemon --------------------------------------------------------------------------------- */

XS_API char *
xs_control_command(struct xs_handle *h, const char *cmd, void *data,
    unsigned int len)
{
	struct xs_iov v[2] = { text(cmd), { data, len } };
	struct xs_msg *m = xs_talk(h, XS_CONTROL, 0, v, 2, cmd);
	char *out = m == NULL ? NULL : strdup(m->body);

	free(m);
	return out;
}

XS_API char *
xs_debug_command(struct xs_handle *h, const char *cmd, void *data,
    unsigned int len)
{
	return xs_control_command(h, cmd, data, len);
}

XS_API int
xs_suspend_evtchn_port(int domid)
{
	struct xs_handle *h = xs_open(0);
	char path[64], *s;
	int port = -1;

	if (h == NULL)
		return -1;
	snprintf(path, sizeof(path),
	    "/local/domain/%d/device/suspend/event-channel", domid);
	s = xs_read(h, XBT_NULL, path, NULL);
	if (s != NULL && s[0] >= '0' && s[0] <= '9')
		port = (int)strtol(s, NULL, 10);
	free(s);
	xs_close(h);
	return port;
}

XS_API const char *
xs_daemon_rundir(void)
{
	const char *dir = getenv("XENSTORED_RUNDIR");

	return dir != NULL ? dir : "/run/xenstored";
}

XS_API const char *
xs_daemon_socket(void)
{
	static __thread char buf[256];
	const char *path = getenv("XENSTORED_PATH");

	if (path != NULL)
		return path;
	snprintf(buf, sizeof(buf), "%s/socket", xs_daemon_rundir());
	return buf;
}

XS_API const char *
xs_daemon_socket_ro(void)
{
	return xs_daemon_socket();
}

XS_API bool
xs_write_all(int fd, const void *data, unsigned int len)
{
	const char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (unsigned)n;
	}
	return true;
}
