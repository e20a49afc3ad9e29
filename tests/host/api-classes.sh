#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# cpus: 2
# Classes of the API beside machines: what they say is what the host has, and what
# they refuse they refuse with the words that clients know.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
json() { "$progs/prog_json" "$@"; }
# refs METHOD [ARG]...: the references of a set, one a line.
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
cleanup 'for g in p q; do xm destroy $g; xm delete $g; done >/dev/null 2>&1
	for r in $(refs cpu_pool.get_by_name_label lab); do api cpu_pool.deactivate $r; api cpu_pool.destroy $r; done >/dev/null 2>&1'

host=$(refs host.get_all)

# Every class: as many records as references, and each reference has a record.
for cls in host host_metrics host_cpu cpu_pool PPCI PSCSI PSCSI_HBA VM VM_metrics \
	VM_guest_metrics console VBD VBD_metrics VDI SR PBD VIF VIF_metrics network \
	PIF PIF_metrics VLAN Bond task crashdump VTPM DPCI PCI DSCSI DSCSI_HBA XSPolicy ACMPolicy; do
	check "$cls.get_all" api $cls.get_all >"$scratch/all"
	n=$(json <"$scratch/all")
	check "$cls.get_all_records" api $cls.get_all_records >"$scratch/records"
	same "records of $cls" "$n" "$(json <"$scratch/records")"
	[ "$n" = 0 ] && continue
	ref=$(json 0 <"$scratch/all")
	same "$cls.get_uuid" "$(json "$ref" uuid <"$scratch/records")" "$(api $cls.get_uuid "$ref")"
	same "$cls.get_by_uuid" "$ref" "$(api $cls.get_by_uuid "$(api $cls.get_uuid "$ref")")"
done
for cls in VTPM DSCSI DSCSI_HBA; do
	expect_status 1 api $cls.create '{}'
	same "why there is none" "NOT_IMPLEMENTED $cls.create" "$out"
done

# Processors.
cpus=$(refs host_cpu.get_all)
same "as many as xm info tells" "$(xm info nr_cpus 2>/dev/null || xm info | sed -n 's/^nr_cpus *: //p')" \
	"$(echo "$cpus" | wc -l)"
cpu=$(echo "$cpus" | head -n 1)
check "its record" api host_cpu.get_record "$cpu" >"$scratch/cpu"
contains "vendor" "$(json vendor <"$scratch/cpu")" '^(GenuineIntel|AuthenticAMD)'
contains "features" "$(json features <"$scratch/cpu")" '^[0-9a-f]{8}-'
contains "flags" "$(json flags <"$scratch/cpu")" 'fpu'
pool0=$(refs cpu_pool.get_by_name_label Pool-0)
same "its pool" "$pool0" "$(json cpu_pool 0 <"$scratch/cpu")"
same "none is free" "" "$(refs host_cpu.get_unassigned_cpus)"

# A pool: made, started with the second processor, a guest in it, and the end.
lab=$(api cpu_pool.create '{"name_label":"lab","ncpu":1,"proposed_CPUs":["1"]}')
expect_status 1 api cpu_pool.create '{"name_label":"lab"}'
same "names are unique" "UNIQUE_NAME_ERROR lab cpu_pool" "$out"
expect_status 1 api cpu_pool.create '{"name_label":"x","sched_policy":"fast"}'
same "schedulers" "UNKOWN_SCHED_POLICY fast" "$out"
same "not activated" false "$(api cpu_pool.get_activated "$lab")"
expect_status 1 api cpu_pool.activate "$lab"
same "no processor is free" "INSUFFICIENT_CPUS 1 0" "$out"
second=
for r in $cpus; do [ "$(api host_cpu.get_number "$r")" = 1 ] && second=$r; done
check "take it out of pool 0" api cpu_pool.remove_host_CPU_live "$pool0" "$second"
same "it is free" "$second" "$(refs host_cpu.get_unassigned_cpus)"
expect_status 1 api cpu_pool.remove_host_CPU_live "$pool0" "$second"
contains "not twice" "$out" "^INVALID_CPU $second "
first=$(refs cpu_pool.get_host_CPUs "$pool0")
expect_status 1 api cpu_pool.remove_host_CPU_live "$pool0" "$first"
same "the last stays" "LAST_CPU_NOT_REMOVEABLE $pool0" "$out"
check "activate" api cpu_pool.activate "$lab"
same "it has it" "$second" "$(refs cpu_pool.get_host_CPUs "$lab")"
expect_status 1 api cpu_pool.activate "$lab"
same "not twice" "POOL_BAD_STATE $lab activated" "$out"
check "a guest in it" xm create -q "$(tiny_config p 'pool = "lab"')"
same "its pool" "$lab" "$(refs VM.get_cpu_pool @p)"
same "the pool's guest" "$(api VM.get_uuid @p)" "$(refs cpu_pool.get_started_VMs "$lab")"
expect_status 1 api cpu_pool.deactivate "$lab"
same "not while it is there" "POOL_BAD_STATE $lab activated" "$out"
restart_xld
same "it is known after a restart" true "$(api cpu_pool.get_activated "$lab")"
check "the guest moves" api VM.cpu_pool_migrate @p "$pool0"
same "its pool" "$pool0" "$(refs VM.get_cpu_pool @p)"
check "the end" xm destroy p
check "deactivate" api cpu_pool.deactivate "$lab"
check "give it back" api cpu_pool.add_host_CPU_live "$pool0" "$second"
expect_status 1 api cpu_pool.add_host_CPU_live "$pool0" "$second"
contains "not twice" "$out" "^INVALID_CPU $second "
check "destroy" api cpu_pool.destroy "$lab"
expect_status 1 api cpu_pool.get_record "$lab"
same "it has gone" "HANDLE_INVALID cpu_pool $lab" "$out"

# The host's names are its owner's, and outlive the daemon.
was=$(api host.get_name_label "$host")
check "a name" api host.set_name_label "$host" rack-7
restart_xld
same "kept" rack-7 "$(api host.get_name_label "$host")"
same "the same host" "$host" "$(refs host.get_all)"
check "as it was" api host.set_name_label "$host" "$was"
check "a pool for later" api cpu_pool.set_ncpu "$(api cpu_pool.create '{"name_label":"lab","ncpu":1}')" 2
lab=$(refs cpu_pool.get_by_name_label lab)
same "kept" 2 "$(api cpu_pool.get_ncpu "$lab")"
expect_status 1 api cpu_pool.set_name_label "$lab" 17
contains "no numbers" "$out" '^VALUE_NOT_SUPPORTED name_label 17'
check "destroy" api cpu_pool.destroy "$lab"
expect_status 1 api cpu_pool.set_ncpu "$pool0" 1
contains "not Xen's own" "$out" '^OPERATION_NOT_ALLOWED'

# What a guest says.
check "a guest" xm create -q "$(tiny_config q)"
domid=$(xm domid q)
for f in feature-reboot feature-poweroff; do
	says() { [ "$(api VM_guest_metrics.get_other "$(api VM.get_guest_metrics @q)" | "$progs/prog_json" $f)" = 1 ]; }
	check "it answers $f" wait_for 20 says
done
xenstore-write "/local/domain/$domid/data/os_name" "$(printf 'tiny\001<&>')"
same "its words are cleaned" '{"name":"tiny?<&>"}' \
	"$(api VM_guest_metrics.get_os_version "$(api VM.get_guest_metrics @q)")"
expect_status 1 api VM.send_sysrq @q hh
contains "one key" "$out" "^INVALID_VALUE key"
check "sysrq" api VM.send_sysrq @q h
same "as the store has it" h "$(xenstore-read "/local/domain/$domid/control/sysrq")"
check "the end" xm destroy q

# The host's own.
contains "its log" "$(api host.get_log "$host")" 'xld.* on Xen'
contains "Xen's log" "$(api host.dmesg "$host")" 'Xen'
check "debug keys" api host.send_debug_keys "$host" h
contains "heard" "$(api host.dmesg "$host")" 'show this message'
same "processors of the host" "$(echo "$cpus" | sort)" "$(refs host.get_host_CPUs "$host" | sort)"
pci=$(refs PPCI.get_all | head -n 1)
[ -n "$pci" ] || fail "a host without PCI functions"
check "a function" api PPCI.get_record "$pci" >"$scratch/pci"
name=$(json name <"$scratch/pci")
same "its vendor" "$(($(cat "/sys/bus/pci/devices/$name/vendor")))" "$(json vendor_id <"$scratch/pci")"
