/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xentoolcore_restrict_all() of libxentoolcore.so.1, by which a device model
 * gives up what it may do: a handle of ours must be of no use to it afterwards.
 * The library is used when the program has it and not asked for otherwise.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "xs_private.h"

/* Layout of that library's ABI: the callback, and a list entry of its own. */
struct hook {
	int (*restrict_to)(struct hook *k, uint32_t domid);
	void *entry[2];
};

struct xs_restrict {
	struct hook hook;
	struct xs_handle *h;
};

void xentoolcore__register_active_handle(struct hook *k)
    __attribute__((weak));
void xentoolcore__deregister_active_handle(struct hook *k)
    __attribute__((weak));

/* The connection becomes /dev/null; there is no half of it that a domain may
 * have. */
static int
restrict_handle(struct hook *k, uint32_t domid)
{
	struct xs_handle *h = ((struct xs_restrict *)k)->h;
	AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r;

	(void)domid;
	if (null < 0)
		return -1;
	pthread_mutex_lock(&h->lock);
	h->restricted = true;
	r = dup3(null, h->fd, O_CLOEXEC);
	pthread_cond_broadcast(&h->wake);
	pthread_mutex_unlock(&h->lock);
	return r < 0 ? -1 : 0;
}

void
xs_restrictable(struct xs_handle *h, bool on)
{
	if (on && xentoolcore__register_active_handle != NULL) {
		h->restrict_hook = calloc(1, sizeof(*h->restrict_hook));
		if (h->restrict_hook == NULL)
			return;
		h->restrict_hook->hook.restrict_to = restrict_handle;
		h->restrict_hook->h = h;
		xentoolcore__register_active_handle(&h->restrict_hook->hook);
	} else if (!on && h->restrict_hook != NULL) {
		xentoolcore__deregister_active_handle(&h->restrict_hook->hook);
		free(h->restrict_hook);
		h->restrict_hook = NULL;
	}
}
