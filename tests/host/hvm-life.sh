#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# timeout: 600
# An HVM guest with xm and xld: firmware, the device model and its walls, the
# serial line, emulated disk and CD drive, another CD, an xld that is killed, a
# reset, a shutdown, a device model that is killed; nothing is left. hvm-more.sh
# has the rest.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
undo() { for g in a b; do xm destroy $g; done >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

disk_image "$scratch/disk"
noise "$scratch/cd" 16
noise "$scratch/other" 16

# --- firmware, and what there is to boot ---------------------------------------
disks="disk = [ 'file:$scratch/disk,hda,w', 'file:$scratch/cd,hdc:cdrom,r' ]"
cfg=$(hvm_config a "$bare" "$pty" "$disks")
check "create" xm create "$cfg"
note "its device model"
id=$(xm domid a)
pid=$(model_of "$id")
same "one device model" 1 "$(wc -w <<<"$pid")"
contains "its user" "$(field "$pid" Uid)" "^$((uid_base + id))	"
same "its capabilities" 0000000000000000 "$(field "$pid" CapEff)"
same "no new privileges" 1 "$(field "$pid" NoNewPrivs)"
same "its filter" 2 "$(field "$pid" Seccomp)"
same "its root" /run/xld/dm/root "$(readlink "/proc/$pid/root")"
for ns in net ipc uts; do
	[ "$(readlink "/proc/$pid/ns/$ns")" != "$(readlink /proc/self/ns/$ns)" ] ||
		fail "the device model shares our $ns namespace"
done
tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q -- '-xen-domid-restrict' ||
	fail "the device model is not restricted to its domain"
note "firmware"
speaks a 'BARE UP' 1
contains "firmware" "$(xm dmesg)" "\(d$id\) SeaBIOS \(version"

note "the serial line, both ways"
types a hello
speaks a hello 1
contains "xm console has it, too" "$(xm console -l a)" "BARE UP"

# --- an emulated disk, and CDs ----------------------------------------------------
note "what it reads"
types a DO
speaks a "$(sum_of "$scratch/disk" 32)" 1
speaks a "$(sum_of "$scratch/cd" 128)" 1
note "what it writes"
types a W
speaks a 'BARE DONE' 1
same "what it has written" "$(sum_of "$scratch/disk" 32)" \
	"$(sum_of "$scratch/disk" 64)"
note "a killed xld"
restart_xld
same "the same device model" "$pid" "$(model_of "$id")"
check "another CD" xm cd-insert a hdc "$scratch/other"
types a O
speaks a "$(sum_of "$scratch/other" 128)" 1
check "no CD" xm cd-eject a hdc
types a O
speaks a 'BARE NONE' 1

# --- reboot, shutdown ---------------------------------------------------------------
note "reset from inside"
types a r
wait_for 60 id_is a $((id + 1)) || fail "it has not been rebuilt: $(xm list)"
speaks a 'BARE UP' 2
note "it has no PV drivers, but a power button"
check "shutdown" xm shutdown -w a
gone a || fail "it has not switched itself off: $(xm list)"
spoke a 'BARE POWER' 1 || fail "it did not see its power button"
nothing_left "a shutdown"

# --- a killed device model ------------------------------------------------------------
check "create" xm create -p "$(hvm_config b "$bare" 'on_crash = "preserve"')"
kill -9 "$(model_of "$(xm domid b)")"
crashed() { xm list b | grep -qE -- ' [-rbp]{3}[-s]c[-d] '; }
wait_for 30 crashed || fail "it has not crashed: $(xm list)"
contains "it says so" "$(tail -n 20 /var/log/xld/xld.log)" \
	'the device model was killed by signal 9; its last words:'
check "destroy" xm destroy b
nothing_left "a crash"
