#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# A real Linux guest from our own store and libraries alone, on this hypervisor;
# kernels that are no kernels are refused in one line, and nothing is left.
. "$(dirname "$0")/lib.sh"
build=$progs/prog_build
before=$(xenstore-ls -f /local)

# Up to user space it comes in xld-life.sh, by the same way.
until='Linux version'
[ "${XLD_DEPTH:-default}" = full ] && until='GUEST UP'
out=$("$build" /boot/guest/vmlinuz /boot/guest/initrd.img 200 console=hvc0 \
	"$until" 300 2>"$scratch/err") ||
	fail "status $? $(cat "$scratch/err") console: $(tail -n 20 <<<"$out")"
contains "it is our guest" "$out" "$until"
contains "the kernel was unpacked" "$(cat "$scratch/err")" 'linux kernel, xz'

# refused MESSAGE FILE...: one line, status 1.
refused() {
	expect_status 1 "$build" "$2" - "${3:-64}" '' never 1
	same "one line about $2 in '$err'" 1 "$(wc -l <"$scratch/err")"
	contains "the message about $2" "$err" "$1"
}
echo '#!/bin/sh' >"$scratch/script"
refused 'not a kernel that Xen can start.*#!/bin/sh' "$scratch/script"
: >"$scratch/empty"
refused 'the file is empty' "$scratch/empty"
head -c 3000000 /boot/guest/vmlinuz >"$scratch/half"
refused 'truncated: the payload ends at byte' "$scratch/half"
head -c 700 /boot/guest/vmlinuz >"$scratch/head"
refused 'truncated: the payload' "$scratch/head"
refused 'No such file' "$scratch/none"
refused 'regular file' /dev/zero
refused 'the guest has 32 MiB' /boot/guest/vmlinuz 32
same "no domain is left" 1 "$("$progs/prog_xcrows" --count)"
same "nor anything in the store" "$before" "$(xenstore-ls -f /local)"
