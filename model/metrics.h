/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What /metrics tells: M(name, type, unit, help). A family is called xld_NAME; a
 * unit is the end of its name. Samples come from xld/metrics.c, those that begin
 * with api_ from xen-api/api_metrics.c.
 */
/* clang-format off */
#ifndef MODEL_METRICS_H
#define MODEL_METRICS_H

#define METRICS(M) \
M(host, info, , "Versions.") \
M(host_memory_bytes, gauge, bytes, "Memory of the host.") \
M(host_memory_free_bytes, gauge, bytes, "Memory that no domain has or is promised.") \
M(host_cpus, gauge, , "Processors that Xen runs.") \
M(domains, gauge, , "Domains and machines by what they do.") \
M(domain_cpu_seconds, counter, seconds, "Processor time of all its vCPUs.") \
M(domain_memory_bytes, gauge, bytes, "Memory it has.") \
M(domain_vcpus, gauge, , "vCPUs that are online.") \
M(vif_receive_bytes, counter, bytes, "What the guest has received by a network interface.") \
M(vif_transmit_bytes, counter, bytes, "What the guest has sent by it.") \
M(vbd_read_bytes, counter, bytes, "What the guest has read from a disk.") \
M(vbd_written_bytes, counter, bytes, "What it has written to it.") \
M(store_quota_used, gauge, , "What a domain has of xenstored.") \
M(store_quota_limit, gauge, , "What it may have; a quota that has none is not here.") \
M(tasks, gauge, , "Tasks by how they stand.") \
M(api_requests, counter, , "Requests that xld-api has taken since it began.") \
M(api_failures, counter, , "Those of them that were refused or failed.") \
M(api_refused, counter, , "Those that were too many of one client (calls_per_second).") \
M(api_events, counter, , "Events that it was told of.") \
M(api_connections, gauge, , "Connections, idle ones too.") \
M(api_sessions, gauge, , "Sessions.") \
M(api_consoles, gauge, , "Consoles that are watched.")

#endif
