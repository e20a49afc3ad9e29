#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# What scripts for xl say, said to the program by that name: what it prints, beside
# Debian's xl on the one hypervisor that knows, and what it ends with.
. "$(dirname "$0")/lib.sh"

theirs=$peer/xl
json=$progs/prog_json
has_xl() { grep -qx 17 /sys/hypervisor/version/minor; }
cleanup 'xm destroy small >/dev/null 2>&1'
PATH=/usr/libexec/xld/bin:$PATH
same "which one" /usr/libexec/xld/bin/xl "$(type -p xl)"
# alike WORD...: both print the same.
alike() { ! has_xl || same "xl $*" "$("$theirs" "$@")" "$(xl "$@")"; }

config=$(tiny_config small 'extra = "tick=200"')
expect_status 0 xl -v create -e -p "$config"
contains "which file" "$out" "^Parsing config from $config\$"
id=$(xl domid small)
alike domid small
alike domname "$id"
alike list small
alike vm-list
! has_xl || same "vCPUs, but for blanks" "$("$theirs" vcpu-list small | tr -s ' ')" \
	"$(xl vcpu-list small | tr -s ' ')"
same "its name" small "$(xl list -l small | "$json" 0 config c_info name)"
same "its id" "$id" "$(xl list -l | "$json" 1 domid)"
same "its kind" pv "$(xl list -l small | "$json" 0 config c_info type)"
same "its vCPUs" 1 "$(xl list -l small | "$json" 0 config b_info max_vcpus)"

# --- what scripts do ----------------------------------------------------------------
same "a loop over names" "Domain-0 small" "$(xl list | awk 'NR > 1 { print $1 }' | xargs)"
same "its state" --p--- "$(xl list | awk '$1 == "small" { print $5 }')"
check "shorter" xl unp small
check "both sets" xl vcpu-pin -f small all 0 all
check "more, in xl's words" xl mem-max -h >/dev/null
check "a key" xl sysrq small s
check "its end" xl destroy -f small
for words in 'domid small' 'destroy small' 'pause small'; do
	# shellcheck disable=SC2086
	expect_status 1 xl $words
	contains "xl $words" "$err" 'small is an invalid domain identifier'
done
expect_status 1 xl suspend Domain-0
contains "which suspend" "$err" "to the guest's memory, which this release does not"
expect_status 1 xl create -V "$config"
contains "no viewer" "$err" 'starts no viewer'
