/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The PVH entry: 32-bit protected mode without paging, ebx = hvm_start_info.
 * Maps the first 4 GiB one to one with 2 MiB pages and enters 64-bit mode.
 */
#define CR0_PG_WP_NE_ET_MP_PE 0x80010033
#define CR4_PAE_OSFXSR 0x220
#define MSR_EFER 0xc0000080
#define EFER_LME (1 << 8)
#define PTE_TABLE 0x3		/* present, writable */
#define PTE_2M 0x83

	.text
	.code32
	.globl	pvh_entry
pvh_entry:
	cld
	movl	$l3 + PTE_TABLE, l4
	movl	$l2 + PTE_TABLE, %eax
	xorl	%ecx, %ecx
1:	movl	%eax, l3(, %ecx, 8)
	addl	$4096, %eax
	incl	%ecx
	cmpl	$4, %ecx
	jne	1b

	movl	$PTE_2M, %eax
	xorl	%ecx, %ecx
2:	movl	%eax, l2(, %ecx, 8)
	addl	$0x200000, %eax
	incl	%ecx
	cmpl	$2048, %ecx
	jne	2b

	movl	$CR4_PAE_OSFXSR, %eax
	movl	%eax, %cr4
	movl	$l4, %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$CR0_PG_WP_NE_ET_MP_PE, %eax
	movl	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$8, $3f

	.code64
3:	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movq	$stack_top, %rsp
	xorl	%ebp, %ebp
	movl	%ebx, %edi
	call	pvh_start
	ud2

	.data
	.balign	16
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 8: 64-bit code */
	.quad	0x00cf93000000ffff	/* 16: data */
gdt_pointer:
	.word	. - gdt - 1
	.quad	gdt

	.bss
	.balign	4096
l4:	.skip	4096
l3:	.skip	4096
l2:	.skip	4 * 4096

	.section .note.GNU-stack, "", @progbits
