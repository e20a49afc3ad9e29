# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Words of the tests on two hosts, behind lib.sh and lib_save.bash: this one is
# $here_ip, the other is $there_ip.

here_ip=10.9.0.1
there_ip=10.9.0.2
# there WORD...: a command or a word of the tests, on the other host.
there() {
	on-b bash -c ". $progs/lib.sh; . $progs/lib_save.bash; . $progs/lib_pair.bash; "'"$@"' there "$@" \
		</dev/null
}
# The interface that has an address.
line_of() { ip -o addr show | awk -v a="$1/" 'index($4, a) == 1 { print $2 }'; }
# vanish FROM TO: what this host, FROM, sends to the other arrives nowhere; arrive: it
# does again.
vanish() {
	arp -i "$(line_of "$1")" -s "$2" 02:00:00:00:00:fe
}
arrive() { arp -i "$(line_of "$1")" -d "$2"; }
# alone: so it is there, until nothing is left of what was under way; /run/alone says yes
# then. Not at once: that it has begun is still to be heard.
alone() {
	rm -f /run/alone
	# on-b ends its process group.
	set -m
	(
		pause 1
		vanish $there_ip $here_ip
		wait_for 120 nothing_left && echo yes >/run/alone
		arrive $there_ip $here_ip
	) </dev/null >/dev/null 2>&1 &
	set +m
}
own_print() { xm host-trust --list | sed -n 's/^this host *SHA-256 //p'; }
# Both confirm the other.
trust_each_other() {
	local a b

	a=$(own_print)
	b=$(there xm host-trust --list | sed -n 's/^this host *SHA-256 //p')
	check "this one trusts the other" xm host-trust --fingerprint "$b" $there_ip
	check "and the other this one" \
		there xm host-trust --fingerprint "$a" $here_ip
}
# Words for `there`: a guest of that name; one has begun to come; the one that came ticks.
a_guest() { check "a guest" xm create -q "$(tiny_config s)"; }
has_domain() { [ "$(domains)" -gt 1 ]; }
moved_ticks() {
	local before

	before=$(ticks s)
	wait_for 10 goes_on s "${before:-0}"
}
# here, there, both or none: who runs the guest s.
where_is() {
	local h=0 t=0

	[ "$(xm domid s 2>/dev/null)" -gt 0 ] 2>/dev/null && h=1
	[ "$(there xm domid s 2>/dev/null)" -gt 0 ] 2>/dev/null && t=1
	case $h$t in 10) echo here ;; 01) echo there ;; 11) echo both ;; *) echo none ;; esac
}
# nothing_left [GUESTS]: nothing of a migration is left on this host, which has so many.
nothing_left() {
	[ "$(domains)" = $((1 + ${1:-0})) ] && [ -z "$(ls /run/xld/intents)" ] &&
		[ -z "$(ls /run/xld/migrations 2>/dev/null)" ] && [ -z "$(pids xld-tls)" ]
}
