#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 600
# A guest goes into a file and comes back: PV (with both forms of its p2m) and PVH,
# its memory verified by itself, its ticks going on where they were; checkpoints,
# paused ones; managed machines suspend and resume.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

cleanup 'for g in s m; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'

# round WHAT SUFFIX LINE...: SUFFIX is what a guest says of a suspension that ended where
# it began; a PVH guest that takes no upcalls cannot be told.
round() {
	local what=$1 cancelled=$2 before after
	shift 2

	check "$what: a guest" xm create -q "$(tiny_config s 'memory=64' "$@")"
	check "it is up" wait_for 60 says s 'tick 3'
	domid=$(xm domid s)
	check "save" xm save s "$image"
	expect_status 3 xm domid s
	same "the domain has gone" 1 "$(domains)"
	check "nothing else is left" no_rest
	check "restore" xm restore "$image"
	after=$(xm domid s)
	[ "$after" != "$domid" ] || fail "the same domain"
	check "it says so" wait_for 60 says s 'TINY RESUMED 1'
	before=$(ticks s)
	check "it ticks on" wait_for 60 goes_on s "${before:-0}"
	[ "$(ticks s)" -ge 3 ] || fail "its ticks began anew: $(ticks s)"
	verified s

	check "a checkpoint" xm save -c s "$image"
	same "the same domain" "$after" "$(xm domid s)"
	check "it says so" wait_for 60 says s "TINY RESUMED 2$cancelled"
	verified s
	check "destroy" xm destroy s
	check "back to the checkpoint" xm restore -p "$image"
	contains "it is paused" "$(xm list s)" ' -[b-]p--- '
	check "unpause" xm unpause s
	check "it goes on" wait_for 60 says s 'TINY RESUMED 2$'
	verified s
	check "it shuts down" timeout 60 xm shutdown -w s
}
round "PV" ' cancelled' 'extra="tick=200 dirty=500,6000"'
round "PV, tree" ' cancelled' 'extra="tick=200 dirty=500,3000 p2m=tree"'
round "PVH" '' 'type="pvh"' 'extra="tick=200 dirty=500,6000"'

# An image of mostly empty memory is small.
check "an idle guest" xm create -q "$(tiny_config s 'memory=64' 'extra="tick=200"')"
check "it is up" wait_for 60 says s 'tick 2'
check "save" xm save s "$image"
bytes=$(stat -c %s "$image")
note "64 MiB, mostly empty: $bytes bytes"
[ "$bytes" -lt $((64 * 1048576 * 3 / 10)) ] || fail "$bytes bytes"
check "restore" xm restore "$image"
check "save, for xl too" xm save --compat s "$image"
[ "$(stat -c %s "$image")" -gt $((64 * 1000000)) ] || fail "pages are missing"
check "restore" xm restore "$image"
check "destroy" xm destroy s

# Managed: suspended, over a restart of the daemon, and resumed.
check "new" xm new -q "$(tiny_config m 'extra="tick=200 dirty=200,1000"')"
check "start" xm start m
check "it is up" wait_for 60 says m 'tick 2'
check "suspend" xm suspend m
same "its state" Suspended "$(api VM.get_power_state @m)"
same "no domain" 1 "$(domains)"
expect_status 4 xm start m
restart_xld
same "its state, after a restart" Suspended "$(api VM.get_power_state @m)"
check "resume" xm resume m
same "its state" Running "$(api VM.get_power_state @m)"
check "it goes on" wait_for 60 says m 'TINY RESUMED 1'
verified m
same "its image has gone" "" "$(ls /var/lib/xld/suspended)"
check "suspend again" xm suspend m
check "its state is discarded" xm destroy m
same "halted" Halted "$(api VM.get_power_state @m)"
same "its image has gone" "" "$(ls /var/lib/xld/suspended)"
check "delete" xm delete m
same "no record is left" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
