#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 2400
# kill -9 of the daemon at every named step of new, start, shutdown, destroy, rename
# and delete of a machine that is kept; of its API server at every step of start and
# destroy; of the build worker. Afterwards there is one truth, the same for the
# database, the API, the store and Xen, and nothing is left over. The default depth
# takes every second step of start and destroy, others in each hour.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
starts="files device-prepare bootloader memory intent domain limits channels worker
	store device-nodes build claim introduce console device-ready devmodel record run"
ends="destroy-intent destroy-pause destroy-devmodel destroy-devices
	destroy-console destroy-domain destroy-store destroy-record"
turn=$(($(date +%s) / 3600))
# Is it this step's turn?
mine() { [ "${XLD_DEPTH:-default}" = full ] || [ $((turn++ % 2)) = 0 ]; }
cleanup 'unset XLD_FAULT_FILE; restart_xld; for g in k l; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'

# What must be as it was when no guest runs.
books() {
	echo "domains $("$progs/prog_facts" domains)"
	echo "channels $("$progs/prog_facts" channels)"
	ls /run/xld/domains /run/xld/intents /run/xld/dying 2>/dev/null
	xenstore-ls -f /
}
pages() { "$progs/prog_facts" free-pages; }
state() { api VM.get_power_state "@$1"; }

# truth WHAT: what the API says is so for Xen and the store, too; nothing else is.
truth() {
	local what=$1 name domid seen=1

	[ -z "$(ls /run/xld/intents)" ] || fail "$what: an intent is left"
	while read -r name; do
		[ "$name" = Domain-0 ] && continue
		domid=$(xm domid "$name")
		[ "$domid" = None ] && continue
		seen=$((seen + 1))
		same "$what: its name in the store" "$name" \
			"$(xenstore-read "/local/domain/$domid/name")"
		same "$what: its uuid in the store" "/vm/$(api VM.get_uuid "@$name")" \
			"$(xenstore-read "/local/domain/$domid/vm")"
	done < <(xm list --names)
	same "$what: domains of Xen" "$seen" "$("$progs/prog_facts" domains)"
	same "$what: records" $((seen - 1)) "$(find /run/xld/domains -name '*.json' | wc -l)"
}
# halted_and_clean WHAT: the books, too; Xen keeps a page of its own now and then.
halted_and_clean() {
	local try

	truth "$1"
	for try in 1 2 3 4 5 6 7 8 9 10; do
		books >"$scratch/now"
		cmp -s "$scratch/books" "$scratch/now" && break
		pause 0.3
	done
	[ $try != 10 ] || { diff "$scratch/books" "$scratch/now" >&2; fail "left after $1"; }
	for try in 1 2 3 4 5 6 7 8 9 10; do
		[ $((had_pages - $(pages))) -le 2 ] && return
		pause 0.3
	done
	fail "pages lost after $1: $((had_pages - $(pages)))"
}
# dies_at STEP CMD...: the daemon dies there, and is started again.
dies_at() {
	local step=$1
	shift
	note "death at $step: $*"
	restart_xld "XLD_STEP=$step:kill"
	"$@" >"$scratch/out" 2>&1
	wait_for 20 none_of xld || fail "xld lives after $step: $(cat "$scratch/out")"
	restart_xld
}
end_it() { [ "$(state k)" = Halted ] || check "destroy" xm destroy k; }

check "new" xm new -q "$(tiny_config k 'extra="tick=500"')"
for _ in 1 2 3; do
	check "a life" xm start k
	check "its end" xm destroy k
done
books >"$scratch/books"
had_pages=$(pages)

for step in $starts; do
	mine || continue
	dies_at "$step" xm start k
	same "start, $step: it does not run" Halted "$(state k)"
	halted_and_clean "start, $step"
done
for step in $ends; do
	mine || continue
	check "start" xm start k
	dies_at "$step" xm destroy k
	# Before its first step nothing was promised.
	[ "$step" != destroy-intent ] || end_it
	same "destroy, $step: it does not run" Halted "$(state k)"
	halted_and_clean "destroy, $step"
done

check "start" xm start k
dies_at end-asked xm shutdown -w k
halted() { [ "$(state k)" = Halted ]; }
check "it was asked, and ends" wait_for 30 halted
halted_and_clean "shutdown"
for step in destroy-intent destroy-domain destroy-record; do
	check "start" xm start k
	dies_at $step xm shutdown -w k
	check "it ends all the same" wait_for 30 halted
	halted_and_clean "shutdown, $step"
done

# Reboots go on.
running() { [ "$(state k)" = Running ]; }
for step in destroy-domain domain build record; do
	mine || continue
	restart_xld
	check "start" xm start k
	domid=$(xm domid k)
	dies_at $step api VM.hard_reboot @k
	check "reboot, $step: it runs again" wait_for 30 running
	[ "$(xm domid k)" != "$domid" ] || fail "the same domain"
	truth "reboot, $step"
	check "destroy" xm destroy k
	halted_and_clean "reboot, $step"
done

# A new name, halted and running: the old one everywhere or the new one.
from=k to=l
for power in halted running; do
	[ $power = halted ] || check "start" xm start $from
	for step in state-write state-written set-record set-done; do
		dies_at $step xm rename $from $to
		now=$(xm list --names | grep -E '^(k|l)$')
		case $step in
		state-write) same "rename, $step, $power" $from "$now" ;;
		*) same "rename, $step, $power" $to "$now" ;;
		esac
		truth "rename, $step, $power"
		[ "$now" = k ] && { from=k to=l; } || { from=l to=k; }
	done
done
[ $from = k ] || check "rename back" xm rename l k
check "destroy" xm destroy k
halted_and_clean rename

# new and delete: all of it or nothing.
for step in state-write state-written new-kept; do
	dies_at $step xm new -q "$(tiny_config l)"
	n=$(xm list --names | grep -c '^l$')
	case $step in
	state-write) same "new, $step" 0 "$n" ;;
	*) same "new, $step" 1 "$n" ;;
	esac
	[ "$n" = 0 ] || check "delete" xm delete l
	truth "new, $step"
done
for step in state-delete state-deleted delete-removed; do
	[ "$(xm list --names | grep -c '^l$')" = 1 ] || check "new" xm new -q "$(tiny_config l)"
	dies_at $step xm delete l
	n=$(xm list --names | grep -c '^l$')
	case $step in
	state-delete) same "delete, $step" 1 "$n" ;;
	*) same "delete, $step" 0 "$n" ;;
	esac
	truth "delete, $step"
done

# The API server alone: what was begun goes on, and is found so.
up() { xm list; }
for step in domain build store run; do
	note "death of xld-api at $step"
	restart_xld "XLD_STEP=$step:api"
	xm start k >"$scratch/out" 2>&1
	restart_xld_api() { wait_for 20 up; }
	check "it is back" restart_xld_api
	check "start, $step: it runs" wait_for 20 running
	truth "start, $step, xld-api"
	restart_xld
	check "destroy" xm destroy k
	halted_and_clean "start, $step, xld-api"
done
for step in destroy-pause destroy-domain destroy-record; do
	note "death of xld-api at $step"
	check "start" xm start k
	restart_xld "XLD_STEP=$step:api"
	xm destroy k >"$scratch/out" 2>&1
	check "it is back" wait_for 20 up
	check "destroy, $step: it has ended" wait_for 20 halted
	restart_xld
	halted_and_clean "destroy, $step, xld-api"
done

# The worker, or the daemon, at some of the hypercalls of a start.
faults
restart_xld
arm 0 0
check "a whole start" xm start k
total=$(calls)
check "its end" xm destroy k
for n in 3 4 5 6; do
	arm $((total * n / 8)) 0
	note "death at call $((total * n / 8)) of $total"
	xm start k >"$scratch/out" 2>&1
	arm 0 0
	xm list >/dev/null 2>&1 || restart_xld
	end_it
	halted_and_clean "a death at call $((total * n / 8))"
done
unset XLD_FAULT_FILE
restart_xld
check "it starts after all that" xm start k
check "it ends" xm destroy k
check "delete" xm delete k
