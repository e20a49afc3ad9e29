#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# timeout: 600
# Emulated network cards of an HVM guest: its tap beside its PV interface, what the
# device model has; nothing is left. What a guest does with them is a matter of
# systems that have drivers.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_net.bash"
undo() { xm destroy a >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

a_network
master() { basename "$(readlink "/sys/class/net/$1/master")"; }
cfg=$(hvm_config a "$bare" "$pty" \
	"vif = [ 'mac=00:16:3e:77:00:05', 'type=vif,bridge=br1', 'model=e1000,bridge=br1,vifname=web' ]")
check "create" xm create "$cfg"
id=$(xm domid a)
pid=$(model_of "$id")
same "one device model" 1 "$(wc -w <<<"$pid")"
for i in "vif$id.0 xenbr0" "vif$id.0-emu xenbr0" "vif$id.1 br1" "web br1" "web-emu br1"; do
	same "${i% *}" "${i#* }" "$(master "${i% *}")"
done
[ ! -e "/sys/class/net/vif$id.1-emu" ] || fail "a card that nobody asked for"
words=$(tr '\0' ' ' <"/proc/$pid/cmdline")
contains "its cards" "$words" \
	'-device rtl8139,id=nic0,netdev=net0,mac=00:16:3e:77:00:05,romfile= -netdev tap,id=net2,fd=[0-9]+,vhost=off -device e1000,id=nic2'
same "in the store" vif_ioemu "$(xenstore-read "/local/domain/0/backend/vif/$id/0/type")"
speaks a 'BARE UP' 1
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the taps are the device model's" xenbr0 "$(master "vif$id.0-emu")"
check "destroy" xm destroy a
clean "an HVM guest"
