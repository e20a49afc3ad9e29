/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A page that two domains have.
 *   cc share-page.c $(pkg-config --cflags --libs xenctrl)
 *   share-page to REMOTE TEXT     shares a page with TEXT in it, prints its
 *                                 reference, ends when the input does
 *   share-page from DOMID REF     prints the text of such a page
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xenctrl.h>

static int
share(uint32_t remote, const char *text)
{
	struct xc_gntshr *s = xc_gntshr_open();
	uint32_t ref;
	char *page;
	int r;

	if (s == NULL)
		return -1;
	page = xc_gntshr_share_pages(s, remote, 1, &ref, false);
	if (page == NULL) {
		xc_gntshr_close(s);
		return -1;
	}
	snprintf(page, XC_PAGE_SIZE, "%s", text);
	printf("reference %u\n", ref);
	fflush(stdout);
	while (getchar() != EOF)
		;
	r = xc_gntshr_unshare(s, page, 1);
	xc_gntshr_close(s);
	return r;
}

static int
print_shared(uint32_t domid, uint32_t ref)
{
	struct xc_gnttab *g = xc_gnttab_open();
	const char *page;
	int r;

	if (g == NULL)
		return -1;
	page = xc_gnttab_map(g, domid, ref, PROT_READ);
	if (page == NULL) {
		xc_gnttab_close(g);
		return -1;
	}
	/* The other side may write what it likes: no NUL need be there. */
	printf("%.*s\n", (int)strnlen(page, XC_PAGE_SIZE), page);
	r = xc_gnttab_unmap(g, (void *)(uintptr_t)page);
	xc_gnttab_close(g);
	return r;
}

int
main(int argc, char **argv)
{
	uint32_t domid;
	int r;

	if (argc != 4 ||
	    (strcmp(argv[1], "to") != 0 && strcmp(argv[1], "from") != 0)) {
		fprintf(stderr, "usage: %s to REMOTE TEXT | from DOMID REF\n",
		    argv[0]);
		return 2;
	}
	domid = (uint32_t)strtoul(argv[2], NULL, 0);
	r = strcmp(argv[1], "to") == 0
	    ? share(domid, argv[3])
	    : print_shared(domid, (uint32_t)strtoul(argv[3], NULL, 0));
	if (r < 0)
		perror(argv[0]);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
