/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xld-cert on certificates that there are; see cert_look.c. */
#ifndef XLD_CERT_LOOK_H
#define XLD_CERT_LOOK_H

/* What it is called with, and which descriptors it has from 3 on. */
#define CERT_LOOK  "--look"  /* certificate, answer */
#define CERT_CHECK "--check" /* certificate, answer, key, chain */

int cert_look(void);
int cert_check(void);

#endif
