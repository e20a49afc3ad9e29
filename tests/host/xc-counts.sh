#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: none
# depth: full
# What a toolstack asks of libxenctrl costs no more system calls, and no more
# calls of the hypervisor, than with Debian's; prints both. DOMAINS and MIB: how
# large the largest list and mapping are.
. "$(dirname "$0")/lib.sh"
domains=${DOMAINS:-100} mib=${MIB:-16}
peer_lib=/usr/lib/xen-4.17/lib

traced() {
	local out=$1
	shift
	strace -qq -y -a 1 -e signal=none -o "$scratch/one" "$@" ||
		fail "status $? of: $*"
	cat "$scratch/one" >>"$scratch/$out"
}
both() {
	note "$*"
	traced debian -E "LD_LIBRARY_PATH=$peer_lib" "$progs/xcb-debian" list "$@"
	traced own "$progs/xcb-own" list "$@"
}

cleanup "$progs/xcb-own" unmake
both 4 "$mib"
for n in 20 "$domains"; do
	expect_status 0 "$progs/xcb-own" make "$n"
	same "domains" "$n" "$out"
	both
done
awk -f "$progs/xcb.awk" "$scratch/debian" "$scratch/own" ||
	fail "ours needs more calls"
