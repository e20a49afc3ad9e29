#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# PCI functions as later clients know them: what they are called, which are of one card,
# what their owner says of them; and machines that name some in other_config.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
ids=/usr/share/misc/pci.ids
cleanup 'xm delete p; [ ! -e "$scratch/had" ] && rm -f $ids; [ -n "${pci:-}" ] && api PCI.set_other_config "$pci" "{}"' '>/dev/null 2>&1'

# --- names: a file of ours where the host has none ------------------------------------
if [ -e $ids ]; then
	touch "$scratch/had"
else
	mkdir -p "${ids%/*}"
	printf '%s\n' '8086  Intel' $'\t1237  440FX' $'\t\t1af4 1100  QEMU machine' \
		'1af4  Red Hat' 'C 06  Bridge' $'\t00  Host bridge' >$ids
fi
restart_xld
host=$(refs host.get_all)
all=$(api PCI.get_all_records)
same "as many as the kernel has" "$(ls /sys/bus/pci/devices | wc -l)" "$(refs PCI.get_all | wc -l)"
same "the host's" "$(refs PCI.get_all | sort)" "$(refs host.get_PCIs "$host" | sort)"
for pci in $(refs PCI.get_all); do [ "$(api PCI.get_pci_id "$pci")" = 0000:00:00.0 ] && break; done
contains "vendor" "$(api PCI.get_vendor_name "$pci")" '^Intel'
contains "device" "$(api PCI.get_device_name "$pci")" '440FX'
same "class" "Host bridge" "$(api PCI.get_class_name "$pci")"
contains "whose card" "$(api PCI.get_subsystem_vendor_name "$pci")" '^Red Hat'
ppci=$(for r in $(refs PPCI.get_all); do [ "$(api PPCI.get_name "$r")" = 0000:00:00.0 ] && echo "$r"; done)
same "by the other class" "$(api PCI.get_device_name "$pci")" "$(api PPCI.get_device_name "$ppci")"
same "its host" "$host" "$(api PCI.get_host "$pci")"

# --- of one card: those that differ in the last digit alone ---------------------------------
for r in $(refs PCI.get_all); do
	at=$(api PCI.get_pci_id "$r")
	set -- /sys/bus/pci/devices/"${at%.*}".*
	same "$at: functions" $# "$(api PCI.get_functions "$r")"
	same "$at: others" $(($# - 1)) "$(refs PCI.get_dependencies "$r" | wc -l)"
	for other in $(refs PCI.get_dependencies "$r"); do
		contains "$at depends" "$(api PCI.get_pci_id "$other")" "^${at%.*}\."
	done
done
contains "some card has more" "$(grep -o '"functions": *[0-9]*' <<<"$all")" '[2-9]'

# --- the owner's words -------------------------------------------------------------------------
check "a word" api PCI.add_to_other_config "$pci" shelf 3
restart_xld
same "kept" '{"shelf":"3"}' "$(api PCI.get_other_config "$pci")"
check "it goes" api PCI.remove_from_other_config "$pci" shelf
same "it is gone" '{}' "$(api PCI.get_other_config "$pci")"

# --- what a machine names, and cannot have --------------------------------------------------------
check "a machine" xm new -q "$(tiny_config p)"
vm=$(api VM.get_uuid @p)
same "it has none" '[]' "$(api VM.get_attached_PCIs "$vm")"
for wrong in 0000:00:01.0 0/00:1f x/0000:00:01.0 "$(printf '0/0000:00:01.0,%.0s' {1..33})"; do
	check "$wrong" api VM.set_other_config "$vm" "{\"pci\":\"$wrong\"}"
	expect_status 1 api VM.start "$vm" false
	contains "is no list" "$out" '^VALUE_NOT_SUPPORTED other_config:pci '
done
same "nothing was kept" '[]' "$(api VM.get_DPCIs "$vm")"
check "one of domain 0's" api VM.set_other_config "$vm" '{"pci":"0/0000:00:01.0"}'
expect_status 1 api VM.start "$vm" false
contains "it is not to be had" "$err" '0000:00:01.0'
same "it does not run" Halted "$(api VM.get_power_state "$vm")"
check "none any more" api VM.set_other_config "$vm" '{}'
check "it starts" api VM.start "$vm" false
same "without" '[]' "$(api VM.get_DPCIs "$vm")"
check "its end" xm destroy p
