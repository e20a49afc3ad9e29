/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opening the door to the hypervisor costs one hypercall: its release says which
 * interface it has. Only one that is newer than the table is asked more. Domctl
 * and sysctl copy the whole structure in and compare the version before anything
 * else (EACCES), so a harmless call with a guessed version is a clean probe;
 * EPERM means that the version was right and the answer was no.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdint.h>
#include <xen/version.h>

#include "xc_private.h"

static int
open_devices(xc_interface *xch)
{
	xch->privcmd = xc_os_open("/dev/xen/privcmd", O_RDWR);
	if (xch->privcmd < 0 && errno == ENOENT)
		xch->privcmd = xc_os_open("/proc/xen/privcmd", O_RDWR);
	if (xch->privcmd < 0)
		return xc_fail(xch, errno,
		    errno == ENOENT || errno == ENODEV || errno == ENXIO
			? "/dev/xen/privcmd is missing: this kernel does not "
			  "run on Xen, or the module xen-privcmd is not loaded"
			: "open /dev/xen/privcmd");
	xch->hypercall = xc_os_open("/dev/xen/hypercall", O_RDWR);
	return 0;
}

static bool
version_fits(xc_interface *xch, const struct xc_abi *abi)
{
	struct xc_physinfo phys;
	struct xc_domctl ctl = { .cmd = DOMCTL_getdomaininfo, .domain = 0 };

	xch->abi = abi;
	if (xc_physinfo(xch, &phys) < 0 && errno == EACCES)
		return false;
	return xc_do_domctl(xch, &ctl, "probe") >= 0 || errno != EACCES;
}

static int
probe(xc_interface *xch, unsigned flags)
{
	long r = xc_hypercall(xch, XC_HC_VERSION, XENVER_version, 0, 0, 0);
	size_t i;

	if (r < 0)
		return xc_fail(xch, errno, "ask for the hypervisor's version");
	xch->release = (uint32_t)r;
	for (i = 0; i < xc_nabis; i++)
		if (xch->release >= xc_abis[i].first &&
		    xch->release <= xc_abis[i].last) {
			xch->abi = &xc_abis[i];
			return 0;
		}
	if (xch->release < xc_abis[0].first) {
		errno = ENOTSUP;
		return xc_fail(xch, 0,
		    "Xen %u.%u is too old; 4.14 is the first that works",
		    xch->release >> 16, xch->release & 0xffff);
	}
	/* The newest downwards. */
	for (i = xc_nabis; i-- > 0;)
		if (version_fits(xch, &xc_abis[i])) {
			xch->unknown_abi = (flags & XC_OPEN_ANY_ABI) == 0;
			return 0;
		}
	errno = ENOTSUP;
	return xc_fail(xch, 0,
	    "Xen %u.%u speaks a control interface this library does not know",
	    xch->release >> 16, xch->release & 0xffff);
}

XC_API xc_interface *
xc_interface_open(const struct xc_logger *logger, unsigned flags,
    char *err_text, size_t err_len)
{
	xc_interface *xch = calloc(1, sizeof(*xch));
	int saved;

	if (err_text != NULL && err_len > 0)
		err_text[0] = '\0';
	if (xch == NULL)
		return NULL;
	xch->privcmd = xch->hypercall = -1;
	if (open_devices(xch) == 0 && probe(xch, flags) == 0) {
		/* Unless it turns out to be not offered (xc_domain_create). */
		xch->grant_version = 2;
		xch->error[0] = '\0';
		xch->logger = logger;
		return xch;
	}
	saved = errno;
	/* Not before: a guess of the probe that fails is no news. */
	if (logger != NULL)
		logger->message(logger->ctx, XC_LOG_ERROR, xch->error);
	if (err_text != NULL)
		snprintf(err_text, err_len, "%s", xch->error);
	xc_interface_close(xch);
	errno = saved;
	return NULL;
}

XC_API void
xc_interface_close(xc_interface *xch)
{
	if (xch == NULL)
		return;
	xc_buf_drop_all(xch);
	if (xch->privcmd >= 0)
		close(xch->privcmd);
	if (xch->hypercall >= 0)
		close(xch->hypercall);
	free(xch);
}

XC_API const char *
xc_last_error(const xc_interface *xch)
{
	return xch->error;
}

XC_API uint32_t
xc_release(const xc_interface *xch)
{
	return xch->release;
}

XC_API void
xc_get_stats(const xc_interface *xch, struct xc_stats *out)
{
	*out = xch->stats;
}
