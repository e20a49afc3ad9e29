/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program; everything else is a library, for the tests' sake. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "far.h"

#ifdef XM_FAR
/* This one is for the host it runs on. -1: the other one does not start. */
static int
become_far(int argc, char **argv)
{
	const struct xm xm = { .host = xm_word_behind("--host", argc, argv) };
	const char *word = far_word(&xm);
	struct far_place p;

	if (word == NULL || far_place(word, &p) < 0 || p.by != FAR_HTTP)
		return 0;
	execv(XM_FAR, argv);
	fprintf(stderr, "Error: %s, which reaches other hosts, cannot be "
			"started: %s\n", XM_FAR, strerror(errno));
	return -1;
}
#endif

int
main(int argc, char **argv)
{
#ifdef XM_FAR
	if (become_far(argc, argv) < 0)
		return XM_FAILED;
#endif
	return xm_main(argc, argv);
}
