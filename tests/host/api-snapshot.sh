#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# Snapshots of machines and disks: made of one that is halted, runs, is paused;
# reverted to, cloned, removed, refused; and what is left when the daemon dies in the
# middle: one whole set of disks for each machine, and no other.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
dir=$scratch/store
mkdir "$dir"
cleanup '{ restart_xld; xm destroy d
	for g in d one two three c; do api VM.destroy "$(api VM.get_uuid @$g)"; done
	for v in $(refs SR.get_VDIs ${sr:-none}); do api VDI.destroy $v; done
	api SR.forget ${sr:-none}; } >/dev/null 2>&1'
sr=$(api SR.create "$host" "{\"location\":\"$dir\"}" 0 disks "" dir "" false '{}')
make() { api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"$1\",\"virtual_size\":1048576,\"type\":\"user\"}"; }
vbd() { api VBD.create "{\"VM\":\"$vm\",\"VDI\":\"$1\",\"device\":\"$2\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}"; }
# The disk that a machine has there now, and what is on it.
disk_of() {
	local b

	for b in $(refs VM.get_VBDs "$1"); do
		[ "$(api VBD.get_device "$b")" = "$2" ] && refs VBD.get_VDI "$b"
	done
}
write() { printf '%-8s' "$2" | dd of="$dir/$1.raw" bs=1 seek=4096 conv=notrunc status=none; }
read_back() { dd if="$dir/$1.raw" bs=1 skip=4096 count=8 status=none | tr -d ' \0'; }
files() { find "$dir" -type f | wc -l; }
power() { api VM.get_power_state "$vm"; }

check "a machine" xm new -q "$(tiny_config d 'extra="tick=500"')"
vm=$(api VM.get_uuid @d)
vdi=$(make first)
vbd "$vdi" xvda >/dev/null
write "$vdi" before

# --- halted -----------------------------------------------------------------------
s=$(api VM.snapshot "$vm" one)
same "is one" true "$(api VM.get_is_a_snapshot "$s")"
same "is a template" true "$(api VM.get_is_a_template "$s")"
same "of" "$vm" "$(refs VM.get_snapshot_of "$s")"
same "its machine's" "$s" "$(refs VM.get_snapshots "$vm")"
same "parent" "$s" "$(refs VM.get_parent "$vm")"
same "children" "$vm" "$(refs VM.get_children "$s")"
contains "what it was" "$(api VM.get_snapshot_info "$s")" '"power-state-at-snapshot":"Halted"'
contains "what may be done" "$(api VM.get_allowed_operations "$s")" '"revert"'
copy=$(disk_of "$s" xvda)
same "of its disk" "$vdi" "$(refs VDI.get_snapshot_of "$copy")"
same "its disk's" "$copy" "$(refs VDI.get_snapshots "$vdi")"
same "two disks" 2 "$(files)"
expect_status 1 api VM.start "$s" false
same "it is not started" "VM_IS_TEMPLATE $s" "$out"
expect_status 1 api VM.provision "$s"
contains "nor provisioned" "$out" '^OPERATION_NOT_ALLOWED'
expect_status 1 api VM.set_is_a_template "$s" false
contains "nor changed" "$out" '^OPERATION_NOT_ALLOWED'
expect_status 1 api VM.snapshot "$s" x
contains "nor is there one of it" "$out" '^OPERATION_NOT_ALLOWED'
expect_status 1 api VM.revert "$vm"
contains "a machine is none" "$out" '^OPERATION_NOT_ALLOWED'
expect_status 1 api VM.snapshot "$vm" one
contains "names" "$out" '^UNIQUE_NAME_ERROR'
expect_status 1 api VM.checkpoint "$vm" x
contains "halted" "$out" '^VM_BAD_POWER_STATE'

# --- back -------------------------------------------------------------------------
write "$vdi" after
check "memory" api VM.set_memory_limits "$vm" 8388608 8388608 8388608 8388608
check "revert" api VM.revert "$s"
now=$(disk_of "$vm" xvda)
[ "$now" != "$vdi" ] || fail "it has the disk it had"
same "what it was" before "$(read_back "$now")"
same "memory, too" 16777216 "$(api VM.get_memory_static_max "$vm")"
same "its name" d "$(api VM.get_name_label "$vm")"
same "the old disk is gone" 2 "$(files)"
same "of the new one" "$now" "$(refs VDI.get_snapshot_of "$copy")"
restart_xld
same "all that is kept" "$s $now true" \
	"$(refs VM.get_snapshots "$vm") $(disk_of "$vm" xvda) $(api VM.get_is_a_snapshot "$s")"

# --- running, paused ---------------------------------------------------------------
write "$now" running
check "it runs" xm start d
expect_status 1 api VM.revert "$s"
contains "not while it runs" "$out" "^VM_BAD_POWER_STATE $vm Halted Running"
expect_status 1 api VDI.snapshot "$now"
contains "its disk alone" "$out" "^VDI_IN_USE $now $vm"
t=$(api VM.snapshot "$vm" two)
same "it goes on" Running "$(power)"
same "what it was" running "$(read_back "$(disk_of "$t" xvda)")"
same "the tree" "$s" "$(refs VM.get_parent "$t")"
check "pause" api VM.pause "$vm"
u=$(api VM.snapshot "$vm" three "[\"$now\"]")
same "it stays paused" Paused "$(power)"
same "no disk" "" "$(disk_of "$u" xvda)"
check "destroy" api VM.destroy "$u"
same "the tree" "$t" "$(refs VM.get_parent "$vm")"
same "no intent is left" "" "$(ls /run/xld/intents)"
check "its end" xm destroy d

# --- the daemon dies ----------------------------------------------------------------
check "it runs" xm start d
same "disks" 3 "$(files)"
for step in snapshot-paused vdi-file snapshot-disks; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off api VM.snapshot "$vm" three
	restart_xld
	same "$step: it runs" Running "$(power)"
	same "$step: no other disk" 3 "$(files)"
	same "$step: no other snapshot" 2 "$(refs VM.get_snapshots "$vm" | wc -l)"
	same "$step: no intent" "" "$(ls /run/xld/intents)"
done
check "its end" xm destroy d
write "$now" later
for step in revert-disks revert-marked; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off api VM.revert "$s"
	restart_xld
	same "$step: what it had" later "$(read_back "$(disk_of "$vm" xvda)")"
	same "$step: no other disk" 3 "$(files)"
done
restart_xld XLD_STEP=revert-kept:kill
cut_off api VM.revert "$s"
restart_xld
now=$(disk_of "$vm" xvda)
same "revert-kept: it is what it was" before "$(read_back "$now")"
same "revert-kept: no other disk" 3 "$(files)"
same "revert-kept: of the new one" "$now" "$(refs VDI.get_snapshot_of "$copy")"
restart_xld XLD_STEP=snapshot-kept:kill
cut_off api VM.snapshot "$vm" three
restart_xld
u=$(api VM.get_uuid @three)
same "snapshot-kept: its disk" before "$(read_back "$(disk_of "$u" xvda)")"
restart_xld XLD_STEP=delete-marked:kill
cut_off api VM.destroy "$u"
restart_xld
same "delete-marked: it is there" before "$(read_back "$(disk_of "$u" xvda)")"
restart_xld XLD_STEP=delete-removed:kill
cut_off api VM.destroy "$u"
restart_xld
same "delete-removed: nor its disk" 3 "$(files)"

# --- a machine of one; the end --------------------------------------------------------
c=$(api VM.clone "$s" c)
same "it is none" false "$(api VM.get_is_a_snapshot "$c")"
same "nor its disk" false "$(api VDI.get_is_a_snapshot "$(disk_of "$c" xvda)")"
check "provision" api VM.provision "$c"
check "it runs" xm start c
check "its end" xm destroy c
own=$(disk_of "$c" xvda)
check "destroy" api VM.destroy "$c"
check "its disk" api VDI.destroy "$own"
alone=$(api VDI.snapshot "$now")
same "of one disk" "true $now before" \
	"$(api VDI.get_is_a_snapshot "$alone") $(refs VDI.get_snapshot_of "$alone") $(read_back "$alone")"
check "destroy" api VDI.destroy "$alone"
check "destroy" api VM.destroy "$s"
check "destroy" api VM.destroy "$t"
check "the machine" xm delete d
same "its disk alone is left" "$dir/$now.raw" "$(find "$dir" -type f)"
check "and goes" api VDI.destroy "$now"
check "forget it" api SR.forget "$sr"
