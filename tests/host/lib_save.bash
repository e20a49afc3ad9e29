# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# Words of the tests of images, behind lib.sh. The guest is the small one, with
# "dirty=" in its command line where it is to look at its memory. $image is a file.

image=$scratch/image
api() { "$progs/prog_api" "$@"; }

says() { xm console -l "$1" 2>/dev/null | grep -q "$2"; }
# verified_at DOMID: the guest has looked at each page that it filled.
verified_at() {
	local d=$1

	xenstore-write "/local/domain/$d/data/verify" 1
	answered() { [ -n "$(xenstore-read "/local/domain/$d/data/verified" 2>/dev/null)" ]; }
	check "domain $d looks at its memory" wait_for 60 answered
	contains "its memory is as it was" \
		"$(xenstore-read "/local/domain/$d/data/verified")" '^OK .* 0 bad'
	xenstore-rm "/local/domain/$d/data/verified"
}
verified() { verified_at "$(xm domid "$1")"; }
# ticks NAME: the number of its last tick.
ticks() { xm console -l "$1" | sed -n 's/^tick \([0-9]*\).*/\1/p' | tail -n 1; }
goes_on() { [ "$(ticks "$1")" -gt "$2" ] 2>/dev/null; }
domains() { "$progs/prog_facts" domains; }
no_rest() { [ -z "$(find "$scratch" /var/lib/xld -name '.xld-save-*')" ]; }

# Of the guest s, which has moved within the host.
uuid_of() { api VM.get_uuid "@$1"; }
# it_is_one: the machine, and domain 0.
it_is_one() {
	same "one domain" 2 "$(domains)"
	same "one name" "Name" "$(xm list | awk 'NR == 1 { print $1 } /incoming/ { print }')"
	same "nothing is under way" "" "$(ls /run/xld/intents)"
	same "no journal is left" "" "$(ls /run/xld/migrations 2>/dev/null)"
	same "one record" "$(uuid_of s).json" "$(ls /run/xld/domains)"
}
