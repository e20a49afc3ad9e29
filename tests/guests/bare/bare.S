/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The smallest HVM guest: a Linux image (bzImage, boot protocol 2.04) whose
 * real-mode part is all there is. A device model's -kernel starts it behind the
 * firmware, in seconds under emulation; it is the beginning of a disk that boots,
 * too, and what a CD boots (El Torito, no emulation, to 0x7c00). It speaks on
 * COM1 and on Xen's debug port (xm dmesg):
 *
 *   BARE UP       it runs
 *   BARE POWER    somebody pressed the power button; it switches itself off
 *   BARE SUM xxxx what it was asked to read: sum -r of it, in hexadecimal
 *   BARE DONE     it has written
 *   BARE NONE     the firmware cannot read or write that
 *
 * and does what it is told on COM1: p power off, r reset by the keyboard
 * controller, c crash (a triple fault), f a flood of 1 KiB, D reads 8 KiB of the
 * first disk from its 32nd KiB on, W copies them to its 64th KiB, O reads 8 KiB of
 * the first CD drive from the 128th KiB on, anything else is echoed. Each byte
 * costs emulated port accesses, some by another process.
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

/* Where it has room for what it reads. */
BUFFER	= 0x3000
DISK	= 0x80
CD	= 0xe0

image:	/* at 0x7c00, as the first sector of what is booted; dl = the drive */
	cli
	xor	%ax, %ax
	mov	%ax, %ss
	mov	$0x7c00, %sp
	mov	%ax, %ds
	sti
	/* Of a CD the firmware has read all that there is. */
	cmp	$CD, %dl
	jae	1f
	mov	$(0x7c00 + rest - image), %si
	mov	$0x42, %ah
	int	$0x13
	jc	2f
1:	ljmp	$0x7e0, $0
2:	hlt
	jmp	2b
rest:	/* of the sectors: see below for the form */
	.byte	16, 0
	.word	4, 0x7e00, 0
	.quad	1

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
	cmp	$'D', %al
	je	disk
	cmp	$'O', %al
	je	cd
	cmp	$'W', %al
	je	copy
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

disk:
	call	read_disk
	jc	none
	jmp	sum
cd:
	mov	$CD, %dl
	mov	$4, %al
	mov	$64, %bx
	mov	$0x42, %ah
	call	transfer
	jc	none
sum:
	push	%es
	mov	$BUFFER, %ax
	mov	%ax, %es
	xor	%di, %di
	xor	%bx, %bx
	mov	$8192, %cx
1:	ror	$1, %bx
	mov	%es:(%di), %al
	xor	%ah, %ah
	add	%ax, %bx
	inc	%di
	loop	1b
	pop	%es
	mov	$(sum_is - entry), %si
	call	say
	mov	$4, %cx
1:	rol	$4, %bx
	mov	%bl, %al
	and	$15, %al
	add	$'0', %al
	cmp	$'9', %al
	jbe	2f
	add	$('a' - '9' - 1), %al
2:	call	put
	loop	1b
	mov	$(end - entry), %si
	call	say
	jmp	again

copy:
	call	read_disk
	jc	none
	mov	$DISK, %dl
	mov	$16, %al
	mov	$128, %bx
	mov	$0x43, %ah
	call	transfer
	jc	none
	mov	$(done - entry), %si
	call	say
	jmp	again
none:
	mov	$(nothing_there - entry), %si
	call	say
	jmp	again

read_disk:
	mov	$DISK, %dl
	mov	$16, %al
	mov	$64, %bx
	mov	$0x42, %ah
/* Sectors al from bx on of drive dl, by function ah; the carry tells. */
transfer:
	mov	$4, %cx
1:	push	%ax
	push	%bx
	push	%cx
	push	%dx
	mov	$(packet - entry), %si
	mov	%al, 2(%si)
	mov	%bx, 8(%si)
	xor	%al, %al
	int	$0x13
	jnc	2f
	call	ask
	stc
2:	pop	%dx
	pop	%cx
	pop	%bx
	pop	%ax
	jnc	3f
	loop	1b
	stc
3:	ret

/* Why hdc refused (REQUEST SENSE): one with another medium does so until it is
 * asked, which firmware does at its start only. */
ask:
	mov	$(packet_command - entry), %si
	mov	$5, %cx
1:	lodsb
	mov	$1, %dh
	mov	%al, %dl
	lodsb
	out	%al, %dx
	loop	1b
	call	ready
	mov	$6, %cx
	rep	outsw
	call	ready
	mov	$9, %cx
1:	in	%dx, %ax
	loop	1b
	ret
/* It wants data, or never will; dx: where they go. */
ready:
	mov	$1000, %cx
	mov	$0x177, %dx
1:	in	%dx, %al
	and	$0x88, %al
	cmp	$8, %al
	loopne	1b
	mov	$0x170, %dx
	ret

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
	.balign	4
packet:	/* size, how many, where to (offset, segment), from which */
	.byte	16, 0
	.word	0, 0, BUFFER
	.quad	0
packet_command:	/* register and value: the drive, how much it may say, PACKET */
	.byte	0x76, 0xa0, 0x71, 0, 0x74, 18, 0x75, 0, 0x77, 0xa0
	.byte	3, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0
up:	.asciz	"BARE UP\r\n"
power:	.asciz	"BARE POWER\r\n"
done:	.asciz	"BARE DONE\r\n"
nothing_there:
	.asciz	"BARE NONE\r\n"
sum_is:	.asciz	"BARE SUM "
end:	.asciz	"\r\n"
line:	.asciz	"0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop\r\n"
	/* And a sector that would be the protected-mode part. */
	.org	512 * 5
