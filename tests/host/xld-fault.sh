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
as_before() {
	local try
	# A worker that was killed lets go of its pages a moment later.
	for try in 1 2 3 4 5 6 7 8 9 10; do
		books >"$scratch/now"
		cmp -s "$scratch/books" "$scratch/now" && return
		sleep 0.3
	done
	return 1
}
but_pages() { grep -v '^free pages' "$scratch/$1"; }
# leaves_nothing WHAT CASE...: what the case does. When only a page is missing it is
# done again: Xen's allocator of small things keeps a page more now and then. What is
# lost each time is lost.
leaves_nothing() {
	local what=$1 try

	shift
	for try in 1 2 3; do
		"$@"
		as_before && return
		[ "$(but_pages books)" = "$(but_pages now)" ] || break
		diff "$scratch/books" "$scratch/now" >&2
		[ $try = 3 ] || cp "$scratch/now" "$scratch/books"
	done
	diff "$scratch/books" "$scratch/now" >&2
	fail "left after $what"
}

cleanup 'unset XLD_FAULT_FILE; stop_xld; /usr/sbin/xld --daemon; xm destroy cut 2>/dev/null'
stop_xld
start_xld A=1
# What Xen allocates for the first domains of a kind it keeps.
for kind in pvh pv; do
	config=$(tiny_config cut "type = '$kind'" 'vcpus = 2')
	for _ in 1 2 3 4 5; do
		check "a life, $kind" xm create -q "$config"
		check "its end" xm destroy cut
	done
done
config=$(tiny_config cut)
books >"$scratch/books"

a_life() {
	arm 0 0
	check "a whole creation" xm create -q "$config"
	total=$(calls)
	check "its end" xm destroy cut
}
fails_at() {
	arm "$1" 12
	if xm create -q "$config" >"$scratch/out" 2>&1; then
		# A call that may fail, such as a listing.
		arm 0 0
		check "the end after call $1" xm destroy cut
		return
	fi
	failed=$((failed + 1))
	arm 0 0
	same "one line at call $1: $(cat "$scratch/out")" 1 \
		"$(wc -l <"$scratch/out")"
}
dies_at() {
	arm "$1" 0
	xm create -q "$config" >"$scratch/out" 2>&1
	arm 0 0
	if ! up; then
		stop_xld
		start_xld A=1
	fi
	xm destroy cut >/dev/null 2>&1
}

# sweep WHAT COUNT: the calls of a creation from $config, that many of them.
sweep() {
	local what=$1 total every=1 first n failed=0

	# How many there are; the daemon's own listing has some, too.
	leaves_nothing "a whole creation, $what" a_life
	[ "$total" -gt 20 ] || fail "only $total calls were counted"
	[ "$full" ] || every=$((total / $2))
	first=$((hour % every + 1))
	echo "$what: $total calls, every $every from $first"

	for ((n = first; n <= total; n += every)); do
		leaves_nothing "call $n failing, $what" fails_at $n
	done
	# Of two or three each may be one that may fail.
	[ -z "$full" ] || [ $failed -gt $((total / 2)) ] ||
		fail "only $failed of $((total / every)) failures were noticed"
	for ((n = first; n <= total; n += every)); do
		leaves_nothing "death at call $n, $what" dies_at $n
	done
}

step_fails() {
	stop_xld
	start_xld "XLD_STEP=$1"
	expect_status 1 xm create -q "$config"
	contains "step $1 fails" "$err" "$1: a fault was injected"
}
step_kills() {
	stop_xld
	start_xld "XLD_STEP=$1:kill"
	cut_off xm create -q "$config"
	wait_for 10 none_of xld || fail "xld lives after $1:kill"
	start_xld A=1
}
end_kills() {
	stop_xld
	start_xld "XLD_STEP=$1:kill"
	check "a guest" xm create -q "$config"
	xm destroy cut >/dev/null 2>&1
	wait_for 10 none_of xld || fail "xld lives after $1:kill"
	start_xld A=1
	# Before its first step nothing was promised.
	[ "$1" = destroy-intent ] && xm destroy cut
}

# Which of the steps fail and which are killed alternates with the hour, too.
at_each_step() {
	local turn=$hour step

	for step in $steps; do
		if [ $((turn++ % 2)) = 0 ] || [ "$full" ]; then
			leaves_nothing "step $step failing, $1" step_fails "$step"
			[ "$full" ] || continue
		fi
		leaves_nothing "death at step $step, $1" step_kills "$step"
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
	leaves_nothing "death at $step" end_kills "$step"
done
