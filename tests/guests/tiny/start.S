/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The notes that make this ELF a PV and a PVH kernel (xen/elfnote.h), the PV
 * entry, the hypercall stubs and the entries of exceptions. PVH starts in
 * start-pvh.S.
 */
#include <xen/elfnote.h>

#define STUB_SIZE 16

.macro note type, kind:vararg
	.pushsection .note.Xen, "a", @note
	.balign	4
	.long	2f - 1f, 4f - 3f, \type
1:	.asciz	"Xen"
2:	.balign	4
3:	\kind
4:	.balign	4
	.popsection
.endm

	note	XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
	note	XEN_ELFNOTE_GUEST_OS, .asciz "tiny"
	note	XEN_ELFNOTE_GUEST_VERSION, .asciz "1"
	note	XEN_ELFNOTE_LOADER, .asciz "generic"
	note	XEN_ELFNOTE_VIRT_BASE, .quad 0
	note	XEN_ELFNOTE_PADDR_OFFSET, .quad 0
	note	XEN_ELFNOTE_ENTRY, .quad pv_entry
	note	XEN_ELFNOTE_PHYS32_ENTRY, .long pvh_entry
	/* none is required; none of the paging features is relied upon */
	note	XEN_ELFNOTE_FEATURES, .asciz ""
	/* XENFEAT_hvm_safe_pvclock, XENFEAT_linux_rsdp_unrestricted */
	note	XEN_ELFNOTE_SUPPORTED_FEATURES, .long (1 << 9) | (1 << 15)
	note	XEN_ELFNOTE_MOD_START_PFN, .quad 1
	note	XEN_ELFNOTE_SUSPEND_CANCEL, .long 1

	.text
	.code64
	.globl	pv_entry
pv_entry:			/* rsi: start_info */
	cld
	movq	$stack_top, %rsp
	xorl	%ebp, %ebp
	movq	%rsi, %rdi
	call	pv_start
	ud2

	.globl	hypercall_pv, hypercall_intel, hypercall_amd
hypercall_pv:
	syscall
	ret
hypercall_intel:
	vmcall
	ret
hypercall_amd:
	vmmcall
	ret

/* trap_panic(frame): vector, error code, rip, cs, rflags, rsp, ss */
trap_common:
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	trap_panic
	ud2

.macro stubs name, pv
	.balign	STUB_SIZE
	.globl	\name
\name:
	.set	vector, 0
	.rept	20
	.balign	STUB_SIZE
	.if	\pv		/* Xen puts rcx and r11 on top of the frame */
	popq	%rcx
	popq	%r11
	.endif
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr
.endm
	stubs	trap_stubs_pv, 1
	stubs	trap_stubs_pvh, 0

	.bss
	.balign	4096
	.globl	shared_page, stack_top
shared_page:			/* PV maps shared_info here */
	.skip	4096
	.skip	16384
stack_top:

	.section .note.GNU-stack, "", @progbits
