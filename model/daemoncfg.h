/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The settings of xld.conf(5): F(name, kind, default, min, max, help)
 * kind: NUMBER (from min to max), or WORDS (blanks between; min and max bound how
 * many). One setting is one row; who uses it reads it by its name.
 */
/* clang-format off */
#ifndef MODEL_DAEMONCFG_H
#define MODEL_DAEMONCFG_H

#define DAEMON_SETTINGS(F) \
F(http, WORDS, "", 0, 4, "Addresses where HTTP is spoken, as 127.0.0.1:9363") \
F(https, WORDS, "", 0, 4, "Addresses where HTTPS is spoken, as [::]:9367") \
F(dialect, WORDS, "auto", 1, 1, "auto, classic or modern: for sessions that begin there") \
F(certificate, WORDS, "", 0, 1, "File with the certificate of https and its chain, PEM") \
F(key, WORDS, "", 0, 1, "File with its key, PEM") \
F(migration, WORDS, "", 0, 4, "Addresses where trusted hosts move machines here, as [::]:8003") \
F(migration_kernel_tls, NUMBER, "0", 0, 1, "1: the kernel's TLS carries machines that move, where there is one") \
F(migration_silence_seconds, NUMBER, "8", 2, 600, "A host that is not heard for so long while a machine moves is gone") \
F(connections, NUMBER, "500", 8, 10000, "Connections at a time, for each address in http and https") \
F(connections_per_address, NUMBER, "100", 1, 10000, "The same, from one address of a client") \
F(request_seconds, NUMBER, "60", 1, 3600, "A connection without a complete request for so long ends") \
F(request_kib, NUMBER, "300", 16, 65536, "The largest request") \
F(sessions, NUMBER, "500", 1, 10000, "Sessions at a time") \
F(sessions_per_user, NUMBER, "100", 1, 10000, "The same, of one user") \
F(session_idle_minutes, NUMBER, "1440", 1, 525600, "A session that is not used for so long ends") \
F(session_hours, NUMBER, "720", 1, 87600, "No session is older") \
F(logins_failed, NUMBER, "5", 1, 1000, "Wrong passwords from one address in a minute, then it waits") \
F(calls_per_second, NUMBER, "1000", 0, 1000000, "Calls of one client, but for root on the local socket; 0: any number") \
F(pool_admin, WORDS, "root", 0, 64, "Users, and groups as @GROUP, who may do everything") \
F(pool_operator, WORDS, "", 0, 64, "Who may do everything but what gives power over domain 0") \
F(vm_power_admin, WORDS, "", 0, 64, "Who may make machines, and move and save them") \
F(vm_admin, WORDS, "", 0, 64, "Who may make machines") \
F(vm_operator, WORDS, "", 0, 64, "Who may start and stop machines") \
F(read_only, WORDS, "", 0, 64, "Who may look") \
F(dom0_floor_mib, NUMBER, "0", 0, 1048576, "Domain 0 gives machines that start memory down to so many MiB; 0: it gives none") \
F(shutdown_command, WORDS, "/sbin/shutdown -P now", 1, 16, "What host.shutdown runs: a program with its arguments, without a shell") \
F(reboot_command, WORDS, "/sbin/shutdown -r now", 1, 16, "What host.reboot runs") \
F(plugin_dir, WORDS, "/etc/xld/plugins", 1, 1, "Programs that host.call_plugin runs; VM.call_plugin those in its folder vm") \
F(plugin_seconds, NUMBER, "300", 1, 86400, "A plugin that takes longer is killed") \
F(pci_without_iommu, NUMBER, "0", 0, 1, "1: PV guests get PCI functions although they reach all memory with them") \
F(rrd_minutes, WORDS, "15", 1, 1, "Figures are sampled until nobody has asked for so long; always; never") \
F(rrd_guest_kib, NUMBER, "256", 32, 65536, "What the figures of a guest may take; of the host, eight times that") \
F(dump_folder, WORDS, "/var/lib/xen/dump", 1, 1, "Where cores of guests go") \
F(dump_files, NUMBER, "10", 0, 10000, "Cores that on_crash and the like have written; the oldest goes") \
F(dump_mib, NUMBER, "32768", 0, 1073741824, "Room for them, MiB; the oldest go")

#endif
