#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 900
# PVH guests from creation to end, by xm and xld: our small kernel in odd sizes,
# and a stock Linux kernel with one of two vCPUs. (Four, and Linux on other
# hypervisors than 4.17, are a matter of --full: emulated vCPUs wait for each other
# for minutes, under xl as well.) What the guest sees of its machine is looked at from
# inside; nothing is left.
. "$(dirname "$0")/lib.sh"

cleanup 'xm destroy linux 2>/dev/null; xm destroy little 2>/dev/null'

xenstore-ls -f / >"$scratch/before"
domains=$("$progs/prog_facts" domains)

# The small kernel, with the machine's odd sizes.
for line in 'memory = 16' $'memory = 17\nacpi = 0\ntsc_mode = "native"' \
	$'vcpus = 8\nmaxmem = 64\nrtc_timeoffset = -3600'; do
	config=$(tiny_config little 'type = "pvh"' "$line")
	check "a small guest, $line" xm create -q "$config"
	up() { xm console -l little | grep -q 'TINY mode pvh'; }
	check "it says its line" wait_for 60 up
	check "its end" xm destroy little
done

config=$(tiny_config little 'type = "pvh"')
check "a guest that starts again" xm create -q "$config"
old=$(xm domid little)
check "a reboot" xm reboot -w little
[ "$(xm domid little)" != "$old" ] || fail "the domain is the old one"
twice() { [ "$(xm console -l little | grep -c 'TINY mode pvh')" = 2 ]; }
check "it says its line again" wait_for 30 twice
check "its end" xm destroy little

a_linux() {
	vcpus=1
	[ "${XLD_DEPTH:-default}" = full ] && vcpus=4
	config=$scratch/linux.cfg
	cat >"$config" <<CFG
name     = "linux"
type     = "pvh"
memory   = 256
vcpus    = $vcpus
maxvcpus = $((vcpus + 1))
kernel   = "/boot/guest/vmlinuz"
ramdisk  = "/boot/guest/initrd.img"
extra    = "console=hvc0"
CFG
	check "xm create" xm create -q "$config"
	domid=$(xm domid linux)
	contains "xm list shows it" "$(xm list)" "^linux +$domid +256 +[1-4] "
	seen() { xm console -l linux | grep -q 'GUEST UP'; }
	check "it reaches user space" wait_for 300 seen
	log=$(xm console -l linux)
	running() { xm list | grep -Eq "^linux +$domid +256 +$vcpus "; }
	check "its vCPUs run, the other is stopped" wait_for 20 running
	contains "it is PVH to Linux" "$log" 'Booting kernel on Xen PVH|Hypervisor detected: Xen HVM'
	contains "its processors come from ACPI" "$log" "smpboot: Allowing $((vcpus + 1)) CPUs, 0 hotplug"
	same "its type in the store" pvh "$(xenstore-read "/libxl/$domid/type")"
	contains "its type in the API" "$(xm list --format json -l linux)" \
		'"domain_type": *"pvh"'
	contains "its form as xend's" "$(xm list -l linux)" '\(image *$|\(pvh'
	check "a clean shutdown" timeout 90 xm shutdown -w linux
	expect_status 3 xm domid linux
}
minor=$(xm info | awk '$1 == "xen_minor" { print $3 }')
if [ "${XLD_DEPTH:-default}" = full ] || [ "$minor" = 17 ]; then a_linux; fi

# What cannot be: one line, nothing begun.
config=$(tiny_config little 'type = "pvh"' 'vcpus = 129')
expect_status 2 xm create "$config"
contains "too many vCPUs" "$err" 'vcpus must be 1 to 128'
config=$(tiny_config little 'type = "pvh"' 'memory = 900000')
expect_status 7 xm create "$config"
contains "too much memory" "$err" 'not enough memory: 903521 MiB are needed'

same "no domain is left" "$domains" "$("$progs/prog_facts" domains)"
check "the store is as before" \
	diff "$scratch/before" <(xenstore-ls -f /)
same "no record is left" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
