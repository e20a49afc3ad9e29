#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# PV guests of every shape a kernel may ask for: ramdisk by address or by frame,
# the p2m in the kernel's mapping or in a place of its own, physical addresses
# that are shifted; less memory than they may have; fewer vCPUs than they may
# have. And how many calls of libxenctrl it takes to build one.
. "$(dirname "$0")/lib.sh"

cleanup 'for g in shape linux; do xm destroy $g >/dev/null 2>&1; done'
head -c 3000000 /dev/urandom >"$scratch/ramdisk"

# shape WHAT NOTES...: a tiny kernel of that kind starts, with a ramdisk (and
# without one, when there is time), and sees its memory and its map.
shape() {
	local what=$1 ramdisk without=()
	[ "${XLD_DEPTH:-}" != full ] || without=('')
	shift
	cp /boot/guest/tiny "$scratch/tiny"
	[ $# = 0 ] || check "$what" "$progs/prog_notes" "$scratch/tiny" "$@"
	for ramdisk in "${without[@]}" "ramdisk=\"$scratch/ramdisk\""; do
		tiny_config shape "kernel=\"$scratch/tiny\"" 'maxmem=24' \
			'extra="mem"' "$ramdisk" >/dev/null
		sed -i '/boot.guest.tiny/d' "$scratch/shape.cfg"
		check "$what $ramdisk" xm create -q "$scratch/shape.cfg"
		up() { xm console -l shape | grep -q 'MEM 0000'; }
		wait_for 120 up || fail "$what: $(xm console -l shape)"
		contains "$what" "$(xm console -l shape)" 'TINY mode pv nr_pages 4096'
		contains "its map" "$(xm console -l shape)" 'MEM 0{16} 0{9}1800000 type 1'
		check "the end" xm destroy shape
	done
}
# 16 MOD_START_PFN, 15 INIT_P2M, 4 PADDR_OFFSET, 0 is ignored.
shape "ramdisk by frame, p2m in the mapping"
shape "ramdisk by address" 16=0
shape "p2m of its own" 16=15:0x8000000000
shape "p2m of its own, in the upper half" 16=15:0xffffc00000000000
shape "shifted" 4=4:0x40000000 +0x40000000

# Linux, with room to grow.
cat >"$scratch/linux.cfg" <<CFG
name = "linux"
memory = 160
maxmem = 320
vcpus = 1
maxvcpus = 3
kernel = "/boot/guest/vmlinuz"
ramdisk = "/boot/guest/initrd.img"
extra = "console=hvc0"
CFG
check "Linux" xm create -q "$scratch/linux.cfg"
# Far enough: that the stock kernel comes up is build-pv.sh's matter.
up() { xm console -l linux | grep -q 'Memory: '; }
wait_for 120 up || fail "$(xm console -l linux | tail -n 20)"
log=$(xm console -l linux)
contains "it has 160 of 320 MiB" "$log" 'Memory: [0-9]+K/3[0-9]{5}K available'
contains "and its map says so" "$log" 'Xen: \[mem 0x0000000000100000-0x0000000013ffffff\] usable'
contains "three vCPUs are possible" "$log" 'Allowing 3 CPUs|nr_cpu_ids:3'
contains "one runs" "$(xm list)" '^linux +[0-9]+ +160 +1 '
check "the end" xm destroy linux

[ "${XLD_DEPTH:-}" = full ] || exit 0

# What a build costs, as XLD_FAULT_FILE counts it.
calls() { od -An -t u8 -N 8 "$scratch/count" | tr -d ' '; }
head -c 24 /dev/zero >"$scratch/count"
XLD_FAULT_FILE=$scratch/count "$progs/prog_build" /boot/guest/vmlinuz \
	/boot/guest/initrd.img 256 console=hvc0 'Linux version' 60 >/dev/null 2>&1 ||
	fail "prog_build ended with $?"
echo "a stock kernel with 256 MiB: $(calls) calls, its console included"
head -c 24 /dev/zero >"$scratch/count"
XLD_FAULT_FILE=$scratch/count "$progs/prog_build" /boot/guest/tiny - 16 '' \
	'TINY UP' 60 >/dev/null 2>&1 || fail "prog_build ended with $?"
echo "tiny with 16 MiB: $(calls) calls, its console included"
