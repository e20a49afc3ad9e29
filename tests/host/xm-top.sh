#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# xm top as lines (beside Debian's xentop where there is one), as JSON, its figures
# against what Xen says; xm events while a guest comes and goes; xm wait.
. "$(dirname "$0")/lib.sh"

json=$progs/prog_json
cleanup 'xm destroy busy >/dev/null 2>&1; kill $(jobs -p) 2>/dev/null'

# --- events ---------------------------------------------------------------------
xm events VM >"$scratch/events" &
events=$!
xm events VM --format json --timeout 600 >"$scratch/json" &
# They have registered when they hear of this.
hears() {
	xm create -q -p "$config" && xm destroy busy
	grep -q ' busy (' "$scratch/events" && grep -q '"busy"' "$scratch/json"
}
config=$(tiny_config busy 'vcpus = 2' 'extra = "tick=200"')
check "both hear" wait_for 60 hears
check "a guest" xm create -q "$config"
id=$(xm domid busy)
uuid=$(xm list --format json busy | "$json" 0 uuid)
heard() { grep -qx "VM               $1" "$scratch/events"; }
check "it runs" wait_for 20 heard "mod $uuid busy (Running)"
heard_json() {
	while read -r line; do
		[ "$("$json" ref <<<"$line")" = "$uuid" ] &&
			[ "$("$json" snapshot power_state <<<"$line")" = Running ] && return 0
	done <"$scratch/json"
	return 1
}
check "so it says as JSON" wait_for 20 heard_json

# --- top --------------------------------------------------------------------------
expect_status 0 xm top -b -i 1
same "xentop's heading" '      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS NETS NETTX(k) NETRX(k) VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID' \
	"$(head -n 1 <<<"$out")"
kib=$(($(xm list --format json busy | "$json" 0 memory) / 1024))
contains "the guest" "$out" "^      busy [-brp]{6} +[0-9]+ +0\\.0 +$kib +[0-9.]+ +[0-9]+ +[0-9.]+ +[12]( +0){10}\$"
contains "Domain-0" "$out" '^  Domain-0 -----r '
if [ -x $peer/../sbin/xentop ] || [ -x $peer/xentop ]; then
	xentop=$(ls $peer/../sbin/xentop $peer/xentop 2>/dev/null | head -n 1)
	expect_status 0 "$xentop" -b -i 1
	same "xentop's own heading" "$(head -n 1 <<<"$out" | tr -s ' ')" \
		"$(xm top -b -i 1 | head -n 1 | tr -s ' ')"
	same "xentop's columns" "$(awk '$1 == "busy" { print $5, $7, $10, $13, $19 }' <<<"$out")" \
		"$(xm top -b -i 1 | awk '$1 == "busy" { print $5, $7, $10, $13, $19 }')"
	note "beside xentop"
fi
expect_status 0 xm top -b -i 2 -d 1 --format json
same "twice" 2 "$(wc -l <<<"$out")"
second=$(tail -n 1 <<<"$out")
same "the guest" "busy $id $kib" "$(for k in name domid memory_kib; do
	"$json" 1 $k <<<"$second"; done | xargs)"
[ "$("$json" 0 cpu_percent <<<"$second" | cut -d. -f1)" -gt 0 ] ||
	fail "Domain-0, which asks, uses nothing: $second"
# What Xen says of its time in between.
before=$(xm list --format json busy | "$json" 0 cpu_time)
now=$(xm top -b -i 1 --format json | "$json" 1 cpu_ns)
after=$(xm list --format json busy | "$json" 0 cpu_time)
awk -v a="$before" -v n="$now" -v b="$after" 'BEGIN { exit !(a <= n / 1e9 + 0.001 && n / 1e9 <= b + 0.001) }' ||
	fail "$now ns are not between $before s and $after s"
same "the most first" Domain-0 "$(xm top -b -i 1 -s 'mem(k)' | awk 'NR == 2 { print $1 }')"
expect_status 2 xm top -s nothing
expect_status 2 xm top -d 0

# --- wait -------------------------------------------------------------------------
check "it runs" xm wait busy --for running
expect_status 6 xm wait busy --timeout 1
contains "what it is not" "$err" "^Error: Domain 'busy' is not halted in time"
xm wait busy &
waiting=$!
xm wait busy --for paused &
paused=$!
check "a pause" xm pause busy
wait "$paused" || fail "waiting for a pause ended with $?"
check "its end" xm destroy busy
wait "$waiting" || fail "waiting for its end ended with $?"
expect_status 3 xm wait busy
check "it is heard of" wait_for 20 grep -qE "^VM +del $uuid" "$scratch/events"
kill "$events"
