#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# image: full
# timeout: 900
# Screen and keyboard of PV and PVH guests: a stock Linux draws on its framebuffer and
# VNC shows that; what is typed there arrives; QEMU is behind its walls and can map
# this guest alone; xld is killed and knows it; QEMU is killed and the guest goes on
# without a screen; what cannot be is one line; with --full, frontends that lie, restarts,
# beside disks, saved and restored, cut short at each step. Nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_device.bash"
. "$(dirname "$0")/lib_rfb.bash"
cleanup 'for vm in linux g; do xm destroy $vm; done >/dev/null 2>&1'

server_of() { # the pid of what shows the screen of domain $1
	stat -c '%u %n' /proc/[0-9]* 2>/dev/null |
		sed -n "s,^$((uid_base + 0x8000 + $1)) /proc/,,p"
}
linux_initrd xen-blkfront

# config TYPE LINE...
config() {
	local type=$1

	shift
	{
		cat <<-CFG
			name    = "linux"
			type    = "$type"
			memory  = 192
			kernel  = "/boot/guest/vmlinuz"
			ramdisk = "$scratch/initrd.img"
			extra   = "console=hvc0 quiet"
		CFG
		printf '%s\n' "$@"
	} >"$scratch/linux.cfg"
	echo "$scratch/linux.cfg"
}
node() { xenstore-read "/local/domain/$1" 2>/dev/null; }
state_of() { node "0/backend/$1/$id/0/state"; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }

cat >"$scratch/walls.py" <<'PY'
# walls.py PID DOMAIN: what PID has open of privcmd knows that domain alone.
import ctypes, fcntl, os, struct, sys
pid, domain = int(sys.argv[1]), int(sys.argv[2])
at = '/proc/%d/fd/' % pid
want, n = os.stat('/dev/xen/privcmd').st_rdev, 0
pidfd = os.pidfd_open(pid)
for name in os.listdir(at):
    try:
        if os.stat(at + name).st_rdev != want:
            continue
    except OSError:
        continue
    fd = ctypes.CDLL(None).syscall(438, pidfd, int(name), 0)
    fcntl.ioctl(fd, 0x25006, struct.pack('H', domain))
    try:
        fcntl.ioctl(fd, 0x25006, struct.pack('H', 0))
        sys.exit('%s is not restricted' % name)
    except OSError:
        n += 1
print(n)
PY

# drawn COLOUR: most of what VNC shows is of that colour.
drawn() {
	local size lit colour count

	read -r size lit colour count < <(rfb "$port")
	[ "$size" = 800x600 ] && [ "$colour" = "$1" ] && [ "$count" -gt 440000 ] &&
		[ "$lit" -ge "$count" ]
}
# draw BYTES: blue, green, red; the guest fills its framebuffer with them.
draw() {
	guest "printf '$1\\000' >/c; i=0; while [ \$i -lt 19 ]; do cat /c /c >/d; mv /d /c; i=\$((i + 1)); done; cat /c >/dev/fb0 2>/dev/null; echo" >/dev/null
}
looked_at() {
	port=$(node "$id/console/vnc-port")
	draw ABC
	check "its picture" wait_for 30 drawn 434241
	guest 'head -n 1 </dev/tty1 >/typed & echo' >/dev/null
	check "typed" rfb "$port" $'hello\n' >"$scratch/out"
	guest 'w=0; until [ -s /typed ] || [ $w = 20 ]; do sleep 1; w=$((w + 1)); done; cat /typed' >"$scratch/typed"
	contains "it arrives" "$(cat "$scratch/typed")" '^hello$'
}
# up TYPE LINE...: Linux with a screen.
up() {
	check "Linux ($1)" xm create -q "$(config "$@")"
	linux_shell linux
	id=$(xm domid linux)
	check "the screen is connected" wait_for 30 is_state vfb 4
	check "the keyboard is connected" wait_for 30 is_state vkbd 4
}
# What the API says of its consoles.
consoles() {
	python3 - <<-PY
		import xmlrpc.client
		s = xmlrpc.client.ServerProxy('http://127.0.0.1:9363')
		def ask(f, *a):
		    r = f(*a)
		    if r['Status'] != 'Success':
		        raise SystemExit(r)
		    return r['Value']
		me = ask(s.session.login_with_password, 'root', 'xld')
		vm = ask(s.VM.get_by_name_label, me, 'linux')[0]
		for c in ask(s.VM.get_consoles, me, vm):
		    r = ask(s.console.get_record, me, c)
		    print(r['protocol'], r['location'] if r['protocol'] == 'rfb' else '')
	PY
}

up pvh "vfb = [ 'vnc=1,vncdisplay=7,keymap=en-us' ]"
server=$(server_of "$id")
same "one QEMU, a user of its own" 1 "$(wc -w <<<"$server")"
same "its filter" 2 "$(field "$server" Seccomp)"
same "no new privileges" 1 "$(field "$server" NoNewPrivs)"
same "capabilities" 0000000000000000 "$(field "$server" CapEff)"
same "what its root has" "block evtchn fdset file gntdev xen xenbus" \
	"$(cd "/proc/$server/root/dev" && ls -d ./* xen/* | sed 's,.*/,,' | sort | tr '\n' ' ' | sed 's/ $//')"
check "it can map this guest alone" python3 "$scratch/walls.py" "$server" "$id" >"$scratch/out"
contains "it has something of privcmd" "$(cat "$scratch/out")" '^[1-9]'
for n in vnc=1 vnclisten=127.0.0.1 vncdisplay=7 vncunused=0 keymap=en-us sdl=0 opengl=0; do
	same "${n%%=*}" "${n#*=}" "$(node "0/backend/vfb/$id/0/${n%%=*}")"
done
same "its port" 5907 "$(node "$id/console/vnc-port")"
looked_at
same "its consoles in the API" "vt100 rfb 127.0.0.1:5907" \
	"$(consoles | tr -s '\n ' ' ' | sed 's/ $//')"

# xld is killed and knows it again.
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same QEMU" "$server" "$(server_of "$id")"
located() { [ "$(consoles | sed -n 's/^rfb //p')" = 127.0.0.1:5907 ]; }
check "the API says where" wait_for 20 located
exec 8>&-
linux_again linux
draw CBA
check "another picture" wait_for 30 drawn 414243

# QEMU is killed: the guest goes on, and its drivers are told.
kill -9 "$server"
check "the screen is closed" wait_for 20 is_state vfb 6
check "the keyboard is closed" wait_for 20 is_state vkbd 6
contains "it is said" "$(tail -n 30 /var/log/xld/xld.log)" \
	'linux: the backend of screen 0 has closed: the QEMU of its screen has ended'
same "nobody is sent there" "" "$(node "$id/console/vnc-port")"
guest 'echo alive' >"$scratch/out"
contains "the guest goes on" "$(cat "$scratch/out")" alive
check "destroy" xm destroy linux
exec 8>&-
nothing_left "Linux (pvh)"

screen="vfb = [ 'vncunused=1' ]"

# --- what cannot be -----------------------------------------------------------------
# refused STATUS PATTERN CONFIG
refused() {
	expect_status "$1" xm create "$3"
	contains "$2" "$err" "$2"
	same "$2: one line" 1 "$(grep -c . <<<"$err")"
	nothing_left "$2"
}
refused 2 'headless; write vnc=1' "$(tiny_config g "vfb = [ 'sdl=1' ]")"
check "one who has the display" xm create -q -p "$(tiny_config g "vfb = [ 'vncdisplay=7' ]")"
expect_status 1 xm create "$(config pvh "vfb = [ 'vncdisplay=7' ]")"
contains "a display that is taken" "$err" 'screen 0.*Address already in use'
same "a display that is taken: one line" 1 "$(grep -c . <<<"$err")"
expect_status 3 xm domid linux
check "destroy" xm destroy g
# This QEMU is built without a cipher that VNC's passwords need.
refused 1 'does not support DES' "$(tiny_config g "vfb = [ 'vncpasswd=geheim' ]")"
! grep -rq geheim /run/xld /var/log/xld || fail "the password is somewhere"
cleanup '[ -e /usr/libexec/$qemu ] || mv "$scratch/$qemu" /usr/libexec/'
mv /usr/libexec/$qemu "$scratch/"
expect_status 9 xm create "$(tiny_config g "$screen")"
contains "no QEMU" "$err" "$qemu.*package qemu-system-xen"
same "no QEMU: one line" 1 "$(grep -c . <<<"$err")"
mv "$scratch/$qemu" /usr/libexec/
nothing_left "no QEMU"

# --- the rest -----------------------------------------------------------------------
[ "${XLD_DEPTH:-default}" = full ] || exit 0

# --- frontends that lie -------------------------------------------------------------
check "a guest that does nothing" xm create -q -p "$(tiny_config g "$screen")"
id=$(xm domid g)
server=$(server_of "$id")
lie() { # KIND NODE VALUE
	xenstore-write "/local/domain/$id/device/$1/0/$2" "$3"
}
for kind in vfb vkbd; do
	for value in 0 1 18446744073709551615 -1 x ''; do
		lie $kind page-ref "$value"
		lie $kind event-channel "$value"
		lie $kind protocol "$value"
		for state in 3 4 6 1 99 "$value"; do lie $kind state "$state"; done
	done
	xenstore-rm "/local/domain/$id/device/$kind/0"
done
same "the same QEMU" "$server" "$(server_of "$id")"
check "the screen is still served" rfb "$(node "$id/console/vnc-port")" >/dev/null
check "destroy" xm destroy g
nothing_left "lies"

# The display that it had is free when it starts again.
check "a fixed display" xm create -q "$(tiny_config g "vfb = [ 'vncdisplay=7' ]")"
for i in 1 2 3; do
	id=$(xm domid g)
	check "restart $i" xm reboot -w g
	check "another domain" test "$(xm domid g)" != "$id"
	check "served" rfb 5907 >/dev/null
done
# (Whose child it is, knows how it ended.)
id=$(xm domid g)
kill -9 "$(server_of "$id")"
check "nobody serves it" wait_for 20 is_state vfb 6
contains "it is said" "$(tail -n 30 /var/log/xld/xld.log)" \
	'g: the backend of screen 0 has closed: the QEMU of its screen was killed by signal 9'
check "reboot" xm reboot -w g
check "served again" rfb 5907 >/dev/null
check "destroy" xm destroy g
nothing_left "restarts"

# --- beside disks, saved and restored -------------------------------------------------
truncate -s 4M "$scratch/raw"
check "an image" qemu-img convert -O qcow2 "$scratch/raw" "$scratch/q.img"
up pv "vnc = 1" "vncdisplay = 9" "disk = [ '$scratch/q.img,qcow2,xvda,w' ]"
same "one QEMU for both" 1 "$(server_of "$id" | wc -w)"
looked_at
guest 'dd if=/dev/urandom of=/dev/xvda bs=4096 count=4 conv=fsync 2>/dev/null; echo $?' >"$scratch/out"
contains "its disk" "$(cat "$scratch/out")" '^0$'
exec 8>&-
check "save" timeout 200 xm save linux "$scratch/saved"
nothing_left "a saved guest"
check "restore" timeout 200 xm restore "$scratch/saved"
linux_again linux
id=$(xm domid linux)
check "the screen is connected again" wait_for 60 is_state vfb 4
check "the keyboard is connected again" wait_for 60 is_state vkbd 4
looked_at
check "destroy" xm destroy linux
exec 8>&-
nothing_left "Linux (pv)"

# --- cut short ------------------------------------------------------------------------
xenstore-ls -f / >"$scratch/before"
for step in device-prepare device-nodes device-ready record run; do
	restart_xld "XLD_STEP=$step"
	expect_status 1 xm create "$(tiny_config g "$screen")"
	restart_xld
	nothing_left "a creation that fails at $step"
	restart_xld "XLD_STEP=$step:kill"
	cut_off xm create -q "$(tiny_config g "$screen")"
	restart_xld
	nothing_left "xld killed at $step"
	stores_clean "xld killed at $step"
done
