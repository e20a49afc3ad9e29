#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 1200
# Memory of a running HVM guest, which was made with less than its most: a stock Linux
# gives some back and takes some, and has what it had.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_linux.bash"
undo() { xm destroy linux >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

linux_initrd
check "create" xm create -q "$(hvm_config linux "$pty" 'memory = 256' 'maxmem = 320' \
	"kernel = '/boot/guest/vmlinuz'" "ramdisk = '$scratch/initrd.img'" \
	"extra = 'console=hvc0 cryptomgr.notests quiet'")"
up() { grep -qa 'GUEST UP' "$(log_of linux)"; }
check "hvmloader, SeaBIOS, Linux" wait_for 600 up
linux_shell linux
# What is not its memory: the screen's and the firmware's, some MiB.
has() {
	local mib
	mib=$(xm list linux | sed -n 's/^linux  *[0-9]*  *\([0-9]*\) .*/\1/p')
	[ $((mib - $1)) -ge -4 ] && [ $((mib - $1)) -le 16 ]
}
check "something to keep" guest 'head -c 20000000 /dev/urandom >/data; md5sum </data >/sum'
check "it has 256" wait_for 60 has 256
check "less" xm mem-set linux 192
check "it gives back" wait_for 120 has 192
check "more" xm mem-set linux 288m
check "it takes" wait_for 120 has 288
check "its memory" guest 'md5sum </data | cmp - /sum'
expect_status 2 xm mem-set linux 512
contains "its most" "$err" 'not above memory_static_max'
exec 8>&-
check "destroy" xm destroy linux
nothing_left "memory"
