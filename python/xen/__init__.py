# SPDX-License-Identifier: LGPL-2.1-or-later
"""Xen's control interfaces: xen.xc the hypervisor, xen.evtchn and xen.gnttab
event channels and shared pages, xen.xs the store."""
