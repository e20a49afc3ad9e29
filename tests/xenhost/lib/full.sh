# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The full image: a Debian userland on a disk, with the same base and overlay
# laid over it at boot. Made with debootstrap, needs root.

full_packages=qemu-system-xen,xen-utils-4.17,python3,openssh-server,bridge-utils
full_packages+=,iproute2,iputils-ping,kmod,procps,curl,strace,lvm2,qemu-utils,grub-pc-bin,systemd,libvirt-daemon,libvirt-daemon-driver-xen,libvirt-clients,btrfs-progs

make_full() {
	local out=$1 t=$1.d size

	((EUID == 0)) || { note "the full image needs root"; return 1; }
	debootstrap --variant=minbase --include="$full_packages" bookworm "$t" \
		"$(archive)" >&2 || { rm -rf "$t"; return 1; }
	rm -rf "$t"/var/cache/apt/archives/*.deb "$t"/var/lib/apt/lists/*
	size=$(($(du -sm "$t" | cut -f1) + 512))
	mke2fs -q -t ext4 -d "$t" -L xldroot "$out" "${size}M" >&2
	rm -rf "$t"
}

prepare_full() {
	full_disk=$cache/full-$(recipe_hash "$here/lib/full.sh").ext4
	[[ -e $full_disk ]] || note "making the full image (once, about two minutes)"
	make_once "$full_disk" make_full
}
