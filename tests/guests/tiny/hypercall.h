/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hypercalls without a hypercall page: `syscall` in PV, vmcall or vmmcall in
 * PVH (the stub is chosen at start from the CPU's vendor). Arguments may be
 * overwritten by a debugging hypervisor, so they are outputs too.
 */
#ifndef TINY_HYPERCALL_H
#define TINY_HYPERCALL_H

#include "tiny.h"

extern void (*hypercall_stub)(void); /* call number in rax */
void hypercall_pv(void);
void hypercall_intel(void);
void hypercall_amd(void);

static inline long
hypercall4(unsigned long nr, unsigned long a, unsigned long b, unsigned long c,
    unsigned long d)
{
	register unsigned long r10 __asm__("r10") = d;
	long ret = (long)nr;

	__asm__ volatile("call *%5"
	    : "+a"(ret), "+D"(a), "+S"(b), "+d"(c), "+r"(r10)
	    : "m"(hypercall_stub)
	    : "memory", "rcx", "r8", "r9", "r11", "cc");
	return ret;
}

static inline long
hypercall2(unsigned long nr, unsigned long a, const void *b)
{
	return hypercall4(nr, a, (unsigned long)b, 0, 0);
}

#endif
