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
		wait_for 10 is_gone "$p" "$2" ||
			fail "$2 survives SIG$1: $(grep State "/proc/$p/status") $(cat "/proc/$p/wchan")"
	done
}
is_gone() { [ "$(cat "/proc/$1/comm" 2>/dev/null)" != "$2" ]; }
none_of() { [ -z "$(pids "$1")" ]; }

# faults: from now on calls of libxenctrl are counted, and can be made to fail
# (libxenctrl/README tells of the file).
faults() {
	export XLD_FAULT_FILE=$scratch/fault
	head -c 24 /dev/zero >"$XLD_FAULT_FILE"
}
u64() { printf '%b' "$(printf '\\x%02x' $(($1 & 255)) $(($1 >> 8 & 255)))\0\0\0\0\0\0"; }
# arm AT ERRNO: count from 0; at call AT fail with ERRNO, 0 = be killed.
arm() { { u64 0; u64 "$1"; u64 "$2"; } | dd of="$XLD_FAULT_FILE" conv=notrunc status=none; }
calls() { od -An -t u8 -N 8 "$XLD_FAULT_FILE" | tr -d ' '; }

# restart_xld [VAR=VALUE...]: the daemon, killed if it lives, with such an environment.
restart_xld() {
	[ -z "$(pids xld)" ] || kill_all KILL xld
	wait_for 10 none_of xld-api
	check "xld starts" env A=1 "$@" /usr/sbin/xld --daemon
}
# cut_off CMD...: the daemon goes while it is asked.
cut_off() { "$@" >/dev/null 2>&1 && fail "it lives: $*"; }

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

# archive NAME FILE: an initramfs (cpio's newc) with this one program in its root; not
# every host has cpio.
archive() {
	entry "$1" 0100755 "$(stat -c %s "$2")"
	cat "$2"
	pad "$(stat -c %s "$2")"
	entry 'TRAILER!!!' 0 0
}
# Inode, mode, owner, group, links, time, size, devices, length of the name, sum.
entry() {
	printf 070701
	printf %08x 1 "$2" 0 0 1 0 "$3" 0 0 0 0 $((${#1} + 1)) 0
	printf '%s\0' "$1"
	pad $((110 + ${#1} + 1))
}
pad() { head -c $(((4 - $1 % 4) % 4)) /dev/zero; }
