#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Snapshots by xm: made, listed, reverted to with and without force and start,
# removed, also when their machine is gone; and what is refused.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
dir=$scratch/store
mkdir "$dir"
cleanup '{ for s in $(xm snapshot-list --columns uuid --no-header); do xm snapshot-delete "$s"; done
	xm destroy d; xm delete d
	for v in $(refs SR.get_VDIs ${sr:-none}); do api VDI.destroy $v; done
	api SR.forget ${sr:-none}; } >/dev/null 2>&1'
sr=$(api SR.create "$host" "{\"location\":\"$dir\"}" 0 disks "" dir "" false '{}')
disk() {
	local vdi

	vdi=$(api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"$1\",\"virtual_size\":1048576,\"type\":\"user\"}")
	api VBD.create "{\"VM\":\"$vm\",\"VDI\":\"$vdi\",\"device\":\"$1\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}"
}
# The file of the first disk that the machine has now, and its first word.
file() { xm block-list d --columns device,location --no-header | sed -n 's/^xvda *file://p'; }
write() { printf '%-8s' "$1" | dd of="$(file)" bs=1 conv=notrunc status=none; }
read_back() { dd if="$(file)" bs=1 count=8 status=none | tr -d ' \0'; }
files() { find "$dir" -type f | wc -l; }

check "a machine" xm new -q "$(tiny_config d 'extra="tick=500"')"
vm=$(api VM.get_uuid @d)
disk xvda >/dev/null
disk xvdb >/dev/null
write before
check "nothing is kept" same "nothing is listed" "" "$(xm snapshot-list)"
expect_status 0 xm snapshot-create d one --description 'the first'
same "nothing is said" "" "$out$err"
same "two disks more" 4 "$(files)"
write after
check "it runs" xm start d
made=$(xm snapshot-create d --skip xvdb)
contains "its own name" "$made" '^d-[0-9]{8}-[0-9]{6}$'
same "one disk more" 5 "$(files)"
same "the list" "$made 1 true
one 2 false" "$(xm snapshot-list d --columns name,disks,current --sort name --no-header | tr -s ' ')"
same "what it did" "Running $made" \
	"$(xm snapshot-list state=Running --columns state,name --no-header | tr -s ' ')"
same "why" "the first" "$(xm snapshot-list name=one --columns description --no-header)"
expect_status 4 xm snapshot-create d one
contains "the name is taken" "$err" "'one' already exists"
expect_status 4 xm snapshot-revert d one
contains "it runs" "$err" 'needs it to be Halted'
same "and goes on" Running "$(api VM.get_power_state "$vm")"
check "but by force" xm snapshot-revert -f --start d one
same "it is what it was" before "$(read_back)"
same "and runs" Running "$(api VM.get_power_state "$vm")"
same "disks" 5 "$(files)"
same "which it is" one "$(xm snapshot-list current=true --columns name --no-header)"
check "its end" xm destroy d
check "to the other" xm snapshot-revert "$made"
same "it is what it was" after "$(read_back)"
expect_status 3 xm snapshot-delete d two
contains "which are there" "$err" "no snapshot 'two'. See xm snapshot-list"
check "one goes" xm snapshot-delete d one
same "with its disks" '' "$(xm snapshot-list name=one)"
check "the machine" xm delete d
same "of none" "- $made" "$(xm snapshot-list --no-header | awk '{ print $2, $1 }')"
check "it goes, too" xm snapshot-delete "$made"
same "nothing is kept" "" "$(xm snapshot-list)"
