#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 5400
# Creation of an HVM guest cut short: each hypercall of it fails once, the process
# that makes it is killed there, its device model is killed at any moment. Afterwards
# nothing is left, and the name is free. hvm-more.sh has the steps.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_fault.bash"
cleanup 'unset XLD_FAULT_FILE; restart_xld; xm destroy cut >/dev/null 2>&1'

books() {
	echo "free pages $("$progs/prog_facts" free-pages)"
	echo "domains $("$progs/prog_facts" domains)"
	echo "models $(pids "${qemu:0:15}")"
	files
	loops
	xenstore-ls -f / | sort
}
disk_image "$scratch/disk"
config=$(hvm_config cut "$pty" 'vnc = 1' 'vga = "cirrus"' \
	"disk = [ 'file:$scratch/disk,hda,w', ',hdc:cdrom,r' ]")
restart_xld
for _ in 1 2 3; do
	check "a life" xm create -q "$config"
	check "its end" xm destroy cut
done
nothing_left "three lives"
books >"$scratch/books"

create=(xm create -q -p)
sweep HVM 30
create=(xm create -q)

# --- its device model, so many tenths of a second after it was seen ------------------
some_qemu() { [ -n "$(pids "${qemu:0:15}")" ]; }
model_dies() {
	xm create -q "$config" >"$scratch/out" 2>&1 &
	wait_for 30 some_qemu || fail "no device model"
	pause "$1"
	for p in $(pids "${qemu:0:15}"); do kill -9 "$p"; done
	if wait $!; then
		wait_for 30 gone cut || fail "it lives on after $1 s: $(xm list)"
		return
	fi
	failed=$((failed + 1))
	contains "it says so" "$(cat "$scratch/out")" 'killed by signal 9'
	same "one line" 1 "$(wc -l <"$scratch/out")"
}
failed=0
for ((n = 0; n < 20; n++)); do
	leaves_nothing "a model killed after 0.$n s" model_dies "$((n / 10)).$((n % 10))"
done
[ $failed -gt 0 ] || fail "none was killed in time"
note "$failed of 20 creations were cut short by the death of the device model"
