# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Words of the tests that cut creations short, behind lib.sh. The library counts
# calls in $XLD_FAULT_FILE and fails one, or kills who makes it (libxenctrl/README).

export XLD_FAULT_FILE=$scratch/fault
head -c 24 /dev/zero >"$XLD_FAULT_FILE"

# u64 NUMBER: eight bytes.
u64() { printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)))\0\0\0\0\0\0"; }
# arm AT ERRNO: from now on count; at call AT fail with ERRNO, 0 = be killed.
arm() { { u64 0; u64 "$1"; u64 "$2"; } | dd of="$XLD_FAULT_FILE" conv=notrunc status=none; }
calls() { od -An -t u8 -N 8 "$XLD_FAULT_FILE" | tr -d ' '; }
