/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists the domains of this host.
 *   cc list-domains.c $(pkg-config --cflags --libs xenctrl)
 */
#include <stdio.h>
#include <stdlib.h>

#include <xenctrl.h>

#define AT_A_TIME 256

static void
print(const struct xc_domaininfo *d)
{
	printf("%5u  %8llu MiB  %3u vCPUs  %10.3f s  %c%c%c%c  %s\n", d->domid,
	    (unsigned long long)(d->tot_pages * XC_PAGE_SIZE >> 20),
	    d->nr_online_vcpus, (double)d->cpu_time / 1e9,
	    d->flags & XC_DOMINF_RUNNING ? 'r' : '-',
	    d->flags & XC_DOMINF_BLOCKED ? 'b' : '-',
	    d->flags & XC_DOMINF_PAUSED ? 'p' : '-',
	    d->flags & XC_DOMINF_SHUTDOWN ? 's' : '-',
	    d->flags & XC_DOMINF_HVM ? "HVM" : "PV");
}

int
main(void)
{
	static struct xc_domaininfo list[AT_A_TIME];
	uint32_t next = 0;
	char why[256];
	xc_interface *xch = xc_interface_open(NULL, 0, why, sizeof(why));
	int n;

	if (xch == NULL) {
		fprintf(stderr, "%s\n", why);
		return EXIT_FAILURE;
	}
	while ((n = xc_domain_getinfolist(xch, next, AT_A_TIME, list)) > 0) {
		for (int i = 0; i < n; i++)
			print(&list[i]);
		next = list[n - 1].domid + 1;
	}
	if (n < 0)
		fprintf(stderr, "%s\n", xc_last_error(xch));
	xc_interface_close(xch);
	return n < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
