#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# What happened to a machine is left as messages, in the names of today's clients; they
# and those of clients outlive xld, however it ends.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
names() { api message.get VM "$vm" "$begin" | grep -o '"name":"[A-Z_]*"' | cut -d '"' -f 4 | sort | xargs; }
cleanup 'xm destroy talker; xm delete talker; xm delete other'

begin=$(date -u +%Y%m%dT%H:%M:%SZ)
sleep 1.1
check "a machine" xm new -q "$(tiny_config talker 'on_reboot = "restart"')"
vm=$(api VM.get_uuid @talker | tr -d '"')
same "nothing has happened" '' "$(names)"
check "it starts" xm start talker
same "it is told" VM_STARTED "$(names)"
check "it is started again" xm reboot -w talker
same "it is told" 'VM_REBOOTED VM_STARTED' "$(names | sed 's/VM_SHUTDOWN //')"
check "suspend" xm suspend talker
check "resume" xm resume talker
check "destroy" xm destroy talker
check "clone" api VM.clone @talker other
for name in VM_CLONED VM_REBOOTED VM_RESUMED VM_SHUTDOWN VM_STARTED VM_SUSPENDED; do
	same "$name is there" 1 "$(names | tr ' ' '\n' | uniq | grep -cx "$name")"
done
same "of the clone there is nothing" 0 "$(api message.get_all_records | grep -c "$(api VM.get_uuid @other | tr -d '"')")"

# --- a client's ----------------------------------------------------------------------
mine=$(refs message.create disk-full 2 VM "$vm" 'the "log" disk')
stood=$(names)
kill_all KILL xld
restart_xld
same "it is kept" 'the "log" disk' "$(api message.get_body "$mine")"
same "so are the others" "$stood" "$(names)"
same "its priority" 2 "$(api message.get_priority "$mine")"
check "it goes" api message.destroy "$mine"
expect_status 1 api message.get_body "$mine"
contains "it is gone" "$out" '^HANDLE_INVALID message '
expect_status 1 api message.create x 2 VM 00000000-0000-0000-0000-00000000beef ''
contains "about nobody" "$out" '^UUID_INVALID VM '

# --- secrets -------------------------------------------------------------------------
mark=$(refs event.from '["*"]' '' 0.0 | sed -n 's/.*"token":"\([^"]*\)".*/\1/p')
secret=$(refs secret.create '{"value":"hush-4711","other_config":{"for":"tests"}}')
same "it is told to who may know" hush-4711 "$(api secret.get_value "$secret")"
check "another" api secret.set_value "$secret" hush-4712
kill_all KILL xld
restart_xld
same "it is kept" hush-4712 "$(api secret.get_value "$secret")"
same "its owner's" '{"for":"tests"}' "$(api secret.get_other_config "$secret")"
same "events are silent" 0 "$(api event.from '["*"]' "$mark" 1.0 | grep -c hush-)"
same "so are the logs" 0 "$(cat /var/log/xld/*.log | grep -c hush-)"
same "only root reads the state" 600 "$(stat -c %a /var/lib/xld/xld.db)"
expect_status 1 api secret.create "{\"value\":\"$(printf '%5000s' x)\"}"
contains "too long" "$out" '^VALUE_NOT_SUPPORTED value '
check "it goes" api secret.destroy "$secret"
expect_status 1 api secret.get_value "$secret"
contains "it is gone" "$out" '^HANDLE_INVALID secret '

# --- kinds of repositories -----------------------------------------------------------
for type in local dir lvm iso; do
	contains "$type" "$(api SM.get_all_records)" "\"type\":\"$type\""
done
