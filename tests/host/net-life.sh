#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 900
# Network interfaces from creation to end: bridges, routes, scripts; by xm and by the
# API; attached and detached while the guest runs; what cannot be; with --full, xld
# killed at each step. Nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_net.bash"

a_network
net() { slurp value "/sys/class/net/$1/$2" && echo "$value"; }
master() { basename "$(readlink "/sys/class/net/$1/master")"; }

# --- a small guest without a driver ------------------------------------------
config=$(tiny_config g "uuid = '01234567-89ab-cdef-0123-456789abcdef'" \
	"vif = [ '', 'mac=00:16:3e:77:00:02, bridge=br1, vifname=web0, rate=10Mb/s, mtu=1450' ]")
check "a guest with two interfaces" xm create -q "$config"
domid=$(xm domid g)
vif=vif$domid.0
for i in "$vif xenbr0 1400" "web0 br1 1450"; do
	read -r name bridge mtu <<<"$i"
	same "$name's bridge" "$bridge" "$(master "$name")"
	same "$name's mtu" "$mtu" "$(net "$name" mtu)"
	same "$name's address" fe:ff:ff:ff:ff:ff "$(net "$name" address)"
	# IFF_UP, IFF_BROADCAST, IFF_NOARP; not IFF_MULTICAST.
	same "$name's flags" $((0x83)) $(($(net "$name" flags) & 0x1083))
	[ -z "$(grep "$name\$" /proc/net/if_inet6)" ] || fail "$name has an address of its own"
done
declare -A side
side[back]=$(xenstore-ls -fp "/local/domain/0/backend/vif/$domid" | tr -s ' ')
side[front]=$(xenstore-ls -fp "/local/domain/$domid/device/vif" | tr -s ' ')
# has SIDE NODE VALUE PERMISSIONS
has() { [[ ${side[$1]} == *"/$2 = \"$3\" ($4)"* ]] || fail "no $2 = '$3' ($4) in ${side[$1]}"; }
mac=$(xm network-list g | awk 'NR == 2 { print $3 }')
contains "a stable address" "$mac" '^00:16:3e:[0-7][0-9a-f]:[0-9a-f]{2}:[0-9a-f]{2}$'
while read -r n; do
	has back "${n%% *}" "${n#* }" "n0,r$domid"
done <<NODES
0/mac $mac
0/bridge xenbr0
0/handle 0
0/type vif
0/online 1
0/state 2
0/mtu 1400
0/script /etc/xen/scripts/vif-bridge
0/hotplug-status connected
0/frontend /local/domain/$domid/device/vif/0
1/mac 00:16:3e:77:00:02
1/vifname web0
1/rate 62500,50000
NODES
for n in 0 1; do
	has front "$n/state" 1 "n$domid,r0"
	has front "$n/handle" $n "n$domid,r0"
	has front "$n/trusted" 1 "n$domid,r0"
	has front "$n/backend" "/local/domain/0/backend/vif/$domid/$n" "n$domid,r0"
done
has front 1/mac 00:16:3e:77:00:02 "n$domid,r0"
numbers() { awk 'NR > 1 { printf "%s%s", s, $1; s = " " }'; }
contains "network-list's header" "$(xm network-list g)" \
	'^Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path'
contains "network-list" "$(xm network-list g)" \
	"^1   0   00:16:3e:77:00:02    1 +1 +-1 +-1 +/-1 +/local/domain/0/backend/vif/$domid/1"
contains "network-list -l" "$(xm network-list -l g)" "\(interface web0\)"
contains "network-list as JSON" "$(xm network-list --format json g)" '"rate": "10Mb/s"'

# Attach and detach: it has no driver, so nobody waits for it.
check "attach" xm network-attach g bridge=br1 mac=00:16:3e:77:00:03
same "the next number" "0 1 2" "$(xm network-list g | numbers)"
same "its bridge" br1 "$(master "vif$domid.2")"
expect_status 1 xm network-attach g bridge=br1 mac=0:16:3E:77:0:2
contains "twins" "$err" "guest 'g' has the address 00:16:3e:77:00:02, too \(network interface 1\)"
check "the same address elsewhere" xm network-attach g bridge=xenbr0 mac=00:16:3e:77:00:02
check "detach by number" xm network-detach g 3
check "detach by address" xm network-detach g 00:16:3E:77:00:03
[ ! -e "/sys/class/net/vif$domid.2" ] || fail "the interface stays"
expect_status 3 xm network-detach g 2
expect_status 2 xm network-detach g eth0
expect_status 4 xm network-attach g devid=1
contains "a number that is taken" "$err" "has it already: network interface 1 \(00:16:3e:77:00:02, bridge br1\)"

# The API, as others use it.
check "VIF, network and PIF by XenAPI" "$progs/prog_vif" g br1
same "nothing of it is left" "0 1" "$(xm network-list g | numbers)"

# xld is killed and finds all again.
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same interfaces" "0 1" "$(xm network-list g | numbers)"
expect_status 1 xm network-attach g bridge=br1 mac=00:16:3e:77:00:02
contains "the address is known" "$err" "00:16:3e:77:00:02, too"
check "reboot" xm reboot -w g
[ "$(xm domid g)" != "$domid" ] || fail "the domain is the old one"
domid=$(xm domid g)
same "the same address" "$mac" "$(xm network-list g | awk 'NR == 2 { print $3 }')"
same "the new one's name" br1 "$(master web0)"

# A frontend may lie: it harms itself at most.
front=/local/domain/$domid/device/vif
for v in '' 4 6 -1 99999999999999999999 /local/domain/0 ff:ff:ff:ff:ff:ff; do
	lies=()
	for n in tx-ring-ref event-channel handle mac mtu request-rx-copy backend state; do
		lies+=("$front/1/$n" "$v")
	done
	check "lies: '$v'" xenstore-write "${lies[@]}"
done
xenstore-rm "$front/0"
check "xld goes on" xm network-list g >/dev/null
check "destroy" xm destroy g
clean "the small guest"

# --- what cannot be ------------------------------------------------------------
expect_status 2 xm create "$(tiny_config g "vif = [ 'brigde=br1' ]")"
contains "a wrong word" "$err" \
	"g.cfg:4:10: vif: 'brigde' is not a key of a network interface, did you mean 'bridge'"
expect_status 1 xm create "$(tiny_config g "vif = [ '', 'mac=00:16:3e:1:2:3', 'bridge=xenbr7' ]")"
contains "one of three" "$err" "no bridge 'xenbr7'"
clean "what cannot be"
check "a guest" xm create -q "$(tiny_config g)"
domid=$(xm domid g)
links_then=$(links)
as_then() { [ "$(links)" = "$links_then" ]; }
# refused STATUS PATTERN KEY=VALUE...
refused() {
	expect_status "$1" xm network-attach g "${@:3}"
	contains "$3" "$err" "$2"
	wait_for 10 as_then || fail "$3: interfaces stay: $(links)"
}
refused 1 "there is no bridge 'xenbr7' in domain 0; there are: br1, xenbr0" bridge=xenbr7
refused 1 "'lo' of domain 0 is no bridge" bridge=lo
refused 1 "interface of the name \(vifname\) 'br1'" vifname=br1
refused 1 'script /no/such: No such file' script=/no/such
refused 2 "'vlan' is not supported" vlan=7
# The backend cannot make its interface: somebody has the name.
ip link add "vif$domid.0" type bridge
expect_status 1 xm network-attach g
contains "backend, state, cause" "$err" \
	"network interface 0 \(00:16:3e:.*the backend has refused it; the backend in domain 0 is in state 5 \(Closing\) and says: "
same "the other's is left alone" "" "$(ls "/sys/class/net/vif$domid.0/brif")"
ip link del "vif$domid.0"

# --- routes --------------------------------------------------------------------
check "routed" xm network-attach g script=vif-route ip="10.78.0.2 10.79.0.0/24"
vif=vif$domid.0
for i in forwarding proxy_arp rp_filter; do
	slurp value "/proc/sys/net/ipv4/conf/$vif/$i"
	same "$i" 1 "$value"
done
contains "its routes" "$(ip route)" "^10.78.0.2 dev $vif"
contains "its routes" "$(ip route)" "^10.79.0.0/24 dev $vif"
check "detach" xm network-detach g 0
contains "no route stays" "$(ip route | grep -c "$vif")" '^0$'

# --- scripts -------------------------------------------------------------------
cat >"$scratch/script" <<SCRIPT
#!/bin/bash
echo "\$*: \$vif \$XENBUS_TYPE \$XENBUS_PATH \$script" >>$scratch/calls
. $scratch/more
SCRIPT
chmod 755 "$scratch/script"
echo '[ "$1" = offline ] || ip link set "$vif" master br1' >"$scratch/more"
check "a script" xm network-attach g bridge=br1 script="$scratch/script"
same "what it did" br1 "$(master "vif$domid.0")"
same "the backend is told" connected \
	"$(xenstore-read "/local/domain/0/backend/vif/$domid/0/hotplug-status")"
check "detach" xm network-detach g 0
called="type_if=vif: vif$domid.0 vif /local/domain/0/backend/vif/$domid/0 $scratch/script"
same "how it was called" "online $called
offline $called" "$(cat "$scratch/calls")"
echo 'echo "no cable" >&2; exit 3' >"$scratch/more"
refused 9 "$scratch/script online ended with status 3; its last line: no cable" script="$scratch/script"
echo '[ "$1" = offline ] || dd if=/dev/zero bs=65536 count=64 2>/dev/null; echo; echo done; exit 1' >"$scratch/more"
refused 9 'status 1; its last line: done' script="$scratch/script"
restart_xld XLD_DEVICE_TIMEOUT=3
echo 'sleep 61' >"$scratch/more"
refused 6 "its script $scratch/script has not ended within 3 s; .* state 2 \(InitWait\)" script="$scratch/script"
none_sleeps() { ! ps | grep -q '[s]leep 61'; }
check "what hung is killed" wait_for 10 none_sleeps
restart_xld
check "destroy" xm destroy g
clean "refusals, routes and scripts"

# --- cut short -----------------------------------------------------------------
config=$(tiny_config g "vif = [ '', 'bridge=br1' ]")
attach_one() { xm network-attach g bridge=br1; }
detach_one() { xm network-detach g 2; }
has_one() { [ "$(xm network-list g | numbers)" != "0 1" ]; }
[ "${XLD_DEPTH:-default}" != full ] || cut_short "$config"
