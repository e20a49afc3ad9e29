# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Words of the tests of the host's own interfaces by the API; sourced behind lib_net.bash.

api() { "$progs/prog_api" "$@"; }
json() { "$progs/prog_json" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
# refused CODE [PARAMETER]... -- METHOD [ARG]...: that is the whole answer.
refused() {
	local want=()

	while [ "$1" != -- ]; do want+=("$1"); shift; done
	shift
	expect_status 1 api "$@"
	same "$1" "${want[*]}" "$out"
}
# has CLASS REF FIELD VALUE
has() { same "$1.$3" "$4" "$(api "$1.get_$3" "$2")"; }
none=00000000-0000-4000-8000-00000000dead

# pair CARD PORT: an interface for the host, and the switch's end of its cable.
pair() {
	local there i

	ip link add "$1" type veth || fail "no pair"
	slurp there "/sys/class/net/$1/iflink"
	for i in /sys/class/net/*; do
		[ "$(cat "$i/ifindex" 2>/dev/null)" = "$there" ] && ip link set "${i##*/}" name "$2"
	done
	ip link set "$2" up
}
mac() { cat "/sys/class/net/$1/address"; }
