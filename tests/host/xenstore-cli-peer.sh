#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# depth: full
# timeout: 600
# Our xenstore commands and Debian's say the same of the same store, through the
# socket and through the kernel's device. It holds on Debian's daemon, too.
. "$(dirname "$0")/lib.sh"
ours=/usr/bin

# both WORD ARGS...: same output and status from both.
both() {
	local cmd=$1
	shift
	"$peer/xenstore-$cmd" "$@" >"$scratch/theirs" 2>"$scratch/their-err"
	echo "status $?" >>"$scratch/theirs"
	"$ours/xenstore-$cmd" "$@" >"$scratch/ours" 2>"$scratch/our-err"
	echo "status $?" >>"$scratch/ours"
	cmp -s "$scratch/theirs" "$scratch/ours" || {
		diff "$scratch/theirs" "$scratch/ours" >&2
		cat "$scratch/their-err" "$scratch/our-err" >&2
		fail "xenstore-$cmd $* through ${XENSTORED_PATH:-the socket}"
	}
}

# each WORD ARGS...: for what changes the store; @ is /x to Debian's command and
# /y to ours. What they print, and then all there is in both, is the same.
each() {
	local cmd=$1 a b
	shift
	a=$("$peer/xenstore-$cmd" "${@//@//x}" 2>/dev/null; echo "status $?")
	b=$("$ours/xenstore-$cmd" "${@//@//y}" 2>/dev/null; echo "status $?")
	same "xenstore-$cmd $*" "$a" "${b//\/y//x}"
	a=$("$peer/xenstore-ls" -f -p /x 2>&1)
	b=$("$peer/xenstore-ls" -f -p /y 2>&1)
	same "the store after xenstore-$cmd $*" "$a" "${b//\/y//x}"
}

changes() {
	each write @/a 1 @/b 'x\ty\x81\\' @/d/e ''
	each chmod -r @/d b0 r0
	each chmod -u @/d/e n0 r3
	each chmod @/a n0 r1 w2 b3
	each chmod @/none n0
	each rm @/none
	each rm @/no/parent
	each rm -t @/d/e
	each write @/t/u/v 1
	each rm -t @/t/u/v
	each write @/t/u/v 1 @/t/w 2
	each rm -t @/t/u/v
	each rm @/a @/none
	each rm @
}

reads() {
	local long
	long=/t/$(printf 'n%.0s' {1..70})
	check "write" "$ours/xenstore-write" /t/a 1 /t/b 'x\ty\x81\\\n' /t/d/e '' \
		/t/d/longer/and/deeper value "$long" "$(printf 'v%.0s' {1..90})"
	check "chmod" "$ours/xenstore-chmod" /t/a n0 r1 w2 b3
	check "many permissions" "$ours/xenstore-chmod" /t/d \
		n0 r100 r101 r102 r103 r104
	both read /t/a
	both read -p /t/a /t/b
	both read -R /t/b
	both read -R -p /t/a /t/b
	both read /t/a /t/none /t/b
	both list /t
	both list -p /t
	both list /t /t/d
	both list /t /t/none /t/d
	both exists /t/a
	both exists /t/a /t/none
	both ls -f /
	both ls
	both ls /t/a
	both ls /t/d /t/none /t
	both ls -p /
	both ls -fp /
	both ls -p /t
}

watches() {
	local w
	for w in "$peer" "$ours"; do
		rm -f "$scratch/w"
		timeout 20 "$w/xenstore-watch" -n 3 /w /w/y >"$scratch/w" &
		wait_for 10 grep -q /w/y "$scratch/w" || fail "no first event"
		check "write" "$peer/xenstore-write" /w/x 1
		check "the watch ends" wait $!
		same "events of $w" $'/w\n/w/y\n/w/x' "$(cat "$scratch/w")"
		check "rm" "$ours/xenstore-rm" /w
	done
}

round() {
	reads
	watches
	check "rm" "$ours/xenstore-rm" /t
	expect_status 1 "$ours/xenstore-exists" /t
}

changes
round
export XENSTORED_PATH=/dev/xen/xenbus
round
unset XENSTORED_PATH

# A directory of more than one message.
for ((i = 0; i < 600; i++)); do
	printf '%s 1 ' "/big/child-$i"
done >"$scratch/big"
# shellcheck disable=SC2046
check "600 writes" "$ours/xenstore-write" $(cat "$scratch/big")
both list /big
both ls /big
check "rm" "$ours/xenstore-rm" /big

# Debian's command on our library, which has the same name and version.
with_our_lib() (
	export LD_LIBRARY_PATH=/usr/lib:/usr/lib/xen-4.17/lib
	exec -a "xenstore-$1" /usr/lib/xen-4.17/wrapped/xenstore "${@:2}"
)
check "the library" test -e /usr/lib/libxenstore.so.4
check "write" with_our_lib write /l/a 1 /l/b 2
both ls -fp /
same "Debian's ls on our library" "$("$ours/xenstore-ls" -fp /)" \
	"$(with_our_lib ls -fp /)"
check "rm" with_our_lib rm /l
expect_status 1 "$ours/xenstore-exists" /l
