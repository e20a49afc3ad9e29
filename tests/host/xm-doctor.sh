#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# xm doctor on a host that works, and with one thing after another broken: each is
# named, with what to do. And xm diff of a guest and its file.
. "$(dirname "$0")/lib.sh"
json=$progs/prog_json
api() { "$progs/prog_api" "$@"; }

# says PATTERN...: a line of the doctor's last report for each.
says() {
	local pattern

	for pattern in "$@"; do contains 'the doctor' "$out" "$pattern"; done
}
silent_about() {
	! grep -qE "$1" <<<"$out" || fail "the doctor still says $1: $out"
}

expect_status 0 xm doctor
says '^ok +xen +Xen 4\.' '^ok +control ' '^ok +devices ' '^ok +xenstored ' \
	'^ok +xld ' '^ok +enabled ' '^ok +memory ' '^ok +quota ' '^ok +orphans '
silent_about '^failure'
expect_status 0 xm doctor -q
silent_about '^ok'
expect_status 0 xm doctor --format json
same 'the first check' xen "$("$json" 0 check <<<"$out")"
same 'its verdict' ok "$("$json" 0 verdict <<<"$out")"

# --- this host ----------------------------------------------------------------
cleanup '[ -e /dev/xen/gntdev ] || mv /dev/xen/gntdev.away /dev/xen/gntdev'
mv /dev/xen/gntdev /dev/xen/gntdev.away
expect_status 1 xm doctor -q
says '^failure +devices +/dev/xen/gntdev .*No such file' '-> modprobe xen-gntdev'
mv /dev/xen/gntdev.away /dev/xen/gntdev

cleanup '[ -e /run/xenstored/socket ] ||
	mv /run/xenstored/socket.away /run/xenstored/socket'
mv /run/xenstored/socket /run/xenstored/socket.away
expect_status 1 xm doctor -q
says '^failure +xenstored .*does not answer' '-> systemctl start xenstored'
mv /run/xenstored/socket.away /run/xenstored/socket

# Its file goes when the daemon's does, so it stays open.
cp /bin/bash "$scratch/xenconsoled"
cp /bin/bash "$scratch/qemu-lost"
mkfifo "$scratch/never"
"$scratch/xenconsoled" -c 'read -r _' <>"$scratch/never" &
rival=$!
"$scratch/qemu-lost" -c 'read -r _' x -xen-domid 4242 <>"$scratch/never" &
orphan=$!
cleanup "kill $rival $orphan 2>/dev/null"
named() { [ "$(cat "/proc/$1/comm")" = "$2" ]; }
check 'a rival' wait_for 10 named $rival xenconsoled
check 'an orphan' wait_for 10 named $orphan qemu-lost
expect_status 0 xm doctor -q
says "^warning +rivals +xenconsoled \(process $rival\)" \
	"^warning +orphans +process $orphan .*domain 4242, which is not there" \
	"-> kill $orphan\$"
kill $rival $orphan
wait $rival $orphan 2>/dev/null

head -c 1048576 /dev/zero >"$scratch/lost"
[ -b /dev/loop41 ] || mknod /dev/loop41 b 7 41
check 'a loop device' losetup /dev/loop41 "$scratch/lost"
cleanup 'losetup -d /dev/loop41 2>/dev/null'
rm "$scratch/lost"
expect_status 0 xm doctor -q
says '^warning +loops +/dev/loop41 .*has been removed' '-> losetup -d /dev/loop41'
check 'it goes' losetup -d /dev/loop41

# --- the daemon -----------------------------------------------------------------
host=$(api host.get_all | grep -oE '[0-9a-f-]{36}' | head -n 1)
cleanup 'api host.enable "$host" >/dev/null'
check 'disabled' api host.disable "$host"
expect_status 0 xm doctor -q
says '^warning +enabled .*disabled' '-> call host.enable'
check 'enabled' api host.enable "$host"

cleanup '[ -e /run/xld/api.sock ] || mv /run/xld/api.away /run/xld/api.sock'
mv /run/xld/api.sock /run/xld/api.away
expect_status 1 xm doctor -q
says '^failure +xld ' '-> systemctl start xld' \
	'^warning +bridge ' '-> ip link add xenbr0 type bridge'
silent_about 'quota|orphans'
mv /run/xld/api.away /run/xld/api.sock

# --- a guest ----------------------------------------------------------------------
check 'a bridge' ip link add xenbr0 type bridge
cleanup 'ip link del xenbr0 2>/dev/null'
ip link set xenbr0 up
expect_status 0 xm doctor
says '^ok +bridge '
cfg=$(tiny_config sick 'vcpus = 1' "vif = [ 'mac=00:16:3e:01:02:03' ]")
cleanup 'xm destroy sick >/dev/null 2>&1'
check 'a guest' xm create -q "$cfg"
expect_status 0 xm diff sick "$cfg"
same 'it is as its file says' '' "$out"
sed 's/vcpus = 1/vcpus = 2/; s/01:02:03/01:02:04/' "$cfg" >"$scratch/other.cfg"
expect_status 1 xm diff sick "$scratch/other.cfg"
contains 'the domain has' "$out" '^- VCPUs_at_startup: 1$'
contains 'the file says' "$out" '^\+ VCPUs_at_startup: 2$'
contains 'the address' "$out" '^\+ VIF 0\.MAC: 00:16:3e:01:02:04$'
printf "vif = []\n" >>"$scratch/other.cfg"
expect_status 1 xm diff --format json sick "$scratch/other.cfg"
contains 'a device that the file has not' "$out" '"name": "VIF 0"'
expect_status 3 xm diff nobody "$cfg"
expect_status 2 xm diff sick /dev/null

# The quota of domains that are new.
used=$(xenstore-control quota "$(xm domid sick)" | awk '$1 == "nodes" { print $3 }')
limit=$(xenstore-control quota | awk '$1 == "nodes" { print $2 }')
note "a guest has $used nodes of $limit"
check 'the guest ends' xm destroy sick
cleanup 'xenstore-control quota set nodes $limit'
check 'a small quota' xenstore-control quota set nodes $((used + 1))
check 'a guest with it' xm create -q "$cfg"
expect_status 0 xm doctor -q
says '^warning +quota .*quota of xenstored' '-> xenstore-control quota set'
check 'the guest ends' xm destroy sick
check 'the quota' xenstore-control quota set nodes "$limit"

expect_status 0 xm doctor
says '^ok +enabled ' '^ok +orphans ' '^ok +rivals ' '^ok +loops ' '^ok +quota '
