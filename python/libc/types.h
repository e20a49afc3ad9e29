/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C library as our public headers need it, for a parser that knows C and no
 * compiler's extensions: only the names matter, widths are x86-64's. */
#ifndef TYPES_H
#define TYPES_H
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long uint64_t;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned long size_t;
typedef long ssize_t;
typedef unsigned long uintptr_t;
typedef char *va_list;
typedef _Bool bool;
#define __attribute__(x)
#endif
