#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# timeout: 900
# The units under a real systemd, which is the first process of a PID namespace in
# dom0: what they confine still works (guests of each kind, disks, bridges, device
# models), what dies is started again and nothing is lost, a daemon that hangs is
# noticed, and the end of the host is the end of the guests.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
systemd=/lib/systemd/systemd
[ -x $systemd ] || fail "the full image has no systemd"
units=/run/systemd/system

# --- another first process -----------------------------------------------------
# What it starts is told by one target of ours: no logins, no devices.
init=
ctl() { nsenter -t "$init" -m -p -C -- systemctl "$@"; }
inside() { nsenter -t "$init" -m -p -C -- "$@"; }
finish() {
	for g in pv hvm; do xm destroy $g; done >/dev/null 2>&1
	[ -z "$init" ] || { kill -KILL "$init"; wait; } 2>/dev/null
	rm -rf $units /run/systemd /run/tmpfiles.d
	for d in xld xenstored; do [ -z "$(pids $d)" ] || kill_all TERM $d; done
	start-toolstack true
	ip link del sysbr 2>/dev/null
}
cleanup finish
# What it and the daemons have to say of a failure.
told() {
	inside journalctl --no-pager -o cat -n 60
	tail -n 30 /var/log/xld/xld.log
}
cleanup '[ $status = 0 ] || [ -z "$init" ] || told >&2'
kill_all TERM xld
wait_for 10 none_of xld-api
kill_all TERM xenstored

mkdir -p $units/xld.service.d /run/tmpfiles.d
# /tmp is ours meanwhile.
ln -s /dev/null /run/tmpfiles.d/tmp.conf
cat >$units/host.target <<'T'
[Unit]
Description=A host with Xen
Requires=basic.target
Wants=xenstored.service xld.socket xld.service xld-guests.service
AllowIsolate=yes
T
printf '[Service]\nWatchdogSec=8\n' >$units/xld.service.d/soon.conf
for u in sys-kernel-config.mount dev-hugepages.mount dev-mqueue.mount \
	systemd-udevd.service systemd-udev-trigger.service \
	systemd-remount-fs.service systemd-random-seed.service; do
	ln -s /dev/null $units/$u
done
unshare --mount --pid --cgroup --fork --propagation private \
	bash -c 'umount -l /proc/xen; mount -t proc proc /proc &&
		exec env -i PATH="$PATH" container=other '$systemd' --unit=host.target' \
	>"$scratch/init.log" 2>&1 &
first() { init=$(pids systemd | head -n 1); [ -n "$init" ]; }
check "systemd" wait_for 20 first
is() { [ "$(ctl is-active "$1")" = "${2:-active}" ]; }
up() {
	wait_for 60 is "$1" || fail "$1 is $(ctl is-active "$1")"
}
for u in xenstored.service xld.socket xld.service xld-guests.service; do
	note "$u"
	up $u
done
check "xenfs is where it belongs" inside test -e /proc/xen/capabilities
pid_of() { ctl show -P MainPID "$1"; }
[ "$(inside sh -c "grep Seccomp: /proc/$(pid_of xld.service)/status" | tr -dc 0-9)" = 2 ] ||
	fail "xld has no filter"

# --- what the daemons do within those walls ------------------------------------
ip link add sysbr type bridge && ip link set sysbr up
truncate -s 8M "$scratch/raw"
cfg=$(tiny_config pv 'extra = "tick=500"' "disk = [ '$scratch/raw,raw,xvda,w' ]" \
	'vif = [ "bridge=sysbr" ]')
check "a PV guest with a disk and a card" xm create -q "$cfg"
id=$(xm domid pv)
log=/var/log/xen/console/guest-pv.log
ticks() { grep -ac '^tick' $log; }
ticking() { [ "$(ticks)" -gt "$1" ]; }
check "ticks" wait_for 60 ticking 2
contains "its card is at the bridge" "$(ls /sys/class/net/sysbr/brif)" "vif$id.0"
disk_image "$scratch/disk"
hvm=$(hvm_config hvm "$bare" "$pty" "disk = [ 'file:$scratch/disk,hda,w' ]")
check "an HVM guest and its device model" xm create -q "$hvm"
hvm_id=$(xm domid hvm)
speaks hvm 'BARE UP' 1
model=$(model_of "$hvm_id")
same "its root" /run/xld/dm/root "$(readlink "/proc/$model/root")"

# --- what dies -------------------------------------------------------------------
other() { p=$(pid_of "$1") && [ "$p" != 0 ] && [ "$p" != "$2" ]; }
note "xld is killed"
was=$(pid_of xld.service) n=$(ticks)
inside kill -KILL "$was"
check "who asks meanwhile is answered" xm list
check "another one" wait_for 30 other xld.service "$was"
up xld.service
same "the same guest" "$id" "$(xm domid pv)"
same "the same device model" "$model" "$(model_of "$hvm_id")"
check "its console goes on" wait_for 60 ticking $((n + 3))

note "xld hangs"
was=$(pid_of xld.service)
inside kill -STOP "$was"
check "the watchdog sees it" wait_for 90 other xld.service "$was"
up xld.service
same "the same guest" "$id" "$(xm domid pv)"

note "the store is killed"
worker() { pids xenstored | tail -n 1; }
xenstore-write /tool/seen here
was=$(pid_of xenstored.service)
inside kill -KILL "$was"
check "another one" wait_for 30 other xenstored.service "$was"
up xenstored.service
up xld.service
same "what was written" here "$(xenstore-read /tool/seen)"
xenstore-rm /tool/seen
check "xm" wait_for 30 xm domid pv
same "the same guest" "$id" "$(xm domid pv)"
n=$(ticks)
check "ticks" wait_for 60 ticking $((n + 2))

# --- what its owner asks for ----------------------------------------------------
was=$(pid_of xld.service)
check "reload" ctl reload xld.service
same "by the same process" "$was" "$(pid_of xld.service)"
check "restart" ctl restart xld.service
up xld.service
same "the same guest" "$id" "$(xm domid pv)"
same "the same device model" "$model" "$(model_of "$hvm_id")"
check "stop" ctl stop xld.service
# A device model is nobody's who stops.
same "the same device model" "$model" "$(model_of "$hvm_id")"
check "start" ctl start xld.service xld-guests.service
check "destroy" xm destroy hvm
wait_for 20 none_of "${qemu:0:15}" || fail "a device model is left"

# --- the end of the host -----------------------------------------------------------
note "the guests end before xld"
check "stop the host" ctl start --no-block poweroff.target
# The store goes, too, so Xen is asked.
ended() { none_of xld && [ "$("$progs/prog_xcrows" --count)" = 1 ]; }
wait_for 120 ended || fail "$("$progs/prog_xcrows" --count) domains are there"
in_journal() { journalctl --no-pager -q -o cat -D /var/log/journal | grep -qE "$1"; }
wait_for 10 in_journal "pv \(domain $id\) has ended: poweroff" ||
	fail "the guest was not shut down: $(journalctl --no-pager -o cat -D /var/log/journal | tail -n 40)"
