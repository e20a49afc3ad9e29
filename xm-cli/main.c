/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program; everything else is a library, for the tests' sake. */
#include "config.h"

#include "xm.h"

int
main(int argc, char **argv)
{
	return xm_main(argc, argv);
}
