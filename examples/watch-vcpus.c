/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Shows how busy each vCPU of a domain is.
 *   cc watch-vcpus.c $(pkg-config --cflags --libs xenctrl)
 *   watch-vcpus DOMID [TIMES]       a line per vCPU and second
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <xenctrl.h>

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* One line per vCPU; times has each one's CPU time so far. */
static int
show(xc_interface *xch, uint32_t domid, uint32_t n, uint64_t *times,
    uint64_t interval)
{
	struct xc_vcpuinfo v;

	for (uint32_t i = 0; i < n; i++) {
		if (xc_vcpu_getinfo(xch, domid, i, &v) < 0)
			return -1;
		if (interval > 0)
			printf("vCPU %u  CPU %u  %s  %5.1f%%\n", i, v.cpu,
			    v.running	    ? "running"
				: v.blocked ? "blocked"
				: v.online  ? "ready  "
					    : "offline",
			    100.0 * (double)(v.cpu_time - times[i]) /
				(double)interval);
		times[i] = v.cpu_time;
	}
	return 0;
}

static int
watch(xc_interface *xch, uint32_t domid, long rounds)
{
	struct xc_domaininfo d;
	uint64_t *times, before, t;
	int r;

	if (xc_domain_getinfo(xch, domid, &d) < 0)
		return -1;
	times = calloc(d.max_vcpu_id + 1, sizeof(*times));
	if (times == NULL)
		return -1;
	before = now();
	r = show(xch, domid, d.max_vcpu_id + 1, times, 0);
	while (r == 0 && rounds-- > 0) {
		sleep(1);
		t = now();
		r = show(xch, domid, d.max_vcpu_id + 1, times, t - before);
		before = t;
	}
	free(times);
	return r;
}

int
main(int argc, char **argv)
{
	char why[256];
	xc_interface *xch;
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DOMID [TIMES]\n", argv[0]);
		return 2;
	}
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL) {
		fprintf(stderr, "%s\n", why);
		return EXIT_FAILURE;
	}
	r = watch(xch, (uint32_t)strtoul(argv[1], NULL, 0),
	    argc > 2 ? strtol(argv[2], NULL, 0) : 1000000);
	if (r < 0)
		fprintf(stderr, "%s\n", xc_last_error(xch));
	xc_interface_close(xch);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
