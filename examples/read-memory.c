/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints the beginning of a page of a domain. For HVM and PVH the frame is the
 * guest's, for PV the machine's.
 *   cc read-memory.c $(pkg-config --cflags --libs xenctrl)
 *   read-memory DOMID [FRAME]       without: the page it shares with Xen
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <xenctrl.h>

int
main(int argc, char **argv)
{
	char why[256];
	xc_interface *xch;
	struct xc_domaininfo info;
	const unsigned char *page = NULL;
	uint64_t frame;
	uint32_t domid;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: %s DOMID [FRAME]\n", argv[0]);
		return 2;
	}
	xch = xc_interface_open(NULL, 0, why, sizeof(why));
	if (xch == NULL) {
		fprintf(stderr, "%s\n", why);
		return EXIT_FAILURE;
	}
	domid = (uint32_t)strtoul(argv[1], NULL, 0);
	if (xc_domain_getinfo(xch, domid, &info) == 0) {
		frame = argc == 3 ? strtoull(argv[2], NULL, 0)
				  : info.shared_info_frame;
		page = xc_map_foreign_range(xch, domid, PROT_READ, frame, 1);
	}
	if (page == NULL) {
		fprintf(stderr, "%s\n", xc_last_error(xch));
		xc_interface_close(xch);
		return EXIT_FAILURE;
	}
	for (unsigned i = 0; i < 64; i++)
		printf("%02x%s", page[i], i % 16 == 15 ? "\n" : " ");
	xc_unmap_foreign(xch, (void *)(uintptr_t)page, 1);
	xc_interface_close(xch);
	return EXIT_SUCCESS;
}
