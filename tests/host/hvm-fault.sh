#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 5400
# Creation of an HVM guest cut short: each hypercall of it fails once (every
# XLD_EVERYth, all by default), the process that makes it is killed there, its
# device model is killed at any moment. Afterwards nothing is left, and the name is
# free. hvm-more.sh has the steps.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
faults
cleanup 'unset XLD_FAULT_FILE; restart_xld A=1; xm destroy cut >/dev/null 2>&1'

disk_image "$scratch/disk"
cut=$(hvm_config cut "$pty" 'vnc = 1' 'vga = "cirrus"' \
	"disk = [ 'file:$scratch/disk,hda,w', ',hdc:cdrom,r' ]")
up() { xm list >/dev/null 2>&1; }
whole() {
	check "a whole creation" xm create -q -p "$cut"
	check "its end" xm destroy cut
	nothing_left "a whole creation"
}
restart_xld A=1
whole
pages=$("$progs/prog_facts" free-pages)
# What the host had, too; a worker that was killed lets go a moment later.
all_pages() { [ "$("$progs/prog_facts" free-pages)" -ge "$pages" ]; }
books() {
	nothing_left "$1"
	wait_for 10 all_pages || fail "$1 leaves $((pages -
		$("$progs/prog_facts" free-pages))) pages less"
}
arm 0 0
check "a whole creation" xm create -q -p "$cut"
total=$(calls)
check "its end" xm destroy cut
books "a whole creation"
[ "$total" -gt 20 ] || fail "only $total calls were counted"
every=${XLD_EVERY:-1}
echo "$total calls, every $every"

failed=0
for ((n = 1; n <= total; n += every)); do
	arm $n 12
	if xm create -q -p "$cut" >"$scratch/out" 2>&1; then
		# A call that may fail, such as a listing.
		arm 0 0
		check "the end after call $n" xm destroy cut
	else
		failed=$((failed + 1))
		arm 0 0
		same "one line at call $n: $(cat "$scratch/out")" 1 \
			"$(wc -l <"$scratch/out")"
	fi
	books "call $n failing"
done
[ $failed -gt $((total / every / 2)) ] ||
	fail "only $failed of $((total / every)) failures were noticed"
note "$failed of $((total / every)) failures were noticed"

for ((n = 1; n <= total; n += every)); do
	arm $n 0
	xm create -q -p "$cut" >"$scratch/out" 2>&1
	arm 0 0
	up || restart_xld A=1
	xm destroy cut >/dev/null 2>&1
	books "death at call $n"
done
note "deaths"

# --- its device model, so many tenths of a second after it was seen ------------------
some_qemu() { [ -n "$(pids "${qemu:0:15}")" ]; }
failed=0
for ((n = 0; n < 20; n++)); do
	xm create -q "$cut" >"$scratch/out" 2>&1 &
	wait_for 30 some_qemu || fail "no device model"
	pause "$((n / 10)).$((n % 10))"
	for p in $(pids "${qemu:0:15}"); do kill -9 "$p"; done
	if wait $!; then
		wait_for 30 gone cut || fail "it lives on after $n: $(xm list)"
	else
		failed=$((failed + 1))
		contains "it says so" "$(cat "$scratch/out")" 'killed by signal 9'
		same "one line" 1 "$(wc -l <"$scratch/out")"
	fi
	books "a model killed after 0.$n s"
done
[ $failed -gt 0 ] || fail "none was killed in time"
note "$failed of 20 creations were cut short by the death of the device model"
