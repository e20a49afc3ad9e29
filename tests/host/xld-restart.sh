#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# cpus: 2
# kill -9 of the daemon, and of its API server, while guests run: guests do not
# notice, and afterwards everything works on them. What ended meanwhile is found
# ended.
. "$(dirname "$0")/lib.sh"

last_tick() { grep -o 'tick [0-9]*' "$1" | tail -n 1 | cut -d' ' -f2; }
log=/var/log/xen/console/guest-stay.log
rm -f /var/log/xen/console/guest-*.log
cleanup 'for g in stay go kept; do xm destroy $g; done >/dev/null 2>&1'
xenstore-ls -f / >"$scratch/before"

check "a guest" xm create -q "$(tiny_config stay 'extra="tick=100 echo"')"
check "another" xm create -q "$(tiny_config go 'extra="exit=poweroff,3000"')"
check "one that is paused" xm create -q -p "$(tiny_config kept)"
domid=$(xm domid stay)
ticking() { [ "$(last_tick $log)" -gt "${1:-2}" ]; }
check "it ticks" wait_for 30 ticking
kill_all KILL xld
check "its API server goes with it" wait_for 10 none_of xld-api
expect_status 75 xm list
same "one line says so" 1 "$(wc -l <"$scratch/err")"
before=$(last_tick $log)
sleep 4
check "xld starts again" /usr/sbin/xld --daemon

same "the same domain" "$domid" "$(xm domid stay)"
contains "the paused one is still paused" "$(xm list)" '^kept .* --p--- '
expect_status 3 xm domid go
check "its output goes on" wait_for 30 ticking $((before + 20))
# The kernel of the guest counted on while nobody listened.
missing() { ! grep -q 'TINY UP' <(tail -n +2 $log); }
check "it was not started anew" missing
contains "the history is still there" "$(xm console -l stay)" 'tick 2'
timeout 3 xm console stay < <(echo hello; sleep 10) >"$scratch/viewer"
contains "input arrives" "$(cat "$scratch/viewer")" 'ECHO: hello'
check "shutdown" timeout 60 xm shutdown -w stay
check "unpause" xm unpause kept
check "and shutdown" timeout 60 xm shutdown -w kept
same "nobody is left" 1 "$(xm list | grep -c '^[^N]')"
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)

# The API server alone.
kill_all KILL xld-api
answers() { xm list; }
check "another takes its place" wait_for 15 answers

# SIGTERM: guests go on too, and their end is seen later.
check "a guest" xm create -q "$(tiny_config stay)"
domid=$(xm domid stay)
kill_all TERM xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same domain" "$domid" "$(xm domid stay)"
expect_status 1 /usr/sbin/xld --daemon
contains "a second daemon says why it cannot start" "$err" 'xld.pid'
check "destroy" xm destroy stay
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /)
