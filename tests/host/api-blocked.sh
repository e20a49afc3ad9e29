#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# What the owner of a machine has blocked: refused to everybody with the owner's word,
# kept, and allowed again; not inherited by what is made of the machine.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
clean() { for g in blk copy shot; do
	vm=$(api VM.get_uuid @$g) || continue
	api VM.set_blocked_operations "$vm" '{}'
	xm destroy $g
	api VM.destroy "$vm"
done >/dev/null 2>&1; }
cleanup clean
blocked() {
	expect_status 1 api "$@"
	same "$1 is blocked" "OPERATION_BLOCKED $vm $why" "$out"
}
block() { check "block $1" api VM.add_to_blocked_operations "$vm" "$1" "$why"; }
free() { check "free $1" api VM.remove_from_blocked_operations "$vm" "$1"; }
allowed() { api VM.get_allowed_operations "$vm"; }

check "a machine" xm new -q "$(tiny_config blk 'extra="tick=500"')"
vm=$(api VM.get_uuid @blk)
why=payroll

# --- halted -----------------------------------------------------------------------
same "nothing is" '{}' "$(api VM.get_blocked_operations "$vm")"
contains "may be destroyed" "$(allowed)" '"destroy"'
block destroy
same "kept" '{"destroy":"payroll"}' "$(api VM.get_blocked_operations "$vm")"
[[ $(allowed) != *'"destroy"'* ]] || fail "destroy is still allowed: $(allowed)"
blocked VM.destroy "$vm"
expect_status 4 xm delete blk
contains "in xm's words" "$err" 'payroll'
blocked Async.VM.destroy "$vm"
restart_xld
blocked VM.destroy "$vm"
block start
expect_status 4 xm start blk
free start
expect_status 1 api VM.add_to_blocked_operations "$vm" destroy again
contains "once" "$out" '^MAP_DUPLICATE_KEY'
expect_status 1 api VM.add_to_blocked_operations "$vm" dance x
contains "no word" "$out" '^INVALID_VALUE'
expect_status 1 api VM.set_blocked_operations "$vm" '{"dance":"x"}'
contains "no word" "$out" '^VALUE_NOT_SUPPORTED blocked_operations dance '
same "as it was" '{"destroy":"payroll"}' "$(api VM.get_blocked_operations "$vm")"

# What goes by HTTP.
exported() {
	exec 5<>/dev/tcp/127.0.0.1/9363 || return
	printf 'GET /export?uuid=%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic cm9vdDp4bGQ=\r\n\r\n' "$vm" >&5
	tr -d '\0' <&5
	exec 5>&-
}
block export
contains "no archive" "$(exported)" 'OPERATION_BLOCKED'
free export
contains "an archive" "$(exported)" '^HTTP/1.1 200 '

# Messages that go by other names.
block changing_static_range
block changing_memory_limits
blocked VM.set_memory_static_max "$vm" 33554432
blocked VM.set_memory_limits "$vm" 8388608 8388608 8388608 8388608
free changing_static_range
free changing_memory_limits
check "it may be set" api VM.set_memory_static_max "$vm" 33554432

# --- what is made of it ---------------------------------------------------------------
copy=$(api VM.clone "$vm" copy)
same "a clone" '{}' "$(api VM.get_blocked_operations "$copy")"
check "goes" api VM.destroy "$copy"
shot=$(api VM.snapshot "$vm" shot)
same "a snapshot" '{}' "$(api VM.get_blocked_operations "$shot")"
block reverting
blocked VM.revert "$shot"
free reverting
check "back" api VM.revert "$shot"
same "it is still" '{"destroy":"payroll"}' "$(api VM.get_blocked_operations "$vm")"
check "goes" api VM.destroy "$shot"

# --- running ----------------------------------------------------------------------------
check "it runs" xm start blk
for op in hard_shutdown clean_shutdown pause hard_reboot clean_reboot suspend; do
	block $op
	blocked VM.$op "$vm"
done
blocked VM.clean_halt "$vm"
expect_status 4 xm destroy blk
expect_status 4 xm save blk "$scratch/blk.save"
[ ! -e "$scratch/blk.save" ] || fail "it was saved"
block pool_migrate
expect_status 4 xm migrate blk localhost
same "it runs" Running "$(api VM.get_power_state "$vm")"
for op in pause hard_shutdown pool_migrate; do free $op; done
check "pause" api VM.pause "$vm"
check "unpause" api VM.unpause "$vm"
check "its end" xm destroy blk
blocked VM.destroy "$vm"
check "all is free" api VM.set_blocked_operations "$vm" '{}'
check "destroy" api VM.destroy "$vm"
