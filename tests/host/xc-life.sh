#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: none
# The hypercalls of libxenctrl do what their header says on this hypervisor.
. "$(dirname "$0")/lib.sh"

"$progs/prog_xc" || fail "see the lines with FAIL"
