#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# cpus: 2
# Where vCPUs may run, as Debian's xl sees it afterwards (on the one hypervisor it
# knows; elsewhere Xen is asked by a program of ours): cpus, cpus_soft and cpu in
# their spellings, pools by name and number, and what the host has not.
. "$(dirname "$0")/lib.sh"
cleanup 'xm destroy at 2>/dev/null'

xenstore-ls -f / >"$scratch/before"
# "hard / soft" of each vCPU, as xl writes them.
seen() {
	if grep -qx 17 /sys/hypervisor/version/minor; then
		$peer/xl vcpu-list at | awk 'NR > 1 { print $7, $8, $9 }' | paste -sd,
	else
		"$progs/prog_facts" affinity "$(xm domid at)" | paste -sd,
	fi
}

# placed WANT LINE...: a guest with these lines has its vCPUs there.
placed() {
	local want=$1 config
	shift
	config=$(tiny_config at 'vcpus = 2' "$@")
	check "a guest with $*" xm create -q -p "$config"
	same "its vCPUs with $*" "$want" "$(seen)"
	check "its end" xm destroy at
}
placed 'all / all,all / all'
placed '0 / all,0 / all' 'cpus = "0"'
placed '1 / all,1 / all' 'cpus = 1'
placed '0 / all,1 / all' 'cpus = ["0", "1"]'
placed '1 / all,all / all' 'cpus = ["^0"]'
placed '1 / all,all / all' 'cpu = 1'
placed 'all / 1,all / 1' 'cpus_soft = "all,^0"'
placed '0 / all,all / 1' 'cpus = ["0", "0-1"]' 'cpus_soft = ["all", "1"]'
placed 'all / all,all / all' 'cpus = "node:0"' 'pool = "Pool-0"'
placed 'all / all,all / all' 'pool = "0"'

# refused STATUS MESSAGE LINE...
refused() {
	local status=$1 message=$2 config
	shift 2
	config=$(tiny_config at 'vcpus = 2' "$@")
	expect_status "$status" xm create "$config"
	contains "the message" "$err" "$message"
	same "one line" 1 "$(wc -l <"$scratch/err")"
}
refused 2 "there is no processor 7, the host has 2 processors" 'cpus = "7"'
refused 2 "there is no node 3" 'cpus_soft = "node:3"'
refused 2 "at.cfg:5:8: processors '0-': a range goes" 'cpus = "0-"'
refused 2 "has 3 sets of processors, the guest has 2 vCPUs" 'cpus = ["0", "1", "0"]'
refused 2 "there is no CPU pool 'deep'" 'pool = "deep"'

check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
