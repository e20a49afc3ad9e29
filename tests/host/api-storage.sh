#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Repositories and disks of our own: made, grown, copied, given to a guest, removed;
# ISO libraries; and what is left when the daemon dies in the middle.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
json() { "$progs/prog_json" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
dir=$scratch/store
isos=$scratch/isos
mkdir "$dir" "$isos"

sr_create() { api SR.create "$host" "{\"location\":\"$2\"}" 0 "$1" "" "$3" "" false '{}'; }
cleanup 'restart_xld; xm destroy d; xm delete d
	for s in ${sr:-} ${lib:-}; do for v in $(refs SR.get_VDIs $s); do api VDI.destroy $v; done; api SR.forget $s; done >/dev/null 2>&1'

contains "types" "$(api SR.get_supported_types)" '"dir"'
expect_status 1 sr_create x /nowhere dir
contains "a folder that is there" "$out" '^VALUE_NOT_SUPPORTED device_config:location /nowhere'
expect_status 1 sr_create x "$dir" nfs
same "kinds" "SR_UNKNOWN_DRIVER nfs" "$out"
sr=$(sr_create disks "$dir" dir)
expect_status 1 sr_create again "$dir" dir
contains "one repository a folder" "$out" 'another repository has it'
pbd=$(refs PBD.get_by_SR "$sr")
same "its PBD" true "$(api PBD.get_currently_attached "$pbd")"
same "where" "{\"location\":\"$dir\"}" "$(api PBD.get_device_config "$pbd")"

# A disk.
make() { api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"$1\",\"virtual_size\":$2,\"type\":\"user\"}"; }
expect_status 1 make none 0
contains "a size" "$out" '^VALUE_NOT_SUPPORTED virtual_size 0'
expect_status 1 make huge 70368744177664
contains "room" "$out" '^SR_FULL 70368744177664 [0-9]+$'
same "nothing of them is left" "" "$(ls "$dir")"
vdi=$(make one 10485761)
same "whole sectors" 10486272 "$(api VDI.get_virtual_size "$vdi")"
same "its file" "$vdi.raw" "$(ls "$dir")"
same "nobody else's" 600 "$(stat -c %a "$dir/$vdi.raw")"
expect_status 1 api VDI.resize "$vdi" 4096
contains "only larger" "$out" '^VALUE_NOT_SUPPORTED size'
check "resize" api VDI.resize "$vdi" 16777216
same "larger" 16777216 "$(stat -c %s "$dir/$vdi.raw")"
expect_status 1 api SR.forget "$sr"
same "not while it has disks" "SR_NOT_EMPTY $sr" "$out"
restart_xld
same "known after a restart" one "$(api VDI.get_name_label "$vdi")"

# What may be said of them later, and what may not.
check "a name" api VDI.set_name_label "$vdi" first
check "of the repository" api SR.set_name_label "$sr" fast
expect_status 1 api VDI.remove_from_other_config "$vdi" location
contains "where it is stays" "$out" '^VALUE_NOT_SUPPORTED other_config:location'
check "the owner's" api VDI.add_to_other_config "$vdi" shelf 3
expect_status 1 api VDI.add_to_other_config "$vdi" shelf 4
contains "not twice" "$out" '^MAP_DUPLICATE_KEY VDI other_config '
restart_xld
same "kept" first "$(api VDI.get_name_label "$vdi")"
same "kept" fast "$(api SR.get_name_label "$sr")"
contains "kept" "$(api VDI.get_other_config "$vdi")" '"shelf":"3"'

# A copy: the same bytes, holes stay holes.
printf 'first' | dd of="$dir/$vdi.raw" conv=notrunc status=none
printf 'last' | dd of="$dir/$vdi.raw" bs=1 seek=16777210 conv=notrunc status=none
two=$(api VDI.copy "$vdi" "$sr")
check "the same content" cmp "$dir/$vdi.raw" "$dir/$two.raw"
[ "$(stat -c %b "$dir/$two.raw")" -le 128 ] || fail "holes are filled"
three=$(api VDI.clone "$two")
check "the same content" cmp "$dir/$vdi.raw" "$dir/$three.raw"
same "disks" 3 "$(refs SR.get_VDIs "$sr" | wc -l)"
check "destroy" api VDI.destroy "$three"
[ ! -e "$dir/$three.raw" ] || fail "its file stays"

# A guest has one.
check "a guest" xm new -q "$(tiny_config d 'extra="tick=500"')"
vbd=$(api VBD.create "{\"VM\":\"$(api VM.get_uuid @d)\",\"VDI\":\"$two\",\"device\":\"xvda\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}")
expect_status 1 api VDI.destroy "$two"
contains "it is in use" "$out" "^VDI_IN_USE $two "
check "it grows while the guest is halted" api VDI.resize "$two" 33554432
same "larger" 33554432 "$(stat -c %s "$dir/$two.raw")"
check "it runs" xm start d
expect_status 1 api VDI.resize "$two" 67108864
contains "not while it is open" "$out" "^VDI_IN_USE $two "
check "its end" xm destroy d
metrics=$(api VBD.get_metrics "$vbd")
same "its figures" 0 "$(api VBD_metrics.get_io_read_kbs "$metrics" | sed 's/\.0*$//')"
check "delete the guest" xm delete d
check "the disk is free" api VDI.destroy "$two"

# Cut short: nothing of a disk that was not acknowledged, nothing of one that went.
for step in vdi-marked vdi-file; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off make cut 1048576
	restart_xld
	same "after death at $step" "$vdi.raw" "$(ls "$dir")"
	same "one disk" "$vdi" "$(refs SR.get_VDIs "$sr")"
done
restart_xld XLD_STEP=vdi-removing:kill
four=$(make four 1048576)
cut_off api VDI.destroy "$four"
restart_xld
same "a removal is finished" "$vdi.raw" "$(ls "$dir")"

# A copy is cancelled, or its maker dies.
dd if=/dev/urandom of="$dir/$vdi.raw" bs=1M count=16 conv=notrunc status=none
task=$(api Async.VDI.copy "$vdi" "$sr")
kill -STOP $(pids xld-copy) 2>/dev/null
[ "$(api task.get_status "$task")" != pending ] || {
	expect_status 1 api VDI.destroy "$vdi"
	contains "its source stays" "$out" '^OTHER_OPERATION_IN_PROGRESS VDI'
	check "cancel" api task.cancel "$task"
	over() { [ "$(api task.get_status "$task")" = cancelled ]; }
	check "it is cancelled" wait_for 20 over
	same "nothing is left" "$vdi.raw" "$(ls "$dir")"
}
task=$(api Async.VDI.copy "$vdi" "$sr")
kill -KILL $(pids xld-copy) 2>/dev/null
ended() { [ "$(api task.get_status "$task")" != pending ]; }
check "it ends" wait_for 20 ended
[ "$(api task.get_status "$task")" = success ] ||
	contains "why" "$(api task.get_error_info "$task")" 'XLD_HELPER'
for v in $(refs SR.get_VDIs "$sr"); do [ "$v" = "$vdi" ] || api VDI.destroy "$v" >/dev/null; done
same "nothing is left" "$vdi.raw" "$(ls "$dir")"

# A library.
printf x >"$isos/a.iso"
printf y >"$isos/notes.txt"
lib=$(sr_create library "$isos" iso)
iso=$(refs SR.get_VDIs "$lib")
same "what is in it" a.iso "$(api VDI.get_name_label "$iso")"
same "read only" true "$(api VDI.get_read_only "$iso")"
expect_status 1 api VDI.destroy "$iso"
same "it is the owner's" "SR_OPERATION_NOT_SUPPORTED $lib" "$out"
expect_status 1 api VDI.create "{\"SR\":\"$lib\",\"virtual_size\":512}"
same "nor made" "SR_OPERATION_NOT_SUPPORTED $lib" "$out"
printf z >"$isos/b.iso"
same "another" 2 "$(refs SR.get_VDIs "$lib" | wc -l)"
rm "$isos/a.iso"
same "and one less" b.iso "$(api VDI.get_name_label "$(refs SR.get_VDIs "$lib")")"
check "forget it" api SR.forget "$lib"
check "the last disk" api VDI.destroy "$vdi"
check "forget the repository" api SR.forget "$sr"
same "Local is left" Local "$(api SR.get_name_label "$(refs SR.get_all)")"
