#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: none
# Each call to the hypervisor fails once with each error: one clear failure,
# nothing lost. A process is killed at the call that was asked for.
. "$(dirname "$0")/lib.sh"

export XLD_FAULT_FILE=$scratch/fault
head -c 24 /dev/zero >"$XLD_FAULT_FILE"
check "every call fails cleanly" "$progs/prog_xcfault"

# A count of 0, at call 2, no errno: killed there, having counted two.
printf '%b' '\0\0\0\0\0\0\0\0' '\02\0\0\0\0\0\0\0' '\0\0\0\0\0\0\0\0' \
	>"$XLD_FAULT_FILE"
expect_status 137 "$progs/prog_xc" --count
same "calls until the kill" 2 "$(od -An -t u8 -N 8 "$XLD_FAULT_FILE" | tr -d ' ')"
unset XLD_FAULT_FILE

expect_status 137 env XLD_FAULT=hypercall:3:kill "$progs/prog_xc" --count
expect_status 1 env XLD_FAULT=hypercall:1:12 "$progs/prog_xc" --count
contains "the sentence" "$out" 'FAIL open: .*Cannot allocate memory'
expect_status 0 env XLD_FAULT=hypercall:1000 "$progs/prog_xc" --count
same "domains" 1 "$out"
