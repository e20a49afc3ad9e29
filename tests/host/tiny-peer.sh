#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: peer
# timeout: 900
# depth: full
# The tiny guest under Debian's toolstack, PV and PVH: it starts, answers every
# word of the store, keeps its memory over save, restore and checkpoint, and
# crashes, spins, floods and abuses the store as its command line says. What our
# own tests take from it is thus not of our own making.
. "$(dirname "$0")/lib.sh"

# start TYPE NAME WORDS: a guest, its console in $scratch/NAME.log. Without a
# vcpus line xl gives a small PVH guest no room for its second page tables.
start() {
	local type=$1 name=$2 words=$3 cfg

	cfg=$(tiny_config "$name" "type = \"$type\"" "extra = \"$words\"" \
		'on_crash = "preserve"' 'vcpus = 1')
	cleanup "xl destroy $name 2>/dev/null"
	check "create $name" xl create -q "$cfg"
	read_console "$name"
}

# A console is read by one; it ends with its domain.
read_console() {
	local tty

	tty=$(xenstore-read "$(node "$1" console/tty)") ||
		fail "$1 has no console"
	cat "$tty" >>"$scratch/$1.log" 2>/dev/null &
}

node() { echo "/local/domain/$(xl domid "$1")/$2"; }
printed() { grep -aqE "$2" "$scratch/$1.log"; }
prints() {
	wait_for "${3:-60}" printed "$1" "$2" ||
		fail "$1 does not print '$2': $(tail -n 5 "$scratch/$1.log")"
}
gone() { ! xl domid "$1" >/dev/null 2>&1; }
goes() { wait_for 60 gone "$1" || fail "$1 is still there: $(xl list)"; }
state() { xl list "$1" | awk 'NR == 2 { print $5 }'; }
in_state() { [[ $(state "$1") == *$2* ]]; }
reaches() {
	wait_for 60 in_state "$1" "$2" || fail "$1 is $(state "$1"), not $2"
}
# Its memory: every page it wrote is as it wrote it.
verified() { xenstore-read "$(node "$1" data/verified)" | grep -q "$2"; }
verify() {
	xenstore-rm "$(node "$1" data/verified)" 2>/dev/null
	check "ask to verify" xenstore-write "$(node "$1" data/verify)" 1
	wait_for 60 verified "$1" "^OK $2 pages .* 0 bad" ||
		fail "memory of $1: $(xenstore-read "$(node "$1" data/verified)")"
}

life() {
	local type=$1 g=life-$1

	start "$type" "$g" 'tick=200 dirty=200,300'
	prints "$g" "TINY UP"
	prints "$g" "TINY mode $type nr_pages 4096 cmdline: tick=200"
	prints "$g" 'tick 2'
	same "$g says what it can" 1 \
		"$(xenstore-read "$(node "$g" control/feature-suspend)")"
	verify "$g" 300

	check "save" xl save "$g" "$scratch/image" >/dev/null 2>&1
	goes "$g"
	check "restore" xl restore "$scratch/image" >/dev/null 2>&1
	read_console "$g"
	prints "$g" 'TINY RESUMED 1'
	printed "$g" 'TINY RESUMED 1 cancelled' && fail "restored, not cancelled"
	verify "$g" 300

	# A checkpoint is a suspend that is cancelled.
	check "checkpoint" xl save -c "$g" "$scratch/image" >/dev/null 2>&1
	rm -f "$scratch/image"
	prints "$g" 'TINY RESUMED 2 cancelled'
	: >"$scratch/$g.log"
	prints "$g" 'tick '
	verify "$g" 300
	# xl's watcher of the domain left with the checkpoint.
	check "shutdown" xl shutdown "$g" >/dev/null
	prints "$g" 'TINY SHUTDOWN poweroff'
	reaches "$g" s
	check "destroy" xl destroy "$g"
}

ends() {
	local type=$1 before

	start "$type" "off-$type" tick
	prints "off-$type" 'tick 1'
	check "shutdown" xl shutdown "off-$type" >/dev/null
	goes "off-$type"

	start "$type" "again-$type" echo
	prints "again-$type" 'TINY UP'
	printf 'hello you\n' >"$(xenstore-read "$(node "again-$type" console/tty)")"
	prints "again-$type" 'ECHO: hello you'
	before=$(xl domid "again-$type")
	check "reboot" xl reboot "again-$type" >/dev/null
	restarted() { [ "$(xl domid "again-$type")" -gt "$before" ]; }
	wait_for 60 restarted || fail "again-$type does not come back"
	: >"$scratch/again-$type.log"
	wait_for 60 xenstore-exists "$(node "again-$type" console/tty)"
	read_console "again-$type"
	prints "again-$type" 'TINY UP'
	check "destroy" xl destroy "again-$type"

	start "$type" "fault-$type" fault
	prints "fault-$type" 'TINY PANIC: page fault at 7000000000'
	reaches "fault-$type" c
	check "destroy" xl destroy "fault-$type"

	start "$type" "crash-$type" spin
	prints "crash-$type" 'TINY UP'
	check "crash" xenstore-write \
		"$(node "crash-$type" control/shutdown)" crash
	prints "crash-$type" 'TINY PANIC: asked to crash'
	reaches "crash-$type" c
	check "destroy" xl destroy "crash-$type"
}

flood() {
	start "$1" "flood-$1" flood=200000
	prints "flood-$1" 'FLOOD DONE 2500 lines'
	same "lines of flood-$1" 2500 \
		"$(grep -acE '^FLOOD [0-9]{12} ' "$scratch/flood-$1.log")"
	check "destroy" xl destroy "flood-$1"
}

# What Debian's daemon lets a guest do is bounded, and the rest refused.
abuse() {
	local kind

	for kind in "$@"; do start pv "store-$kind" "store=$kind"; done
	for kind in "$@"; do
		prints "store-$kind" "STORE $kind: .*" 200
		contains "store=$kind" "$(grep -a '^STORE' "$scratch/store-$kind.log")" \
			"${answer[$kind]}"
		same "the store answers" "store-$kind" \
			"$(xenstore-read "$(node "store-$kind" name)")"
	done
	for kind in "$@"; do check "destroy" xl destroy "store-$kind"; done
}

declare -A answer=(
	[nodes]='[0-9]+ created, then (ENOSPC|E2BIG|EQUOTA)'
	[watches]='[0-9]+ set, then E2BIG'
	[transactions]='[0-9]+ open, then (ENOSPC|EBUSY)'
	[big]='[0-9]+ bytes accepted, then (ENOSPC|E2BIG)'
	[badtype]='9999=ENOSYS 65535=ENOSYS .* 0=EACCES'
	[perm]='read-dom0=EACCES .* write-name=EACCES .* control=EACCES'
	[noread]='writes taken, then blocked; afterwards read: ok'
	[badlen]='error [1-9]'
	[badindex]='error [1-9]'
	[garbage]='error [1-9]'
)

for type in pv pvh; do
	life $type
	ends $type
	flood $type
done
abuse nodes watches transactions big badtype
abuse perm noread badlen badindex garbage
same "guests that are left" 1 "$(xl list | sed 1d | wc -l)"
