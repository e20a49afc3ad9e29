#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# depth: full
# timeout: 900
# A Linux guest with two network interfaces: it talks TCP to domain 0 both ways, gets
# further ones and lets them go.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_net.bash"

a_network
# What a guest may send is filtered; the small image's modprobe knows no aliases.
modprobe -a crc32c_generic nf_tables || fail "no nf_tables"
linux_initrd xen-netfront

# serves PORT: somebody listens there; who calls before that is turned away, and nobody
# calls again.
serves() { grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; }

# a_linux TYPE MIB ROUNDS
a_linux() {
	cat >"$scratch/linux.cfg" <<CFG
name    = "linux"
type    = "$1"
memory  = 192
kernel  = "/boot/guest/vmlinuz"
ramdisk = "$scratch/initrd.img"
extra   = "console=hvc0 quiet"
vif     = [ "bridge=xenbr0, ip=10.77.0.2", "bridge=xenbr0" ]
CFG
	check "Linux ($1)" xm create -q "$scratch/linux.cfg"
	linux_shell linux
	# Who has nothing more to send ends the talk: nothing never comes from 9.
	guest 'ip link set eth0 up; ip addr add 10.77.0.2/24 dev eth0; ip link set eth1 up; mkfifo /f; exec 9<>/f; cat /sys/class/net/eth0/address >/mac' >/dev/null
	states() { xm network-list linux | awk 'NR > 1 { printf "%s%s", s, $5; s = " " }'; }
	both() { [ "$(states)" = "4 4" ]; }
	check "both are connected" wait_for 20 both
	dd if=/dev/urandom of="$scratch/data" bs=1048576 count="$2" 2>/dev/null
	sum=$(sha256sum <"$scratch/data")
	nc -l -p 5000 <"$scratch/data" >/dev/null &
	pid=$!
	check "domain 0 sends" wait_for 20 serves 5000
	guest 'nc 10.77.0.1 5000 <&9 >/r; sha256sum </r' >"$scratch/sum"
	same "$2 MiB to the guest" "${sum%% *}" "$(cut -c1-64 "$scratch/sum")"
	wait "$pid"
	nc -l -p 5001 <&"$silence" >"$scratch/back" &
	pid=$!
	check "domain 0 receives" wait_for 20 serves 5001
	guest 'nc 10.77.0.1 5001 </r' >/dev/null
	wait "$pid"
	cmp "$scratch/data" "$scratch/back" || fail "$2 MiB from the guest"
	note "$2 MiB from the guest"
	guest 'ip addr flush dev eth0; ip addr add 10.77.0.3/24 dev eth0; ping -c 1 -w 3 10.77.0.1 >/dev/null' &&
		fail "it speaks with another address"
	guest 'ip addr flush dev eth0; ip link set eth0 down; ip link set eth0 address 00:16:3e:77:00:09; ip link set eth0 up; ip addr add 10.77.0.2/24 dev eth0; ping -c 1 -w 3 10.77.0.1 >/dev/null' &&
		fail "it speaks with another MAC"
	guest 'ip link set eth0 down; ip link set eth0 address $(cat /mac); ip link set eth0 up; ping -c 1 -w 10 10.77.0.1 >/dev/null' ||
		fail "it does not speak any more"
	connected() { xm network-list linux | grep -Eq '^2 .* 2 +4 '; }
	for ((i = 1; i <= $3; i++)); do
		check "attach $i" xm network-attach linux bridge=br1
		check "it is connected" wait_for 30 connected
		check "detach $i" xm network-detach linux 2
	done
	check "detach one of two" xm network-detach linux 1
	check "the other goes on" ping -c 1 -w 5 10.77.0.2
	check "detach by force" xm network-detach -f linux 0
	same "no interface is left" "" "$(xm network-list linux)"
	check "attach again" xm network-attach linux
	check "destroy" xm destroy linux
	exec 8>&-
	clean "Linux ($1)"
}
if [ "${XLD_DEPTH:-default}" = full ]; then
	a_linux pv 16 20
	a_linux pvh 4 5
else
	a_linux pv 4 1
fi
