#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: none
# cpus: 2
# timeout: 900
# Every function of libxenctrl does what its header says on this hypervisor, says
# so when it cannot, and loses nothing when a call to the hypervisor fails.
. "$(dirname "$0")/lib.sh"

note "every function"
expect_status 0 env XLD_DEPTH="${XLD_DEPTH:-}" "$progs/prog_xcrows"
echo "$out" | grep '^#'
echo "not exercised:"
echo "$out" | sed -n 's/^cannot //p'
# That nothing is lost is our side's doing, the same on each hypervisor.
if [ "${XLD_DEPTH:-}" = full ] || grep -q 17 /sys/hypervisor/version/minor; then
	note "faults"
	expect_status 0 "$progs/prog_xcrows" --fault
	echo "$out" | grep '^#'
fi

# A process is killed at the call that was asked for: count 0, at call 2, no
# errno; it has counted two.
export XLD_FAULT_FILE=$scratch/fault
printf '%b' '\0\0\0\0\0\0\0\0' '\02\0\0\0\0\0\0\0' '\0\0\0\0\0\0\0\0' \
	>"$XLD_FAULT_FILE"
expect_status 137 "$progs/prog_xcrows" --count
same "calls until the kill" 2 "$(od -An -t u8 -N 8 "$XLD_FAULT_FILE" | tr -d ' ')"
unset XLD_FAULT_FILE

expect_status 137 env XLD_FAULT=hypercall:2:kill "$progs/prog_xcrows" --count
expect_status 1 env XLD_FAULT=hypercall:1:12 "$progs/prog_xcrows" --count
contains "the sentence" "$out" 'FAIL open: .*Cannot allocate memory'
expect_status 0 env XLD_FAULT=hypercall:1000 "$progs/prog_xcrows" --count
same "domains" 1 "$out"

# A row that stands still is named, and ends the run.
XLD_ROW_SECONDS=2 "$progs/prog_xcrows" >"$scratch/still" &
watcher=$!
child() {
	rows=$(tr -d ' ' <"/proc/$watcher/task/$watcher/children")
	[ -n "$rows" ]
}
wait_for 20 child || fail "no rows"
kill -STOP "$rows"
wait $watcher
same "status of a run that stands still" 1 $?
contains "the row" "$(cat "$scratch/still")" '^FAIL .*not at its end after 2 s'
check "no domains" "$progs/prog_xcrows" --clean
same "domains" 1 "$("$progs/prog_xcrows" --count)"
