#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# hosts: 2
# mem: 2048
# toolstack: own
# timeout: 900
# From one host to another and back over TLS: PVH and PV, live and not, memory verified
# by the guest itself while it is written to; refused before a byte moves when the other
# host is not known or has not what the machine needs; the line cut, and either daemon
# killed before and after the commit: it runs on exactly one of both.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_pair.bash"

cleanup '{ restart_xld; there restart_xld; xm destroy s; there xm destroy s; } >/dev/null 2>&1'
log=/var/log/xld/xld.log

guest() {
	check "a guest" xm create -q "$(tiny_config s 'memory=64' "$@")"
	check "it is up" wait_for 60 says s 'tick 3'
	uuid=$(uuid_of s)
}
# go_there, go_back OPTIONS...: it moves, is whole, and the other side is clean.
go_there() {
	check "it goes" xm migrate "$@" s $there_ip
	same "its uuid" "$uuid" "$(there uuid_of s)"
	check "it ticks there" there wait_for 60 moved_ticks
	check "its memory" there verified s
	check "nothing is left here" wait_for 60 nothing_left
	same "it is no machine of this host" "" "$(xm list | grep '^s ')"
}
go_back() {
	check "it comes back" there xm migrate "$@" s $here_ip
	same "its uuid" "$uuid" "$(uuid_of s)"
	check "it ticks here" wait_for 60 moved_ticks
	verified s
	check "nothing is left there" there wait_for 60 nothing_left
}

# ---- who is known ------------------------------------------------------------------
guest 'type="pvh"' 'extra="tick=200 dirty=2000,6000"'
expect_status 1 xm migrate --live s $there_ip
contains "we do not know it" "$err" "certificate is not known here.*xm host-trust $there_ip"
check "this one trusts the other" xm host-trust --fingerprint \
	"$(there xm host-trust --list | sed -n 's/^this host *SHA-256 //p')" $there_ip
expect_status 1 xm migrate --live s $there_ip
contains "it does not know us" "$err" "does not know this host.*$(own_print)"
trust_each_other

# ---- there and back ------------------------------------------------------------------
go_there --live
go_back --live
go_there
go_back
note "$(grep 'rounds' $log | tail -n 1)"
note "$(there grep 'connection from host' $log | tail -n 1)"

# ---- the line is cut -----------------------------------------------------------------
domid=$(xm domid s)
# cut_off_by WORD: it is under way, and this ends it; it goes on here.
cut_off_by() {
	xm migrate --live -r 8 s $there_ip 2>"$scratch/err" &
	job=$!
	check "it has begun there" there wait_for 60 has_domain
	check "$1" "$1"
	at=$SECONDS
	wait $job && fail "it went without a line"
	note "$1: after $((SECONDS - at)) s: $(cat "$scratch/err")"
	contains "it says so" "$(cat "$scratch/err")" '.'
	check "the line" "$2"
	same "the same domain" "$domid" "$(xm domid s)"
	before=$(ticks s)
	check "it ticks on" wait_for 60 goes_on s "${before:-0}"
	verified s
	check "nothing is left there" there wait_for 60 nothing_left
	check "nor here" wait_for 30 nothing_left 1
}
line=$(line_of $here_ip)
line_down() { ip link set "$line" down; }
line_up() { ip link set "$line" up; }
cut_off_by line_down line_up

# What is sent arrives nowhere, and nobody is told: each side finds out by itself.
frames_vanish() { there alone && vanish $here_ip $there_ip; }
frames_arrive() { arrive $here_ip $there_ip; }
cut_off_by frames_vanish frames_arrive
same "the other side knew by itself" yes "$(there cat /run/alone)"
there rm /run/alone

# ---- either daemon dies -----------------------------------------------------------------
# dies SIDE STEP WHERE: the daemon of that side at that step; where the guest is then.
dies() {
	local side=$1 step=$2 want=$3 before

	note "$side dies at $step"
	if [ "$side" = here ]; then restart_xld "XLD_STEP=$step:kill"; else
		check "xld there" there restart_xld "XLD_STEP=$step:kill"
	fi
	xm migrate --live s $there_ip >/dev/null 2>"$scratch/err" && [ "$side" = here ] &&
		fail "$step: it lives"
	if [ "$side" = here ]; then restart_xld; else check "xld there" there restart_xld; fi
	settled() {
		[ "$(where_is)" = "$want" ] || return 1
		if [ "$want" = here ]; then nothing_left 1 && there nothing_left
		else nothing_left && there nothing_left 1; fi
	}
	check "$side dies at $step: it is $want" wait_for 60 settled
	if [ "$want" = here ]; then
		before=$(ticks s)
		check "it ticks on" wait_for 60 goes_on s "${before:-0}"
		verified s
		return
	fi
	check "it ticks there" there wait_for 60 moved_ticks
	check "its memory" there verified s
	go_back --live
}
dies there incoming-accept here
dies there incoming-loaded here
dies there incoming-commit here
dies there incoming-running there
dies here migrate-loaded here
dies here migrate-committed here
dies here migrate-running there
check "destroy" xm destroy s

# ---- PV -------------------------------------------------------------------------------
guest 'extra="tick=200 dirty=2000,6000"'
go_there --live
go_back
check "destroy" xm destroy s

# ---- what it needs ------------------------------------------------------------------------
# refused PATTERN: before a byte has moved.
refused() {
	expect_status 1 xm migrate --live s $there_ip
	contains "it is refused" "$err" "refuses: $1"
	same "nothing was made there" 1 "$(there domains)"
}
truncate -s 1M "$scratch/disk"
check "a bridge" ip link add brpair type bridge
cleanup 'ip link del brpair; there rm -rf "$scratch"'
check "a guest" xm create -q "$(tiny_config s 'type="pvh"' 'extra="tick=200"' \
	"disk=['file:$scratch/disk,xvda,w']" "vif=['bridge=brpair']")"
refused "disk xvda \($scratch/disk\): No such file"
check "a disk there" there mkdir -p "$scratch"
check "of another size" there truncate -s 2M "$scratch/disk"
refused 'disk xvda .* 2097152 bytes here, and 1048576 there'
check "of its size" there truncate -s 1M "$scratch/disk"
refused 'network interface 0: there is no bridge brpair here'
check "destroy" xm destroy s

# Of the same name, and of the same uuid.
guest 'type="pvh"' 'extra="tick=200 dirty=200,500"'
check "one of that name there" there a_guest
expect_status 1 xm migrate s $there_ip
contains "its name is taken" "$err" "VM name 's' already exists as domain"
check "destroy there" there xm destroy s
check "it does not run there" xm migrate --paused s $there_ip
same "it is paused" Paused "$(there api VM.get_power_state @s)"
check "unpause" there xm unpause s
check "it ticks there" there wait_for 60 moved_ticks
check "destroy there" there xm destroy s
check "nothing is left" nothing_left
