#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# mem: 8192
# timeout: 2400
# Creation of a PV and of a PVH guest cut short at every place: each hypercall of
# it fails once, the process that makes it is killed there, each step fails, the
# daemon is killed at each step. Afterwards nothing is left: no domain, no node, no
# memory, no record. The default depth takes two hypercalls of PV's and three of
# PVH's, others in each hour, and one way to end at each step (of PV's); --full takes
# all.
. "$(dirname "$0")/lib.sh"

config=$(tiny_config cut)
hour=$(($(date +%s) / 3600))
full=
[ "${XLD_DEPTH:-default}" = full ] && full=1
faults
steps="files memory intent domain limits channels build claim store introduce
	console record run"
ends="destroy-intent destroy-pause destroy-console destroy-domain
	destroy-store destroy-record"

stop_xld() { kill_all KILL xld; wait_for 10 none_of xld-api; }
start_xld() { check "xld starts" env "$@" /usr/sbin/xld --daemon; }
up() { xm list >/dev/null 2>&1; }

# The books: what must be as it was.
books() {
	echo "domains $("$progs/prog_facts" domains)"
	echo "free pages $("$progs/prog_facts" free-pages)"
	echo "channels $("$progs/prog_facts" channels)"
	ls /run/xld/domains /run/xld/intents
	xenstore-ls -f /
}
nothing_left() {
	local try
	# A worker that was killed lets go of its pages a moment later.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		books >"$scratch/now"
		cmp -s "$scratch/books" "$scratch/now" && return
		sleep 0.3
	done
	diff "$scratch/books" "$scratch/now" >&2
	fail "left after $*"
}

cleanup 'unset XLD_FAULT_FILE; stop_xld; /usr/sbin/xld --daemon; xm destroy cut 2>/dev/null'
stop_xld
start_xld A=1
for _ in 1 2 3 4 5; do
	check "a life" xm create -q "$config"
	check "its end" xm destroy cut
done
books >"$scratch/books"

# sweep WHAT COUNT: the calls of a creation from $config, that many of them.
sweep() {
	local what=$1 total every=1 first n failed=0

	# How many there are; the daemon's own listing has some, too.
	arm 0 0
	check "a whole creation, $what" xm create -q "$config"
	total=$(calls)
	check "its end" xm destroy cut
	nothing_left "a whole creation, $what"
	[ "$total" -gt 20 ] || fail "only $total calls were counted"
	[ "$full" ] || every=$((total / $2))
	first=$((hour % every + 1))
	echo "$what: $total calls, every $every from $first"

	for ((n = first; n <= total; n += every)); do
		arm $n 12
		if xm create -q "$config" >"$scratch/out" 2>&1; then
			# A call that may fail, such as a listing.
			arm 0 0
			check "the end after call $n" xm destroy cut
		else
			failed=$((failed + 1))
			arm 0 0
			same "one line at call $n: $(cat "$scratch/out")" 1 \
				"$(wc -l <"$scratch/out")"
		fi
		nothing_left "call $n failing, $what"
	done
	# Of two or three each may be one that may fail.
	[ -z "$full" ] || [ $failed -gt $((total / 2)) ] ||
		fail "only $failed of $((total / every)) failures were noticed"

	for ((n = first; n <= total; n += every)); do
		arm $n 0
		xm create -q "$config" >"$scratch/out" 2>&1
		arm 0 0
		if ! up; then
			stop_xld
			start_xld A=1
		fi
		xm destroy cut >/dev/null 2>&1
		nothing_left "death at call $n, $what"
	done
}

# Which of the steps fail and which are killed alternates with the hour, too.
at_each_step() {
	local turn=$hour step

	for step in $steps; do
		stop_xld
		if [ $((turn++ % 2)) = 0 ] || [ "$full" ]; then
			start_xld XLD_STEP=$step
			expect_status 1 xm create -q "$config"
			contains "step $step fails" "$err" \
				"$step: a fault was injected"
			nothing_left "step $step failing, $1"
			[ "$full" ] || continue
			stop_xld
		fi
		start_xld XLD_STEP=$step:kill
		xm create -q "$config" >/dev/null 2>&1 &&
			fail "a creation lived through the death at $step"
		wait_for 10 none_of xld || fail "xld lives after $step:kill"
		start_xld A=1
		nothing_left "death at step $step, $1"
	done
}

sweep PV 2
at_each_step PV
stop_xld
start_xld A=1
config=$(tiny_config cut 'type = "pvh"' 'vcpus = 2')
sweep PVH 3
[ -z "$full" ] || at_each_step PVH
config=$(tiny_config cut)

for step in $ends; do
	stop_xld
	start_xld XLD_STEP=$step:kill
	check "a guest" xm create -q "$config"
	xm destroy cut >/dev/null 2>&1
	wait_for 10 none_of xld || fail "xld lives after $step:kill"
	start_xld A=1
	# Before its first step nothing was promised.
	[ $step = destroy-intent ] && xm destroy cut
	nothing_left "death at $step"
done
