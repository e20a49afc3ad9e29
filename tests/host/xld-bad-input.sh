#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Bad input through xm: each one clear line with the place, the cause and what to
# do, the documented status, and nothing left behind.
. "$(dirname "$0")/lib.sh"

cleanup "xm destroy bad >/dev/null 2>&1"
base() { tiny_config "$@"; }
books() { "$progs/prog_facts" domains; ls /run/xld/domains /run/xld/intents; xenstore-ls -f /; }

# refused STATUS PATTERN ARGUMENTS-OF-XM...
refused() {
	local status=$1 pattern=$2
	shift 2
	expect_status "$status" xm "$@"
	same "one line from xm $*: $err" 1 "$(grep -c . "$scratch/err")"
	contains "what xm $* says" "$err" "$pattern"
	[ "$(books)" = "$before" ] || fail "xm $* leaves something behind"
}

check "a first life" xm create -q "$(base bad)"
check "its end" xm destroy bad
before=$(books)

echo 'some text, no kernel' >"$scratch/text"
head -c 3000000 /boot/guest/vmlinuz >"$scratch/half"
: >"$scratch/empty"
refused 1 "kernel /nowhere/vmlinuz: No such file" \
	create -q "$(base bad)" kernel=/nowhere/vmlinuz
refused 1 "kernel $scratch/text: .*not a kernel" \
	create -q "$(base bad)" "kernel=$scratch/text"
refused 1 "kernel $scratch/half: .*truncated" \
	create -q "$(base bad)" "kernel=$scratch/half"
refused 1 "kernel $scratch/empty: .*empty" \
	create -q "$(base bad)" "kernel=$scratch/empty"
refused 1 'kernel /dev/zero: not a regular file' \
	create -q "$(base bad)" kernel=/dev/zero
refused 1 "ramdisk /nowhere/initrd: No such file" \
	create -q "$(base bad)" ramdisk=/nowhere/initrd
refused 7 '99[0-9]{3,} MiB are needed and [0-9]+ MiB are free.*floor|100[0-9]+ MiB are needed and [0-9]+ MiB are free.*floor' \
	create -q "$(base bad)" memory=100000

printf 'name = "bad"\nkernel = "/boot/guest/tiny"\n\nmemroy = 16\n' >"$scratch/typo.cfg"
refused 2 "typo.cfg:4:1: unknown key 'memroy', did you mean 'memory'" \
	create -q "$scratch/typo.cfg"
printf 'name = "bad\nmemory = 16\n' >"$scratch/open.cfg"
refused 2 'open.cfg:1:[0-9]+: ' create -q "$scratch/open.cfg"
refused 3 'nowhere.cfg' create -q "$scratch/nowhere.cfg"

check "a guest" xm create -q "$(base bad)"
before=$(books)
refused 4 "name 'bad' already exists" create -q "$(base bad)"
refused 3 'nobody' pause nobody
refused 3 'nobody' destroy nobody
refused 3 'nobody' console nobody
refused 4 'Domain-0' destroy Domain-0
refused 4 'Domain-0' pause 0
expect_status 2 xm rename bad
contains "what is missing, and the synopsis" "$err" "requires 2 arguments"
expect_status 2 xm bogus-command
contains "which command" "$err" 'bogus-command'
check "the end" xm destroy bad

# No daemon.
kill_all TERM xld
expect_status 75 xm list
same "one line without a daemon: $err" 1 "$(grep -c . "$scratch/err")"
contains "what to do" "$err" 'xld'
expect_status 0 xm create -n "$(base bad)"
expect_status 0 xm help
check "xld starts again" /usr/sbin/xld --daemon

# No store.
kill_all TERM xld
expect_status 1 env XENSTORED_PATH=/nowhere/socket /usr/sbin/xld --foreground
contains "xld without a store" "$err" 'xenstored cannot be reached.*start it'
check "xld starts again" /usr/sbin/xld --daemon
