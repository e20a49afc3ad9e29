#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 900
# A stock Linux kernel with two vCPUs goes into a file and comes back, PV and PVH: what
# it had in memory is there, its clock and its processes go on, its shutdown is clean.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_linux.bash"

cleanup 'xm destroy linux 2>/dev/null'
linux_initrd hvc_xen
# With two vCPUs a PVH Linux was not up after four minutes on 4.14, where host and guest
# share one emulated processor.
vcpus() { [ "$1" = pvh ] && xm info | grep -q '^xen_minor *: 14$' && echo 1 || echo 2; }
for type in pv pvh; do
	vcpus=$(vcpus $type)
	cat >"$scratch/linux.cfg" <<-CFG
		name = "linux"
		type = "$type"
		memory = 192
		vcpus = $vcpus
		kernel = "/boot/guest/vmlinuz"
		ramdisk = "$scratch/initrd.img"
		extra = "console=hvc0 quiet"
	CFG
	check "$type" xm create -q "$scratch/linux.cfg"
	linux_shell linux
	check "it counts" guest 'word=kept; (n=0; while :; do n=$((n + 1)); echo $n >/count; sleep 1; done) &'
	guest 'dd if=/dev/urandom of=/data bs=1M count=20 2>/dev/null; md5sum </data >/sum'
	guest 'sleep 2; cat /count' >"$scratch/count"
	exec 8>&-
	domid=$(xm domid linux)
	check "save" timeout 200 xm save linux "$image"
	note "$(stat -c %s "$image") bytes"
	check "restore" timeout 200 xm restore "$image"
	[ "$(xm domid linux)" != "$domid" ] || fail "the same domain"
	linux_again linux
	check "its variables" guest '[ $word = kept ]'
	check "its memory" guest 'md5sum </data | cmp - /sum'
	count=$(cat "$scratch/count")
	check "its processes" guest "sleep 3; [ \$(cat /count) -gt $count ]"
	check "its vCPUs" guest '[ $(grep -c ^processor /proc/cpuinfo) = '"$vcpus ]"
	exec 8>&-
	check "a checkpoint" timeout 200 xm save -c linux "$image"
	linux_again linux
	check "it goes on" guest 'md5sum </data | cmp - /sum'
	exec 8>&-
	check "a clean shutdown" timeout 90 xm shutdown -w linux
done
