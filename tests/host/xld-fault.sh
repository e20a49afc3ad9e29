#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# mem: 8192
# timeout: 2400
# Creation cut short at every place: each hypercall of it fails once, the
# process that makes it is killed there, each step fails, the daemon is killed at
# each step. Afterwards nothing is left: no domain, no node, no memory, no record.
# The default depth takes every 41st hypercall, others in each hour, and one
# way to end at each step; --full takes all.
. "$(dirname "$0")/lib.sh"

config=$(tiny_config cut)
export XLD_FAULT_FILE=$scratch/fault
steps="files memory intent domain limits channels build claim store introduce
	console record run"
ends="destroy-intent destroy-pause destroy-console destroy-domain
	destroy-store destroy-record"

# u64 NUMBER: eight bytes.
u64() { printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)))\0\0\0\0\0\0"; }
# arm AT ERRNO: from now on count; at call AT fail with ERRNO, 0 = be killed.
arm() { { u64 0; u64 "$1"; u64 "$2"; } | dd of="$XLD_FAULT_FILE" conv=notrunc status=none; }
calls() { od -An -t u8 -N 8 "$XLD_FAULT_FILE" | tr -d ' '; }

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

head -c 24 /dev/zero >"$XLD_FAULT_FILE"
cleanup 'unset XLD_FAULT_FILE; stop_xld; /usr/sbin/xld --daemon; xm destroy cut 2>/dev/null'
stop_xld
start_xld A=1
for _ in 1 2 3 4 5; do
	check "a life" xm create -q "$config"
	check "its end" xm destroy cut
done
books >"$scratch/books"

# How many calls a creation makes; the daemon's own listing has some, too.
arm 0 0
check "a whole creation" xm create -q "$config"
total=$(calls)
check "its end" xm destroy cut
nothing_left "a whole creation"
[ "$total" -gt 20 ] || fail "only $total calls were counted"

if [ "${XLD_DEPTH:-default}" = full ]; then every=1; else every=41; fi
first=$(($(date +%s) / 3600 % every + 1))
echo "$total calls, every $every from $first"

failed=0
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
	nothing_left "call $n failing"
done
[ $failed -gt $((total / every / 2)) ] ||
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
	nothing_left "death at call $n"
done

# Which of them fails and which is killed alternates with the hour, too.
turn=$(($(date +%s) / 3600))
for step in $steps; do
	stop_xld
	if [ $((turn++ % 2)) = 0 ] || [ $every = 1 ]; then
		start_xld XLD_STEP=$step
		expect_status 1 xm create -q "$config"
		contains "step $step fails" "$err" "$step: a fault was injected"
		nothing_left "step $step failing"
		[ $every = 1 ] || continue
		stop_xld
	fi
	start_xld XLD_STEP=$step:kill
	xm create -q "$config" >/dev/null 2>&1 &&
		fail "a creation lived through the death at $step"
	wait_for 10 none_of xld || fail "xld lives after $step:kill"
	start_xld A=1
	nothing_left "death at step $step"
done

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
