/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libxenctrl sends, byte for byte, over xc_vec.h: every call of which the
 * layout never changed is made on a handle of each release and compared with
 * the structures of the installed headers when those are Xen 4.17's; what varies
 * is compared with explicit bytes.
 */
#include "config.h"

#include <stdlib.h>

#include <check.h>

#include "xc_vec.h"

extern void vec_add_domctl(TCase *t);
extern void vec_add_sysctl(TCase *t);
extern void vec_add_varies(TCase *t);

int
main(void)
{
	Suite *s = suite_create("xc_vectors");
	TCase *t = tcase_create("vectors");
	SRunner *sr;
	int failed;

	vec_add_domctl(t);
	vec_add_sysctl(t);
	vec_add_varies(t);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
