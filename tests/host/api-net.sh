#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# VLANs of the host by the API, over a pair of interfaces whose other end is the switch:
# made, used by a guest, kept, refused, undone, taken away. Nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_net.bash"
. "$(dirname "$0")/lib_card.bash"

for m in veth 8021q; do modprobe $m || fail "no $m"; done
cleanup 'for g in g linux; do xm destroy $g; done
	for r in $(refs VLAN.get_all); do api VLAN.destroy $r; done
	for r in $net $other; do api network.destroy $r; done
	api PIF.forget $pif; ip link del tr0'
pair tr0 tr1
before=$(links)
host=$(refs host.get_all)
pool=$(refs pool.get_all)

# --- the card -------------------------------------------------------------------
refused MAC_INVALID nonsense -- PIF.introduce "$host" nonsense tr0
refused MAC_DOES_NOT_EXIST 02:00:00:00:00:77 -- PIF.introduce "$host" 02:00:00:00:00:77 tr0
pif=$(api PIF.introduce "$host" "$(mac tr0)" tr0)
refused DUPLICATE_PIF_DEVICE_NAME tr0 -- PIF.introduce "$host" "$(mac tr0)" ''
check "its record" api PIF.get_record "$pif" >"$scratch/pif"
for i in 'device tr0' 'VLAN -1' 'physical true' 'managed true' 'management false' \
	'currently_attached false' 'ip_configuration_mode None'; do
	same "of a card: $i" "${i#* }" "$(json "${i% *}" <"$scratch/pif")"
done
same "null" "" "$(api PIF.get_VLAN_master_of "$pif")"
check "another look" api PIF.scan "$host"
refused PIF_IS_PHYSICAL "$pif" -- PIF.destroy "$pif"

# --- a VLAN ---------------------------------------------------------------------
net=$(api network.create '{"name_label":"Blue guests","MTU":1450}')
br=$(api network.get_bridge "$net")
same "its bridge" xbr0 "$br"
same "as it is called" "$net" "$(refs network.get_by_name_label 'Blue guests')"
check "another name" api network.set_name_label "$net" Green
has network "$net" name_label Green
has network "$net" MTU 1450
other=$(api network.create '{"name_label":"spare","bridge":"spare0"}')
refused BRIDGE_NAME_EXISTS spare0 -- network.create '{"name_label":"x","bridge":"spare0"}'
for tag in 0 4095 -1; do refused VLAN_TAG_INVALID "$tag" -- VLAN.create "$pif" "$tag" "$net"; done
refused HANDLE_INVALID network "$none" -- VLAN.create "$pif" 42 "$none"
foreign=$(ip link add host0 type bridge && refs network.get_by_name_label host0)
refused NETWORK_UNMANAGED "$foreign" -- VLAN.create "$pif" 42 "$foreign"
ip link del host0
vlan=$(api VLAN.create "$pif" 42 "$net")
has VLAN "$vlan" tag 42
has VLAN "$vlan" tagged_PIF "$pif"
own=$(api VLAN.get_untagged_PIF "$vlan")
has PIF "$own" device tr0
has PIF "$own" VLAN 42
has PIF "$own" physical false
has PIF "$own" currently_attached true
has PIF "$own" network "$net"
has PIF "$own" VLAN_master_of "$vlan"
has PIF "$pif" VLAN_slave_of "[\"$vlan\"]"
has PIF "$pif" currently_attached true
has network "$net" PIFs "[\"$own\"]"
contains "the kernel's" "$(cat /proc/net/vlan/config)" '^tr0.42 *\| 42 *\| tr0$'
same "its bridge" "$br" "$(basename "$(readlink /sys/class/net/tr0.42/master)")"
refused PIF_VLAN_EXISTS "$own" -- VLAN.create "$pif" 42 "$other"
refused PIF_IS_VLAN "$own" -- VLAN.create "$own" 43 "$other"
refused NETWORK_ALREADY_CONNECTED "$net" "$own" -- VLAN.create "$pif" 43 "$net"
refused NETWORK_CONTAINS_PIF "$own" -- network.destroy "$net"
refused PIF_VLAN_STILL_EXISTS "$pif" -- PIF.forget "$pif"
check "the owner's" api VLAN.add_to_other_config "$vlan" rack seven

# What somebody else makes is shown, and left alone.
ip link add link tr0 name by-hand type vlan id 7
theirs=$(for r in $(refs PIF.get_VLAN_slave_of "$pif"); do [ "$r" = "$vlan" ] || echo "$r"; done)
has VLAN "$theirs" tag 7
refused PIF_UNMANAGED "$(api VLAN.get_untagged_PIF "$theirs")" -- VLAN.destroy "$theirs"
[ -e /sys/class/net/by-hand ] || fail "it has been destroyed"
ip link del by-hand

# --- a guest's frames -----------------------------------------------------------
ip link add link tr1 name tr1.42 type vlan id 42
ip addr add 10.78.0.1/24 dev tr1.42
ip link set tr1.42 up
ip addr add 10.79.0.1/24 dev tr1
cat >"$scratch/linux.cfg" <<CFG
name    = "linux"
memory  = 128
kernel  = "/boot/guest/vmlinuz"
ramdisk = "/boot/guest/initrd.img"
extra   = "console=hvc0 quiet guest.ip=10.78.0.2/24"
vif     = [ "bridge=$br" ]
CFG
check "Linux" xm create -q "$scratch/linux.cfg"
vif=$(refs VM.get_VIFs @linux)
refused VIF_IN_USE "$net" "$vif" -- VLAN.destroy "$vlan"
refused VIF_IN_USE "$net" "$vif" -- PIF.unplug "$own"
refused VIF_IN_USE "$net" "$vif" -- PIF.unplug "$pif"

# --- it is kept -----------------------------------------------------------------
restart_xld
has VLAN "$vlan" other_config '{"rack":"seven"}'
has network "$net" name_label Green
answers() { ping -c 1 -w 2 10.78.0.2 >/dev/null; }
check "it answers on the VLAN" wait_for 120 answers
slurp frames /sys/class/net/tr1.42/statistics/rx_packets
[ "$frames" -gt 0 ] || fail "no frame of VLAN 42 has come"
check "the end" xm destroy linux

# Gone while nobody looked, as after the host's boot; with its card, it comes when that does.
kill_all KILL xld
ip link del tr0.42
check "xld starts" /usr/sbin/xld --daemon
has VLAN "$vlan" tag 42
has PIF "$own" currently_attached true
ip link del tr0
has PIF "$own" currently_attached false
has VLAN "$vlan" tagged_PIF ""
refused NETWORK_CONTAINS_PIF "$own" -- network.destroy "$net"
pair tr0 tr1
back() { [ -e "/sys/class/net/$br/brif/tr0.42" ]; }
check "it is back" wait_for 10 back
has VLAN "$vlan" tagged_PIF "$pif"

# --- up, down, gone ----------------------------------------------------------------
check "down" api PIF.unplug "$own"
has PIF "$own" currently_attached false
restart_xld
has PIF "$own" currently_attached false
check "up" api PIF.plug "$own"
has PIF "$own" currently_attached true
check "not down" api PIF.set_disallow_unplug "$own" true
refused PIF_DOES_NOT_ALLOW_UNPLUG "$own" -- PIF.unplug "$own"
for p in $(refs PIF.get_all); do
	[ "$(api PIF.get_management "$p")" = true ] || continue
	refused PIF_IS_MANAGEMENT_INTERFACE "$p" -- PIF.unplug "$p"
	refused MAC_STILL_EXISTS "$(api PIF.get_MAC "$p")" -- PIF.forget "$p"
done
check "gone" api VLAN.destroy "$vlan"
refused HANDLE_INVALID VLAN "$vlan" -- VLAN.get_record "$vlan"
[ ! -e /sys/class/net/tr0.42 ] || fail "the kernel has it"
same "by its older name" "[\"$own\"]" "$(api pool.create_VLAN tr0 "$net" 42)"
check "and its end" api PIF.destroy "$own"
same "of a pool" "[\"$own\"]" "$(api pool.create_VLAN_from_PIF "$pif" "$net" 42)"
check "and its end" api PIF.destroy "$own"
same "of a host" "$own" "$(api PIF.create_VLAN tr0 "$net" "$host" 42)"
check "and its end" api PIF.destroy "$own"
contains "no such card" "$(api pool.create_VLAN tr9 "$net" 42 2>&1)" '^VALUE_NOT_SUPPORTED device tr9 '

# --- in the middle ------------------------------------------------------------------
check "down" api PIF.unplug "$pif"
for step in vlan-kept vlan-made; do
	restart_xld XLD_STEP=$step
	refused XLD_FAULT $step -- VLAN.create "$pif" 42 "$net"
	[ ! -e /sys/class/net/tr0.42 ] || fail "$step: it stays"
	same "$step: no VLAN" "" "$(refs VLAN.get_all)"
	has PIF "$pif" currently_attached false
done
restart_xld XLD_STEP=vlan-removed
vlan=$(api VLAN.create "$pif" 42 "$net")
refused XLD_FAULT vlan-removed -- VLAN.destroy "$vlan"
has PIF "$own" currently_attached true
for step in vlan-made vlan-removed; do
	restart_xld
	api VLAN.destroy "$vlan" >/dev/null 2>&1
	restart_xld "XLD_STEP=$step:kill"
	api VLAN.create "$pif" 42 "$net" >/dev/null 2>&1
	api VLAN.destroy "$vlan" >/dev/null 2>&1
	restart_xld
	has PIF "$own" currently_attached true
	check "$step: it can be destroyed" api VLAN.destroy "$vlan"
done
for r in $net $other; do check "network.destroy" api network.destroy "$r"; done
check "forget" api PIF.forget "$pif"
refused HANDLE_INVALID PIF "$pif" -- PIF.get_record "$pif"
same "nothing is left" "$before" "$(links)"
