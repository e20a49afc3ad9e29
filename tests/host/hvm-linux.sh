#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 3000
# The stock Linux as an HVM guest, through hvmloader and SeaBIOS, to user space: its
# kernel given directly, and from its own disk by Debian's GRUB; on 4.17 with 1 and 4
# vCPUs each, elsewhere once each. Minutes each, of which QEMU takes more than the
# guest: what is given directly passes a port byte by byte (10 MB: 70 s and more),
# AHCI disks do not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
undo() { xm destroy linux >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

# A smaller initramfs than that of other guests.
root=$scratch/root
mkdir -p "$root"
gunzip -c /boot/guest/initrd.img |
	(cd "$root" && cpio -i -d bin/busybox 2>/dev/null)
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc
/bin/busybox mount -t proc proc /proc
echo "GUEST UP, $(/bin/busybox nproc) vCPUs"
while :; do /bin/busybox sleep 1000; done
INIT
chmod 755 "$root/init"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null | gzip -1) >"$scratch/initrd.img"
rm -rf "$root"

args="console=hvc0 quiet cryptomgr.notests"
linux_disk "$scratch/linux.img" "$args"
disk="hdtype = 'ahci'
disk = [ '$scratch/linux.img,raw,hda,w' ]"
direct="kernel = '/boot/guest/vmlinuz'
ramdisk = '$scratch/initrd.img'
extra = '$args'"

# a_linux WHAT VCPUS LINES
a_linux() {
	local begin=$SECONDS

	rm -f "$(log_of linux)"
	check "$1, $2 vCPUs" xm create -q "$(hvm_config linux 'memory = 256' \
		"vcpus = $2" "$pty" "$3")"
	wait_for 600 spoke linux "GUEST UP, $2 vCPUs" 1 ||
		fail "it is not up: $(tail -n 3 "$(log_of linux)"); $(xm dmesg | tail -n 5)"
	note "up after $((SECONDS - begin)) s"
	contains "by SeaBIOS" "$(xm dmesg)" "\(d$(xm domid linux)\) SeaBIOS \(version"
	check "destroy" xm destroy linux
	nothing_left "$1"
}
a_linux "from its disk" 4 "$disk"
a_linux "its kernel given" 1 "$direct"
if [ "$(cat /sys/hypervisor/version/minor)" = 17 ]; then
	a_linux "from its disk" 1 "$disk"
	a_linux "its kernel given" 4 "$direct"
fi
