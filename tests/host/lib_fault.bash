# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Words of the tests that cut the life of a guest short at every place, behind lib.sh.
# The guest is `cut`; $config is its file, and what of its creation is looked at is
# told by books, which a test may replace. With --full ($full) all places are taken,
# else others in each $hour.

create=(xm create -q)
hour=$(($(date +%s) / 3600))
full=
[ "${XLD_DEPTH:-default}" = full ] && full=1
faults

# What must be as it was.
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

a_life() {
	arm 0 0
	check "a whole creation" "${create[@]}" "$config"
	total=$(calls)
	check "its end" xm destroy cut
}
fails_at() {
	arm "$1" 12
	if "${create[@]}" "$config" >"$scratch/out" 2>&1; then
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
	"${create[@]}" "$config" >"$scratch/out" 2>&1
	arm 0 0
	xm list >/dev/null 2>&1 || restart_xld
	xm destroy cut >/dev/null 2>&1
}

# sweep WHAT COUNT: the calls of a creation from $config, that many of them, or all
# with $full. Which they are alternates with $hour.
sweep() {
	local what=$1 total every=1 first n failed=0

	# How many there are; the daemon's own listing has some, too.
	leaves_nothing "a whole creation, $what" a_life
	[ "$total" -gt 20 ] || fail "only $total calls were counted"
	[ "$full" ] || every=$((total / $2))
	first=$((hour % every + 1))
	note "$what: $total calls, every $every from $first"

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
	restart_xld "XLD_STEP=$1"
	expect_status 1 xm create -q "$config"
	contains "step $1 fails" "$err" "$1: a fault was injected"
}
step_kills() {
	restart_xld "XLD_STEP=$1:kill"
	cut_off xm create -q "$config"
	wait_for 10 none_of xld || fail "xld lives after $1:kill"
	restart_xld
}
end_kills() {
	restart_xld "XLD_STEP=$1:kill"
	check "a guest" xm create -q "$config"
	xm destroy cut >/dev/null 2>&1
	wait_for 10 none_of xld || fail "xld lives after $1:kill"
	restart_xld
	# Before its first step nothing was promised.
	[ "$1" = destroy-intent ] && xm destroy cut
}
