#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# A kernel is unpacked once: the second guest of it starts no loader, whatever
# happened to the first; a file that was touched, changed or has just been
# written is unpacked anew; a worker that is killed leaves nothing wrong behind.
# And kernels that would fill the host's memory end with a sentence.
. "$(dirname "$0")/lib.sh"

log=/var/log/xld/xld.log
kernel=$scratch/vmlinuz
cleanup 'for g in one two; do xm destroy $g >/dev/null 2>&1; done'
cp /boot/guest/vmlinuz "$kernel"

config() { # NAME KERNEL
	printf 'name = "%s"\nkernel = "%s"\nramdisk = "/boot/guest/initrd.img"
		memory = 128\nextra = "console=hvc0"\n' "$1" "$2" >"$scratch/$1.cfg"
	echo "$scratch/$1.cfg"
}
# How often the log has said that of this kernel.
said() { grep -c "kernel $1: $2" $log; }
unpacked() { said "$kernel" 'unpacked ('; }
reused() { said "$kernel" 'unpacked before'; }
counts() { echo "$(unpacked) $(reused)"; }
# life NAME [KERNEL]: created paused, and destroyed.
life() {
	check "$1 is created" xm create -q -p "$(config "$1" "${2:-$kernel}")"
	check "$1 is destroyed" xm destroy "$1"
}
settle() { sleep 3; }

settle
life one
same "the first is unpacked" "1 0" "$(counts)"
contains "and kept" "$(grep "kernel $kernel" $log)" 'unpacked \(xz, [0-9]+ bytes\), kept'
check "the second" xm create -q "$(config two "$kernel")"
same "is not" "1 1" "$(counts)"
until='Linux version'
[ "${XLD_DEPTH:-default}" = full ] && until='GUEST UP'
up() { xm console -l two | grep -q "$until"; }
check "it starts as well" wait_for 300 up
life one
same "nor is a third beside it" "1 2" "$(counts)"
check "the end" xm destroy two

# A worker that is killed while its child unpacks.
touch "$kernel"
settle
xm create -q -p "$(config one "$kernel")" >"$scratch/out" 2>&1 &
worker() { [ -n "$(pids xld-build)" ]; }
check "a worker appears" wait_for 20 worker
kill_all KILL xld-build
wait $! && fail "it was created without its worker"
same "nothing was kept" "1 2" "$(counts)"
life one
life one
same "touched, so the next unpacks, and keeps" "2 3" "$(counts)"

# Other files, small ones.
kernel=$scratch/small
cp /boot/guest/tiny "$kernel"
touch -d '2020-01-01 00:00:00' "$kernel"
settle
life one
life one
same "a file that is older than its content" "1 1" "$(counts)"
printf x >>"$kernel"
touch -d '2020-01-01 00:00:00' "$kernel"
settle
life one
same "changed, its time set back" "2 1" "$(counts)"
touch "$kernel"
life one
contains "just written: not kept" "$(grep "kernel $kernel" $log | tail -n 1)" \
	'not kept: the file has just been changed'
settle
life one
same "but later" "4 1" "$(counts)"
life one
same "touched, and kept again" "4 2" "$(counts)"
cp "$kernel" "$scratch/copy"
kernel=$scratch/copy
settle
life one
life two
same "a copy" "1 1" "$(counts)"

# Bombs: 128 KiB for 4 bytes, behind 8 MiB of noise, as zstd has it.
blocks() { # COUNT: of nothing
	printf '\x02\x00\x10\x00%.0s' $(seq "$1")
}
bomb() { # BLOCKS ANNOUNCED-BYTES
	local i

	printf '\x28\xb5\x2f\xfd\x00\x70'
	for i in $(seq 64); do
		printf '\x00\x00\x10'
		head -c 131072 /dev/urandom
	done
	blocks "$1"
	printf '\x01\x00\x00'
	printf '%b' "$(printf '\\x%02x' $(($2 & 255)) $(($2 >> 8 & 255)) \
		$(($2 >> 16 & 255)) $(($2 >> 24 & 255)))"
}
refused() { # PATTERN
	expect_status 1 xm create -q "$(config one "$scratch/bomb")"
	same "one line: $err" 1 "$(printf '%s\n' "$err" | wc -l)"
	contains "the sentence" "$err" "kernel $scratch/bomb: .*$1"
}
oom() { dmesg | grep -ci 'out of memory'; }
ooms=$(oom)
bomb 3776 $((3840 * 131072)) >"$scratch/bomb"
refused 'it says it unpacks to 503316480 bytes; the limit is [0-9]+'
# What fills memory takes a minute to unpack here.
blocks=400
[ "${XLD_DEPTH:-}" = full ] && blocks=1536
bomb $blocks $(((blocks + 64) * 131072)) >"$scratch/bomb"
refused 'what it holds is not an ELF image'
bomb $((blocks * 2)) $(((blocks + 64) * 131072)) >"$scratch/bomb"
refused 'its zstd payload is damaged'
same "nobody was killed for memory" "$ooms" "$(oom)"
same "all daemons live" "" "$(none_of xld && echo xld; none_of xenstored && echo xenstored)"
