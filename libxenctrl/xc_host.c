/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about the host: sysctl and xen_version. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <xen/version.h>

#include "xc_abi_host.h"
#include "xc_private.h"

/* Xen's own limit of a text, and what is around it. */
#define MAX_TEXT 65541
/* More than any conring_size in use. */
#define MAX_CONSOLE (64u << 20)

XC_API int
xc_physinfo(xc_interface *xch, struct xc_physinfo *out)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_physinfo };

	if (xc_do_sysctl(xch, &ctl, "ask for the host's figures") < 0)
		return -1;
	xc_decode_physinfo(xch->abi, ctl.u.raw, out);
	return 0;
}

static int
version_op(xc_interface *xch, unsigned cmd, void *out, size_t size)
{
	if (xc_hypercall_buf(xch, XC_HC_VERSION, cmd, out, size) < 0)
		return xc_fail(xch, errno, "ask for version fact %u", cmd);
	return 0;
}

/* Xen ends strings with NUL when they fit; ours always are. */
static void
text(char *out, size_t size, const char *in, size_t len)
{
	snprintf(out, size, "%.*s", (int)strnlen(in, len), in);
}

XC_API int
xc_version(xc_interface *xch, struct xc_version *out)
{
	xen_extraversion_t extra = { 0 };
	xen_compile_info_t compile = { .compiler = { 0 } };
	xen_capabilities_info_t caps = { 0 };
	xen_changeset_info_t change = { 0 };
	xen_commandline_t cmdline = { 0 };
	xen_platform_parameters_t plat = { 0 };

	memset(out, 0, sizeof(*out));
	if (version_op(xch, XENVER_extraversion, extra, sizeof(extra)) < 0 ||
	    version_op(xch, XENVER_compile_info, &compile, sizeof(compile)) <
		0 ||
	    version_op(xch, XENVER_capabilities, caps, sizeof(caps)) < 0 ||
	    version_op(xch, XENVER_changeset, change, sizeof(change)) < 0 ||
	    version_op(xch, XENVER_commandline, cmdline, sizeof(cmdline)) < 0 ||
	    version_op(xch, XENVER_platform_parameters, &plat, sizeof(plat)) <
		0)
		return -1;
	out->major = xch->release >> 16;
	out->minor = xch->release & 0xffff;
	text(out->extra, sizeof(out->extra), extra, sizeof(extra));
	text(out->compiler, sizeof(out->compiler), compile.compiler,
	    sizeof(compile.compiler));
	text(out->compile_by, sizeof(out->compile_by), compile.compile_by,
	    sizeof(compile.compile_by));
	text(out->compile_domain, sizeof(out->compile_domain),
	    compile.compile_domain, sizeof(compile.compile_domain));
	text(out->compile_date, sizeof(out->compile_date),
	    compile.compile_date, sizeof(compile.compile_date));
	text(out->capabilities, sizeof(out->capabilities), caps, sizeof(caps));
	text(out->changeset, sizeof(out->changeset), change, sizeof(change));
	text(out->commandline, sizeof(out->commandline), cmdline,
	    sizeof(cmdline));
	out->virt_start = plat.virt_start;
	out->pagesize = (uint32_t)XC_PAGE_SIZE;
	return 0;
}

XC_API int
xc_build_id(xc_interface *xch, uint8_t *id, size_t max)
{
	/* {u32 length, bytes}; no note has more than a SHA-512. */
	struct {
		uint32_t len;
		uint8_t id[64];
	} arg = { .len = sizeof(arg.id) };
	long r = xc_hypercall_buf(xch, XC_HC_VERSION, XENVER_build_id, &arg,
	    sizeof(arg));

	if (r < 0)
		return xc_fail(xch, errno, "ask for the build id");
	if ((size_t)r > max || (size_t)r > sizeof(arg.id))
		return xc_fail(xch, ENOBUFS, "build id of %ld bytes", r);
	memcpy(id, arg.id, (size_t)r);
	return (int)r;
}

/* {u32 length, text without a NUL}; a null argument asks for the length. */
static long
long_text(xc_interface *xch, unsigned op, char *out, size_t max)
{
	size_t size = sizeof(uint32_t) + max;
	uint32_t room = (uint32_t)max;
	char *buf = xc_buf_get(xch, size);
	long r;

	if (buf == NULL)
		return -1;
	memcpy(buf, &room, sizeof(room));
	r = xc_hypercall(xch, XC_HC_VERSION, op, (uintptr_t)buf, 0, 0);
	if (r >= 0 && (size_t)r < max) {
		memcpy(out, buf + sizeof(room), (size_t)r);
		out[r] = '\0';
	} else if (r >= 0) {
		errno = ENOBUFS;
		r = -1;
	}
	xc_buf_put(xch, buf, size);
	return r;
}

static long
short_text(xc_interface *xch, unsigned op, size_t len, char *out, size_t max)
{
	char *buf = xc_buf_get(xch, len);
	long r;

	if (buf == NULL)
		return -1;
	r = xc_hypercall(xch, XC_HC_VERSION, op, (uintptr_t)buf, 0, 0);
	if (r >= 0) {
		r = (long)strnlen(buf, len);
		if ((size_t)r >= max) {
			errno = ENOBUFS;
			r = -1;
		} else {
			memcpy(out, buf, (size_t)r);
			out[r] = '\0';
		}
	}
	xc_buf_put(xch, buf, len);
	return r;
}

XC_API int
xc_version_text(xc_interface *xch, enum xc_version_text which, char *out,
    size_t max)
{
	unsigned op;
	size_t cut;
	long r;

	if (xc_check_ptr(xch, out, "a text") < 0 ||
	    xc_check_range(xch, which, 0, XC_VERSION_COMMANDLINE,
		"as the number of a text") < 0 ||
	    xc_check_range(xch, max, 1, MAX_TEXT, "bytes of a text") < 0)
		return -1;
	op = xc_version_op(xch->release, which, &cut);
	r = cut == 0 ? long_text(xch, op, out, max)
		     : short_text(xch, op, cut, out, max);
	if (r < 0)
		return xc_fail(xch, errno, "ask for version fact %u", op);
	return (int)r;
}

XC_API int
xc_features(xc_interface *xch, uint32_t submap, uint32_t *bits)
{
	xen_feature_info_t f = { .submap_idx = submap };

	if (version_op(xch, XENVER_get_features, &f, sizeof(f)) < 0)
		return -1;
	*bits = f.submap;
	return 0;
}

/* sysctl readconsole: {u8 clear, incremental, u16 pad, u32 index, buffer, u32
 * count}. */
XC_API int
xc_readconsole(xc_interface *xch, char *buf, uint32_t *len, bool clear,
    bool incremental, uint32_t *index)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_readconsole };
	size_t size = *len;
	char *safe;

	if (size == 0 || size > MAX_CONSOLE) {
		errno = EINVAL;
		return xc_fail(xch, 0, "console ring: 1 to %u bytes at a time",
		    MAX_CONSOLE);
	}
	safe = xc_buf_get(xch, size);
	if (safe == NULL)
		return xc_fail(xch, errno, "read the hypervisor's console");
	ctl.u.raw[0] = clear;
	ctl.u.raw[1] = incremental;
	ctl.u.u32[1] = index != NULL ? *index : 0;
	ctl.u.u64[1] = (uintptr_t)safe;
	ctl.u.u32[4] = *len;
	if (xc_do_sysctl(xch, &ctl, "read the hypervisor's console") < 0) {
		xc_buf_put(xch, safe, size);
		return -1;
	}
	*len = ctl.u.u32[4] < *len ? ctl.u.u32[4] : *len;
	if (index != NULL)
		*index = ctl.u.u32[1];
	memcpy(buf, safe, *len);
	xc_buf_put(xch, safe, size);
	return 0;
}

XC_API int
xc_send_debug_keys(xc_interface *xch, const char *keys)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_debug_keys };
	size_t len = strlen(keys);
	char *safe;
	int r;

	if (len == 0 || len > 1024) {
		errno = EINVAL;
		return xc_fail(xch, 0, "debug keys: 1 to 1024 characters");
	}
	safe = xc_buf_get(xch, len);
	if (safe == NULL)
		return xc_fail(xch, errno, "send debug keys");
	memcpy(safe, keys, len);
	ctl.u.u64[0] = (uintptr_t)safe;
	ctl.u.u32[2] = (uint32_t)len;
	r = xc_do_sysctl(xch, &ctl, "send debug keys");
	xc_buf_put(xch, safe, len);
	return r < 0 ? -1 : 0;
}
