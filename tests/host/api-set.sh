#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Fields of devices that are set, and when not; a running machine's least memory; what
# is proposed to a CPU pool; messages that answer with what is done
# instead of them.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
cleanup 'xm destroy s; xm delete s; ip link del xldset; for v in $(refs VDI.get_by_name_label set); do api VDI.destroy $v; done >/dev/null 2>&1
	for p in $(refs cpu_pool.get_by_name_label lab); do api cpu_pool.destroy $p; done >/dev/null 2>&1'

truncate -s 1M "$scratch/disk"
check "a bridge" ip link add xldset type bridge
check "is up" ip link set xldset up
check "a machine" xm new -q "$(tiny_config s "disk = [ '$scratch/disk,raw,xvda,w' ]" "vif = [ 'mac=00:16:3e:00:00:07,bridge=xldset' ]" 'extra="tick=500"')"
vbd=$(refs VM.get_VBDs @s)
vif=$(refs VM.get_VIFs @s)

# --- halted ------------------------------------------------------------------------
check "read only" api VBD.set_mode "$vbd" RO
check "to boot from" api VBD.set_bootable "$vbd" true
check "the owner's" api VBD.add_to_other_config "$vbd" shelf 3
check "an address" api VIF.set_MAC "$vif" 00:16:3e:00:00:08
check "a size" api VIF.set_MTU "$vif" 1400
check "the owner's" api VIF.set_other_config "$vif" '{"a":"b"}'
expect_status 1 api VIF.set_MAC "$vif" 00:16:3e
contains "no address" "$out" '^VALUE_NOT_SUPPORTED MAC '
expect_status 1 api VBD.set_mode "$vbd" RX
contains "no mode" "$out" '^INVALID_VALUE'
expect_status 1 api VBD.set_device "$vbd" xvdb
contains "another device" "$out" '^VALUE_NOT_SUPPORTED device xvdb '
expect_status 1 api VBD.set_qos_algorithm_type "$vbd" ionice
contains "no such thing" "$out" '^VALUE_NOT_SUPPORTED qos_algorithm_type ionice '
restart_xld
same "kept" RO "$(api VBD.get_mode "$vbd")"
same "kept" true "$(api VBD.get_bootable "$vbd")"
same "kept" '{"shelf":"3"}' "$(api VBD.get_other_config "$vbd")"
same "kept" 00:16:3e:00:00:08 "$(api VIF.get_MAC "$vif")"
same "kept" 1400 "$(api VIF.get_MTU "$vif")"
same "kept" '{"a":"b"}' "$(api VIF.get_other_config "$vif")"

# --- running -------------------------------------------------------------------------
check "it runs" xm start s
id=$(xm domid s)
same "as it was set" r "$(xenstore-read "/local/domain/0/backend/vbd/$id/51712/mode")"
same "as it was set" 00:16:3e:00:00:08 "$(xenstore-read "/local/domain/0/backend/vif/$id/0/mac")"
expect_status 1 api VBD.set_mode "$vbd" RW
contains "not while it is attached" "$out" '^OPERATION_NOT_ALLOWED attached'
same "still" RO "$(api VBD.get_mode "$vbd")"
expect_status 1 api VIF.set_MTU "$vif" 1500
contains "not while it is attached" "$out" '^OPERATION_NOT_ALLOWED attached'
check "the owner's, at any time" api VBD.remove_from_other_config "$vbd" shelf
same "it went" '{}' "$(api VBD.get_other_config "$vbd")"
check "its least" api VM.set_memory_dynamic_min_live @s 8388608
same "it is kept" 8388608 "$(api VM.get_memory_dynamic_min @s)"
expect_status 1 api VM.set_memory_dynamic_min_live @s 1099511627776
contains "not above its most" "$out" '^VALUE_NOT_SUPPORTED'
check "its end" xm destroy s
expect_status 1 api VM.set_memory_dynamic_min_live @s 8388608
contains "it does not run" "$out" '^VM_BAD_POWER_STATE'
check "delete" xm delete s

# --- pools -------------------------------------------------------------------------------
lab=$(api cpu_pool.create '{"name_label":"lab","ncpu":1}')
check "one more" api cpu_pool.add_to_proposed_CPUs "$lab" 1
check "one more" api cpu_pool.add_to_proposed_CPUs "$lab" 3
check "once" api cpu_pool.add_to_proposed_CPUs "$lab" 1
same "these" '1 3' "$(refs cpu_pool.get_proposed_CPUs "$lab" | sort | xargs)"
check "one less" api cpu_pool.remove_from_proposed_CPUs "$lab" 1
same "that" 3 "$(refs cpu_pool.get_proposed_CPUs "$lab" | xargs)"
expect_status 1 api cpu_pool.add_to_proposed_CPUs "$lab" -1
contains "no number" "$out" '^VALUE_NOT_SUPPORTED'
check "destroy" api cpu_pool.destroy "$lab"

# --- instead -----------------------------------------------------------------------------
host=$(refs host.get_all)
expect_status 1 api host.set_suspend_image_sr "$host" "$(refs SR.get_by_name_label Local)"
contains "no such setting" "$out" '^VALUE_NOT_SUPPORTED suspend_image_sr '
contains "no policy" "$(api XSPolicy.get_xspolicy)" '"xserr": *"0"'
same "and none is made" "NOT_IMPLEMENTED XSPolicy.set_xspolicy" "$(api XSPolicy.set_xspolicy 1 x 0 true)"
