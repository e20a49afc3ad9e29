/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest HVM guest: a Linux image (bzImage, boot protocol 2.04) whose
 * real-mode part is all there is. A device model's -kernel starts it behind the
 * firmware, in seconds under emulation. It speaks on COM1 and on Xen's debug
 * port (xm dmesg):
 *
 *   BARE UP       it runs
 *   BARE POWER    somebody pressed the power button; it switches itself off
 *
 * and does what it is told on COM1: p power off, r reset by the keyboard
 * controller, c crash (a triple fault), f a flood of 1 KiB, anything else is
 * echoed. Each byte costs emulated port accesses, some by another process.
 */
	.code16
	.text

COM1	= 0x3f8
DEBUG	= 0xe9
/* Where hvmloader puts the ACPI registers. */
PM1_STS	= 0xb000
PM1_CNT	= 0xb004
PWRBTN	= 0x100
SLP_S5	= 0x2000

image:
	.org	0x1f1
	.byte	3		/* sectors behind the first */
	.org	0x1fe
	.word	0xaa55
entry:	/* by its own segment, offset 0 */
	.byte	0xeb, start - 1f
1:	.ascii	"HdrS"
	.word	0x0204
	.org	0x211
	.byte	1		/* loaded high */
	.org	0x240

start:
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	mov	$(uart - entry), %si
	mov	$7, %cx
1:	lodsb
	mov	$0, %dh
	mov	%al, %dl
	add	$COM1, %dx
	lodsb
	out	%al, %dx
	loop	1b
	mov	$(up - entry), %si
	call	say

	/* The BIOS's timer wakes us 18 times a second. */
again:
	sti
	hlt
	mov	$PM1_STS, %dx
	in	%dx, %ax
	test	$PWRBTN, %ax
	jnz	button
	mov	$(COM1 + 5), %dx
	in	%dx, %al
	test	$1, %al
	jz	again
	mov	$COM1, %dx
	in	%dx, %al
	cmp	$'p', %al
	je	off
	cmp	$'r', %al
	je	reset
	cmp	$'c', %al
	je	crash
	cmp	$'f', %al
	je	flood
	call	put
	jmp	again

button:
	mov	$(power - entry), %si
	call	say
off:
	mov	$PM1_CNT, %dx
	mov	$SLP_S5, %ax
	out	%ax, %dx
	jmp	again

reset:
	mov	$0xfe, %al
	out	%al, $0x64
	jmp	again

crash:
	mov	$(nothing - entry), %si
	lidtl	(%si)
	int3

flood:
	mov	$16, %cx
1:	mov	$(line - entry), %si
	push	%cx
	call	say
	pop	%cx
	loop	1b
	jmp	again

/* The text at si, to its zero. */
say:
	lodsb
	test	%al, %al
	jz	1f
	/* Not the flood's line. */
	cmp	$(line - entry), %si
	ja	2f
	out	%al, $DEBUG
2:	call	put
	jmp	say
1:	ret

put:
	mov	%al, %ah
	mov	$(COM1 + 5), %dx
1:	in	%dx, %al
	test	$0x20, %al
	jz	1b
	mov	%ah, %al
	mov	$COM1, %dx
	out	%al, %dx
	ret

/* Register and value: no interrupts, 115200 8N1, FIFOs, DTR and RTS. */
uart:
	.byte	1, 0, 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 7, 4, 3
nothing:
	.word	0
	.long	0
up:	.asciz	"BARE UP\r\n"
power:	.asciz	"BARE POWER\r\n"
line:	.asciz	"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop\r\n"
	/* And a sector that would be the protected-mode part. */
	.org	512 * 5
