#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 1200
# An HVM guest without PV drivers, with an emulated disk, a CD and a card, in a file and
# back: what its device model was, it is again. Images to and from Debian's xl. What
# keeps a device model from being saved or restored; nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_peer.bash"

undo() { for g in a t; do xm destroy $g; $xl destroy $g; done >/dev/null 2>&1; ip link del xenbr0; }
cleanup '[ $status = 0 ] || undo'
check "a bridge" ip link add xenbr0 type bridge
check "it is up" ip link set xenbr0 up
before=$(xenstore-ls -f /local /vm /libxl 2>/dev/null | sort)

disk_image "$scratch/disk"
noise "$scratch/cd" 16
disks="disk = [ 'file:$scratch/disk,hda,w', 'file:$scratch/cd,hdc:cdrom,r' ]"
vif="vif = [ 'bridge=xenbr0, mac=00:16:3e:77:00:07' ]"

# same_guest WHAT TEXT: it hears, and reads from both drives.
same_guest() {
	local n

	types a "$2"
	speaks a "$2" 1
	n=$(grep -ac "$(sum_of "$scratch/disk" 32)" "$(log_of a)")
	types a D
	speaks a "$(sum_of "$scratch/disk" 32)" $((n + 1))
	note "$1: it goes on"
}

# ---- ours

config=$(hvm_config a "$bare" "$pty" "$disks" "$vif" 'on_crash = "preserve"')
# It has a screen.
sed -i '/^vga/d' "$config"
check "create" xm create -q "$config"
speaks a 'BARE UP' 1
id=$(xm domid a)
check "save" xm save a "$image"
expect_status 3 xm domid a
wait_for 20 none_of "${qemu:0:15}" || fail "a device model stays"
check "restore" xm restore "$image"
[ "$(xm domid a)" != "$id" ] || fail "the same domain"
same_guest "restored" hallo
id=$(xm domid a)
check "a checkpoint" xm save -c a "$image"
same "the same domain" "$id" "$(xm domid a)"
same_guest "a checkpoint" xyz

# ---- what can go wrong

# refused WHAT PATTERN CMD...: one line says why.
refused() {
	expect_status 9 "${@:3}"
	contains "$1: why" "$err" "$2"
	same "$1: one line" 1 "$(grep -c . <<<"$err")"
}
rm -f "$image"
model=$(model_of "$id")
# Below what it waits for it could not even wait.
for ((free = 3; ; free++)); do [ -e "/proc/$model/fd/$free" ] || break; done
check "it gets no further descriptor" prlimit --nofile=$free:1024 -p "$model"
refused "a device model that refuses" 'save-model: add-fd: the device model' xm save a "$image"
check "it may again" prlimit --nofile=1024:1024 -p "$model"
[ ! -e "$image" ] || fail "there is a file"
check "nothing is left" no_rest
same_guest "refused" kkk
# Its next xld tells a device model that was stopped to go on. Until that does, the guest
# does not: nobody would take what it tells its devices.
restart_xld "XLD_STEP=save-write:kill"
xm save a "$image" >/dev/null 2>&1
check "xld dies" wait_for 60 none_of xld
check "its device model hangs" kill -STOP "$model"
restart_xld
sleep 3
contains "it waits for its devices" "$(xm list a)" ' ---s-- '
expect_status 4 xm save a "$image"
contains "so does who wants more of it" "$err" 'being saved'
check "its device model is awake" kill -CONT "$model"
[ ! -e "$image" ] || fail "there is a file"
same_guest "xld died" mmm
check "destroy" xm destroy a
nothing_left "saves that failed"

check "create" xm create -q "$config"
speaks a 'BARE UP' 2
check "save" xm save a "$image"
mv "$scratch/disk" "$scratch/elsewhere"
expect_status 1 xm restore "$image"
contains "no disk" "$err" 'No such file'
mv "$scratch/elsewhere" "$scratch/disk"
ip link set xenbr0 down && ip link set xenbr0 name gone0
expect_status 1 xm restore "$image"
contains "no bridge" "$err" 'xenbr0'
ip link set gone0 name xenbr0 && ip link set xenbr0 up
nothing_left "restores that failed"

# ---- to xl, and back

check "it was good all the time" xm restore "$image"
same_guest "restored" zzz
check "save, for xl" xm save --compat a "$image"
check "verify-stream-v2" verify_stream "$image"
check "xl restores it" $xl restore -e "$image"
check "it is there" wait_for 20 $xl domid a
check "xl saves it" $xl save a "$image.xl"
theirs_gone() { ! $xl domid a; }
check "it has gone" wait_for 20 theirs_gone
check "we restore it" xm restore "$image.xl"
same_guest "after xl" qqq
contains "its card" "$(xm network-list a)" '00:16:3e:77:00:07'
check "destroy" xm destroy a
rm -f "$image" "$image.xl"

# ---- theirs

cat >"$scratch/t.cfg" <<CFG
name = "t"
type = "hvm"
memory = 64
serial = "pty"
kernel = "/boot/guest/bare"
disk = [ "$scratch/disk,raw,hda,w" ]
vif = [ "bridge=xenbr0,mac=00:16:3e:77:00:08" ]
CFG
check "xl's" $xl create -q -e "$scratch/t.cfg"
theirs_up() { $xl list t | grep -q ' -b---- '; }
check "it waits" wait_for 60 theirs_up
check "xl saves it" $xl save t "$image"
check "we restore it" xm restore "$image"
types t hallo
speaks t hallo 1
contains "its card" "$(xm network-list t)" '00:16:3e:77:00:08'
check "we save it" xm save --compat t "$image"
check "and xl has it back" $xl restore -e "$image"
check "it is there" wait_for 20 $xl domid t
check "its end" $xl destroy t

ip link del xenbr0
