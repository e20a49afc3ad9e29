#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# What machines are outlives the daemon's death at each write of its database, comes
# over from the files of before, and is read out of a damaged database as far as
# that goes.
. "$(dirname "$0")/lib.sh"

dir=/var/lib/xld
db=$dir/xld.db
api() { "$progs/prog_api" "$@"; }
names() { xm list --names | sort | tr '\n' ' '; }
cleanup 'restart_xld; for g in one two three four old; do xm destroy $g; xm delete $g; done >/dev/null 2>&1
	rm -f $db.damaged-*'

check "a machine that is kept" xm new -q "$(tiny_config one 'description = "first"')"
contains "it is there, halted" "$(xm list one)" '^one +16 +1 +0\.0$'
same "its domid" None "$(xm domid one)"
check "another" xm new -q "$(tiny_config two)"
expect_status 4 xm new -q "$(tiny_config one)"
contains "names are unique" "$err" "'one' already exists"
uuid=$(api VM.get_uuid @one)
restart_xld
same "both are there" "Domain-0 one two " "$(names)"
same "the same machine" "$uuid" "$(api VM.get_uuid @one)"
same "as it was made" first "$(api VM.get_name_description @one)"

# At each write of it: a change is made or it is not; nothing between.
for step in state-write state-written; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off api VM.set_name_description @one "by $step"
	restart_xld
	case $step in
	state-write) want=first ;;
	*) want="by $step" ;;
	esac
	same "after death at $step" "$want" "$(api VM.get_name_description @one)"
done
restart_xld XLD_STEP=state-write:kill
cut_off xm new -q "$(tiny_config three)"
restart_xld
same "three was not made" "Domain-0 one two " "$(names)"
restart_xld XLD_STEP=state-written:kill
cut_off xm new -q "$(tiny_config three)"
restart_xld
same "three was made" "Domain-0 one three two " "$(names)"
restart_xld XLD_STEP=state-delete:kill
cut_off xm delete three
restart_xld
same "three is there" "Domain-0 one three two " "$(names)"
restart_xld XLD_STEP=state-deleted:kill
cut_off xm delete three
restart_xld
same "three has gone" "Domain-0 one two " "$(names)"

# A disk without room: the change is refused, the daemon goes on, so does the truth.
restart_xld XLD_STEP=state-write
expect_status 1 api VM.set_name_description @one "no room"
contains "its step" "$out" XLD_FAULT
same "as it was" "by state-written" "$(api VM.get_name_description @one)"
restart_xld

# Somebody looks at it, and somebody else has locked it.
[ "$(stat -c %a $db)" = 600 ] || fail "others may read $db"

# The files that an xld before the database kept.
kill_all KILL xld
wait_for 10 none_of xld-api
mkdir -p $dir/vms
slurp old /proc/sys/kernel/random/uuid
printf '{"uuid":"%s","domid":-1,"config":{"uuid":"%s","name_label":"old",' "$old" "$old" \
	>"$dir/vms/$old.json"
cat >>"$dir/vms/$old.json" <<'JSON'
"name_description":"from before","memory_static_max":16777216,
"memory_dynamic_max":16777216,"memory_dynamic_min":16777216,"memory_static_min":0,
"VCPUs_max":1,"VCPUs_at_startup":1,"PV_kernel":"/boot/guest/tiny",
"domain_type":"pv","actions_after_shutdown":"destroy",
"actions_after_reboot":"restart","actions_after_crash":"destroy"}}
JSON
restart_xld
same "it came over" "Domain-0 old one two " "$(names)"
same "with what it was" "from before" "$(api VM.get_name_description @old)"
[ ! -e $dir/vms ] || fail "the old files are still there"
check "it starts" xm start old
check "and ends" xm destroy old
check "and goes" xm delete old

# Damaged: set aside under a name that says so.
check "one runs" xm start one
kill_all KILL xld
wait_for 10 none_of xld-api
dd if=/dev/zero of=$db bs=1 count=200 conv=notrunc status=none
rm -f $db-wal $db-shm
check "xld starts" /usr/sbin/xld --daemon
[ -n "$(echo $db.damaged-*)" ] && [ -e "$(echo $db.damaged-*)" ] ||
	fail "it is not set aside: $(ls $dir)"
contains "the log tells" "$(cat /var/log/xld/xld.log)" 'xld.db was damaged: it is .*damaged-'
# What runs is known by itself, and kept again.
same "the one that runs is there" "Domain-0 one " "$(names)"
check "it ends" xm destroy one
restart_xld
same "and was kept anew" "Domain-0 one " "$(names)"
check "delete" xm delete one
same "nobody is left" "Domain-0 " "$(names)"
