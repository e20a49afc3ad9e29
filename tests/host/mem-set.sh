#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# Memory of a running guest: a stock Linux gives some back and takes some, PV and
# PVH; what cannot be is refused with the reason.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"

cleanup 'exec 8>&-; for g in m k; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'
linux_initrd
# has MIB: Xen has given it so much, to a MiB or two of what is not its memory.
has() {
	local mib
	mib=$(xm list m | sed -n 's/^m  *[0-9]*  *\([0-9]*\) .*/\1/p')
	[ $((mib - $1)) -ge -2 ] && [ $((mib - $1)) -le 2 ]
}
for type in pv pvh; do
	cat >"$scratch/m.cfg" <<-CFG
		name     = "m"
		type     = "$type"
		memory   = 256
		maxmem   = 320
		kernel   = "/boot/guest/vmlinuz"
		ramdisk  = "$scratch/initrd.img"
		extra    = "console=hvc0 quiet"
	CFG
	check "a $type guest" xm create -q "$scratch/m.cfg"
	linux_shell m
	guest true
	check "it has 256" wait_for 30 has 256
	check "less" xm mem-set m 192
	check "it gives back" wait_for 60 has 192
	check "more" xm mem-set m 288m
	check "it takes" wait_for 60 has 288
	expect_status 2 xm mem-set m 512
	contains "its most" "$err" 'not above memory_static_max'
	expect_status 2 xm mem-set m none
	exec 8>&-
	check "its end" xm destroy m
done

# For its next start, too; and what the host does not have.
check "kept" xm new -q "$(tiny_config k 'maxmem = 8000')"
expect_status 4 xm mem-set k 32
contains "it does not run" "$err" 'Halted'
check "start" xm start k
check "32" xm mem-set k 32
same "as it is told" 32768 "$(xenstore-read "/local/domain/$(xm domid k)/memory/target")"
expect_status 7 xm mem-set k 7000
contains "three numbers" "$err" '[0-9]+ MiB are needed and [0-9]+ MiB are free; domain 0 keeps its [0-9]+ MiB'
check "its end" xm destroy k
check "start" xm start k
same "it has 32 now" 33554432 "$(xm list --format json k | "$progs/prog_json" 0 memory)"
check "its end" xm destroy k
check "delete" xm delete k
expect_status 2 xm mem-set Domain-0 64
contains "its floor" "$err" '192 MiB at least'
