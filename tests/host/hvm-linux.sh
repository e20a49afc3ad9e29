#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# cpus: 2
# timeout: 2400
# The stock Linux as an HVM guest, through hvmloader and SeaBIOS, to user space: its
# kernel given directly, and from its own disk by Debian's GRUB, with 1 and 4 vCPUs
# each, the latter with virtual NUMA once. A minute each, of which QEMU takes more than
# the guest: what is given directly passes a port byte by byte (10 MB: 70 s and more),
# AHCI disks do not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
undo() { xm destroy linux >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

# The usual initramfs, and behind it another one with an init of its own, which is
# the one that counts.
cat >"$scratch/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
set -- /sys/devices/system/node/node[0-9]*
echo "GUEST UP, $(/bin/busybox nproc) vCPUs, $# nodes"
while :; do /bin/busybox sleep 1000; done
INIT
{ cat /boot/guest/initrd.img && archive init "$scratch/init" | gzip -1; } \
	>"$scratch/initrd.img"

args="console=hvc0 cryptomgr.notests"
linux_disk "$scratch/linux.img" "$args"
disk="hdtype = 'ahci'
disk = [ '$scratch/linux.img,raw,hda,w' ]"
direct="kernel = '/boot/guest/vmlinuz'
ramdisk = '$scratch/initrd.img'
extra = '$args'"

# Both on the one node that the host has: what counts is what the guest finds.
nodes="vnuma = [ [ 'pnode=0', 'size=128', 'vcpus=0-1' ],
	[ 'pnode=0', 'size=128', 'vcpus=2,3' ] ]"

# a_linux WHAT VCPUS NODES LINE...
a_linux() {
	local begin=$SECONDS

	rm -f "$(log_of linux)"
	check "$1, $2 vCPUs" xm create -q "$(hvm_config linux 'memory = 256' \
		"vcpus = $2" "$pty" "${@:4}")"
	wait_for 600 spoke linux "GUEST UP, $2 vCPUs, $3 nodes" 1 ||
		fail "it is not up: $(tail -n 9 "$(log_of linux)"); $(xm dmesg | tail -n 5)
$(xm list); $(grep -w linux /var/log/xld/xld.log | tail -n 4)
what Xen said of its own clock: $(xm dmesg | grep -i 'platform timer')"
	note "up after $((SECONDS - begin)) s"
	contains "by SeaBIOS" "$(xm dmesg)" "\(d$(xm domid linux)\) SeaBIOS \(version"
	check "destroy" xm destroy linux
	nothing_left "$1"
}
a_linux "from its disk" 4 1 "$disk"
a_linux "its kernel given" 1 1 "$direct"
a_linux "from its disk" 1 1 "$disk"
a_linux "its kernel given, two nodes" 4 2 "$direct" "$nodes"
