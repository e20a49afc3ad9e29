#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# image: full
# A repository on a file system whose files can share blocks (Btrfs): copies of disks,
# those of a machine that runs among them, take no room and no time; and are apart all
# the same.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
dir=$scratch/store
mkdir "$dir"
truncate -s 256M "$scratch/fs"
check "a file system" mkfs.btrfs -q -m single "$scratch/fs"
check "is mounted" mount -o loop "$scratch/fs" "$dir"
cleanup '{ xm destroy d; for s in $(xm snapshot-list d --columns uuid --no-header); do xm snapshot-delete $s; done
	xm delete d; for v in $(refs SR.get_VDIs ${sr:-none}); do api VDI.destroy $v; done
	api SR.forget ${sr:-none}; umount "$dir"; } >/dev/null 2>&1'
sr=$(api SR.create "$host" "{\"location\":\"$dir\"}" 0 disks "" dir "" false '{}')
vdi=$(api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"a\",\"virtual_size\":33554432,\"type\":\"user\"}")
check "its content" dd if=/dev/urandom of="$dir/$vdi.raw" bs=1M count=32 conv=notrunc status=none
check "a machine" xm new -q "$(tiny_config d 'extra="tick=500"')"
vm=$(api VM.get_uuid @d)
api VBD.create "{\"VM\":\"$vm\",\"VDI\":\"$vdi\",\"device\":\"xvda\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}" >/dev/null
disk_of() { refs VBD.get_VDI "$(refs VM.get_VBDs "$1")"; }
# Bytes that a file has for itself.
own() { sync; btrfs filesystem du --raw -s "$1" | awk 'END { print $2 }'; }

check "it runs" xm start d
expect_status 0 api VM.snapshot "$vm" one
one=$dir/$(disk_of "$out").raw
same "it goes on" Running "$(api VM.get_power_state "$vm")"
check "the same content" cmp "$dir/$vdi.raw" "$one"
same "in the same blocks" 0 "$(own "$one")"
copy=$(api VDI.clone "$(disk_of @one)")
same "as a copy of that" 0 "$(own "$dir/$copy.raw")"
# Eight of them are as large as the file system.
for i in 1 2 3 4 5 6; do check "one more" api VM.snapshot "$vm" "more$i" >/dev/null; done
check "its end" xm destroy d
dd if=/dev/zero of="$dir/$vdi.raw" bs=1M count=1 conv=notrunc status=none
cmp -s "$dir/$vdi.raw" "$one" && fail "what is written to the disk is written to its snapshot"
same "what was written" 1048576 "$(own "$dir/$vdi.raw")"
check "back" xm snapshot-revert d one
check "it is what it was" cmp "$dir/$(disk_of @d).raw" "$one"
same "in the same blocks" 0 "$(own "$dir/$(disk_of @d).raw")"
