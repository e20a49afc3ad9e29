#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 900
# Machines that are kept: new, start, delete; what they do when they end; starts and
# stops with the host, in order; domains that are dying.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
log=/var/log/xld/xld.log
cleanup 'restart_xld; for g in a b c loop held; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'
halted() { [ "$(api VM.get_power_state "@$1")" = Halted ]; }
running() { [ "$(api VM.get_power_state "@$1")" = Running ]; }
xenstore-ls -f / >"$scratch/before"

check "new" xm new -q "$(tiny_config a 'extra="tick=100"')"
expect_status 3 xm start nobody
check "start" xm start a
check "it runs" running a
expect_status 4 xm start a
contains "why not twice" "$err" "'a' is Running"
expect_status 4 xm delete a
check "pause" xm pause a
check "unpause" xm unpause a
check "shutdown" timeout 60 xm shutdown -w a
check "it is halted, and there" halted a
contains "how it ended" "$(api VM.get_last_end @a)" 'Z: poweroff, destroy$'
check "set a field" api VM.set_memory_dynamic_min @a 8388608
check "and another" api VM.set_memory_dynamic_max @a 8388608
check "start paused" xm start -p a
contains "as it was set" "$(xm list a)" '^a +[0-9]+ +8 +1 +--p---'
expect_status 1 api VM.set_memory_dynamic_max @a 16777216
contains "not while it runs" "$out" '^VM_BAD_POWER_STATE .* Halted Paused$'
check "destroy" xm destroy a
check "it is halted, and there" halted a
check "rename" xm rename a b
expect_status 3 xm start a
check "start by its new name" xm start b
check "rename while it runs" xm rename b a
same "the store has it" a "$(xenstore-read "/local/domain/$(xm domid a)/name")"
restart_xld
check "it runs on" running a
check "destroy" xm destroy a
check "delete" xm delete a
expect_status 3 xm delete a

# A loop of restarts is seen and ended.
check "one that crashes" xm new -q "$(tiny_config loop 'extra="crash=1"' \
	'on_crash = "restart"')"
check "start" xm start loop
# Between two lives it is halted, too.
limited() { [[ $(api VM.get_last_end @loop) == *': crash, restart, the 9th time in 60 s: destroyed' ]]; }
check "the limit ends it" wait_for 120 limited
check "and it stays so" wait_for 20 halted loop
restart_xld
contains "it is known afterwards" "$(api VM.get_last_end @loop)" 'the 9th time'
check "delete" xm delete loop

# With the host: what is marked starts, the lower order first.
with() { xm new -q "$(tiny_config "$1" 'extra="tick=100"' "$2" "$3" "$4")"; }
check "a" with a 'on_xend_start = "start"' 'start_order = 2' ''
check "b" with b 'on_xend_start = "start"' 'start_order = 1' 'start_delay = 1'
check "c" with c '' '' ''
restart_xld
check "a restart of the daemon starts nothing" halted a
kill_all KILL xld
wait_for 10 none_of xld-api
# As after the host's boot.
rm /run/xld/autostart.json
: >$log
check "xld starts" /usr/sbin/xld --daemon
check "b runs" wait_for 60 running b
check "a runs" wait_for 60 running a
check "c does not" halted c
same "in order" "b a " "$(sed -n 's/.* \([a-z]*\) starts with the host.*/\1/p' $log | tr '\n' ' ')"
left() { [ "$(tr -d ' \n' </run/xld/autostart.json)" = '[]' ]; }
check "nothing is left to start" wait_for 10 left
# Cut short in the middle: it goes on.
check "they end" xm destroy a
check "they end" xm destroy b
kill_all KILL xld
rm /run/xld/autostart.json
wait_for 10 none_of xld-api
XLD_STEP=store:kill /usr/sbin/xld --daemon
check "it dies while it starts them" wait_for 60 none_of xld
restart_xld
check "b runs" wait_for 60 running b
check "a runs" wait_for 60 running a

# And stop: the higher order first; who does not listen is destroyed.
check "c, which is deaf" xm start -p c
check "stop" timeout 120 xm stop-guests -t 10
same "nobody runs" Domain-0 "$(xm list --names --state running | tr -d '\n')"
for g in a b c; do check "$g is halted" halted $g; done
contains "how" "$(api VM.get_last_end @a)" 'poweroff, destroy$'
expect_status 4 xm start c
contains "no starts now" "$err" 'host.enable'
host=$(api host.get_all | tr -d '[]"')
same "the host says so" false "$(api host.get_enabled "$host")"
check "enable" api host.enable "$host"
check "start" xm start c
check "destroy" xm destroy c
for g in a b c; do check "delete $g" xm delete $g; done
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)

# A domain that others keep from going has a name, a state and a reason; the machine
# itself is free.
check "one that is held" xm new -q "$(tiny_config held 'type = "pvh"')"
check "start" xm start held
domid=$(xm domid held)
mkfifo "$scratch/rope"
"$progs/prog_facts" hold "$domid" <"$scratch/rope" >"$scratch/holds" &
exec 7>"$scratch/rope"
holds() { grep -q held "$scratch/holds"; }
check "it is held" wait_for 10 holds
check "destroy" xm destroy held
check "it is halted" halted held
dying() { xm list held--dying; }
check "its domain is still there" wait_for 20 dying
contains "and how" "$(xm list held--dying)" "^held--dying +$domid .* --p--d "
contains "no name is lost" "$(xm list)" '^held +16 '
metrics=$(api VM.get_metrics @held--dying)
reason=$(api VM_metrics.get_dying_reason "$metrics")
contains "why" "$reason" 'KiB of it are still mapped .*: perhaps .*prog_facts \(pid [0-9]+\)'
expect_status 4 xm destroy held--dying
contains "it is destroyed already" "$err" 'it was destroyed, but'
check "meanwhile it starts anew" xm start held
restart_xld 7>&-
check "known after a restart, too" dying
check "and runs on" running held
exec 7>&-
gone() { ! dying; }
check "it goes when it is let go" wait_for 90 gone
same "nothing is kept of it" "" "$(ls /run/xld/dying)"
check "destroy" xm destroy held
check "delete" xm delete held
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
