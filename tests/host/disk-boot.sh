#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 2400
# Guests that boot from their own disk through pvgrub, which runs in the guest: our
# small kernel (PV) and Linux (PVH), with --full Linux as PV, too (whose GRUB reads
# page by page, which takes minutes in an emulated host). Nothing in domain 0 reads
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
[ "${XLD_DEPTH:-default}" != full ] ||
	boots pv 64 'TINY UP' 60 'firmware = "pvgrub64"'
image /boot/guest/vmlinuz 'linux /boot/kernel console=hvc0 quiet
initrd /boot/initrd'
boots pvh 256 'GUEST UP' 300 'bootloader = "pvgrub"'
[ "${XLD_DEPTH:-default}" != full ] ||
	boots pv 256 'GUEST UP' 900 'bootloader = "pvgrub"'

# --- a program of the owner's ------------------------------------------------------
# Everybody may run it.
chmod 755 "$scratch"
# program TEXT: with $out, $dir, $disk and $args from its words.
program() {
	{
		echo '#!/bin/sh'
		echo 'for a; do case $a in --output=*) out=${a#*=} ;;'
		echo '--output-directory=*) dir=${a#*=} ;; --args=*) args=${a#*=} ;;'
		echo 'esac; disk=$a; done'
		echo "$1"
	} >"$scratch/program"
	chmod 755 "$scratch/program"
}
# refused PATTERN TEXT
refused() {
	program "$2"
	expect_status 9 xm create "$scratch/disk.cfg"
	contains "$2" "$err" "$1"
	same "one line" 1 "$(grep -c . <<<"$err")"
}
image /boot/guest/tiny 'linux /boot/kernel'
program 'tar -xOf "$disk" boot/kernel >"$dir/kernel" || exit
printf "kernel %s/kernel\0args %s\0" "$dir" "$args" >"$out"'
cat >"$scratch/disk.cfg" <<CFG
name = "disk"
memory = 16
disk = [ "file:$scratch/disk.img,xvda,r" ]
bootloader = "$scratch/program"
bootloader_args = [ "-x", "y" ]
extra = "from the program"
CFG
check "a guest" xm create -q "$scratch/disk.cfg"
check "it boots what the program found" wait_for 30 said 0 0 'TINY UP'
check "its end" xm destroy disk
refused 'ended with status 7; its last words: 18[0-9]{8} -x y /run/xld-boot/.*/disk$' \
	'shift 4; echo "$(id -u) $*"; exit 7'
refused 'has found no kernel' ':'
refused 'names a kernel outside of its folder: /etc/passwd' \
	'printf "kernel /etc/passwd\0" >"$out"'
refused 'names a kernel .*/k: .*symbolic links' \
	'ln -s /etc/passwd "$dir/k"; printf "kernel $dir/k\0" >"$out"'
refused 'ermission denied' ': >"$disk"'
refused 'no network' \
	'[ "$(grep -c : /proc/net/dev)" = 1 ] && echo no network; exit 1'
kill_all KILL xld
check "xld with less patience" env XLD_BOOTLOADER_TIMEOUT=2 /usr/sbin/xld --daemon
refused 'has not ended within 2 s' 'sleep 1234 & sleep 1234'
sleepers() { grep -lsa 'sleep.123[4]' /proc/[0-9]*/cmdline; }
no_sleepers() { ! sleepers; }
check "what it has started is gone" no_sleepers
program 'sleep 1234 & sleep 1234'
xm create -q "$scratch/disk.cfg" >/dev/null 2>&1 &
check "it runs" wait_for 10 sleepers
kill_all KILL xld
wait_for 10 none_of xld-api
check "another xld" /usr/sbin/xld --daemon
check "ends it" wait_for 10 no_sleepers
same "folders" "" "$(ls /run/xld-boot)"
grep /run/xld-boot /proc/mounts && fail "a mount stays"

# Without the loader: which package has it.
sed -i 's/^bootloader .*/bootloader = "pvgrub"/; /^bootloader_args/d' "$scratch/disk.cfg"
mv /usr/lib/grub-xen "$scratch/"
expect_status 1 xm create "$scratch/disk.cfg"
mv "$scratch/grub-xen" /usr/lib/
contains "the package" "$err" 'needs pvgrub, and none is at .*: install grub-xen-host'
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
