# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Vocabulary of the tests that run in dom0. A test is a script that sources this
# file; its first failing check ends it with status 1. Exit 77 = skipped.

set -u
# shellcheck disable=SC2034
progs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034
peer=/usr/lib/xen-4.17/bin
scratch=$(mktemp -d /tmp/test.XXXXXX)
cleanups=()

# cleanup CMD...: run at the end, last first.
cleanup() { cleanups+=("$*"); }

end_test() {
	local status=$? i
	for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done
	rm -rf "$scratch"
	exit "$status"
}
trap end_test EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "SKIPPED: $*" >&2; exit 77; }

# note WHAT: a line of the log, which is shown when the test fails.
note() { printf '%4d s  %s\n' "$SECONDS" "$*" >&2; }

# check WHAT CMD...: the command must succeed.
check() {
	local what=$1
	shift
	note "$what"
	"$@" || fail "$what (status $? of: $*)"
}

# slurp VAR FILE: VAR=$(cat FILE), but nothing is started: on an emulated host that
# is most of the time such a line takes.
slurp() {
	local -n into=$1

	IFS= read -r -d '' into <"$2"
	while [[ $into == *$'\n' ]]; do into=${into%$'\n'}; done
}

# expect_status N CMD...: the command must end with N; output in $out, $err.
expect_status() {
	local want=$1 got
	shift
	"$@" >"$scratch/out" 2>"$scratch/err"
	got=$?
	slurp out "$scratch/out"
	slurp err "$scratch/err"
	[ "$got" = "$want" ] ||
		fail "'$*' ended with $got, not $want; stdout: $out stderr: $err"
}

# same WHAT WANT GOT
same() { [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"; }

# contains WHAT TEXT PATTERN: PATTERN (grep -E) is in a line of TEXT.
contains() {
	local line

	if [ ${#2} -gt 4000 ]; then
		grep -qE -- "$3" <<<"$2" && return
	else
		while IFS= read -r line; do [[ $line =~ $3 ]] && return; done <<<"$2"
	fi
	fail "$1: no '$3' in: $2"
}

# wait_for SECONDS CMD...: until the command succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		pause 0.3
	done
}
# Nobody writes there.
exec {silence}<> <(:)
pause() { read -r -t "$1" -u "$silence" || :; }

# pids NAME: of the processes of that name.
pids() {
	local d name
	for d in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$d/comm" && [ "$name" = "$1" ] &&
			echo "${d#/proc/}"
	done
}

# kill_all SIGNAL NAME: and waits until those are gone (a successor may be there
# at once).
kill_all() {
	local p old
	old=$(pids "$2")
	for p in $old; do kill "-$1" "$p" 2>/dev/null; done
	for p in $old; do
		wait_for 10 is_gone "$p" "$2" || fail "$2 survives SIG$1"
	done
}
is_gone() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" != "$2" ]; }
none_of() { [ -z "$(pids "$1")" ]; }

# tiny_config NAME [LINE...]: the name of a new config of a small PV guest.
tiny_config() {
	local name=$1 f=$scratch/$1.cfg

	shift
	{
		printf 'name = "%s"\nmemory = 16\n' "$name"
		printf 'kernel = "/boot/guest/tiny"\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$f"
	echo "$f"
}

# linux_initrd MODULE...: $scratch/initrd.img, whose Linux loads the modules and
# does what comes over its console; linux_shell talks to it.
linux_initrd() {
	mkdir -p "$scratch/extra"
	{
		cat <<-'INIT'
			#!/bin/sh
			export PATH=/sbin:/bin:/usr/sbin:/usr/bin
			mount -t proc proc /proc
			mount -t sysfs sys /sys
			mount -t devtmpfs dev /dev 2>/dev/null
			exec </dev/console >/dev/console 2>&1
			stty -echo
		INIT
		echo "for m in $*; do modprobe \$m; done"
		cat <<-'INIT'
			echo "GUEST UP"
			n=0
			while read -r line; do
				n=$((n + 1))
				eval "$line"
				echo "END $n $?"
			done
		INIT
	} >"$scratch/extra/init"
	chmod 755 "$scratch/extra/init"
	{ gunzip -c /boot/guest/initrd.img
		cd "$scratch/extra" && echo init | cpio -o -H newc 2>/dev/null
	} >"$scratch/initrd.img"
}

# linux_shell DOMAIN: when it is up, guest COMMAND runs there: its output and
# status. Ends with exec 8>&-.
linux_shell() {
	rm -f "$scratch/in" "$scratch/console"
	mkfifo "$scratch/in"
	xm console "$1" <"$scratch/in" >"$scratch/console" 2>&1 &
	exec 8>"$scratch/in"
	seen() { grep -q 'GUEST UP' "$scratch/console"; }
	check "Linux reaches user space" wait_for 240 seen
	said=0
}
guest() {
	said=$((said + 1))
	echo "$*" >&8
	ended() { grep -q "^END $said " "$scratch/console"; }
	wait_for 60 ended || fail "the guest does not answer to: $*"
	tr -d '\r' <"$scratch/console" | sed "1,/^END $((said - 1)) /d" |
		sed "/^END $said /,\$d"
	return "$(tr -d '\r' <"$scratch/console" |
		sed -n "s/^END $said \\([0-9]*\\).*/\\1/p")"
}

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
	xenstore-ls -f / >"$scratch/now"
	diff "$scratch/before" "$scratch/now" >&2 || fail "$1: nodes stay"
	same "$1: records" "domains/json intents/json" \
		"$(cd /run/xld && echo domains/*json intents/*json | tr -d '*')"
}
