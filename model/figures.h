/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Figures that are recorded, by the names, units and times of XenServer's, which
 * its clients know.
 *   S(id, name, units, derived, most, doc)
 * name: %s is the number or the name of the part it is about. derived: a counter is
 * read, and what it grows by in a second is recorded. most: 0 = without a bound; none
 * is less than 0.
 *   A(steps, rows)
 * an archive: each row is of so many steps of RRD_STEP seconds.
 */
/* clang-format off */
#ifndef MODEL_FIGURES_H
#define MODEL_FIGURES_H

#define RRD_STEP 5
/* Seconds without a sample after which nothing is known of the time between. */
#define RRD_HEARTBEAT 30

#define RRD_ARCHIVES(A) \
A(1, 120) \
A(12, 120) \
A(720, 168) \
A(17280, 366)

#define RRD_CFS(F) \
F(AVERAGE) \
F(MIN) \
F(MAX)

#define RRD_HOST_SOURCES(S) \
S(HOST_CPU, "cpu%s", "(fraction)", 1, 1, "Part of the time that the processor was busy.") \
S(HOST_CPU_AVG, "cpu_avg", "(fraction)", 1, 1, "The same of all processors.") \
S(HOST_MEMORY_TOTAL, "memory_total_kib", "KiB", 0, 0, "Memory of the host.") \
S(HOST_MEMORY_FREE, "memory_free_kib", "KiB", 0, 0, "Memory that no domain has or is promised.") \
S(HOST_LOADAVG, "loadavg", "(fraction)", 0, 0, "Load average of domain 0 over a minute.") \
S(HOST_PIF_RX, "pif_%s_rx", "B/s", 1, 0, "Bytes a second that came by the card.") \
S(HOST_PIF_TX, "pif_%s_tx", "B/s", 1, 0, "Bytes a second that left by it.")

#define RRD_VM_SOURCES(S) \
S(VM_CPU, "cpu%s", "(fraction)", 1, 1, "Part of the time that the vCPU ran.") \
S(VM_MEMORY, "memory", "B", 0, 0, "Memory it has.") \
S(VM_MEMORY_TARGET, "memory_target", "B", 0, 0, "Memory its balloon driver is told to have.") \
S(VM_MEMORY_FREE, "memory_internal_free", "KiB", 0, 0, "Memory it says it does not use.") \
S(VM_VIF_RX, "vif_%s_rx", "B/s", 1, 0, "Bytes a second that it received by the interface.") \
S(VM_VIF_TX, "vif_%s_tx", "B/s", 1, 0, "Bytes a second that it sent by it.") \
S(VM_VBD_READ, "vbd_%s_read", "B/s", 1, 0, "Bytes a second that it read from the disk.") \
S(VM_VBD_WRITE, "vbd_%s_write", "B/s", 1, 0, "Bytes a second that it wrote to it.") \
S(VM_VBD_IOPS_READ, "vbd_%s_iops_read", "requests/s", 1, 0, "Requests a second to read from the disk.") \
S(VM_VBD_IOPS_WRITE, "vbd_%s_iops_write", "requests/s", 1, 0, "Requests a second to write to it.")

#endif
