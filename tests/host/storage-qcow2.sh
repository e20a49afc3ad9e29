#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# image: full
# timeout: 900
# qcow2 images of a repository, made and given away by XenAPI: a PV and a PVH Linux
# write, read back, and find what the other wrote; an image plugged and unplugged while
# it runs; grown, cloned, copied, removed, and what is refused meanwhile. Nothing is
# left: QEMU, nodes, locks, files.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_hvm.bash"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
host=$(refs host.get_all)
mkdir "$scratch/store"
cleanup 'exec 8>&-; for g in linux t u; do xm destroy $g; xm delete $g; done >/dev/null 2>&1
	for v in $(refs SR.get_VDIs ${sr:-none}); do api VDI.destroy $v; done >/dev/null 2>&1
	api SR.forget ${sr:-none} >/dev/null 2>&1'

sr=$(api SR.create "$host" "{\"location\":\"$scratch/store\"}" 0 images "" dir "" false '{}')
make() { api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"$1\",\"virtual_size\":$2,\"type\":\"user\",\"sm_config\":{\"type\":\"qcow2\"}}"; }
vbd() { api VBD.create "{\"VM\":\"$(api VM.get_uuid "@$1")\",\"VDI\":\"$2\",\"device\":\"$3\",\"bootable\":false,\"mode\":\"RW\",\"type\":\"Disk\"}"; }
file_of() { echo "$scratch/store/$1.qcow2"; }
# Also: nobody has its lock.
whole() { check "$1 is whole, and nobody's" qemu-img check -q -f qcow2 "$(file_of "$2")"; }
same_disks() { check "$1" qemu-img compare -q -f qcow2 -F qcow2 "$(file_of "$2")" "$(file_of "$3")"; }
end() {
	check "its end" xm destroy linux
	exec 8>&-
	nothing_left "$1"
}
# written DISK BLOCK FILE: noise, at so many times 64 KiB; its sum is in FILE.
written() {
	guest "dd if=/dev/urandom of=/r bs=65536 count=4 2>/dev/null; dd if=/r of=/dev/$1 bs=65536 seek=$2 conv=fsync 2>/dev/null; sha256sum /r | cut -c1-64" >"$3"
	found "$1" "$2" "$3"
}
# found DISK BLOCK FILE: what FILE says is there.
found() {
	guest "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/$1 bs=65536 skip=$2 count=4 2>/dev/null | sha256sum | cut -c1-64" >"$scratch/back"
	same "read back from $1, block $2" "$(cat "$3")" "$(cat "$scratch/back")"
}
has_disk() { guest "while [ ! -b /dev/$1 ]; do sleep 1; done; echo >/dev/null"; }
# refused_while_open VDI: what none may do whose machine has it open.
refused_while_open() {
	expect_status 1 api VDI.resize "$1" 1073741824
	contains "resize" "$out" "^VDI_IN_USE $1 "
	expect_status 1 api VDI.destroy "$1"
	contains "destroy" "$out" "^VDI_IN_USE $1 "
	expect_status 1 api VDI.clone "$1"
	contains "clone" "$out" "^VDI_IN_USE $1 "
	expect_status 1 api VDI.copy "$1" "$sr"
	contains "copy" "$out" "^VDI_IN_USE $1 "
	expect_status 1 api VM.snapshot "$(api VM.get_uuid @linux)" snap
	contains "a snapshot of its machine" "$out" "^VDI_IN_USE "
	same "which goes on" Running "$(api VM.get_power_state @linux)"
}

linux_initrd xen-blkfront
one=$(make one 67108864)
hot=$(make hot 8388608)
for type in pv pvh; do
	cat >"$scratch/$type.cfg" <<-CFG
		name    = "linux"
		type    = "$type"
		memory  = 192
		kernel  = "/boot/guest/vmlinuz"
		ramdisk = "$scratch/initrd.img"
		extra   = "console=hvc0 quiet"
	CFG
done

# --- PV ----------------------------------------------------------------------------
check "a PV machine" xm new -q "$scratch/pv.cfg"
disk=$(vbd linux "$one" xvda)
plugged=$(vbd linux "$hot" xvdb)
check "it starts" xm start linux
linux_shell linux
id=$(xm domid linux)
same "QEMU serves it" "qdisk qcow2:/dev/fdset/0" \
	"$(xenstore-read "/local/domain/0/backend/qdisk/$id/51712/type") $(xenstore-read "/local/domain/0/backend/qdisk/$id/51712/params")"
has_disk xvda
written xvda 1 "$scratch/sum.pv"
same "plugged" true "$(api VBD.get_currently_attached "$disk")"
refused_while_open "$one"
has_disk xvdb
written xvdb 3 "$scratch/sum.hot"
check "unplug" api VBD.unplug "$plugged"
whole "what was unplugged" "$hot"
check "it grows" api VDI.resize "$hot" 16777216
check "plug" api VBD.plug "$plugged"
has_disk xvdb
guest 'cat /sys/block/xvdb/size' >"$scratch/back"
same "its new size" 32768 "$(cat "$scratch/back")"
found xvdb 3 "$scratch/sum.hot"
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
exec 8>&-
linux_again linux
refused_while_open "$one"
written xvda 100 "$scratch/sum.after"
end "a PV Linux"
whole "the disk" "$one"
whole "the other" "$hot"
check "delete" xm delete linux

# --- grown, cloned, copied ------------------------------------------------------------
check "resize" api VDI.resize "$one" 134217728
copy=$(api VDI.clone "$one")
same_disks "a clone" "$one" "$copy"
two=$(api VDI.copy "$one" "$sr")
same_disks "a copy" "$one" "$two"

# --- PVH -----------------------------------------------------------------------------
check "a PVH machine" xm new -q "$scratch/pvh.cfg"
vbd linux "$one" xvda >/dev/null
vbd linux "$copy" xvdb >/dev/null
check "it starts" xm start linux
linux_shell linux
has_disk xvda
has_disk xvdb
guest 'cat /sys/block/xvda/size' >"$scratch/back"
same "its new size" 262144 "$(cat "$scratch/back")"
found xvda 1 "$scratch/sum.pv"
found xvda 100 "$scratch/sum.after"
found xvdb 1 "$scratch/sum.pv"
# Behind the old end; the clone has nothing of it.
written xvda 2040 "$scratch/sum.pvh"
written xvdb 1 "$scratch/sum.clone"
found xvda 1 "$scratch/sum.pv"
end "a PVH Linux"
qemu-img compare -q -f qcow2 -F qcow2 "$(file_of "$one")" "$(file_of "$two")" &&
	fail "what the guest wrote is not in its image"
check "what it wrote" qemu-img dd -f qcow2 -O raw bs=65536 skip=2040 count=2044 "if=$(file_of "$one")" "of=$scratch/end"
same "is there" "$(cat "$scratch/sum.pvh")" "$(sha256sum "$scratch/end" | cut -c1-64)"

# --- a machine and its clone, at the same time --------------------------------------------
check "delete" xm delete linux
check "a machine" xm new -q "$(tiny_config t)"
vbd t "$one" xvda >/dev/null
expect_status 1 api VDI.destroy "$one"
contains "a halted machine has it" "$out" "^VDI_IN_USE $one "
check "its clone" api VM.clone @t u >"$scratch/ref"
three=$(refs VBD.get_VDI "$(refs VM.get_VBDs @u)")
same_disks "the same content" "$one" "$three"
check "one starts" xm start t
check "the other beside it" xm start u
same "two QEMUs" 2 "$(pids "${qemu:0:15}" | wc -w)"
for g in t u; do check "its end" xm destroy $g; check "delete" xm delete $g; done
nothing_left "two machines"
for v in "$one" "$two" "$three" "$copy" "$hot"; do
	whole "a disk" "$v"
	check "destroy" api VDI.destroy "$v"
done
same "no file" "" "$(ls -A "$scratch/store")"
check "forget" api SR.forget "$sr"
