#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# The host's end by the API: not while it may start machines, not while one runs, and
# then by the owner's command, as it is in xld.conf. Who keeps it from being left.
. "$(dirname "$0")/lib.sh"

conf=/etc/xld/xld.conf
log=/var/log/xld/xld.log
api() { "$progs/prog_api" "$@"; }
cp $conf "$scratch/xld.conf"
cleanup 'rm -f "$scratch/hold"; cp "$scratch/xld.conf" $conf; kill -HUP "$(cat /run/xld/xld.pid)"
	api host.enable "$host"; xm destroy up; api VM.set_blocked_operations "$vm" "{}"; xm delete up'
told() { tail -c +"$((seen + 1))" $log | grep -qE -- "$1"; }
mark() { seen=$(stat -c %s $log); }

# It writes its words down, and stays while there is a file hold.
cat >"$scratch/end" <<EOF
#!/bin/bash
printf '<%s>' "\$@" >"$scratch/words"
while [ -e "$scratch/hold" ]; do sleep 0.2; done
echo "it was said"
[ "\$1" != fail ]
EOF
chmod 755 "$scratch/end"
# settings LINE...
settings() { { cat "$scratch/xld.conf"; printf '%s\n' "$@"; } >$conf; restart_xld; }
settings "shutdown_command = $scratch/end -P now" "reboot_command = $scratch/end -r a*b \$HOME"

host=$(api host.get_all | tr -d '[]" ')
check "a machine" xm new -q "$(tiny_config up 'extra="tick=500"')"
check "runs" xm start up
vm=$(api VM.get_uuid @up)

# --- who keeps it from being left ---------------------------------------------------
same "the reason" "{\"$vm\":[\"NO_HOSTS_AVAILABLE\"]}" "$(api host.get_vms_which_prevent_evacuation "$host")"
expect_status 1 api host.assert_can_evacuate "$host"
same "all reasons" "CANNOT_EVACUATE_HOST NO_HOSTS_AVAILABLE" "$out"
expect_status 1 api host.evacuate "$host"
same "the first" NO_HOSTS_AVAILABLE "$out"
check "protected" api VM.add_to_blocked_operations "$vm" pool_migrate payroll
same "that reason" "{\"$vm\":[\"OPERATION_BLOCKED\",\"$vm\",\"payroll\"]}" \
	"$(api host.get_vms_which_prevent_evacuation "$host")"
expect_status 1 api host.assert_can_evacuate "$host"
same "with its words" "CANNOT_EVACUATE_HOST OPERATION_BLOCKED,$vm,payroll" "$out"
expect_status 1 api host.evacuate "$host"
same "that reason" "OPERATION_BLOCKED $vm payroll" "$out"

# --- not now ---------------------------------------------------------------------------
expect_status 1 api host.reboot "$host"
same "it is enabled" HOST_NOT_DISABLED "$out"
check "disable" api host.disable "$host"
for how in reboot shutdown; do
	expect_status 1 api host.$how "$host"
	same "it is in use" "HOST_IN_USE $host VM $vm" "$out"
done
same "it is up" Running "$(api VM.get_power_state "$vm")"
check "its end" xm destroy up
same "nobody is left" '{}' "$(api host.get_vms_which_prevent_evacuation "$host")"
check "it could be left" api host.assert_can_evacuate "$host"
check "it is" api host.evacuate "$host" '' 10
[ ! -e "$scratch/words" ] || fail "the command was run: $(cat "$scratch/words")"

# --- now ----------------------------------------------------------------------------------
touch "$scratch/hold"
check "it reboots" api host.reboot "$host"
check "by the command" wait_for 20 test -s "$scratch/words"
same "no shell has read it" '<-r><a*b><$HOME>' "$(cat "$scratch/words")"
expect_status 1 api host.shutdown "$host"
same "it goes already" "OTHER_OPERATION_IN_PROGRESS host $host" "$out"
rm "$scratch/hold" "$scratch/words"
down() { api host.shutdown "$host" >/dev/null 2>&1; }
check "the other" wait_for 20 down
check "by the command" wait_for 20 test -s "$scratch/words"
same "its words" '<-P><now>' "$(cat "$scratch/words")"
contains "who did it" "$(cat /var/log/xld/audit.log)" 'host\.reboot'

# --- a command that fails, and none ----------------------------------------------------------
settings "shutdown_command = $scratch/end fail" "reboot_command = $scratch/nothing"
check "disable" api host.disable "$host"
mark
check "it is asked" api host.shutdown "$host"
check "its last line is told" wait_for 20 told "end: it was said \(status 1\)"
expect_status 1 api host.reboot "$host"
same "there is no such program" "XLD_HELPER $scratch/nothing it cannot be run" "$out"
check "enable" api host.enable "$host"
check "the host goes on" xm start up
