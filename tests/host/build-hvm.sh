#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 900
# depth: full
# PVH guests from our libraries alone, small and big, with one vCPU and several,
# with less memory than they may have; HVM as far as firmware goes without a
# device model. What cannot run is refused in one line, and nothing is left.
# (pvh-life.sh and hvm-life.sh come by the same way with xm and xld.)
. "$(dirname "$0")/lib.sh"
build=$progs/prog_build
linux=/boot/guest/vmlinuz
tiny=/boot/guest/tiny
before=$(xenstore-ls -f /local)

# boots WHAT ARGUMENT...: the console holds the pattern in the end; it: $out.
boots() {
	note "$1"
	out=$("$build" "${@:2}" 2>"$scratch/err") || fail "$1: status $?" \
		"$(cat "$scratch/err") console: $(tail -n 25 <<<"$out")"
}

boots "tiny, 8 MiB" -t pvh "$tiny" - 8 tick 'tick 1' 60
contains "its memory" "$out" 'TINY mode pvh nr_pages 2048 cmdline: tick'
boots "tiny, 2 GiB, 4 vCPUs" -t pvh -v 4 "$tiny" - 2048 mem \
	'MEM 00000000feff8000' 60
contains "its memory" "$out" 'TINY mode pvh nr_pages 524288 '
contains "ACPI's in its map" "$out" 'MEM 00000000fc000000 0+2000 type 3'
boots "tiny with a ramdisk" -t pvh "$tiny" /bin/busybox 16 '' 'TINY UP' 60
boots "tiny, 16 of 64 MiB" -t pvh -x 64 "$tiny" - 16 dirty=1000,1024 \
	'DIRTY 1024 pages' 60
contains "its memory" "$out" 'TINY mode pvh nr_pages 16384 '

# --- HVM ------------------------------------------------------------------------
hvmloader=/usr/lib/xen-4.17/boot/hvmloader
boots "hvmloader" -t hvm -v 2 "$hvmloader" - 64 '' 'System requested SeaBIOS' 60
contains "its first line" "$out" 'HVM Loader'
contains "it finds Xen" "$out" 'Detected Xen v4'

# Each call of an HVM build fails once but the last, which ends the domain: nothing
# is left. (Of PVH the same comes by in xld-fault.sh. Status 3: it was built.)
hvm() {
	"$build" -t hvm -v 2 "$hvmloader" - 16 '' never 0 >/dev/null 2>"$scratch/err"
	[ $? = 3 ]
}
faults
check "a build that is counted" hvm
total=$(calls)
[ "$total" -gt 25 ] || fail "only $total calls were counted"
failed=0
for ((n = 1; n < total; n++)); do
	arm $n 12
	hvm || failed=$((failed + 1))
	arm 0 0
	same "domains after call $n of $total: $(cat "$scratch/err")" 1 \
		"$("$progs/prog_xcrows" --count)"
	same "the store after call $n" "$before" "$(xenstore-ls -f /local)"
done
note "$failed of $total calls were missed"
[ $failed -gt $((total / 2)) ] || fail "only $failed of $total failures were noticed"
unset XLD_FAULT_FILE

# --- refused ----------------------------------------------------------------------
# refused MESSAGE ARGUMENT...: one line, status 1.
refused() {
	expect_status 1 "$build" "${@:2}" '' never 1
	same "one line about ${*:2} in '$err'" 1 "$(wc -l <"$scratch/err")"
	contains "the message" "$err" "$1"
}
# The note PHYS32_ENTRY (18) becomes another one (127).
hex=$(od -An -v -tx1 "$tiny" | tr -d ' \n')
at=${hex%%1200000058656e00*}
same "tiny has the note" yes "$([ "$at" != "$hex" ] && echo yes)"
cp "$tiny" "$scratch/pv"
printf '\177' | dd of="$scratch/pv" bs=1 seek=$((${#at} / 2)) conv=notrunc 2>/dev/null
boots "it is PV still" "$scratch/pv" - 16 '' 'TINY mode pv ' 60
refused 'this kernel runs as PV, not as PVH' -t pvh "$scratch/pv" - 16
refused 'the guest has 1 MiB below 4 GiB' -t pvh "$tiny" - 1
refused 'the guest has 32 MiB below 4 GiB' -t pvh "$linux" - 32
head -c 20971520 /dev/zero >"$scratch/big"
refused 'kernel and ramdisk need [0-9]+ MiB; the guest has 80 MiB' -t pvh \
	"$linux" "$scratch/big" 80
refused 'an HVM guest begins with hvmloader' -t hvm "$linux" - 128
refused '1024 KiB of memory, .* are too few' -t hvm "$hvmloader" - 1
refused 'more than its maximum of 8192 KiB' -t pvh -x 8 "$tiny" - 16
refused 'the hypervisor gave .* and has no more|Cannot allocate' -t pvh \
	"$tiny" - 60000

# --- Linux: with xm and xld it boots in pvh-life.sh ---------------------------------
a_linux() {
	boots "Linux, 200 MiB" -t pvh "$linux" /boot/guest/initrd.img 200 \
		console=hvc0 'GUEST UP' 240
	contains "one processor" "$out" 'smp: Brought up 1 node, 1 CPU'
	contains "ACPI" "$out" 'ACPI: DSDT 0x'
	[[ $out != *"ACPI Error"* && $out != *"ACPI BIOS Error"* ]] ||
		fail "the guest's kernel objects to the tables: $(grep ACPI <<<"$out")"
	# Several emulated processors stand still for minutes later on, under Debian's
	# xl as well; so no further than to their start.
	boots "Linux, 1200 MiB, 4 vCPUs" -t pvh -v 4 "$linux" /boot/guest/initrd.img \
		1200 console=hvc0 'smp: Brought up 1 node, 4 CPUs' 240
	boots "Linux, 256 of 400 MiB, 2 of 4 vCPUs" -t pvh -v 4 -o 2 -x 400 "$linux" \
		/boot/guest/initrd.img 256 console=hvc0 \
		'smp: Brought up 1 node, 2 CPUs' 240
	contains "room for four" "$out" 'Allowing 4 CPUs, 2 hotplug CPUs'
}
if [ "${XLD_DEPTH:-default}" = full ]; then a_linux; fi

same "no domain is left" 1 "$("$progs/prog_xcrows" --count)"
same "nor anything in the store" "$before" "$(xenstore-ls -f /local)"
