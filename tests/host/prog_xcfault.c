/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every call of a domain's short life fails once, with several errors: each time
 * exactly one function must say so, with errno and a sentence; the handle works
 * afterwards; no domain, mapping or descriptor is left. XLD_FAULT_FILE names
 * the file of libxenctrl/README, which this program drives itself.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xenctrl.h"

struct fault {
	volatile uint64_t count, at, err;
};

/* Failed calls of one life. */
static int failed;
static int bad;

static void
step(xc_interface *xch, int ok, int err, const char *what)
{
	if (ok)
		return;
	failed++;
	if (errno != err || xc_last_error(xch)[0] == '\0') {
		printf("FAIL %s: errno %d not %d, '%s'\n", what, errno, err,
		    xc_last_error(xch));
		bad++;
	}
}

/* Everything is attempted, whatever failed before; *domid 0 = none made. */
static void
life(xc_interface *xch, int err, uint32_t *domid)
{
	struct xc_domain_create req = XC_DOMAIN_CREATE_INIT;
	struct xc_domaininfo info[70];
	struct xc_physinfo phys;
	uint64_t extents[600];
	uint32_t frames, max;
	char *p;

	*domid = 0;
	for (size_t i = 0; i < 600; i++)
		extents[i] = i;
	step(xch, xc_physinfo(xch, &phys) == 0, err, "physinfo");
	step(xch, xc_domain_create(xch, domid, &req) == 0, err, "create");
	if (*domid == 0)
		return;
	step(xch, xc_domain_max_vcpus(xch, *domid, 1) == 0, err, "vcpus");
	step(xch, xc_domain_set_max_mem(xch, *domid, 8192) == 0 ||
	    failed != 0, err, "ceiling");
	if (failed != 0)
		return;
	step(xch, xc_populate_physmap(xch, *domid, extents, 600, 0, 0) == 600,
	    err, "populate");
	if (failed != 0)
		return;
	p = xc_map_foreign(xch, *domid, PROT_READ, extents, NULL, 600);
	step(xch, p != NULL, err, "map");
	if (p != NULL)
		xc_unmap_foreign(xch, p, 600);
	p = xc_map_resource(xch, *domid, XC_RESOURCE_GRANT_TABLE, 0, 0, 1,
	    PROT_READ);
	step(xch, p != NULL, err, "resource");
	if (p != NULL)
		xc_unmap_foreign(xch, p, 1);
	step(xch, xc_evtchn_alloc_unbound(xch, *domid, 0) > 0, err, "channel");
	step(xch, xc_gnttab_query(xch, *domid, &frames, &max) == 0, err,
	    "grants");
	step(xch, xc_current_reservation(xch, *domid) == 600 || failed != 0,
	    err, "reservation");
	step(xch, xc_domain_getinfolist(xch, 0, 70, info) == 2, err, "list");
}

static int
open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n;
}

static int
mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	int n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "/dev/xen/") != NULL;
	if (f != NULL)
		fclose(f);
	return n;
}

/* Call n of a life fails with err; false when there is no such call. */
static int
try(xc_interface *xch, struct fault *f, uint64_t n, int err)
{
	struct xc_domaininfo info[4];
	uint32_t domid;
	uint64_t made;

	failed = 0;
	f->count = 0;
	f->err = (uint64_t)err;
	f->at = n;
	life(xch, err, &domid);
	made = f->count;
	f->at = 0;
	if (domid != 0 && xc_domain_destroy(xch, domid) < 0) {
		printf("FAIL call %d: %s\n", (int)n, xc_last_error(xch));
		bad++;
	}
	if (failed != (n > 0 && n <= made)) {
		printf("FAIL call %d: %d functions failed\n", (int)n, failed);
		bad++;
	}
	if (xc_domain_getinfolist(xch, 0, 4, info) != 1) {
		printf("FAIL call %d: a domain is left\n", (int)n);
		bad++;
	}
	return n <= made;
}

static struct fault *
fault_file(void)
{
	const char *path = getenv("XLD_FAULT_FILE");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *p = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(struct fault),
			       PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

int
main(void)
{
	static const int errs[] = { ENOMEM, EPERM, ESRCH, EFAULT, EBUSY };
	struct fault *f = fault_file();
	xc_interface *xch = xc_interface_open(NULL, 0, NULL, 0);
	int files, maps, n = 0;

	if (f == NULL || xch == NULL) {
		printf("FAIL no XLD_FAULT_FILE or no Xen\n");
		return 1;
	}
	try(xch, f, 0, 0);
	files = open_files();
	maps = mappings();
	for (size_t i = 0; i < sizeof(errs) / sizeof(errs[0]); i++)
		for (n = 1; try(xch, f, (uint64_t)n, errs[i]); n++)
			;
	printf("# %d calls in a life\n", n - 1);
	if (n < 11) {
		printf("FAIL too few calls were made to fail\n");
		bad++;
	}
	if (open_files() != files || mappings() != maps) {
		printf("FAIL descriptors %d to %d, mappings %d to %d\n", files,
		    open_files(), maps, mappings());
		bad++;
	}
	xc_interface_close(xch);
	return bad != 0;
}
