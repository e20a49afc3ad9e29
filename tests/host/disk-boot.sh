#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# timeout: 2400
# Guests that boot from their own disk through pvgrub, which runs in the guest: our
# small kernel (PV), and with --full Linux as PV and PVH (GRUB reads page by page,
# which takes minutes in an emulated host). Nothing in domain 0 reads
# the disk.
. "$(dirname "$0")/lib.sh"

cleanup 'xm destroy disk >/dev/null 2>&1'
xenstore-ls -f / >"$scratch/before"

# image KERNEL CONFIGURATION: a disk as GRUB can read it without tools of ours.
image() {
	mkdir -p "$scratch/root/boot/grub"
	cp "$1" "$scratch/root/boot/kernel"
	[ "$1" = /boot/guest/tiny ] ||
		cp /boot/guest/initrd.img "$scratch/root/boot/initrd"
	printf '%s\n' "$2" boot >"$scratch/root/boot/grub/grub.cfg"
	tar -C "$scratch/root" -cf "$scratch/disk.img" boot
	rm -rf "$scratch/root"
}

# boots TYPE MEMORY PATTERN SECONDS LINE
boots() {
	cat >"$scratch/disk.cfg" <<CFG
name   = "disk"
type   = "$1"
memory = $2
disk   = [ "file:$scratch/disk.img,xvda,r" ]
$5
CFG
	check "a guest ($1, $5)" xm create -q "$scratch/disk.cfg"
	said() { xm console -l disk | grep -qE "$3"; }
	check "it boots from its disk" wait_for "$4" said "$@"
	contains "GRUB found it" "$(xm console -l disk)" 'Reading \(xen/xvda\)/boot/grub/grub.cfg'
	check "its end" xm destroy disk
}

image /boot/guest/tiny 'linux /boot/kernel'
boots pv 64 'TINY UP' 60 'bootloader = "/usr/bin/pygrub"'
if [ "${XLD_DEPTH:-default}" = full ]; then
	boots pv 64 'TINY UP' 60 'firmware = "pvgrub64"'
	image /boot/guest/vmlinuz 'linux /boot/kernel console=hvc0
initrd /boot/initrd'
	boots pv 256 'GUEST UP' 900 'bootloader = "pvgrub"'
	boots pvh 256 'GUEST UP' 900 'bootloader = "pvgrub"'
fi

# Without the loader: which package has it.
mv /usr/lib/grub-xen "$scratch/"
expect_status 1 xm create "$scratch/disk.cfg"
mv "$scratch/grub-xen" /usr/lib/
contains "the package" "$err" 'needs pvgrub, and none is at .*: install grub-xen-host'
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
