#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Programs of the owner's that clients call: which are found and which are refused, what
# they are given and answer, and their end when they take too long.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
conf=/etc/xld/xld.conf
dir=/etc/xld/tests-plugins
cp $conf "$scratch/xld.conf"
cleanup 'rm -rf $dir; cp "$scratch/xld.conf" $conf; restart_xld; xm delete plugged'
# settings SECONDS
settings() { { cat "$scratch/xld.conf"; printf '%s\n' "plugin_dir = $dir" "plugin_seconds = $1"; } >$conf; restart_xld; }
settings 300
host=$(api host.get_all | tr -d '[]" ')
call() { api host.call_plugin "$host" "$@"; }

expect_status 1 call hello f '{}'
same "there is no folder" "XENAPI_MISSING_PLUGIN hello" "$out"
mkdir -p $dir/vm

# plugin NAME: from standard input.
plugin() { { echo '#!/bin/bash'; cat; } >"$dir/$1"; chmod 755 "$dir/$1"; }
plugin hello <<'EOF'
[[ $1 =~ '<methodName>'([^<]*)'</methodName>' ]] && f=${BASH_REMATCH[1]}
[[ $1 =~ '<name>who</name><value>'(<string>)?([^<]*) ]] && who=${BASH_REMATCH[2]}
[[ $1 =~ '<name>vm_uuid</name><value>'(<string>)?([^<]*) ]] && who=${BASH_REMATCH[2]}
reply() { echo "<methodResponse><params><param><value><struct>$1</struct></value></param></params></methodResponse>"; }
member() { echo "<member><name>$1</name><value>$2</value></member>"; }
case $f in
greet) reply "$(member Status Success)$(member Value "hello $who, from $(id -u)")" ;;
fail) reply "$(member Status Failure)$(member ErrorDescription "<array><data><value>LOST</value><value>$who</value></data></array>")" ;;
hang) sleep 1000 & echo $! >/tmp/plugin-child; wait ;;
*) echo "what is $f?" >&2; exit 3 ;;
esac
EOF
cp $dir/hello $dir/vm/greeter

# --- what it answers -------------------------------------------------------------------
same "text" "hello world, from 0" "$(call hello greet '{"who":"world"}')"
expect_status 1 call hello fail '{"who":"way"}'
same "its own failure" "LOST way" "$out"
expect_status 1 call hello dance '{}'
same "a status" "XENAPI_PLUGIN_FAILURE non-zero exit 3  what is dance?" "$out"
task=$(api Async.host.call_plugin "$host" hello greet '{"who":"task"}')
check "it ends" wait_for 20 eval '[ "$(api task.get_status "$task")" = success ]'
same "as a task" "hello task, from 0" "$(api task.get_result "$task")"

# --- which -------------------------------------------------------------------------------
for name in ../hello '' .hidden vm/greeter greeter; do
	expect_status 1 call "$name" greet '{}'
	same "no '$name'" "XENAPI_MISSING_PLUGIN $name" "$out"
done
check "not executable" chmod 644 $dir/hello
expect_status 1 call hello greet '{}'
same "is none" "XENAPI_MISSING_PLUGIN hello" "$out"
for spoil in "chmod 775 $dir/hello" "chmod 757 $dir/hello" "chmod 777 $dir" "chown 1:0 $dir/hello" "chown 1:0 $dir"; do
	check "as root would not have it: $spoil" $spoil
	expect_status 1 call hello greet '{}'
	contains "$spoil" "$out" "^XLD_HELPER $dir(/hello)? others than root can write it"
	chown 0:0 $dir $dir/hello
	chmod 755 $dir $dir/hello
done
same "as it should be" "hello again, from 0" "$(call hello greet '{"who":"again"}')"

# --- for a machine --------------------------------------------------------------------------
check "a machine" xm new -q "$(tiny_config plugged)"
vm=$(api VM.get_uuid @plugged)
same "it is told which" "hello $vm, from 0" "$(api VM.call_plugin "$vm" greeter greet '{"vm_uuid":"x"}')"
expect_status 1 api VM.call_plugin "$vm" hello greet '{}'
same "those of the host are not for machines" "XENAPI_MISSING_PLUGIN hello" "$out"

# --- its end -----------------------------------------------------------------------------------
gone() { ! kill -0 "$(cat /tmp/plugin-child)"; }
task=$(api Async.host.call_plugin "$host" hello hang '{}')
check "it hangs" wait_for 20 test -s /tmp/plugin-child
check "cancel" api task.cancel "$task"
same "it is cancelled" cancelled "$(api task.get_status "$task")"
check "with what it has started" wait_for 20 gone
settings 1
rm /tmp/plugin-child
expect_status 1 call hello hang '{}'
contains "too late" "$out" '^XENAPI_PLUGIN_FAILURE did not answer in time'
check "with what it has started" wait_for 20 gone
rm /tmp/plugin-child
same "others are called" "hello world, from 0" "$(call hello greet '{"who":"world"}')"
