#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# cpus: 2
# nodes: 2
# Where vCPUs may run and memory comes from, as Debian's xl sees it afterwards (on
# the one hypervisor it knows; elsewhere Xen is asked by a program of ours): cpus,
# cpus_soft and cpu in their spellings, pools by name and number, what the host has
# not; which of two nodes a guest is put on, beside xl's choice, and why; nodes of
# its own.
. "$(dirname "$0")/lib.sh"

xl=$peer/xl
has_xl() { grep -qx 17 /sys/hypervisor/version/minor; }
cleanup 'for g in at big; do xm destroy $g 2>/dev/null; done
	has_xl && $xl destroy theirs 2>/dev/null; kill_all TERM xenconsoled'

xenstore-ls -f / >"$scratch/before"
# "hard / soft" of each vCPU, as xl writes them.
seen() {
	if has_xl; then
		$xl vcpu-list "${1:-at}" | awk 'NR > 1 { print $7, $8, $9 }' |
			paste -sd,
	else
		"$progs/prog_facts" affinity "$(xm domid "${1:-at}")" | paste -sd,
	fi
}
nodes() { "$progs/prog_facts" nodes "$(xm domid at)"; }

# placed WANT LINE...: a guest with these lines has its vCPUs there.
placed() {
	local want=$1 config
	shift
	config=$(tiny_config at 'vcpus = 2' "$@")
	check "a guest with $*" xm create -q -p "$config"
	same "its vCPUs with $*" "$want" "$(seen)"
	check "its end" xm destroy at
}
placed '0 / all,0 / all' 'cpus = "0"'
placed '1 / all,1 / all' 'cpus = 1'
placed '0 / all,1 / all' 'cpus = ["0", "1"]'
placed '1 / all,all / all' 'cpus = ["^0"]'
placed '1 / all,all / all' 'cpu = 1'
placed 'all / 1,all / 1' 'cpus_soft = "all,^0"'
placed '0 / all,all / 1' 'cpus = ["0", "0-1"]' 'cpus_soft = ["all", "1"]'
placed '1 / all,1 / all' 'cpus = "nodes:0-1,^node:0"'
placed 'all / all,all / all' 'cpus = "nodes:all"' 'pool = "Pool-0"'
placed 'all / all,all / all' 'cpus = "all"' 'pool = "0"'

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

# --- nodes ------------------------------------------------------------------------
# Of two with a processor each; dom0 has taken its memory from one or from both.
config=$(tiny_config at)
expect_status 0 xm create -n "$config"
contains "what it would be" "$out" \
	'^Placement: for [0-9]+ MiB and 1 vCPU: node [01] \([0-9]+ MiB free, 1 processor, no vCPUs bound there\); not node [01] \([0-9]+ MiB free, 1 processor, .*: others have more room\)$'
first=$(sed -n 's/^Placement: .*vCPU: node \([01]\) .*/\1/p' <<<"$out")
contains "as JSON" "$(xm create -n --format json "$config")" \
	"\"placement\": *\"for .*node $first "
if has_xl; then
	cat >"$scratch/theirs.cfg" <<-CFG
		name = "theirs"
		memory = 16
		kernel = "/boot/guest/tiny"
	CFG
	check "Debian's xenconsoled" $peer/xenconsoled --pid-file=/run/xenconsoled.pid
	check "xl's" $xl create -q -p "$scratch/theirs.cfg"
	same "xl's choice" "all / $first" "$(seen theirs)"
	check "its end" $xl destroy theirs
	kill_all TERM xenconsoled
fi
check "it starts" xm create -q -p "$config"
same "its vCPU" "all / $first" "$(seen)"
same "its nodes" "$first" "$(nodes)"
# One that fills a node, bound to it: the next one goes to the other. (Of node 0 Xen
# keeps a part for devices that reach no further, as long as another has memory.)
check "its end" xm destroy at
free=$("$progs/prog_facts" node-free 1)
check "a big one" xm create -q -p "$(tiny_config big "memory = $((free - 40))" \
	'cpus = "node:1"')"
left=$("$progs/prog_facts" node-free 1)
[ "$left" -lt 100 ] || fail "$left MiB are left of $free on node 1"
expect_status 0 xm create -n "$(tiny_config at 'memory = 200')"
contains "the other one" "$out" \
	'1 vCPU: node 0 .*; not node 1 .*, 1 vCPU bound there: too little memory'
check "it starts" xm create -q -p "$(tiny_config at 'memory = 200')"
same "its vCPU" "all / 0" "$(seen)"
same "its nodes" 0 "$(nodes)"
check "its end" xm destroy at
check "the end of the big one" xm destroy big
# Two vCPUs need two processors, which are on two nodes; three are nowhere.
expect_status 0 xm create -n "$(tiny_config at 'vcpus = 2')"
contains "both" "$out" '2 vCPUs: node 0 .*, node 1 '
expect_status 0 xm create -n "$(tiny_config at 'vcpus = 3')"
contains "nowhere" "$out" '^Placement: anywhere: no nodes have [0-9]+ MiB free and 3 processors: node 0 .*too few processors'
expect_status 0 xm create -n "$(tiny_config at 'cpus = "0"')"
contains "by its own words" "$out" '^Placement: where cpus and cpus_soft say'
expect_status 0 xm create -n "$(tiny_config at 'pool = "deep"')"
contains "no such pool" "$out" "^Placement: nowhere: there is no CPU pool 'deep'"

# --- nodes of its own -----------------------------------------------------------------
vnuma='vnuma = [ [ "pnode=1", "size=24", "vcpus=1" ],
	[ "pnode=0", "size=40", "vcpus=0", "vdistances=30,10" ] ]'
for type in pv pvh; do
	before=$("$progs/prog_facts" node-free 1)
	config=$(tiny_config at "type = '$type'" 'memory = 64' 'vcpus = 2' "$vnuma")
	check "a $type guest of two nodes" xm create -q -p "$config"
	same "its vCPUs ($type)" 'all / 0,all / 1' "$(seen)"
	same "what Xen says of it ($type)" \
		"node 0: 0-0x1800000; node 1: 0x1800000-0x4000000; vcpus 1 0; distances 10 20 30 10" \
		"$("$progs/prog_facts" vnuma "$(xm domid at)")"
	after=$("$progs/prog_facts" node-free 1)
	[ $((before - after)) -ge 24 ] && [ $((before - after)) -le 34 ] ||
		fail "$type: node 1 had $before MiB free, then $after"
	check "its end" xm destroy at
done
refused 2 "at.cfg:5:9: vnuma, node 0: 'vCPU 1': it is on no node" \
	'vnuma = [ [ "pnode=0", "size=8", "vcpus=0" ], [ "pnode=0", "size=8", "vcpus=2" ] ]'
refused 2 "there is no node 5" \
	'vnuma = [ [ "pnode=5", "size=16", "vcpus=0-1" ] ]'

# --- pools ----------------------------------------------------------------------------
if has_xl; then
	check "a processor leaves" $xl cpupool-cpu-remove Pool-0 1
	cleanup '$xl cpupool-destroy deep; $xl cpupool-cpu-add Pool-0 1'
	check "a pool" $xl cpupool-create 'name="deep"' 'cpus=["1"]'
	config=$(tiny_config at 'pool = "deep"')
	check "a guest in it" xm create -q -p "$config"
	contains "where it is" "$($xl list -c)" '^at .* deep$'
	same "nodes with processors of its pool" 1 "$(nodes)"
	check "its end" xm destroy at
	refused 2 "processors '0': none of them is in the guest's CPU pool 'deep'" \
		'pool = "deep"' 'cpus = "0"'
	refused 2 "processors '1': none of them is in the guest's CPU pool 'Pool-0'" \
		'cpus = "1"'
	$xl cpupool-destroy deep
	check "as before" $xl cpupool-cpu-add Pool-0 1
	cleanups=("${cleanups[@]:0:1}")
fi
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
