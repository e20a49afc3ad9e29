#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# device: e1000 e1000
# depth: full
# timeout: 900
# An e1000 of the host in a Linux guest: from domain 0's driver to pciback, refusals,
# a guest that talks through it, a second card that comes and goes, xld killed while
# it does, reboot, destroy in use, and back to domain 0's driver.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_device.bash"
. "$(dirname "$0")/lib_pci.bash"

two_cards
linux_initrd xen-pcifront e1000
config=$scratch/linux.cfg
cat >"$config" <<CFG
name    = "linux"
memory  = 192
kernel  = "/boot/guest/vmlinuz"
ramdisk = "$scratch/initrd.img"
extra   = "console=hvc0 quiet"
pci     = [ "00:10.0" ]
CFG

# What is refused, and why.
expect_status 3 xm pci-assignable-add 00:1e.0
contains "no such function" "$err" 'no PCI function 0000:00:1e.0'
expect_status 2 xm pci-assignable-add 00:1e
contains "no address" "$err" "write it as 00:1f.0"
expect_status 1 xm pci-assignable-add 00:00.0
contains "a bridge" "$err" 'it is a bridge'
same "nothing is assignable" "" "$(xm pci-assignable-list)"
expect_status 2 xm create "$config" 'type="pvh"'
contains "PVH" "$err" 'linux.cfg:6:1: PCI functions are handed to PV guests only'
expect_status 2 xm create -q "$config" 'pci=["00:10.0","00:10.0-1","00:10.0,permisive=1"]'
contains "twice" "$err" "pci: '00:10.0-1' is in the list already"
contains "a wrong key" "$err" "did you mean 'permissive'"
expect_status 3 xm create -q "$config" 'pci=["00:1e.0"]'
consent 0
expect_status 1 xm create -q "$config"
contains "no IOMMU" "$err" 'no IOMMU.*pci_without_iommu = 1'
consent 1
expect_status 1 xm create -q "$config"
contains "domain 0 has it" "$err" 'the driver e1000 of domain 0 has it.*xm pci-assignable-add 0000:00:10.0'
expect_status 3 xm domid linux

# Assignable and back.
check "a card with a name" xm pci-assignable-add -n uplink 00:10.0
same "who has it" pciback "$(driver $A)"
same "it is listed" "$A uplink" "$(xm pci-assignable-list -n)"
same "by xm's name" "$A" "$(xm pci-list-assignable-devices)"
contains "as JSON" "$(xm pci-assignable-list --format json)" '"assignable_name": ?"uplink"'
check "back" xm pci-assignable-remove -r uplink
same "its driver has it" e1000 "$(driver $A)"
same "nothing is listed" "" "$(xm pci-assignable-list)"
check "again" xm pci-assignable-add 00:10.0
check "the other one" xm pci-assignable-add 00:11.0
xenstore-ls -f / >"$scratch/before"

# The guest has it and talks through it.
check "Linux" xm create -q "$config"
linux_shell linux
card_works 0 10.0.3.2
same "where the guest sees it" "Vdev Device
00.0 $A" "$(xm pci-list linux)"
contains "at length" "$(xm pci-list -l linux)" "\(address $A\)"
contains "in use it is not assignable" "$(xm pci-assignable-list)" "^$B$"
expect_status 1 xm create -q "$(tiny_config g 'pci = [ "00:10.0" ]')"
contains "its holder" "$err" "'linux' has it"
expect_status 4 xm pci-assignable-remove 00:10.0
contains "its holder again" "$err" "'linux' has it"
expect_status 4 xm pci-attach linux 00:10.0
contains "twice" "$err" "has the PCI function $A already"
expect_status 3 xm pci-detach linux 00:11.0

talks_still() { guest 'ping -c 1 -w 5 10.0.3.2 >/dev/null'; }

# Another comes and goes while it runs.
check "attach" xm pci-attach linux 00:11.0
card_works 1 10.0.4.2
has_one() { xm pci-list linux | grep -q "$B"; }
check "it is listed" has_one
expect_status 4 xm pci-detach -f linux 00:11.0
check "detach" xm pci-detach linux 00:11.0
has_one && fail "it is still there"
guest 'test ! -e /sys/bus/pci/devices/0000:00:01.0' || fail "the guest still sees it"
check "the first one is not disturbed" wait_for 60 talks_still

# xld dies at each step of that.
for step in prepare record grant nodes ready kept; do
	restart_xld "XLD_STEP=function-$step:kill"
	cut_off xm pci-attach linux 00:11.0
	restart_xld
	check "$step: nothing stays" wait_for 30 has_none
	same "$step: who has it" pciback "$(driver $B)"
done
# (What the last one left is on its way out, and nobody waits for that.)
check "attach" wait_for 30 xm pci-attach linux 00:11.0
check "detach" xm pci-detach linux 00:11.0
for step in turn ask closed off; do
	check "attach" wait_for 30 xm pci-attach linux 00:11.0
	restart_xld "XLD_STEP=function-$step:kill"
	cut_off xm pci-detach linux 00:11.0
	restart_xld
	check "$step: the detach is finished" wait_for 30 has_none
done
shell_again linux
check "the first one is not disturbed" wait_for 60 talks_still

# The last one goes, bus and all, and comes again.
check "detach the last one" xm pci-detach linux 00:10.0
same "none is left" "" "$(xm pci-list linux)"
check "attach it again" xm pci-attach linux 00:10.0
card_works 0 10.0.3.2

# A reboot, and the end in the middle of it all.
before=$(xm domid linux)
said=$((said + 1))
echo 'reboot -f' >&8
rebooted() { [ "$(xm domid linux)" -gt "$before" ]; }
check "reboot" wait_for 120 rebooted
exec 8>&-
connected() { [ "$(xenstore-read "/local/domain/0/backend/pci/$(xm domid linux)/0/state")" = 4 ]; }
check "it has its card again" wait_for 240 connected
check "destroy in use" xm destroy linux
stores_clean "the guest has gone"
same "who has it now" "pciback pciback" "$(driver $A) $(driver $B)"
check "back to its driver" xm pci-assignable-remove -r 00:10.0
check "and the other" xm pci-assignable-remove -r 00:11.0

# Taken from its driver when the config says so.
check "seize" xm create -q -p "$config" 'pci_seize=1'
same "who has it" pciback "$(driver $A)"
check "destroy" xm destroy linux
check "back to its driver" xm pci-assignable-remove -r 00:10.0
same "both are domain 0's" "e1000 e1000" "$(driver $A) $(driver $B)"
