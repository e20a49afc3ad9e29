# SPDX-License-Identifier: LGPL-2.1-or-later
"""Xen's control interfaces: xen.xc the hypervisor, xen.xs the store."""
