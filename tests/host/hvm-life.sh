#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# timeout: 600
# An HVM guest with xm and xld: firmware, the device model and its walls, the
# serial line, a reset, the power button; nothing is left. The guest is `bare`
# (tests/guests/bare), which runs in seconds behind the firmware.
. "$(dirname "$0")/lib.sh"
qemu=xen-qemu-system-i386
[ -x /usr/libexec/$qemu ] || skip "the small image has no device model"
uid_base=$((0x70000000))

rm -f /var/log/xen/console/guest-?.log
undo() { xm destroy a >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'
before=$(xenstore-ls -f /local /vm /libxl 2>/dev/null | sort)
# Of device models only the empty folder stays that is their root.
files() { find /run/xld/domains /run/xld/intents /run/xld/dm ! -type d 2>/dev/null; }
files_before=$(files)

# hvm_config NAME [LINE...]: the name of a new config.
hvm_config() {
	local name=$1 f=$scratch/$1.cfg

	shift
	{
		printf 'name = "%s"\ntype = "hvm"\nmemory = 64\n' "$name"
		printf 'vga = "none"\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$f"
	echo "$f"
}
bare='kernel = "/boot/guest/bare"'
pty='serial = "pty"'

# spoke NAME TEXT N: the log of the guest's console has such a line N times.
log_of() { echo "/var/log/xen/console/guest-$1.log"; }
spoke() { [ "$(grep -ac "$2" "$(log_of "$1")")" -ge "$3" ]; }
speaks() {
	wait_for 90 spoke "$@" || fail "'$2' is not $3 times on the console of" \
		"$1: $(tail -n 5 "$(log_of "$1")"); $(xm dmesg | tail -n 5)"
}
# types NAME TEXT: into its console; what comes of it is waited for elsewhere.
types() { printf '%s' "$2" | timeout 8 xm console "$1" >/dev/null & }
id_is() { [ "$(xm domid "$1" 2>/dev/null)" = "$2" ]; }
gone() { ! xm domid "$1" >/dev/null 2>&1; }
model_of() { # the pid of the device model of domain $1
	stat -c '%u %n' /proc/[0-9]* 2>/dev/null |
		sed -n "s,^$((uid_base + $1)) /proc/,,p"
}
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# The kernel keeps 15 letters of the name of a process.
nothing_left() {
	wait_for 20 none_of "${qemu:0:15}" || fail "$1 leaves a device model"
	same "$1: nodes" "$before" \
		"$(xenstore-ls -f /local /vm /libxl 2>/dev/null | sort)"
	same "$1: files" "$files_before" "$(files)"
	same "$1: domains" 1 "$("$progs/prog_xcrows" --count)"
}

# --- firmware, and what there is to boot ---------------------------------------
cfg=$(hvm_config a "$bare" "$pty")
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
types a f
speaks a 0123456789abcdef 16
contains "xm console has it, too" "$(xm console -l a)" "BARE UP"

# --- reboot, buttons --------------------------------------------------------------
note "reset from inside"
types a r
wait_for 60 id_is a $((id + 1)) || fail "it has not been rebuilt: $(xm list)"
speaks a 'BARE UP' 2
note "the power button"
check "trigger" xm trigger a power
wait_for 60 gone a || fail "it has not switched itself off: $(xm list)"
spoke a 'BARE POWER' 1 || fail "it did not see its power button"
nothing_left "the power button"
