#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# image: full
# depth: full
# timeout: 900
# Repositories of volumes and of qcow2 images, on a volume group behind a loop device:
# disks made, grown, copied, given to a guest that writes to them, removed; machines
# cloned with their disks; what is full, gone or in use; and what a death of the daemon
# leaves. qemu-img looks at the images.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
group=xldtest
cleanup 'restart_xld; for g in d e f; do xm destroy $g; xm delete $g; done >/dev/null 2>&1
	for s in ${sr:-} ${dir_sr:-}; do for v in $(refs SR.get_VDIs $s); do api VDI.destroy $v; done; api SR.forget $s; done >/dev/null 2>&1
	vgchange -an $group >/dev/null 2>&1; losetup -d /dev/loop41 2>/dev/null'

modprobe dm-mod 2>/dev/null
[ -b /dev/loop41 ] || mknod /dev/loop41 b 7 41
truncate -s 128M "$scratch/pv"
# Bytes of somebody who was there before: no disk may show them.
dd if=/dev/urandom of="$scratch/pv" bs=1M count=128 conv=notrunc status=none
losetup /dev/loop41 "$scratch/pv"
check "a volume group" vgcreate -q -y $group /dev/loop41
volumes() { lvs --noheadings -o lv_name $group 2>/dev/null | tr -d ' '; }

sr_create() { api SR.create "$host" "{$3}" 0 "$1" "" "$2" "" false '{}'; }
expect_status 1 sr_create x lvm '"volume_group":"nosuchgroup"'
contains "a group that is there" "$out" '^XLD_HELPER vgchange .*nosuchgroup'
expect_status 1 sr_create x lvm '"volume_group":"-f"'
contains "a name" "$out" '^VALUE_NOT_SUPPORTED device_config:volume_group -f'
sr=$(sr_create volumes lvm "\"volume_group\":\"$group\"")
expect_status 1 sr_create again lvm "\"volume_group\":\"$group\""
contains "one repository a group" "$out" 'another repository has it'
same "attached" true "$(api PBD.get_currently_attached "$(refs PBD.get_by_SR "$sr")")"
same "its size" "$(vgs --noheadings --nosuffix --units b -o vg_size $group | tr -d ' ')" \
	"$(api SR.get_physical_size "$sr")"

# --- volumes -----------------------------------------------------------------------
make() { api VDI.create "{\"SR\":\"$1\",\"name_label\":\"$2\",\"virtual_size\":$3,\"type\":\"user\"${4:+,\"sm_config\":{\"type\":\"$4\"\}}}"; }
expect_status 1 make "$sr" huge 1099511627776
contains "room" "$out" '^SR_FULL 1099511627776 [0-9]+$'
expect_status 1 make "$sr" odd 1048576 qcow2
contains "volumes are raw" "$out" '^VALUE_NOT_SUPPORTED sm_config:type qcow2'
same "nothing of them is left" "" "$(volumes)"
vdi=$(make "$sr" one 10485760)
same "its volume" "xld-$vdi" "$(volumes)"
dev=/dev/$group/xld-$vdi
size=$(blockdev --getsize64 "$dev")
same "whole extents" 12582912 "$size"
same "as it is" "$size" "$(api VDI.get_virtual_size "$vdi")"
same "where" "phy:$dev" "$(api VDI.get_location "$vdi")"
check "nothing of others is in it" cmp -n "$size" "$dev" /dev/zero
check "resize" api VDI.resize "$vdi" 20971520
same "larger" 20971520 "$(blockdev --getsize64 "$dev")"
check "nothing of others is in what it got" cmp -n 20971520 "$dev" /dev/zero
expect_status 1 api VDI.resize "$vdi" 4096
contains "only larger" "$out" '^VALUE_NOT_SUPPORTED size'
restart_xld
same "known after a restart" one "$(api VDI.get_name_label "$vdi")"
figures() { [ "$(api SR.get_physical_size "$sr")" -gt 0 ]; }
check "the group, too" wait_for 20 figures

# Copies: of a volume, and from a file.
printf first | dd of="$dev" conv=notrunc,fsync status=none
printf last | dd of="$dev" bs=1 seek=20971516 conv=notrunc,fsync status=none
two=$(api VDI.clone "$vdi")
check "the same content" cmp "$dev" "/dev/$group/xld-$two"
mkdir "$scratch/store"
dir_sr=$(sr_create files dir "\"location\":\"$scratch/store\"")
three=$(api VDI.copy "$vdi" "$dir_sr")
check "the same content in a file" cmp "$dev" "$scratch/store/$three.raw"
four=$(api VDI.copy "$three" "$sr")
check "and back, holes as zeros" cmp "$dev" "/dev/$group/xld-$four"
for v in "$two" "$four" "$three"; do check "destroy" api VDI.destroy "$v"; done
same "volumes" "xld-$vdi" "$(volumes)"

# The daemon dies.
for step in vdi-marked vdi-file vdi-filled; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off make "$sr" cut 4194304
	restart_xld
	only_one() { [ "$(volumes)" = "xld-$vdi" ] && [ "$(refs SR.get_VDIs "$sr")" = "$vdi" ]; }
	wait_for 30 only_one || fail "after death at $step: $(volumes), $(refs SR.get_VDIs "$sr")"
done
restart_xld XLD_STEP=vdi-removing:kill
cut_off api VDI.destroy "$(make "$sr" gone 4194304)"
restart_xld
check "a removal is finished" wait_for 30 only_one
restart_xld XLD_STEP=vdi-grown:kill
cut_off api VDI.resize "$vdi" 29360128
restart_xld
whole() { api VDI.set_name_label "$vdi" one && [ "$(api VDI.get_virtual_size "$vdi")" = 29360128 ] && cmp -s -i 20971520 -n 8388608 "$dev" /dev/zero; }
check "what it got is wiped all the same" wait_for 30 whole

# --- images ----------------------------------------------------------------------------
image=$(make "$dir_sr" thin 1073741824 qcow2)
file=$scratch/store/$image.qcow2
same "what it is" "qcow2:$file" "$(api VDI.get_location "$image")"
contains "its format" "$(api VDI.get_sm_config "$image")" '"type":"qcow2"'
same "what a guest sees" 1073741824 "$(api VDI.get_virtual_size "$image")"
[ "$(api VDI.get_physical_utilisation "$image")" -le 65536 ] || fail "it takes more"
check "qemu-img finds it whole" qemu-img check -q -f qcow2 "$file"
check "resize" api VDI.resize "$image" 3221225472
same "what qemu-img sees" 3221225472 \
	"$(qemu-img info -f qcow2 --output json "$file" | sed -n 's/.*"virtual-size": *\([0-9]*\).*/\1/p' | head -n 1)"
check "data" qemu-io -f qcow2 -c 'write -P 7 3000M 64k' "$file" >/dev/null
check "whole after that" qemu-img check -q -f qcow2 "$file"
copy=$(api VDI.clone "$image")
check "the same content" qemu-img compare -q -f qcow2 -F qcow2 "$file" "$scratch/store/$copy.qcow2"
expect_status 1 api VDI.copy "$image" "$sr"
contains "no image in a volume" "$out" '^VALUE_NOT_SUPPORTED sm_config:type qcow2'
check "destroy" api VDI.destroy "$copy"

# --- machines ------------------------------------------------------------------------------
vbd() { api VBD.create "{\"VM\":\"$(api VM.get_uuid "@$1")\",\"VDI\":\"$2\",\"device\":\"$3\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}"; }
check "a machine" xm new -q "$(tiny_config d 'extra="tick=500"')"
file_disk=$(make "$dir_sr" data 1048576)
vbd d "$vdi" xvda >/dev/null
vbd d "$file_disk" xvdb >/dev/null
clone=$(api VM.clone @d e)
same "its disks" 2 "$(refs VM.get_VBDs @e | wc -l)"
for b in $(refs VM.get_VBDs @e); do
	v=$(refs VBD.get_VDI "$b")
	case $v in "$vdi" | "$file_disk") fail "both have $v" ;; esac
	case $(api VBD.get_device "$b") in
	xvda) check "the same volume" cmp "$dev" "/dev/$group/xld-$v" ;;
	xvdb) check "the same file" cmp "$scratch/store/$file_disk.raw" "$scratch/store/$v.raw" ;;
	esac
done
check "both run" xm start d
check "at the same time" xm start e
expect_status 1 api VDI.destroy "$vdi"
contains "it is in use" "$out" "^VDI_IN_USE $vdi "
expect_status 1 api VM.clone @d f
contains "not while it runs" "$out" '^VM_BAD_POWER_STATE'
check "their end" xm destroy d
check "their end" xm destroy e
clones=$(refs VM.get_VBDs @e)
gone=$(for b in $clones; do refs VBD.get_VDI "$b"; done)
check "delete the clone" xm delete e
for v in $gone; do check "its disks" api VDI.destroy "$v"; done
# All of them somewhere else.
check "VM.copy" api VM.copy @d e "$dir_sr"
gone=$(for b in $(refs VM.get_VBDs @e); do refs VBD.get_VDI "$b"; done)
for v in $gone; do same "where they lie" "$dir_sr" "$(api VDI.get_SR "$v" | tr -d '"')"; done
check "delete it" xm delete e
for v in $gone; do check "its disks" api VDI.destroy "$v"; done
before=$(volumes; ls "$scratch/store")
# One of its disks finds no room: nothing of the clone is left.
filler=$(make "$sr" filler $(($(api SR.get_physical_size "$sr") - $(api SR.get_physical_utilisation "$sr"))))
expect_status 1 api VM.clone @d f
contains "no room" "$out" '^SR_FULL'
check "the filler goes" api VDI.destroy "$filler"
undone() { [ "$(volumes; ls "$scratch/store")" = "$before" ]; }
check "nothing of it is left" wait_for 20 undone
expect_status 1 api VM.get_uuid @f
for step in vdi-filled clone-disks; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off api VM.clone @d f
	restart_xld
	wait_for 30 undone || fail "after death at $step: $(volumes; ls "$scratch/store")"
	expect_status 1 api VM.get_uuid @f
done
restart_xld XLD_STEP=clone-kept:kill
cut_off api VM.clone @d f
restart_xld
same "a clone that is on record has its disks" 2 "$(refs VM.get_VBDs @f | wc -l)"
check "it starts" wait_for 30 xm start f
check "it ends" xm destroy f
gone=$(for b in $(refs VM.get_VBDs @f); do refs VBD.get_VDI "$b"; done)
check "delete" xm delete f
for v in $gone; do check "its disks" api VDI.destroy "$v"; done

# --- snapshots of one that runs -------------------------------------------------------------
# What is on its volume is kept at a moment, and copied when it goes on; a file is copied
# while it stands still.
is_stopped() { grep -q '^State:.T' "/proc/$(pids xld)/status"; }
disk_of() {
	local b

	for b in $(refs VM.get_VBDs "$1"); do
		[ "$(api VBD.get_device "$b")" = "$2" ] && refs VBD.get_VDI "$b"
	done
}
word() { head -c 6 "/dev/$group/xld-$1"; }
put() { printf '%s' "$1" | dd of="$dev" conv=notrunc,fsync status=none; }
power() { api VM.get_power_state @d; }
put first.
before=$(volumes; ls "$scratch/store")
check "it runs" xm start d
restart_xld XLD_STEP=snapshot-still:stop
api VM.snapshot @d s >"$scratch/ref" &
job=$!
check "what it has is kept" wait_for 60 is_stopped
same "it goes on" "" "$(ls /run/xld/intents)"
same "from which it is copied" 1 "$(volumes | grep -c -- '-still$')"
put second
kill -CONT "$(pids xld)"
check "a snapshot" wait $job
kept=$(disk_of @s xvda)
same "what it had" first. "$(word "$kept")"
same "what it has" second "$(word "$vdi")"
check "the file, too" cmp "$scratch/store/$file_disk.raw" "$scratch/store/$(disk_of @s xvdb).raw"
same "and no more" 0 "$(volumes | grep -c -- '-still$')"
restart_xld
check "it goes" api VM.destroy "$(api VM.get_uuid @s)"
check "with its disks" undone
for step in snapshot-paused vdi-still snapshot-still vdi-filled snapshot-disks; do
	restart_xld "XLD_STEP=$step:kill"
	cut_off api VM.snapshot @d s "[\"$file_disk\"]"
	# It had been let go before the first byte was copied.
	case $step in vdi-filled) same "$step: it runs" "" "$(ls /run/xld/intents)" ;; esac
	restart_xld
	same "$step: it runs" Running "$(power)"
	wait_for 30 undone || fail "after death at $step: $(volumes; ls "$scratch/store")"
	same "$step: no intent" "" "$(ls /run/xld/intents)"
	expect_status 1 api VM.get_uuid @s
done
# Where nothing can be kept: it stands still until all is copied. No room for that, or no
# such thing in this kernel.
copied_still() {
	restart_xld XLD_STEP=vdi-filled:kill
	cut_off api VM.snapshot @d s "[\"$file_disk\"]"
	same "$1: it stands still" 1 "$(ls /run/xld/intents | wc -l)"
	restart_xld
	same "$1: and goes on" Running "$(power)"
	check "$1: nothing is left" wait_for 30 undone
	same "$1: a snapshot" 0 "$(api VM.snapshot @d s "[\"$file_disk\"]" >"$scratch/ref"; echo $?)"
	same "$1: what it has" second "$(word "$(disk_of @s xvda)")"
	same "$1: it runs" Running "$(power)"
	contains "$1: the log" "$(tail -n 50 /var/log/xld/xld.log)" "disk $vdi is copied while its machine stands still: .*$2"
	check "it goes" api VM.destroy "$(api VM.get_uuid @s)"
	check "with its disks" undone
}
module=$(find -L /lib/modules -name 'dm-snapshot.ko*')
rmmod dm-snapshot
mv "$module" "$module.off"
copied_still "no such thing" lvcreate
mv "$module.off" "$module"
room=$(($(api SR.get_physical_size "$sr") - $(api SR.get_physical_utilisation "$sr")))
filler=$(make "$sr" filler $((room - 3 * $(blockdev --getsize64 "$dev") / 2)))
before=$(volumes; ls "$scratch/store")
copied_still "no room" 'has room for'
check "the filler goes" api VDI.destroy "$filler"
# It is destroyed before its disk is copied.
before=$(volumes; ls "$scratch/store")
restart_xld XLD_STEP=snapshot-still:stop
api VM.snapshot @d s "[\"$file_disk\"]" >"$scratch/ref" &
job=$!
check "what it has is kept" wait_for 60 is_stopped
put third.
xm destroy d &
end=$!
kill -CONT "$(pids xld)"
check "a snapshot" wait $job
check "its end" wait $end
same "what it had" second "$(word "$(disk_of @s xvda)")"
same "and no more" 0 "$(volumes | grep -c -- '-still$')"
restart_xld
check "it goes" api VM.destroy "$(api VM.get_uuid @s)"
check "with its disks" undone

# --- the group goes ---------------------------------------------------------------------------
check "it is taken away" vgchange -q -an $group
expect_status 1 xm start d
contains "its disk" "$err" "disk xvda \(phy:$dev\): No such (file|device)"
check "SR.scan brings it back" api SR.scan "$sr"
check "it starts" xm start d
check "its end" xm destroy d
vgchange -q -an $group
losetup -d /dev/loop41
expect_status 1 api SR.scan "$sr"
contains "it is not there" "$out" "^XLD_HELPER vgchange .*$group"
check "look" vgs -q
losetup /dev/loop41 "$scratch/pv"
check "it is back" api SR.scan "$sr"
check "delete the machine" xm delete d
for v in $(refs SR.get_VDIs "$sr") $(refs SR.get_VDIs "$dir_sr"); do check "destroy" api VDI.destroy "$v"; done
same "no volume is left" "" "$(volumes)"
same "no file" "" "$(ls "$scratch/store")"
check "forget" api SR.forget "$sr"
check "forget" api SR.forget "$dir_sr"
check "the group is its owner's" vgremove -q -y $group
