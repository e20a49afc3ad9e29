/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Live patches of the hypervisor: load, ask, apply, take back. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "xc_abi_host.h"
#include "xc_private.h"

enum {
	LIVEPATCH_UPLOAD = 0,
	LIVEPATCH_GET = 1,
	LIVEPATCH_LIST = 2,
	LIVEPATCH_ACTION = 3,
};

enum {
	ACTION_UNLOAD = 1,
	ACTION_REVERT = 2,
	ACTION_APPLY = 3,
	ACTION_REPLACE = 4,
};

/* What Xen takes. */
#define MAX_PAYLOAD (2u << 20)
#define MAX_LIST    1024
/* Per entry of a list: name, status {u32, s32}, length, metadata's length;
 * metadata follows. */
#define LIST_ENTRY  (XC_LIVEPATCH_NAME + 8 + 4 + 4)

/* The name goes to the first bytes of buf. */
static int
start(xc_interface *xch, struct xc_sysctl *ctl, uint32_t cmd, uint32_t flags,
    const char *name, char *buf)
{
	size_t size = strlen(name) + 1;

	memset(ctl, 0, sizeof(*ctl));
	ctl->cmd = SYSCTL_livepatch_op;
	memcpy(buf, name, size);
	if (xc_encode_livepatch(xch->abi, cmd, flags, (uintptr_t)buf,
		(uint16_t)size, ctl->u.raw) == 0)
		return 0;
	return xc_need_release(xch, 19, "live patches loaded by force");
}

static int
check_name(xc_interface *xch, const char *name)
{
	if (xc_check_ptr(xch, name, "a live patch's name") < 0)
		return -1;
	return xc_check_range(xch, strlen(name), 1, XC_LIVEPATCH_NAME - 1,
	    "characters of a live patch's name");
}

XC_API int
xc_livepatch_upload(xc_interface *xch, const char *name, const void *payload,
    size_t size, uint32_t flags)
{
	const size_t total = XC_LIVEPATCH_NAME + size;
	struct xc_sysctl ctl;
	char *buf;
	int r;

	if (check_name(xch, name) < 0 ||
	    xc_check_ptr(xch, payload, "a live patch") < 0 ||
	    xc_check_range(xch, size, 1, MAX_PAYLOAD,
		"bytes of a live patch") < 0)
		return -1;
	buf = xc_buf_get(xch, total);
	if (buf == NULL)
		return xc_fail(xch, errno, "load live patch %s", name);
	memcpy(buf + XC_LIVEPATCH_NAME, payload, size);
	r = start(xch, &ctl, LIVEPATCH_UPLOAD, flags, name, buf);
	ctl.u.u64[3] = size;
	ctl.u.u64[4] = (uintptr_t)buf + XC_LIVEPATCH_NAME;
	if (r == 0)
		r = xc_change_sysctl(xch, &ctl, "load a live patch");
	xc_buf_put(xch, buf, total);
	return r;
}

static void
status_from(const uint32_t *in, struct xc_livepatch_status *out)
{
	out->state = in[0];
	out->error = -(int)in[1];
}

XC_API int
xc_livepatch_get(xc_interface *xch, const char *name,
    struct xc_livepatch_status *out)
{
	struct xc_sysctl ctl;
	char *buf;
	int r;

	if (check_name(xch, name) < 0 ||
	    xc_check_ptr(xch, out, "a live patch's state") < 0)
		return -1;
	buf = xc_buf_get(xch, XC_LIVEPATCH_NAME);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for live patch %s", name);
	r = start(xch, &ctl, LIVEPATCH_GET, 0, name, buf);
	if (r == 0)
		r = xc_do_sysctl(xch, &ctl, "ask for a live patch") < 0 ? -1
									: 0;
	if (r == 0)
		status_from(&ctl.u.u32[6], out);
	xc_buf_put(xch, buf, XC_LIVEPATCH_NAME);
	return r;
}

/* Where in the buffer the arrays for n entries are, and their room told. */
static void
list_arrays(struct xc_sysctl *ctl, uintptr_t buf, uint32_t n)
{
	ctl->u.u64[4] = buf;
	ctl->u.u64[5] = buf + (uintptr_t)n * 8;
	ctl->u.u64[6] = buf + (uintptr_t)n * (8 + XC_LIVEPATCH_NAME);
	ctl->u.u64[8] = buf + (uintptr_t)n * (12 + XC_LIVEPATCH_NAME);
	ctl->u.u64[7] = buf + (uintptr_t)n * LIST_ENTRY;
}

/* Names come after each other, each as long as lengths says, NUL included. */
static int
take_list(const uint8_t *buf, uint32_t room, uint32_t n,
    struct xc_livepatch *out)
{
	const uint32_t *status = (const void *)buf;
	const char *names = (const char *)buf + (size_t)room * 8;
	const uint32_t *lengths = (const void *)(buf +
	    (size_t)room * (8 + XC_LIVEPATCH_NAME));
	size_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (lengths[i] > XC_LIVEPATCH_NAME) {
			errno = EPROTO;
			return -1;
		}
		memset(&out[i], 0, sizeof(out[i]));
		memcpy(out[i].name, names + at, lengths[i]);
		out[i].name[XC_LIVEPATCH_NAME - 1] = '\0';
		at += lengths[i];
		status_from(status + 2 * i, &out[i].status);
	}
	return 0;
}

/*
 * list: {u32 version, idx, nr, pad, two totals, u64 status, name, len,
 * metadata, metadata_len}. Asked for none it tells how many there are and the
 * bytes of all their metadata; there is room for a patch that comes meanwhile.
 */
XC_API int
xc_livepatch_list(xc_interface *xch, uint32_t first, struct xc_livepatch *out,
    uint32_t max, uint32_t *left)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_livepatch_op };
	uint32_t total, n;
	size_t size;
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, out, "live patches") < 0 ||
	    xc_check_range(xch, max, 1, MAX_LIST, "live patches") < 0)
		return -1;
	ctl.u.u32[0] = LIVEPATCH_LIST;
	if (xc_do_sysctl(xch, &ctl, "ask for the live patches") < 0)
		return -1;
	total = ctl.u.u32[4];
	n = total > first ? total - first : 0;
	n = n < max ? n : max;
	if (left != NULL)
		*left = total > first + n ? total - first - n : 0;
	if (n == 0)
		return 0;
	size = (size_t)n * LIST_ENTRY + ctl.u.u32[7] + XC_PAGE_SIZE;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for the live patches");
	memset(&ctl, 0, sizeof(ctl));
	ctl.cmd = SYSCTL_livepatch_op;
	ctl.u.u32[0] = LIVEPATCH_LIST;
	ctl.u.u32[3] = first;
	ctl.u.u32[4] = n;
	list_arrays(&ctl, (uintptr_t)buf, n);
	r = xc_do_sysctl(xch, &ctl, "ask for the live patches");
	if (r > (int)n)
		r = (int)n;
	if (r > 0 && take_list(buf, n, (uint32_t)r, out) < 0)
		r = xc_fail(xch, errno, "the live patches' names");
	xc_buf_put(xch, buf, size);
	return r;
}

/* {name, u32 cmd, timeout, flags, pad}. */
static int
action(xc_interface *xch, const char *name, uint32_t cmd, uint32_t timeout_ns,
    uint32_t flags)
{
	struct xc_sysctl ctl;
	char *buf;
	int r;

	if (check_name(xch, name) < 0)
		return -1;
	buf = xc_buf_get(xch, XC_LIVEPATCH_NAME);
	if (buf == NULL)
		return xc_fail(xch, errno, "change live patch %s", name);
	r = start(xch, &ctl, LIVEPATCH_ACTION, 0, name, buf);
	ctl.u.u32[6] = cmd;
	ctl.u.u32[7] = timeout_ns;
	ctl.u.u32[8] = flags;
	if (r == 0)
		r = xc_change_sysctl(xch, &ctl, "change a live patch");
	xc_buf_put(xch, buf, XC_LIVEPATCH_NAME);
	return r;
}

XC_API int
xc_livepatch_apply(xc_interface *xch, const char *name, uint32_t timeout_ns,
    uint32_t flags)
{
	return action(xch, name, ACTION_APPLY, timeout_ns, flags);
}

XC_API int
xc_livepatch_revert(xc_interface *xch, const char *name, uint32_t timeout_ns,
    uint32_t flags)
{
	return action(xch, name, ACTION_REVERT, timeout_ns, flags);
}

XC_API int
xc_livepatch_replace(xc_interface *xch, const char *name, uint32_t timeout_ns,
    uint32_t flags)
{
	return action(xch, name, ACTION_REPLACE, timeout_ns, flags);
}

XC_API int
xc_livepatch_unload(xc_interface *xch, const char *name, uint32_t timeout_ns,
    uint32_t flags)
{
	return action(xch, name, ACTION_UNLOAD, timeout_ns, flags);
}
