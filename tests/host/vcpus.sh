#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# vCPUs that come and go while a stock Linux runs, PV and PVH: one of three at
# first, then two, then one; what the guest says of them and what Xen does. The
# number outlives a reboot. What cannot be is refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"

cleanup 'exec 8>&-; xm destroy grows >/dev/null 2>&1'
xenstore-ls -f / >"$scratch/before"
linux_initrd

# online COUNT: Xen has that many of its vCPUs up.
online() { [[ $(xm list grows) =~ grows\ +$domid\ +256\ +$1\  ]]; }
# is FILE WANT: what Linux says of its processors. (Without udev nobody starts one
# that is there.)
is() {
	guest "cat /sys/devices/system/cpu/$1" >"$scratch/is"
	[ "$(cat "$scratch/is")" = "$2" ]
}

for type in pv pvh; do
	cat >"$scratch/grows.cfg" <<-CFG
		name     = "grows"
		type     = "$type"
		memory   = 256
		vcpus    = 1
		maxvcpus = 3
		kernel   = "/boot/guest/vmlinuz"
		ramdisk  = "$scratch/initrd.img"
		extra    = "console=hvc0 quiet"
	CFG
	check "a $type guest" xm create -q "$scratch/grows.cfg"
	domid=$(xm domid grows)
	linux_shell grows
	guest true
	check "three are possible" is possible 0-2
	check "the others are taken down" wait_for 60 online 1
	check "one is left" wait_for 60 is present 0
	check "one runs" is online 0
	check "two of them" xm vcpu-set grows 2
	check "the second is there" wait_for 30 is present 0-1
	guest 'echo 1 >/sys/devices/system/cpu/cpu1/online' >"$scratch/up" ||
		fail "it does not come up: $(cat "$scratch/up")"
	check "two run" is online 0-1
	check "Xen runs two" wait_for 10 online 2
	check "one again" xm vcpu-set grows 1
	check "it is gone" wait_for 60 is present 0
	check "Xen runs one" wait_for 10 online 1
	expect_status 2 xm vcpu-set grows 4
	contains "how many" "$err" "'grows' cannot have 4 vCPUs: 1 to 3 .maxvcpus. are possible"
	expect_status 2 xm vcpu-set grows none
	exec 8>&-
	check "its end" xm destroy grows
done

config=$(tiny_config grows 'vcpus = 1' 'maxvcpus = 4')
check "a small guest" xm create -q "$config"
node() { xenstore-read "/local/domain/$(xm domid grows)/cpu/$1/availability"; }
check "three of four" xm vcpu-set grows 3
check "a reboot" xm reboot -w grows
same "the third" online "$(node 2)"
same "the fourth" offline "$(node 3)"
check "its end" xm destroy grows
expect_status 4 xm vcpu-set Domain-0 1
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
