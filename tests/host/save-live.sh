#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 600
# A guest that writes to its memory all the time is saved while it runs: by Xen's log of
# what it writes to (for PV guests where Xen has shadow paging), or by sums of pages.
# What it restores from is checked by itself. A worker that is killed leaves it running,
# and not watched.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

cleanup 'xm destroy s >/dev/null 2>&1'
log=/var/log/xld/xld.log
rounds() { grep 'rounds' "$log" | tail -n 1; }

# round WHAT LINE...
round() {
	local what=$1 before how domid
	shift

	check "$what: a guest" xm create -q "$(tiny_config s 'memory=64' "$@")"
	check "it is up" wait_for 60 says s 'tick 3'
	domid=$(xm domid s)
	note "$(xm console -l s | grep 'TINY mode')"
	check "save it while it runs" xm save --live "$s_opt" s "$image"
	how=$(rounds)
	note "$how; $(stat -c %s "$image") bytes"
	contains "rounds" "$how" '[0-9]+ rounds'
	case $what in
	*sums) contains "by sums" "$how" 'by sums of pages' ;;
	PVH) [[ $how != *sums* ]] || fail "$how" ;;
	esac
	same "the same domain" "$domid" "$(xm domid s)"
	verified s
	check "destroy" xm destroy s
	check "restore" xm restore "$image"
	check "it says so" wait_for 60 says s 'TINY RESUMED 1'
	before=$(ticks s)
	check "it ticks on" wait_for 60 goes_on s "${before:-0}"
	verified s
	check "once more, and it ends" xm save --live s "$image"
	expect_status 3 xm domid s
	check "nothing else is left" no_rest
	check "restore" xm restore "$image"
	check "it says so" wait_for 60 says s 'TINY RESUMED 2'
	verified s
	check "destroy" xm destroy s
}
s_opt=-c
round PVH 'type="pvh"' 'extra="tick=200 dirty=2000,6000"'
round PV 'extra="tick=200 dirty=2000,6000"'
round PV 'extra="tick=200 dirty=50,200 p2m=tree"'
restart_xld XLD_BY_SUM=1
round "PVH, sums" 'type="pvh"' 'extra="tick=200 dirty=2000,6000"'
round "PV, sums" 'extra="tick=200 dirty=2000,6000"'
round "PV, sums" 'extra="tick=200 dirty=50,200 p2m=tree"'
restart_xld

# In the middle of it the worker dies, or the daemon.
check "a guest" xm create -q "$(tiny_config s 'type="pvh"' 'memory=256' \
	'extra="tick=200 dirty=20000,40000"')"
check "it is up" wait_for 90 says s 'tick 3'
unharmed() {
	before=$(ticks s)
	check "the guest ticks on" wait_for 60 goes_on s "${before:-0}"
	verified s
	[ ! -e "$image" ] || fail "there is an image"
	check "nothing is left" wait_for 20 no_rest
}
# At once: what it does takes seconds.
kill_worker() {
	local p i

	for ((i = 0; i < 2000; i++)); do
		p=$(pids xld-image)
		[ -n "$p" ] && kill -9 "$p" && return
		pause 0.01
	done
	return 1
}
rm -f "$image"
xm save --live -c s "$image" >/dev/null 2>"$scratch/err" &
save=$!
check "the worker dies" kill_worker
wait $save && fail "it was saved all the same"
contains "it says so" "$(cat "$scratch/err")" 'xld-image was killed'
unharmed
restart_xld XLD_STEP=save-suspend:kill
cut_off xm save --live -c s "$image"
restart_xld
unharmed
check "it can be saved" xm save --live -c s "$image"
verified s
