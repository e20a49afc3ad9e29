#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# device: e1000 e1000
# depth: full
# timeout: 900
# PCI functions of a guest that has no driver for them, lies, or whose daemon dies:
# all of it comes to an end, and nothing stays.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_device.bash"
. "$(dirname "$0")/lib_pci.bash"

two_cards
consent 1
check "two cards" xm pci-assignable-add 00:10.0
check "two cards" xm pci-assignable-add 00:11.0
clean() {
	stores_clean "$1"
	same "$1: who has them" "pciback pciback" "$(driver $A) $(driver $B)"
	same "$1: both can be had" "$A
$B" "$(xm pci-assignable-list)"
}
xenstore-ls -f / >"$scratch/before"
config=$(tiny_config g 'pci = [ "00:10.0" ]')
listed() { xm pci-list g | sed -n 's/.* 0000/0000/p' | tr '\n' ' '; }
attach_one() { xm pci-attach g 00:11.0; }
detach_one() { xm pci-detach g 00:11.0; }
has_one() { [ -n "$(xm pci-list g)" ]; }

# A guest without a driver: the second comes to a bus that nobody has looked at, and
# the first goes from it.
check "a guest" xm create -q "$config"
same "one" "$A " "$(listed)"
check "a second one" attach_one
same "two" "$A $B " "$(listed)"
check "the first goes" xm pci-detach g 00:10.0
same "the second stays" "$B " "$(listed)"
contains "its node" "$(xenstore-ls "/local/domain/0/backend/pci/$(xm domid g)/0")" "dev-0 = \"$B\""
check "the last goes" detach_one
check "one comes to a guest without a bus" attach_one
check "destroy" xm destroy g
clean "a guest without a driver"

# Nodes of the guest's that lie: pciback does what it likes with them, we do not
# care.
restart_xld XLD_DEVICE_TIMEOUT=2
for lie in 'state 3' 'state 7' 'state 4' 'state 6' 'state x' 'backend /local/domain/0' \
	'backend-id 7' 'pci-op-ref 99999' 'event-channel -1' 'magic 8'; do
	check "a guest" xm create -q "$config"
	front=/local/domain/$(xm domid g)/device/pci/0
	# shellcheck disable=SC2086
	xenstore-write $front/pci-op-ref 1 $front/event-channel 1 $front/magic 7
	# shellcheck disable=SC2086
	set -- $lie
	check "$lie" xenstore-write "$front/$1" "$2" "$front/state" "$([ "$1" = state ] && echo "$2" || echo 3)"
	attach_one >/dev/null 2>&1
	xm pci-detach g 00:10.0 >/dev/null 2>&1
	check "destroy" xm destroy g
	clean "a guest that lies ($lie)"
done

# Two want the same.
restart_xld
check "a guest" xm create -q "$config"
expect_status 1 xm create -q "$(tiny_config h 'pci = [ "00:11.0", "00:10.0" ]')"
contains "the holder" "$err" "PCI function $A: 'g' has it"
check "destroy" xm destroy g
clean "two that want the same"

# Each step of a creation fails, or xld dies there.
for step in device-prepare device-nodes device-ready record run; do
	restart_xld "XLD_STEP=$step"
	expect_status 1 xm create "$config"
	contains "the step is named" "$err" "$step: a fault was injected"
	restart_xld
	clean "a creation that fails at $step"
	restart_xld "XLD_STEP=$step:kill"
	cut_off xm create -q "$config"
	restart_xld
	expect_status 3 xm domid g
	clean "xld killed at $step"
done

# The same for a bus that comes to a running guest, or goes from it.
check "a guest" xm create -q "$(tiny_config g)"
for step in prepare record nodes connect kept; do
	restart_xld "XLD_STEP=device-$step:kill"
	cut_off attach_one
	restart_xld
	has_one && fail "$step: the device stays"
	same "$step: both can be had" "$A
$B" "$(xm pci-assignable-list)"
done
for step in ask closed off; do
	check "attach" attach_one
	restart_xld "XLD_STEP=device-$step:kill"
	cut_off detach_one
	restart_xld
	check "$step: the detach is finished" wait_for 20 has_none
done
check "attach" attach_one
restart_xld
same "another xld knows it" "$B " "$(listed)"
expect_status 1 xm create -q "$(tiny_config h 'pci = [ "00:11.0" ]')"
contains "and its holder" "$err" "'g' has it"
restart_xld "XLD_STEP=destroy-devices:kill"
cut_off xm destroy g
restart_xld
expect_status 3 xm domid g
clean "xld killed in a destroy"
