# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Words of the tests of networks; sourced behind lib.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib_device.bash"

# a_network: bridges xenbr0 (10.77.0.1, mtu 1400) and br1 to test with, which go at
# the end; clean WHAT: interfaces, nodes and records are as they were then.
a_network() {
	cleanup 'for vm in g linux; do xm destroy $vm; done >/dev/null 2>&1
		for b in xenbr0 br1; do ip link del $b; done 2>/dev/null'
	ip link add xenbr0 type bridge && ip link add br1 type bridge ||
		fail "no bridges on this host"
	ip addr add 10.77.0.1/24 dev xenbr0
	ip link set xenbr0 mtu 1400 up
	ip link set br1 up
	network_start=$(links)
	xenstore-ls -f / >"$scratch/before"
}
links() { (cd /sys/class/net && echo ./* ./*/brif/*); }
as_before() { [ "$(links)" = "$network_start" ]; }
clean() {
	wait_for 10 as_before ||
		fail "$1: interfaces stay: $(links), not $network_start"
	stores_clean "$1"
}
