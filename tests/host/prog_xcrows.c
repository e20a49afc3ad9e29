/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the rows of xc_rows.h on this hypervisor.
 *   prog_xcrows [FUNCTION...]           all rows, or those of the functions
 *   prog_xcrows --fault [FUNCTION...]   each hypercall of each row fails
 *   prog_xcrows --list                  the functions that have rows
 *   prog_xcrows --count                 how many domains there are
 *   prog_xcrows --clean                 destroys all but dom0
 * A line per row: ok, FAIL, skip, or cannot with the reason. Status 1 when any
 * failed. The fault hook of libxenctrl/README does the failing; which errno is
 * used when rotates, XLD_DEPTH=full uses every one. A row that does not come back
 * ends the program with its name (xc_watch.c).
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "xc_rows.h"

/* XLD_FAULT_FILE's three numbers. */
struct fault {
	volatile uint64_t count, at, err;
};

static struct fault *fault;
static int failures, cannots, sentences;
static bool full;
/* Calls of the last run, without those of its undoing. */
static uint64_t calls;

static void
heard(void *ctx, enum xc_log_level level, const char *text)
{
	(void)ctx, (void)level, (void)text;
	sentences++;
}

static const struct xc_logger logger = { .message = heard };

__attribute__((format(printf, 2, 3))) static void
fail(const char *function, const char *fmt, ...)
{
	va_list ap;

	printf("FAIL %s: ", function);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	failures++;
}

static bool
cannot_here(const struct xr_env *e, const struct xr_row *row)
{
	return row->cannot != NULL && e->minor >= row->cannot_from &&
	    (row->cannot_to == 0 || e->minor <= row->cannot_to);
}

static const char *
skip_reason(const struct xr_env *e, const struct xr_row *row)
{
	if ((row->flags & XR_HVM) != 0 && e->hvm == XR_NO_HVM)
		return "this host has no HVM domains";
	if ((row->flags & XR_FULL) != 0 && !full)
		return "only with XLD_DEPTH=full";
	if ((row->flags & XR_CREDIT) != 0 && getenv("XLD_CREDIT") == NULL)
		return "Xen can crash when a processor joins the credit "
		       "scheduler; only with XLD_CREDIT set";
	return NULL;
}

bool
xr_injected(void)
{
	return fault->at != 0 && fault->count == fault->at;
}

/* One run; what it left is undone, errno is the row's. */
static int
run(struct xr_env *e, const struct xr_row *row)
{
	int r, err;

	xr_watch(row->function);
	xr_begin();
	sentences = 0;
	errno = 0;
	r = row->call(e);
	err = errno;
	calls = fault->count;
	fault->at = 0;
	xr_end(e);
	if (r == 0 && xr_wrong_text()[0] != '\0') {
		r = -1;
		err = EPROTO;
	}
	errno = err;
	return r;
}

static int
renew(struct xr_env *e)
{
	xr_unmake(e);
	if (xr_make(e) == 0)
		return 0;
	fail("the domains", "%s", xc_last_error(e->xch));
	return -1;
}

/* The reason of the last failed run. */
static const char *
why(const struct xr_env *e)
{
	return xr_wrong_text()[0] != '\0' ? xr_wrong_text()
					  : xc_last_error(e->xch);
}

/* Is r with errno what the row promises for this release? */
static bool
as_promised(const struct xr_env *e, const struct xr_row *row, int r)
{
	if (row->since > e->minor)
		return r == -1 && errno == ENOTSUP;
	if (cannot_here(e, row))
		return r == -1 && errno == row->cannot_errno;
	return r == 0;
}

static void
run_row(struct xr_env *e, const struct xr_row *row)
{
	const char *reason = skip_reason(e, row);
	int r;

	if (reason != NULL) {
		printf("skip %s: %s\n", row->function, reason);
		return;
	}
	if ((row->flags & XR_FRESH) != 0 && renew(e) < 0)
		return;
	r = run(e, row);
	if (!as_promised(e, row, r)) {
		fail(row->function, "result %d, errno %d (%s): %s", r, errno,
		    strerror(errno), r == 0 ? "" : why(e));
	} else if (row->since > e->minor) {
		printf("ok %s: not before 4.%u\n", row->function, row->since);
	} else if (cannot_here(e, row)) {
		printf("cannot %s: %s\n", row->function, row->cannot);
		cannots++;
	} else {
		printf("ok %s\n", row->function);
	}
	if ((row->flags & XR_FRESH) != 0)
		renew(e);
}

/*
 * With ids that are no domain: a row that has nothing to do with a domain works
 * as ever, all others are ESRCH, and an id of more than 16 bits is not cut to
 * the domain of its lower half.
 */
static void
run_without_domain(struct xr_env *e, const struct xr_row *row)
{
	struct xr_env absent = *e, wide = *e;
	int want = ESRCH, r;

	if (skip_reason(e, row) != NULL || row->since > e->minor ||
	    (row->flags & XR_OTHER_ID) != 0)
		return;
	absent.pv = absent.hvm = XR_ABSENT;
	wide.pv += XR_WIDE;
	wide.hvm += XR_WIDE;
	r = run(&absent, row);
	if (as_promised(e, row, r))
		return;
	if (r != -1 || errno != want)
		fail(row->function, "no such domain: %d, errno %d (%s): %s", r,
		    errno, strerror(errno), why(e));
	r = run(&wide, row);
	if (r != -1 || errno != want)
		fail(row->function, "a wide domain id: %d, errno %d (%s): %s", r,
		    errno, strerror(errno), why(e));
}

static void
run_bad(struct xr_env *e, const struct xr_bad *bad)
{
	int r, want = bad->since > e->minor ? ENOTSUP : bad->err;
	uint64_t before;

	if ((bad->flags & XB_HVM) != 0 && e->hvm == XR_NO_HVM)
		return;
	xr_watch(bad->what);
	xr_begin();
	sentences = 0;
	before = fault->count;
	r = bad->call(e);
	if (r != -1 || errno != want)
		fail(bad->what, "result %d, errno %d not %d: %s", r, errno,
		    want, why(e));
	else if ((bad->flags & XB_SILENT) == 0 && sentences == 0)
		fail(bad->what, "no sentence");
	else if ((bad->flags & XB_ASKS) == 0 && fault->count != before)
		fail(bad->what, "the hypervisor was asked");
	else
		printf("ok %s\n", bad->what);
	xr_end(e);
}

/* --- faults -------------------------------------------------------------- */

static const int errnos[] = { EPERM, ENOMEM, EFAULT, EBUSY, ESRCH, ENOSYS,
	EINVAL };
#define NERRNOS (sizeof(errnos) / sizeof(errnos[0]))

/* What a process can lose. */
struct held {
	int files, maps;
	size_t heap;
};

static struct held
held(void)
{
	struct held h = { 0, 0, 0 };
	DIR *d = opendir("/proc/self/fd");
	FILE *f;
	char line[512];

	while (d != NULL && readdir(d) != NULL)
		h.files++;
	if (d != NULL)
		closedir(d);
	f = fopen("/proc/self/maps", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		h.maps += strstr(line, "/dev/xen/") != NULL;
	if (f != NULL)
		fclose(f);
	h.heap = mallinfo2().uordblks;
	return h;
}

/* Nothing but dom0 and the two; the handle serves another call. What another
 * domain refers to goes with that one's last reference, a little later (RCU). */
static void
check_domains(const struct xr_env *e, const char *function, const char *when)
{
	struct xc_domaininfo list[8];
	int want = 1 + (e->pv != XR_NO_HVM) + (e->hvm != XR_NO_HVM), n;

	for (int i = 0; i < 100; i++) {
		n = xc_domain_getinfolist(e->xch, 0, 8, list);
		if (n <= want)
			break;
		usleep(20 * 1000);
	}
	if (n != want)
		fail(function, "%s: %d domains, not %d: %s", when, n, want,
		    n < 0 ? xc_last_error(e->xch) : "");
}

/* Call n of the row fails with err. */
static void
fault_once(struct xr_env *e, const struct xr_row *row, uint64_t n, int err)
{
	char when[64];
	bool same;
	int r, got;

	if ((row->flags & XR_FRESH) != 0 && renew(e) < 0)
		return;
	snprintf(when, sizeof(when), "call %llu fails with errno %d",
	    (unsigned long long)n, err);
	fault->count = 0;
	fault->err = (uint64_t)err;
	fault->at = n;
	r = run(e, row);
	got = errno;
	same = got == err || (err == ENOSYS && got == ENOTSUP) ||
	    (row->flags & XR_OWN_ERRNO) != 0;
	if (r == 0 && (row->flags & XR_RECOVERS) == 0)
		fail(row->function, "%s: the function does not", when);
	else if (r != 0 && xr_wrong_text()[0] != '\0')
		fail(row->function, "%s: %s", when, xr_wrong_text());
	else if (r != 0 && !as_promised(e, row, r) && !same)
		fail(row->function, "%s: errno %d: %s", when, got,
		    xc_last_error(e->xch));
	else if (r != 0 && sentences == 0 && (row->flags & XR_SILENT) == 0)
		fail(row->function, "%s: no sentence", when);
	check_domains(e, row->function, when);
}

/* Which errnos call n of row i gets. */
static unsigned
sweep_row(struct xr_env *e, const struct xr_row *row, unsigned i)
{
	struct held before, after;
	unsigned runs = 0;
	uint64_t last;

	/* Twice: what only the host's first run does (trace buffers) is no call
	 * that could fail later. */
	for (int dry = 0; dry < 2; dry++) {
		if (dry == 1 && (row->flags & XR_FRESH) != 0 && renew(e) < 0)
			return 0;
		fault->count = 0;
		if (!as_promised(e, row, run(e, row))) {
			fail(row->function, "errno %d without a fault: %s",
			    errno, why(e));
			return 0;
		}
	}
	last = calls;
	before = held();
	for (uint64_t n = 1; n <= last; n++)
		for (unsigned k = 0; k < NERRNOS; k++)
			if (full || (i + n + k) % NERRNOS == 0) {
				fault_once(e, row, n, errnos[k]);
				runs++;
			}
	after = held();
	if (after.files != before.files || after.maps != before.maps)
		fail(row->function, "descriptors %d to %d, mappings %d to %d",
		    before.files, after.files, before.maps, after.maps);
	/* A few bytes come and go with the C library's own needs. */
	if (after.heap > before.heap + 16 * runs)
		fail(row->function, "memory %zu to %zu after %u failures",
		    before.heap, after.heap, runs);
	return runs;
}

static void
sweep(struct xr_env *e, const struct xr_row *row, unsigned i)
{
	unsigned runs;

	if (skip_reason(e, row) != NULL || (row->flags & XR_NO_FAULT) != 0)
		return;
	if ((row->flags & XR_FRESH) != 0 && renew(e) < 0)
		return;
	runs = sweep_row(e, row, i);
	if ((row->flags & XR_FRESH) != 0)
		renew(e);
	printf("ok %s: %u faults\n", row->function, runs);
}

/* --- the program --------------------------------------------------------- */

static bool
wanted(const char *function, char **names)
{
	if (*names == NULL)
		return true;
	for (; *names != NULL; names++)
		if (strcmp(*names, function) == 0)
			return true;
	return false;
}

static void
all_rows(struct xr_env *e, char **names, bool faults, unsigned last)
{
	unsigned i = 0;

	for (const struct xr_subject *s = xr_subjects; s->name != NULL; s++)
		for (const struct xr_row *row = s->rows; row->function != NULL;
		     row++, i++) {
			if (!wanted(row->function, names) ||
			    (row->flags & XR_LAST) != last)
				continue;
			if (last != 0)
				xr_watch_aloud(row->function);
			if (faults) {
				sweep(e, row, i);
			} else {
				run_row(e, row);
				run_without_domain(e, row);
				check_domains(e, row->function, "afterwards");
			}
			fflush(stdout);
		}
}

static void
all_bad(struct xr_env *e)
{
	for (const struct xr_subject *s = xr_subjects; s->name != NULL; s++)
		for (const struct xr_bad *bad = s->bad; bad->what != NULL; bad++)
			run_bad(e, bad);
	fflush(stdout);
}

static int
list(void)
{
	for (const struct xr_subject *s = xr_subjects; s->name != NULL; s++)
		for (const struct xr_row *row = s->rows; row->function != NULL;
		     row++)
			printf("%s\n", row->function);
	return 0;
}

static uint64_t
free_pages(xc_interface *xch)
{
	struct xc_physinfo p;

	return xc_physinfo(xch, &p) < 0 ? 0 : p.free_pages + p.scrub_pages;
}

/* What the domains took comes back. The first few of a boot leave the hypervisor
 * some pools (2 pages each on 4.14); a leak would go on. */
static void
memory_comes_back(struct xr_env *e)
{
	uint64_t before, after = 0;
	int lives = 0;

	do {
		before = free_pages(e->xch);
		if (xr_make(e) < 0)
			fail("the domains", "%s", xc_last_error(e->xch));
		xr_unmake(e);
		/* The last pages are freed after a grace period (RCU). */
		for (int i = 0; i < 50; i++) {
			after = free_pages(e->xch);
			if (after >= before)
				break;
			usleep(100 * 1000);
		}
	} while (after < before && ++lives < 8);
	if (after < before)
		fail("memory", "%llu free pages before, %llu after",
		    (unsigned long long)before, (unsigned long long)after);
	else
		printf("ok the memory of domains comes back\n");
}

/* A file for the fault hook, found through the environment before the first
 * call. */
static struct fault *
fault_file(void)
{
	int fd = memfd_create("fault", MFD_CLOEXEC);
	char path[64];
	void *p;

	if (fd < 0 || ftruncate(fd, sizeof(struct fault)) < 0)
		return NULL;
	p = mmap(NULL, sizeof(struct fault), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("XLD_FAULT_FILE", path, 1);
	return p == MAP_FAILED ? NULL : p;
}

static int
count(void)
{
	struct xc_domaininfo info[64];
	char text[256];
	xc_interface *xch = xc_interface_open(NULL, 0, text, sizeof(text));

	if (xch == NULL) {
		printf("FAIL open: %s\n", text);
		return 1;
	}
	printf("%d\n", xc_domain_getinfolist(xch, 0, 64, info));
	xc_interface_close(xch);
	return 0;
}

/* After a run that was killed. */
static int
clean(void)
{
	xc_interface *xch = xc_interface_open(NULL, 0, NULL, 0);
	struct xc_domaininfo info;
	uint32_t next = 1;
	int bad = xch == NULL;

	while (!bad && xc_domain_getinfolist(xch, next, 1, &info) == 1) {
		next = info.domid + 1;
		bad = xc_domain_destroy(xch, info.domid) < 0;
	}
	xc_interface_close(xch);
	return bad;
}

/* Free memory that malloc keeps per thread counts as used: without that a leak
 * shows as it is. */
static void
exact_heap(char **argv)
{
	if (getenv("GLIBC_TUNABLES") != NULL)
		return;
	setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
	execv("/proc/self/exe", argv);
}

int
main(int argc, char **argv)
{
	bool faults = argc > 1 && strcmp(argv[1], "--fault") == 0;
	const char *depth = getenv("XLD_DEPTH");
	struct xr_env e = { .pv = XR_NO_HVM, .hvm = XR_NO_HVM };
	char **names = argv + 1 + faults, text[256];

	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return list();
	if (argc > 1 && strcmp(argv[1], "--count") == 0)
		return count();
	if (argc > 1 && strcmp(argv[1], "--clean") == 0)
		return clean();
	exact_heap(argv);
	xr_supervise();
	full = depth != NULL && strcmp(depth, "full") == 0;
	fault = fault_file();
	e.xch = xc_interface_open(&logger, 0, text, sizeof(text));
	if (fault == NULL || e.xch == NULL) {
		printf("FAIL open: %s\n", fault == NULL ? "memory" : text);
		return 1;
	}
	e.minor = xc_release(e.xch) & 0xffff;
	printf("# Xen 4.%u\n", e.minor);
	memory_comes_back(&e);
	if (renew(&e) == 0) {
		all_rows(&e, names, faults, 0);
		if (!faults && *names == NULL)
			all_bad(&e);
		all_rows(&e, names, faults, XR_LAST);
	}
	xr_unmake(&e);
	xc_interface_close(e.xch);
	printf("# %d failed, %d not exercised\n", failures, cannots);
	return failures != 0;
}
