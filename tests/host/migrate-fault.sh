#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# depth: full
# timeout: 1200
# A guest that writes to its memory moves within the host, and each step fails, or the
# daemon, which is both sides, dies at it: one of both domains runs, it is the old one
# until the new one is committed, and nothing of the other is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

cleanup 'restart_xld; for g in s s--incoming; do xm destroy $g; done >/dev/null 2>&1'
check "a guest" xm create -q "$(tiny_config s 'memory=64' 'type="pvh"' \
	'extra="tick=200 dirty=20000,8000"')"
check "it is up" wait_for 60 says s 'tick 3'
domid=$(xm domid s)

# Each step fails, on either side: it goes on where it was.
for step in migrate-hello migrate-offer migrate-send migrate-loaded save-suspend \
	device-prepare domain build record hold commit run; do
	restart_xld XLD_STEP=$step
	expect_status 1 xm migrate --live s localhost
	contains "$step" "$err" '.'
	same "$step: the same domain" "$domid" "$(xm domid s)"
	before=$(ticks s)
	check "$step: it ticks on" wait_for 60 goes_on s "${before:-0}"
	check "$step: one domain" wait_for 20 test "$(domains)" = 2
	it_is_one
done
verified s

# Death at each step: before it is committed it goes on here, later it is there.
for step in migrate-hello migrate-send save-suspend save-write domain build hold \
	incoming-loaded migrate-loaded migrate-commit migrate-committed incoming-commit \
	commit run incoming-running migrate-running destroy-domain destroy-record; do
	restart_xld XLD_STEP=$step:kill
	cut_off xm migrate --live s localhost
	restart_xld
	settled() { [ "$(domains)" = 2 ] && [ -z "$(ls /run/xld/intents)" ] && xm domid s; }
	check "$step: one is left" wait_for 30 settled
	now=$(xm domid s)
	case $step in
	run | incoming-running | migrate-running | destroy-*)
		[ "$now" != "$domid" ] || fail "$step: it was committed, and did not go" ;;
	*)
		same "$step: it was not committed" "$domid" "$now" ;;
	esac
	domid=$now
	before=$(ticks s)
	check "$step: it ticks on" wait_for 60 goes_on s "${before:-0}"
	verified s
	it_is_one
done
check "it goes" xm migrate --live s localhost
verified s
check "destroy" xm destroy s
