# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Words of the tests of devices, behind lib.sh. The script has `clean WHAT` (nothing of
# devices is left) and a guest g.

# stores_clean WHAT: nodes are as in $scratch/before, and there are no records.
stores_clean() {
	xenstore-ls -f / >"$scratch/now"
	diff "$scratch/before" "$scratch/now" >&2 || fail "$1: nodes stay"
	same "$1: records" "domains/json intents/json" \
		"$(cd /run/xld && echo domains/*json intents/*json | tr -d '*')"
}

# cut_short CONFIG: guest g's creation, its attach_one and detach_one, and its end are
# cut short at each step of the devices; has_one says whether the device is there.
cut_short() {
	local step

	for step in device-prepare device-nodes device-ready record run; do
		restart_xld "XLD_STEP=$step"
		expect_status 1 xm create "$1"
		contains "the step is named" "$err" "$step: a fault was injected"
		restart_xld
		clean "a creation that fails at $step"
		restart_xld "XLD_STEP=$step:kill"
		cut_off xm create -q "$1"
		restart_xld
		expect_status 3 xm domid g
		clean "xld killed at $step"
	done
	check "a guest" xm create -q "$1"
	for step in device-prepare device-record device-nodes device-connect \
		device-kept; do
		restart_xld "XLD_STEP=$step:kill"
		cut_off attach_one
		restart_xld
		has_one && fail "$step: the device stays"
	done
	for step in device-ask device-closed device-off; do
		check "attach" attach_one
		restart_xld "XLD_STEP=$step:kill"
		cut_off detach_one
		restart_xld
		check "$step: the detach is finished" wait_for 20 has_none
	done
	restart_xld "XLD_STEP=destroy-devices:kill"
	cut_off xm destroy g
	restart_xld
	expect_status 3 xm domid g
	clean "xld killed in a destroy"
}
has_none() { ! has_one; }
