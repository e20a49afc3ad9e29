#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 400
# Within the host a guest goes from one domain to another: live and not, PV and PVH, its
# memory verified by itself while it is written to; transient and kept machines keep
# name and uuid; one that would stand still for too long stays where it is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

cleanup 'for g in s m s--incoming m--incoming; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'
log=/var/log/xld/xld.log
# go WHAT OPTIONS -- LINE...
go() {
	local what=$1 opts=() domid uuid n=0
	shift
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift

	check "$what: a guest" xm create -q "$(tiny_config s 'memory=64' "$@")"
	check "it is up" wait_for 60 says s 'tick 3'
	uuid=$(uuid_of s)
	for n in 1 2; do
		domid=$(xm domid s)
		check "it goes" xm migrate "${opts[@]}" s localhost
		[ "$(xm domid s)" != "$domid" ] || fail "the same domain"
		same "its uuid" "$uuid" "$(uuid_of s)"
		check "it says so" wait_for 60 says s "TINY RESUMED $n"
		before=$(ticks s)
		check "it ticks on" wait_for 60 goes_on s "${before:-0}"
		verified s
		it_is_one
		note "$(grep 'rounds' $log | tail -n 1)"
	done
	check "it shuts down" timeout 60 xm shutdown -w s
	same "nothing is left" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
	same "nor in the store" "" "$(xenstore-list /vm | grep -v 00000000)"
}
go "PVH" -- 'type="pvh"' 'extra="tick=200 dirty=500,3000"'
go "PVH, live" --live -- 'type="pvh"' 'extra="tick=200 dirty=2000,6000"'
go "PV, live" --live -- 'extra="tick=200 dirty=2000,6000"'
go "PV, live, by sums" --live --by-sums -- 'extra="tick=200 dirty=2000,6000"'

# A limit that cannot be kept: it stays, and says why.
check "a guest" xm create -q "$(tiny_config s 'memory=64' 'type="pvh"' \
	'extra="tick=200 dirty=20000,8000"')"
check "it is up" wait_for 60 says s 'tick 3'
domid=$(xm domid s)
expect_status 1 xm migrate --live --strict --downtime 1 --rounds 3 -r 80 s localhost
contains "it says why" "$err" 'would stand still for [0-9]+ ms, and may for 1'
same "the same domain" "$domid" "$(xm domid s)"
verified s
it_is_one
expect_status 1 xm migrate s nowhere.example


check "destroy" xm destroy s

# A machine that is kept stays so.
check "new" xm new -q "$(tiny_config m 'extra="tick=200 dirty=200,1000"')"
check "start" xm start m
check "it is up" wait_for 60 says m 'tick 2'
uuid=$(uuid_of m)
check "it goes" xm migrate --live m localhost
same "its uuid" "$uuid" "$(uuid_of m)"
verified m
restart_xld
same "after a restart" "$uuid" "$(uuid_of m)"
same "its state" Running "$(api VM.get_power_state @m)"
check "it shuts down" timeout 60 xm shutdown -w m
same "it is kept" Halted "$(api VM.get_power_state @m)"
check "start" xm start m
check "destroy" xm destroy m
check "delete" xm delete m
