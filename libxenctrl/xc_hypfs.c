/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hypervisor's file system: facts of the build and parameters at run time.
 * Its hypercall (hypfs.h) is stable. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <xen/xen.h>
#include <xen/hypfs.h>

#include "xc_private.h"

#define MAX_READ  (16u << 20)
#define MAX_WRITE (1u << 20)
#define MAX_LIST  65536u
/* Enough for most entries at the first call. */
#define FIRST_READ (XC_PAGE_SIZE - sizeof(struct xen_hypfs_direntry))

_Static_assert(sizeof(struct xen_hypfs_direntry) == 12, "hypfs entry");

XC_API int
xc_hypfs_version(xc_interface *xch)
{
	long r = xc_hypercall(xch, XC_HC_HYPFS, XEN_HYPFS_OP_get_version, 0,
	    0, 0);

	if (r < 0)
		return xc_fail(xch, errno, "ask for the hypervisor's file "
		    "system");
	return (int)r;
}

static int
check_path(xc_interface *xch, const char *path)
{
	if (xc_check_ptr(xch, path, "a path") < 0)
		return -1;
	return xc_check_range(xch, strlen(path), 1, XEN_HYPFS_MAX_PATHLEN - 1,
	    "characters of a path");
}

/* Both ends of one hypercall with five arguments: cmd, path, its length, data,
 * its length. */
static long
op(xc_interface *xch, uint64_t cmd, const char *path, void *data, size_t size)
{
	size_t len = strlen(path) + 1;
	char *safe = xc_buf_get(xch, len);
	long r;

	if (safe == NULL)
		return -1;
	memcpy(safe, path, len);
	r = xc_hypercall5(xch, XC_HC_HYPFS, cmd, (uintptr_t)safe, len,
	    (uintptr_t)data, size);
	xc_buf_put(xch, safe, len);
	return r;
}

static void
entry_from(const struct xen_hypfs_direntry *e, const char *name, size_t len,
    struct xc_hypfs_entry *out)
{
	memset(out, 0, sizeof(*out));
	out->type = e->type;
	out->gzip = e->encoding == XEN_HYPFS_ENC_GZIP;
	out->size = e->content_len;
	out->max_write = e->max_write_len;
	len = len < sizeof(out->name) ? len : sizeof(out->name) - 1;
	memcpy(out->name, name, len);
}

/* The entry with its content in a buffer of *size bytes, for the caller to put
 * back: as large as it must be, at most `most`. An entry may grow between two
 * calls, so a few rounds. ENOBUFS leaves the entry alone in *head. */
static struct xen_hypfs_direntry *
fetch(xc_interface *xch, const char *path, size_t most, size_t *size,
    struct xen_hypfs_direntry *head)
{
	size_t room = most < FIRST_READ ? most : FIRST_READ;
	struct xen_hypfs_direntry *e;

	for (int i = 0; i < 5; i++) {
		*size = sizeof(*e) + room;
		e = xc_buf_get(xch, *size);
		if (e == NULL)
			break;
		if (op(xch, XEN_HYPFS_OP_read, path, e, *size) >= 0) {
			*head = *e;
			return e;
		}
		*head = *e;
		xc_buf_put(xch, e, *size);
		if (errno != ENOBUFS || head->content_len > most ||
		    head->content_len <= room)
			break;
		room = head->content_len;
	}
	xc_fail(xch, errno, "read %s of the hypervisor", path);
	return NULL;
}

static const char *
last_part(const char *path)
{
	const char *p = strrchr(path, '/');

	return p == NULL ? path : p + 1;
}

XC_API int64_t
xc_hypfs_read(xc_interface *xch, const char *path, struct xc_hypfs_entry *out,
    void *buf, size_t max)
{
	struct xen_hypfs_direntry *e, head = { 0 };
	const char *name;
	int64_t n;
	size_t size;

	if (check_path(xch, path) < 0 ||
	    xc_check_ptr(xch, out, "an entry") < 0 ||
	    (max > 0 && xc_check_ptr(xch, buf, "an entry's content") < 0) ||
	    xc_check_range(xch, max, 0, MAX_READ, "bytes to read") < 0)
		return -1;
	name = last_part(path);
	e = fetch(xch, path, max, &size, &head);
	entry_from(&head, name, strlen(name), out);
	if (e == NULL)
		return -1;
	n = head.content_len;
	if (head.type == XEN_HYPFS_TYPE_DIR) {
		n = xc_fail(xch, EISDIR, "read %s of the hypervisor", path);
	} else if ((size_t)n > max) {
		n = xc_fail(xch, ENOBUFS, "read %s of the hypervisor", path);
	} else if (n > 0) {
		memcpy(buf, e + 1, (size_t)n);
	}
	xc_buf_put(xch, e, size);
	return n;
}

/*
 * A directory's content: entries {direntry, u16 offset of the next or 0, name}.
 * Returns how many, of which max are filled in; -1 when it is not that.
 */
static int
walk(const uint8_t *p, size_t len, struct xc_hypfs_entry *out, uint32_t max)
{
	const size_t head = offsetof(struct xen_hypfs_dirlistentry, name);
	struct xen_hypfs_direntry e;
	uint32_t n = 0;
	uint16_t next;

	while (len > head && n < MAX_LIST) {
		memcpy(&e, p, sizeof(e));
		memcpy(&next, p + sizeof(e), sizeof(next));
		if (n < max)
			entry_from(&e, (const char *)p + head,
			    strnlen((const char *)p + head, len - head),
			    &out[n]);
		n++;
		if (next == 0)
			return (int)n;
		if (next <= head || next > len)
			break;
		p += next;
		len -= next;
	}
	return len == 0 ? (int)n : -1;
}

XC_API int
xc_hypfs_list(xc_interface *xch, const char *path, struct xc_hypfs_entry *out,
    uint32_t max)
{
	struct xen_hypfs_direntry *e, head = { 0 };
	size_t size;
	int n;

	if (check_path(xch, path) < 0 ||
	    (max > 0 && xc_check_ptr(xch, out, "entries") < 0) ||
	    xc_check_range(xch, max, 0, MAX_LIST, "entries") < 0)
		return -1;
	e = fetch(xch, path, MAX_READ, &size, &head);
	if (e == NULL)
		return -1;
	if (head.type != XEN_HYPFS_TYPE_DIR)
		n = xc_fail(xch, ENOTDIR, "list %s of the hypervisor", path);
	else
		n = walk((const uint8_t *)(e + 1), head.content_len, out, max);
	if (n < 0 && head.type == XEN_HYPFS_TYPE_DIR)
		xc_fail(xch, EPROTO, "list %s of the hypervisor", path);
	xc_buf_put(xch, e, size);
	return n;
}

XC_API int
xc_hypfs_write(xc_interface *xch, const char *path, const void *buf,
    size_t size)
{
	void *safe;
	long r;

	if (check_path(xch, path) < 0 ||
	    xc_check_ptr(xch, buf, "an entry's content") < 0 ||
	    xc_check_range(xch, size, 1, MAX_WRITE, "bytes to write") < 0)
		return -1;
	safe = xc_buf_get(xch, size);
	if (safe == NULL)
		return xc_fail(xch, errno, "write %s of the hypervisor", path);
	memcpy(safe, buf, size);
	r = op(xch, XEN_HYPFS_OP_write_contents, path, safe, size);
	xc_buf_put(xch, safe, size);
	if (r < 0)
		return xc_fail(xch, errno, "write %s of the hypervisor", path);
	return 0;
}
