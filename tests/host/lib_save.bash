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

