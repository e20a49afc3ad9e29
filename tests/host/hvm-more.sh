#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 2400
# HVM guests with xm and xld, the rest of hvm-life.sh: screens, models and firmware
# that cannot be, boot from disk and CD, CDs that cannot be, restarts, guests that
# do not heed a button, death at each step; nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_fault.bash"
. "$(dirname "$0")/lib_rfb.bash"
undo() { for g in a b c d e f cut uefi; do xm destroy $g; done >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || { restart_xld; undo; }'

# --- the screen ---------------------------------------------------------------------
check "create" xm create "$(hvm_config e "$bare" 'vnc = 1' 'vga = "stdvga"' \
	'vncdisplay = 7' 'keymap = "de"' 'usbdevice = "tablet"' 'viridian = 1' \
	'soundhw = "ac97"' 'videoram = 16' 'boot = "n"' "$pty")"
id=$(xm domid e)
same "where it listens" 127.0.0.1 \
	"$(xenstore-read "/local/domain/$id/console/vnc-listen")"
same "its port" 5907 "$(xenstore-read "/local/domain/$id/console/vnc-port")"
speaks e 'BARE UP' 1
expect_status 0 rfb 5907
contains "text on its screen" "$out" '^[0-9]+x[0-9]+ [1-9][0-9]{2,} '
note "a display that is taken"
expect_status 9 xm create "$(hvm_config f "$bare" 'vnc = 1' 'vncdisplay = 7')"
contains "says so" "$err" 'Address already in use'
check "destroy" xm destroy e
nothing_left "the screen"

# --- what cannot be --------------------------------------------------------------------
# refused STATUS PATTERN CONFIG: one line says why.
refused() {
	expect_status "$1" xm create "$3"
	contains "$3" "$err" "$2"
	same "$3: one line" 1 "$(grep -c . <<<"$err")"
}
model() {
	printf '#!/bin/sh\n%s\n' "$2" >"$scratch/$1"
	chmod +x "$scratch/$1"
	hvm_config "$1" "$bare" "device_model_override = \"$scratch/$1\""
}
# It cannot start programs. More than a MiB of lines, and the last.
refused 9 'status 7; its last words: my last line' "$(model talker '
l=xxxxxxxx; l=$l$l$l$l$l$l$l$l; l=$l$l$l$l$l$l$l$l; l=$l$l$l$l$l$l$l$l; i=0
while [ $i -lt 400 ]; do echo $l; i=$((i + 1)); done; echo my last line; exit 7')"
[ "$(stat -c %s /var/log/xld/qemu-dm-talker.log)" -le 1700000 ] ||
	fail "the log of a talker grows"
refused 9 'it said nothing' "$(model mute 'exec >/dev/null; exit 0')"
refused 1 'start /no: exec: No such file' "$(hvm_config none "$bare" 'device_model_override = "/no"')"
refused 1 'needs an OVMF image made for Xen, and none is' \
	"$(hvm_config uefi "$bare" 'bios = "ovmf"')"
head -c 65536 /dev/urandom >"$scratch/firmware"
refused 1 'hvmloader: not a kernel that Xen can start' \
	"$(hvm_config firm "$bare" "loader = \"$scratch/firmware\"")"
refused 1 '/no: No such file' "$(hvm_config firm "$bare" 'bios_path_override = "/no"')"
refused 9 'does not support DES' "$(hvm_config secret "$bare" 'vnc = 1' \
	'vncpasswd = "secret"')"
nothing_left "refusals"
note "a UEFI firmware that never comes up"
# It waits at its first instruction. (The emulator of these hosts dies of a real
# one: its guests must not write CR8 while an interrupt is pending.)
head -c 2097152 /dev/zero >"$scratch/firmware"
printf '\353\376' | dd of="$scratch/firmware" bs=1 seek=$((2097152 - 16)) conv=notrunc 2>/dev/null
check "create" xm create "$(hvm_config uefi "$bare" 'bios = "ovmf"' \
	"bios_path_override = \"$scratch/firmware\"")"
id=$(xm domid uefi)
invoked() { xm dmesg | grep -q "(d$id) Invoking OVMF"; }
check "hvmloader starts it" wait_for 60 invoked
contains "says so" "$(tail -n 20 /var/log/xld/xld.log)" \
	"'uefi': its OVMF image is no build of OvmfPkg/OvmfXen.dsc: if"
check "destroy" xm destroy uefi
nothing_left "a dumb firmware"

# --- what is booted -------------------------------------------------------------------
disk_image "$scratch/disk"
cd_image "$scratch/cd"
disks="disk = [ 'file:$scratch/disk,hda,w', 'file:$scratch/cd,hdc:cdrom,r', ',hdd:cdrom,r' ]"
check "create" xm create "$(hvm_config c "$disks" 'boot = "c"' "$pty")"
speaks c 'BARE UP' 1
note "from its disk"
types c D
speaks c "$(sum_of "$scratch/disk" 32)" 1
check "destroy" xm destroy c
nothing_left "a disk"
check "create" xm create "$(hvm_config d "$disks" 'boot = "dc"' "$pty")"
speaks d 'BARE UP' 1
note "from its CD"
types d O
speaks d "$(sum_of "$scratch/cd" 128)" 1

# --- CDs that cannot be ------------------------------------------------------------------
expect_status 1 xm cd-insert d hdc /no
contains "no such file" "$err" 'No such file'
expect_status 4 xm cd-insert d hdc "$scratch/disk"
contains "a disk that it writes to" "$err" "this guest's own hda"
expect_status 4 xm cd-insert d hda "$scratch/cd"
contains "no CD drive" "$err" 'is not a CD drive'
expect_status 3 xm cd-insert d hdb "$scratch/cd"
contains "no drive" "$err" "no disk 'hdb'"
types d O
speaks d "$(sum_of "$scratch/cd" 128)" 2
check "as xm has it" xm block-configure d "file:$scratch/cd" hdd:cdrom r
contains "both" "$(xm block-list -l d)" '\(dev hdd\)'
check "from one drive" xm cd-eject d hdd
for ((i = 0; i < 20; i++)); do
	check "to and fro $i" xm cd-insert d hdd "$scratch/cd"
	check "to and fro $i" xm cd-eject d hdd
done
pid=$(model_of "$(xm domid d)")
[ "$(find "/proc/$pid/fd" -lname "$scratch/cd" | wc -l)" -le 3 ] ||
	fail "its device model keeps what it had: $(ls -l "/proc/$pid/fd")"
note "a device model that does not answer"
kill -STOP "$pid"
expect_status 6 xm cd-eject d hdc
contains "says so" "$err" 'has not answered blockdev-open-tray within 10 s'
kill -CONT "$pid"
check "later it does" xm cd-eject d hdc
types d O
speaks d 'BARE NONE' 1
check "destroy" xm destroy d
nothing_left "CDs"

# --- restarts, and guests that do not heed --------------------------------------------------
check "create" xm create "$(hvm_config a "$bare" "$pty")"
id=$(xm domid a)
speaks a 'BARE UP' 1
note "a flood on its serial line"
types a f
speaks a 0123456789abcdef 16
note "xm reboot"
check "reboot" xm reboot -w a
id_is a $((id + 1)) || fail "it was not rebuilt: $(xm list)"
speaks a 'BARE UP' 2
note "a crash of the processor is a reset"
types a c
wait_for 60 id_is a $((id + 2)) || fail "it has not been rebuilt: $(xm list)"
speaks a 'BARE UP' 3
restart_xld XLD_SHUTDOWN_TIMEOUT=3
check "pause" xm pause a
expect_status 6 xm shutdown -w a
contains "says so" "$err" 'not ended within 3 s .*does not heed the power button'
check "unpause" xm unpause a
wait_for 30 gone a || fail "it has forgotten its button: $(xm list)"
nothing_left "buttons"
note "a model that died while xld was not there"
check "create" xm create "$(hvm_config b "$bare" 'on_crash = "destroy"')"
pid=$(model_of "$(xm domid b)")
kill_all KILL xld
kill -9 "$pid"
restart_xld
wait_for 30 gone b || fail "it lives on: $(xm list)"
nothing_left "a dead model"

# --- death at each step ----------------------------------------------------------------------
config=$(hvm_config cut "$bare" "$pty" 'vnc = 1' 'vga = "cirrus"' "$disks")
for step in device-prepare build store introduce console devmodel record run; do
	step_fails "$step"
	nothing_left "step $step failing"
	step_kills "$step"
	nothing_left "death at $step"
done
for step in destroy-pause destroy-devmodel destroy-devices destroy-console \
	destroy-domain destroy-store; do
	end_kills "$step"
	nothing_left "death at $step"
done
# The model, killed as soon as it is seen: the creation fails and says so. (Where the
# worker dies is a matter of hvm-fault.sh; it is done before it can be seen.)
xm create -q "$config" 2>"$scratch/err" &
some_model() { [ -n "$(pids "${qemu:0:15}")" ]; }
wait_for 30 some_model || fail "no device model"
for p in $(pids "${qemu:0:15}"); do kill -9 "$p"; done
wait $! && fail "a creation lives without its device model"
contains "it says so" "$(cat "$scratch/err")" 'killed by signal 9'
expect_status 3 xm domid cut
nothing_left "a dead model at its start"
refused 9 'was not ready within 60 s' "$(model mute2 'exec sleep 1000')"
nothing_left "no greeting"
