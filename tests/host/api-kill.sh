#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# depth: full
# timeout: 1500
# kill -9 of the API server at every named step of what is done to a machine: new,
# start, shutdown, destroy, suspend, resume, rename, delete, create. The core does all of
# what it was asked for; the server is there again, and tells what is so.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
cleanup 'restart_xld; for g in k l; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'
creates="files device-prepare bootloader memory intent domain limits channels worker
	store device-nodes build claim introduce console device-ready devmodel record
	hold commit run"
ends="destroy-intent destroy-pause destroy-devmodel destroy-devices
	destroy-console destroy-domain destroy-store destroy-record"
saves="save-intent save-file save-send save-suspend save-model save-write save-name
	save-named"
state_is() { [ "$(api VM.get_power_state "@$1")" = "$2" ]; }
is_gone_from_api() { xm list >/dev/null && ! api VM.get_uuid "@$1"; }
domains() { "$progs/prog_facts" domains; }

# dies_at STEP CMD...: the server dies there, and another one answers.
dies_at() {
	local step=$1 old

	shift
	note "death at $step: $*"
	restart_xld "XLD_STEP=$step:api"
	check "it answers" wait_for 20 xm list
	old=$(pids xld-api)
	"$@" >"$scratch/out" 2>&1
	another() { [ "$(pids xld-api)" != "$old" ] && xm list; }
	wait_for 30 another || fail "xld-api lives after $step of $*: $(cat "$scratch/out")"
}
# one_truth WHAT DOMAINS: what is so for Xen, the records and the intents.
one_truth() {
	settled() { [ "$(domains)" = "$1" ] && [ -z "$(ls /run/xld/intents)" ]; }
	wait_for 30 settled "$2" ||
		fail "$1: $(domains) domains, not $2; intents: $(ls /run/xld/intents)"
	same "$1: records" $(($2 - 1)) "$(find /run/xld/domains -name '*.json' | wc -l)"
}
# each STEPS STATE DOMAINS CMD...: the machine k is in that state after each death; then
# it is brought back by `back`.
each() {
	local steps=$1 state=$2 n=$3 step

	shift 3
	for step in $steps; do
		dies_at "$step" "$@"
		wait_for 60 state_is k "$state" || fail "$step of $*: k is not $state"
		one_truth "$step of $*" "$n"
		restart_xld
		back
	done
}

check "new" xm new -q "$(tiny_config k 'extra="tick=500"')"
back() { check "destroy" xm destroy k; }
each "$creates" Running 2 xm start k
back() { check "start" xm start k; }
back
each "$ends" Halted 1 xm destroy k
each "end-asked $ends" Halted 1 xm shutdown -w k
back() { check "resume" xm resume k; }
each "$saves destroy-domain destroy-record" Suspended 1 xm suspend k
check "suspend" xm suspend k
back() { check "suspend" xm suspend k; }
each "$creates" Running 2 xm resume k

check "resume" xm resume k
from=k to=l
for step in state-write state-written set-record set-done; do
	dies_at $step xm rename $from $to
	named() { state_is $to Running; }
	check "rename, $step: it has its new name" wait_for 20 named
	one_truth "rename, $step" 2
	[ $to = l ] && { from=l to=k; } || { from=k to=l; }
done
check "destroy" xm destroy k

for step in state-write state-written new-kept; do
	dies_at $step xm new -q "$(tiny_config l)"
	check "new, $step: it is there" wait_for 20 state_is l Halted
	one_truth "new, $step" 1
	restart_xld
	check "delete" xm delete l
done
for step in state-delete state-deleted delete-removed; do
	check "new" xm new -q "$(tiny_config l)"
	dies_at $step xm delete l
	check "delete, $step: it is gone" wait_for 20 is_gone_from_api l
	one_truth "delete, $step" 1
done
for step in $creates; do
	dies_at $step xm create -q "$(tiny_config l)"
	check "create, $step: it runs" wait_for 60 state_is l Running
	one_truth "create, $step" 2
	restart_xld
	check "destroy" xm destroy l
done
check "delete" xm delete k
