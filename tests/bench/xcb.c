/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does what a toolstack does, between marks that strace shows: how many system
 * calls does a library need for it? Twice each, because the first time pays for
 * buffers. Linked with xcb_own.c or xcb_debian.c.
 *   xcb list [MIB...] the list of domains; with MIB also mappings of as much,
 *                     facts, a life, open and close
 *   xcb make N        empty domains until there are N, dom0 included
 *   xcb unmake        destroys all but dom0
 */
#include "config.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xcb.h"

#define PER_EXTENT (1u << XCB_ORDER)

static uint64_t *frames;
static size_t nframes;
static uint32_t mapped;

static int
failed(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, xcb_error());
	return -1;
}

static void
mark(const char *edge, const char *what, const char *when)
{
	char path[128];

	snprintf(path, sizeof(path), "/xcb/%s/%s/%s", edge, what, when);
	/* Nobody has such a file; the path is for the trace. */
	if (access(path, F_OK) == 0)
		fprintf(stderr, "%s\n", path);
}

static int
open_close(void)
{
	if (xcb_open() < 0)
		return -1;
	xcb_close();
	return 0;
}

static int
info(void)
{
	return xcb_info(0);
}

static int
list(void)
{
	uint32_t ids[XCB_MANY];

	return xcb_list(0, ids) > 0 ? 0 : -1;
}

static int
life(void)
{
	uint32_t domid;

	return xcb_create(&domid, 16384) < 0 ? -1 : xcb_destroy(domid);
}

static int
map(void)
{
	return xcb_map(mapped, frames, nframes);
}

static int
both(const char *what, int (*call)(void))
{
	static const char *const when[] = { "first", "again" };
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		mark("begin", what, when[i]);
		r = call();
		mark("end", what, when[i]);
	}
	return r < 0 ? failed(what) : 0;
}

/* Each with a handle of its own, so that all are first alike. */
static int
counted(const char *what, int (*call)(void))
{
	int r;

	if (xcb_open() < 0)
		return failed("open");
	r = both(what, call);
	xcb_close();
	return r;
}

/* A domain of that much memory, all of whose frames are then mapped. */
static int
counted_map(unsigned mib)
{
	size_t n = (size_t)mib * 256 / PER_EXTENT;
	uint64_t *extents = calloc(n, sizeof(*extents));
	char what[32];
	int r = -1;

	nframes = n * PER_EXTENT;
	frames = malloc(nframes * sizeof(*frames));
	if (extents == NULL || frames == NULL || xcb_open() < 0)
		return failed("memory");
	for (size_t i = 0; i < n; i++)
		extents[i] = i * PER_EXTENT;
	if (xcb_create(&mapped, (uint64_t)mib << 10) == 0 &&
	    xcb_populate(mapped, extents, n) == 0) {
		for (size_t i = 0; i < nframes; i++)
			frames[i] = extents[i / PER_EXTENT] + i % PER_EXTENT;
		xcb_close();
		snprintf(what, sizeof(what), "map %u MiB", mib);
		r = counted(what, map);
		if (xcb_open() < 0 || xcb_destroy(mapped) < 0)
			r = failed("the end of a domain");
	} else {
		failed("a domain");
	}
	xcb_close();
	free(frames);
	free(extents);
	return r;
}

static int
run(char **mib)
{
	uint32_t ids[XCB_MANY];
	char what[40];
	int n;

	if (xcb_open() < 0)
		return failed("open");
	n = xcb_list(0, ids);
	xcb_close();
	snprintf(what, sizeof(what), "list of %d", n);
	if (n < 0 || counted(what, list) < 0)
		return -1;
	if (*mib == NULL)
		return 0;
	if (both("open, close", open_close) < 0 ||
	    counted("facts of a domain", info) < 0 ||
	    counted("facts of the host", xcb_host) < 0 ||
	    counted("create, destroy", life) < 0 ||
	    counted("console ring", xcb_console) < 0)
		return -1;
	for (; *mib != NULL; mib++)
		if (counted_map((unsigned)strtoul(*mib, NULL, 10)) < 0)
			return -1;
	return 0;
}

static int
make(unsigned want)
{
	uint32_t ids[XCB_MANY], domid;
	int n = xcb_list(0, ids);

	for (; n >= 0 && n < (int)want; n++)
		if (xcb_create(&domid, 1024) < 0)
			break;
	printf("%d\n", n);
	return n == (int)want ? 0 : failed("create");
}

static int
unmake(void)
{
	uint32_t ids[XCB_MANY];
	int n = xcb_list(1, ids), r = n < 0 ? failed("list") : 0;

	for (int i = 0; i < n; i++)
		if (xcb_destroy(ids[i]) < 0)
			r = failed("destroy");
	return r;
}

/* Room for all that is to come: when the heap grows depends on what was there
 * before, and is not what is counted. */
static void
grow_heap(void)
{
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 16 << 20);
	free(malloc(1));
}

int
main(int argc, char **argv)
{
	int r;

	grow_heap();
	if (xcb_load() < 0)
		return failed("load") != 0;
	if (argc > 1 && strcmp(argv[1], "list") == 0)
		return run(argv + 2) < 0;
	if (argc < 2 || xcb_open() < 0) {
		fprintf(stderr, "usage: %s list MIB... | make N | unmake\n",
		    argv[0]);
		return 2;
	}
	r = strcmp(argv[1], "make") == 0 && argc > 2
	    ? make((unsigned)strtoul(argv[2], NULL, 10))
	    : unmake();
	xcb_close();
	return r < 0;
}
