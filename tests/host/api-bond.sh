#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Bonds of the host by the API, over two pairs of interfaces whose other ends are the
# switch: made, one link lost, changed, kept, refused, undone, taken away. Nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_net.bash"
. "$(dirname "$0")/lib_card.bash"

for m in veth 8021q; do modprobe $m || fail "no $m"; done
# Without it the kernel makes one by itself.
modprobe bonding max_bonds=0 || fail "no bonding"
host=$(refs host.get_all)
cleanup 'xm destroy g; for r in $(refs VLAN.get_all); do api VLAN.destroy $r; done
	for r in $(refs Bond.get_all); do api Bond.destroy $r; done
	for r in $net $other; do api network.destroy $r; done
	for r in $one $two; do api PIF.forget $r; done; ip link del a0; ip link del b0; ip link del sw'
# The switch is a bridge of its own, with an address to answer from.
pair a0 a1
pair b0 b1
before=$(links)
ip link add sw type bridge && ip link set sw up || fail "no bridge"
for i in a1 b1; do ip link set $i master sw; done
ip addr add 10.78.0.1/24 dev sw
one=$(api PIF.introduce "$host" "$(mac a0)" a0)
two=$(api PIF.introduce "$host" "$(mac b0)" b0)
net=$(api network.create '{"name_label":"bonded"}')
other=$(api network.create '{"name_label":"spare"}')
both="[\"$one\",\"$two\"]"
the() { cat "/sys/class/net/bond0/bonding/$1"; }

# --- what cannot be -------------------------------------------------------------
refused PIF_BOND_NEEDS_MORE_MEMBERS -- Bond.create "$net" "[\"$one\"]" '' active-backup '{}'
refused HANDLE_INVALID PIF "$none" -- Bond.create "$net" "[\"$one\",\"$none\"]" '' active-backup '{}'
refused MAC_INVALID nonsense -- Bond.create "$net" "$both" nonsense active-backup '{}'
expect_status 1 api Bond.create "$net" "$both" '' balance-slb '{}'
contains "what the kernel lacks" "$out" '^VALUE_NOT_SUPPORTED mode balance-slb '
expect_status 1 api Bond.create "$net" "$both" '' active-backup '{"hashing_algorithm":"src_mac"}'
contains "of lacp alone" "$out" '^VALUE_NOT_SUPPORTED properties hashing_algorithm '
expect_status 1 api Bond.create "$net" "$both" '' lacp '{"miimon":"0"}'
contains "without a look at links" "$out" '^VALUE_NOT_SUPPORTED miimon 0 '
expect_status 1 api Bond.create "$net" "[\"$one\",\"$one\"]" '' active-backup '{}'
contains "twice" "$out" '^VALUE_NOT_SUPPORTED members a0 '
ip addr add 10.77.0.9/24 dev a0
refused PIF_IS_MANAGEMENT_INTERFACE "$one" -- Bond.create "$net" "$both"
ip addr del 10.77.0.9/24 dev a0
vlan=$(api VLAN.create "$two" 9 "$other")
refused PIF_VLAN_STILL_EXISTS "$two" -- Bond.create "$net" "$both"
refused PIF_IS_VLAN "$(api VLAN.get_untagged_PIF "$vlan")" -- \
	Bond.create "$net" "[\"$(api VLAN.get_untagged_PIF "$vlan")\",\"$one\"]"
check "gone" api VLAN.destroy "$vlan"
same "no bond" "" "$(refs Bond.get_all)"

# --- a bond ---------------------------------------------------------------------
first=$(mac a0) second=$(mac b0)
bond=$(api Bond.create "$net" "$both" '' active-backup '{"updelay":"0"}')
check "its record" api Bond.get_record "$bond" >"$scratch/bond"
own=$(json master <"$scratch/bond")
for i in 'mode active-backup' 'auto_update_mac true' "primary_slave $one"; do
	same "of a bond: $i" "${i#* }" "$(json "${i% *}" <"$scratch/bond")"
done
same "its parts" "$(printf '%s\n' "$one" "$two" | sort)" "$(refs Bond.get_slaves "$bond" | sort)"
has PIF "$own" device bond0
has PIF "$own" MAC "$first"
has PIF "$own" physical false
has PIF "$own" bond_master_of "[\"$bond\"]"
has PIF "$own" network "$net"
has PIF "$one" bond_slave_of "$bond"
same "the kernel's mode" "active-backup 1" "$(the mode)"
links_up() { [ "$(api Bond.get_links_up "$bond")" = "$1" ]; }
check "both links" wait_for 20 links_up 2
refused PIF_ALREADY_BONDED "$one" -- Bond.create "$other" "$both"
refused PIF_ALREADY_BONDED "$two" -- PIF.forget "$two"
refused CANNOT_ADD_VLAN_TO_BOND_SLAVE "$one" -- VLAN.create "$one" 5 "$other"
refused CANNOT_PLUG_BOND_SLAVE "$one" -- PIF.plug "$one"
refused CANNOT_PLUG_BOND_SLAVE "$one" -- PIF.unplug "$one"
refused NETWORK_CONTAINS_PIF "$own" -- network.destroy "$net"
check "a VLAN on it" api VLAN.create "$own" 7 "$other"
has PIF "$own" VLAN_slave_of "[\"$(refs VLAN.get_all)\"]"
refused PIF_VLAN_STILL_EXISTS "$own" -- Bond.destroy "$bond"

# --- one link is lost: the other carries what the guests' bridge sends ----------
br=$(api network.get_bridge "$net")
# Who has no address asks whether another has one: that goes out, though both are here.
talks() { arping -D -c 2 -w 2 -I "$br" 10.78.0.1 2>&1 | grep -Eq 'eceived [1-9]|reply from'; }
check "the switch answers" wait_for 20 talks
same "over the first" a0 "$(the active_slave)"
ip link set a1 down
over_b() { [ "$(the active_slave)" = b0 ]; }
check "the first is lost" wait_for 20 over_b
check "one link" wait_for 20 links_up 1
has PIF_metrics "$(api PIF.get_metrics "$one")" carrier false
check "the switch answers" wait_for 20 talks
ip link set a1 up
check "both links" wait_for 20 links_up 2

# --- it is kept, changed ---------------------------------------------------------
config=$(tiny_config g "vif = [ 'bridge=$br' ]")
check "a guest in it" xm create -q "$config"
refused VIF_IN_USE "$net" "$(refs VM.get_VIFs @g)" -- Bond.destroy "$bond"
restart_xld
same "its parts" "$(printf '%s\n' "$one" "$two" | sort)" "$(refs Bond.get_slaves "$bond" | sort)"
check "lacp" api Bond.set_mode "$bond" lacp
has Bond "$bond" mode lacp
same "the kernel's mode" "802.3ad 4" "$(the mode)"
check "a property" api Bond.set_property "$bond" hashing_algorithm src_mac
same "the kernel's" "vlan+srcmac 5" "$(the xmit_hash_policy)"
has Bond "$bond" properties '{"miimon":"100","updelay":"0","downdelay":"0","hashing_algorithm":"src_mac","lacp-time":"slow"}'
[ -e "/sys/class/net/$br/brif/bond0" ] || fail "it has left its bridge"
contains "its VLAN came with it" "$(cat /proc/net/vlan/config)" '^bond0.7 '
expect_status 1 api Bond.set_mode "$bond" active-backup
contains "a property of lacp is in the way" "$out" '^VALUE_NOT_SUPPORTED properties hashing_algorithm '
has Bond "$bond" mode lacp
restart_xld XLD_STEP=bond-anew
expect_status 1 api Bond.set_property "$bond" lacp-time fast
restart_xld
has Bond "$bond" mode lacp
same "as it was" "slow 0" "$(the lacp_rate)"

# Gone while nobody looked; a part that comes later is put in.
kill_all KILL xld
ip link del bond0
ip link del a0
check "xld starts" /usr/sbin/xld --daemon
same "what is left" "[\"$two\"]" "$(api Bond.get_slaves "$bond")"
contains "its VLAN" "$(cat /proc/net/vlan/config)" '^bond0.7 '
pair a0 a1
back() { [ "$(cat /sys/class/net/bond0/bonding/slaves)" = "b0 a0" ]; }
check "the other is back" wait_for 20 back
check "the end" xm destroy g
check "its VLAN" api VLAN.destroy "$(refs VLAN.get_all)"
check "gone" api Bond.destroy "$bond"
refused HANDLE_INVALID Bond "$bond" -- Bond.get_record "$bond"
[ ! -e /sys/class/net/bond0 ] || fail "the kernel has it"
same "its address again" "$second" "$(mac b0)"
has PIF "$two" currently_attached true
has PIF "$two" bond_slave_of ""

# --- in the middle, and somebody else's --------------------------------------------
for r in $one $two; do check "down" api PIF.unplug "$r"; done
for step in bond-kept bond-made bond-part; do
	restart_xld XLD_STEP=$step
	refused XLD_FAULT $step -- Bond.create "$net" "$both"
	[ ! -e /sys/class/net/bond0 ] || fail "$step: it stays"
	same "$step: no bond" "" "$(refs Bond.get_all)"
	has PIF "$one" currently_attached false
	has PIF "$two" currently_attached false
done
restart_xld XLD_STEP=bond-part:kill
api Bond.create "$net" "$both" >/dev/null 2>&1
restart_xld
bond=$(refs Bond.get_all)
check "it was finished" wait_for 20 links_up 2
restart_xld XLD_STEP=bond-removed
refused XLD_FAULT bond-removed -- Bond.destroy "$bond"
check "it is as it was" wait_for 20 links_up 2
restart_xld
check "gone" api Bond.destroy "$bond"
ip link add by-hand type bond
theirs=$(refs Bond.get_all)
has Bond "$theirs" properties '{"mode":"balance-rr"}'
refused PIF_UNMANAGED "$(api Bond.get_master "$theirs")" -- Bond.destroy "$theirs"
ip link del by-hand
for r in $net $other; do check "network.destroy" api network.destroy "$r"; done
for r in $one $two; do check "forget" api PIF.forget "$r"; done
ip link del sw
same "nothing is left" "$before" "$(links)"
