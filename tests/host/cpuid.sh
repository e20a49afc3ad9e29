#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# The processors a guest sees: what its configuration says of them is what its own
# CPUID instructions answer; what Xen does not grant is refused by name.
. "$(dirname "$0")/lib.sh"

cleanup 'xm destroy seen 2>/dev/null'

# leaf LEAF REG: the value the guest printed last.
leaf() {
	local line=${log##*"CPUID $1 "}
	line=${line%%$'\n'*}
	line=${line#*"$2 "}
	echo $((16#${line:0:8}))
}
# guest TYPE LINE...: creates it, $log is what it said of its processors.
guest() {
	local config
	config=$(tiny_config seen "type = '$1'" 'extra = "cpuid"' "${@:2}")
	check "a $1 guest, ${*:2}" xm create -q "$config"
	said() { log=$(xm console -l seen); [[ $log == *'CPUID END'* ]]; }
	end=$((SECONDS + 60))
	until said; do [ $SECONDS -lt $end ] || fail "it says nothing: $log"; pause 0.3; done
	check "its end" xm destroy seen
}
bit() { echo $(($(leaf "$1" "$2") >> $3 & 1)); }

# Xen's leaf of the TSC: how it goes, and whether Xen answers for it itself.
tsc() {
	same "the mode of the TSC" "$1" "$(leaf 40000003.0 b)"
	[ -z "$2" ] || same "whether it is emulated" "$2" "$(bit 40000003.0 a 0)"
}

# SSE3 is bit 0 of 1.c, RDTSCP and NX 27 and 20 of 80000001.d, CX16 13 of 1.c.
guest pv
same "sse3 by default" 1 "$(bit 1.0 c 0)"
same "nx by default" 1 "$(bit 80000001.0 d 20)"
same "an invariant TSC" 0 "$(bit 80000007.0 d 8)"
tsc 0 ''
family=$(leaf 1.0 a)
guest pv 'cpuid = "host,sse3=0,cmpxchg16=0,stepping=9"' 'tsc_mode = "native"'
tsc 2 0
same "sse3" 0 "$(bit 1.0 c 0)"
same "cx16" 0 "$(bit 1.0 c 13)"
same "stepping" $((family & ~15 | 9)) "$(leaf 1.0 a)"

guest pvh 'maxvcpus = 3'
same "sse3 by default" 1 "$(bit 1.0 c 0)"
same "ids of logical processors" 8 $(($(leaf 1.0 b) >> 16 & 255))
same "htt" 1 "$(bit 1.0 d 28)"
same "cores, less one" 7 $(($(leaf 80000008.0 c) & 255))
guest pvh 'cpuid = [ "1:ecx=xxxxxxxxxxxxxxxxxx0xxxxxxxxxxxx0, edx=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxk",' \
	'	"host,nx=k" ]' 'tsc_mode = "always_emulate"' 'nomigrate = 1'
tsc 1 1
note "an invariant TSC: $(bit 80000007.0 d 8)"
same "sse3" 0 "$(bit 1.0 c 0)"
same "cx16" 0 "$(bit 1.0 c 13)"
same "fpu" 1 "$(bit 1.0 d 0)"
same "nx" 1 "$(bit 80000001.0 d 20)"

# What this host has not got.
for type in pv pvh; do
	config=$(tiny_config seen "type = '$type'" 'cpuid = "host,avx512f=1"')
	expect_status 2 xm create "$config"
	contains "which feature, and why" "$err" "avx512f=1.*(no such leaf|this host cannot give it)"
	expect_status 3 xm domid seen
done
config=$(tiny_config seen 'cpuid = "host,sse3=0,xyz=1"')
expect_status 2 xm create "$config"
contains "where" "$err" "seen.cfg:4:9: .*'xyz': no feature has that name"
