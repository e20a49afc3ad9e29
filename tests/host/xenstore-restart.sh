#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# xenstored is killed and started again under xld and the xenstore commands: xld
# goes on with what it has, its watches tell it of what happens later, and no
# command fails, whether it was there before or comes meanwhile.
. "$(dirname "$0")/lib.sh"

start() { check "xenstored" /usr/sbin/xenstored; }
restart() {
	kill_all KILL xenstored
	start
}
cleanup 'xm destroy a 2>/dev/null; xm destroy b 2>/dev/null; [ -n "$(pids xenstored)" ] || start; xenstore-rm /t 2>/dev/null'

xld=$(pids xld)
traces() { xenstore-ls -f / | grep "/local/domain/[1-9]"; }
before=$(traces)
check "a guest" xm create -q "$(tiny_config a 'extra="tick=200"')"
a=$(xm domid a)
# Commands one after the other all the time, and one that waits for its event.
(n=0
while [ ! -e "$scratch/over" ]; do
	n=$((n + 1))
	xenstore-write /t/a $n /t/b $n && [ "$(xenstore-read /t/a)" = $n ] ||
		echo "command $n"
	echo $n >"$scratch/count"
done) >"$scratch/failures" 2>&1 &
commands=$!
xenstore-watch -n 1000000 /t/w >"$scratch/events" &
watch=$!
cleanup 'kill $watch $commands 2>/dev/null'
wait_for 10 grep -q /t/w "$scratch/events" || fail "no first event"

rounds="1 2 3"
[ "${XLD_DEPTH:-default}" = full ] && rounds="$rounds 4 5 6 7 8"
for round in $rounds; do
	restart
	contains "xm list" "$(xm list)" "^a +$a "
	check "a node of its own" xenstore-write "/t/w/$round" 1
	wait_for 20 grep -q "^/t/w/$round\$" "$scratch/events" ||
		fail "no event in round $round: $(cat "$scratch/events")"
	check "create" xm create -q "$(tiny_config b)"
	check "rename" xm rename b "c$round"
	same "in the store" "c$round" \
		"$(xenstore-read "/local/domain/$(xm domid "c$round")/name")"
	restart
	# That it is gone comes by a watch.
	check "shutdown" timeout 60 xm shutdown -w "c$round"
done
: >"$scratch/over"
wait $commands
same "failed commands" "" "$(cat "$scratch/failures")"
check "there were some" test "$(cat "$scratch/count")" -gt 10
same "xld is the same" "$xld" "$(pids xld)"
check "shutdown" timeout 60 xm shutdown -w a
same "nothing is left" "$before" "$(traces)"
contains "the books agree" "$(xenstore-control check)" '^OK'
