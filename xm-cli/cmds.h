/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every command, once, in the order of the help: F(identifier). The row is
 * cmd_identifier, in the file of its family.
 */
#ifndef XM_CMDS_H
#define XM_CMDS_H

#include "xm.h"

/* clang-format off */
#define XM_COMMANDS(F) \
	F(console) \
	F(create) \
	F(new) \
	F(start) \
	F(delete) \
	F(destroy) \
	F(domid) \
	F(domname) \
	F(domstate) \
	F(dump_core) \
	F(list) \
	F(vm_list) \
	F(mem_max) \
	F(mem_set) \
	F(migrate) \
	F(migrate_resolve) \
	F(pause) \
	F(reboot) \
	F(rename) \
	F(reset) \
	F(restore) \
	F(resume) \
	F(save) \
	F(shutdown) \
	F(snapshot_create) \
	F(snapshot_list) \
	F(snapshot_revert) \
	F(snapshot_delete) \
	F(stop_guests) \
	F(suspend) \
	F(sysrq) \
	F(trigger) \
	F(button_press) \
	F(unpause) \
	F(top) \
	F(uptime) \
	F(vcpu_list) \
	F(vcpu_pin) \
	F(vcpu_set) \
	F(block_attach) \
	F(block_configure) \
	F(block_detach) \
	F(block_list) \
	F(cd_eject) \
	F(cd_insert) \
	F(network_attach) \
	F(network_detach) \
	F(network_list) \
	F(network_new) \
	F(network_del) \
	F(network_show) \
	F(pci_attach) \
	F(pci_detach) \
	F(pci_list) \
	F(pci_assignable_add) \
	F(pci_assignable_list) \
	F(pci_assignable_remove) \
	F(pci_list_assignable_devices) \
	F(sched_credit) \
	F(sched_credit2) \
	F(sched_rtds) \
	F(cpupool_create) \
	F(cpupool_new) \
	F(cpupool_start) \
	F(cpupool_list) \
	F(cpupool_rename) \
	F(cpupool_destroy) \
	F(cpupool_delete) \
	F(cpupool_cpu_add) \
	F(cpupool_cpu_remove) \
	F(cpupool_migrate) \
	F(cpupool_numa_split) \
	F(events) \
	F(event_monitor) \
	F(wait) \
	F(debug_keys) \
	F(dmesg) \
	F(info) \
	F(host_trust) \
	F(log) \
	F(check) \
	F(diff) \
	F(doctor) \
	F(help)
/* clang-format on */

#define XM_DECLARE(id) extern const struct xm_cmd cmd_##id;
XM_COMMANDS(XM_DECLARE)
#undef XM_DECLARE

#endif
