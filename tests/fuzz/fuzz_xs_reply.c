/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a daemon sends is foreign: the bytes are the whole of its side of the
 * conversation, and every kind of request is made against them.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xs_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
talk(struct xs_handle *h)
{
	struct xs_batch *b = xs_batch_new(h);
	unsigned n;

	free(xs_read(h, 0, "/a", &n));
	free(xs_directory(h, 0, "/a", &n));
	free(xs_get_permissions(h, 0, "/a", &n));
	free(xs_get_quota_names(h, &n));
	(void)xs_get_features_supported(h, &n);
	free(xs_get_domain_path(h, 1));
	(void)xs_watch(h, "/a", "t");
	if (b != NULL) {
		xs_batch_read(b, "/a");
		xs_batch_directory(b, "/a");
		(void)xs_batch_run(b, XS_BATCH_TRANSACTION);
		(void)xs_batch_value(b, 1, NULL);
	}
	xs_batch_free(b);
	for (n = 0; n < 16; n++)
		free(xs_check_watch(h));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xs_handle *h;
	int fd[2];

	if (size > 65536 || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
		return 0;
	h = xs_adopt(fd[0], XS_NO_READER_THREAD);
	if (h == NULL || send(fd[1], data, size, MSG_NOSIGNAL) < 0 ||
	    shutdown(fd[1], SHUT_WR) < 0)
		abort();
	talk(h);
	xs_close(h);
	close(fd[1]);
	return 0;
}
