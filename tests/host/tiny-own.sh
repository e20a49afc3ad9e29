#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 900
# The tiny guest under our own toolstack: what becomes of it after each way to
# end, and what a guest that misbehaves (a flooded console, an abused store, a
# restart without end) can do to the daemons and to others: nothing.
. "$(dirname "$0")/lib.sh"
json=$progs/prog_json

of() { xm list --format json "$1" | "$json" 0 "${@:2}"; }
log_has() { xm console --log "$1" | grep -aqE "$2"; }
prints() {
	wait_for "${3:-60}" log_has "$1" "$2" ||
		fail "$1 does not print '$2': $(xm console --log "$1" | tail -n 5)"
}
gone() { ! xm domid "$1" >/dev/null 2>&1; }
goes() { wait_for "${2:-60}" gone "$1" || fail "$1 is still there: $(xm list)"; }
in_state() { [[ $(of "$1" state) == *$2* ]]; }
reaches() {
	wait_for 60 in_state "$1" "$2" || fail "$1 is $(of "$1" state), not $2"
}
# Its domain is another one than $2.
renewed() {
	local now
	now=$(xm domid "$1" 2>/dev/null) && [ "$now" -gt "$2" ]
}
comes_back() {
	wait_for 60 renewed "$1" "$2" || fail "$1 does not come back: $(xm list)"
}
start() {
	local name=$1
	shift
	check "create $name" xm create -q "$(tiny_config "$name" "$@")"
}
tell() {
	check "control/shutdown of $1" xenstore-write \
		"/local/domain/$(xm domid "$1")/control/shutdown" "$2"
}
rss() {
	local p sum=0
	for p in $(pidof "$1"); do
		sum=$((sum + $(awk '/^VmRSS:/ { print $2 }' "/proc/$p/status")))
	done
	echo "$sum"
}
traces() { xenstore-list /local/domain /vm; }
# Everybody who serves others still does.
responsive() {
	check "the store's books" \
		test "$(xenstore-control check | cut -c1-2)" = OK
	check "xm list" xm list >/dev/null
	start other
	prints other 'TINY UP'
	check "shutdown of another" xm shutdown -w other >/dev/null
}

same "guests at the start" Domain-0 "$(xm list --names)"
before=$(traces)

# --- shutdown, reboot -------------------------------------------------------------
start off
prints off 'TINY mode pv nr_pages 4096'
same "off runs" Running "$(of off power_state)"
check "shutdown" xm shutdown off
goes off

start itself 'extra = "exit=poweroff,500"'
goes itself

start again 'extra = "tick=200"' 'on_reboot = "restart"'
prints again 'tick 1'
id=$(xm domid again) uuid=$(of again uuid)
check "reboot" xm reboot again
comes_back again "$id"
same "it is the same guest" "$uuid" "$(of again uuid)"
wait_for 60 xenstore-exists "/local/domain/$(xm domid again)/control/feature-reboot" ||
	fail "the kernel of the second life does not reach the store"
check "destroy" xm destroy again

start last 'on_reboot = "destroy"'
prints last 'TINY UP'
tell last reboot
goes last

# A guest that reboots for ever is stopped in the end.
start loop 'extra = "exit=reboot"' 'on_reboot = "restart"'
goes loop 300

# --- crashes ------------------------------------------------------------------------
start crash1 'extra = "fault"' 'on_crash = "destroy"'
goes crash1

start crash2 'extra = "fault"' 'on_crash = "preserve"'
prints crash2 'TINY PANIC: page fault at 7000000000'
reaches crash2 c
id=$(xm domid crash2)
# It stays as it is.
sleep 2
same "a preserved guest" "$id" "$(xm domid crash2)"
check "destroy" xm destroy crash2
gone crash2 || fail "crash2 is still there"

start crash3 'extra = "spin"' 'on_crash = "restart"'
prints crash3 'TINY UP'
id=$(xm domid crash3)
tell crash3 crash
comes_back crash3 "$id"
prints crash3 'TINY PANIC: asked to crash'
check "destroy" xm destroy crash3

start odd 'extra = "tick=200"'
prints odd 'tick 1'
tell odd nonsense
prints odd 'TINY SHUTDOWN nonsense: not known'
same "odd runs on" Running "$(of odd power_state)"
check "destroy" xm destroy odd

# --- a flooded console ---------------------------------------------------------------
memory=$(rss xld)
start flood 'extra = "flood"'
prints flood '^FLOOD 0*([2-9][0-9]{3}|[1-9][0-9]{4,}) ' 120
responsive
now=$(rss xld)
[ $((now - memory)) -lt 4096 ] ||
	fail "xld grew from $memory to $now KiB under a flood"
kept=$(xm console --log flood | wc -c)
[ "$kept" -le 65536 ] || fail "$kept bytes of history are kept"
bytes=$(cat /var/log/xen/console/guest-flood.log* | wc -c)
[ "$bytes" -le $((20 << 20)) ] || fail "the log of one guest has $bytes bytes"
check "the flood can be ended" xm destroy flood

# --- an abused store -----------------------------------------------------------------
declare -A answer=(
	[nodes]='[0-9]+ created, then ENOSPC'
	[watches]='[0-9]+ set, then ENOSPC'
	[transactions]='[0-9]+ open, then (ENOSPC|EBUSY)'
	[big]='[0-9]+ bytes accepted, then (ENOSPC|E2BIG)'
	[badtype]='9999=ENOSYS 65535=ENOSYS .* 0=EACCES'
	[perm]='read-dom0=EACCES list-root=EACCES list-libxl=(EACCES|ENOENT) .* write-name=EACCES .* control=EACCES'
	[noread]='writes taken, then blocked; afterwards read: ok'
	[badlen]='error [1-9]'
	[badindex]='error [1-9]'
	[garbage]='error [1-9]'
)
store_memory=$(rss xenstored)
# One that fills, one that lies and one that does not read, when time is short.
[ "${XLD_DEPTH:-default}" = full ] ||
	unset 'answer[watches]' 'answer[transactions]' 'answer[big]' \
		'answer[badtype]' 'answer[badlen]' 'answer[badindex]' 'answer[perm]'
for kind in "${!answer[@]}"; do start "s-$kind" "extra = \"store=$kind\""; done
for kind in "${!answer[@]}"; do
	prints "s-$kind" "STORE $kind: .*" 300
	contains "store=$kind" "$(xm console --log "s-$kind" | grep -a '^STORE')" \
		"${answer[$kind]}"
done
responsive
now=$(rss xenstored)
[ $((now - store_memory)) -lt 8192 ] ||
	fail "xenstored grew from $store_memory to $now KiB"
for kind in "${!answer[@]}"; do check "destroy" xm destroy "s-$kind"; done

same "guests at the end" Domain-0 "$(xm list --names)"
same "the store at the end" "$before" "$(traces)"
